//! The record of writes, in the form of the API server's audit log: `GET /k8s/<cluster>/sim/audit`, for tests that
//! judge what a client has really sent. Faults do not touch it, and the world listens on loopback addresses only.

use std::sync::{Mutex, PoisonError};

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::{
    http::{self, Request, Response, Shared},
    world::Cluster,
};

/// Where it is, behind the cluster's address.
pub const PATH: &str = "/sim/audit";
/// How many lines are kept of a cluster.
const KEPT: usize = 10_000;

/// The writes to each cluster, in order.
#[derive(Debug, Default)]
pub struct Audit([Mutex<Vec<Value>>; Cluster::ALL.len()]);

impl Audit {
    /// What was written to a cluster, one event of `audit.k8s.io/v1` each, the newest last.
    pub fn of(&self, cluster: Cluster) -> Vec<Value> {
        self.0[cluster as usize].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, cluster: Cluster, event: Value) {
        let mut list = self.0[cluster as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() >= KEPT {
            list.remove(0);
        }
        list.push(event);
    }
}

/// Notes an answered request; what only reads is left out.
pub fn note(shared: &Shared, cluster: Cluster, request: &Request, id: &str, code: StatusCode) {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return;
    }
    let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let body = || Value::String(String::from_utf8_lossy(&request.body).into_owned());
    let object =
        if request.body.is_empty() { Value::Null } else { serde_json::from_slice(&request.body).unwrap_or_else(|_| body()) };
    let event = json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": id,
        "stage": "ResponseComplete",
        "requestURI": format!("{}{query}", request.path),
        "verb": super::verb(&request.method),
        "user": {"username": request.user().unwrap_or_default()},
        "userAgent": request.header("user-agent").unwrap_or(""),
        "contentType": request.header("content-type").unwrap_or(""),
        "requestObject": object,
        "responseStatus": {"code": code.as_u16()},
        "requestReceivedTimestamp": shared.now().to_string(),
    });
    shared.audit().note(cluster, event);
}

/// All of a cluster.
pub fn list(shared: &Shared, cluster: Cluster) -> Response {
    let items = shared.audit().of(cluster);
    http::json(StatusCode::OK, &json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}))
}
