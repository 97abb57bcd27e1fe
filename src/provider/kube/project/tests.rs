use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    ControllerRevision, DaemonSet, Deployment, HelmMark, HelmRevision, Pod, ReplicaSet, Rollout, RolloutPhase, RolloutStrategy,
    StatefulSet, Step, UpdateStrategy,
};

fn row<W: DeserializeOwned, R>(make: fn(W) -> Result<R, Odd>, raw: Value) -> Result<R, Odd> {
    make(serde_json::from_value(raw).unwrap())
}

fn meta() -> Value {
    json!({"name": "payment", "namespace": "shop", "uid": "u-1", "resourceVersion": "41", "generation": 3,
           "creationTimestamp": "2026-03-03T09:00:00Z"})
}

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[name] = value;
    object
}

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn a_deployment_and_the_server_s_defaults() {
    let full = json!({
        "metadata": {"name": "payment", "namespace": "shop", "uid": "u-1", "resourceVersion": "41", "generation": 3,
            "labels": {"helm.sh/chart": "store-1.4.0"},
            "annotations": {"meta.helm.sh/release-name": "store", "gonogo.dev/ops": "a1, b2,,bad id,c3", "deployment.kubernetes.io/revision": "7",
                "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "spec": {"replicas": 4, "paused": true, "minReadySeconds": 15, "selector": {"matchLabels": {"app": "payment"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "10%"}},
            "template": {"metadata": {"labels": {"app": "payment"},
                    "annotations": {"org.opencontainers.image.revision": "4be1c7a0d1", "gonogo.dev/commit": "NOT-ONE",
                        "gonogo.dev/rollback-note": "a\u{202e}b", "kubectl.kubernetes.io/restartedAt": "x"}},
                "spec": {"containers": [{"name": "app", "image": "r.example/payment:4.2.0", "readinessProbe": {"httpGet": {}}}]}}},
        "status": {"observedGeneration": 2, "replicas": 5, "updatedReplicas": 1, "readyReplicas": 4, "availableReplicas": 3,
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"},
                {"type": "Odd", "status": "Unknown"}]},
    });
    let d: Deployment = row(deployment, full).unwrap();
    let w = d.workload;
    assert_eq!((w.wanted, d.paused, w.observed_generation, d.revision), (4, true, Some(2), Some(7)));
    assert_eq!((w.replicas, w.updated, w.ready, w.available, w.min_ready), (5, 1, 4, 3, 15));
    assert_eq!(w.meta.ops.iter().map(|o| &**o).collect::<Vec<_>>(), ["a1", "b2", "c3"]);
    let mark = HelmMark { release: ObjectKey::new("shop", "store").unwrap(), chart: Some("store-1.4.0".into()) };
    assert_eq!(w.meta.helm, Some(mark));
    assert_eq!(d.strategy, UpdateStrategy::Rolling { surge: "1".into(), unavailable: "10%".into() });
    assert_eq!(w.template.commit.as_ref().map(Sha::as_str), Some("4be1c7a0d1"), "what is no commit gives way");
    let notes: Vec<(&str, &str)> = w.template.notes.iter().map(|(k, v)| (&**k, v.as_str())).collect();
    let of_the_build =
        [("gonogo.dev/commit", "NOT-ONE"), ("gonogo.dev/rollback-note", ""), ("org.opencontainers.image.revision", "4be1c7a0d1")];
    assert_eq!(notes, of_the_build, "as written, or nothing where that cannot be repeated");
    assert!(w.template.annotated);
    assert!(w.template.unprobed().is_empty());
    assert_eq!(w.conditions.iter().map(|c| c.status).collect::<Vec<_>>(), [Some(false), None]);

    let bare: Deployment = row(deployment, json!({"metadata": meta(), "spec": {}})).unwrap();
    let w = bare.workload;
    assert_eq!((w.wanted, w.available, w.template.containers.len(), w.meta.helm), (1, 0, 0, None));
    assert!(!w.template.annotated && w.template.notes.is_empty());
    assert_eq!(bare.strategy, UpdateStrategy::Rolling { surge: "25%".into(), unavailable: "25%".into() });
}

