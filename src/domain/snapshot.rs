//! The immutable picture of the world.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ArmMetrics, ClusterName, ClusterState, Compare, CompareKey, DeploymentRecord, Environment, EnvironmentName, Event, Feed,
    Freshness, Identity, Loaded, MetricKey, Placement, PlacementKey, Problem, Repo, RequiredChecks, Run, RunState, SafeText,
    Section, Service, ServiceName, Sha, Topology, VerdictReport, Version,
};

/// What is known of the pipeline systems.
#[derive(Debug, Clone, Default)]
pub struct PipelineState {
    /// Runs by repository, newest first.
    pub runs: BTreeMap<Repo, Feed<Arc<Vec<Run>>>>,
    /// Required checks by repository and branch; `None` when the rules cannot be read.
    pub required: BTreeMap<(Repo, Arc<str>), Option<RequiredChecks>>,
    /// What lies between commits, as far as it was wanted.
    pub compares: BTreeMap<CompareKey, Loaded<Arc<Compare>>>,
    /// Records of deployments by repository, newest first.
    pub deployments: BTreeMap<Repo, Feed<Arc<Vec<DeploymentRecord>>>>,
    /// Whose credential is used, by the system's own word: what the journal keeps beside the word of the clusters. `None`
    /// until it was asked for, and where it is nobody's in particular, as a job's is.
    pub me: Option<Identity>,
    /// What is left of the request budget.
    pub budget: Option<Budget>,
}

impl PipelineState {
    /// Every section that has an age.
    pub fn feeds(&self) -> impl Iterator<Item = &dyn Freshness> {
        let runs = self.runs.values().map(|feed| feed as &dyn Freshness);
        runs.chain(self.deployments.values().map(|feed| feed as &dyn Freshness))
    }

    /// The same, to take trouble.
    pub fn feeds_mut(&mut self) -> impl Iterator<Item = &mut dyn Freshness> {
        let runs = self.runs.values_mut().map(|feed| feed as &mut dyn Freshness);
        runs.chain(self.deployments.values_mut().map(|feed| feed as &mut dyn Freshness))
    }
}

/// What is left of a request budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Requests left.
    pub remaining: u64,
    /// Requests per window.
    pub limit: u64,
    /// When the window starts anew.
    pub reset: Option<Timestamp>,
}

/// A source in trouble.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trouble {
    /// The source: `eu-1 pods`, `github acme/shop`, `prometheus`.
    pub source: SafeText,
    /// Since when its data is not current.
    pub since: Timestamp,
    /// What is wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

/// The immutable picture of the world at one time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was made.
    pub at: Timestamp,
    /// What the configuration says.
    pub topology: Arc<Topology>,
    /// The environment that is looked at; the last one of the path where none is named.
    pub focus: Option<EnvironmentName>,
    /// Clusters.
    pub clusters: BTreeMap<ClusterName, Arc<ClusterState>>,
    /// Pipelines.
    pub pipelines: Arc<PipelineState>,
    /// Figures by service, environment and arm.
    pub metrics: Section<ArmMetrics>,
    /// Every service in every environment and cluster, joined from the rows.
    pub placements: Arc<BTreeMap<PlacementKey, Placement>>,
    /// The verdict over the release under way.
    pub verdict: Arc<VerdictReport>,
    /// What happened, oldest first, bounded.
    pub events: Arc<Vec<Event>>,
    /// The runs that somebody looks at closely, by repository and id.
    pub closely: Vec<(Repo, Arc<str>)>,
    /// Whether every source has answered, well or badly, all that is wanted of it by now.
    pub settled: bool,
}

impl Snapshot {
    /// The environment that the verdict speaks of.
    pub fn environment(&self) -> Option<&Environment> {
        match &self.focus {
            Some(name) => self.topology.environment(name),
            None => self.topology.last(),
        }
    }

    /// The placements of a service in an environment, in the order of the environment's clusters.
    pub fn placements_of(&self, service: &ServiceName, environment: &EnvironmentName) -> Vec<&Placement> {
        let Some(environment) = self.topology.environment(environment) else { return vec![] };
        environment
            .clusters
            .iter()
            .filter_map(|c| {
                self.placements.get(&PlacementKey {
                    service: service.clone(),
                    environment: environment.name.clone(),
                    cluster: c.cluster.clone(),
                })
            })
            .collect()
    }

    /// The version that a service is to have in `environment`: its canary's, or that of the environment before.
    pub fn arriving(&self, service: &Service, environment: &Environment) -> Option<Version> {
        let here = self.placements_of(&service.name, &environment.name);
        let wanted = here
            .iter()
            .filter(|p| matches!((&p.wanted_version, &p.version), (Some(a), Some(b)) if !a.same_build(b)))
            .find_map(|p| p.wanted_version.clone());
        wanted.or_else(|| {
            let before = self.topology.before(&environment.name)?;
            self.placements_of(&service.name, &before.name).iter().find_map(|p| p.version.clone())
        })
    }

    /// The figures under `key`, only while the feed is current.
    pub fn metrics_of(&self, key: &MetricKey) -> Option<&ArmMetrics> {
        self.metrics.live()?.get(key)
    }

    /// The runs of a service: those of its binding's workflow, newest first.
    pub fn runs_of(&self, service: &ServiceName) -> Vec<&Run> {
        let Some(binding) = self.topology.service(service).and_then(|s| s.pipeline.as_ref()) else { return vec![] };
        let Some(runs) = self.pipelines.runs.get(&binding.repo).and_then(Feed::value) else { return vec![] };
        runs.iter().filter(|r| binding.workflow.as_ref().is_none_or(|w| r.workflow.as_str() == &**w)).collect()
    }

    /// The newest run of `commit` that is bound to a service, over all attempts.
    pub fn run_of(&self, service: &ServiceName, commit: &Sha) -> Option<&Run> {
        let same = |r: &&Run| r.commit.as_ref().is_some_and(|c| c.same(commit));
        self.runs_of(service).into_iter().filter(same).max_by_key(|r| (r.created, r.key.attempt))
    }

    /// What CI says of a service's newest version: by the run of the commit that the first environment serves, else by
    /// the newest run that says anything of the service.
    pub fn ci_of(&self, service: &ServiceName) -> Option<(&Run, RunState)> {
        let binding = self.topology.service(service)?.pipeline.as_ref()?;
        let runs = self.runs_of(service);
        let first = self.topology.environments.first();
        let commit = first.and_then(|e| {
            self.placements_of(service, &e.name).iter().find_map(|p| p.version.as_ref().and_then(|v| v.commit.clone()))
        });
        let of_commit = commit.and_then(|c| self.run_of(service, &c));
        let candidates = of_commit.into_iter().chain(runs).map(|r| (r, r.state_for(binding, &binding.required)));
        candidates.into_iter().find(|(_, state)| !matches!(state, RunState::Unchanged | RunState::Unknown(_)))
    }

    /// Every source in trouble. A kind that is not installed is none.
    pub fn troubles(&self) -> Vec<Trouble> {
        let other = |source: String, feed: &dyn Freshness| {
            feed.trouble_since().map(|(since, problem)| Trouble { source: source.into(), since, problem: problem.clone() })
        };
        let clusters = self.clusters.iter().flat_map(|(name, c)| c.troubles(name));
        let runs = self.pipelines.runs.iter().filter_map(|(repo, feed)| other(repo.to_string(), feed));
        clusters.chain(runs).chain(other("metrics".into(), &self.metrics)).collect()
    }
}
