//! The contract of every role on the embedded world and on recorded answers; on real systems it runs in `tests/real`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "contract/mod.rs"]
mod contract;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use contract::{Behind, Front, Ground, Role, Sheet, front::Told, logs, roles, section, streams};
use futures::join;
use gonogo::{
    domain::{Arm, MetricKey, MetricTarget, MetricsSettings, WorkloadKind, WorkloadRef},
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

fn cluster_of(sim: &Sim) -> String {
    sim.endpoints().clusters.iter().find(|(c, _)| c.name() == "eu-1").unwrap().1.clone()
}

async fn before(base: &str) -> Front {
    Front::before(Behind::plain(base)).await
}

async fn record() -> Front {
    Front::before(Behind::Recorded(recorded)).await
}

async fn json(url: String) -> Value {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// Recorded from Kubernetes 1.36, GitHub and Prometheus 2.42; see the folders' README.
fn recorded(target: &str) -> Option<Told> {
    let text = match target {
        t if t.contains("/api/v1/query?") => return figure(t),
        t if t.contains("/pods/web/log?") => return Some(Told::Text(pod_log(t))),
        t if t.ends_with("/jobs/399444496/logs") => return Some(Told::Led("/blob/399444496.txt?sig=x")),
        t if t.starts_with("/blob/") => return Some(Told::Text(include_str!("fixtures/github/job.log").to_owned())),
        t if t.ends_with("/jobs/399444496") => include_str!("fixtures/github/job.json"),
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
    Some(Told::Json(value))
}

/// The answer to a query, known again by words that it contains.
fn figure(target: &str) -> Option<Told> {
    let url = reqwest::Url::parse(&format!("http://x{target}")).unwrap();
    let query = url.query_pairs().find(|(name, _)| name == "query")?.1.into_owned();
    let all: Vec<Value> = serde_json::from_str(include_str!("fixtures/prometheus/plain.json")).unwrap();
    let asks = |one: &&Value| one["asks"].as_array().unwrap().iter().all(|words| query.contains(words.as_str().unwrap()));
    all.iter().find(asks).map(|one| Told::Json(one["answer"].clone()))
}

/// The log as it was first, or from the second on from which it is asked for again, with what was written meanwhile.
fn pod_log(target: &str) -> String {
    let lines: Vec<&str> = include_str!("fixtures/kube/pod.log").lines().collect();
    let (old, _) = lines.split_at(lines.len() - 1);
    let again: Vec<&str> = lines.iter().filter(|line| **line >= "2026-01-01T00:00:01").copied().collect();
    let told = if target.contains("sinceTime=") { &again[..] } else { old };
    told.iter().map(|line| format!("{line}\n")).collect()
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

// A server that is silent is given up after ten seconds: both grounds of a role are silent at once.

#[tokio::test]
async fn workloads() {
    join!(workloads_of_the_embedded_world(), workloads_as_recorded());
}

#[tokio::test]
async fn pipelines() {
    join!(pipelines_of_the_embedded_world(), pipelines_as_recorded());
}

#[tokio::test]
async fn metrics() {
    join!(metrics_of_the_embedded_world(), metrics_as_recorded());
}

#[tokio::test]
async fn logs_of_pods() {
    join!(logs_of_pods_of_the_embedded_world(), logs_of_pods_as_recorded());
}

#[tokio::test]
async fn logs_of_jobs() {
    join!(logs_of_jobs_of_the_embedded_world(), logs_of_jobs_as_recorded());
}

async fn workloads_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let url = cluster_of(&sim);
    let sheet = Sheet::new(Role::Workloads, Ground::Embedded, now());
    let start = async || roles::workloads(before(&url).await, &endpoints.token, "shop", now()).await;
    section(&sheet, &start, &roles::DEPLOYMENTS).await;
    let watched = start().await;
    let cart = format!("{}/apis/apps/v1/namespaces/shop/deployments/cart", watched.front.url);
    let note = async {
        let patch = r#"{"metadata": {"annotations": {"note": "changed"}}}"#;
        let request = reqwest::Client::new().patch(cart).header("content-type", "application/merge-patch+json").body(patch);
        assert!(request.send().await.unwrap().status().is_success());
    };
    streams(&sheet, watched, note).await;
    sheet.close();
}

async fn workloads_as_recorded() {
    let sheet = Sheet::new(Role::Workloads, Ground::Recorded, now());
    let start = async || roles::workloads(record().await, "t", "shop", now()).await;
    section(&sheet, start, &roles::DEPLOYMENTS).await;
    sheet.close();
}

async fn pipelines_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let sheet = Sheet::new(Role::Pipelines, Ground::Embedded, now());
    let start =
        async || roles::pipelines(before(&endpoints.github).await, &endpoints.token, "acme/shop", Some("ci-cd.yml"), now());
    section(&sheet, start, &roles::RUNS).await;
    sheet.close();
}

async fn pipelines_as_recorded() {
    let sheet = Sheet::new(Role::Pipelines, Ground::Recorded, now());
    let start = async || roles::pipelines(record().await, "t", "acme/shop", None, now());
    section(&sheet, start, &roles::RUNS).await;
    sheet.close();
}

async fn metrics_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let sheet = Sheet::new(Role::Metrics, Ground::Embedded, now());
    let start =
        async || roles::metrics(before(&endpoints.prometheus).await, Some(&endpoints.token), settings(), targets(), now());
    section(&sheet, start, &roles::FIGURES).await;
    sheet.close();
}

async fn metrics_as_recorded() {
    let sheet = Sheet::new(Role::Metrics, Ground::Recorded, now());
    let target = |name: &str| {
        let key = MetricKey { service: name.parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving };
        let workload = WorkloadRef { kind: WorkloadKind::Deployment, name: name.into() };
        MetricTarget::new(key, vec!["bed".parse().unwrap()], vec!["shop".into()], workload)
    };
    let settings = MetricsSettings::single("plain", &[], SignedDuration::from_secs(1));
    let both = vec![target("web"), target("api")];
    let start = async || roles::metrics(record().await, None, settings.clone(), both.clone(), now());
    let rows = start().await.rows().await;
    let web = rows.iter().find(|row| row["key"]["service"] == "web").unwrap();
    let errors = web["errors"]["Ok"].as_f64().unwrap();
    assert!((errors - 0.05).abs() < 0.001, "5 % were recorded: {web:#}");
    section(&sheet, start, &roles::FIGURES).await;
    sheet.close();
}

async fn logs_of_pods_of_the_embedded_world() {
    let passed = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&passed);
    let present = move || now().checked_add(SignedDuration::from_secs(clock.load(Ordering::SeqCst))).unwrap();
    let sim = sim::start(Params::default(), Arc::new(present), None, None).await.unwrap();
    let (url, token) = (cluster_of(&sim), sim.endpoints().token.clone());
    let pods = json(format!("{url}/api/v1/namespaces/shop/pods")).await;
    let names = pods["items"].as_array().unwrap().iter().map(|pod| pod["metadata"]["name"].as_str().unwrap());
    let pod = names.into_iter().find(|name| name.starts_with("cart-")).unwrap();
    let sheet = Sheet::new(Role::PodLogs, Ground::Embedded, now());
    let log = roles::pod_log(before(&url).await, &token, "shop", pod, now()).await;
    logs::logs(&sheet, &log).await;
    let write = async { passed.store(10, Ordering::SeqCst) };
    logs::followed(&sheet, &log, write).await;
    sheet.close();
}

