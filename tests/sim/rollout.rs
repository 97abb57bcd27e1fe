//! Argo Rollouts: verbs, their races, new templates.

use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

const ROLLOUT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment";
const STATUS: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment/status";
const ROUTE: &str = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/payment";
const IDLE: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/recommendation";
const CATALOG: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/catalog";
const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

/// Phase, step, live weight, pods of the stable and of the newest ReplicaSet.
type Stand = (String, u64, u64, Vec<u64>);

impl Bed {
    async fn rollout(&self) -> Stand {
        let (rollout, route) = (self.get(ROLLOUT).await, self.get(ROUTE).await);
        let weight = route["spec"]["http"][0]["route"][1]["weight"].as_u64().unwrap();
        let sets = self.sets("payment").await.iter().map(|set| set.1).filter(|pods| *pods > 0).collect();
        let status = &rollout["status"];
        (status["phase"].as_str().unwrap().to_owned(), status["currentStepIndex"].as_u64().unwrap(), weight, sets)
    }

    /// The template of a ReplicaSet of a service by the version of its image.
    async fn template(&self, service: &str, version: &str) -> Value {
        let path = format!("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app.kubernetes.io/name%3D{service}");
        let list = self.get(&path).await;
        let mut templates = list["items"].as_array().unwrap().iter().map(|set| set["spec"]["template"].clone());
        let mut found =
            templates.find(|t| t["spec"]["containers"][0]["image"].as_str().unwrap().ends_with(&format!(":{version}"))).unwrap();
        found["metadata"]["labels"].as_object_mut().unwrap().shift_remove("rollouts-pod-template-hash");
        found
    }

    async fn undo(&self, path: &str, template: &Value) {
        self.patch(path, JSON_PATCH, json!([{"op": "replace", "path": "/spec/template", "value": template}])).await;
    }
}

fn stands(phase: &str, step: u64, weight: u64, sets: &[u64]) -> Stand {
    (phase.to_owned(), step, weight, sets.to_vec())
}

#[tokio::test]
async fn the_guard_of_a_verb_is_its_version_and_its_meaning_is_tested() {
    let bed = Bed::at(20).await;
    let seen = bed.get(ROLLOUT).await;
    let start = seen["status"]["pauseConditions"][0]["startTime"].clone();
    let promote = |version: &Value, step: u64| {
        json!([
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "test", "path": "/metadata/uid", "value": seen["metadata"]["uid"]},
            {"op": "test", "path": "/status/currentStepIndex", "value": step},
            {"op": "test", "path": "/status/pauseConditions/0/startTime", "value": start},
            {"op": "remove", "path": "/status/pauseConditions"},
        ])
        .to_string()
    };
    let version = &seen["metadata"]["resourceVersion"];
    let (code, refused) = bed.ask(Method::PATCH, STATUS, JSON_PATCH, &promote(version, 1)).await;
    assert_eq!((code, &refused["details"]), (422, &json!({})));
    let (code, _) = bed.ask(Method::PATCH, &format!("{STATUS}?dryRun=All"), JSON_PATCH, &promote(version, 3)).await;
    assert_eq!((code, bed.rollout().await), (200, stands("Paused", 3, 20, &[5, 1])));
    assert_eq!(bed.get(ROLLOUT).await, seen, "a dry run leaves no trace");
    let (one, two) = (promote(version, 3), promote(version, 3));
    let (one, two) =
        tokio::join!(bed.ask(Method::PATCH, STATUS, JSON_PATCH, &one), bed.ask(Method::PATCH, STATUS, JSON_PATCH, &two));
    let mut codes = [one.0, two.0];
    codes.sort_unstable();
    assert_eq!(codes, [200, 422], "two presses at once are one step: the tests come before the version");
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 5, 50, &[5, 3]));
    // A merge on the status does not look at the uid, one on the object does.
    let other = json!({"metadata": {"uid": "other"}, "status": {"pauseConditions": null}});
    assert_eq!(bed.ask(Method::PATCH, STATUS, MERGE, &other.to_string()).await.0, 200);
    let (code, refused) = bed.ask(Method::PATCH, ROLLOUT, MERGE, r#"{"metadata":{"uid":"other"}}"#).await;
    assert_eq!((code, refused["details"]["causes"][0]["field"].as_str()), (422, Some("metadata.uid")));
}

