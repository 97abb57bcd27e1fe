//! Rows of AnalysisRuns.

use serde_json::Value;

use super::{Odd, controller, hash, meta, time, word};
use crate::{
    domain::{AnalysisKind, AnalysisMetric, AnalysisPhase, AnalysisRun, Measurement, SafeText},
    provider::kube::wire,
};

/// The longest sentence, value or condition that is kept.
const SENTENCE: usize = 300;

/// The phase of a word of the controller; before it comes to a run there is none.
pub(super) fn phase(raw: Option<&str>) -> AnalysisPhase {
    match raw {
        None | Some("" | "Pending") => AnalysisPhase::Pending,
        Some("Running") => AnalysisPhase::Running,
        Some("Successful") => AnalysisPhase::Successful,
        Some("Failed") => AnalysisPhase::Failed,
        Some("Error") => AnalysisPhase::Error,
        Some("Inconclusive") => AnalysisPhase::Inconclusive,
        other => AnalysisPhase::Unknown(word(other)),
    }
}

pub(super) fn sentence(raw: Option<&str>) -> Option<SafeText> {
    raw.filter(|m| !m.is_empty()).map(|m| SafeText::capped(m, SENTENCE))
}

/// A number, or text that is one.
fn number(raw: Option<&Value>) -> Option<i64> {
    match raw? {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.parse().ok(),
        _ => None,
    }
}

fn measurement(raw: &wire::Measurement) -> Measurement {
    Measurement {
        phase: phase(raw.phase.as_deref()),
        value: sentence(raw.value.as_deref()),
        message: sentence(raw.message.as_deref()),
        at: time(raw.finished_at.as_deref()).or_else(|| time(raw.started_at.as_deref())),
    }
}

/// A metric: what is wanted of it, and what came out so far.
fn metric(spec: &wire::MetricSpec, result: Option<&wire::MetricResult>, all_dry: bool) -> AnalysisMetric {
    let taken = result.and_then(|r| r.measurements.as_deref()).unwrap_or_default();
    let passed = |m: &&wire::Measurement| matches!(phase(m.phase.as_deref()), AnalysisPhase::Successful);
    let under_way = |m: &&wire::Measurement| matches!(phase(m.phase.as_deref()), AnalysisPhase::Pending | AnalysisPhase::Running);
    let count = |of: fn(&wire::MetricResult) -> Option<u32>| result.and_then(of).unwrap_or(0);
    AnalysisMetric {
        name: word(spec.name.as_deref()),
        phase: phase(result.and_then(|r| r.phase.as_deref())),
        dry_run: all_dry || result.and_then(|r| r.dry_run).unwrap_or(false),
        count: count(|r| r.count),
        wanted: number(spec.count.as_ref()).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0),
        successful: count(|r| r.successful),
        failed: count(|r| r.failed),
        failure_limit: number(spec.failure_limit.as_ref()).unwrap_or(0),
        inconclusive: count(|r| r.inconclusive),
        errors: count(|r| r.error),
        success: sentence(spec.success_condition.as_deref()),
        failure: sentence(spec.failure_condition.as_deref()),
        message: sentence(result.and_then(|r| r.message.as_deref())),
        last: taken.iter().rev().find(|m| !under_way(m)).map(measurement),
        last_bad: taken.iter().rev().find(|m| !under_way(m) && !passed(m)).map(measurement),
    }
}

pub(in crate::provider::kube) fn analysis_run(
    raw: wire::Object<wire::AnalysisSpec, wire::AnalysisStatus>,
) -> Result<AnalysisRun, Odd> {
    let (spec, status) = (raw.spec.unwrap_or_default(), raw.status.unwrap_or_default());
    let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name)).map(String::as_str);
    let results = status.metric_results.as_deref().unwrap_or_default();
    let dry = spec.dry_run.as_deref().unwrap_or_default();
    let revision = raw.metadata.annotations.as_ref().and_then(|a| a.rollout.as_deref());
    Ok(AnalysisRun {
        meta: meta(&raw.metadata)?,
        owner: controller(&raw.metadata),
        kind: match label("rollout-type") {
            Some("Step") => AnalysisKind::Step,
            Some("Background") => AnalysisKind::Background,
            Some("PrePromotion") => AnalysisKind::PrePromotion,
            Some("PostPromotion") => AnalysisKind::PostPromotion,
            _ => AnalysisKind::Other,
        },
        step: label("step-index").and_then(|s| s.parse().ok()),
        hash: hash(label("rollouts-pod-template-hash")),
        revision: revision.and_then(|r| r.parse().ok()),
        phase: phase(status.phase.as_deref()),
        message: sentence(status.message.as_deref()),
        started: time(status.started_at.as_deref()),
        completed: time(status.completed_at.as_deref()),
        metrics: spec
            .metrics
            .as_deref()
            .unwrap_or_default()
            .iter()
            .map(|m| {
                // The name may be a pattern; only plain names and the pattern for all are looked at before there is a result.
                let all = dry.iter().any(|d| d.metric_name.as_deref() == Some(".*") || d.metric_name == m.name);
                metric(m, results.iter().find(|r| r.name == m.name), all)
            })
            .collect(),
    })
}
