//! Rollback: an earlier revision, named by the uid of its ReplicaSet and its digest; for a pair the other side.

use crate::{
    action::{Action, Direction, Target, Verb},
    domain::{Arm, Change, Digest, Health, MetricKey, Phase, Placement, Refusal, Revision, SafeText, Template, TemplateOf, Undo},
    engine::plan::{
        checked::Safety,
        describe::undoers,
        intent::{Ask, Intent},
        preflight::{add, at, line},
        scene::{Scene, each, is_called, named, under_way},
    },
};

pub(super) fn intent(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Intent, Refusal> {
    let mut out = if c.service.blue_green.is_some() { pair(c, to)? } else { revisions(c, to)? };
    written(c, &mut out);
    redeploys(c, &mut out);
    gitops(c, &mut out);
    Ok(out)
}

/// What the version of a placement is told from.
fn serving(p: &Placement) -> Option<&Digest> {
    p.version.as_ref()?.digest.as_ref()
}

fn rejects(c: &Scene<'_>, back_to: &[Option<Digest>]) -> Vec<Digest> {
    let wanted = c.placements.iter().filter_map(|p| p.wanted_version.as_ref()?.digest.clone());
    let mut all: Vec<Digest> = wanted
        .chain(c.placements.iter().filter_map(|p| serving(p).cloned()))
        .filter(|d| !back_to.contains(&Some(d.clone())))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The other side of a pair, while it is warm.
fn pair(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Intent, Refusal> {
    for p in &c.placements {
        let (_, idle) = super::fill::sides(p)?;
        let meant = to.is_none_or(|text| idle.version.as_ref().is_some_and(|v| is_called(v, text.as_str())));
        if !meant || idle.pods.available == 0 {
            let version = to.cloned().or_else(|| idle.version.as_ref().map(|v| v.tag.clone()));
            let fill = Action::Fill { target: Target { expect: None, ..c.target().clone() }, to: version };
            let what = if meant { "has no pod that is available" } else { "has another version" };
            return Err(Refusal::new(format!("{} {what} on {}: the other side is cold", idle.workload, p.key.cluster))
                .hint(format!("{}, then {}", fill.command_line(), c.other(Verb::Switch).command_line())));
        }
    }
    let mut out = super::switch::over(c, Direction::Back)?;
    let idle: Vec<_> =
        c.placements.iter().filter_map(|p| p.sides.as_ref()?.active_and_idle().map(|(_, idle)| (*p, idle))).collect();
    for (p, side) in &idle {
        let says = format!("{} pods of the other side are available: seconds", side.pods.available);
        add(&mut out.preflights, [at(&p.key.cluster, "replicas", Safety::Safe, says)]);
    }
    let back_to: Vec<Option<Digest>> = idle.iter().filter_map(|(_, s)| s.version.as_ref().map(|v| v.digest.clone())).collect();
    out.rejects = rejects(c, &back_to);
    out.undo = Some(c.other(Verb::Switch));
    Ok(out)
}

/// An earlier revision in every cluster.
fn revisions(c: &Scene<'_>, to: Option<&SafeText>) -> Result<Intent, Refusal> {
    let service = &c.service.name;
    let mut asks = vec![];
    let mut hit: Vec<(&Placement, &Revision)> = vec![];
    let mut templates = vec![];
    for p in &c.placements {
        let target = c.workload(p)?;
        moving(c, p)?;
        let revision = match to {
            Some(text) => called(c, p, text.as_str())?,
            None => last_good(c, p)?,
        };
        if revision.wanted {
            continue;
        }
        let hash = c.replica_set(p, &revision.name).and_then(|set| set.hash.clone());
        let of = TemplateOf::Revision { name: revision.name.clone(), uid: revision.uid.clone() };
        templates.extend([(target.clone(), of), (target.clone(), TemplateOf::Wanted)]);
        let change = Change::Template { revision: revision.uid.clone(), name: revision.name.clone(), hash };
        asks.push(Ask { target, change });
        hit.push((p, revision));
    }
    if to.is_none() && hit.windows(2).any(|two| !two[0].1.version.same_build(&two[1].1.version)) {
        let all = each(hit.iter().map(|(p, r)| (*p, named(Some(&r.version)))));
        return Err(Refusal::new(format!("the last known good version of {service} differs: {all}"))
            .hint("name it: --to VERSION, or one cluster after the other: --cluster NAME"));
    }
    let mut out = Intent::new(Direction::Back, asks, format!("{service} is back at that revision"));
    out.from = each(hit.iter().map(|(p, _)| (*p, named(p.wanted_version.as_ref().or(p.version.as_ref())))));
    out.to = each(hit.iter().map(|(p, r)| (*p, format!("{} of replicaset {}", named(Some(&r.version)), r.name))));
    let now = hit.iter().find_map(|(p, _)| p.wanted_version.clone());
    out.inverse = "promote brings the version that is left here again".to_owned();
    out.undo = now.map(|v| {
        let to = v.digest.map_or(v.tag, |d| d.to_string().into());
        Action::Promote { target: Target { expect: None, ..c.target().clone() }, to: Some(to) }
    });
    out.templates = templates;
    out.rejects = rejects(c, &hit.iter().map(|(_, r)| r.version.digest.clone()).collect::<Vec<_>>());
    for (p, revision) in &hit {
        images(c, p, revision, &mut out);
        replicas(p, revision, &mut out);
    }
    let placements: Vec<&Placement> = hit.iter().map(|(p, _)| *p).collect();
    super::restart::recreate(c, &mut out);
    super::restart::unprobed(&placements, &mut out);
    super::promote::rejected(c, hit.iter().filter_map(|(_, r)| r.version.digest.as_ref()), &mut out);
    Ok(out)
}

/// What stands in the way of a rollback in one cluster.
fn moving(c: &Scene<'_>, p: &Placement) -> Result<(), Refusal> {
    let cluster = &p.key.cluster;
    let Some(r) = c.rollout(p) else {
        if !p.paused {
            return Ok(());
        }
        let why = format!("{} is paused on {cluster}: no pod is replaced until it is resumed", c.service.name);
        return Err(Refusal::new(why).hint(format!("{} first", c.other(Verb::Resume).command_line())));
    };
    if let Some(other) = &r.template_ref {
        return Err(Refusal::new(format!("the template of {} stands in {} {}", p.workload, other.kind, other.name)).hint(
            format!(
                "roll that back: kubectl -n {} rollout undo {}/{}",
                p.namespace,
                other.kind.as_str().to_lowercase(),
                other.name
            ),
        ));
    }
    if under_way(r) && !r.aborted {
        return Err(Refusal::new(format!("a rollout of {} is under way on {cluster}", c.service.name))
            .hint(format!("{} is the way back, and the quickest", c.other(Verb::Abort).command_line())));
    }
    Ok(())
}

/// How good a revision is to go back to; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Users are served by it, while a new one is on its way or has got stuck.
    Serves,
    /// It served before.
    Served,
    /// Somebody went back from it.
    Rejected,
}

/// The revisions of a placement that can be gone back to, the best first, of equal ones the newest.
fn ranked<'a>(c: &Scene<'_>, p: &'a Placement) -> Vec<(Rank, &'a Revision)> {
    let rank = |r: &Revision| {
        let digest = r.version.digest.as_ref();
        let rejected = || c.told.kept.rejected.iter().any(|x| x.service == c.service.name && Some(&x.digest) == digest);
        match r.serving {
            true => Rank::Serves,
            false if rejected() => Rank::Rejected,
            false => Rank::Served,
        }
    };
    let mut all: Vec<_> = released(c, p).into_iter().filter(|r| !r.wanted).map(|r| (rank(r), r)).collect();
    all.sort_by_key(|(rank, _)| *rank);
    all
}

/// The revisions of a placement, the newest first, each release once: a restart makes a revision too, and nothing is
/// gained by going back to the one before it.
fn released<'a>(c: &Scene<'_>, p: &'a Placement) -> Vec<&'a Revision> {
    let restarted = |r: &Revision| c.replica_set(p, &r.name).and_then(|set| set.template.restarted.clone());
    let mut out: Vec<&Revision> = vec![];
    let mut newer: Option<&Revision> = None;
    for r in &p.revisions {
        // A restart changes that word and nothing else.
        let same = newer.is_some_and(|n| n.version.same_build(&r.version) && restarted(n) != restarted(r));
        if !same || r.serving {
            out.push(r);
        }
        newer = Some(r);
    }
    out
}

/// The revisions that can be gone back to anywhere, the best first.
pub(in crate::engine::plan) fn earlier<'a>(c: &Scene<'a>) -> Vec<&'a Revision> {
    let mut all: Vec<_> = c.placements.iter().flat_map(|p| ranked(c, p)).collect();
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, r)| r).collect()
}

