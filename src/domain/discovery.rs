//! What lies around in a system, before anything is configured.

use std::{fmt, sync::Arc};

use super::{ObjectKey, Problem, SafeText};

/// A kind of workload that discovery knows; which of them a configuration may name is another matter. Of two workloads
/// of one name the greater kind delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundKind {
    /// apps/v1 StatefulSet.
    StatefulSet,
    /// apps/v1 Deployment.
    Deployment,
    /// Argo Rollouts' Rollout.
    Rollout,
}

impl fmt::Display for FoundKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::Rollout => "rollout",
        })
    }
}

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundWorkload {
    /// Its namespace and name.
    pub key: ObjectKey,
    /// Its kind.
    pub kind: FoundKind,
    /// Whether a Flagger Canary delivers it.
    pub flagger: bool,
}

/// A Service that looks like Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMetrics {
    /// Its namespace and name.
    pub key: ObjectKey,
    /// The port that answers queries, by number.
    pub port: u16,
}

impl fmt::Display for FoundMetrics {
    /// As the configuration writes the way through the API server: `kube:monitoring/prometheus-operated:9090`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kube:{}/{}:{}", self.key.namespace, self.key.name, self.port)
    }
}

/// What lies around in a cluster. What could not be asked is a problem of its own: the rest stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundInCluster {
    /// Workloads, by namespace, name and kind.
    pub workloads: Vec<FoundWorkload>,
    /// Services that look like Prometheus, the likeliest first.
    pub metrics: Vec<FoundMetrics>,
    /// What could not be asked, and why.
    pub troubles: Vec<Problem>,
}

/// A workflow of a repository.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundWorkflow {
    /// Its file, without the folder: `ci-cd.yml`.
    pub file: Arc<str>,
    /// Its name, for people.
    pub name: SafeText,
    /// The names of the jobs of its newest run; none where it never ran.
    pub jobs: Vec<SafeText>,
}
