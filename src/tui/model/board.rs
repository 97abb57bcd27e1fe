//! The rows of the panes, worked out once per snapshot and not once per frame.

mod run;

use std::collections::BTreeMap;

use jiff::Timestamp;

use run::run_row;

use crate::domain::{
    Actual, Arm, ArmMetrics, Canary, ClusterName, Environment, EnvironmentName, Feed, Freshness, Health, Limits, Measure,
    MetricKey, NoValue, Note, Phase, Placement, RunKey, RunState, ServiceChanges, ServiceName, Snapshot, Trouble, Verdict,
};

/// How something stands, for sign and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Nothing to say.
    Quiet,
    /// In order.
    Good,
    /// Left out.
    Skipped,
    /// Under way.
    Running,
    /// Behind, or waits.
    Hold,
    /// Waits for a person.
    Person,
    /// Under test.
    Canary,
    /// Cannot be established, or contradicts.
    Unknown,
    /// Broken.
    Bad,
}

/// What serves in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionCell {
    /// The version; a dash where none is known.
    pub text: String,
    /// How it stands.
    pub tone: Tone,
    /// Same tag with other digests, or clusters that disagree.
    pub differs: bool,
    /// Read from a source that is in trouble.
    pub stale: bool,
}

/// The revision under test in one environment, over its clusters.
#[derive(Debug, Clone)]
pub struct CanaryCell {
    /// The environment.
    pub environment: EnvironmentName,
    /// Cluster and canary, in the order of the environment.
    pub arms: Vec<(ClusterName, Canary)>,
    /// The share that the requests really took, in percent.
    pub actual: Option<f64>,
    /// When the figures of `actual` were last proved to be current.
    pub measured: Option<Timestamp>,
    /// What is to be said of the traffic, the gravest first, without doubles.
    pub notes: Vec<Note>,
}

impl CanaryCell {
    /// What the first cluster whose weight is known is set to, in percent.
    pub fn set(&self) -> Option<f64> {
        self.arms.iter().find_map(|(_, c)| c.set).map(|w| w.percent())
    }

    /// Whether the clusters are set to different weights.
    pub fn uneven(&self) -> bool {
        let mut sets = self.arms.iter().map(|(_, c)| c.set.map(|w| w.to_string()));
        let first = sets.next();
        sets.any(|s| Some(s) != first)
    }
}

/// One service.
#[derive(Debug, Clone)]
pub struct ServiceRow {
    /// Its name.
    pub name: ServiceName,
    /// Whether it belongs to the release under way.
    pub in_scope: bool,
    /// What its newest run says.
    pub ci: Tone,
    /// Per environment, in order.
    pub versions: Vec<VersionCell>,
    /// Per cluster of the last environment, in order.
    pub clusters: Vec<VersionCell>,
    /// The revision under test, of the last environment that has one.
    pub canary: Option<CanaryCell>,
    /// The worst health of its placements in the last environment.
    pub health: Tone,
    /// Bad share, 0 to 1: of the canary where one is under way.
    pub errors: Measure,
    /// 95th percentile, in seconds, likewise.
    pub p95: Measure,
    /// Its limits.
    pub limits: Limits,
}

/// One run.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its name within its system.
    pub key: RunKey,
    /// Where it stands.
    pub tone: Tone,
    /// The services that it speaks of, or the repository.
    pub subject: String,
    /// The workflow, or the job that matters.
    pub what: String,
    /// The number that people quote.
    pub number: u64,
    /// When it started, and when it ended.
    pub span: (Timestamp, Option<Timestamp>),
    /// The rest: commit subject, failed step.
    pub detail: String,
    /// Whether a service of the release is in it.
    pub in_scope: bool,
}

/// Rows of all panes.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Services of the release first, then in the order of the configuration.
    pub services: Vec<ServiceRow>,
    /// Runs that need somebody first, then newest first.
    pub runs: Vec<RunRow>,
    /// What the services of the release get with it.
    pub changes: BTreeMap<ServiceName, Vec<ServiceChanges>>,
    /// Sources in trouble.
    pub troubles: Vec<Trouble>,
    /// The release in words: name, from, to.
    pub release: Option<(String, String, String)>,
}

