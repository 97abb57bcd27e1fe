//! What the company's Prometheus says, asked as a client would ask.

use std::sync::Arc;

use ::http::{HeaderMap, Method};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::*;
use crate::sim::http::pairs;
use crate::sim::world::{Params, Scenario, World};

struct Asked {
    prometheus: Prometheus,
    state: State,
    now: Timestamp,
}

fn world(scenario: Scenario, minute: i64) -> Asked {
    let params = Params { scenario, ..Params::default() };
    let now = params.t0 + SignedDuration::from_mins(minute);
    Asked { prometheus: Prometheus::default(), state: State::new(World::new(params), Arc::new(move || now)), now }
}

impl Asked {
    fn ask(&self, method: Method, path: &str, query: &str, body: &str) -> (u16, Json) {
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a header"));
        }
        let request = Request {
            method,
            path: path.to_owned(),
            query: pairs(query),
            headers,
            body: body.to_owned().into(),
            base: String::new(),
        };
        let response = self.prometheus.answer(&self.state, &request);
        let status = response.status().as_u16();
        let body = futures::executor::block_on(response.into_body().collect()).expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Json::Null))
    }

    /// The values of an instant query at a minute, by their labels without braces.
    fn values(&self, query: &str) -> Vec<(String, f64)> {
        let body = format!("query={}", query.replace('%', "%25").replace('+', "%2B").replace('&', "%26"));
        let (status, answer) = self.ask(Method::POST, "/api/v1/query", "", &body);
        assert_eq!(status, 200, "{query}: {answer}");
        let entry = |entry: &Json| {
            let labels = entry["metric"].as_object().expect("labels");
            let labels: Vec<&str> = labels.values().filter_map(Json::as_str).collect();
            (labels.join(" "), entry["value"][1].as_str().expect("text").parse().expect("a number"))
        };
        let mut values: Vec<_> = answer["data"]["result"].as_array().expect("a list").iter().map(entry).collect();
        values.sort_by(|a, b| a.0.cmp(&b.0));
        values
    }

    fn value(&self, query: &str) -> f64 {
        let values = self.values(query);
        assert_eq!(values.len(), 1, "{query}: {values:?}");
        values[0].1
    }
}

const BY_ARM: &str = r#"sum by (destination_service_name) (rate(istio_requests_total{reporter="destination",environment="production",destination_service_name=~"payment-.*",response_code=~"5.."}[5m]))
 / sum by (destination_service_name) (rate(istio_requests_total{reporter="destination",environment="production",destination_service_name=~"payment-.*"}[5m]))"#;

#[test]
fn the_regression_shows_in_the_canary_alone() {
    let arms = world(Scenario::CanaryRegression, 20).values(BY_ARM);
    let [(canary, bad), (stable, good)] = &arms[..] else { panic!("two arms: {arms:?}") };
    assert_eq!((canary.as_str(), stable.as_str()), ("payment-canary", "payment-stable"));
    assert!((0.03..0.05).contains(bad), "{bad}");
    assert!((0.001..0.003).contains(good), "{good}");
    let calm = world(Scenario::Calm, 20).values(BY_ARM);
    assert!(calm.iter().all(|(_, ratio)| *ratio < 0.004), "{calm:?}");
}

#[test]
fn latency_doubles_with_it() {
    let query = r#"histogram_quantile(0.95, sum by (le, destination_service_name) (rate(istio_request_duration_milliseconds_bucket{destination_service_name=~"payment-.*",environment="production"}[5m])))"#;
    let arms = world(Scenario::CanaryRegression, 20).values(query);
    let [(_, canary), (_, stable)] = &arms[..] else { panic!("two arms: {arms:?}") };
    assert!((420.0..720.0).contains(canary), "{canary}");
    assert!((200.0..330.0).contains(stable), "{stable}");
}

