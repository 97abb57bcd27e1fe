//! Analyses that a controller runs over a revision under test, and why one of them failed.
//!
//! Source: argo-rollouts `pkg/apis/rollouts/v1alpha1/analysis_types.go`; which condition leads to which phase was
//! observed on v1.10.0.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{Meta, SafeText};

/// The phase of an AnalysisRun, of one of its metrics, or of one measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnalysisPhase {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Passed.
    Successful,
    /// Failed: the rollout aborts.
    Failed,
    /// Could not be measured: the rollout aborts.
    Error,
    /// Neither passed nor failed: the rollout waits for a person.
    Inconclusive,
    /// A phase that we do not know.
    Unknown(SafeText),
}

impl AnalysisPhase {
    /// Whether it will not change any more.
    pub fn ended(&self) -> bool {
        matches!(self, Self::Successful | Self::Failed | Self::Error | Self::Inconclusive)
    }

    /// Whether it stops a rollout: failed, or not to be measured.
    pub fn bad(&self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }

    /// How much it matters for the question why a run did not pass.
    fn blame(&self) -> u8 {
        match self {
            Self::Failed => 3,
            Self::Error => 2,
            Self::Inconclusive => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for AnalysisPhase {
    /// The controller's own word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Inconclusive => "Inconclusive",
            Self::Unknown(word) => word.as_str(),
        })
    }
}

impl Serialize for AnalysisPhase {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What an analysis is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnalysisKind {
    /// A step of the plan: the rollout waits for it.
    Step,
    /// Beside the steps, for as long as the rollout is under way.
    Background,
    /// Before the switch of a blue-green rollout.
    PrePromotion,
    /// After the switch of a blue-green rollout.
    PostPromotion,
    /// Something else, an experiment or a run that somebody made.
    Other,
}

impl fmt::Display for AnalysisKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Step => "step",
            Self::Background => "background",
            Self::PrePromotion => "pre-promotion",
            Self::PostPromotion => "post-promotion",
            Self::Other => "other",
        })
    }
}

/// One measurement of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measurement {
    /// How it came out.
    pub phase: AnalysisPhase,
    /// The value as the controller keeps it: `[0.179]`.
    pub value: Option<SafeText>,
    /// What went wrong.
    pub message: Option<SafeText>,
    /// When it was taken.
    pub at: Option<Timestamp>,
}

/// One metric of an AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnalysisMetric {
    /// Its name.
    pub name: SafeText,
    /// How it stands.
    pub phase: AnalysisPhase,
    /// Whether its outcome does not count.
    pub dry_run: bool,
    /// Measurements so far.
    pub count: u32,
    /// How many measurements are wanted; endless where there is none.
    pub wanted: Option<u32>,
    /// Measurements that passed.
    pub successful: u32,
    /// Measurements that failed.
    pub failed: u32,
    /// How many may fail; `-1` any number.
    pub failure_limit: i64,
    /// Measurements that were neither.
    pub inconclusive: u32,
    /// Measurements that could not be taken.
    pub errors: u32,
    /// The condition of success.
    pub success: Option<SafeText>,
    /// The condition of failure.
    pub failure: Option<SafeText>,
    /// The controller's sentence.
    pub message: Option<SafeText>,
    /// The newest measurement.
    pub last: Option<Measurement>,
    /// The newest measurement that did not pass.
    pub last_bad: Option<Measurement>,
}

impl AnalysisMetric {
    /// Why the newest measurement that did not pass did not pass: `error-rate 0.179, must be <= 0.05`.
    pub fn why(&self) -> Option<SafeText> {
        let bad = self.last_bad.as_ref()?;
        let value = bad.value.as_ref().map(|v| format!(" {}", figure(v.as_str()))).unwrap_or_default();
        let (success, failure) = (self.success.as_ref(), self.failure.as_ref());
        let because = match (&bad.phase, success, failure) {
            (AnalysisPhase::Failed, Some(must), _) => format!(", must be {}", bare(must.as_str())),
            (AnalysisPhase::Failed, None, Some(not)) => format!(", must not be {}", bare(not.as_str())),
            (AnalysisPhase::Inconclusive, Some(must), Some(not)) => {
                format!(", neither {} nor {}", bare(must.as_str()), bare(not.as_str()))
            }
            _ => String::new(),
        };
        let said = bad.message.as_ref().or(self.message.as_ref().filter(|_| because.is_empty()));
        let said = said.map(|m| format!(": {m}")).unwrap_or_default();
        Some(format!("{}{value}{because}{said}", self.name).into())
    }
}

/// A condition as people read it: without the guards against empty answers, and without the name of the only value.
fn bare(condition: &str) -> String {
    let guard = |part: &&str| !(part.starts_with("len(") || part.starts_with("!isNaN(") || part.starts_with("!isInf("));
    let parts: Vec<&str> = condition.split("&&").map(str::trim).filter(guard).collect();
    let strip = |part: &str| part.strip_prefix("result[0]").unwrap_or(part).trim().to_owned();
    match parts.as_slice() {
        [] => condition.to_owned(),
        [one] => strip(one),
        many => many.join(" && "),
    }
}

/// A value as people read it: one number without its brackets, and no more digits than say something.
fn figure(raw: &str) -> String {
    let inner = raw.strip_prefix('[').and_then(|r| r.strip_suffix(']')).unwrap_or(raw);
    let round = |v: f64| {
        let digits = if v == 0.0 { 0.0 } else { 3.0 - v.abs().log10().floor() };
        let scale = 10f64.powf(digits.clamp(0.0, 9.0));
        format!("{}", (v * scale).round() / scale)
    };
    match inner.trim().parse::<f64>() {
        Ok(v) if v.is_finite() => round(v),
        _ => inner.to_owned(),
    }
}

