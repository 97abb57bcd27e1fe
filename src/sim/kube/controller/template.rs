//! Pod templates: which is which, and what a ReplicaSet of one is called.

use serde_json::Value;

use crate::sim::world::{Cluster, Service, World, names};

/// Where a workload is.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The model.
    pub world: &'a World,
    /// The service that it belongs to.
    pub service: &'static Service,
    /// The cluster.
    pub cluster: Cluster,
}

/// A pod template without the label that the controller adds.
pub fn bare(template: &Value, label: &str) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.shift_remove(label);
    }
    template
}

/// The hash of a template that the company's pipelines did not write.
pub fn hash(place: Place<'_>, owner: &str, template: &Value) -> String {
    let mut sorted = template.clone();
    sorted.sort_all_objects();
    names::suffix(place.world.seed(), &["template", owner, place.cluster.name(), &sorted.to_string()], 10)
}

/// Equal whatever the order of members.
pub fn same(one: &Value, other: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut value = value.clone();
        value.sort_all_objects();
        value.to_string()
    };
    sorted(one) == sorted(other)
}

/// A share of the pods wanted: a number, or a percentage that is rounded up or down.
pub fn share(value: &Value, wanted: u32, up: bool) -> u32 {
    if let Some(number) = value.as_u64() {
        return u32::try_from(number).unwrap_or(u32::MAX);
    }
    let percent: u32 = value.as_str().and_then(|text| text.strip_suffix('%')?.parse().ok()).unwrap_or(25);
    let part = wanted.saturating_mul(percent);
    if up { part.div_ceil(100) } else { part / 100 }
}
