//! SLO: the limits of the serving version.

use super::{Scope, not_current, reason};
use crate::domain::{Arm, Evidence, Measure, MetricKey, Reason, Service, Snapshot, Station, StationKind, Verdict};

pub fn station(s: &Snapshot, scope: &Scope) -> Station {
    if s.topology.metrics.is_none() {
        return Station::not_configured(StationKind::Slo, "no metrics are configured: [metrics] prometheus = \"https://…\"");
    }
    let limited: Vec<&&Service> = scope.services.iter().filter(|x| x.slo.any()).collect();
    if limited.is_empty() {
        return Station::not_configured(StationKind::Slo, "no limits are configured: [metrics] slo = { errors = \"1%\" }");
    }
    if let Some(why) = not_current(&s.metrics) {
        let text = format!("metrics: {why}").into();
        return Station::of(StationKind::Slo, vec![Reason { verdict: Verdict::Unknown, service: None, text, evidence: vec![] }]);
    }
    Station::of(StationKind::Slo, limited.into_iter().map(|x| service(s, scope, x)).collect())
}

fn service(s: &Snapshot, scope: &Scope, service: &Service) -> Reason {
    let arm = |arm| s.metrics_of(&MetricKey { service: service.name.clone(), environment: scope.environment.name.clone(), arm });
    // While a canary is under way, the serving version is the baseline: what the canary does is CANARY's matter.
    let Some(figures) = arm(Arm::Baseline).or_else(|| arm(Arm::Serving)) else {
        return reason(Verdict::Unknown, service, "is not measured yet");
    };
    let place = &scope.environment.name;
    let check = |name: &str, show: &dyn Fn(f64) -> String, value: &Measure, limit: f64| match value {
        Err(why) => reason(Verdict::Unknown, service, format!("{name} in {place}: {why}")),
        Ok(v) if *v > limit => reason(
            Verdict::NoGo,
            service,
            format!("the serving version has {name} {} in {place}, limit {}", show(*v), show(limit)),
        ),
        Ok(v) => reason(Verdict::Go, service, format!("{name} {}, limit {}", show(*v), show(limit))),
    };
    let percent = |v: f64| format!("{:.2} %", v * 100.0);
    let ms = |v: f64| format!("{:.0} ms", v * 1000.0);
    let errors = service.slo.errors.map(|limit| check("errors", &percent, &figures.errors, limit));
    let p95 = service.slo.p95.map(|limit| check("p95", &ms, &figures.p95, limit));
    let mut worst = [errors, p95]
        .into_iter()
        .flatten()
        .reduce(|a, b| if b.verdict > a.verdict { b } else { a })
        .unwrap_or_else(|| reason(Verdict::Unknown, service, "has no limit"));
    let said = figures.rps.as_ref().map_or_else(|why| format!("requests/s: {why}"), |v| format!("{v:.1} requests/s"));
    worst.evidence.push(Evidence::new(format!("prometheus {place}"), said));
    worst
}
