//! Measured health of the arms of a service.

mod counter;
mod target;

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use counter::{CounterReading, CounterSample};
pub use target::{MetricTarget, MetricsSettings, OwnQueries, SeriesSettings, ServiceMetrics, SourceSettings};

use super::{EnvironmentName, SafeText, ServiceName};

/// Which pods a figure speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// All pods of the service: what users get.
    Serving,
    /// The pods of the revision under test.
    Canary,
    /// The pods of the stable revision.
    Baseline,
}

/// Why there is no figure. Never zero, never a pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum NoValue {
    /// Nothing was asked or answered yet.
    Waiting,
    /// The query found no series.
    Empty,
    /// The figure is not a number, or infinite.
    NotFinite,
    /// The query found several series where one was expected.
    Several {
        /// How many.
        count: u32,
    },
    /// The newest sample is too old.
    Stale {
        /// When it was taken.
        newest: Timestamp,
    },
    /// The answer came with warnings; it may be partial.
    Warned {
        /// The first one.
        warning: SafeText,
    },
    /// The metrics that are there do not tell the arms apart.
    Alike {
        /// Under which names the requests are counted.
        preset: SafeText,
    },
    /// The source cannot be read.
    Down {
        /// The problem.
        problem: SafeText,
    },
}

impl fmt::Display for NoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting => f.write_str("not read yet"),
            Self::Empty => f.write_str("no data"),
            Self::NotFinite => f.write_str("not a number"),
            Self::Several { count } => write!(f, "{count} series instead of one"),
            Self::Stale { newest } => write!(f, "nothing newer than {}", newest.strftime("%H:%M:%SZ")),
            Self::Warned { warning } => write!(f, "partial: {warning}"),
            Self::Alike { preset } => write!(f, "the metrics of {preset} do not tell canary and stable apart here"),
            Self::Down { problem } => write!(f, "{problem}"),
        }
    }
}

/// A figure, or the reason why there is none.
pub type Measure = Result<f64, NoValue>;

/// Names a set of figures: a service's arm in one environment, over all its clusters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MetricKey {
    /// The service.
    pub service: ServiceName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The arm.
    pub arm: Arm,
}

/// Points in time, evenly spaced; a gap is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The time of the first point.
    pub start: Timestamp,
    /// The time between two points.
    pub step: SignedDuration,
    /// Bad share of requests, 0 to 1.
    pub errors: Vec<f64>,
    /// Median latency, in seconds.
    pub p50: Vec<f64>,
    /// 95th percentile of latency, in seconds.
    pub p95: Vec<f64>,
    /// 99th percentile of latency, in seconds.
    pub p99: Vec<f64>,
    /// Requests per second.
    pub rps: Vec<f64>,
}

impl History {
    /// `count` points `step` apart of which nothing is known yet.
    pub fn gaps(start: Timestamp, step: SignedDuration, count: usize) -> Self {
        let line = || vec![f64::NAN; count];
        Self { start, step, errors: line(), p50: line(), p95: line(), p99: line(), rps: line() }
    }

    /// The time of a point.
    pub fn at(&self, index: usize) -> Timestamp {
        self.start.checked_add(self.step.saturating_mul(i32::try_from(index).unwrap_or(i32::MAX))).unwrap_or(self.start)
    }

    /// The time of the last point.
    pub fn end(&self) -> Timestamp {
        self.at(self.errors.len().saturating_sub(1))
    }
}

/// What is in front of a service says of the same requests: it also answers those that never reached a pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeMetrics {
    /// Who says it: `router`, `entry points`, `callers`.
    pub says: SafeText,
    /// Bad share of requests over the last five minutes, 0 to 1.
    pub errors: Measure,
    /// Requests per second.
    pub rps: Measure,
}

/// A series beside the figures: saturation, or one that the configuration names. Advisory: it never makes a NO-GO.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedSeries {
    /// Its name: `cpu`, `memory`, `queue depth`.
    pub name: SafeText,
    /// Its unit, for people: `%`, `messages`.
    pub unit: SafeText,
    /// The newest value.
    pub value: Measure,
    /// The limit that somebody wrote down for it.
    pub limit: Option<f64>,
    /// The values behind it, at the times of the graphs; a gap is NaN.
    #[serde(skip)]
    pub points: Arc<[f64]>,
}

impl NamedSeries {
    /// Whether the newest value is over its limit.
    pub fn over(&self) -> bool {
        matches!((&self.value, self.limit), (Ok(value), Some(limit)) if *value > limit)
    }
}

/// The figures of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmMetrics {
    /// Whose figures these are.
    pub key: MetricKey,
    /// Bad share of requests over the last five minutes, 0 to 1.
    pub errors: Measure,
    /// Median latency over the last five minutes, in seconds.
    pub p50: Measure,
    /// 95th percentile of latency over the last five minutes, in seconds.
    pub p95: Measure,
    /// 99th percentile of latency over the last five minutes, in seconds.
    pub p99: Measure,
    /// Requests per second.
    pub rps: Measure,
    /// Requests in the last five minutes.
    pub requests: Measure,
    /// Under which names the requests are counted: `istio`, `plain`, …; empty while that is not known.
    pub preset: SafeText,
    /// The sources that were asked, by the names of the configuration.
    pub sources: Vec<SafeText>,
    /// What has to be said beside the figures: a quantile that is the worst of several sources.
    pub notes: Vec<SafeText>,
    /// What the router in front says.
    pub edge: Option<EdgeMetrics>,
    /// Saturation and the series that the configuration names.
    pub series: Vec<NamedSeries>,
    /// The graphs.
    #[serde(skip)]
    pub history: Option<Arc<History>>,
}

impl ArmMetrics {
    /// An arm of which no figure is known, and why.
    pub fn unknown(key: MetricKey, why: &NoValue) -> Self {
        let none = || Err(why.clone());
        Self {
            key,
            errors: none(),
            p50: none(),
            p95: none(),
            p99: none(),
            rps: none(),
            requests: none(),
            preset: SafeText::clean(""),
            sources: vec![],
            notes: vec![],
            edge: None,
            series: vec![],
            history: None,
        }
    }
}

/// Requests in five minutes below which an arm says nothing.
pub const ENOUGH_REQUESTS: f64 = 100.0;

/// How many times the baseline a canary must be to be clearly worse.
const CLEARLY: f64 = 2.0;

/// What one figure of a canary says beside the baseline's and a limit.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Neither arm is over the limit.
    Pass,
    /// The canary is over the limit and clearly worse than the baseline.
    Worse,
    /// Both are over the limit, and alike: the environment, not the canary.
    BothOver,
    /// The canary is over the limit, but not clearly worse than the baseline.
    Over,
    /// Only the baseline is over the limit: the environment, not the canary.
    BaselineOver,
    /// A figure is not known: whose, and why.
    Unknown(Arm, NoValue),
}

impl Comparison {
    /// Holds a canary's figure against the baseline's and a limit.
    pub fn of(canary: &Measure, baseline: &Measure, limit: f64) -> Self {
        let (test, base) = match (canary, baseline) {
            (Ok(test), Ok(base)) => (*test, *base),
            (Err(why), _) => return Self::Unknown(Arm::Canary, why.clone()),
            (_, Err(why)) => return Self::Unknown(Arm::Baseline, why.clone()),
        };
        match (test > limit, base > limit) {
            (false, false) => Self::Pass,
            (false, true) => Self::BaselineOver,
            (true, _) if test > CLEARLY * base => Self::Worse,
            (true, true) => Self::BothOver,
            (true, false) => Self::Over,
        }
    }
}
