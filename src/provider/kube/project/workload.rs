//! Rows of the workloads of apps/v1 and of their revisions.

use serde::Deserialize;
use serde_json::Value;

use super::{Odd, conditions, controller, hash, meta, selector, template, time};
use crate::{
    domain::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, SafeText, StatefulSet, Template, UpdateStrategy, Workload},
    provider::kube::wire,
};

/// The longest change-cause that is kept: a command line.
const CAUSE: usize = 200;

/// `maxSurge` and the like: a number or a percentage.
fn share(raw: Option<&Value>, default: &str) -> SafeText {
    match raw {
        Some(Value::String(s)) => SafeText::capped(s, 16),
        Some(Value::Number(n)) => n.to_string().into(),
        _ => default.into(),
    }
}

/// How pods are replaced, with the server's defaults for surge and unavailable.
fn rolling(raw: &wire::Strategy, surge: &str, unavailable: &str) -> UpdateStrategy {
    let numbers = raw.rolling_update.as_ref();
    match raw.kind.as_deref() {
        Some("Recreate") => UpdateStrategy::Recreate,
        Some("OnDelete") => UpdateStrategy::OnDelete,
        _ => UpdateStrategy::Rolling {
            surge: share(numbers.and_then(|n| n.max_surge.as_ref()), surge),
            unavailable: share(numbers.and_then(|n| n.max_unavailable.as_ref()), unavailable),
        },
    }
}

pub(in crate::provider::kube) fn deployment(
    raw: wire::Object<wire::WorkloadSpec, wire::DeploymentStatus>,
) -> Result<Deployment, Odd> {
    let mut spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let revision = raw.metadata.annotations.as_ref().and_then(|a| a.deployment.as_deref());
    Ok(Deployment {
        paused: spec.paused.unwrap_or(false),
        strategy: rolling(&spec.strategy.take().unwrap_or_default(), "25%", "25%"),
        revision: revision.and_then(|r| r.parse().ok()),
        workload: workload(&raw.metadata, spec.replicas.unwrap_or(1), &spec, &raw.status.unwrap_or_default())?,
    })
}

pub(in crate::provider::kube) fn stateful_set(
    raw: wire::Object<wire::WorkloadSpec, wire::StatefulSetStatus>,
) -> Result<StatefulSet, Odd> {
    let mut spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let strategy = spec.strategy.take().unwrap_or_default();
    let numbers = strategy.rolling_update.as_ref();
    Ok(StatefulSet {
        strategy: match strategy.kind.as_deref() {
            Some("OnDelete") => UpdateStrategy::OnDelete,
            _ => UpdateStrategy::Ordered {
                partition: numbers.and_then(|n| n.partition).unwrap_or(0),
                unavailable: share(numbers.and_then(|n| n.max_unavailable.as_ref()), "1"),
            },
        },
        current_revision: hash(status.current_revision.as_deref()),
        update_revision: hash(status.update_revision.as_deref()),
        workload: workload(&raw.metadata, spec.replicas.unwrap_or(1), &spec, &status.counts)?,
    })
}

pub(in crate::provider::kube) fn daemon_set(
    raw: wire::Object<wire::WorkloadSpec, wire::DaemonSetStatus>,
) -> Result<DaemonSet, Odd> {
    let mut spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let counts = wire::DeploymentStatus {
        observed_generation: status.observed_generation,
        replicas: status.current_number_scheduled,
        updated_replicas: status.updated_number_scheduled,
        ready_replicas: status.number_ready,
        available_replicas: status.number_available,
        conditions: status.conditions,
    };
    Ok(DaemonSet {
        strategy: rolling(&spec.strategy.take().unwrap_or_default(), "0", "1"),
        workload: workload(&raw.metadata, status.desired_number_scheduled.unwrap_or(0), &spec, &counts)?,
    })
}

/// What every workload has, from what its kinds have in common.
pub(super) fn workload<S>(
    metadata: &wire::ObjectMeta,
    wanted: u32,
    spec: &wire::WorkloadSpec<S>,
    status: &wire::DeploymentStatus,
) -> Result<Workload, Odd> {
    Ok(Workload {
        meta: meta(metadata)?,
        wanted,
        min_ready: spec.min_ready_seconds.unwrap_or(0),
        template: template(spec.template.as_ref()),
        selector: selector(spec.selector.as_ref().and_then(|s| s.match_labels.as_ref()))?,
        observed_generation: status.observed_generation,
        replicas: status.replicas.unwrap_or(0),
        updated: status.updated_replicas.unwrap_or(0),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        conditions: conditions(status.conditions.as_deref()),
    })
}

fn cause(raw: &wire::ObjectMeta) -> Option<SafeText> {
    let raw = raw.annotations.as_ref()?.cause.as_deref()?;
    Some(SafeText::capped(raw, CAUSE))
}

pub(in crate::provider::kube) fn replica_set(
    raw: wire::Object<wire::ReplicaSetSpec, wire::DeploymentStatus>,
) -> Result<ReplicaSet, Odd> {
    let spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let notes = raw.metadata.annotations.as_ref();
    let revision = notes.and_then(|a| a.deployment.as_deref().or(a.rollout.as_deref()));
    let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name)).map(String::as_str);
    Ok(ReplicaSet {
        meta: meta(&raw.metadata)?,
        owner: controller(&raw.metadata),
        hash: hash(label("pod-template-hash").or_else(|| label("rollouts-pod-template-hash"))),
        revision: revision.and_then(|r| r.parse().ok()),
        cause: cause(&raw.metadata),
        wanted: spec.replicas.unwrap_or(1),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        scale_down: notes.and_then(|a| time(a.scale_down.as_deref()).or_else(|| time(a.scale_down_long.as_deref()))),
        conditions: conditions(status.conditions.as_deref()),
        template: template(spec.template.as_ref()),
    })
}

/// A ControllerRevision of whatever owner; where its data is no template of pods, nobody asks for it.
pub(in crate::provider::kube) fn controller_revision(raw: wire::ControllerRevision) -> Result<ControllerRevision, Odd> {
    let data = raw.data.and_then(|data| wire::RevisionData::deserialize(data).ok());
    Ok(ControllerRevision {
        meta: meta(&raw.metadata)?,
        owner: controller(&raw.metadata),
        revision: raw.revision.unwrap_or(0),
        cause: cause(&raw.metadata),
        template: data.map_or_else(Template::default, |d| template(Some(&d.spec.template))),
    })
}
