//! The shapes of the API server's JSON, as narrow as the rows that are made of them.
//!
//! Every field may be missing: servers leave out what is empty, older ones what they do not know. What is not named
//! here is skipped while the answer is read and never held. Sources: the OpenAPI description of Kubernetes, and the
//! custom resource definitions of Argo Rollouts, Istio and Gateway API.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

mod route;

pub(super) use route::{
    Destination, DestinationRuleSpec, Filter, GatewayRouteSpec, GatewayRule, GatewayStatus, IngressBackend, IngressSpec,
    ParentCondition, ParentRef, Percentage, TraefikArm, TraefikServiceSpec, VirtualArm, VirtualRoute, VirtualServiceSpec,
};
mod delegated;

pub(super) use delegated::*;

/// One page of a list.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    #[serde(default)]
    pub metadata: ListMeta,
    pub items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMeta {
    pub resource_version: Option<String>,
    #[serde(rename = "continue")]
    pub next: Option<String>,
}

/// One line of a watch.
#[derive(Deserialize)]
pub(super) struct Event<T> {
    #[serde(rename = "type")]
    pub kind: String,
    pub object: T,
}

/// What names any object.
#[derive(Deserialize)]
pub(super) struct Bare {
    #[serde(default)]
    pub metadata: ObjectMeta,
}

