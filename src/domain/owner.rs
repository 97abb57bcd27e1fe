//! Who owns an object, and so would undo a change that somebody else makes to it.
//!
//! Owners are found in three places: a controller's own plan names the objects that it writes (an Argo Rollout marks
//! its Services but not its routes); the object carries the mark of a system; and its newest writer is a hint.

use std::fmt;

use serde::Serialize;

use super::{ClusterState, Mark, MarkKind, Meta, ObjectKey, RolloutStrategy, RouteRef, SafeText};

/// The system that owns an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerSystem {
    /// Argo Rollouts.
    ArgoRollouts,
    /// Flagger.
    Flagger,
    /// Argo CD.
    ArgoCd,
    /// Flux.
    Flux,
    /// Helm, by hand or in a pipeline.
    Helm,
    /// Some other controller.
    Controller,
}

impl fmt::Display for OwnerSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ArgoRollouts => "Argo Rollouts",
            Self::Flagger => "Flagger",
            Self::ArgoCd => "Argo CD",
            Self::Flux => "Flux",
            Self::Helm => "Helm",
            Self::Controller => "a controller",
        })
    }
}

/// How soon an owner undoes a change of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// It watches the object: within a second.
    AtOnce,
    /// At its next tick, every ten seconds or more. A weight that is changed alone it takes for its own and goes on.
    AtTick,
    /// Within seconds where it heals itself, else at the next sync. Which of the two is written in the application.
    IfSelfHealing,
    /// At the next reconciliation, some minutes apart.
    AtReconcile,
    /// At the next upgrade.
    AtUpgrade,
    /// It was told to leave the object alone.
    Never,
    /// Cannot be told.
    Unknown,
}

impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AtOnce => "undoes a change at once",
            Self::AtTick => "undoes a change at its next tick, and goes on from a changed weight",
            Self::IfSelfHealing => "undoes a change within seconds if it self-heals, else at the next sync",
            Self::AtReconcile => "undoes a change at its next reconciliation",
            Self::AtUpgrade => "undoes a change at the next upgrade",
            Self::Never => "is told to leave it alone",
            Self::Unknown => "may undo a change",
        })
    }
}

/// One owner of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// What is owned: `virtualservice/payment`.
    pub object: SafeText,
    /// By which system.
    pub system: OwnerSystem,
    /// By which of its objects: `rollout payment`, `app shop`, `kustomization shop/apps`, `release shop`.
    pub name: SafeText,
    /// How soon it undoes a change.
    pub undo: Undo,
    /// How that is known.
    pub sign: SafeText,
}

impl fmt::Display for Owner {
    /// `Argo CD app shop undoes a change …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.system, self.name, self.undo)
    }
}

/// Every owner of the object `resource` (singular, as kubectl takes it) that `meta` speaks of, the quickest first.
pub fn owners(cluster: &ClusterState, resource: &str, meta: &Meta) -> Vec<Owner> {
    let object: SafeText = format!("{resource}/{}", meta.key.name).into();
    let mut out = claims(cluster, resource, &meta.key, &object);
    for found in meta.marks.iter().filter_map(|mark| marked(mark, meta, &object)) {
        // What the controller's own plan says is known better than by a mark.
        if !out.iter().any(|o| o.system == found.system) {
            out.push(found);
        }
    }
    out.sort_by_key(|o| (o.undo, o.system));
    out
}

