//! Rows of Argo Rollouts.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::{Odd, analysis, hash, service_name, time, word, workload::workload};
use crate::{
    domain::{
        AnalysisKind, BlueGreenSpec, CanarySpec, Rollout, RolloutPhase, RolloutStrategy, RunNote, SafeText, Step, TemplateRef,
        Weight,
    },
    provider::kube::wire,
};

/// A duration as Argo writes it: seconds as a number or as text, or Go's `1h30m`.
fn duration(raw: &Value) -> Option<SignedDuration> {
    match raw {
        Value::Number(n) => n.as_i64().map(SignedDuration::from_secs),
        Value::String(s) => s.parse::<i64>().map(SignedDuration::from_secs).ok().or_else(|| s.parse().ok()),
        _ => None,
    }
}

/// One step: a map with one key. What we do not know is kept as unknown, never left out: the index counts.
fn step(raw: &Value, max: u32) -> Step {
    let Some((name, value)) = raw.as_object().and_then(|m| if m.len() == 1 { m.iter().next() } else { None }) else {
        return Step::Unknown(SafeText::capped(&raw.to_string(), 80));
    };
    match name.as_str() {
        "setWeight" => value.as_u64().map_or_else(
            || Step::Unknown("setWeight".into()),
            // A weight is a share of `maxTrafficWeight`.
            |w| Step::SetWeight(Weight::new(w as f64 * 100.0 / f64::from(max.max(1)))),
        ),
        "pause" => match value.get("duration") {
            None | Some(Value::Null) => Step::Pause(None),
            // A pause that ends some time is not one that waits for a person.
            Some(d) => {
                duration(d).map_or_else(|| Step::Unknown(SafeText::capped(&format!("pause {d}"), 80)), |d| Step::Pause(Some(d)))
            }
        },
        "analysis" => {
            let templates = value.get("templates").and_then(Value::as_array).into_iter().flatten();
            Step::Analysis(templates.filter_map(|t| Some(word(Some(t.get("templateName")?.as_str()?)))).collect())
        }
        "experiment" => Step::Experiment,
        "setCanaryScale" => Step::SetCanaryScale(scale(value)),
        "setHeaderRoute" => Step::SetHeaderRoute(word(value.get("name").and_then(Value::as_str))),
        "setMirrorRoute" => {
            let share = value.get("percentage").and_then(Value::as_f64).map(Weight::new);
            Step::SetMirrorRoute(word(value.get("name").and_then(Value::as_str)), share)
        }
        "plugin" => Step::Plugin(word(value.get("name").and_then(Value::as_str))),
        other => Step::Unknown(word(Some(other))),
    }
}

/// How `setCanaryScale` scales.
fn scale(raw: &Value) -> SafeText {
    let number = |field: &str| raw.get(field).and_then(Value::as_i64);
    match (number("replicas"), number("weight")) {
        (Some(n), _) => n.to_string().into(),
        (_, Some(w)) => format!("{w} %").into(),
        _ => "as its weight".into(),
    }
}

fn canary(raw: &wire::Canary) -> Result<CanarySpec, Odd> {
    let empty = Map::new();
    let routing = raw.traffic_routing.as_ref().unwrap_or(&empty);
    let max = routing.get("maxTrafficWeight").and_then(Value::as_u64).map_or(100, |m| m as u32);
    let settings = ["managedRoutes", "maxTrafficWeight"];
    Ok(CanarySpec {
        steps: raw.steps.as_deref().unwrap_or_default().iter().map(|s| step(s, max)).collect(),
        canary_service: service_name(raw.service.as_deref())?,
        stable_service: service_name(raw.stable_service.as_deref())?,
        router: routing.keys().find(|k| !settings.contains(&k.as_str())).map(|k| word(Some(k))),
        routing: super::route::routing(routing),
        max_weight: max,
        background: raw
            .analysis
            .iter()
            .flat_map(|a| a.templates.iter().flatten())
            .map(|t| word(t.template_name.as_deref()))
            .collect(),
    })
}

fn strategy(raw: &wire::RolloutStrategy) -> Result<RolloutStrategy, Odd> {
    if let Some(raw) = &raw.canary {
        return Ok(RolloutStrategy::Canary(canary(raw)?));
    }
    let Some(raw) = &raw.blue_green else { return Ok(RolloutStrategy::None) };
    Ok(RolloutStrategy::BlueGreen(BlueGreenSpec {
        active_service: service_name(raw.active_service.as_deref())?.ok_or(Odd("its strategy names no active Service"))?,
        preview_service: service_name(raw.preview_service.as_deref())?,
        auto_promotion: raw.auto_promotion_enabled.unwrap_or(true),
        auto_promotion_seconds: raw.auto_promotion_seconds.filter(|s| *s > 0),
        post_analysis: raw.post_promotion_analysis.is_some(),
    }))
}

