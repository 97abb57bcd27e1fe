//! Argo Rollouts, joined to a placement.

use std::sync::Arc;

use super::{
    Joiner,
    revision::{Rev, version},
    route::Subject,
};
use crate::domain::{
    Canary, CanaryPhase, CanarySpec, Delegate, Delegated, Delivery, Health, Pod, Rollout, RolloutPhase, RolloutStrategy,
    SafeText, Step, Version, Weight, argo, rollout_status,
};

/// The revisions of a Rollout, and the places of those that count.
pub(super) struct Revisions<'a> {
    pub all: Vec<Rev<'a>>,
    stable: Option<usize>,
    current: Option<usize>,
}

impl<'a> Revisions<'a> {
    pub fn by_hash(&self, hash: Option<&Arc<str>>) -> Option<&Rev<'a>> {
        self.place(hash).map(|i| &self.all[i])
    }

    fn place(&self, hash: Option<&Arc<str>>) -> Option<usize> {
        hash.and_then(|h| self.all.iter().position(|s| s.hash == Some(h)))
    }
}

impl Joiner<'_, '_> {
    pub(super) fn rollout(&mut self, r: &Rollout) {
        let w = &r.workload;
        let all = self.replica_sets(&w.meta.uid);
        let mut sets = Revisions { all, stable: None, current: None };
        sets.stable = sets.place(r.stable_hash.as_ref());
        sets.current = sets.place(r.current_hash.as_ref());
        let pods: Vec<&Pod> = sets.all.iter().flat_map(|s| s.pods.iter().copied()).collect();
        let (current, stable) = (sets.current.map(|i| &sets.all[i]), sets.stable.map(|i| &sets.all[i]));
        self.placement.paused = r.paused;
        self.placement.wanted_version = current.map(Rev::version).or_else(|| self.template_of(r));
        // Before its ReplicaSets are read, the stable version is known only where it is the wanted one.
        let same = || self.placement.wanted_version.clone().filter(|_| r.stable_hash == r.current_hash);
        self.placement.version = stable.map(Rev::version).or_else(same);
        // With a workloadRef the template stands in a Deployment, and in the ReplicaSet that was made of it.
        let causes = self.common(w, current.map_or(&w.template, |s| s.template), &sets.all, &pods);
        self.keep(&sets.all, sets.current, sets.stable);
        let state = phase(r);
        self.owned("rollout", &r.workload.meta);
        let (said, message) = rollout_status(r);
        let mut delegated = Delegated {
            by: Delegate::ArgoRollouts,
            object: format!("rollout/{}", r.workload.meta.key.name).into(),
            phase: said,
            message,
            since: r.pauses.first().and_then(|(_, since)| *since).or(r.aborted_at.filter(|_| r.aborted)),
            analyses: self.analyses(r),
            blue_green: None,
            flagger: None,
            warm: Self::warm(r, &sets),
        };
        match &r.strategy {
            RolloutStrategy::Canary(spec) => {
                self.placement.delivery = Some(Delivery::Canary);
                let (canary, stable) = spec.arms();
                self.placement.traffic =
                    self.traffic(&Subject { routes: spec.routing.routes.clone(), canary, stable, own: vec![] });
                self.placement.canary = Some(self.canary(r, spec, &sets, state.clone()));
            }
            RolloutStrategy::BlueGreen(spec) => {
                self.placement.delivery = Some(Delivery::BlueGreen);
                let stand = self.blue_green(r, spec, &sets);
                // Users get what the active Service selects, stable or not.
                if let Some(version) = stand.active.version.clone() {
                    self.placement.version = Some(version);
                }
                delegated.blue_green = Some(stand);
            }
            RolloutStrategy::None => {}
        }
        self.placement.health = self.rollout_health(r, &state, &delegated, causes);
        self.placement.delegated = Some(delegated);
        self.own_route();
    }

    /// The version that the pod template names, here or in the workload that holds it.
    fn template_of(&self, r: &Rollout) -> Option<Version> {
        let there = || {
            let other = r.template_ref.as_ref().filter(|t| t.kind.as_str() == "Deployment")?;
            let all = self.cluster.deployments.value()?;
            all.values()
                .find(|d| {
                    d.workload.meta.key.namespace == r.workload.meta.key.namespace && d.workload.meta.key.name == other.name
                })
                .map(|d| &d.workload.template)
        };
        let template = Some(&r.workload.template).filter(|t| !t.containers.is_empty()).or_else(there)?;
        Some(version(template, &[]))
    }

    fn canary(&self, r: &Rollout, spec: &CanarySpec, sets: &Revisions<'_>, state: CanaryPhase) -> Canary {
        let planned = planned_weight(r, &spec.steps);
        let live = self.live_share();
        let by_pods = spec.router.is_none().then(|| by_pods(r, spec, sets)).flatten();
        // What the plugin prints as the actual weight.
        let said = match (past(r, &spec.steps), &spec.router) {
            (true, _) => Some(Weight::new(100.0)),
            (false, Some(_)) => r.weight,
            (false, None) => by_pods,
        };
        let routed = || spec.router.as_ref().and(said);
        Canary {
            set: live.or_else(routed).or(planned),
            planned,
            said,
            by_pods,
            owner: Delegate::ArgoRollouts.to_string().into(),
            canary: self.placement.wanted_version.clone(),
            stable: self.placement.version.clone(),
            steps: spec.steps.clone(),
            step: r.step,
            workload: None,
            canary_hash: r.current_hash.clone(),
            stable_hash: r.stable_hash.clone(),
            canary_service: spec.canary_service.clone(),
            stable_service: spec.stable_service.clone(),
            state,
        }
    }

