//! Tables: rows of a cluster, and the placement they make.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    AnalysisKind, AnalysisMetric, AnalysisPhase, AnalysisRun, BlueGreenSpec, Canary, CanaryPhase, Condition, Deployment,
    Endpoints, FlaggerCanary, FlaggerGate, FlaggerGateKind, FlaggerPhase, KubeService, Limits, Measurement, Pod, PodCounts,
    Problem, ProblemKind, ReplicaSet, Rollout, RolloutPhase, RolloutStrategy, Route, RouteArm, RouteKind, RouteRule, Weight,
    Workload, WorkloadRef,
    rows::{self, cluster, deployment, digest, endpoints, live, meta, pod, replica_set},
};

mod route;
mod workload;

fn set(uid: &str, revision: i64, tag: &str, available: u32) -> ReplicaSet {
    replica_set("cart", uid, revision, tag, available)
}

fn joined(kind: WorkloadKind, c: &ClusterState) -> Placement {
    let name = match kind {
        WorkloadKind::Deployment | WorkloadKind::Rollout | WorkloadKind::Canary => "cart",
        WorkloadKind::StatefulSet => "db",
        WorkloadKind::DaemonSet => "agent",
    };
    let service = Service {
        name: name.parse().unwrap(),
        pipeline: None,
        workload: WorkloadRef { kind, name: name.into() },
        slo: Limits::default(),
        runbook: None,
        links: vec![],
        blue_green: None,
    };
    let placing = Placing { cluster: "eu-1".parse().unwrap(), namespace: "shop".into() };
    join(&service, &"production".parse().unwrap(), &placing, c)
}

fn health(c: &ClusterState) -> String {
    health_of(WorkloadKind::Deployment, c)
}

