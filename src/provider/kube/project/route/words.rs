//! What a rule matches, in words.

use serde_json::{Map, Value};

use crate::domain::SafeText;

/// The most alternatives of one rule that are kept.
const ALTERNATIVES: usize = 16;

/// The alternatives in words; none where one of them takes everything.
pub(super) fn all(raw: Option<&[Value]>, say: fn(&Value) -> Option<String>) -> Vec<SafeText> {
    let mut out = vec![];
    for one in raw.unwrap_or_default() {
        match say(one) {
            Some(text) => out.push(SafeText::capped(&text, 200)),
            None => return vec![],
        }
    }
    out.truncate(ALTERNATIVES);
    out
}

/// The conditions of one alternative that narrow it, joined; `None` where it takes everything.
fn joined(parts: Vec<String>) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// `header x-canary=always`, `header x-canary~reg.*`; a form that we do not know is shown as it is.
fn istio_text(what: &str, raw: &Value) -> String {
    let said = raw.as_object().and_then(|m| m.iter().next());
    match said.map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default())) {
        Some(("exact", v)) => format!("{what}={v}"),
        Some(("prefix", v)) => format!("{what}={v}*"),
        Some(("regex", v)) => format!("{what}~{v}"),
        Some(_) => format!("{what} {raw}"),
        None => what.to_owned(),
    }
}

/// A path, where it narrows.
fn istio_path(raw: &Value) -> Option<String> {
    match (raw["prefix"].as_str(), raw["exact"].as_str(), raw["regex"].as_str()) {
        (Some("/"), ..) => None,
        (Some(prefix), ..) => Some(format!("path {prefix}*")),
        (_, Some(exact), _) => Some(format!("path {exact}")),
        (.., Some(".*" | "/.*")) => None,
        (.., Some(regex)) => Some(format!("path ~{regex}")),
        _ => Some(format!("path {raw}")),
    }
}

fn map(raw: &Value) -> impl Iterator<Item = (&String, &Value)> {
    raw.as_object().into_iter().flat_map(Map::iter)
}

/// One alternative of a VirtualService.
pub(super) fn istio(raw: &Value) -> Option<String> {
    let mut parts = vec![];
    for (key, value) in map(raw) {
        match key.as_str() {
            "name" | "ignoreUriCase" | "statPrefix" => {}
            "uri" => parts.extend(istio_path(value)),
            "headers" => parts.extend(map(value).map(|(h, v)| istio_text(&format!("header {h}"), v))),
            "withoutHeaders" => parts.extend(map(value).map(|(h, v)| format!("not {}", istio_text(&format!("header {h}"), v)))),
            "queryParams" => parts.extend(map(value).map(|(q, v)| istio_text(&format!("query {q}"), v))),
            "method" | "authority" | "scheme" => parts.push(istio_text(key, value)),
            "sourceLabels" => parts.extend(map(value).map(|(l, v)| format!("callers {l}={}", v.as_str().unwrap_or("?")))),
            "sourceNamespace" => parts.push(format!("callers in {}", value.as_str().unwrap_or("?"))),
            "port" => parts.push(format!("port {value}")),
            _ => parts.push(format!("{key} {value}")),
        }
    }
    joined(parts)
}

/// A header or query parameter of Gateway API.
fn gateway_text(what: &str, raw: &Value) -> String {
    let (name, value) = (raw["name"].as_str().unwrap_or("?"), raw["value"].as_str().unwrap_or_default());
    match raw["type"].as_str() {
        None | Some("Exact") => format!("{what} {name}={value}"),
        Some("RegularExpression") => format!("{what} {name}~{value}"),
        Some(other) => format!("{what} {name} {other} {value}"),
    }
}

fn items<'a>(raw: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    raw[key].as_array().into_iter().flatten()
}

/// One alternative of an HTTPRoute.
pub(super) fn http(raw: &Value) -> Option<String> {
    let mut parts = vec![];
    if let Some(path) = raw.get("path") {
        let value = path["value"].as_str().unwrap_or("/");
        match path["type"].as_str() {
            None | Some("PathPrefix") if value == "/" => {}
            None | Some("PathPrefix") => parts.push(format!("path {value}*")),
            Some("Exact") => parts.push(format!("path {value}")),
            Some("RegularExpression") => parts.push(format!("path ~{value}")),
            Some(other) => parts.push(format!("path {other} {value}")),
        }
    }
    parts.extend(items(raw, "headers").map(|h| gateway_text("header", h)));
    parts.extend(items(raw, "queryParams").map(|q| gateway_text("query", q)));
    parts.extend(raw["method"].as_str().map(|m| format!("method {m}")));
    joined(parts)
}

/// One alternative of a GRPCRoute.
pub(super) fn grpc(raw: &Value) -> Option<String> {
    let method = &raw["method"];
    let mut parts = vec![];
    match (method["service"].as_str(), method["method"].as_str()) {
        (Some(service), Some(method)) => parts.push(format!("method {service}/{method}")),
        (Some(service), None) => parts.push(format!("service {service}")),
        (None, Some(method)) => parts.push(format!("method {method}")),
        (None, None) => {}
    }
    parts.extend(items(raw, "headers").map(|h| gateway_text("header", h)));
    joined(parts)
}