/// The revision that served before, and that nobody went back from.
fn last_good<'a>(c: &Scene<'_>, p: &'a Placement) -> Result<&'a Revision, Refusal> {
    let service = &c.service.name;
    let best = ranked(c, p).into_iter().next().filter(|(rank, _)| *rank != Rank::Rejected);
    best.map(|(_, r)| r).ok_or_else(|| {
        let cluster = &p.key.cluster;
        let what = if p.revisions.iter().any(|r| !r.wanted) {
            format!("every earlier revision of {service} on {cluster} was gone back from")
        } else {
            format!("no earlier revision of {service} is kept on {cluster}")
        };
        let hint = format!("{} --to VERSION brings one from another environment", c.other(Verb::Promote).command_line());
        c.nothing(Refusal::new(what).hint(hint))
    })
}

/// The revision that is meant by a version, a digest, or the uid or name of its ReplicaSet.
fn called<'a>(c: &Scene<'_>, p: &'a Placement, text: &str) -> Result<&'a Revision, Refusal> {
    let cluster = &p.key.cluster;
    if let Some(r) = p.revisions.iter().find(|r| &*r.uid == text || &*r.name == text) {
        return Ok(r);
    }
    let found: Vec<&Revision> = p.revisions.iter().filter(|r| is_called(&r.version, text)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let known: Vec<String> = p.revisions.iter().map(|r| format!("{} ({})", r.version, r.uid)).collect();
            Err(Refusal::new(format!("no revision of {} on {cluster} is {text}", c.service.name))
                .hint(format!("there are: {}", known.join(", "))))
        }
        // Several templates of one build: the newest of them, where one is wanted already.
        many => many.iter().find(|r| r.wanted).copied().ok_or_else(|| {
            let uids: Vec<String> = many.iter().map(|r| r.uid.to_string()).collect();
            Refusal::new(format!("{} revisions of {} on {cluster} are {text}", uids.len(), c.service.name))
                .hint(format!("name the uid and the cluster: --cluster {cluster} --to {}", uids.join(" or --to ")))
        }),
    }
}

