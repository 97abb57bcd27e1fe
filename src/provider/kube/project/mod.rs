//! From the server's JSON to the domain's rows: text is made harmless, names are checked, and nothing is guessed.
//!
//! An object whose identity cannot be trusted is [`Odd`] and has no row.

mod analysis;
mod flagger;
mod helm;
mod mark;
mod network;
mod pod;
mod rollout;
mod route;
mod workload;

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;

use super::wire;
use crate::domain::{Condition, ContainerTemplate, ImageRef, Labels, Meta, ObjectKey, SafeText, Sha, Template};

pub(super) use analysis::analysis_run;
pub(super) use flagger::flagger_canary;
pub(super) use helm::helm_revision;
pub(super) use network::{endpoints, service};
pub(super) use pod::pod;
pub(super) use rollout::rollout;
pub(super) use route::{destination_rule, grpc_route, http_route, ingress, traefik_service, virtual_service};
pub(super) use workload::{controller_revision, daemon_set, deployment, replica_set, stateful_set};

/// Why an object has no row: what is wrong with it, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd(pub &'static str);

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How many operation ids an object's annotation holds at most.
pub(super) const OPS: usize = 16;

/// The longest word that is kept: a phase, a reason.
const WORD: usize = 80;

/// The name of an object.
pub(super) fn key(meta: &wire::ObjectMeta) -> Result<ObjectKey, Odd> {
    let (Some(namespace), Some(name)) = (&meta.namespace, &meta.name) else { return Err(Odd("it has no name")) };
    ObjectKey::new(namespace, name).map_err(|_| Odd("its name is not one that Kubernetes allows"))
}

/// An opaque word of the server that is sent back to it: never cleaned, because then it would mean another thing.
fn opaque(raw: Option<&str>) -> Result<Arc<str>, Odd> {
    match raw {
        Some(s) if !s.is_empty() && s.len() <= 128 && s.bytes().all(|b| b.is_ascii_graphic()) => Ok(s.into()),
        Some(_) => Err(Odd("its uid or version is not plain text")),
        None => Err(Odd("it has no uid or version")),
    }
}

fn meta(raw: &wire::ObjectMeta) -> Result<Meta, Odd> {
    Ok(Meta {
        key: key(raw)?,
        uid: opaque(raw.uid.as_deref())?,
        resource_version: opaque(raw.resource_version.as_deref())?,
        generation: raw.generation.unwrap_or(0),
        created: time(raw.creation_timestamp.as_deref()),
        ops: ops(raw.annotations.as_ref().and_then(|a| a.ops.as_deref())),
        annotated: raw.annotations.is_some(),
        marks: mark::marks(raw),
        writers: mark::writers(raw.managed_fields.as_deref()),
        helm: helm::mark(raw),
    })
}

/// The operation ids of annotation `gonogo.dev/ops`: ids separated by commas, oldest first, the last [`OPS`] of them.
/// A word that cannot be an id of ours is left out.
fn ops(raw: Option<&str>) -> Vec<Arc<str>> {
    let id = |s: &&str| {
        !s.is_empty() && s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let mut ids: Vec<Arc<str>> = raw.unwrap_or_default().split(',').map(str::trim).filter(id).map(Into::into).collect();
    ids.drain(..ids.len().saturating_sub(OPS));
    ids
}

fn time(raw: Option<&str>) -> Option<Timestamp> {
    raw.and_then(|t| Timestamp::from_str(t).ok())
}

fn word(raw: Option<&str>) -> SafeText {
    SafeText::capped(raw.unwrap_or_default(), WORD)
}

fn controller(raw: &wire::ObjectMeta) -> Option<Arc<str>> {
    let owners = raw.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|o| o.controller == Some(true)).and_then(|o| opaque(o.uid.as_deref()).ok())
}

/// Whether the server could have taken this as the key or value of a label.
fn is_label(s: &str) -> bool {
    s.len() <= 317 && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
}

/// Labels; what cannot be a label is left out.
fn labels(raw: Option<&BTreeMap<String, String>>) -> Labels {
    let pairs = raw.into_iter().flatten();
    pairs.filter(|(k, v)| is_label(k) && is_label(v)).map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect()
}

/// A selector; a part that cannot be a label makes it odd, because without that part it would select more.
/// `matchExpressions` are not kept: the owner's uid decides what belongs to a workload.
fn selector(raw: Option<&BTreeMap<String, String>>) -> Result<Labels, Odd> {
    let out = labels(raw);
    if out.len() == raw.map_or(0, BTreeMap::len) { Ok(out) } else { Err(Odd("its selector is not made of labels")) }
}

/// The hash of a revision.
fn hash(raw: Option<&str>) -> Option<Arc<str>> {
    raw.filter(|h| !h.is_empty() && is_label(h)).map(Into::into)
}

/// The name of a Service of this namespace.
fn service_name(raw: Option<&str>) -> Result<Option<Arc<str>>, Odd> {
    let Some(raw) = raw.filter(|s| !s.is_empty()) else { return Ok(None) };
    ObjectKey::new("x", raw).map(|k| Some(k.name)).map_err(|_| Odd("it names a Service by a name that cannot be"))
}

fn conditions(raw: Option<&[wire::Condition]>) -> Vec<Condition> {
    let condition = |c: &wire::Condition| Condition {
        kind: word(c.kind.as_deref()),
        status: match c.status.as_deref() {
            Some("True") => Some(true),
            Some("False") => Some(false),
            _ => None,
        },
        reason: word(c.reason.as_deref()),
        message: SafeText::capped(c.message.as_deref().unwrap_or_default(), 500),
    };
    raw.unwrap_or_default().iter().map(condition).collect()
}

fn template(raw: Option<&wire::PodTemplate>) -> Template {
    let Some(raw) = raw else { return Template::default() };
    let containers = raw.spec.as_ref().and_then(|s| s.containers.as_deref()).unwrap_or_default();
    let annotations = raw.metadata.annotations.as_ref().map(|a| &a.0);
    // Our own word beats the one that a base image may have left.
    let commit = ["gonogo.dev/commit", "org.opencontainers.image.revision"];
    let commit = commit.into_iter().filter_map(|key| annotations?.get(key)).find_map(|c| Sha::from_str(c).ok());
    Template {
        containers: containers
            .iter()
            .map(|c| ContainerTemplate {
                name: word(c.name.as_deref()),
                image: ImageRef::parse(c.image.as_deref().unwrap_or_default()),
                readiness: c.readiness_probe.is_some(),
            })
            .collect(),
        commit,
        labels: labels(raw.metadata.labels.as_ref()),
        notes: annotations.into_iter().flatten().filter(|(key, _)| is_label(key) && *key != wire::RESTARTED).map(note).collect(),
        restarted: annotations.and_then(|a| a.get(wire::RESTARTED)).map(|at| SafeText::clean(at)),
        annotated: annotations.is_some(),
    }
}

/// An annotation as it is written, to be written elsewhere; a value that had to be made harmless is another one, and is
/// left empty.
fn note((key, value): (&String, &String)) -> (Arc<str>, SafeText) {
    let clean = SafeText::clean(value);
    (key.as_str().into(), if clean.as_str() == value { clean } else { "".into() })
}

#[cfg(test)]
mod tests;
