//! CANARY, until the judge replaces it: the bad share over five minutes per arm, against the limit and the baseline.

use super::{Scope, not_current, reason};
use crate::domain::{
    Analysis, Arm, ArmMetrics, Canary, CanaryPhase, Comparison, Delegated, ENOUGH_REQUESTS, Evidence, Measure, MetricKey,
    Placement, Reason, Service, Snapshot, Station, StationKind, Verdict,
};

/// Said of a canary that nothing measures.
const UNMEASURED: &str = "a canary is under way and no metrics are configured: [metrics] prometheus = \"https://…\"";

pub fn station(s: &Snapshot, scope: &Scope) -> Station {
    let mut reasons = vec![];
    let mut under_way = false;
    for service in &scope.services {
        let here = scope.placements(s, service);
        // What an analysis of the controller has found counts wherever it ran, on a blue-green rollout too.
        reasons.extend(here.iter().filter_map(|p| analysed(service, p)));
        if let Some((p, canary)) =
            here.iter().find_map(|p| p.canary.as_ref().filter(|c| c.under_way()).map(|canary| (*p, canary)))
        {
            under_way = true;
            reasons.extend(judge(s, scope, service, p, canary));
        }
    }
    if reasons.is_empty() {
        let why = if under_way { UNMEASURED } else { "no canary is under way" };
        return Station::not_configured(StationKind::Canary, why);
    }
    Station::of(StationKind::Canary, reasons)
}

/// What an analysis of the wanted revision says against it. One that is under way says nothing yet; one that stopped
/// an earlier revision is history.
fn analysed(service: &Service, p: &Placement) -> Option<Reason> {
    let run = p.delegated.as_ref()?.analyses.iter().find(|a| a.current && against(a))?;
    let aborted = p.canary.as_ref().is_some_and(|c| matches!(c.state, CanaryPhase::Aborted { .. }));
    // Once it has stopped the rollout, users are served by the stable version: a state to leave, and no danger.
    let verdict = if run.phase.bad() && !aborted { Verdict::NoGo } else { Verdict::Hold };
    let why = run.why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
    let stopped = if aborted { ", and stopped the rollout" } else { "" };
    let text = format!("{} analysis {}{stopped}{why}", run.kind, run.phase.to_string().to_lowercase());
    let mut out = reason(verdict, service, text);
    out.evidence = vec![Evidence::new(format!("{} analysisrun/{}", p.key.cluster, run.name), run.phase.to_string())];
    Some(out)
}

/// Whether an analysis ended without passing.
fn against(run: &Analysis) -> bool {
    run.phase.bad() || run.phase == crate::domain::AnalysisPhase::Inconclusive
}

/// The gate of Flagger that keeps the canary from its first traffic.
fn not_begun(p: &Placement, canary: &Canary) -> Option<String> {
    let stand = p.delegated.as_ref().and_then(|d: &Delegated| d.flagger.as_ref())?;
    let none = canary.planned.is_some_and(|w| w.percent() <= 0.0) && matches!(canary.state, CanaryPhase::Paused { .. });
    let gates: Vec<String> = stand.holding().map(|g| format!("{} ({})", g.name, g.kind)).collect();
    let by = if gates.is_empty() { "Flagger".to_owned() } else { format!("gate {}", gates.join(", ")) };
    none.then(|| format!("the canary gets no traffic yet: {by} holds it"))
}

/// What is to be said of a canary; nothing where no metrics are configured, which is no doubt of what they would say.
fn judge(s: &Snapshot, scope: &Scope, service: &Service, p: &Placement, canary: &Canary) -> Option<Reason> {
    if let CanaryPhase::Aborted { reason: why } = &canary.state {
        return Some(reason(Verdict::Hold, service, format!("the canary was aborted: {why}")));
    }
    if let Some(why) = not_begun(p, canary) {
        return Some(reason(Verdict::Hold, service, why));
    }
    s.topology.metrics.as_ref().map(|_| measured(s, scope, service))
}

