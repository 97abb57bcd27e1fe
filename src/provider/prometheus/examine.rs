//! Is the source there, how old is what it has, and does it have figures for every arm?

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Prometheus, answer::fresh_for, query::Preset};
use crate::domain::{Arm, ArmMetrics, Finding, Measure, MetricTarget, NoValue, Problem};

#[derive(Deserialize)]
struct Build {
    data: Option<BuildData>,
}

#[derive(Deserialize)]
struct BuildData {
    version: Option<String>,
}

/// The presets whose counters the source has.
pub(super) async fn discover(prometheus: &Prometheus) -> Result<Vec<&'static str>, Problem> {
    let mut out = vec![];
    for (preset, name) in Preset::NAMED {
        let answer = prometheus.source.instant(&format!("count({})", preset.counter())).await?;
        if !answer.series.is_empty() {
            out.push(name);
        }
    }
    Ok(out)
}

/// Everything, in the order in which one stands on the other.
pub(super) async fn examine(prometheus: &Prometheus, targets: &[MetricTarget]) -> Vec<Finding> {
    let source = &prometheus.source;
    let sent = prometheus.timer.now();
    let answer = match source.instant("vector(1)").await {
        Ok(answer) => answer,
        Err(problem) => return vec![Finding::problem("reachable", &problem)],
    };
    let received = prometheus.timer.now();
    let took = received.duration_since(sent).as_millis();
    let version = match source.plain("/api/v1/status/buildinfo").await.map(|body| serde_json::from_slice::<Build>(&body)) {
        Ok(Ok(Build { data: Some(BuildData { version: Some(version) }) })) => format!("version {version}"),
        // What only speaks the query API need not tell its version.
        _ => "tells no version".to_owned(),
    };
    let address = source.address();
    let mut out = vec![Finding::ok("reachable", format!("{address}, {version}, answered in {took} ms"))];
    out.extend(answer.at.map(|at| Finding::clock(at, sent, received)));
    out.push(age(prometheus).await);
    match discover(prometheus).await {
        Ok(presets) if presets.is_empty() => out.push(Finding::warn(
            "preset",
            format!("it has no metrics of any preset; metrics.preset is {}", prometheus.settings.preset),
            "are the services scraped?",
        )),
        Ok(presets) => {
            let says = format!("it has metrics of {}; metrics.preset is {}", presets.join(", "), prometheus.settings.preset);
            out.push(Finding::ok("preset", says));
        }
        Err(problem) => out.push(Finding::problem("preset", &problem)),
    }
    if targets.is_empty() {
        return out;
    }
    match prometheus.round(&mut None, targets).await {
        Err(problem) => out.push(Finding::problem("data", &problem)),
        Ok(arms) => out.extend(arms.iter().map(data)),
    }
    out
}

/// How old the newest sample of anything is.
async fn age(prometheus: &Prometheus) -> Finding {
    let answer = match prometheus.source.instant("max(timestamp(up))").await {
        Ok(answer) => answer,
        Err(problem) => return Finding::problem("age", &problem),
    };
    let newest =
        answer.one().ok().and_then(|s| Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(s).ok()?).ok());
    let (Some(newest), Some(at)) = (newest, answer.at) else {
        // A store that others write to scrapes nothing by itself.
        return Finding::ok("age", "it scrapes nothing by itself");
    };
    let age = at.duration_since(newest);
    let says = format!("the newest sample is {} s old", age.as_secs().max(0));
    if age.abs() <= fresh_for(prometheus.settings.scrape) {
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
    let says = format!("{who}: {}", says.join(", "));
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
            key: key(),
            errors: m.clone(),
            rps: m.clone(),
            requests: m,
            p95,
            history: None,
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