/// An AnalysisRun of argoproj.io/v1alpha1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnalysisRun {
    /// What every object carries.
    pub meta: Meta,
    /// The uid of the controlling owner, a Rollout mostly.
    pub owner: Option<Arc<str>>,
    /// What it is run for.
    pub kind: AnalysisKind,
    /// The step that it belongs to.
    pub step: Option<u32>,
    /// The pod template hash of the revision that it is about.
    pub hash: Option<Arc<str>>,
    /// That revision's number.
    pub revision: Option<i64>,
    /// How it stands.
    pub phase: AnalysisPhase,
    /// The controller's sentence.
    pub message: Option<SafeText>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// Its metrics.
    pub metrics: Vec<AnalysisMetric>,
}

/// An analysis as it is shown beside a rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// The name of the AnalysisRun.
    pub name: SafeText,
    /// What it is run for.
    pub kind: AnalysisKind,
    /// The step that it belongs to.
    pub step: Option<u32>,
    /// Whether it is about the wanted revision; otherwise about an earlier one that it stopped.
    pub current: bool,
    /// How it stands.
    pub phase: AnalysisPhase,
    /// Why it did not pass, or why its last bad measurement did not.
    pub why: Option<SafeText>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// Its metrics; empty where only the Rollout tells of the run.
    pub metrics: Vec<AnalysisMetric>,
}

impl Analysis {
    /// A run, and whether it is about the wanted revision.
    pub fn of(run: &AnalysisRun, current: bool) -> Self {
        Self {
            name: run.meta.key.name.as_ref().into(),
            kind: run.kind,
            step: run.step,
            current,
            phase: run.phase.clone(),
            why: run.why(),
            started: run.started,
            completed: run.completed,
            metrics: run.metrics.clone(),
        }
    }
}

impl AnalysisRun {
    /// Why it did not pass: the metric that decided it, else the controller's sentence; of a run that is under way the
    /// metric whose measurements do not pass.
    pub fn why(&self) -> Option<SafeText> {
        let counted = || self.metrics.iter().filter(|m| !m.dry_run);
        // Of equal ones the first, as the controller names it.
        let decided = counted().rev().filter(|m| m.phase.blame() > 0).max_by_key(|m| m.phase.blame());
        if self.phase == AnalysisPhase::Successful {
            return None;
        }
        let open = || counted().find(|m| m.last.as_ref().is_some_and(|l| l.phase.blame() > 0));
        let metric = decided.or_else(open).and_then(AnalysisMetric::why);
        metric.or_else(|| self.message.clone().filter(|_| self.phase.blame() > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(phase: AnalysisPhase, value: &str, success: &str, failure: &str, message: &str) -> AnalysisMetric {
        let text = |t: &str| (!t.is_empty()).then(|| SafeText::from(t));
        let last = Measurement { phase: phase.clone(), value: text(value), message: text(message), at: None };
        AnalysisMetric {
            name: "error-rate".into(),
            phase,
            dry_run: false,
            count: 1,
            wanted: None,
            successful: 0,
            failed: 1,
            failure_limit: 0,
            inconclusive: 0,
            errors: 0,
            success: text(success),
            failure: text(failure),
            message: None,
            last: Some(last.clone()),
            last_bad: Some(last),
        }
    }

    #[test]
    fn why_names_metric_value_and_condition() {
        use AnalysisPhase::{Error, Failed, Inconclusive};
        for (given, want) in [
            (metric(Failed, "[0.17912345]", "result[0] <= 0.05", "", ""), "error-rate 0.1791, must be <= 0.05"),
            (metric(Failed, "[0.5]", "", "result[0] > 0.1", ""), "error-rate 0.5, must not be > 0.1"),
            (
                metric(Inconclusive, "[0.07]", "result[0] <= 0.05", "result[0] > 0.1", ""),
                "error-rate 0.07, neither <= 0.05 nor > 0.1",
            ),
            (metric(Inconclusive, "[NaN]", "a", "b", ""), "error-rate NaN, neither a nor b"),
            (metric(Error, "[]", "a", "", "index out of range"), "error-rate : index out of range"),
            (metric(Error, "", "a", "", "bad query"), "error-rate: bad query"),
            (metric(Failed, "[412.5,3]", "a", "", ""), "error-rate 412.5,3, must be a"),
        ] {
            assert_eq!(given.why().map(|w| w.to_string()).as_deref(), Some(want));
        }
    }

    #[test]
    fn a_condition_is_shown_without_its_guards() {
        for (raw, shown) in [
            ("len(result) > 0 && !isNaN(result[0]) && result[0] <= 0.01", "<= 0.01"),
            ("result[0] < 1 && result[1] < 2", "result[0] < 1 && result[1] < 2"),
            ("asFloat(result) < 3", "asFloat(result) < 3"),
            ("len(result) > 0", "len(result) > 0"),
        ] {
            assert_eq!(bare(raw), shown);
        }
    }

    #[test]
    fn a_figure_keeps_the_digits_that_say_something() {
        for (raw, shown) in [("[0]", "0"), ("[0.000123456]", "0.0001235"), ("1234.56", "1235"), ("[1e3]", "1000"), ("x", "x")] {
            assert_eq!(figure(raw), shown);
        }
    }
}
