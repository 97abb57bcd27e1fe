//! Histories, StatefulSets, DaemonSets, endpoints and Helm releases.

use super::*;
use crate::domain::{
    DaemonSet, Delivery, HelmMark, HelmRevision, ServiceEndpoints, StatefulSet, UpdateStrategy,
    rows::{controller_revision, stateful_set},
};

#[test]
fn a_deployment_shows_its_history_by_uid_newest_first() {
    let mut c = cluster();
    let mut sets: Vec<_> = (2..=13).map(|n| set(&format!("s{n}"), n, &format!("{n}.0"), 0)).collect();
    sets[11].cause = Some("ship 13.0".into());
    sets[11].meta.created = Some(Timestamp::UNIX_EPOCH);
    sets.push(set("one", 1, "1.0", 3));
    c.replica_sets = live(sets);
    c.pods = live(vec![pod("a", "one", true)]);
    let under_way = Workload { updated: 0, ..rows::workload("cart", "13.0") };
    c.deployments = live(vec![Deployment { workload: under_way, revision: Some(13), ..deployment() }]);
    let revisions = joined(WorkloadKind::Deployment, &c).revisions;
    let numbers: Vec<_> = revisions.iter().filter_map(|r| r.number).collect();
    assert_eq!(numbers, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 1], "the newest ten, and the one that has pods");
    let (newest, oldest) = (&revisions[0], &revisions[10]);
    assert_eq!((newest.wanted, newest.serving, oldest.wanted, oldest.serving), (true, false, false, true));
    assert_eq!((&*newest.uid, newest.version.tag.as_str(), newest.created), ("s13", "13.0", Some(Timestamp::UNIX_EPOCH)));
    assert_eq!(newest.cause.as_ref().unwrap().as_str(), "ship 13.0");
    assert_eq!((oldest.version.digest.clone(), oldest.pods.available), (Some(digest("a")), 3));
}

/// The database with two revisions, of whose pods these are of the second.
fn database(updated: u32, strategy: UpdateStrategy) -> ClusterState {
    let mut c = cluster();
    let of = |n: u32| {
        let hash = if n >= 3 - updated { "db-two" } else { "db-one" };
        let labels = [("app".into(), "db".into()), ("controller-revision-hash".into(), hash.into())].into();
        let digests = vec![Some(digest(if hash == "db-two" { "b" } else { "a" }))];
        Pod { labels, digests, ..pod(&format!("db-{n}"), "u", true) }
    };
    c.pods = live((0..3).map(of).collect());
    c.controller_revisions = live(vec![controller_revision("db", "one", 1, "1.0"), controller_revision("db", "two", 2, "2.0")]);
    let workload = Workload { updated, ..rows::workload("db", "2.0") };
    let set = StatefulSet { workload, strategy, update_revision: Some("db-two".into()), ..stateful_set() };
    c.stateful_sets = live(vec![set]);
    c.services = live(vec![rows::service("db")]);
    c.endpoints = live(vec![endpoints("db", 3)]);
    c
}

#[test]
fn a_stateful_set_is_served_by_the_older_revision_until_all_pods_are_updated() {
    let ordered = |partition| UpdateStrategy::Ordered { partition, unavailable: "1".into() };
    for (updated, strategy, version, delivery, said) in [
        (1, ordered(0), "1.0", Delivery::Rolling, "progressing: 1 of 3 pods updated"),
        (1, ordered(2), "1.0", Delivery::Rolling, "pass"),
        (
            2,
            UpdateStrategy::OnDelete,
            "1.0",
            Delivery::OnDelete,
            "progressing: 2 of 3 pods updated; the others wait until somebody deletes them",
        ),
        (3, ordered(0), "2.0", Delivery::Rolling, "pass"),
        (3, UpdateStrategy::OnDelete, "2.0", Delivery::OnDelete, "pass"),
    ] {
        let c = database(updated, strategy.clone());
        let p = joined(WorkloadKind::StatefulSet, &c);
        let wanted = p.wanted_version.unwrap();
        assert_eq!(health_of(WorkloadKind::StatefulSet, &c), said, "{updated} {strategy}");
        assert_eq!((p.version.unwrap().tag.as_str(), wanted.tag.as_str()), (version, "2.0"), "{updated} {strategy}");
        assert_eq!((wanted.digest, p.delivery, p.strategy), (Some(digest("b")), Some(delivery), Some(strategy)));
        let ready: Vec<_> = p.revisions.iter().map(|r| (r.number, r.pods.ready, r.wanted)).collect();
        assert_eq!(ready, [(Some(2), updated, true), (Some(1), 3 - updated, false)]);
    }
}

#[test]
fn without_its_revisions_a_stateful_set_still_says_how_it_is() {
    let mut c = database(3, UpdateStrategy::OnDelete);
    c.controller_revisions = Feed::Waiting;
    c.controller_revisions.trouble(Timestamp::UNIX_EPOCH, Problem::new(ProblemKind::Forbidden, "may not list"));
    let p = joined(WorkloadKind::StatefulSet, &c);
    assert_eq!((p.health, p.version.unwrap().digest, p.revisions), (Health::Pass, Some(digest("b")), vec![]));
    let mut c = database(3, UpdateStrategy::OnDelete);
    c.stateful_sets.trouble(Timestamp::UNIX_EPOCH, Problem::new(ProblemKind::Unreachable, "connection refused"));
    assert_eq!(health_of(WorkloadKind::StatefulSet, &c), "unknown: connection refused");
}

