//! AnalysisRuns, as the controller of Argo Rollouts v1.10 makes them and keeps their status.

use serde_json::{Value, json};

use super::{Scene, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{
        Cluster, Delivery, Scenario, Service, World,
        release::{self, Phase},
        traffic::Arm,
        workload::Set,
    },
};

/// From the beginning to the first measurement of the analysis beside the canary's steps, in minutes.
const FIRST: f64 = 3.0;
/// The minutes between two.
const EVERY: f64 = 2.0;
/// How many it takes, and how many of them may fail or be inconclusive before it stops the rollout: a team that tries
/// an analysis out lets it look on first.
const COUNT: usize = 30;
/// How many measurements the controller keeps.
const KEPT: usize = 10;

/// When a new template of a service began its way: by the script, or because somebody wrote one.
fn begins(world: &World, service: &Service, cluster: Cluster) -> Vec<f64> {
    let first = world.positions(service.name, cluster).first().map(|position| position.minute);
    let mut begins: Vec<f64> = first.into_iter().chain(world.lineages(service.name, cluster)).collect();
    begins.sort_by(f64::total_cmp);
    begins.dedup();
    begins
}

/// When the analysis of a service takes measurements.
pub fn moments(world: &World, service: &Service, cluster: Cluster) -> Vec<f64> {
    if service.name != release::SERVICE {
        return vec![];
    }
    let positions = world.positions(service.name, cluster);
    let begins = begins(world, service, cluster);
    let mut out = vec![];
    for (index, begin) in begins.iter().enumerate() {
        let over = |p: &&release::Position| p.minute >= *begin && matches!(p.phase, Phase::Promoted | Phase::Aborted);
        let end = positions.iter().find(over).map_or(f64::INFINITY, |p| p.minute);
        let end = begins.get(index + 1).map_or(end, |next| end.min(*next));
        out.extend((0..COUNT).map(|n| begin + FIRST + EVERY * n as f64).filter(|minute| *minute < end));
    }
    out
}

/// The AnalysisRuns of a service's rollout.
pub fn runs(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let sets = scene.world.sets(service, scene.cluster, scene.minute);
    let Some(set) = sets.iter().find(|set| set.arm == Some(Arm::Canary)) else { return };
    match service.delivery {
        Delivery::RolloutCanary => background(scene, service, set, out),
        Delivery::RolloutBlueGreen => pre_promotion(scene, service, set, out),
        _ => {}
    }
}

fn object(scene: Scene<'_>, service: &Service, set: &Set, name: &str, kind: &str, created: f64) -> Value {
    let mut run = scene.object("analysisruns", name, service.name, created);
    run["metadata"]["generation"] = 1.into();
    run["metadata"]["labels"]["rollout-type"] = kind.into();
    run["metadata"]["labels"]["rollouts-pod-template-hash"] = set.hash.as_str().into();
    run["metadata"]["annotations"] = json!({"rollout.argoproj.io/revision": set.revision.to_string()});
    run["metadata"]["ownerReferences"] = scene.owner("rollouts", service.name);
    run
}

/// The name of the analysis before a switch.
pub fn pre_name(service: &Service, set: &Set) -> String {
    format!("{}-{}-{}-pre", service.name, set.hash, set.revision)
}

/// The name of the analysis beside the steps.
pub fn background_name(service: &Service, set: &Set) -> String {
    format!("{}-{}-{}", service.name, set.hash, set.revision)
}

fn pre_promotion(scene: Scene<'_>, service: &Service, set: &Set, out: &mut Vec<(&'static Kind, Value)>) {
    // Once its pods are ready; it ends where the wait for the switch begins.
    let begun = set.created + 0.1;
    let over = set.created + release::SMOKE;
    let (start, end) = (scene.time(begun), scene.time(over));
    if scene.minute + 0.001 < over {
        return;
    }
    let mut run = object(scene, service, set, &pre_name(service, set), "PrePromotion", begun);
    let job = json!({"spec": {"template": {"spec": {"containers": [{"name": "smoke"}]}}}});
    run["spec"] = json!({"metrics": [{"name": "smoke", "provider": {"job": job}}]});
    let measurement = json!({"phase": "Successful", "startedAt": start, "finishedAt": end});
    run["status"] = json!({
        "phase": "Successful",
        "startedAt": start,
        "completedAt": end,
        "runSummary": {"count": 1, "successful": 1},
        "dryRunSummary": {},
        "metricResults": [{"name": "smoke", "phase": "Successful", "count": 1, "successful": 1, "measurements": [measurement]}],
    });
    push(out, "analysisruns", run);
}

