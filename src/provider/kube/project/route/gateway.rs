//! Rows of Gateway API's routes.

use super::{
    super::{Odd, conditions, meta, word},
    arm, words,
};
use crate::{
    domain::{Mirror, Route, RouteCondition, RouteKind, RouteParent, RouteRule, SafeText, Weight},
    provider::kube::wire,
};

type Raw = wire::Object<wire::GatewayRouteSpec, wire::GatewayStatus>;

fn parent(raw: Option<&wire::ParentRef>) -> SafeText {
    let kind = raw.and_then(|p| p.kind.as_deref()).unwrap_or("Gateway");
    let name = raw.and_then(|p| p.name.as_deref()).unwrap_or("?");
    let section = raw.and_then(|p| p.section_name.as_deref()).map(|s| format!(" {s}")).unwrap_or_default();
    word(Some(&format!("{kind} {name}{section}")))
}

fn mirror(filter: &wire::Filter, home: &str) -> Option<Result<Mirror, Odd>> {
    let raw = filter.request_mirror.as_ref().filter(|_| filter.kind.as_deref() == Some("RequestMirror"))?;
    let to = raw.backend_ref.as_ref();
    let share = match (&raw.fraction, raw.percent) {
        (Some(f), _) => f64::from(f.numerator.unwrap_or(0)) * 100.0 / f64::from(f.denominator.filter(|d| *d > 0).unwrap_or(100)),
        (None, Some(percent)) => f64::from(percent),
        (None, None) => 100.0,
    };
    let to = arm(
        home,
        to.and_then(|b| b.kind.as_deref()),
        to.and_then(|b| b.namespace.as_deref()),
        to.and_then(|b| b.name.as_deref()),
        100,
    );
    Some(to.map(|to| Mirror { to, share: Weight::new(share) }))
}

fn rule(raw: &wire::GatewayRule, home: &str, say: fn(&serde_json::Value) -> Option<String>) -> Result<RouteRule, Odd> {
    let filters = raw.filters.as_deref().unwrap_or_default();
    let redirects = filters.iter().any(|f| f.kind.as_deref() == Some("RequestRedirect"));
    let arms = raw.backend_refs.as_deref().unwrap_or_default();
    Ok(RouteRule {
        name: raw.name.as_deref().filter(|n| !n.is_empty()).map(|n| word(Some(n))),
        matches: words::all(raw.matches.as_deref(), say),
        arms: arms
            .iter()
            .map(|b| arm(home, b.kind.as_deref(), b.namespace.as_deref(), b.name.as_deref(), b.weight.unwrap_or(1)))
            .collect::<Result<_, _>>()?,
        mirrors: filters.iter().filter_map(|f| mirror(f, home)).collect::<Result<_, _>>()?,
        instead: redirects.then(|| "redirects".into()),
    })
}

fn parents(raw: wire::GatewayStatus) -> Vec<RouteParent> {
    let said = |c: &wire::ParentCondition| {
        let plain = conditions(Some(std::slice::from_ref(&c.plain))).into_iter().next()?;
        let observed_generation = c.observed_generation;
        let (kind, status, reason, message) = (plain.kind, plain.status, plain.reason, plain.message);
        Some(RouteCondition { kind, status, reason, message, observed_generation })
    };
    let all = raw.parents.unwrap_or_default();
    all.iter()
        .map(|p| RouteParent {
            name: parent(p.parent_ref.as_ref()),
            conditions: p.conditions.iter().flatten().filter_map(said).collect(),
        })
        .collect()
}

fn route(raw: Raw, kind: RouteKind, say: fn(&serde_json::Value) -> Option<String>) -> Result<Route, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let meta = meta(&raw.metadata)?;
    let rules = spec.rules.unwrap_or_default();
    let rules = rules.iter().map(|r| rule(r, &meta.key.namespace, say)).collect::<Result<_, _>>()?;
    let wants = spec.parent_refs.unwrap_or_default().iter().map(|p| parent(Some(p))).collect();
    Ok(Route { meta, kind, rules, wants, parents: parents(raw.status.unwrap_or_default()), canary: None })
}

pub(in crate::provider::kube) fn http_route(raw: Raw) -> Result<Route, Odd> {
    route(raw, RouteKind::HttpRoute, words::http)
}

pub(in crate::provider::kube) fn grpc_route(raw: Raw) -> Result<Route, Odd> {
    route(raw, RouteKind::GrpcRoute, words::grpc)
}