async fn logs_of_pods_as_recorded() {
    let sheet = Sheet::new(Role::PodLogs, Ground::Recorded, now());
    let log = roles::pod_log(record().await, "t", "shop", "web", now()).await;
    logs::logs(&sheet, &log).await;
    let new = logs::followed(&sheet, &log, async {}).await;
    assert!(new.contains("written after the cut"), "{new}");
    sheet.close();
}

async fn logs_of_jobs_of_the_embedded_world() {
    let sim = company().await;
    let endpoints = sim.endpoints();
    let runs = format!("{}/repos/acme/shop/actions", endpoints.github);
    let ended = json(format!("{runs}/workflows/ci-cd.yml/runs?status=success")).await;
    let run = ended["workflow_runs"][0]["id"].as_u64().unwrap();
    let jobs = json(format!("{runs}/runs/{run}/jobs")).await;
    let passed = |job: &&Value| job["conclusion"] == "success";
    let job = jobs["jobs"].as_array().unwrap().iter().find(passed).unwrap()["id"].to_string();
    let sheet = Sheet::new(Role::JobLogs, Ground::Embedded, now());
    let log = roles::job_log(before(&endpoints.github).await, &endpoints.token, "acme/shop", &job, now());
    logs::logs(&sheet, &log).await;
    logs::steps(&sheet, &log).await;
    sheet.close();
}

async fn logs_of_jobs_as_recorded() {
    let sheet = Sheet::new(Role::JobLogs, Ground::Recorded, now());
    let log = roles::job_log(record().await, "t", "acme/shop", "399444496", now());
    logs::logs(&sheet, &log).await;
    logs::steps(&sheet, &log).await;
    sheet.close();
}
