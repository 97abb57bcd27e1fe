//! Flagger's Canaries, joined to a placement.

use std::sync::Arc;

use super::{
    Joiner,
    revision::{Rev, version},
    route::Subject,
};
use crate::domain::{
    ArmName, Canary, CanaryPhase, Delegate, Delegated, Delivery, Deployment, FlaggerCanary, FlaggerPhase, FlaggerStand, Health,
    ObjectKey, Pod, RolloutStatus, SafeText, Step, Version, Weight, WorkloadKind, WorkloadRef, deployment_status,
};

/// One of the two Deployments: the workload and its revisions.
struct Half<'a> {
    deployment: &'a Deployment,
    revs: Vec<Rev<'a>>,
    newest: Option<usize>,
}

impl<'a> Half<'a> {
    fn newest(&self) -> Option<&Rev<'a>> {
        self.newest.map(|i| &self.revs[i])
    }

    fn version(&self) -> Version {
        self.newest().map_or_else(|| version(&self.deployment.workload.template, &[]), Rev::version)
    }
}

impl<'a> Joiner<'a, '_> {
    fn half(&self, namespace: &str, name: &str) -> Option<Half<'a>> {
        let key = ObjectKey::new(namespace, name).ok()?;
        let deployment = self.cluster.deployments.value()?.get(&key)?;
        let revs = self.replica_sets(&deployment.workload.meta.uid);
        let newest = revs.iter().position(|r| r.number.is_some() && r.number == deployment.revision);
        Some(Half { deployment, revs, newest })
    }

    pub(super) fn flagger(&mut self, c: &FlaggerCanary) {
        let namespace = c.meta.key.namespace.clone();
        let target = self.half(&namespace, &c.target);
        let primary = self.half(&namespace, &c.primary());
        // Until the primary workload is made, the target itself serves.
        let serving = primary.as_ref().or(target.as_ref());
        let (canary, stable) = (target.as_ref().map(Half::version), serving.map(Half::version));
        self.owned("canary", &c.meta);
        self.placement.traffic = self.traffic(&subject(c));
        let live = self.live_share();
        self.placement.delivery = Some(if c.iterations.is_some() { Delivery::BlueGreen } else { Delivery::Canary });
        self.placement.version.clone_from(&stable);
        self.placement.wanted_version.clone_from(&canary);
        // The pods of both halves tell what is broken; counts and history are those of the one that serves.
        let mut revs: Vec<Rev<'_>> = [&target, &primary].into_iter().flatten().flat_map(|h| h.revs.iter().cloned()).collect();
        revs.sort_by_key(|r| std::cmp::Reverse(r.meta.created));
        let pods: Vec<&Pod> = revs.iter().flat_map(|r| r.pods.iter().copied()).collect();
        let mut causes = vec![];
        if let Some(h) = serving {
            let w = &h.deployment.workload;
            causes = self.common(w, &w.template, &revs, &pods);
            self.placement.strategy = Some(h.deployment.strategy.clone());
            self.keep(&h.revs, h.newest, h.newest);
        }
        let hash = |half: Option<&Half<'_>>| half.and_then(Half::newest).and_then(|s| s.hash.cloned());
        let steps: Vec<Step> = c.steps.iter().map(|w| Step::SetWeight(*w)).collect();
        let planned = matches!(c.phase, FlaggerPhase::Failed | FlaggerPhase::Waiting).then(|| Weight::new(0.0));
        self.placement.canary = Some(Canary {
            state: phase(c),
            owner: Delegate::Flagger.to_string().into(),
            canary,
            stable,
            // The status says 0 from WaitingPromotion on, wherever traffic goes: never believed for the route.
            set: live,
            planned,
            said: Some(c.said),
            by_pods: None,
            step: step(c, live),
            workload: None,
            steps,
            canary_hash: hash(target.as_ref()),
            stable_hash: hash(serving),
            canary_service: Some(c.canary_service()),
            stable_service: Some(c.primary_service()),
        });
        causes.extend(self.unserved());
        causes.extend(self.unanswered());
        let served = serving.map(|h| deployment_status(h.deployment));
        self.placement.health = health(c, causes, served, live);
        self.own_route();
        self.placement.delegated = Some(delegated(c));
    }
}

/// What Flagger says, in its own words.
fn delegated(c: &FlaggerCanary) -> Delegated {
    let (phase, message) = words(c);
    let workload = |name: Arc<str>| WorkloadRef { kind: WorkloadKind::Deployment, name };
    Delegated {
        by: Delegate::Flagger,
        object: format!("canary/{}", c.meta.key.name).into(),
        phase,
        message,
        since: c.since,
        analyses: vec![],
        blue_green: None,
        flagger: Some(FlaggerStand {
            target: workload(c.target.clone()),
            primary: workload(c.primary()),
            suspended: c.suspended,
            skip_analysis: c.skip_analysis,
            failed_checks: c.failed_checks,
            threshold: c.threshold,
            iteration: c.iterations.map(|_| c.iteration),
            iterations: c.iterations,
            interval: c.interval.as_secs(),
            said: c.said,
            gates: c.gates.clone(),
            metrics: c.metrics.clone(),
        }),
        warm: vec![],
    }
}

