//! Retry: aborted Rollouts start again from their first step.

use jiff::SignedDuration;

use crate::{
    action::{Direction, Verb},
    domain::{Change, Refusal},
    engine::plan::{
        intent::{Ask, Intent, Touches},
        scene::{Scene, each, named},
    },
};

pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    let promote = c.other(Verb::Promote).command_line();
    let rollouts = c.rollouts(&format!("{promote} starts a new rollout"))?;
    let hit: Vec<_> = rollouts.into_iter().filter(|(_, r)| r.aborted).collect();
    if hit.is_empty() {
        return Err(Refusal::new(format!("no rollout of {} was aborted in {}", c.service.name, c.environment.name)));
    }
    let asks = hit.iter().map(|(p, _)| Ok(Ask { target: c.workload(p)?, change: Change::Retry }));
    let already = format!("{} has started again", c.service.name);
    let mut out = Intent::new(Direction::Forward, asks.collect::<Result<_, Refusal>>()?, already);
    out.from = each(
        hit.iter()
            .map(|(p, _)| (*p, format!("{} aborted, {} serves", named(p.wanted_version.as_ref()), named(p.version.as_ref())))),
    );
    out.to = each(hit.iter().map(|(p, _)| (*p, format!("{} from its first step", named(p.wanted_version.as_ref())))));
    out.inverse = "abort stops it again".to_owned();
    out.undo = Some(c.other(Verb::Abort));
    out.not_reverted = "what the new version serves from then on".to_owned();
    out.touches = Touches::Status;
    out.one_by_one = false;
    out.deadline = SignedDuration::from_mins(5);
    super::promote::rejected(c, hit.iter().filter_map(|(p, _)| p.wanted_version.as_ref()?.digest.as_ref()), &mut out);
    Ok(out)
}
