//! Rows of the built-in kinds.

use serde_json::Value;

use super::{Odd, conditions, controller, hash, key, labels, meta, opaque, selector, service_name, template, time, word};
use crate::{
    domain::{Deployment, Digest, Endpoints, ImageRef, KubeService, Pod, ReplicaSet, SafeText, UpdateStrategy},
    provider::kube::wire,
};

/// `maxSurge` and the like: a number or a percentage. The server's default is 25 %.
fn share(raw: Option<&Value>) -> SafeText {
    match raw {
        Some(Value::String(s)) => SafeText::capped(s, 16),
        Some(Value::Number(n)) => n.to_string().into(),
        _ => "25%".into(),
    }
}

pub(in crate::provider::kube) fn deployment(
    raw: wire::Object<wire::DeploymentSpec, wire::DeploymentStatus>,
) -> Result<Deployment, Odd> {
    let spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let strategy = spec.strategy.unwrap_or_default();
    let rolling = strategy.rolling_update.unwrap_or_default();
    let revision = raw.metadata.annotations.as_ref().and_then(|a| a.deployment.as_deref());
    Ok(Deployment {
        meta: meta(&raw.metadata)?,
        wanted: spec.replicas.unwrap_or(1),
        paused: spec.paused.unwrap_or(false),
        strategy: if strategy.kind.as_deref() == Some("Recreate") {
            UpdateStrategy::Recreate
        } else {
            UpdateStrategy::Rolling {
                surge: share(rolling.max_surge.as_ref()),
                unavailable: share(rolling.max_unavailable.as_ref()),
            }
        },
        observed_generation: status.observed_generation.unwrap_or(0),
        replicas: status.replicas.unwrap_or(0),
        updated: status.updated_replicas.unwrap_or(0),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        conditions: conditions(status.conditions.as_deref()),
        template: template(spec.template.as_ref()),
        selector: selector(spec.selector.and_then(|s| s.match_labels).as_ref())?,
        revision: revision.and_then(|r| r.parse().ok()),
    })
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
        wanted: spec.replicas.unwrap_or(1),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        scale_down: notes.and_then(|a| time(a.scale_down.as_deref()).or_else(|| time(a.scale_down_long.as_deref()))),
        conditions: conditions(status.conditions.as_deref()),
        template: template(spec.template.as_ref()),
    })
}

/// Why a container that has not run yet waits in the ordinary course of things.
const ORDINARY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Why a pod does not run: of the first container, init containers first, that waits for more than the ordinary, else
/// that no node took it.
fn waiting(status: &wire::PodStatus) -> Option<(SafeText, Option<SafeText>)> {
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let stuck = containers.filter_map(|c| c.state.as_ref()?.waiting.as_ref()).find_map(|w| {
        let reason = w.reason.as_deref().filter(|r| !ORDINARY.contains(r))?;
        Some((reason, w.message.as_deref()))
    });
    let homeless = || {
        let mut conditions = status.conditions.iter().flatten();
        let c = conditions.find(|c| c.kind.as_deref() == Some("PodScheduled") && c.status.as_deref() == Some("False"))?;
        Some((c.reason.as_deref()?, c.message.as_deref()))
    };
    let (reason, message) = stuck.or_else(homeless)?;
    Some((word(Some(reason)), message.filter(|m| !m.is_empty()).map(|m| SafeText::capped(m, 500))))
}

/// The digests that run, in the order of the template.
fn digests(spec: &wire::PodSpec, status: &wire::PodStatus) -> Vec<Option<Digest>> {
    let statuses = status.container_statuses.as_deref().unwrap_or_default();
    let of = |container: &wire::PodContainer| {
        let here = statuses.iter().find(|s| s.name.is_some() && s.name == container.name)?;
        ImageRef::parse(here.image_id.as_deref()?).digest
    };
    spec.containers.as_deref().unwrap_or_default().iter().map(of).collect()
}

pub(in crate::provider::kube) fn pod(raw: wire::Object<wire::PodSpec, wire::PodStatus>) -> Result<Pod, Odd> {
    let spec = raw.spec.unwrap_or_default();
    let status = raw.status.unwrap_or_default();
    let ready = |c: &wire::Condition| c.kind.as_deref() == Some("Ready") && c.status.as_deref() == Some("True");
    let (reason, message) = waiting(&status).map_or((None, None), |(r, m)| (Some(r), m));
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    Ok(Pod {
        key: key(&raw.metadata)?,
        uid: opaque(raw.metadata.uid.as_deref())?,
        owner: controller(&raw.metadata),
        labels: labels(raw.metadata.labels.as_ref()),
        phase: word(status.phase.as_deref()),
        ready: status.conditions.iter().flatten().any(ready),
        ending: raw.metadata.deletion_timestamp.is_some(),
        restarts: all.fold(0, |sum: u32, c| sum.saturating_add(c.restart_count.unwrap_or(0))),
        waiting: reason,
        message,
        digests: digests(&spec, &status),
        created: time(raw.metadata.creation_timestamp.as_deref()),
    })
}

pub(in crate::provider::kube) fn service(raw: wire::Object<wire::ServiceSpec, wire::Ignored>) -> Result<KubeService, Odd> {
    Ok(KubeService { meta: meta(&raw.metadata)?, selector: selector(raw.spec.unwrap_or_default().selector.as_ref())? })
}

/// One slice. An endpoint without a word on its readiness counts as ready, as the API says. With two address families
/// a pod stands in two slices and counts twice: zero stays zero, which is what decides.
pub(in crate::provider::kube) fn endpoints(raw: wire::EndpointSlice) -> Result<Endpoints, Odd> {
    let label = raw.metadata.labels.as_ref().and_then(|l| l.get("kubernetes.io/service-name"));
    let all = raw.endpoints.as_deref().unwrap_or_default();
    let ready = |e: &&wire::Endpoint| e.conditions.as_ref().and_then(|c| c.ready).unwrap_or(true);
    Ok(Endpoints {
        key: key(&raw.metadata)?,
        service: service_name(label.map(String::as_str))?.ok_or(Odd("it belongs to no Service"))?,
        ready: all.iter().filter(ready).count() as u32,
        total: all.len() as u32,
    })
}
