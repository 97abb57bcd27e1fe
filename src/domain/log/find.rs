//! Which containers and which job an ask is about, from a snapshot.

use std::{collections::BTreeMap, sync::Arc};

use super::{ContainerLog, JobLog, LogAsk, LogOrigin, LogSource, PodArm};
use crate::domain::{
    ClusterState, Labels, Loaded, ObjectKey, Placing, Pod, Problem, ProblemKind, Refusal, ReplicaSet, Run, SafeText, Service,
    Snapshot, WorkloadKind,
};

/// The containers that an ask is about, in the order of clusters and names. Without any: why there are none.
///
/// An ask for a job has none.
pub fn containers(s: &Snapshot, ask: &LogAsk) -> Result<Vec<ContainerLog>, Problem> {
    let LogSource::Pods { service, environment, cluster, arm, container } = &ask.source else { return Ok(vec![]) };
    let missing = |what: String| Problem::new(ProblemKind::NotFound, what);
    let environment = match environment {
        Some(name) => s.topology.environment(name),
        None => s.environment(),
    };
    let (Some(service), Some(environment)) = (s.topology.service(service), environment) else {
        return Err(missing(format!("{service} is not known here")));
    };
    let (mut out, mut why, mut calm) = (vec![], None, 0_usize);
    for placing in environment.clusters.iter().filter(|p| cluster.as_ref().is_none_or(|c| *c == p.cluster)) {
        let Some(state) = s.clusters.get(&placing.cluster) else { continue };
        if let Some(problem) = state.pods.problem() {
            why = why.or(Some(problem.clone()));
        }
        for (pod, side, name) in pods(service, placing, state) {
            if arm.is_some_and(|wanted| side != Some(wanted)) {
                continue;
            }
            if ask.previous && pod.restarts == 0 {
                calm += 1;
                continue;
            }
            let origin = LogOrigin::Pod {
                cluster: placing.cluster.clone(),
                namespace: pod.key.namespace.clone(),
                pod: pod.key.name.clone(),
                container: container.clone().or(name),
                arm: side,
            };
            let LogAsk { previous, since, follow, tail, .. } = *ask;
            out.push(ContainerLog { origin: Arc::new(origin), previous, since, follow, tail });
        }
    }
    if !out.is_empty() {
        return Ok(out);
    }
    let arm = arm.map(|a| format!("{a} ")).unwrap_or_default();
    let place = format!("{} in {}", service.name, environment.name);
    Err(match why {
        Some(problem) => problem,
        None if calm > 0 => missing(format!("no container of {place} has restarted, so there is no log before the present one")),
        None => missing(format!("no {arm}pods of {place}")),
    })
}

/// The pods of a service in a cluster with the side that each serves and its first container, by name.
fn pods<'a>(service: &Service, placing: &Placing, state: &'a ClusterState) -> Vec<(&'a Pod, Option<PodArm>, Option<SafeText>)> {
    let (Some(pods), Ok(key)) = (state.pods.value(), ObjectKey::new(&placing.namespace, &service.workload.name)) else {
        return vec![];
    };
    let none = BTreeMap::new();
    let sets = state.replica_sets.value().map_or(&none, |sets| &**sets);
    let workload = state.workload(service.workload.kind, &key);
    let uid: Option<&Arc<str>> = workload.map(|w| &w.meta.uid);
    let rollout = state.rollouts.value().and_then(|all| all.get(&key)).filter(|_| service.workload.kind == WorkloadKind::Rollout);
    let hashes = rollout.map(|r| (r.stable_hash.clone(), r.current_hash.clone()));
    let set_of = |pod: &Pod| sets.values().find(|set: &&ReplicaSet| pod.owner.as_ref() == Some(&set.meta.uid));
    // What the services of the two sides select, where a route and not the workload makes the sides.
    let selected = |name: &Option<Arc<str>>| {
        let key = ObjectKey::new(&placing.namespace, name.as_ref()?).ok()?;
        state.services.value()?.get(&key).map(|s| &s.selector).filter(|s| !s.is_empty())
    };
    let canary = canary(service, placing, state);
    let (canary_pods, stable_pods) = canary.as_ref().map_or((None, None), |(c, s)| (selected(c), selected(s)));
    let takes = |selector: Option<&Labels>, pod: &Pod| {
        selector.is_some_and(|s| s.iter().all(|(k, v)| pod.labels.get(k) == Some(v)) && pod.key.namespace == placing.namespace)
    };
    let mut out = vec![];
    for pod in pods.values() {
        let set = set_of(pod);
        let own = uid.is_some() && (pod.owner.as_ref() == uid || set.is_some_and(|s| s.owner.as_ref() == uid));
        let (in_canary, in_stable) = (takes(canary_pods, pod), takes(stable_pods, pod));
        if !own && !in_canary && !in_stable {
            continue;
        }
        let hash = set.and_then(|s| s.hash.as_ref());
        let by_hash = hashes.as_ref().filter(|_| own && hash.is_some()).and_then(|(stable, current)| match hash {
            hash if hash == stable.as_ref() => Some(PodArm::Stable),
            hash if hash == current.as_ref() => Some(PodArm::Canary),
            _ => None,
        });
        let by_service = match (in_canary, in_stable) {
            (true, false) => Some(PodArm::Canary),
            (false, true) => Some(PodArm::Stable),
            _ => None,
        };
        // Pods of a StatefulSet or DaemonSet have no set in between.
        let template = set.map(|s| &s.template).or_else(|| workload.filter(|_| own).map(|w| &w.template));
        let container = template.and_then(|t| t.containers.first()).map(|c| c.name.clone());
        out.push((pod, by_hash.or(by_service), container));
    }
    out
}

/// The services of canary and stable.
type Sides = (Option<Arc<str>>, Option<Arc<str>>);

/// The services that the placement's canary names.
fn canary(service: &Service, placing: &Placing, state: &ClusterState) -> Option<Sides> {
    let key = ObjectKey::new(&placing.namespace, &service.workload.name).ok()?;
    if let Some(c) = state.flagger(service.workload.kind, &key) {
        return Some((Some(c.canary_service()), Some(c.primary_service())));
    }
    let rollout = state.rollouts.value()?.get(&key)?;
    match &rollout.strategy {
        crate::domain::RolloutStrategy::Canary(spec) => Some((spec.canary_service.clone(), spec.stable_service.clone())),
        _ => None,
    }
}

/// The job of a run whose log tells most: the one that is named, else the first that failed, else the only one.
pub fn telling_job(run: &Run, name: Option<&str>) -> Result<JobLog, Refusal> {
    let jobs = match &run.jobs {
        Loaded::Ok(jobs) => jobs,
        Loaded::NotAsked => return Err(Refusal::new(format!("the jobs of #{} are not read yet", run.number))),
        Loaded::Failed(problem) => return Err(Refusal::new(format!("the jobs of #{} cannot be read: {problem}", run.number))),
    };
    let names = || jobs.iter().map(|j| j.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = match name {
        Some(name) => jobs.iter().find(|j| j.name.as_str() == name),
        None => jobs.iter().find(|j| j.phase.failed()).or(if jobs.len() == 1 { jobs.first() } else { None }),
    };
    let Some(job) = found else {
        let what = match name {
            Some(name) => format!("#{} has no job {name:?}", run.number),
            None => format!("no job of #{} failed: name one", run.number),
        };
        return Err(Refusal::new(what).hint(format!("its jobs: {}", names())).exit(crate::domain::Exit::Usage));
    };
    Ok(JobLog { run: run.key.clone(), number: run.number, job: job.id.clone(), name: job.name.clone() })
}