#[test]
fn stateful_and_daemon_sets_and_the_server_s_defaults() {
    let status = json!({"observedGeneration": 4, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2,
        "currentRevision": "db-6f7d", "updateRevision": "db-9c1b", "collisionCount": 0});
    let set = |strategy: Value| -> StatefulSet {
        let spec = json!({"replicas": 3, "minReadySeconds": 5, "updateStrategy": strategy, "serviceName": "db"});
        row(stateful_set, json!({"metadata": meta(), "spec": spec, "status": status})).unwrap()
    };
    let s = set(json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2, "maxUnavailable": "50%"}}));
    assert_eq!(s.strategy, UpdateStrategy::Ordered { partition: 2, unavailable: "50%".into() });
    assert_eq!((s.current_revision.as_deref(), s.update_revision.as_deref()), (Some("db-6f7d"), Some("db-9c1b")));
    let w = &s.workload;
    assert_eq!((w.wanted, w.replicas, w.updated, w.ready, w.available, w.min_ready), (3, 3, 1, 2, 2, 5));
    assert_eq!(set(json!({})).strategy, UpdateStrategy::Ordered { partition: 0, unavailable: "1".into() });
    assert_eq!(set(json!({"type": "OnDelete"})).strategy, UpdateStrategy::OnDelete);

    let status = json!({"observedGeneration": 2, "desiredNumberScheduled": 5, "currentNumberScheduled": 4,
        "updatedNumberScheduled": 3, "numberReady": 2, "numberAvailable": 1, "numberMisscheduled": 0});
    let d: DaemonSet = row(daemon_set, json!({"metadata": meta(), "spec": {}, "status": status})).unwrap();
    let w = &d.workload;
    assert_eq!((w.wanted, w.replicas, w.updated, w.ready, w.available), (5, 4, 3, 2, 1));
    assert_eq!(d.strategy, UpdateStrategy::Rolling { surge: "0".into(), unavailable: "1".into() });
}

#[test]
fn revisions_keep_their_template_and_their_cause() {
    let owners = json!([{"uid": "u-db", "controller": true}]);
    let metadata = with(
        with(json!({"metadata": meta()}), "/metadata/ownerReferences", owners),
        "/metadata/annotations",
        json!({"kubernetes.io/change-cause": "ship 2.0\u{1b}", "deployment.kubernetes.io/revision": "3"}),
    );
    let pods = json!({"spec": {"containers": [{"name": "app", "image": "r.example/db:2.0"}]}});
    let of = |data: Value| -> ControllerRevision {
        row(controller_revision, json!({"metadata": metadata["metadata"], "revision": 4, "data": data})).unwrap()
    };
    let r = of(json!({"spec": {"template": with(pods.clone(), "/$patch", json!("replace"))}}));
    assert_eq!((r.revision, r.owner.as_deref(), r.cause.as_ref().unwrap().as_str()), (4, Some("u-db"), "ship 2.0\u{fffd}"));
    assert_eq!(r.template.containers[0].image.tag.as_ref().unwrap().as_str(), "2.0");
    assert_eq!(r.template.unprobed(), ["app".into()]);
    for odd in [Value::Null, json!("text"), json!({"spec": {"vm": {}}}), json!({"spec": {"template": []}})] {
        assert!(of(odd).template.containers.is_empty(), "data of another controller");
    }
    let set: ReplicaSet = row(replica_set, json!({"metadata": metadata["metadata"], "spec": {"template": pods}})).unwrap();
    assert_eq!((set.revision, set.cause.unwrap().as_str()), (Some(3), "ship 2.0\u{fffd}"));
}

#[test]
fn a_helm_revision_is_read_from_labels() {
    let secret = |labels: Value| json!({"metadata": with(json!({"metadata": meta()}), "/metadata/labels", labels)["metadata"]});
    let good = json!({"owner": "helm", "name": "store", "version": "12", "status": "deployed", "modifiedAt": "1700000000"});
    let r: HelmRevision = row(helm_revision, secret(good.clone())).unwrap();
    assert_eq!((&*r.name, r.revision, r.status.as_str()), ("store", 12, "deployed"));
    assert_eq!(r.modified, Some(jiff::Timestamp::from_second(1_700_000_000).unwrap()));
    for (label, value) in [("name", "../x"), ("version", "new"), ("version", "-1")] {
        let mut odd = good.clone();
        odd[label] = value.into();
        assert!(row(helm_revision, secret(odd)).is_err(), "{label} {value}");
    }
}

