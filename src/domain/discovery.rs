//! What lies around in a system, before anything is configured.

use std::{fmt, sync::Arc};

use super::{ObjectKey, Problem, SafeText, WorkloadKind};

/// A workload. What another one delivers (a Flagger Canary its Deployment and the copy of it) is not listed beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundWorkload {
    /// Its namespace and name.
    pub key: ObjectKey,
    /// Its kind.
    pub kind: WorkloadKind,
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
