//! The plan matrix: every action x {ok, stale, aborted already, read-only, nothing under way, changed, refused}.

use std::sync::Arc;

use jiff::Timestamp;
use strum::IntoEnumIterator;

use super::*;
use crate::{
    action::Target,
    domain::{
        BodyKind, ClusterUpdate, Environment, Guarantee, Limits, Method, Placing, ProblemKind, Rollout, RolloutPhase,
        SourceUpdate, Topology, Update, WorkloadRef, rows,
    },
    engine::Store,
};

fn topology(readonly: bool, policy: Policy, kind: WorkloadKind) -> Arc<Topology> {
    let placing = |c: &str| Placing { cluster: c.parse().unwrap(), namespace: "shop".into() };
    Arc::new(Topology {
        environments: vec![Environment {
            name: "production".parse().unwrap(),
            policy,
            readonly,
            clusters: vec![placing("eu-1"), placing("us-1")],
        }],
        services: vec![Service {
            name: "payment".parse().unwrap(),
            pipeline: None,
            workload: WorkloadRef { kind, name: "payment".into() },
            slo: Limits::default(),
            runbook: None,
            links: vec![],
            blue_green: None,
        }],
        metrics: None,
        pipelines: false,
    })
}

fn rollout() -> Rollout {
    rows::rollout("payment", "a", "b")
}

fn world(topology: Arc<Topology>, rollout: &Rollout) -> Arc<Snapshot> {
    let mut store = Store::new(topology);
    for cluster in ["eu-1", "us-1"] {
        let cluster: crate::domain::ClusterName = cluster.parse().unwrap();
        store.fold(
            SourceUpdate::Cluster(cluster, ClusterUpdate::Rollouts(Update::Replace(vec![rollout.clone()]))),
            Timestamp::UNIX_EPOCH,
        );
    }
    store.snapshot(Timestamp::UNIX_EPOCH)
}

fn action(verb: Verb) -> Action {
    verb.on(Target::new("payment".parse().unwrap(), "production".parse().unwrap()))
}

fn looked(settled: Settled, dry_run: Result<Receipt, Problem>) -> Looked {
    Looked {
        seen: Seen::deployment(&rows::deployment()),
        settled,
        requests: vec![Request {
            verb: Method::Patch,
            path: "/x".into(),
            content_type: BodyKind::MergePatch,
            body: serde_json::json!({}),
            guard: Guarantee::Guarded,
            marked: true,
            by_hand: "kubectl".into(),
        }],
        dry_run,
    }
}

/// What a server says that takes the change.
const OK: Result<Receipt, Problem> = Ok(Receipt { status: 200, resource_version: None });

/// Plans to the end, answering every question with `looked`.
fn run(verb: Verb, s: &Snapshot, guard: Guard, answer: &Result<Looked, Problem>) -> Result<Plan, Refusal> {
    match plan(&action(verb), s, guard, &[])? {
        Planned::Plan(_) => panic!("a plan without a look at the object"),
        Planned::Need(questions) => {
            let answers: Vec<Answer> =
                questions.into_iter().map(|question| Answer { question, looked: answer.clone() }).collect();
            match plan(&action(verb), s, guard, &answers)? {
                Planned::Plan(plan) => Ok(*plan),
                Planned::Need(_) => panic!("asked twice"),
            }
        }
    }
}

fn refused(verb: Verb, s: &Snapshot, guard: Guard, answer: &Result<Looked, Problem>) -> (String, u8) {
    let refusal = run(verb, s, guard, answer).unwrap_err();
    (refusal.why.to_string(), refusal.exit.code())
}

#[test]
fn ok_is_a_plan_over_every_cluster_and_going_back_is_never_above_tier_2() {
    for verb in Verb::iter() {
        for (policy, tier) in [(Policy::Open, 1), (Policy::Production, 2)] {
            let s = world(topology(false, policy, WorkloadKind::Rollout), &rollout());
            let plan = run(verb, &s, Guard::default(), &Ok(looked(Settled::NotYet("".into()), OK))).unwrap();
            assert_eq!(plan.moves().len(), 2, "{verb:?}");
            assert_eq!(plan.consent().tier(), tier, "{verb:?}: two clusters, and still");
            assert_eq!(plan.guarantee(), Guarantee::Guarded);
            assert_eq!(plan.place().as_str(), "production · eu-1 us-1");
        }
    }
}

