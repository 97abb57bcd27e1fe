//! The shapes of Services and of the endpoints behind them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ObjectMeta;

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct ServiceSpec {
    pub selector: Option<BTreeMap<String, String>>,
}

/// A slice has neither spec nor status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct EndpointSlice {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub address_type: Option<String>,
    pub endpoints: Option<Vec<Endpoint>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Endpoint {
    pub conditions: Option<EndpointConditions>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct EndpointConditions {
    pub ready: Option<bool>,
    pub serving: Option<bool>,
    pub terminating: Option<bool>,
}
