//! Writes: guarded by version and uid, dry where asked, with the generation raised as the real server does.

use std::sync::Arc;

use ::http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    super::{
        http::{self, Request, Response, Shared},
        world::{Cluster, World},
    },
    Target, controller,
    kinds::{Kind, Writes},
    patch,
    status::Refusal,
    store::{Key, Store},
    validate,
};

/// Answers POST, PUT, PATCH and DELETE.
pub fn write(shared: &Shared, cluster: Cluster, target: &Target, request: &Request) -> Result<Response, Refusal> {
    let kind = target.kind;
    let allowed = match request.method {
        Method::POST | Method::DELETE => {
            kind.writes == Writes::All && target.sub.is_none() && (request.method == Method::POST) == target.name.is_none()
        }
        Method::PUT | Method::PATCH => kind.writes != Writes::None && target.name.is_some(),
        _ => false,
    };
    if !allowed {
        return Err(Refusal::not_allowed());
    }
    let dry = dry(request)?;
    let world = shared.world();
    let now = shared.now();
    let mut store = shared.cluster(cluster);
    let mut scene = Scene { store: &mut store, world: &world, target, request, dry, time: now.to_string() };
    match request.method {
        Method::POST => scene.create(),
        Method::DELETE => scene.delete(),
        _ => {
            let (answer, written) = scene.update()?;
            if let Some((before, after)) = written {
                let minute = world.minutes(now);
                let reaction = controller::react(&world, cluster, kind, &before, &after, minute);
                shared.note(reaction.notes);
                // The controller's own writes come after the client's, as events of their own.
                store.tick(&shared.world(), minute);
                let key = Key::new(kind, target.namespace.as_deref().unwrap_or(""), target.name.as_deref().unwrap_or(""));
                store.settle(&key, reaction.restore, reaction.observe);
            }
            Ok(answer)
        }
    }
}

/// Whether nothing is to be stored.
fn dry(request: &Request) -> Result<bool, Refusal> {
    let asked: Vec<&str> = request
        .query
        .iter()
        .filter(|(key, _)| key == "dryRun")
        .map(|(_, value)| value.as_str())
        .filter(|v| !v.is_empty())
        .collect();
    match asked.iter().find(|value| **value != "All") {
        Some(value) => Err(Refusal::new(
            422,
            "Invalid",
            format!(
                "PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"{value}\": supported values: \"All\""
            ),
        )),
        None => Ok(!asked.is_empty()),
    }
}

/// An object before and after a write that changed it.
type Written = (Arc<Value>, Arc<Value>);

struct Scene<'a> {
    store: &'a mut Store,
    world: &'a World,
    target: &'a Target,
    request: &'a Request,
    dry: bool,
    time: String,
}

