//! Prometheus of the bed: it has what the exporter serves, and shows when there is nothing.

use std::sync::Arc;

use gonogo::{
    config::{Address, PrometheusConnection},
    domain::{
        Arm, ArmMetrics, Measure, MetricKey, MetricTarget, MetricsSettings, SourceUpdate, Update, WorkloadKind, WorkloadRef,
    },
    engine::clock::Clock,
    provider::{
        prometheus,
        role::{Metrics as _, Sink},
    },
};
use jiff::SignedDuration;
use serde_json::json;

use crate::bed::{self, until};

#[test]
fn prometheus_has_the_series_of_the_exporter() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace().name;
    bed.serve(&json!({ &namespace: { "rps": 100, "errors": 0.25, "ms": 80,
        "plain": { "namespace": namespace, "service": "cart", "pod": "cart-1" },
        "istio": { "destination_workload_namespace": namespace, "destination_workload": "cart" } } }));
    let value = |promql: &str| match &bed.query(promql)[..] {
        [sample] => Ok(sample["value"][1].as_str().unwrap().parse::<f64>().unwrap()),
        other => Err(format!("{promql}: {other:?}")),
    };
    for (requests, seconds, label) in [
        ("http_requests_total", "http_request_duration_seconds_bucket", "namespace"),
        ("istio_requests_total", "istio_request_duration_milliseconds_bucket", "destination_workload_namespace"),
    ] {
        let (code, scale) = if label == "namespace" { ("code", 1.0) } else { ("response_code", 1000.0) };
        let errors = format!(
            "sum(rate({requests}{{{label}=\"{namespace}\",{code}=\"500\"}}[10s])) / sum(rate({requests}{{{label}=\"{namespace}\"}}[10s]))"
        );
        let share = until(&errors, || value(&errors).and_then(|v| if v.is_nan() { Err("NaN".to_owned()) } else { Ok(v) }));
        assert!((share - 0.25).abs() < 0.02, "{errors} = {share}");
        let p95 = format!("histogram_quantile(0.95, sum by (le) (rate({seconds}{{{label}=\"{namespace}\"}}[10s])))");
        let p95 = until(&p95, || value(&p95)) / scale;
        assert!((0.05..=0.1).contains(&p95), "80 ms lie between the bounds 50 and 100 ms: {p95}");
    }

    bed.serve(&json!({ &namespace: { "nan": true } }));
    let count = format!("sum(http_requests_total{{namespace=\"{namespace}\"}})");
    until("NaN", || value(&count).and_then(|v| if v.is_nan() { Ok(()) } else { Err(v.to_string()) }));
    bed.serve(&json!({ &namespace: null }));
    until("the series to go stale", || match &bed.query(&count)[..] {
        [] => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// A family of the exporter, and the name under which the presets' table has it.
fn families() -> Vec<(&'static str, serde_json::Value)> {
    let family = |counter: &str, histogram: &str, unit: u32, code: &str, good: &str, bad: &str, labels: serde_json::Value| json!([{ "counter": counter, "histogram": histogram, "unit": unit, "code": code, "good": good, "bad": bad, "labels": labels }]);
    let (pod, seconds) = ("cart-6d4cf56db6-abcde", 1000);
    vec![
        ("linkerd", {
            let labels = json!({ "namespace": "NS", "pod": pod, "direction": "inbound" });
            family("response_total", "response_latency_ms", 1, "classification", "success", "failure", labels)
        }),
        ("traefik", {
            let labels = json!({ "service": "NS-cart-http-80@kubernetesgateway" });
            let histogram = "traefik_service_request_duration_seconds";
            family("traefik_service_requests_total", histogram, seconds, "code", "200", "502", labels)
        }),
        ("ingress-nginx", {
            let labels = json!({ "exported_namespace": "NS", "exported_service": "cart", "ingress": "cart", "canary": "" });
            let histogram = "nginx_ingress_controller_request_duration_seconds";
            family("nginx_ingress_controller_requests", histogram, seconds, "status", "200", "504", labels)
        }),
        ("native", json!(null)),
    ]
}

#[test]
fn every_preset_measures_what_the_exporter_serves() {
    let Some(bed) = bed::shared() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (preset, family) in families() {
        let namespace = bed.namespace().name;
        let family: serde_json::Value = serde_json::from_str(&family.to_string().replace("NS", &namespace)).unwrap();
        let native = json!({ "namespace": namespace, "pod": "cart-6d4cf56db6-abcde" });
        let more = if preset == "native" { json!({ "native": native }) } else { json!({ "families": family }) };
        let mut arm = json!({ "rps": 100, "errors": 0.25, "ms": 80 });
        arm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bed.serve(&json!({ &namespace: arm }));
        let key = MetricKey { service: "cart".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Serving };
        let workload = WorkloadRef { kind: WorkloadKind::Deployment, name: "cart".into() };
        let target = MetricTarget::new(key, vec!["bed".parse().unwrap()], vec![namespace.as_str().into()], workload);
        until(preset, || {
            let arm = runtime.block_on(measured(bed.word("/prometheus/url"), target.clone()));
            let near = |m: &Measure, low: f64, high: f64| m.as_ref().is_ok_and(|v| (low..=high).contains(v));
            if arm.preset.as_str() == preset && near(&arm.errors, 0.2, 0.3) && near(&arm.p95, 0.05, 0.1) {
                Ok(())
            } else {
                Err(format!("{arm:?}"))
            }
        });
        bed.serve(&json!({ &namespace: null }));
    }
}

/// What the provider makes of a source in one round.
async fn measured(url: &str, target: MetricTarget) -> ArmMetrics {
    let connection = PrometheusConnection { name: "bed".into(), address: Address::Url(url.to_owned()), token: None };
    let settings = MetricsSettings::single("auto", &[], SignedDuration::from_secs(1));
    let source = prometheus::connect(&[(connection, None)], settings, Arc::new(Clock::real())).unwrap();
    let (_wanted, receiver) = tokio::sync::watch::channel(Arc::new(vec![target]));
    let (sink, mut updates) = Sink::new();
    let watch = tokio::spawn(async move { source.watch(receiver, sink).await });
    let update = updates.recv().await;
    watch.abort();
    match update {
        Some(SourceUpdate::Metrics(Update::Replace(mut arms))) => arms.remove(0),
        other => panic!("{other:?}"),
    }
}
