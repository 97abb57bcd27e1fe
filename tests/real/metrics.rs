//! Prometheus of the bed: it has what the exporter serves, and shows when there is nothing.

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
