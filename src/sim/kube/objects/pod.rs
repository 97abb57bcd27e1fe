//! Pods, as rows of a kubelet that has done its work.

use serde_json::{Value, json};

use super::{Scene, push, template_of};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, image::Fate, workload},
};

/// A service's pods.
pub fn pods(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    for set in scene.world.sets(service, scene.cluster, scene.minute) {
        let template = template_of(scene, service, &set);
        for birth in set.crew.pods() {
            let pod = scene.world.pod(scene.cluster, &set, *birth, scene.minute);
            push(out, "pods", object(scene, service, &pod, &template));
        }
    }
}

fn object(scene: Scene<'_>, service: &Service, pod: &workload::Pod, template: &Value) -> Value {
    let mut object = scene.object("pods", &pod.name, service.name, pod.created);
    object["metadata"]["generateName"] = format!("{}-", pod.set).into();
    object["metadata"]["labels"] = template["metadata"]["labels"].clone();
    object["metadata"]["labels"][service.hash_label()] = pod.hash.as_str().into();
    object["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    object["metadata"]["ownerReferences"] = scene.owner("replicasets", &pod.set);
    object["spec"] = template["spec"].clone();
    object["spec"]["nodeName"] = pod.node.as_str().into();
    object["spec"]["serviceAccountName"] = "default".into();
    object["spec"]["serviceAccount"] = "default".into();
    object["spec"]["enableServiceLinks"] = true.into();
    object["spec"]["preemptionPolicy"] = "PreemptLowerPriority".into();
    object["spec"]["priority"] = 0.into();
    object["status"] = status(scene, service, pod, template);
    object
}

fn status(scene: Scene<'_>, service: &Service, pod: &workload::Pod, template: &Value) -> Value {
    let ready_at = pod.created + workload::START;
    let container = &template["spec"]["containers"][0];
    let name = container["name"].as_str().unwrap_or(service.name);
    let condition = |kind: &str, is: bool, since: f64| {
        let mut condition = json!({
            "type": kind,
            "status": if is { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": scene.time(since),
        });
        if !is {
            condition["reason"] = "ContainersNotReady".into();
            condition["message"] = format!("containers with unready status: [{name}]").into();
        }
        condition
    };
    let turn = if pod.ready { ready_at } else { pod.created };
    json!({
        "phase": if pod.fate == Fate::Pull { "Pending" } else { "Running" },
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
        "containerStatuses": [state(scene, service, pod, name, container["image"].as_str().unwrap_or(""))],
        "qosClass": "Burstable",
    })
}

/// What the node says of the container.
fn state(scene: Scene<'_>, service: &Service, pod: &workload::Pod, name: &str, image: &str) -> Value {
    let begun = scene.time(pod.created);
    let container = format!("containerd://{}", scene.uid("Container", &pod.name).replace('-', ""));
    let waits = |reason: &str, message: String| json!({"waiting": {"reason": reason, "message": message}});
    let (state, last, restarts) = match pod.fate {
        Fate::Ready | Fate::Never => (json!({"running": {"startedAt": begun}}), json!({}), 0),
        Fate::Pull => (waits("ImagePullBackOff", format!("Back-off pulling image \"{image}\"")), json!({}), 0),
        Fate::Crash => {
            let why = format!("back-off 10s restarting failed container={name} pod={}", pod.name);
            let ended = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": begun, "finishedAt": begun, "containerID": container}});
            (waits("CrashLoopBackOff", why), ended, 2)
        }
    };
    let registry = image.split('@').next().unwrap_or(image);
    // A tag is behind the last slash; a port is before it.
    let cut = registry.rfind('/').map_or(0, |slash| slash + 1);
    let registry = registry[cut..].find(':').map_or(registry, |colon| &registry[..cut + colon]);
    let pulled = pod.fate != Fate::Pull;
    let digest = image.split_once('@').map_or_else(|| scene.world.digest(service.name, &pod.version), |(_, d)| d.to_owned());
    let mut status = json!({
        "name": name,
        "state": state,
        "lastState": last,
        "ready": pod.ready,
        "started": matches!(pod.fate, Fate::Ready | Fate::Never),
        "restartCount": restarts,
        "image": image,
        "imageID": if pulled { format!("{registry}@{digest}") } else { String::new() },
    });
    if pulled {
        status["containerID"] = container.into();
    }
    status
}
