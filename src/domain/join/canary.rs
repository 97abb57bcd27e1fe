//! Argo Rollouts, joined to a placement.

use std::sync::Arc;

use super::{Joiner, route::Subject};
use crate::domain::{
    Canary, CanaryPhase, Delivery, Health, PodCounts, Rollout, RolloutPhase, RolloutStrategy, Step, Weight, status::find,
};

impl Joiner<'_, '_> {
    pub(super) fn rollout(&mut self, r: &Rollout) {
        let sets = self.sets(&r.meta.uid);
        let by_hash =
            |hash: &Option<Arc<str>>| hash.as_ref().and_then(|h| sets.iter().copied().find(|s| s.hash.as_ref() == Some(h)));
        let stable = by_hash(&r.stable_hash);
        let current = by_hash(&r.current_hash);
        let pods = self.pods_of(&sets);
        self.placement.pods = PodCounts { wanted: r.wanted, ready: r.ready, available: r.available };
        self.placement.wanted_version = current
            .map(|s| self.version(&s.template, Some(s)))
            .or_else(|| (!r.template.containers.is_empty()).then(|| self.version(&r.template, None)));
        // Before its ReplicaSets are read, the stable version is known only where it is the wanted one.
        let same = || self.placement.wanted_version.clone().filter(|_| r.stable_hash == r.current_hash);
        self.placement.version = stable.map(|s| self.version(&s.template, Some(s))).or_else(same);
        self.placement.restarts = pods.iter().map(|p| p.restarts).sum();
        let state = phase(r);
        self.owned("rollout", &r.meta);
        if let RolloutStrategy::Canary(spec) = &r.strategy {
            self.placement.delivery = Some(Delivery::Canary);
            let planned = planned_weight(r, &spec.steps, spec.max_weight);
            let (canary, stable) = spec.arms();
            self.placement.traffic = self.traffic(&Subject { routes: spec.routing.routes.clone(), canary, stable, own: vec![] });
            let live = self.live_share();
            self.placement.canary = Some(Canary {
                set: live.or(r.weight).or(planned),
                planned,
                owner: "Argo Rollouts".into(),
                canary: self.placement.wanted_version.clone(),
                stable: self.placement.version.clone(),
                steps: spec.steps.clone(),
                step: r.step,
                workload: None,
                canary_hash: r.current_hash.clone(),
                stable_hash: r.stable_hash.clone(),
                canary_service: spec.canary_service.clone(),
                stable_service: spec.stable_service.clone(),
                state: state.clone(),
            });
        } else if matches!(r.strategy, RolloutStrategy::BlueGreen(_)) {
            self.placement.delivery = Some(Delivery::BlueGreen);
        }
        let mut causes = Self::causes(&pods);
        if let Some(c) = find(&r.conditions, "Progressing").filter(|c| c.reason.as_str() == "ProgressDeadlineExceeded") {
            causes.push(format!("the progress deadline is exceeded: {}", c.message).into());
        }
        if let Some(c) = find(&r.conditions, "InvalidSpec").filter(|c| c.status == Some(true)) {
            causes.push(format!("invalid: {}", c.message).into());
        }
        causes.extend(self.unserved());
        causes.extend(self.behind_route(&r.selector, r.wanted));
        let said = || r.message.clone().unwrap_or_else(|| "under way".into());
        self.placement.health = match &state {
            _ if !causes.is_empty() => Health::Fail(causes),
            // Degraded after an abort means that the wanted state is not what runs, not that users see errors.
            CanaryPhase::Aborted { reason } => {
                Health::Progressing(format!("aborted, the wanted version does not run: {reason}").into())
            }
            CanaryPhase::Unknown { reason } => Health::Unknown(reason.clone()),
            CanaryPhase::Progressing => Health::Progressing(said()),
            // A canary that waits at a step of its plan is healthy if its pods are.
            CanaryPhase::Paused { planned: true, .. } | CanaryPhase::Done => {
                if r.available < r.wanted {
                    Health::Progressing(format!("{} of {} pods available", r.available, r.wanted).into())
                } else {
                    Health::Pass
                }
            }
            CanaryPhase::Paused { planned: false, reason, .. } => Health::Progressing(format!("paused: {reason}").into()),
        };
        self.placement.drift = self.drift(&pods);
        self.own_route();
    }
}

/// Where an Argo Rollout stands, as its own plugin decides it.
///
/// Source: argo-rollouts `utils/rollout/rolloututil.go`; `observedGeneration` is text there.
fn phase(r: &Rollout) -> CanaryPhase {
    if r.observed_generation != Some(r.meta.generation) {
        return CanaryPhase::Unknown { reason: "the newest wanted state is not observed yet".into() };
    }
    if r.aborted {
        return CanaryPhase::Aborted { reason: r.message.clone().unwrap_or_else(|| "aborted".into()) };
    }
    if r.paused {
        return CanaryPhase::Paused { since: None, reason: "manually paused".into(), planned: false };
    }
    if let Some((reason, since)) = r.pauses.first() {
        let planned = matches!(reason.as_str(), "CanaryPauseStep" | "BlueGreenPause");
        return CanaryPhase::Paused { since: *since, reason: reason.clone(), planned };
    }
    match &r.phase {
        RolloutPhase::Healthy if r.stable_hash == r.current_hash => CanaryPhase::Done,
        RolloutPhase::Healthy | RolloutPhase::Progressing => CanaryPhase::Progressing,
        RolloutPhase::Paused => {
            CanaryPhase::Paused { since: None, reason: r.message.clone().unwrap_or_else(|| "paused".into()), planned: false }
        }
        RolloutPhase::Degraded => CanaryPhase::Unknown { reason: r.message.clone().unwrap_or_else(|| "degraded".into()) },
        RolloutPhase::Unknown(word) => CanaryPhase::Unknown { reason: word.clone() },
    }
}

/// The weight that the plan sets at the present step: the last `setWeight` at or before it.
fn planned_weight(r: &Rollout, steps: &[Step], max: u32) -> Option<Weight> {
    if r.aborted {
        return Some(Weight::new(0.0));
    }
    let at = r.step? as usize;
    if at >= steps.len() || r.stable_hash == r.current_hash {
        return Some(Weight::new(f64::from(max)));
    }
    let last = steps[..=at].iter().rev().find_map(|s| if let Step::SetWeight(w) = s { Some(*w) } else { None });
    Some(last.unwrap_or(Weight::new(0.0)))
}
