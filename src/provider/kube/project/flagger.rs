//! Rows of Flagger's Canaries.

use jiff::SignedDuration;

use super::{Odd, conditions, meta, service_name, time, word};
use crate::{
    domain::{FlaggerCanary, FlaggerGate, FlaggerGateKind, FlaggerMetric, FlaggerPhase, Weight},
    provider::kube::wire,
};

/// Flagger raises shorter intervals to this.
const SHORTEST: SignedDuration = SignedDuration::from_secs(10);
/// What Flagger takes where no interval is written, or none that it can read.
const USUAL: SignedDuration = SignedDuration::from_secs(60);

/// The weights at which it will stand: those of the list, or even steps until the greatest weight is reached.
fn steps(analysis: &wire::FlaggerAnalysis) -> Vec<Weight> {
    let percent = |w: u32| Weight::new(f64::from(w.min(100)));
    match (analysis.step_weights.as_deref(), analysis.step_weight) {
        (Some(list), _) if !list.is_empty() => list.iter().copied().map(percent).collect(),
        (_, Some(step)) if step > 0 => {
            let most = analysis.max_weight.filter(|m| *m > 0).unwrap_or(100).min(100);
            (1..=most.div_ceil(step)).map(|n| percent(n.saturating_mul(step))).collect()
        }
        _ => vec![],
    }
}

fn metric(raw: &wire::FlaggerMetric) -> FlaggerMetric {
    let range = raw.threshold_range.as_ref();
    // A bare threshold is a least value for the built-in success rate, and a greatest one for everything else.
    let least = raw.name.as_deref() == Some("request-success-rate");
    let bare = raw.threshold.filter(|_| range.is_none());
    FlaggerMetric {
        name: word(raw.name.as_deref()),
        min: range.and_then(|r| r.min).or(bare.filter(|_| least)),
        max: range.and_then(|r| r.max).or(bare.filter(|_| !least)),
    }
}

pub(in crate::provider::kube) fn flagger_canary(
    raw: wire::Object<wire::FlaggerSpec, wire::FlaggerStatus>,
) -> Result<FlaggerCanary, Odd> {
    let spec = raw.spec.ok_or(Odd("it has no spec"))?;
    let status = raw.status.unwrap_or_default();
    let target = spec.target_ref.unwrap_or_default();
    let name = service_name(target.name.as_deref())?.ok_or(Odd("it names no target"))?;
    let apex = service_name(spec.service.and_then(|s| s.name).as_deref())?;
    let bare = spec.analysis.is_none() && spec.canary_analysis.is_none();
    let analysis = spec.analysis.or(spec.canary_analysis).unwrap_or_default();
    let phase = FlaggerPhase::of(status.phase.as_deref().unwrap_or_default());
    let suspended = spec.suspend.unwrap_or(false);
    let interval = analysis.interval.as_deref().and_then(|i| i.parse::<SignedDuration>().ok()).unwrap_or(USUAL);
    Ok(FlaggerCanary {
        meta: meta(&raw.metadata)?,
        target_kind: word(target.kind.as_deref()),
        apex: apex.unwrap_or_else(|| name.clone()),
        target: name,
        provider: spec.provider.as_deref().filter(|p| !p.is_empty()).map(|p| word(Some(p))),
        suspended,
        skip_analysis: spec.skip_analysis.unwrap_or(false) || bare,
        interval: interval.max(SHORTEST),
        threshold: analysis.threshold.and_then(|t| u32::try_from(t).ok()).filter(|t| *t > 0).unwrap_or(1),
        steps: if analysis.iterations.is_some_and(|i| i > 0) { vec![] } else { steps(&analysis) },
        iterations: analysis.iterations.filter(|i| *i > 0),
        gates: analysis
            .webhooks
            .unwrap_or_default()
            .iter()
            .map(|w| {
                let kind = FlaggerGateKind::of(w.kind.as_deref().unwrap_or_default());
                FlaggerGate { name: word(w.name.as_deref()), stand: kind.stand(&phase, suspended), kind }
            })
            .collect(),
        metrics: analysis.metrics.unwrap_or_default().iter().map(metric).collect(),
        phase,
        said: Weight::new(f64::from(status.canary_weight.unwrap_or(0))),
        failed_checks: status.failed_checks.unwrap_or(0),
        iteration: status.iterations.unwrap_or(0),
        since: time(status.last_transition_time.as_deref()),
        conditions: conditions(status.conditions.as_deref()),
    })
}
