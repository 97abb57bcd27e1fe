//! A change to one object, as data: what is asked for, what was seen, what is sent, what came of it.
//!
//! These are the words between the engine and the acting roles. No provider knows a plan or the journal.

mod request;
mod seen;

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use request::{BodyKind, Guarantee, Method, NOTE, OP, Receipt, Request, WRITER};
pub use seen::{Pausing, Seen, SeenRollout};

use super::{BuildNotes, ClusterName, Labels, ObjectKey, SafeText, WorkloadKind};

/// The kind of an object that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A Deployment of apps/v1.
    Deployment,
    /// A Rollout of Argo Rollouts.
    Rollout,
    /// A Service: what its selector says is what users get.
    Service,
}

impl ObjectKind {
    /// The kind of a workload, where it is one whose controller takes changes from us.
    pub fn of(kind: WorkloadKind) -> Option<Self> {
        match kind {
            WorkloadKind::Deployment => Some(Self::Deployment),
            WorkloadKind::Rollout => Some(Self::Rollout),
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Canary => None,
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Deployment => "deployment",
            Self::Rollout => "rollout",
            Self::Service => "service",
        })
    }
}

/// The object that a change is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangeTarget {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its kind.
    pub kind: ObjectKind,
    /// Its namespace and name.
    pub key: ObjectKey,
}

impl fmt::Display for ChangeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.cluster, self.kind, self.key)
    }
}

/// The image that a container gets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContainerImage {
    /// The container.
    pub name: SafeText,
    /// The whole reference, with the digest: `registry.example/shop/cart:1.9.0@sha256:…`.
    pub image: SafeText,
}

/// What is to become of an object, as an absolute goal: to ask for it twice is to ask for it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Change {
    /// Its rollout waits.
    Pause,
    /// The wait that a person asked for is over.
    Resume,
    /// Its rollout stops and traffic returns to the stable revision.
    Abort,
    /// An aborted rollout starts again.
    Retry,
    /// Its rollout is past the step at which it was seen.
    Step {
        /// The hash of the revision on its way.
        revision: Arc<str>,
        /// The index of the step at which it was seen; `None` where the strategy has no steps (blue-green).
        from: Option<u32>,
        /// The pause in which it was seen.
        pause: Option<Pausing>,
    },
    /// Its rollout takes all steps that remain at once.
    Full {
        /// The hash of the revision on its way.
        revision: Arc<str>,
    },
    /// Its pods are replaced by new ones of the same revision.
    Restart {
        /// Pods older than this go; whole seconds.
        at: Timestamp,
    },
    /// Its containers have these images, and its template speaks of their build; other containers stay as they are.
    Image {
        /// The images.
        images: Vec<ContainerImage>,
        /// All that its template says of the build: what it says besides goes.
        #[serde(default)]
        build: BuildNotes,
    },
    /// Its pod template is that of an earlier revision.
    Template {
        /// The uid of the ReplicaSet that keeps it; numbers of revisions move.
        revision: Arc<str>,
        /// Its name.
        name: Arc<str>,
        /// The hash of its template.
        hash: Option<Arc<str>>,
    },
    /// The idle side of a blue-green pair runs these images in so many pods.
    Fill {
        /// The images.
        images: Vec<ContainerImage>,
        /// All that its template says of the build: what it says besides goes.
        #[serde(default)]
        build: BuildNotes,
        /// The wanted number of pods.
        replicas: u32,
    },
    /// The idle side of a blue-green pair has no pods.
    Retire,
    /// A Service leads to other pods.
    Select {
        /// The whole selector.
        selector: Labels,
    },
}

/// Whether an object shows what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "why")]
pub enum Settled {
    /// It does, and so does what follows from it: pods, routes.
    Reached,
    /// It asks for it, and its controller is at it.
    NotYet(SafeText),
    /// It does not ask for it: not yet, or not any more.
    Absent(SafeText),
    /// It asks for it, and its controller has given up.
    Failed(SafeText),
}

/// A cluster as it names itself, and who we are to it. Contexts and addresses are names of ours; these are its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The address of its API server.
    pub server: SafeText,
    /// The uid of its namespace `kube-system`; `None` where we may not read that.
    pub uid: Option<SafeText>,
    /// The user that the server takes us for.
    pub user: SafeText,
}
