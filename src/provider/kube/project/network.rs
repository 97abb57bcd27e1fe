//! Rows of Services and EndpointSlices.

use super::{Odd, key, meta, selector, service_name, word};
use crate::{
    domain::{Endpoints, KubeService},
    provider::kube::wire,
};

pub(in crate::provider::kube) fn service(raw: wire::Object<wire::ServiceSpec, wire::Ignored>) -> Result<KubeService, Odd> {
    Ok(KubeService { meta: meta(&raw.metadata)?, selector: selector(raw.spec.unwrap_or_default().selector.as_ref())? })
}

/// One slice. What an endpoint does not say is as the API says: without a word it is ready, it serves as far as it is
/// ready, and it does not end.
pub(in crate::provider::kube) fn endpoints(raw: wire::EndpointSlice) -> Result<Endpoints, Odd> {
    let label = raw.metadata.labels.as_ref().and_then(|l| l.get("kubernetes.io/service-name"));
    let all = raw.endpoints.as_deref().unwrap_or_default();
    let ready = |e: &wire::Endpoint| e.conditions.as_ref().and_then(|c| c.ready).unwrap_or(true);
    let serving = |e: &wire::Endpoint| e.conditions.as_ref().and_then(|c| c.serving).unwrap_or_else(|| ready(e));
    let terminating = |e: &wire::Endpoint| e.conditions.as_ref().and_then(|c| c.terminating).unwrap_or(false);
    let count = |is: &dyn Fn(&wire::Endpoint) -> bool| all.iter().filter(|e| is(e)).count() as u32;
    Ok(Endpoints {
        key: key(&raw.metadata)?,
        service: service_name(label.map(String::as_str))?.ok_or(Odd("it belongs to no Service"))?,
        family: word(raw.address_type.as_deref()),
        ready: count(&ready),
        serving: count(&serving),
        terminating: count(&terminating),
        total: all.len() as u32,
    })
}
