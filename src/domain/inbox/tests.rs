use std::{collections::BTreeMap, sync::Arc};

use super::*;
use crate::domain::{
    BlueGreenSpec, CanarySpec, ClusterState, Environment, Feed, Limits, Policy, Topology, VerdictReport, Weight, WorkloadRef,
    rows,
};

fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + s).unwrap()
}

fn canary(steps: Vec<Step>) -> RolloutStrategy {
    RolloutStrategy::Canary(CanarySpec {
        steps,
        canary_service: None,
        stable_service: None,
        router: None,
        routing: crate::domain::Routing::default(),
        max_weight: 100,
        background: vec![],
    })
}

fn rollout(since: i64) -> Rollout {
    Rollout {
        strategy: canary(vec![Step::SetWeight(Weight::new(20.0)), Step::Pause(None)]),
        pauses: vec![("CanaryPauseStep".into(), Some(at(since)))],
        step: Some(1),
        weight: Some(Weight::new(20.0)),
        ..rows::rollout("payment", "one", "two")
    }
}

fn snapshot(rollouts: &[(&str, Option<Rollout>)]) -> Snapshot {
    let placing = |cluster: &str| Placing { cluster: cluster.parse().unwrap(), namespace: "shop".into() };
    let topology = Topology {
        environments: vec![Environment {
            name: "production".parse().unwrap(),
            policy: Policy::Production,
            readonly: false,
            timing: crate::domain::Timing::default(),
            clusters: rollouts.iter().map(|(cluster, _)| placing(cluster)).collect(),
        }],
        services: vec![Service {
            name: "payment".parse().unwrap(),
            pipeline: None,
            workload: WorkloadRef { kind: WorkloadKind::Rollout, name: "payment".into() },
            slo: Limits::default(),
            runbook: None,
            links: vec![],
            blue_green: None,
        }],
        metrics: None,
        pipelines: false,
    };
    let state = |r: &Option<Rollout>| {
        let rows: BTreeMap<_, _> = r.iter().map(|r| (r.workload.meta.key.clone(), r.clone())).collect();
        Arc::new(ClusterState { rollouts: Feed::Live { value: Arc::new(rows), at: at(0) }, ..ClusterState::default() })
    };
    Snapshot {
        at: at(100),
        topology: Arc::new(topology),
        focus: None,
        clusters: rollouts.iter().map(|(cluster, r)| (cluster.parse().unwrap(), state(r))).collect(),
        pipelines: Arc::default(),
        metrics: Feed::Waiting,
        placements: Arc::default(),
        verdict: Arc::new(VerdictReport::of(vec![], vec![])),
        events: Arc::default(),
        closely: vec![],
        settled: true,
    }
}

#[test]
fn one_wait_in_two_clusters_is_one_question_that_is_as_old_as_the_older() {
    let found = inbox(&snapshot(&[("eu-1", Some(rollout(5))), ("us-1", Some(rollout(3)))]));
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((one.kind, one.since, one.clusters.len(), one.commands.len()), (WaitingFor::Pause, Some(at(3)), 2, 2));
    assert_eq!(one.what.as_str(), "step 2 of 2 at 20 %");
    assert_eq!(one.commands[0].as_str(), "kubectl argo rollouts promote payment -n shop");
}

#[test]
fn only_what_needs_a_person_waits() {
    let kind = |change: fn(&mut Rollout)| {
        let mut r = rollout(0);
        change(&mut r);
        inbox(&snapshot(&[("eu-1", Some(r))])).first().map(|w| (w.kind, w.commands[0].to_string()))
    };
    let promote = || "kubectl argo rollouts promote payment -n shop".to_owned();
    assert_eq!(kind(|_| ()), Some((WaitingFor::Pause, promote())));
    let timed =
        |r: &mut Rollout| r.strategy = canary(vec![Step::Pause(None), Step::Pause(Some(jiff::SignedDuration::from_secs(60)))]);
    assert_eq!(kind(timed), None, "a pause with a duration ends by itself");
    assert_eq!(kind(|r| r.aborted = true), None);
    assert_eq!(kind(|r| r.workload.observed_generation = Some(1)), None, "the wait may be over");
    assert_eq!(kind(|r| r.pauses.clear()), None);
    assert_eq!(kind(|r| r.pauses[0].0 = "InconclusiveAnalysisRun".into()), Some((WaitingFor::Inconclusive, promote())));
    let by_hand = kind(|r| r.paused = true).unwrap();
    assert_eq!(by_hand.1, r#"kubectl patch rollout payment -n shop --type merge -p '{"spec":{"paused":false}}'"#);
    let blue_green = |auto_promotion| BlueGreenSpec {
        active_service: "payment".into(),
        preview_service: Some("payment-preview".into()),
        auto_promotion,
        auto_promotion_seconds: None,
        post_analysis: false,
    };
    for (auto, want) in [(false, Some(WaitingFor::Switch)), (true, None)] {
        let mut r = rollout(0);
        r.strategy = RolloutStrategy::BlueGreen(blue_green(auto));
        r.pauses[0].0 = "BlueGreenPause".into();
        assert_eq!(inbox(&snapshot(&[("eu-1", Some(r))])).first().map(|w| w.kind), want);
    }
    assert!(inbox(&snapshot(&[("eu-1", None)])).is_empty());
}

#[test]
fn what_is_read_from_a_source_in_trouble_is_left_out() {
    let mut s = snapshot(&[("eu-1", Some(rollout(0)))]);
    let state = s.clusters.values_mut().next().unwrap();
    Arc::make_mut(state).rollouts.trouble(at(1), crate::domain::Problem::new(crate::domain::ProblemKind::Timeout, "10 s"));
    assert!(inbox(&s).is_empty());
}
