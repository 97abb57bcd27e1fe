//! Raw counters, for who works out differences by himself.
//!
//! Prometheus' own `increase` loses the first request of a series that was born at 1 and stretches what it sees to the
//! edges of its window. A judge of single requests wants the counters as they are, per pod, so that he can tell a reset
//! from a fall.

use jiff::Timestamp;
use serde::Serialize;

use super::{MetricKey, NoValue};
use crate::domain::SafeText;

/// The counters of one pod of an arm (or of what stands in a pod's place: a backend of a router), at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CounterSample {
    /// The pod or backend, with the source where there are several: what a counter is kept under.
    pub series: SafeText,
    /// Requests that failed, since the counter began.
    pub bad: f64,
    /// All requests, since the counter began.
    pub total: f64,
    /// When the newest sample was scraped. The same time twice is no new reading.
    pub taken: Timestamp,
}

/// The counters of one arm at one time of the server's own clock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CounterReading {
    /// Whose counters these are.
    pub key: MetricKey,
    /// The time for which the server was asked.
    pub at: Timestamp,
    /// One sample per pod, by name; or why there are none. Old samples are given as they are: whether they are too old
    /// is judged by who uses them.
    pub samples: Result<Vec<CounterSample>, NoValue>,
}