#[tokio::test]
async fn a_jump_onto_a_pause_holds_only_if_it_says_so() {
    let bed = Bed::at(20).await;
    let jump = |step: u64, pause: Option<bool>| {
        let mut status = json!({"currentStepIndex": step, "pauseConditions": null});
        if let Some(pause) = pause {
            status["controllerPause"] = pause.into();
        }
        json!({"status": status})
    };
    bed.patch(STATUS, MERGE, jump(1, Some(false))).await;
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 1, 5, &[5, 1]));
    bed.patch(STATUS, MERGE, jump(3, None)).await;
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 5, 50, &[5, 3]), "it counted as passed");
    bed.patch(STATUS, MERGE, jump(2, None)).await;
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 3, 20, &[5, 1]), "a step back");
}

#[tokio::test]
async fn an_abort_under_promote_full_needs_both_fields() {
    let bed = Bed::at(20).await;
    bed.patch(STATUS, MERGE, json!({"status": {"promoteFull": true}})).await;
    assert_eq!(bed.get(ROLLOUT).await["status"]["promoteFull"], true);
    bed.patch(STATUS, MERGE, json!({"status": {"abort": true}})).await;
    let taken = bed.get(ROLLOUT).await;
    assert_eq!((&taken["status"]["abort"], &taken["status"]["phase"]), (&Value::Null, &"Progressing".into()));
    bed.patch(STATUS, MERGE, json!({"status": {"abort": true, "promoteFull": false}})).await;
    assert_eq!(bed.rollout().await, stands("Degraded", 0, 0, &[5, 5]));
    bed.wait(40_000);
    assert_eq!(bed.rollout().await, stands("Degraded", 0, 0, &[5]));
}

#[tokio::test]
async fn an_abort_under_a_pause_by_hand_is_half_a_one() {
    let bed = Bed::at(20).await;
    bed.patch(ROLLOUT, MERGE, json!({"spec": {"paused": true}})).await;
    bed.patch(STATUS, MERGE, json!({"status": {"abort": true}})).await;
    bed.wait(60_000);
    assert_eq!(bed.rollout().await, stands("Degraded", 0, 0, &[5, 1]), "the pods stay");
    bed.patch(ROLLOUT, MERGE, json!({"spec": {"paused": false}})).await;
    bed.wait(60_000);
    assert_eq!(bed.rollout().await, stands("Degraded", 0, 0, &[5]));
    let before = bed.behind("payment-stable").await;
    bed.patch(STATUS, MERGE, json!({"status": {"abort": false}})).await;
    bed.wait(10_000);
    assert_eq!((bed.rollout().await, bed.behind("payment-stable").await), (stands("Paused", 1, 5, &[5, 1]), before));
}

#[tokio::test]
async fn a_step_under_a_pause_by_hand_waits_for_its_end() {
    let bed = Bed::at(20).await;
    bed.patch(ROLLOUT, MERGE, json!({"spec": {"paused": true}})).await;
    bed.patch(STATUS, MERGE, json!({"status": {"pauseConditions": null}})).await;
    bed.wait(30_000);
    let held = bed.get(ROLLOUT).await;
    assert_eq!((&held["status"]["message"], bed.rollout().await.2), (&"manually paused".into(), 20));
    bed.patch(ROLLOUT, MERGE, json!({"spec": {"paused": false}})).await;
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 5, 50, &[5, 3]));
}

