//! Rows of Ingresses and of Traefik's own splitter.

use super::{
    super::{Odd, meta},
    arm,
};
use crate::{
    domain::{IngressCanary, Mirror, Route, RouteArm, RouteKind, RouteRule, SafeText, Weight},
    provider::kube::wire,
};

/// The canary annotations of ingress-nginx, where they are switched on. A number that is none counts as nothing, as
/// there.
fn canary(notes: &wire::Annotations) -> Option<IngressCanary> {
    notes.canary.as_deref().filter(|v| v.eq_ignore_ascii_case("true"))?;
    let text = |raw: &Option<String>| raw.as_deref().filter(|t| !t.is_empty()).map(|t| SafeText::capped(t, 200));
    let number = |raw: &Option<String>| raw.as_deref().and_then(|n| n.trim().parse::<u32>().ok());
    Some(IngressCanary {
        weight: number(&notes.canary_weight).unwrap_or(0),
        total: number(&notes.canary_total).filter(|t| *t > 0).unwrap_or(100),
        header: text(&notes.canary_header),
        header_value: text(&notes.canary_header_value),
        header_pattern: text(&notes.canary_header_pattern),
        cookie: text(&notes.canary_cookie),
    })
}

pub(in crate::provider::kube) fn ingress(raw: wire::Object<wire::IngressSpec, wire::Ignored>) -> Result<Route, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let meta = meta(&raw.metadata)?;
    let backend = |b: &wire::IngressBackend| -> Result<RouteArm, Odd> {
        let (kind, named) = match (&b.service, &b.resource) {
            (Some(service), _) => (None, service.name.as_deref()),
            (None, resource) => (Some("resource"), resource.as_ref().and_then(|r| r.name.as_deref())),
        };
        arm(&meta.key.namespace, kind, None, named, 100)
    };
    let rule = |matches: Vec<SafeText>, b: &wire::IngressBackend| {
        Ok::<_, Odd>(RouteRule { name: None, matches, arms: vec![backend(b)?], mirrors: vec![], instead: None })
    };
    let mut rules = vec![];
    for host in spec.rules.unwrap_or_default() {
        for path in host.http.and_then(|h| h.paths).unwrap_or_default() {
            let Some(b) = &path.backend else { continue };
            let at = format!("{}{}", host.host.as_deref().unwrap_or("*"), path.path.as_deref().unwrap_or("/"));
            rules.push(rule(vec![SafeText::capped(&at, 300)], b)?);
        }
    }
    if let Some(b) = &spec.default_backend {
        rules.push(rule(vec![], b)?);
    }
    let canary = raw.metadata.annotations.as_ref().and_then(canary);
    Ok(Route { meta, kind: RouteKind::Ingress, rules, wants: vec![], parents: vec![], canary })
}

pub(in crate::provider::kube) fn traefik_service(
    raw: wire::Object<wire::TraefikServiceSpec, wire::Ignored>,
) -> Result<Route, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let meta = meta(&raw.metadata)?;
    let to = |a: &wire::TraefikArm, weight: u32| {
        arm(&meta.key.namespace, a.kind.as_deref(), a.namespace.as_deref(), a.name.as_deref(), weight)
    };
    let mut rules = vec![];
    if let Some(weighted) = &spec.weighted {
        let arms = weighted.services.iter().flatten().map(|a| to(a, a.weight.unwrap_or(1))).collect::<Result<_, _>>()?;
        rules.push(RouteRule { name: None, matches: vec![], arms, mirrors: vec![], instead: None });
    }
    if let Some(mirroring) = &spec.mirroring {
        let copy = |m: &wire::TraefikArm| Ok(Mirror { to: to(m, 100)?, share: Weight::new(f64::from(m.percent.unwrap_or(0))) });
        let mirrors = mirroring.mirrors.iter().flatten().map(copy).collect::<Result<_, Odd>>()?;
        rules.push(RouteRule { name: None, matches: vec![], arms: vec![to(&mirroring.to, 100)?], mirrors, instead: None });
    }
    if rules.is_empty() {
        return Err(Odd("it splits nothing that we know"));
    }
    Ok(Route { meta, kind: RouteKind::TraefikService, rules, wants: vec![], parents: vec![], canary: None })
}
