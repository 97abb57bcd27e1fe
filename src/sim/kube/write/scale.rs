//! The subresource `/scale`: the number of pods of a workload, and nothing else of it.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{super::http::Response, kinds::Kind, status::Refusal, store::Key, validate},
    Scene, Written,
    guard::{guard, identity, raise},
};

/// The `Scale` of a workload.
pub fn view(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut out = json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {}, "spec": {}, "status": {}});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = metadata.get(field) {
            out["metadata"][field] = value.clone();
        }
    }
    out["spec"]["replicas"] = object["spec"]["replicas"].clone();
    out["status"]["replicas"] = object["status"]["replicas"].as_u64().unwrap_or(0).into();
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let pairs = labels.into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")));
    out["status"]["selector"] = pairs.collect::<Vec<_>>().join(",").into();
    out
}

/// Whether a resource has it.
pub fn has(kind: &Kind) -> bool {
    matches!(kind.plural, "deployments" | "rollouts")
}

impl Scene<'_> {
    /// Answers PUT and PATCH of `/scale`.
    pub(super) fn scale(&mut self) -> Result<(Response, Option<Written>), Refusal> {
        let (kind, name) = (self.kind(), self.target.name.clone().unwrap_or_default());
        let key = Key::new(kind, self.namespace(), &name);
        let current = self.store.get(&key).ok_or_else(|| Refusal::not_found(kind, &name))?;
        let (asked, put) = self.asked(&view(&current), ("Scale", "autoscaling/v1"))?;
        guard(kind, &name, &current, &asked, put)?;
        identity(kind, &name, &current, &asked, put)?;
        let mut next = Value::clone(&current);
        // What a PUT leaves out is zero.
        next["spec"]["replicas"] = asked["spec"].get("replicas").cloned().unwrap_or_else(|| 0.into());
        validate::check(kind, &name, &next)?;
        if next == *current {
            return Ok((self.answer(StatusCode::OK, &view(&current), &[]), None));
        }
        raise(kind, &current, &mut next, false);
        self.sign(&current, &mut next);
        if self.dry {
            return Ok((self.answer(StatusCode::OK, &view(&next), &[]), None));
        }
        let stored = self.store.put(key, Some(next)).ok_or_else(Refusal::no_resource)?;
        Ok((self.answer(StatusCode::OK, &view(&stored), &[]), Some((current, stored))))
    }
}
