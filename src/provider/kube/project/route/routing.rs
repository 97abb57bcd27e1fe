//! The routes that an Argo Rollout's plan names.
//!
//! Source: the custom resource definition of Argo Rollouts, `spec.strategy.canary.trafficRouting`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::{hash, service_name};
use crate::domain::{RouteKind, RouteRef, Routing};

fn text<'a>(raw: &'a Value, key: &str) -> Option<&'a str> {
    raw.get(key).and_then(Value::as_str)
}

fn name(raw: Option<&str>) -> Option<Arc<str>> {
    service_name(raw).ok().flatten()
}

fn list<'a>(raw: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    raw.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A VirtualService, whose name may be written `name.namespace`.
fn virtual_service(raw: &Value) -> Option<RouteRef> {
    let (at, namespace) = match text(raw, "name")?.split_once('.') {
        Some((at, namespace)) => (at, Some(name(Some(namespace))?)),
        None => (text(raw, "name")?, None),
    };
    let rules = list(raw, "routes").filter_map(Value::as_str).filter_map(|r| hash(Some(r))).collect();
    Some(RouteRef { kind: RouteKind::VirtualService, namespace, name: name(Some(at))?, rules })
}

fn plain(kind: RouteKind, namespace: Option<&str>, raw: Option<&str>) -> Option<RouteRef> {
    Some(RouteRef { kind, namespace: name(namespace), name: name(raw)?, rules: vec![] })
}

/// The routes of the plugin for Gateway API, in both of its spellings.
fn gateway(raw: &Value) -> Vec<RouteRef> {
    let space = text(raw, "namespace");
    let of = |kind, one: &str, many: &str| {
        let single = plain(kind, space, text(raw, one));
        single.into_iter().chain(list(raw, many).filter_map(move |r| plain(kind, space, text(r, "name")))).collect::<Vec<_>>()
    };
    let mut out = of(RouteKind::HttpRoute, "httpRoute", "httpRoutes");
    out.extend(of(RouteKind::GrpcRoute, "grpcRoute", "grpcRoutes"));
    out
}

/// What `trafficRouting` says of routes. What we do not know names none.
pub(in super::super) fn routing(raw: &Map<String, Value>) -> Routing {
    let mut out = Routing::default();
    if let Some(istio) = raw.get("istio") {
        out.routes
            .extend(istio.get("virtualService").into_iter().chain(list(istio, "virtualServices")).filter_map(virtual_service));
        if let Some(rule) = istio.get("destinationRule") {
            out.destination_rule = name(text(rule, "name"));
            out.canary_subset = hash(text(rule, "canarySubsetName"));
            out.stable_subset = hash(text(rule, "stableSubsetName"));
        }
    }
    if let Some(traefik) = raw.get("traefik") {
        out.routes.extend(plain(RouteKind::TraefikService, None, text(traefik, "weightedTraefikServiceName")));
    }
    if let Some(nginx) = raw.get("nginx") {
        out.routes.extend(plain(RouteKind::Ingress, None, text(nginx, "stableIngress")));
        out.routes.extend(
            list(nginx, "stableIngresses").filter_map(Value::as_str).filter_map(|n| plain(RouteKind::Ingress, None, Some(n))),
        );
    }
    if let Some(plugins) = raw.get("plugins").and_then(Value::as_object) {
        out.routes.extend(plugins.iter().filter(|(k, _)| k.ends_with("gatewayAPI")).flat_map(|(_, v)| gateway(v)));
    }
    out
}
