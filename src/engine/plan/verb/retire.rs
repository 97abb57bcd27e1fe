//! Retire: the pods of the idle side of a pair go, once nobody needs them to go back.

use jiff::{SignedDuration, Timestamp};

use crate::{
    action::{Action, Direction, Verb},
    domain::{Change, Exit, KubeService, ObjectKey, ObjectKind, Placement, Refusal},
    engine::plan::{
        checked::Safety,
        intent::{Ask, Intent},
        preflight::line,
        scene::{Scene, each, named},
    },
};

/// For how long the idle side of a pair is still the warm way back.
pub(super) enum Warm {
    /// Until then.
    Until(Timestamp),
    /// No more.
    Over,
    /// Nobody knows when users were led away from it.
    Unknown,
}

/// When users were last led from one side to the other: by the journal, else by whoever wrote the Service last.
fn switched(c: &Scene<'_>, p: &Placement) -> Option<Timestamp> {
    let target = super::switch::service(p).ok()?;
    let kept = c.told.kept.switched.iter().filter(|(t, _)| *t == target).map(|(_, at)| *at).max();
    let key = ObjectKey::new(&p.namespace, &p.sides.as_ref()?.service).ok()?;
    let service: &KubeService = c.cluster(p)?.services.value()?.get(&key)?;
    // Any write of its wanted state may have been the switch: the newest counts, which keeps the side longer.
    let written = service.meta.writers.iter().filter_map(|w| w.at).max();
    kept.max(written)
}

/// For how long the idle side of a placement is still the warm way back.
pub(super) fn warm(c: &Scene<'_>, p: &Placement, now: Timestamp) -> Warm {
    let idle = p.sides.as_ref().and_then(|s| s.active_and_idle()).map(|(_, idle)| idle.pods.wanted);
    let Some(window) = c.service.blue_green.as_ref().map(|b| b.warm) else { return Warm::Unknown };
    if idle == Some(0) {
        return Warm::Over;
    }
    match switched(c, p).and_then(|at| at.checked_add(window).ok()) {
        None => Warm::Unknown,
        Some(until) if until > now => Warm::Until(until),
        Some(_) => Warm::Over,
    }
}

pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    if c.service.blue_green.is_none() {
        return Err(controllers(c));
    }
    let mut asks = vec![];
    let mut hit = vec![];
    let mut out = Intent::new(Direction::Beside, vec![], format!("the idle side of {} is retired", c.service.name));
    for p in &c.placements {
        let (active, idle) = super::fill::sides(p)?;
        if idle.pods.wanted == 0 {
            continue;
        }
        let cluster = &p.key.cluster;
        if active.endpoints == Some(0) {
            return Err(Refusal::new(format!(
                "{} has no ready endpoint on {cluster}: {} may be needed",
                active.workload, idle.workload
            ))
            .hint(format!("{} leads users back", c.other(Verb::Rollback).command_line())));
        }
        match warm(c, p, c.told.at) {
            Warm::Until(until) => {
                let left = crate::domain::span(until.duration_since(c.told.at));
                return Err(Refusal::new(format!("{} is the warm way back on {cluster} for another {left}", idle.workload))
                    .hint(format!("it can go at {}; warm in the configuration sets how long", until.strftime("%H:%MZ")))
                    .exit(Exit::Hold));
            }
            Warm::Unknown => {
                let says = format!("{cluster}: when users were led away from {} is not known", idle.workload);
                out.typed.push(says.as_str().into());
                out.preflights.push(line("warm", Safety::Unknown, says));
            }
            Warm::Over => {}
        }
        asks.push(Ask { target: Scene::object(p, ObjectKind::Deployment, &idle.workload.name)?, change: Change::Retire });
        hit.push(*p);
    }
    out.asks = asks;
    let words = |p: &Placement, f: fn(&crate::domain::Side) -> String| {
        p.sides.as_ref().and_then(|s| s.active_and_idle()).map_or_else(String::new, |(_, idle)| f(idle))
    };
    out.from = each(
        hit.iter()
            .map(|p| (*p, words(p, |i| format!("{} with {} pods of {}", i.workload, i.pods.wanted, named(i.version.as_ref()))))),
    );
    out.to = each(hit.iter().map(|p| (*p, words(p, |i| format!("{} without pods", i.workload)))));
    let tag = hit.iter().find_map(|p| p.sides.as_ref()?.active_and_idle()?.1.version.clone());
    out.inverse = "fill brings its pods back, cold".to_owned();
    out.undo =
        tag.map(|v| Action::Fill { target: crate::action::Target { expect: None, ..c.target().clone() }, to: Some(v.tag) });
    out.not_reverted = "the warm way back: after it, going back waits for new pods".to_owned();
    out.deadline = SignedDuration::from_mins(5);
    Ok(out)
}

/// Why the verb is refused where a controller retires by itself, or there is no pair.
fn controllers(c: &Scene<'_>) -> Refusal {
    let own = c.placements.iter().find_map(|p| p.delegated.as_ref().filter(|d| d.blue_green.is_some()));
    let Some(own) = own else { return super::fill::no_pair(c) };
    let when = own.warm.iter().find_map(|w| w.until).map(|t| format!("at {}", t.strftime("%H:%M:%SZ")));
    let when =
        when.unwrap_or_else(|| if own.warm.is_empty() { "and has done so".to_owned() } else { "as its plan says".to_owned() });
    Refusal::new(format!("{} takes the old side of {} down by itself, {when}", own.by, c.service.name))
}
