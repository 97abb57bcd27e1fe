//! ENV: do the workloads run, and do all clusters agree?

use super::{Scope, not_current, reason};
use crate::domain::{
    ClusterName, Evidence, Health, NoteKind, Placement, PodCounts, Reason, Service, Snapshot, Station, StationKind, Traffic,
    TrafficArm, Verdict, Version,
};

pub fn station(s: &Snapshot, scope: &Scope) -> Station {
    if scope.environment.clusters.is_empty() {
        return Station::not_configured(StationKind::Env, "the environment has no cluster");
    }
    let reasons: Vec<Reason> = scope.services.iter().map(|x| service(s, scope, x)).collect();
    // Where services are discovered, a cluster that cannot be read has none to speak for it.
    let reasons = if reasons.is_empty() { unread(s, scope) } else { reasons };
    Station::of(StationKind::Env, reasons)
}

/// Why clusters of the environment show no workload.
fn unread(s: &Snapshot, scope: &Scope) -> Vec<Reason> {
    let why = |c: &ClusterName| s.clusters.get(c).and_then(|state| not_current(&state.deployments));
    let clusters = scope.environment.clusters.iter().map(|p| &p.cluster);
    clusters
        .filter_map(|c| {
            why(c).map(|why| Reason {
                verdict: Verdict::Unknown,
                service: None,
                text: format!("{c}: {why}").into(),
                evidence: vec![],
            })
        })
        .collect()
}

fn service(s: &Snapshot, scope: &Scope, service: &Service) -> Reason {
    let placements = scope.placements(s, service);
    let mut all: Vec<Reason> = placements.iter().map(|p| health(service, p)).collect();
    all.extend(placements.iter().flat_map(|p| not_in_force(service, p)));
    all.extend(drift(s, scope, service, &placements));
    let evidence = placements.iter().flat_map(|p| evidence(p)).collect();
    all.sort_by_key(|r| std::cmp::Reverse(r.verdict));
    let mut worst = all.into_iter().next().unwrap_or_else(|| reason(Verdict::Unknown, service, "is placed nowhere"));
    worst.evidence = evidence;
    worst
}

fn health(service: &Service, p: &Placement) -> Reason {
    let at = &p.key.cluster;
    match &p.health {
        Health::Pass => reason(Verdict::Go, service, "runs as wanted"),
        Health::Progressing(why) => reason(Verdict::Hold, service, format!("{at}: {why}")),
        Health::Fail(causes) => {
            let first = causes.first().map(ToString::to_string).unwrap_or_default();
            reason(Verdict::NoGo, service, format!("{at}: {first}"))
        }
        Health::Missing => reason(Verdict::Unknown, service, format!("{at}: {} does not exist", p.workload)),
        Health::Unknown(why) => reason(Verdict::Unknown, service, format!("{at}: {why}")),
    }
}

/// A route that is not, or not wholly, in force. What users get by it stands in the health already.
fn not_in_force(service: &Service, p: &Placement) -> Vec<Reason> {
    let notes = p.traffic.iter().flat_map(|t| t.notes_of(NoteKind::Status));
    notes.map(|text| reason(Verdict::Hold, service, format!("{}: {text}", p.key.cluster))).collect()
}

/// What was looked at: the workload, the two sides of a switch, the route, and who would undo a change.
fn evidence(p: &Placement) -> Vec<Evidence> {
    let at = format!("{} {}", p.key.cluster, p.namespace);
    let pods = |c: PodCounts| format!("{} pods available, {} wanted", c.available, c.wanted);
    let version = |v: &Option<Version>| v.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut out = vec![Evidence::new(format!("{at}/{}", p.workload), format!("{}, {}", version(&p.version), pods(p.pods)))];
    if let Some(sides) = &p.sides
        && let Some((_, idle)) = sides.active_and_idle()
    {
        let reached = match (&sides.preview, idle.endpoints) {
            (Some(preview), Some(ready)) => format!(", {ready} ready endpoints behind {preview}"),
            _ => String::new(),
        };
        let said = format!("idle: {}, {}{reached}", version(&idle.version), pods(idle.pods));
        out.push(Evidence::new(format!("{at}/{}", idle.workload), said));
    }
    if let Some(traffic) = &p.traffic {
        out.push(Evidence::new(format!("{at}/{}", traffic.by), shares(traffic)));
        out.extend(traffic.notes.iter().map(|n| Evidence::new(format!("{at}/{}", traffic.by), n.text.as_str())));
    }
    out.extend(p.owners.iter().map(|o| Evidence::new(format!("{at}/{}", o.object), format!("owned by {o}"))));
    out
}

/// `payment-stable 80 % (5 ready), payment-canary 20 % (1 ready); measured 19.6 % over 5 minutes`
fn shares(t: &Traffic) -> String {
    let arm = |a: &TrafficArm| {
        let subset = a.subset.as_ref().map(|s| format!(" subset {s}")).unwrap_or_default();
        let ready = a.ready.map(|n| format!(" ({n} ready)")).unwrap_or_default();
        format!("{}{subset} {} %{ready}", a.service, a.set)
    };
    let arms: Vec<String> = t.arms.iter().map(arm).collect();
    let actual = t.actual.as_ref().map(|a| format!("; the canary measured {} % over {} minutes", a.weight, a.over / 60));
    format!("{}{}", arms.join(", "), actual.unwrap_or_default())
}

/// Several builds under one tag, or clusters that serve different versions.
fn drift(s: &Snapshot, scope: &Scope, service: &Service, placements: &[&Placement]) -> Option<Reason> {
    let hold = |text: String| Some(reason(Verdict::Hold, service, text));
    if let Some((p, why)) = placements.iter().find_map(|p| p.drift.as_ref().map(|d| (p, d))) {
        return hold(format!("{}: {why}", p.key.cluster));
    }
    let mut served = placements.iter().filter_map(|p| p.version.as_ref().map(|v| (&p.key.cluster, v)));
    if let Some((first_at, first)) = served.next()
        && let Some((at, other)) = served.find(|(_, v)| !v.same_build(first))
    {
        let text = if first.tag == other.tag { "another build under the same tag as" } else { "another version than" };
        return hold(format!("{at} serves {other}, {text} {first_at} ({first})"));
    }
    let target = s.arriving(service, scope.environment)?;
    let before = s.topology.before(&scope.environment.name)?;
    let there = s.placements_of(&service.name, &before.name);
    let origin = there.iter().find_map(|p| p.version.as_ref())?;
    if target.same_tag_other_digest(origin) {
        return hold(format!("{target} is another build than the {target} of {}", before.name));
    }
    None
}
