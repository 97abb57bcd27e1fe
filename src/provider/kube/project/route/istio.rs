//! Rows of Istio's VirtualServices and DestinationRules.

use std::sync::Arc;

use super::{
    super::{Odd, hash, labels, meta, service_name, word},
    words,
};
use crate::{
    domain::{Backend, DestinationRule, Mirror, Route, RouteArm, RouteKind, RouteRule, Subset, Weight},
    provider::kube::wire,
};

/// A name, its namespace where that is another one, and what it names.
type Place = (Arc<str>, Option<Arc<str>>, Backend);

/// Where a host leads, seen from `home`: a bare name is a Service of the same namespace, and `a.b` or `a.b.svc…` one of
/// another. Anything else is a host of the world outside.
fn host(raw: Option<&str>, home: &str) -> Result<Place, Odd> {
    let raw = raw.filter(|h| !h.is_empty()).ok_or(Odd("a destination has no host"))?;
    let labels: Vec<&str> = raw.split('.').collect();
    let (name, namespace, backend) = match labels.as_slice() {
        [name] => (*name, None, Backend::Service),
        [name, namespace] | [name, namespace, "svc", ..] => (*name, Some(*namespace), Backend::Service),
        _ => (raw, None, Backend::Outside),
    };
    let namespace = service_name(namespace)?.filter(|n| **n != *home);
    Ok((service_name(Some(name))?.ok_or(Odd("a destination has no host"))?, namespace, backend))
}

fn to(raw: Option<&wire::Destination>, weight: u32, home: &str) -> Result<RouteArm, Odd> {
    let raw = raw.ok_or(Odd("a route leads nowhere"))?;
    let (service, namespace, backend) = host(raw.host.as_deref(), home)?;
    Ok(RouteArm { service, namespace, backend, subset: hash(raw.subset.as_deref()), weight })
}

fn rule(raw: &wire::VirtualRoute, home: &str) -> Result<RouteRule, Odd> {
    let arms = raw.route.as_deref().unwrap_or_default();
    // A single destination takes everything, whatever is written.
    let weight = |a: &wire::VirtualArm| if arms.len() == 1 { 100 } else { a.weight.unwrap_or(0) };
    let share = |p: Option<&wire::Percentage>| Weight::new(p.and_then(|p| p.value).unwrap_or(100.0));
    let old = raw.mirror.as_ref().map(|m| (Some(m), raw.mirror_percentage.as_ref()));
    let new = raw.mirrors.iter().flatten().map(|m| (m.destination.as_ref(), m.percentage.as_ref()));
    let instead = if raw.redirect.is_some() {
        Some("redirects".into())
    } else if let Some(direct) = &raw.direct_response {
        Some(format!("answers {} itself", direct.status.unwrap_or(0)).into())
    } else {
        let delegate = raw.delegate.as_ref();
        delegate.map(|d| format!("is decided by virtualservice {}", word(d.name.as_deref())).into())
    };
    Ok(RouteRule {
        name: raw.name.as_deref().filter(|n| !n.is_empty()).map(|n| word(Some(n))),
        matches: words::all(raw.matches.as_deref(), words::istio),
        arms: arms.iter().map(|a| to(a.destination.as_ref(), weight(a), home)).collect::<Result<_, _>>()?,
        mirrors: old
            .into_iter()
            .chain(new)
            .map(|(m, p)| Ok(Mirror { to: to(m, 100, home)?, share: share(p) }))
            .collect::<Result<_, Odd>>()?,
        instead,
    })
}

pub(in crate::provider::kube) fn virtual_service(
    raw: wire::Object<wire::VirtualServiceSpec, wire::Ignored>,
) -> Result<Route, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let meta = meta(&raw.metadata)?;
    let rules = [spec.http, spec.tls, spec.tcp].into_iter().flatten().flatten();
    let rules = rules.map(|r| rule(&r, &meta.key.namespace)).collect::<Result<_, _>>()?;
    Ok(Route { meta, kind: RouteKind::VirtualService, rules, wants: vec![], parents: vec![], canary: None })
}

pub(in crate::provider::kube) fn destination_rule(
    raw: wire::Object<wire::DestinationRuleSpec, wire::Ignored>,
) -> Result<DestinationRule, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let meta = meta(&raw.metadata)?;
    let (service, namespace, _) = host(spec.host.as_deref(), &meta.key.namespace)?;
    let subsets = spec.subsets.unwrap_or_default();
    let subsets =
        subsets.iter().filter_map(|s| Some(Subset { name: hash(s.name.as_deref())?, labels: labels(s.labels.as_ref()) }));
    Ok(DestinationRule { subsets: subsets.collect(), meta, service, namespace })
}