/// What the plans of controllers say: the only trace that an Argo Rollout leaves of its routes.
fn claims(cluster: &ClusterState, resource: &str, key: &ObjectKey, object: &SafeText) -> Vec<Owner> {
    let rollouts = cluster.rollouts.value().into_iter().flat_map(|s| s.values());
    let mine = rollouts.filter(|r| {
        let home = &r.workload.meta.key.namespace;
        let here = *home == key.namespace;
        let service = |s: Option<&std::sync::Arc<str>>| here && resource == "service" && s == Some(&key.name);
        let route = |r: &RouteRef| r.kind.resource() == resource && r.names(r.kind, key, home);
        match &r.strategy {
            RolloutStrategy::Canary(c) => {
                service(c.canary_service.as_ref())
                    || service(c.stable_service.as_ref())
                    || c.routing.routes.iter().any(route)
                    || here && resource == "destinationrule" && c.routing.destination_rule.as_ref() == Some(&key.name)
            }
            RolloutStrategy::BlueGreen(b) => service(Some(&b.active_service)) || service(b.preview_service.as_ref()),
            RolloutStrategy::None => false,
        }
    });
    let canaries = cluster.canaries.value().into_iter().flat_map(|s| s.values());
    // The workload that Flagger watches carries no mark of it, although its pods are scaled at every release. What it
    // makes carries an ownerReference, but not in every cluster: GitOps may have brought the route.
    let watched = canaries.filter(|c| {
        let target = *c.target_kind.as_str().to_lowercase() == *resource && c.target == key.name;
        let made = match resource {
            "service" => [&c.apex, &c.canary_service(), &c.primary_service()].contains(&&key.name),
            "virtualservice" | "httproute" | "traefikservice" => c.apex == key.name,
            _ => false,
        };
        c.meta.key.namespace == key.namespace && (target || made)
    });
    let watched = watched.map(|c| Owner {
        object: object.clone(),
        system: OwnerSystem::Flagger,
        name: format!("canary {}", c.meta.key.name).into(),
        undo: Undo::AtTick,
        sign: format!("canary {} names it", c.meta.key.name).into(),
    });
    let rollouts = mine.map(|r| Owner {
        object: object.clone(),
        system: OwnerSystem::ArgoRollouts,
        name: format!("rollout {}", r.workload.meta.key.name).into(),
        undo: Undo::AtOnce,
        sign: format!("rollout {} names it in its strategy", r.workload.meta.key.name).into(),
    });
    rollouts.chain(watched).collect()
}

/// What a mark on the object itself says.
fn marked(mark: &Mark, meta: &Meta, object: &SafeText) -> Option<Owner> {
    let has = |kind: MarkKind| meta.marks.iter().any(|m| m.kind == kind);
    let (system, word, undo, sign) = match mark.kind {
        MarkKind::ArgoTracking => (OwnerSystem::ArgoCd, "app", Undo::IfSelfHealing, "annotation argocd.argoproj.io/tracking-id"),
        // The label is Helm's and everybody's; Argo CD must have written, too.
        MarkKind::Instance if meta.writers.iter().any(|w| w.manager.as_str().starts_with("argocd-")) => {
            (OwnerSystem::ArgoCd, "app", Undo::IfSelfHealing, "label app.kubernetes.io/instance, and argocd writes it")
        }
        MarkKind::Instance | MarkKind::FluxOff => return None,
        MarkKind::FluxKustomization => {
            let undo = if has(MarkKind::FluxOff) { Undo::Never } else { Undo::AtReconcile };
            (OwnerSystem::Flux, "kustomization", undo, "label kustomize.toolkit.fluxcd.io/name")
        }
        MarkKind::FluxHelm => {
            let undo = if has(MarkKind::FluxOff) { Undo::Never } else { Undo::AtReconcile };
            (OwnerSystem::Flux, "helm release", undo, "label helm.toolkit.fluxcd.io/name")
        }
        // Under Flux, Helm is its hand.
        MarkKind::Helm if has(MarkKind::FluxHelm) => return None,
        MarkKind::Helm => (OwnerSystem::Helm, "release", Undo::AtUpgrade, "annotation meta.helm.sh/release-name"),
        MarkKind::ManagedByRollouts => {
            (OwnerSystem::ArgoRollouts, "rollout", Undo::AtOnce, "annotation argo-rollouts.argoproj.io/managed-by-rollouts")
        }
        MarkKind::GatewayCanary => {
            (OwnerSystem::ArgoRollouts, "canary", Undo::AtOnce, "label rollouts.argoproj.io/gatewayapi-canary")
        }
        MarkKind::FlaggerCanary => (OwnerSystem::Flagger, "canary", Undo::AtTick, "its controller is a Canary"),
        MarkKind::Controller => (OwnerSystem::Controller, "object", Undo::Unknown, "its ownerReferences name a controller"),
    };
    Some(Owner { object: object.clone(), system, name: format!("{word} {}", mark.name).into(), undo, sign: sign.into() })
}

#[cfg(test)]
mod tests;
