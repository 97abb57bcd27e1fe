//! The contract of the role Metrics on Prometheus: over scripted and faulty answers, and over the embedded world.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod scripted;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gonogo::{
    config::{PrometheusConnection, Secret},
    domain::{
        Arm, ArmMetrics, MetricKey, MetricTarget, MetricsSettings, NoValue, Problem, ProblemKind, SourceUpdate, Update,
        WorkloadKind, WorkloadRef,
    },
    engine::clock::Clock,
    provider::{
        prometheus::connect,
        role::{Metrics, Sink},
    },
    sim::{
        self, Params, Scenario,
        world::{Cluster, SERVICES, Service, traffic},
    },
};
use jiff::{SignedDuration, Timestamp};
use scripted::{Answer, Asked, Server};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

fn settings(preset: &str, labels: &[(&str, &str)]) -> MetricsSettings {
    MetricsSettings {
        preset: preset.into(),
        labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        scrape: SignedDuration::from_secs(15),
    }
}

fn target(service: &str, arm: Arm, hashes: Vec<String>) -> MetricTarget {
    MetricTarget {
        key: MetricKey { service: service.parse().unwrap(), environment: "production".parse().unwrap(), arm },
        clusters: vec!["eu-1".parse().unwrap(), "us-1".parse().unwrap()],
        namespaces: vec!["shop".into()],
        workload: WorkloadRef { kind: WorkloadKind::Rollout, name: service.into() },
        hashes: hashes.into_iter().map(Into::into).collect(),
        history: false,
    }
}

/// A watch under way.
struct Watch {
    clock: Clock,
    wanted: watch::Sender<Arc<Vec<MetricTarget>>>,
    updates: mpsc::Receiver<SourceUpdate>,
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    fn start(url: &str, token: Option<&str>, settings: MetricsSettings, targets: Vec<MetricTarget>, now: Timestamp) -> Self {
        let clock = Clock::standing(now);
        let connection = PrometheusConnection { url: url.into(), token: token.map(Secret::new) };
        let prometheus = connect(&connection, settings, Arc::new(clock.clone())).unwrap();
        let (wanted, receiver) = watch::channel(Arc::new(targets));
        let (sink, updates) = Sink::new();
        let task = tokio::spawn(async move { prometheus.watch(receiver, sink).await }).abort_handle();
        Self { clock, wanted, updates, task }
    }

    /// What a round tells.
    async fn round(&mut self) -> Update<ArmMetrics> {
        let Some(SourceUpdate::Metrics(update)) = self.updates.recv().await else { panic!("figures come first") };
        let Some(SourceUpdate::MetricsCovered(_)) = self.updates.recv().await else { panic!("then the end of the round") };
        update
    }

    async fn arms(&mut self) -> Vec<ArmMetrics> {
        match self.round().await {
            Update::Replace(arms) => arms,
            other => panic!("{other:?}"),
        }
    }

    async fn trouble(&mut self) -> Problem {
        match self.round().await {
            Update::Trouble(problem) => problem,
            other => panic!("{other:?}"),
        }
    }
}

