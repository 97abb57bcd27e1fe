//! The shapes of Argo's Rollouts.

use serde::Deserialize;
use serde_json::Value;

use super::{Condition, WorkloadSpec};

pub(in crate::provider::kube) type RolloutSpec = WorkloadSpec<RolloutStrategy>;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct RolloutStrategy {
    pub canary: Option<Canary>,
    pub blue_green: Option<BlueGreen>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct Canary {
    /// One map with one key each; read as values, so that unknown steps survive.
    pub steps: Option<Vec<Value>>,
    #[serde(rename = "canaryService")]
    pub service: Option<String>,
    pub stable_service: Option<String>,
    pub traffic_routing: Option<serde_json::Map<String, Value>>,
    pub analysis: Option<RolloutAnalysis>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct RolloutAnalysis {
    pub templates: Option<Vec<AnalysisTemplateRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct AnalysisTemplateRef {
    pub template_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct BlueGreen {
    pub active_service: Option<String>,
    pub preview_service: Option<String>,
    pub auto_promotion_enabled: Option<bool>,
    pub auto_promotion_seconds: Option<u32>,
    /// Only whether it is there counts.
    pub post_promotion_analysis: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct RolloutStatus {
    /// Text in the API; a number is taken too.
    pub observed_generation: Option<Value>,
    pub phase: Option<String>,
    pub message: Option<String>,
    pub abort: Option<bool>,
    pub promote_full: Option<bool>,
    pub controller_pause: Option<bool>,
    pub pause_conditions: Option<Vec<PauseCondition>>,
    pub current_step_index: Option<u32>,
    #[serde(rename = "stableRS")]
    pub stable_rs: Option<String>,
    pub current_pod_hash: Option<String>,
    pub aborted_at: Option<String>,
    pub workload_observed_generation: Option<String>,
    pub canary: Option<CanaryStatus>,
    pub blue_green: Option<BlueGreenStatus>,
    pub replicas: Option<u32>,
    pub updated_replicas: Option<u32>,
    pub ready_replicas: Option<u32>,
    pub available_replicas: Option<u32>,
    pub conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct PauseCondition {
    pub reason: Option<String>,
    pub start_time: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct CanaryStatus {
    pub weights: Option<CanaryWeights>,
    pub current_step_analysis_run_status: Option<RunStatus>,
    pub current_background_analysis_run_status: Option<RunStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct BlueGreenStatus {
    pub active_selector: Option<String>,
    pub preview_selector: Option<String>,
    pub pre_promotion_analysis_run_status: Option<RunStatus>,
    pub post_promotion_analysis_run_status: Option<RunStatus>,
}

/// What a Rollout's status tells of an AnalysisRun.
#[derive(Deserialize)]
pub(in crate::provider::kube) struct RunStatus {
    pub name: Option<String>,
    pub status: Option<String>,
    pub message: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct CanaryWeights {
    pub canary: Option<ArmWeight>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct ArmWeight {
    pub weight: Option<u32>,
}