/// The arms of the route that Flagger writes: it leads to both Services, whatever carries it.
fn subject(c: &FlaggerCanary) -> Subject {
    let arm = |service: Arc<str>| ArmName { service: Some(service), subset: None };
    Subject { routes: vec![], canary: arm(c.canary_service()), stable: arm(c.primary_service()), own: vec![] }
}

/// The step of the plan at which the live weight is: the one that it has reached last.
fn step(c: &FlaggerCanary, live: Option<Weight>) -> Option<u32> {
    if !c.phase.under_way() {
        return None;
    }
    let live = live?.percent();
    let reached = c.steps.iter().filter(|w| w.percent() <= live + 0.05).count();
    reached.checked_sub(1).map(|at| at as u32)
}

/// Flagger's phase, and the sentence of its condition.
fn words(c: &FlaggerCanary) -> (SafeText, Option<SafeText>) {
    let condition = c.conditions.iter().find(|x| x.kind.as_str() == "Promoted");
    let said = condition.map(|x| x.message.clone()).filter(|m| !m.is_empty());
    (c.phase.to_string().into(), said)
}

/// Where a Canary of Flagger stands.
fn phase(c: &FlaggerCanary) -> CanaryPhase {
    use FlaggerPhase as P;
    if c.suspended && c.phase.under_way() {
        return CanaryPhase::Paused { since: None, reason: "suspended".into(), planned: false };
    }
    let held = |otherwise: &str| {
        let gates: Vec<String> = c.holding().map(|g| g.name.to_string()).collect();
        let by = if gates.is_empty() { otherwise.to_owned() } else { format!("gate {}", gates.join(", ")) };
        CanaryPhase::Paused { since: c.since, reason: by.into(), planned: true }
    };
    match &c.phase {
        P::Initialized | P::Succeeded => CanaryPhase::Done,
        P::Waiting => held("Waiting"),
        P::WaitingPromotion => held("WaitingPromotion"),
        P::Initializing | P::Progressing | P::Promoting | P::Finalising => CanaryPhase::Progressing,
        P::Failed => {
            let why = format!("rolled back by Flagger after {}", checks(c));
            CanaryPhase::Aborted { reason: if c.failed_checks > 0 { why } else { "rolled back by Flagger".to_owned() }.into() }
        }
        P::Terminating | P::Terminated => CanaryPhase::Unknown { reason: c.phase.to_string().to_lowercase().into() },
        P::Unknown(word) => CanaryPhase::Unknown { reason: word.clone() },
    }
}

fn checks(c: &FlaggerCanary) -> String {
    format!("{} of {} failed checks", c.failed_checks, c.threshold)
}

/// Whether users get what they should: the primary workload serves, whatever becomes of the canary.
fn health(c: &FlaggerCanary, causes: Vec<SafeText>, serving: Option<RolloutStatus>, live: Option<Weight>) -> Health {
    use FlaggerPhase as P;
    if !causes.is_empty() {
        return Health::Fail(causes);
    }
    let Some(serving) = serving else {
        return Health::Unknown(format!("neither {} nor {} is there", c.target, c.primary()).into());
    };
    let stays = live.filter(|w| w.percent() > 0.05);
    match (&c.phase, serving, stays) {
        // A promotion that failed half-way leaves users on the canary.
        (P::Failed, _, Some(w)) => Health::Fail(vec![format!("Flagger says Failed, and {w} % still go to the canary").into()]),
        (_, RolloutStatus::Failed(why), _) => Health::Fail(vec![format!("{}: {why}", c.primary()).into()]),
        // A weight that nobody set back: the canary has no pods.
        (P::Initialized | P::Succeeded, _, Some(w)) => {
            Health::Fail(vec![format!("Flagger is idle, and {w} % go to the canary, which has no pods").into()])
        }
        (_, RolloutStatus::Waiting(why), _) => Health::Progressing(format!("{}: {why}", c.primary()).into()),
        (P::Initializing, ..) => Health::Progressing("Flagger initializes".into()),
        (P::Failed, ..) => Health::Progressing("rolled back by Flagger, the wanted version does not run".into()),
        (P::Terminating | P::Terminated, ..) => Health::Unknown(format!("Flagger says {}", c.phase).into()),
        (P::Unknown(word), ..) => Health::Unknown(format!("Flagger says {word}").into()),
        _ if c.suspended && c.phase.under_way() => Health::Progressing("paused: suspended".into()),
        // At its plan: that it moves, or waits at a gate, is no trouble.
        _ => Health::Pass,
    }
}