#[test]
fn an_object_whose_identity_cannot_be_trusted_has_no_row() {
    let good = json!({"metadata": meta(), "spec": {"selector": {"matchLabels": {"app": "x"}}}});
    assert!(row(deployment, good.clone()).is_ok());
    for (pointer, value) in [
        ("/metadata/name", json!("pay\u{202e}ment")),
        ("/metadata/name", json!("../secrets/x")),
        ("/metadata/namespace", Value::Null),
        ("/metadata/uid", json!("u\n1")),
        ("/metadata/resourceVersion", json!("")),
        ("/spec/selector/matchLabels", json!({"app": "x\u{1b}[2J"})),
        ("/spec", Value::Null),
    ] {
        assert!(row(deployment, with(good.clone(), pointer, value.clone())).is_err(), "{pointer} = {value}");
    }
}

#[test]
fn only_the_last_sixteen_operations_count() {
    let all: Vec<String> = (0..40).map(|i| format!("op{i}")).collect();
    let kept = ops(Some(&all.join(",")));
    assert_eq!((kept.len(), &*kept[0], &*kept[15]), (16, "op24", "op39"));
    assert!(ops(None).is_empty());
}

#[test]
fn a_pod_says_why_it_does_not_run_and_what_it_runs() {
    let status = |name: &str, state: Value| json!({"name": name, "imageID": format!("fake://{DIGEST}"), "restartCount": 2, "state": state});
    let waits = |reason: &str| json!({"waiting": {"reason": reason, "message": "why\u{7}"}});
    let running = json!({"running": {}});
    let pod_of = |status: Value| -> Pod {
        let spec = json!({"containers": [{"name": "app"}, {"name": "side"}, {"name": "late"}]});
        row(pod, json!({"metadata": meta(), "spec": spec, "status": status})).unwrap()
    };
    let unscheduled = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}]);
    for (given, reason) in [
        (
            json!({"containerStatuses": [status("app", running.clone()), status("side", waits("CrashLoopBackOff"))]}),
            Some("CrashLoopBackOff"),
        ),
        (
            json!({"containerStatuses": [status("app", waits("PodInitializing"))],
                "initContainerStatuses": [status("init", waits("ImagePullBackOff"))]}),
            Some("ImagePullBackOff"),
        ),
        (json!({"containerStatuses": [status("app", waits("ContainerCreating"))]}), None),
        (
            json!({"containerStatuses": [status("app", waits("ContainerCreating")), status("side", waits("ErrImagePull"))]}),
            Some("ErrImagePull"),
        ),
        (json!({"conditions": unscheduled}), Some("Unschedulable")),
        (json!({"containerStatuses": [status("app", running.clone())]}), None),
        (json!({}), None),
    ] {
        assert_eq!(pod_of(given.clone()).waiting.as_ref().map(SafeText::as_str), reason, "{given}");
    }
    // The kubelet lists statuses in an order of its own; the template's counts.
    let side = json!({"name": "side", "imageID": "docker-pullable://r.example/side@".to_owned() + DIGEST, "restartCount": 1});
    let p = pod_of(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [side, {"name": "app", "imageID": "", "restartCount": 3}]}));
    assert_eq!(p.digests.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!((p.ready, p.restarts, p.ending), (true, 4, false));
    let p = pod_of(json!({"containerStatuses": [status("app", waits("CrashLoopBackOff"))]}));
    assert_eq!(p.digests[0].as_ref().unwrap().as_str(), DIGEST, "as fake nodes write it");
    assert_eq!(p.message.unwrap().as_str(), "why\u{fffd}");
    // What a bookmark of the real server carries.
    let bookmark = json!({"metadata": meta(), "spec": {"containers": null}, "status": {}});
    assert!(row(pod, bookmark).is_ok());
}

#[test]
fn endpoints_count_silence_as_ready() {
    let labels = json!({"kubernetes.io/service-name": "payment"});
    let slice = |endpoints: Value| json!({"metadata": with(json!({"metadata": meta()}), "/metadata/labels", labels.clone())["metadata"], "endpoints": endpoints});
    let e = row(
        endpoints,
        slice(json!([{"conditions": {"ready": true}}, {"conditions": {"ready": false}}, {"conditions": {}}, {},
            {"conditions": {"ready": false, "serving": true, "terminating": true}}])),
    )
    .unwrap();
    assert_eq!((e.ready, e.serving, e.terminating, e.total, &*e.service), (3, 4, 1, 5, "payment"));
    let e = row(endpoints, slice(Value::Null)).unwrap();
    assert_eq!((e.ready, e.total), (0, 0), "nothing selected: the field is absent");
    assert!(row(endpoints, json!({"metadata": meta()})).is_err(), "a slice of no Service");
}