fn phase(raw: Option<&str>) -> RolloutPhase {
    match raw {
        Some("Healthy") => RolloutPhase::Healthy,
        Some("Progressing") => RolloutPhase::Progressing,
        Some("Paused") => RolloutPhase::Paused,
        Some("Degraded") => RolloutPhase::Degraded,
        other => RolloutPhase::Unknown(word(other)),
    }
}

/// The AnalysisRuns that the status tells of.
fn runs(canary: &wire::CanaryStatus, blue_green: &wire::BlueGreenStatus) -> Vec<RunNote> {
    [
        (AnalysisKind::Step, &canary.current_step_analysis_run_status),
        (AnalysisKind::Background, &canary.current_background_analysis_run_status),
        (AnalysisKind::PrePromotion, &blue_green.pre_promotion_analysis_run_status),
        (AnalysisKind::PostPromotion, &blue_green.post_promotion_analysis_run_status),
    ]
    .into_iter()
    .filter_map(|(kind, run)| {
        let run = run.as_ref()?;
        Some(RunNote {
            kind,
            name: SafeText::capped(run.name.as_deref()?, 253),
            phase: analysis::phase(run.status.as_deref()),
            message: analysis::sentence(run.message.as_deref()),
        })
    })
    .collect()
}

fn template_ref(raw: &wire::Reference, notes: Option<&wire::Annotations>, seen: Option<&str>) -> Result<TemplateRef, Odd> {
    Ok(TemplateRef {
        kind: word(raw.kind.as_deref()),
        name: service_name(raw.name.as_deref())?.ok_or(Odd("its workloadRef has no name"))?,
        generation: notes.and_then(|a| a.workload_generation.as_deref()).and_then(|g| g.parse().ok()),
        observed: seen.and_then(|g| g.parse().ok()),
    })
}

pub(in crate::provider::kube) fn rollout(raw: wire::Object<wire::RolloutSpec, wire::RolloutStatus>) -> Result<Rollout, Odd> {
    let mut spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let strategy = strategy(&spec.strategy.take().unwrap_or_default())?;
    let max = if let RolloutStrategy::Canary(c) = &strategy { c.max_weight } else { 100 };
    let (canary, blue_green) = (status.canary.unwrap_or_default(), status.blue_green.unwrap_or_default());
    let runs = runs(&canary, &blue_green);
    let weight = canary.weights.and_then(|w| w.canary).and_then(|c| c.weight);
    let elsewhere = spec.workload_ref.as_ref();
    let notes = raw.metadata.annotations.as_ref();
    let counts = wire::DeploymentStatus {
        observed_generation: match status.observed_generation {
            Some(Value::String(s)) => s.parse().ok(),
            Some(Value::Number(n)) => n.as_i64(),
            _ => None,
        },
        replicas: status.replicas,
        updated_replicas: status.updated_replicas,
        ready_replicas: status.ready_replicas,
        available_replicas: status.available_replicas,
        conditions: status.conditions,
    };
    Ok(Rollout {
        workload: workload(&raw.metadata, spec.replicas.unwrap_or(1), &spec, &counts)?,
        paused: spec.paused.unwrap_or(false),
        strategy,
        phase: phase(status.phase.as_deref()),
        message: status.message.filter(|m| !m.is_empty()).map(|m| SafeText::capped(&m, 500)),
        aborted: status.abort.unwrap_or(false),
        aborted_at: time(status.aborted_at.as_deref()),
        promote_full: status.promote_full.unwrap_or(false),
        controller_pause: status.controller_pause.unwrap_or(false),
        pauses: status
            .pause_conditions
            .unwrap_or_default()
            .iter()
            .map(|p| (word(p.reason.as_deref()), time(p.start_time.as_deref())))
            .collect(),
        step: status.current_step_index,
        stable_hash: hash(status.stable_rs.as_deref()),
        current_hash: hash(status.current_pod_hash.as_deref()),
        weight: weight.map(|w| Weight::new(f64::from(w) * 100.0 / f64::from(max.max(1)))),
        active_hash: hash(blue_green.active_selector.as_deref()),
        preview_hash: hash(blue_green.preview_selector.as_deref()),
        runs,
        template_ref: elsewhere.map(|r| template_ref(r, notes, status.workload_observed_generation.as_deref())).transpose()?,
    })
}
