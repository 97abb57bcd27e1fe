//! A service in one cluster of one environment, with its version, its canary and its health.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Canary, ClusterName, Delegated, EnvironmentName, HelmMark, HelmRevision, Owner, SafeText, ServiceEndpoints, ServiceName,
    Traffic, UpdateStrategy, Version, WorkloadRef,
};

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
    /// A pod at a time, whenever somebody deletes it.
    OnDelete,
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

/// One of the two workloads that a Service is switched between.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The workload.
    pub workload: WorkloadRef,
    /// The version that it runs; `None` where it does not exist.
    pub version: Option<Version>,
    /// Its pods.
    pub pods: PodCounts,
    /// Ready endpoints behind the Service that leads to it; `None` where none does, or that cannot be told.
    pub endpoints: Option<u32>,
}

/// Which of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideName {
    /// The one that the configuration calls blue.
    Blue,
    /// The other one.
    Green,
}

/// Two workloads and the Service whose selector says which of them users get.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sides {
    /// The Service.
    pub service: Arc<str>,
    /// The side that it selects; `None` where it selects neither, or does not tell them apart.
    pub active: Option<SideName>,
    /// Blue.
    pub blue: Side,
    /// Green.
    pub green: Side,
    /// The Service that leads to the idle side.
    pub preview: Option<Arc<str>>,
}

impl Sides {
    /// The side that users get, and the idle one.
    pub fn active_and_idle(&self) -> Option<(&Side, &Side)> {
        Some(match self.active? {
            SideName::Blue => (&self.blue, &self.green),
            SideName::Green => (&self.green, &self.blue),
        })
    }
}

/// One revision of a workload: a ReplicaSet or a ControllerRevision.
///
/// Numbers move: a revision that is returned to gets a new one. What names it for good is its uid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Revision {
    /// The server's id of the object that keeps it.
    pub uid: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its number by now.
    pub number: Option<i64>,
    /// The version that its template names, with the digest that its pods run.
    pub version: Version,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// `kubernetes.io/change-cause`. It sticks: later revisions inherit it.
    pub cause: Option<SafeText>,
    /// The pods that it has or should have.
    pub pods: PodCounts,
    /// Whether it is the wanted one.
    pub wanted: bool,
    /// Whether it is the one that serves.
    pub serving: bool,
}

/// The Helm release that a workload belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Helm {
    /// What the workload says.
    #[serde(flatten)]
    pub mark: HelmMark,
    /// Its revisions, newest first; empty where they cannot be read.
    pub history: Vec<HelmRevision>,
    /// Why nothing more is known, or why it is not current.
    pub why: Option<SafeText>,
}

impl fmt::Display for Helm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "helm release {}", self.mark.release.name)?;
        match self.history.first() {
            Some(newest) => write!(f, " rev {} {}", newest.revision, newest.status)?,
            None => f.write_str(", history unknown")?,
        }
        self.mark.chart.iter().try_for_each(|chart| write!(f, ", chart {chart}"))
    }
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
    /// How its controller replaces pods; `None` where that is said by the canary's plan.
    pub strategy: Option<UpdateStrategy>,
    /// Whether somebody paused it by `spec.paused`.
    pub paused: bool,
    /// For how many seconds a pod must be ready before it is available.
    pub min_ready: u32,
    /// Containers without a readiness probe: they are ready as soon as they run, so Available proves nothing.
    pub unprobed: Vec<SafeText>,
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
    /// What the controller that owns its delivery says; `None` where no such controller does.
    pub delegated: Option<Delegated>,
    /// Whether it does what it should.
    pub health: Health,
    /// Who gets which share of its traffic; `None` where no route leads to it.
    pub traffic: Option<Traffic>,
    /// Its two sides, where a Service is switched between them.
    pub sides: Option<Sides>,
    /// Who would undo a change to its workload, Service or route; the quickest first.
    pub owners: Vec<Owner>,
    /// Same tag, other digest: several builds run under one tag.
    pub drift: Option<SafeText>,
    /// Its revisions, newest first: the newest ten, and older ones that still have pods.
    pub revisions: Vec<Revision>,
    /// The Services that select its pods, and what stands behind them.
    pub endpoints: Vec<ServiceEndpoints>,
    /// The Helm release that it belongs to.
    pub helm: Option<Helm>,
}

impl Placement {
    /// A placement of which nothing is known yet.
    pub fn unread(key: PlacementKey, namespace: Arc<str>, workload: WorkloadRef) -> Self {
        Self {
            key,
            namespace,
            workload,
            delivery: None,
            strategy: None,
            paused: false,
            min_ready: 0,
            unprobed: vec![],
            version: None,
            wanted_version: None,
            pods: PodCounts::default(),
            restarts: 0,
            canary: None,
            health: Health::Unknown("not read yet".into()),
            traffic: None,
            sides: None,
            owners: vec![],
            delegated: None,
            drift: None,
            revisions: vec![],
            endpoints: vec![],
            helm: None,
        }
    }
}
