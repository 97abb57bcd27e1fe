//! Services and what stands behind them.

use std::sync::Arc;

use serde::Serialize;

use super::{Labels, Meta};
use crate::domain::ObjectKey;

/// A Service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KubeService {
    /// What every object carries.
    pub meta: Meta,
    /// The selector of its pods; empty for a service without one.
    pub selector: Labels,
}

/// The endpoints behind a Service, over all its EndpointSlices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoints {
    /// The key of one slice.
    pub key: ObjectKey,
    /// The Service that it belongs to (label `kubernetes.io/service-name`).
    pub service: Arc<str>,
    /// Ready addresses.
    pub ready: u32,
    /// All addresses.
    pub total: u32,
}
