//! The sole writer of the snapshot: folds what providers tell into one immutable picture.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    events,
    verdict::{self, Question},
    wanted,
};
use crate::domain::{
    Actual, Arm, ArmMetrics, ClusterName, ClusterState, CompareKey, Environment, EnvironmentName, Event, Feed, Freshness,
    MetricKey, MetricTarget, PipelineState, Placement, PlacementKey, Problem, ProblemKind, Repo, RunsWanted, Section, Service,
    ServiceName, Snapshot, SourceUpdate, Topology, Update, VerdictReport, join,
};

/// A watch without a sign of life for so long is dead, whatever the socket says: API servers send bookmarks every 60 s.
const WATCH_SILENCE: SignedDuration = SignedDuration::from_secs(90);
/// Runs are polled every 60 s at the slowest, and records of deployments with every second round at the latest.
const RUNS_SILENCE: SignedDuration = SignedDuration::from_secs(180);
/// Figures are polled every 15 s.
const METRICS_SILENCE: SignedDuration = SignedDuration::from_secs(60);

/// What the engine is to look at.
#[derive(Debug, Clone, Default)]
pub struct LookAt {
    /// Every workload that is found is a service: nothing was configured.
    pub discover: bool,
    /// The environment of the verdict and the figures; the last one of the path where none is named.
    pub environment: Option<EnvironmentName>,
    /// Runs that somebody looks at closely, by repository and id.
    pub closely: Vec<(Repo, Arc<str>)>,
}

/// Folds updates. Pure: time comes from the caller.
#[derive(Debug)]
pub struct Store {
    topology: Arc<Topology>,
    look: LookAt,
    clusters: BTreeMap<ClusterName, Arc<ClusterState>>,
    pipelines: Arc<PipelineState>,
    metrics: Section<ArmMetrics>,
    runs_covered: Option<Arc<RunsWanted>>,
    metrics_covered: Option<Arc<Vec<MetricTarget>>>,
    runs_wanted: Arc<RunsWanted>,
    metrics_wanted: Arc<Vec<MetricTarget>>,
    /// The service that somebody looks at.
    looked_at: Option<ServiceName>,
    /// What was noticed while watching; what happened before is read out of the data.
    noticed: Vec<Event>,
    last: Option<Arc<Snapshot>>,
}

impl Store {
    /// A store that knows nothing yet but the configuration.
    pub fn new(topology: Arc<Topology>) -> Self {
        let clusters = topology
            .environments
            .iter()
            .flat_map(|e| &e.clusters)
            .map(|c| (c.cluster.clone(), Arc::new(ClusterState::default())))
            .collect();
        Self {
            topology,
            look: LookAt::default(),
            clusters,
            pipelines: Arc::default(),
            metrics: Feed::Waiting,
            runs_covered: None,
            metrics_covered: None,
            runs_wanted: Arc::default(),
            metrics_wanted: Arc::default(),
            looked_at: None,
            noticed: vec![],
            last: None,
        }
    }

    /// The same, looking at what `look` says.
    #[must_use]
    pub fn looking_at(mut self, look: LookAt) -> Self {
        self.look = look;
        self
    }

    /// Looks at these runs closely, in place of those before.
    pub fn look_closely(&mut self, runs: Vec<(Repo, Arc<str>)>) {
        self.look.closely = runs;
    }

    /// Takes it that somebody looks at a service: more is wanted of it.
    pub fn look_at(&mut self, service: Option<ServiceName>) {
        self.looked_at = service;
    }

