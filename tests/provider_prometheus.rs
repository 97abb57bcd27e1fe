//! The contract of the role Metrics on Prometheus: over scripted and faulty answers, and over the embedded world.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod scripted;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use gonogo::{
    config::{Address, ClusterConnection, PrometheusConnection, Secret},
    domain::{
        Arm, ArmMetrics, CounterSample, MetricKey, MetricTarget, MetricsSettings, NoValue, OwnQueries, Problem, ProblemKind,
        SourceSettings, SourceUpdate, Update, WorkloadKind, WorkloadRef,
    },
    engine::clock::Clock,
    provider::{
        http::{Carried, Carrier},
        kube,
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
    MetricsSettings::single(preset, labels, SignedDuration::from_secs(15))
}

fn target(service: &str, arm: Arm, hashes: Vec<String>) -> MetricTarget {
    MetricTarget {
        key: MetricKey { service: service.parse().unwrap(), environment: "production".parse().unwrap(), arm },
        clusters: vec!["eu-1".parse().unwrap(), "us-1".parse().unwrap()],
        namespaces: vec!["shop".into()],
        workload: WorkloadRef { kind: WorkloadKind::Rollout, name: service.into() },
        hashes: hashes.into_iter().map(Into::into).collect(),
        services: vec![],
        namesakes: vec![],
        routes: vec![],
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
        let address = Address::Url(url.into());
        let connection = PrometheusConnection { name: "prometheus".into(), address, token: token.map(Secret::new) };
        let prometheus = connect(&[(connection, None)], settings, Arc::new(clock.clone())).unwrap();
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

/// Rows of the targets `cart` and its canary, under the label by which they are brought home.
fn each(rows: &[(&str, &str)]) -> Answer {
    let row = |arm: &str, (labels, value): &(&str, &str)| {
        format!(r#"{{"metric":{{"arm":"{arm}","namespace":"shop"{labels}}},"value":[1000,"{value}"]}}"#)
    };
    let all: Vec<String> = ["cart", "cart/canary"].iter().flat_map(|arm| rows.iter().map(move |r| row(arm, r))).collect();
    vector(&all.join(","))
}

/// A source with the plain metrics: 300 requests, 6 of them bad, 80 ms, sampled 3 s ago.
fn healthy(asked: &Asked) -> Answer {
    match &asked.target {
        t if t.contains("__name__") => {
            let name = |name: &str| format!(r#"{{"metric":{{"__name__":"{name}"}},"value":[1000,"1"]}}"#);
            vector(&[name("http_requests_total"), name("http_request_duration_seconds_bucket")].join(","))
        }
        t if t.contains("increase") => each(&[(r#","code":"200""#, "294"), (r#","code":"503""#, "6")]),
        t if t.contains("quantile") => each(&[("", "0.08")]),
        t if t.contains("timestamp") => each(&[("", "997")]),
        t if t.contains("query=vector") => vector(r#"{"metric":{},"value":[1000,"1"]}"#),
        t if t.contains("query=count") => each(&[("", "1")]),
        other => panic!("{other}"),
    }
}

const NOW: Timestamp = Timestamp::constant(1_000, 0);

#[tokio::test]
async fn figures_come_at_the_servers_own_time_with_five_questions_for_all_targets() {
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
    // What there is, and for whom, once though two presets count by this name; then requests, three percentiles and the
    // newest sample.
    assert_eq!(asked.len(), 2 + 5, "{asked:#?}");
    assert_eq!((arms[0].preset.as_str(), &arms[0].p99), ("plain", &Ok(0.08)));
    for request in asked {
        assert!(request.target.starts_with("/prom/api/v1/query?query="), "{}", request.target);
        assert!(!request.target.contains("time="), "{}", request.target);
        assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(request.header("user-agent"), Some(concat!("gonogo/", env!("CARGO_PKG_VERSION"))));
    }
}

#[tokio::test]
async fn a_query_too_long_for_an_address_goes_by_post() {
    let server =
        Server::start(|asked| healthy(&Asked { target: format!("{}{}", asked.target, asked.body), ..asked.clone() })).await;
    let hashes = (100_000..100_300).map(|n| n.to_string()).collect();
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Canary, hashes)], NOW);
    assert_eq!(watch.arms().await[0].errors, Ok(0.02));
    let posted: Vec<Asked> = server.asked().into_iter().filter(|a| a.method == "POST").collect();
    assert_eq!(posted.len(), 5);
    assert!(posted.iter().all(|a| a.target == "/api/v1/query"));
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
    assert_eq!(server.asked().len(), 10, "serving workloads share queries, arms share others");
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

    let hiccups = Mutex::new(BTreeSet::new());
    let server = Server::start(move |asked| {
        let first = hiccups.lock().unwrap().insert(asked.target.clone());
        if first { Answer::Cut } else { healthy(asked) }
    })
    .await;
    let mut watch = Watch::start(&server.base, None, settings("plain", &[]), vec![target("cart", Arm::Serving, vec![])], NOW);
    let arm = &watch.arms().await[0];
    assert_eq!((&arm.errors, &arm.p95), (&Ok(0.02), &Ok(0.08)));
}

#[tokio::test]
async fn warnings_several_series_and_numbers_that_are_none_are_no_figures() {
    let warned = r#"{"status":"success","warnings":["store eu-2 is away"],"data":{"resultType":"vector","result":[{"metric":{"arm":"cart"},"value":[1000,"0.08"]}]}}"#;
    let all = [
        (Answer::json(warned), NoValue::Warned { warning: "store eu-2 is away".into() }),
        (
            vector(
                r#"{"metric":{"arm":"cart","a":"1"},"value":[1000,"1"]},{"metric":{"arm":"cart","a":"2"},"value":[1000,"1"]}"#,
            ),
            NoValue::Several { count: 2 },
        ),
        (vector(r#"{"metric":{"arm":"cart"},"value":[1000,"NaN"]}"#), NoValue::NotFinite),
        (vector(r#"{"metric":{"arm":"cart"},"value":[1000,"+Inf"]}"#), NoValue::NotFinite),
        (vector(r#"{"metric":{"arm":"basket"},"value":[1000,"0.08"]}"#), NoValue::Empty),
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

/// What a preset's source says: names, the labels of a row, and what the router in front says.
struct Recorded {
    preset: &'static str,
    names: &'static [&'static str],
    key: &'static str,
    good: &'static str,
    bad: &'static str,
    quantile: &'static str,
    edge: Option<(&'static str, &'static str)>,
}

const RECORDED: [Recorded; 5] = [
    Recorded {
        preset: "istio",
        names: &["istio_requests_total", "istio_request_duration_milliseconds_bucket", "http_requests_total"],
        key: r#""destination_workload_namespace":"shop","destination_workload":"cart""#,
        good: r#","response_code":"200","grpc_response_status":"0""#,
        bad: r#","response_code":"200","grpc_response_status":"14""#,
        quantile: "/ 1000",
        edge: Some((r#""destination_service_name":"cart","response_code":"503""#, "callers say 50.0 % 5xx, services say 2.0 %")),
    },
    Recorded {
        preset: "linkerd",
        names: &["response_total", "response_latency_ms_bucket"],
        key: r#""namespace":"shop","arm":"cart""#,
        good: r#","classification":"success""#,
        bad: r#","classification":"failure""#,
        quantile: "/ 1000",
        edge: None,
    },
    Recorded {
        preset: "native",
        names: &["http_request_duration_seconds"],
        key: r#""namespace":"shop","arm":"cart""#,
        good: r#","status_code":"404""#,
        bad: r#","status_code":"500""#,
        quantile: "histogram_quantile(0.",
        edge: None,
    },
    Recorded {
        preset: "traefik",
        names: &[
            "traefik_service_requests_total",
            "traefik_service_request_duration_seconds_bucket",
            "traefik_router_requests_total",
        ],
        key: r#""service":"shop-cart-http-80@kubernetesgateway""#,
        good: r#","code":"200""#,
        bad: r#","code":"502""#,
        quantile: "sum by (service, le) (",
        edge: Some((
            r#""router":"httproute-shop-shop-gw-infra-web-ep-web-0-1f@kubernetesgateway","code":"503""#,
            "router say 50.0 % 5xx, services say 2.0 %",
        )),
    },
    Recorded {
        preset: "ingress-nginx",
        names: &["nginx_ingress_controller_requests", "nginx_ingress_controller_request_duration_seconds_bucket"],
        key: r#""namespace":"shop","service":"cart""#,
        good: r#","status":"200""#,
        bad: r#","status":"504""#,
        quantile: "sum by (service, le) (",
        edge: None,
    },
];

/// The query of a request, decoded.
fn query(asked: &Asked) -> String {
    let text = if asked.method == "POST" { asked.body.clone() } else { asked.target.split_once('?').unwrap().1.to_owned() };
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().find(|(name, _)| name == "query").unwrap().1.into_owned()
}

#[tokio::test]
async fn auto_finds_the_preset_that_a_source_has_and_says_so() {
    for recorded in RECORDED {
        let server = Server::start(move |asked| {
            let row = |labels: &str, value: &str| format!(r#"{{"metric":{{{labels}}},"value":[1000,"{value}"]}}"#);
            let key = recorded.key;
            match query(asked) {
                q if q.contains("__name__") => {
                    let names: Vec<String> = recorded.names.iter().map(|n| row(&format!(r#""__name__":"{n}""#), "1")).collect();
                    vector(&names.join(","))
                }
                q if q.contains("reporter=~") || q.contains("_router_") => {
                    let (labels, _) = recorded.edge.unwrap();
                    let fine = labels.replace("503", "200");
                    vector(&[row(labels, "150"), row(&fine, "150")].join(","))
                }
                q if q.contains("increase") => vector(
                    &[row(&format!("{key}{}", recorded.good), "294"), row(&format!("{key}{}", recorded.bad), "6")].join(","),
                ),
                q if q.contains("quantile") => {
                    assert!(q.contains(recorded.quantile), "{}: {q}", recorded.preset);
                    vector(&row(key, "0.08"))
                }
                q if q.contains("timestamp") => vector(&row(key, "997")),
                q if q.contains("count by") && q.contains(recorded.names[0]) => vector(&row(key, "2")),
                q if q.contains("count by") => vector(""),
                q => panic!("{}: {q}", recorded.preset),
            }
        })
        .await;
        let mut cart = target("cart", Arm::Serving, vec![]);
        cart.routes = vec!["shop".into()];
        let mut watch = Watch::start(&server.base, None, settings("auto", &[]), vec![cart], NOW);
        let arm = &watch.arms().await[0];
        let figures = (&arm.errors, &arm.p50, &arm.p99, &arm.requests);
        assert_eq!(figures, (&Ok(0.02), &Ok(0.08), &Ok(0.08), &Ok(300.0)), "{}: {arm:#?}", recorded.preset);
        assert_eq!(arm.preset.as_str(), recorded.preset);
        let said: Vec<&str> = arm.notes.iter().map(|n| n.as_str()).collect();
        let want: Vec<&str> = recorded.edge.iter().map(|(_, note)| *note).collect();
        assert_eq!(said, want);
        assert_eq!(arm.edge.as_ref().map(|e| e.errors.clone()), recorded.edge.map(|_| Ok(0.5)));
        server.asked();
        watch.clock.advance(SignedDuration::from_secs(15));
        watch.arms().await;
        assert!(!server.asked().iter().any(|a| query(a).contains("__name__")), "what was found is kept");
    }
}

/// A source for these clusters.
fn place(name: &str, url: &str, clusters: &[&str]) -> (PrometheusConnection, SourceSettings) {
    let connection = PrometheusConnection { name: name.into(), address: Address::Url(url.into()), token: None };
    let settings = SourceSettings {
        name: name.into(),
        clusters: Some(clusters.iter().map(|c| c.parse().unwrap()).collect()),
        preset: "plain".into(),
        labels: vec![],
    };
    (connection, settings)
}

fn over(places: Vec<(PrometheusConnection, SourceSettings)>) -> impl Metrics {
    let (connections, sources): (Vec<_>, Vec<_>) = places.into_iter().map(|(c, s)| ((c, None), s)).unzip();
    let settings = MetricsSettings { sources, ..settings("plain", &[]) };
    connect(&connections, settings, Arc::new(Clock::standing(NOW))).unwrap()
}

async fn once(metrics: impl Metrics + 'static, targets: Vec<MetricTarget>) -> Update<ArmMetrics> {
    let (_wanted, receiver) = watch::channel(Arc::new(targets));
    let (sink, mut updates) = Sink::new();
    let task = tokio::spawn(async move { metrics.watch(receiver, sink).await });
    let Some(SourceUpdate::Metrics(update)) = updates.recv().await else { panic!("figures come first") };
    task.abort();
    update
}

#[tokio::test]
async fn requests_of_several_sources_are_added_and_quantiles_are_the_worst() {
    let eu = Server::start(healthy).await;
    let us = Server::start(|asked| match &asked.target {
        t if t.contains("increase") => each(&[(r#","code":"200""#, "90"), (r#","code":"500""#, "10")]),
        t if t.contains("quantile") => each(&[("", "0.5")]),
        _ => healthy(asked),
    })
    .await;
    let cart = || vec![target("cart", Arm::Serving, vec![])];
    let both = over(vec![place("eu", &eu.base, &["eu-1"]), place("us", &us.base, &["us-1"])]);
    let Update::Replace(arms) = once(both, cart()).await else { panic!("two sources answer") };
    let arm = &arms[0];
    assert_eq!((&arm.requests, &arm.errors, &arm.p95), (&Ok(400.0), &Ok(0.04), &Ok(0.5)));
    assert_eq!(arm.notes[0].as_str(), "latency is the worst of eu, us: quantiles cannot be added");
    assert_eq!(arm.sources.iter().map(|s| s.as_str()).collect::<Vec<_>>(), ["eu", "us"]);
    assert!(eu.asked().iter().all(|a| !a.target.contains("us-1")));

    // One that is gone makes the whole unknown, and the reason says which.
    let gone = {
        let server = Server::start(healthy).await;
        server.base.clone()
    };
    let half = over(vec![place("eu", &eu.base, &["eu-1"]), place("us", &gone, &["us-1"])]);
    let Update::Replace(arms) = once(half, cart()).await else { panic!("one source answers") };
    let Err(NoValue::Down { problem }) = &arms[0].errors else { panic!("{:?}", arms[0]) };
    assert!(problem.as_str().starts_with("us: prometheus us: no connection"), "{problem}");
    let none = over(vec![place("eu", &gone, &["eu-1"]), place("us", &gone, &["us-1"])]);
    assert!(matches!(once(none, cart()).await, Update::Trouble(p) if p.kind == ProblemKind::Unreachable));
    let elsewhere = over(vec![place("eu", &eu.base, &["ap-1"])]);
    let Update::Replace(arms) = once(elsewhere, cart()).await else { panic!("nothing to ask is no trouble") };
    assert_eq!(arms[0].errors, Err(NoValue::Down { problem: "no source knows these clusters".into() }));
}

#[tokio::test]
async fn queries_of_the_configuration_stand_over_the_presets() {
    let server = Server::start(|asked| match query(asked) {
        q if q.starts_with("my_errors") => {
            assert_eq!(
                q,
                r#"my_errors{namespace="shop",pod=~"cart-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}",app="cart"} / 5m"#
                    .replace("5m", "100")
            );
            vector(r#"{"metric":{},"value":[1000,"0.25"]}"#)
        }
        q if q.contains("timestamp(my_errors") => vector(r#"{"metric":{},"value":[1000,"990"]}"#),
        q if q.contains("old_p95") && q.contains("timestamp") => vector(r#"{"metric":{},"value":[1000,"900"]}"#),
        q if q.contains("old_p95") => vector(r#"{"metric":{},"value":[1000,"0.1"]}"#),
        _ => healthy(asked),
    })
    .await;
    let own = OwnQueries {
        errors: Some(r#"my_errors{{arm},app="{service}"} / 100"#.into()),
        p95: Some("old_p95{{arm}}".into()),
        ..OwnQueries::default()
    };
    let settings = MetricsSettings { queries: own, ..settings("plain", &[]) };
    let mut watch = Watch::start(&server.base, None, settings, vec![target("cart", Arm::Serving, vec![])], NOW);
    let arm = &watch.arms().await[0];
    assert_eq!((&arm.errors, &arm.p50, &arm.requests), (&Ok(0.25), &Ok(0.08), &Ok(300.0)));
    let newest = Timestamp::from_second(900).unwrap();
    assert_eq!(arm.p95, Err(NoValue::Stale { newest }), "a rate outlives its samples, whoever wrote the query");
    assert_eq!(arm.preset.as_str(), "plain and own queries");
}

#[tokio::test]
async fn counters_are_raw_and_of_one_time() {
    let server = Server::start(|asked| match query(asked) {
        q if q.contains("__name__") => healthy(asked),
        q if q.starts_with("count by") => each(&[("", "1")]),
        q if q == "vector(time())" => vector(r#"{"metric":{},"value":[1000.7,"1000.7"]}"#),
        q => {
            assert!(asked.target.contains("time=1000&") || asked.target.ends_with("time=1000"), "{}", asked.target);
            if q.contains("timestamp") {
                each(&[(r#","pod":"cart-1-a""#, "998"), (r#","pod":"cart-1-b""#, "700")])
            } else {
                each(&[
                    (r#","pod":"cart-1-a","code":"200""#, "40"),
                    (r#","pod":"cart-1-a","code":"500""#, "1"),
                    (r#","pod":"cart-1-b","code":"200""#, "7"),
                ])
            }
        }
    })
    .await;
    let connection = PrometheusConnection { name: "p".into(), address: Address::Url(server.base.clone()), token: None };
    let source = connect(&[(connection, None)], settings("plain", &[]), Arc::new(Clock::standing(NOW))).unwrap();
    let all = [target("cart", Arm::Serving, vec![]), target("cart", Arm::Canary, vec![])];
    let read = source.counters(&all).await;
    let at = |s| Timestamp::from_second(s).unwrap();
    assert_eq!(read[0].at, at(1000));
    let sample = |series: &str, bad, total, taken| CounterSample { series: series.into(), bad, total, taken: at(taken) };
    assert_eq!(read[0].samples, Ok(vec![sample("cart-1-a", 1.0, 41.0, 998), sample("cart-1-b", 0.0, 7.0, 700)]));
    assert_eq!(read[1].samples, Err(NoValue::Empty), "an arm without pods has no counters");
}

/// A way through something else, which notes what it carries.
struct Through(Arc<Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl Carrier for Through {
    fn address(&self) -> String {
        "monitoring/prometheus:9090".into()
    }

    async fn get(&self, path: &str) -> Result<Carried, Problem> {
        self.0.lock().unwrap().push(path.to_owned());
        let asked = Asked { method: "GET".into(), target: format!("/{path}"), headers: vec![], body: String::new() };
        let body = match healthy(&asked) {
            Answer::Whole(_, _, body) => body,
            other => panic!("{other:?}"),
        };
        Ok(Carried { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body: body.into() })
    }
}

#[tokio::test]
async fn a_source_inside_a_cluster_is_asked_by_its_carrier_and_only_read() {
    let paths = Arc::new(Mutex::new(vec![]));
    let address =
        Address::Proxy { cluster: "eu-1".parse().unwrap(), namespace: "m".into(), service: "p".into(), port: "9090".into() };
    let connection = PrometheusConnection { name: "eu-1".into(), address, token: None };
    let none = connect(&[(connection.clone(), None)], settings("plain", &[]), Arc::new(Clock::standing(NOW)));
    assert!(none.is_err_and(|p| p.kind == ProblemKind::Config && p.what.as_str().contains("eu-1")));
    let carrier: Arc<dyn Carrier> = Arc::new(Through(paths.clone()));
    let source = connect(&[(connection, Some(carrier))], settings("plain", &[]), Arc::new(Clock::standing(NOW))).unwrap();
    let Update::Replace(arms) = once(source, vec![target("cart", Arm::Serving, vec![])]).await else { panic!("it answers") };
    assert_eq!(arms[0].errors, Ok(0.02));
    let paths = paths.lock().unwrap();
    assert_eq!(paths.len(), 2 + 5, "what it has is found out once, whichever presets share a counter");
    assert!(paths.iter().all(|p| p.starts_with("api/v1/query?query=")), "{paths:#?}");
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
            world
                .sets(payment, cluster, world.minutes(now))
                .into_iter()
                .filter(|s| s.arm == Some(arm))
                .map(|s| s.hash)
                .collect::<Vec<_>>()
        };
        [Cluster::Eu1, Cluster::Us1].into_iter().flat_map(of).collect::<Vec<_>>()
    };
    let serving = |s: &Service| {
        let mut target = target(s.name, Arm::Serving, vec![]);
        let workload = s.workload();
        target.workload.name = workload.name.into();
        if workload.kind == "canary" {
            // Users are served by what Flagger keeps beside it.
            target.workload.name = format!("{}-primary", s.name).into();
        }
        target.workload.kind = WorkloadKind::ALL.into_iter().find(|k| k.word() == workload.kind).unwrap();
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

#[tokio::test]
async fn the_prometheus_inside_a_cluster_is_reached_through_its_api_server() {
    let now = sim::T0.checked_add(SignedDuration::from_mins(20)).unwrap();
    let sim =
        sim::start(Params { scenario: Scenario::Calm, ..Params::default() }, Arc::new(move || now), None, None).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, &sim.endpoints().kubeconfig).unwrap();
    let timer = || Arc::new(Clock::standing(now));
    let cluster = ClusterConnection {
        name: "eu-1".parse().unwrap(),
        kubeconfig: Some(kubeconfig),
        context: Some("eu-1".into()),
        server: None,
        namespaces: vec!["shop".into()],
    };
    let cluster = kube::connect(&cluster, timer()).await.unwrap();
    let way = |service: &str| cluster.carrier(&"monitoring".into(), service, "9090");
    let address = Address::Proxy {
        cluster: "eu-1".parse().unwrap(),
        namespace: "monitoring".into(),
        service: "prometheus".into(),
        port: "9090".into(),
    };
    let connection = PrometheusConnection { name: "eu-1".into(), address, token: None };
    let source = connect(&[(connection, Some(way("prometheus")))], settings("auto", &[]), timer()).unwrap();
    let targets = ["order", "payment", "auth"].map(|s| target(s, Arm::Serving, vec![])).to_vec();
    let Update::Replace(arms) = once(source, targets).await else { panic!("it answers") };
    assert!(arms.iter().all(|a| a.errors.is_ok() && a.p50.clone().unwrap() < a.p95.clone().unwrap()), "{arms:#?}");
    let presets: Vec<&str> = arms.iter().map(|a| a.preset.as_str()).collect();
    assert_eq!(presets, ["plain", "istio", "plain"]);

    let missing = way("prom").get("api/v1/query?query=up").await.unwrap_err();
    assert_eq!(missing.kind, ProblemKind::NotFound, "the API server's own refusal is not the service's: {missing}");
    let wrong = way("prometheus").get("api/v1/query?query=").await.unwrap();
    assert_eq!(wrong.status.as_u16(), 400, "and what is behind it speaks for itself");
}
