//! The series of the embedded company: what each pod's counters said at each scrape.

use std::sync::Arc;

use jiff::Timestamp;
use promql_parser::label::{METRIC_NAME, Matcher};

use super::curves::{Curves, Figure, Flow, SCRAPE};
use super::promql::{Labels, STALE, Samples, Series};
use super::targets::Target;
use crate::sim::world::{NAMESPACE, World};

/// Name, type and help of each metric.
pub const METADATA: [(&str, &str, &str); 5] = [
    ("up", "gauge", "Whether the last scrape of the target worked."),
    ("http_requests_total", "counter", "Requests answered."),
    ("http_request_duration_seconds", "histogram", "Time to answer a request."),
    ("istio_requests_total", "counter", "Requests that the proxy of the destination saw."),
    ("istio_request_duration_milliseconds", "histogram", "Time that the proxy of the destination saw a request take."),
];

/// Upper bounds of the services' own histogram, in seconds.
const SECONDS: [&str; 17] = [
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.15", "0.2", "0.25", "0.3", "0.4", "0.5", "0.75", "1", "2.5", "5", "+Inf",
];

/// Upper bounds of Istio's histogram, in milliseconds, as its proxies have them.
const MILLISECONDS: [&str; 16] =
    ["0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000", "60000", "+Inf"];

/// The share of answers other than failures that are 404.
const NOT_FOUND: f64 = 0.004;

/// The company's samples up to an instant.
pub struct Company<'a> {
    /// The model.
    pub world: &'a World,
    /// What has been worked out before.
    pub curves: &'a Curves,
    /// Who was scraped.
    pub targets: &'a [Target],
    /// The newest instant with samples.
    pub end: Timestamp,
}

/// One series of a target: labels beside the target's, and the sum of counters that its value is.
struct Variant {
    /// The Service that its requests were sent to; all where none is told apart.
    destination: Option<String>,
    labels: Vec<(&'static str, Arc<str>)>,
    terms: Vec<(Figure, f64)>,
    whole: bool,
}

impl Samples for Company<'_> {
    fn select(&self, matchers: &[Matcher], start: i64, end: i64) -> Vec<Series> {
        let end = end.min(self.end.as_millisecond());
        let names: Vec<&str> = NAMES.into_iter().filter(|name| accepts(matchers, METRIC_NAME, name)).collect();
        if names.is_empty() || start > end {
            return Vec::new();
        }
        let mut found = Vec::new();
        for target in self.targets {
            // Most targets are ruled out by their own labels, before any series of theirs is built.
            if !target.labels.iter().all(|(name, value)| accepts(matchers, name, value)) {
                continue;
            }
            for (name, variant) in names.iter().flat_map(|name| variants(name, target).into_iter().map(move |v| (*name, v))) {
                let own = variant.labels.iter().map(|(name, value)| (Arc::from(*name), Arc::clone(value)));
                let metric = (Arc::from(METRIC_NAME), Arc::from(name));
                let labels = Labels::new(own.chain([metric]).chain(target.labels.iter().cloned()));
                if labels.matches(matchers) {
                    let samples = self.samples(target, &variant, start, end);
                    found.push(Series { labels, samples });
                }
            }
        }
        found.retain(|series| !series.samples.is_empty());
        found.sort_by(|a, b| a.labels.cmp(&b.labels));
        found
    }
}

impl Company<'_> {
    /// The samples in a closed interval; where a pod goes, an end mark follows at the next scrape.
    fn samples(&self, target: &Target, variant: &Variant, start: i64, end: i64) -> Vec<(i64, f64)> {
        let value = |value: f64| if variant.whole { value.floor() } else { value };
        let mut samples = Vec::new();
        let mut sum = 0.0;
        let mut begun = false;
        for (index, span) in target.spans.iter().enumerate() {
            let here = variant.destination.as_ref().is_none_or(|d| *d == target.destination(span));
            // A series is not there before its first request, and stands still once others take over.
            begun |= here;
            if !begun {
                continue;
            }
            let share = if here { span.share } else { 0.0 };
            let at = |instant: i64| {
                let term = |(figure, factor): &(Figure, f64)| {
                    factor * target.flow(span).map_or(0.0, |flow| self.curves.exact(self.world, flow, *figure, instant))
                };
                variant.terms.iter().map(term).sum::<f64>()
            };
            let base = at(span.from);
            let first = scrape_from(span.from.max(start));
            let last = (span.to - 1).min(end).div_euclid(SCRAPE);
            if first <= last {
                let values = self.values(target.flow(span), variant, first, last);
                let shared = values.into_iter().map(|v| value(sum + share * (v - base)));
                samples.extend((first..=last).map(|scrape| scrape * SCRAPE).zip(shared));
            }
            if span.to <= end {
                sum += share * (at(span.to) - base);
                let mark = scrape_from(span.to) * SCRAPE;
                let goes = target.spans.get(index + 1).is_none_or(|next| next.from > mark);
                if goes && (start..=end).contains(&mark) {
                    samples.push((mark, f64::from_bits(STALE)));
                }
            }
        }
        let silent = samples.iter().all(|(_, value)| *value == 0.0 || value.is_nan());
        // A counter that never counted is not exposed, but those of failures are there from the first request on.
        if silent && !variant.terms.is_empty() && self.unused(target, end) {
            samples.clear();
        }
        if variant.terms.is_empty() {
            for (_, value) in samples.iter_mut().filter(|(_, value)| !value.is_nan()) {
                *value = 1.0;
            }
        }
        samples
    }

    fn values(&self, flow: Option<Flow>, variant: &Variant, first: i64, last: i64) -> Vec<f64> {
        let mut sums = vec![0.0; usize::try_from(last - first + 1).unwrap_or(0)];
        if let Some(flow) = flow {
            for (figure, factor) in &variant.terms {
                let curve = self.curves.at_scrapes(self.world, flow, *figure, first, last);
                for (sum, value) in sums.iter_mut().zip(curve) {
                    *sum += factor * value;
                }
            }
        }
        sums
    }

    fn unused(&self, target: &Target, end: i64) -> bool {
        let counted = |flow| self.curves.exact(self.world, flow, Figure::Requests, end) >= 1.0;
        !target.spans.iter().filter_map(|span| target.flow(span)).any(counted)
    }
}

