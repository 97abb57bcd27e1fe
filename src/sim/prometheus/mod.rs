//! Prometheus over the embedded world: its HTTP API, a named subset of its language, and the company's series.
//!
//! Histograms carry no status code, so latency is that of all requests. Istio's metrics are those that the proxy at the
//! destination reports, for the services whose route is a VirtualService.

mod answer;
mod api;
mod company;
mod curves;
mod parameter;
pub mod promql;
mod targets;
#[cfg(test)]
mod tests;

use super::http::{Request, Response};
use super::state::State;
use super::world::traffic::EPOCH;

/// The company's Prometheus.
#[derive(Debug, Default)]
pub struct Prometheus {
    curves: curves::Curves,
    scraped: targets::Scraped,
}

impl Prometheus {
    /// Answers a request; its path begins with `/api/v1` or `/-/`.
    pub fn answer(&self, state: &State, request: &Request) -> Response {
        let (world, now) = (state.world(), state.now());
        let end = world.metrics_end(now);
        let targets = self.scraped.until(&world, end);
        let samples = company::Company { world: &world, curves: &self.curves, targets: &targets, end };
        let source = api::Source { samples: &samples, now, begin: world.instant(EPOCH), metadata: &company::METADATA };
        api::answer(&source, request)
    }
}
