//! The shape check: a file's tree against the JSON Schema, all faults at once.
//!
//! serde stops at its first error; this walk takes out what is wrong, says why, and goes on.

use serde_json::Value as Json;

use super::{
    fault::{Fault, near},
    tree::{Node, Value},
};

/// Checks `root`, takes out of it what does not fit, and says what that was.
pub(super) fn check(root: &mut Node, schema: &Json) -> Vec<Fault> {
    let mut walk = Walk { schema, faults: vec![] };
    walk.node(root, schema);
    walk.faults
}

struct Walk<'a> {
    schema: &'a Json,
    faults: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn follow(&self, mut schema: &'a Json) -> &'a Json {
        while let Some(to) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            let Some(next) = self.schema.pointer(to) else { break };
            schema = next;
        }
        schema
    }

    /// Whether `node` fits and stays.
    fn node(&mut self, node: &mut Node, schema: &'a Json) -> bool {
        let schema = self.follow(schema);
        if let Some(any) = schema["anyOf"].as_array() {
            let fit = any.iter().map(|s| self.follow(s)).find(|s| fits(&node.value, s["type"].as_str().unwrap_or_default()));
            return match fit {
                Some(one) => self.node(node, one),
                None => self.wrong(node, &any.iter().map(|s| word(s["type"].as_str())).collect::<Vec<_>>().join(" or ")),
            };
        }
        let words: Vec<&str> = schema["oneOf"]
            .as_array()
            .map(|a| a.iter().filter_map(|s| s["const"].as_str()).collect())
            .or_else(|| schema["enum"].as_array().map(|a| a.iter().filter_map(Json::as_str).collect()))
            .unwrap_or_default();
        if !words.is_empty() {
            return self.word(node, &words);
        }
        let kind = schema["type"].as_str().unwrap_or_default();
        if !fits(&node.value, kind) {
            return self.wrong(node, word(Some(kind)));
        }
        match &mut node.value {
            Value::Table(entries) => {
                entries.retain_mut(|(key, below)| self.entry(key, below, schema));
                true
            }
            Value::List(items) => {
                items.retain_mut(|item| self.node(item, &schema["items"]));
                true
            }
            _ => true,
        }
    }

    fn entry(&mut self, key: &str, below: &mut Node, schema: &'a Json) -> bool {
        if let Some(known) = schema["properties"].get(key) {
            return self.node(below, known);
        }
        if schema["additionalProperties"].is_object() {
            return self.node(below, &schema["additionalProperties"]);
        }
        let known: Vec<&str> =
            schema["properties"].as_object().map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
        let mend = match near(key, known.iter().copied()) {
            _ if key == "token" => "a token never stands here: name it with token_env or token_file".to_owned(),
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.faults.push(below.at.fault(format!("unknown key {key:?}"), mend));
        false
    }

    fn word(&mut self, node: &Node, words: &[&str]) -> bool {
        let Some(text) = node.text() else { return self.wrong(node, "text") };
        if words.contains(&text) {
            return true;
        }
        let mend = match near(text, words.iter().copied()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("write {}", words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(" or ")),
        };
        self.faults.push(node.at.fault(format!("unknown value {text:?}"), mend));
        false
    }

    fn wrong(&mut self, node: &Node, wanted: &str) -> bool {
        let mend = match (wanted, &node.value) {
            ("text", Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Date(_)) => "put it in quotes".to_owned(),
            ("a list", Value::Text(text)) => format!("write [{text:?}]"),
            ("true or false", Value::Text(text)) if text == "true" || text == "false" => format!("write {text} without quotes"),
            ("a whole number", Value::Text(text)) if text.parse::<i64>().is_ok() => format!("write {text} without quotes"),
            _ => format!("write {wanted}"),
        };
        self.faults.push(node.at.fault(format!("this is {}, not {wanted}", node.value.kind()), mend));
        false
    }
}

fn fits(value: &Value, kind: &str) -> bool {
    match value {
        Value::Text(_) => kind == "string",
        Value::Integer(_) => kind == "integer" || kind == "number",
        Value::Float(_) => kind == "number",
        Value::Bool(_) => kind == "boolean",
        Value::Date(_) => false,
        Value::List(_) => kind == "array",
        Value::Table(_) => kind == "object",
    }
}

fn word(kind: Option<&str>) -> &'static str {
    match kind {
        Some("string") => "text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        _ => "a table",
    }
}
