//! New objects, and the end of objects.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        super::http::{self, Response},
        kinds,
        status::Refusal,
        store::Key,
        validate,
    },
    Scene,
    guard::precondition,
};

impl Scene<'_> {
    /// Answers POST.
    pub(super) fn create(&mut self) -> Result<Response, Refusal> {
        let kind = self.kind();
        let mut object = self.body((kind.kind, &kind.api_version()))?;
        let namespace = self.namespace().to_owned();
        let spaces = kinds::named("namespaces");
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
        metadata.insert("creationTimestamp".to_owned(), self.time.as_str().into());
        if self.dry {
            return Ok(self.answer(StatusCode::CREATED, &object, &warnings));
        }
        let stored = self.store.put(key, Some(object)).ok_or_else(Refusal::no_resource)?;
        Ok(self.answer(StatusCode::CREATED, &stored, &warnings))
    }

    /// Answers DELETE.
    pub(super) fn delete(&mut self) -> Result<Response, Refusal> {
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
        Ok(http::json(StatusCode::OK, &status))
    }
}

/// A lower-case RFC 1123 subdomain.
fn valid(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    name.len() <= 253 && name.chars().all(good) && edge(name.chars().next()) && edge(name.chars().last())
}
