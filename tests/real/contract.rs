//! The contract of every role on the real systems; see `tests/contract/mod.rs`.

use gonogo::domain::{Arm, MetricKey, MetricTarget, MetricsSettings, WorkloadKind, WorkloadRef};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::bed::{self, Bed, Namespace, until};
use suite::{Behind, Front, content, faults, roles, silence, streams};

#[path = "../contract/mod.rs"]
#[expect(dead_code, reason = "recorded answers and what is done to their lists are of no use here")]
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
    let start = async || roles::workloads(api_server(&bed).await, &token, &namespace.name, Timestamp::now()).await;
    faults(start().await, &[]).await;
    content(start().await, &roles::DEPLOYMENTS).await;
    silence(start().await).await;
    let change = async {
        namespace.kubectl(["annotate", "deployment/web", "note=changed"]);
    };
    streams(start().await, change).await;
}

#[tokio::test]
async fn pipelines() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let repo = format!("{}/shop", namespace.name);
    let start = async || {
        let front = Front::before(Behind::plain(bed.word("/github/url"))).await;
        roles::pipelines(front, "bed-token", &repo, Some("build.yml"), Timestamp::now())
    };
    faults(start().await, &[]).await;
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
        &json!({ name: { "ok": 1900, "bad": 100, "ms": 80, "plain": { "namespace": name, "service": "web", "pod": pod } } }),
    );
    let all = format!("sum(http_requests_total{{namespace=\"{name}\"}})");
    until("the first sample", || if bed.query(&all).is_empty() { Err("none".to_owned()) } else { Ok(()) });
    let key = MetricKey { service: "web".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving };
    let workload = WorkloadRef { kind: WorkloadKind::Deployment, name: "web".into() };
    let target = MetricTarget::new(key, vec!["bed".parse().unwrap()], vec![name.as_str().into()], workload);
    let settings = MetricsSettings::single("plain", &[], SignedDuration::from_secs(1));
    let front = Front::before(Behind::plain(bed.word("/prometheus/url"))).await;
    faults(roles::metrics(front, None, settings, vec![target], Timestamp::now()), &[]).await;
}
