use jiff::SignedDuration;

use super::*;
use crate::domain::{Arm, MetricKey, WorkloadKind, WorkloadRef};

fn target(arm: Arm) -> MetricTarget {
    MetricTarget {
        key: MetricKey { service: "payment".parse().unwrap(), environment: "production".parse().unwrap(), arm },
        clusters: vec!["eu-1".parse().unwrap(), "us-1".parse().unwrap()],
        namespaces: vec!["shop".into()],
        workload: WorkloadRef { kind: WorkloadKind::Rollout, name: "payment".into() },
        hashes: if arm == Arm::Serving { vec![] } else { vec!["6d4cf56db6".into(), "58fd9b7c5d".into()] },
        history: false,
    }
}

fn settings(labels: &[(&str, &str)]) -> MetricsSettings {
    MetricsSettings {
        preset: "auto".into(),
        labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        scrape: SignedDuration::from_secs(15),
    }
}

#[test]
fn istio_tells_arms_apart_by_pods() {
    let settings = settings(&[("cluster", "{cluster}"), ("environment", "{environment}")]);
    let queries = queries(Preset::Istio, &target(Arm::Canary), &settings);
    insta::assert_snapshot!(queries.counts, @r#"sum by (response_code) (increase(istio_requests_total{reporter="destination",destination_workload_namespace="shop",destination_workload="payment",cluster=~"eu-1|us-1",environment="production",pod=~"payment-(58fd9b7c5d|6d4cf56db6)-[a-z0-9]{5}"}[5m]))"#);
    insta::assert_snapshot!(queries.p95, @r#"histogram_quantile(0.95, sum by (le) (rate(istio_request_duration_milliseconds_bucket{reporter="destination",destination_workload_namespace="shop",destination_workload="payment",cluster=~"eu-1|us-1",environment="production",pod=~"payment-(58fd9b7c5d|6d4cf56db6)-[a-z0-9]{5}"}[5m]))) / 1000"#);
    insta::assert_snapshot!(queries.newest, @r#"min(max by (cluster) (timestamp(istio_requests_total{reporter="destination",destination_workload_namespace="shop",destination_workload="payment",cluster=~"eu-1|us-1",environment="production",pod=~"payment-(58fd9b7c5d|6d4cf56db6)-[a-z0-9]{5}"})))"#);
    assert_eq!(queries.history, None);
}

#[test]
fn the_serving_arm_is_the_whole_workload() {
    let mut target = target(Arm::Serving);
    target.history = true;
    let istio = queries(Preset::Istio, &target, &settings(&[])).counts;
    insta::assert_snapshot!(istio, @r#"sum by (response_code) (increase(istio_requests_total{reporter="destination",destination_workload_namespace="shop",destination_workload="payment"}[5m]))"#);
    let plain = queries(Preset::Plain, &target, &settings(&[]));
    insta::assert_snapshot!(plain.counts, @r#"sum by (code, status, status_code) (increase(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}[5m]))"#);
    insta::assert_snapshot!(plain.newest, @r#"max(timestamp(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}))"#);
    let history = plain.history.unwrap();
    insta::assert_snapshot!(history.errors, @r#"(sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}",code=~"5.."}[60s])) or sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}",status=~"5.."}[60s])) or sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}",status_code=~"5.."}[60s])) or 0 * sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}[60s]))) / (sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}[60s])) > 0)"#);
    insta::assert_snapshot!(history.p95, @r#"histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}[60s])))"#);
    insta::assert_snapshot!(history.rps, @r#"sum(rate(http_requests_total{namespace="shop",pod=~"payment-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}"}[60s]))"#);
}

#[test]
fn values_are_escaped_as_expressions_and_as_strings() {
    for (values, want) in [
        (vec!["a.b"], r#"="a.b""#),
        (vec![r#"a"b\c"#], r#"="a\"b\\c""#),
        (vec!["a.b", "c"], r#"=~"a\\.b|c""#),
        (vec!["a", "a"], r#"=~"a""#),
        (vec!["x|y", "z\n"], "=~\"x\\\\|y|z\\n\""),
        (vec![], r#"=~"""#),
    ] {
        assert_eq!(one_of(&values), want, "{values:?}");
    }
    let mut target = target(Arm::Canary);
    target.workload.name = "pay.ment".into();
    target.hashes = vec!["a\"} or vector(1) #".into()];
    let counts = queries(Preset::Plain, &target, &settings(&[("env", "x-{environment}-{cluster}")])).counts;
    assert!(counts.contains(r#"env=~"x-production-eu-1|x-production-us-1""#), "{counts}");
    assert!(counts.contains(r#"pod=~"pay\\.ment-(a\\\"\\} or vector\\(1\\) \\#)-[a-z0-9]{5}""#), "{counts}");
}

#[test]
fn auto_means_istio_only_for_workloads_that_it_knows() {
    let payment = target(Arm::Serving);
    let meshed = |namespace: &str, workload: &str| vec![(Arc::from(namespace), Arc::from(workload))];
    assert_eq!(preset_for(None, &meshed("shop", "payment"), &payment), Preset::Istio);
    assert_eq!(preset_for(None, &meshed("test", "payment"), &payment), Preset::Plain);
    assert_eq!(preset_for(None, &meshed("shop", "cart"), &payment), Preset::Plain);
    assert_eq!(preset_for(Some(Preset::Istio), &[], &payment), Preset::Istio);
}
