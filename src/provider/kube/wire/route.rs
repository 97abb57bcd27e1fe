//! The shapes of what splits traffic.
//!
//! Sources: the custom resource definitions of Istio, Gateway API and Traefik, and networking.k8s.io/v1. What only
//! narrows a rule is read as it is and put in words, so that a form that we do not know is still shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Condition;

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct VirtualServiceSpec {
    pub http: Option<Vec<VirtualRoute>>,
    pub tls: Option<Vec<VirtualRoute>>,
    pub tcp: Option<Vec<VirtualRoute>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct VirtualRoute {
    pub name: Option<String>,
    #[serde(rename = "match")]
    pub matches: Option<Vec<Value>>,
    pub route: Option<Vec<VirtualArm>>,
    /// One mirror, as older objects write it.
    pub mirror: Option<Destination>,
    pub mirror_percentage: Option<Percentage>,
    pub mirrors: Option<Vec<VirtualMirror>>,
    pub redirect: Option<serde::de::IgnoredAny>,
    pub direct_response: Option<DirectResponse>,
    pub delegate: Option<Named>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct VirtualArm {
    pub destination: Option<Destination>,
    pub weight: Option<u32>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Destination {
    pub host: Option<String>,
    pub subset: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct VirtualMirror {
    pub destination: Option<Destination>,
    pub percentage: Option<Percentage>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Percentage {
    pub value: Option<f64>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct DirectResponse {
    pub status: Option<u32>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Named {
    pub name: Option<String>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct DestinationRuleSpec {
    pub host: Option<String>,
    pub subsets: Option<Vec<DestinationSubset>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct DestinationSubset {
    pub name: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
}

/// HTTPRoute and GRPCRoute: they differ in what a rule can match.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct GatewayRouteSpec {
    pub parent_refs: Option<Vec<ParentRef>>,
    pub rules: Option<Vec<GatewayRule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct GatewayRule {
    pub name: Option<String>,
    pub matches: Option<Vec<Value>>,
    pub filters: Option<Vec<Filter>>,
    pub backend_refs: Option<Vec<BackendRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct Filter {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub request_mirror: Option<RequestMirror>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct RequestMirror {
    pub backend_ref: Option<BackendRef>,
    pub percent: Option<u32>,
    pub fraction: Option<Fraction>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Fraction {
    pub numerator: Option<u32>,
    pub denominator: Option<u32>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct BackendRef {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub weight: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct ParentRef {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub section_name: Option<String>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct GatewayStatus {
    pub parents: Option<Vec<ParentStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct ParentStatus {
    pub parent_ref: Option<ParentRef>,
    pub conditions: Option<Vec<ParentCondition>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct ParentCondition {
    #[serde(flatten)]
    pub plain: Condition,
    pub observed_generation: Option<i64>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct TraefikServiceSpec {
    pub weighted: Option<TraefikWeighted>,
    pub mirroring: Option<TraefikMirroring>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct TraefikWeighted {
    pub services: Option<Vec<TraefikArm>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct TraefikArm {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub namespace: Option<String>,
    pub weight: Option<u32>,
    pub percent: Option<u32>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct TraefikMirroring {
    #[serde(flatten)]
    pub to: TraefikArm,
    pub mirrors: Option<Vec<TraefikArm>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct IngressSpec {
    pub default_backend: Option<IngressBackend>,
    pub rules: Option<Vec<IngressRule>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct IngressRule {
    pub host: Option<String>,
    pub http: Option<IngressPaths>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct IngressPaths {
    pub paths: Option<Vec<IngressPath>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct IngressPath {
    pub path: Option<String>,
    pub backend: Option<IngressBackend>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct IngressBackend {
    pub service: Option<Named>,
    pub resource: Option<Named>,
}