fn accepts(matchers: &[Matcher], name: &str, value: &str) -> bool {
    matchers.iter().filter(|matcher| matcher.name == name).all(|matcher| matcher.is_match(value))
}

/// The number of the first scrape at or after an instant.
fn scrape_from(millis: i64) -> i64 {
    (millis + SCRAPE - 1).div_euclid(SCRAPE)
}

/// Every name of a series.
const NAMES: [&str; 9] = [
    "up",
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_sum",
    "http_request_duration_seconds_count",
    "istio_requests_total",
    "istio_request_duration_milliseconds_bucket",
    "istio_request_duration_milliseconds_sum",
    "istio_request_duration_milliseconds_count",
];

/// The series of a name that a target exposes.
fn variants(name: &str, target: &Target) -> Vec<Variant> {
    if name.starts_with("istio_") && target.meshed() {
        return target.destinations().iter().flat_map(|d| of_destination(name, target, Some(d))).collect();
    }
    of_destination(name, target, None)
}

/// The same for the requests that were sent to one Service.
fn of_destination(name: &str, target: &Target, destination: Option<&String>) -> Vec<Variant> {
    let istio = name.starts_with("istio_");
    if name != "up" && (!target.serves() || (istio && !target.meshed())) {
        return Vec::new();
    }
    let common =
        |more: Vec<(&'static str, Arc<str>)>| if let Some(service) = destination { mesh(target, service, more) } else { more };
    let method = || ("method", Arc::from(method(target.service.name)));
    let (code, bounds, scale) = if istio { ("response_code", &MILLISECONDS[..], 1.0) } else { ("code", &SECONDS[..], 1000.0) };
    let destination_of = || destination.cloned();
    let counter = |labels, terms| Variant { destination: destination_of(), labels: common(labels), terms, whole: true };
    if name == "up" {
        return vec![Variant { destination: None, labels: Vec::new(), terms: Vec::new(), whole: true }];
    }
    let labelled = |mut labels: Vec<(&'static str, Arc<str>)>| {
        if !istio {
            labels.push(method());
        }
        labels
    };
    if name.ends_with("_total") {
        let good = |share: f64| vec![(Figure::Requests, share), (Figure::Errors, -share)];
        let coded = |text: &str, terms| counter(labelled(vec![(code, Arc::from(text))]), terms);
        return vec![
            coded("200", good(1.0 - NOT_FOUND)),
            coded("404", good(NOT_FOUND)),
            coded("500", vec![(Figure::Errors, 1.0)]),
        ];
    }
    if name.ends_with("_bucket") {
        let bucket = |le: &&str| {
            let micros = le.parse::<f64>().ok().filter(|le| le.is_finite()).map_or(u64::MAX, |le| (le * scale * 1000.0) as u64);
            counter(labelled(vec![("le", Arc::from(*le))]), vec![(Figure::Faster(micros), 1.0)])
        };
        return bounds.iter().map(bucket).collect();
    }
    if name.ends_with("_count") {
        return vec![counter(labelled(Vec::new()), vec![(Figure::Requests, 1.0)])];
    }
    let terms = vec![(Figure::Latency, 1.0 / scale)];
    vec![Variant { destination: destination_of(), labels: common(labelled(Vec::new())), terms, whole: false }]
}

/// What the service's requests mostly are.
fn method(service: &str) -> &'static str {
    if matches!(service, "payment" | "order" | "notification") { "POST" } else { "GET" }
}

/// The labels that Istio's proxy at the destination adds.
fn mesh(target: &Target, service: &str, mut more: Vec<(&'static str, Arc<str>)>) -> Vec<(&'static str, Arc<str>)> {
    more.extend([
        ("reporter", Arc::from("destination")),
        ("request_protocol", "http".into()),
        ("source_workload", "gateway".into()),
        ("source_workload_namespace", NAMESPACE.into()),
        ("destination_app", target.service.name.into()),
        ("destination_workload", target.owner.as_str().into()),
        ("destination_workload_namespace", NAMESPACE.into()),
        ("destination_version", target.version.as_str().into()),
        ("destination_service", format!("{service}.{NAMESPACE}.svc.cluster.local").into()),
        ("destination_service_name", service.into()),
        ("destination_service_namespace", NAMESPACE.into()),
    ]);
    more
}
