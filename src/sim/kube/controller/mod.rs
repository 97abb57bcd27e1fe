//! What controllers do about a write: Argo Rollouts moves its rollouts and defends its route; traffic follows the
//! routes that nobody owns. As observed on Argo Rollouts v1.10, but seconds apart where that one needs milliseconds,
//! so that a person can see it.

pub mod deployment;

use std::sync::Arc;

use serde_json::Value;

use super::kinds::Kind;
use crate::sim::world::{
    Cluster, Delivery, Move, Note, Service, World, catalogue,
    noted::Selection,
    release::{Phase, Position, REPLICAS, STEPS, Step},
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
    let now = minute;
    match (kind.plural, service.delivery) {
        ("rollouts", delivery) => match world.position(name, cluster, minute).and_then(|at| match delivery {
            Delivery::RolloutBlueGreen => blue_green(at, before, after, now),
            _ => rollout(at, before, after, now),
        }) {
            Some(positions) => moved(positions),
            None => Reaction {
                restore: before["status"] != after["status"],
                observe: before["spec"]["template"] == after["spec"]["template"],
                ..Reaction::default()
            },
        },
        ("deployments", _) => deployments(deployment::Place { world, service, cluster }, before, after, minute),
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
                Some(new) => Reaction { restore: false, ..moved(vec![by_hand(now, new as u32)]) },
                None => Reaction::default(),
            }
        }
        _ => Reaction::default(),
    }
}

/// What follows from a write to a Deployment.
fn deployments(place: deployment::Place<'_>, before: &Value, after: &Value, minute: f64) -> Reaction {
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
    Position { minute, step: 0, weight, phase: Phase::Paused, pods: (0, 0), held: false }
}

