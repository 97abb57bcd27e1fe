//! What stands behind `services/…/proxy`: the Prometheus of the cluster, and nothing else.

use ::http::Method;

use super::{
    super::{
        http::{Request, Response, Shared},
        world::Cluster,
    },
    status::Refusal,
};

/// Where the Prometheus of every cluster is.
pub const NAMESPACE: &str = "monitoring";
/// Its Service.
pub const SERVICE: &str = "prometheus";
/// Its port.
pub const PORT: &str = "9090";

/// The answer of a Service behind the API server; none if the path asks for something else.
pub fn answer(
    shared: &Shared,
    cluster: Cluster,
    request: &Request,
    parts: &[&str],
    user: &str,
) -> Option<Result<Response, Refusal>> {
    let ["api", "v1", "namespaces", namespace, "services", service, "proxy", rest @ ..] = parts else { return None };
    Some(proxied(shared, cluster, request, (namespace, service), rest, user))
}

fn proxied(
    shared: &Shared,
    cluster: Cluster,
    request: &Request,
    (namespace, service): (&str, &str),
    rest: &[&str],
    user: &str,
) -> Result<Response, Refusal> {
    if user == "viewer" && request.method != Method::GET {
        let message = format!(
            "services \"{service}\" is forbidden: User \"{user}\" cannot create resource \"services/proxy\" in API group \"\" in the namespace \"{namespace}\""
        );
        return Err(Refusal::new(403, "Forbidden", message));
    }
    let (name, port) = service.split_once(':').unwrap_or((service, ""));
    if (namespace, name) != (NAMESPACE, SERVICE) {
        return Err(Refusal::new(404, "NotFound", format!("services \"{name}\" not found")));
    }
    if port != PORT {
        let message = format!("no service port \"{port}\" found for service \"{name}\"");
        return Err(Refusal::new(503, "ServiceUnavailable", message));
    }
    let inside = Request { path: format!("/{}", rest.join("/")), ..request.clone() };
    Ok(shared.prometheus().answer_inside(shared, &inside, cluster))
}
