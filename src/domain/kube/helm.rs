//! Helm releases, as far as the labels of their Secrets tell: the payload is never asked for.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{ObjectKey, SafeText};

/// What an object says of the Helm release that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelmMark {
    /// The release's namespace and name: annotations `meta.helm.sh/release-namespace` and `meta.helm.sh/release-name`.
    pub release: ObjectKey,
    /// Label `helm.sh/chart`: name and version of the chart.
    pub chart: Option<SafeText>,
}

/// One revision of a Helm release: a Secret of type `helm.sh/release.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelmRevision {
    /// The Secret.
    pub key: ObjectKey,
    /// The release's name.
    pub name: Arc<str>,
    /// The number of the revision.
    pub revision: u32,
    /// `deployed`, `superseded`, `failed`, `pending-upgrade`, …
    pub status: SafeText,
    /// When Helm last wrote it.
    pub modified: Option<Timestamp>,
}
