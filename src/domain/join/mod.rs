//! Rows of a cluster, joined to the placement of a service. Pure.

use std::sync::Arc;

use super::{
    ClusterState, EnvironmentName, Feed, Health, ImageRef, ObjectKey, Placement, PlacementKey, Placing, Pod, PodCounts, Problem,
    ProblemKind, ReplicaSet, Row, SafeText, Service, Template, Version, WorkloadKind,
};

mod bluegreen;
mod by_hand;
mod canary;
mod flagger;
mod route;
mod sides;
mod workload;

/// Joins the rows of a cluster to the placement of `service`.
///
/// A section that is not current makes the health unknown; versions that were known stay visible.
pub fn join(service: &Service, environment: &EnvironmentName, placing: &Placing, cluster: &ClusterState) -> Placement {
    let mut placement = Placement {
        key: PlacementKey { service: service.name.clone(), environment: environment.clone(), cluster: placing.cluster.clone() },
        namespace: placing.namespace.clone(),
        workload: service.workload.clone(),
        delivery: None,
        version: None,
        wanted_version: None,
        pods: PodCounts::default(),
        restarts: 0,
        canary: None,
        traffic: None,
        sides: None,
        owners: vec![],
        delegated: None,
        health: Health::Unknown("not read yet".into()),
        drift: None,
    };
    if let Some(blue_green) = &service.blue_green {
        Joiner { cluster, placement: &mut placement }.sides(blue_green);
    }
    let Ok(key) = ObjectKey::new(&placing.namespace, &placement.workload.name) else {
        placement.health = Health::Unknown("the workload's name is not a name of an object".into());
        return placement;
    };
    match service.workload.kind {
        WorkloadKind::Deployment => match lookup(&cluster.deployments, &key) {
            Ok(d) => {
                let mut joiner = Joiner { cluster, placement: &mut placement };
                // A Deployment that a Canary watches is delivered by Flagger, whatever the configuration calls it.
                match cluster.flagger(WorkloadKind::Deployment, &key) {
                    Some(canary) => joiner.flagger(canary),
                    None => joiner.deployment(d),
                }
            }
            Err(health) => placement.health = health,
        },
        WorkloadKind::Rollout => match lookup(&cluster.rollouts, &key) {
            Ok(r) => Joiner { cluster, placement: &mut placement }.rollout(r),
            Err(health) => placement.health = health,
        },
        WorkloadKind::Canary => match lookup(&cluster.canaries, &key) {
            Ok(c) => Joiner { cluster, placement: &mut placement }.flagger(c),
            Err(health) => placement.health = health,
        },
    }
    if let Some(blue_green) = &service.blue_green {
        Joiner { cluster, placement: &mut placement }.switched(blue_green);
    }
    // What was known stays visible; what it says of health is as old as the oldest section it rests on.
    let workload = match service.workload.kind {
        WorkloadKind::Deployment => cluster.deployments.problem(),
        WorkloadKind::Rollout => cluster.rollouts.problem(),
        WorkloadKind::Canary => cluster.canaries.problem().or_else(|| cluster.deployments.problem()),
    };
    let sections = [
        workload,
        cluster.replica_sets.problem(),
        cluster.pods.problem(),
        cluster.endpoints.problem(),
        cluster.services.problem(),
    ];
    if let Some(why) = sections.into_iter().flatten().next() {
        placement.health = Health::Unknown(why.what.clone());
    } else if !(cluster.replica_sets.answered()
        && cluster.pods.answered()
        && cluster.services.answered()
        && cluster.endpoints.answered())
    {
        placement.health = Health::Unknown("not read yet".into());
    }
    placement
}

fn lookup<'a, T: Row<Key = ObjectKey>>(section: &'a super::Section<T>, key: &ObjectKey) -> Result<&'a T, Health> {
    match section {
        Feed::Waiting => Err(Health::Unknown("not read yet".into())),
        Feed::Down { why: Problem { kind: ProblemKind::NotInstalled, what, .. }, .. } => Err(Health::Unknown(what.clone())),
        Feed::Down { why, .. } => Err(Health::Unknown(why.what.clone())),
        Feed::Live { value, .. } | Feed::Stale { value, .. } => value.get(key).ok_or(Health::Missing),
    }
}

