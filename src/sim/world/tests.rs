use super::{pipelines::State, traffic::Arm, *};

fn world(scenario: Scenario) -> World {
    World::new(Params { scenario, ..Params::default() })
}

#[test]
fn t0_is_the_tuesday_of_the_design() {
    assert_eq!(T0.to_string(), "2026-03-10T09:00:00Z");
    assert_eq!(T0.in_tz("Europe/Berlin").unwrap().to_string(), "2026-03-10T10:00:00+01:00[Europe/Berlin]");
}

#[test]
fn the_plan_counts_the_pods_of_the_catalogue() {
    let payment = catalogue::find(release::SERVICE).unwrap();
    assert_eq!(payment.replicas, release::REPLICAS);
    assert_eq!((payment.production, payment.staging), (release::STABLE, release::CANARY));
}

#[test]
fn only_payment_differs_between_staging_and_production() {
    let differing: Vec<_> = SERVICES.iter().filter(|s| s.staging != s.production).map(|s| s.name).collect();
    assert_eq!(differing, ["payment"]);
}

#[test]
fn weights_follow_the_script_until_somebody_changes_them() {
    let mut w = world(Scenario::Calm);
    let at = |w: &World, m: f64| [Cluster::Stg, Cluster::Eu1, Cluster::Us1].map(|c| w.weight("payment", c, w.instant(m)));
    for (minute, weight) in [(-5.0, 0), (3.9, 0), (4.0, 5), (9.9, 5), (10.0, 20), (600.0, 20)] {
        assert_eq!(at(&w, minute), [0, weight, weight], "minute {minute}");
    }
    let position = release::Position { minute: 8.0, weight: 0, phase: release::Phase::Aborted, ..release::SCRIPT[0] };
    w.note(Note::Position(Move { service: "payment".into(), cluster: Cluster::Eu1, position }));
    assert_eq!(at(&w, 20.0), [0, 0, 20]);
    assert_eq!(at(&w, 7.0), [0, 5, 5]);
}

#[test]
fn levels_by_scenario() {
    let payment = catalogue::find("payment").unwrap();
    // scenario, minute, (canary errors, stable errors) within a fifth, canary p95 within a tenth
    let table = [
        (Scenario::Calm, 20.0, (0.002, 0.002), 260.0),
        (Scenario::CanaryRegression, 11.9, (0.002, 0.002), 260.0),
        (Scenario::CanaryRegression, 12.1, (0.04, 0.002), 520.0),
        (Scenario::ErrorSpike, 14.9, (0.002, 0.002), 260.0),
        (Scenario::ErrorSpike, 20.0, (0.05, 0.05), 325.0),
        (Scenario::ErrorSpike, 41.0, (0.002, 0.002), 260.0),
    ];
    for (scenario, minute, (canary, stable), p95) in table {
        let w = world(scenario);
        for cluster in Environment::Production.clusters() {
            let load = |arm| w.load(payment, *cluster, arm, w.instant(minute));
            assert!((load(Arm::Canary).errors / canary - 1.0).abs() < 0.21, "{scenario} {minute}");
            assert!((load(Arm::Stable).errors / stable - 1.0).abs() < 0.21, "{scenario} {minute}");
            assert!((load(Arm::Canary).p95 / p95 - 1.0).abs() < 0.08, "{scenario} {minute}");
        }
    }
}

#[test]
fn counters_are_the_integrals_of_the_rates() {
    let w = world(Scenario::CanaryRegression);
    let payment = catalogue::find("payment").unwrap();
    for arm in Arm::ALL {
        let (mut requests, mut errors) = (0.0, 0.0);
        for tenth in 50..250 {
            let load = w.load(payment, Cluster::Eu1, arm, w.instant(f64::from(tenth) / 10.0 + 0.05));
            requests += load.rps * 6.0;
            errors += load.rps * load.errors * 6.0;
        }
        let span = |f: &dyn Fn(Timestamp) -> f64| f(w.instant(25.0)) - f(w.instant(5.0));
        let counted = span(&|t| w.requests_total(payment, Cluster::Eu1, arm, t));
        assert!((counted / requests - 1.0).abs() < 0.001, "{counted} {requests}");
        let counted = span(&|t| w.errors_total(payment, Cluster::Eu1, arm, t));
        assert!((counted / errors - 1.0).abs() < 0.01, "{counted} {errors}");
    }
}

#[test]
fn buckets_grow_with_their_bound_and_with_time() {
    let w = world(Scenario::CanaryRegression);
    let payment = catalogue::find("payment").unwrap();
    let les = [5.0, 50.0, 250.0, 520.0, 1000.0, f64::INFINITY];
    let at = |m: f64| les.map(|le| w.bucket_total(payment, Cluster::Us1, Arm::Canary, le, w.instant(m)));
    for minute in 10..30 {
        let (now, next) = (at(f64::from(minute)), at(f64::from(minute + 1)));
        assert!(now.windows(2).all(|p| p[0] <= p[1]), "{now:?}");
        assert!(now.iter().zip(next).all(|(a, b)| *a < b), "{now:?} {next:?}");
    }
    let (from, to) = (at(20.0), at(25.0));
    let share = (to[3] - from[3]) / (to[5] - from[5]);
    assert!((share - 0.95).abs() < 0.01, "p95 of the sick canary is 520 ms: {share}");
    let total = w.requests_total(payment, Cluster::Us1, Arm::Canary, w.instant(25.0));
    assert!((at(25.0)[5] / total - 1.0).abs() < 1e-9);
}

