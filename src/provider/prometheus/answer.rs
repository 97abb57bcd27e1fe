//! Answers: the envelope of the query API. Pure.

use std::collections::BTreeMap;

use ::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    domain::{Measure, NoValue, Problem, ProblemKind, SafeText},
    provider::http,
};

/// A label set's name is no longer than this when it is kept, in characters.
const NAME: usize = 120;

/// What a query was answered with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The time that the server evaluated at, where any series says so.
    pub at: Option<Timestamp>,
    /// The series.
    pub series: Vec<Series>,
    /// The first warning: the answer may be partial.
    pub warning: Option<SafeText>,
}

/// One series: an instant answer has one point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Unix seconds and value, in order of time.
    pub points: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType")]
    kind: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    #[serde(default)]
    result: Value,
}

#[derive(Deserialize)]
struct RawSeries {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
    values: Option<Vec<(f64, String)>>,
}

impl Answer {
    /// Reads the body of an answer with this status.
    pub fn parse(status: StatusCode, body: &[u8], source: &str) -> Result<Self, Problem> {
        let envelope = match (http::json::<Envelope>(body, source), http::kind_of(status)) {
            (Ok(envelope), _) => envelope,
            (Err(unreadable), None) => return Err(unreadable),
            // A proxy answered in its own words: the status says more than the body.
            (Err(_), Some(kind)) => return Err(Problem::new(kind, format!("{source} answered {status}"))),
        };
        if envelope.status != "success" {
            return Err(refusal(&envelope, status, source));
        }
        if let Some(kind) = http::kind_of(status) {
            return Err(Problem::new(kind, format!("{source} answered {status}")));
        }
        let data = envelope.data.ok_or_else(|| unreadable(source, "success without data"))?;
        let mut answer =
            Self { warning: envelope.warnings.unwrap_or_default().first().map(|w| w.as_str().into()), ..Self::default() };
        match data.kind.as_str() {
            "vector" | "matrix" => {
                let raw: Vec<RawSeries> =
                    serde_json::from_value(data.result).map_err(|e| unreadable(source, &format!("a strange result: {e}")))?;
                for one in raw {
                    let points = one.values.or_else(|| one.value.map(|v| vec![v]));
                    let points = points.ok_or_else(|| unreadable(source, "a native histogram where a number was expected"))?;
                    answer.series.push(Series { labels: one.metric, points: numbers(points, source)? });
                }
            }
            "scalar" => {
                let point: (f64, String) =
                    serde_json::from_value(data.result).map_err(|e| unreadable(source, &format!("a strange scalar: {e}")))?;
                answer.series.push(Series { points: numbers(vec![point], source)?, ..Series::default() });
            }
            other => return Err(unreadable(source, &format!("a result of the unknown kind {other}"))),
        }
        answer.at = answer.series.iter().filter_map(|s| s.points.last()).find_map(|(at, _)| instant(*at));
        Ok(answer)
    }

    /// Exactly one finite number, or the reason why there is none.
    pub fn one(&self) -> Measure {
        self.whole()?;
        match &self.series[..] {
            [] => Err(NoValue::Empty),
            [one] => one.number(),
            many => Err(NoValue::Several { count: u32::try_from(many.len()).unwrap_or(u32::MAX) }),
        }
    }

    /// Nothing, or that the answer may be a part of the truth.
    pub fn whole(&self) -> Result<(), NoValue> {
        self.warning.as_ref().map_or(Ok(()), |warning| Err(NoValue::Warned { warning: warning.clone() }))
    }
}

impl Series {
    /// The value of a label; none and empty are the same.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// The newest number, if it is one.
    pub fn number(&self) -> Measure {
        match self.points.last() {
            Some((_, value)) if value.is_finite() => Ok(*value),
            Some(_) => Err(NoValue::NotFinite),
            None => Err(NoValue::Empty),
        }
    }
}

fn numbers(points: Vec<(f64, String)>, source: &str) -> Result<Vec<(f64, f64)>, Problem> {
    let number = |text: &str| match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    };
    points
        .into_iter()
        .map(|(at, text)| number(&text).map(|n| (at, n)).ok_or_else(|| unreadable(source, "a value that is no number")))
        .collect()
}

fn refusal(envelope: &Envelope, status: StatusCode, source: &str) -> Problem {
    let kind = match (envelope.kind.as_deref(), http::kind_of(status)) {
        (Some("bad_data"), _) => ProblemKind::Invalid,
        (Some("timeout" | "canceled"), _) => ProblemKind::Timeout,
        (Some("execution" | "internal" | "unavailable"), _) => ProblemKind::Server,
        (_, kind) => kind.unwrap_or(ProblemKind::Server),
    };
    let words = [envelope.kind.as_deref(), envelope.error.as_deref()];
    Problem::new(kind, format!("{source}: {}", words.into_iter().flatten().collect::<Vec<_>>().join(": ")))
}

fn unreadable(source: &str, why: &str) -> Problem {
    Problem::new(ProblemKind::Unreadable, format!("{source}: {}", SafeText::capped(why, NAME)))
}

/// Unix seconds as a time, if they are one.
pub fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests;
