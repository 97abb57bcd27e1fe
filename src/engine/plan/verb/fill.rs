//! Fill: a build for the idle side of a pair; users keep the other one.

use crate::{
    action::{Direction, Verb},
    domain::{Change, Exit, ObjectKind, Placement, Refusal, SafeText, Side, TemplateOf},
    engine::plan::{
        builds::{self, images_for, notes_for},
        intent::{Ask, Intent},
        scene::{Scene, each, named},
    },
};

pub(super) fn intent(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Intent, Refusal> {
    if c.service.blue_green.is_none() {
        // A Rollout fills its own preview.
        return match c.placements.first().and_then(|p| p.delegated.as_ref()).and_then(|d| d.blue_green.as_ref()) {
            Some(_) => super::promote::intent(c, to),
            None => Err(no_pair(c)),
        };
    }
    let build = builds::wanted(c, to)?;
    let mut asks = vec![];
    let mut hit = vec![];
    let mut out = Intent::new(Direction::Forward, vec![], String::new());
    for p in &c.placements {
        let (active, idle) = sides(p)?;
        if active.version.as_ref().is_some_and(|v| v.digest.as_ref() == Some(&build.digest)) {
            continue;
        }
        let name = &idle.workload.name;
        let deployment = c.deployment(p, name).ok_or_else(|| {
            Refusal::new(format!("{} does not exist on {}", idle.workload, p.key.cluster)).hint("create it by its manifest first")
        })?;
        let template = &deployment.workload.template;
        let notes = notes_for(c, p, &build, &deployment.workload);
        let mut images = images_for(&build, template, &format!("{} on {}", idle.workload, p.key.cluster))?;
        if images.is_empty() {
            // Nothing but the number of pods may be missing.
            images = template
                .containers
                .iter()
                .take(1)
                .map(|c| crate::domain::ContainerImage { name: c.name.clone(), image: c.image.to_string().into() })
                .collect();
        }
        let replicas = active.pods.wanted.max(1);
        let target = Scene::object(p, ObjectKind::Deployment, name)?;
        if let super::retire::Warm::Until(until) = super::retire::warm(c, p, c.told.at) {
            let says = format!(
                "{} is the warm way back on {} until {}",
                named(idle.version.as_ref()),
                p.key.cluster,
                until.strftime("%H:%MZ")
            );
            out.typed.push(says.into());
        }
        out.templates.push((target.clone(), TemplateOf::Wanted));
        asks.push(Ask { target, change: Change::Fill { images, build: notes, replicas } });
        hit.push(*p);
    }
    let to = named(Some(&build.version));
    out.asks = asks;
    out.already = format!("{} has {to} already", c.service.name);
    out.from = each(hit.iter().map(|p| {
        (*p, p.sides.as_ref().and_then(|s| s.active_and_idle()).map_or_else(String::new, |(_, idle)| idle_words(idle)))
    }));
    out.to = each(hit.iter().map(|p| {
        let sides = p.sides.as_ref().and_then(|s| s.active_and_idle());
        (
            *p,
            sides.map_or_else(String::new, |(active, idle)| {
                format!(
                    "{to} on {}, {} pods; users keep {}",
                    idle.workload,
                    active.pods.wanted.max(1),
                    named(active.version.as_ref())
                )
            }),
        )
    }));
    out.inverse = "retire takes its pods down again".to_owned();
    out.undo = Some(c.other(Verb::Retire));
    out.not_reverted = format!("what {to} does without users: jobs, queues, migrations at its start");
    super::promote::soaked(c, &build, &mut out);
    super::promote::rejected(c, std::iter::once(&build.digest), &mut out);
    Ok(out)
}

fn idle_words(idle: &Side) -> String {
    match idle.pods.wanted {
        0 => format!("{} empty", idle.workload),
        n => format!("{} with {n} pods of {}", idle.workload, named(idle.version.as_ref())),
    }
}

/// The side that users get, and the idle one.
pub(super) fn sides(p: &Placement) -> Result<(&Side, &Side), Refusal> {
    p.sides.as_ref().and_then(|s| s.active_and_idle()).ok_or_else(|| {
        let service = p.sides.as_ref().map_or_else(String::new, |s| format!(" service {} leads to", s.service));
        Refusal::new(format!("which side{service} on {} cannot be told", p.key.cluster)).exit(Exit::Unknown)
    })
}

/// Why a verb for pairs is refused.
pub(super) fn no_pair(c: &Scene<'_>) -> Refusal {
    Refusal::new(format!("{} is no blue-green pair: there is nothing to {}", c.service.name, c.action.name()))
        .hint(format!("{} brings a version there", c.other(Verb::Promote).command_line()))
}