struct Joiner<'a, 'p> {
    cluster: &'a ClusterState,
    placement: &'p mut Placement,
}

impl<'a> Joiner<'a, '_> {
    /// The ReplicaSets of an owner, newest revision first.
    fn sets(&self, owner: &Arc<str>) -> Vec<&'a ReplicaSet> {
        let mut sets: Vec<&'a ReplicaSet> = self
            .cluster
            .replica_sets
            .value()
            .map(|s| s.values().filter(|s| s.owner.as_ref() == Some(owner)).collect())
            .unwrap_or_default();
        sets.sort_by_key(|s| std::cmp::Reverse(s.revision));
        sets
    }

    fn pods_of(&self, sets: &[&ReplicaSet]) -> Vec<&'a Pod> {
        let Some(pods) = self.cluster.pods.value() else { return vec![] };
        pods.values().filter(|p| !p.ending && p.owner.as_ref().is_some_and(|o| sets.iter().any(|s| &s.meta.uid == o))).collect()
    }

    /// The version that a template names, with the digest that its pods really run where a node tells.
    fn version(&self, template: &Template, set: Option<&ReplicaSet>) -> Version {
        let image = template.containers.first().map_or_else(|| ImageRef::parse("none"), |c| c.image.clone());
        let running = set.and_then(|s| {
            let pods = self.cluster.pods.value()?;
            pods.values()
                .filter(|p| p.owner.as_ref() == Some(&s.meta.uid) && p.ready)
                .find_map(|p| p.digests.first().cloned().flatten())
        });
        let digest = running.or_else(|| image.digest.clone());
        let tag = image.tag.clone().or_else(|| digest.as_ref().map(|d| d.short().into())).unwrap_or_else(|| "untagged".into());
        let commit = template.commit.clone().or_else(|| tag.as_str().parse().ok());
        Version { tag, digest, commit }
    }

    /// Why pods do not run, without doubles.
    fn causes(pods: &[&Pod]) -> Vec<SafeText> {
        const BROKEN: [&str; 9] = [
            "CrashLoopBackOff",
            "ImagePullBackOff",
            "ErrImagePull",
            "ErrImageNeverPull",
            "InvalidImageName",
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "Unschedulable",
        ];
        let mut out: Vec<SafeText> = vec![];
        for word in BROKEN {
            let hit: Vec<&&Pod> = pods.iter().filter(|p| p.waiting.as_ref().is_some_and(|w| w.as_str() == word)).collect();
            if let Some(first) = hit.first() {
                let detail = first.message.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
                out.push(format!("{} of {} pods {word}{detail}", hit.len(), pods.len()).into());
            }
        }
        out
    }

    /// Pods of one tag that run different digests.
    fn drift(&self, pods: &[&Pod]) -> Option<SafeText> {
        let sets = self.cluster.replica_sets.value()?;
        let mut builds: Vec<Version> = vec![];
        for pod in pods {
            let Some(set) = pod.owner.as_ref().and_then(|o| sets.values().find(|s| &s.meta.uid == o)) else { continue };
            let Some(Some(digest)) = pod.digests.first() else { continue };
            let image = set.template.containers.first()?;
            let Some(tag) = &image.image.tag else { continue };
            let version = Version { tag: tag.clone(), digest: Some(digest.clone()), commit: None };
            if let Some(other) = builds.iter().find(|b| b.same_tag_other_digest(&version)) {
                return Some(
                    format!(
                        "{} is two builds here: {} and {}",
                        tag,
                        digest.short(),
                        other.digest.as_ref().map(super::Digest::short).unwrap_or_default()
                    )
                    .into(),
                );
            }
            builds.push(version);
        }
        None
    }
}

#[cfg(test)]
mod tests;
