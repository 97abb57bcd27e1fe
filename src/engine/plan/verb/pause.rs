//! Pause and resume: a person's word on whether a rollout goes on.

use jiff::SignedDuration;

use crate::{
    action::{Direction, Verb},
    domain::{CanaryPhase, Change, Health, Placement, Refusal},
    engine::plan::{
        intent::{Ask, Intent},
        scene::{Scene, each, named, under_way},
    },
};

/// Whether a rollout is on its way that a pause could hold.
fn moving(c: &Scene<'_>, p: &Placement) -> bool {
    match c.rollout(p) {
        Some(r) => under_way(r) && !r.aborted,
        None => matches!(p.health, Health::Progressing(_)) || !same(p),
    }
}

fn same(p: &Placement) -> bool {
    matches!((&p.version, &p.wanted_version), (Some(a), Some(b)) if a.same_build(b))
}

fn asks(c: &Scene<'_>, hit: &[&Placement], change: &Change) -> Result<Vec<Ask>, Refusal> {
    hit.iter().map(|p| Ok(Ask { target: c.workload(p)?, change: change.clone() })).collect()
}

fn on_the_way(p: &Placement) -> String {
    let weight = p.canary.as_ref().and_then(|c| c.set).map(|w| format!(", at {w} % of traffic")).unwrap_or_default();
    format!("{} on its way{weight}", named(p.wanted_version.as_ref()))
}

pub(super) fn pause(c: &Scene<'_>) -> Result<Intent, Refusal> {
    // The kind of the workload is said before what it does.
    for p in &c.placements {
        c.workload(p)?;
    }
    let hit: Vec<&Placement> = c.placements.iter().filter(|p| moving(c, p)).copied().collect();
    if hit.is_empty() {
        let what = format!("no rollout of {} is under way in {}", c.service.name, c.environment.name);
        return Err(c.nothing(Refusal::new(what)));
    }
    let mut out = Intent::new(Direction::Back, asks(c, &hit, &Change::Pause)?, format!("{} is paused", c.service.name));
    out.from = each(hit.iter().map(|p| (*p, on_the_way(p))));
    out.to = "waits where it stands".to_owned();
    out.inverse = "resume lets it go on".to_owned();
    out.undo = Some(c.other(Verb::Resume));
    out.not_reverted = "nothing: the versions that run go on serving".to_owned();
    out.deadline = SignedDuration::from_mins(2);
    Ok(out)
}

pub(super) fn resume(c: &Scene<'_>) -> Result<Intent, Refusal> {
    for p in &c.placements {
        c.workload(p)?;
    }
    let hit: Vec<&Placement> = c.placements.iter().filter(|p| p.paused).copied().collect();
    if hit.is_empty() {
        let planned = c.placements.iter().filter_map(|p| p.canary.as_ref());
        if planned.clone().any(|canary| matches!(canary.state, CanaryPhase::Paused { .. })) {
            return Err(Refusal::new(format!("{} waits at a step of its plan, and nobody has paused it", c.service.name))
                .hint(format!("{} moves it on", c.other(Verb::Step).command_line())));
        }
        return Err(Refusal::new(format!("{} is not paused in {}", c.service.name, c.environment.name)));
    }
    let mut out = Intent::new(Direction::Forward, asks(c, &hit, &Change::Resume)?, format!("{} is going on", c.service.name));
    out.from = each(hit.iter().map(|p| (*p, format!("{}, paused by a person", on_the_way(p)))));
    out.to = "goes on by its own plan".to_owned();
    out.inverse = "pause lets it wait again".to_owned();
    out.undo = Some(c.other(Verb::Pause));
    out.not_reverted = "what the new version serves from then on".to_owned();
    out.one_by_one = false;
    out.deadline = SignedDuration::from_mins(2);
    Ok(out)
}
