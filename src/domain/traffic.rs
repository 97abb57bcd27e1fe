//! Who gets which share of the traffic of a placement: what a route is set to, what was measured, and what users get.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{ArmMetrics, RouteRef, SafeText, Weight};

/// The time over which the figures of an arm are taken, in seconds.
const WINDOW: u32 = 300;

/// The measured share of a canary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Actual {
    /// Its share of the requests of both arms.
    pub weight: Weight,
    /// Requests per second of both arms.
    pub rps: f64,
    /// When the figures were last proved to be current.
    pub at: Timestamp,
    /// The seconds before `at` over which they were taken: so long does a change take to show whole.
    pub over: u32,
}

impl Actual {
    /// The share that `canary` has beside `baseline`, by figures that were current at `at`; `None` where one of the
    /// two is not known, or no request came.
    pub fn of(canary: &ArmMetrics, baseline: &ArmMetrics, at: Timestamp) -> Option<Self> {
        let (test, base) = (*canary.rps.as_ref().ok()?, *baseline.rps.as_ref().ok()?);
        let rps = test + base;
        (rps > 0.0 && rps.is_finite()).then(|| Self { weight: Weight::new(test * 100.0 / rps), rps, at, over: WINDOW })
    }
}

/// Whose share an arm of a route carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmRole {
    /// The revision under test.
    Canary,
    /// The serving revision.
    Stable,
    /// Somebody else.
    Other,
}

/// One destination of the rule that carries a placement's traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrafficArm {
    /// The Service, or what else it leads to.
    pub service: Arc<str>,
    /// The subset, with Istio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<Arc<str>>,
    /// Whose it is.
    pub role: ArmRole,
    /// The share that the route is set to.
    pub set: Weight,
    /// Ready endpoints behind it; `None` where that cannot be told.
    pub ready: Option<u32>,
}

/// What a note speaks of, and with it how grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// Users get errors: a share of the traffic leads to where nobody answers.
    Broken,
    /// The route is not, or not wholly, in force.
    Status,
    /// Something else than the weights decides for a part of the traffic: a rule in front.
    Ahead,
    /// A copy of the traffic goes elsewhere.
    Mirror,
    /// Set and actual are apart, or a part of the picture is missing.
    Apart,
}

/// A sentence on a placement's traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it speaks of.
    pub kind: NoteKind,
    /// The sentence.
    pub text: SafeText,
}

impl Note {
    /// A note.
    pub fn new(kind: NoteKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into().into() }
    }
}

/// The traffic of a placement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traffic {
    /// The route that carries it.
    pub by: RouteRef,
    /// The canary's share as the live route is set; `None` where no canary is told apart.
    pub set: Option<Weight>,
    /// The canary's share as it was measured, over all clusters where the canary runs; `None` where it was not.
    pub actual: Option<Actual>,
    /// Where the rule leads whose weights count.
    pub arms: Vec<TrafficArm>,
    /// What is to be said of it, the gravest first.
    pub notes: Vec<Note>,
}

/// How far set and actual may be apart, in points of percent, before it is said.
const APART: f64 = 3.0;

impl Traffic {
    /// The notes of one kind.
    pub fn notes_of(&self, kind: NoteKind) -> impl Iterator<Item = &SafeText> {
        self.notes.iter().filter(move |n| n.kind == kind).map(|n| &n.text)
    }

    /// Takes what was measured, and says it where traffic is not where the route is set to.
    #[must_use]
    pub fn measured(mut self, actual: Option<Actual>) -> Self {
        if let (Some(set), Some(actual)) = (self.set, &actual)
            && (set.percent() - actual.weight.percent()).abs() > APART
        {
            let text = format!(
                "{} is set to {set} %, and {} % of the last {} minutes' requests went there",
                self.by,
                actual.weight,
                actual.over / 60
            );
            self.notes.push(Note::new(NoteKind::Apart, text));
        }
        self.actual = actual;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Arm, MetricKey, NoValue, RouteKind};

    fn arm(arm: Arm, rps: Result<f64, NoValue>) -> ArmMetrics {
        let key = MetricKey { service: "cart".parse().unwrap(), environment: "production".parse().unwrap(), arm };
        ArmMetrics { rps, ..ArmMetrics::unknown(key, &NoValue::Waiting) }
    }

    fn actual(canary: Result<f64, NoValue>, base: Result<f64, NoValue>) -> Option<Actual> {
        Actual::of(&arm(Arm::Canary, canary), &arm(Arm::Baseline, base), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_measured_share_needs_both_arms_and_requests() {
        assert_eq!(actual(Ok(20.0), Ok(80.0)).map(|a| (a.weight.percent(), a.rps)), Some((20.0, 100.0)));
        assert_eq!(actual(Ok(0.0), Ok(80.0)).map(|a| a.weight.percent()), Some(0.0));
        for (canary, base) in [
            (Ok(0.0), Ok(0.0)),
            (Err(NoValue::Empty), Ok(80.0)),
            (Ok(1.0), Err(NoValue::Waiting)),
            (Ok(f64::NAN), Ok(1.0)),
            (Ok(f64::INFINITY), Ok(1.0)),
        ] {
            assert_eq!(actual(canary.clone(), base.clone()), None, "{canary:?} {base:?}");
        }
    }

    #[test]
    fn traffic_that_has_not_moved_is_said() {
        let by = RouteRef { kind: RouteKind::HttpRoute, namespace: None, name: "cart".into(), rules: vec![] };
        let traffic =
            |set: f64| Traffic { by: by.clone(), set: Some(Weight::new(set)), actual: None, arms: vec![], notes: vec![] };
        let apart = |set: f64, canary: f64| {
            let t = traffic(set).measured(actual(Ok(canary), Ok(100.0 - canary)));
            t.notes_of(NoteKind::Apart).next().map(ToString::to_string)
        };
        assert_eq!(
            apart(20.0, 5.0).as_deref(),
            Some("httproute/cart is set to 20 %, and 5 % of the last 5 minutes' requests went there")
        );
        assert_eq!(apart(20.0, 18.0), None);
        assert!(traffic(20.0).measured(None).notes.is_empty(), "what was not measured says nothing");
    }
}