fn rollout_json() -> Value {
    json!({
        "metadata": meta(),
        "spec": {"replicas": 5, "workloadRef": {"kind": "Deployment", "name": "payment"},
            "strategy": {"canary": {"canaryService": "payment-canary", "stableService": "payment-stable",
                "trafficRouting": {"managedRoutes": [{"name": "x"}], "istio": {"virtualServices": [{"name": "payment"}, {"name": "edge.mesh"}]}},
                "steps": [{"setWeight": 20}, {"pause": {}}, {"pause": {"duration": "10m"}}, {"pause": {"duration": 30}},
                    {"pause": {"duration": "45"}}, {"pause": {"duration": "soon"}}, {"analysis": {"templates": [{"templateName": "errors"}]}},
                    {"plugin": {"name": "org/p"}}, {"teleport": {}}, {"setWeight": 50, "pause": {}}]}}},
        "status": {"observedGeneration": "3", "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1,
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-03-03T10:00:00Z"}], "controllerPause": true,
            "stableRS": "6f7d", "currentPodHash": "9c1b",
            "canary": {"weights": {"canary": {"weight": 20, "podTemplateHash": "9c1b"}, "stable": {"weight": 80}, "verified": true}}},
    })
}

#[test]
fn a_rollout_under_way() {
    let r: Rollout = row(rollout, rollout_json()).unwrap();
    assert_eq!(
        (r.workload.observed_generation, r.step, &r.phase),
        (Some(3), Some(1), &RolloutPhase::Paused),
        "the API keeps it as text"
    );
    assert_eq!(r.weight.map(|w| w.percent()), Some(20.0));
    assert!(r.workload.template.containers.is_empty(), "the template stands in the workloadRef");
    assert_eq!(r.pauses[0].1, Some("2026-03-03T10:00:00Z".parse().unwrap()));
    let RolloutStrategy::Canary(c) = &r.strategy else { panic!("a canary") };
    let routes: Vec<_> = c.routing.routes.iter().map(|r| (r.to_string(), r.namespace.as_deref())).collect();
    assert_eq!(routes, [("virtualservice/payment".to_owned(), None), ("virtualservice/edge".to_owned(), Some("mesh"))]);
    assert_eq!(c.router.as_ref().map(SafeText::as_str), Some("istio"));
    let seconds = |s| Some(jiff::SignedDuration::from_secs(s));
    assert_eq!(
        c.steps[..5],
        [
            Step::SetWeight(crate::domain::Weight::new(20.0)),
            Step::Pause(None),
            Step::Pause(seconds(600)),
            Step::Pause(seconds(30)),
            Step::Pause(seconds(45)),
        ]
    );
    assert!(matches!(&c.steps[5], Step::Unknown(t) if t.as_str().contains("soon")), "a pause that ends is not one that waits");
    let analysis = Step::Analysis(vec!["errors".into()]);
    assert_eq!(c.steps[6..9], [analysis, Step::Plugin("org/p".into()), Step::Unknown("teleport".into())]);
    assert!(matches!(c.steps[9], Step::Unknown(_)), "two keys in one step");
}

#[test]
fn weights_are_shares_of_the_greatest_weight() {
    let raw = with(rollout_json(), "/spec/strategy/canary/trafficRouting/maxTrafficWeight", json!(1000));
    let r: Rollout = row(rollout, raw).unwrap();
    assert_eq!(r.weight.map(|w| w.percent()), Some(2.0));
    let RolloutStrategy::Canary(c) = &r.strategy else { panic!("a canary") };
    assert_eq!(c.steps[0], Step::SetWeight(crate::domain::Weight::new(2.0)));
}

#[test]
fn other_strategies_and_phases() {
    let raw =
        with(rollout_json(), "/spec/strategy", json!({"blueGreen": {"activeService": "live", "autoPromotionEnabled": false}}));
    let r: Rollout = row(rollout, with(raw, "/status/phase", json!("Dancing\u{1b}"))).unwrap();
    assert!(matches!(&r.strategy, RolloutStrategy::BlueGreen(b) if &*b.active_service == "live" && !b.auto_promotion));
    assert_eq!(r.phase, RolloutPhase::Unknown("Dancing\u{fffd}".into()));
    let none: Rollout = row(rollout, with(rollout_json(), "/spec/strategy", json!({}))).unwrap();
    assert_eq!(none.strategy, RolloutStrategy::None);
}

mod route;

