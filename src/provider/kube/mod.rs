//! Kubernetes: workloads and routes of one cluster.
//!
//! ```text
//! connect   kubeconfig or in-cluster ─► Transport (time-outs, caps, faults)
//! follow    per kind and namespace: list, watch, again ─► Heard
//! section   joins namespaces, coalesces per object ─► Update ─► store
//! project   JSON as narrow as the row (wire) ─► row of the domain
//! logs      one container's log, on through cuts and restarts ─► LogSink
//! act       Change and Seen ─► requests; look, dry run, send, fence
//! discover  what lies around, before anything is configured
//! identity  what the cluster calls itself, and who we are to it
//! lease     who drives: a word to others
//! preflight what a pod template needs and promises
//! examine   is it there, who are we, what may we do
//! carry     the way to a Service inside, for other providers
//! ```

mod act;
mod backoff;
mod carry;
mod connect;
mod discover;
mod examine;
mod fault;
mod follow;
mod identity;
mod kind;
mod lease;
mod logs;
mod preflight;
mod project;
mod section;
mod transport;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;

pub use connect::{Context, Contexts, connect, contexts};
use transport::Transport;

use super::role::{LogSink, Sink, Timer, Workloads};
use crate::domain::{
    Change, ChangeTarget, ClusterName, ContainerLog, Driver, Finding, FoundInCluster, Identity, ObjectKey, Problem, Receipt,
    Request, SafeText, Seen, Settled, TemplateFacts, TemplateOf,
};

/// One cluster.
pub struct KubeCluster {
    name: ClusterName,
    /// The namespaces to follow, without doubles; at least one.
    namespaces: Vec<Arc<str>>,
    /// The context of the kubeconfig, for the lines that a person could type; none in a cluster.
    context: Option<String>,
    transport: Arc<Transport>,
    timer: Arc<dyn Timer>,
}

impl std::fmt::Debug for KubeCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeCluster").field("name", &self.name).field("namespaces", &self.namespaces).finish_non_exhaustive()
    }
}

#[async_trait]
impl Workloads for KubeCluster {
    fn cluster(&self) -> &ClusterName {
        &self.name
    }

    async fn watch(&self, out: Sink) {
        kind::follow_all(self, &out).await;
    }

    async fn discover(&self, namespaces: &[Arc<str>]) -> FoundInCluster {
        discover::discover(self, namespaces).await
    }

    async fn examine(&self) -> Vec<Finding> {
        examine::examine(self).await
    }

    async fn log(&self, container: &ContainerLog, out: LogSink) -> Result<(), Problem> {
        logs::read(&self.transport, &*self.timer, container, &out).await
    }

    async fn identity(&self) -> Result<Identity, Problem> {
        identity::identity(&self.transport).await
    }

    fn render(&self, target: &ChangeTarget, change: &Change, seen: &Seen) -> Result<Vec<Request>, Problem> {
        act::render(target, change, seen, self.context.as_deref())
    }

    async fn look(&self, target: &ChangeTarget, change: &Change, audit: &str) -> Result<(Seen, Settled), Problem> {
        act::look(&self.transport, target, change, audit).await
    }

    async fn preflight(&self, target: &ChangeTarget, of: &TemplateOf, audit: &str) -> Result<TemplateFacts, Problem> {
        preflight::preflight(&self.transport, target, of, audit).await
    }

    async fn dry_run(&self, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem> {
        act::dry_run(&self.transport, target, request, audit).await
    }

    async fn send(&self, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem> {
        act::send(&self.transport, target, request, audit).await
    }

    async fn fence(&self, target: &ChangeTarget, seen: &Seen, audit: &str) -> Result<Receipt, Problem> {
        act::fence(&self.transport, target, seen, audit).await
    }

    async fn driver(&self, lease: &ObjectKey) -> Result<Option<Driver>, Problem> {
        lease::driver(&self.transport, &*self.timer, lease).await
    }

    async fn drive(&self, key: &ObjectKey, holder: &SafeText, seen: Option<&Driver>, audit: &str) -> Result<Driver, Problem> {
        lease::drive(&self.transport, &*self.timer, key, holder, seen, audit).await
    }
}
