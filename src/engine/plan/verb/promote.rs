//! Promote: the build of the environment before, by digest, cluster by cluster.

use crate::{
    action::{Direction, Verb},
    domain::{
        CanaryPhase, Change, Digest, Found, Health, Placement, Refusal, RolloutStrategy, SafeText, TemplateOf, Version, Workload,
        WorkloadKind,
    },
    engine::plan::{
        builds::{self, Build, images_for, notes_for},
        checked::Safety,
        intent::{Ask, Intent, Moves},
        preflight::line,
        scene::{Scene, each, named, under_way},
    },
};

pub(super) fn intent(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Intent, Refusal> {
    let service = &c.service.name;
    if c.service.blue_green.is_some() {
        return Err(Refusal::new(format!(
            "{service} is a pair of Deployments behind a Service: to change the one that users get is no promotion"
        ))
        .hint(format!("{}, then {}", c.other(Verb::Fill).command_line(), c.other(Verb::Switch).command_line())));
    }
    for p in &c.placements {
        c.workload(p)?;
    }
    let build = builds::wanted(c, to)?;
    let mut asks = vec![];
    let mut hit = vec![];
    let mut there = "at";
    for p in &c.placements {
        match stand(c, p, &build)? {
            Stand::There => {}
            Stand::OnItsWay => there = "on its way to",
            Stand::Elsewhere => {
                let workload = workload_of(c, p)?;
                let images = images_for(&build, &workload.template, &format!("{} on {}", p.workload, p.key.cluster))?;
                // The same images under another template are the build that is there.
                if !images.is_empty() {
                    let notes = notes_for(c, p, &build, workload);
                    asks.push(Ask { target: c.workload(p)?, change: Change::Image { images, build: notes } });
                    hit.push(*p);
                }
            }
        }
    }
    let to = named(Some(&build.version));
    let mut out = Intent::new(Direction::Forward, asks, format!("{service} is {there} {to} already"));
    out.from = each(hit.iter().map(|p| (*p, named(p.version.as_ref()))));
    out.to = to.clone();
    inverse(c, &hit, &mut out);
    out.not_reverted = format!("requests that {to} serves, and what they write; migrations that came with it");
    out.templates = out.asks.iter().map(|ask| (ask.target.clone(), TemplateOf::Wanted)).collect();
    soaked(c, &build, &mut out);
    rejected(c, std::iter::once(&build.digest), &mut out);
    size(c, &hit, &build.version, &mut out);
    super::restart::recreate(c, &mut out);
    super::restart::unprobed(&hit, &mut out);
    canaries(c, &hit, &mut out);
    Ok(out)
}

/// Where a placement stands towards a build.
enum Stand {
    There,
    OnItsWay,
    Elsewhere,
}

fn same(v: Option<&Version>, build: &Build) -> bool {
    v.is_some_and(|v| v.digest.as_ref() == Some(&build.digest))
}

/// Where a placement stands towards a build; refused where something else is on its way, or nothing gets on.
fn stand(c: &Scene<'_>, p: &Placement, build: &Build) -> Result<Stand, Refusal> {
    let cluster = &p.key.cluster;
    let service = &c.service.name;
    let rollout = c.rollout(p);
    if let Some(other) = rollout.and_then(|r| r.template_ref.as_ref()) {
        return Err(Refusal::new(format!("the template of {} stands in {} {}", p.workload, other.kind, other.name))
            .hint("change it there; the rollout follows"));
    }
    let moving = match rollout {
        Some(r) => under_way(r),
        None => !matches!((&p.version, &p.wanted_version), (Some(a), Some(b)) if a.same_build(b)),
    };
    let aborted = rollout.is_some_and(|r| r.aborted);
    // Before its pods have told their digest the template's tag is all that is known of what is on its way.
    let wanted = same(p.wanted_version.as_ref(), build);
    match (moving, wanted) {
        (true, true) if aborted => Err(Refusal::new(format!("{service} {} was aborted on {cluster}", build.version))
            .hint(format!("{} starts it again", c.other(Verb::Retry).command_line()))),
        (true, true) => Ok(Stand::OnItsWay),
        (true, false) if !aborted => {
            let back = if rollout.is_some() { c.other(Verb::Abort) } else { c.other(Verb::Rollback) };
            Err(Refusal::new(format!("a rollout of {service} {} is under way on {cluster}", named(p.wanted_version.as_ref())))
                .hint(format!("let it end, or stop it: {}", back.command_line())))
        }
        (false, true) if same(p.version.as_ref(), build) => Ok(Stand::There),
        _ if p.paused => Err(Refusal::new(format!("{service} is paused on {cluster}: no pod is replaced until it is resumed"))
            .hint(format!("{} first", c.other(Verb::Resume).command_line()))),
        _ => Ok(Stand::Elsewhere),
    }
}

fn workload_of<'a>(c: &Scene<'a>, p: &Placement) -> Result<&'a Workload, Refusal> {
    let workload = match p.workload.kind {
        WorkloadKind::Rollout => c.rollout(p).map(|r| &r.workload),
        _ => c.deployment(p, &p.workload.name).map(|d| &d.workload),
    };
    workload.ok_or_else(|| Refusal::new(format!("the template of {} on {} is not known", p.workload, p.key.cluster)))
}

