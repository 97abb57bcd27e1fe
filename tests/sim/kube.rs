//! The kube client against the world's clusters.

use futures::{StreamExt, TryStreamExt};
use gonogo::sim::{Params, world::Cluster};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet},
        authentication::v1::SelfSubjectReview,
        core::v1::{Namespace, Pod, Service},
        discovery::v1::EndpointSlice,
    },
    serde::de::DeserializeOwned,
};
use kube::{
    Api, Client, Config, Resource,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    runtime::{WatchStreamExt, watcher},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::Bed;

impl Bed {
    fn client(&self, cluster: Cluster) -> Client {
        Client::try_from(Config::new(self.url(cluster, "").parse().unwrap())).unwrap()
    }

    fn rollouts(&self, cluster: Cluster) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk_with_plural(
            &kube::api::GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout"),
            "rollouts",
        );
        Api::namespaced_with(self.client(cluster), "shop", &kind)
    }
}

async fn count<K>(client: &Client) -> usize
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let all: Api<K> = Api::all(client.clone());
    let list = all.list(&ListParams::default()).await.unwrap();
    assert!(list.iter().all(|object| object.meta().uid.is_some() && object.meta().resource_version.is_some()));
    list.items.len()
}

#[tokio::test]
async fn typed_objects_decode_in_every_cluster() {
    let bed = Bed::at(20).await;
    for cluster in Cluster::ALL {
        let client = bed.client(cluster);
        assert_eq!(count::<Namespace>(&client).await, 5);
        assert_eq!(count::<Deployment>(&client).await, 18);
        assert!(count::<ReplicaSet>(&client).await >= 33);
        assert!(count::<Pod>(&client).await >= 18);
        assert_eq!(count::<Service>(&client).await, count::<EndpointSlice>(&client).await);
        assert_eq!(bed.rollouts(cluster).list(&ListParams::default()).await.unwrap().items.len(), 3);
        let groups = client.list_api_groups().await.unwrap();
        assert!(groups.groups.iter().any(|group| group.name == "argoproj.io"));
        assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
        let review: Api<SelfSubjectReview> = Api::all(client);
        let me = review.create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
        assert_eq!(me.status.unwrap().user_info.unwrap().username.as_deref(), Some("demo"));
    }
}

