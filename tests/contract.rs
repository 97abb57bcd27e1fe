//! The contract of every role on the embedded world and on recorded answers; on real systems it runs in `tests/real`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "contract/mod.rs"]
mod contract;

use std::sync::Arc;

use contract::{Behind, Front, content, faults, roles, say, silence, streams};
use gonogo::{
    domain::{Arm, MetricKey, MetricTarget, MetricsSettings, ProblemKind, WorkloadKind, WorkloadRef},
    sim::{self, Params, Sim, T0},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

fn now() -> Timestamp {
    T0.checked_add(SignedDuration::from_mins(20)).unwrap()
}

async fn company() -> Sim {
    sim::start(Params::default(), Arc::new(now), None, None).await.unwrap()
}

async fn before(base: &str) -> Front {
    Front::before(Behind::plain(base)).await
}

/// Recorded from Kubernetes 1.36 and GitHub; see the folders' README.
fn recorded(target: &str) -> Option<Value> {
    let text = match target {
        t if t.contains("/deployments?") => include_str!("fixtures/kube/deployments.json"),
        t if t.contains("/replicasets?") => include_str!("fixtures/kube/replicasets.json"),
        t if t.contains("/pods?") => include_str!("fixtures/kube/pods.json"),
        t if t.contains("/runs?") => include_str!("fixtures/github/runs-list.json"),
        t if t.contains("/jobs?") => include_str!("fixtures/github/run-jobs.json"),
        _ => return None,
    };
    let mut value: Value = serde_json::from_str(text).unwrap();
    if let Some(runs) = value["workflow_runs"].as_array_mut() {
        // There is one only: it gets a neighbour.
        let mut other = runs[0].clone();
        other["id"] = Value::from(runs[0]["id"].as_u64().unwrap() + 1);
        runs.push(other);
    }
    Some(value)
}

/// A refusal for lack of budget, as GitHub words it: 403 with counts and the time of the next window.
fn spent() -> contract::Fault {
    let reset = (T0.as_second() + 1_260).to_string();
    say(
        403,
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "5000"), ("x-ratelimit-reset", &reset)],
        r#"{"message":"API rate limit exceeded"}"#,
    )
}

fn targets() -> Vec<MetricTarget> {
    let target = |service: &str, kind| {
        let key = MetricKey { service: service.parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving };
        let clusters = vec!["eu-1".parse().unwrap(), "us-1".parse().unwrap()];
        MetricTarget::new(key, clusters, vec!["shop".into()], WorkloadRef { kind, name: service.into() })
    };
    vec![target("payment", WorkloadKind::Rollout), target("cart", WorkloadKind::Deployment)]
}

fn settings() -> MetricsSettings {
    let labels = [("cluster", "{cluster}"), ("environment", "{environment}")];
    MetricsSettings::single("istio", &labels, SignedDuration::from_secs(15))
}

#[tokio::test]
async fn workloads_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let url = &endpoints.clusters.iter().find(|(c, _)| c.name() == "eu-1").unwrap().1;
    let start = async || roles::workloads(before(url).await, &endpoints.token, "shop", now()).await;
    faults(start().await, &[]).await;
    content(start().await, &roles::DEPLOYMENTS).await;
    silence(start().await).await;
    let watched = start().await;
    let cart = format!("{}/apis/apps/v1/namespaces/shop/deployments/cart", watched.front.url);
    let note = async {
        let patch = r#"{"metadata": {"annotations": {"note": "changed"}}}"#;
        let request = reqwest::Client::new().patch(cart).header("content-type", "application/merge-patch+json").body(patch);
        assert!(request.send().await.unwrap().status().is_success());
    };
    streams(watched, note).await;
}

#[tokio::test]
async fn workloads_as_recorded() {
    let start = async || roles::workloads(Front::before(Behind::Recorded(recorded)).await, "t", "shop", now()).await;
    faults(start().await, &[]).await;
    content(start().await, &roles::DEPLOYMENTS).await;
}

#[tokio::test]
async fn pipelines_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let start =
        async || roles::pipelines(before(&endpoints.github).await, &endpoints.token, "acme/shop", Some("ci-cd.yml"), now());
    faults(start().await, &[("403 without budget", spent(), ProblemKind::RateLimited)]).await;
    content(start().await, &roles::RUNS).await;
}

#[tokio::test]
async fn pipelines_as_recorded() {
    let start = async || roles::pipelines(Front::before(Behind::Recorded(recorded)).await, "t", "acme/shop", None, now());
    faults(start().await, &[("403 without budget", spent(), ProblemKind::RateLimited)]).await;
    content(start().await, &roles::RUNS).await;
}

#[tokio::test]
async fn metrics_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let start =
        async || roles::metrics(before(&endpoints.prometheus).await, Some(&endpoints.token), settings(), targets(), now());
    faults(start().await, &[]).await;
    silence(start().await).await;
}
