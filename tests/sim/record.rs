//! `/scale`, what is refused of a spec, what undoes a change, and the record of it all.

use gonogo::sim::{Params, Scenario, world::Cluster};
use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

const AUTH: &str = "/apis/apps/v1/namespaces/shop/deployments/auth";
const ORDER: &str = "/apis/apps/v1/namespaces/shop/deployments/order";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
const PAYMENT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment";
const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

#[tokio::test]
async fn a_scale_is_a_view_of_the_number() {
    let bed = Bed::at(20).await;
    let path = format!("{AUTH}/scale");
    let seen = bed.get(&path).await;
    assert_eq!(
        (&seen["kind"], &seen["apiVersion"], &seen["spec"]),
        (&"Scale".into(), &"autoscaling/v1".into(), &json!({"replicas": 4}))
    );
    assert_eq!(seen["status"], json!({"replicas": 4, "selector": "app.kubernetes.io/name=auth"}));
    assert_eq!(seen["metadata"]["resourceVersion"], bed.get(AUTH).await["metadata"]["resourceVersion"]);
    let six = json!({"metadata": {"resourceVersion": seen["metadata"]["resourceVersion"]}, "spec": {"replicas": 6}}).to_string();
    let (code, shown) = bed.ask(Method::PATCH, &format!("{path}?dryRun=All"), MERGE, &six).await;
    assert_eq!((code, &shown["spec"]["replicas"], bed.get(&path).await), (200, &json!(6), seen.clone()));
    let (code, done) = bed.ask(Method::PATCH, &path, MERGE, &six).await;
    assert_eq!((code, &done["spec"]["replicas"]), (200, &json!(6)));
    assert_eq!(bed.ask(Method::PATCH, &path, MERGE, &six).await.0, 409, "once");
    bed.wait(5_000);
    assert_eq!((bed.behind("auth").await.1, bed.get(AUTH).await["status"]["readyReplicas"].clone()), (6, json!(6)));
    let mut put = bed.get(&path).await;
    put["spec"]["replicas"] = 2.into();
    assert_eq!(bed.ask(Method::PUT, &path, "application/json", &put.to_string()).await.0, 200);
    bed.wait(100);
    assert_eq!(bed.behind("auth").await.1, 2);
    let rollout = format!("{PAYMENT}/scale");
    bed.patch(&rollout, MERGE, json!({"spec": {"replicas": 10}})).await;
    bed.wait(5_000);
    assert_eq!((bed.behind("payment-stable").await.1, bed.behind("payment-canary").await.1), (10, 2), "20 % of ten");
    for (path, media, body, code) in [
        (path.as_str(), MERGE, r#"{"spec":{"replicas":-1}}"#, 422),
        (&path, MERGE, r#"{"spec":{"replicas":"two"}}"#, 422),
        (&path, "application/json", r#"{"kind":"Deployment"}"#, 415),
        (&rollout, STRATEGIC, "{}", 415),
        ("/apis/apps/v1/namespaces/shop/replicasets/x/scale", MERGE, "{}", 404),
    ] {
        let (got, answer) = bed.ask(Method::PATCH, path, media, body).await;
        assert_eq!(got, code, "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn what_a_spec_cannot_be_is_refused() {
    let bed = Bed::at(20).await;
    let before = bed.get(AUTH).await;
    for (media, patch, field) in [
        (
            MERGE,
            json!({"spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}}}),
            "spec.template.metadata.labels",
        ),
        (MERGE, json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}), "spec.selector"),
        (MERGE, json!({"spec": {"template": {"spec": {"containers": []}}}}), "spec.template.spec.containers"),
        (
            MERGE,
            json!({"spec": {"template": {"spec": {"containers": [{"name": "auth"}]}}}}),
            "spec.template.spec.containers[0].image",
        ),
        (MERGE, json!({"spec": {"strategy": {"type": "Recreate"}}}), "spec.strategy.rollingUpdate"),
        (MERGE, json!({"spec": {"replicas": -1}}), "spec.replicas"),
    ] {
        for dry in ["", "?dryRun=All"] {
            let (code, refused) = bed.ask(Method::PATCH, &format!("{AUTH}{dry}"), media, &patch.to_string()).await;
            assert_eq!((code, refused["details"]["causes"][0]["field"].as_str()), (422, Some(field)), "{refused}");
        }
    }
    let frob = r#"{"spec":{"frob":1}}"#;
    for (query, code, warns) in [
        ("", 200, true),
        ("?fieldValidation=Warn", 200, true),
        ("?fieldValidation=Ignore", 200, false),
        ("?fieldValidation=Strict", 422, false),
        ("?fieldValidation=Frob", 422, false),
    ] {
        let request = bed.http.patch(bed.url(Cluster::Eu1, &format!("{AUTH}{query}"))).header("content-type", MERGE);
        let answer = request.body(frob).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("warning")), (code, warns), "{query}");
    }
    // The number has a default.
    assert_eq!(bed.patch(&format!("{AUTH}?dryRun=All"), MERGE, json!({"spec": {"replicas": null}})).await["spec"]["replicas"], 1);
    for (path, method) in
        [(AUTH, Method::DELETE), (PAYMENT, Method::DELETE), (AUTH, Method::POST), ("/api/v1/namespaces/shop", Method::PATCH)]
    {
        assert_eq!(bed.ask(method, path, MERGE, "{}").await.0, 405, "{path}");
    }
    assert_eq!(bed.get(AUTH).await, before);
}

#[tokio::test]
async fn leases_have_one_maker_one_taker_and_microseconds() {
    let bed = Bed::at(20).await;
    let lease = |holder: &str, time: &str| {
        json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 30, "renewTime": time}})
            .to_string()
    };
    for time in ["2026-03-10T09:00:00Z", "2026-03-10T09:00:00.000Z", "2026-03-10T09:00:00.000000000Z", "soon"] {
        assert_eq!(bed.ask(Method::POST, LEASES, "application/json", &lease("a", time)).await.0, 422, "{time}");
    }
    let good = "2026-03-10T09:20:00.000000Z";
    let (dry, made) = bed.ask(Method::POST, &format!("{LEASES}?dryRun=All"), "application/json", &lease("a", good)).await;
    assert_eq!((dry, &made["metadata"]["resourceVersion"]), (201, &Value::Null));
    let (one, two) = (lease("a", good), lease("b", good));
    let (one, two) = tokio::join!(
        bed.ask(Method::POST, LEASES, "application/json", &one),
        bed.ask(Method::POST, LEASES, "application/json", &two)
    );
    let mut codes = [(one.0, one.1["reason"].clone()), (two.0, two.1["reason"].clone())];
    codes.sort_by_key(|(code, _)| *code);
    assert_eq!(codes, [(201, Value::Null), (409, "AlreadyExists".into())]);
}