/// One measurement: the value as the controller keeps it, and how it came out.
fn measure(scene: Scene<'_>, service: &Service, minute: f64, p95: bool, limit: f64) -> (String, &'static str) {
    // What Prometheus no longer knows gives an empty vector, which the conditions guard against.
    if scene.world.params().scenario == Scenario::StaleMetrics && minute > 15.0 {
        return ("[]".to_owned(), "Inconclusive");
    }
    let load = scene.world.load(service, scene.cluster, Arm::Canary, scene.world.instant(minute));
    let value = if p95 { load.p95.round() } else { (load.errors * 1e5).round() / 1e5 };
    (format!("[{value}]"), if value <= limit { "Successful" } else { "Failed" })
}

fn background(scene: Scene<'_>, service: &Service, set: &Set, out: &mut Vec<(&'static Kind, Value)>) {
    let all = moments(scene.world, service, scene.cluster);
    let began = begins(scene.world, service, scene.cluster).into_iter().rfind(|begin| *begin <= scene.minute);
    let began = began.unwrap_or(release::STARTED);
    let taken: Vec<f64> = all.iter().copied().filter(|minute| *minute >= began && *minute <= scene.minute + 0.001).collect();
    let begun = began + 1.0;
    if scene.minute + 0.001 < begun {
        return;
    }
    let stopped = scene
        .world
        .position(service.name, scene.cluster, scene.minute)
        .filter(|p| matches!(p.phase, Phase::Promoted | Phase::Aborted))
        .map(|p| p.minute);
    let over = stopped.or_else(|| (taken.len() == COUNT).then_some(began + FIRST + EVERY * (COUNT - 1) as f64));
    let phase = if over.is_some() { "Successful" } else { "Running" };
    let metrics = [("error-rate", false, 0.01, "0.01"), ("p95", true, 400.0, "400")];
    let mut run = object(scene, service, set, &background_name(service, set), "Background", begun);
    let wanted = |name: &str, limit: &str| {
        let guard = "len(result) > 0 && !isNaN(result[0])";
        json!({
            "name": name,
            "interval": "2m",
            "initialDelay": "2m",
            "count": COUNT,
            "failureLimit": COUNT,
            "inconclusiveLimit": COUNT,
            "successCondition": format!("{guard} && result[0] <= {limit}"),
            "failureCondition": format!("{guard} && result[0] > {limit}"),
            "provider": {"prometheus": {"address": "http://prometheus.monitoring:9090", "query": format!("{name}:canary")}},
        })
    };
    run["spec"] = json!({"metrics": metrics.iter().map(|(name, _, _, text)| wanted(name, text)).collect::<Vec<_>>()});
    if stopped.is_some() {
        run["spec"]["terminate"] = true.into();
    }
    let mut results = vec![];
    for (name, p95, limit, _) in metrics {
        let outcomes: Vec<(f64, (String, &str))> =
            taken.iter().map(|minute| (*minute, measure(scene, service, *minute, p95, limit))).collect();
        let count = |phase: &str| outcomes.iter().filter(|(_, (_, p))| *p == phase).count();
        let kept = outcomes.iter().skip(outcomes.len().saturating_sub(KEPT)).map(|(minute, (value, phase))| {
            json!({"phase": phase, "value": value, "startedAt": scene.time(*minute), "finishedAt": scene.time(*minute)})
        });
        let mut result = json!({"name": name, "phase": phase, "count": taken.len(), "measurements": kept.collect::<Vec<_>>()});
        // The controller leaves out what is zero.
        for (field, phase) in [("successful", "Successful"), ("failed", "Failed"), ("inconclusive", "Inconclusive")] {
            if count(phase) > 0 {
                result[field] = count(phase).into();
            }
        }
        results.push(result);
    }
    run["status"] = json!({"phase": phase, "startedAt": scene.time(begun), "runSummary": {"count": 2}, "dryRunSummary": {}});
    if !taken.is_empty() {
        run["status"]["metricResults"] = results.into();
    }
    if let Some(over) = over {
        run["status"]["completedAt"] = scene.time(over).into();
        run["status"]["runSummary"] = json!({"count": 2, "successful": 2});
    }
    push(out, "analysisruns", run);
}
