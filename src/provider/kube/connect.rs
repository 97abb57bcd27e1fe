//! How a cluster is found: in a kubeconfig by context or by server, else from inside the cluster.
//!
//! Nothing here touches the network; whatever is wrong is wrong in files, and so of kind `Config`.

mod proxy;

use std::{path::Path, sync::Arc, time::Duration};

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::{KubeCluster, transport::Transport};
use crate::{
    config::ClusterConnection,
    domain::{ObjectKey, Problem, ProblemKind, SafeText},
    provider::{role::Timer, tls},
};

const CONNECT: Duration = Duration::from_secs(5);

/// A context of a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name, as written: it is looked up by it.
    pub name: String,
    /// The address of its server.
    pub server: Option<String>,
    /// Its namespace; `default` where it names none.
    pub namespace: String,
}

/// What a kubeconfig offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts {
    /// The place of the current context in `all`.
    pub current: Option<usize>,
    /// All contexts, in the order of the file.
    pub all: Vec<Context>,
}

impl Contexts {
    /// The current context, which a first run without a configuration shows.
    pub fn current(&self) -> Option<&Context> {
        self.current.and_then(|i| self.all.get(i))
    }

    fn of(raw: &Kubeconfig) -> Self {
        let all: Vec<Context> = raw
            .contexts
            .iter()
            .filter_map(|c| Some((&c.name, c.context.as_ref()?)))
            .map(|(name, c)| Context {
                name: name.clone(),
                server: raw.clusters.iter().find(|k| k.name == c.cluster).and_then(|k| k.cluster.as_ref()?.server.clone()),
                namespace: c.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| "default".to_owned()),
            })
            .collect();
        let current = raw.current_context.as_ref().and_then(|name| all.iter().position(|c| &c.name == name));
        Self { current, all }
    }

    fn names(&self) -> String {
        if self.all.is_empty() {
            return "it has no contexts".to_owned();
        }
        let shown: Vec<&str> = self.all.iter().take(12).map(|c| c.name.as_str()).collect();
        let more = self.all.len() - shown.len();
        format!("it has {}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
    }

    /// The context that a connection asks for.
    fn find(&self, connection: &ClusterConnection) -> Result<&Context, Problem> {
        let missing = |what: String| Err(wrong(&connection.name, what).hint(self.names()));
        match (&connection.context, &connection.server) {
            (Some(name), _) => match self.all.iter().find(|c| &c.name == name) {
                Some(context) => Ok(context),
                None => missing(format!("the kubeconfig has no context {name:?}")),
            },
            (None, Some(server)) => {
                let wanted = normal(server);
                let here = |c: &&Context| c.server.as_deref().map(normal).as_deref() == Some(&wanted);
                let hits: Vec<&Context> = self.all.iter().filter(here).collect();
                match hits[..] {
                    [] => missing(format!("no context of the kubeconfig reaches {server}")),
                    [only] => Ok(only),
                    // Several users or namespaces on one server: the one that the person works with.
                    _ => {
                        if let Some(current) = self.current().filter(here) {
                            Ok(current)
                        } else {
                            let names: Vec<&str> = hits.iter().map(|c| c.name.as_str()).collect();
                            let what = format!("{} contexts reach {server}: {}", hits.len(), names.join(", "));
                            Err(wrong(&connection.name, what).hint("name one of them with `context`"))
                        }
                    }
                }
            }
            (None, None) => match self.current() {
                Some(context) => Ok(context),
                None => missing("the kubeconfig has no current context".to_owned()),
            },
        }
    }
}

/// An address in the form in which two of them are compared.
fn normal(server: &str) -> String {
    let lower = server.trim().trim_end_matches('/').to_ascii_lowercase();
    let port = if lower.starts_with("https://") { ":443" } else { ":80" };
    lower.strip_suffix(port).map_or(lower.clone(), str::to_owned)
}

fn wrong(cluster: &impl std::fmt::Display, what: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::Config, format!("cluster {cluster}: {what}"))
}

/// What the kubeconfig offers: `file`, else `KUBECONFIG`, else the one in the home directory. `None` when none of the
/// latter two is there.
pub fn contexts(file: Option<&Path>) -> Result<Option<Contexts>, Problem> {
    let raw =
        read(file).map_err(|e| Problem::new(ProblemKind::Config, format!("the kubeconfig cannot be read: {}", root(&e))))?;
    Ok(raw.as_ref().map(Contexts::of))
}