impl Board {
    /// Works the rows out.
    pub fn of(snapshot: &Snapshot) -> Self {
        let scope = &snapshot.verdict.scope;
        let mut services: Vec<ServiceRow> =
            snapshot.topology.services.iter().map(|s| service_row(snapshot, &s.name, scope)).collect();
        services.sort_by_key(|s| !s.in_scope);
        let mut runs: Vec<RunRow> = snapshot
            .pipelines
            .runs
            .values()
            .filter_map(|feed| feed.value())
            .flat_map(|runs| runs.iter())
            .map(|run| run_row(snapshot, run, scope))
            .collect();
        runs.sort_by_key(|r| (!matters(r.tone), !r.in_scope, std::cmp::Reverse(r.span.0), r.key.clone()));
        let of_release = scope.iter().filter_map(|name| snapshot.topology.service(name));
        let changes = of_release.map(|s| (s.name.clone(), snapshot.changes_of(s))).filter(|(_, c)| !c.is_empty()).collect();
        Self { release: release(snapshot), services, runs, changes, troubles: snapshot.troubles() }
    }
}

fn matters(tone: Tone) -> bool {
    matches!(tone, Tone::Person | Tone::Running)
}

fn release(snapshot: &Snapshot) -> Option<(String, String, String)> {
    let target = snapshot.environment()?;
    let first = snapshot.verdict.scope.first()?;
    let more = snapshot.verdict.scope.len() - 1;
    let name = if more == 0 { first.to_string() } else { format!("{first} +{more}") };
    let here = snapshot.placements_of(first, &target.name);
    let from = here.iter().find_map(|p| p.version.as_ref()).map(ToString::to_string);
    let wanted =
        here.iter().find_map(|p| p.wanted_version.as_ref()).map(ToString::to_string).filter(|w| Some(w) != from.as_ref());
    let before = snapshot.topology.before(&target.name);
    let next = before
        .and_then(|e| snapshot.placements_of(first, &e.name).iter().find_map(|p| p.version.as_ref().map(ToString::to_string)));
    Some((name, from.unwrap_or_default(), wanted.or(next).unwrap_or_default()))
}

/// The figures of an arm, or why there are none.
pub fn figures<'a>(
    snapshot: &'a Snapshot,
    service: &ServiceName,
    environment: &EnvironmentName,
    arm: Arm,
) -> Result<&'a ArmMetrics, NoValue> {
    if snapshot.topology.metrics.is_none() {
        return Err(NoValue::Down { problem: "not configured".into() });
    }
    let key = MetricKey { service: service.clone(), environment: environment.clone(), arm };
    match (snapshot.metrics.live(), snapshot.metrics.problem()) {
        (Some(rows), _) => rows.get(&key).ok_or(NoValue::Waiting),
        (None, Some(problem)) => Err(NoValue::Down { problem: problem.what.clone() }),
        (None, None) => Err(NoValue::Waiting),
    }
}

fn service_row(snapshot: &Snapshot, name: &ServiceName, scope: &[ServiceName]) -> ServiceRow {
    let topology = &snapshot.topology;
    let versions: Vec<VersionCell> = topology.environments.iter().map(|e| version_cell(snapshot, name, e, None)).collect();
    let clusters = topology
        .last()
        .map(|e| e.clusters.iter().map(|c| version_cell(snapshot, name, e, Some(&c.cluster))).collect())
        .unwrap_or_default();
    let canary = topology.environments.iter().rev().find_map(|e| canary_cell(snapshot, name, e));
    let (environment, arm) = match (&canary, topology.last()) {
        (Some(c), _) => (Some(&c.environment), Arm::Canary),
        (None, last) => (last.map(|e| &e.name), Arm::Serving),
    };
    let shown = environment.map_or(Err(NoValue::Waiting), |e| figures(snapshot, name, e, arm));
    let health = topology
        .last()
        .map(|e| snapshot.placements_of(name, &e.name).iter().map(|p| health_tone(&p.health)).max().unwrap_or(Tone::Quiet))
        .unwrap_or(Tone::Quiet);
    ServiceRow {
        name: name.clone(),
        in_scope: scope.contains(name),
        ci: ci_tone(snapshot, name),
        versions,
        clusters,
        canary,
        health,
        errors: shown.clone().and_then(|m| m.errors.clone()),
        p95: shown.and_then(|m| m.p95.clone()),
        limits: topology.service(name).map(|s| s.slo).unwrap_or_default(),
    }
}

fn health_tone(health: &Health) -> Tone {
    match health {
        Health::Pass => Tone::Good,
        Health::Missing => Tone::Quiet,
        Health::Progressing(_) => Tone::Running,
        Health::Fail(_) => Tone::Bad,
        Health::Unknown(_) => Tone::Unknown,
    }
}

