//! Whether an object shows what was asked for. Pure.
//!
//! "It asks for it" and "it shows it" are two things: the first is in the wanted state the moment a write is accepted, the
//! second is the controllers' work. What asks for it no more, after it did, was taken back by somebody.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    BuildNotes, Change, Condition, ContainerImage, Deployment, ImageRef, KubeService, Labels, NoteChange, Pausing, Rollout,
    RolloutPhase, RolloutStrategy, SafeText, Settled, Template,
};

fn not_yet(why: impl Into<SafeText>) -> Settled {
    Settled::NotYet(why.into())
}

fn absent(why: impl Into<SafeText>) -> Settled {
    Settled::Absent(why.into())
}

/// The first of the containers that has another image.
fn other_image(template: &Template, wanted: &[ContainerImage]) -> Option<String> {
    wanted.iter().find_map(|w| {
        let runs = template.containers.iter().find(|c| c.name == w.name);
        match runs {
            Some(c) if c.image == ImageRef::parse(w.image.as_str()) => None,
            Some(c) => Some(format!("container {} runs {}", w.name, c.image)),
            None => Some(format!("container {} is not there", w.name)),
        }
    })
}

/// What the template says of a build besides, or instead of, what it is to say.
fn other_words(template: &Template, wanted: &BuildNotes) -> Option<String> {
    let build = template.build();
    let change = build.until(wanted).into_iter().next()?;
    let NoteChange { key, from, .. } = change;
    Some(from.map_or_else(|| format!("its template does not say {key}"), |from| format!("its template says {key}: {from}")))
}

/// What keeps a template from having these images and speaking of their build.
fn other_build(template: &Template, images: &[ContainerImage], build: &BuildNotes) -> Option<String> {
    other_image(template, images).or_else(|| other_words(template, build))
}

fn condition<'a>(all: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    all.iter().find(|c| c.kind.as_str() == kind)
}

/// Whether a Deployment shows what was asked for. `same` says whether its template is the wanted one, where that counts;
/// `raw` is the object as the server keeps it.
pub(super) fn deployment(row: &Deployment, raw: &Value, change: &Change, same: bool) -> Settled {
    let observed = row.workload.observed();
    match change {
        Change::Pause if !row.paused => absent("it is not paused"),
        Change::Resume if row.paused => absent("it is paused"),
        Change::Pause | Change::Resume if !observed => not_yet("the controller has not seen it yet"),
        Change::Pause | Change::Resume => Settled::Reached,
        Change::Restart { at } => {
            let of = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
            if since(raw.pointer(of), *at) { rolled_out(row) } else { absent("no restart is asked for") }
        }
        Change::Image { images, build } => {
            other_build(&row.workload.template, images, build).map_or_else(|| rolled_out(row), absent)
        }
        Change::Fill { images, build, replicas } => match other_build(&row.workload.template, images, build) {
            Some(other) => absent(other),
            None if row.workload.wanted != *replicas => absent(format!("{} pods are wanted", row.workload.wanted)),
            None => rolled_out(row),
        },
        Change::Template { name, .. } if !same => absent(format!("its template is not that of {name}")),
        Change::Template { .. } => rolled_out(row),
        Change::Retire if row.workload.wanted > 0 => absent(format!("{} pods are wanted", row.workload.wanted)),
        Change::Retire if row.workload.replicas > 0 || !observed => {
            not_yet(format!("{} pods are still there", row.workload.replicas))
        }
        Change::Retire => Settled::Reached,
        Change::Abort | Change::Retry | Change::Step { .. } | Change::Full { .. } => absent("a Deployment has no steps"),
        Change::Select { .. } => absent("only a Service is switched"),
    }
}

/// Whether a time that an object names is not before another one.
fn since(found: Option<&Value>, at: Timestamp) -> bool {
    found.and_then(Value::as_str).and_then(|t| t.parse::<Timestamp>().ok()).is_some_and(|t| t >= at)
}

/// How a Deployment stands on its way: what `kubectl rollout status` waits for, in its order.
fn rolled_out(row: &Deployment) -> Settled {
    let w = &row.workload;
    let failing = condition(&w.conditions, "ReplicaFailure").filter(|c| c.status == Some(true));
    let late = condition(&w.conditions, "Progressing").filter(|c| c.reason.as_str() == "ProgressDeadlineExceeded");
    if !w.observed() {
        not_yet("the controller has not seen it yet")
    } else if let Some(c) = late {
        Settled::Failed(c.message.clone())
    } else if let Some(c) = failing {
        Settled::Failed(c.message.clone())
    } else if row.paused {
        not_yet("it is paused: no pod is replaced until it is resumed")
    } else if w.updated < w.wanted {
        not_yet(format!("{} of {} pods are new", w.updated, w.wanted))
    } else if w.replicas > w.updated {
        not_yet(format!("{} old pods are still there", w.replicas - w.updated))
    } else if w.available < w.updated {
        not_yet(format!("{} of {} pods are available", w.available, w.updated))
    } else {
        Settled::Reached
    }
}

