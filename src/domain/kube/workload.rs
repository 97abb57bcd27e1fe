//! Workloads of apps/v1 and their revisions.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Condition, Labels, Meta, Template};
use crate::domain::{PodCounts, SafeText};

/// What every workload has, whichever controller looks after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workload {
    /// What every object carries.
    pub meta: Meta,
    /// The wanted number of pods; of a DaemonSet the number of nodes that should run one.
    pub wanted: u32,
    /// `spec.minReadySeconds`: for how many seconds a pod must be ready before it is available.
    pub min_ready: u32,
    /// The wanted pod template; empty when it stands in a Rollout's `workloadRef`.
    pub template: Template,
    /// The selector of its pods.
    pub selector: Labels,
    /// `status.observedGeneration`, which Argo keeps as text.
    pub observed_generation: Option<i64>,
    /// Pods of any revision.
    pub replicas: u32,
    /// Pods of the wanted revision.
    pub updated: u32,
    /// Ready pods.
    pub ready: u32,
    /// Available pods.
    pub available: u32,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl Workload {
    /// How many pods there are of how many.
    pub fn counts(&self) -> PodCounts {
        PodCounts { wanted: self.wanted, ready: self.ready, available: self.available }
    }

    /// Whether the controller has seen the newest wanted state.
    pub fn observed(&self) -> bool {
        self.observed_generation.is_some_and(|seen| seen >= self.meta.generation)
    }
}

/// How the controller of a workload replaces pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum UpdateStrategy {
    /// New pods come before old ones go.
    Rolling {
        /// `maxSurge` as written.
        surge: SafeText,
        /// `maxUnavailable` as written.
        unavailable: SafeText,
    },
    /// From the highest ordinal down: a StatefulSet.
    Ordered {
        /// Pods with a lower ordinal keep the old revision.
        partition: u32,
        /// `maxUnavailable` as written; one, where nothing is.
        unavailable: SafeText,
    },
    /// A pod gets the new revision when somebody deletes the old one.
    OnDelete,
    /// All old pods go first.
    Recreate,
}

impl fmt::Display for UpdateStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling { surge, unavailable } => write!(f, "rolling, surge {surge}, unavailable {unavailable}"),
            Self::Ordered { partition: 0, unavailable } => write!(f, "from the highest down, {unavailable} at a time"),
            Self::Ordered { partition, unavailable } => {
                write!(f, "from the highest down, {unavailable} at a time, and those below {partition} stay as they are")
            }
            Self::OnDelete => f.write_str("on delete: a pod changes when somebody deletes it"),
            Self::Recreate => f.write_str("recreate: down while it updates"),
        }
    }
}

/// A Deployment of apps/v1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// What every workload has.
    pub workload: Workload,
    /// Whether its rollout is paused by `spec.paused`.
    pub paused: bool,
    /// How it replaces pods.
    pub strategy: UpdateStrategy,
    /// `deployment.kubernetes.io/revision`.
    pub revision: Option<i64>,
}

/// A StatefulSet of apps/v1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatefulSet {
    /// What every workload has.
    pub workload: Workload,
    /// How it replaces pods.
    pub strategy: UpdateStrategy,
    /// `status.currentRevision`: the name of the ControllerRevision that an update comes from. With `OnDelete` the
    /// controller never moves it.
    pub current_revision: Option<Arc<str>>,
    /// `status.updateRevision`: the name of the wanted ControllerRevision.
    pub update_revision: Option<Arc<str>>,
}

/// A DaemonSet of apps/v1. Its counts are of nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DaemonSet {
    /// What every workload has.
    pub workload: Workload,
    /// How it replaces pods.
    pub strategy: UpdateStrategy,
}

/// A ReplicaSet: one revision of a Deployment or Rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplicaSet {
    /// What every object carries.
    pub meta: Meta,
    /// The uid of the controlling owner.
    pub owner: Option<Arc<str>>,
    /// The pod template's hash.
    pub hash: Option<Arc<str>>,
    /// The revision annotation.
    pub revision: Option<i64>,
    /// `kubernetes.io/change-cause`: why, as the one who made it said. It sticks: later revisions inherit it.
    pub cause: Option<SafeText>,
    /// The wanted number of pods.
    pub wanted: u32,
    /// Ready pods.
    pub ready: u32,
    /// Available pods.
    pub available: u32,
    /// When its controller takes its pods down: annotation `scale-down-deadline` of Argo Rollouts.
    pub scale_down: Option<Timestamp>,
    /// The conditions, `ReplicaFailure` (quota, admission) above all.
    pub conditions: Vec<Condition>,
    /// The pod template.
    pub template: Template,
}

/// A ControllerRevision: one revision of a StatefulSet or DaemonSet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControllerRevision {
    /// What every object carries.
    pub meta: Meta,
    /// The uid of the controlling owner.
    pub owner: Option<Arc<str>>,
    /// Its number; a revision that is returned to gets a new one.
    pub revision: i64,
    /// `kubernetes.io/change-cause`.
    pub cause: Option<SafeText>,
    /// The pod template.
    pub template: Template,
}

impl ControllerRevision {
    /// Whether a pod of its owner with this label `controller-revision-hash` belongs to it: pods of a StatefulSet carry
    /// the name, those of a DaemonSet what follows their owner's name in it.
    pub fn made(&self, label: &str) -> bool {
        let name = &*self.meta.key.name;
        name == label || name.strip_suffix(label).is_some_and(|rest| rest.ends_with('-'))
    }
}