/// What the metrics say of a canary.
fn measured(s: &Snapshot, scope: &Scope, service: &Service) -> Reason {
    if let Some(why) = not_current(&s.metrics) {
        return reason(Verdict::Unknown, service, format!("metrics: {why}"));
    }
    let arm = |arm| {
        let key = MetricKey { service: service.name.clone(), environment: scope.environment.name.clone(), arm };
        s.metrics_of(&key)
    };
    let (Some(test), Some(base)) = (arm(Arm::Canary), arm(Arm::Baseline)) else {
        return reason(Verdict::Unknown, service, "canary and baseline are not measured yet");
    };
    let mut out = compare(service, test, base);
    out.evidence = vec![evidence("canary", test), evidence("baseline", base)];
    out
}

fn compare(service: &Service, test: &ArmMetrics, base: &ArmMetrics) -> Reason {
    for (name, arm) in [("canary", test), ("baseline", base)] {
        match &arm.requests {
            Err(why) => return reason(Verdict::Unknown, service, format!("{name} requests: {why}")),
            Ok(n) if *n < ENOUGH_REQUESTS => {
                return reason(
                    Verdict::Unknown,
                    service,
                    format!("{name} has {n:.0} requests in 5 minutes, {ENOUGH_REQUESTS:.0} are needed"),
                );
            }
            Ok(_) => {}
        }
    }
    let limits = service.slo;
    let checks: Vec<Reason> = [
        limits.errors.map(|limit| check(service, "errors", |v| format!("{:.2} %", v * 100.0), &test.errors, &base.errors, limit)),
        limits.p95.map(|limit| check(service, "p95", |v| format!("{:.0} ms", v * 1000.0), &test.p95, &base.p95, limit)),
    ]
    .into_iter()
    .flatten()
    .collect();
    checks
        .into_iter()
        // Of equal ones the first: errors before latency.
        .reduce(|a, b| if b.verdict > a.verdict { b } else { a })
        .unwrap_or_else(|| reason(Verdict::Unknown, service, "has no limit to hold a canary against: slo = { errors = \"1%\" }"))
}

fn check(service: &Service, name: &str, show: impl Fn(f64) -> String, test: &Measure, base: &Measure, limit: f64) -> Reason {
    let figure = |m: &Measure| m.as_ref().map_or_else(ToString::to_string, |v| show(*v));
    let (t, b, l) = (figure(test), figure(base), show(limit));
    let say = |verdict, text: String| reason(verdict, service, text);
    match Comparison::of(test, base, limit) {
        Comparison::Pass => say(Verdict::Go, format!("canary {name} {t}, baseline {b}, limit {l}")),
        Comparison::Worse => say(Verdict::NoGo, format!("canary {name} {t}, baseline {b}, limit {l}")),
        Comparison::BothOver => {
            say(Verdict::Hold, format!("{name} {t} on the canary and {b} on the baseline: the environment, not the canary"))
        }
        Comparison::Over => {
            say(Verdict::Hold, format!("canary {name} {t} is over {l}, but not clearly worse than the baseline ({b})"))
        }
        Comparison::BaselineOver => {
            say(Verdict::Hold, format!("baseline {name} {b} is over {l}: the environment, not the canary"))
        }
        Comparison::Unknown(Arm::Canary, why) => say(Verdict::Unknown, format!("canary {name}: {why}")),
        Comparison::Unknown(_, why) => say(Verdict::Unknown, format!("baseline {name}: {why}")),
    }
}

fn evidence(name: &str, arm: &ArmMetrics) -> Evidence {
    let show =
        |m: &Measure, scale: f64, unit: &str| m.as_ref().map_or_else(ToString::to_string, |v| format!("{:.2}{unit}", v * scale));
    let said = format!(
        "errors {}, p95 {}, {} requests in 5 minutes",
        show(&arm.errors, 100.0, " %"),
        show(&arm.p95, 1000.0, " ms"),
        arm.requests.as_ref().map_or_else(ToString::to_string, |n| format!("{n:.0}")),
    );
    Evidence::new(format!("prometheus {name}"), said)
}
