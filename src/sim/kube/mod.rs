//! The clusters' API servers. What a real one refuses is refused with the same code, reason and text
//! (as observed on Kubernetes 1.36); what would need a controller that is not simulated is a 405.

pub mod audit;
pub mod controller;
mod discovery;
mod gitops;
pub mod kinds;
mod log;
mod managed;
mod media;
pub mod objects;
mod patch;
pub mod proxy;
mod read;
mod review;
mod select;
pub mod status;
pub mod store;
mod validate;
mod watch;
mod write;

use ::http::{HeaderValue, Method, StatusCode};

use super::{
    http::{self, Request, Response, Shared},
    world::{Cluster, names},
};
use kinds::Kind;
use media::Form;
use status::Refusal;

/// What a path names.
#[derive(Clone, Debug)]
pub struct Target {
    /// The resource.
    pub kind: &'static Kind,
    /// The namespace; none across all, or where there are none.
    pub namespace: Option<String>,
    /// The object; none for the collection.
    pub name: Option<String>,
    /// The subresource.
    pub sub: Option<String>,
}

/// Answers a request to the API server of a cluster: the path begins with the cluster's name.
pub fn handle(shared: &Shared, mut request: Request) -> Response {
    let rest = request.path.trim_start_matches('/');
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(cluster) = Cluster::named(name) else {
        return http::text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n");
    };
    request.path = format!("/{path}");
    if request.path == audit::PATH && request.method == Method::GET {
        return audit::list(shared, cluster);
    }
    let id = audit_id(shared, &request);
    let mut response = answer(shared, cluster, &request).unwrap_or_else(|refusal| refusal.response());
    audit::note(shared, cluster, &request, id.to_str().unwrap_or(""), response.status());
    response.headers_mut().insert("audit-id", id);
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-cache, private"));
    response
}

/// The request's own `Audit-ID`, which the client may choose, or one made from the request.
fn audit_id(shared: &Shared, request: &Request) -> HeaderValue {
    let own = request.headers.get("audit-id").filter(|id| id.len() <= 64).cloned();
    let made =
        || names::uid(shared.world().seed(), &["audit", request.method.as_str(), &request.path, &shared.now().to_string()]);
    own.or_else(|| HeaderValue::from_str(&made()).ok()).unwrap_or(HeaderValue::from_static("0"))
}

fn answer(shared: &Shared, cluster: Cluster, request: &Request) -> Result<Response, Refusal> {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Some(open) = discovery::open(&parts) {
        return Ok(open);
    }
    let Some(user) = request.user() else {
        return Err(Refusal::new(401, "Unauthorized", "Unauthorized"));
    };
    if let Some(found) = discovery::answer(&parts) {
        Form::of(request)?;
        return if request.method == Method::GET { Ok(found) } else { Err(Refusal::not_allowed()) };
    }
    if let Some(reviewed) = review::answer(request, &parts, &user) {
        return reviewed;
    }
    if let Some(proxied) = proxy::answer(shared, cluster, request, &parts, &user) {
        return proxied;
    }
    let Some(target) = target(&parts)? else {
        return Ok(http::text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n"));
    };
    authorize(&target, &request.method, &user)?;
    match request.method {
        Method::GET if target.name.is_none() && request.param("watch").is_some_and(|v| v == "true" || v == "1") => {
            watch::watch(shared, cluster, &target, request)
        }
        Method::GET if target.name.is_none() => read::list(shared, cluster, &target, request),
        Method::GET if target.sub.as_deref() == Some("log") => log::log(shared, cluster, &target, request),
        Method::GET => read::get(shared, cluster, &target, request),
        _ => write::write(shared, cluster, &target, request),
    }
}

/// What a path names; none if its group and version are unknown.
fn target(parts: &[&str]) -> Result<Option<Target>, Refusal> {
    let (group, version, rest) = match parts {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Ok(None),
    };
    if !kinds::KINDS.iter().any(|kind| kind.group == group && kind.version == version) {
        return Ok(None);
    }
    let (namespace, rest) = match rest {
        ["namespaces", namespace, plural, rest @ ..] if !matches!(*plural, "status" | "finalize") => {
            (Some((*namespace).to_owned()), [&[*plural], rest].concat())
        }
        _ => (None, rest.to_vec()),
    };
    let [plural, rest @ ..] = rest.as_slice() else { return Ok(None) };
    let kind = kinds::find(group, version, plural).ok_or_else(Refusal::no_resource)?;
    let misplaced = if kind.namespaced { namespace.is_none() && !rest.is_empty() } else { namespace.is_some() };
    if misplaced || rest.len() > 2 {
        return Err(Refusal::no_resource());
    }
    let part = |index: usize| rest.get(index).map(|text| (*text).to_owned());
    let target = Target { kind, namespace, name: part(0), sub: part(1) };
    match target.sub.as_deref() {
        None => Ok(Some(target)),
        Some("status") if kind.status => Ok(Some(target)),
        Some("scale") if write::scale::has(kind) => Ok(Some(target)),
        Some("log") if kind.group.is_empty() && kind.plural == "pods" => Ok(Some(target)),
        Some(_) => Err(Refusal::no_resource()),
    }
}

/// The verb that authorization is asked for.
fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    }
}

/// `viewer` may read; everybody else may do everything.
fn authorize(target: &Target, method: &Method, user: &str) -> Result<(), Refusal> {
    if user != "viewer" || method == Method::GET {
        return Ok(());
    }
    let kind = target.kind;
    let name = target.name.as_deref().unwrap_or("");
    let what = format!("User \"{user}\" cannot {} resource \"{}\" in API group \"{}\"", verb(method), kind.plural, kind.group);
    let scope =
        target.namespace.as_deref().map_or_else(|| "at the cluster scope".to_owned(), |n| format!("in the namespace \"{n}\""));
    let message = format!("{} \"{name}\" is forbidden: {what} {scope}", kind.qualified());
    Err(Refusal::new(403, "Forbidden", message).about(kind, name))
}
