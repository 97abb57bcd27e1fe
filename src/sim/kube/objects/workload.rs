//! Deployments and ReplicaSets.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, hash_label, owner_plural, push, selector, template};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, workload::Set},
};

/// A service's Deployments, and the ReplicaSets of whatever owns them.
pub fn workloads(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let sets = scene.world.sets(service, scene.cluster, scene.now());
    for set in &sets {
        push(out, "replicasets", replica_set(scene, service, set));
    }
    if service.rollout() {
        return;
    }
    let mut owners: Vec<&str> = sets.iter().map(|set| set.owner.as_str()).collect();
    owners.dedup();
    for owner in owners {
        if let Some(newest) = sets.iter().rev().find(|set| set.owner == owner) {
            push(out, "deployments", deployment(scene, service, newest));
        }
    }
}

/// How many of a set's pods are Ready.
fn ready(scene: Scene<'_>, set: &Set) -> u32 {
    let pods = (0..set.replicas).map(|index| scene.world.pod(scene.cluster, set, index, scene.minute));
    pods.filter(|pod| pod.ready).count() as u32
}

fn replica_set(scene: Scene<'_>, service: &Service, set: &Set) -> Value {
    let label = hash_label(service);
    let mut object = scene.object("replicasets", &set.name, service.name, set.created);
    let mut labels = selector(service, &set.owner);
    labels.insert(label.to_owned(), set.hash.as_str().into());
    let mut pod = template(scene, service, &set.owner, &set.version);
    pod["metadata"]["labels"][label] = set.hash.as_str().into();
    object["metadata"]["labels"] = pod["metadata"]["labels"].clone();
    object["metadata"]["generation"] = json!(1 + u32::from(set.replicas == 0));
    object["metadata"]["annotations"] = if service.rollout() {
        json!({"rollout.argoproj.io/revision": set.revision.to_string(), "rollout.argoproj.io/desired-replicas": set.replicas.to_string()})
    } else {
        json!({
            "deployment.kubernetes.io/revision": set.revision.to_string(),
            "deployment.kubernetes.io/desired-replicas": set.replicas.to_string(),
            "deployment.kubernetes.io/max-replicas": (set.replicas + set.replicas.div_ceil(4)).to_string(),
        })
    };
    if let Some(deadline) = super::rollout::deadline(scene, service, set) {
        object["metadata"]["annotations"]["scale-down-deadline"] = deadline.into();
    }
    object["metadata"]["ownerReferences"] = scene.owner(owner_plural(service), &set.owner);
    object["spec"] = json!({"replicas": set.replicas, "selector": {"matchLabels": labels}, "template": pod});
    let ready = ready(scene, set);
    object["status"] = json!({"replicas": set.replicas, "observedGeneration": object["metadata"]["generation"]});
    if set.replicas > 0 {
        object["status"]["fullyLabeledReplicas"] = set.replicas.into();
    }
    if ready > 0 {
        object["status"]["readyReplicas"] = ready.into();
        object["status"]["availableReplicas"] = ready.into();
    }
    object
}

fn deployment(scene: Scene<'_>, service: &Service, set: &Set) -> Value {
    let since = BEGINNING - 100_000.0;
    let mut object = scene.object("deployments", &set.owner, service.name, since);
    object["metadata"]["generation"] = set.revision.into();
    object["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": set.revision.to_string()});
    if service.name == "order" {
        // The one service that Argo CD delivers.
        let id = format!("order:apps/Deployment:{}/{}", super::NAMESPACE, set.owner);
        object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = id.into();
    }
    object["spec"] = json!({
        "replicas": set.replicas,
        "selector": {"matchLabels": selector(service, &set.owner)},
        "template": template(scene, service, &set.owner, &set.version),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    });
    if set.owner == super::flagger::primary(service) {
        object["metadata"]["ownerReferences"] = scene.owner("canaries", service.name);
    }
    let ready = ready(scene, set);
    let done = ready == set.replicas;
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", set.name);
    let progressing = format!("ReplicaSet \"{}\" is progressing.", set.name);
    let mut status = json!({
        "observedGeneration": set.revision,
        "replicas": set.replicas,
        "updatedReplicas": set.replicas,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "conditions": [
            scene.condition("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.", since),
            if done {
                scene.condition("Progressing", true, "NewReplicaSetAvailable", &message, set.created)
            } else {
                scene.condition("Progressing", true, "ReplicaSetUpdated", &progressing, set.created)
            },
        ],
    });
    if !done {
        status["unavailableReplicas"] = (set.replicas - ready).into();
    }
    object["status"] = status;
    object
}
