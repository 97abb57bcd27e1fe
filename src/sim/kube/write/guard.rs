//! What a write may do to an object: to which version, which object, which part.

use serde_json::{Map, Value, json};

use super::super::{kinds::Kind, status::Refusal};

/// A precondition that does not hold.
pub fn precondition(kind: &Kind, name: &str, label: &str, wanted: &Value, found: &Value) -> Refusal {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let why = format!("Precondition failed: {label} in precondition: {}, {label} in object meta: {}", text(wanted), text(found));
    Refusal::new(409, "Conflict", format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified()))
        .about(kind, name)
}

/// The version that the writer saw must be the one that stands.
pub fn guard(kind: &Kind, name: &str, current: &Value, asked: &Value, put: bool) -> Result<(), Refusal> {
    let version = asked["metadata"]["resourceVersion"].as_str().unwrap_or("");
    if version.is_empty() {
        // A PUT without a version overwrites most built-in kinds.
        return if put && (kind.custom || kind.plural == "leases") {
            Err(Refusal::invalid(
                kind,
                name,
                "metadata.resourceVersion",
                "FieldValueInvalid",
                "Invalid value: 0: must be specified for an update",
            ))
        } else {
            Ok(())
        };
    }
    if version.parse::<u64>().is_err() {
        return Err(Refusal::new(
            500,
            "",
            format!("resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax"),
        ));
    }
    if current["metadata"]["resourceVersion"] == version { Ok(()) } else { Err(Refusal::conflict(kind, name)) }
}

pub fn identity(kind: &Kind, name: &str, current: &Value, asked: &Value, put: bool) -> Result<(), Refusal> {
    let (wanted, found) = (&asked["metadata"]["uid"], &current["metadata"]["uid"]);
    if wanted.is_null() || wanted == found {
        return Ok(());
    }
    if put {
        return Err(precondition(kind, name, "UID", wanted, found));
    }
    Err(Refusal::invalid(kind, name, "metadata.uid", "FieldValueInvalid", format!("Invalid value: {wanted}: field is immutable")))
}

/// What a write may change: `/status` the status, anything else everything but the status; never the server's own metadata.
pub fn settle(kind: &Kind, current: &Value, asked: Value, status: bool) -> Value {
    let mut next = if status { current.clone() } else { asked.clone() };
    let from = if status { &asked } else { current };
    if (status || kind.status)
        && let Some(map) = next.as_object_mut()
    {
        match from.get("status").filter(|value| !value.is_null()) {
            Some(value) => map.insert("status".to_owned(), value.clone()),
            None => map.shift_remove("status"),
        };
    }
    for field in ["apiVersion", "kind"] {
        next[field] = current[field].clone();
    }
    if !next["metadata"].is_object() {
        next["metadata"] = json!({});
    }
    if let (Some(to), Some(from)) = (next["metadata"].as_object_mut(), current["metadata"].as_object()) {
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
            match from.get(field) {
                Some(value) => to.insert(field.to_owned(), value.clone()),
                None => to.shift_remove(field),
            };
        }
        for field in ["annotations", "labels"] {
            if to.get(field).is_some_and(|map| map.as_object().is_some_and(Map::is_empty) || map.is_null()) {
                to.shift_remove(field);
            }
        }
    }
    next
}

/// Raises the generation where the kind has one: on changes outside metadata and status, on Deployments of annotations, too.
pub fn raise(kind: &Kind, current: &Value, next: &mut Value, status: bool) {
    let Some(generation) = current["metadata"]["generation"].as_i64().filter(|_| !status) else { return };
    let rest = |value: &Value| {
        let mut map = value.as_object().cloned().unwrap_or_default();
        map.shift_remove("metadata");
        map.shift_remove("status");
        map
    };
    let annotated = kind.plural == "deployments" && current["metadata"]["annotations"] != next["metadata"]["annotations"];
    if annotated || rest(current) != rest(next) {
        next["metadata"]["generation"] = (generation + 1).into();
    }
}