/// What a rollout that is under way does; none if it does nothing.
fn rollout(at: Position, before: &Value, after: &Value, now: f64) -> Option<Vec<Position>> {
    let flag = |object: &Value, field: &str| object["status"][field].as_bool().unwrap_or(false);
    let here = Position { minute: now, ..at };
    let index = after["status"]["currentStepIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
    let jumped = before["status"]["currentStepIndex"] != after["status"]["currentStepIndex"];
    let held = after["spec"]["paused"].as_bool().unwrap_or(false);
    if at.phase == Phase::Promoted {
        None
    } else if flag(after, "abort") && !flag(before, "abort") {
        // An abort under promoteFull is taken back by the controller (argo-rollouts#4461).
        (!flag(after, "promoteFull")).then(|| abort(here))
    } else if at.phase == Phase::Aborted {
        (flag(before, "abort") && !flag(after, "abort")).then(|| advance(Position { weight: 0, ..here }, 0))
    } else if flag(after, "promoteFull") {
        Some(advance(here, STEPS.len() - 1))
    } else if held != at.held {
        Some(if !held && at.phase == Phase::Progressing { advance(here, at.step) } else { vec![Position { held, ..here }] })
    } else if jumped {
        Some(advance(here, index.unwrap_or(0)))
    } else if at.phase == Phase::Paused && after["status"]["pauseConditions"].is_null() {
        Some(advance(here, at.step + 1))
    } else {
        None
    }
}

/// What a blue-green rollout that is under way does; none if it does nothing.
fn blue_green(at: Position, before: &Value, after: &Value, now: f64) -> Option<Vec<Position>> {
    let flag = |object: &Value, field: &str| object["status"][field].as_bool().unwrap_or(false);
    let here = Position { minute: now, ..at };
    let (old, new) = at.pods;
    let later = |p: Position, pods| vec![p, Position { minute: now + LINGER, pods, ..p }];
    let held = after["spec"]["paused"].as_bool().unwrap_or(false);
    let cleared = at.phase == Phase::Paused && after["status"]["pauseConditions"].is_null();
    match at.phase {
        Phase::Promoted => None,
        // The active Service was never moved; the new pods stay a while.
        _ if flag(after, "abort") && !flag(before, "abort") => Some(later(Position { phase: Phase::Aborted, ..here }, (old, 0))),
        Phase::Aborted => {
            let again = flag(before, "abort") && !flag(after, "abort");
            again.then(|| vec![Position { phase: Phase::Paused, pods: (old, old), ..here }])
        }
        _ if held != at.held => Some(vec![Position { held, ..here }]),
        _ if flag(after, "promoteFull") || cleared => {
            Some(later(Position { phase: Phase::Promoted, weight: 100, ..here }, (0, new)))
        }
        _ => None,
    }
}

fn abort(here: Position) -> Vec<Position> {
    let back = Position { step: 0, weight: 0, phase: Phase::Aborted, pods: (REPLICAS, here.pods.1), ..here };
    vec![back, Position { minute: here.minute + LINGER, pods: (REPLICAS, 0), ..back }]
}

/// From here to a step, and to the pause behind it.
fn advance(here: Position, step: usize) -> Vec<Position> {
    let weight = |step: usize| {
        STEPS[..=step.min(STEPS.len() - 1)].iter().rev().find_map(|s| if let Step::Weight(w) = s { Some(*w) } else { None })
    };
    let target = weight(step).unwrap_or(0);
    let pods = (REPLICAS * target).div_ceil(100).max(1);
    let begin = Position { step, phase: Phase::Progressing, pods: (REPLICAS, pods.max(here.pods.1)), held: false, ..here };
    let then = Position { minute: here.minute + SETTLE, weight: target, pods: (REPLICAS, pods), ..begin };
    if step + 1 >= STEPS.len() {
        let done = Position { step: STEPS.len(), phase: Phase::Promoted, ..then };
        return vec![begin, done, Position { minute: done.minute + LINGER, pods: (0, pods), ..done }];
    }
    let pause = if STEPS[step] == Step::Pause { step } else { step + 1 };
    vec![begin, Position { step: pause, phase: Phase::Paused, ..then }]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{LINGER, Phase, Position, SETTLE, rollout};
    use crate::sim::world::release::SCRIPT;

    type Short = (Phase, usize, u32, (u32, u32), f64);

    /// Phase, step, weight, pods and minutes from now of all that a patch leads to.
    fn after(at: Position, status: &Value, patch: &Value) -> Option<Vec<Short>> {
        let before = json!({"spec": {"paused": at.held}, "status": status});
        let mut object = before.clone();
        json_patch::merge(&mut object, patch);
        let short = |p: Position| (p.phase, p.step, p.weight, p.pods, p.minute - 20.0);
        rollout(at, &before, &object, 20.0).map(|positions| positions.into_iter().map(short).collect())
    }

    #[test]
    fn verbs_of_a_rollout() {
        use Phase::{Aborted, Paused, Progressing, Promoted};
        let paused = SCRIPT[2];
        let waiting = json!({"currentStepIndex": 3, "pauseConditions": [{"reason": "CanaryPauseStep"}]});
        let last = Position { step: 5, weight: 50, pods: (5, 3), ..paused };
        let gone = Position { step: 0, weight: 0, phase: Aborted, pods: (5, 0), ..paused };
        let stopped = json!({"currentStepIndex": 0, "abort": true});
        let held = Position { held: true, ..paused };
        let step = |patch: Value| json!({"status": patch});
        let table = [
            (
                "promote",
                paused,
                &waiting,
                step(json!({"pauseConditions": null})),
                Some(vec![(Progressing, 4, 20, (5, 3), 0.0), (Paused, 5, 50, (5, 3), SETTLE)]),
            ),
            (
                "the last step",
                last,
                &waiting,
                step(json!({"pauseConditions": null})),
                Some(vec![
                    (Progressing, 6, 50, (5, 5), 0.0),
                    (Promoted, 7, 100, (5, 5), SETTLE),
                    (Promoted, 7, 100, (0, 5), SETTLE + LINGER),
                ]),
            ),
            (
                "promote --full",
                paused,
                &waiting,
                step(json!({"promoteFull": true})),
                Some(vec![
                    (Progressing, 6, 20, (5, 5), 0.0),
                    (Promoted, 7, 100, (5, 5), SETTLE),
                    (Promoted, 7, 100, (0, 5), SETTLE + LINGER),
                ]),
            ),
            (
                "step back",
                paused,
                &waiting,
                step(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 0})),
                Some(vec![(Progressing, 0, 20, (5, 1), 0.0), (Paused, 1, 5, (5, 1), SETTLE)]),
            ),
            (
                "abort",
                paused,
                &waiting,
                step(json!({"abort": true, "promoteFull": false})),
                Some(vec![(Aborted, 0, 0, (5, 1), 0.0), (Aborted, 0, 0, (5, 0), LINGER)]),
            ),
            ("abort under promoteFull", paused, &waiting, step(json!({"abort": true, "promoteFull": true})), None),
            ("promote when aborted", gone, &stopped, step(json!({"pauseConditions": null, "currentStepIndex": 1})), None),
            (
                "retry",
                gone,
                &stopped,
                step(json!({"abort": false})),
                Some(vec![(Progressing, 0, 0, (5, 1), 0.0), (Paused, 1, 5, (5, 1), SETTLE)]),
            ),
            ("pause", paused, &waiting, json!({"spec": {"paused": true}}), Some(vec![(Paused, 3, 20, (5, 1), 0.0)])),
            ("resume", held, &waiting, json!({"spec": {"paused": false}}), Some(vec![(Paused, 3, 20, (5, 1), 0.0)])),
            ("an annotation", paused, &waiting, json!({"metadata": {"annotations": {"a": "b"}}}), None),
        ];
        for (name, at, status, patch, expected) in table {
            let close = |got: Vec<Short>| {
                got.into_iter().map(|(a, b, c, d, minute)| (a, b, c, d, (minute * 1000.0).round() / 1000.0)).collect::<Vec<_>>()
            };
            assert_eq!(after(at, status, &patch).map(close), expected, "{name}");
        }
    }
}