#[tokio::test]
async fn a_new_template_begins_anew_and_the_old_one_ends_it() {
    let bed = Bed::at(20).await;
    let (old, new) = (bed.template("payment", "4.1.7").await, bed.template("payment", "4.2.0").await);
    let generation = bed.get(ROLLOUT).await["metadata"]["generation"].as_i64().unwrap();
    bed.undo(ROLLOUT, &old).await;
    let sent = bed.get(ROLLOUT).await;
    assert_eq!(sent["metadata"]["generation"], generation + 1);
    assert_eq!(
        (&sent["status"]["observedGeneration"], &sent["status"]["phase"]),
        (&json!(generation.to_string()), &"Paused".into())
    );
    // What is said before the template is seen is taken and lost.
    bed.patch(STATUS, MERGE, json!({"status": {"promoteFull": true}})).await;
    bed.wait(100);
    let seen = bed.get(ROLLOUT).await;
    assert_eq!(
        (&seen["status"]["promoteFull"], &seen["status"]["observedGeneration"]),
        (&Value::Null, &json!((generation + 1).to_string()))
    );
    assert_eq!(bed.rollout().await, stands("Healthy", 7, 0, &[5]), "back on what is stable");
    assert_eq!(seen["status"]["stableRS"], seen["status"]["currentPodHash"]);
    assert_eq!(seen["spec"]["template"], old);
    let revision: u64 = seen["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str().unwrap().parse().unwrap();
    let sets = bed.sets("payment").await;
    assert_eq!(sets.last().map(|s| (s.0, s.1, s.3.as_str())), Some((revision, 5, "4.1.7")));
    // And again to the new one: a canary from the first step.
    bed.undo(ROLLOUT, &new).await;
    bed.wait(100);
    assert_eq!((bed.rollout().await.0, bed.rollout().await.1), ("Progressing".into(), 0));
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 1, 5, &[5, 1]));
    // All the way, and then back: the roles are changed.
    bed.patch(STATUS, MERGE, json!({"status": {"promoteFull": true}})).await;
    bed.wait(60_000);
    assert_eq!(bed.rollout().await, stands("Healthy", 7, 0, &[5]));
    bed.undo(ROLLOUT, &old).await;
    bed.wait(10_000);
    assert_eq!(bed.rollout().await, stands("Paused", 1, 5, &[5, 1]));
    bed.wait(60_000);
    let shares = bed.get_prometheus("sum by (destination_version) (rate(istio_requests_total{destination_workload=\"payment\",cluster=\"eu-1\"}[30s])) > 100").await;
    assert_eq!(shares, [json!({"destination_version": "4.2.0"})], "most of it goes to what is stable now");
    let few = bed.get_prometheus("sum by (destination_version) (rate(istio_requests_total{destination_workload=\"payment\",cluster=\"eu-1\"}[30s])) > 1").await;
    assert_eq!(few.len(), 2, "{few:?}");
}

#[tokio::test]
async fn an_idle_rollout_takes_an_image_a_restart_and_a_number() {
    let bed = Bed::at(20).await;
    let old: Vec<String> = bed.behind("recommendation-stable").await.0;
    bed.patch(IDLE, MERGE, json!({"spec": {"restartAt": "2026-03-10T09:20:00Z"}})).await;
    bed.wait(20_000);
    let new = bed.behind("recommendation-stable").await;
    assert!(new.1 == 3 && new.0.iter().all(|pod| !old.contains(pod)));
    assert_eq!(bed.get(IDLE).await["status"]["restartedAt"], "2026-03-10T09:20:00Z");
    bed.patch(IDLE, MERGE, json!({"spec": {"replicas": 4}})).await;
    bed.wait(10_000);
    assert_eq!(
        (bed.behind("recommendation-stable").await.1, bed.get(IDLE).await["status"]["phase"].clone()),
        (4, "Healthy".into())
    );
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.acme.example/shop/recommendation:9.1.0"}]);
    bed.patch(IDLE, JSON_PATCH, image).await;
    bed.wait(10_000);
    let status = bed.get(IDLE).await["status"].clone();
    assert_eq!(
        (&status["phase"], &status["currentStepIndex"], &status["updatedReplicas"]),
        (&"Paused".into(), &json!(1), &json!(1))
    );
    bed.patch(IDLE, MERGE, json!({"spec": {"paused": true}})).await;
    assert_eq!(bed.get(IDLE).await["status"]["message"], "manually paused");
}

