//! Rows for tests: a shop with a cart (Deployment), a database (StatefulSet), an agent (DaemonSet) and a payment
//! (Rollout). Every row is of a workload that is done and well, unless it says otherwise.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::domain::{ClusterState, Digest, Feed, Row, Section, Step, Weight};

/// What an object of namespace `shop` carries.
pub fn meta(name: &str, uid: &str) -> Meta {
    Meta {
        key: ObjectKey::new("shop", name).unwrap(),
        uid: uid.into(),
        resource_version: "1".into(),
        generation: 2,
        created: None,
        ops: vec![],
        annotated: false,
        marks: vec![],
        writers: vec![],
        helm: None,
    }
}

/// A template of one container with image `r.example/OF:TAG`.
pub fn template(of: &str, tag: &str) -> Template {
    let image = ImageRef::parse(&format!("r.example/{of}:{tag}"));
    Template {
        containers: vec![ContainerTemplate { name: "main".into(), image, readiness: true }],
        commit: None,
        labels: [("app".into(), of.into())].into(),
        notes: BTreeMap::new(),
        restarted: None,
        annotated: false,
    }
}

/// A workload of three pods of version `tag` with uid `u`.
pub fn workload(name: &str, tag: &str) -> Workload {
    Workload {
        meta: meta(name, "u"),
        wanted: 3,
        min_ready: 0,
        template: template(name, tag),
        selector: [("app".into(), name.into())].into(),
        observed_generation: Some(2),
        replicas: 3,
        updated: 3,
        ready: 3,
        available: 3,
        conditions: vec![],
    }
}

/// The Deployment `cart` at 1.0, its first revision.
pub fn deployment() -> Deployment {
    let strategy = UpdateStrategy::Rolling { surge: "25%".into(), unavailable: "25%".into() };
    Deployment { workload: workload("cart", "1.0"), paused: false, strategy, revision: Some(1) }
}

/// The StatefulSet `db` at 1.0, whose revisions are `db-one` and `db-two`.
pub fn stateful_set() -> StatefulSet {
    StatefulSet {
        workload: workload("db", "1.0"),
        strategy: UpdateStrategy::Ordered { partition: 0, unavailable: "1".into() },
        current_revision: Some("db-one".into()),
        update_revision: Some("db-one".into()),
    }
}

/// The DaemonSet `agent` at 1.0.
pub fn daemon_set() -> DaemonSet {
    let strategy = UpdateStrategy::Rolling { surge: "0".into(), unavailable: "1".into() };
    DaemonSet { workload: workload("agent", "1.0"), strategy }
}

/// A revision of workload `of` by its number and version; its hash is its uid.
pub fn replica_set(of: &str, uid: &str, revision: i64, tag: &str, available: u32) -> ReplicaSet {
    ReplicaSet {
        meta: meta(&format!("{of}-{uid}"), uid),
        owner: Some("u".into()),
        hash: Some(uid.into()),
        revision: Some(revision),
        cause: None,
        wanted: available,
        ready: available,
        available,
        scale_down: None,
        conditions: vec![],
        template: template(of, tag),
    }
}

/// A revision of a StatefulSet or DaemonSet, named `OF-HASH`.
pub fn controller_revision(of: &str, hash: &str, revision: i64, tag: &str) -> ControllerRevision {
    let meta = meta(&format!("{of}-{hash}"), hash);
    ControllerRevision { meta, owner: Some("u".into()), revision, cause: None, template: template(of, tag) }
}

/// A pod whose container runs digest `aaa…`.
pub fn pod(name: &str, owner: &str, ready: bool) -> Pod {
    Pod {
        key: ObjectKey::new("shop", name).unwrap(),
        uid: name.into(),
        owner: Some(owner.into()),
        labels: [("app".into(), "cart".into())].into(),
        phase: "Running".into(),
        ready,
        ending: false,
        restarts: 0,
        waiting: None,
        message: None,
        digests: vec![Some(digest("a"))],
        created: None,
    }
}

/// A digest of one letter.
pub fn digest(letter: &str) -> Digest {
    format!("sha256:{}", letter.repeat(64)).parse().unwrap()
}

/// The Service `name`, which selects by `app`.
pub fn service(name: &str) -> KubeService {
    KubeService { meta: meta(name, "s"), selector: [("app".into(), name.into())].into() }
}

/// A slice of three endpoints of Service `service`, so many of them ready.
pub fn endpoints(service: &str, ready: u32) -> Endpoints {
    Endpoints {
        key: ObjectKey::new("shop", &format!("{service}-x")).unwrap(),
        service: service.into(),
        family: "IPv4".into(),
        ready,
        serving: ready,
        terminating: 0,
        total: 3,
    }
}

/// A Rollout of three pods whose stable and wanted hashes are these: done where they are equal, else paused at 20 %, the
/// second weight of its plan.
pub fn rollout(name: &str, stable: &str, current: &str) -> Rollout {
    let done = stable == current;
    let steps = vec![Step::SetWeight(Weight::new(5.0)), Step::Pause(None), Step::SetWeight(Weight::new(20.0)), Step::Pause(None)];
    let updated = if done { 3 } else { 1 };
    Rollout {
        workload: Workload { updated, ..workload(name, "2.0") },
        paused: false,
        strategy: RolloutStrategy::Canary(CanarySpec {
            steps,
            canary_service: Some(format!("{name}-canary").into()),
            stable_service: Some(format!("{name}-stable").into()),
            router: Some("istio".into()),
            routing: Routing {
                routes: vec![RouteRef { kind: RouteKind::VirtualService, namespace: None, name: name.into(), rules: vec![] }],
                ..Routing::default()
            },
            max_weight: 100,
            background: vec![],
        }),
        phase: if done { RolloutPhase::Healthy } else { RolloutPhase::Paused },
        message: None,
        aborted: false,
        aborted_at: None,
        promote_full: false,
        controller_pause: !done,
        pauses: if done { vec![] } else { vec![("CanaryPauseStep".into(), None)] },
        step: Some(if done { 4 } else { 3 }),
        stable_hash: Some(stable.into()),
        current_hash: Some(current.into()),
        weight: None,
        active_hash: None,
        preview_hash: None,
        runs: vec![],
        template_ref: None,
    }
}

/// A section that is current.
pub fn live<T: Row>(rows: Vec<T>) -> Section<T> {
    Feed::Live { value: Arc::new(rows.into_iter().map(|r| (r.key(), r)).collect()), at: Timestamp::UNIX_EPOCH }
}

/// A cluster whose sections are all current: the cart with three pods of 1.0 behind one Service, and nothing else.
pub fn cluster() -> ClusterState {
    let mut cluster = ClusterState::default();
    for feed in cluster.feeds_mut() {
        feed.take_alive(Timestamp::UNIX_EPOCH);
    }
    cluster.deployments = live(vec![deployment()]);
    cluster.replica_sets = live(vec![replica_set("cart", "one", 1, "1.0", 3)]);
    cluster.pods = live(vec![pod("a", "one", true), pod("b", "one", true), pod("c", "one", true)]);
    cluster.services = live(vec![service("cart")]);
    cluster.endpoints = live(vec![endpoints("cart", 3)]);
    cluster
}
