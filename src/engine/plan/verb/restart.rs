//! Restart: new pods of the same version.

use jiff::{SignedDuration, Timestamp, Unit};

use crate::{
    action::Direction,
    domain::{Change, Placement, Refusal, TemplateOf, UpdateStrategy},
    engine::plan::{
        checked::Safety,
        intent::{Ask, Intent, Moves},
        preflight::{add, at, line},
        scene::{Scene, each, named},
    },
};

pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    let at: Timestamp = c.told.at.round(Unit::Second).unwrap_or(c.told.at);
    let mut asks = vec![];
    for p in &c.placements {
        let target = c.workload(p)?;
        if p.paused {
            return Err(Refusal::new(format!(
                "{} is paused on {}: no pod is replaced until it is resumed",
                c.service.name, p.key.cluster
            ))
            .hint("gonogo resume, then again"));
        }
        asks.push(Ask { target, change: Change::Restart { at } });
    }
    let mut out = Intent::new(Direction::Beside, asks, format!("{} is restarted", c.service.name));
    let version = each(c.placements.iter().map(|p| (*p, named(p.version.as_ref()))));
    let pods: u32 = c.placements.iter().map(|p| p.pods.wanted).sum();
    out.from = format!("{version}, {pods} pods");
    out.to = format!("{version}, {pods} new pods");
    out.inverse = "nothing: pods that are gone do not come back".to_owned();
    out.not_reverted = "what pods kept in memory, and requests that they were cut off from".to_owned();
    out.deadline = SignedDuration::from_mins(15);
    out.templates = out.asks.iter().map(|ask| (ask.target.clone(), TemplateOf::Wanted)).collect();
    recreate(c, &mut out);
    unprobed(&c.placements, &mut out);
    Ok(out)
}

/// What is said of workloads whose old pods all go first.
pub(super) fn recreate(c: &Scene<'_>, out: &mut Intent) {
    for p in c.placements.iter().filter(|p| p.strategy == Some(UpdateStrategy::Recreate)) {
        let more = if p.min_ready > 0 { format!(", and {} s more", p.min_ready) } else { String::new() };
        let says = format!("all old pods go first: down until new ones are ready{more}");
        add(&mut out.preflights, [at(&p.key.cluster, "recreate", Safety::Unknown, says)]);
        out.moves = Moves::AtOnce(100.0);
    }
}

/// What is said of containers without a readiness probe.
pub(super) fn unprobed(placements: &[&Placement], out: &mut Intent) {
    let names: std::collections::BTreeSet<String> =
        placements.iter().flat_map(|p| &p.unprobed).map(ToString::to_string).collect();
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        let says = format!("{} has no readiness probe: Available proves nothing", names.join(", "));
        out.preflights.push(line("probe", Safety::Unknown, says));
    }
}
