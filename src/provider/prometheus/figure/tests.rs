use ::http::StatusCode;

use super::*;
use crate::{
    domain::{Arm, MetricKey, MetricsSettings, ProblemKind, WorkloadKind, WorkloadRef},
    provider::prometheus::{
        batch::batches,
        preset::{Dialect, PLACES, PRESETS},
    },
};

const SCRAPE: SignedDuration = SignedDuration::from_secs(15);

fn answer(body: &str) -> Answer {
    Answer::parse(StatusCode::OK, body.as_bytes(), "prometheus").unwrap()
}

fn vector(series: &str) -> Answer {
    answer(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#))
}

fn value(value: &str) -> String {
    format!(r#"{{"metric":{{"destination_workload":"payment"}},"value":[1000,"{value}"]}}"#)
}

fn target() -> MetricTarget {
    MetricTarget {
        key: MetricKey { service: "payment".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving },
        clusters: vec!["eu-1".parse().unwrap()],
        namespaces: vec!["shop".into()],
        workload: WorkloadRef { kind: WorkloadKind::Rollout, name: "payment".into() },
        hashes: vec![],
        services: vec![],
        namesakes: vec![],
        routes: vec![],
        history: false,
    }
}

fn of<T>(preset: &str, target: &MetricTarget, read: impl FnOnce(&Batch<'_>) -> T) -> T {
    let preset = PRESETS.iter().find(|p| p.name == preset).unwrap();
    let settings = MetricsSettings::single(preset.name, &[], SCRAPE);
    read(&batches([(0, target, Dialect { preset, place: &PLACES[0] })], &settings.sources[0], 1)[0])
}

fn code(code: &str, requests: &str) -> String {
    let labels = format!(r#""destination_workload":"payment","response_code":"{code}""#);
    format!(r#"{{"metric":{{{labels}}},"value":[1000,"{requests}"]}}"#)
}

#[derive(Clone)]
struct Change {
    answers: Answers,
    last: Option<Timestamp>,
}

fn judged(change: impl FnOnce(&mut Change)) -> ArmMetrics {
    let other = r#"{"metric":{"destination_workload":"cart","response_code":"500"},"value":[1000,"77"]}"#;
    let answers = Answers {
        counts: Ok(vector(&[&code("200", "285"), &code("404", "9"), &code("500", "4"), &code("503", "2"), other].join(","))),
        quantiles: [Ok(vector(&value("0.03"))), Ok(vector(&value("0.08"))), Ok(vector(&value("0.2")))],
        newest: Ok(vector(&value("990"))),
    };
    let mut all = Change { answers, last: None };
    change(&mut all);
    let target = target();
    of("istio", &target, |batch| figures(batch, &target, &all.answers, all.last, SCRAPE))
}

#[test]
fn figures_of_a_healthy_source() {
    let arm = judged(|_| ());
    assert_eq!((arm.requests, arm.rps, arm.errors, arm.p95), (Ok(300.0), Ok(1.0), Ok(0.02), Ok(0.08)));
}

#[test]
fn no_errors_are_zero_and_no_traffic_is_nothing() {
    let arm = judged(|a| a.answers.counts = Ok(vector(&code("200", "300"))));
    assert_eq!((arm.errors, arm.requests), (Ok(0.0), Ok(300.0)));
    let arm = judged(|a| {
        a.answers.counts = Ok(vector(&code("200", "0")));
        a.answers.quantiles[1] = Ok(vector(&value("NaN")));
    });
    assert_eq!((arm.errors, arm.p95), (Err(NoValue::Empty), Err(NoValue::Empty)));
    assert_eq!((arm.requests, arm.rps), (Ok(0.0), Ok(0.0)), "idle is known, not unknown");
    let arm = judged(|a| a.answers.counts = Ok(vector("")));
    assert_eq!((arm.errors, arm.requests, arm.rps), (Err(NoValue::Empty), Err(NoValue::Empty), Err(NoValue::Empty)));
}

#[test]
fn old_samples_are_worth_nothing() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    for (newest, want) in [("965", None), ("964", Some(at(964))), ("700", Some(at(700))), ("1036", Some(at(1036)))] {
        let arm = judged(|a| a.answers.newest = Ok(vector(&value(newest))));
        let stale = want.map(|newest| NoValue::Stale { newest });
        assert_eq!(arm.errors.err(), stale, "{newest}");
        assert_eq!(arm.requests.err(), stale, "{newest}");
        assert_eq!(arm.p95.err(), stale, "{newest}");
    }
    // Rates outlive the samples that they are made of by the window.
    let arm = judged(|a| a.answers.newest = Ok(vector("")));
    assert_eq!(arm.errors, Err(NoValue::Empty));
    let arm = judged(|a| (a.answers.newest, a.last) = (Ok(vector("")), Some(at(400))));
    assert_eq!(arm.errors, Err(NoValue::Stale { newest: at(400) }));
}

#[test]
fn a_figure_that_failed_says_why_and_leaves_the_others() {
    let slow = Problem::new(ProblemKind::Timeout, "too slow");
    let down = NoValue::Down { problem: "too slow".into() };
    let arm = judged(|a| a.answers.quantiles[1] = Err(slow.clone()));
    assert_eq!((arm.errors, arm.p95), (Ok(0.02), Err(down.clone())));
    let arm = judged(|a| a.answers.counts = Err(slow.clone()));
    assert_eq!((arm.errors, arm.p95, arm.rps), (Err(down.clone()), Err(down.clone()), Err(down.clone())));
    // Figures whose age is not known are not figures.
    let arm = judged(|a| a.answers.newest = Err(slow));
    assert_eq!((arm.errors, arm.p95), (Err(down.clone()), Err(down)));
    for counts in [code("200", "NaN"), format!("{},{}", code("200", "1"), code("500", "+Inf"))] {
        let arm = judged(|a| a.answers.counts = Ok(vector(&counts)));
        assert_eq!(arm.errors, Err(NoValue::NotFinite));
    }
}

#[test]
fn graphs_have_gaps_where_there_was_nothing() {
    let axis = Axis { start: Timestamp::from_second(900).unwrap(), step: SignedDuration::from_secs(15), count: 5 };
    let row =
        |labels: &str, values: &str| format!(r#"{{"metric":{{"destination_workload":"payment"{labels}}},"values":[{values}]}}"#);
    let matrix = |rows: &[String]| {
        Ok(answer(&format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#, rows.join(","))))
    };
    let failed: Answered = Err(Problem::new(ProblemKind::Timeout, "slow"));
    let target = target();
    let draw = |answers: &[Answered; 4]| of("istio", &target, |batch| history(batch, &target, answers, axis));
    let counts = matrix(&[
        row(r#","response_code":"200""#, r#"[900,"3"],[930,"2"],[945,"NaN"],[960,"0"],[990,"7"]"#),
        row(r#","response_code":"503""#, r#"[900,"1"],[945,"NaN"]"#),
    ]);
    let shown =
        |line: &[f64]| line.iter().map(|v| if v.is_nan() { "-".to_owned() } else { v.to_string() }).collect::<Vec<_>>().join(" ");
    let p95 = matrix(&[row("", r#"[900,"0.1"],[915,"+Inf"],[930,"0.2"]"#)]);
    let got = draw(&[counts.clone(), failed.clone(), p95, matrix(&[row("", ""), row("", "")])]).unwrap();
    assert_eq!(shown(&got.rps), "4 - 2 - 0");
    assert_eq!(shown(&got.errors), "0.25 - 0 - -", "no errors read 0, no traffic reads nothing");
    assert_eq!(shown(&got.p95), "0.1 - 0.2 - -");
    assert_eq!((shown(&got.p50), shown(&got.p99)), ("- - - - -".to_owned(), "- - - - -".to_owned()));
    let warned = Answer { warning: Some("half of it".into()), ..counts.unwrap() };
    let got = draw(&[Ok(warned), failed.clone(), failed.clone(), failed.clone()]).unwrap();
    assert_eq!(shown(&got.rps), "- - - - -", "a part of the truth is a gap");
    assert!(draw(&[failed.clone(), failed.clone(), failed.clone(), failed]).is_none());
}

#[test]
fn a_router_counts_under_names_of_services_and_not_of_their_namesakes() {
    let serving =
        MetricTarget { services: vec!["web".into(), "web-canary".into()], namesakes: vec!["web-admin".into()], ..target() };
    let row = |service: &str, code: &str, value: &str| {
        format!(r#"{{"metric":{{"service":"{service}","code":"{code}"}},"value":[1000,"{value}"]}}"#)
    };
    let quantile = |all: &[(&str, &str)]| {
        let rows: Vec<String> = all.iter().map(|(s, v)| row(s, "", v)).collect();
        Ok(vector(&rows.join(",")))
    };
    let latency =
        quantile(&[("shop-web-http-80@kubernetesgateway", "0.1"), ("shop-web-canary-http-80@kubernetesgateway", "0.4")]);
    let answers = Answers {
        counts: Ok(vector(
            &[
                row("shop-web-http-80@kubernetesgateway", "200", "90"),
                row("shop-web-canary-http-80@kubernetesgateway", "502", "10"),
                row("shop-web-admin-http-80@kubernetesgateway", "500", "1000"),
                row("test-web-http-80@kubernetesgateway", "500", "1000"),
                row("shop-website-80@kubernetescrd", "500", "1000"),
            ]
            .join(","),
        )),
        quantiles: [latency.clone(), latency.clone(), latency],
        newest: quantile(&[("shop-web-http-80@kubernetesgateway", "990")]),
    };
    let arm = of("traefik", &serving, |batch| figures(batch, &serving, &answers, None, SCRAPE));
    assert_eq!((arm.requests, arm.errors, arm.p95), (Ok(100.0), Ok(0.1), Ok(0.4)));
    assert_eq!(arm.notes[1].as_str(), "p95 is the worst of 2 backends");
    let canary = MetricTarget {
        key: MetricKey { arm: Arm::Canary, ..serving.key.clone() },
        services: vec!["web-canary".into()],
        namesakes: vec!["web-admin".into()],
        ..serving
    };
    let answers = Answers { newest: quantile(&[("shop-web-canary-80@kubernetescrd", "990")]), ..answers };
    let arm = of("traefik", &canary, |batch| figures(batch, &canary, &answers, None, SCRAPE));
    assert_eq!((arm.requests, arm.errors, arm.p95), (Ok(10.0), Ok(1.0), Ok(0.4)));
}
