//! Deployments roll out what is written to them, and Services follow their selectors.

use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

const APPS: &str = "/apis/apps/v1/namespaces/shop";
const AUTH: &str = "/apis/apps/v1/namespaces/shop/deployments/auth";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

impl Bed {
    pub async fn patch(&self, path: &str, media: &str, patch: Value) -> Value {
        let (code, answer) = self.ask(Method::PATCH, path, media, &patch.to_string()).await;
        assert_eq!(code, 200, "{path} {patch}: {answer}");
        answer
    }

    /// The ReplicaSets of a service: revision, pods wanted, pods ready, version of the image; in order of revision.
    pub async fn sets(&self, service: &str) -> Vec<(u64, u64, u64, String)> {
        let list = self.get(&format!("{APPS}/replicasets?labelSelector=app.kubernetes.io/name%3D{service}")).await;
        let mut sets: Vec<_> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let notes = &set["metadata"]["annotations"];
                let revision =
                    notes["deployment.kubernetes.io/revision"].as_str().or(notes["rollout.argoproj.io/revision"].as_str());
                let image = set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
                let count = |value: &Value| value.as_u64().unwrap_or(0);
                let revision = revision.unwrap().parse().unwrap();
                (
                    revision,
                    count(&set["spec"]["replicas"]),
                    count(&set["status"]["readyReplicas"]),
                    image.rsplit([':', '/']).next().unwrap().to_owned(),
                )
            })
            .collect();
        sets.sort();
        sets
    }

    /// The names of the pods behind a Service, and how many of them are ready.
    pub async fn behind(&self, front: &str) -> (Vec<String>, usize) {
        let path = format!(
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3D{front}"
        );
        let slices = self.get(&path).await;
        let all: Vec<Value> = slices["items"][0]["endpoints"].as_array().cloned().unwrap_or_default();
        let ready = all.iter().filter(|e| e["conditions"]["ready"] == true).count();
        (all.iter().map(|e| e["targetRef"]["name"].as_str().unwrap().to_owned()).collect(), ready)
    }
}

/// What a client that waits looks at: the generation is seen, pods wanted, updated, all, available.
fn figures(object: &Value) -> (bool, u64, u64, u64, u64) {
    let (spec, status) = (&object["spec"], &object["status"]);
    let count = |name: &str| status[name].as_u64().unwrap_or(0);
    let seen = status["observedGeneration"] == object["metadata"]["generation"];
    (seen, spec["replicas"].as_u64().unwrap(), count("updatedReplicas"), count("replicas"), count("availableReplicas"))
}

fn condition(object: &Value, kind: &str) -> (String, String) {
    let all = object["status"]["conditions"].as_array().unwrap();
    let found = all.iter().find(|c| c["type"] == kind).unwrap();
    (found["status"].as_str().unwrap().to_owned(), found["reason"].as_str().unwrap().to_owned())
}

fn image(tag: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "auth", "image": format!("registry.acme.example/shop/auth:{tag}")}]}}}})
}

