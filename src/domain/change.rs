//! A change to one object, as data: what is asked for, what was seen, what is sent, what came of it.
//!
//! These are the words between the engine and the acting roles. No provider knows a plan or the journal.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use super::{ClusterName, ObjectKey, SafeText, WorkloadKind};

/// The object that a change is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeTarget {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its namespace and name.
    pub key: ObjectKey,
}

impl fmt::Display for ChangeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            WorkloadKind::Deployment => "deployment",
            WorkloadKind::Rollout => "rollout",
        };
        write!(f, "{} {kind} {}", self.cluster, self.key)
    }
}

/// What is to become of an object, as an absolute goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Its rollout waits.
    Pause,
    /// Its rollout stops and traffic returns to the stable revision.
    Abort,
}

/// What was seen of an object when the change was planned. A write is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The server's id of the object.
    pub uid: Arc<str>,
    /// The version of the object.
    pub resource_version: Arc<str>,
    /// What the person saw of it, in canonical form; a 409 is sent again only while this is unchanged.
    pub fingerprint: SafeText,
    /// The operation ids that the object carried.
    pub ops: Vec<Arc<str>>,
    /// The step at which the rollout stood.
    pub step: Option<u32>,
    /// Whether `promoteFull` was set: an abort must then take it back in the same request, or the controller promotes
    /// all the same.
    pub promote_full: bool,
}

/// How far a write is protected against acting on a changed world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// The server refuses it when the object has changed.
    Guarded,
    /// Sending it twice is like sending it once.
    Idempotent,
    /// Neither.
    BestEffort,
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Guarded => "guarded",
            Self::Idempotent => "idempotent",
            Self::BestEffort => "best effort",
        })
    }
}

/// One request, as data: consent text, plan hash, dry run, journal and golden tests read this one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// The method.
    pub verb: &'static str,
    /// The path with its query, below the server's base.
    pub path: SafeText,
    /// The content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Value,
    /// How it is protected.
    pub guard: Guarantee,
    /// The same for a host without gonogo: a kubectl, gh or curl line.
    pub by_hand: SafeText,
}

/// What a server said to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The status code.
    pub status: u16,
    /// The version of the object after it.
    pub resource_version: Option<Arc<str>>,
}

/// Whether an object shows what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "why")]
pub enum Settled {
    /// It does.
    Reached,
    /// Not yet.
    NotYet(SafeText),
    /// It did, and somebody took it back.
    Reverted(SafeText),
}
