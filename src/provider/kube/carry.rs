//! The way to a Service through the API server: `services/proxy`, with the credentials of the cluster.

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use serde::Deserialize;

use super::{KubeCluster, fault, transport::Transport};
use crate::{
    domain::{ClusterName, Problem, ProblemKind},
    provider::{
        http::{Carried, Carrier},
        role::Timer,
    },
};

/// A Service behind an API server.
struct Proxied {
    cluster: ClusterName,
    transport: Arc<Transport>,
    timer: Arc<dyn Timer>,
    namespace: Arc<str>,
    /// `SERVICE:PORT`
    service: String,
}

impl KubeCluster {
    /// The way to a port (by number or name) of a Service.
    pub fn carrier(&self, namespace: &Arc<str>, service: &str, port: &str) -> Arc<dyn Carrier> {
        Arc::new(Proxied {
            cluster: self.name.clone(),
            transport: self.transport.clone(),
            timer: self.timer.clone(),
            namespace: namespace.clone(),
            service: format!("{service}:{port}"),
        })
    }
}

#[async_trait]
impl Carrier for Proxied {
    fn address(&self) -> String {
        format!("{} through the API server of {}", self.place(), self.cluster)
    }

    async fn get(&self, path: &str) -> Result<Carried, Problem> {
        let whole = format!("/api/v1/namespaces/{}/services/{}/proxy/{path}", self.namespace, self.service);
        let what = format!("{} {}", self.cluster, self.place());
        let (status, headers, body) = self.transport.raw(&whole, &what).await?;
        match refusal(status, &body) {
            // The API server itself speaks: what is behind it was never asked.
            Some(said) => {
                let wait = headers.get(http::header::RETRY_AFTER).and_then(|v| v.to_str().ok());
                let problem = fault::of_answer(status, wait, &body, &what, self.timer.now());
                Err(hinted(problem, &said, &self.namespace))
            }
            None => Ok(Carried { status, headers, body }),
        }
    }
}

impl Proxied {
    fn place(&self) -> String {
        format!("{}/{}", self.namespace, self.service)
    }
}

/// The API server's own word in an answer that is none of the Service's.
fn refusal(status: StatusCode, body: &[u8]) -> Option<String> {
    if status.is_success() {
        return None;
    }
    let said: Said = serde_json::from_slice(body).ok()?;
    (said.kind.as_deref() == Some("Status")).then(|| said.message.unwrap_or_default())
}

#[derive(Deserialize)]
struct Said {
    kind: Option<String>,
    message: Option<String>,
}

fn hinted(problem: Problem, said: &str, namespace: &str) -> Problem {
    match problem.kind {
        ProblemKind::Forbidden => problem.hint(format!("it takes the right to get services/proxy in namespace {namespace}")),
        ProblemKind::NotFound => problem.hint("metrics.prometheus names a Service that is not there"),
        _ if said.contains("no endpoints available") || said.contains("no service port") => {
            problem.hint("the Service needs a ready pod, and the port must be one of its own")
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_servers_refusal_is_told_from_the_services() {
        let status = br#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services \"prom:9090\" is forbidden","reason":"Forbidden","code":403}"#;
        assert!(refusal(StatusCode::FORBIDDEN, status).is_some_and(|said| said.contains("forbidden")));
        assert_eq!(refusal(StatusCode::FORBIDDEN, br#"{"status":"error","errorType":"forbidden","error":"no"}"#), None);
        assert_eq!(refusal(StatusCode::FORBIDDEN, b"<html>"), None);
        assert_eq!(refusal(StatusCode::OK, status), None);
        let problem = Problem::new(ProblemKind::Forbidden, "x");
        assert!(
            hinted(problem, "", "monitoring").hint.is_some_and(|h| h.as_str().contains("services/proxy in namespace monitoring"))
        );
    }
}
