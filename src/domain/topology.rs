//! What the configuration says about the company: services, environments, and where they meet.

use std::{fmt, sync::Arc};

use jiff::SignedDuration;
use serde::Serialize;

use super::{ClusterName, EnvironmentName, LinkTemplate, MetricsSettings, Repo, SafeText, ServiceName, Timing, run::glob};

/// How careful an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Opens read-only; changes need arming and consent of tier 2 or 3. An environment without a policy counts as this.
    Production,
    /// Changes need `y`.
    Open,
}

/// One cluster of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placing {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: Arc<str>,
}

/// A named place on the ordered path of a release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Its policy.
    pub policy: Policy,
    /// Whether nothing may be changed in it from here.
    pub readonly: bool,
    /// When releases may go there.
    pub timing: Timing,
    /// Its clusters, in the order of the configuration.
    pub clusters: Vec<Placing>,
}

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadKind {
    /// apps/v1 Deployment.
    Deployment,
    /// apps/v1 StatefulSet.
    StatefulSet,
    /// apps/v1 DaemonSet.
    DaemonSet,
    /// Argo Rollouts' Rollout.
    Rollout,
    /// Flagger's Canary.
    Canary,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Rollout, Self::Canary];

    /// Its word in the configuration and on the screen, which kubectl takes too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::Rollout => "rollout",
            Self::Canary => "canary",
        }
    }

    /// Its name with an article, for sentences.
    pub fn article(self) -> &'static str {
        match self {
            Self::Deployment => "a Deployment",
            Self::StatefulSet => "a StatefulSet",
            Self::DaemonSet => "a DaemonSet",
            Self::Rollout => "a Rollout",
            Self::Canary => "a Canary",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The workload of a service: `deployment/cart`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadRef {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: Arc<str>,
}

impl fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl Serialize for WorkloadRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// How a service's pipeline is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Binding {
    /// The repository.
    pub repo: Repo,
    /// The workflow file; every workflow where none is named.
    pub workflow: Option<Arc<str>>,
    /// A glob over job names, `{service}` already filled in: `* (payment)`.
    pub job: Option<Arc<str>>,
    /// Globs over changed paths, `{service}` already filled in.
    pub paths: Vec<Arc<str>>,
    /// Patterns over paths of files that change the shape of a database.
    pub migrations: Vec<Arc<str>>,
    /// Patterns over paths of files that configure the service.
    pub config: Vec<Arc<str>>,
    /// Globs over job names that must pass; empty: the branch's rules, and without those every job of the binding.
    pub required: Vec<SafeText>,
    /// The branch whose rules count.
    pub branch: Arc<str>,
}

impl Binding {
    /// Whether only some jobs of a run belong to the service.
    pub fn has_job_pattern(&self) -> bool {
        self.job.is_some()
    }

    /// Whether a job with this name belongs to the service.
    pub fn matches_job(&self, name: &str) -> bool {
        self.job.as_ref().is_none_or(|pattern| glob(pattern, name))
    }
}

/// The limits of a service; a station without a limit is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Limits {
    /// The greatest bad share of requests, 0 to 1.
    pub errors: Option<f64>,
    /// The greatest 95th percentile of latency, in seconds.
    pub p95: Option<f64>,
}

impl Limits {
    /// Whether any limit is set.
    pub fn any(&self) -> bool {
        self.errors.is_some() || self.p95.is_some()
    }
}

/// A Service that is switched between two workloads, without a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlueGreen {
    /// The Service that users reach.
    pub service: Arc<str>,
    /// One workload.
    pub blue: WorkloadRef,
    /// The other one.
    pub green: WorkloadRef,
    /// The Service that leads to the idle one; looked for where none is named.
    pub preview: Option<Arc<str>>,
    /// For how long after a switch the old side is kept.
    pub warm: SignedDuration,
}

/// For how long after a switch the old side is kept, where the configuration does not say.
pub const WARM: SignedDuration = SignedDuration::from_mins(30);

/// A thing that is released on its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// Its pipeline.
    pub pipeline: Option<Binding>,
    /// Its workload, the same in every placement.
    pub workload: WorkloadRef,
    /// The Service that is switched between two workloads; `workload` is the first of them then.
    pub blue_green: Option<BlueGreen>,
    /// Its limits.
    pub slo: Limits,
    /// What to do when it breaks.
    pub runbook: Option<SafeText>,
    /// Where other tools show it, in the order of the configuration.
    pub links: Vec<LinkTemplate>,
}

/// The company, as configured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topology {
    /// The environments, in the order of the path.
    pub environments: Vec<Environment>,
    /// The services, in the order of the configuration.
    pub services: Vec<Service>,
    /// How metrics are read; `None` when no source is configured.
    pub metrics: Option<MetricsSettings>,
    /// The configured pipeline systems; empty when none is.
    pub pipelines: bool,
}

impl Topology {
    /// The service of that name.
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services.iter().find(|s| &s.name == name)
    }

    /// The environment of that name.
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|e| &e.name == name)
    }

    /// The last environment of the path: where releases end.
    pub fn last(&self) -> Option<&Environment> {
        self.environments.last()
    }

    /// The environment before `name` on the path.
    pub fn before(&self, name: &EnvironmentName) -> Option<&Environment> {
        let at = self.environments.iter().position(|e| &e.name == name)?;
        at.checked_sub(1).map(|i| &self.environments[i])
    }
}
