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

use std::sync::Arc;

use super::http::{Request, Response};
use super::state::State;
use super::world::{Cluster, traffic::EPOCH};

/// The company's Prometheus.
#[derive(Debug, Default)]
pub struct Prometheus {
    curves: curves::Curves,
    scraped: targets::Scraped,
}

impl Prometheus {
    /// Answers a request; its path begins with `/api/v1` or `/-/`.
    pub fn answer(&self, state: &State, request: &Request) -> Response {
        self.answer_for(state, request, None)
    }

    /// The same as the Prometheus inside a cluster answers, which knows nothing of the others.
    pub fn answer_inside(&self, state: &State, request: &Request, cluster: Cluster) -> Response {
        self.answer_for(state, request, Some(cluster))
    }

    fn answer_for(&self, state: &State, request: &Request, inside: Option<Cluster>) -> Response {
        let (world, now) = (state.world(), state.now());
        let end = world.metrics_end(now);
        let mut targets = self.scraped.until(&world, end);
        if let Some(cluster) = inside {
            targets = Arc::new(targets.iter().filter(|t| t.cluster == cluster).cloned().collect());
        }
        let samples = company::Company { world: &world, curves: &self.curves, targets: &targets, end };
        let source = api::Source { samples: &samples, now, begin: world.instant(EPOCH), metadata: &company::METADATA };
        api::answer(&source, request)
    }
}