    /// Takes one update at `now`.
    pub fn fold(&mut self, update: SourceUpdate, now: Timestamp) {
        match update {
            SourceUpdate::Cluster(name, u) => self.cluster(name, |s| s.fold(u, now)),
            SourceUpdate::Runs(repo, u) => {
                let feed = Arc::make_mut(&mut self.pipelines).runs.entry(repo).or_insert(Feed::Waiting);
                fold_runs(feed, u, now);
            }
            SourceUpdate::Required(repo, branch, checks) => {
                Arc::make_mut(&mut self.pipelines).required.insert((repo, branch), checks);
            }
            SourceUpdate::Compare(key, compare) => {
                Arc::make_mut(&mut self.pipelines).compares.insert(key, compare);
            }
            SourceUpdate::Deployments(repo, records) => {
                let feed = Arc::make_mut(&mut self.pipelines).deployments.entry(repo).or_insert(Feed::Waiting);
                match records {
                    Ok(records) => feed.refresh(now, |all| *all = Arc::new(records)),
                    Err(problem) => feed.trouble(now, problem),
                }
            }
            SourceUpdate::Me(me) => Arc::make_mut(&mut self.pipelines).me = Some(me),
            SourceUpdate::Budget(budget) => Arc::make_mut(&mut self.pipelines).budget = Some(budget),
            SourceUpdate::RunsCovered(wanted) => {
                // What is no longer on its way is not kept for ever.
                let stays = |key: &CompareKey| wanted.compares.iter().any(|w| w.key == *key);
                if self.pipelines.compares.keys().any(|key| !stays(key)) {
                    Arc::make_mut(&mut self.pipelines).compares.retain(|key, _| stays(key));
                }
                self.runs_covered = Some(wanted);
            }
            SourceUpdate::Metrics(u) => u.fold(&mut self.metrics, now),
            SourceUpdate::MetricsCovered(wanted) => self.metrics_covered = Some(wanted),
        }
    }

    /// Takes it that a cluster cannot even be connected to.
    pub fn unconnected(&mut self, cluster: &ClusterName, problem: &Problem, now: Timestamp) {
        self.cluster(cluster.clone(), |s| {
            for feed in s.feeds_mut() {
                feed.take_trouble(now, problem.clone());
            }
        });
    }

    /// Takes it that the metrics source cannot even be connected to.
    pub fn unmeasured(&mut self, problem: Problem, now: Timestamp) {
        self.metrics.trouble(now, problem);
        self.metrics_covered = None;
    }

    /// Takes it that the pipeline system cannot even be connected to.
    pub fn unpiped(&mut self, problem: &Problem, now: Timestamp) {
        for binding in self.topology.services.iter().filter_map(|s| s.pipeline.as_ref()) {
            let feed = Arc::make_mut(&mut self.pipelines).runs.entry(binding.repo.clone()).or_insert(Feed::Waiting);
            feed.trouble(now, problem.clone());
        }
    }

    /// The runs that are wanted by now.
    pub fn runs_wanted(&self) -> Arc<RunsWanted> {
        self.runs_wanted.clone()
    }

    /// The figures that are wanted by now.
    pub fn metrics_wanted(&self) -> Arc<Vec<MetricTarget>> {
        self.metrics_wanted.clone()
    }

    /// The picture at `now`, joined and judged.
    pub fn snapshot(&mut self, now: Timestamp) -> Arc<Snapshot> {
        self.expire(now);
        if self.look.discover {
            let found = wanted::services(&self.topology, &self.clusters);
            self.topology = keep(&self.topology, Topology { services: found, ..(*self.topology).clone() });
        }
        let mut snapshot = Snapshot {
            at: now,
            topology: self.topology.clone(),
            focus: self.look.environment.clone(),
            clusters: self.clusters.clone(),
            pipelines: self.pipelines.clone(),
            metrics: self.metrics.clone(),
            placements: Arc::new(self.placements()),
            verdict: Arc::new(VerdictReport::of(vec![], vec![])),
            events: Arc::default(),
            closely: self.look.closely.clone(),
            settled: false,
        };
        snapshot.verdict = Arc::new(verdict::report(&snapshot, &Question::default()));
        self.runs_wanted = keep(&self.runs_wanted, wanted::runs(&snapshot));
        self.metrics_wanted = keep(&self.metrics_wanted, wanted::metrics(&snapshot, self.looked_at.as_ref()));
        snapshot.settled = self.settled(&snapshot);
        if let Some(last) = &self.last {
            self.noticed.extend(events::noticed(last, &snapshot));
            let excess = self.noticed.len().saturating_sub(events::BOUND);
            self.noticed.drain(..excess);
        }
        snapshot.events = Arc::new(events::merged(&self.noticed, events::recorded(&snapshot)));
        let snapshot = Arc::new(snapshot);
        self.last = Some(snapshot.clone());
        snapshot
    }

