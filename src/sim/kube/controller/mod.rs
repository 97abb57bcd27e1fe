//! What controllers do about a write: Argo Rollouts moves its rollouts and defends its route; traffic follows the
//! routes that nobody owns. As observed on Argo Rollouts v1.10, but seconds apart where that one needs milliseconds,
//! so that a person can see it.

mod deployment;
mod rollout;
mod template;

use std::sync::Arc;

use serde_json::Value;

use super::kinds::Kind;
use crate::sim::world::{
    Cluster, Delivery, Move, Note, Service, World, catalogue,
    noted::Selection,
    release::{Phase, Position},
};

/// From a write of a pod template to the moment at which its controller has seen it, in minutes.
pub const OBSERVE: f64 = 0.05 / 60.0;

/// From the start of a step to its weight, in minutes: its pods are Ready before.
pub const SETTLE: f64 = 0.1;
/// The annotation of ingress-nginx that carries a canary's weight.
const CANARY_WEIGHT: &str = "nginx.ingress.kubernetes.io/canary-weight";
/// How long pods without traffic stay, in minutes.
pub const LINGER: f64 = 0.5;

/// What follows from a write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reaction {
    /// What holds from when on.
    pub notes: Vec<Note>,
    /// Whether the controller writes its own view back at once: the status of a Rollout, the weights of its route.
    pub restore: bool,
    /// Whether the controller has only taken note of the new generation.
    pub observe: bool,
}

/// What follows from a write to an object at a minute.
pub fn react(world: &World, cluster: Cluster, kind: &Kind, before: &Value, after: &Value, minute: f64) -> Reaction {
    let name = after["metadata"]["name"].as_str().unwrap_or("");
    // A canary Ingress bears the name of its Service.
    let name = if kind.plural == "ingresses" { name.trim_end_matches("-canary") } else { name };
    let label = before["metadata"]["labels"]["app.kubernetes.io/name"].as_str().unwrap_or(name);
    let Some(service) = catalogue::find(label) else { return Reaction::default() };
    let moved = |positions: Vec<Position>| {
        let moves = positions.into_iter().map(|position| Move { service: name.to_owned(), cluster, position });
        Reaction { notes: moves.map(Note::Position).collect(), restore: true, observe: true }
    };
    match (kind.plural, service.delivery) {
        ("rollouts", _) => rollout::react(template::Place { world, service, cluster }, before, after, minute),
        ("deployments", _) => deployments(template::Place { world, service, cluster }, before, after, minute),
        ("services", _) => select(service, cluster, before, after, minute),
        ("virtualservices", Delivery::RolloutCanary) => Reaction { restore: true, ..Reaction::default() },
        ("virtualservices", Delivery::VirtualService)
        | ("httproutes", Delivery::GatewayRoute)
        | ("traefikservices", Delivery::TraefikService)
        | ("ingresses", Delivery::Ingress) => {
            let weight = |object: &Value| {
                object
                    .pointer("/spec/http/0/route/1/weight")
                    .or_else(|| object.pointer("/spec/rules/0/backendRefs/1/weight"))
                    .or_else(|| object.pointer("/spec/weighted/services/1/weight"))
                    .and_then(Value::as_u64)
                    .or_else(|| object["metadata"]["annotations"][CANARY_WEIGHT].as_str()?.parse().ok())
            };
            match weight(after).filter(|new| weight(before) != Some(*new) && *new <= 100) {
                Some(new) => Reaction { restore: false, ..moved(vec![by_hand(minute, new as u32)]) },
                None => Reaction::default(),
            }
        }
        _ => Reaction::default(),
    }
}

/// What follows from a write to a Deployment.
fn deployments(place: template::Place<'_>, before: &Value, after: &Value, minute: f64) -> Reaction {
    let same = |field: &str| before["spec"][field] == after["spec"][field];
    if ["template", "replicas", "paused", "strategy"].into_iter().all(same) {
        // Where an earlier write still waits to be seen, this one is seen with it.
        let observe = before["metadata"]["generation"] == before["status"]["observedGeneration"];
        return Reaction { observe, ..Reaction::default() };
    }
    // A pause alone moves nothing, and is noted at once.
    let pods = ["template", "replicas", "strategy"].into_iter().any(|field| !same(field));
    let seen = if pods { minute + OBSERVE } else { minute };
    Reaction { notes: deployment::react(place, before, after, seen), ..Reaction::default() }
}

/// What follows from a write to a Service: its endpoints are others at once, unless a controller takes it back.
fn select(service: &'static Service, cluster: Cluster, before: &Value, after: &Value, minute: f64) -> Reaction {
    if before["spec"]["selector"] == after["spec"]["selector"] {
        return Reaction::default();
    }
    if service.rollout() {
        return Reaction { restore: true, ..Reaction::default() };
    }
    let front = after["metadata"]["name"].as_str().unwrap_or("").to_owned();
    let labels = Arc::new(after["spec"]["selector"].clone());
    let selection = Selection { service: service.name, cluster, front, minute, labels };
    Reaction { notes: vec![Note::Selection(selection)], ..Reaction::default() }
}

/// The position of a canary that a person moves.
fn by_hand(minute: f64, weight: u32) -> Position {
    Position { minute, step: 0, weight, phase: Phase::Paused, pods: (0, 0), held: false, full: false }
}