#[test]
fn a_blue_green_rollout_and_what_its_status_tells_of_analyses() {
    let raw = json!({
        "metadata": with(json!({"metadata": meta()}), "/metadata/annotations", json!({"rollout.argoproj.io/workload-generation": "4"}))["metadata"],
        "spec": {"replicas": 2, "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment"},
            "strategy": {"blueGreen": {"activeService": "live", "previewService": "next", "autoPromotionSeconds": 30,
                "postPromotionAnalysis": {"templates": [{"templateName": "smoke"}]}}}},
        "status": {"observedGeneration": "3", "workloadObservedGeneration": "3", "phase": "Degraded",
            "abort": true, "abortedAt": "2026-03-03T10:00:00Z",
            "blueGreen": {"activeSelector": "6f7d", "previewSelector": "9c1b",
                "postPromotionAnalysisRunStatus": {"name": "payment-9c1b-2-post", "status": "Failed", "message": "bad\u{7}"}}},
    });
    let r: Rollout = row(rollout, raw).unwrap();
    assert_eq!((r.active_hash.as_deref(), r.preview_hash.as_deref()), (Some("6f7d"), Some("9c1b")));
    assert!(matches!(&r.strategy, RolloutStrategy::BlueGreen(b) if b.auto_promotion_seconds == Some(30) && b.post_analysis));
    let note = &r.runs[0];
    assert_eq!((note.kind, &note.phase), (crate::domain::AnalysisKind::PostPromotion, &crate::domain::AnalysisPhase::Failed));
    assert_eq!(note.message.as_ref().unwrap().as_str(), "bad\u{fffd}");
    let other = r.template_ref.unwrap();
    assert_eq!((&*other.name, other.generation, other.observed), ("payment", Some(4), Some(3)));
    assert_eq!(r.aborted_at, Some("2026-03-03T10:00:00Z".parse().unwrap()));
}

#[test]
fn the_steps_of_a_router_say_what_they_do() {
    let raw = with(
        rollout_json(),
        "/spec/strategy/canary/steps",
        json!([{"setCanaryScale": {"replicas": 3}}, {"setCanaryScale": {"weight": 25}}, {"setCanaryScale": {"matchTrafficWeight": true}},
            {"setHeaderRoute": {"name": "beta", "match": []}}, {"setMirrorRoute": {"name": "copy", "percentage": 35}},
            {"experiment": {"templates": []}}]),
    );
    let r: Rollout = row(rollout, raw).unwrap();
    let RolloutStrategy::Canary(c) = &r.strategy else { panic!("a canary") };
    assert_eq!(
        c.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["canary pods 3", "canary pods 25 %", "canary pods as its weight", "header route beta", "mirror 35 % copy", "experiment"]
    );
}

#[test]
fn an_analysis_run_says_which_metric_failed_and_why() {
    let metadata = with(
        with(
            json!({"metadata": meta()}),
            "/metadata/labels",
            json!({"rollout-type": "Step", "step-index": "1", "rollouts-pod-template-hash": "9c1b"}),
        ),
        "/metadata/annotations",
        json!({"rollout.argoproj.io/revision": "3"}),
    )["metadata"]
        .clone();
    let metadata = with(
        json!({"metadata": metadata}),
        "/metadata/ownerReferences",
        json!([{"kind": "Rollout", "uid": "r-1", "controller": true}]),
    )["metadata"]
        .clone();
    let raw = json!({
        "metadata": metadata,
        "spec": {"metrics": [
            {"name": "p95", "interval": "10s", "successCondition": "result[0] < 400", "provider": {"prometheus": {}}},
            {"name": "error-rate", "count": "5", "failureLimit": 1, "successCondition": "result[0] <= 0.05", "provider": {"prometheus": {}}},
        ]},
        "status": {"phase": "Failed", "startedAt": "2026-03-03T10:00:00Z", "completedAt": "2026-03-03T10:01:00Z",
            "message": "Metric \"error-rate\" assessed Failed due to failed (2) > failureLimit (1)",
            "metricResults": [
                {"name": "error-rate", "phase": "Failed", "count": 3, "successful": 1, "failed": 2, "measurements": [
                    {"phase": "Successful", "value": "[0.01]", "finishedAt": "2026-03-03T10:00:00Z"},
                    {"phase": "Failed", "value": "[0.2]", "finishedAt": "2026-03-03T10:00:10Z"},
                    {"phase": "Failed", "value": "[0.179]", "finishedAt": "2026-03-03T10:00:20Z"}]},
                {"name": "p95", "phase": "Successful", "count": 3, "successful": 3, "measurements": [
                    {"phase": "Successful", "value": "[NaN]"}]}]},
    });
    let a: crate::domain::AnalysisRun = row(analysis_run, raw.clone()).unwrap();
    assert_eq!(
        (a.kind, a.step, a.hash.as_deref(), a.revision),
        (crate::domain::AnalysisKind::Step, Some(1), Some("9c1b"), Some(3))
    );
    assert_eq!(a.owner.as_deref(), Some("r-1"));
    let bad = &a.metrics[1];
    assert_eq!((bad.count, bad.failed, bad.failure_limit, bad.wanted), (3, 2, 1, Some(5)));
    assert_eq!(bad.last.as_ref().unwrap().value.as_ref().unwrap().as_str(), "[0.179]");
    assert_eq!(a.why().unwrap().as_str(), "error-rate 0.179, must be <= 0.05");
    // A metric that does not count is not to blame; without one the controller's sentence stands.
    let dry = with(raw, "/spec/dryRun", json!([{"metricName": "error-rate"}]));
    let a: crate::domain::AnalysisRun = row(analysis_run, dry).unwrap();
    assert!(a.metrics[1].dry_run);
    assert!(a.why().unwrap().as_str().starts_with("Metric \"error-rate\" assessed Failed"));
    let new: crate::domain::AnalysisRun =
        row(analysis_run, json!({"metadata": meta(), "spec": {"metrics": [{"name": "m"}]}})).unwrap();
    assert_eq!((new.phase, new.metrics[0].count), (crate::domain::AnalysisPhase::Pending, 0));
}

