//! The part of the schemas that a release tool can run into.

use serde_json::Value;

use super::{kinds::Kind, status::Refusal};

/// A JSON type.
#[derive(Clone, Copy)]
enum Type {
    Bool,
    Int,
    Text,
    Map,
    List,
}

impl Type {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Int => value.is_i64() || value.is_u64(),
            Self::Text => value.is_string(),
            Self::Map => value.is_object(),
            Self::List => value.is_array(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Text => "string",
            Self::Map => "object",
            Self::List => "array",
        }
    }
}

/// Resource, dotted path (`*` is every item or value) and type.
static TYPES: &[(&str, &str, Type)] = &[
    ("", "metadata.annotations", Type::Map),
    ("", "metadata.annotations.*", Type::Text),
    ("", "metadata.labels", Type::Map),
    ("", "metadata.labels.*", Type::Text),
    ("", "spec", Type::Map),
    ("deployments", "spec.replicas", Type::Int),
    ("deployments", "spec.paused", Type::Bool),
    ("deployments", "spec.template", Type::Map),
    ("deployments", "spec.template.spec.containers", Type::List),
    ("deployments", "spec.template.spec.containers.*.image", Type::Text),
    ("rollouts", "spec.replicas", Type::Int),
    ("rollouts", "spec.paused", Type::Bool),
    ("rollouts", "spec.restartAt", Type::Text),
    ("rollouts", "spec.template.spec.containers.*.image", Type::Text),
    ("rollouts", "status.abort", Type::Bool),
    ("rollouts", "status.promoteFull", Type::Bool),
    ("rollouts", "status.controllerPause", Type::Bool),
    ("rollouts", "status.currentStepIndex", Type::Int),
    ("rollouts", "status.pauseConditions", Type::List),
    ("rollouts", "status.pauseConditions.*.startTime", Type::Text),
    ("virtualservices", "spec.http.*.route.*.weight", Type::Int),
    ("httproutes", "spec.rules.*.backendRefs.*.weight", Type::Int),
    ("traefikservices", "spec.weighted.services.*.weight", Type::Int),
    ("destinationrules", "spec.host", Type::Text),
    ("destinationrules", "spec.subsets.*.labels.*", Type::Text),
    ("ingresses", "spec.rules.*.http.paths", Type::List),
    ("services", "spec.selector.*", Type::Text),
    ("configmaps", "data.*", Type::Text),
    ("leases", "spec.holderIdentity", Type::Text),
    ("leases", "spec.leaseDurationSeconds", Type::Int),
    ("leases", "spec.renewTime", Type::Text),
    ("leases", "spec.acquireTime", Type::Text),
];

/// The members of a spec, where they are known whole.
fn members(kind: &Kind) -> Option<&'static [&'static str]> {
    match kind.plural {
        "deployments" => Some(&[
            "replicas",
            "selector",
            "template",
            "strategy",
            "minReadySeconds",
            "revisionHistoryLimit",
            "paused",
            "progressDeadlineSeconds",
        ]),
        "rollouts" => Some(&[
            "replicas",
            "selector",
            "workloadRef",
            "template",
            "minReadySeconds",
            "rollbackWindow",
            "strategy",
            "revisionHistoryLimit",
            "paused",
            "progressDeadlineSeconds",
            "progressDeadlineAbort",
            "restartAt",
            "analysis",
        ]),
        "leases" => Some(&[
            "holderIdentity",
            "leaseDurationSeconds",
            "acquireTime",
            "renewTime",
            "leaseTransitions",
            "strategy",
            "preferredHolder",
        ]),
        _ => None,
    }
}

/// Every value at a path, with its own path.
fn at(value: &Value, path: &[&str], shown: &str, out: &mut Vec<(String, Value)>) {
    let Some((first, rest)) = path.split_first() else {
        out.push((shown.trim_start_matches('.').to_owned(), value.clone()));
        return;
    };
    match (*first, value) {
        ("*", Value::Array(items)) => {
            items.iter().enumerate().for_each(|(index, item)| at(item, rest, &format!("{shown}[{index}]"), out));
        }
        ("*", Value::Object(map)) => map.iter().for_each(|(key, item)| at(item, rest, &format!("{shown}.{key}"), out)),
        (key, Value::Object(map)) => {
            if let Some(item) = map.get(key).filter(|item| !item.is_null()) {
                at(item, rest, &format!("{shown}.{key}"), out);
            }
        }
        _ => {}
    }
}

