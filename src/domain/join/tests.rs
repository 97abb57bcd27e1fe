//! Tables: rows of a cluster, and the placement they make.

use jiff::Timestamp;

use super::*;
use crate::domain::{
    Canary, CanaryPhase, CanarySpec, Condition, ContainerTemplate, Deployment, Endpoints, KubeService, Limits, Meta, Rollout,
    RolloutPhase, RolloutStrategy, Route, RouteArm, RouteKind, RouteRef, RouteRule, Routing, Section, Step, Weight, WorkloadRef,
    status::tests::deployment,
};

fn meta(name: &str, uid: &str) -> Meta {
    Meta { key: ObjectKey::new("shop", name).unwrap(), uid: uid.into(), ..deployment().meta }
}

fn template(tag: &str) -> Template {
    let image = ImageRef::parse(&format!("r.example/cart:{tag}"));
    Template { containers: vec![ContainerTemplate { name: "main".into(), image, readiness: true }], ..Template::default() }
}

fn set(uid: &str, revision: i64, tag: &str, available: u32) -> ReplicaSet {
    ReplicaSet {
        meta: meta(&format!("cart-{uid}"), uid),
        owner: Some("u".into()),
        hash: Some(uid.into()),
        revision: Some(revision),
        wanted: 3,
        ready: available,
        available,
        conditions: vec![],
        template: template(tag),
    }
}

fn pod(name: &str, owner: &str, ready: bool) -> Pod {
    Pod {
        key: ObjectKey::new("shop", name).unwrap(),
        uid: name.into(),
        owner: Some(owner.into()),
        labels: [("app".into(), "cart".into())].into(),
        phase: "Running".into(),
        ready,
        ending: false,
        restarts: 0,
        waiting: None,
        message: None,
        digests: vec![Some(digest("a"))],
        created: None,
    }
}

fn digest(c: &str) -> crate::domain::Digest {
    format!("sha256:{}", c.repeat(64)).parse().unwrap()
}

fn live<T: Row>(rows: Vec<T>) -> Section<T> {
    Feed::Live { value: Arc::new(rows.into_iter().map(|r| (r.key(), r)).collect()), at: Timestamp::UNIX_EPOCH }
}

/// A Deployment of three pods of `1.0`, all well, behind one service.
fn cluster() -> ClusterState {
    ClusterState {
        deployments: live(vec![Deployment { template: template("1.0"), ..deployment() }]),
        replica_sets: live(vec![set("one", 1, "1.0", 3)]),
        pods: live(vec![pod("a", "one", true), pod("b", "one", true), pod("c", "one", true)]),
        services: live(vec![KubeService { meta: meta("cart", "s"), selector: [("app".into(), "cart".into())].into() }]),
        endpoints: live(vec![endpoints(3)]),
        rollouts: live(vec![]),
        virtual_services: live(vec![]),
        ..ClusterState::default()
    }
}

fn endpoints(ready: u32) -> Endpoints {
    Endpoints { key: ObjectKey::new("shop", "cart-x").unwrap(), service: "cart".into(), ready, total: 3 }
}

fn joined(kind: WorkloadKind, c: &ClusterState) -> Placement {
    let service = Service {
        name: "cart".parse().unwrap(),
        pipeline: None,
        workload: WorkloadRef { kind, name: "cart".into() },
        slo: Limits::default(),
        runbook: None,
        links: vec![],
        blue_green: None,
    };
    let placing = Placing { cluster: "eu-1".parse().unwrap(), namespace: "shop".into() };
    join(&service, &"production".parse().unwrap(), &placing, c)
}

fn health(c: &ClusterState) -> String {
    match joined(WorkloadKind::Deployment, c).health {
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
    c.endpoints = live(vec![endpoints(0)]);
    assert_eq!(health(&c), "fail: service cart has no ready endpoint");
    c.endpoints = live(vec![]);
    assert_eq!(health(&c), "pass", "the endpoints controller has not come to it yet");
    c.endpoints = live(vec![endpoints(0)]);
    c.deployments = live(vec![Deployment { wanted: 0, replicas: 0, updated: 0, available: 0, ready: 0, ..deployment() }]);
    assert_eq!(health(&c), "pass", "scaled to zero on purpose");
}

#[test]
fn during_a_rolling_update_the_older_revision_serves() {
    let mut c = cluster();
    c.deployments =
        live(vec![Deployment { template: template("2.0"), revision: Some(2), updated: 1, replicas: 4, ..deployment() }]);
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
        c.deployments = live(vec![Deployment { conditions: vec![condition], ..deployment() }]);
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
    let steps = vec![Step::SetWeight(Weight::new(5.0)), Step::Pause(None), Step::SetWeight(Weight::new(20.0)), Step::Pause(None)];
    Rollout {
        meta: meta("cart", "u"),
        wanted: 3,
        paused: false,
        strategy: RolloutStrategy::Canary(CanarySpec {
            steps,
            canary_service: Some("cart-canary".into()),
            stable_service: Some("cart-stable".into()),
            router: Some("istio".into()),
            routing: Routing {
                routes: vec![RouteRef { kind: RouteKind::VirtualService, namespace: None, name: "cart".into(), rules: vec![] }],
                ..Routing::default()
            },
            max_weight: 100,
        }),
        observed_generation: Some(2),
        phase: RolloutPhase::Paused,
        message: None,
        aborted: false,
        promote_full: false,
        controller_pause: true,
        pauses: vec![("CanaryPauseStep".into(), None)],
        step: Some(3),
        stable_hash: Some("one".into()),
        current_hash: Some("two".into()),
        weight: None,
        replicas: 3,
        updated: 1,
        ready: 3,
        available: 3,
        conditions: vec![],
        template: template("2.0"),
        selector: [("app".into(), "cart".into())].into(),
    }
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
    assert_eq!(state(|r| r.observed_generation = Some(1)), "unknown the newest wanted state is not observed yet");
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
        r.phase = RolloutPhase::Healthy;
        r.stable_hash = Some("two".into());
    };
    assert_eq!(state(healthy), "done");
    let odd = |r: &mut Rollout| {
        r.pauses.clear();
        r.phase = RolloutPhase::Unknown("Odd".into());
    };
    assert_eq!(state(odd), "unknown Odd");
}