#[tokio::test]
async fn the_cluster_has_an_identity_and_templates_find_their_configuration() {
    let bed = Bed::at(20).await;
    let uid = bed.get("/api/v1/namespaces/kube-system").await["metadata"]["uid"].clone();
    assert_eq!(uid.as_str().map(str::len), Some(36));
    let template = bed.get(AUTH).await["spec"]["template"].clone();
    for source in template["spec"]["containers"][0]["envFrom"].as_array().unwrap() {
        let (plural, name) = match (&source["configMapRef"]["name"], &source["secretRef"]["name"]) {
            (Value::String(name), _) => ("configmaps", name),
            (_, Value::String(name)) => ("secrets", name),
            _ => panic!("{source}"),
        };
        let url = bed.url(Cluster::Eu1, &format!("/api/v1/namespaces/shop/{plural}/{name}"));
        let answer = bed.http.get(url).header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        let found: Value = serde_json::from_str(&answer.send().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!((&found["kind"], &found["data"]), (&"PartialObjectMetadata".into(), &Value::Null));
        let (code, gone) = bed.ask(Method::GET, &format!("/api/v1/namespaces/shop/{plural}/nope"), "", "").await;
        assert_eq!((code, &gone["reason"]), (404, &"NotFound".into()));
    }
    let note = bed.patch("/api/v1/namespaces/shop/configmaps/auth-config", MERGE, json!({"data": {"LOG_LEVEL": "debug"}})).await;
    assert_eq!((&note["data"]["LOG_LEVEL"], note.get("spec")), (&"debug".into(), None));
}

#[tokio::test]
async fn every_write_is_on_record_and_no_read() {
    let bed = Bed::at(20).await;
    bed.get(AUTH).await;
    for (id, token, code) in [("op-1", "acme-mira", 200), ("op-2", "acme-viewer", 403), ("op-3", "stolen", 401)] {
        let request = bed.http.patch(bed.url(Cluster::Eu1, &format!("{AUTH}?fieldManager=gonogo&dryRun=All")));
        let request =
            request.header("content-type", MERGE).header("audit-id", id).bearer_auth(token).body(r#"{"spec":{"paused":true}}"#);
        let answer = request.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["audit-id"].to_str().unwrap()), (code, id));
    }
    // A fault that swallows the answer does not swallow the record.
    bed.sim.handle().fault("k8s", gonogo::sim::Fault::After(504));
    assert_eq!(bed.ask(Method::PATCH, AUTH, MERGE, "{}").await.0, 504);
    let log = bed.get("/sim/audit").await;
    bed.sim.handle().heal("k8s");
    let lines: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
            (text(&line["user"]["username"]), text(&line["verb"]), line["responseStatus"]["code"].as_u64().unwrap())
        })
        .collect();
    let expected = [("mira", 200), ("viewer", 403), ("", 401), ("demo", 200)]
        .map(|(user, code)| (user.to_owned(), "patch".to_owned(), code));
    assert_eq!(lines, expected);
    let first = &log["items"][0];
    assert_eq!(
        (&first["auditID"], &first["requestURI"]),
        (&"op-1".into(), &format!("{AUTH}?fieldManager=gonogo&dryRun=All").into())
    );
    assert_eq!(first["requestObject"], json!({"spec": {"paused": true}}));
    assert_eq!(bed.sim.handle().audit(Cluster::Eu1), *log["items"].as_array().unwrap());
    assert!(bed.sim.handle().audit(Cluster::Us1).is_empty());
}

