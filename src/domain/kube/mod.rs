//! Narrow rows of cluster objects: just what a release cockpit decides on, and nothing of the rest.
//!
//! The provider projects objects to these rows while it reads them; a row is a few hundred bytes where the object has
//! thousands.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{ImageRef, ObjectKey, SafeText, Sha};

mod build;
#[cfg(test)]
pub mod fixture;
mod helm;
mod mark;
mod network;
mod pod;
mod rollout;
mod route;
mod workload;

pub use build::{BuildNotes, NoteChange, VERSION_LABEL};
pub use helm::{HelmMark, HelmRevision};
pub use mark::{Mark, MarkKind, Writer};
pub use network::{Endpoints, KubeService, ServiceEndpoints};
pub use pod::Pod;
pub use rollout::{BlueGreenSpec, CanarySpec, Rollout, RolloutPhase, RolloutStrategy, RunNote, TemplateRef};
pub use route::{
    ArmName, Backend, DestinationRule, IngressCanary, Mirror, Route, RouteArm, RouteCondition, RouteKind, RouteParent, RouteRef,
    RouteRule, Routing, Subset,
};
pub use workload::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet, UpdateStrategy, Workload};

/// Labels or a label selector (equality only).
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// What every object carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The server's id of this very object; a namesake made later has another.
    pub uid: Arc<str>,
    /// The version of the object, opaque; guards writes.
    pub resource_version: Arc<str>,
    /// The generation of the wanted state.
    pub generation: i64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The operation ids that gonogo left in annotation `gonogo.dev/ops`, oldest first.
    pub ops: Vec<Arc<str>>,
    /// Whether it has any annotation.
    pub annotated: bool,
    /// The signs of ownership that it carries.
    pub marks: Vec<Mark>,
    /// Who wrote its wanted state, the newest writer last.
    pub writers: Vec<Writer>,
    /// The Helm release that says it made the object.
    pub helm: Option<HelmMark>,
}

/// One container of a pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerTemplate {
    /// Its name.
    pub name: SafeText,
    /// Its image.
    pub image: ImageRef,
    /// Whether a readiness probe is set; without one, Available proves nothing.
    pub readiness: bool,
}

/// A pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Template {
    /// The containers, in order; the first one names the version.
    pub containers: Vec<ContainerTemplate>,
    /// The commit that annotation `org.opencontainers.image.revision` or `gonogo.dev/commit` names.
    pub commit: Option<Sha>,
    /// The labels of its pods.
    pub labels: Labels,
    /// Those of its annotations that [describe](BuildNotes::describes) the build in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<Arc<str>, SafeText>,
    /// When a restart of its pods was asked for, as that is written (`kubectl.kubernetes.io/restartedAt`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted: Option<SafeText>,
    /// Whether it has any annotation.
    pub annotated: bool,
}

impl Template {
    /// What it says of the build in it.
    pub fn build(&self) -> BuildNotes {
        BuildNotes { annotations: self.notes.clone(), version: self.labels.get(VERSION_LABEL).cloned() }
    }

    /// Containers without a readiness probe: they are ready as soon as they run, and then Available proves nothing.
    pub fn unprobed(&self) -> Vec<SafeText> {
        self.containers.iter().filter(|c| !c.readiness).map(|c| c.name.clone()).collect()
    }
}

/// A condition of an object's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its type: `Progressing`, `Available`, `ReplicaFailure`, …
    pub kind: SafeText,
    /// True, false, or unknown.
    pub status: Option<bool>,
    /// One word.
    pub reason: SafeText,
    /// One sentence.
    pub message: SafeText,
}
