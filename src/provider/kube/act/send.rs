//! One request on its way, once: nothing here sends anything again.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use super::{by_us, look::parse, path_of};
use crate::{
    domain::{BodyKind, ChangeTarget, Guarantee, Method, Problem, ProblemKind, Receipt, Request, SafeText, Seen},
    provider::kube::{transport::Transport, wire},
};

/// The header under which the API server's audit log keeps our id of a request.
pub const AUDIT_ID: &str = "Audit-ID";

/// What the server says to a request, without a change.
pub async fn dry_run(transport: &Transport, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem> {
    let path = request.path.as_str();
    let path = format!("{path}{}dryRun=All", if path.contains('?') { '&' } else { '?' });
    answered(transport, request, &path, audit, &format!("dry run on {target}")).await
}

/// Sends a request. A problem that the server itself [refused](Problem::refused) with changed nothing; any other leaves
/// open what happened.
pub async fn send(transport: &Transport, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem> {
    answered(transport, request, request.path.as_str(), audit, &format!("{} {target}", request.verb)).await
}

/// Moves the version on by a write that changes nothing else, so that no request on its way that names the version before
/// can still be applied. A write that changes nothing at all moves no version and fences nothing, so it carries a word
/// that was never there: `audit`.
pub async fn fence(transport: &Transport, target: &ChangeTarget, seen: &Seen, audit: &str) -> Result<Receipt, Problem> {
    let request = Request {
        verb: Method::Patch,
        path: SafeText::clean(&path_of(target, &by_us(""))),
        content_type: BodyKind::MergePatch,
        body: json!({
            "metadata": {
                "resourceVersion": &*seen.resource_version, "uid": &*seen.uid, "annotations": {"gonogo.dev/fence": audit},
            },
        }),
        guard: Guarantee::Guarded,
        marked: false,
        by_hand: "".into(),
    };
    answered(transport, &request, request.path.as_str(), audit, &format!("fence {target}")).await
}

async fn answered(transport: &Transport, request: &Request, path: &str, audit: &str, what: &str) -> Result<Receipt, Problem> {
    let wrong = |e: &dyn std::fmt::Display| Problem::new(ProblemKind::Internal, format!("{what}: {e}"));
    let body = serde_json::to_vec(&request.body).map_err(|e| wrong(&e))?;
    let sent = http::Request::builder()
        .method(request.verb.word())
        .uri(path)
        .header(CONTENT_TYPE, request.content_type.content_type())
        .header(ACCEPT, "application/json")
        .header(AUDIT_ID, audit)
        .body(body)
        .map_err(|e| wrong(&e))?;
    let (status, body) = transport.whole(sent, what).await?;
    let bare: wire::Bare = parse(&body, what)?;
    Ok(Receipt { status, resource_version: bare.metadata.resource_version.map(|v| Arc::from(v.as_str())) })
}
