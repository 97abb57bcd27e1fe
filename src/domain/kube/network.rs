//! Services and what stands behind them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::{Labels, Meta};
use crate::domain::{ObjectKey, SafeText};

/// A Service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KubeService {
    /// What every object carries.
    pub meta: Meta,
    /// The selector of its pods; empty for a service without one.
    pub selector: Labels,
}

/// One EndpointSlice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoints {
    /// The slice.
    pub key: ObjectKey,
    /// The Service that it belongs to (label `kubernetes.io/service-name`).
    pub service: Arc<str>,
    /// `IPv4`, `IPv6` or `FQDN`: with two families a pod stands in a slice of each.
    pub family: SafeText,
    /// Ready endpoints: they get traffic.
    pub ready: u32,
    /// Serving endpoints: ready, whether they end or not.
    pub serving: u32,
    /// Endpoints that are on their way out.
    pub terminating: u32,
    /// All of them.
    pub total: u32,
}

/// What stands behind a Service, over all its EndpointSlices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceEndpoints {
    /// The Service.
    pub service: Arc<str>,
    /// Ready endpoints: they get traffic.
    pub ready: u32,
    /// Serving endpoints; those that also end get traffic only while none is ready.
    pub serving: u32,
    /// Endpoints that are on their way out.
    pub terminating: u32,
    /// All of them.
    pub total: u32,
}

impl ServiceEndpoints {
    /// The sum over slices, or `None` where there is no slice: the endpoints controller has not come to it. Of two
    /// address families the one with more counts, for both hold the same pods.
    pub fn over<'a>(service: &Arc<str>, slices: impl Iterator<Item = &'a Endpoints>) -> Option<Self> {
        let mut families: BTreeMap<&str, Self> = BTreeMap::new();
        let none = || Self { service: service.clone(), ready: 0, serving: 0, terminating: 0, total: 0 };
        for slice in slices {
            let sum = families.entry(slice.family.as_str()).or_insert_with(none);
            sum.ready += slice.ready;
            sum.serving += slice.serving;
            sum.terminating += slice.terminating;
            sum.total += slice.total;
        }
        families.into_values().max_by_key(|b| (b.ready, b.serving, b.total))
    }
}
