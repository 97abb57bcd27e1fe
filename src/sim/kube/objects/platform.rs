//! What runs beside the services and is released by nobody here: a database of `catalog` (a StatefulSet), an agent on
//! every node (a DaemonSet), and the Helm release that made them. They stand still.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, defaulted, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{Cluster, NAMESPACE, names},
};

/// The database.
const DATABASE: &str = "catalog-db";
/// The agent.
const AGENT: &str = "log-agent";
/// The Helm release.
const RELEASE: &str = "platform";
/// Its newest revision.
const REVISION: u32 = 12;
/// Nodes of a cluster.
const NODES: u32 = 4;

/// One revision of a workload: its version and when it was made.
struct Past {
    version: &'static str,
    revision: u32,
    created: f64,
}

/// What is asked of both kinds.
struct Asked {
    plural: &'static str,
    name: &'static str,
    image: &'static str,
    replicas: u32,
    history: Vec<Past>,
}

impl Asked {
    fn now(&self) -> &Past {
        &self.history[self.history.len() - 1]
    }

    fn template(&self, past: &Past) -> Value {
        defaulted(
            json!({"labels": {"app.kubernetes.io/name": self.name, "app.kubernetes.io/version": past.version}}),
            json!({
                "name": self.name,
                "image": format!("registry.acme.example/platform/{}:{}", self.image, past.version),
                "imagePullPolicy": "IfNotPresent",
                "readinessProbe": {"tcpSocket": {"port": 5432}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
                "resources": {},
            }),
        )
    }

    fn hash(&self, scene: Scene<'_>, past: &Past) -> String {
        names::suffix(scene.world.seed(), &["controller-revision", self.name, past.version], 10)
    }
}

/// The objects.
pub fn platform(scene: Scene<'_>, out: &mut Vec<(&'static Kind, Value)>) {
    let replicas = if matches!(scene.cluster, Cluster::Eu1 | Cluster::Us1) { 3 } else { 1 };
    let past = |version, revision, days: f64| Past { version, revision, created: BEGINNING - days * 1440.0 };
    let database = Asked {
        plural: "statefulsets",
        name: DATABASE,
        image: "postgres",
        replicas,
        history: vec![past("16.3", 1, 90.0), past("16.4", 2, 20.0)],
    };
    let agent =
        Asked { plural: "daemonsets", name: AGENT, image: "log-agent", replicas: NODES, history: vec![past("3.1.2", 1, 60.0)] };
    for asked in [&database, &agent] {
        for past in &asked.history {
            push(out, "controllerrevisions", revision(scene, asked, past));
        }
        for index in 0..asked.replicas {
            push(out, "pods", pod(scene, asked, index));
        }
    }
    push(out, "statefulsets", stateful_set(scene, &database));
    push(out, "daemonsets", daemon_set(scene, &agent));
    headless(scene, &database, out);
    for revision in [REVISION - 1, REVISION] {
        push(out, "secrets", secret(scene, revision));
    }
}

/// An object that the release made.
fn released(scene: Scene<'_>, plural: &str, name: &str, created: f64) -> Value {
    let mut object = scene.object(plural, name, name, created);
    object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
    object["metadata"]["labels"]["helm.sh/chart"] = "platform-2.8.1".into();
    object["metadata"]["annotations"] =
        json!({"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": NAMESPACE});
    object
}

fn workload(scene: Scene<'_>, asked: &Asked) -> Value {
    let generation = asked.now().revision;
    let mut object = released(scene, asked.plural, asked.name, asked.history[0].created);
    object["metadata"]["generation"] = generation.into();
    object["spec"] = json!({
        "selector": {"matchLabels": {"app.kubernetes.io/name": asked.name}},
        "template": asked.template(asked.now()),
        "revisionHistoryLimit": 10,
    });
    object["status"] = json!({"observedGeneration": generation});
    object
}

fn stateful_set(scene: Scene<'_>, asked: &Asked) -> Value {
    let mut object = workload(scene, asked);
    let revision = format!("{}-{}", asked.name, asked.hash(scene, asked.now()));
    let spec = &mut object["spec"];
    spec["replicas"] = asked.replicas.into();
    spec["serviceName"] = asked.name.into();
    spec["podManagementPolicy"] = "OrderedReady".into();
    spec["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
    spec["persistentVolumeClaimRetentionPolicy"] = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
    let status = &mut object["status"];
    for count in ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] {
        status[count] = asked.replicas.into();
    }
    status["collisionCount"] = 0.into();
    status["currentRevision"] = revision.as_str().into();
    status["updateRevision"] = revision.into();
    object
}

