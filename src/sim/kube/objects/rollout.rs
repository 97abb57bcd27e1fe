//! Argo Rollouts, with a status as its controller v1.10 writes it.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push, template_of};
use crate::sim::{
    kube::kinds::Kind,
    world::{
        Delivery, Service, names,
        release::{self, Phase, Position},
        traffic::Arm,
        workload::Set,
    },
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
    let sets = scene.world.sets(service, scene.cluster, scene.minute);
    let Some(stable) = sets.iter().find(|set| set.arm == Some(Arm::Stable)) else { return };
    let current = sets.iter().find(|set| set.arm == Some(Arm::Canary)).unwrap_or(stable);
    let position = scene.world.position(service.name, scene.cluster, scene.minute);
    let promoted = position.is_none_or(|position| position.phase == Phase::Promoted);
    let mut object = scene.object("rollouts", service.name, service.name, BEGINNING - 100_000.0);
    // What clients have written of the spec lies over this: it is as the company's pipelines left it.
    let (generation, template) = spec(scene, service);
    object["metadata"]["generation"] = generation.into();
    object["metadata"]["annotations"] = json!({"rollout.argoproj.io/revision": current.revision.to_string()});
    object["spec"] = json!({
        "replicas": service.replicas(scene.cluster),
        "revisionHistoryLimit": 5,
        "selector": {"matchLabels": service.labels(service.name)},
        "strategy": strategy(service),
        "template": template,
    });
    if service.delivery == Delivery::RolloutBlueGreen {
        // Going back to one of the last three needs neither gate nor pause.
        object["spec"]["rollbackWindow"] = json!({"revisions": 3});
    }
    object["status"] = status(scene, service, if promoted { current } else { stable }, current, &sets);
    object["status"]["observedGeneration"] = generation.to_string().into();
    if let Some(position) = position {
        stand(scene, service, current, position, &mut object["status"]);
    }
    restarted(scene, service, &mut object["status"]);
    if service.delivery == Delivery::RolloutBlueGreen {
        let stable = if promoted { current } else { stable };
        blue_green(scene, service, [stable, current], position, &mut object["status"]);
    } else if position.is_some_and(|p| !matches!(p.phase, Phase::Promoted | Phase::Aborted)) {
        object["status"]["canary"]["currentBackgroundAnalysisRunStatus"] =
            json!({"name": super::analysis::background_name(service, current), "status": "Running"});
    }
    push(out, "rollouts", object);
}

/// What the status says of a restart: its own time once the last pod was replaced, which is before that one is Ready.
fn restarted(scene: Scene<'_>, service: &Service, status: &mut Value) {
    let Scene { world, cluster, minute } = scene;
    let done = world.restarted(service.name, cluster, minute);
    if let Some(at) = done {
        status["restartedAt"] = at.into();
    }
    let message = if world.restarting(service.name, cluster, minute) {
        "rollout is restarting"
    } else if done.is_some() && status["availableReplicas"] != status["replicas"] {
        "updated replicas are still becoming available"
    } else {
        return;
    };
    // A pause is said before it.
    if status["phase"] == "Healthy" {
        status["phase"] = "Progressing".into();
        status["message"] = message.into();
    }
}

/// Generation and template as the company's pipelines left them.
fn spec(scene: Scene<'_>, service: &Service) -> (u32, Value) {
    let script = scene.world.scripted_positions(service.name, scene.cluster);
    let begun = script.first().is_some_and(|first| first.minute <= scene.minute);
    let plain = scene.world.untouched(service, scene.cluster, if begun { scene.minute } else { f64::NEG_INFINITY });
    plain.last().map_or((1, Value::Null), |set| (set.revision, template_of(scene, service, set)))
}

/// How the service is delivered, as the spec says it.
fn strategy(service: &Service) -> Value {
    if service.delivery == Delivery::RolloutBlueGreen {
        return json!({"blueGreen": {
            "activeService": service.name,
            "previewService": format!("{}-preview", service.name),
            "autoPromotionEnabled": false,
            "scaleDownDelaySeconds": 30,
            "prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]},
        }});
    }
    json!({"canary": {
        "canaryService": format!("{}-canary", service.name),
        "stableService": format!("{}-stable", service.name),
        "trafficRouting": {"istio": {"virtualService": {"name": service.name, "routes": ["primary"]}}},
        "analysis": {"templates": [{"templateName": "canary-errors"}, {"templateName": "canary-latency"}], "startingStep": 1},
        "steps": steps(),
    }})
}

/// What the status of a blue-green rollout has in place of steps and weights.
fn blue_green(scene: Scene<'_>, service: &Service, [stable, current]: [&Set; 2], at: Option<Position>, status: &mut Value) {
    let preview = current;
    status["blueGreen"] = json!({"activeSelector": stable.hash, "previewSelector": preview.hash});
    status["canary"] = json!({});
    for field in ["currentStepIndex", "currentStepHash"] {
        if let Some(status) = status.as_object_mut() {
            status.shift_remove(field);
        }
    }
    let Some(at) = at else { return };
    if at.phase == Phase::Paused && !at.held {
        let since = scene.world.standing_since(service.name, scene.cluster, scene.minute);
        status["message"] = "BlueGreenPause".into();
        status["pauseConditions"] = json!([{"reason": "BlueGreenPause", "startTime": scene.time(since)}]);
    }
    if matches!(at.phase, Phase::Paused | Phase::Promoted) {
        status["blueGreen"]["prePromotionAnalysisRunStatus"] =
            json!({"name": super::analysis::pre_name(service, current), "status": "Successful"});
    }
}