#[test]
fn the_canary_has_the_share_that_its_weight_says() {
    let world = world(Scenario::Calm, 20);
    let rate =
        |filter: &str| world.value(&format!(r#"sum(rate(istio_requests_total{{environment="production",{filter}}}[2m]))"#));
    let share = rate(r#"destination_service_name="payment-canary""#) / rate(r#"destination_service_name=~"payment-.*""#);
    assert!((share - 0.2).abs() < 0.01, "{share}");
    let total = rate(r#"destination_service_name=~"payment-.*""#);
    let plain = world.value(r#"sum(rate(http_requests_total{environment="production",service="payment"}[2m]))"#);
    assert!((total / plain - 1.0).abs() < 0.01, "the proxy and the service count alike: {total} {plain}");
}

#[test]
#[expect(clippy::float_cmp, reason = "a number that is not computed")]
fn stale_metrics_end_at_minute_ten() {
    let world = world(Scenario::StaleMetrics, 14);
    let newest = world.value("max(timestamp(up))");
    assert!((0.0..15.0).contains(&(Params::default().t0.as_second() as f64 + 600.0 - newest)), "{newest}");
    assert!(!world.values("up").is_empty());
    let later = self::world(Scenario::StaleMetrics, 16);
    assert!(later.values("up").is_empty(), "beyond the look-back");
    assert_eq!(later.value("vector(1)"), 1.0, "but it answers");
}

#[test]
fn counters_never_fall_and_agree_in_any_order() {
    let world = world(Scenario::CanaryRegression, 20);
    let now = world.now.as_second();
    let query = format!("query=http_requests_total{{service=\"payment\"}}&start={}&end={now}&step=15", now - 7200);
    let (status, whole) = world.ask(Method::GET, "/api/v1/query_range", &query, "");
    assert_eq!(status, 200, "{whole}");
    let series = whole["data"]["result"].as_array().expect("a list");
    assert!(series.len() >= 3 * 14, "{}", series.len());
    for series in series {
        let values: Vec<f64> =
            series["values"].as_array().expect("values").iter().filter_map(|v| v[1].as_str()?.parse().ok()).collect();
        assert!(values.is_sorted(), "{}", series["metric"]);
        assert!(values.iter().all(|value| value.fract() == 0.0), "whole requests");
    }
    let fresh = self::world(Scenario::CanaryRegression, 20);
    let part = query.replace(&format!("start={}", now - 7200), &format!("start={}", now - 600));
    let (_, part) = fresh.ask(Method::GET, "/api/v1/query_range", &part, "");
    for series in part["data"]["result"].as_array().expect("a list") {
        let same =
            whole["data"]["result"].as_array().and_then(|all| all.iter().find(|other| other["metric"] == series["metric"]));
        let (all, end) =
            (same.expect("the same series")["values"].as_array().expect("values"), series["values"].as_array().expect("values"));
        assert!(all.ends_with(end));
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "counts are whole")]
fn every_placement_serves_at_any_time_of_the_last_two_hours() {
    let world = world(Scenario::Calm, 20);
    for minutes in [1, 60, 76, 100, 120] {
        let query = format!("count(count by (service, environment) (rate(http_requests_total[5m] offset {minutes}m) > 0))");
        assert_eq!(world.value(&query), 45.0, "{minutes} minutes ago");
    }
}

#[test]
fn a_pod_that_goes_ends_at_once() {
    // `shipping` in dev became 1.4.2 at minute -75.
    let world = world(Scenario::Calm, 20);
    let pods =
        |minutes: u32| world.values(&format!("count by (pod) (up{{service=\"shipping\",cluster=\"dev\"}} offset {minutes}m)"));
    assert_eq!((pods(20).len(), pods(94).len(), pods(97).len()), (1, 1, 1));
    assert_ne!(pods(94)[0].0, pods(97)[0].0);
}

#[test]
fn the_api_knows_what_exists() {
    let world = world(Scenario::Calm, 20);
    let get = |path: &str, query: &str| world.ask(Method::GET, path, query, "");
    let (_, labels) = get("/api/v1/labels", "match[]=up");
    let expected = ["__name__", "cluster", "environment", "instance", "job", "namespace", "pod", "service"];
    assert_eq!(labels["data"], serde_json::json!(expected));
    let (_, clusters) = get("/api/v1/label/cluster/values", "");
    assert_eq!(clusters["data"], serde_json::json!(["dev", "eu-1", "stg", "us-1"]));
    let (_, names) = get("/api/v1/label/__name__/values", "");
    assert_eq!(names["data"].as_array().map(Vec::len), Some(9));
    let (_, series) = get("/api/v1/series", "match[]=up%7Bservice%3D%22auth%22%2Ccluster%3D%22stg%22%7D");
    assert_eq!(series["data"].as_array().map(Vec::len), Some(2));
    let (_, metadata) = get("/api/v1/metadata", "metric=up");
    assert_eq!(metadata["data"]["up"][0]["type"], "gauge");
    let (_, targets) = get("/api/v1/targets", "");
    assert_eq!(targets["data"]["activeTargets"][0]["health"], "up");
    for path in ["rules", "alerts", "status/buildinfo", "status/config"] {
        let (status, answer) = get(&format!("/api/v1/{path}"), "");
        assert_eq!((status, &answer["status"]), (200, &"success".into()), "{path}");
    }
    assert_eq!(get("/-/ready", "").0, 200);
    assert_eq!(get("/api/v1/admin/tsdb/snapshot", "").0, 404);
    assert_eq!(world.ask(Method::DELETE, "/api/v1/series", "", "").0, 405);
}

#[test]
fn errors_have_prometheus_envelope() {
    let world = world(Scenario::Calm, 20);
    let get = |path: &str, query: &str| world.ask(Method::GET, path, query, "");
    for (path, query, error) in [
        (
            "query",
            "query=up&time=abc",
            "invalid parameter \"time\": Invalid time value for 'time': cannot parse \"abc\" to a valid timestamp",
        ),
        ("query", "", "invalid parameter \"query\": 1:1: parse error: no expression found in input"),
        ("query", "query=topk(1,up)", "not part of the embedded world's PromQL: topk"),
        (
            "query_range",
            "query=up%5B5m%5D&start=0&end=1&step=1",
            "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector",
        ),
        ("series", "", "no match[] parameter provided"),
        ("label/x-y/values", "", "invalid label name: \"x-y\""),
    ] {
        let (status, answer) = get(&format!("/api/v1/{path}"), query);
        assert_eq!(status, 400, "{path}?{query}");
        assert_eq!(answer, serde_json::json!({"status": "error", "errorType": "bad_data", "error": error}));
    }
    let (status, answer) = get("/api/v1/query", "query=up%20/%20on(job)%20up");
    assert_eq!((status, &answer["errorType"]), (422, &"execution".into()));
}

#[test]
fn what_was_promoted_is_the_stable_side() {
    use crate::sim::world::{Cluster, Note, release};
    let params = Params { scenario: Scenario::Calm, ..Params::default() };
    let now = params.t0 + SignedDuration::from_mins(25);
    let mut world = World::new(params);
    let position = release::Position {
        minute: 15.0,
        step: 7,
        weight: 100,
        phase: release::Phase::Promoted,
        pods: (0, 5),
        ..release::SCRIPT[0]
    };
    world.note(Note::Position(release::Move { service: "payment".into(), cluster: Cluster::Eu1, position }));
    let asked = Asked { prometheus: Prometheus::default(), state: State::new(world, Arc::new(move || now)), now };
    let rate = |window: &str| {
        asked.values(&format!(
            r#"sum by (destination_service_name) (rate(istio_requests_total{{cluster="eu-1",destination_service_name=~"payment-.*"}}[{window}]))"#
        ))
    };
    let now = rate("2m");
    let of = |all: &[(String, f64)], name: &str| all.iter().find(|(n, _)| n == name).map_or(0.0, |(_, v)| *v);
    assert!(of(&now, "payment-stable") > 50.0, "{now:?}");
    assert!(of(&now, "payment-canary") < 0.01, "nobody sends there any more: {now:?}");
    assert!(of(&rate("20m"), "payment-canary") > 1.0, "but somebody did");
}
