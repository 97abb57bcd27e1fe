//! Abort: the Rollouts that are on their way, all at once.

use jiff::SignedDuration;

use crate::{
    action::{Direction, Verb},
    domain::{Change, Placement, Refusal, Rollout, RolloutStrategy},
    engine::plan::{
        intent::{Ask, Intent, Touches},
        scene::{Scene, each, named, under_way},
    },
};

pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    let rollouts = c.rollouts("there is no canary to abort: gonogo rollback brings the earlier version back")?;
    let mut hit: Vec<(&Placement, &Rollout)> = rollouts.iter().filter(|(_, r)| under_way(r)).copied().collect();
    if hit.is_empty() {
        return Err(c.nothing(nothing(c, &rollouts)));
    }
    // What is aborted already stays in the list only where all is: then the answer is "already".
    if hit.iter().any(|(_, r)| !r.aborted || r.paused) {
        hit.retain(|(_, r)| !r.aborted || r.paused);
    }
    let asks = hit.iter().map(|(p, _)| Ok(Ask { target: c.workload(p)?, change: Change::Abort }));
    let mut out = Intent::new(Direction::Back, asks.collect::<Result<_, Refusal>>()?, format!("{} is aborted", c.service.name));
    let version = |p: &Placement| named(p.wanted_version.as_ref());
    out.from = each(hit.iter().map(|(p, _)| {
        let weight = p.canary.as_ref().and_then(|c| c.set).map(|w| format!(" at {w} % of traffic")).unwrap_or_default();
        (*p, format!("{}{weight}", version(p)))
    }));
    out.to = each(hit.iter().map(|(p, r)| {
        let stable = named(p.version.as_ref());
        let to = match r.strategy {
            RolloutStrategy::BlueGreen(_) => format!("{stable} stays where users are, the preview is given up"),
            _ => format!("{stable} at 100 %, the canary at 0 %"),
        };
        (*p, to)
    }));
    out.inverse = "retry starts the rollout again from its first step".to_owned();
    out.undo = Some(c.other(Verb::Retry));
    out.not_reverted =
        format!("requests that {} has served, and what they wrote", each(hit.iter().map(|(p, _)| (*p, version(p)))));
    out.touches = Touches::Status;
    out.deadline = SignedDuration::from_mins(5);
    out.rejects = hit.iter().filter_map(|(p, _)| p.wanted_version.as_ref()?.digest.clone()).collect();
    out.rejects.sort();
    out.rejects.dedup();
    Ok(out)
}

fn nothing(c: &Scene<'_>, rollouts: &[(&Placement, &Rollout)]) -> Refusal {
    let switched = rollouts.iter().any(|(p, r)| matches!(r.strategy, RolloutStrategy::BlueGreen(_)) && !p.revisions.is_empty());
    let what = format!("no rollout of {} is under way in {}", c.service.name, c.environment.name);
    let back = c.other(Verb::Rollback).command_line();
    Refusal::new(what).hint(if switched { format!("users have the new side: {back} leads them back") } else { back })
}
