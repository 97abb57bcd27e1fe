//! A service in one cluster of one environment, with its version, its canary and its health.

use std::sync::Arc;

use serde::Serialize;

use super::{Canary, ClusterName, EnvironmentName, SafeText, ServiceName, Version, WorkloadRef};

/// Names a placement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PlacementKey {
    /// The service.
    pub service: ServiceName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The cluster.
    pub cluster: ClusterName,
}

/// How a workload brings a version out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Pod by pod.
    Rolling,
    /// All old pods go first: down for a while.
    Recreate,
    /// By weight and steps.
    Canary,
    /// By switching a Service.
    BlueGreen,
}

/// Whether a placement does what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "why")]
pub enum Health {
    /// All wanted pods run and are available.
    Pass,
    /// Under way.
    Progressing(SafeText),
    /// Broken, and why; the clearest cause first.
    Fail(Vec<SafeText>),
    /// The workload does not exist here.
    Missing,
    /// Cannot be told, and why.
    Unknown(SafeText),
}

/// How many pods there are. During a canary there can be more than are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct PodCounts {
    /// As many as `spec.replicas` asks for.
    pub wanted: u32,
    /// Ready ones.
    pub ready: u32,
    /// Available ones: ready for long enough.
    pub available: u32,
}

/// A service in one cluster of one environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placement {
    /// Its name.
    #[serde(flatten)]
    pub key: PlacementKey,
    /// The namespace.
    pub namespace: Arc<str>,
    /// The workload.
    pub workload: WorkloadRef,
    /// How it brings a version out.
    pub delivery: Option<Delivery>,
    /// The version that serves.
    pub version: Option<Version>,
    /// The version that is wanted; differs from `version` while a rollout is under way.
    pub wanted_version: Option<Version>,
    /// Its pods.
    pub pods: PodCounts,
    /// Restarts of all containers of its pods.
    pub restarts: u32,
    /// The revision under test.
    pub canary: Option<Canary>,
    /// Whether it does what it should.
    pub health: Health,
    /// Same tag, other digest: several builds run under one tag.
    pub drift: Option<SafeText>,
}