#[test]
fn metrics_stop_at_minute_ten_when_stale() {
    let (stale, calm) = (world(Scenario::StaleMetrics), world(Scenario::Calm));
    for (minute, end) in [(5.0, 5.0), (10.0, 10.0), (20.0, 10.0)] {
        assert_eq!(stale.metrics_end(stale.instant(minute)), stale.instant(end));
        assert_eq!(calm.metrics_end(calm.instant(minute)), calm.instant(minute));
    }
}

#[test]
fn runs_at_minute_twenty() {
    let w = world(Scenario::Calm);
    let runs = w.runs(w.instant(20.0));
    let state = |service: &str| runs.iter().find(|r| r.services.contains(&service)).map(|r| r.state);
    let table = [
        ("payment", State::Success),
        // Behind the run before it, which holds the lock.
        ("order", State::Pending),
        ("user", State::Failure),
        ("shipping", State::Waiting),
        ("cart", State::InProgress),
        ("notification", State::Success),
    ];
    for (service, expected) in table {
        assert_eq!(state(service), Some(expected), "{service}");
    }
    let payment = runs.iter().find(|r| r.number == 881).unwrap();
    assert_eq!(payment.sha, w.commit("payment", "4.2.0"));
    assert_eq!(
        payment.jobs.iter().map(|j| j.name.as_str()).collect::<Vec<_>>(),
        ["build (payment)", "test (payment)", "deploy-dev (payment)", "deploy-staging (payment)"]
    );
    assert!(runs.iter().all(|r| r.created <= 20.0 && r.updated <= 20.0), "nothing comes from the future");
}

#[test]
fn every_version_that_runs_somewhere_has_a_run_of_its_commit() {
    for seed in [1, 2, 77] {
        let w = World::new(Params { seed, ..Params::default() });
        let now = w.instant(20.0);
        let runs = w.runs(now);
        for (service, cluster) in SERVICES.iter().flat_map(|s| Cluster::ALL.map(|c| (s, c))) {
            for set in w.sets(service, cluster, w.minutes(now)).iter().filter(|set| set.replicas() > 0) {
                let sha = w.commit(service.name, &set.version);
                let of = |r: &&pipelines::Run| r.sha == sha && r.workflow == service.workflow() && r.event == "push";
                let run = runs.iter().find(of).unwrap_or_else(|| panic!("a run of {} {}", service.name, set.version));
                assert_eq!((run.repository, run.services.as_slice()), (service.repository(), &[service.name][..]));
                let scripted = match service.name {
                    "order" if set.version == "7.0.4" => State::InProgress,
                    "shipping" if set.version == "1.4.2" => State::Waiting,
                    _ => State::Success,
                };
                assert_eq!(run.state, scripted, "{} {}", service.name, set.version);
            }
        }
        let mut known: Vec<_> = runs.iter().map(|r| r.id).collect();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), runs.len(), "ids are unique");
        for repository in ["acme/shop", "acme/notify", "acme/media"] {
            let numbers = runs.iter().filter(|r| r.repository == repository && r.name != "nightly").map(|r| r.number);
            let numbers: Vec<_> = numbers.collect();
            assert!(numbers.windows(2).all(|pair| pair[0] > pair[1]), "numbers fall with age: {numbers:?}");
        }
    }
}

#[test]
fn the_canary_has_its_own_pods() {
    let w = world(Scenario::Calm);
    let payment = catalogue::find("payment").unwrap();
    let arms = |minute: f64| {
        let pods = w.pods(payment, Cluster::Eu1, minute);
        Arm::ALL.map(|arm| pods.iter().filter(|p| p.arm == Some(arm) && p.ready).count())
    };
    assert_eq!(arms(0.0), [5, 0]);
    assert_eq!(arms(3.02), [5, 0]);
    assert_eq!(arms(4.0), [5, 1]);
    assert_eq!(arms(20.0), [5, 1]);
    let names: std::collections::BTreeSet<_> =
        SERVICES.iter().flat_map(|s| w.pods(s, Cluster::Eu1, 20.0)).map(|p| p.ip).collect();
    let pods: usize = SERVICES.iter().map(|s| w.pods(s, Cluster::Eu1, 20.0).len()).sum();
    assert_eq!(names.len(), pods, "addresses are unique");
}

#[test]
fn another_seed_is_another_world() {
    let (one, two) = (world(Scenario::Calm), World::new(Params { seed: 2, ..Params::default() }));
    assert_ne!(one.commit("payment", "4.2.0"), two.commit("payment", "4.2.0"));
    assert_ne!(one.hash("payment", Cluster::Eu1, "4.2.0"), two.hash("payment", Cluster::Eu1, "4.2.0"));
}