fn health_of(kind: WorkloadKind, c: &ClusterState) -> String {
    match joined(kind, c).health {
        Health::Pass => "pass".to_owned(),
        Health::Progressing(why) => format!("progressing: {why}"),
        Health::Fail(causes) => format!("fail: {}", causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        Health::Missing => "missing".to_owned(),
        Health::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn a_deployment_that_is_done_passes_and_names_the_digest_that_runs() {
    let p = joined(WorkloadKind::Deployment, &cluster());
    assert_eq!((p.health, p.pods), (Health::Pass, PodCounts { wanted: 3, ready: 3, available: 3 }));
    let version = p.version.unwrap();
    assert_eq!((version.tag.as_str(), version.digest), ("1.0", Some(digest("a"))));
}

#[test]
fn pods_tell_what_a_deployment_does_not() {
    let waiting = |word: &str| {
        let mut c = cluster();
        c.pods = live(vec![pod("a", "one", true), Pod { waiting: Some(word.into()), ready: false, ..pod("b", "one", false) }]);
        health(&c)
    };
    assert_eq!(waiting("CrashLoopBackOff"), "fail: 1 of 2 pods CrashLoopBackOff");
    assert_eq!(waiting("ImagePullBackOff"), "fail: 1 of 2 pods ImagePullBackOff");
    assert_eq!(waiting("Unschedulable"), "fail: 1 of 2 pods Unschedulable");
    assert_eq!(waiting("ContainerCreating"), "pass", "that passes by itself");
    let mut c = cluster();
    c.pods = live(vec![Pod { waiting: Some("CrashLoopBackOff".into()), ending: true, ..pod("b", "one", false) }]);
    assert_eq!(health(&c), "pass", "a pod that is on its way out does not count");
}

#[test]
fn a_service_without_a_ready_endpoint_is_broken_whatever_the_deployment_says() {
    let mut c = cluster();
    c.endpoints = live(vec![endpoints("cart", 0)]);
    assert_eq!(health(&c), "fail: service cart has no ready endpoint");
    c.endpoints = live(vec![]);
    assert_eq!(health(&c), "pass", "the endpoints controller has not come to it yet");
    c.endpoints = live(vec![endpoints("cart", 0)]);
    let none = Workload { wanted: 0, replicas: 0, updated: 0, available: 0, ready: 0, ..rows::workload("cart", "1.0") };
    c.deployments = live(vec![Deployment { workload: none, ..deployment() }]);
    assert_eq!(health(&c), "pass", "scaled to zero on purpose");
}

#[test]
fn during_a_rolling_update_the_older_revision_serves() {
    let mut c = cluster();
    let under_way = Workload { updated: 1, replicas: 4, ..rows::workload("cart", "2.0") };
    c.deployments = live(vec![Deployment { workload: under_way, revision: Some(2), ..deployment() }]);
    c.replica_sets = live(vec![set("one", 1, "1.0", 3), set("two", 2, "2.0", 0)]);
    let p = joined(WorkloadKind::Deployment, &c);
    assert_eq!(p.version.unwrap().tag.as_str(), "1.0");
    assert_eq!(p.wanted_version.unwrap().tag.as_str(), "2.0");
    assert_eq!(p.health, Health::Progressing("1 of 3 pods updated".into()));
}

#[test]
fn quota_and_deadline_are_failures() {
    let failing = |kind: &str, reason: &str| {
        let status = Some(kind == "ReplicaFailure");
        let condition = Condition { kind: kind.into(), status, reason: reason.into(), message: "exceeded quota".into() };
        let mut c = cluster();
        let workload = Workload { conditions: vec![condition], ..rows::workload("cart", "1.0") };
        c.deployments = live(vec![Deployment { workload, ..deployment() }]);
        health(&c)
    };
    assert_eq!(failing("ReplicaFailure", "FailedCreate"), "fail: pods cannot be made: exceeded quota");
    assert_eq!(failing("Progressing", "ProgressDeadlineExceeded"), "fail: the progress deadline is exceeded");
}

#[test]
fn one_tag_with_two_digests_is_drift() {
    let mut c = cluster();
    c.pods = live(vec![pod("a", "one", true), Pod { digests: vec![Some(digest("b"))], ..pod("b", "one", true) }]);
    assert_eq!(joined(WorkloadKind::Deployment, &c).drift.unwrap().as_str(), "1.0 is two builds here: bbbb…bb and aaaa…aa");
}

#[test]
fn what_is_not_there_or_not_current_is_never_a_pass() {
    let mut c = cluster();
    c.deployments = live(vec![]);
    assert_eq!(health(&c), "missing");
    let problem = Problem::new(ProblemKind::Unreachable, "connection refused");
    let mut c = cluster();
    c.pods.trouble(Timestamp::UNIX_EPOCH, problem.clone());
    assert_eq!(health(&c), "unknown: connection refused");
    assert_eq!(joined(WorkloadKind::Deployment, &c).version.unwrap().tag.as_str(), "1.0", "what was known stays visible");
    let mut c = cluster();
    c.pods = Feed::Waiting;
    assert_eq!(health(&c), "unknown: not read yet");
    let mut c = cluster();
    c.deployments = Feed::Waiting;
    c.deployments.trouble(Timestamp::UNIX_EPOCH, problem);
    assert_eq!(health(&c), "unknown: connection refused");
}

fn rollout() -> Rollout {
    rows::rollout("cart", "one", "two")
}

fn plain_route(kind: RouteKind, arms: Vec<RouteArm>) -> Route {
    let rule = RouteRule { name: None, matches: vec![], arms, mirrors: vec![], instead: None };
    Route { meta: meta("cart", "r"), kind, rules: vec![rule], wants: vec![], parents: vec![], canary: None }
}

fn canary(r: Rollout, route: Option<(u32, u32)>) -> Canary {
    let mut c = cluster();
    c.rollouts = live(vec![r]);
    c.replica_sets = live(vec![set("one", 1, "1.0", 3), set("two", 2, "2.0", 1)]);
    if let Some((stable, test)) = route {
        let arms = vec![RouteArm::to("cart-stable", stable), RouteArm::to("cart-canary", test)];
        c.virtual_services = live(vec![plain_route(RouteKind::VirtualService, arms)]);
    }
    joined(WorkloadKind::Rollout, &c).canary.unwrap()
}

#[test]
fn the_live_route_is_believed_before_the_controller_and_the_plan() {
    let weights = |c: &Canary| (c.set.map(Weight::percent), c.planned.map(Weight::percent));
    assert_eq!(weights(&canary(rollout(), Some((80, 20)))), (Some(20.0), Some(20.0)));
    assert_eq!(weights(&canary(rollout(), Some((90, 10)))), (Some(10.0), Some(20.0)), "set by the route, planned by the plan");
    let said = Rollout { weight: Some(Weight::new(15.0)), ..rollout() };
    assert_eq!(weights(&canary(said, None)), (Some(15.0), Some(20.0)));
    assert_eq!(weights(&canary(rollout(), None)), (Some(20.0), Some(20.0)));
    assert_eq!(weights(&canary(Rollout { step: Some(1), ..rollout() }, None)).1, Some(5.0));
    assert_eq!(weights(&canary(Rollout { step: Some(4), ..rollout() }, None)).1, Some(100.0), "past the last step");
    assert_eq!(weights(&canary(Rollout { aborted: true, ..rollout() }, None)).1, Some(0.0));
}

#[test]
fn a_rollout_stands_where_its_own_plugin_says() {
    let state = |change: fn(&mut Rollout)| {
        let mut r = rollout();
        change(&mut r);
        match canary(r, None).state {
            CanaryPhase::Progressing => "progressing".to_owned(),
            CanaryPhase::Paused { planned, reason, .. } => format!("paused {planned} {reason}"),
            CanaryPhase::Aborted { reason } => format!("aborted {reason}"),
            CanaryPhase::Done => "done".to_owned(),
            CanaryPhase::Unknown { reason } => format!("unknown {reason}"),
        }
    };
    assert_eq!(state(|_| ()), "paused true CanaryPauseStep");
    assert_eq!(state(|r| r.workload.observed_generation = Some(1)), "unknown the newest wanted state is not observed yet");
    assert_eq!(state(|r| r.aborted = true), "aborted aborted");
    assert_eq!(state(|r| r.paused = true), "paused false manually paused");
    assert_eq!(state(|r| r.pauses = vec![("InconclusiveAnalysisRun".into(), None)]), "paused false InconclusiveAnalysisRun");
    let running = |r: &mut Rollout| {
        r.pauses.clear();
        r.phase = RolloutPhase::Progressing;
    };
    assert_eq!(state(running), "progressing");
    let healthy = |r: &mut Rollout| {
        r.pauses.clear();
        r.controller_pause = false;
        r.phase = RolloutPhase::Healthy;
        r.stable_hash = Some("two".into());
    };
    assert_eq!(state(healthy), "done");
    let odd = |r: &mut Rollout| {
        r.pauses.clear();
        r.controller_pause = false;
        r.phase = RolloutPhase::Unknown("Odd".into());
    };
    assert_eq!(state(odd), "unknown Odd");
}

/// A route that gives the canary's Service `weight` percent.
fn split(stable: &str, canary: &str, weight: u32) -> Route {
    plain_route(RouteKind::VirtualService, vec![RouteArm::to(stable, 100 - weight), RouteArm::to(canary, weight)])
}

/// These Services beside `cart`, each with three ready endpoints.
fn serve(c: &mut ClusterState, names: &[&str]) {
    let service = |name: &&str| KubeService { meta: meta(name, name), ..rows::service(name) };
    let slice =
        |name: &&str| Endpoints { key: ObjectKey::new("shop", name).unwrap(), service: (*name).into(), ..endpoints(name, 3) };
    let (mut services, mut slices): (Vec<_>, Vec<_>) = (names.iter().map(service).collect(), names.iter().map(slice).collect());
    services.extend(c.services.value().unwrap().values().cloned());
    slices.extend(c.endpoints.value().unwrap().values().cloned());
    (c.services, c.endpoints) = (live(services), live(slices));
}

/// Flagger's pair: `cart` (the canary, 2.0) and `cart-primary` (1.0) behind a route at `weight`.
fn flagger(phase: &str, weight: u32, change: impl FnOnce(&mut FlaggerCanary)) -> ClusterState {
    let mut c = cluster();
    let labels = |app: &str| [("app".into(), app.into())].into();
    let target = Deployment { workload: rows::workload("cart", "2.0"), revision: Some(2), ..deployment() };
    let mut workload = rows::workload("cart", "1.0");
    (workload.meta, workload.selector) = (meta("cart-primary", "p"), labels("cart-primary"));
    workload.template.labels = labels("cart-primary");
    let primary = Deployment { workload, ..deployment() };
    c.deployments = live(vec![target, primary]);
    let one = ReplicaSet { owner: Some("p".into()), ..set("one", 1, "1.0", 3) };
    c.replica_sets = live(vec![one, set("two", 2, "2.0", 1)]);
    c.pods = live(vec![]);
    c.virtual_services = live(vec![split("cart-primary", "cart-canary", weight)]);
    serve(&mut c, &["cart-primary", "cart-canary"]);
    let phase = FlaggerPhase::of(phase);
    let gate = |name: &str, word: &str| {
        let kind = FlaggerGateKind::of(word);
        FlaggerGate { name: name.into(), stand: kind.stand(&phase, false), kind }
    };
    let mut canary = FlaggerCanary {
        meta: meta("cart", "c"),
        target_kind: "Deployment".into(),
        target: "cart".into(),
        apex: "cart".into(),
        provider: None,
        suspended: false,
        skip_analysis: false,
        interval: jiff::SignedDuration::from_secs(10),
        threshold: 5,
        steps: vec![Weight::new(25.0), Weight::new(50.0)],
        iterations: None,
        gates: vec![gate("go", "confirm-rollout"), gate("ship", "confirm-promotion")],
        metrics: vec![],
        phase,
        said: Weight::new(0.0),
        failed_checks: 2,
        iteration: 0,
        since: None,
        conditions: vec![],
    };
    change(&mut canary);
    c.canaries = live(vec![canary]);
    c
}

#[test]
fn each_phase_of_flagger_in_our_words() {
    let words = |phase: &str, weight: u32| {
        let p = joined(WorkloadKind::Canary, &flagger(phase, weight, |_| ()));
        let state = match p.canary.as_ref().unwrap().state.clone() {
            CanaryPhase::Progressing => "progressing".to_owned(),
            CanaryPhase::Paused { planned, reason, .. } => format!("paused {planned} {reason}"),
            CanaryPhase::Aborted { reason } => format!("aborted {reason}"),
            CanaryPhase::Done => "done".to_owned(),
            CanaryPhase::Unknown { reason } => format!("unknown {reason}"),
        };
        let health = match p.health {
            Health::Pass => "pass".to_owned(),
            Health::Progressing(why) => format!("progressing: {why}"),
            Health::Fail(why) => format!("fail: {}", why[0]),
            Health::Missing => "missing".to_owned(),
            Health::Unknown(why) => format!("unknown: {why}"),
        };
        assert_eq!(p.delegated.unwrap().phase.as_str(), phase);
        (state, health)
    };
    for (phase, weight, state, health) in [
        ("Initializing", 0, "progressing", "progressing: Flagger initializes"),
        ("Initialized", 0, "done", "pass"),
        ("Waiting", 0, "paused true gate go", "pass"),
        ("Progressing", 25, "progressing", "pass"),
        ("WaitingPromotion", 50, "paused true gate ship", "pass"),
        ("Promoting", 50, "progressing", "pass"),
        ("Finalising", 0, "progressing", "pass"),
        ("Succeeded", 0, "done", "pass"),
        (
            "Failed",
            0,
            "aborted rolled back by Flagger after 2 of 5 failed checks",
            "progressing: rolled back by Flagger, the wanted version does not run",
        ),
        (
            "Failed",
            100,
            "aborted rolled back by Flagger after 2 of 5 failed checks",
            "fail: Flagger says Failed, and 100 % still go to the canary",
        ),
        ("Succeeded", 40, "done", "fail: Flagger is idle, and 40 % go to the canary, which has no pods"),
        ("Terminating", 0, "unknown terminating", "unknown: Flagger says Terminating"),
        ("Terminated", 0, "unknown terminated", "unknown: Flagger says Terminated"),
        ("Dancing", 0, "unknown Dancing", "unknown: Flagger says Dancing"),
    ] {
        assert_eq!(words(phase, weight), (state.to_owned(), health.to_owned()), "{phase}");
    }
}

#[test]
fn under_flagger_the_primary_serves_and_only_the_route_tells_the_weight() {
    let c = flagger("WaitingPromotion", 50, |_| ());
    for kind in [WorkloadKind::Canary, WorkloadKind::Deployment] {
        let p = joined(kind, &c);
        assert_eq!(p.version.unwrap().tag.as_str(), "1.0", "{kind:?}: found through its targetRef, too");
        assert_eq!(p.wanted_version.unwrap().tag.as_str(), "2.0");
        let canary = p.canary.unwrap();
        assert_eq!((canary.set, canary.said), (Some(Weight::new(50.0)), Some(Weight::new(0.0))), "both are said");
        assert_eq!((canary.step, canary.detents()), (Some(1), vec![Weight::new(25.0), Weight::new(50.0)]));
        assert_eq!((canary.canary_hash.as_deref(), canary.stable_hash.as_deref()), (Some("two"), Some("one")));
    }
    let mut unread = c;
    unread.virtual_services = live(vec![]);
    assert_eq!(joined(WorkloadKind::Canary, &unread).canary.unwrap().set, None, "never status.canaryWeight");
    let suspended = joined(WorkloadKind::Canary, &flagger("Progressing", 25, |c| c.suspended = true));
    assert_eq!(suspended.health, Health::Progressing("paused: suspended".into()));
    let broken = flagger("Progressing", 25, |_| ());
    let late = |d: Deployment| {
        let reason = Condition {
            kind: "Progressing".into(),
            status: Some(false),
            reason: "ProgressDeadlineExceeded".into(),
            message: "".into(),
        };
        Deployment { workload: Workload { conditions: vec![reason], ..d.workload }, ..d }
    };
    let all = broken.deployments.value().unwrap().values().cloned().map(late).collect();
    let p = joined(WorkloadKind::Canary, &ClusterState { deployments: live(all), ..broken });
    assert_eq!(p.health, Health::Fail(vec!["cart-primary: the progress deadline is exceeded".into()]));
}

/// `two` (2.0) waits behind the preview Service, `one` (1.0) serves.
fn blue_green(change: impl FnOnce(&mut Rollout)) -> ClusterState {
    let mut r = rollout();
    r.strategy = RolloutStrategy::BlueGreen(BlueGreenSpec {
        active_service: "cart".into(),
        preview_service: Some("cart-preview".into()),
        auto_promotion: true,
        auto_promotion_seconds: Some(60),
        post_analysis: false,
    });
    r.pauses = vec![("BlueGreenPause".into(), Some(Timestamp::UNIX_EPOCH))];
    (r.active_hash, r.preview_hash) = (Some("one".into()), Some("two".into()));
    change(&mut r);
    let service = |name: &str, hash: &Option<Arc<str>>| KubeService {
        meta: meta(name, name),
        selector: [("rollouts-pod-template-hash".into(), hash.clone().unwrap())].into(),
    };
    let mut c = cluster();
    c.services = live(vec![service("cart", &r.active_hash), service("cart-preview", &r.preview_hash)]);
    c.replica_sets = live(vec![set("one", 1, "1.0", 3), set("two", 2, "2.0", 3)]);
    c.rollouts = live(vec![r]);
    c
}

#[test]
fn a_blue_green_rollout_shows_both_sides_and_what_is_still_warm() {
    let p = joined(WorkloadKind::Rollout, &blue_green(|_| ()));
    let d = p.delegated.unwrap();
    let stand = d.blue_green.unwrap();
    let version = |v: &Option<crate::domain::Version>| v.as_ref().unwrap().tag.to_string();
    assert_eq!((version(&stand.active.version), stand.active.endpoints), ("1.0".to_owned(), Some(3)));
    let preview = stand.preview.unwrap();
    assert_eq!((version(&preview.version), preview.available, preview.endpoints), ("2.0".to_owned(), Some(3), None));
    assert_eq!((stand.switched, stand.switches_at.map(Timestamp::as_second)), (false, Some(60)));
    assert_eq!((p.health, d.warm.len()), (Health::Pass, 0), "that it waits is its plan");

    // Switched, not yet stable: users get 2.0, and 1.0 stays warm until its deadline.
    let mut c = blue_green(|r| {
        (r.active_hash, r.stable_hash) = (Some("two".into()), Some("two".into()));
        r.pauses.clear();
        r.controller_pause = false;
        r.phase = RolloutPhase::Healthy;
    });
    let until = Timestamp::from_second(30).unwrap();
    c.replica_sets = live(vec![ReplicaSet { scale_down: Some(until), ..set("one", 1, "1.0", 3) }, set("two", 2, "2.0", 3)]);
    let p = joined(WorkloadKind::Rollout, &c);
    assert_eq!(p.version.unwrap().tag.as_str(), "2.0");
    let d = p.delegated.unwrap();
    assert!(d.blue_green.unwrap().switched);
    assert_eq!(d.warm.iter().map(|w| (w.version.tag.as_str(), w.until)).collect::<Vec<_>>(), [("1.0", Some(until))]);
    assert_eq!((d.phase.as_str(), d.message), ("Healthy", None));
}

fn run(name: &str, hash: &str, revision: i64, phase: AnalysisPhase) -> AnalysisRun {
    let bad = Measurement { phase: phase.clone(), value: Some("[0.2]".into()), message: None, at: None };
    let metric = AnalysisMetric {
        name: "errors".into(),
        phase: phase.clone(),
        dry_run: false,
        count: 1,
        wanted: None,
        successful: 0,
        failed: 1,
        failure_limit: 0,
        inconclusive: 0,
        errors: 0,
        success: Some("result[0] < 0.1".into()),
        failure: None,
        message: None,
        last: Some(bad.clone()),
        last_bad: Some(bad),
    };
    AnalysisRun {
        meta: meta(name, name),
        owner: Some("u".into()),
        kind: AnalysisKind::Step,
        step: Some(1),
        hash: Some(hash.into()),
        revision: Some(revision),
        phase,
        message: None,
        started: Timestamp::from_second(revision).ok(),
        completed: None,
        metrics: vec![metric],
    }
}

#[test]
fn analyses_are_those_of_the_wanted_revision_and_the_one_that_stopped_the_last() {
    let mut c = cluster();
    c.rollouts = live(vec![rollout()]);
    let foreign = AnalysisRun { owner: Some("other".into()), ..run("x", "two", 9, AnalysisPhase::Failed) };
    c.analysis_runs =
        live(vec![run("old", "zero", 1, AnalysisPhase::Failed), run("now", "two", 2, AnalysisPhase::Failed), foreign]);
    let of = |c: &ClusterState| -> Vec<(String, bool)> {
        let d = joined(WorkloadKind::Rollout, c).delegated.unwrap();
        d.analyses.iter().map(|a| (a.name.to_string(), a.current)).collect()
    };
    assert_eq!(of(&c), [("now".to_owned(), true)]);
    let d = joined(WorkloadKind::Rollout, &c).delegated.unwrap();
    assert_eq!(d.analyses[0].why.as_ref().unwrap().as_str(), "errors 0.2, must be < 0.1");
    // Undone since: the wanted revision is the stable one again.
    c.rollouts = live(vec![Rollout { current_hash: Some("one".into()), ..rollout() }]);
    assert_eq!(of(&c), [("now".to_owned(), false)], "what stopped the revision before");
    // Runs that may not be listed: what the Rollout itself tells.
    c.analysis_runs = Feed::Waiting;
    let note = crate::domain::RunNote {
        kind: AnalysisKind::Background,
        name: "bg".into(),
        phase: AnalysisPhase::Running,
        message: None,
    };
    c.rollouts = live(vec![Rollout { runs: vec![note], ..rollout() }]);
    assert_eq!(of(&c), [("bg".to_owned(), true)]);
}

#[test]
fn a_step_that_the_route_does_not_follow_is_said() {
    let at = |weight: u32| {
        let mut c = cluster();
        c.rollouts = live(vec![rollout()]);
        c.virtual_services = live(vec![split("cart-stable", "cart-canary", weight)]);
        serve(&mut c, &["cart-stable", "cart-canary"]);
        joined(WorkloadKind::Rollout, &c).health
    };
    assert_eq!(at(20), Health::Pass);
    assert_eq!(at(0), Health::Progressing("its step asks for 20 %, the route gives 0 %".into()));
}

#[test]
fn without_a_router_the_pods_are_the_weight() {
    let mut r = rollout();
    if let RolloutStrategy::Canary(spec) = &mut r.strategy {
        (spec.router, spec.canary_service) = (None, None);
    }
    r.workload.available = 4;
    let c = canary(r, None);
    assert_eq!((c.set, c.by_pods, c.said), (Some(Weight::new(20.0)), Some(Weight::new(25.0)), Some(Weight::new(25.0))));
}

#[test]
fn the_words_of_the_plugin() {
    let say = |change: fn(&mut Rollout)| {
        let mut r = Rollout { message: Some("CanaryPauseStep".into()), ..rollout() };
        change(&mut r);
        let (phase, message) = crate::domain::rollout_status(&r);
        format!("{phase} - {}", message.map(|m| m.to_string()).unwrap_or_default())
    };
    assert_eq!(say(|_| ()), "Paused - CanaryPauseStep");
    assert_eq!(say(|r| r.workload.observed_generation = Some(1)), "Progressing - waiting for rollout spec update to be observed");
    assert_eq!(say(|r| r.workload.observed_generation = Some(9)), "Paused - CanaryPauseStep", "kept a number of another kind");
    assert_eq!(say(|r| r.pauses.clear()), "Progressing - waiting for rollout to unpause");
    macro_rules! worked_out {
        ($change:expr) => {
            say(|r| {
                // As before the controller has come to it.
                (r.phase, r.message) = (RolloutPhase::Unknown("".into()), None);
                r.pauses.clear();
                (r.controller_pause, r.workload.observed_generation, r.workload.updated) = (false, None, 3);
                let change: fn(&mut Rollout) = $change;
                change(r);
            })
        };
    }
    assert_eq!(worked_out!(|r| r.workload.updated = 0), "Progressing - more replicas need to be updated");
    assert_eq!(worked_out!(|r| r.workload.available = 1), "Progressing - updated replicas are still becoming available");
    assert_eq!(worked_out!(|_| ()), "Progressing - waiting for all steps to complete");
    assert_eq!(worked_out!(|r| r.stable_hash = r.current_hash.clone()), "Healthy - ");
    assert_eq!(worked_out!(|r| r.paused = true), "Paused - manually paused");
    assert_eq!(
        worked_out!(|r| r.strategy = RolloutStrategy::BlueGreen(BlueGreenSpec {
            active_service: "a".into(),
            preview_service: None,
            auto_promotion: true,
            auto_promotion_seconds: None,
            post_analysis: false,
        })),
        "Progressing - active service cutover pending"
    );
    assert_eq!(
        worked_out!(|r| r.workload.conditions = vec![Condition {
            kind: "Progressing".into(),
            status: Some(false),
            reason: "RolloutAborted".into(),
            message: "why".into(),
        }]),
        "Degraded - RolloutAborted: why"
    );
}
