//! ENV: do the workloads run, and do all clusters agree?

use super::{Scope, not_current, reason};
use crate::domain::{
    ClusterName, Evidence, Health, Placement, PodCounts, Reason, Service, Snapshot, Station, StationKind, Verdict,
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
    all.extend(drift(s, scope, service, &placements));
    let evidence = placements.iter().map(|p| evidence(p)).collect();
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

fn evidence(p: &Placement) -> Evidence {
    let PodCounts { wanted, available, .. } = p.pods;
    let version = p.version.as_ref().map(ToString::to_string).unwrap_or_default();
    Evidence::new(
        format!("{} {}/{}", p.key.cluster, p.namespace, p.workload),
        format!("{version}, {available} pods available, {wanted} wanted"),
    )
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
