//! Flagger's Canaries, with a status as its controller v1.36 writes it.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{
        Service, names,
        release::{Phase, Position},
    },
};

/// How many checks may fail.
const THRESHOLD: u32 = 5;

/// The workload that serves, where Flagger delivers.
pub fn primary(service: &Service) -> String {
    format!("{}-primary", service.name)
}

/// Marks an object as Flagger marks what it made.
pub fn own(scene: Scene<'_>, service: &Service, object: &mut Value) {
    object["metadata"]["ownerReferences"] = scene.owner("canaries", service.name);
    object["metadata"]["annotations"] =
        json!({"kustomize.toolkit.fluxcd.io/reconcile": "disabled", "helm.toolkit.fluxcd.io/driftDetection": "disabled"});
}

/// The Canary of a service.
pub fn canary(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let gate = |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "url": format!("http://flagger-loadtester.{}/{path}", super::NAMESPACE)});
    let mut object = scene.object("canaries", service.name, service.name, BEGINNING - 100_000.0);
    object["metadata"]["generation"] = 1.into();
    object["spec"] = json!({
        "provider": "istio",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name},
        "progressDeadlineSeconds": 600,
        "service": {"port": 80, "targetPort": 8080, "portDiscovery": true},
        "analysis": {
            "interval": "2m",
            "threshold": THRESHOLD,
            "stepWeight": 10,
            "maxWeight": 50,
            "metrics": [
                {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
                {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "1m"},
            ],
            "webhooks": [
                gate("release-manager", "confirm-rollout", "gate/check"),
                gate("qa-sign-off", "confirm-promotion", "gate/check"),
                gate("stop", "rollback", "rollback/check"),
            ],
        },
    });
    let position = scene.world.position(service.name, scene.cluster, scene.minute);
    object["status"] = status(scene, service, position);
    push(out, "canaries", object);
}

fn status(scene: Scene<'_>, service: &Service, position: Option<Position>) -> Value {
    let settled = scene.world.arrived(service, scene.cluster.environment()) + 6.0;
    let (phase, weight, iterations, promoted, message) = match position {
        None => ("Succeeded", 0, 0, "True", "Canary analysis completed successfully, promotion finished."),
        Some(p) if p.phase == Phase::Paused && p.weight == 0 => ("Waiting", 0, 0, "Unknown", "Waiting for approval."),
        // The status tells 0 here, wherever traffic goes.
        Some(p) if p.phase == Phase::Paused => ("WaitingPromotion", 0, -1, "Unknown", "Waiting for approval."),
        Some(p) => ("Progressing", p.weight, 0, "Unknown", "New revision detected, progressing canary analysis."),
    };
    let since = scene.time(position.map_or(settled, |p| p.minute));
    let spec = |version: &str| names::suffix(scene.world.seed(), &["spec", service.name, version], 10);
    let serving = service.version(scene.cluster.environment());
    let wanted = if position.is_some() { service.dev } else { serving };
    json!({
        "canaryWeight": weight,
        "conditions": [{"type": "Promoted", "status": promoted, "reason": phase, "message": message, "lastTransitionTime": since, "lastUpdateTime": since}],
        "failedChecks": position.map_or(0, |p| u32::from(p.minute >= 15.0)),
        "iterations": iterations,
        "lastAppliedSpec": spec(wanted),
        "lastPromotedSpec": spec(serving),
        "lastTransitionTime": since,
        "phase": phase,
        "trackedConfigs": {},
    })
}
