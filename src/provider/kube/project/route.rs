//! Rows of routes.
//!
//! A route may hold several rules; the one that splits traffic counts: the first with two destinations or more, else
//! the first.

use std::sync::Arc;

use super::{Odd, hash, meta, service_name};
use crate::{
    domain::{Route, RouteArm, RouteKind},
    provider::kube::wire,
};

/// The rule that splits traffic.
fn splitting<T>(rules: Vec<Vec<T>>) -> Vec<T> {
    let at = rules.iter().position(|r| r.len() > 1).unwrap_or(0);
    rules.into_iter().nth(at).unwrap_or_default()
}

pub(in crate::provider::kube) fn virtual_service(
    raw: wire::Object<wire::VirtualServiceSpec, wire::Ignored>,
) -> Result<Route, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let mut rules = [spec.http, spec.tls, spec.tcp].into_iter().flatten().filter(|r| !r.is_empty());
    let rules: Vec<Vec<wire::VirtualArm>> =
        rules.next().unwrap_or_default().into_iter().map(|r| r.route.unwrap_or_default()).collect();
    let arms = splitting(rules);
    // A single destination takes everything, whatever is written.
    let alone = arms.len() == 1;
    let arm = |a: wire::VirtualArm| -> Result<RouteArm, Odd> {
        let to = a.destination.ok_or(Odd("a route leads nowhere"))?;
        let host = to.host.unwrap_or_default();
        // Argo matches hosts up to the first dot as well.
        let service = host.split('.').next();
        Ok(RouteArm {
            service: service_name(service)?.ok_or(Odd("a destination has no host"))?,
            subset: hash(to.subset.as_deref()),
            weight: if alone { 100 } else { a.weight.unwrap_or(0) },
        })
    };
    Ok(Route {
        meta: meta(&raw.metadata)?,
        kind: RouteKind::VirtualService,
        arms: arms.into_iter().map(arm).collect::<Result<_, _>>()?,
    })
}

pub(in crate::provider::kube) fn http_route(raw: wire::Object<wire::HttpRouteSpec, wire::Ignored>) -> Result<Route, Odd> {
    let rules = raw.spec.unwrap_or_default().rules.unwrap_or_default();
    let arms = splitting(rules.into_iter().map(|r| r.backend_refs.unwrap_or_default()).collect());
    let arm = |b: wire::BackendRef| -> Result<RouteArm, Odd> {
        let name = service_name(b.name.as_deref())?.ok_or(Odd("a backend has no name"))?;
        let service: Arc<str> = match b.kind.as_deref() {
            None | Some("Service") => name,
            // Its share counts in the sum, and it is no Service of that name.
            Some(_) => format!("other/{name}").into(),
        };
        Ok(RouteArm { service, subset: None, weight: b.weight.unwrap_or(1) })
    };
    Ok(Route {
        meta: meta(&raw.metadata)?,
        kind: RouteKind::HttpRoute,
        arms: arms.into_iter().map(arm).collect::<Result<_, _>>()?,
    })
}