/// Checks types and ranges.
pub fn check(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    for (plural, path, wanted) in TYPES.iter().filter(|(plural, ..)| plural.is_empty() || *plural == kind.plural) {
        let mut found = Vec::new();
        at(object, &path.split('.').collect::<Vec<_>>(), "", &mut found);
        for (field, value) in found {
            if !wanted.fits(&value) {
                let text = format!("Invalid value: {value}: {field} in body must be of type {}", wanted.name());
                return Err(Refusal::invalid(kind, name, &field, "FieldValueTypeInvalid", text));
            }
            if !plural.is_empty() {
                range(kind, name, &field, &value)?;
            }
        }
    }
    Ok(())
}

fn range(kind: &Kind, name: &str, field: &str, value: &Value) -> Result<(), Refusal> {
    let number = value.as_i64();
    let refuse =
        |text: String| Err(Refusal::invalid(kind, name, field, "FieldValueInvalid", format!("Invalid value: {value}: {text}")));
    if field == "spec.leaseDurationSeconds" && number == Some(0) {
        return refuse("must be greater than 0".to_owned());
    }
    if number.is_some_and(|n| n < 0) {
        return refuse("must be greater than or equal to 0".to_owned());
    }
    if field.contains("backendRefs") && number.is_some_and(|n| n > 1_000_000) {
        return refuse(format!("{field} in body should be less than or equal to 1000000"));
    }
    if matches!(field, "spec.renewTime" | "spec.acquireTime") && !value.as_str().is_none_or(micro) {
        return refuse("cannot be parsed as \"2006-01-02T15:04:05.000000Z07:00\"".to_owned());
    }
    Ok(())
}

/// Whether a time has microseconds, no more and no less.
fn micro(text: &str) -> bool {
    let digits = text.split_once('.').map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).count());
    text.parse::<jiff::Timestamp>().is_ok() && digits == Some(6)
}

/// What holds between an object before and after a write of its spec; defaults are filled in.
pub fn change(kind: &Kind, name: &str, before: &Value, after: &mut Value) -> Result<(), Refusal> {
    if !matches!(kind.plural, "deployments" | "rollouts") || before["spec"] == after["spec"] {
        return Ok(());
    }
    let refuse = |field: &str, text: &str| Err(Refusal::invalid(kind, name, field, "FieldValueInvalid", text));
    let deployment = kind.plural == "deployments";
    if let Some(spec) = after["spec"].as_object_mut().filter(|_| deployment) {
        if spec.get("replicas").is_none_or(Value::is_null) {
            spec.insert("replicas".to_owned(), 1.into());
        }
        if spec.get("paused") == Some(&Value::Bool(false)) {
            // The server does not keep what is the default.
            spec.shift_remove("paused");
        }
    }
    let spec = &after["spec"];
    if before["spec"]["selector"] != spec["selector"] && deployment {
        return refuse("spec.selector", &format!("Invalid value: {}: field is immutable", spec["selector"]));
    }
    let containers = spec["template"]["spec"]["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        return refuse("spec.template.spec.containers", "Required value");
    }
    if !deployment {
        return Ok(());
    }
    for (index, container) in containers.into_iter().flatten().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                return refuse(&format!("spec.template.spec.containers[{index}].{field}"), "Required value");
            }
        }
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let chosen = spec["selector"]["matchLabels"].as_object();
    if chosen.into_iter().flatten().any(|(key, value)| labels.get(key) != Some(value)) {
        let text = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        return refuse("spec.template.metadata.labels", &text);
    }
    let strategy = &spec["strategy"];
    if strategy["type"] == "Recreate" && !strategy["rollingUpdate"].is_null() {
        let text = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
        return refuse("spec.strategy.rollingUpdate", text);
    }
    Ok(())
}

/// Takes the nulls out of what a client wrote: typed decoding does not know them.
pub fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, member| !member.is_null());
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Drops what a spec does not have, as the server does, and names it.
pub fn prune(kind: &Kind, object: &mut Value) -> Vec<String> {
    let spec = object.get_mut("spec").and_then(Value::as_object_mut);
    let Some((known, spec)) = members(kind).zip(spec) else { return Vec::new() };
    let unknown: Vec<String> = spec.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
    for key in &unknown {
        spec.shift_remove(key);
    }
    unknown.into_iter().map(|key| format!("spec.{key}")).collect()
}
