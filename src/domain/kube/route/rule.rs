//! Rules of routes and their destinations.

use std::{fmt, sync::Arc};

use serde::Serialize;

use crate::domain::{SafeText, Weight};

/// What stands behind a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// A Service of the cluster.
    Service,
    /// A host outside of the cluster, or one that names no Service.
    Outside,
    /// An object of another kind, by its name.
    Other(SafeText),
}

/// One destination of a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteArm {
    /// The Service that it leads to (the first label of an Istio host), or the name of what else it leads to.
    pub service: Arc<str>,
    /// Its namespace, where it is another than the route's.
    pub namespace: Option<Arc<str>>,
    /// What it is.
    pub backend: Backend,
    /// The subset, with Istio.
    pub subset: Option<Arc<str>>,
    /// Its weight as written; shares are weights over their sum.
    pub weight: u32,
}

impl RouteArm {
    /// An arm that leads to a Service of the route's namespace.
    pub fn to(service: &str, weight: u32) -> Self {
        Self { service: service.into(), namespace: None, backend: Backend::Service, subset: None, weight }
    }
}

impl fmt::Display for RouteArm {
    /// `cart`, `cart subset canary`, `cart in edge`, `Bucket cart`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Backend::Other(kind) = &self.backend {
            write!(f, "{kind} ")?;
        }
        f.write_str(&self.service)?;
        if let Some(subset) = &self.subset {
            write!(f, " subset {subset}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in {namespace}"),
            None => Ok(()),
        }
    }
}

/// A destination as a controller or a workload names it. A subset that is not named fits every arm of the Service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArmName {
    /// The Service; `None` where only the subset tells.
    pub service: Option<Arc<str>>,
    /// The subset.
    pub subset: Option<Arc<str>>,
}

impl ArmName {
    /// Whether `arm` is what this names. A name without both fits nothing.
    pub fn fits(&self, arm: &RouteArm) -> bool {
        let service = self.service.as_ref().map(|s| arm.backend == Backend::Service && *s == arm.service);
        let subset = self.subset.as_ref().map(|s| arm.subset.as_ref() == Some(s));
        (service.is_some() || subset.is_some()) && service.unwrap_or(true) && subset.unwrap_or(true)
    }
}

/// A copy of requests that goes to a Service whose answers are thrown away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mirror {
    /// Where it goes.
    pub to: RouteArm,
    /// How much of the rule's traffic is copied.
    pub share: Weight,
}

/// One rule of a route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteRule {
    /// Its name.
    pub name: Option<SafeText>,
    /// What it takes, in words, as alternatives: `header x-canary=always`, `path /status`. Empty: everything.
    pub matches: Vec<SafeText>,
    /// Its destinations.
    pub arms: Vec<RouteArm>,
    /// Copies of its traffic.
    pub mirrors: Vec<Mirror>,
    /// What it does instead of leading to a destination: `redirects`, `answers 503 itself`.
    pub instead: Option<SafeText>,
}

impl RouteRule {
    /// The sum of all weights. A single destination takes everything.
    fn total(&self) -> u64 {
        self.arms.iter().map(|a| u64::from(a.weight)).sum()
    }

    /// The share of this rule's traffic that `arm`, one of its own, gets, 0 to 100. With all weights at zero nobody
    /// gets any.
    pub fn share_of(&self, arm: &RouteArm) -> Weight {
        match self.total() {
            0 => Weight::new(0.0),
            total => Weight::new(f64::from(arm.weight) * 100.0 / total as f64),
        }
    }

    /// The share of this rule's traffic that goes where `name` says; `None` when it does not lead there, or no weight
    /// is above zero.
    pub fn share(&self, name: &ArmName) -> Option<Weight> {
        let mut here = self.arms.iter().filter(|a| name.fits(a)).peekable();
        here.peek()?;
        let total = self.total();
        (total > 0).then(|| Weight::new(here.map(|a| f64::from(a.weight)).sum::<f64>() * 100.0 / total as f64))
    }

    /// What it takes, in words.
    pub fn takes(&self) -> String {
        match self.matches.as_slice() {
            [] => "everything".to_owned(),
            [one] => one.to_string(),
            [one, more @ ..] => format!("{one} or {} more", more.len()),
        }
    }

    /// Where it leads, in words: `cart-canary`, `cart 80 % and cart-canary 20 %`.
    pub fn leads(&self) -> String {
        if let Some(instead) = &self.instead {
            return instead.to_string();
        }
        let with_traffic: Vec<&RouteArm> = self.arms.iter().filter(|a| a.weight > 0).collect();
        match with_traffic.as_slice() {
            [] => "leads nowhere".to_owned(),
            [one] => format!("goes to {one}"),
            several => {
                let shares = several.iter().map(|a| format!("{a} {} %", self.share_of(a)));
                format!("goes to {}", shares.collect::<Vec<_>>().join(" and "))
            }
        }
    }
}
