//! One arm over several sources. Requests are added; quantiles cannot be, so the worst one is shown, and said. Pure.

use std::sync::Arc;

use crate::domain::{ArmMetrics, History, Measure, MetricKey, NoValue, SafeText};

/// What one source says of an arm.
pub type Part = (SafeText, ArmMetrics);

/// The arm as a whole. A source that does not know makes the whole unknown: a part of the truth is none.
pub fn merged(key: &MetricKey, mut parts: Vec<Part>) -> ArmMetrics {
    match parts.len() {
        0 => return ArmMetrics::unknown(key.clone(), &NoValue::Down { problem: "no source knows these clusters".into() }),
        1 => {
            let (source, mut only) = parts.remove(0);
            only.sources = vec![source];
            return only;
        }
        _ => {}
    }
    // A source where the arm is idle counts, with nothing.
    let busy: Vec<&Part> = parts.iter().filter(|(_, p)| p.requests.as_ref().ok() != Some(&0.0)).collect();
    let requests = sum(&parts, |p| &p.requests);
    let errors = requests.clone().and_then(|all| {
        let bad = busy.iter().map(|(s, p)| Ok(named(s, &p.errors)? * named(s, &p.requests)?)).sum::<Result<f64, NoValue>>()?;
        if all > 0.0 { Ok((bad / all).clamp(0.0, 1.0)) } else { Err(NoValue::Empty) }
    });
    let mut notes: Vec<SafeText> = vec![];
    for (source, part) in &parts {
        notes.extend(part.notes.iter().map(|n| SafeText::from(format!("{source}: {n}"))));
    }
    let worst = |pick: fn(&ArmMetrics) -> &Measure| -> Measure {
        let mut all = busy.iter().map(|(s, p)| named(s, pick(p)));
        let first = all.next().ok_or(NoValue::Empty)??;
        all.try_fold(first, |worst, next| Ok(worst.max(next?)))
    };
    let (p50, p95, p99) = (worst(|p| &p.p50), worst(|p| &p.p95), worst(|p| &p.p99));
    let names: Vec<&str> = busy.iter().map(|(s, _)| s.as_str()).collect();
    if names.len() > 1 && (p95.is_ok() || p50.is_ok() || p99.is_ok()) {
        notes.push(format!("latency is the worst of {}: quantiles cannot be added", names.join(", ")).into());
    }
    let mut presets: Vec<&str> = parts.iter().map(|(_, p)| p.preset.as_str()).filter(|p| !p.is_empty()).collect();
    presets.dedup();
    ArmMetrics {
        errors,
        p50,
        p95,
        p99,
        rps: sum(&parts, |p| &p.rps),
        requests,
        preset: presets.join(", ").into(),
        sources: parts.iter().map(|(s, _)| s.clone()).collect(),
        notes,
        // The worst edge is the one to know of.
        edge: parts.iter().filter_map(|(_, p)| p.edge.clone()).max_by(|a, b| {
            let share = |m: &Measure| m.as_ref().ok().copied().unwrap_or(-1.0);
            share(&a.errors).total_cmp(&share(&b.errors))
        }),
        series: parts
            .iter()
            .flat_map(|(source, p)| p.series.iter().map(move |s| (source, s)))
            .map(|(source, s)| crate::domain::NamedSeries { name: format!("{} {source}", s.name).into(), ..s.clone() })
            .collect(),
        history: history(&parts),
        ..ArmMetrics::unknown(key.clone(), &NoValue::Empty)
    }
}

fn sum(parts: &[Part], pick: fn(&ArmMetrics) -> &Measure) -> Measure {
    parts.iter().map(|(source, part)| named(source, pick(part))).sum()
}

/// A figure, or the reason with the name of the source that gives it.
fn named(source: &SafeText, measure: &Measure) -> Measure {
    measure.clone().map_err(|why| match why {
        NoValue::Down { problem } => NoValue::Down { problem: format!("{source}: {problem}").into() },
        NoValue::Empty => NoValue::Down { problem: format!("{source}: no data").into() },
        other => other,
    })
}

fn history(parts: &[Part]) -> Option<Arc<History>> {
    let all: Vec<&Arc<History>> = parts.iter().map(|(_, p)| p.history.as_ref()).collect::<Option<_>>()?;
    let first = all.first()?;
    if all.iter().any(|h| (h.start, h.step, h.rps.len()) != (first.start, first.step, first.rps.len())) {
        return None;
    }
    let mut out = History::gaps(first.start, first.step, first.rps.len());
    for at in 0..first.rps.len() {
        let rps: f64 = all.iter().map(|h| h.rps[at]).sum();
        out.rps[at] = rps;
        let bad: f64 = all.iter().filter(|h| h.rps[at] > 0.0).map(|h| h.errors[at] * h.rps[at]).sum();
        out.errors[at] = if rps > 0.0 { bad / rps } else { f64::NAN };
        let worst = |pick: fn(&History) -> &[f64]| all.iter().map(|h| pick(h)[at]).fold(f64::NAN, f64::max);
        (out.p50[at], out.p95[at], out.p99[at]) = (worst(|h| &h.p50), worst(|h| &h.p95), worst(|h| &h.p99));
    }
    Some(Arc::new(out))
}
