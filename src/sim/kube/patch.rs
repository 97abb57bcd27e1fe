//! The patch types, with the API server's deviations from the RFCs.

use serde_json::{Map, Value, json};

use super::{kinds::Kind, media, status::Refusal};

/// Applies a patch of a media type to an object.
pub fn apply(kind: &Kind, form: &str, body: &[u8], object: &Value) -> Result<Value, Refusal> {
    let decode = || serde_json::from_slice::<Value>(body).map_err(|why| Refusal::bad(format!("error decoding patch: {why}")));
    let mut next = object.clone();
    match form {
        media::JSON_PATCH => json_patch(&decode()?, &mut next)?,
        media::MERGE_PATCH => merge(&mut next, decode()?)?,
        media::STRATEGIC if !kind.custom => {
            let patch = decode()?;
            if !patch.is_object() {
                return Err(Refusal::bad("error decoding patch: expected an object"));
            }
            strategic(&mut next, &patch);
        }
        _ => return Err(Refusal::media_type(media::patches(kind))),
    }
    Ok(next)
}

fn merge(object: &mut Value, patch: Value) -> Result<(), Refusal> {
    if !patch.is_object() {
        return Err(Refusal::bad("error decoding patch: expected an object"));
    }
    ::json_patch::merge(object, &patch);
    Ok(())
}

/// JSON Patch: whatever goes wrong, `test` included, is the same 422 without details; `replace` of a missing
/// member of an existing map adds it, and `test` against null passes on a missing one.
fn json_patch(patch: &Value, object: &mut Value) -> Result<(), Refusal> {
    let Some(list) = patch.as_array() else {
        return Err(Refusal::bad("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"));
    };
    for operation in list {
        let mut operation = operation.clone();
        let verb = operation["op"].as_str().unwrap_or("").to_owned();
        let path = operation["path"].as_str().unwrap_or("").to_owned();
        if object.pointer(&path).is_none() && parent(object, &path) {
            match verb.as_str() {
                "replace" => operation["op"] = "add".into(),
                "test" if operation["value"].is_null() => continue,
                _ => {}
            }
        }
        let parsed: ::json_patch::PatchOperation = serde_json::from_value(operation).map_err(|_| Refusal::opaque())?;
        ::json_patch::patch(object, &[parsed]).map_err(|_| Refusal::opaque())?;
    }
    Ok(())
}

/// Whether the parent of a pointer is an existing map.
fn parent(object: &Value, path: &str) -> bool {
    path.rsplit_once('/').and_then(|(up, _)| object.pointer(up)).is_some_and(Value::is_object)
}

/// The member that identifies an item of a list, where strategic merge treats the list as a map.
fn merge_key(field: &str) -> Option<&'static str> {
    match field {
        "containers" | "initContainers" | "volumes" | "env" | "imagePullSecrets" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "conditions" => Some("type"),
        "ownerReferences" => Some("uid"),
        _ => None,
    }
}

fn item_key(field: &str, items: &[Value]) -> Option<&'static str> {
    // Container ports merge by containerPort, Service ports by port.
    let ports = || if items.iter().any(|item| item.get("containerPort").is_some()) { "containerPort" } else { "port" };
    merge_key(field).or_else(|| (field == "ports").then(ports))
}

fn strategic(object: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        let rest = patch.iter().filter(|(key, _)| *key != "$patch").map(|(key, value)| (key.clone(), value.clone()));
        *object = Value::Object(rest.collect());
        return;
    }
    if !object.is_object() {
        *object = json!({});
    }
    let Some(map) = object.as_object_mut() else { return };
    for (field, value) in patch.iter().filter(|(field, _)| !field.starts_with('$')) {
        member(map, field, value);
    }
}

