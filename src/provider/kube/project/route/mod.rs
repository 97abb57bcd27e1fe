//! Rows of routes: all rules, in the order in which they are tried.

mod gateway;
mod ingress;
mod istio;
mod routing;
mod words;

pub(in crate::provider::kube) use gateway::{grpc_route, http_route};
pub(in crate::provider::kube) use ingress::{ingress, traefik_service};
pub(in crate::provider::kube) use istio::{destination_rule, virtual_service};
pub(super) use routing::routing;

use super::{Odd, service_name, word};
use crate::domain::{Backend, RouteArm};

/// The arm that leads to an object of `kind` and `name`, seen from a route in `home`.
fn arm(home: &str, kind: Option<&str>, namespace: Option<&str>, name: Option<&str>, weight: u32) -> Result<RouteArm, Odd> {
    let service = service_name(name)?.ok_or(Odd("a destination has no name"))?;
    let namespace = service_name(namespace)?.filter(|n| **n != *home);
    let backend = match kind {
        None | Some("Service" | "") => Backend::Service,
        // Its share counts in the sum, and it is no Service of that name.
        Some(other) => Backend::Other(word(Some(other))),
    };
    Ok(RouteArm { service, namespace, backend, subset: None, weight })
}
