//! Workloads of apps/v1 and their revisions.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Condition, Labels, Meta, Template};
use crate::domain::SafeText;

/// How a Deployment replaces its pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateStrategy {
    /// New pods come before old ones go.
    Rolling {
        /// `maxSurge` as written.
        surge: SafeText,
        /// `maxUnavailable` as written.
        unavailable: SafeText,
    },
    /// All old pods go first.
    Recreate,
}

/// A Deployment of apps/v1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// What every object carries.
    pub meta: Meta,
    /// The wanted number of pods.
    pub wanted: u32,
    /// Whether its rollout is paused by `spec.paused`.
    pub paused: bool,
    /// How it replaces pods.
    pub strategy: UpdateStrategy,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
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
    /// The wanted pod template.
    pub template: Template,
    /// The selector of its pods.
    pub selector: Labels,
    /// `deployment.kubernetes.io/revision`.
    pub revision: Option<i64>,
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
