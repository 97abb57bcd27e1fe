//! Switch: users to the idle side of a pair, by the selector of the Service.

use jiff::SignedDuration;

use crate::{
    action::{Direction, Verb},
    domain::{Change, Exit, Labels, ObjectKey, ObjectKind, Placement, Refusal},
    engine::plan::{
        intent::{Ask, Intent, Moves},
        scene::{Scene, each, named},
    },
};

pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    if c.service.blue_green.is_none() {
        // A Rollout switches by its own step.
        return match c.placements.first().and_then(|p| p.delegated.as_ref()).and_then(|d| d.blue_green.as_ref()) {
            Some(_) => super::step::intent(c, false),
            None => Err(super::fill::no_pair(c)),
        };
    }
    let mut out = over(c, Direction::Forward)?;
    super::promote::rejected(c, idle(c).filter_map(|v| v.digest.as_ref()), &mut out);
    out.not_reverted = format!("requests that {} serves, and what they write", each(c.placements.iter().map(|p| (*p, other(p)))));
    Ok(out)
}

fn idle<'a>(c: &'a Scene<'_>) -> impl Iterator<Item = &'a crate::domain::Version> {
    c.placements.iter().filter_map(|p| p.sides.as_ref()?.active_and_idle()?.1.version.as_ref())
}

fn other(p: &Placement) -> String {
    p.sides.as_ref().and_then(|s| s.active_and_idle()).map_or_else(String::new, |(_, idle)| named(idle.version.as_ref()))
}

/// Leads users to the other side in every cluster.
pub(super) fn over(c: &Scene<'_>, direction: Direction) -> Result<Intent, Refusal> {
    let mut asks = vec![];
    for p in &c.placements {
        asks.push(Ask { target: service(p)?, change: Change::Select { selector: selector(c, p)? } });
    }
    let mut out = Intent::new(direction, asks, format!("{} is switched", c.service.name));
    let side = |p: &Placement, active: bool| {
        let sides = p.sides.as_ref().and_then(|s| s.active_and_idle());
        let side = sides.map(|(a, i)| if active { a } else { i });
        side.map_or_else(String::new, |s| format!("{} on {}, {} pods", named(s.version.as_ref()), s.workload, s.pods.available))
    };
    out.from = each(c.placements.iter().map(|p| (*p, side(p, true))));
    out.to = each(c.placements.iter().map(|p| (*p, side(p, false))));
    out.inverse = "switch leads users back, while the side that they leave has its pods".to_owned();
    out.undo = Some(c.other(Verb::Rollback));
    out.moves = Moves::AtOnce(100.0);
    out.deadline = SignedDuration::from_mins(3);
    if let Some(pair) = &c.service.blue_green {
        out.notes.push(format!("the side that users leave stays warm for {}", crate::domain::span(pair.warm)).into());
    }
    Ok(out)
}

/// The Service that users reach.
pub(super) fn service(p: &Placement) -> Result<crate::domain::ChangeTarget, Refusal> {
    let name = p.sides.as_ref().map(|s| s.service.clone()).unwrap_or_default();
    Scene::object(p, ObjectKind::Service, &name)
}

/// The selector that leads to the idle side: each key that the Service asks for now, with the idle side's own value.
fn selector(c: &Scene<'_>, p: &Placement) -> Result<Labels, Refusal> {
    let cluster = &p.key.cluster;
    let (_, idle) = super::fill::sides(p)?;
    let fill = c.other(Verb::Fill).command_line();
    if idle.pods.available == 0 {
        return Err(Refusal::new(format!(
            "{} has no pod that is available on {cluster}: every request would fail",
            idle.workload
        ))
        .hint(format!("{fill} brings its pods up")));
    }
    if idle.endpoints == Some(0) {
        return Err(Refusal::new(format!("{} has no ready endpoint on {cluster}: every request would fail", idle.workload))
            .hint("its pods run and are not ready: look at their probes"));
    }
    let settled = idle.pods.available >= idle.pods.wanted
        && c.deployment(p, &idle.workload.name).is_some_and(|d| d.workload.observed() && d.workload.updated >= d.workload.wanted);
    if !settled {
        return Err(Refusal::new(format!(
            "{} is not complete on {cluster}: {} of {} pods are available",
            idle.workload, idle.pods.available, idle.pods.wanted
        ))
        .hint("wait for its pods")
        .exit(Exit::Hold));
    }
    let unknown = |what: String| Refusal::new(what).exit(Exit::Unknown);
    let key = p.sides.as_ref().and_then(|s| ObjectKey::new(&p.namespace, &s.service).ok());
    let now = c.cluster(p).zip(key).and_then(|(c, key)| c.services.value()?.get(&key));
    let now = now.ok_or_else(|| unknown(format!("the Service of {} on {cluster} is not known", c.service.name)))?;
    let labels = c.deployment(p, &idle.workload.name).map(|d| &d.workload.template.labels);
    let labels = labels.ok_or_else(|| unknown(format!("{} on {cluster} is not known", idle.workload)))?;
    let mut selector = Labels::new();
    for asked in now.selector.keys() {
        let value = labels.get(asked).ok_or_else(|| {
            Refusal::new(format!(
                "service {} asks for label {asked}, which pods of {} do not carry on {cluster}",
                now.meta.key.name, idle.workload
            ))
            .hint("give both sides the same labels, with values of their own")
        })?;
        selector.insert(asked.clone(), value.clone());
    }
    Ok(selector)
}
