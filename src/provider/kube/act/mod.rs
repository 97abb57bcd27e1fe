//! The acting half: requests as data, a look at one object, the server's word without a change, one send, one fence.
//!
//! ```text
//! render   Change and Seen ─► requests that remain                      (pure)
//! look     the object now ─► Seen, and whether it shows the change
//! settle   what "it shows the change" means, per change                 (pure)
//! send     one request, once, with its id for the server's audit log
//! ```
//!
//! Every write carries the version that the person saw. What goes to an object itself also carries the marker:
//! annotation `gonogo.dev/ops`, the ids seen and then the operation's own. A Rollout's `/status` takes no annotations,
//! so its verbs have no marker; their outcome is read from the state.

mod by_hand;
mod look;
mod render;
mod send;
mod settle;

pub(super) use look::look;
pub(super) use render::render;
pub(super) use send::{AUDIT_ID, dry_run, fence, send};

use super::kind::{self, Kind};
use crate::domain::{ChangeTarget, ObjectKey, ObjectKind, WRITER};

/// The path of an object of kind `K`, with what follows.
fn path<K: Kind>(key: &ObjectKey, rest: &str) -> String {
    format!("/{}/namespaces/{}/{}/{}{rest}", K::GROUPS[0], key.namespace, K::PLURAL, key.name)
}

/// A path under which the server's `managedFields` name us.
pub(super) fn by_us(path: &str) -> String {
    format!("{path}?fieldManager={WRITER}")
}

/// The path of a target, with what follows.
pub(super) fn path_of(target: &ChangeTarget, rest: &str) -> String {
    match target.kind {
        ObjectKind::Deployment => path::<kind::Deployments>(&target.key, rest),
        ObjectKind::Rollout => path::<kind::Rollouts>(&target.key, rest),
        ObjectKind::Service => path::<kind::Services>(&target.key, rest),
    }
}

#[cfg(test)]
mod tests;