#[tokio::test]
async fn an_image_rolls_out_pod_by_pod() {
    let bed = Bed::at(20).await;
    let before = bed.get(AUTH).await;
    assert_eq!(figures(&before), (true, 4, 4, 4, 4));
    let (old, _) = bed.behind("auth").await;
    let sent = bed.patch(AUTH, STRATEGIC, image("2.9.0")).await;
    let generation = before["metadata"]["generation"].as_i64().unwrap();
    assert_eq!(sent["metadata"]["generation"], generation + 1);
    // Until the controller has looked, everything else tells of the past.
    assert_eq!(figures(&bed.get(AUTH).await), (false, 4, 4, 4, 4));
    bed.wait(100);
    let seen = bed.get(AUTH).await;
    assert_eq!(figures(&seen), (true, 4, 2, 5, 3), "one more and one less than wanted at a time");
    assert_eq!(condition(&seen, "Progressing"), ("True".into(), "NewReplicaSetCreated".into()));
    assert_eq!(seen["metadata"]["generation"], generation + 2, "the revision is an annotation, and counts");
    let (pods, ready) = bed.behind("auth").await;
    assert_eq!((pods.len(), ready), (5, 3), "those that are not ready are listed");
    let mut course = vec![];
    for _ in 0..12 {
        bed.wait(1_000);
        course.push(figures(&bed.get(AUTH).await).2);
    }
    assert!(course.is_sorted() && course.contains(&3) | course.contains(&4), "{course:?}");
    let done = bed.get(AUTH).await;
    assert_eq!(figures(&done), (true, 4, 4, 4, 4));
    assert_eq!(condition(&done, "Progressing"), ("True".into(), "NewReplicaSetAvailable".into()));
    let (new, ready) = bed.behind("auth").await;
    assert!(ready == 4 && new.iter().all(|pod| !old.contains(pod)));
    let sets = bed.sets("auth").await;
    let revision = sets[2].0;
    assert_eq!(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"], revision.to_string());
    assert_eq!(sets.iter().map(|s| (s.1, s.3.as_str())).collect::<Vec<_>>(), [(0, "2.8.0"), (0, "2.8.1"), (4, "2.9.0")]);
}

#[tokio::test]
async fn going_back_uses_the_old_replica_set_again_under_a_new_number() {
    let bed = Bed::at(20).await;
    let sets = bed.get(&format!("{APPS}/replicasets?labelSelector=app.kubernetes.io/name%3Dauth")).await;
    let old = sets["items"].as_array().unwrap().iter().find(|set| set["spec"]["replicas"] == 0).unwrap().clone();
    let mut template = old["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().shift_remove("pod-template-hash");
    // As typed clients write it; the server does not keep it.
    template["metadata"]["creationTimestamp"] = Value::Null;
    let now = bed.get(AUTH).await;
    let revision: u64 = now["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap().parse().unwrap();
    let guard = |version: &Value| {
        json!([
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/spec/template", "value": template},
        ])
    };
    bed.patch(AUTH, JSON_PATCH, guard(&now["metadata"]["resourceVersion"])).await;
    bed.wait(100);
    let path = format!("{APPS}/replicasets/{}", old["metadata"]["name"].as_str().unwrap());
    let again = bed.get(&path).await;
    let notes = &again["metadata"]["annotations"];
    assert_eq!(notes["deployment.kubernetes.io/revision"], (revision + 1).to_string());
    assert_eq!(notes["deployment.kubernetes.io/revision-history"], (revision - 1).to_string());
    assert_eq!(again["metadata"]["uid"], old["metadata"]["uid"]);
    let seen = bed.get(AUTH).await;
    assert_eq!(condition(&seen, "Progressing").1, "FoundNewReplicaSet");
    bed.wait(20_000);
    assert_eq!(figures(&bed.get(AUTH).await), (true, 4, 4, 4, 4));
    assert_eq!(
        bed.sets("auth").await.iter().map(|s| (s.1, s.3.clone())).collect::<Vec<_>>(),
        [(0, "2.8.1".into()), (4, "2.8.0".into())]
    );
    let (code, _) = bed.ask(Method::PATCH, AUTH, JSON_PATCH, &guard(&now["metadata"]["resourceVersion"]).to_string()).await;
    assert_eq!(code, 409);
}

#[tokio::test]
async fn a_restart_replaces_every_pod_and_a_pause_holds_it() {
    let bed = Bed::at(20).await;
    let (old, _) = bed.behind("auth").await;
    bed.patch(AUTH, MERGE, json!({"spec": {"paused": true}})).await;
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-03-10T09:20:00Z"}}}}});
    bed.patch(AUTH, STRATEGIC, restart).await;
    bed.wait(30_000);
    let held = bed.get(AUTH).await;
    assert_eq!(figures(&held), (true, 4, 0, 4, 4), "no pod has the new template");
    assert_eq!(condition(&held, "Progressing"), ("Unknown".into(), "DeploymentPaused".into()));
    assert_eq!(bed.behind("auth").await.0, old);
    // Its number follows all the same.
    bed.patch(AUTH, MERGE, json!({"spec": {"replicas": 3}})).await;
    bed.wait(100);
    assert_eq!(bed.behind("auth").await.0.len(), 3);
    bed.patch(AUTH, MERGE, json!({"spec": {"paused": null}})).await;
    bed.wait(30_000);
    assert_eq!(figures(&bed.get(AUTH).await), (true, 3, 3, 3, 3));
    let (new, ready) = bed.behind("auth").await;
    assert!(ready == 3 && new.iter().all(|pod| !old.contains(pod)), "{new:?}");
}

#[tokio::test]
async fn what_cannot_start_never_arrives_and_says_so_after_the_deadline() {
    for (tag, reason) in [("9-pull", "ImagePullBackOff"), ("9-crash", "CrashLoopBackOff"), ("9-never", "")] {
        let bed = Bed::at(20).await;
        bed.patch(AUTH, STRATEGIC, image(tag)).await;
        bed.wait(60_000);
        let stuck = bed.get(AUTH).await;
        assert_eq!(figures(&stuck), (true, 4, 2, 5, 3), "{tag}");
        assert_eq!(condition(&stuck, "Available").0, "True");
        let pods = bed.get("/api/v1/namespaces/shop/pods?labelSelector=app.kubernetes.io/name%3Dauth").await;
        let reasons = pods["items"].as_array().unwrap().iter().map(|pod| {
            let waits = &pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
            waits.as_str().unwrap_or("").to_owned()
        });
        assert_eq!(reasons.filter(|r| !r.is_empty()).count(), if reason.is_empty() { 0 } else { 2 }, "{tag}");
        bed.wait(601_000);
        assert_eq!(condition(&bed.get(AUTH).await, "Progressing"), ("False".into(), "ProgressDeadlineExceeded".into()));
        // And a write ends it.
        bed.patch(AUTH, STRATEGIC, image("2.8.1")).await;
        bed.wait(20_000);
        assert_eq!(figures(&bed.get(AUTH).await), (true, 4, 4, 4, 4), "{tag}");
    }
}

#[tokio::test]
async fn recreate_is_down_in_between() {
    let bed = Bed::at(20).await;
    let mut patch = image("2.9.0");
    patch["spec"]["strategy"] = json!({"type": "Recreate", "rollingUpdate": null});
    bed.patch(AUTH, STRATEGIC, patch).await;
    bed.wait(200);
    let down = bed.get(AUTH).await;
    assert_eq!(figures(&down).4, 0);
    assert_eq!(condition(&down, "Available"), ("False".into(), "MinimumReplicasUnavailable".into()));
    assert_eq!(bed.behind("auth").await, (vec![], 0));
    bed.wait(20_000);
    assert_eq!(figures(&bed.get(AUTH).await), (true, 4, 4, 4, 4));
    assert_eq!(condition(&bed.get(AUTH).await, "Available").0, "True");
}

#[tokio::test]
async fn blue_to_green_by_the_selector_of_a_service() {
    let bed = Bed::at(20).await;
    let (front, [blue, green]) =
        ("/api/v1/namespaces/shop/services/media", ["blue", "green"].map(|slot| format!("{APPS}/deployments/media-{slot}")));
    let (serving, _) = bed.behind("media").await;
    assert!(serving.len() == 3 && serving.iter().all(|pod| pod.starts_with("media-blue-")));
    // An empty idle side is selected without a word.
    bed.patch(&green, MERGE, json!({"spec": {"replicas": 0}})).await;
    bed.wait(100);
    bed.patch(front, MERGE, json!({"spec": {"selector": {"slot": "green"}}})).await;
    assert_eq!(bed.behind("media").await, (vec![], 0));
    bed.patch(front, MERGE, json!({"spec": {"selector": {"slot": "blue"}}})).await;
    assert_eq!(bed.behind("media").await.0, serving);
    // Fill, switch, retire.
    let template = json!([{"name": "media", "image": "registry.acme.example/shop/media:4.1.0"}]);
    bed.patch(&green, STRATEGIC, json!({"spec": {"replicas": 3, "template": {"spec": {"containers": template}}}})).await;
    bed.wait(100);
    assert_eq!((bed.behind("media-preview").await.0.len(), bed.behind("media-preview").await.1), (3, 0));
    bed.wait(5_000);
    assert_eq!(bed.behind("media-preview").await.1, 3);
    bed.patch(front, MERGE, json!({"spec": {"selector": {"slot": "green"}}})).await;
    let (active, ready) = bed.behind("media").await;
    assert!(ready == 3 && active.iter().all(|pod| pod.starts_with("media-green-")));
    bed.wait(60_000);
    let counted =
        bed.get_prometheus("sum by (pod) (rate(http_requests_total{service=\"media\",cluster=\"eu-1\"}[30s])) > 0").await;
    assert_eq!(counted.len(), 3, "{counted:?}");
    assert!(counted.iter().all(|labels| labels["pod"].as_str().unwrap().starts_with("media-green-")), "{counted:?}");
    bed.patch(&blue, MERGE, json!({"spec": {"replicas": 0}})).await;
    bed.wait(100);
    assert_eq!(figures(&bed.get(&blue).await), (true, 0, 0, 0, 0));
    assert_eq!(bed.behind("media").await.0, active);
}

#[tokio::test]
async fn the_same_writes_give_the_same_world_whoever_looks() {
    let course = |looks: bool| async move {
        let bed = Bed::at(20).await;
        bed.patch(AUTH, STRATEGIC, image("2.9.0")).await;
        for _ in 0..4 {
            bed.wait(2_500);
            if looks {
                bed.get(AUTH).await;
            }
        }
        (bed.get(&format!("{APPS}/deployments")).await, bed.get("/api/v1/pods").await)
    };
    assert_eq!(course(true).await, course(false).await);
}
