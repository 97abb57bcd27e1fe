//! Tables: a world in a few words, and what each station makes of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        Arm, ArmMetrics, Binding, ClusterName, ClusterUpdate, Deployment, Job, Limits, Loaded, MetricKey, MetricsSettings,
        NoValue, Outcome, Phase, Placing, Policy, Problem, ProblemKind, ReplicaSet, RequiredChecks, Rollout, Run, RunKey,
        SourceUpdate, Template, Topology, Update, Workload, WorkloadKind, WorkloadRef, rows,
    },
    engine::Store,
};

const COMMIT: &str = "4be1c7a0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6";

fn now() -> Timestamp {
    Timestamp::from_second(1_773_134_400).unwrap()
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(s: &str) -> T {
    s.parse().unwrap()
}

/// A company of one cart (Deployment) and one payment (Rollout), of staging and a production in one cluster.
struct World {
    store: Store,
    topology: Arc<Topology>,
}

fn service(service: &str, kind: WorkloadKind) -> Service {
    Service {
        name: name(service),
        pipeline: Some(Binding {
            repo: name("acme/shop"),
            workflow: Some("ci.yml".into()),
            job: Some(format!("* ({service})").into()),
            paths: vec![],
            migrations: vec![],
            config: vec![],
            required: vec![],
            branch: "main".into(),
        }),
        workload: WorkloadRef { kind, name: service.into() },
        slo: Limits { errors: Some(0.01), p95: Some(0.4) },
        runbook: None,
        links: vec![],
        blue_green: None,
    }
}

impl World {
    /// Everything in order; payment 2 is a canary at 20 %, cart 1 runs everywhere.
    fn calm() -> Self {
        let environment = |n: &str, cluster: &str| Environment {
            name: name(n),
            policy: Policy::Production,
            readonly: false,
            timing: crate::domain::Timing::default(),
            clusters: vec![Placing { cluster: name(cluster), namespace: "shop".into() }],
        };
        let topology = Arc::new(Topology {
            environments: vec![environment("staging", "stg"), environment("production", "eu-1")],
            services: vec![service("cart", WorkloadKind::Deployment), service("payment", WorkloadKind::Rollout)],
            metrics: Some(MetricsSettings::single("plain", &[], jiff::SignedDuration::from_secs(15))),
            pipelines: true,
        });
        let mut world = Self { store: Store::new(topology.clone()), topology };
        for cluster in ["stg", "eu-1"] {
            let c: ClusterName = name(cluster);
            world.tell(SourceUpdate::Cluster(c.clone(), ClusterUpdate::Pods(Update::Replace(vec![]))));
            world.tell(SourceUpdate::Cluster(c.clone(), ClusterUpdate::Services(Update::Replace(vec![]))));
            world.tell(SourceUpdate::Cluster(c.clone(), ClusterUpdate::Endpoints(Update::Replace(vec![]))));
            world.tell(SourceUpdate::Cluster(c, ClusterUpdate::Deployments(Update::Replace(vec![deployment("1")]))));
        }
        world.sets("stg", &[("cart", "1"), ("payment", "2")]);
        world.sets("eu-1", &[("cart", "1"), ("payment", "1"), ("payment", "2")]);
        world.rollout("stg", rollout("2", "2"));
        world.rollout("eu-1", rollout("1", "2"));
        world.runs(vec![run(&[
            ("build (payment)", Phase::Done(Outcome::Success)),
            ("build (cart)", Phase::Done(Outcome::Failure)),
        ])]);
        world.tell(SourceUpdate::Metrics(Update::Replace(vec![
            figures("cart", Arm::Serving, 0.001),
            figures("payment", Arm::Serving, 0.002),
            figures("payment", Arm::Canary, 0.002),
            figures("payment", Arm::Baseline, 0.002),
        ])));
        world
    }

    fn tell(&mut self, update: SourceUpdate) -> &mut Self {
        self.store.fold(update, now());
        self
    }

    fn sets(&mut self, cluster: &str, sets: &[(&str, &str)]) -> &mut Self {
        let rows = sets.iter().map(|(of, version)| replica_set(of, version)).collect();
        self.tell(SourceUpdate::Cluster(name(cluster), ClusterUpdate::ReplicaSets(Update::Replace(rows))))
    }

    fn rollout(&mut self, cluster: &str, rollout: Rollout) -> &mut Self {
        self.tell(SourceUpdate::Cluster(name(cluster), ClusterUpdate::Rollouts(Update::Replace(vec![rollout]))))
    }

    fn runs(&mut self, runs: Vec<Run>) -> &mut Self {
        self.tell(SourceUpdate::Runs(name("acme/shop"), Update::Replace(runs)))
    }

    fn figure(&mut self, row: ArmMetrics) -> &mut Self {
        self.tell(SourceUpdate::Metrics(Update::Upsert(row)))
    }

    /// `CI GO: #881 passed` of one station.
    fn says(&mut self, kind: StationKind) -> String {
        let s = self.store.snapshot(now());
        let station = s.verdict.station(kind).unwrap();
        let reason = station.worst().unwrap();
        let who = reason.service.as_ref().map(|x| format!("{x}: ")).unwrap_or_default();
        format!("{} {who}{}", station.verdict.map_or("–".to_owned(), |v| v.to_string()), reason.text)
    }

    fn verdict(&mut self) -> String {
        let s = self.store.snapshot(now());
        format!("{} {}", s.verdict.verdict, s.verdict.sentence)
    }
}

fn template(of: &str, version: &str) -> Template {
    Template { commit: Some(name(COMMIT)), ..rows::template(of, version) }
}

/// A workload whose uid is its name.
fn workload(of: &str, version: &str) -> Workload {
    Workload { meta: rows::meta(of, of), template: template(of, version), ..rows::workload(of, version) }
}

fn deployment(version: &str) -> Deployment {
    Deployment { workload: workload("cart", version), ..rows::deployment() }
}

fn replica_set(of: &str, version: &str) -> ReplicaSet {
    let revision = version.parse().unwrap();
    ReplicaSet {
        owner: Some(of.into()),
        hash: Some(version.into()),
        template: template(of, version),
        ..rows::replica_set(of, &format!("{of}-{version}"), revision, version, 3)
    }
}

/// A Rollout of payment whose stable and wanted versions are these; at 20 % where they differ.
fn rollout(stable: &str, current: &str) -> Rollout {
    let at_20 = rows::rollout("payment", stable, current);
    let pauses = at_20.pauses.iter().map(|(why, _)| (why.clone(), Some(now()))).collect();
    Rollout { workload: workload("payment", current), pauses, ..at_20 }
}

fn run(jobs: &[(&str, Phase)]) -> Run {
    let job = |(n, phase): &(&str, Phase)| Job {
        id: (*n).into(),
        name: (*n).into(),
        phase: phase.clone(),
        started: None,
        ended: None,
        steps: vec![],
        url: None,
    };
    Run {
        key: RunKey { repo: name("acme/shop"), id: "1".into(), attempt: 1 },
        number: 881,
        workflow: "ci.yml".into(),
        name: "CI".into(),
        title: "pay faster".into(),
        commit: Some(name(COMMIT)),
        branch: Some("main".into()),
        event: "push".into(),
        actor: None,
        phase: Phase::Done(Outcome::Success),
        created: now(),
        started: Some(now()),
        updated: now(),
        url: None,
        jobs: Loaded::Ok(jobs.iter().map(job).collect()),
        earlier: Loaded::NotAsked,
        gates: Loaded::NotAsked,
        reviews: Loaded::NotAsked,
        locks: Loaded::NotAsked,
    }
}

fn figures(service: &str, arm: Arm, errors: f64) -> ArmMetrics {
    let key = MetricKey { service: name(service), environment: name("production"), arm };
    ArmMetrics {
        errors: Ok(errors),
        p95: Ok(0.25),
        rps: Ok(50.0),
        requests: Ok(15_000.0),
        ..ArmMetrics::unknown(key, &NoValue::Empty)
    }
}

#[test]
fn a_calm_world_is_go_and_speaks_of_the_release_only() {
    let mut w = World::calm();
    assert_eq!(w.verdict(), "GO payment: every station that is configured says go");
    let s = w.store.snapshot(now());
    assert_eq!(s.verdict.scope, vec![name::<ServiceName>("payment")], "cart's failed job does not count: it is not on its way");
    assert_eq!(w.says(StationKind::Env), "GO payment: runs as wanted");
    assert_eq!(w.says(StationKind::Flags), "– flags are not part of this build yet");
}

#[test]
fn ci_says_what_the_required_jobs_of_the_commit_say() {
    use Phase::{Done, Queued, Running, Waiting};
    let ok = || Done(Outcome::Success);
    let skipped = || Done(Outcome::Skipped);
    for (jobs, want) in [
        (vec![("build (payment)", ok()), ("test (payment)", ok())], "GO payment: #881 passed"),
        (
            vec![("build (payment)", ok()), ("test (payment)", Done(Outcome::Failure))],
            "NO-GO payment: #881 test (payment) failed",
        ),
        (
            vec![("build (payment)", ok()), ("test (payment)", Done(Outcome::Cancelled))],
            "NO-GO payment: #881 test (payment) failed",
        ),
        (vec![("build (payment)", ok()), ("test (payment)", Running)], "HOLD payment: #881 test (payment) is running"),
        (vec![("build (payment)", ok()), ("test (payment)", Queued)], "HOLD payment: #881 test (payment) is running"),
        (vec![("deploy (payment)", Waiting)], "HOLD payment: #881 deploy (payment) waits for a decision"),
        (vec![("build (payment)", skipped())], "UNKNOWN payment: #881 left its jobs out: unchanged is not passed"),
        (vec![("build (cart)", ok())], "UNKNOWN payment: #881: no job of this run belongs to the service"),
        (vec![("build (payment)", Done(Outcome::Other("odd".into())))], "UNKNOWN payment: #881: build (payment): odd"),
    ] {
        assert_eq!(World::calm().runs(vec![run(&jobs)]).says(StationKind::Ci), want, "{jobs:?}");
    }
    let other = Run { commit: Some(name("aaaaaaa")), ..run(&[("build (payment)", ok())]) };
    assert_eq!(World::calm().runs(vec![other]).says(StationKind::Ci), "UNKNOWN payment: no run of commit 4be1c7a (2) is found");
    let flaky = Run { key: RunKey { attempt: 2, ..run(&[]).key }, ..run(&[("build (payment)", ok())]) };
    assert_eq!(World::calm().runs(vec![flaky]).says(StationKind::Ci), "GO payment: #881 passed on attempt 2: flaky");
}

#[test]
fn the_rules_of_the_branch_say_which_jobs_are_required() {
    let jobs = [("build (payment)", Phase::Done(Outcome::Success)), ("lint (payment)", Phase::Done(Outcome::Failure))];
    let mut w = World::calm();
    w.runs(vec![run(&jobs)]);
    assert_eq!(w.says(StationKind::Ci), "NO-GO payment: #881 lint (payment) failed", "without rules every job counts");
    let rules = RequiredChecks(vec!["build (payment)".into(), "build (cart)".into()]);
    w.tell(SourceUpdate::Required(name("acme/shop"), "main".into(), Some(rules)));
    assert_eq!(w.says(StationKind::Ci), "GO payment: #881 passed", "lint is optional, and cart's check is not payment's");
    let more = RequiredChecks(vec!["build (payment)".into(), "scan (payment)".into()]);
    w.tell(SourceUpdate::Required(name("acme/shop"), "main".into(), Some(more)));
    assert_eq!(w.says(StationKind::Ci), "UNKNOWN payment: #881: required check scan (payment) did not run");
}

#[test]
fn canary_compares_arms() {
    for (canary, baseline, want) in [
        (0.002, 0.002, "GO payment: canary errors 0.20 %, baseline 0.20 %, limit 1.00 %"),
        (0.04, 0.002, "NO-GO payment: canary errors 4.00 %, baseline 0.20 %, limit 1.00 %"),
        (0.05, 0.05, "HOLD payment: errors 5.00 % on the canary and 5.00 % on the baseline: the environment, not the canary"),
        (0.04, 0.012, "NO-GO payment: canary errors 4.00 %, baseline 1.20 %, limit 1.00 %"),
        (0.015, 0.009, "HOLD payment: canary errors 1.50 % is over 1.00 %, but not clearly worse than the baseline (0.90 %)"),
        (0.002, 0.03, "HOLD payment: baseline errors 3.00 % is over 1.00 %: the environment, not the canary"),
    ] {
        let mut w = World::calm();
        w.figure(figures("payment", Arm::Canary, canary)).figure(figures("payment", Arm::Baseline, baseline));
        assert_eq!(w.says(StationKind::Canary), want);
    }
}

#[test]
fn what_is_not_measured_is_unknown_and_never_zero() {
    for no in [
        NoValue::Empty,
        NoValue::NotFinite,
        NoValue::Several { count: 2 },
        NoValue::Stale { newest: now() },
        NoValue::Warned { warning: "partial".into() },
        NoValue::Down { problem: "refused".into() },
    ] {
        for arm in [Arm::Canary, Arm::Baseline] {
            let mut w = World::calm();
            w.figure(ArmMetrics { errors: Err(no.clone()), ..figures("payment", arm, 0.0) });
            assert!(w.says(StationKind::Canary).starts_with("UNKNOWN payment: "), "{no:?} {arm:?}");
            assert!(w.verdict().starts_with("UNKNOWN"), "{no:?} {arm:?}");
        }
    }
    let mut w = World::calm();
    w.figure(ArmMetrics { requests: Ok(99.0), ..figures("payment", Arm::Canary, 0.0) });
    assert_eq!(w.says(StationKind::Canary), "UNKNOWN payment: canary has 99 requests in 5 minutes, 100 are needed");
}

#[test]
fn without_metrics_a_canary_is_not_judged_and_what_else_is_known_of_it_counts() {
    let of = |change: fn(&mut Rollout), require: &[StationKind]| {
        let mut w = World::calm();
        let mut r = rollout("1", "2");
        change(&mut r);
        w.rollout("eu-1", r);
        let mut s = (*w.store.snapshot(now())).clone();
        s.topology = Arc::new(Topology { metrics: None, ..(*w.topology).clone() });
        let report = report(&s, &Question { require: require.to_vec(), ..Question::default() });
        let station = report.station(StationKind::Canary).unwrap();
        (station.verdict, report.verdict, station.worst().unwrap().text.to_string())
    };
    let said = "a canary is under way and no metrics are configured: [metrics] prometheus = \"https://…\"";
    assert_eq!(of(|_| (), &[]), (None, Verdict::Go, said.to_owned()), "what is not configured does not count");
    let (station, all, why) = of(|_| (), &[StationKind::Canary]);
    assert_eq!((station, all), (Some(Verdict::Unknown), Verdict::Unknown), "unless it is asked for: {why}");
    let (station, _, why) = of(|r| r.aborted = true, &[]);
    assert_eq!((station, why.as_str()), (Some(Verdict::Hold), "the canary was aborted: aborted"));
}

#[test]
fn env_says_what_the_workloads_say() {
    let with = |change: fn(&mut Rollout)| {
        let mut r = rollout("1", "2");
        change(&mut r);
        World::calm().rollout("eu-1", r).says(StationKind::Env)
    };
    assert_eq!(with(|_| ()), "GO payment: runs as wanted", "a canary that waits at a step of its plan does not hold");
    assert_eq!(with(|r| r.pauses.clear()), "HOLD payment: eu-1: waiting for rollout to unpause");
    assert_eq!(with(|r| r.paused = true), "HOLD payment: eu-1: paused: manually paused");
    assert_eq!(
        with(|r| r.workload.observed_generation = None),
        "UNKNOWN payment: eu-1: the newest wanted state is not observed yet"
    );
    assert_eq!(with(|r| r.aborted = true), "HOLD payment: eu-1: aborted, the wanted version does not run: aborted");
    assert_eq!(with(|r| r.workload.available = 2), "HOLD payment: eu-1: 2 of 3 pods available");
}

#[test]
fn a_source_in_trouble_is_unknown_with_its_reason_and_since_when() {
    let problem = || Problem::new(ProblemKind::Unreachable, "connection refused");
    let mut w = World::calm();
    w.tell(SourceUpdate::Cluster(name("eu-1"), ClusterUpdate::Rollouts(Update::Trouble(problem()))));
    assert_eq!(w.verdict(), "UNKNOWN payment: eu-1: connection refused");
    let mut w = World::calm();
    w.tell(SourceUpdate::Metrics(Update::Trouble(problem())));
    assert_eq!(w.verdict(), "UNKNOWN payment: metrics: connection refused (since 09:20:00Z)");
    let mut w = World::calm();
    w.tell(SourceUpdate::Runs(name("acme/shop"), Update::Trouble(problem())));
    assert_eq!(w.verdict(), "UNKNOWN payment: runs of acme/shop: connection refused (since 09:20:00Z)");
    let mut w = World { store: Store::new(World::calm().topology), topology: World::calm().topology };
    assert!(w.verdict().starts_with("UNKNOWN"), "before the first answer");
}

#[test]
fn required_stations_must_be_configured_and_another_version_is_not_the_one() {
    let mut w = World::calm();
    let s = w.store.snapshot(now());
    let q = Question { require: vec![StationKind::Flags], ..Question::default() };
    assert_eq!(report(&s, &q).verdict, Verdict::Unknown);
    assert_eq!(report(&s, &Question { require: vec![StationKind::Ci], ..Question::default() }).verdict, Verdict::Go);
    assert_eq!(report(&s, &Question { to: Some("2".into()), ..Question::default() }).verdict, Verdict::Go);
    let r = report(&s, &Question { to: Some("3".into()), ..Question::default() });
    assert_eq!(r.sentence.as_str(), "payment: 3 was asked for, and 2 is what would arrive");
    assert_eq!(r.verdict, Verdict::Unknown);
}

#[test]
fn with_nothing_on_its_way_the_environment_still_counts() {
    let mut w = World::calm();
    w.rollout("eu-1", rollout("2", "2")).sets("eu-1", &[("cart", "1"), ("payment", "2")]);
    assert_eq!(w.verdict(), "GO nothing is on its way; every station that is configured says go");
    w.figure(figures("cart", Arm::Serving, 0.2));
    w.tell(SourceUpdate::Metrics(Update::Remove(figures("payment", Arm::Baseline, 0.0).key)));
    assert_eq!(w.verdict(), "NO-GO cart: the serving version has errors 20.00 % in production, limit 1.00 %");
}

mod delegated;
mod route;

#[test]
fn window_is_open_closed_or_frozen_and_without_one_it_does_not_count() {
    use crate::domain::{Freeze, Timing, Window};
    let mut w = World::calm();
    assert!(w.says(StationKind::Window).starts_with("– no window is configured"));
    let window = |text: &str| Timing { window: Window::parse(text, |_| Some(jiff::tz::TimeZone::UTC)), freezes: vec![] };
    let freeze = Freeze { from: Timestamp::UNIX_EPOCH, to: Timestamp::MAX, reason: "sale".into() };
    // The time of these tests is a Tuesday, 09:20.
    for (timing, want) in [
        (window("Tue 09:00-16:00 UTC"), "GO open: Tue 09:00-16:00 UTC"),
        (window("Tue 10:00-16:00 UTC"), "HOLD closed: Tue 10:00-16:00 UTC; opens Tue 10 Mar 10:00 UTC"),
        (Timing { window: None, freezes: vec![freeze] }, "NO-GO frozen until"),
        (Timing { window: Window::parse("Tue 09:00-16:00 Mars/Base", |_| None), freezes: vec![] }, "UNKNOWN"),
    ] {
        let mut topology = (*w.topology).clone();
        topology.environments[1].timing = timing;
        let mut s = (*w.store.snapshot(now())).clone();
        s.topology = Arc::new(topology);
        let station = report(&s, &Question::default()).station(StationKind::Window).cloned().unwrap();
        let said = format!("{} {}", station.verdict.unwrap(), station.worst().unwrap().text);
        assert!(said.starts_with(want), "{said}");
    }
}
