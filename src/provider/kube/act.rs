//! The acting half: requests as data, a look at one object, and the server's word without a change.
//!
//! Every write carries the version that the person saw. A merge patch also carries the marker: annotation
//! `gonogo.dev/ops`, the ids seen and then [`OP`], which the engine replaces by the operation's own id when it sends.
//! A Rollout's `/status` takes no annotations, so an abort has no marker; its outcome is read from the state.

use std::{fmt::Write as _, sync::Arc};

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    kind::{self, Kind},
    project::OPS,
    transport::Transport,
    wire,
};
use crate::domain::{
    Change, ChangeTarget, Deployment, Guarantee, ObjectKey, Problem, ProblemKind, Receipt, Request, Rollout, RolloutPhase,
    RolloutStrategy, RouteKind, Row, SafeText, Seen, Settled, WorkloadKind,
};

/// What stands for the id of the operation in a rendered marker.
pub(super) const OP: &str = "{op}";

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";

/// The path of an object of kind `K`, with a query.
fn path<K: Kind>(key: &ObjectKey, rest: &str) -> String {
    format!("/{}/namespaces/{}/{}/{}{rest}", K::GROUPS[0], key.namespace, K::PLURAL, key.name)
}

/// The marker after one more operation.
fn marker(seen: &Seen) -> String {
    let kept = &seen.ops[seen.ops.len().saturating_sub(OPS - 1)..];
    kept.iter().map(|op| &**op).chain([OP]).collect::<Vec<_>>().join(",")
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b'=' | b',');
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// `kubectl`, where it has to go, and the rest.
fn kubectl(context: Option<&str>, key: &ObjectKey, rest: &str) -> SafeText {
    let mut line = "kubectl".to_owned();
    if let Some(context) = context {
        write!(line, " --context {}", quoted(context)).ok();
    }
    SafeText::clean(&format!("{line} -n {} {rest}", key.namespace))
}

/// What cannot be held: these controllers have no word for it.
fn unheld(kind: WorkloadKind) -> Problem {
    Problem::new(ProblemKind::Invalid, format!("{} can neither be paused nor aborted", kind.article()))
}

