//! The controller of Argo Rollouts: its verbs on `/status`, its races, and new templates.

mod retarget;

use serde_json::Value;

use super::{
    super::objects::{self, Scene},
    LINGER, Reaction, SETTLE,
    template::{Place, bare, same},
};
use crate::sim::world::{
    Delivery, Move, Note,
    noted::{Lineage, Restart},
    release::{Phase, Position, STEPS, Step},
    traffic::Arm,
    workload::Set,
};

/// Which ReplicaSets play which part.
struct Parts {
    sets: Vec<Set>,
    stable: Set,
    current: Set,
}

impl Parts {
    fn of(place: Place<'_>, at: Option<Position>, minute: f64) -> Option<Self> {
        let sets = place.world.sets(place.service, place.cluster, minute);
        let stable = sets.iter().find(|set| set.arm == Some(Arm::Stable))?.clone();
        let current = sets.iter().find(|set| set.arm == Some(Arm::Canary)).unwrap_or(&stable).clone();
        let promoted = at.is_none_or(|at| at.phase == Phase::Promoted);
        Some(Self { stable: if promoted { current.clone() } else { stable }, sets, current })
    }

    /// Both parts played by the present template's ReplicaSet, at rest.
    fn rest(&self, place: Place<'_>, at: Position) -> Vec<Note> {
        let hash = &self.current.hash;
        let (stable, current) = (hash.clone(), hash.clone());
        let Place { service, cluster, .. } = place;
        let lineage = Lineage { service: service.name, cluster, minute: at.minute, sets: self.sets.clone(), stable, current };
        vec![Note::Lineage(lineage), moved(place, at)]
    }
}

fn moved(place: Place<'_>, position: Position) -> Note {
    Note::Position(Move { service: place.service.name.to_owned(), cluster: place.cluster, position })
}

fn flag(object: &Value, field: &str) -> bool {
    object["status"][field].as_bool().unwrap_or(false)
}

fn held(object: &Value) -> bool {
    object["spec"]["paused"].as_bool().unwrap_or(false)
}

/// Pods wanted.
fn count(object: &Value) -> u32 {
    object["spec"]["replicas"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1)
}

/// What follows from a write to a Rollout.
pub fn react(place: Place<'_>, before: &Value, after: &Value, minute: f64) -> Reaction {
    let Place { world, service, cluster } = place;
    let at = world.position(service.name, cluster, minute);
    let Some(parts) = Parts::of(place, at, minute) else { return Reaction::default() };
    let seen = before["status"]["observedGeneration"].as_str() == Some(&before["metadata"]["generation"].to_string());
    if before["spec"] == after["spec"] {
        // What is said of a template that the controller has not seen yet is lost when it sees it.
        let verb = if seen { at.and_then(|at| verb(place, at, before, after, minute)) } else { None };
        return match verb {
            Some(positions) => done(positions.into_iter().map(|position| moved(place, position)).collect()),
            None => Reaction { restore: seen && before["status"] != after["status"], ..Reaction::default() },
        };
    }
    let template = bare(&after["spec"]["template"], service.hash_label());
    let scene = Scene { world, cluster, minute };
    let restart = restart(place, &parts, before, after, minute);
    if !same(&objects::template_of(scene, service, &parts.current), &template) {
        let mut notes = retarget::retarget(place, &parts, after, template, minute);
        notes.extend(restart);
        return Reaction { notes, ..Reaction::default() };
    }
    let resting = Position {
        minute,
        step: STEPS.len(),
        weight: 0,
        phase: Phase::Promoted,
        pods: (count(after), 0),
        held: held(after),
        full: false,
    };
    let here = at.map_or(resting, |at| Position { minute, ..at });
    let resized = count(before) != count(after);
    let mut notes = match here.phase {
        Phase::Promoted if resized || !seen || held(after) != here.held || (at.is_none() && held(after)) => {
            parts.rest(place, resting)
        }
        Phase::Promoted => vec![],
        _ if resized => sized(here, count(after)).into_iter().map(|position| moved(place, position)).collect(),
        // The template is the old one again before the new one was seen.
        _ if !seen => vec![moved(place, here)],
        _ => verb(place, here, before, after, minute).into_iter().flatten().map(|position| moved(place, position)).collect(),
    };
    notes.extend(restart);
    done(notes)
}