#[tokio::test]
async fn what_git_does_not_say_is_undone_within_three_seconds() {
    let bed = Bed::of(Params { scenario: Scenario::GitopsRevert, ..Params::default() }, 20).await;
    let before = bed.get(ORDER).await;
    let (pods, _) = bed.behind("order").await;
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "order", "image": "registry.acme.example/shop/order:7.0.4"}]}}}});
    for (media, patch, settle) in [
        (MERGE, json!({"spec": {"paused": true}}), 0),
        (MERGE, json!({"spec": {"replicas": 9}}), 0),
        (STRATEGIC, image.clone(), 20_000),
    ] {
        let sent = bed.patch(&format!("{ORDER}?fieldManager=gonogo"), media, patch.clone()).await;
        assert_ne!(sent["spec"], before["spec"], "it is taken");
        bed.wait(1_000);
        assert_ne!(bed.get(ORDER).await["spec"], before["spec"]);
        bed.wait(2_000);
        let after = bed.get(ORDER).await;
        assert_eq!(after["spec"], before["spec"], "{patch}");
        let newest = after["metadata"]["managedFields"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(newest["manager"], "argocd-application-controller");
        bed.wait(settle);
        let rest = bed.get(ORDER).await;
        assert_eq!(rest["status"]["observedGeneration"], rest["metadata"]["generation"], "{patch}");
        assert_eq!(rest["status"]["availableReplicas"], 4);
    }
    assert!(bed.behind("order").await.0.iter().any(|pod| pods.contains(pod)), "who was there when the number rose stays");
    // The watch shows it as an event of its own, behind the change.
    let version = bed.get(ORDER).await["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    bed.patch(ORDER, STRATEGIC, image).await;
    bed.wait(3_000);
    let path = format!(
        "/apis/apps/v1/namespaces/shop/deployments?watch=true&fieldSelector=metadata.name%3Dorder&resourceVersion={version}&timeoutSeconds=0"
    );
    let answer = bed.http.get(bed.url(Cluster::Eu1, &path)).send().await.unwrap().text().await.unwrap();
    let images: Vec<String> = answer
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["object"]["spec"]["template"]["spec"]["containers"][0]["image"]
                .as_str()
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        (images.first().map(String::as_str), images.last().map(String::as_str)),
        (Some("7.0.4"), Some("7.0.3")),
        "{images:?}"
    );
    // Others and other scenarios are left alone.
    bed.patch(AUTH, MERGE, json!({"spec": {"paused": true}})).await;
    bed.wait(60_000);
    assert_eq!(bed.get(AUTH).await["spec"]["paused"], true);
    let calm = Bed::at(20).await;
    calm.patch(ORDER, JSON_PATCH, json!([{"op": "add", "path": "/spec/paused", "value": true}])).await;
    calm.wait(60_000);
    assert_eq!(calm.get(ORDER).await["spec"]["paused"], true);
}

#[tokio::test]
async fn every_revision_of_user_carries_its_promise_where_a_migration_was_bad() {
    let bed = Bed::of(Params { scenario: Scenario::BadMigration, ..Params::default() }, 20).await;
    for cluster in Cluster::ALL {
        let get = |path: &str| {
            let request = bed.http.get(bed.url(cluster, path));
            async move { serde_json::from_str::<Value>(&request.send().await.unwrap().text().await.unwrap()).unwrap() }
        };
        let sets = get("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app.kubernetes.io/name%3Duser").await;
        let promises: Vec<_> = sets["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let notes = &set["spec"]["template"]["metadata"]["annotations"];
                (
                    set["spec"]["replicas"].as_u64().unwrap() > 0,
                    notes["gonogo.dev/requires.schema.users"].clone(),
                    notes["gonogo.dev/provides.schema.users"].clone(),
                )
            })
            .collect();
        assert_eq!(promises.len(), 2);
        assert!(
            promises.contains(&(true, ">=42".into(), "42".into())) && promises.contains(&(false, "<=41".into(), "41".into())),
            "{promises:?}"
        );
        let jobs = get("/apis/batch/v1/namespaces/shop/jobs?labelSelector=gonogo.dev/migration%3Dtrue").await;
        let notes = jobs["items"][0]["metadata"]["annotations"].clone();
        let told = ["contract", "from", "to", "kind"].map(|field| notes[format!("gonogo.dev/{field}")].clone());
        assert_eq!(told, ["schema.users", "41", "42", "contract"]);
        assert_eq!((jobs["items"].as_array().unwrap().len(), &jobs["items"][0]["status"]["succeeded"]), (1, &json!(1)));
    }
}
