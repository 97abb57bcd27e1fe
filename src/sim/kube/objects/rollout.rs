//! Argo Rollouts, with a status as its controller v1.10 writes it.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push, selector, template};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, names, release, traffic::Arm, workload::Set},
};

/// The plan as the spec writes it.
fn steps() -> Value {
    release::STEPS
        .iter()
        .map(|step| match step {
            release::Step::Weight(weight) => json!({"setWeight": weight}),
            release::Step::Pause => json!({"pause": {}}),
        })
        .collect()
}

/// The Rollout of a service.
pub fn rollout(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let sets = scene.world.sets(service, scene.cluster, scene.now());
    let Some(stable) = sets.iter().find(|set| set.arm == Some(Arm::Stable)) else { return };
    let canary = sets.iter().find(|set| set.arm == Some(Arm::Canary));
    let current = canary.unwrap_or(stable);
    let mut object = scene.object("rollouts", service.name, service.name, BEGINNING - 100_000.0);
    object["metadata"]["generation"] = current.revision.into();
    object["metadata"]["annotations"] = json!({"rollout.argoproj.io/revision": current.revision.to_string()});
    object["spec"] = json!({
        "replicas": stable.replicas,
        "revisionHistoryLimit": 5,
        "selector": {"matchLabels": selector(service, service.name)},
        "strategy": {"canary": {
            "canaryService": format!("{}-canary", service.name),
            "stableService": format!("{}-stable", service.name),
            "trafficRouting": {"istio": {"virtualService": {"name": service.name, "routes": ["primary"]}}},
            "steps": steps(),
        }},
        "template": template(scene, service, service.name, &current.version),
    });
    object["status"] = status(scene, service, stable, canary);
    push(out, "rollouts", object);
}

/// The step that the script stands at, and since which minute.
fn position(scene: Scene<'_>) -> (usize, f64) {
    let reached = release::SCRIPT.iter().rev().find(|(minute, ..)| *minute <= scene.minute);
    reached.map_or((0, release::STARTED), |(minute, index, _)| (*index, *minute))
}

fn ready(scene: Scene<'_>, set: &Set) -> u32 {
    let pods = (0..set.replicas).map(|index| scene.world.pod(scene.cluster, set, index, scene.minute));
    pods.filter(|pod| pod.ready).count() as u32
}

fn status(scene: Scene<'_>, service: &Service, stable: &Set, canary: Option<&Set>) -> Value {
    let current = canary.unwrap_or(stable);
    let weight = scene.world.weight(service.name, scene.cluster, scene.now());
    let pods = stable.replicas + canary.map_or(0, |set| set.replicas);
    let available = ready(scene, stable) + canary.map_or(0, |set| ready(scene, set));
    let share = |set: &Set, arm: &str, weight: u32| json!({"podTemplateHash": set.hash, "serviceName": format!("{}-{arm}", service.name), "weight": weight});
    let mut status = json!({
        "HPAReplicas": pods,
        "availableReplicas": available,
        "blueGreen": {},
        "canary": {"weights": {"canary": share(current, "canary", weight), "stable": share(stable, "stable", 100 - weight)}},
        "currentPodHash": current.hash,
        "currentStepHash": names::suffix(scene.world.seed(), &["steps"], 9),
        "currentStepIndex": release::STEPS.len(),
        "observedGeneration": current.revision.to_string(),
        "phase": "Healthy",
        "readyReplicas": available,
        "replicas": pods,
        "selector": format!("app.kubernetes.io/name={}", service.name),
        "stableRS": stable.hash,
        "updatedReplicas": current.replicas,
    });
    let healthy =
        scene.condition("Available", true, "AvailableReason", "Rollout has minimum availability", BEGINNING - 100_000.0);
    let arrived = format!("ReplicaSet \"{}\" has successfully progressed.", current.name);
    if canary.is_none() {
        status["conditions"] = json!([
            healthy,
            scene.condition("Healthy", true, "RolloutHealthy", "Rollout is healthy", stable.created),
            scene.condition("Paused", false, "RolloutPaused", "Rollout is paused", stable.created),
            scene.condition("Progressing", true, "NewReplicaSetAvailable", &arrived, stable.created),
            scene.condition("Completed", true, "RolloutCompleted", "RolloutCompleted", stable.created),
        ]);
        return status;
    }
    let (index, since) = position(scene);
    let paused = release::STEPS.get(index) == Some(&release::Step::Pause);
    status["currentStepIndex"] = index.into();
    let progressing = if paused {
        status["phase"] = "Paused".into();
        status["message"] = "CanaryPauseStep".into();
        status["controllerPause"] = true.into();
        status["pauseConditions"] = json!([{"reason": "CanaryPauseStep", "startTime": scene.time(since)}]);
        scene.condition("Progressing", true, "RolloutPaused", "Rollout is paused", since)
    } else {
        status["phase"] = "Progressing".into();
        status["message"] = "updated replicas are still becoming available".into();
        let text = format!("ReplicaSet \"{}\" is progressing.", current.name);
        scene.condition("Progressing", true, "ReplicaSetUpdated", &text, since)
    };
    status["conditions"] = json!([
        healthy,
        scene.condition("Healthy", false, "RolloutHealthy", "Rollout is not healthy", release::STARTED),
        scene.condition("Completed", false, "RolloutCompleted", "RolloutCompleted", release::STARTED),
        progressing,
        scene.condition("Paused", paused, "RolloutPaused", "Rollout is paused", since),
    ]);
    status
}