/// The server's way to say no.
#[derive(Deserialize, Default)]
pub(super) struct Status {
    pub code: Option<u16>,
    pub message: Option<String>,
    pub details: Option<StatusDetails>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusDetails {
    pub name: Option<String>,
    pub causes: Option<serde::de::IgnoredAny>,
    pub retry_after_seconds: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectMeta {
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub generation: Option<i64>,
    pub creation_timestamp: Option<String>,
    pub deletion_timestamp: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<Annotations>,
    pub owner_references: Option<Vec<Owner>>,
    pub managed_fields: Option<Vec<ManagedField>>,
}

/// Who wrote; which fields is skipped, it is the greatest part of many an object.
#[derive(Deserialize)]
pub(super) struct ManagedField {
    pub manager: Option<String>,
    pub operation: Option<String>,
    pub time: Option<String>,
    pub subresource: Option<String>,
}

/// The annotations that count; the others, which may be large, are skipped.
#[derive(Deserialize, Default)]
pub(super) struct Annotations {
    #[serde(rename = "gonogo.dev/ops")]
    pub ops: Option<String>,
    #[serde(rename = "gonogo.dev/commit")]
    pub commit: Option<String>,
    #[serde(rename = "org.opencontainers.image.revision")]
    pub source: Option<String>,
    #[serde(rename = "deployment.kubernetes.io/revision")]
    pub deployment: Option<String>,
    #[serde(rename = "rollout.argoproj.io/revision")]
    pub rollout: Option<String>,
    #[serde(rename = "argo-rollouts.argoproj.io/managed-by-rollouts")]
    pub managed_by_rollouts: Option<String>,
    #[serde(rename = "argocd.argoproj.io/tracking-id")]
    pub argo_tracking: Option<String>,
    #[serde(rename = "meta.helm.sh/release-name")]
    pub helm: Option<String>,
    #[serde(rename = "kustomize.toolkit.fluxcd.io/reconcile")]
    pub flux_reconcile: Option<String>,
    #[serde(rename = "helm.toolkit.fluxcd.io/driftDetection")]
    pub flux_drift: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary")]
    pub canary: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-weight")]
    pub canary_weight: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-weight-total")]
    pub canary_total: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-by-header")]
    pub canary_header: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-by-header-value")]
    pub canary_header_value: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-by-header-pattern")]
    pub canary_header_pattern: Option<String>,
    #[serde(rename = "nginx.ingress.kubernetes.io/canary-by-cookie")]
    pub canary_cookie: Option<String>,
    #[serde(rename = "rollout.argoproj.io/workload-generation")]
    pub workload_generation: Option<String>,
    #[serde(rename = "scale-down-deadline")]
    pub scale_down: Option<String>,
    /// The name in the controller's documentation; it writes the shorter one.
    #[serde(rename = "argo-rollouts.argoproj.io/scale-down-deadline")]
    pub scale_down_long: Option<String>,
    #[serde(rename = "kubernetes.io/change-cause")]
    pub cause: Option<String>,
    #[serde(rename = "meta.helm.sh/release-namespace")]
    pub helm_namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub uid: Option<String>,
    pub controller: Option<bool>,
}

/// A kind with a spec and a status of its own.
#[derive(Deserialize)]
#[serde(bound = "S: Deserialize<'de> + Default, T: Deserialize<'de> + Default")]
pub(super) struct Object<S, T> {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub spec: Option<S>,
    pub status: Option<T>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selector {
    pub match_labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
pub(super) struct PodTemplate {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub spec: Option<TemplateSpec>,
}

#[derive(Deserialize, Default)]
pub(super) struct TemplateSpec {
    pub containers: Option<Vec<Container>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    pub name: Option<String>,
    pub image: Option<String>,
    /// Only whether it is there counts.
    pub readiness_probe: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<String>,
    pub reason: Option<String>,
    pub message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentSpec {
    pub replicas: Option<u32>,
    pub min_ready_seconds: Option<u32>,
    pub paused: Option<bool>,
    pub strategy: Option<Strategy>,
    pub template: Option<PodTemplate>,
    pub selector: Option<Selector>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Strategy {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub rolling_update: Option<RollingUpdate>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct RollingUpdate {
    pub max_surge: Option<Value>,
    pub max_unavailable: Option<Value>,
    pub partition: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatefulSetSpec {
    pub replicas: Option<u32>,
    pub min_ready_seconds: Option<u32>,
    pub update_strategy: Option<Strategy>,
    pub template: Option<PodTemplate>,
    pub selector: Option<Selector>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatefulSetStatus {
    #[serde(flatten)]
    pub counts: DeploymentStatus,
    pub current_revision: Option<String>,
    pub update_revision: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct DaemonSetSpec {
    pub min_ready_seconds: Option<u32>,
    pub update_strategy: Option<Strategy>,
    pub template: Option<PodTemplate>,
    pub selector: Option<Selector>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct DaemonSetStatus {
    pub observed_generation: Option<i64>,
    pub desired_number_scheduled: Option<u32>,
    pub current_number_scheduled: Option<u32>,
    pub updated_number_scheduled: Option<u32>,
    pub number_ready: Option<u32>,
    pub number_available: Option<u32>,
    pub conditions: Option<Vec<Condition>>,
}

/// Other controllers keep data of other shapes in theirs.
#[derive(Deserialize)]
pub(super) struct ControllerRevision {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub revision: Option<i64>,
    pub data: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct RevisionData {
    pub spec: RevisionSpec,
}

#[derive(Deserialize)]
pub(super) struct RevisionSpec {
    pub template: PodTemplate,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentStatus {
    pub observed_generation: Option<i64>,
    pub replicas: Option<u32>,
    pub updated_replicas: Option<u32>,
    pub ready_replicas: Option<u32>,
    pub available_replicas: Option<u32>,
    pub conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize, Default)]
pub(super) struct ReplicaSetSpec {
    pub replicas: Option<u32>,
    pub template: Option<PodTemplate>,
}

#[derive(Deserialize, Default)]
pub(super) struct PodSpec {
    pub containers: Option<Vec<PodContainer>>,
}

#[derive(Deserialize)]
pub(super) struct PodContainer {
    pub name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodStatus {
    pub phase: Option<String>,
    pub conditions: Option<Vec<Condition>>,
    pub container_statuses: Option<Vec<ContainerStatus>>,
    pub init_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerStatus {
    pub name: Option<String>,
    #[serde(rename = "imageID")]
    pub image_id: Option<String>,
    pub restart_count: Option<u32>,
    pub state: Option<ContainerState>,
}

#[derive(Deserialize)]
pub(super) struct ContainerState {
    pub waiting: Option<Waiting>,
}

#[derive(Deserialize)]
pub(super) struct Waiting {
    pub reason: Option<String>,
    pub message: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct ServiceSpec {
    pub selector: Option<BTreeMap<String, String>>,
}

/// A slice has neither spec nor status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointSlice {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub address_type: Option<String>,
    pub endpoints: Option<Vec<Endpoint>>,
}

#[derive(Deserialize)]
pub(super) struct Endpoint {
    pub conditions: Option<EndpointConditions>,
}

#[derive(Deserialize)]
pub(super) struct EndpointConditions {
    pub ready: Option<bool>,
    pub serving: Option<bool>,
    pub terminating: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolloutSpec {
    pub replicas: Option<u32>,
    pub min_ready_seconds: Option<u32>,
    pub paused: Option<bool>,
    pub strategy: Option<RolloutStrategy>,
    pub template: Option<PodTemplate>,
    pub workload_ref: Option<Reference>,
    pub selector: Option<Selector>,
}

/// A reference to an object of the same namespace.
#[derive(Deserialize, Default)]
pub(super) struct Reference {
    pub kind: Option<String>,
    pub name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolloutStrategy {
    pub canary: Option<Canary>,
    pub blue_green: Option<BlueGreen>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Canary {
    /// One map with one key each; read as values, so that unknown steps survive.
    pub steps: Option<Vec<Value>>,
    #[serde(rename = "canaryService")]
    pub service: Option<String>,
    pub stable_service: Option<String>,
    pub traffic_routing: Option<serde_json::Map<String, Value>>,
    pub analysis: Option<RolloutAnalysis>,
}

#[derive(Deserialize)]
pub(super) struct RolloutAnalysis {
    pub templates: Option<Vec<AnalysisTemplateRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnalysisTemplateRef {
    pub template_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlueGreen {
    pub active_service: Option<String>,
    pub preview_service: Option<String>,
    pub auto_promotion_enabled: Option<bool>,
    pub auto_promotion_seconds: Option<u32>,
    /// Only whether it is there counts.
    pub post_promotion_analysis: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolloutStatus {
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
pub(super) struct PauseCondition {
    pub reason: Option<String>,
    pub start_time: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct CanaryStatus {
    pub weights: Option<CanaryWeights>,
    pub current_step_analysis_run_status: Option<RunStatus>,
    pub current_background_analysis_run_status: Option<RunStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlueGreenStatus {
    pub active_selector: Option<String>,
    pub preview_selector: Option<String>,
    pub pre_promotion_analysis_run_status: Option<RunStatus>,
    pub post_promotion_analysis_run_status: Option<RunStatus>,
}

/// What a Rollout's status tells of an AnalysisRun.
#[derive(Deserialize)]
pub(super) struct RunStatus {
    pub name: Option<String>,
    pub status: Option<String>,
    pub message: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CanaryWeights {
    pub canary: Option<ArmWeight>,
}

#[derive(Deserialize)]
pub(super) struct ArmWeight {
    pub weight: Option<u32>,
}

/// A status that nobody reads.
#[derive(Deserialize, Default)]
pub(super) struct Ignored {}
