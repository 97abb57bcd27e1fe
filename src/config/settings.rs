//! What a configuration comes down to: the topology in the domain's words, and how each system is reached.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use crate::domain::{ClusterName, Topology};

/// A credential. Never printed, logged, serialised or put into an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a credential; white space around it, which files and commands leave, is dropped.
    pub fn new(raw: &str) -> Self {
        Self(raw.trim().into())
    }

    /// The credential itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConnection {
    /// Its name.
    pub name: ClusterName,
    /// The kubeconfig file; the usual search (`KUBECONFIG`, then the home directory) where none is named.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig, by name.
    pub context: Option<String>,
    /// The context of the kubeconfig, by its server: names differ per laptop.
    pub server: Option<String>,
    /// The namespaces to follow, without doubles.
    pub namespaces: Vec<Arc<str>>,
}

/// How GitHub is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubConnection {
    /// The host: `github.com`, or that of an Enterprise server.
    pub host: String,
    /// The base of the REST API: `https://api.github.com`, `https://HOST/api/v3`.
    pub api: String,
    /// The token; without one GitHub allows 60 requests an hour.
    pub token: Option<Secret>,
    /// Where the token came from, for people: `GH_TOKEN`, `gh auth token`, …
    pub token_source: Option<&'static str>,
    /// Where the configuration says that the token is; the GitHub provider looks there first.
    pub token_places: TokenPlaces,
}

/// Where the configuration says that a token is. It is read by who needs it, not by the loader.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenPlaces {
    /// An environment variable.
    pub env: Option<String>,
    /// A file that nobody else may read.
    pub file: Option<PathBuf>,
    /// A program and its arguments; only ever from the user's own file.
    pub command: Option<Vec<String>>,
}

/// The way to a Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Straight to this base URL.
    Url(String),
    /// Through the API server of a cluster: `services/proxy`.
    Proxy {
        /// The cluster.
        cluster: ClusterName,
        /// The namespace of the Service.
        namespace: Arc<str>,
        /// The Service.
        service: Arc<str>,
        /// Its port, by number or name.
        port: Arc<str>,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Proxy { cluster, namespace, service, port } => {
                write!(f, "kube:{namespace}/{service}:{port} of cluster {cluster}")
            }
        }
    }
}

/// How a Prometheus is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrometheusConnection {
    /// Its name, as in the settings of the topology.
    pub name: Arc<str>,
    /// The way.
    pub address: Address,
    /// A bearer token.
    pub token: Option<Secret>,
}

/// How the screen looks and reacts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UiSettings {
    /// The theme's name; `dark` where none is named.
    pub theme: Option<String>,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Key overrides: the name of a binding to its keys; no keys disable it.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Everything that the engine and the fronts need to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Services and environments.
    pub topology: Arc<Topology>,
    /// Clusters.
    pub clusters: Vec<ClusterConnection>,
    /// GitHub, if any service has a pipeline there.
    pub github: Option<GithubConnection>,
    /// Every Prometheus, in the order of the topology's sources; none where none is configured.
    pub prometheus: Vec<PrometheusConnection>,
    /// The screen.
    pub ui: UiSettings,
    /// Whether every change is refused.
    pub read_only: bool,
    /// Whether no service was configured and every Deployment and Rollout found in the namespaces is one.
    pub discover: bool,
}