/// What undoes it: a canary is aborted, anything else is rolled back to the version that serves now.
fn inverse(c: &Scene<'_>, hit: &[&Placement], out: &mut Intent) {
    if hit.iter().any(|p| c.rollout(p).is_some()) {
        out.inverse = "abort while it is on its way, roll back once it is done".to_owned();
        out.undo = Some(c.other(Verb::Abort));
        return;
    }
    let now = each(hit.iter().map(|p| (*p, named(p.version.as_ref()))));
    out.inverse = format!("roll back to {now}");
    out.undo = Some(c.other(Verb::Rollback));
}

/// Whether users of the environment before get it already.
pub(super) fn soaked(c: &Scene<'_>, build: &Build, out: &mut Intent) {
    let Some(before) = c.s.topology.before(&c.environment.name) else { return };
    let there: Vec<_> = c.s.placements_of(&c.service.name, &before.name);
    let serves: Vec<_> = there.iter().filter(|p| same(p.version.as_ref(), build)).collect();
    let Some(first) = serves.first() else {
        let says = format!("{} does not serve {}: it was not tried there", before.name, named(Some(&build.version)));
        out.typed.push(says.as_str().into());
        out.preflights.push(line("soak", Safety::Unknown, says));
        return;
    };
    if let Some(p) = serves.iter().find(|p| matches!(p.health, Health::Fail(_))) {
        let says = format!("{} serves it, and it is not well there on {}", before.name, p.key.cluster);
        out.typed.push(says.as_str().into());
        out.preflights.push(line("soak", Safety::Unknown, says));
        return;
    }
    let since = first.revisions.iter().find(|r| r.serving).and_then(|r| r.created);
    let age =
        since.map(|t| format!(", which was made {} ago", crate::domain::span(c.told.at.duration_since(t)))).unwrap_or_default();
    out.preflights.push(line("soak", Safety::Safe, format!("{} serves this very digest{age}", before.name)));
}

/// What is said of builds that somebody went back from.
pub(super) fn rejected<'a>(c: &Scene<'_>, digests: impl Iterator<Item = &'a Digest>, out: &mut Intent) {
    for digest in digests {
        let Some(r) = c.told.kept.rejected.iter().find(|r| r.service == c.service.name && r.digest == *digest) else { continue };
        let why = if r.why.is_empty() { String::new() } else { format!(": {}", r.why) };
        let says = format!("somebody went back from {} at {}{why}", digest.short(), r.at.strftime("%Y-%m-%d %H:%MZ"));
        if !out.typed.iter().any(|t| t.as_str() == says) {
            out.typed.push(says.as_str().into());
            out.preflights.push(line("rejected", Safety::Unknown, says));
        }
    }
}

/// The number before the first dot.
fn major(tag: &str) -> Option<u64> {
    tag.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// How much changes.
fn size(c: &Scene<'_>, hit: &[&Placement], to: &Version, out: &mut Intent) {
    let before = hit.iter().filter_map(|p| p.version.as_ref()).filter_map(|v| major(v.tag.as_str())).min();
    if let (Some(from), Some(new)) = (before, major(to.tag.as_str()))
        && from != new
    {
        out.notes.push(format!("major version: {from} to {new}").into());
    }
    for changes in c.s.changes_of(c.service).iter().filter(|x| x.to == to.tag) {
        if let Found::Known(set) = &changes.found {
            out.notes.push(format!("since {}: {}", changes.from, set.summary()).into());
        }
    }
}

/// How a Rollout takes it: by its plan, or all at once.
fn canaries(c: &Scene<'_>, hit: &[&Placement], out: &mut Intent) {
    for (p, r) in hit.iter().filter_map(|p| Some((p, c.rollout(p)?))) {
        match &r.strategy {
            RolloutStrategy::Canary(spec) if spec.steps.is_empty() => {
                out.notes.push(format!("{}: its plan has no steps: it goes to everybody", p.key.cluster).into());
            }
            RolloutStrategy::Canary(spec) => {
                if let Some(first) = spec.steps.first() {
                    out.notes.push(format!("{}: {} steps, the first: {first}", p.key.cluster, spec.steps.len()).into());
                }
            }
            RolloutStrategy::BlueGreen(b) if b.auto_promotion => out.moves = Moves::AtOnce(100.0),
            RolloutStrategy::BlueGreen(_) => {
                out.notes.push(format!("{}: behind the preview Service, until a step leads users to it", p.key.cluster).into());
            }
            RolloutStrategy::None => {}
        }
        if p.canary.as_ref().is_some_and(|c| matches!(c.state, CanaryPhase::Aborted { .. })) {
            out.notes.push(
                format!("{}: the aborted rollout of {} is left behind", p.key.cluster, named(p.wanted_version.as_ref())).into(),
            );
        }
    }
}
