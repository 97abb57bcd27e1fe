//! What is to be measured: every service, and both arms of every canary.

use std::sync::Arc;

use crate::domain::{
    Arm, Canary, ClusterName, ClusterState, Environment, Health, Labels, MetricKey, MetricTarget, ObjectKey, RouteKind, Service,
    ServiceName, Snapshot, WorkloadRef,
};

/// The label by which Argo Rollouts narrows a Service to one of its ReplicaSets.
const HASH: &str = "rollouts-pod-template-hash";

/// The serving arm of every service in the environment that is looked at, and both arms of every canary. History is
/// wanted for the services of the release, for canaries, and for the service that somebody looks at.
pub fn metrics(s: &Snapshot, looked_at: Option<&ServiceName>) -> Vec<MetricTarget> {
    let (Some(_), Some(environment)) = (&s.topology.metrics, s.environment()) else { return vec![] };
    let mut out = vec![];
    for service in &s.topology.services {
        let drawn = s.verdict.scope.contains(&service.name) || looked_at == Some(&service.name);
        out.push(serving(s, service, environment, drawn));
        let canaries: Vec<(&ClusterName, &Canary)> = s
            .placements_of(&service.name, &environment.name)
            .into_iter()
            .filter_map(|p| Some((&p.key.cluster, p.canary.as_ref().filter(|c| c.under_way())?)))
            .collect();
        let of = |of: fn(&Canary) -> Option<&Arc<str>>| set(canaries.iter().filter_map(|(_, c)| of(c)).cloned());
        let canary = of(|c| c.canary_hash.as_ref());
        let baseline = of(|c| c.stable_hash.as_ref());
        // One hash for both arms: the controller has not told them apart yet.
        if !canary.is_empty() && !baseline.is_empty() && canary != baseline {
            let services = [of(|c| c.canary_service.as_ref()), of(|c| c.stable_service.as_ref())];
            // Only where the canary runs: a cluster that is through serves the canary's hash as its stable one.
            let clusters: Vec<ClusterName> = canaries.iter().map(|(cluster, _)| (*cluster).clone()).collect();
            // Without a controller the canary is a workload of its own.
            let other = canaries.iter().find_map(|(_, c)| c.workload.clone());
            let arms = [(Arm::Canary, canary), (Arm::Baseline, baseline)];
            for ((arm, hashes), services) in arms.into_iter().zip(services) {
                let whole = serving(s, service, environment, true);
                let key = MetricKey { arm, ..whole.key.clone() };
                // What carries the other arm begins with the same name: `web`, `web-canary`.
                let others = whole.services.iter().chain(&whole.namesakes).filter(|n| !services.contains(n)).cloned();
                let namesakes = set(others);
                let by_hand = other.clone().filter(|_| arm == Arm::Canary);
                let workload = by_hand.unwrap_or_else(|| workload(s, service, environment, arm));
                out.push(MetricTarget { key, clusters: clusters.clone(), workload, hashes, services, namesakes, ..whole });
            }
        }
    }
    out
}

fn serving(s: &Snapshot, service: &Service, environment: &Environment, history: bool) -> MetricTarget {
    // A cluster without the workload has no figures of it, and is none to wait for.
    let missing = |cluster: &ClusterName| {
        let mut here = s.placements_of(&service.name, &environment.name).into_iter().filter(|p| p.key.cluster == *cluster);
        here.any(|p| p.health == Health::Missing)
    };
    let all = || environment.clusters.iter();
    let somewhere = all().any(|c| !missing(&c.cluster));
    let placings: Vec<_> = all().filter(|c| !somewhere || !missing(&c.cluster)).collect();
    let (mut services, mut namesakes, mut routes) = (vec![], vec![], vec![]);
    for placing in &placings {
        let Some(state) = s.clusters.get(&placing.cluster) else { continue };
        let mine = carriers(state, &placing.namespace, service);
        routes.extend(doors(state, &placing.namespace, &mine));
        let known = state.services.value().into_iter().flat_map(|all| all.keys()).filter(|k| k.namespace == placing.namespace);
        let begins = |name: &str| mine.iter().any(|m| name.strip_prefix(&**m).is_some_and(|rest| rest.starts_with('-')));
        namesakes.extend(known.filter(|k| begins(&k.name) && !mine.contains(&k.name)).map(|k| k.name.clone()));
        services.extend(mine);
    }
    MetricTarget {
        key: MetricKey { service: service.name.clone(), environment: environment.name.clone(), arm: Arm::Serving },
        clusters: placings.iter().map(|c| c.cluster.clone()).collect(),
        namespaces: set(placings.iter().map(|c| c.namespace.clone())),
        workload: workload(s, service, environment, Arm::Serving),
        hashes: vec![],
        services: set(services),
        namesakes: set(namesakes),
        routes: set(routes),
        history,
    }
}

/// The workload whose pods an arm is: Flagger keeps the serving version in a workload of its own.
fn workload(s: &Snapshot, service: &Service, environment: &Environment, arm: Arm) -> WorkloadRef {
    let all = s.placements_of(&service.name, &environment.name);
    let flagger = all.iter().find_map(|p| p.delegated.as_ref()?.flagger.as_ref());
    match (flagger, arm) {
        (Some(f), Arm::Canary) => f.target.clone(),
        (Some(f), Arm::Serving | Arm::Baseline) => f.primary.clone(),
        (None, _) => service.workload.clone(),
    }
}

/// The Services whose pods are the workload's.
fn carriers(state: &ClusterState, namespace: &Arc<str>, service: &Service) -> Vec<Arc<str>> {
    let Ok(key) = ObjectKey::new(namespace, &service.workload.name) else { return vec![] };
    let Some(workload) = state.workload(service.workload.kind, &key) else { return vec![] };
    let (template, selector) = (&workload.template.labels, &workload.selector);
    let has = |k: &Arc<str>, v: &Arc<str>| [template, selector].iter().any(|l: &&Labels| l.get(k) == Some(v));
    let fits = |wanted: &Labels| wanted.keys().any(|k| &**k != HASH) && wanted.iter().all(|(k, v)| &**k == HASH || has(k, v));
    let all = state.services.value().into_iter().flat_map(|all| all.values());
    all.filter(|s| s.meta.key.namespace == *namespace && fits(&s.selector)).map(|s| s.meta.key.name.clone()).collect()
}

/// The routes that lead to one of the Services.
fn doors(state: &ClusterState, namespace: &Arc<str>, services: &[Arc<str>]) -> Vec<Arc<str>> {
    let routes = RouteKind::ALL.into_iter().filter_map(|kind| state.routes(kind).value());
    routes
        .flat_map(|all| all.values())
        .filter(|r| {
            r.meta.key.namespace == *namespace && r.rules.iter().flat_map(|r| &r.arms).any(|a| services.contains(&a.service))
        })
        .map(|r| r.meta.key.name.clone())
        .collect()
}

fn set(names: impl IntoIterator<Item = Arc<str>>) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = names.into_iter().collect();
    all.sort();
    all.dedup();
    all
}