/// The deepest reason: what `kube` puts around it says the same in more words.
fn root(error: &dyn std::error::Error) -> SafeText {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    // The file's name stands only in the outer text.
    let (outer, inner) = (error.to_string(), last.to_string());
    SafeText::capped(&if outer.contains(&inner) { outer } else { format!("{outer}: {inner}") }, 250)
}

fn read(file: Option<&Path>) -> Result<Option<Kubeconfig>, KubeconfigError> {
    if let Some(file) = file {
        return Kubeconfig::read_from(file).map(Some);
    }
    if let Some(found) = Kubeconfig::from_env()? {
        return Ok(Some(found));
    }
    match Kubeconfig::read() {
        Ok(found) => Ok(Some(found)),
        Err(KubeconfigError::FindPath) => Ok(None),
        Err(KubeconfigError::ReadConfig(e, _)) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Prepares the way to a cluster, without a request.
///
/// Errors are of kind `Config` and say what was looked for, and which contexts there are.
pub async fn connect(connection: &ClusterConnection, timer: Arc<dyn Timer>) -> Result<KubeCluster, Problem> {
    tls::install();
    let name = &connection.name;
    let found = read(connection.kubeconfig.as_deref())
        .map_err(|e| wrong(name, format!("the kubeconfig cannot be read: {}", root(&e))))?;
    let (mut config, context) = match found {
        Some(raw) => {
            let contexts = Contexts::of(&raw);
            let context = contexts.find(connection)?.clone();
            let own_proxy = raw
                .contexts
                .iter()
                .find(|c| c.name == context.name)
                .and_then(|c| raw.clusters.iter().find(|k| Some(&k.name) == c.context.as_ref().map(|c| &c.cluster)))
                .and_then(|k| k.cluster.as_ref()?.proxy_url.as_deref())
                .is_some_and(|p| !p.is_empty());
            let options = KubeConfigOptions { context: Some(context.name.clone()), ..KubeConfigOptions::default() };
            let mut config = kube::Config::from_custom_kubeconfig(raw, &options)
                .await
                .map_err(|e| wrong(name, format!("context {:?} is not complete: {}", context.name, root(&e))))?;
            if !own_proxy {
                config.proxy_url = proxy::from_environment(&config.cluster_url).map_err(|what| wrong(name, what))?;
            }
            (config, Some(context))
        }
        None => match kube::Config::incluster() {
            Ok(config) => (config, None),
            Err(_) => {
                return Err(wrong(name, "there is no kubeconfig, and this is not a pod of a cluster")
                    .hint("looked at KUBECONFIG and ~/.kube/config; name a file with `kubeconfig`"));
            }
        },
    };
    config.connect_timeout = Some(CONNECT);
    // Silence is noticed above, per answer; a time-out of the connection would also count the time between answers.
    config.read_timeout = None;
    // It would send a PATCH again after a 503 or 504, when it may have been applied.
    config.default_retry = false;
    let agent = concat!("gonogo/", env!("CARGO_PKG_VERSION"));
    config.headers.push((http::header::USER_AGENT, http::HeaderValue::from_static(agent)));
    if let Some(exec) = &mut config.auth_info.exec {
        // The terminal is ours: a program that asks questions on it would read the person's keys.
        exec.interactive_mode = Some(kube::config::ExecInteractiveMode::Never);
    }
    let mut namespaces: Vec<Arc<str>> = connection.namespaces.clone();
    if namespaces.is_empty() {
        namespaces.push(config.default_namespace.as_str().into());
    }
    if let Some(bad) = namespaces.iter().find(|n| ObjectKey::new(n, "x").is_err()) {
        return Err(wrong(name, format!("{bad:?} cannot be a namespace")));
    }
    let transport = Transport::new(config, Arc::clone(&timer)).map_err(|mut p| {
        p.what = SafeText::capped(&format!("cluster {name}: {}", p.what), 300);
        p
    })?;
    Ok(KubeCluster { name: name.clone(), namespaces, context: context.map(|c| c.name), transport: Arc::new(transport), timer })
}
