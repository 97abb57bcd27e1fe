//! Step: a Rollout that waits is moved on, out of the very pause in which it was seen.

use crate::{
    action::{Direction, Verb},
    domain::{Change, Pausing, Placement, Refusal, Rollout, RolloutStrategy, Step, Weight},
    engine::plan::{
        intent::{Ask, Intent, Moves, Touches},
        scene::{Scene, each, named, under_way},
    },
};

pub(super) fn intent(c: &Scene<'_>, full: bool) -> Result<Intent, Refusal> {
    let service = &c.service.name;
    let pair = c.placements.iter().any(|p| p.sides.is_some());
    let instead = if pair { c.other(Verb::Switch) } else { c.other(Verb::Promote) };
    let rollouts = c.rollouts(&format!("it has no steps of its own: {}", instead.command_line()))?;
    let moving: Vec<(&Placement, &Rollout)> = rollouts.into_iter().filter(|(_, r)| under_way(r)).collect();
    if moving.is_empty() {
        return Err(Refusal::new(format!("no rollout of {service} is under way in {}", c.environment.name))
            .hint(format!("{} starts one", c.other(Verb::Promote).command_line())));
    }
    if let Some((p, _)) = moving.iter().find(|(_, r)| r.aborted) {
        return Err(Refusal::new(format!("{service} was aborted on {}: a step does nothing there", p.key.cluster))
            .hint(format!("{} starts it again", c.other(Verb::Retry).command_line())));
    }
    if let Some((p, _)) = moving.iter().find(|(_, r)| r.paused) {
        return Err(Refusal::new(format!("{service} was paused by a person on {}", p.key.cluster))
            .hint(format!("{} first", c.other(Verb::Resume).command_line())));
    }
    let hit: Vec<_> = if full { moving } else { moving.into_iter().filter(|(_, r)| !r.pauses.is_empty()).collect() };
    if hit.is_empty() {
        return Err(Refusal::new(format!("{service} does not wait: its controller is on the way to the next stop"))
            .hint("look again in a moment")
            .exit(crate::domain::Exit::Hold));
    }
    let asks = hit.iter().map(|(p, r)| Ok(Ask { target: c.workload(p)?, change: change(r, full)? }));
    let already = format!("{service} is past that step");
    let mut out = Intent::new(Direction::Forward, asks.collect::<Result<_, Refusal>>()?, already);
    let version = each(hit.iter().map(|(p, _)| (*p, named(p.wanted_version.as_ref()))));
    out.from = format!("{version} {}", each(hit.iter().map(|(p, r)| (*p, stands(p, r)))));
    out.to = format!("{version} {}", each(hit.iter().map(|(p, r)| (*p, comes(r, full)))));
    out.inverse = "abort brings the stable version back".to_owned();
    out.undo = Some(c.other(Verb::Abort));
    out.not_reverted = format!("requests that {version} serves, and what they write");
    out.touches = Touches::Status;
    out.one_by_one = false;
    if c.s.topology.metrics.is_none() {
        out.notes.push("no metrics are configured: nothing is known of how the canary does".into());
    }
    if full {
        let rest = hit.iter().map(|(p, _)| 100.0 - p.canary.as_ref().and_then(|c| c.set).map_or(0.0, Weight::percent));
        out.moves = Moves::AtOnce(rest.fold(0.0, f64::max));
        out.notes.push("every step that remains is left out, analyses too".into());
    }
    super::promote::rejected(c, hit.iter().filter_map(|(p, _)| p.wanted_version.as_ref()?.digest.as_ref()), &mut out);
    Ok(out)
}

fn change(r: &Rollout, full: bool) -> Result<Change, Refusal> {
    let revision = r.current_hash.clone().ok_or_else(|| Refusal::new("the rollout does not say which revision is on its way"))?;
    if full {
        return Ok(Change::Full { revision });
    }
    let from = match r.strategy {
        RolloutStrategy::Canary(_) => r.step,
        _ => None,
    };
    let pause = r.pauses.first().map(|(reason, since)| Pausing { reason: reason.clone(), since: *since });
    Ok(Change::Step { revision, from, pause })
}

/// Where it stands.
fn stands(p: &Placement, r: &Rollout) -> String {
    let weight = p.canary.as_ref().and_then(|c| c.set).map(|w| format!("at {w} %")).unwrap_or_default();
    match &r.strategy {
        RolloutStrategy::Canary(spec) => {
            let at = r.step.map_or_else(|| "?".to_owned(), |s| (s + 1).to_string());
            format!("{weight} (step {at} of {})", spec.steps.len())
        }
        _ => "behind the preview Service".to_owned(),
    }
}

/// What comes next.
fn comes(r: &Rollout, full: bool) -> String {
    let RolloutStrategy::Canary(spec) = &r.strategy else { return "to all users".to_owned() };
    if full {
        return "at 100 %, without the steps that remain".to_owned();
    }
    match spec.steps.get(r.step.map_or(0, |s| s as usize) + 1) {
        Some(Step::SetWeight(w)) => format!("at {w} %"),
        Some(Step::Pause(_)) => "to the next pause".to_owned(),
        Some(other) => format!("to {other}"),
        None => "at 100 %: no step remains".to_owned(),
    }
}
