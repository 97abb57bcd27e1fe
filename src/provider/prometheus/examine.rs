//! Is the source there, how old is what it has, and does it have figures for every arm?

use jiff::SignedDuration;
use serde::Deserialize;

use super::{Place, Prometheus, answer::instant, figure::fresh_for, preset::PRESETS, probe::names_query, source::Source};
use crate::domain::{Arm, ArmMetrics, Finding, Measure, MetricTarget, NoValue, Problem};

#[derive(Deserialize)]
struct Build {
    data: Option<BuildData>,
}

#[derive(Deserialize)]
struct BuildData {
    version: Option<String>,
}

/// The presets whose counters a source has, best first.
pub(super) async fn discover(source: &Source) -> Result<Vec<&'static str>, Problem> {
    let answer = source.instant(&names_query()).await?;
    let has = |counter: &str| answer.series.iter().any(|s| s.label("__name__") == Some(counter));
    let mut out = vec![];
    for preset in PRESETS.iter().filter(|p| has(p.counter)) {
        if !out.contains(&preset.name) {
            out.push(preset.name);
        }
    }
    Ok(out)
}

/// Everything of every source, in the order in which one stands on the other, and then what there is of each target.
pub(super) async fn examine(prometheus: &Prometheus, targets: &[MetricTarget]) -> Vec<Finding> {
    let mut out = vec![];
    let mut alive = false;
    for place in &prometheus.places {
        alive |= examine_source(prometheus, place, &mut out).await;
    }
    if targets.is_empty() || !alive {
        return out;
    }
    match prometheus.round(targets).await {
        Err(problem) => out.push(Finding::problem("data", &problem)),
        Ok(arms) => out.extend(arms.iter().map(data)),
    }
    out
}

/// Whether a source answers at all; what there is to say of it goes to `out`.
async fn examine_source(prometheus: &Prometheus, place: &Place, out: &mut Vec<Finding>) -> bool {
    let source = &place.source;
    let sent = prometheus.timer.now();
    let answer = match source.instant("vector(1)").await {
        Ok(answer) => answer,
        Err(problem) => {
            out.push(Finding::problem("reachable", &problem));
            return false;
        }
    };
    let received = prometheus.timer.now();
    let took = received.duration_since(sent).as_millis();
    let version = match source.plain("api/v1/status/buildinfo").await.map(|body| serde_json::from_slice::<Build>(&body)) {
        Ok(Ok(Build { data: Some(BuildData { version: Some(version) }) })) => format!("version {version}"),
        // What only speaks the query API need not tell its version.
        _ => "tells no version".to_owned(),
    };
    out.push(Finding::ok("reachable", format!("{}, {version}, answered in {took} ms", source.address())));
    out.extend(answer.at.map(|at| Finding::clock(at, sent, received)));
    out.push(age(source, prometheus.settings.scrape).await);
    let wanted = &place.settings.preset;
    out.push(match discover(source).await {
        Ok(presets) if presets.is_empty() => Finding::warn(
            "preset",
            format!("it has no metrics of any preset; metrics.preset is {wanted}"),
            "are the services scraped?",
        ),
        Ok(presets) => Finding::ok("preset", format!("it has metrics of {}; metrics.preset is {wanted}", presets.join(", "))),
        Err(problem) => Finding::problem("preset", &problem),
    });
    true
}

/// How old the newest sample of anything is.
async fn age(source: &Source, scrape: SignedDuration) -> Finding {
    let answer = match source.instant("max(timestamp(up))").await {
        Ok(answer) => answer,
        Err(problem) => return Finding::problem("age", &problem),
    };
    let (Some(newest), Some(at)) = (answer.one().ok().and_then(instant), answer.at) else {
        // A store that others write to scrapes nothing by itself.
        return Finding::ok("age", "it scrapes nothing by itself");
    };
    let age = at.duration_since(newest);
    let says = format!("the newest sample is {} s old", age.as_secs().max(0));
    if age.abs() <= fresh_for(scrape) {
        return Finding::ok("age", says);
    }
    Finding::warn("age", says, "does Prometheus still scrape, and is metrics.scrape as long as its interval?")
}

/// What there is of one arm of one service.
fn data(arm: &ArmMetrics) -> Finding {
    let key = &arm.key;
    let which = match key.arm {
        Arm::Serving => "serving",
        Arm::Canary => "canary",
        Arm::Baseline => "baseline",
    };
    let who = format!("{} {which} in {}", key.service, key.environment);
    let figure = |name: &str, m: &Measure, show: &dyn Fn(f64) -> String| match m {
        Ok(value) => format!("{name} {}", show(*value)),
        Err(why) => format!("{name}: {why}"),
    };
    let all = [&arm.requests, &arm.errors, &arm.p95];
    if let [Err(a), Err(b), Err(c)] = all
        && a == b
        && b == c
    {
        let mend = match a {
            NoValue::Empty => "is it scraped, do the labels fit the preset and metrics.labels, and is there traffic?",
            NoValue::Stale { .. } => "does Prometheus still scrape it?",
            NoValue::Several { .. } => "add labels to metrics.labels until one is left",
            _ => "ask the query of the source itself",
        };
        let finding = Finding::warn("data", format!("{who}: {a}"), mend);
        // The source did not answer: that is no gap in the data.
        let down = matches!(a, NoValue::Down { .. });
        return if down { finding.graded(crate::domain::Grade::Fail) } else { finding };
    }
    let says = [
        figure("requests", &arm.rps, &|v| format!("{v:.1}/s")),
        figure("errors", &arm.errors, &|v| format!("{:.2} %", v * 100.0)),
        figure("p95", &arm.p95, &|v| format!("{:.0} ms", v * 1000.0)),
    ];
    let read = if arm.preset.is_empty() { String::new() } else { format!(" ({})", arm.preset) };
    let says = format!("{who}: {}{read}", says.join(", "));
    if all.iter().all(|m| m.is_ok()) {
        return Finding::ok("data", says);
    }
    // No requests is what a quiet hour looks like; a missing figure beside others is a query that does not fit.
    let quiet = arm.requests.as_ref().is_ok_and(|n| *n <= 0.0);
    if quiet { Finding::ok("data", says) } else { Finding::warn("data", says, "is the histogram scraped, too?") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Grade, MetricKey};

    #[test]
    fn every_reason_for_no_figure_has_its_mend() {
        let key = || MetricKey { service: "cart".parse().unwrap(), environment: "production".parse().unwrap(), arm: Arm::Canary };
        let arm = |m: Measure, p95: Measure| ArmMetrics {
            errors: m.clone(),
            rps: m.clone(),
            requests: m,
            p95,
            ..ArmMetrics::unknown(key(), &NoValue::Empty)
        };
        let both = |why: NoValue| arm(Err(why.clone()), Err(why));
        for (arm, grade, word) in [
            (arm(Ok(0.5), Ok(0.25)), Grade::Ok, "requests 0.5/s, errors 50.00 %, p95 250 ms"),
            (arm(Ok(0.5), Err(NoValue::Empty)), Grade::Warn, "p95: no data"),
            (both(NoValue::Empty), Grade::Warn, "cart canary in production: no data"),
            (both(NoValue::Several { count: 3 }), Grade::Warn, "3 series instead of one"),
            (both(NoValue::Down { problem: "gone".into() }), Grade::Fail, "gone"),
        ] {
            let found = data(&arm);
            assert!(found.grade == grade && found.says.as_str().contains(word), "{found:?}");
            assert_eq!(found.mend.is_some(), grade != Grade::Ok);
        }
    }
}
