//! Objects that split traffic.

use std::sync::Arc;

use serde::Serialize;

use super::Meta;
use crate::domain::Weight;

/// The system that a route belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteKind {
    /// Istio's VirtualService.
    VirtualService,
    /// Gateway API's HTTPRoute.
    HttpRoute,
}

/// One destination of a weighted rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteArm {
    /// The Service that it leads to (the first label of an Istio host).
    pub service: Arc<str>,
    /// The subset, with Istio.
    pub subset: Option<Arc<str>>,
    /// Its weight as written; shares are weights over their sum.
    pub weight: u32,
}

/// An object that splits traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// What every object carries.
    pub meta: Meta,
    /// The system.
    pub kind: RouteKind,
    /// The destinations of the weighted rule.
    pub arms: Vec<RouteArm>,
}

impl Route {
    /// The share of traffic that this route sends to `service`, 0 to 100; `None` when it does not lead there or all
    /// weights are zero.
    pub fn share(&self, service: &str) -> Option<Weight> {
        let sum: u32 = self.arms.iter().map(|a| a.weight).sum();
        let mut here = self.arms.iter().filter(|a| &*a.service == service).peekable();
        here.peek()?;
        (sum > 0).then(|| Weight::new(f64::from(here.map(|a| a.weight).sum::<u32>()) * 100.0 / f64::from(sum)))
    }
}
