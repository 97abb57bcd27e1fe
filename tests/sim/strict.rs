//! What the real API server refuses is refused.

use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

const APPS: &str = "/apis/apps/v1/namespaces/shop/deployments/cart";
const ROLLOUT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

fn replace_version(version: &str) -> String {
    json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": version}, {"op": "add", "path": "/spec/paused", "value": true}]).to_string()
}

#[tokio::test]
async fn refusals() {
    let bed = Bed::at(20).await;
    let list = "/api/v1/namespaces/shop/pods";
    let stale = r#"{"metadata":{"resourceVersion":"7"},"spec":{"paused":true}}"#;
    let other_uid = r#"{"metadata":{"uid":"other"},"spec":{"paused":true}}"#;
    let lease = r#"{"metadata":{"name":"l"},"spec":{"leaseDurationSeconds":0}}"#;
    let coarse = r#"{"metadata":{"name":"l"},"spec":{"renewTime":"2026-03-10T09:00:00Z"}}"#;
    let table: Vec<(Method, String, &str, String, u16, &str)> = vec![
        (Method::GET, "/api/v1/namespaces/shop/pods/nope".into(), "", String::new(), 404, "NotFound"),
        (Method::GET, "/apis/apps/v1/namespaces/shop/frobs".into(), "", String::new(), 404, "NotFound"),
        (Method::GET, "/apis/keda.sh/v1alpha1/scaledobjects".into(), "", String::new(), 404, ""),
        (Method::GET, format!("{APPS}/frob"), "", String::new(), 404, "NotFound"),
        (Method::GET, format!("{list}?labelSelector=a+b"), "", String::new(), 400, "BadRequest"),
        (Method::GET, format!("{list}?fieldSelector=spec.frob%3Dx"), "", String::new(), 400, "BadRequest"),
        (Method::GET, format!("{list}?limit=x"), "", String::new(), 400, "BadRequest"),
        (Method::GET, format!("{list}?continue=zz"), "", String::new(), 400, "BadRequest"),
        (Method::GET, format!("{list}?resourceVersion=999999"), "", String::new(), 504, "Timeout"),
        (Method::GET, format!("{list}?resourceVersion=1&resourceVersionMatch=Exact"), "", String::new(), 410, "Expired"),
        (Method::GET, format!("{list}?watch=true&sendInitialEvents=true"), "", String::new(), 422, "Invalid"),
        (Method::POST, list.into(), "application/json", "{}".into(), 405, "MethodNotAllowed"),
        (Method::DELETE, APPS.into(), "", String::new(), 405, "MethodNotAllowed"),
        (Method::PATCH, APPS.into(), "application/frob", "{}".into(), 415, "UnsupportedMediaType"),
        (Method::PATCH, ROLLOUT.into(), STRATEGIC, "{}".into(), 415, "UnsupportedMediaType"),
        (Method::PATCH, APPS.into(), MERGE, stale.into(), 409, "Conflict"),
        (Method::PATCH, APPS.into(), STRATEGIC, stale.into(), 409, "Conflict"),
        (Method::PATCH, APPS.into(), MERGE, r#"{"metadata":{"resourceVersion":"abc"}}"#.into(), 500, ""),
        (Method::PATCH, APPS.into(), MERGE, other_uid.into(), 422, "Invalid"),
        (Method::PATCH, APPS.into(), MERGE, r#"{"spec":{"paused":"yes"}}"#.into(), 422, "Invalid"),
        (Method::PATCH, APPS.into(), MERGE, "[]".into(), 400, "BadRequest"),
        (Method::PATCH, APPS.into(), JSON_PATCH, "{}".into(), 400, "BadRequest"),
        (Method::PATCH, APPS.into(), JSON_PATCH, replace_version("7"), 409, "Conflict"),
        (Method::PATCH, format!("{ROLLOUT}/status"), JSON_PATCH, replace_version("7"), 409, "Conflict"),
        (
            Method::PATCH,
            APPS.into(),
            JSON_PATCH,
            r#"[{"op":"test","path":"/metadata/resourceVersion","value":"7"}]"#.into(),
            422,
            "Invalid",
        ),
        (Method::PATCH, format!("{APPS}?dryRun=Some"), MERGE, "{}".into(), 422, "Invalid"),
        (Method::PATCH, format!("{APPS}?fieldValidation=Strict"), MERGE, r#"{"spec":{"frob":1}}"#.into(), 422, "Invalid"),
        (Method::PATCH, format!("{ROLLOUT}/status"), MERGE, r#"{"status":{"abort":"yes"}}"#.into(), 422, "Invalid"),
        (Method::PUT, ROLLOUT.into(), "application/json", r#"{"kind":"Rollout"}"#.into(), 422, "Invalid"),
        (Method::PUT, ROLLOUT.into(), "application/json", r#"{"kind":"Deployment"}"#.into(), 400, "BadRequest"),
        (Method::POST, LEASES.into(), "application/json", lease.into(), 422, "Invalid"),
        (Method::POST, LEASES.into(), "application/json", coarse.into(), 422, "Invalid"),
        (Method::POST, LEASES.into(), "application/json", r#"{"metadata":{"name":"L"}}"#.into(), 422, "Invalid"),
        (
            Method::POST,
            LEASES.replace("shop", "nope"),
            "application/json",
            r#"{"metadata":{"name":"l"}}"#.into(),
            404,
            "NotFound",
        ),
    ];
    let before = bed.get("/apis/apps/v1/deployments").await;
    for (method, path, media, body, code, reason) in table {
        let (got, answer) = bed.ask(method.clone(), &path, media, &body).await;
        assert_eq!(got, code, "{method} {path} {body}: {answer}");
        assert_eq!(answer["reason"].as_str().unwrap_or(""), reason, "{method} {path} {body}: {answer}");
        if answer.is_object() {
            assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(code)));
        }
    }
    assert_eq!(bed.get("/apis/apps/v1/deployments").await, before, "a refusal leaves no trace");
}

#[tokio::test]
async fn what_is_not_spoken_is_refused_by_name_before_anything_is_done() {
    const JSON: &str = "application/json";
    const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
    const APPLY: &str = "application/apply-patch+yaml";
    let bed = Bed::at(20).await;
    let send = |method: &Method, path: &str, accept: &str, media: &str, body: &str| {
        let mut request = bed.http.request(method.clone(), bed.url(super::Cluster::Eu1, path)).header("accept", accept);
        if !media.is_empty() {
            request = request.header("content-type", media);
        }
        let request = request.body(body.to_owned());
        async move {
            let answer = request.send().await.unwrap();
            let code = answer.status().as_u16();
            (code, serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap())
        }
    };
    let (deployments, lease) = ("/apis/apps/v1/namespaces/shop/deployments", r#"{"metadata":{"name":"l"}}"#);
    let (paused, missing, review) =
        (r#"{"spec":{"paused":true}}"#, format!("{deployments}/new"), "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    let patches = "application/json-patch+json, application/merge-patch+json";
    let all = &*format!("{patches}, {STRATEGIC}");
    let (get, post, put, patch) = (Method::GET, Method::POST, Method::PUT, Method::PATCH);
    assert_eq!(send(&post, LEASES, JSON, JSON, lease).await.0, 201);
    let before = (bed.get(deployments).await, bed.get(LEASES).await);
    let table = [
        (&get, APPS, TABLE, "", "", 406, JSON),
        (&get, deployments, TABLE, "", "", 406, JSON),
        (&get, &*format!("{deployments}?watch=true"), TABLE, "", "", 406, JSON),
        (&get, deployments, PROTOBUF, "", "", 406, JSON),
        (&get, "/apis/apps/v1", PROTOBUF, "", "", 406, JSON),
        (&patch, APPS, TABLE, MERGE, paused, 406, JSON),
        (&post, review, PROTOBUF, JSON, "{}", 406, JSON),
        // Server-side apply makes what is not there: it must not look like a name that is wrong.
        (&patch, &*missing, JSON, APPLY, paused, 415, all),
        (&patch, APPS, JSON, APPLY, paused, 415, all),
        (&patch, ROLLOUT, JSON, STRATEGIC, paused, 415, patches),
        (&patch, APPS, JSON, "", paused, 415, all),
        (&put, APPS, JSON, JSON_PATCH, paused, 415, JSON),
        (&post, LEASES, JSON, PROTOBUF, "k8s", 415, JSON),
        (&Method::DELETE, &*format!("{LEASES}/l"), JSON, PROTOBUF, "k8s", 415, JSON),
        (&post, review, JSON, PROTOBUF, "k8s", 415, JSON),
    ];
    for (method, path, accept, media, body, code, taken) in table {
        let (got, answer) = send(method, path, accept, media, body).await;
        let reason = if code == 406 { "NotAcceptable" } else { "UnsupportedMediaType" };
        assert_eq!(
            (got, &answer["kind"], &answer["reason"]),
            (code, &"Status".into(), &reason.into()),
            "{method} {path} {accept} {media}: {answer}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(message.ends_with(&format!(": {taken}")), "{method} {path} {accept} {media}: {message}");
    }
    assert_eq!((bed.get(deployments).await, bed.get(LEASES).await), before, "a refusal leaves no trace");
    // Who can do with less says so behind it.
    for accept in [format!("{TABLE},{JSON}"), format!("{PROTOBUF}, {JSON};q=0.9"), "application/*".to_owned()] {
        let (code, list) = send(&get, deployments, &accept, "", "").await;
        assert_eq!((code, &list["kind"]), (200, &"DeploymentList".into()), "{accept}");
    }
    let metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    let (code, written) = send(&patch, APPS, metadata, MERGE, paused).await;
    assert_eq!((code, &written["kind"], &written["spec"]), (200, &"PartialObjectMetadata".into(), &Value::Null));
    assert_eq!(bed.get(APPS).await["spec"]["paused"], true);
}

#[tokio::test]
async fn opaque_patches_have_empty_details_and_conflicts_name_the_object() {
    let bed = Bed::at(20).await;
    let (_, opaque) = bed.ask(Method::PATCH, APPS, JSON_PATCH, r#"[{"op":"remove","path":"/spec/frob"}]"#).await;
    assert_eq!(opaque["details"], json!({}));
    let (_, conflict) = bed.ask(Method::PATCH, APPS, JSON_PATCH, &replace_version("7")).await;
    assert_eq!(conflict["details"], json!({"name": "cart", "group": "apps", "kind": "deployments"}));
    assert_eq!(
        conflict["message"],
        "Operation cannot be fulfilled on deployments.apps \"cart\": the object has been modified; please apply your changes to the latest version and try again"
    );
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let bed = Bed::at(20).await;
    let before = bed.get(APPS).await;
    let (code, shown) = bed.ask(Method::PATCH, &format!("{APPS}?dryRun=All"), MERGE, r#"{"spec":{"paused":true}}"#).await;
    assert_eq!((code, &shown["spec"]["paused"]), (200, &json!(true)));
    assert_eq!(shown["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    assert_eq!(shown["metadata"]["generation"], json!(before["metadata"]["generation"].as_i64().unwrap() + 1));
    assert_eq!(bed.get(APPS).await, before);
    let (code, made) =
        bed.ask(Method::POST, &format!("{LEASES}?dryRun=All"), "application/json", r#"{"metadata":{"name":"l"}}"#).await;
    assert_eq!((code, &made["metadata"]["resourceVersion"]), (201, &Value::Null));
    assert_eq!(bed.ask(Method::GET, &format!("{LEASES}/l"), "", "").await.0, 404);
}

#[tokio::test]
async fn guarded_writes_win_once() {
    let bed = Bed::at(20).await;
    let seen = bed.get(APPS).await;
    let version = seen["metadata"]["resourceVersion"].as_str().unwrap();
    let patch =
        json!({"metadata": {"resourceVersion": version, "annotations": {"gonogo.dev/ops": "op-1"}}, "spec": {"paused": true}})
            .to_string();
    let (code, written) = bed.ask(Method::PATCH, &format!("{APPS}?fieldManager=gonogo"), MERGE, &patch).await;
    assert_eq!(code, 200, "{written}");
    assert_ne!(written["metadata"]["resourceVersion"], version);
    assert_eq!(written["metadata"]["annotations"]["gonogo.dev/ops"], "op-1");
    assert_eq!(written["metadata"]["managedFields"][0]["manager"], "gonogo");
    assert_eq!(bed.ask(Method::PATCH, APPS, MERGE, &patch).await.0, 409);
    // What changes nothing does not move the version.
    let again = json!({"spec": {"paused": true}}).to_string();
    let settled = bed.get(APPS).await;
    assert_eq!(settled["status"]["observedGeneration"], written["metadata"]["generation"]);
    assert_eq!(bed.ask(Method::PATCH, APPS, MERGE, &again).await, (200, settled.clone()));
    assert_eq!(bed.get(APPS).await, settled);
}

#[tokio::test]
async fn the_status_subresource_is_its_own() {
    let bed = Bed::at(20).await;
    let before = bed.get(ROLLOUT).await;
    let generation = &before["metadata"]["generation"];
    // The main resource drops status, /status drops the rest: metadata and a foreign uid silently.
    let both = r#"{"metadata":{"uid":"other","annotations":{"a":"b"}},"spec":{"paused":true},"status":{"abort":true}}"#;
    let (code, status) = bed.ask(Method::PATCH, &format!("{ROLLOUT}/status"), MERGE, both).await;
    assert_eq!(code, 200, "{status}");
    assert_eq!((&status["status"]["abort"], &status["spec"]["paused"]), (&json!(true), &Value::Null));
    assert_eq!(status["metadata"]["annotations"], before["metadata"]["annotations"]);
    assert_eq!(&status["metadata"]["generation"], generation);
    let (code, main) = bed.ask(Method::PATCH, ROLLOUT, MERGE, r#"{"spec":{"paused":true},"status":{"abort":null}}"#).await;
    assert_eq!(code, 200, "{main}");
    assert_eq!((&main["status"]["abort"], &main["spec"]["paused"]), (&json!(true), &json!(true)));
    assert_eq!(main["metadata"]["generation"], json!(generation.as_i64().unwrap() + 1));
}

#[tokio::test]
async fn leases_are_made_once_taken_over_by_version_and_deleted_by_precondition() {
    let bed = Bed::at(20).await;
    let body = r#"{"metadata":{"name":"l"},"spec":{"holderIdentity":"a","renewTime":"2026-03-10T09:00:00.000000Z"}}"#;
    let (code, made) = bed.ask(Method::POST, LEASES, "application/json", body).await;
    assert_eq!((code, &made["metadata"]["creationTimestamp"]), (201, &json!("2026-03-10T09:20:00Z")));
    let (code, again) = bed.ask(Method::POST, LEASES, "application/json", body).await;
    assert_eq!((code, again["reason"].as_str()), (409, Some("AlreadyExists")));
    let path = format!("{LEASES}/l");
    assert_eq!(bed.ask(Method::PUT, &path, "application/json", body).await.0, 422, "a PUT without a version");
    let mut next = made.clone();
    next["spec"]["holderIdentity"] = "b".into();
    assert_eq!(bed.ask(Method::PUT, &path, "application/json", &next.to_string()).await.0, 200);
    next["spec"]["holderIdentity"] = "c".into();
    assert_eq!(bed.ask(Method::PUT, &path, "application/json", &next.to_string()).await.0, 409);
    let wrong = json!({"preconditions": {"uid": "other"}}).to_string();
    assert_eq!(bed.ask(Method::DELETE, &path, "application/json", &wrong).await.0, 409);
    assert_eq!(bed.ask(Method::DELETE, &path, "application/json", "").await.0, 200);
    assert_eq!(bed.ask(Method::GET, &path, "", "").await.0, 404);
}

#[tokio::test]
async fn who_asks_matters() {
    let bed = Bed::at(20).await;
    let url = bed.url(super::Cluster::Eu1, APPS);
    let ask = |method: Method, token: &str| {
        let request = bed.http.request(method, &url).header("content-type", MERGE).body("{}").bearer_auth(token);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(ask(Method::GET, "acme-viewer").await, 200);
    assert_eq!(ask(Method::PATCH, "acme-viewer").await, 403);
    assert_eq!(ask(Method::PATCH, "acme-mira").await, 200);
    assert_eq!(ask(Method::GET, "stolen").await, 401);
}