fn daemon_set(scene: Scene<'_>, asked: &Asked) -> Value {
    let mut object = workload(scene, asked);
    object["metadata"]["annotations"]["deprecated.daemonset.template.generation"] = "1".into();
    object["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
    for count in ["currentNumberScheduled", "desiredNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable"]
    {
        object["status"][count] = asked.replicas.into();
    }
    object["status"]["numberMisscheduled"] = 0.into();
    object
}

fn revision(scene: Scene<'_>, asked: &Asked, past: &Past) -> Value {
    let hash = asked.hash(scene, past);
    let mut object = scene.object("controllerrevisions", &format!("{}-{hash}", asked.name), asked.name, past.created);
    let label = if asked.plural == "daemonsets" { "controller-revision-hash" } else { "controller.kubernetes.io/hash" };
    object["metadata"]["labels"][label] = hash.into();
    object["metadata"]["ownerReferences"] = scene.owner(asked.plural, asked.name);
    let mut template = asked.template(past);
    template["$patch"] = "replace".into();
    object["data"] = json!({"spec": {"template": template}});
    object["revision"] = past.revision.into();
    object
}

fn pod(scene: Scene<'_>, asked: &Asked, index: u32) -> Value {
    let past = asked.now();
    let daemon = asked.plural == "daemonsets";
    let seed = scene.world.seed();
    let number = index.to_string();
    let parts = ["platform-pod", scene.cluster.name(), asked.name, &number];
    let name =
        if daemon { format!("{}-{}", asked.name, names::suffix(seed, &parts, 5)) } else { format!("{}-{index}", asked.name) };
    let hash = asked.hash(scene, past);
    let mut object = scene.object("pods", &name, asked.name, past.created);
    let template = asked.template(past);
    object["metadata"]["generateName"] = format!("{}-", asked.name).into();
    object["metadata"]["labels"] = template["metadata"]["labels"].clone();
    object["metadata"]["labels"]["controller-revision-hash"] =
        if daemon { hash } else { format!("{}-{hash}", asked.name) }.into();
    if !daemon {
        object["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = name.as_str().into();
        object["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = number.as_str().into();
    }
    object["metadata"]["ownerReferences"] = scene.owner(asked.plural, asked.name);
    object["spec"] = template["spec"].clone();
    object["spec"]["nodeName"] = format!("{}-node-{}", scene.cluster.name(), 1 + index % NODES).into();
    let image = template["spec"]["containers"][0]["image"].as_str().unwrap_or("").to_owned();
    let registry = image.rsplit_once(':').map_or(image.as_str(), |(name, _)| name);
    let digest = scene.world.digest(asked.image, past.version);
    let since = scene.time(past.created);
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": since});
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    let octets = names::bytes(seed, &parts);
    let ip = format!("10.{}.{}.{}", 68 + octets[0] % 4, octets[1], 2 + octets[2] % 250);
    object["status"] = json!({
        "phase": "Running",
        "conditions": conditions,
        "hostIP": format!("10.10.0.{}", 1 + index % NODES),
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": since,
        "containerStatuses": [{
            "name": asked.name, "state": {"running": {"startedAt": since}}, "lastState": {}, "ready": true, "started": true,
            "restartCount": 0, "image": image, "imageID": format!("{registry}@{digest}"),
            "containerID": format!("containerd://{}", scene.uid("Container", &name).replace('-', "")),
        }],
        "qosClass": "BestEffort",
    });
    object
}

/// The Service that gives the database's pods their names.
fn headless(scene: Scene<'_>, asked: &Asked, out: &mut Vec<(&'static Kind, Value)>) {
    let created = asked.history[0].created;
    let mut service = released(scene, "services", asked.name, created);
    service["spec"] = json!({
        "type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"], "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
        "ports": [{"name": "sql", "port": 5432, "protocol": "TCP", "targetPort": 5432}],
        "selector": {"app.kubernetes.io/name": asked.name},
    });
    service["status"] = json!({"loadBalancer": {}});
    push(out, "services", service);
    let suffix = names::suffix(scene.world.seed(), &["slice", scene.cluster.name(), asked.name], 5);
    let mut slice = scene.object("endpointslices", &format!("{}-{suffix}", asked.name), asked.name, created);
    slice["metadata"]["labels"]["kubernetes.io/service-name"] = asked.name.into();
    slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io".into();
    slice["metadata"]["ownerReferences"] = scene.owner("services", asked.name);
    slice["addressType"] = "IPv4".into();
    let endpoint = |index: u32| {
        let pod = pod(scene, asked, index);
        json!({
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": true, "serving": true, "terminating": false},
            "nodeName": pod["spec"]["nodeName"],
            "hostname": pod["metadata"]["name"],
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": NAMESPACE, "uid": pod["metadata"]["uid"]},
        })
    };
    slice["endpoints"] = (0..asked.replicas).map(endpoint).collect();
    slice["ports"] = json!([{"name": "sql", "port": 5432, "protocol": "TCP"}]);
    push(out, "endpointslices", slice);
}

/// A revision of the release, as Helm keeps it; the payload of a real one is its chart.
fn secret(scene: Scene<'_>, revision: u32) -> Value {
    let newest = revision == REVISION;
    let created = BEGINNING - if newest { 20.0 } else { 60.0 } * 1440.0;
    let mut object = scene.object("secrets", &format!("sh.helm.release.v1.{RELEASE}.v{revision}"), RELEASE, created);
    object["metadata"]["labels"] = json!({
        "owner": "helm",
        "name": RELEASE,
        "version": revision.to_string(),
        "status": if newest { "deployed" } else { "superseded" },
        "modifiedAt": scene.world.instant(created).as_second().to_string(),
    });
    object["data"] = json!({"release": names::hex(scene.world.seed(), &["helm", &revision.to_string()], 48)});
    object["type"] = "helm.sh/release.v1".into();
    object
}
