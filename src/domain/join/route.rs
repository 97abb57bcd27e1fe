//! What routes and Services say of a placement.

use std::sync::Arc;

use super::Joiner;
use crate::domain::{Labels, ObjectKey, Route, RouteKind, SafeText, Weight};

impl Joiner<'_, '_> {
    /// Services that select these pods and have no ready endpoint.
    pub(super) fn behind_route(&self, selector: &Labels, wanted: u32) -> Vec<SafeText> {
        let (Some(services), Some(endpoints)) = (self.cluster.services.value(), self.cluster.endpoints.value()) else {
            return vec![];
        };
        if wanted == 0 {
            return vec![];
        }
        services
            .values()
            .filter(|s| *s.meta.key.namespace == *self.placement.namespace && !s.selector.is_empty())
            .filter(|s| selector.iter().all(|(k, v)| s.selector.get(k) == Some(v)))
            .filter_map(|s| {
                let slices: Vec<_> = endpoints
                    .values()
                    .filter(|e| e.key.namespace == s.meta.key.namespace && e.service == s.meta.key.name)
                    .collect();
                // No slice yet: the endpoints controller has not come to it.
                let ready: u32 = slices.iter().map(|e| e.ready).sum();
                (!slices.is_empty() && ready == 0).then(|| format!("service {} has no ready endpoint", s.meta.key.name).into())
            })
            .collect()
    }

    /// The share that the live route sends to the canary's Service.
    pub(super) fn live_share(&self, rollout: &ObjectKey, named: &[Arc<str>], service: &str) -> Option<Weight> {
        let routes = |kind: RouteKind| self.cluster.routes(kind).live();
        let mine = |r: &&Route| r.meta.key.namespace == rollout.namespace;
        let istio = routes(RouteKind::VirtualService)
            .into_iter()
            .flat_map(|s| s.values())
            .filter(mine)
            .filter(|r| named.is_empty() || named.contains(&r.meta.key.name))
            .find_map(|r| r.share(service));
        istio.or_else(|| {
            routes(RouteKind::HttpRoute).into_iter().flat_map(|s| s.values()).filter(mine).find_map(|r| r.share(service))
        })
    }
}
