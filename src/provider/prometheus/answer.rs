//! Answers: the envelope of the query API, and what a figure is worth. Pure.

use std::{collections::BTreeMap, sync::Arc};

use ::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::query::{Preset, WINDOW_SECONDS};
use crate::{
    domain::{ArmMetrics, History, Measure, MetricKey, NoValue, Problem, ProblemKind, SafeText},
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
            [one] => match one.points[..] {
                [(_, value)] if value.is_finite() => Ok(value),
                [_] => Err(NoValue::NotFinite),
                _ => Err(NoValue::Empty),
            },
            many => Err(NoValue::Several { count: u32::try_from(many.len()).unwrap_or(u32::MAX) }),
        }
    }

    fn whole(&self) -> Result<(), NoValue> {
        self.warning.as_ref().map_or(Ok(()), |warning| Err(NoValue::Warned { warning: warning.clone() }))
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
fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

/// How old the newest sample may be: two scrapes, and some time for the scrape itself.
pub fn fresh_for(scrape: SignedDuration) -> SignedDuration {
    scrape.saturating_mul(2).saturating_add(SignedDuration::from_secs(5))
}

/// The answers to one target's queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Requests by status code.
    pub counts: Result<Answer, Problem>,
    /// 95th percentile.
    pub p95: Result<Answer, Problem>,
    /// Time of the newest sample.
    pub newest: Result<Answer, Problem>,
    /// The newest sample that a longer look back found, where `newest` was empty.
    pub last: Option<Timestamp>,
}

/// What a target's answers are worth.
pub fn figures(key: MetricKey, preset: Preset, answers: &Answers, scrape: SignedDuration) -> ArmMetrics {
    let all = |why: NoValue| ArmMetrics {
        key: key.clone(),
        errors: Err(why.clone()),
        p95: Err(why.clone()),
        rps: Err(why.clone()),
        requests: Err(why),
        history: None,
    };
    if let Err(why) = fresh(answers, scrape) {
        return all(why);
    }
    let counts = match counted(&answers.counts, preset) {
        Ok(counts) => counts,
        Err(why) => return all(why),
    };
    let idle = counts.all <= 0.0;
    ArmMetrics {
        errors: if idle { Err(NoValue::Empty) } else { Ok((counts.bad / counts.all).clamp(0.0, 1.0)) },
        // Without requests the quantile is NaN; the plain truth is that there is nothing to measure.
        p95: if idle { Err(NoValue::Empty) } else { answered(&answers.p95).and_then(Answer::one) },
        rps: Ok(counts.all / WINDOW_SECONDS),
        requests: Ok(counts.all),
        history: None,
        key,
    }
}

struct Counts {
    all: f64,
    bad: f64,
}

fn answered(answer: &Result<Answer, Problem>) -> Result<&Answer, NoValue> {
    answer.as_ref().map_err(|p| NoValue::Down { problem: p.what.clone() })
}

fn fresh(answers: &Answers, scrape: SignedDuration) -> Result<(), NoValue> {
    let newest = answered(&answers.newest)?;
    let stale = |newest| Err(NoValue::Stale { newest });
    let taken = match (newest.one(), answers.last) {
        (Err(NoValue::Empty), Some(last)) => return stale(last),
        (other, _) => instant(other?).ok_or(NoValue::NotFinite)?,
    };
    let now = newest.at.ok_or(NoValue::Empty)?;
    // A sample from the future is no more to be believed than an old one.
    if now.duration_since(taken).abs() > fresh_for(scrape) { stale(taken) } else { Ok(()) }
}

fn counted(answer: &Result<Answer, Problem>, preset: Preset) -> Result<Counts, NoValue> {
    let answer = answered(answer)?;
    answer.whole()?;
    if answer.series.is_empty() {
        return Err(NoValue::Empty);
    }
    let mut counts = Counts { all: 0.0, bad: 0.0 };
    for series in &answer.series {
        let (_, value) = *series.points.last().ok_or(NoValue::Empty)?;
        if !value.is_finite() {
            return Err(NoValue::NotFinite);
        }
        counts.all += value;
        let bad = preset
            .codes()
            .iter()
            .filter_map(|name| series.labels.get(*name))
            .any(|code| code.len() == 3 && code.starts_with('5'));
        if bad {
            counts.bad += value;
        }
    }
    Ok(counts)
}

/// The graphs from the answers to the range queries over `start` and `count` points `step` apart. A query that failed
/// leaves its line empty; `None` if all did.
pub fn history(
    [errors, p95, rps]: [&Result<Answer, Problem>; 3],
    start: Timestamp,
    step: SignedDuration,
    count: usize,
) -> Option<Arc<History>> {
    let line = |answer: &Result<Answer, Problem>| {
        let mut line = vec![f64::NAN; count];
        // Several series where one was expected, or part of them: a gap is honest, a guess is not.
        if let Ok(Answer { series, warning: None, .. }) = answer
            && let [one] = &series[..]
        {
            for (at, value) in &one.points {
                let index = ((at - start.as_millisecond() as f64 / 1000.0) / step.as_secs_f64()).round();
                if (0.0..count as f64).contains(&index) && value.is_finite() {
                    line[index as usize] = *value;
                }
            }
        }
        line
    };
    if [errors, p95, rps].iter().all(|a| a.is_err()) {
        return None;
    }
    Some(Arc::new(History { start, step, errors: line(errors), p95: line(p95), rps: line(rps) }))
}

#[cfg(test)]
mod tests;
