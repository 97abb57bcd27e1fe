//! Rows of pods.

use super::{Odd, controller, key, labels, opaque, time, word};
use crate::{
    domain::{Digest, ImageRef, Pod, SafeText},
    provider::kube::wire,
};

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