fn member(map: &mut Map<String, Value>, field: &str, value: &Value) {
    match value {
        Value::Null => {
            map.shift_remove(field);
        }
        Value::Object(_) => strategic(map.entry(field).or_insert_with(|| json!({})), value),
        Value::Array(items) => match item_key(field, items) {
            Some(key) => items_by(map.entry(field).or_insert_with(|| json!([])), items, key),
            None => {
                map.insert(field.to_owned(), value.clone());
            }
        },
        _ => {
            map.insert(field.to_owned(), value.clone());
        }
    }
}

fn items_by(list: &mut Value, items: &[Value], key: &str) {
    let Some(list) = list.as_array_mut() else { return };
    for item in items {
        let place = list.iter().position(|old| old.get(key) == item.get(key));
        match (item.get("$patch").and_then(Value::as_str), place) {
            (Some("delete"), Some(place)) => {
                list.remove(place);
            }
            (Some("delete"), None) => {}
            (_, Some(place)) => strategic(&mut list[place], item),
            (_, None) => list.push(item.clone()),
        }
    }
}

/// The merge patch that turns `old` into `new`; lists are replaced whole.
pub fn difference(old: &Value, new: &Value) -> Value {
    let (Some(from), Some(to)) = (old.as_object(), new.as_object()) else { return new.clone() };
    let mut patch = Map::new();
    for (key, value) in to {
        match from.get(key) {
            Some(before) if before == value => {}
            Some(before) => {
                patch.insert(key.clone(), difference(before, value));
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::kinds, apply, difference};

    fn try_patch(kind: &str, media: &str, patch: &Value) -> Result<Value, u16> {
        let object = json!({"metadata": {"name": "web"}, "spec": {"a": 1, "containers": [{"name": "x", "image": "x:1", "env": [{"name": "A", "value": "1"}]}]}});
        apply(kinds::named(kind), &format!("application/{media}+json"), patch.to_string().as_bytes(), &object).map_err(|r| r.code)
    }

    #[test]
    fn json_patch_as_the_server_does_it() {
        let ok = |patch: Value| try_patch("deployments", "json-patch", &patch).map(|o| o["spec"].clone());
        let table = [
            (json!([{"op": "replace", "path": "/spec/b", "value": 2}]), Ok(2)),
            (json!([{"op": "test", "path": "/spec/b", "value": null}, {"op": "add", "path": "/spec/b", "value": 3}]), Ok(3)),
            (json!([{"op": "test", "path": "/spec/a", "value": 2}]), Err(422)),
            (json!([{"op": "test", "path": "/nope/a", "value": null}]), Err(422)),
            (json!([{"op": "remove", "path": "/spec/b"}]), Err(422)),
            (json!([{"op": "add", "path": "/metadata/annotations/k", "value": "v"}]), Err(422)),
            (json!([{"op": "frob", "path": "/spec/b"}]), Err(422)),
            (json!({"op": "add"}), Err(400)),
        ];
        for (patch, expected) in table {
            assert_eq!(ok(patch.clone()).map(|spec| spec["b"].as_i64().unwrap()), expected, "{patch}");
        }
    }

    #[test]
    fn strategic_merges_by_name_and_is_not_for_custom_resources() {
        let patch = json!({"spec": {"$setElementOrder/containers": [{"name": "x"}], "containers": [{"name": "x", "image": "x:2"}], "a": null}});
        assert_eq!(try_patch("rollouts", "strategic-merge-patch", &patch), Err(415));
        let spec = try_patch("deployments", "strategic-merge-patch", &patch).unwrap()["spec"].clone();
        assert_eq!(spec, json!({"containers": [{"name": "x", "image": "x:2", "env": [{"name": "A", "value": "1"}]}]}));
    }

    #[test]
    fn a_difference_applied_gives_the_new() {
        let (old, new) = (json!({"a": {"b": 1, "c": [1]}, "d": 1}), json!({"a": {"b": 2, "c": [1, 2]}, "e": {}}));
        let mut object = old.clone();
        ::json_patch::merge(&mut object, &difference(&old, &new));
        assert_eq!(object, new);
        assert_eq!(difference(&old, &old), json!({}));
    }
}
