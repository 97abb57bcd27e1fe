//! The shapes of AnalysisRuns and of Flagger's Canaries.

use serde::Deserialize;
use serde_json::Value;

use super::{Condition, Reference};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct AnalysisSpec {
    pub metrics: Option<Vec<MetricSpec>>,
    pub dry_run: Option<Vec<DryRun>>,
}

/// A metric by a regular expression over names; `.*` is all.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct DryRun {
    pub metric_name: Option<String>,
}

/// Counts and limits are numbers or text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct MetricSpec {
    pub name: Option<String>,
    pub count: Option<Value>,
    pub success_condition: Option<String>,
    pub failure_condition: Option<String>,
    pub failure_limit: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct AnalysisStatus {
    pub phase: Option<String>,
    pub message: Option<String>,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    pub metric_results: Option<Vec<MetricResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct MetricResult {
    pub name: Option<String>,
    pub phase: Option<String>,
    pub message: Option<String>,
    pub count: Option<u32>,
    pub successful: Option<u32>,
    pub failed: Option<u32>,
    pub inconclusive: Option<u32>,
    pub error: Option<u32>,
    pub dry_run: Option<bool>,
    pub measurements: Option<Vec<Measurement>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct Measurement {
    pub phase: Option<String>,
    pub value: Option<String>,
    pub message: Option<String>,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct FlaggerSpec {
    pub provider: Option<String>,
    pub target_ref: Option<Reference>,
    pub service: Option<FlaggerService>,
    pub analysis: Option<FlaggerAnalysis>,
    /// The name of older versions.
    pub canary_analysis: Option<FlaggerAnalysis>,
    pub skip_analysis: Option<bool>,
    pub suspend: Option<bool>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct FlaggerService {
    pub name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct FlaggerAnalysis {
    pub interval: Option<String>,
    pub threshold: Option<i64>,
    pub iterations: Option<u32>,
    pub max_weight: Option<u32>,
    pub step_weight: Option<u32>,
    pub step_weights: Option<Vec<u32>>,
    pub webhooks: Option<Vec<Webhook>>,
    pub metrics: Option<Vec<FlaggerMetric>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Webhook {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct FlaggerMetric {
    pub name: Option<String>,
    /// The older form of the range: a least success rate, or a greatest duration.
    pub threshold: Option<f64>,
    pub threshold_range: Option<ThresholdRange>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct ThresholdRange {
    pub min: Option<f64>,
    pub max: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct FlaggerStatus {
    pub phase: Option<String>,
    pub failed_checks: Option<u32>,
    pub canary_weight: Option<u32>,
    pub iterations: Option<i64>,
    pub last_transition_time: Option<String>,
    pub conditions: Option<Vec<Condition>>,
}