/// Whether a Rollout shows what was asked for, but for its routes.
pub(super) fn rollout(row: &Rollout, raw: &Value, change: &Change, same: bool) -> Settled {
    let unseen = !row.workload.observed();
    let phase = &row.phase;
    match change {
        Change::Pause if !row.paused => absent("it is not paused"),
        Change::Pause if unseen => not_yet("the controller has not seen the pause yet"),
        Change::Pause if *phase != RolloutPhase::Paused => not_yet("the controller does not say Paused yet"),
        Change::Pause => Settled::Reached,
        Change::Resume if row.paused => absent("it is paused"),
        Change::Resume if unseen => not_yet("the controller has not seen it yet"),
        Change::Resume => Settled::Reached,
        Change::Abort if !row.aborted => absent("it is not aborted"),
        Change::Abort if row.paused => {
            not_yet("it is aborted and paused: pods and Services stay as they are until it is unpaused")
        }
        Change::Abort if unseen || *phase != RolloutPhase::Degraded => not_yet("the controller is still at it"),
        Change::Abort if row.weight.is_some_and(|w| w.percent() > 0.0) => not_yet("the canary still has weight"),
        Change::Abort => Settled::Reached,
        Change::Retry if row.aborted => absent("it is aborted"),
        Change::Retry if unseen || *phase == RolloutPhase::Degraded => not_yet("the controller has not begun anew yet"),
        Change::Retry => Settled::Reached,
        Change::Step { revision, from, pause } => stepped(row, revision, *from, pause.as_ref()),
        Change::Full { revision } if row.current_hash.as_ref() != Some(revision) => absent("another revision is wanted"),
        Change::Full { revision } if row.stable_hash.as_ref() == Some(revision) => finished(row),
        Change::Full { .. } if row.promote_full => not_yet("the controller takes the steps that remain"),
        Change::Full { .. } => absent("promoteFull is not set"),
        Change::Restart { at } => {
            match (since(raw.pointer("/spec/restartAt"), *at), since(raw.pointer("/status/restartedAt"), *at)) {
                (false, _) => absent("no restart is asked for"),
                (true, false) => not_yet("pods are replaced"),
                (true, true) => Settled::Reached,
            }
        }
        Change::Image { images, build } => match other_build(&row.workload.template, images, build) {
            Some(other) => absent(other),
            None => begun(row),
        },
        Change::Template { name, .. } if !same => absent(format!("its template is not that of {name}")),
        Change::Template { .. } => finished(row),
        Change::Fill { .. } | Change::Retire => absent("a Rollout fills and retires its sides by itself"),
        Change::Select { .. } => absent("only a Service is switched"),
    }
}

/// Whether a rollout has left the pause in which it was seen.
fn stepped(row: &Rollout, revision: &str, from: Option<u32>, pause: Option<&Pausing>) -> Settled {
    if row.current_hash.as_deref() != Some(revision) {
        return absent("another revision is on its way");
    }
    if row.aborted {
        return absent("it was aborted");
    }
    if row.step.is_some() && row.step > from {
        return Settled::Reached;
    }
    if row.step < from {
        return absent("it went back to an earlier step");
    }
    let here = row.pauses.first().map(|(reason, since)| Pausing { reason: reason.clone(), since: *since });
    if here.is_some() && here.as_ref() == pause {
        return absent("it still waits");
    }
    match &row.strategy {
        // Users get the new revision: that is what the pause was before.
        RolloutStrategy::BlueGreen(_) if row.active_hash == row.current_hash => Settled::Reached,
        RolloutStrategy::BlueGreen(_) => not_yet("the active Service is not switched yet"),
        _ if here.is_some() => absent("it waits at the same step again"),
        _ => not_yet("the controller has not moved on yet"),
    }
}

/// Whether a new revision is on its way by the rollout's own plan, which needs nobody from here.
fn begun(row: &Rollout) -> Settled {
    match &row.phase {
        _ if !row.workload.observed() => not_yet("the controller has not seen it yet"),
        RolloutPhase::Degraded => Settled::Failed(row.message.clone().unwrap_or_else(|| "the controller says Degraded".into())),
        RolloutPhase::Paused | RolloutPhase::Healthy => Settled::Reached,
        RolloutPhase::Progressing | RolloutPhase::Unknown(_) => not_yet("the controller is on its way to the first stop"),
    }
}

/// Whether the wanted revision is the stable one.
fn finished(row: &Rollout) -> Settled {
    match &row.phase {
        _ if !row.workload.observed() => not_yet("the controller has not seen it yet"),
        RolloutPhase::Degraded => Settled::Failed(row.message.clone().unwrap_or_else(|| "the controller says Degraded".into())),
        RolloutPhase::Healthy if row.stable_hash == row.current_hash => Settled::Reached,
        _ => not_yet("it is not the stable revision yet"),
    }
}

/// Whether a Service leads where it should: `behind` is how many ready endpoints are pods of that selector, and how many
/// are others.
pub(super) fn service(row: &KubeService, selector: &Labels, behind: (u32, u32)) -> Settled {
    match behind {
        _ if row.selector != *selector => absent("it selects other pods"),
        (0, 0) => not_yet("no ready endpoint stands behind it"),
        (_, old) if old > 0 => not_yet(format!("{old} endpoints of before are still behind it")),
        _ => Settled::Reached,
    }
}