fn version_cell(
    snapshot: &Snapshot,
    service: &ServiceName,
    environment: &Environment,
    only: Option<&ClusterName>,
) -> VersionCell {
    let placements: Vec<&Placement> = snapshot
        .placements_of(service, &environment.name)
        .into_iter()
        .filter(|p| only.is_none_or(|c| &p.key.cluster == c))
        .collect();
    let mut known = placements.iter().filter_map(|p| p.version.as_ref());
    let Some(first) = known.next() else {
        return VersionCell { text: String::new(), tone: Tone::Quiet, differs: false, stale: false };
    };
    let split = known.clone().any(|v| v.tag != first.tag);
    let differs = split || placements.iter().any(|p| p.drift.is_some()) || known.any(|v| v.same_tag_other_digest(first));
    let before = snapshot.topology.before(&environment.name);
    let behind = before.is_some_and(|e| {
        snapshot.placements_of(service, &e.name).iter().find_map(|p| p.version.as_ref()).is_some_and(|v| !v.same_build(first))
    });
    let under_test = placements.iter().any(|p| p.canary.as_ref().is_some_and(Canary::under_way));
    let failed = placements.iter().any(|p| matches!(p.health, Health::Fail(_)));
    let tone = match (failed, differs, under_test, behind) {
        (true, ..) => Tone::Bad,
        (_, true, ..) => Tone::Unknown,
        (_, _, true, _) => Tone::Canary,
        (.., true) => Tone::Hold,
        _ => Tone::Good,
    };
    let stale = placements.iter().any(|p| matches!(p.health, Health::Unknown(_)));
    VersionCell { text: first.to_string(), tone, differs, stale }
}

fn canary_cell(snapshot: &Snapshot, service: &ServiceName, environment: &Environment) -> Option<CanaryCell> {
    let arms: Vec<(ClusterName, Canary)> = snapshot
        .placements_of(service, &environment.name)
        .into_iter()
        .filter_map(|p| p.canary.as_ref().filter(|c| c.under_way()).map(|c| (p.key.cluster.clone(), c.clone())))
        .collect();
    if arms.is_empty() {
        return None;
    }
    let of = |arm| figures(snapshot, service, &environment.name, arm).ok();
    let actual =
        of(Arm::Canary).zip(of(Arm::Baseline)).and_then(|(canary, base)| Actual::of(canary, base, snapshot.metrics.live_at()?));
    let mut notes: Vec<Note> = vec![];
    for p in snapshot.placements_of(service, &environment.name) {
        let new: Vec<Note> = p.traffic.iter().flat_map(|t| &t.notes).filter(|n| !notes.contains(n)).cloned().collect();
        notes.extend(new);
    }
    notes.sort_by_key(|n| n.kind);
    let measured = actual.as_ref().map(|a| a.at);
    let actual = actual.map(|a| a.weight.percent());
    Some(CanaryCell { environment: environment.name.clone(), arms, actual, measured, notes })
}

fn ci_tone(snapshot: &Snapshot, name: &ServiceName) -> Tone {
    let Some(binding) = snapshot.topology.service(name).and_then(|s| s.pipeline.as_ref()) else { return Tone::Quiet };
    match snapshot.pipelines.runs.get(&binding.repo) {
        None | Some(Feed::Waiting) => Tone::Quiet,
        Some(Feed::Stale { .. } | Feed::Down { .. }) => Tone::Unknown,
        Some(Feed::Live { .. }) => snapshot.ci_of(name).map_or(Tone::Unknown, |(_, state)| state_tone(&state)),
    }
}

fn state_tone(state: &RunState) -> Tone {
    match state {
        RunState::Passed { .. } => Tone::Good,
        RunState::Failed(_) => Tone::Bad,
        RunState::Running(_) => Tone::Running,
        RunState::Waiting(_) => Tone::Person,
        RunState::Unchanged => Tone::Skipped,
        RunState::Unknown(_) => Tone::Unknown,
    }
}

/// The tone of a run, job or step.
pub fn phase_tone(phase: &Phase) -> Tone {
    match phase {
        Phase::Waiting => Tone::Person,
        p if p.open() => Tone::Running,
        p if p.passed() => Tone::Good,
        p if p.failed() => Tone::Bad,
        p if p.skipped() => Tone::Skipped,
        _ => Tone::Unknown,
    }
}

/// The tone of a verdict.
pub fn verdict_tone(verdict: Option<Verdict>) -> Tone {
    match verdict {
        None => Tone::Quiet,
        Some(Verdict::Go) => Tone::Good,
        Some(Verdict::Hold) => Tone::Hold,
        Some(Verdict::Unknown) => Tone::Unknown,
        Some(Verdict::NoGo) => Tone::Bad,
    }
}
