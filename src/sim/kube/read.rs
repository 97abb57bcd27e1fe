//! Single objects and lists.

use std::sync::Arc;

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        http::{self, Request, Response, Shared},
        world::Cluster,
    },
    Target,
    kinds::Kind,
    media::Form,
    select::Selector,
    status::Refusal,
    store::{Key, Store},
};

/// One object.
pub fn get(shared: &Shared, cluster: Cluster, target: &Target, request: &Request) -> Result<Response, Refusal> {
    let form = Form::of(request)?;
    let name = target.name.as_deref().unwrap_or("");
    let key = Key::new(target.kind, target.namespace.as_deref().unwrap_or(""), name);
    let object = shared.cluster(cluster).get(&key).ok_or_else(|| Refusal::not_found(target.kind, name))?;
    if target.sub.as_deref() == Some("scale") {
        return Ok(http::json(StatusCode::OK, &form.shape(&super::write::scale::view(&object))));
    }
    Ok(http::json(StatusCode::OK, &form.shape(&object)))
}

/// The selector of a request.
pub fn selector(kind: &Kind, request: &Request) -> Result<Selector, Refusal> {
    Selector::parse(kind, request.param("labelSelector").unwrap_or(""), request.param("fieldSelector").unwrap_or(""))
}

/// A resource version as a parameter: empty and absent are none.
pub fn version(request: &Request) -> Result<Option<u64>, Refusal> {
    let text = request.param("resourceVersion").filter(|text| !text.is_empty());
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            Refusal::bad(format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })
    };
    text.map(parse).transpose()
}

/// Where a page begins: the version that the whole listing shows, and the key of the last object before the page.
fn page(store: &Store, request: &Request) -> Result<(u64, Option<(String, String)>), Refusal> {
    let exact = version(request)?;
    let rule = request.param("resourceVersionMatch").unwrap_or("");
    if let Some(token) = request.param("continue").filter(|token| !token.is_empty()) {
        if exact.is_some_and(|version| version != 0) {
            return Err(Refusal::bad("specifying resource version is not allowed when using continue"));
        }
        let (at, after) = unpack(token).ok_or_else(|| Refusal::bad("continue key is not valid: invalid continue token"))?;
        if at < store.oldest() {
            let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
            return Err(Refusal::new(410, "Expired", message));
        }
        return Ok((at, Some(after)));
    }
    let at = match (rule, exact) {
        ("" | "NotOlderThan", Some(wanted)) if wanted > store.version() => {
            let mut refusal = Refusal::new(
                504,
                "Timeout",
                format!("Timeout: Too large resource version: {wanted}, current: {}", store.version()),
            );
            refusal.details = json!({"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1});
            return Err(refusal);
        }
        ("Exact", Some(wanted)) if wanted < store.oldest() => return Err(Refusal::expired(wanted, store.oldest())),
        ("Exact", Some(wanted)) => wanted,
        ("" | "NotOlderThan", Some(_)) | ("", None) => store.version(),
        (_, None) => return Err(invalid_match("resourceVersionMatch is forbidden unless resourceVersion is provided")),
        _ => return Err(invalid_match(&format!("Unsupported value: \"{rule}\": supported values: \"Exact\", \"NotOlderThan\""))),
    };
    Ok((at, None))
}

/// A 422 about `resourceVersionMatch`.
pub fn invalid_match(why: &str) -> Refusal {
    let text = format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: {why}");
    Refusal::new(422, "Invalid", text)
}

/// The objects of a resource.
pub fn list(shared: &Shared, cluster: Cluster, target: &Target, request: &Request) -> Result<Response, Refusal> {
    let form = Form::of(request)?;
    let kind = target.kind;
    let selector = selector(kind, request)?;
    let limit = match request.param("limit") {
        Some(text) => text.parse::<usize>().map_err(|_| Refusal::bad(format!("unable to parse limit: {text}")))?,
        None => 0,
    };
    let store = shared.cluster(cluster);
    let (at, after) = page(&store, request)?;
    let mut objects = store.list(kind, target.namespace.as_deref(), at);
    drop(store);
    if let Some(after) = after {
        objects.retain(|object| place(object) > after);
    }
    objects.retain(|object| selector.matches(object));
    let total = objects.len();
    let mut metadata = json!({"resourceVersion": at.to_string()});
    if limit > 0 && total > limit {
        objects.truncate(limit);
        metadata["continue"] = pack(at, objects.last().map(|object| place(object))).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = (total - limit).into();
        }
    }
    let items: Vec<Value> = objects.iter().map(|object| item(kind, form, object)).collect();
    let body = match form {
        Form::Whole => {
            json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": items})
        }
        Form::Metadata => {
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items})
        }
    };
    Ok(http::json(StatusCode::OK, &body))
}

/// Items of built-in lists carry no kind, those of custom resources do.
fn item(kind: &Kind, form: Form, object: &Arc<Value>) -> Value {
    let mut item = form.shape(object);
    if let (Form::Whole, false, Some(map)) = (form, kind.custom, item.as_object_mut()) {
        map.shift_remove("kind");
        map.shift_remove("apiVersion");
    }
    item
}

fn place(object: &Value) -> (String, String) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("").to_owned();
    (text("namespace"), text("name"))
}

/// An opaque token: hexadecimal of version, namespace and name.
fn pack(at: u64, last: Option<(String, String)>) -> String {
    use std::fmt::Write as _;
    let (namespace, name) = last.unwrap_or_default();
    let mut out = String::new();
    for byte in format!("{at}/{namespace}/{name}").bytes() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn unpack(token: &str) -> Option<(u64, (String, String))> {
    let digits: Option<Vec<u32>> = token.chars().map(|c| c.to_digit(16)).collect();
    let bytes: Vec<u8> = digits?.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + *digit as u8)).collect();
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(3, '/');
    let at = parts.next()?.parse().ok()?;
    Some((at, (parts.next()?.to_owned(), parts.next()?.to_owned())))
}
