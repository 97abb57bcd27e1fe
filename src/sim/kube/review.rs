//! Who am I, and may I.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::http::{self, Request, Response},
    media::{self, Form},
    status::Refusal,
};

/// The answer to a review; none if the path asks for something else.
pub fn answer(request: &Request, parts: &[&str], user: &str) -> Option<Result<Response, Refusal>> {
    let (group, kind) = match parts {
        ["apis", group @ "authentication.k8s.io", "v1", "selfsubjectreviews"] => (*group, "SelfSubjectReview"),
        ["apis", group @ "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] => (*group, "SelfSubjectAccessReview"),
        _ => return None,
    };
    if request.method != Method::POST {
        return Some(Err(Refusal::not_allowed()));
    }
    let body = match Form::of(request).and_then(|_| body(request, kind)) {
        Ok(body) => body,
        Err(refusal) => return Some(Err(refusal)),
    };
    let mut review = json!({"kind": kind, "apiVersion": format!("{group}/v1"), "metadata": {"creationTimestamp": null}});
    if kind == "SelfSubjectReview" {
        review["status"] = json!({"userInfo": {"username": user, "uid": format!("u-{user}"), "groups": ["release-managers", "system:authenticated"]}});
    } else {
        let verb = body["spec"]["resourceAttributes"]["verb"].as_str().unwrap_or("");
        if !body["spec"]["resourceAttributes"].is_object() && !body["spec"]["nonResourceAttributes"].is_object() {
            let text = "spec: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified";
            return Some(Err(Refusal::new(422, "Invalid", format!("{kind}.{group} \"\" is invalid: {text}"))));
        }
        let allowed = user != "viewer" || matches!(verb, "get" | "list" | "watch");
        review["spec"] = body["spec"].clone();
        review["status"] = json!({"allowed": allowed});
    }
    Some(Ok(http::json(StatusCode::CREATED, &review)))
}

/// The body. kubectl sends protobuf, which only matters where the body says something.
fn body(request: &Request, kind: &str) -> Result<Value, Refusal> {
    let protobuf = media::of(request).contains("protobuf");
    match (protobuf, kind) {
        (true, "SelfSubjectReview") => Ok(Value::Null),
        (true, _) => Err(Refusal::media_type(&[media::JSON])),
        (false, _) => serde_json::from_slice(&request.body)
            .map_err(|_| Refusal::bad(format!("the object provided is unrecognized (must be of type {kind})"))),
    }
}
