//! Signs of ownership of an object, and who wrote it.

use super::{opaque, time, word};
use crate::{
    domain::{Mark, MarkKind, WRITER, Writer},
    provider::kube::wire,
};

/// How many writers are kept.
const WRITERS: usize = 4;

/// The signs that an object carries. Empty for nearly all pods and ReplicaSets, so that this costs nothing there.
pub(super) fn marks(raw: &wire::ObjectMeta) -> Vec<Mark> {
    let notes = raw.annotations.as_ref();
    let label = |name: &str| raw.labels.as_ref().and_then(|l| l.get(name)).map(String::as_str);
    // The tracking id is `app:group/Kind:namespace/name`.
    let tracked = notes.and_then(|a| a.argo_tracking.as_deref()).map(|id| id.split(':').next().unwrap_or(id));
    let flux = |name: &str, space: &str| {
        let name = label(name)?;
        Some(label(space).map_or_else(|| name.to_owned(), |space| format!("{space}/{name}")))
    };
    let kustomization = flux("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace");
    let release = flux("helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace");
    let off = |value: Option<&String>| value.is_some_and(|v| v == "disabled");
    let flux_off = notes.is_some_and(|a| off(a.flux_reconcile.as_ref()) || off(a.flux_drift.as_ref()))
        || ["kustomize.toolkit.fluxcd.io/reconcile", "helm.toolkit.fluxcd.io/driftDetection"]
            .iter()
            .any(|name| label(name) == Some("disabled"));
    // Older charts only carry the label.
    let helm = notes.and_then(|a| a.helm.as_deref()).or_else(|| {
        (label("app.kubernetes.io/managed-by") == Some("Helm")).then(|| label("app.kubernetes.io/instance").unwrap_or("?"))
    });
    let all = [
        (MarkKind::ArgoTracking, tracked.or_else(|| label("argocd.argoproj.io/instance")).map(ToOwned::to_owned)),
        (MarkKind::Instance, label("app.kubernetes.io/instance").map(ToOwned::to_owned)),
        (MarkKind::FluxKustomization, kustomization),
        (MarkKind::FluxHelm, release),
        (MarkKind::FluxOff, flux_off.then(String::new)),
        (MarkKind::Helm, helm.map(ToOwned::to_owned)),
        (MarkKind::ManagedByRollouts, notes.and_then(|a| a.managed_by_rollouts.clone())),
        (MarkKind::GatewayCanary, label("rollouts.argoproj.io/gatewayapi-canary").map(ToOwned::to_owned)),
    ];
    let named = all.into_iter().filter_map(|(kind, name)| Some(Mark { kind, name: word(Some(&name?)) }));
    named.chain(owner(raw)).collect()
}

/// The controlling owner, where it is no ordinary part of a workload.
fn owner(raw: &wire::ObjectMeta) -> Option<Mark> {
    const ORDINARY: [&str; 8] = ["ReplicaSet", "Deployment", "Rollout", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service"];
    let owners = raw.owner_references.as_deref().unwrap_or_default();
    let owner = owners.iter().find(|o| o.controller == Some(true))?;
    let (kind, name) = (owner.kind.as_deref()?, owner.name.as_deref().unwrap_or_default());
    match kind {
        "Canary" => Some(Mark { kind: MarkKind::FlaggerCanary, name: word(Some(name)) }),
        _ if ORDINARY.contains(&kind) => None,
        _ => Some(Mark { kind: MarkKind::Controller, name: word(Some(&format!("{kind} {name}"))) }),
    }
}

/// Who wrote the wanted state, the newest last. The times have whole seconds: of two in one second we come first, since
/// others answer to us and we look before we write. Who writes only the status, or only annotations, is no owner.
pub(super) fn writers(raw: Option<&[wire::ManagedField]>) -> Vec<Writer> {
    let wanted = raw.unwrap_or_default().iter().filter(|f| f.subresource.as_deref().unwrap_or_default().is_empty());
    let mut out: Vec<Writer> = wanted
        .filter(|f| opaque(f.operation.as_deref()).is_ok())
        .filter(|f| f.fields_v1.as_ref().is_none_or(|fields| fields.spec.is_some()))
        .map(|f| Writer {
            manager: word(f.manager.as_deref()),
            operation: word(f.operation.as_deref()),
            at: time(f.time.as_deref()),
        })
        .collect();
    out.sort_by_key(|w| (w.at, w.manager.as_str() != WRITER));
    out.drain(..out.len().saturating_sub(WRITERS));
    out
}