    fn settled(&self, snapshot: &Snapshot) -> bool {
        // One repository that cannot be read says nothing of the others.
        let down = |repo| matches!(snapshot.pipelines.runs.get(repo), Some(Feed::Down { .. }));
        let runs =
            self.runs_wanted.workflows.iter().all(|w| down(&w.repo)) || self.runs_covered.as_ref() == Some(&self.runs_wanted);
        let metrics = matches!(snapshot.metrics, Feed::Down { .. })
            || self.metrics_wanted.is_empty()
            || self.metrics_covered.as_ref() == Some(&self.metrics_wanted);
        self.clusters.values().all(|c| c.answered()) && runs && metrics
    }

    fn placements(&self) -> BTreeMap<PlacementKey, Placement> {
        let mut out = BTreeMap::new();
        for environment in &self.topology.environments {
            for placing in &environment.clusters {
                let Some(cluster) = self.clusters.get(&placing.cluster) else { continue };
                for service in &self.topology.services {
                    let mut placement = join(service, &environment.name, placing, cluster);
                    let under_way = placement.canary.as_ref().is_some_and(crate::domain::Canary::under_way);
                    if let Some(traffic) = placement.traffic.take() {
                        let actual = if under_way { self.actual(service, environment) } else { None };
                        placement.traffic = Some(traffic.measured(actual));
                    }
                    out.insert(placement.key.clone(), placement);
                }
            }
        }
        out
    }

    /// The measured share of a service's canary in an environment, while its figures are current.
    fn actual(&self, service: &Service, environment: &Environment) -> Option<Actual> {
        let (rows, at) = (self.metrics.live()?, self.metrics.live_at()?);
        let arm = |arm| rows.get(&MetricKey { service: service.name.clone(), environment: environment.name.clone(), arm });
        Actual::of(arm(Arm::Canary)?, arm(Arm::Baseline)?, at)
    }

    fn cluster(&mut self, name: ClusterName, change: impl FnOnce(&mut ClusterState)) {
        change(Arc::make_mut(self.clusters.entry(name).or_default()));
    }

    /// Marks as stale what nobody has proved to be current for too long: a provider that hangs tells nothing.
    fn expire(&mut self, now: Timestamp) {
        for state in self.clusters.values_mut() {
            if !state.feeds().iter().any(|(_, feed)| silent(*feed, now, WATCH_SILENCE)) {
                continue;
            }
            for feed in Arc::make_mut(state).feeds_mut() {
                expire(feed, now, WATCH_SILENCE);
            }
        }
        if self.pipelines.feeds().any(|feed| silent(feed, now, RUNS_SILENCE)) {
            for feed in Arc::make_mut(&mut self.pipelines).feeds_mut() {
                expire(feed, now, RUNS_SILENCE);
            }
        }
        expire(&mut self.metrics, now, METRICS_SILENCE);
    }
}

fn silent(feed: &dyn Freshness, now: Timestamp, limit: SignedDuration) -> bool {
    feed.live_at().is_some_and(|at| now.duration_since(at) > limit)
}

fn expire(feed: &mut dyn Freshness, now: Timestamp, limit: SignedDuration) {
    if silent(feed, now, limit) {
        feed.take_trouble(now, Problem::new(ProblemKind::Stale, format!("silent for over {} s", limit.as_secs())));
    }
}

/// The old value where the new one is equal, so that a receiver is woken only by a change.
fn keep<T: PartialEq>(old: &Arc<T>, new: T) -> Arc<T> {
    if **old == new { old.clone() } else { Arc::new(new) }
}

