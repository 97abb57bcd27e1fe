//! Pods.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::Labels;
use crate::domain::{Digest, ObjectKey, SafeText};

/// A pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pod {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The server's id of it.
    pub uid: Arc<str>,
    /// The uid of the controlling owner.
    pub owner: Option<Arc<str>>,
    /// Its labels that selectors of services can ask for.
    pub labels: Labels,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: SafeText,
    /// Whether condition Ready is true.
    pub ready: bool,
    /// Whether it is being deleted.
    pub ending: bool,
    /// Restarts of all containers.
    pub restarts: u32,
    /// Why a container does not run: `CrashLoopBackOff`, `ImagePullBackOff`, `ErrImagePull`, …; or, for a pod that no
    /// node took, `Unschedulable`.
    pub waiting: Option<SafeText>,
    /// The sentence that came with it.
    pub message: Option<SafeText>,
    /// The digests that its containers run, in the order of the template, where the node tells.
    pub digests: Vec<Option<Digest>>,
    /// When it was made.
    pub created: Option<Timestamp>,
}
