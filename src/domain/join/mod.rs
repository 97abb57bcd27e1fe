//! Rows of a cluster, joined to the placement of a service. Pure.

use super::{
    ClusterState, EnvironmentName, Feed, Freshness, Health, ObjectKey, Placement, PlacementKey, Placing, Row, Section, Service,
    WorkloadKind,
};

mod bluegreen;
mod by_hand;
mod canary;
mod common;
mod flagger;
mod revision;
mod route;
mod sides;
mod workload;

/// Joins the rows of a cluster to the placement of `service`.
///
/// A section that is not current makes the health unknown; versions that were known stay visible.
pub fn join(service: &Service, environment: &EnvironmentName, placing: &Placing, cluster: &ClusterState) -> Placement {
    let key = PlacementKey { service: service.name.clone(), environment: environment.clone(), cluster: placing.cluster.clone() };
    let mut placement = Placement::unread(key, placing.namespace.clone(), service.workload.clone());
    if let Some(blue_green) = &service.blue_green {
        Joiner { cluster, placement: &mut placement }.sides(blue_green);
    }
    let Ok(key) = ObjectKey::new(&placing.namespace, &placement.workload.name) else {
        placement.health = Health::Unknown("the workload's name is not a name of an object".into());
        return placement;
    };
    let mut joiner = Joiner { cluster, placement: &mut placement };
    let found = match service.workload.kind {
        WorkloadKind::Deployment => {
            lookup(&cluster.deployments, &key).map(|d| match cluster.flagger(WorkloadKind::Deployment, &key) {
                // A Deployment that a Canary watches is delivered by Flagger, whatever the configuration calls it.
                Some(canary) => joiner.flagger(canary),
                None => joiner.deployment(d),
            })
        }
        WorkloadKind::StatefulSet => lookup(&cluster.stateful_sets, &key).map(|s| joiner.stateful_set(s)),
        WorkloadKind::DaemonSet => lookup(&cluster.daemon_sets, &key).map(|d| joiner.daemon_set(d)),
        WorkloadKind::Rollout => lookup(&cluster.rollouts, &key).map(|r| joiner.rollout(r)),
        WorkloadKind::Canary => lookup(&cluster.canaries, &key).map(|c| joiner.flagger(c)),
    };
    if let Err(health) = found {
        placement.health = health;
    }
    if let Some(blue_green) = &service.blue_green {
        Joiner { cluster, placement: &mut placement }.switched(blue_green);
    }
    // What was known stays visible; what it says of health is as old as the oldest section it rests on.
    let rests_on = rests_on(service.workload.kind, cluster);
    if let Some((_, why)) = rests_on.iter().find_map(|feed| feed.trouble_since()) {
        placement.health = Health::Unknown(why.what.clone());
    } else if !rests_on.iter().all(|feed| feed.answered()) {
        placement.health = Health::Unknown("not read yet".into());
    }
    placement
}

/// The sections that the health of a workload rests on. Revisions of a StatefulSet or DaemonSet only name versions:
/// where they may not be read, its own counts still say how it is.
fn rests_on(kind: WorkloadKind, cluster: &ClusterState) -> Vec<&dyn Freshness> {
    let mut all: Vec<&dyn Freshness> = match kind {
        WorkloadKind::Deployment => vec![&cluster.deployments, &cluster.replica_sets],
        WorkloadKind::Rollout => vec![&cluster.rollouts, &cluster.replica_sets],
        WorkloadKind::StatefulSet => vec![&cluster.stateful_sets],
        WorkloadKind::DaemonSet => vec![&cluster.daemon_sets],
        WorkloadKind::Canary => vec![&cluster.canaries, &cluster.deployments, &cluster.replica_sets],
    };
    all.extend([&cluster.pods as &dyn Freshness, &cluster.endpoints, &cluster.services]);
    all
}

fn lookup<'a, T: Row<Key = ObjectKey>>(section: &'a Section<T>, key: &ObjectKey) -> Result<&'a T, Health> {
    match section {
        Feed::Waiting => Err(Health::Unknown("not read yet".into())),
        Feed::Down { why, .. } => Err(Health::Unknown(why.what.clone())),
        Feed::Live { value, .. } | Feed::Stale { value, .. } => value.get(key).ok_or(Health::Missing),
    }
}

struct Joiner<'a, 'p> {
    cluster: &'a ClusterState,
    placement: &'p mut Placement,
}

#[cfg(test)]
mod tests;