#[tokio::test]
async fn pages_join_to_the_list_as_it_stood() {
    let bed = Bed::at(3).await;
    let pods: Api<Pod> = Api::all(bed.client(Cluster::Eu1));
    let names = |list: &[Pod]| list.iter().map(|pod| pod.metadata.name.clone().unwrap()).collect::<Vec<_>>();
    let whole = names(&pods.list(&ListParams::default()).await.unwrap().items);
    let mut page = ListParams::default().limit(7);
    let mut joined = Vec::new();
    loop {
        let list = pods.list(&page).await.unwrap();
        joined.extend(names(&list.items));
        // The world moves on between the pages.
        bed.turn(20);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(joined, whole);
}

#[tokio::test]
async fn selectors_narrow() {
    let bed = Bed::at(20).await;
    let pods: Api<Pod> = Api::namespaced(bed.client(Cluster::Eu1), "shop");
    let of = |params: ListParams| {
        let pods = pods.clone();
        async move { pods.list(&params).await.unwrap().items.len() }
    };
    assert_eq!(of(ListParams::default().labels("app.kubernetes.io/name=payment")).await, 6);
    assert_eq!(of(ListParams::default().labels("app.kubernetes.io/name=payment,app.kubernetes.io/version=4.2.0")).await, 1);
    assert_eq!(of(ListParams::default().fields("spec.nodeName=nowhere")).await, 0);
    assert_eq!(of(ListParams::default().labels("!app.kubernetes.io/name")).await, 0);
}

#[tokio::test]
async fn a_watch_follows_the_release() {
    let bed = Bed::at(3).await;
    let rollouts = bed.rollouts(Cluster::Eu1);
    let mut events = watcher(rollouts, watcher::Config::default()).default_backoff().applied_objects().boxed();
    let mut weights = Vec::new();
    for minute in [4, 10] {
        // Wait for the present state, then turn the clock.
        while let Some(object) = events.try_next().await.unwrap() {
            if object.metadata.name.as_deref() == Some("payment") {
                weights.push(object.data["status"]["canary"]["weights"]["canary"]["weight"].as_i64().unwrap());
                break;
            }
        }
        bed.turn(minute);
    }
    while weights.last() != Some(&20) {
        let object = events.try_next().await.unwrap().unwrap();
        if object.metadata.name.as_deref() == Some("payment") {
            weights.push(object.data["status"]["canary"]["weights"]["canary"]["weight"].as_i64().unwrap());
        }
    }
    weights.dedup();
    assert_eq!(weights, [0, 5, 20]);
}

#[tokio::test]
async fn a_watch_sees_writes_and_ends_with_its_time() {
    let bed = Bed::at(20).await;
    let deployments: Api<Deployment> = Api::namespaced(bed.client(Cluster::Eu1), "shop");
    let version = deployments.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let params = WatchParams::default().fields("metadata.name=cart").timeout(1);
    let mut events = deployments.watch(&params, &version).await.unwrap().boxed();
    let patch = Patch::Merge(json!({"spec": {"paused": true}}));
    for name in ["auth", "cart"] {
        deployments.patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
    let mut seen = Vec::new();
    while let Some(event) = events.try_next().await.unwrap() {
        match event {
            WatchEvent::Modified(object) => seen.push(object.metadata.name.unwrap()),
            WatchEvent::Bookmark(mark) => seen.push(format!("bookmark {}", mark.metadata.resource_version)),
            other => panic!("{other:?}"),
        }
    }
    let last: u64 = version.parse().unwrap();
    // Of each the patch, and the controller's note that it has seen it.
    assert_eq!(seen, ["cart".to_owned(), "cart".to_owned(), format!("bookmark {}", last + 4)]);
}

#[tokio::test]
async fn a_version_from_before_the_log_is_gone() {
    let bed = Bed::at(20).await;
    let deployments: Api<Deployment> = Api::namespaced(bed.client(Cluster::Eu1), "shop");
    let mut events = deployments.watch(&WatchParams::default(), "7").await.unwrap().boxed();
    match events.try_next().await.unwrap() {
        Some(WatchEvent::Error(status)) => assert_eq!((status.code, status.reason.as_str()), (410, "Expired")),
        other => panic!("{other:?}"),
    }
    assert!(events.try_next().await.unwrap().is_none(), "the stream ends behind it");
}

#[tokio::test]
async fn a_watch_list_begins_with_the_present_and_says_where_it_ends() {
    let bed = Bed::at(20).await;
    let path = "/apis/argoproj.io/v1alpha1/rollouts?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=0";
    let answer = bed.http.get(bed.url(Cluster::Eu1, path)).send().await.unwrap().text().await.unwrap();
    let events: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ADDED", "ADDED", "ADDED", "BOOKMARK", "BOOKMARK"]);
    assert_eq!(events[3]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn the_same_seed_says_the_same_in_any_order() {
    let paths = [
        "/api/v1/pods",
        "/apis/apps/v1/deployments",
        "/apis/argoproj.io/v1alpha1/rollouts",
        "/apis/networking.istio.io/v1/virtualservices",
    ];
    let read = |bed: Bed, path: &'static str| async move {
        let answer = bed.http.get(bed.url(Cluster::Us1, path)).send().await.unwrap();
        (answer.text().await.unwrap(), bed)
    };
    let (one, mut other) = (Bed::at(20).await, Bed::at(2).await);
    for (minute, path) in [(3, paths[3]), (5, paths[0]), (12, paths[2])] {
        other.turn(minute);
        (_, other) = read(other, path).await;
    }
    other.turn(20);
    let mut one = one;
    for path in paths {
        let (left, right);
        (left, one) = read(one, path).await;
        (right, other) = read(other, path).await;
        assert_eq!(left, right, "{path}");
    }
    let stranger = Bed::of(Params { seed: 2, ..Params::default() }, 20).await;
    assert_ne!(read(one, paths[0]).await.0, read(stranger, paths[0]).await.0);
}

#[tokio::test]
async fn metadata_can_be_had_alone() {
    let bed = Bed::at(20).await;
    let request = bed.http.get(bed.url(Cluster::Eu1, "/api/v1/pods"));
    let answer =
        request.header("accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").send().await.unwrap();
    let list: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&list["kind"], &list["items"][0]["spec"]), (&json!("PartialObjectMetadataList"), &Value::Null));
    let (code, _) = bed.ask(Method::GET, "/version", "", "").await;
    assert_eq!(code, 200);
}
