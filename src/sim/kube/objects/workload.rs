//! Deployments and ReplicaSets.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, owner_plural, push, template_of};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, noted::Stand, workload::Set},
};

/// A service's Deployments, and the ReplicaSets of whatever owns them.
pub fn workloads(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let sets = scene.world.sets(service, scene.cluster, scene.minute);
    for set in &sets {
        push(out, "replicasets", replica_set(scene, service, set));
    }
    if service.rollout() {
        return;
    }
    // What clients have written of a Deployment lies over this; the rest is as the company's pipelines left it.
    let plain = scene.world.untouched(service, scene.cluster, scene.minute);
    let mut owners: Vec<&str> = plain.iter().map(|set| set.owner.as_str()).collect();
    owners.dedup();
    for owner in owners {
        let Some(newest) = plain.iter().rev().find(|set| set.owner == owner) else { continue };
        let mut object = deployment(scene, service, newest);
        match scene.world.stand(scene.cluster, owner, scene.minute) {
            Some(stand) => changed(scene, stand, &mut object),
            None => settled(scene, newest, &mut object),
        }
        push(out, "deployments", object);
    }
}

fn replica_set(scene: Scene<'_>, service: &Service, set: &Set) -> Value {
    let label = service.hash_label();
    let mut object = scene.object("replicasets", &set.name, service.name, set.created);
    let mut labels = service.labels(&set.owner);
    labels.insert(label.to_owned(), set.hash.as_str().into());
    let mut pod = template_of(scene, service, set);
    pod["metadata"]["labels"][label] = set.hash.as_str().into();
    object["metadata"]["labels"] = pod["metadata"]["labels"].clone();
    object["metadata"]["generation"] = json!(1 + u32::from(set.replicas() == 0));
    let prefix = if service.rollout() { "rollout.argoproj.io" } else { "deployment.kubernetes.io" };
    let stand = scene.world.stand(scene.cluster, &set.owner, scene.minute);
    // The number is written when pods come or go, so one without any keeps what it had.
    let stand = stand.filter(|_| set.replicas() > 0);
    let (wanted, surge) = stand.map_or((set.replicas(), set.replicas().div_ceil(4)), |stand| (stand.wanted, stand.surge));
    let mut notes = set.notes.clone();
    notes.insert(format!("{prefix}/revision"), set.revision.to_string().into());
    notes.insert(format!("{prefix}/desired-replicas"), wanted.to_string().into());
    if !service.rollout() {
        notes.insert(format!("{prefix}/max-replicas"), (wanted + surge).to_string().into());
    }
    if !set.history.is_empty() {
        let past: Vec<String> = set.history.iter().map(ToString::to_string).collect();
        notes.insert(format!("{prefix}/revision-history"), past.join(",").into());
    }
    if let Some(deadline) = super::rollout::deadline(scene, service, set) {
        notes.insert("scale-down-deadline".to_owned(), deadline.into());
    }
    object["metadata"]["annotations"] = Value::Object(notes);
    object["metadata"]["ownerReferences"] = scene.owner(owner_plural(service), &set.owner);
    object["spec"] = json!({"replicas": set.replicas(), "selector": {"matchLabels": labels}, "template": pod});
    let ready = set.ready(scene.minute);
    object["status"] = json!({"replicas": set.replicas(), "observedGeneration": object["metadata"]["generation"]});
    if set.replicas() > 0 {
        object["status"]["fullyLabeledReplicas"] = set.replicas().into();
    }
    if ready > 0 {
        object["status"]["readyReplicas"] = ready.into();
        object["status"]["availableReplicas"] = ready.into();
    }
    object
}

/// A Deployment without its status.
fn deployment(scene: Scene<'_>, service: &Service, set: &Set) -> Value {
    let mut object = scene.object("deployments", &set.owner, service.name, BEGINNING - 100_000.0);
    object["metadata"]["generation"] = set.revision.into();
    object["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": set.revision.to_string()});
    if service.name == "order" {
        // The one service that Argo CD delivers.
        let id = format!("order:apps/Deployment:{}/{}", super::NAMESPACE, set.owner);
        object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = id.into();
    }
    object["spec"] = json!({
        "replicas": set.replicas(),
        "selector": {"matchLabels": service.labels(&set.owner)},
        "template": template_of(scene, service, set),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    });
    if set.owner == super::flagger::primary(service) {
        object["metadata"]["ownerReferences"] = scene.owner("canaries", service.name);
    }
    object
}

/// The status of one that nobody has touched.
fn settled(scene: Scene<'_>, set: &Set, object: &mut Value) {
    let ready = set.ready(scene.minute);
    let done = ready == set.replicas();
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", set.name);
    let progressing = format!("ReplicaSet \"{}\" is progressing.", set.name);
    let mut status = json!({
        "observedGeneration": set.revision,
        "replicas": set.replicas(),
        "updatedReplicas": set.replicas(),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "conditions": [
            available(scene, true, BEGINNING - 100_000.0),
            if done {
                scene.condition("Progressing", true, "NewReplicaSetAvailable", &message, set.created)
            } else {
                scene.condition("Progressing", true, "ReplicaSetUpdated", &progressing, set.created)
            },
        ],
    });
    if !done {
        status["unavailableReplicas"] = (set.replicas() - ready).into();
    }
    object["status"] = status;
}

fn available(scene: Scene<'_>, is: bool, since: f64) -> Value {
    if is {
        let text = "Deployment has minimum availability.";
        scene.condition("Available", true, "MinimumReplicasAvailable", text, since)
    } else {
        let text = "Deployment does not have minimum availability.";
        scene.condition("Available", false, "MinimumReplicasUnavailable", text, since)
    }
}

/// Revision and status of one that somebody has changed.
fn changed(scene: Scene<'_>, stand: &Stand, object: &mut Value) {
    let newest = stand.sets.iter().map(|set| set.revision).max().unwrap_or(0);
    object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = newest.to_string().into();
    let total: u32 = stand.sets.iter().map(Set::replicas).sum();
    let ready: u32 = stand.sets.iter().map(|set| set.ready(scene.minute)).sum();
    let current = stand.sets.iter().find(|set| Some(&set.hash) == stand.current.as_ref());
    let updated = current.map_or(0, Set::replicas);
    let progress = &stand.progress;
    let mut progressing = scene.condition("Progressing", true, progress.reason, &progress.message, progress.since);
    progressing["status"] = progress.status.into();
    let (is, since) = stand.available;
    // The server leaves out what is zero.
    let mut status = json!({"observedGeneration": object["metadata"]["generation"]});
    let figures = [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", ready),
        ("unavailableReplicas", total.max(stand.wanted) - ready),
    ];
    for (name, figure) in figures.into_iter().filter(|(_, figure)| *figure > 0) {
        status[name] = figure.into();
    }
    status["conditions"] = json!([available(scene, is, since), progressing]);
    object["status"] = status;
}