#[tokio::test]
async fn a_restart_replaces_one_pod_after_the_other_and_then_says_its_own_time() {
    let bed = Bed::at(20).await;
    let restart = |at: Value| bed.patch(IDLE, MERGE, json!({"spec": {"restartAt": at}}));
    let status = || async {
        let mut object = bed.get(IDLE).await;
        object["status"].take()
    };
    let old = bed.behind("recommendation-stable").await.0;
    let fresh = || async {
        let (pods, ready) = bed.behind("recommendation-stable").await;
        (pods.iter().filter(|pod| !old.contains(pod)).count(), ready)
    };
    // What is a moment away waits for it.
    bed.wait(600);
    restart("2026-03-10T09:20:01Z".into()).await;
    assert_eq!((fresh().await, status().await["phase"].clone()), ((0, 3), "Healthy".into()));
    for (replaced, wait) in [(1, 500), (2, 3_000)] {
        bed.wait(wait);
        let status = status().await;
        assert_eq!((fresh().await, &status["restartedAt"]), ((replaced, 2), &Value::Null), "one after the other");
        assert_eq!((&status["phase"], &status["message"]), (&"Progressing".into(), &"rollout is restarting".into()));
    }
    // The last one is on its way: that is all the controller waits for.
    bed.wait(3_000);
    let last = status().await;
    assert_eq!((fresh().await, &last["restartedAt"]), ((3, 2), &"2026-03-10T09:20:01Z".into()));
    assert_eq!(last["phase"], "Progressing");
    bed.wait(3_000);
    assert_eq!((fresh().await, status().await["phase"].clone()), ((3, 3), "Healthy".into()));
    // A restart that is put off does not come, nor one that is withdrawn; one that is asked for again begins anew.
    let now = bed.behind("recommendation-stable").await;
    restart("2026-03-10T09:21:00Z".into()).await;
    restart(Value::Null).await;
    bed.wait(90_000);
    assert_eq!(
        (bed.behind("recommendation-stable").await, status().await["restartedAt"].clone()),
        (now, "2026-03-10T09:20:01Z".into())
    );
    restart("2026-03-10T09:21:00.5Z".into()).await;
    bed.wait(4_000);
    restart("2026-03-10T09:21:30Z".into()).await;
    bed.wait(3_000);
    assert_eq!(status().await["restartedAt"], "2026-03-10T09:20:01Z", "the first of the two was never carried out whole");
    bed.wait(10_000);
    assert_eq!(status().await["restartedAt"], "2026-03-10T09:21:30Z");
}

#[tokio::test]
async fn blue_green_waits_for_a_word_and_goes_back_without_one() {
    let bed = Bed::at(20).await;
    let active = |bed: &Bed| {
        let url = bed.url(super::Cluster::Stg, "/api/v1/namespaces/shop/services/catalog");
        let http = bed.http.clone();
        async move {
            let service: Value = serde_json::from_str(&http.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
            service["spec"]["selector"]["rollouts-pod-template-hash"].clone()
        }
    };
    let stg = |method: Method, path: String, media: &'static str, body: String| {
        let request = bed.http.request(method, bed.url(super::Cluster::Stg, &path)).header("content-type", media).body(body);
        async move {
            let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
            answer
        }
    };
    let read = || stg(Method::GET, CATALOG.to_owned(), "", String::new());
    let (before, first) = (active(&bed).await, read().await);
    let promote = json!({"status": {"pauseConditions": null}}).to_string();
    stg(Method::PATCH, format!("{CATALOG}/status"), MERGE, promote).await;
    let after = active(&bed).await;
    assert_eq!(
        (&after, &first["status"]["blueGreen"]["activeSelector"]),
        (&first["status"]["blueGreen"]["previewSelector"], &before)
    );
    bed.wait(60_000);
    // The way back is inside the window of the last three revisions.
    let list = stg(
        Method::GET,
        "/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app.kubernetes.io/name%3Dcatalog".to_owned(),
        "",
        String::new(),
    )
    .await;
    let old = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|set| set["metadata"]["labels"]["rollouts-pod-template-hash"] == before)
        .unwrap();
    let mut template = old["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().shift_remove("rollouts-pod-template-hash");
    let undo = json!([{"op": "replace", "path": "/spec/template", "value": template}]).to_string();
    stg(Method::PATCH, CATALOG.to_owned(), JSON_PATCH, undo).await;
    bed.wait(4_000);
    assert_eq!(active(&bed).await, before, "no pause, no gate");
    assert_eq!(read().await["status"]["phase"], "Healthy");
    // Something new waits again.
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.acme.example/shop/catalog:8.2.0"}]);
    stg(Method::PATCH, CATALOG.to_owned(), JSON_PATCH, image.to_string()).await;
    bed.wait(60_000);
    let waits = read().await;
    assert_eq!((&waits["status"]["message"], active(&bed).await), (&"BlueGreenPause".into(), before.clone()));
    stg(Method::PATCH, format!("{CATALOG}/status"), MERGE, json!({"status": {"abort": true}}).to_string()).await;
    bed.wait(60_000);
    let gone = read().await;
    assert_eq!((&gone["status"]["phase"], active(&bed).await), (&"Degraded".into(), before));
}
