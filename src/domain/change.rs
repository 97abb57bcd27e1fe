//! A change to one object, as data: what is asked for, what was seen, what is sent, what came of it.
//!
//! These are the words between the engine and the acting roles. No provider knows a plan or the journal.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use super::{ClusterName, Deployment, Meta, ObjectKey, Rollout, SafeText, Template, WorkloadKind};

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
        write!(f, "{} {} {}", self.cluster, self.kind, self.key)
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
    /// Whether it was paused by `spec.paused`: an abort must then also unpause, or it is half an abort.
    pub paused: bool,
    /// Whether `promoteFull` was set: an abort must then take it back in the same request, or the controller promotes
    /// all the same.
    pub promote_full: bool,
}

impl Seen {
    /// What a person sees of a Deployment.
    pub fn deployment(d: &Deployment) -> Self {
        let fingerprint = format!("{};paused={};wanted={}", images(&d.workload.template), d.paused, d.workload.wanted);
        Self::of(&d.workload.meta, &fingerprint, None, d.paused, false)
    }

    /// What a person sees of a Rollout.
    pub fn rollout(r: &Rollout) -> Self {
        let text = |h: &Option<Arc<str>>| h.as_deref().unwrap_or("-").to_owned();
        let number = |n: Option<String>| n.unwrap_or_else(|| "-".to_owned());
        let pause = r.pauses.first().map(|(why, since)| format!("{why}@{}", number(since.map(|t| t.to_string()))));
        let fingerprint = format!(
            "{};paused={};abort={};full={};phase={:?};step={};pause={};weight={};current={};stable={}",
            images(&r.workload.template),
            r.paused,
            r.aborted,
            r.promote_full,
            r.phase,
            number(r.step.map(|s| s.to_string())),
            number(pause),
            number(r.weight.map(|w| w.to_string())),
            text(&r.current_hash),
            text(&r.stable_hash),
        );
        Self::of(&r.workload.meta, &fingerprint, r.step, r.paused, r.promote_full)
    }

    fn of(meta: &Meta, fingerprint: &str, step: Option<u32>, paused: bool, promote_full: bool) -> Self {
        Self {
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            // Not cut like other text: two long ones that differ at the end must differ.
            fingerprint: SafeText::capped(fingerprint, usize::MAX),
            ops: meta.ops.clone(),
            step,
            paused,
            promote_full,
        }
    }
}

/// The images of a template with tag and digest.
fn images(template: &Template) -> String {
    let image = |c: &super::ContainerTemplate| {
        let tag = c.image.tag.as_ref().map(|t| format!(":{t}")).unwrap_or_default();
        let digest = c.image.digest.as_ref().map(|d| format!("@{d}")).unwrap_or_default();
        format!("{}={}{tag}{digest}", c.name, c.image.name)
    };
    template.containers.iter().map(image).collect::<Vec<_>>().join(",")
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
