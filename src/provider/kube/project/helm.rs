//! What objects say of Helm, and the labels of the Secrets in which it keeps its releases.
//!
//! Source: helm `pkg/storage/driver/secrets.go` and `pkg/action/validate.go`.

use std::str::FromStr;

use jiff::Timestamp;

use super::{Odd, key, time, word};
use crate::{
    domain::{HelmMark, HelmRevision, ObjectKey},
    provider::kube::wire,
};

/// The release that an object says made it.
pub(super) fn mark(raw: &wire::ObjectMeta) -> Option<HelmMark> {
    let notes = raw.annotations.as_ref()?;
    let name = notes.helm.as_deref()?;
    let namespace = notes.helm_namespace.as_deref().or(raw.namespace.as_deref())?;
    let chart = raw.labels.as_ref().and_then(|l| l.get("helm.sh/chart"));
    Some(HelmMark { release: ObjectKey::new(namespace, name).ok()?, chart: chart.map(|c| word(Some(c))) })
}

/// A revision of a release, by the labels of its Secret.
pub(in crate::provider::kube) fn helm_revision(raw: wire::Object<wire::Ignored, wire::Ignored>) -> Result<HelmRevision, Odd> {
    let key = key(&raw.metadata)?;
    let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name)).map(String::as_str);
    let name = label("name").and_then(|n| ObjectKey::new(&key.namespace, n).ok()).ok_or(Odd("it names no release"))?.name;
    let revision = label("version").and_then(|v| u32::from_str(v).ok()).ok_or(Odd("its revision is no number"))?;
    // Seconds since 1970; left out of what was never changed.
    let modified = label("modifiedAt").and_then(|s| i64::from_str(s).ok()).and_then(|s| Timestamp::from_second(s).ok());
    let made = || time(raw.metadata.creation_timestamp.as_deref());
    Ok(HelmRevision { name, revision, status: word(label("status")), modified: modified.or_else(made), key })
}
