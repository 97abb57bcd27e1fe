//! `Status` objects: how the API server says no. Texts as observed on Kubernetes 1.36.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::http::{self, Response},
    kinds::Kind,
};

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason; empty where the server gives none.
    pub reason: &'static str,
    /// The text.
    pub message: String,
    /// `details`, or null.
    pub details: Value,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    /// With the object that it is about.
    pub fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        self
    }

    /// No such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())).about(kind, name)
    }

    /// No such resource or subresource.
    pub fn no_resource() -> Self {
        Self { details: json!({}), ..Self::new(404, "NotFound", "the server could not find the requested resource") }
    }

    /// The request itself is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// The object has changed since.
    pub fn conflict(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified()))
            .about(kind, name)
    }

    /// A JSON Patch that could not be applied, whatever the cause.
    pub fn opaque() -> Self {
        Self { details: json!({}), ..Self::new(422, "Invalid", "the server rejected our request due to an error in our request") }
    }

    /// A field that does not pass validation.
    pub fn invalid(kind: &Kind, name: &str, field: &str, why: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        let message = format!("{}.{} \"{name}\" is invalid: {field}: {text}", kind.kind, kind.group);
        let mut refusal = Self::new(422, "Invalid", message.replace(". \"", " \"")).about(kind, name);
        refusal.details["kind"] = kind.kind.into();
        refusal.details["causes"] = json!([{"reason": why, "message": text, "field": field}]);
        refusal
    }

    /// Something that the simulation does not do.
    pub fn not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self { details: json!({}), ..Self::new(405, "MethodNotAllowed", message) }
    }

    /// A body in another media type than these.
    pub fn media_type(taken: &[&str]) -> Self {
        let types = taken.join(", ");
        let message = format!("the body of the request was in an unknown format - accepted media types include: {types}");
        Self { details: json!({}), ..Self::new(415, "UnsupportedMediaType", message) }
    }

    /// A resource version from before the log's beginning.
    pub fn expired(version: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {version} ({oldest})"))
    }

    /// The `Status` object.
    pub fn object(&self) -> Value {
        let mut status =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message});
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status["code"] = self.code.into();
        status
    }

    /// The answer.
    pub fn response(&self) -> Response {
        http::json(StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &self.object())
    }
}