#[test]
fn pods_of_a_daemon_set_belong_to_the_revision_whose_hash_they_carry() {
    let mut c = cluster();
    let of = |name: &str, hash: &str| Pod {
        labels: [("controller-revision-hash".into(), hash.into())].into(),
        waiting: (hash == "two").then(|| "CrashLoopBackOff".into()),
        ..pod(name, "u", hash == "one")
    };
    c.pods = live(vec![of("a", "one"), of("b", "one"), of("c", "two")]);
    c.controller_revisions =
        live(vec![controller_revision("agent", "one", 4, "1.0"), controller_revision("agent", "two", 5, "2.0")]);
    let workload = Workload { updated: 1, available: 2, ready: 2, ..rows::workload("agent", "2.0") };
    c.daemon_sets = live(vec![DaemonSet { workload, ..rows::daemon_set() }]);
    let p = joined(WorkloadKind::DaemonSet, &c);
    assert_eq!((p.version.unwrap().tag.as_str(), p.wanted_version.unwrap().tag.as_str()), ("1.0", "2.0"));
    assert_eq!(p.health, Health::Fail(vec!["1 of 3 pods CrashLoopBackOff".into()]));
    let ready: Vec<_> = p.revisions.iter().map(|r| (r.number, r.pods.wanted, r.pods.ready)).collect();
    assert_eq!(ready, [(Some(5), 1, 0), (Some(4), 2, 2)]);
}

#[test]
fn endpoints_are_counted_per_service_over_all_its_slices() {
    let mut c = cluster();
    let slice = |name: &str, family: &str, ready, serving, terminating| Endpoints {
        key: ObjectKey::new("shop", name).unwrap(),
        family: family.into(),
        serving,
        terminating,
        ..endpoints("cart", ready)
    };
    c.endpoints =
        live(vec![slice("a", "IPv4", 2, 3, 1), slice("b", "IPv4", 1, 1, 0), slice("c", "IPv6", 3, 3, 0), endpoints("other", 9)]);
    let behind =
        |ready, serving, terminating, total| ServiceEndpoints { service: "cart".into(), ready, serving, terminating, total };
    assert_eq!(joined(WorkloadKind::Deployment, &c).endpoints, [behind(3, 4, 1, 6)], "pods of two families count once");
    c.endpoints = live(vec![slice("a", "IPv4", 0, 2, 2)]);
    assert_eq!(health(&c), "fail: service cart has no ready endpoint: 2 that end still serve");
    // A Service may select fewer labels than the workload, and may select another one.
    let of = |name: &str, selector: &[(&str, &str)]| KubeService {
        meta: meta(name, name),
        selector: selector.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
    };
    c.services = live(vec![of("all", &[("tier", "web")]), of("other", &[("app", "web")])]);
    c.endpoints = live(vec![endpoints("all", 0), endpoints("other", 0)]);
    let mut workload = rows::workload("cart", "1.0");
    workload.template.labels.insert("tier".into(), "web".into());
    c.deployments = live(vec![Deployment { workload, ..deployment() }]);
    assert_eq!(health(&c), "fail: service all has no ready endpoint");
}

#[test]
fn a_container_without_a_probe_and_a_pause_are_told() {
    let mut c = cluster();
    let mut workload = rows::workload("cart", "1.0");
    workload.template.containers[0].readiness = false;
    workload.min_ready = 30;
    c.deployments = live(vec![Deployment { workload, paused: true, ..deployment() }]);
    let p = joined(WorkloadKind::Deployment, &c);
    assert_eq!((p.unprobed, p.min_ready, p.paused, p.health), (vec!["main".into()], 30, true, Health::Pass));
}

#[test]
fn the_helm_release_of_a_workload_is_known_as_far_as_its_secrets_may_be_read() {
    let mut c = cluster();
    let mut workload = rows::workload("cart", "1.0");
    let release = ObjectKey::new("shop", "store").unwrap();
    workload.meta.helm = Some(HelmMark { release, chart: Some("store-1.4.0".into()) });
    c.deployments = live(vec![Deployment { workload, ..deployment() }]);
    let revision = |name: &str, revision: u32, status: &str| HelmRevision {
        key: ObjectKey::new("shop", &format!("{name}.v{revision}")).unwrap(),
        name: name.into(),
        revision,
        status: status.into(),
        modified: None,
    };
    c.helm_releases = live(vec![
        revision("store", 9, "superseded"),
        revision("store", 12, "failed"),
        revision("store", 11, "deployed"),
        revision("other", 40, "deployed"),
    ]);
    let helm = joined(WorkloadKind::Deployment, &c).helm.unwrap();
    assert_eq!(helm.to_string(), "helm release store rev 12 failed, chart store-1.4.0");
    assert_eq!(helm.history.iter().map(|r| r.revision).collect::<Vec<_>>(), [12, 11, 9]);
    c.helm_releases = Feed::Waiting;
    c.helm_releases.trouble(Timestamp::UNIX_EPOCH, Problem::new(ProblemKind::Forbidden, "may not list secrets"));
    let p = joined(WorkloadKind::Deployment, &c);
    let helm = p.helm.unwrap();
    assert_eq!(
        (helm.to_string().as_str(), helm.why),
        ("helm release store, history unknown, chart store-1.4.0", Some("may not list secrets".into()))
    );
    assert_eq!(p.health, Health::Pass, "only that section degrades");
}