fn vector(series: &str) -> Answer {
    Answer::json(format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#))
}

/// 300 requests, 6 of them bad, 80 ms, sampled 3 s ago.
fn healthy(asked: &Asked) -> Answer {
    match &asked.target {
        t if t.contains("increase") => {
            vector(r#"{"metric":{"code":"200"},"value":[1000,"294"]},{"metric":{"code":"503"},"value":[1000,"6"]}"#)
        }
        t if t.contains("quantile") => vector(r#"{"metric":{},"value":[1000,"0.08"]}"#),
        t if t.contains("timestamp") => vector(r#"{"metric":{},"value":[1000,"997"]}"#),
        t if t.contains("query=vector") => vector(r#"{"metric":{},"value":[1000,"1"]}"#),
        other => panic!("{other}"),
    }
}

const NOW: Timestamp = Timestamp::constant(1_000, 0);

#[tokio::test]
async fn figures_come_at_the_servers_own_time_with_three_requests_a_target() {
    let server = Server::start(healthy).await;
    // Our clock is a year off; nobody asks it.
    let off = Timestamp::constant(31_536_000, 0);
    let mut watch = Watch::start(
        &format!("{}/prom", server.base),
        Some("s3cret"),
        settings("plain", &[]),
        vec![target("cart", Arm::Serving, vec![])],
        off,
    );
    let arms = watch.arms().await;
    assert_eq!((&arms[0].errors, &arms[0].p95, &arms[0].rps, &arms[0].requests), (&Ok(0.02), &Ok(0.08), &Ok(1.0), &Ok(300.0)));
    let asked = server.asked();
    assert_eq!(asked.len(), 3, "{asked:#?}");
    for request in asked {
        assert!(request.target.starts_with("/prom/api/v1/query?query="), "{}", request.target);
        assert!(!request.target.contains("time="), "{}", request.target);
        assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(request.header("user-agent"), Some(concat!("gonogo/", env!("CARGO_PKG_VERSION"))));
    }
}

#[tokio::test]
async fn a_query_too_long_for_an_address_goes_by_post() {
    let server = Server::start(|asked| healthy(&Asked { target: asked.body.clone(), ..asked.clone() })).await;
    let hashes = (100_000..100_300).map(|n| n.to_string()).collect();
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Canary, hashes)], NOW);
    assert_eq!(watch.arms().await[0].errors, Ok(0.02));
    assert!(server.asked().iter().all(|a| a.method == "POST" && a.target == "/api/v1/query"));
}

#[tokio::test]
async fn a_canary_is_measured_every_5_seconds_and_others_every_15() {
    let server = Server::start(healthy).await;
    let serving = target("cart", Arm::Serving, vec![]);
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![serving.clone()], NOW);
    watch.arms().await;
    watch.wanted.send(Arc::new(vec![serving, target("cart", Arm::Canary, vec!["6d4cf56db6".into()])])).unwrap();
    assert_eq!(watch.arms().await.len(), 2, "a change of what is wanted is answered at once");
    server.asked();
    watch.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(watch.arms().await.len(), 2);
    assert_eq!(server.asked().len(), 6);
    watch.wanted.send(Arc::new(vec![target("cart", Arm::Serving, vec![])])).unwrap();
    assert_eq!(watch.arms().await.len(), 1);
    server.asked();
    watch.clock.advance(SignedDuration::from_secs(14));
    tokio::task::yield_now().await;
    assert_eq!(server.asked().len(), 0);
    watch.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(watch.arms().await.len(), 1);
}

#[tokio::test]
async fn a_dead_source_is_trouble_and_says_what_is_wrong() {
    let elsewhere = Server::start(healthy).await;
    let all: Vec<(Answer, ProblemKind, &str)> = vec![
        (Answer::json("<html>log in</html>"), ProblemKind::Unreadable, "HTML instead of JSON"),
        (Answer::status(401, ""), ProblemKind::Auth, "401"),
        (Answer::status(403, "no"), ProblemKind::Forbidden, "403"),
        (Answer::status(404, "404 page not found"), ProblemKind::NotFound, "404"),
        (Answer::status(429, "slow down"), ProblemKind::RateLimited, "429"),
        (Answer::status(503, "no healthy upstream"), ProblemKind::Server, "503"),
        (
            Answer::status(302, "").header("location", format!("{}/api/v1/query", elsewhere.base)),
            ProblemKind::Config,
            "elsewhere",
        ),
        (Answer::Cut, ProblemKind::Server, "cut"),
        (Answer::Closed, ProblemKind::Server, "cut"),
        (Answer::Endless, ProblemKind::Unreadable, "over 32 MiB"),
    ];
    for (answer, kind, what) in all {
        let shown = format!("{answer:?}");
        let server = Server::start(move |_| answer.clone()).await;
        let mut watch =
            Watch::start(&server.base, Some("s3cret"), settings("plain", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
        let problem = watch.trouble().await;
        assert_eq!(problem.kind, kind, "{shown}: {problem}");
        assert!(problem.what.as_str().contains(what), "{shown}: {problem}");
        assert!(!format!("{problem:?}").contains("s3cret"));
    }
    assert_eq!(elsewhere.asked().len(), 0, "the token reached another host");
    let gone = {
        let server = Server::start(healthy).await;
        server.base.clone()
    };
    let mut watch = Watch::start(&gone, None, settings("auto", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
    assert_eq!(watch.trouble().await.kind, ProblemKind::Unreachable);
}

#[tokio::test]
async fn one_bad_query_costs_one_figure_and_a_hiccup_costs_none() {
    let server = Server::start(|asked| match &asked.target {
        t if t.contains("quantile") => {
            Answer::status(422, r#"{"status":"error","errorType":"execution","error":"too many samples"}"#)
        }
        _ => healthy(asked),
    })
    .await;
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
    let arm = &watch.arms().await[0];
    assert_eq!(arm.errors, Ok(0.02));
    assert!(matches!(&arm.p95, Err(NoValue::Down { problem }) if problem.as_str().contains("too many samples")), "{arm:?}");

    let hiccups = AtomicUsize::new(0);
    let server = Server::start(move |asked| match hiccups.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => Answer::Cut,
        _ => healthy(asked),
    })
    .await;
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
    let arm = &watch.arms().await[0];
    assert_eq!((&arm.errors, &arm.p95), (&Ok(0.02), &Ok(0.08)));
}

#[tokio::test]
async fn warnings_several_series_and_numbers_that_are_none_are_no_figures() {
    let warned = r#"{"status":"success","warnings":["store eu-2 is away"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1000,"0.08"]}]}}"#;
    let all = [
        (Answer::json(warned), NoValue::Warned { warning: "store eu-2 is away".into() }),
        (
            vector(r#"{"metric":{"a":"1"},"value":[1000,"1"]},{"metric":{"a":"2"},"value":[1000,"1"]}"#),
            NoValue::Several { count: 2 },
        ),
        (vector(r#"{"metric":{},"value":[1000,"NaN"]}"#), NoValue::NotFinite),
        (vector(r#"{"metric":{},"value":[1000,"+Inf"]}"#), NoValue::NotFinite),
        (vector(""), NoValue::Empty),
    ];
    for (answer, want) in all {
        let server =
            Server::start(move |asked| if asked.target.contains("quantile") { answer.clone() } else { healthy(asked) }).await;
        let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
        let arm = &watch.arms().await[0];
        assert_eq!((&arm.errors, &arm.p95), (&Ok(0.02), &Err(want)));
    }
}

#[tokio::test]
async fn no_targets_are_still_proof_of_life_and_no_pods_are_no_data() {
    let server = Server::start(healthy).await;
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![], NOW);
    assert_eq!(watch.arms().await, []);
    assert_eq!(server.asked().len(), 1);
    watch.wanted.send(Arc::new(vec![target("cart", Arm::Canary, vec![])])).unwrap();
    assert_eq!(
        watch.arms().await[0].errors,
        Err(NoValue::Empty),
        "without pods there is no canary, and nothing of others is asked"
    );
}

/// The company at a minute, all of its services measured.
async fn company(scenario: Scenario, minute: i64) -> Vec<ArmMetrics> {
    let now = sim::T0.checked_add(SignedDuration::from_mins(minute)).unwrap();
    let params = Params { scenario, ..Params::default() };
    let sim = sim::start(params, Arc::new(move || now), None, None).await.unwrap();
    let world = sim.handle().state().world();
    let payment = SERVICES.iter().find(|s| s.name == "payment").unwrap();
    let hashes = |arm: traffic::Arm| {
        let of = |cluster| {
            world.sets(payment, cluster, now).into_iter().filter(|s| s.arm == Some(arm)).map(|s| s.hash).collect::<Vec<_>>()
        };
        [Cluster::Eu1, Cluster::Us1].into_iter().flat_map(of).collect::<Vec<_>>()
    };
    let serving = |s: &Service| {
        let mut target = target(s.name, Arm::Serving, vec![]);
        target.workload.name = s.workload().name.into();
        target
    };
    let mut targets: Vec<MetricTarget> = SERVICES.iter().map(serving).collect();
    targets.push(target("payment", Arm::Canary, hashes(traffic::Arm::Canary)));
    targets.push(target("payment", Arm::Baseline, hashes(traffic::Arm::Stable)));
    for target in &mut targets {
        target.history = target.key.service.as_str() == "payment";
    }
    let labels = [("cluster", "{cluster}"), ("environment", "{environment}")];
    let endpoints = sim.endpoints();
    let mut watch = Watch::start(&endpoints.prometheus, Some(&endpoints.token), settings("auto", &labels), targets, now);
    watch.arms().await
}

fn arm<'a>(arms: &'a [ArmMetrics], service: &str, arm: Arm) -> &'a ArmMetrics {
    arms.iter().find(|a| a.key.service.as_str() == service && a.key.arm == arm).unwrap()
}

#[tokio::test]
async fn the_company_in_order_has_all_its_figures() {
    let arms = company(Scenario::Calm, 20).await;
    for arm in &arms {
        assert!(arm.errors.as_ref().is_ok_and(|e| (0.0..0.01).contains(e)), "{arm:#?}");
        assert!(arm.p95.as_ref().is_ok_and(|p| (0.001..1.0).contains(p)), "{arm:#?}");
        assert!(arm.rps.as_ref().is_ok_and(|r| *r > 0.0), "{arm:#?}");
        assert!(arm.requests.as_ref().is_ok_and(|r| *r > 100.0), "{arm:#?}");
    }
    let (serving, canary, baseline) =
        (arm(&arms, "payment", Arm::Serving), arm(&arms, "payment", Arm::Canary), arm(&arms, "payment", Arm::Baseline));
    let rps = |a: &ArmMetrics| *a.rps.as_ref().unwrap();
    assert!((rps(canary) + rps(baseline) - rps(serving)).abs() < 0.01 * rps(serving), "arms add up to the whole");
    assert!((rps(canary) / rps(serving) - 0.2).abs() < 0.03, "the canary stands at 20 %: {}", rps(canary) / rps(serving));
    let history = canary.history.as_ref().expect("a graph");
    assert_eq!(history.errors.len(), 121);
    assert!(history.rps.last().is_some_and(|v| *v > 0.0), "{history:?}");
}

#[tokio::test]
async fn a_bad_canary_is_seen_and_the_baseline_is_not_blamed() {
    let arms = company(Scenario::CanaryRegression, 20).await;
    let (canary, baseline) = (arm(&arms, "payment", Arm::Canary), arm(&arms, "payment", Arm::Baseline));
    assert!(canary.errors.as_ref().is_ok_and(|e| (0.03..0.05).contains(e)), "{canary:#?}");
    assert!(baseline.errors.as_ref().is_ok_and(|e| *e < 0.005), "{baseline:#?}");
    let ratio = canary.p95.clone().unwrap() / baseline.p95.clone().unwrap();
    assert!((1.5..2.6).contains(&ratio), "{ratio}");
}

#[tokio::test]
async fn a_source_with_nothing_newer_is_stale_and_says_since_when() {
    let arms = company(Scenario::StaleMetrics, 20).await;
    let ten = sim::T0.checked_add(SignedDuration::from_mins(10)).unwrap();
    for arm in &arms {
        let Err(NoValue::Stale { newest }) = arm.errors else { panic!("{arm:#?}") };
        assert!(ten.duration_since(newest).abs() < SignedDuration::from_mins(1), "{newest}");
    }
}
