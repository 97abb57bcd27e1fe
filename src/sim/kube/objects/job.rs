//! Jobs: the migrations that ran.

use serde_json::{Value, json};

use super::{Scene, push, template};
use crate::sim::{kube::kinds::Kind, world::Service};

/// How long a migration took, in minutes.
const TOOK: f64 = 0.7;

/// The migration of a service's newest version, where it had one.
pub fn jobs(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let Some(migration) = scene.world.migration(service) else { return };
    let environment = scene.cluster.environment();
    let version = service.version(environment);
    let began = scene.world.arrived(service, environment) - 2.0;
    let name = format!("{}-migrate-{}", service.name, migration.to);
    let mut object = scene.object("jobs", &name, service.name, began);
    object["metadata"]["labels"]["gonogo.dev/migration"] = "true".into();
    object["metadata"]["annotations"] = json!({
        "gonogo.dev/contract": migration.contract, "gonogo.dev/from": migration.from, "gonogo.dev/to": migration.to,
        "gonogo.dev/kind": migration.kind, "gonogo.dev/note": migration.note,
    });
    object["metadata"]["generation"] = 1.into();
    let mut pod = template(scene, service, &name, version);
    pod["spec"]["restartPolicy"] = "Never".into();
    object["spec"] = json!({"parallelism": 1, "completions": 1, "backoffLimit": 0, "completionMode": "NonIndexed", "suspend": false, "template": pod});
    object["status"] = json!({
        "startTime": scene.time(began),
        "completionTime": scene.time(began + TOOK),
        "succeeded": 1,
        "ready": 0,
        "terminating": 0,
        "conditions": [scene.condition("Complete", true, "CompletionsReached", "Reached expected number of succeeded pods", began + TOOK)],
    });
    push(out, "jobs", object);
}
