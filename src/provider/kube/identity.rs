//! What a cluster calls itself, and who we are to it.
//!
//! Names of contexts and addresses stand in files of ours and can be wrong; the uid of namespace `kube-system` cannot. Not
//! everybody may read that one namespace: then the address alone, which the connection has verified, must do.

use serde::Deserialize;
use serde_json::json;

use super::{
    transport::{JSON, Transport},
    wire,
};
use crate::domain::{Identity, Problem, ProblemKind, SafeText};

/// An answer to a review.
#[derive(Deserialize)]
pub(super) struct Review<T> {
    pub status: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    user_info: Option<User>,
}

/// A user, as the server knows it.
#[derive(Deserialize)]
pub(super) struct User {
    pub username: Option<String>,
    pub groups: Option<Vec<String>>,
}

/// Asks the server a question that is an object.
pub(super) async fn review_at<T: for<'de> Deserialize<'de>>(
    transport: &Transport,
    path: &str,
    review: &serde_json::Value,
    what: &str,
) -> Result<Review<T>, Problem> {
    let request = http::Request::post(path)
        .header(http::header::ACCEPT, JSON)
        .header(http::header::CONTENT_TYPE, JSON)
        .body(review.to_string().into_bytes())
        .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))?;
    let (_, body) = transport.whole(request, what).await?;
    serde_json::from_slice(&body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))
}

/// Who the server takes us for; `None` where it does not say.
pub(super) async fn user(transport: &Transport) -> Result<Option<User>, Problem> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let who: Review<Who> = review_at(transport, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review, "who am I").await?;
    Ok(who.status.and_then(|s| s.user_info))
}

/// The cluster and us.
pub(super) async fn identity(transport: &Transport) -> Result<Identity, Problem> {
    let what = "get namespace kube-system";
    let (user, system) = futures::join!(user(transport), transport.get("/api/v1/namespaces/kube-system", what));
    let uid = match system {
        Ok(body) => {
            let bare: wire::Bare =
                serde_json::from_slice(&body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))?;
            bare.metadata.uid.map(SafeText::from)
        }
        Err(problem) if problem.refused() => None,
        Err(problem) => return Err(problem),
    };
    let user = user?.and_then(|u| u.username).ok_or_else(|| {
        Problem::new(ProblemKind::Unreadable, "the API server does not say who we are").hint("is it older than Kubernetes 1.28?")
    })?;
    Ok(Identity { server: transport.server().into(), uid, user: user.into() })
}
