//! Measured health of the arms of a service.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{ClusterName, EnvironmentName, SafeText, ServiceName, WorkloadRef};

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

/// What the engine wants measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricTarget {
    /// Under which name the figures come back.
    pub key: MetricKey,
    /// The clusters that count.
    pub clusters: Vec<ClusterName>,
    /// The namespaces in them.
    pub namespaces: Vec<Arc<str>>,
    /// The workload.
    pub workload: WorkloadRef,
    /// The pod template hashes of the arm, one per cluster; empty for the serving arm.
    pub hashes: Vec<Arc<str>>,
    /// Whether history is wanted too, for graphs.
    pub history: bool,
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
    /// 95th percentile of latency, in seconds.
    pub p95: Vec<f64>,
    /// Requests per second.
    pub rps: Vec<f64>,
}

/// The figures of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmMetrics {
    /// Whose figures these are.
    pub key: MetricKey,
    /// Bad share of requests over the last five minutes, 0 to 1.
    pub errors: Measure,
    /// 95th percentile of latency over the last five minutes, in seconds.
    pub p95: Measure,
    /// Requests per second.
    pub rps: Measure,
    /// Requests in the last five minutes.
    pub requests: Measure,
    /// The graphs.
    #[serde(skip)]
    pub history: Option<Arc<History>>,
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
