//! A new pod template of a Rollout: a canary from the first step, a preview, or the way back.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        super::objects::{self, Scene},
        LINGER, OBSERVE,
        template::{Place, hash, same},
    },
    Parts, advance, count, held, moved, preview,
};
use crate::sim::world::{
    Delivery, Note,
    crew::Crew,
    image::Fate,
    noted::Lineage,
    release::{Phase, Position, STEPS},
    workload::{START, Set},
};

/// What follows once the controller has seen the template.
pub fn retarget(place: Place<'_>, parts: &Parts, after: &Value, template: Value, minute: f64) -> Vec<Note> {
    let at = minute + OBSERVE;
    let mut sets = parts.sets.clone();
    let (target, past) = target(place, &mut sets, template, at);
    let (stable, current) = (parts.stable.hash.clone(), target.hash.clone());
    let (arrived, fate) = (stable == current, target.fate);
    let fast = past.is_some_and(|past| within(after, &sets, past, parts.stable.revision));
    sets.push(target);
    let base = Position {
        minute: at,
        step: 0,
        weight: 0,
        phase: Phase::Progressing,
        pods: (count(after), 0),
        held: held(after),
        full: false,
    };
    let positions = course(place.service.delivery, base, (arrived, fast), fate);
    let lineage = Lineage { service: place.service.name, cluster: place.cluster, minute: at, sets, stable, current };
    let moves = positions.into_iter().map(|position| moved(place, position));
    [Note::Lineage(lineage)].into_iter().chain(moves).collect()
}

/// Where it goes from the first look on.
fn course(delivery: Delivery, base: Position, (arrived, fast): (bool, bool), fate: Fate) -> Vec<Position> {
    let (wanted, _) = base.pods;
    let blue_green = delivery == Delivery::RolloutBlueGreen;
    if arrived {
        // What is stable already has nothing to prove.
        return vec![Position { step: STEPS.len(), phase: Phase::Promoted, ..base }];
    }
    if base.held {
        return vec![base];
    }
    if fate != Fate::Ready {
        // Its pods never come, and it waits for them.
        return vec![Position { pods: (wanted, if blue_green { wanted } else { 1 }), ..base }];
    }
    if fast {
        // Inside the rollback window: no steps, no pause, no gate.
        let begin = Position { pods: (wanted, wanted), ..base };
        let done = Position { minute: base.minute + START, step: STEPS.len(), weight: 100, phase: Phase::Promoted, ..begin };
        return vec![begin, done, Position { minute: done.minute + LINGER, pods: (0, wanted), ..done }];
    }
    if blue_green { preview(base, wanted) } else { advance(base, 0, wanted) }
}

/// The ReplicaSet of a template, taken out of the others under its new number, and the number that it had.
fn target(place: Place<'_>, sets: &mut Vec<Set>, template: Value, at: f64) -> (Set, Option<u32>) {
    let Place { world, service, cluster } = place;
    let scene = Scene { world, cluster, minute: at };
    let newest = sets.iter().map(|set| set.revision).max().unwrap_or(0);
    if let Some(index) = sets.iter().position(|set| same(&objects::template_of(scene, service, set), &template)) {
        let mut set = sets.remove(index);
        let past = set.revision;
        if past != newest {
            set.history.push(past);
            set.revision = newest + 1;
        }
        return (set, Some(past));
    }
    let hash = hash(place, service.name, &template);
    let (version, fate) = world.brings(service, &template);
    let set = Set {
        owner: service.name.to_owned(),
        name: format!("{}-{hash}", service.name),
        hash,
        version,
        revision: newest + 1,
        history: vec![],
        crew: Crew::default(),
        arm: None,
        created: at,
        template: Some(Arc::new(template)),
        notes: Map::new(),
        fate,
    };
    (set, None)
}

/// Whether a revision is among the last ones that `spec.rollbackWindow` lets through.
fn within(after: &Value, sets: &[Set], past: u32, stable: u32) -> bool {
    let Some(window) = after["spec"]["rollbackWindow"]["revisions"].as_u64() else { return false };
    let newer = sets.iter().filter(|set| set.revision > past && set.revision <= stable).count() as u64;
    past < stable && newer <= window
}
