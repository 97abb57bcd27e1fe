//! What the engine wants of pipelines and metrics, derived from what it knows by now.

mod metrics;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use metrics::metrics;

use crate::domain::{
    Binding, ClusterName, ClusterState, CompareKey, CompareWanted, Environment, Limits, ObjectKey, Row, RunsWanted, Section,
    Service, ServiceName, Sha, Snapshot, Topology, Version, WorkflowWanted, WorkloadKind, WorkloadRef,
};

/// Every workload of the clusters as a service, for a configuration that names none.
pub fn services(topology: &Topology, clusters: &BTreeMap<ClusterName, Arc<ClusterState>>) -> Vec<Service> {
    let namespaces: Vec<&Arc<str>> = topology.environments.iter().flat_map(|e| &e.clusters).map(|c| &c.namespace).collect();
    let mut found: BTreeMap<Arc<str>, WorkloadKind> = BTreeMap::new();
    for state in clusters.values() {
        fn keys<T: Row<Key = ObjectKey>>(section: &Section<T>) -> impl Iterator<Item = &ObjectKey> {
            section.value().into_iter().flat_map(|s| s.keys())
        }
        let mut add = |key: &ObjectKey, kind| {
            if namespaces.contains(&&key.namespace) {
                found.insert(key.name.clone(), kind);
            }
        };
        let canaries = || state.canaries.value().into_iter().flat_map(|s| s.values());
        // The workload that Flagger made beside its target is no service of its own.
        let made = |k: &&ObjectKey| canaries().any(|c| c.meta.key.namespace == k.namespace && c.primary() == k.name);
        // Of one name the last counts: a Rollout that took over a Deployment is what delivers.
        keys(&state.daemon_sets).for_each(|k| add(k, WorkloadKind::DaemonSet));
        keys(&state.stateful_sets).for_each(|k| add(k, WorkloadKind::StatefulSet));
        keys(&state.deployments).filter(|k| !made(k)).for_each(|k| add(k, WorkloadKind::Deployment));
        keys(&state.rollouts).for_each(|k| add(k, WorkloadKind::Rollout));
    }
    let service = |(name, kind): (Arc<str>, WorkloadKind)| {
        let service: ServiceName = name.parse().ok()?;
        let workload = WorkloadRef { kind, name };
        Some(Service {
            name: service,
            pipeline: None,
            workload,
            slo: Limits::default(),
            runbook: None,
            links: vec![],
            blue_green: None,
        })
    };
    found.into_iter().filter_map(service).collect()
}

/// Every bound workflow once, with the commits of the release; what lies between what serves and what is on its way;
/// and the runs that somebody looks at closely.
pub fn runs(s: &Snapshot) -> RunsWanted {
    if !s.topology.pipelines {
        return RunsWanted::default();
    }
    let mut workflows: BTreeMap<_, (Vec<Sha>, BTreeSet<Arc<str>>)> = BTreeMap::new();
    for service in &s.topology.services {
        let Some(binding) = &service.pipeline else { continue };
        let (commits, branches) = workflows.entry((binding.repo.clone(), binding.workflow.clone())).or_default();
        branches.insert(binding.branch.clone());
        // The newest version of every service for the overview, and the version on its way for the verdict.
        let newest = s.topology.environments.first().and_then(|e| serving(s, service, e));
        let arriving = s.environment().and_then(|e| s.arriving(service, e));
        for commit in [newest, arriving].into_iter().flatten().filter_map(|v| v.commit) {
            if !commits.contains(&commit) {
                commits.push(commit);
            }
        }
    }
    let workflows = workflows
        .into_iter()
        .map(|((repo, workflow), (mut commits, branches))| {
            commits.sort();
            WorkflowWanted { repo, workflow, commits, branches: branches.into_iter().collect() }
        })
        .collect();
    RunsWanted { workflows, compares: compares(s), closely: s.closely.clone() }
}

/// What the services of the release get with it.
fn compares(s: &Snapshot) -> Vec<CompareWanted> {
    let mut all: BTreeMap<CompareKey, BTreeSet<Arc<str>>> = BTreeMap::new();
    for service in s.verdict.scope.iter().filter_map(|name| s.topology.service(name)) {
        let folders = service.pipeline.as_ref().map(Binding::folders).unwrap_or_default();
        for key in s.ranges_of(service).into_iter().filter_map(|c| c.range) {
            all.entry(key).or_default().extend(folders.iter().cloned());
        }
    }
    all.into_iter().map(|(key, paths)| CompareWanted { key, paths: paths.into_iter().collect() }).collect()
}

fn serving(s: &Snapshot, service: &Service, environment: &Environment) -> Option<Version> {
    s.placements_of(&service.name, &environment.name).iter().find_map(|p| p.version.clone())
}
