//! The contract of every role on the real systems; see `tests/contract/mod.rs`.

use std::io::Write as _;

use gonogo::domain::{Arm, MetricKey, MetricTarget, MetricsSettings, WorkloadKind, WorkloadRef};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::bed::{self, Bed, Namespace, until};
use suite::{Behind, Front, Ground, Role, Sheet, logs, roles, section, streams};

#[path = "../contract/mod.rs"]
#[expect(dead_code, reason = "recorded answers are of no use here")]
mod suite;

/// The real API server behind a front: TLS ends there, the token of the user goes through.
async fn api_server(bed: &Bed) -> Front {
    let plain = Behind::plain(bed.word("/api/url"));
    let Behind::System(base, _) = plain else { unreachable!("a running system") };
    let ca = reqwest::Certificate::from_pem(&std::fs::read(bed.word("/api/ca")).unwrap()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    Front::before(Behind::System(base, client)).await
}

fn token(bed: &Bed, who: &str) -> String {
    let mut kubectl = bed.kubectl_command();
    kubectl.env("KUBECONFIG", bed.word(&format!("/kubeconfig/{who}")));
    let jsonpath = "jsonpath={.users[0].user.token}";
    let token = bed::run(kubectl.args(["config", "view", "--raw", "-o", jsonpath]));
    assert!(!token.is_empty(), "{who} has no token");
    token
}

fn two_deployments(namespace: &Namespace<'_>) {
    for app in ["web", "api"] {
        namespace.deploy(app, "1", 1);
    }
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web", "deployment/api"]);
}

#[tokio::test]
async fn workloads() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    two_deployments(&namespace);
    let token = token(&bed, "alice");
    let sheet = Sheet::new(Role::Workloads, Ground::Real, Timestamp::now());
    let start = async || roles::workloads(api_server(&bed).await, &token, &namespace.name, Timestamp::now()).await;
    section(&sheet, &start, &roles::DEPLOYMENTS).await;
    let change = async {
        namespace.kubectl(["annotate", "deployment/web", "note=changed"]);
    };
    streams(&sheet, start().await, change).await;
    sheet.close();
}

#[tokio::test]
async fn pipelines() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let repo = format!("{}/shop", namespace.name);
    let sheet = Sheet::new(Role::Pipelines, Ground::Real, Timestamp::now());
    let start = async || {
        let front = Front::before(Behind::plain(bed.word("/github/url"))).await;
        roles::pipelines(front, "bed-token", &repo, Some("build.yml"), Timestamp::now())
    };
    section(&sheet, start, &roles::RUNS).await;
    sheet.close();
}

#[tokio::test]
async fn metrics() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let name = &namespace.name;
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let pod = namespace.kubectl(["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    bed.serve(
        &json!({ name: { "rps": 100, "errors": 0.05, "ms": 80, "plain": { "namespace": name, "service": "web", "pod": pod } } }),
    );
    let all = format!("sum(increase(http_requests_total{{namespace=\"{name}\"}}[5m])) > 0");
    until("two samples", || if bed.query(&all).is_empty() { Err("none".to_owned()) } else { Ok(()) });
    let key = MetricKey { service: "web".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving };
    let workload = WorkloadRef { kind: WorkloadKind::Deployment, name: "web".into() };
    let target = MetricTarget::new(key, vec!["bed".parse().unwrap()], vec![name.as_str().into()], workload);
    let settings = MetricsSettings::single("plain", &[], SignedDuration::from_secs(1));
    let sheet = Sheet::new(Role::Metrics, Ground::Real, Timestamp::now());
    let start = async || {
        let front = Front::before(Behind::plain(bed.word("/prometheus/url"))).await;
        roles::metrics(front, None, settings.clone(), vec![target.clone()], Timestamp::now())
    };
    section(&sheet, start, &roles::FIGURES).await;
    sheet.close();
}

#[tokio::test]
async fn logs_of_pods() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let pod = namespace.kubectl(["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let sheet = Sheet::new(Role::PodLogs, Ground::Real, Timestamp::now());
    let log = roles::pod_log(api_server(&bed).await, &token(&bed, "alice"), &namespace.name, &pod, Timestamp::now()).await;
    logs::logs(&sheet, &log).await;
    // All fake pods show this file.
    let write = async {
        let mut file = std::fs::File::options().append(true).open(bed.word("/api/fake_pod_log")).unwrap();
        writeln!(file, "{} stdout F written after the cut", Timestamp::now()).unwrap();
    };
    let new = logs::followed(&sheet, &log, write).await;
    assert!(new.contains("written after the cut"), "{new}");
    sheet.close();
}

#[tokio::test]
async fn logs_of_jobs() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let repo = format!("{}/shop", namespace.name);
    let sheet = Sheet::new(Role::JobLogs, Ground::Real, Timestamp::now());
    let front = Front::before(Behind::plain(bed.word("/github/url"))).await;
    let log = roles::job_log(front, "bed-token", &repo, "399444496", Timestamp::now());
    logs::logs(&sheet, &log).await;
    logs::steps(&sheet, &log).await;
    sheet.close();
}