    fn rollout_health(&self, r: &Rollout, state: &CanaryPhase, said: &Delegated, mut causes: Vec<SafeText>) -> Health {
        causes.extend(argo::overdue(r));
        if let Some(c) = crate::domain::status::find(&r.workload.conditions, "InvalidSpec").filter(|c| c.status == Some(true)) {
            causes.push(format!("invalid: {}", c.message).into());
        }
        causes.extend(self.unserved());
        causes.extend(self.unanswered());
        let sentence = || said.message.clone().unwrap_or_else(|| "under way".into());
        let available = || {
            if r.workload.available < r.workload.wanted {
                Health::Progressing(format!("{} of {} pods available", r.workload.available, r.workload.wanted).into())
            } else {
                Health::Pass
            }
        };
        match state {
            _ if !causes.is_empty() => Health::Fail(causes),
            // Degraded after an abort means that the wanted state is not what runs, not that users see errors.
            CanaryPhase::Aborted { reason } => {
                Health::Progressing(format!("aborted, the wanted version does not run: {reason}").into())
            }
            CanaryPhase::Unknown { reason } => Health::Unknown(reason.clone()),
            // At a step that waits for an answer, the plan itself asks for the wait.
            CanaryPhase::Progressing if at_analysis(r) => available(),
            CanaryPhase::Progressing => Health::Progressing(sentence()),
            // A canary that waits at a step of its plan is healthy if its pods are.
            CanaryPhase::Paused { planned: true, .. } => match self.placement.canary.as_ref().and_then(Canary::apart) {
                Some((planned, set)) => {
                    Health::Progressing(format!("its step asks for {planned} %, the route gives {set} %").into())
                }
                None => available(),
            },
            CanaryPhase::Done => available(),
            CanaryPhase::Paused { planned: false, reason, .. } => {
                let why = said.analyses.iter().find(|a| a.current && a.phase.ended()).and_then(|a| a.why.as_ref());
                let why = why.filter(|_| reason.as_str().contains("Inconclusive")).map(|w| format!(": {w}")).unwrap_or_default();
                Health::Progressing(format!("paused: {reason}{why}").into())
            }
        }
    }
}

/// Where an Argo Rollout stands, as its own plugin decides it.
fn phase(r: &Rollout) -> CanaryPhase {
    if r.workload.observed_generation != Some(r.workload.meta.generation) {
        return CanaryPhase::Unknown { reason: "the newest wanted state is not observed yet".into() };
    }
    if !argo::template_observed(r) {
        return CanaryPhase::Unknown { reason: "the newest template of its workload is not observed yet".into() };
    }
    let said = |otherwise: &str| r.message.clone().unwrap_or_else(|| SafeText::from(otherwise));
    if r.aborted {
        return CanaryPhase::Aborted { reason: said("aborted") };
    }
    if r.paused {
        return CanaryPhase::Paused { since: None, reason: "manually paused".into(), planned: false };
    }
    if let Some((reason, since)) = r.pauses.first() {
        let planned = matches!(reason.as_str(), "CanaryPauseStep" | "BlueGreenPause");
        return CanaryPhase::Paused { since: *since, reason: reason.clone(), planned };
    }
    match &r.phase {
        // The pause was cleared a moment ago, and the phase is still that of before.
        _ if argo::unpausing(r) => CanaryPhase::Progressing,
        RolloutPhase::Healthy if r.stable_hash == r.current_hash => CanaryPhase::Done,
        RolloutPhase::Healthy | RolloutPhase::Progressing => CanaryPhase::Progressing,
        RolloutPhase::Paused => CanaryPhase::Paused { since: None, reason: said("paused"), planned: false },
        RolloutPhase::Degraded => CanaryPhase::Unknown { reason: said("degraded") },
        RolloutPhase::Unknown(word) => {
            let word = if word.is_empty() { "the controller has not come to it yet" } else { word.as_str() };
            CanaryPhase::Unknown { reason: word.into() }
        }
    }
}

/// Whether the last step is behind it, or nothing is under way.
fn past(r: &Rollout, steps: &[Step]) -> bool {
    r.step.is_none_or(|at| at as usize >= steps.len())
}

/// Whether it stands at a step of the plan that waits for an answer.
fn at_analysis(r: &Rollout) -> bool {
    let RolloutStrategy::Canary(spec) = &r.strategy else { return false };
    let at = r.step.and_then(|at| spec.steps.get(at as usize));
    at.is_some_and(|s| s.waits() && !matches!(s, Step::Pause(_)))
}

/// The weight that the plan sets at the present step: the last `setWeight` at or before it.
fn planned_weight(r: &Rollout, steps: &[Step]) -> Option<Weight> {
    if r.aborted {
        return Some(Weight::new(0.0));
    }
    let at = r.step? as usize;
    if at >= steps.len() || r.stable_hash == r.current_hash {
        return Some(Weight::new(100.0));
    }
    let last = steps[..=at].iter().rev().find_map(|s| if let Step::SetWeight(w) = s { Some(*w) } else { None });
    Some(last.unwrap_or(Weight::new(0.0)))
}

/// The share of the canary among available pods: what a Service that selects both gives it.
fn by_pods(r: &Rollout, spec: &CanarySpec, sets: &Revisions<'_>) -> Option<Weight> {
    if past(r, &spec.steps) || r.workload.available == 0 {
        return None;
    }
    sets.current
        .map(|i| &sets.all[i])
        .map(|s| Weight::new(f64::from(s.counts.available) * 100.0 / f64::from(r.workload.available)))
}
