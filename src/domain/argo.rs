//! How a Rollout stands, in the words that `kubectl argo rollouts status` prints.
//!
//! Source: argo-rollouts `utils/rollout/rolloututil.go`. Since 1.0 the controller keeps phase and message itself; before
//! it comes to an object, and with older ones, they follow from spec and status.

use super::{AnalysisKind, Rollout, RolloutPhase, RolloutStrategy, SafeText, status::find};

/// The phase and the sentence of the plugin.
pub fn rollout_status(r: &Rollout) -> (SafeText, Option<SafeText>) {
    let progressing = |why: &str| ("Progressing".into(), Some(why.into()));
    if !observed(r) {
        return progressing("waiting for rollout spec update to be observed");
    }
    if unpausing(r) {
        return progressing("waiting for rollout to unpause");
    }
    if !template_observed(r) {
        return progressing("waiting for rollout spec update to be observed for the reference workload");
    }
    match &r.phase {
        RolloutPhase::Unknown(word) if word.is_empty() => worked_out(r),
        phase => (word(phase), r.message.clone()),
    }
}

/// Whether the controller has seen the newest wanted state. What is no number comes from a controller that kept a hash
/// there, or from none yet.
pub(super) fn observed(r: &Rollout) -> bool {
    r.workload.observed_generation.is_none_or(|seen| seen >= r.workload.meta.generation)
}

/// Whether somebody has cleared the pause and the controller has not yet gone on.
pub(super) fn unpausing(r: &Rollout) -> bool {
    r.controller_pause && r.pauses.is_empty()
}

/// Whether the controller has seen the newest template of the workload that holds it.
pub(super) fn template_observed(r: &Rollout) -> bool {
    let Some(other) = &r.template_ref else { return true };
    match (other.generation, other.observed) {
        (Some(wanted), Some(seen)) => wanted == seen,
        _ => true,
    }
}

fn word(phase: &RolloutPhase) -> SafeText {
    match phase {
        RolloutPhase::Healthy => "Healthy".into(),
        RolloutPhase::Progressing => "Progressing".into(),
        RolloutPhase::Paused => "Paused".into(),
        RolloutPhase::Degraded => "Degraded".into(),
        RolloutPhase::Unknown(word) => word.clone(),
    }
}

/// What the controller would say.
fn worked_out(r: &Rollout) -> (SafeText, Option<SafeText>) {
    let degraded = |reason: &str, text: &SafeText| ("Degraded".into(), Some(format!("{reason}: {text}").into()));
    for c in &r.workload.conditions {
        if c.kind.as_str() == "InvalidSpec" {
            return degraded("InvalidSpec", &c.message);
        }
        if matches!(c.reason.as_str(), "RolloutAborted" | "ProgressDeadlineExceeded") {
            return degraded(c.reason.as_str(), &c.message);
        }
    }
    if r.paused {
        return ("Paused".into(), Some("manually paused".into()));
    }
    if let Some((reason, _)) = r.pauses.first() {
        return ("Paused".into(), Some(reason.clone()));
    }
    match pending(r) {
        Some(why) => ("Progressing".into(), Some(why.into())),
        None => ("Healthy".into(), None),
    }
}

/// What a rollout that nothing stops still waits for.
fn pending(r: &Rollout) -> Option<&'static str> {
    if r.workload.updated < r.workload.wanted {
        return Some("more replicas need to be updated");
    }
    if r.workload.available < r.workload.updated {
        return Some("updated replicas are still becoming available");
    }
    let promoted = r.stable_hash.is_some() && r.stable_hash == r.current_hash;
    match &r.strategy {
        RolloutStrategy::BlueGreen(_) if r.active_hash.is_none() || r.active_hash != r.current_hash => {
            Some("active service cutover pending")
        }
        RolloutStrategy::BlueGreen(spec) if !promoted => {
            let done = r.runs.iter().any(|n| n.kind == AnalysisKind::PostPromotion && n.phase.ended());
            let analysis = spec.post_analysis && !done;
            Some(if analysis {
                "waiting for analysis to complete"
            } else {
                "waiting for post-promotion verification to complete"
            })
        }
        RolloutStrategy::Canary(spec) if spec.router.is_none() && r.workload.replicas > r.workload.updated => {
            Some("old replicas are pending termination")
        }
        RolloutStrategy::Canary(_) if !promoted => Some("waiting for all steps to complete"),
        _ => None,
    }
}

/// Why the progress deadline is over, where it is.
pub(super) fn overdue(r: &Rollout) -> Option<SafeText> {
    let late = find(&r.workload.conditions, "Progressing").filter(|c| c.reason.as_str() == "ProgressDeadlineExceeded");
    late.map(|c| format!("the progress deadline is exceeded: {}", c.message).into())
}
