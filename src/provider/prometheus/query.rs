//! The query texts: a batch of targets in, PromQL out. Pure.

use jiff::SignedDuration;

use super::batch::Batch;

/// Over which time the figures speak.
pub const WINDOW: &str = "5m";

/// The same in seconds.
pub const WINDOW_SECONDS: f64 = 300.0;

/// The quantiles that are asked for: median, 95th and 99th percentile.
pub const QUANTILES: [&str; 3] = ["0.5", "0.95", "0.99"];

/// The queries of one batch. Each answers with a row (or, for `counts`, a few) per target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queries {
    /// Requests in the window, by how they ended.
    pub counts: String,
    /// Latency in the window, in seconds, for each of [`QUANTILES`].
    pub quantiles: [String; 3],
    /// When the newest sample was taken, in Unix seconds; where clusters are told apart, of the cluster that is
    /// furthest behind.
    pub newest: String,
}

impl Queries {
    /// The figures of a batch.
    pub fn figures(batch: &Batch<'_>) -> Self {
        let (key, counter) = (batch.label(), batch.dialect.preset.counter);
        let taken = batch.told(&format!("timestamp({counter}{{{}}})", batch.selector()));
        let split = batch.split();
        let newest = if split.is_empty() {
            format!("max by ({key}) ({taken})")
        } else {
            format!("min by ({key}) (max by ({key}, {}) ({taken}))", split.join(", "))
        };
        Self { counts: counts(batch, "increase", WINDOW), quantiles: quantiles(batch, WINDOW), newest }
    }

    /// The lines of the graphs: requests per second by how they ended, and the quantiles. Their window is shorter than
    /// the figures', so that a graph shows a change when it happens; at least four scrapes, so that a missed one leaves
    /// no gap.
    pub fn graphs(batch: &Batch<'_>, scrape: SignedDuration) -> [String; 4] {
        let window = graph_window(scrape);
        let [p50, p95, p99] = quantiles(batch, &window);
        [counts(batch, "rate", &window), p50, p95, p99]
    }
}

/// The window of graphs.
pub fn graph_window(scrape: SignedDuration) -> String {
    format!("{}s", scrape.as_secs().saturating_mul(4).max(60))
}

fn counts(batch: &Batch<'_>, function: &str, window: &str) -> String {
    let preset = batch.dialect.preset;
    let (key, codes) = (batch.label(), preset.codes().join(", "));
    let grown = format!("{function}({}{{{}}}[{window}])", preset.counter, batch.selector());
    if !preset.native {
        return format!("sum by ({key}, {codes}) ({})", batch.told(&grown));
    }
    let counted = format!("histogram_count(sum by ({}, {codes}) ({grown}))", batch.dialect.place.pod);
    format!("sum by ({key}, {codes}) ({})", batch.told(&counted))
}

fn quantiles(batch: &Batch<'_>, window: &str) -> [String; 3] {
    let latency = &batch.dialect.preset.latency;
    let buckets = if latency.native { "" } else { "_bucket" };
    let rate = format!("rate({}{buckets}{{{}}}[{window}])", latency.name, batch.selector());
    QUANTILES.map(|q| {
        if latency.native {
            return batch.alone(&format!("histogram_quantile({q}, sum ({rate}))"));
        }
        let quantile = format!("histogram_quantile({q}, sum by ({}, le) ({}))", batch.label(), batch.told(&rate));
        if latency.per_second == 1 { quantile } else { format!("{quantile} / {}", latency.per_second) }
    })
}

#[cfg(test)]
mod tests;