#[test]
fn stale_data_does_not_stop_what_goes_back() {
    let mut store = Store::new(topology(false, Policy::Production, WorkloadKind::Rollout));
    for cluster in ["eu-1", "us-1"] {
        let cluster: crate::domain::ClusterName = cluster.parse().unwrap();
        store.fold(
            SourceUpdate::Cluster(cluster.clone(), ClusterUpdate::Rollouts(Update::Replace(vec![rollout()]))),
            Timestamp::UNIX_EPOCH,
        );
        let trouble = Update::Trouble(Problem::new(ProblemKind::Timeout, "10 s"));
        store.fold(SourceUpdate::Cluster(cluster, ClusterUpdate::Rollouts(trouble)), Timestamp::UNIX_EPOCH);
    }
    let s = store.snapshot(Timestamp::UNIX_EPOCH);
    for verb in Verb::iter().filter(|v| v.goes_back()) {
        run(verb, &s, Guard::default(), &Ok(looked(Settled::NotYet("".into()), OK))).unwrap();
    }
}

#[test]
fn read_only_refuses_everything_from_either_side() {
    for verb in Verb::iter() {
        let s = world(topology(false, Policy::Open, WorkloadKind::Rollout), &rollout());
        let answer = Ok(looked(Settled::NotYet("".into()), OK));
        assert_eq!(
            refused(verb, &s, Guard { read_only: true }, &answer),
            ("read-only: nothing is changed from here".to_owned(), 3)
        );
        let s = world(topology(true, Policy::Open, WorkloadKind::Rollout), &rollout());
        assert_eq!(refused(verb, &s, Guard::default(), &answer), ("production is read-only by configuration".to_owned(), 3));
    }
}

#[test]
fn what_is_not_under_way_cannot_be_stopped() {
    let done = Rollout {
        stable_hash: Some("b".into()),
        pauses: vec![],
        phase: RolloutPhase::Healthy,
        controller_pause: false,
        ..rollout()
    };
    for (rollout, want) in [(done, 3), (Rollout { aborted: true, ..rollout() }, 3)] {
        for verb in Verb::iter() {
            let s = world(topology(false, Policy::Open, WorkloadKind::Rollout), &rollout);
            let (why, exit) = refused(verb, &s, Guard::default(), &Ok(looked(Settled::Reached, OK)));
            assert_eq!((why.as_str(), exit), ("no rollout of payment is under way in production", want), "{verb:?}");
        }
    }
}

#[test]
fn done_already_is_success_and_says_so() {
    let s = world(topology(false, Policy::Open, WorkloadKind::Rollout), &rollout());
    assert_eq!(
        refused(Verb::Abort, &s, Guard::default(), &Ok(looked(Settled::Reached, OK))),
        ("payment is aborted already".to_owned(), 0)
    );
}

#[test]
fn what_the_server_refuses_is_refused_with_its_exit_code() {
    let s = world(topology(false, Policy::Open, WorkloadKind::Rollout), &rollout());
    for (kind, exit) in [(ProblemKind::Conflict, 5), (ProblemKind::Forbidden, 1), (ProblemKind::Invalid, 1)] {
        for verb in Verb::iter() {
            let dry_run = Err(Problem::new(kind, "no"));
            let answer = Ok(looked(Settled::NotYet("".into()), dry_run));
            assert_eq!(refused(verb, &s, Guard::default(), &answer).1, exit, "{kind:?}");
        }
    }
    let unreachable = Err(Problem::new(ProblemKind::Timeout, "10 s"));
    assert_eq!(refused(Verb::Abort, &s, Guard::default(), &unreachable).1, 4, "what cannot be read cannot be bound to");
    let late = Ok(looked(Settled::NotYet("".into()), Err(Problem::new(ProblemKind::Timeout, "10 s"))));
    run(Verb::Abort, &s, Guard::default(), &late).expect("a dry run that cannot be had does not stop an abort");
}

#[test]
fn names_that_nobody_knows_are_usage_errors_that_list_the_known_ones() {
    let s = world(topology(false, Policy::Open, WorkloadKind::Rollout), &rollout());
    let wrong = Action::Abort(Target::new("pay".parse().unwrap(), "production".parse().unwrap()));
    let refusal = plan(&wrong, &s, Guard::default(), &[]).unwrap_err();
    assert_eq!((refusal.exit.code(), refusal.hint.unwrap().as_str()), (2, "known: payment"));
    let s = world(topology(false, Policy::Open, WorkloadKind::Deployment), &rollout());
    let refusal = plan(&action(Verb::Abort), &s, Guard::default(), &[]).unwrap_err();
    assert_eq!(refusal.why.as_str(), "payment is a plain Deployment: there is no canary to abort");
}
