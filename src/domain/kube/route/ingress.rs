//! Canaries of ingress-nginx: a second Ingress for the same host and path.

use serde::Serialize;

use super::{Route, RouteArm, RouteRule};
use crate::domain::SafeText;

/// The canary annotations of ingress-nginx.
///
/// Source: ingress-nginx's documentation of annotations: header beats cookie beats weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IngressCanary {
    /// `canary-weight`.
    pub weight: u32,
    /// `canary-weight-total`; 100 where nothing is said.
    pub total: u32,
    /// `canary-by-header`.
    pub header: Option<SafeText>,
    /// `canary-by-header-value`.
    pub header_value: Option<SafeText>,
    /// `canary-by-header-pattern`; counts where no value is set.
    pub header_pattern: Option<SafeText>,
    /// `canary-by-cookie`.
    pub cookie: Option<SafeText>,
}

impl IngressCanary {
    /// What goes to the canary before the weight is asked: `header x-canary=always`, `cookie canary=always`.
    fn first(&self) -> Vec<(&'static str, SafeText)> {
        let header = self.header.as_ref().map(|name| match (&self.header_value, &self.header_pattern) {
            (Some(value), _) => format!("header {name}={value}"),
            (None, Some(pattern)) => format!("header {name}~{pattern}"),
            (None, None) => format!("header {name}=always"),
        });
        let cookie = self.cookie.as_ref().map(|name| format!("cookie {name}=always"));
        let all = [("header", header), ("cookie", cookie)];
        all.into_iter().filter_map(|(word, text)| Some((word, text?.into()))).collect()
    }
}

impl Route {
    /// This Ingress with the canary Ingresses of `all` laid over it: a rule of the same host and path splits by the
    /// canary's weight, and a header or a cookie goes first. Of several for one rule the first one counts.
    #[must_use]
    pub fn with_canaries<'a>(&self, all: impl Iterator<Item = &'a Self>) -> Self {
        let canaries: Vec<(&Self, &IngressCanary)> = all.filter_map(|r| Some((r, r.canary.as_ref()?))).collect();
        let mut whole = Self { rules: vec![], ..self.clone() };
        for rule in &self.rules {
            let laid = canaries.iter().find_map(|(r, c)| Some((r.rules.iter().find(|x| x.matches == rule.matches)?, *c)));
            let (Some((over, canary)), [main]) = (laid, rule.arms.as_slice()) else {
                whole.rules.push(rule.clone());
                continue;
            };
            let arms = |weight: u32| over.arms.iter().map(move |a| RouteArm { weight, ..a.clone() });
            whole.rules.extend(canary.first().into_iter().map(|(word, matches)| RouteRule {
                name: Some(word.into()),
                matches: vec![matches],
                arms: arms(100).collect(),
                mirrors: vec![],
                instead: None,
            }));
            let weight = canary.weight.min(canary.total);
            let stable = RouteArm { weight: canary.total - weight, ..main.clone() };
            whole.rules.push(RouteRule { arms: std::iter::once(stable).chain(arms(weight)).collect(), ..rule.clone() });
        }
        whole
    }
}
