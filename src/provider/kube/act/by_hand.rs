//! The same for a host without gonogo: lines that a person could type.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::{ChangeTarget, ObjectKind, SafeText, quoted};

/// `kubectl`, where it has to go, and the rest.
pub(super) fn kubectl(context: Option<&str>, target: &ChangeTarget, rest: &str) -> SafeText {
    let mut line = "kubectl".to_owned();
    if let Some(context) = context {
        write!(line, " --context {}", quoted(context)).ok();
    }
    // Not cut: half a command is another command.
    SafeText::capped(&format!("{line} -n {} {rest}", target.key.namespace), usize::MAX)
}

/// The name of a target as kubectl takes it.
pub(super) fn name(target: &ChangeTarget) -> String {
    let kind = match target.kind {
        ObjectKind::Deployment => "deployment",
        ObjectKind::Rollout => "rollouts.argoproj.io",
        ObjectKind::Service => "service",
    };
    format!("{kind}/{}", target.key.name)
}

/// `patch NAME --type=json -p '…'`
pub(super) fn json(target: &ChangeTarget, lines: &Value) -> String {
    format!("patch {} --type=json -p {}", name(target), quoted(&lines.to_string()))
}

/// `patch NAME --type=merge -p '…'`
pub(super) fn merge(target: &ChangeTarget, sub: Option<&str>, patch: &Value) -> String {
    let sub = sub.map(|s| format!(" --subresource={s}")).unwrap_or_default();
    format!("patch {}{sub} --type=merge -p {}", name(target), quoted(&patch.to_string()))
}
