//! What the controllers that own a delivery say, in the verdict.

use super::*;
use crate::domain::{
    AnalysisKind, AnalysisMetric, AnalysisPhase, AnalysisRun, FlaggerCanary, FlaggerGate, FlaggerGateKind, FlaggerPhase,
    Measurement, Weight,
};

/// A run beside the steps of payment 2, with one metric.
fn run_of(phase: AnalysisPhase, value: &str) -> AnalysisRun {
    let last = Measurement { phase: phase.clone(), value: Some(value.into()), message: None, at: None };
    let metric = AnalysisMetric {
        name: "error-rate".into(),
        phase: phase.clone(),
        dry_run: false,
        count: 1,
        wanted: None,
        successful: 0,
        failed: 1,
        failure_limit: 0,
        inconclusive: 0,
        errors: 0,
        success: Some("result[0] <= 0.05".into()),
        failure: Some("result[0] > 0.1".into()),
        message: None,
        last: Some(last.clone()),
        last_bad: Some(last),
    };
    AnalysisRun {
        meta: rows::meta("payment-2-2", "run"),
        owner: Some("payment".into()),
        kind: AnalysisKind::Background,
        step: None,
        hash: Some("2".into()),
        revision: Some(2),
        phase,
        message: None,
        started: None,
        completed: None,
        metrics: vec![metric],
    }
}

fn analysed(run: AnalysisRun, change: fn(&mut Rollout)) -> World {
    let mut w = World::calm();
    let mut r = rollout("1", "2");
    change(&mut r);
    w.rollout("eu-1", r);
    w.tell(SourceUpdate::Cluster(name("eu-1"), ClusterUpdate::AnalysisRuns(Update::Replace(vec![run]))));
    w
}

#[test]
fn an_analysis_counts_where_no_metrics_are_configured() {
    let mut w = analysed(run_of(AnalysisPhase::Failed, "[0.179]"), |_| ());
    let mut s = (*w.store.snapshot(now())).clone();
    s.topology = Arc::new(Topology { metrics: None, ..(*w.topology).clone() });
    assert_eq!(report(&s, &Question::default()).station(StationKind::Canary).unwrap().verdict, Some(Verdict::NoGo));
}

#[test]
fn an_analysis_that_failed_names_the_metric() {
    let says = |phase, value: &str, change: fn(&mut Rollout)| analysed(run_of(phase, value), change).says(StationKind::Canary);
    assert_eq!(
        says(AnalysisPhase::Failed, "[0.179]", |_| ()),
        "NO-GO payment: background analysis failed: error-rate 0.179, must be <= 0.05"
    );
    // Once it has stopped the rollout, users are served by the stable version.
    let stopped = analysed(run_of(AnalysisPhase::Failed, "[0.179]"), |r| r.aborted = true).says(StationKind::Canary);
    assert!(
        stopped.starts_with("HOLD payment: background analysis failed, and stopped the rollout: error-rate 0.179"),
        "{stopped}"
    );
    assert_eq!(
        says(AnalysisPhase::Inconclusive, "[0.07]", |_| ()),
        "HOLD payment: background analysis inconclusive: error-rate 0.07, neither <= 0.05 nor > 0.1"
    );
    let running = says(AnalysisPhase::Running, "[0.07]", |_| ());
    assert!(running.starts_with("GO payment: canary errors"), "what is under way says nothing yet: {running}");
    let mut old = run_of(AnalysisPhase::Failed, "[0.179]");
    old.hash = Some("0".into());
    let before = analysed(old, |_| ()).says(StationKind::Canary);
    assert!(before.starts_with("GO"), "what stopped an earlier revision is history: {before}");
}

/// Cart under Flagger: 1 serves from the primary, 2 is under test.
fn flagger(phase: &str, change: impl FnOnce(&mut FlaggerCanary)) -> World {
    let mut w = World::calm();
    let primary = Deployment { workload: workload("cart-primary", "1"), ..rows::deployment() };
    for d in [deployment("2"), primary] {
        w.tell(SourceUpdate::Cluster(name("eu-1"), ClusterUpdate::Deployments(Update::Upsert(d))));
    }
    let phase = FlaggerPhase::of(phase);
    let kind = FlaggerGateKind::ConfirmRollout;
    let mut canary = FlaggerCanary {
        meta: rows::meta("cart", "canary"),
        target_kind: "Deployment".into(),
        target: "cart".into(),
        apex: "cart".into(),
        provider: None,
        suspended: false,
        skip_analysis: false,
        interval: jiff::SignedDuration::from_secs(10),
        threshold: 5,
        steps: vec![Weight::new(50.0)],
        iterations: None,
        gates: vec![FlaggerGate { name: "go".into(), stand: kind.stand(&phase, false), kind }],
        metrics: vec![],
        phase,
        said: Weight::new(0.0),
        failed_checks: 5,
        iteration: 0,
        since: None,
        conditions: vec![],
    };
    change(&mut canary);
    w.tell(SourceUpdate::Cluster(name("eu-1"), ClusterUpdate::Canaries(Update::Replace(vec![canary]))));
    w
}

#[test]
fn a_delivery_by_flagger_is_judged_by_its_phase() {
    let of = |phase: &str, kind: StationKind| {
        let mut w = flagger(phase, |_| ());
        let s = w.store.snapshot(now());
        let q = Question { services: vec![name("cart")], ..Question::default() };
        let report = report(&s, &q);
        let reason = report.station(kind).unwrap().worst().unwrap().clone();
        format!("{} {}", reason.verdict, reason.text)
    };
    let (env, canary) = (StationKind::Env, StationKind::Canary);
    assert_eq!(of("Progressing", env), "GO runs as wanted", "that it goes on by its plan holds nobody up");
    assert_eq!(of("WaitingPromotion", env), "GO runs as wanted");
    assert_eq!(of("Failed", env), "HOLD eu-1: rolled back by Flagger, the wanted version does not run");
    assert_eq!(of("Failed", canary), "HOLD the canary was aborted: rolled back by Flagger after 5 of 5 failed checks");
    assert_eq!(of("Waiting", canary), "HOLD the canary gets no traffic yet: gate go (confirm-rollout) holds it");
    assert_eq!(of("Progressing", canary), "UNKNOWN canary and baseline are not measured yet", "and never a pass by silence");
}