impl Scene<'_> {
    fn kind(&self) -> &'static Kind {
        self.target.kind
    }

    fn namespace(&self) -> &str {
        self.target.namespace.as_deref().unwrap_or("")
    }

    fn body(&self) -> Result<Value, Refusal> {
        let media = self.request.header("content-type").unwrap_or("application/json");
        if !media.starts_with("application/json") {
            return Err(Refusal::media_type(self.kind().custom));
        }
        let value: Value = serde_json::from_slice(&self.request.body)
            .map_err(|why| Refusal::bad(format!("couldn't get version/kind; json parse error: {why}")))?;
        let (kind, version) = (self.kind().kind, self.kind().api_version());
        if value["kind"].as_str().is_some_and(|k| k != kind)
            || value["apiVersion"].as_str().is_some_and(|v| v != version)
            || !value.is_object()
        {
            return Err(Refusal::bad(format!("the object provided is unrecognized (must be of type {kind})")));
        }
        Ok(value)
    }

    /// The answer, and the object before and after if it was changed.
    fn update(&mut self) -> Result<(Response, Option<Written>), Refusal> {
        let (kind, name) = (self.kind(), self.target.name.clone().unwrap_or_default());
        let key = Key::new(kind, self.namespace(), &name);
        let current = self.store.get(&key).ok_or_else(|| Refusal::not_found(kind, &name))?;
        let put = self.request.method == Method::PUT;
        let asked = if put {
            self.body()?
        } else {
            patch::apply(kind, self.request.header("content-type").unwrap_or(""), &self.request.body, &current)?
        };
        if asked["metadata"]["name"].as_str().unwrap_or(&name) != name {
            return Err(Refusal::bad(format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                asked["metadata"]["name"]
            )));
        }
        guard(kind, &name, &current, &asked, put)?;
        let status = self.target.sub.is_some();
        if !(status && kind.custom) {
            identity(kind, &name, &current, &asked, put)?;
        }
        let mut next = settle(kind, &current, asked, status);
        let warnings = self.prune(&name, &mut next)?;
        validate::check(kind, &name, &next)?;
        if next == *current {
            return Ok((answer(StatusCode::OK, &current, &warnings), None));
        }
        raise(kind, &current, &mut next, status);
        self.sign(&current, &mut next);
        if self.dry {
            return Ok((answer(StatusCode::OK, &next, &warnings), None));
        }
        let stored = self.store.put(key, Some(next)).ok_or_else(Refusal::no_resource)?;
        Ok((answer(StatusCode::OK, &stored, &warnings), Some((current, stored))))
    }

    fn prune(&self, name: &str, next: &mut Value) -> Result<Vec<String>, Refusal> {
        let unknown = validate::prune(self.kind(), next);
        if let (Some(field), Some("Strict")) = (unknown.first(), self.request.param("fieldValidation")) {
            let text = format!("strict decoding error: unknown field \"{field}\"");
            return Err(Refusal::invalid(self.kind(), name, "patch", "FieldValueInvalid", text));
        }
        Ok(unknown)
    }

    /// Notes the writer in `managedFields`.
    fn sign(&self, current: &Value, next: &mut Value) {
        let agent = || self.request.header("user-agent").and_then(|agent| agent.split('/').next()).unwrap_or("unknown");
        let manager = self.request.param("fieldManager").filter(|text| !text.is_empty()).unwrap_or_else(agent).to_owned();
        let mut entry = json!({
            "manager": manager,
            "operation": "Update",
            "apiVersion": self.kind().api_version(),
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields(&patch::difference(current, next)),
        });
        if let Some(sub) = &self.target.sub {
            entry["subresource"] = sub.as_str().into();
        }
        let same = |old: &Value| old["manager"] == entry["manager"] && old["subresource"] == entry["subresource"];
        let mut list: Vec<Value> = current["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        if let Some(old) = list.iter_mut().find(|old| same(old)) {
            json_patch::merge(&mut old["fieldsV1"], &entry["fieldsV1"]);
            old["time"] = entry["time"].clone();
        } else {
            list.push(entry);
        }
        next["metadata"]["managedFields"] = list.into();
    }

    fn create(&mut self) -> Result<Response, Refusal> {
        let kind = self.kind();
        let mut object = self.body()?;
        let namespace = self.namespace().to_owned();
        let spaces = super::kinds::named("namespaces");
        if self.store.get(&Key::new(spaces, "", &namespace)).is_none() {
            return Err(Refusal::not_found(spaces, &namespace));
        }
        if object["metadata"]["namespace"].as_str().is_some_and(|own| own != namespace) {
            return Err(Refusal::bad(format!(
                "the namespace of the provided object does not match the namespace sent on the request ({namespace})"
            )));
        }
        let name = object["metadata"]["name"].as_str().unwrap_or("").to_owned();
        if !valid(&name) {
            let why = if name.is_empty() {
                "Required value: name or generateName is required".to_owned()
            } else {
                format!(
                    "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
                )
            };
            return Err(Refusal::invalid(kind, &name, "metadata.name", "FieldValueInvalid", why));
        }
        let key = Key::new(kind, &namespace, &name);
        if self.store.get(&key).is_some() {
            return Err(
                Refusal::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.qualified())).about(kind, &name)
            );
        }
        let warnings = self.prune(&name, &mut object)?;
        validate::check(kind, &name, &object)?;
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.kind.into();
        let uid = self.store.uid(self.world, kind, &name);
        let metadata = object["metadata"].as_object_mut().ok_or_else(|| Refusal::bad("metadata: expected an object"))?;
        metadata.shift_remove("resourceVersion");
        metadata.insert("namespace".to_owned(), namespace.into());
        metadata.insert("uid".to_owned(), uid.into());
        metadata.insert(
            "creationTimestamp".to_owned(),
            self.time.split('.').next().map(|t| format!("{}Z", t.trim_end_matches('Z'))).into(),
        );
        if self.dry {
            return Ok(answer(StatusCode::CREATED, &object, &warnings));
        }
        let stored = self.store.put(key, Some(object)).ok_or_else(Refusal::no_resource)?;
        Ok(answer(StatusCode::CREATED, &stored, &warnings))
    }

    fn delete(&mut self) -> Result<Response, Refusal> {
        let (kind, name) = (self.kind(), self.target.name.clone().unwrap_or_default());
        let key = Key::new(kind, self.namespace(), &name);
        let current = self.store.get(&key).ok_or_else(|| Refusal::not_found(kind, &name))?;
        let options: Value = if self.request.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&self.request.body).map_err(|why| Refusal::bad(why.to_string()))?
        };
        for (field, label) in [("resourceVersion", "ResourceVersion"), ("uid", "UID")] {
            let (wanted, found) = (&options["preconditions"][field], &current["metadata"][field]);
            if !wanted.is_null() && wanted != found {
                return Err(precondition(kind, &name, label, wanted, found));
            }
        }
        if !self.dry {
            self.store.put(key, None);
        }
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural, "uid": current["metadata"]["uid"]});
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
        Ok(answer(StatusCode::OK, &status, &[]))
    }
}

fn answer(code: StatusCode, object: &Value, warnings: &[String]) -> Response {
    let mut response = http::json(code, object);
    for field in warnings {
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"unknown field \\\"{field}\\\"\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

fn precondition(kind: &Kind, name: &str, label: &str, wanted: &Value, found: &Value) -> Refusal {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let why = format!("Precondition failed: {label} in precondition: {}, {label} in object meta: {}", text(wanted), text(found));
    Refusal::new(409, "Conflict", format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified()))
        .about(kind, name)
}

/// The version that the writer saw must be the one that stands.
fn guard(kind: &Kind, name: &str, current: &Value, asked: &Value, put: bool) -> Result<(), Refusal> {
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

fn identity(kind: &Kind, name: &str, current: &Value, asked: &Value, put: bool) -> Result<(), Refusal> {
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
fn settle(kind: &Kind, current: &Value, asked: Value, status: bool) -> Value {
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
fn raise(kind: &Kind, current: &Value, next: &mut Value, status: bool) {
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

/// A difference as `fieldsV1` writes it.
fn fields(difference: &Value) -> Value {
    let Some(map) = difference.as_object() else { return json!({}) };
    let own = map.iter().filter(|(key, value)| !value.is_null() && !matches!(key.as_str(), "managedFields" | "generation"));
    Value::Object(own.map(|(key, value)| (format!("f:{key}"), fields(value))).collect())
}

/// A lower-case RFC 1123 subdomain.
fn valid(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    name.len() <= 253 && name.chars().all(good) && edge(name.chars().next()) && edge(name.chars().last())
}
