//! Rows of what splits traffic: Istio VirtualServices and DestinationRules, Gateway API routes, TraefikServices and
//! Ingresses, all in one shape.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

mod ingress;
mod rule;
mod subset;

pub use ingress::IngressCanary;
pub use rule::{ArmName, Backend, Mirror, RouteArm, RouteRule};
pub use subset::{DestinationRule, Subset};

use super::Meta;
use crate::domain::{ObjectKey, SafeText, Weight};

/// The system that a route belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteKind {
    /// Istio's VirtualService.
    VirtualService,
    /// Gateway API's HTTPRoute.
    HttpRoute,
    /// Gateway API's GRPCRoute.
    GrpcRoute,
    /// Traefik's weighted TraefikService.
    TraefikService,
    /// An Ingress; its weights are annotations of ingress-nginx on a second one.
    Ingress,
}

impl RouteKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::VirtualService, Self::HttpRoute, Self::GrpcRoute, Self::TraefikService, Self::Ingress];

    /// The resource as kubectl takes it, in the singular.
    pub fn resource(self) -> &'static str {
        match self {
            Self::VirtualService => "virtualservice",
            Self::HttpRoute => "httproute",
            Self::GrpcRoute => "grpcroute",
            Self::TraefikService => "traefikservice",
            Self::Ingress => "ingress",
        }
    }
}

/// The name of a route: `virtualservice/payment`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteRef {
    /// Its kind.
    pub kind: RouteKind,
    /// Its namespace; `None` is that of whoever names it.
    pub namespace: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// The rules of it that are meant, by name; empty: the one that splits traffic.
    pub rules: Vec<Arc<str>>,
}

impl RouteRef {
    /// Whether this is the name of the route `kind` at `key`, for somebody in `namespace`.
    pub fn names(&self, kind: RouteKind, key: &ObjectKey, namespace: &str) -> bool {
        self.kind == kind && self.name == key.name && self.namespace.as_deref().unwrap_or(namespace) == &*key.namespace
    }
}

impl fmt::Display for RouteRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.resource(), self.name)
    }
}

impl Serialize for RouteRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What a controller's plan says of the routes whose weights it writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Routing {
    /// The routes.
    pub routes: Vec<RouteRef>,
    /// The canary's subset, where it is told apart by subset and not by Service.
    pub canary_subset: Option<Arc<str>>,
    /// The stable subset.
    pub stable_subset: Option<Arc<str>>,
    /// The DestinationRule whose subsets the controller writes.
    pub destination_rule: Option<Arc<str>>,
}

/// One condition of a route at one parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteCondition {
    /// `Accepted`, `ResolvedRefs`, …
    pub kind: SafeText,
    /// True, false, or unknown.
    pub status: Option<bool>,
    /// One word.
    pub reason: SafeText,
    /// One sentence.
    pub message: SafeText,
    /// The generation that it speaks of; counts per condition.
    pub observed_generation: Option<i64>,
}

/// What one parent, a Gateway or a Service, says of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteParent {
    /// The parent: `Gateway shop`.
    pub name: SafeText,
    /// Its conditions.
    pub conditions: Vec<RouteCondition>,
}

/// An object that splits traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// What every object carries.
    pub meta: Meta,
    /// The system.
    pub kind: RouteKind,
    /// The rules, in the order in which they are tried.
    pub rules: Vec<RouteRule>,
    /// The parents that it wants, by name, with Gateway API.
    pub wants: Vec<SafeText>,
    /// What the parents say; empty for systems that say nothing of a route.
    pub parents: Vec<RouteParent>,
    /// The canary annotations, of an Ingress that has them.
    pub canary: Option<IngressCanary>,
}

impl Route {
    /// Its name.
    pub fn name(&self) -> RouteRef {
        let ObjectKey { namespace, name } = self.meta.key.clone();
        RouteRef { kind: self.kind, namespace: Some(namespace), name, rules: vec![] }
    }

    /// The rule whose weights count, by index, the way the controllers choose it: the first of the named ones; with
    /// none named the only rule, else the first one without a name that leads where one of `arms` says, else the first
    /// one at all that does, one that splits before one that does not.
    ///
    /// Source: argo-rollouts `rollout/trafficrouting/istio`, Flagger `pkg/router`.
    pub fn weighted(&self, named: &[Arc<str>], arms: &[ArmName]) -> Option<usize> {
        let position = |want: &dyn Fn(&RouteRule) -> bool| self.rules.iter().position(want);
        if !named.is_empty() {
            return position(&|r| r.name.as_ref().is_some_and(|n| named.iter().any(|m| &**m == n.as_str())));
        }
        if self.rules.len() == 1 {
            return Some(0);
        }
        let leads = |r: &RouteRule| r.arms.iter().any(|a| arms.iter().any(|n| n.fits(a)));
        position(&|r| r.name.is_none() && r.arms.len() > 1 && leads(r))
            .or_else(|| position(&|r| r.arms.len() > 1 && leads(r)))
            .or_else(|| position(&leads))
    }

    /// The share of the weighted rule that goes where `name` says.
    pub fn share(&self, named: &[Arc<str>], name: &ArmName) -> Option<Weight> {
        self.rules.get(self.weighted(named, std::slice::from_ref(name))?)?.share(name)
    }

    /// What is wrong with its status, in words; empty where nothing is, or the system says nothing of a route. A good
    /// status is no proof: neither that traffic moved yet nor that anybody answers behind it.
    pub fn complaints(&self) -> Vec<String> {
        let mut out: Vec<String> = vec![];
        for want in &self.wants {
            if !self.parents.iter().any(|p| p.name == *want) {
                out.push(format!("{want} has not answered to it yet"));
            }
        }
        for parent in &self.parents {
            let old = parent.conditions.iter().filter_map(|c| c.observed_generation).min();
            if let Some(old) = old.filter(|old| *old < self.meta.generation) {
                let now = self.meta.generation;
                out.push(format!("{} has seen generation {old} of it, and it is at {now}", parent.name));
            }
            for c in &parent.conditions {
                let word = match c.kind.as_str() {
                    "Accepted" => "does not accept it",
                    "ResolvedRefs" => "cannot resolve what it leads to",
                    "PartiallyInvalid" if c.status == Some(true) => "takes only parts of it",
                    _ => continue,
                };
                if c.status == Some(true) && c.kind.as_str() != "PartiallyInvalid" {
                    continue;
                }
                let message = if c.message.is_empty() { String::new() } else { format!(": {}", c.message) };
                out.push(format!("{} {word} ({}){message}", parent.name, c.reason));
            }
            if !parent.conditions.iter().any(|c| c.kind.as_str() == "Accepted") {
                out.push(format!("{} does not say whether it accepts it", parent.name));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
