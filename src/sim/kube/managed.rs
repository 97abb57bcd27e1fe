//! `managedFields`: who wrote what last.

use serde_json::{Value, json};

use super::{kinds::Kind, patch};

/// Who writes, how, and when.
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// The subresource, where it is one.
    pub sub: Option<&'a str>,
    /// The time, in whole seconds.
    pub time: &'a str,
}

/// Notes the writer of what differs between an object before and after.
pub fn sign(kind: &Kind, current: &Value, next: &mut Value, writer: &Writer<'_>) {
    let mut entry = json!({
        "manager": writer.manager,
        "operation": "Update",
        "apiVersion": kind.api_version(),
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields(&patch::difference(current, next)),
    });
    if let Some(sub) = writer.sub {
        entry["subresource"] = sub.into();
    }
    let same = |old: &Value| old["manager"] == entry["manager"] && old["subresource"] == entry["subresource"];
    let mut list: Vec<Value> = current["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    if let Some(place) = list.iter().position(same) {
        // The newest writer stands last.
        let mut old = list.remove(place);
        json_patch::merge(&mut old["fieldsV1"], &entry["fieldsV1"]);
        old["time"] = entry["time"].take();
        list.push(old);
    } else {
        list.push(entry);
    }
    next["metadata"]["managedFields"] = list.into();
}

/// A difference as `fieldsV1` writes it.
fn fields(difference: &Value) -> Value {
    let Some(map) = difference.as_object() else { return json!({}) };
    let own = map.iter().filter(|(key, value)| !value.is_null() && !matches!(key.as_str(), "managedFields" | "generation"));
    Value::Object(own.map(|(key, value)| (format!("f:{key}"), fields(value))).collect())
}
