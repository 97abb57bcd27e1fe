//! The embedded world: one seeded simulation that answers as GitHub, Kubernetes and Prometheus over loopback HTTP.

pub mod fault;
pub mod github;
pub mod http;
pub mod kube;
pub mod prometheus;
mod serve;
pub mod state;
mod weather;
pub mod world;

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinSet,
};

pub use fault::Fault;
pub use state::{SimClock, State};
use world::{Cluster, NAMESPACE, World};
pub use world::{Params, Scenario, T0};

/// Where the running world can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// GitHub's REST API.
    pub github: String,
    /// Prometheus, without `/api/v1`.
    pub prometheus: String,
    /// The API server of each cluster.
    pub clusters: Vec<(Cluster, String)>,
    /// A kubeconfig with one context per cluster: `dev`, `stg`, `eu-1`, `us-1`.
    pub kubeconfig: String,
    /// A token that every system takes; its user is `demo`, as without any.
    pub token: String,
    /// The Unix socket for `gh`, where one was asked for.
    pub socket: Option<PathBuf>,
}

/// A running world; it ends when dropped.
#[derive(Debug)]
pub struct Sim {
    endpoints: Endpoints,
    shared: Arc<State>,
    /// Dropping the set ends the listeners, and they their connections.
    _listeners: JoinSet<()>,
}

/// What tests turn.
#[derive(Clone, Debug)]
pub struct Handle(Arc<State>);

/// Starts the world on a loopback address (port chosen by the system if `listen` is none) and, where given, on a
/// Unix socket. An address that is not loopback is refused: nobody else's business is answered here.
pub async fn start(params: Params, clock: SimClock, listen: Option<SocketAddr>, unix: Option<PathBuf>) -> io::Result<Sim> {
    let address = listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
    if !address.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{address} is not a loopback address")));
    }
    let listener = TcpListener::bind(address).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let shared = Arc::new(State::new(World::new(params), clock));
    let mut listeners = JoinSet::new();
    if let Some(path) = &unix {
        listeners.spawn(serve::unix(UnixListener::bind(path)?, Arc::clone(&shared)));
    }
    listeners.spawn(serve::tcp(listener, Arc::clone(&shared)));
    Ok(Sim { endpoints: endpoints(base, unix), shared, _listeners: listeners })
}

impl Sim {
    /// Where it can be reached.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What tests turn.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if let Some(path) = &self.endpoints.socket {
            // The file may be gone already, and there is nobody left to tell.
            drop(std::fs::remove_file(path));
        }
    }
}

impl Handle {
    /// Sets the fault of a prefix: `gh`, `prom`, `k8s`, `k8s/eu-1` or longer.
    pub fn fault(&self, prefix: &str, fault: Fault) {
        self.0.faults().set(prefix, Some(fault));
    }

    /// Lifts the fault of a prefix.
    pub fn heal(&self, prefix: &str) {
        self.0.faults().set(prefix, None);
    }

    /// Kills a system: connections are closed without an answer, streams end.
    pub fn kill(&self, prefix: &str) {
        self.fault(prefix, Fault::Dead);
    }

    /// What was written to a cluster, as events of `audit.k8s.io/v1`; the newest last. Over HTTP the same is at
    /// `/k8s/<cluster>/sim/audit`.
    pub fn audit(&self, cluster: Cluster) -> Vec<serde_json::Value> {
        self.0.audit().of(cluster)
    }

    /// Counts what passes at the world's door, one for each request that has come and one for each that is answered, to
    /// wait for what a client does.
    pub fn door(&self) -> watch::Receiver<u64> {
        self.0.door().subscribe()
    }

    /// The running world.
    pub fn state(&self) -> &Arc<State> {
        &self.0
    }
}

fn endpoints(base: String, socket: Option<PathBuf>) -> Endpoints {
    let clusters: Vec<(Cluster, String)> = Cluster::ALL.into_iter().map(|c| (c, format!("{base}/k8s/{}", c.name()))).collect();
    let token = format!("{}demo", http::TOKEN);
    let (mut servers, mut contexts) = (String::new(), String::new());
    for (cluster, url) in &clusters {
        let name = cluster.name();
        // Writing to a String cannot fail.
        let _ = writeln!(servers, "- name: {name}\n  cluster:\n    server: {url}");
        let _ = writeln!(contexts, "- name: {name}\n  context:\n    cluster: {name}\n    user: demo\n    namespace: {NAMESPACE}");
    }
    let users = format!("- name: demo\n  user:\n    token: {token}\n");
    let kubeconfig =
        format!("apiVersion: v1\nkind: Config\ncurrent-context: stg\nclusters:\n{servers}contexts:\n{contexts}users:\n{users}");
    Endpoints { github: format!("{base}/gh"), prometheus: format!("{base}/prom"), clusters, kubeconfig, token, socket, base }
}
