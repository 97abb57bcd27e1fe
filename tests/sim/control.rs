//! Controllers answer writes, and the world follows.

use gonogo::sim::world::{Cluster, catalogue, traffic::Arm};
use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

const ROLLOUT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment";
const ROUTE: &str = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/payment";
const REVIEW: &str = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/review";
const MERGE: &str = "application/merge-patch+json";

impl Bed {
    async fn status(&self, patch: Value) -> Value {
        let (code, answer) =
            self.ask(Method::PATCH, &format!("{ROLLOUT}/status"), MERGE, &json!({"status": patch}).to_string()).await;
        assert_eq!(code, 200, "{answer}");
        answer
    }

    /// Phase, step, set weight, live weight, and whether the controller has seen the newest generation.
    async fn stands(&self) -> (String, u64, u64, u64, bool) {
        let (rollout, route) = (self.get(ROLLOUT).await, self.get(ROUTE).await);
        let status = &rollout["status"];
        let number = |value: &Value| value.as_u64().unwrap();
        let generation = rollout["metadata"]["generation"].to_string();
        let observed = status["observedGeneration"].as_str().unwrap() == generation;
        let live = number(&route["spec"]["http"][0]["route"][1]["weight"]);
        let phase = status["phase"].as_str().unwrap().to_owned();
        (phase, number(&status["currentStepIndex"]), number(&status["canary"]["weights"]["canary"]["weight"]), live, observed)
    }

    fn share(&self) -> f64 {
        let state = std::sync::Arc::clone(self.sim.handle().state());
        let payment = catalogue::find("payment").unwrap();
        let [stable, canary] = Arm::ALL.map(|arm| state.world().load(payment, Cluster::Eu1, arm, state.now()).rps);
        (canary / (stable + canary) * 100.0).round()
    }
}

fn at(phase: &str, step: u64, set: u64, live: u64) -> (String, u64, u64, u64, bool) {
    (phase.to_owned(), step, set, live, true)
}

#[tokio::test]
async fn a_rollout_walks_to_its_end() {
    let bed = Bed::at(20).await;
    assert_eq!(bed.stands().await, at("Paused", 3, 20, 20));
    bed.status(json!({"pauseConditions": null})).await;
    assert_eq!(bed.stands().await, at("Progressing", 4, 20, 20));
    bed.turn(21);
    assert_eq!((bed.stands().await, bed.share()), (at("Paused", 5, 50, 50), 50.0));
    bed.status(json!({"pauseConditions": null})).await;
    bed.turn(25);
    assert_eq!((bed.stands().await, bed.share()), (at("Healthy", 7, 0, 0), 100.0));
    let rollout = bed.get(ROLLOUT).await;
    assert_eq!(rollout["status"]["stableRS"], rollout["status"]["currentPodHash"]);
    let pods = bed.get("/api/v1/namespaces/shop/pods?labelSelector=app.kubernetes.io/name%3Dpayment").await;
    let versions: Vec<&str> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| pod["metadata"]["labels"]["app.kubernetes.io/version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["4.2.0"; 5]);
    let other = bed.http.get(bed.url(Cluster::Us1, ROLLOUT)).send().await.unwrap().text().await.unwrap();
    assert!(other.contains("\"phase\":\"Paused\""), "the other cluster waits");
}

#[tokio::test]
async fn abort_and_retry() {
    let bed = Bed::at(20).await;
    bed.status(json!({"abort": true})).await;
    assert_eq!((bed.stands().await, bed.share()), (at("Degraded", 0, 0, 0), 0.0));
    assert_eq!(bed.get(ROLLOUT).await["status"]["abortedAt"], "2026-03-10T09:20:00Z");
    bed.status(json!({"pauseConditions": null, "currentStepIndex": 1})).await;
    assert_eq!(bed.stands().await, at("Degraded", 0, 0, 0), "promote on an aborted rollout does nothing");
    bed.turn(21);
    bed.status(json!({"abort": false})).await;
    bed.turn(22);
    assert_eq!((bed.stands().await, bed.share()), (at("Paused", 1, 5, 5), 5.0));
}

#[tokio::test]
async fn a_manual_pause_is_seen_and_lifted() {
    let bed = Bed::at(20).await;
    for (paused, message) in [(true, "manually paused"), (false, "CanaryPauseStep")] {
        let (code, _) = bed.ask(Method::PATCH, ROLLOUT, MERGE, &json!({"spec": {"paused": paused}}).to_string()).await;
        assert_eq!(code, 200);
        assert_eq!(bed.stands().await, at("Paused", 3, 20, 20));
        assert_eq!(bed.get(ROLLOUT).await["status"]["message"], message);
    }
}

#[tokio::test]
async fn the_controller_defends_its_route_and_nobody_the_others() {
    let bed = Bed::at(20).await;
    let patch = |canary: u64| {
        json!([{"op": "replace", "path": "/spec/http/0/route/1/weight", "value": canary}, {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 100 - canary}]).to_string()
    };
    for (path, left) in [(ROUTE, 20), (REVIEW, 70)] {
        let (code, sent) = bed.ask(Method::PATCH, path, "application/json-patch+json", &patch(70)).await;
        assert_eq!((code, &sent["spec"]["http"][0]["route"][1]["weight"]), (200, &json!(70)));
        let route = bed.get(path).await;
        assert_eq!(route["spec"]["http"][0]["route"][1]["weight"], left);
        assert_eq!(route["metadata"]["resourceVersion"] == sent["metadata"]["resourceVersion"], left == 70, "who wrote last");
    }
    let review = catalogue::find("review").unwrap();
    let state = std::sync::Arc::clone(bed.sim.handle().state());
    assert!(state.world().load(review, Cluster::Eu1, Arm::Canary, state.now()).rps > 0.0);
    assert!(state.world().load(review, Cluster::Us1, Arm::Canary, state.now()).rps == 0.0);
}

#[tokio::test]
async fn writes_to_the_status_of_a_settled_rollout_are_taken_back() {
    let bed = Bed::at(20).await;
    let path = ROLLOUT.replace("payment", "recommendation");
    let before = bed.get(&path).await;
    let (code, sent) = bed.ask(Method::PATCH, &format!("{path}/status"), MERGE, r#"{"status":{"abort":true}}"#).await;
    assert_eq!((code, &sent["status"]["abort"]), (200, &json!(true)));
    assert_eq!(bed.get(&path).await["status"], before["status"]);
}
