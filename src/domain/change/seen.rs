//! What was seen of an object: a write is bound to it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::domain::{BuildNotes, Deployment, KubeService, Labels, Meta, Rollout, SafeText, Template};

/// A pause of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pausing {
    /// Why: `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`.
    pub reason: SafeText,
    /// Since when. The same step can be paused at twice; never at the same time.
    pub since: Option<Timestamp>,
}

impl fmt::Display for Pausing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.map_or_else(|| "-".to_owned(), |t| t.to_string());
        write!(f, "{}@{since}", self.reason)
    }
}

/// What was seen of an object when the change was planned. A write is bound to it. The default is that of an object that
/// was not looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The server's id of the object.
    pub uid: Arc<str>,
    /// The version of the object.
    pub resource_version: Arc<str>,
    /// What the person saw of it, in canonical form; a 409 is sent again only while this is unchanged.
    #[serde(deserialize_with = "whole")]
    pub fingerprint: SafeText,
    /// The operation ids that the object carried, oldest first.
    pub ops: Vec<Arc<str>>,
    /// Whether it has any annotation: the first one is added in another way.
    pub annotated: bool,
    /// Whether its controller has taken note of its newest wanted state. What is sent to the controller before is lost
    /// without a word.
    pub observed: bool,
    /// Who wrote its wanted state last, by the server's word.
    pub writer: Option<SafeText>,
    /// Its containers, in order.
    pub containers: Vec<SafeText>,
    /// What its pod template says of the build in it.
    #[serde(default)]
    pub build: BuildNotes,
    /// Whether its pod template has any annotation: the first one is added in another way.
    #[serde(default)]
    pub noted: bool,
    /// Whether it was paused by `spec.paused`: an abort must then also unpause, or it is half an abort.
    pub paused: bool,
    /// The selector of a Service.
    pub selector: Labels,
    /// How many ready pods stand behind the selector that a Service is asked to have.
    pub behind: Option<u32>,
    /// What a rollout shows besides; empty for other kinds.
    #[serde(flatten)]
    pub rollout: SeenRollout,
    /// The pod template that a roll back puts in its place, as the server keeps it. `None` where none is asked for, or
    /// where it stands there already.
    #[serde(skip)]
    pub template: Option<Arc<Value>>,
}

/// What a Rollout shows besides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenRollout {
    /// The step at which it stood.
    pub step: Option<u32>,
    /// The pause in which it was.
    pub pause: Option<Pausing>,
    /// `status.controllerPause`: the pause was the controller's own, at an analysis without an answer.
    pub controller_pause: bool,
    /// `status.abort`.
    pub aborted: bool,
    /// `status.promoteFull`: an abort must take it back in the same request, or the controller promotes all the same.
    pub promote_full: bool,
    /// The hash of the wanted revision.
    pub current: Option<Arc<str>>,
    /// The hash of the stable one.
    pub stable: Option<Arc<str>>,
}

impl Seen {
    /// What a person sees of a Deployment.
    pub fn deployment(d: &Deployment) -> Self {
        let template = &d.workload.template;
        let (images, build) = (images(template), template.build());
        let fingerprint = format!("{images};build={build};paused={};wanted={}", d.paused, d.workload.wanted);
        Self {
            observed: d.workload.observed(),
            containers: names(template),
            build,
            noted: template.annotated,
            paused: d.paused,
            ..Self::of(&d.workload.meta, &fingerprint)
        }
    }

    /// What a person sees of a Rollout.
    pub fn rollout(r: &Rollout) -> Self {
        let text = |h: &Option<Arc<str>>| h.as_deref().unwrap_or("-").to_owned();
        let number = |n: Option<String>| n.unwrap_or_else(|| "-".to_owned());
        let pause = r.pauses.first().map(|(reason, since)| Pausing { reason: reason.clone(), since: *since });
        let template = &r.workload.template;
        let (images, build) = (images(template), template.build());
        let fingerprint = format!(
            "{images};build={build};paused={};abort={};full={};phase={:?};step={};pause={};weight={};current={};stable={}",
            r.paused,
            r.aborted,
            r.promote_full,
            r.phase,
            number(r.step.map(|s| s.to_string())),
            number(pause.as_ref().map(|p| p.to_string())),
            number(r.weight.map(|w| w.to_string())),
            text(&r.current_hash),
            text(&r.stable_hash),
        );
        Self {
            observed: r.workload.observed(),
            containers: names(template),
            build,
            noted: template.annotated,
            paused: r.paused,
            rollout: SeenRollout {
                step: r.step,
                pause,
                controller_pause: r.controller_pause,
                aborted: r.aborted,
                promote_full: r.promote_full,
                current: r.current_hash.clone(),
                stable: r.stable_hash.clone(),
            },
            ..Self::of(&r.workload.meta, &fingerprint)
        }
    }

    /// What a person sees of a Service.
    pub fn service(s: &KubeService) -> Self {
        let selector: Vec<String> = s.selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
        Self { observed: true, selector: s.selector.clone(), ..Self::of(&s.meta, &selector.join(",")) }
    }

    fn of(meta: &Meta, fingerprint: &str) -> Self {
        Self {
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            // Not cut like other text: two long ones that differ at the end must differ.
            fingerprint: SafeText::capped(fingerprint, usize::MAX),
            ops: meta.ops.clone(),
            annotated: meta.annotated,
            writer: meta.writers.last().map(|w| w.manager.clone()),
            ..Self::default()
        }
    }

    /// Whether the object carries the mark of an operation.
    pub fn marked_by(&self, op: &str) -> bool {
        self.ops.iter().any(|known| &**known == op)
    }
}

/// Text of our own that is not cut like other text.
fn whole<'de, D: Deserializer<'de>>(d: D) -> Result<SafeText, D::Error> {
    Ok(SafeText::capped(&String::deserialize(d)?, usize::MAX))
}

/// The containers, in order.
fn names(template: &Template) -> Vec<SafeText> {
    template.containers.iter().map(|c| c.name.clone()).collect()
}

/// The images of a template with tag and digest.
fn images(template: &Template) -> String {
    let image = |c: &crate::domain::ContainerTemplate| {
        let tag = c.image.tag.as_ref().map(|t| format!(":{t}")).unwrap_or_default();
        let digest = c.image.digest.as_ref().map(|d| format!("@{d}")).unwrap_or_default();
        format!("{}={}{tag}{digest}", c.name, c.image.name)
    };
    template.containers.iter().map(image).collect::<Vec<_>>().join(",")
}