/// The requests that bring `change` about. Pure.
pub(super) fn render(target: &ChangeTarget, change: Change, seen: &Seen, context: Option<&str>) -> Result<Vec<Request>, Problem> {
    let key = &target.key;
    let marked = |spec: Value| {
        json!({
            "metadata": {"resourceVersion": &*seen.resource_version, "annotations": {"gonogo.dev/ops": marker(seen)}},
            "spec": spec,
        })
    };
    let patch = |path: String, content_type, body, guard, by_hand: &str| Request {
        verb: "PATCH",
        path: SafeText::clean(&path),
        content_type,
        body,
        guard,
        by_hand: kubectl(context, key, by_hand),
    };
    let manager = "?fieldManager=gonogo";
    match (target.kind, change) {
        (WorkloadKind::Deployment, Change::Pause) => Ok(vec![patch(
            path::<kind::Deployments>(key, manager),
            MERGE,
            marked(json!({"paused": true})),
            Guarantee::Guarded,
            &format!("rollout pause deployment/{}", key.name),
        )]),
        (WorkloadKind::Deployment, Change::Abort) => {
            Err(Problem::new(ProblemKind::Invalid, "a Deployment has no abort").hint("pause it, or roll back"))
        }
        (WorkloadKind::Canary, _) => Err(unspoken()),
        (kind @ (WorkloadKind::StatefulSet | WorkloadKind::DaemonSet), _) => Err(unheld(kind)),
        (WorkloadKind::Rollout, Change::Pause) => Ok(vec![patch(
            path::<kind::Rollouts>(key, manager),
            MERGE,
            marked(json!({"paused": true})),
            Guarantee::Guarded,
            &format!(r#"patch rollouts.argoproj.io {} --type=merge -p '{{"spec":{{"paused":true}}}}'"#, key.name),
        )]),
        (WorkloadKind::Rollout, Change::Abort) => {
            // Stale, the first line is answered 409; a failing `test` is a 422 without details.
            let mut lines = vec![
                json!({"op": "replace", "path": "/metadata/resourceVersion", "value": &*seen.resource_version}),
                json!({"op": "test", "path": "/metadata/uid", "value": &*seen.uid}),
                json!({"op": "test", "path": "/status/currentStepIndex", "value": seen.step}),
                json!({"op": "add", "path": "/status/abort", "value": true}),
            ];
            if seen.promote_full {
                // The controller takes an abort back while this is set.
                lines.push(json!({"op": "replace", "path": "/status/promoteFull", "value": false}));
            }
            let status = if seen.promote_full { r#"{"abort":true,"promoteFull":false}"# } else { r#"{"abort":true}"# };
            let by_hand = format!(
                r#"patch rollouts.argoproj.io {} --subresource=status --type=merge -p '{{"status":{status}}}'"#,
                key.name
            );
            let abort = path::<kind::Rollouts>(key, &format!("/status{manager}"));
            let mut requests = vec![patch(abort, JSON, Value::Array(lines), Guarantee::Guarded, &by_hand)];
            if seen.paused {
                // While paused by hand, the controller moves the route back and leaves the pods and Services as they
                // are. The version has moved by then; the uid says that it is still the same object.
                let body = json!({
                    "metadata": {"uid": &*seen.uid, "annotations": {"gonogo.dev/ops": marker(seen)}},
                    "spec": {"paused": false},
                });
                let by_hand =
                    format!(r#"patch rollouts.argoproj.io {} --type=merge -p '{{"spec":{{"paused":false}}}}'"#, key.name);
                requests.push(patch(path::<kind::Rollouts>(key, manager), MERGE, body, Guarantee::Idempotent, &by_hand));
            }
            Ok(requests)
        }
    }
}

/// Flagger's verbs are not spoken yet.
fn unspoken() -> Problem {
    Problem::new(ProblemKind::Invalid, "this version only reads Flagger's Canaries")
}

async fn read<K: Kind>(transport: &Transport, key: &ObjectKey, group: usize) -> Result<K::Row, Problem> {
    let what = format!("get {} {key}", K::PLURAL);
    let path = format!("/{}/namespaces/{}/{}/{}", K::GROUPS[group], key.namespace, K::PLURAL, key.name);
    let body = transport.get(&path, &what).await?;
    let raw: K::Wire = parse(&body, &what)?;
    let row = K::row(raw).map_err(|odd| Problem::new(ProblemKind::Unreadable, format!("{what}: {odd}")))?;
    if row.key() == *key {
        Ok(row)
    } else {
        Err(Problem::new(ProblemKind::Unreadable, format!("{what}: the server answered with another object")))
    }
}

fn parse<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))
}

/// What is there now, and whether it shows what was asked for.
pub(super) async fn look(transport: &Transport, target: &ChangeTarget, change: Change) -> Result<(Seen, Settled), Problem> {
    match target.kind {
        WorkloadKind::Canary => Err(unspoken()),
        WorkloadKind::Deployment => {
            let row = read::<kind::Deployments>(transport, &target.key, 0).await?;
            Ok((Seen::deployment(&row), deployment(&row, change)))
        }
        kind @ (WorkloadKind::StatefulSet | WorkloadKind::DaemonSet) => Err(unheld(kind)),
        WorkloadKind::Rollout => {
            let row = read::<kind::Rollouts>(transport, &target.key, 0).await?;
            let mut settled = rollout(&row, change);
            if change == Change::Abort && settled == Settled::Reached {
                // A controller says Degraded a moment before its last write to the route.
                settled = routes(transport, &row).await?;
            }
            Ok((Seen::rollout(&row), settled))
        }
    }
}

fn not_yet(why: &str) -> Settled {
    Settled::NotYet(why.into())
}

