//! Writes: guarded by version and uid, dry where asked, with the generation raised as the real server does.

mod create;
mod guard;
pub mod scale;

use std::sync::Arc;

use ::http::{HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::{
    super::{
        http::{self, Request, Response, Shared},
        world::{Cluster, World},
    },
    Target, controller,
    kinds::{Kind, Writes},
    managed::{self, Writer},
    media::{self, Form},
    patch,
    status::Refusal,
    store::{Key, Store},
    validate,
};
use guard::{guard, identity, raise, settle};

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
    media::readable(kind, request)?;
    let form = Form::of(request)?;
    let dry = dry(request)?;
    let world = shared.world();
    let now = shared.now();
    let mut store = shared.cluster(cluster);
    let mut scene = Scene { store: &mut store, world: &world, target, request, form, dry, time: whole(now) };
    match request.method {
        Method::POST => scene.create(),
        Method::DELETE => scene.delete(),
        _ => {
            let (answer, written) = if target.sub.as_deref() == Some("scale") { scene.scale()? } else { scene.update()? };
            if let Some((before, after)) = written {
                let minute = world.minutes(now);
                let reaction = controller::react(&world, cluster, kind, &before, &after, minute);
                shared.note(reaction.notes);
                // The controller's own writes come after the client's, as events of their own.
                shared.bring(&mut store, minute);
                let key = Key::new(kind, target.namespace.as_deref().unwrap_or(""), target.name.as_deref().unwrap_or(""));
                store.settle(&key, reaction.restore, reaction.observe);
                store.drift(&world, key, minute);
            }
            Ok(answer)
        }
    }
}

/// A time as objects have it: whole seconds.
fn whole(now: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
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
    /// The form in which the object is given back.
    form: Form,
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

    /// What a PUT or PATCH asks an object to be, and whether it is a PUT.
    fn asked(&self, current: &Value, kind: (&str, &str)) -> Result<(Value, bool), Refusal> {
        if self.request.method == Method::PUT {
            return Ok((self.body(kind)?, true));
        }
        Ok((patch::apply(self.kind(), media::of(self.request), &self.request.body, current)?, false))
    }

    fn body(&self, (kind, version): (&str, &str)) -> Result<Value, Refusal> {
        let value: Value = serde_json::from_slice(&self.request.body)
            .map_err(|why| Refusal::bad(format!("couldn't get version/kind; json parse error: {why}")))?;
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
        let (asked, put) = self.asked(&current, (kind.kind, &kind.api_version()))?;
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
        if let Some(spec) = next.get_mut("spec") {
            validate::strip(spec);
        }
        let warnings = self.prune(&name, &mut next)?;
        validate::check(kind, &name, &next)?;
        validate::change(kind, &name, &current, &mut next)?;
        if next == *current {
            return Ok((self.answer(StatusCode::OK, &current, &warnings), None));
        }
        raise(kind, &current, &mut next, status);
        self.sign(&current, &mut next);
        if self.dry {
            return Ok((self.answer(StatusCode::OK, &next, &warnings), None));
        }
        let stored = self.store.put(key, Some(next)).ok_or_else(Refusal::no_resource)?;
        Ok((self.answer(StatusCode::OK, &stored, &warnings), Some((current, stored))))
    }

    fn prune(&self, name: &str, next: &mut Value) -> Result<Vec<String>, Refusal> {
        let unknown = validate::prune(self.kind(), next);
        match (unknown.first(), self.request.param("fieldValidation").unwrap_or("")) {
            (Some(field), "Strict") => {
                let text = format!("strict decoding error: unknown field \"{field}\"");
                Err(Refusal::invalid(self.kind(), name, "patch", "FieldValueInvalid", text))
            }
            (_, "Ignore") => Ok(vec![]),
            (_, "" | "Warn" | "Strict") => Ok(unknown),
            (_, other) => {
                let known = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
                let text = format!("fieldValidation: Unsupported value: \"{other}\": {known}");
                Err(Refusal::new(422, "Invalid", format!("PatchOptions.meta.k8s.io \"\" is invalid: {text}")))
            }
        }
    }

    /// Notes the writer in `managedFields`.
    fn sign(&self, current: &Value, next: &mut Value) {
        let agent = || self.request.header("user-agent").and_then(|agent| agent.split('/').next()).unwrap_or("unknown");
        let manager = self.request.param("fieldManager").filter(|text| !text.is_empty()).unwrap_or_else(agent);
        let writer = Writer { manager, sub: self.target.sub.as_deref(), time: &self.time };
        managed::sign(self.kind(), current, next, &writer);
    }

    /// An object as it is given back, with a warning for each field that was dropped.
    fn answer(&self, code: StatusCode, object: &Value, warnings: &[String]) -> Response {
        let mut response = http::json(code, &self.form.shape(object));
        for field in warnings {
            if let Ok(value) = HeaderValue::from_str(&format!("299 - \"unknown field \\\"{field}\\\"\"")) {
                response.headers_mut().append(header::WARNING, value);
            }
        }
        response
    }
}
