//! The query texts. Pure: a target and the settings in, PromQL out.
//!
//! Arms are told apart by pod names, `<workload>-<template hash>-<5 letters>`, and not by version labels: the names
//! follow from the ReplicaSets, whatever labels a team uses.

use std::{fmt::Write as _, sync::Arc};

use crate::domain::{MetricTarget, MetricsSettings};

/// Over which time the figures speak.
pub const WINDOW: &str = "5m";

/// The same in seconds.
pub const WINDOW_SECONDS: f64 = 300.0;

/// Under which names a workload's requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Istio's proxies at the destination; latency in milliseconds.
    Istio,
    /// The service's own `http_requests_total` and `http_request_duration_seconds`.
    Plain,
}

impl Preset {
    /// Every preset under its name in the configuration, best first.
    pub const NAMED: [(Self, &'static str); 2] = [(Self::Istio, "istio"), (Self::Plain, "plain")];

    /// The counter of requests: where a source has it, the preset fits.
    pub fn counter(self) -> &'static str {
        match self {
            Self::Istio => "istio_requests_total",
            Self::Plain => "http_requests_total",
        }
    }

    fn buckets(self) -> &'static str {
        match self {
            Self::Istio => "istio_request_duration_milliseconds_bucket",
            Self::Plain => "http_request_duration_seconds_bucket",
        }
    }

    /// The labels that may hold the status code; one that a series lacks reads as empty.
    pub fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Istio => &["response_code"],
            Self::Plain => &["code", "status", "status_code"],
        }
    }
}

/// The workloads that Istio knows, for the preset `auto`.
pub const PROBE: &str =
    "count by (destination_workload_namespace, destination_workload) (istio_requests_total{reporter=\"destination\"})";

/// The queries of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queries {
    /// Requests in the window, by status code.
    pub counts: String,
    /// 95th percentile of latency in the window, in seconds.
    pub p95: String,
    /// When the newest sample was taken, in Unix seconds; where clusters are told apart, of the cluster that is
    /// furthest behind.
    pub newest: String,
    /// The graphs, where wanted.
    pub history: Option<HistoryQueries>,
}

/// The queries behind the graphs: each gives one series, with gaps where there was no traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQueries {
    /// Bad share of requests, 0 to 1.
    pub errors: String,
    /// 95th percentile of latency, in seconds.
    pub p95: String,
    /// Requests per second.
    pub rps: String,
}

/// The queries of a target.
pub fn queries(preset: Preset, target: &MetricTarget, settings: &MetricsSettings) -> Queries {
    let arm = selector(preset, target, settings);
    let (counter, codes) = (preset.counter(), preset.codes());
    let split: Vec<&str> =
        settings.labels.iter().filter(|(_, value)| value.contains("{cluster}")).map(|(name, _)| &**name).collect();
    let newest = if split.is_empty() {
        format!("max(timestamp({counter}{{{arm}}}))")
    } else {
        format!("min(max by ({}) (timestamp({counter}{{{arm}}})))", split.join(", "))
    };
    Queries {
        counts: format!("sum by ({}) (increase({counter}{{{arm}}}[{WINDOW}]))", codes.join(", ")),
        p95: quantile(preset, &arm, WINDOW),
        newest,
        history: target.history.then(|| history(preset, &arm, settings)),
    }
}

fn history(preset: Preset, arm: &str, settings: &MetricsSettings) -> HistoryQueries {
    // Shorter than the figures' window, so that a graph shows a change when it happens; at least four scrapes, so that
    // a missed one leaves no gap.
    let window = format!("{}s", settings.scrape.as_secs().saturating_mul(4).max(60));
    let counter = preset.counter();
    let all = format!("sum(rate({counter}{{{arm}}}[{window}]))");
    let bad: Vec<String> =
        preset.codes().iter().map(|code| format!("sum(rate({counter}{{{arm},{code}=~\"5..\"}}[{window}]))")).collect();
    HistoryQueries {
        // No errors reads 0, no traffic reads nothing.
        errors: format!("({} or 0 * {all}) / ({all} > 0)", bad.join(" or ")),
        p95: quantile(preset, arm, &window),
        rps: all,
    }
}

fn quantile(preset: Preset, arm: &str, window: &str) -> String {
    let seconds = format!("histogram_quantile(0.95, sum by (le) (rate({}{{{arm}}}[{window}])))", preset.buckets());
    match preset {
        Preset::Istio => format!("{seconds} / 1000"),
        Preset::Plain => seconds,
    }
}

/// The label matchers that pick a target's series.
fn selector(preset: Preset, target: &MetricTarget, settings: &MetricsSettings) -> String {
    let namespaces = one_of(&target.namespaces.iter().map(|n| &**n).collect::<Vec<_>>());
    let mut out = match preset {
        Preset::Istio => format!(
            "reporter=\"destination\",destination_workload_namespace{namespaces},destination_workload{}",
            one_of(&[&target.workload.name])
        ),
        Preset::Plain => format!("namespace{namespaces}"),
    };
    for (name, template) in &settings.labels {
        write!(out, ",{name}{}", label(template, target)).ok();
    }
    let workload = regex(&target.workload.name);
    let pods = match (&target.hashes[..], preset) {
        ([], Preset::Istio) => return out,
        // The letters that Kubernetes makes names of: no vowels, so that `cart-redis-…` is not a pod of `cart`.
        ([], Preset::Plain) => format!("{workload}-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{{5}}"),
        (hashes, _) => {
            let mut hashes: Vec<String> = hashes.iter().map(|h| regex(h)).collect();
            hashes.sort();
            hashes.dedup();
            format!("{workload}-({})-[a-z0-9]{{5}}", hashes.join("|"))
        }
    };
    write!(out, ",pod=~{}", quoted(&pods)).ok();
    out
}

/// A matcher for a label of the settings, with its placeholders filled in.
fn label(template: &str, target: &MetricTarget) -> String {
    let clusters: Vec<&str> = target.clusters.iter().map(|c| c.as_str()).collect();
    let filled = template.replace("{environment}", target.key.environment.as_str());
    match (filled.split_once("{cluster}"), &clusters[..]) {
        (None, _) => one_of(&[&filled]),
        (Some(_), [one]) => one_of(&[&filled.replace("{cluster}", one)]),
        (Some(_), many) => {
            let filled: Vec<String> = many.iter().map(|c| filled.replace("{cluster}", c)).collect();
            one_of(&filled.iter().map(String::as_str).collect::<Vec<_>>())
        }
    }
}

/// `="a"` for one value, `=~"a|b"` for several.
fn one_of(values: &[&str]) -> String {
    match values {
        [one] => format!("={}", quoted(one)),
        many => {
            let mut many: Vec<String> = many.iter().map(|v| regex(v)).collect();
            many.sort();
            many.dedup();
            match &many[..] {
                [one] => format!("=~{}", quoted(one)),
                many => format!("=~{}", quoted(&many.join("|"))),
            }
        }
    }
}

/// `text` as a regular expression that matches nothing else.
fn regex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '_') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `text` as a PromQL string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\\' | '"' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Which preset each target is read with: where `auto` is set, Istio for the workloads that it knows.
pub fn preset_for(configured: Option<Preset>, meshed: &[(Arc<str>, Arc<str>)], target: &MetricTarget) -> Preset {
    let known =
        |(namespace, workload): &(Arc<str>, Arc<str>)| *workload == target.workload.name && target.namespaces.contains(namespace);
    configured.unwrap_or_else(|| if meshed.iter().any(known) { Preset::Istio } else { Preset::Plain })
}

#[cfg(test)]
mod tests;
