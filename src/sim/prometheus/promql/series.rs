//! Labels, series and where they come from: what the evaluator works on.

use std::fmt;
use std::sync::Arc;

use promql_parser::label::{METRIC_NAME, Matcher};

/// The bits of the NaN by which Prometheus ends a series before the look-back runs out (`model/value.StaleNaN`).
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A set of labels, the metric's name among them as `__name__`, sorted by name; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Sorts the pairs; of two with one name the first stays. Pairs with an empty value are no labels.
    pub fn new<K: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut list: Vec<(Arc<str>, Arc<str>)> =
            pairs.into_iter().map(|(k, v)| (k.into(), v.into())).filter(|(_, v)| !v.is_empty()).collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list.dedup_by(|later, first| later.0 == first.0);
        Self(list.into())
    }

    /// The value of a label; a missing one is the empty string, as in Prometheus.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| &**key == name).map_or("", |(_, value)| value)
    }

    /// Name and value of each label, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (&**k, &**v))
    }

    /// Only the labels for whose name `stays` holds.
    pub fn filter(&self, stays: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| stays(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| stays(name)).cloned().collect())
    }

    /// Without the metric's name, as after every computation.
    pub fn nameless(&self) -> Self {
        self.filter(|name| name != METRIC_NAME)
    }

    /// Whether every matcher accepts its label.
    pub fn matches(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|matcher| matcher.is_match(self.get(&matcher.name)))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

/// One series: labels and samples in order of time (milliseconds since 1970).
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What identifies it.
    pub labels: Labels,
    /// Instant in milliseconds and value, oldest first.
    pub samples: Vec<(i64, f64)>,
}

impl Series {
    /// The newest sample at or before `at` that is not older than `lookback`, unless the series has ended.
    pub fn at(&self, at: i64, lookback: i64) -> Option<(i64, f64)> {
        let after = self.samples.partition_point(|(time, _)| *time <= at);
        let (time, value) = *self.samples.get(after.checked_sub(1)?)?;
        (time >= at - lookback && value.to_bits() != STALE).then_some((time, value))
    }

    /// The samples of a closed interval, end marks included.
    pub fn between(&self, start: i64, end: i64) -> &[(i64, f64)] {
        let from = self.samples.partition_point(|(time, _)| *time < start);
        let to = self.samples.partition_point(|(time, _)| *time <= end);
        self.samples.get(from..to).unwrap_or_default()
    }
}

/// Something that holds series: the embedded world, or a table in a test.
pub trait Samples {
    /// Every series that all matchers accept and that has a sample in the closed interval (milliseconds), with those
    /// samples.
    fn select(&self, matchers: &[Matcher], start: i64, end: i64) -> Vec<Series>;
}
