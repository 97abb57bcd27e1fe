//! The shapes of the API server's JSON, as narrow as the rows that are made of them.
//!
//! Every field may be missing: servers leave out what is empty, older ones what they do not know. What is not named
//! here is skipped while the answer is read and never held. Sources: the OpenAPI description of Kubernetes, and the
//! custom resource definitions of Argo Rollouts, Istio and Gateway API.

mod delegated;
mod network;
mod pod;
mod rollout;
mod route;
mod workload;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use delegated::*;
pub(super) use network::{Endpoint, EndpointSlice, ServiceSpec};
pub(super) use pod::{PodContainer, PodSpec, PodStatus};
pub(super) use rollout::{BlueGreenStatus, Canary, CanaryStatus, RolloutSpec, RolloutStatus, RolloutStrategy};
pub(super) use route::{
    Destination, DestinationRuleSpec, Filter, GatewayRouteSpec, GatewayRule, GatewayStatus, IngressBackend, IngressSpec,
    ParentCondition, ParentRef, Percentage, TraefikArm, TraefikServiceSpec, VirtualArm, VirtualRoute, VirtualServiceSpec,
};
pub(super) use workload::{
    ControllerRevision, DaemonSetStatus, DeploymentStatus, PodTemplate, RESTARTED, ReplicaSetSpec, RevisionData,
    StatefulSetStatus, Strategy, WorkloadSpec,
};

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

/// Who wrote; of which fields only whether the wanted state is among them, they are the greatest part of many an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManagedField {
    pub fields_v1: Option<Fields>,
    pub manager: Option<String>,
    pub operation: Option<String>,
    pub time: Option<String>,
    pub subresource: Option<String>,
}

/// The fields that somebody wrote last.
#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(rename = "f:spec")]
    pub spec: Option<serde::de::IgnoredAny>,
}

/// The annotations that count; the others, which may be large, are skipped.
#[derive(Deserialize, Default)]
pub(super) struct Annotations {
    #[serde(rename = "gonogo.dev/ops")]
    pub ops: Option<String>,
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

#[derive(Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<String>,
    pub reason: Option<String>,
    pub message: Option<String>,
}

/// A reference to an object of the same namespace.
#[derive(Deserialize, Default)]
pub(super) struct Reference {
    pub kind: Option<String>,
    pub name: Option<String>,
}

/// A status that nobody reads.
#[derive(Deserialize, Default)]
pub(super) struct Ignored {}
