//! What is sent, as data.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::SafeText;

/// What stands for the id of the operation in a rendered marker, until the operation is sent.
pub const OP: &str = "{op}";

/// What stands for a word on who did what, until the operation is sent.
pub const NOTE: &str = "{note}";
/// Under which name our writes stand in an object's list of writers (`managedFields`).
pub const WRITER: &str = "gonogo";

/// How far a write is protected against acting on a changed world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// The server refuses it when the object has changed.
    Guarded,
    /// Sending it twice is like sending it once.
    Idempotent,
    /// Neither.
    BestEffort,
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Guarded => "guarded",
            Self::Idempotent => "idempotent",
            Self::BestEffort => "best effort",
        })
    }
}

/// A method of HTTP that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// A change of what is there.
    Patch,
    /// The whole object anew.
    Put,
    /// A new object, or a question that is asked by a body.
    Post,
}

impl Method {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyKind {
    /// A merge patch (RFC 7386).
    #[serde(rename = "application/merge-patch+json")]
    MergePatch,
    /// A list of operations (RFC 6902).
    #[serde(rename = "application/json-patch+json")]
    JsonPatch,
    /// An object.
    #[serde(rename = "application/json")]
    Json,
}

impl BodyKind {
    /// The content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::MergePatch => "application/merge-patch+json",
            Self::JsonPatch => "application/json-patch+json",
            Self::Json => "application/json",
        }
    }
}

impl fmt::Display for BodyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.content_type())
    }
}

/// One request, as data: consent text, plan hash, dry run, journal and golden tests read this one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub verb: Method,
    /// The path with its query, below the server's base.
    pub path: SafeText,
    /// What the body is.
    pub content_type: BodyKind,
    /// The body; where it carries the marker, [`OP`] stands for the operation's id.
    pub body: Value,
    /// How it is protected.
    pub guard: Guarantee,
    /// Whether it carries the marker, so that the object itself testifies that it was applied.
    pub marked: bool,
    /// The same for a host without gonogo: a kubectl, gh or curl line.
    pub by_hand: SafeText,
}

impl Request {
    /// The same as it is sent by the operation `op`, with a word on who does it.
    #[must_use]
    pub fn by(&self, op: &str, note: &str) -> Self {
        if !self.marked {
            return self.clone();
        }
        let mut sent = self.clone();
        mark(&mut sent.body, op, note);
        sent
    }
}

/// Puts the id and the note where they belong, and nowhere else: a template may hold the same letters.
fn mark(body: &mut Value, op: &str, note: &str) {
    let put = |value: &mut Value| {
        if let Value::String(text) = value {
            *text = text.replace(OP, op).replace(NOTE, note);
        }
    };
    match body {
        Value::Array(lines) => {
            let annotation = |line: &&mut Value| line["path"].as_str().is_some_and(|p| p.starts_with("/metadata/annotations/"));
            lines.iter_mut().filter(annotation).for_each(|line| put(&mut line["value"]));
        }
        Value::Object(_) => {
            let annotations = body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
            annotations.into_iter().flat_map(|a| a.values_mut()).for_each(put);
        }
        _ => {}
    }
}

/// What a server said to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The status code.
    pub status: u16,
    /// The version of the object after it.
    pub resource_version: Option<Arc<str>>,
}
