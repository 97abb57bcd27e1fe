//! Pods, as rows of a kubelet that has done its work.

use serde_json::{Value, json};

use super::{Scene, hash_label, push, template};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, workload},
};

/// A service's pods.
pub fn pods(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    for pod in scene.world.pods(service, scene.cluster, scene.now()) {
        push(out, "pods", object(scene, service, &pod));
    }
}

fn object(scene: Scene<'_>, service: &Service, pod: &workload::Pod) -> Value {
    let mut object = scene.object("pods", &pod.name, service.name, pod.created);
    let template = template(scene, service, &pod.owner, &pod.version);
    object["metadata"]["generateName"] = format!("{}-", pod.set).into();
    object["metadata"]["labels"] = template["metadata"]["labels"].clone();
    object["metadata"]["labels"][hash_label(service)] = pod.hash.as_str().into();
    object["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    object["metadata"]["ownerReferences"] = scene.owner("replicasets", &pod.set);
    object["spec"] = template["spec"].clone();
    object["spec"]["nodeName"] = pod.node.as_str().into();
    object["spec"]["serviceAccountName"] = "default".into();
    object["spec"]["serviceAccount"] = "default".into();
    object["spec"]["enableServiceLinks"] = true.into();
    object["spec"]["preemptionPolicy"] = "PreemptLowerPriority".into();
    object["spec"]["priority"] = 0.into();
    object["status"] = status(scene, service, pod);
    object
}

fn status(scene: Scene<'_>, service: &Service, pod: &workload::Pod) -> Value {
    let ready_at = pod.created + workload::START;
    let condition = |kind: &str, is: bool, since: f64| {
        let mut condition = json!({
            "type": kind,
            "status": if is { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": scene.time(since),
        });
        if !is {
            condition["reason"] = "ContainersNotReady".into();
            condition["message"] = format!("containers with unready status: [{}]", service.name).into();
        }
        condition
    };
    let image = scene.world.image(service.name, &pod.version);
    let registry = image.rsplit_once(':').map_or(image.as_str(), |(name, _)| name);
    let turn = if pod.ready { ready_at } else { pod.created };
    json!({
        "phase": "Running",
        "conditions": [
            condition("PodReadyToStartContainers", true, pod.created),
            condition("Initialized", true, pod.created),
            condition("Ready", pod.ready, turn),
            condition("ContainersReady", pod.ready, turn),
            condition("PodScheduled", true, pod.created),
        ],
        "hostIP": format!("10.10.0.{}", pod.node.chars().last().unwrap_or('1')),
        "podIP": pod.ip,
        "podIPs": [{"ip": pod.ip}],
        "startTime": scene.time(pod.created),
        "containerStatuses": [{
            "name": service.name,
            "state": {"running": {"startedAt": scene.time(pod.created)}},
            "lastState": {},
            "ready": pod.ready,
            "started": true,
            "restartCount": 0,
            "image": image,
            "imageID": format!("{registry}@{}", scene.world.digest(service.name, &pod.version)),
            "containerID": format!("containerd://{}", scene.uid("Container", &pod.name).replace('-', "")),
        }],
        "qosClass": "Burstable",
    })
}
