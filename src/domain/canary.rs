//! A revision under test and the traffic it gets.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SafeText, Step, Version, WorkloadRef};

/// A share of traffic, 0 to 100, kept in range by its only constructor.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(f64);

impl Weight {
    /// A share; what is out of range, or not a number, is brought into it.
    pub fn new(percent: f64) -> Self {
        Self(if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) })
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Weight {
    /// Whole percents without a fraction, others with one digit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if (self.0 - self.0.round()).abs() < 0.05 { f.pad(&format!("{:.0}", self.0)) } else { f.pad(&format!("{:.1}", self.0)) }
    }
}

/// Where a canary stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub enum CanaryPhase {
    /// The controller works towards the next step.
    Progressing,
    /// Waits, by plan or by a person's word.
    Paused {
        /// Since when.
        since: Option<Timestamp>,
        /// `CanaryPauseStep`, `InconclusiveAnalysisRun`, `manually paused`, …
        reason: SafeText,
        /// Whether the plan itself asks for this wait.
        #[serde(rename = "by_plan")]
        planned: bool,
    },
    /// Stopped; the controller brings traffic back to the stable revision, and the wanted state is not what runs.
    Aborted {
        /// The controller's sentence.
        reason: SafeText,
    },
    /// All traffic serves the wanted revision.
    Done,
    /// The controller has not seen the newest wanted state yet, or says a thing that we do not know.
    Unknown {
        /// What it says.
        reason: SafeText,
    },
}

/// A canary of one placement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Canary {
    /// Where it stands.
    #[serde(flatten)]
    pub state: CanaryPhase,
    /// Who owns the weight: `Argo Rollouts`, `Flagger`, or nobody (gonogo writes it).
    pub owner: SafeText,
    /// The revision under test.
    pub canary: Option<Version>,
    /// The serving revision.
    pub stable: Option<Version>,
    /// What the live route is set to; the controller's own word where no route can be read.
    pub set: Option<Weight>,
    /// What the controller's plan says the weight should be at this step.
    pub planned: Option<Weight>,
    /// What the controller itself says of the weight now; the live route is believed before it.
    pub said: Option<Weight>,
    /// The share of available pods, where nothing but the number of pods splits the traffic.
    pub by_pods: Option<Weight>,
    /// The plan.
    pub steps: Vec<Step>,
    /// The index of the step at which it stands; equal to the number of steps when past the last.
    pub step: Option<u32>,
    /// The workload of the revision under test, where it is another than the placement's: two workloads behind a
    /// route that nobody owns.
    pub workload: Option<WorkloadRef>,
    /// The hash of the canary's pods, for metrics.
    pub canary_hash: Option<Arc<str>>,
    /// The hash of the stable pods.
    pub stable_hash: Option<Arc<str>>,
    /// The Service of the canary.
    pub canary_service: Option<Arc<str>>,
    /// The Service of the stable revision.
    pub stable_service: Option<Arc<str>>,
}

/// How far the live weight may be from the plan's, in points of percent, before it is said.
const APART: f64 = 0.5;

impl Canary {
    /// The plan's weight and the set one, where they differ although the rollout stands still: a controller can say
    /// "paused at 20 %" while the route gives 0 %.
    pub fn apart(&self) -> Option<(Weight, Weight)> {
        let (planned, set) = (self.planned?, self.set?);
        let still = matches!(self.state, CanaryPhase::Paused { .. } | CanaryPhase::Aborted { .. });
        (still && (planned.percent() - set.percent()).abs() > APART).then_some((planned, set))
    }

    /// Whether a revision is under test right now.
    pub fn under_way(&self) -> bool {
        !matches!(self.state, CanaryPhase::Done)
    }

    /// The weights that the plan stops at, ascending and without doubles: the detents of the slider.
    pub fn detents(&self) -> Vec<Weight> {
        let mut stops: Vec<Weight> =
            self.steps.iter().filter_map(|s| if let Step::SetWeight(w) = s { Some(*w) } else { None }).collect();
        stops.sort_by(|a, b| a.percent().total_cmp(&b.percent()));
        stops.dedup();
        stops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_always_in_range() {
        for (raw, shown) in
            [(20.0, "20"), (19.6, "19.6"), (19.99, "20"), (-1.0, "0"), (250.0, "100"), (f64::NAN, "0"), (f64::INFINITY, "100")]
        {
            assert_eq!(Weight::new(raw).to_string(), shown);
        }
    }
}