fn deployment(row: &Deployment, change: Change) -> Settled {
    match change {
        Change::Pause if !row.paused => not_yet("it is not paused"),
        Change::Pause if !row.workload.observed() => not_yet("the controller has not seen the pause yet"),
        Change::Pause => Settled::Reached,
        Change::Abort => not_yet("a Deployment has no abort"),
    }
}

fn rollout(row: &Rollout, change: Change) -> Settled {
    let unseen = !row.workload.observed();
    match change {
        Change::Pause if !row.paused => not_yet("it is not paused"),
        Change::Pause if unseen => not_yet("the controller has not seen the pause yet"),
        Change::Pause if row.phase != RolloutPhase::Paused => not_yet("the controller does not say Paused yet"),
        Change::Pause => Settled::Reached,
        Change::Abort if !row.aborted => not_yet("it is not aborted"),
        Change::Abort if row.paused => {
            not_yet("it is aborted and paused: pods and Services stay as they are until it is unpaused")
        }
        Change::Abort if unseen || row.phase != RolloutPhase::Degraded => not_yet("the controller is still at it"),
        Change::Abort if row.weight.is_some_and(|w| w.percent() > 0.0) => not_yet("the canary still has weight"),
        Change::Abort => Settled::Reached,
    }
}

/// Whether the routes of an aborted rollout have left the canary.
async fn routes(transport: &Transport, row: &Rollout) -> Result<Settled, Problem> {
    let RolloutStrategy::Canary(spec) = &row.strategy else { return Ok(Settled::Reached) };
    let (canary, stable) = spec.arms();
    for name in &spec.routing.routes {
        let namespace = name.namespace.as_ref().unwrap_or(&row.workload.meta.key.namespace);
        let key = ObjectKey { namespace: namespace.clone(), name: name.name.clone() };
        let route = match name.kind {
            RouteKind::VirtualService => {
                let newest = read::<kind::VirtualServices>(transport, &key, 0).await;
                if newest.as_ref().is_err_and(|p| p.kind == ProblemKind::NotFound) {
                    read::<kind::VirtualServices>(transport, &key, 1).await
                } else {
                    newest
                }
            }
            RouteKind::HttpRoute => read::<kind::HttpRoutes>(transport, &key, 0).await,
            RouteKind::GrpcRoute => read::<kind::GrpcRoutes>(transport, &key, 0).await,
            RouteKind::TraefikService => read::<kind::TraefikServices>(transport, &key, 0).await,
            // The weight stands on another Ingress, which goes away with the canary; the controller's word counts.
            RouteKind::Ingress => continue,
        }?;
        let rule = route.weighted(&name.rules, &[canary.clone(), stable.clone()]).and_then(|i| route.rules.get(i));
        let share = rule.and_then(|r| r.share(&canary)).map_or(0.0, |w| w.percent());
        if share > 0.0 {
            return Ok(Settled::NotYet(format!("the route still sends {share:.0} % to the canary").into()));
        }
    }
    Ok(Settled::Reached)
}

/// What the server says to a request, without a change.
pub(super) async fn dry_run(transport: &Transport, target: &ChangeTarget, request: &Request) -> Result<Receipt, Problem> {
    let what = format!("dry run on {target}");
    let wrong = |e: &dyn std::fmt::Display| Problem::new(ProblemKind::Internal, format!("{what}: {e}"));
    let path = request.path.as_str();
    let path = format!("{path}{}dryRun=All", if path.contains('?') { '&' } else { '?' });
    let method = Method::from_bytes(request.verb.as_bytes()).map_err(|e| wrong(&e))?;
    let body = serde_json::to_vec(&request.body).map_err(|e| wrong(&e))?;
    let sent = http::Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::CONTENT_TYPE, request.content_type)
        .header(http::header::ACCEPT, "application/json")
        .body(body)
        .map_err(|e| wrong(&e))?;
    let (status, body) = transport.whole(sent, &what).await?;
    let bare: wire::Bare = parse(&body, &what)?;
    Ok(Receipt { status, resource_version: bare.metadata.resource_version.map(|v| Arc::from(v.as_str())) })
}

#[cfg(test)]
mod tests;
