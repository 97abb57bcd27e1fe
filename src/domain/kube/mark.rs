//! Signs of ownership that an object carries.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::SafeText;

/// What a sign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// Annotation `argocd.argoproj.io/tracking-id`, or label `argocd.argoproj.io/instance`: Argo CD's, by the name of
    /// the application.
    ArgoTracking,
    /// Label `app.kubernetes.io/instance`: Argo CD's where it wrote it, else anybody's.
    Instance,
    /// Label `kustomize.toolkit.fluxcd.io/name`.
    FluxKustomization,
    /// Label `helm.toolkit.fluxcd.io/name`.
    FluxHelm,
    /// `kustomize.toolkit.fluxcd.io/reconcile: disabled` or `helm.toolkit.fluxcd.io/driftDetection: disabled`.
    FluxOff,
    /// Annotation `meta.helm.sh/release-name`.
    Helm,
    /// Annotation `argo-rollouts.argoproj.io/managed-by-rollouts`.
    ManagedByRollouts,
    /// Label `rollouts.argoproj.io/gatewayapi-canary`: a rollout is at work on this route.
    GatewayCanary,
    /// Its controlling owner is a Canary of Flagger.
    FlaggerCanary,
    /// Its controlling owner is an object of another kind.
    Controller,
}

/// A sign of ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Who it names.
    pub name: SafeText,
}

/// Somebody who wrote an object's wanted state, as the server keeps it in `managedFields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Writer {
    /// The name that it writes under: `argocd-controller`, `kubectl-edit`, `rollouts-controller`.
    pub manager: SafeText,
    /// `Apply` or `Update`.
    pub operation: SafeText,
    /// When it wrote last, in whole seconds.
    pub at: Option<Timestamp>,
}