fn done(notes: Vec<Note>) -> Reaction {
    Reaction { notes, restore: true, observe: true }
}

/// The restart that a write asks for: at once, if its time has passed; without a time, what was asked for before is
/// withdrawn.
fn restart(place: Place<'_>, parts: &Parts, before: &Value, after: &Value, now: f64) -> Option<Note> {
    let Place { world, service, cluster } = place;
    let wanted = &after["spec"]["restartAt"];
    if before["spec"]["restartAt"] == *wanted {
        return None;
    }
    let at = wanted.as_str().unwrap_or_default();
    let minute = at.parse().map_or(f64::INFINITY, |at: jiff::Timestamp| world.minutes(at).max(now));
    let pods = parts.sets.iter().map(Set::replicas).sum();
    Some(Note::Restart(Restart { service: service.name, cluster, asked: now, minute, at: at.to_owned(), pods }))
}

fn verb(place: Place<'_>, at: Position, before: &Value, after: &Value, now: f64) -> Option<Vec<Position>> {
    match place.service.delivery {
        Delivery::RolloutBlueGreen => blue_green(at, before, after, now),
        _ => canary(at, before, after, now, count(after)),
    }
}

/// What a canary that is under way does; none if it does nothing.
fn canary(at: Position, before: &Value, after: &Value, now: f64, count: u32) -> Option<Vec<Position>> {
    let here = Position { minute: now, ..at };
    let index = after["status"]["currentStepIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
    let jumped = before["status"]["currentStepIndex"] != after["status"]["currentStepIndex"];
    let cleared = at.phase == Phase::Paused && after["status"]["pauseConditions"].is_null();
    let held = held(after);
    let full = flag(after, "promoteFull");
    let target = match (jumped, cleared) {
        // With `controllerPause` left standing, a pause counts as passed.
        (true, _) if flag(after, "controllerPause") && index.and_then(|i| STEPS.get(i)) == Some(&Step::Pause) => {
            index.map(|i| i + 1)
        }
        (true, _) => Some(index.unwrap_or(0)),
        (false, true) => Some(at.step + 1),
        (false, false) => None,
    };
    if at.phase == Phase::Promoted {
        None
    } else if flag(after, "abort") && !flag(before, "abort") {
        // An abort under promoteFull is taken back by the controller (argo-rollouts#4461).
        (!full).then(|| abort(Position { full: false, ..here }, count))
    } else if full && !flag(before, "promoteFull") {
        Some(if held {
            vec![Position { phase: Phase::Progressing, full, step: STEPS.len() - 1, ..here }]
        } else {
            finish(here, count)
        })
    } else if at.phase == Phase::Aborted {
        let again = flag(before, "abort") && !flag(after, "abort");
        match (at.held, held) {
            (false, true) => Some(vec![Position { held, ..here }]),
            (true, false) => Some(abort(Position { held, ..here }, count)),
            _ => again.then(|| advance(Position { weight: 0, ..here }, 0, count)),
        }
    } else if held != at.held {
        let goes = !held && at.phase == Phase::Progressing;
        Some(match goes {
            true if at.full => finish(here, count),
            true => advance(here, at.step, count),
            false => vec![Position { held, ..here }],
        })
    } else if held {
        // While paused by hand, the step is noted and nothing moves.
        target.map(|step| vec![Position { step, phase: Phase::Progressing, ..here }])
    } else {
        target.map(|step| advance(here, step, count))
    }
}

/// What a blue-green rollout that is under way does; none if it does nothing.
fn blue_green(at: Position, before: &Value, after: &Value, now: f64) -> Option<Vec<Position>> {
    let here = Position { minute: now, ..at };
    let (old, new) = at.pods;
    let later = |p: Position, pods| vec![p, Position { minute: now + LINGER, pods, ..p }];
    let held = held(after);
    let full = flag(after, "promoteFull");
    let cleared = at.phase == Phase::Paused && after["status"]["pauseConditions"].is_null();
    match at.phase {
        Phase::Promoted => None,
        _ if flag(after, "abort") && !flag(before, "abort") => {
            // The active Service was never moved; the new pods stay a while.
            (!full).then(|| later(Position { phase: Phase::Aborted, full: false, ..here }, (old, 0)))
        }
        Phase::Aborted if held != at.held => Some(vec![Position { held, ..here }]),
        Phase::Aborted => {
            let again = flag(before, "abort") && !flag(after, "abort");
            again.then(|| vec![Position { phase: Phase::Paused, pods: (old, old), ..here }])
        }
        _ if held != at.held => {
            let mut positions = vec![Position { held, ..here }];
            if !held && at.phase == Phase::Progressing {
                positions = preview(Position { held, ..here }, old);
            }
            Some(positions)
        }
        // Under a pause by hand neither preview nor active Service is touched.
        _ if held => cleared.then(|| vec![here]),
        _ if full || cleared => Some(later(Position { phase: Phase::Promoted, weight: 100, ..here }, (0, new.max(old)))),
        _ => None,
    }
}

/// The pods of a new version behind the preview Service, and the wait for the switch.
fn preview(here: Position, count: u32) -> Vec<Position> {
    let begin = Position { phase: Phase::Progressing, pods: (count, count), ..here };
    let pause = Position { minute: here.minute + crate::sim::world::release::SMOKE, phase: Phase::Paused, ..begin };
    vec![begin, pause]
}

fn abort(here: Position, count: u32) -> Vec<Position> {
    let back = Position { step: 0, weight: 0, phase: Phase::Aborted, pods: (count, here.pods.1), ..here };
    if here.held {
        // The route goes back at once; the pods wait for the end of the pause.
        return vec![back];
    }
    vec![back, Position { minute: here.minute + LINGER, pods: (count, 0), ..back }]
}

/// The pods of a canary at a weight.
fn share(count: u32, weight: u32) -> u32 {
    (count * weight).div_ceil(100).max(1)
}

/// From here over all steps to the end.
fn finish(here: Position, count: u32) -> Vec<Position> {
    let mut positions = advance(Position { full: true, ..here }, STEPS.len() - 1, count);
    for position in positions.iter_mut().filter(|position| position.phase == Phase::Promoted) {
        position.full = false;
    }
    positions
}

/// From here to a step, and to the pause behind it.
fn advance(here: Position, step: usize, count: u32) -> Vec<Position> {
    let step = step.min(STEPS.len() - 1);
    let weight = STEPS[..=step].iter().rev().find_map(|s| if let Step::Weight(w) = s { Some(*w) } else { None });
    let target = weight.unwrap_or(0);
    let pods = share(count, target);
    let begin = Position { step, phase: Phase::Progressing, pods: (count, pods.max(here.pods.1)), held: false, ..here };
    let then = Position { minute: here.minute + SETTLE, weight: target, pods: (count, pods), ..begin };
    if step + 1 >= STEPS.len() {
        let done = Position { step: STEPS.len(), phase: Phase::Promoted, ..then };
        return vec![begin, done, Position { minute: done.minute + LINGER, pods: (0, pods), ..done }];
    }
    let pause = if STEPS[step] == Step::Pause { step } else { step + 1 };
    vec![begin, Position { step: pause, phase: Phase::Paused, ..then }]
}

/// Another number of pods, whatever it is doing.
fn sized(here: Position, count: u32) -> Vec<Position> {
    let new = if here.pods.1 == 0 { 0 } else { share(count, here.weight) };
    match here.phase {
        Phase::Progressing if !here.held => advance(here, here.step, count),
        _ => vec![Position { pods: (count, new), ..here }],
    }
}

#[cfg(test)]
mod tests;
