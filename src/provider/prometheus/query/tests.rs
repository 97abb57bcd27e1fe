use super::*;
use crate::{
    domain::{Arm, MetricKey, MetricTarget, MetricsSettings, WorkloadKind, WorkloadRef},
    provider::prometheus::{
        batch::batches,
        counter,
        preset::{Dialect, PLACES, PRESETS},
        probe,
    },
};

const SCRAPE: SignedDuration = SignedDuration::from_secs(15);

fn target(service: &str, arm: Arm) -> MetricTarget {
    MetricTarget {
        key: MetricKey { service: service.parse().unwrap(), environment: "production".parse().unwrap(), arm },
        clusters: vec!["eu-1".parse().unwrap(), "us-1".parse().unwrap()],
        namespaces: vec!["shop".into()],
        workload: WorkloadRef { kind: WorkloadKind::Rollout, name: service.into() },
        hashes: match arm {
            Arm::Serving => vec![],
            Arm::Canary => vec!["6d4cf56db6".into(), "58fd9b7c5d".into()],
            Arm::Baseline => vec!["7c9f6d5b48".into()],
        },
        services: match arm {
            Arm::Serving => vec![],
            Arm::Canary => vec![format!("{service}-canary").into()],
            Arm::Baseline => vec![format!("{service}-stable").into()],
        },
        namesakes: vec![],
        routes: vec![],
        history: false,
    }
}

/// Every query of one batch, as a person would read them.
fn texts(preset: usize, place: usize, targets: &[MetricTarget], labels: &[(&str, &str)]) -> String {
    let dialect = Dialect { preset: &PRESETS[preset], place: &PLACES[place] };
    let settings = MetricsSettings::single("auto", labels, SCRAPE);
    let all = batches(targets.iter().enumerate().map(|(at, t)| (at, t, dialect)), &settings.sources[0], 500);
    let mut out = vec![];
    for batch in &all {
        let Queries { counts, quantiles: [_, p95, _], newest } = Queries::figures(batch);
        let [graph, ..] = Queries::graphs(batch, SCRAPE);
        let [counters, taken] = counter::queries(batch);
        out.extend([counts, p95, newest, graph, counters, taken, probe::spoken_query(batch)]);
    }
    assert!(out.iter().all(|q| promql_parser::parser::parse(q).is_ok()), "{out:#?}");
    out.join("\n")
}

#[test]
fn one_query_answers_for_every_service_of_an_environment() {
    let all = [target("payment", Arm::Serving), target("cart", Arm::Serving)];
    insta::assert_snapshot!(texts(0, 0, &all, &[("cluster", "{cluster}"), ("environment", "{environment}")]));
    insta::assert_snapshot!(texts(2, 1, &all, &[]));
}

#[test]
fn arms_are_told_apart_by_pods_or_by_services() {
    let all = [target("payment", Arm::Canary), target("payment", Arm::Baseline)];
    for (preset, row) in PRESETS.iter().enumerate() {
        insta::assert_snapshot!(format!("arms_{preset}_{}", row.name), texts(preset, 0, &all, &[]));
    }
}

#[test]
fn an_arm_that_is_the_other_one_elsewhere_is_asked_for_alone() {
    let dialect = Dialect { preset: &PRESETS[2], place: &PLACES[0] };
    let settings = MetricsSettings::single("auto", &[], SCRAPE);
    let (canary, mut baseline) = (target("payment", Arm::Canary), target("payment", Arm::Baseline));
    let count = |all: [&MetricTarget; 2]| batches(all.into_iter().map(|t| (0, t, dialect)), &settings.sources[0], 500).len();
    assert_eq!(count([&canary, &baseline]), 1);
    baseline.hashes.push(canary.hashes[0].clone());
    assert_eq!(count([&canary, &baseline]), 2);
}

#[test]
fn the_probe_asks_for_every_name_of_the_table() {
    let query = probe::names_query();
    promql_parser::parser::parse(&query).unwrap();
    for preset in PRESETS {
        assert!(query.contains(preset.counter) && query.contains(preset.latency.name), "{}", preset.name);
    }
}

#[test]
fn names_of_others_are_text_in_a_query() {
    let mut odd = target("payment", Arm::Canary);
    odd.workload.name = "pay.ment".into();
    odd.hashes = vec!["a\"} or vector(1) #".into()];
    let text = texts(2, 0, &[odd], &[("env", "x-{environment}-{cluster}")]);
    assert!(text.contains(r#"env=~"x-production-eu-1|x-production-us-1""#), "{text}");
    assert!(text.contains(r#"pod=~"pay\\.ment-a\\\"\\} or vector\\(1\\) \\#-[a-z0-9]{5}""#), "{text}");
}
