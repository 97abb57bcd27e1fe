//! What a provider tells the store.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    AnalysisRun, ArmMetrics, Budget, ClusterName, ClusterUpdate, Compare, CompareKey, ControllerRevision, DaemonSet, Deployment,
    DeploymentRecord, DestinationRule, Endpoints, FlaggerCanary, HelmRevision, Identity, KubeService, Loaded, MetricKey,
    MetricTarget, ObjectKey, Pod, Problem, ReplicaSet, Repo, RequiredChecks, Rollout, Route, Run, RunKey, RunsWanted, Section,
    StatefulSet,
};

/// One change of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Update<T: Row> {
    /// The whole section, complete and current; swapped in at once.
    Replace(Vec<T>),
    /// One row is new or changed.
    Upsert(T),
    /// One row is gone.
    Remove(T::Key),
    /// Nothing changed, and the source is alive.
    Alive,
    /// The source is in trouble; what is known stays, and is no longer current.
    Trouble(Problem),
}

impl<T: Row> Update<T> {
    /// Applies this update to its section at `now`.
    pub fn fold(self, section: &mut Section<T>, now: Timestamp) {
        match self {
            Self::Replace(rows) => {
                section.refresh(now, |all| *all = Arc::new(rows.into_iter().map(|r| (r.key(), r)).collect()));
            }
            Self::Upsert(row) => section.refresh(now, |all| {
                Arc::make_mut(all).insert(row.key(), row);
            }),
            Self::Remove(key) => section.refresh(now, |all| {
                Arc::make_mut(all).remove(&key);
            }),
            Self::Alive => section.refresh(now, |_| ()),
            Self::Trouble(problem) => section.trouble(now, problem),
        }
    }
}

/// A row of a section.
pub trait Row: Clone {
    /// What names a row within its section.
    type Key: Ord + Clone;
    /// The name of this row.
    fn key(&self) -> Self::Key;
}

macro_rules! rows {
    ($($t:ty => $k:ty, $me:ident: $e:expr;)*) => {$(
        impl Row for $t {
            type Key = $k;
            fn key(&self) -> $k { let $me = self; $e }
        }
    )*};
}

rows! {
    Deployment => ObjectKey, r: r.workload.meta.key.clone();
    StatefulSet => ObjectKey, r: r.workload.meta.key.clone();
    DaemonSet => ObjectKey, r: r.workload.meta.key.clone();
    ControllerRevision => ObjectKey, r: r.meta.key.clone();
    HelmRevision => ObjectKey, r: r.key.clone();
    ReplicaSet => ObjectKey, r: r.meta.key.clone();
    Pod => ObjectKey, r: r.key.clone();
    KubeService => ObjectKey, r: r.meta.key.clone();
    Endpoints => ObjectKey, r: r.key.clone();
    Rollout => ObjectKey, r: r.workload.meta.key.clone();
    AnalysisRun => ObjectKey, r: r.meta.key.clone();
    FlaggerCanary => ObjectKey, r: r.meta.key.clone();
    Route => ObjectKey, r: r.meta.key.clone();
    DestinationRule => ObjectKey, r: r.meta.key.clone();
    Run => RunKey, r: r.key.clone();
    ArmMetrics => MetricKey, r: r.key.clone();
}

/// An update and the section it is for.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "moved once, from the provider to the store")]
pub enum SourceUpdate {
    /// A section of a cluster.
    Cluster(ClusterName, ClusterUpdate),
    /// Runs of a repository.
    Runs(Repo, Update<Run>),
    /// The checks that the rules of a repository's branch require; `None` when the rules cannot be read.
    Required(Repo, Arc<str>, Option<RequiredChecks>),
    /// What lies between two commits.
    Compare(CompareKey, Loaded<Arc<Compare>>),
    /// Records of deployments of a repository, newest first.
    Deployments(Repo, Result<Vec<DeploymentRecord>, Problem>),
    /// Whose credential the pipeline system takes ours for.
    Me(Identity),
    /// What is left of a request budget.
    Budget(Budget),
    /// A round over all wanted workflows has ended, well or badly; the store can tell from it whether what it knows
    /// answers what it wants by now.
    RunsCovered(Arc<RunsWanted>),
    /// Figures.
    Metrics(Update<ArmMetrics>),
    /// A round over all wanted targets has ended, well or badly.
    MetricsCovered(Arc<Vec<MetricTarget>>),
}
