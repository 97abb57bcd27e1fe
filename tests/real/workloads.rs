//! StatefulSets, DaemonSets, histories and Helm releases: what kubectl says of them.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::bed::{self, Namespace, until};
use crate::gonogo::{Gonogo, placement};

/// A StatefulSet or DaemonSet; a DaemonSet has one pod per node.
fn workload(namespace: &Namespace<'_>, kind: &str, name: &str, strategy: &Value) {
    let labels = json!({ "app": name });
    let mut spec = json!({
        "selector": { "matchLabels": labels },
        "updateStrategy": strategy,
        "template": { "metadata": { "labels": labels }, "spec": {
            "containers": [{ "name": name, "image": format!("registry.example/shop/{name}:1") }] } },
    });
    if kind == "StatefulSet" {
        (spec["replicas"], spec["serviceName"]) = (json!(3), json!(name));
    }
    namespace.apply(&json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec }));
}

/// The image tags of the pods of an app, sorted.
fn tags(namespace: &Namespace<'_>, app: &str) -> Vec<String> {
    let pods = namespace.get(&format!("pods -l app={app}"));
    let image = |pod: &Value| pod["spec"]["containers"][0]["image"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let mut tags: Vec<String> = pods["items"].as_array().unwrap().iter().map(image).collect();
    tags.sort();
    tags
}

/// Sets the tag of a workload and waits until its pods carry these tags.
fn update(namespace: &Namespace<'_>, what: &str, app: &str, tag: &str, want: &[&str]) {
    namespace.kubectl(["set", "image", what, &format!("{app}=registry.example/shop/{app}:{tag}")]);
    until(&format!("{what} at {want:?}"), || match tags(namespace, app) {
        tags if tags == want => Ok(()),
        tags => Err(format!("{tags:?}")),
    });
    let seen = |field: &str| namespace.kubectl(["get", what, "-o", &format!("jsonpath={{{field}}}")]);
    until(&format!("{what} to be observed"), || match (seen(".metadata.generation"), seen(".status.observedGeneration")) {
        (wanted, seen) if wanted == seen => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn stateful_and_daemon_sets_stand_where_kubectl_says() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let rolling = json!({ "type": "RollingUpdate" });
    workload(&namespace, "StatefulSet", "db", &rolling);
    workload(&namespace, "StatefulSet", "part", &json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } }));
    workload(&namespace, "StatefulSet", "hand", &json!({ "type": "OnDelete" }));
    workload(&namespace, "DaemonSet", "agent", &rolling);
    for what in ["statefulset/db", "statefulset/part", "daemonset/agent"] {
        namespace.kubectl(["rollout", "status", what, "--timeout=60s"]);
    }
    until("the pods of hand", || match tags(&namespace, "hand") {
        tags if tags == ["1", "1", "1"] => Ok(()),
        tags => Err(format!("{tags:?}")),
    });
    update(&namespace, "statefulset/part", "part", "2", &["1", "1", "2"]);
    update(&namespace, "statefulset/hand", "hand", "2", &["1", "1", "1"]);
    namespace.kubectl(["delete", "pod", "hand-1", "--wait=true"]);
    update(&namespace, "statefulset/hand", "hand", "2", &["1", "1", "2"]);
    for what in ["statefulset/db", "daemonset/agent"] {
        let app = what.rsplit('/').next().unwrap();
        namespace.kubectl(["set", "image", what, &format!("{app}=registry.example/shop/{app}:2")]);
        namespace.kubectl(["rollout", "status", what, "--timeout=60s"]);
    }
    namespace.kubectl(["rollout", "status", "statefulset/part", "--timeout=60s"]);
    for what in ["part", "hand"] {
        let ready = "--for=jsonpath={.status.availableReplicas}=3";
        namespace.kubectl(["wait", ready, "--timeout=60s", &format!("statefulset/{what}")]);
    }
    let services = ["db", "part", "hand"].map(|s| format!("[service.{s}]\nworkload = \"statefulset/{s}\"\n")).concat();
    let gonogo = Gonogo::configured(&namespace, "admin", &format!("{services}[service.agent]\nworkload = \"daemonset/agent\"\n"));
    let status = gonogo.json(&["status"]);

    for (app, kind, [version, wanted], health, delivery) in [
        ("db", "statefulset", ["2", "2"], "pass", "rolling"),
        ("part", "statefulset", ["1", "2"], "pass", "rolling"),
        ("hand", "statefulset", ["1", "2"], "progressing", "on-delete"),
        ("agent", "daemonset", ["2", "2"], "pass", "rolling"),
    ] {
        let ours = placement(&status, app);
        let theirs = namespace.get(&format!("{kind}/{app}"));
        let count = |sts: &str, ds: &str| theirs["status"][if kind == "daemonset" { ds } else { sts }].clone();
        let wanted_pods =
            if kind == "daemonset" { count("", "desiredNumberScheduled") } else { theirs["spec"]["replicas"].clone() };
        let counts = json!({ "wanted": wanted_pods, "ready": count("readyReplicas", "numberReady"),
            "available": count("availableReplicas", "numberAvailable") });
        assert_eq!(ours["pods"], counts, "{app}");
        assert_eq!(
            (&ours["version"]["tag"], &ours["wanted_version"]["tag"]),
            (&json!(version), &json!(wanted)),
            "{app}: {ours:#}"
        );
        assert_eq!((&ours["health"]["state"], &ours["delivery"]), (&json!(health), &json!(delivery)), "{app}: {ours:#}");
        assert_eq!(ours["unprobed"], json!([app]), "{app}");
        // The history is that of the ControllerRevisions.
        let all = namespace.get("controllerrevisions");
        let owned = |r: &&Value| r["metadata"]["ownerReferences"][0]["uid"] == theirs["metadata"]["uid"];
        let mut own: Vec<&Value> = all["items"].as_array().unwrap().iter().filter(owned).collect();
        // As the controller sorts them: one that has not seen its first revision yet gives the second one its number.
        own.sort_by_key(|r| {
            let text = |field: &str| r["metadata"][field].as_str().unwrap();
            Reverse((r["revision"].as_i64(), text("creationTimestamp"), text("name")))
        });
        let names: Vec<(i64, String)> =
            own.iter().map(|r| (r["revision"].as_i64().unwrap(), r["metadata"]["name"].as_str().unwrap().to_owned())).collect();
        let mine: Vec<(i64, String)> = ours["revisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["number"].as_i64().unwrap(), r["name"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(mine, names, "{app}");
        if kind == "statefulset" {
            let serving = ours["revisions"].as_array().unwrap().iter().find(|r| r["serving"] == true).unwrap();
            let field = if version == wanted { "updateRevision" } else { "currentRevision" };
            assert_eq!(serving["name"], theirs["status"][field], "{app}");
        }
    }
    assert!(placement(&status, "hand")["health"]["why"].as_str().unwrap().contains("deletes them"), "{status:#}");
}

#[test]
fn a_deployment_has_the_history_of_kubectl_and_the_release_of_its_secrets() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let name = &namespace.name;
    namespace.deploy("web", "1", 2);
    namespace.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2"]);
    namespace.kubectl(["annotate", "deployment/web", "kubernetes.io/change-cause=ship 2"]);
    namespace.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
    let release = ["meta.helm.sh/release-name=store".to_owned(), format!("meta.helm.sh/release-namespace={name}")];
    namespace.kubectl(["annotate", "deployment/web", &release[0], &release[1]]);
    for (revision, status) in [(1, "superseded"), (2, "deployed")] {
        let labels = json!({ "owner": "helm", "name": "store", "version": revision.to_string(), "status": status,
            "modifiedAt": "1773133200" });
        let metadata = json!({ "name": format!("sh.helm.release.v1.store.v{revision}"), "labels": labels });
        let data = json!({ "release": "bm90IHJlYWQ=" });
        let secret =
            json!({ "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata, "data": data });
        namespace.apply(&secret);
    }
    until("the change-cause to reach the revision", || match namespace.kubectl(["rollout", "history", "deployment/web"]) {
        history if history.contains("ship 2") => Ok(()),
        history => Err(history),
    });
    let status = Gonogo::on_the_cluster(&namespace, "admin", &["web"]).json(&["status"]);
    let ours = placement(&status, "web");
    let sets = namespace.get("replicasets -l app=web");
    let mut theirs: Vec<(String, String, Value)> = sets["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            let note = |key: &str| s["metadata"]["annotations"][key].clone();
            let number = note("deployment.kubernetes.io/revision").as_str().unwrap().to_owned();
            (number, s["metadata"]["uid"].as_str().unwrap().to_owned(), note("kubernetes.io/change-cause"))
        })
        .collect();
    theirs.sort_by_key(|(number, ..)| std::cmp::Reverse(number.parse::<u64>().unwrap()));
    let mine: Vec<(String, String, Value)> = ours["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["number"].to_string(), r["uid"].as_str().unwrap().to_owned(), r["cause"].clone()))
        .collect();
    assert_eq!(mine, theirs, "{ours:#}");
    assert_eq!(mine[0].2, "ship 2");
    let helm = &ours["helm"];
    assert_eq!((&helm["release"]["name"], &helm["why"]), (&json!("store"), &Value::Null), "{helm:#}");
    let history: Vec<_> =
        helm["history"].as_array().unwrap().iter().map(|r| (r["revision"].clone(), r["status"].clone())).collect();
    assert_eq!(history, [(json!(2), json!("deployed")), (json!(1), json!("superseded"))]);

    // Who may not list Secrets loses that section, and that one only.
    let rights = |group: &str, resources: &[&str]| json!({ "apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"] });
    let rules = json!([rights("apps", &["*"]), rights("", &["pods", "services"]), rights("discovery.k8s.io", &["*"]),]);
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "no-secrets" });
    let subjects = json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory" }]);
    let metadata = json!({ "name": "no-secrets" });
    let api = "rbac.authorization.k8s.io/v1";
    namespace.apply(&json!({ "apiVersion": api, "kind": "Role", "metadata": metadata, "rules": rules }));
    namespace
        .apply(&json!({ "apiVersion": api, "kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": subjects }));
    let stranger = Gonogo::on_the_cluster(&namespace, "mallory", &["web"]);
    let status = until("the rights to be known", || match stranger.json(&["status"]) {
        status if placement(&status, "web")["health"]["state"] == "pass" => Ok(status),
        status => Err(format!("{:#}", placement(&status, "web"))),
    });
    let ours = placement(&status, "web");
    assert_eq!((&ours["helm"]["release"]["name"], &ours["helm"]["history"]), (&json!("store"), &json!([])));
    assert!(ours["helm"]["why"].is_string(), "{ours:#}");
    let problems = status["problems"].as_array().unwrap();
    let forbidden = |p: &Value| p["kind"] == "forbidden" && p["source"].as_str().unwrap().contains("helm releases");
    assert!(problems.iter().any(forbidden), "{problems:#?}");
}