fn fold_runs(feed: &mut Feed<Arc<Vec<crate::domain::Run>>>, update: Update<crate::domain::Run>, now: Timestamp) {
    match update {
        Update::Replace(mut rows) => {
            rows.sort_by_key(|r| std::cmp::Reverse((r.created, r.number, r.key.attempt)));
            feed.refresh(now, |all| *all = Arc::new(rows));
        }
        Update::Upsert(row) => feed.refresh(now, |all| {
            let all = Arc::make_mut(all);
            all.retain(|r| r.key != row.key);
            let at = all.partition_point(|r| (r.created, r.number, r.key.attempt) > (row.created, row.number, row.key.attempt));
            all.insert(at, row);
        }),
        Update::Remove(key) => feed.refresh(now, |all| Arc::make_mut(all).retain(|r| r.key != key)),
        Update::Alive => feed.refresh(now, |_| ()),
        Update::Trouble(problem) => feed.trouble(now, problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClusterUpdate, Deployment, Health, Limits, MetricsSettings, Placing, Policy, WorkloadKind, WorkloadRef};

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + s).unwrap()
    }

    fn topology() -> Arc<Topology> {
        let environment = |name: &str, cluster: &str| Environment {
            name: name.parse().unwrap(),
            policy: Policy::Production,
            readonly: false,
            timing: crate::domain::Timing::default(),
            clusters: vec![Placing { cluster: cluster.parse().unwrap(), namespace: "shop".into() }],
        };
        Arc::new(Topology {
            environments: vec![environment("staging", "stg"), environment("production", "eu-1")],
            services: vec![Service {
                name: "cart".parse().unwrap(),
                pipeline: None,
                workload: WorkloadRef { kind: WorkloadKind::Deployment, name: "cart".into() },
                slo: Limits::default(),
                runbook: None,
                links: vec![],
                blue_green: None,
            }],
            metrics: None::<MetricsSettings>,
            pipelines: false,
        })
    }

    #[test]
    fn a_re_list_replaces_a_section_at_once_and_other_sections_stay() {
        let stg: ClusterName = "stg".parse().unwrap();
        let mut store = Store::new(topology());
        store.fold(SourceUpdate::Cluster(stg.clone(), ClusterUpdate::Pods(Update::Replace(vec![]))), at(0));
        store.fold(
            SourceUpdate::Cluster(
                stg.clone(),
                ClusterUpdate::Deployments(Update::Trouble(Problem::new(ProblemKind::Timeout, "10 s"))),
            ),
            at(1),
        );
        let s = store.snapshot(at(2));
        assert!(s.clusters[&stg].pods.live().is_some());
        assert!(matches!(s.clusters[&stg].deployments, Feed::Down { since, .. } if since == at(1)));
        store.fold(SourceUpdate::Cluster(stg.clone(), ClusterUpdate::Deployments(Update::<Deployment>::Replace(vec![]))), at(3));
        assert!(store.snapshot(at(3)).clusters[&stg].deployments.live().is_some());
        assert!(matches!(s.clusters[&stg].deployments, Feed::Down { .. }), "an old snapshot never changes");
    }

    #[test]
    fn no_section_of_the_pipelines_stays_current_in_silence() {
        let repo = "acme/shop".parse::<Repo>().unwrap();
        let mut store = Store::new(topology());
        store.fold(SourceUpdate::Runs(repo.clone(), Update::Replace(vec![])), at(0));
        store.fold(SourceUpdate::Deployments(repo.clone(), Ok(vec![])), at(100));
        let live = |s: &Snapshot| (s.pipelines.runs[&repo].live().is_some(), s.pipelines.deployments[&repo].live().is_some());
        assert_eq!(live(&store.snapshot(at(180))), (true, true));
        assert_eq!(live(&store.snapshot(at(181))), (false, true));
        assert_eq!(live(&store.snapshot(at(281))), (false, false));
    }

    #[test]
    fn silence_is_noticed_and_makes_health_unknown() {
        let stg: ClusterName = "stg".parse().unwrap();
        let mut store = Store::new(topology());
        let key =
            PlacementKey { service: "cart".parse().unwrap(), environment: "staging".parse().unwrap(), cluster: stg.clone() };
        store.fold(SourceUpdate::Cluster(stg.clone(), ClusterUpdate::Deployments(Update::Replace(vec![]))), at(0));
        assert_eq!(store.snapshot(at(1)).placements[&key].health, Health::Unknown("not read yet".into()));
        store.fold(SourceUpdate::Cluster(stg, ClusterUpdate::Deployments(Update::Alive)), at(60));
        assert!(store.snapshot(at(150)).troubles().is_empty());
        let late = store.snapshot(at(151));
        assert_eq!(late.troubles().len(), 1);
        assert_eq!(late.placements[&key].health, Health::Unknown("silent for over 90 s".into()));
    }
}