/// When the controller takes the pods of a revision down: those of the one before a switch, and those of one that was
/// aborted before it.
pub fn deadline(scene: Scene<'_>, service: &Service, set: &Set) -> Option<String> {
    if service.delivery != Delivery::RolloutBlueGreen || set.replicas() == 0 {
        return None;
    }
    let at = scene.world.position(service.name, scene.cluster, scene.minute)?;
    let idle = match at.phase {
        Phase::Promoted => Arm::Stable,
        Phase::Aborted => Arm::Canary,
        Phase::Progressing | Phase::Paused => return None,
    };
    let since = scene.world.standing_since(service.name, scene.cluster, scene.minute);
    (set.arm == Some(idle)).then(|| scene.time(since + crate::sim::kube::controller::LINGER))
}

/// The status of a rollout that has arrived.
fn status(scene: Scene<'_>, service: &Service, stable: &Set, current: &Set, sets: &[Set]) -> Value {
    let pods: u32 = sets.iter().map(Set::replicas).sum();
    let available: u32 = sets.iter().map(|set| set.ready(scene.minute)).sum();
    let weight = if stable.hash == current.hash { 0 } else { scene.world.weight_at(service.name, scene.cluster, scene.minute) };
    let share = |set: &Set, arm: &str, weight: u32| json!({"podTemplateHash": set.hash, "serviceName": format!("{}-{arm}", service.name), "weight": weight});
    let arrived = format!("ReplicaSet \"{}\" has successfully progressed.", current.name);
    let since = scene.world.standing_since(service.name, scene.cluster, scene.minute);
    let since = if current.created < release::STARTED { current.created } else { since };
    json!({
        "HPAReplicas": pods,
        "availableReplicas": available,
        "blueGreen": {},
        "canary": {"weights": {"canary": share(current, "canary", weight), "stable": share(stable, "stable", 100 - weight)}},
        "conditions": [
            available_condition(scene),
            scene.condition("Healthy", true, "RolloutHealthy", "Rollout is healthy", since),
            scene.condition("Paused", false, "RolloutPaused", "Rollout is paused", since),
            scene.condition("Progressing", true, "NewReplicaSetAvailable", &arrived, since),
            scene.condition("Completed", true, "RolloutCompleted", "RolloutCompleted", since),
        ],
        "currentPodHash": current.hash,
        "currentStepHash": names::suffix(scene.world.seed(), &["steps"], 9),
        "currentStepIndex": release::STEPS.len(),
        "observedGeneration": "1",
        "phase": "Healthy",
        "readyReplicas": available,
        "replicas": pods,
        "selector": format!("app.kubernetes.io/name={}", service.name),
        "stableRS": stable.hash,
        "updatedReplicas": current.replicas(),
    })
}

fn available_condition(scene: Scene<'_>) -> Value {
    scene.condition("Available", true, "AvailableReason", "Rollout has minimum availability", BEGINNING - 100_000.0)
}

/// What differs while it is under way.
fn stand(scene: Scene<'_>, service: &Service, current: &Set, position: Position, status: &mut Value) {
    let since = scene.world.standing_since(service.name, scene.cluster, scene.minute);
    let mut paused = position.held;
    if position.full {
        status["promoteFull"] = true.into();
    }
    let mut progressing = match position.phase {
        Phase::Promoted if position.held => scene.condition("Progressing", true, "RolloutPaused", "Rollout is paused", since),
        Phase::Promoted => return,
        Phase::Paused => {
            paused = true;
            status["phase"] = "Paused".into();
            status["message"] = "CanaryPauseStep".into();
            status["controllerPause"] = true.into();
            status["pauseConditions"] = json!([{"reason": "CanaryPauseStep", "startTime": scene.time(since)}]);
            scene.condition("Progressing", true, "RolloutPaused", "Rollout is paused", since)
        }
        Phase::Progressing => {
            status["phase"] = "Progressing".into();
            status["message"] = "updated replicas are still becoming available".into();
            let text = format!("ReplicaSet \"{}\" is progressing.", current.name);
            scene.condition("Progressing", true, "ReplicaSetUpdated", &text, since)
        }
        Phase::Aborted => {
            let text = format!("Rollout aborted update to revision {}", current.revision);
            status["phase"] = "Degraded".into();
            status["message"] = format!("RolloutAborted: {text}").into();
            status["abort"] = true.into();
            status["abortedAt"] = scene.time(since).into();
            scene.condition("Progressing", false, "RolloutAborted", &text, since)
        }
    };
    if position.held && position.phase != Phase::Aborted {
        status["phase"] = "Paused".into();
        status["message"] = "manually paused".into();
        progressing = scene.condition("Progressing", true, "RolloutPaused", "Rollout is paused", position.minute);
    }
    status["currentStepIndex"] = position.step.into();
    status["conditions"] = json!([
        available_condition(scene),
        scene.condition("Healthy", false, "RolloutHealthy", "Rollout is not healthy", release::STARTED),
        scene.condition("Completed", false, "RolloutCompleted", "RolloutCompleted", release::STARTED),
        progressing,
        scene.condition("Paused", paused, "RolloutPaused", "Rollout is paused", since),
    ]);
}