#[test]
fn a_canary_of_flagger() {
    use crate::domain::{FlaggerCanary, FlaggerPhase, GateStand};
    let raw = json!({
        "metadata": meta(),
        "spec": {"provider": "istio", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"},
            "service": {"port": 80, "targetPort": 8080}, "skipAnalysis": false,
            "analysis": {"interval": "1s", "threshold": 5, "stepWeight": 20, "maxWeight": 50,
                "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
                    {"name": "request-duration", "threshold": 500}],
                "webhooks": [{"name": "go", "type": "confirm-rollout", "url": "http://x/gate/check"},
                    {"name": "load", "url": "http://x/"}, {"name": "odd", "type": "dance", "url": "http://x/"}]}},
        "status": {"phase": "Waiting", "canaryWeight": 0, "failedChecks": 2, "iterations": -1,
            "lastTransitionTime": "2026-03-03T10:00:00Z",
            "conditions": [{"type": "Promoted", "status": "Unknown", "reason": "Waiting", "message": "Waiting for approval."}]},
    });
    let c: FlaggerCanary = row(flagger_canary, raw.clone()).unwrap();
    assert_eq!((&*c.target, &*c.apex, &*c.primary(), &*c.canary_service()), ("cart", "cart", "cart-primary", "cart-canary"));
    assert_eq!((c.phase.clone(), c.failed_checks, c.threshold, c.iteration), (FlaggerPhase::Waiting, 2, 5, -1));
    assert_eq!(c.interval.as_secs(), 10, "shorter ones are raised");
    assert_eq!(c.steps.iter().map(|w| w.percent()).collect::<Vec<_>>(), [20.0, 40.0, 60.0], "until the greatest is reached");
    assert_eq!(c.gates.iter().map(|g| g.stand).collect::<Vec<_>>(), [GateStand::Holds, GateStand::Idle, GateStand::Idle]);
    assert_eq!((c.metrics[0].min, c.metrics[0].max), (Some(99.0), None));
    assert_eq!((c.metrics[1].min, c.metrics[1].max), (None, Some(500.0)), "the older form");
    let list = with(raw.clone(), "/spec/analysis", json!({"stepWeights": [5, 20, 50]}));
    let c: FlaggerCanary = row(flagger_canary, list).unwrap();
    assert_eq!((c.steps.len(), c.threshold, c.interval.as_secs()), (3, 1, 60));
    let bare: FlaggerCanary =
        row(flagger_canary, json!({"metadata": meta(), "spec": {"targetRef": {"kind": "Deployment", "name": "cart"}}})).unwrap();
    assert_eq!((bare.phase, bare.skip_analysis), (FlaggerPhase::Initializing, true));
    assert!(row(flagger_canary, with(raw, "/spec/targetRef", json!({"kind": "Deployment", "name": "../x"}))).is_err());
}