/// Whether its images can be had: proven where pods of it run.
fn images(c: &Scene<'_>, p: &Placement, revision: &Revision, out: &mut Intent) {
    let template: Option<&Template> = c.replica_set(p, &revision.name).map(|set| &set.template);
    let pinned = template.is_some_and(|t| t.containers.iter().all(|c| c.image.digest.is_some()));
    let (safety, says) = match (revision.pods.ready > 0, pinned) {
        (true, _) => (Safety::Safe, "pods of it run, so its images are there"),
        (false, true) => (Safety::Unknown, "named by digest; no pod of it runs, so whether it can still be pulled is not proven"),
        (false, false) => (Safety::Unknown, "named by tag only, and no pod of it runs: the tag may name another build by now"),
    };
    add(&mut out.preflights, [at(&p.key.cluster, "images", safety, says)]);
}

/// Whether its pods are there still.
fn replicas(p: &Placement, revision: &Revision, out: &mut Intent) {
    let (there, wanted) = (revision.pods.available, p.pods.wanted);
    let says = if there >= wanted {
        format!("warm: all {there} pods are available")
    } else if there > 0 {
        format!("{there} of {wanted} pods are available, the others are started")
    } else {
        format!("cold: {wanted} pods are started")
    };
    add(&mut out.preflights, [at(&p.key.cluster, "replicas", Safety::Safe, says)]);
}

/// What was served by the version that is left, and stays written.
fn written(c: &Scene<'_>, out: &mut Intent) {
    let began = c.placements.iter().filter_map(|p| p.revisions.iter().find(|r| r.wanted)?.created).min();
    let version = each(c.placements.iter().map(|p| (*p, named(p.wanted_version.as_ref().or(p.version.as_ref())))));
    let key = MetricKey { service: c.service.name.clone(), environment: c.environment.name.clone(), arm: Arm::Serving };
    let rps = c.s.metrics_of(&key).and_then(|m| m.rps.as_ref().ok().copied());
    let span = began.map(|t| c.told.at.duration_since(t)).filter(jiff::SignedDuration::is_positive);
    let served = match (span, rps) {
        (Some(span), Some(rps)) => {
            format!("about {:.0} requests in {}", rps * span.as_secs_f64(), crate::domain::span(span))
        }
        (Some(span), None) => format!("requests of {}", crate::domain::span(span)),
        (None, _) => "requests".to_owned(),
    };
    out.not_reverted = format!("{served} that {version} has served, and what they wrote");
    if c.placements.iter().all(|p| p.health == Health::Pass) {
        out.notes.push("every pod is well: where the trouble is cosmetic or merely slow, fixing forward may cost less".into());
    }
}

/// Runs that would bring the version that is left again.
fn redeploys(c: &Scene<'_>, out: &mut Intent) {
    let runs = c.s.runs_of(&c.service.name);
    let open: Vec<String> = runs
        .iter()
        .filter(|r| r.phase.open())
        .map(|r| {
            let how = if r.phase == Phase::Queued { "is queued" } else { "is under way" };
            format!("#{} {how}", r.number)
        })
        .collect();
    if !open.is_empty() {
        let says = format!("{}: what it deploys comes after this", open.join(", "));
        out.preflights.push(line("runs", Safety::Unknown, says));
    }
}

/// Who would bring the version that is left again, and when.
fn gitops(c: &Scene<'_>, out: &mut Intent) {
    for owner in undoers(c).into_iter().filter(|o| o.undo < Undo::AtUpgrade) {
        let says = format!("{owner}: change it there too, or it comes back");
        out.preflights.push(line("gitops", Safety::Unknown, says));
    }
    let unread = c.placements.iter().filter(|p| p.revisions.is_empty() && p.sides.is_none());
    out.notes.extend(unread.map(|p| SafeText::from(format!("{}: its revisions are not known", p.key.cluster))));
}
