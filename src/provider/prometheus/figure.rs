//! What the answers to a batch are worth for each of its targets. Pure.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    answer::{Answer, Series, instant},
    batch::Batch,
    preset::{Preset, Tell},
    query::WINDOW_SECONDS,
};
use crate::domain::{ArmMetrics, History, Measure, MetricTarget, NoValue, Problem};

/// What a query was answered with.
pub type Answered = Result<Answer, Problem>;

/// The answers to the queries of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Requests by how they ended.
    pub counts: Answered,
    /// 50th, 95th and 99th percentile.
    pub quantiles: [Answered; 3],
    /// Time of the newest sample.
    pub newest: Answered,
}

/// How old the newest sample may be: two scrapes, and some time for the scrape itself.
pub fn fresh_for(scrape: SignedDuration) -> SignedDuration {
    scrape.saturating_mul(2).saturating_add(SignedDuration::from_secs(5))
}

/// The rows of an answer that are a target's.
pub fn rows<'a>(answer: &'a Answered, batch: &Batch<'_>, target: &MetricTarget) -> Result<Vec<&'a Series>, NoValue> {
    let answer = answer.as_ref().map_err(|p| NoValue::Down { problem: p.what.clone() })?;
    answer.whole()?;
    let label = batch.label();
    Ok(answer.series.iter().filter(|s| s.label(label).is_some_and(|value| batch.owns(target, value))).collect())
}

/// Whether nothing at all is known of a target: neither an answer nor the reason why there is none.
pub fn silent(answers: &Answers, batch: &Batch<'_>, target: &MetricTarget) -> bool {
    matches!(rows(&answers.newest, batch, target), Ok(rows) if rows.is_empty())
}

/// What a target's rows are worth; `last` is the newest sample that a longer look back found of a silent target.
pub fn figures(
    batch: &Batch<'_>,
    target: &MetricTarget,
    answers: &Answers,
    last: Option<Timestamp>,
    scrape: SignedDuration,
) -> ArmMetrics {
    let preset = batch.dialect.preset;
    let mut out = match measured(batch, target, answers, last, scrape) {
        Ok(arm) => arm,
        Err(why) => ArmMetrics::unknown(target.key.clone(), &why),
    };
    out.preset = preset.name.into();
    out
}

fn measured(
    batch: &Batch<'_>,
    target: &MetricTarget,
    answers: &Answers,
    last: Option<Timestamp>,
    scrape: SignedDuration,
) -> Result<ArmMetrics, NoValue> {
    fresh(&rows(&answers.newest, batch, target)?, last, scrape)?;
    let counts = counted(&rows(&answers.counts, batch, target)?, batch.dialect.preset)?;
    let idle = counts.all <= 0.0;
    let mut notes = vec![];
    let mut quantile = |which: usize, name: &str| {
        // Without requests a quantile is NaN; the plain truth is that there is nothing to measure.
        if idle {
            return Err(NoValue::Empty);
        }
        let rows = rows(&answers.quantiles[which], batch, target)?;
        if rows.len() > 1 && matches!(batch.dialect.preset.tell, Tell::Backend(_)) {
            notes.push(format!("{name} is the worst of {} backends", rows.len()).into());
            return rows.iter().try_fold(0.0, |worst: f64, row| Ok(worst.max(row.number()?)));
        }
        one(&rows)
    };
    let [p50, p95, p99] = [quantile(0, "p50"), quantile(1, "p95"), quantile(2, "p99")];
    Ok(ArmMetrics {
        errors: if idle { Err(NoValue::Empty) } else { Ok((counts.bad / counts.all).clamp(0.0, 1.0)) },
        p50,
        p95,
        p99,
        rps: Ok(counts.all / WINDOW_SECONDS),
        requests: Ok(counts.all),
        notes,
        ..ArmMetrics::unknown(target.key.clone(), &NoValue::Empty)
    })
}

fn one(rows: &[&Series]) -> Measure {
    match rows {
        [] => Err(NoValue::Empty),
        [one] => one.number(),
        many => Err(NoValue::Several { count: u32::try_from(many.len()).unwrap_or(u32::MAX) }),
    }
}

/// Whether the newest of these times of samples is new enough.
pub fn fresh(newest: &[&Series], last: Option<Timestamp>, scrape: SignedDuration) -> Result<(), NoValue> {
    let mut taken: Option<(Timestamp, Timestamp)> = None;
    for row in newest {
        let at = row.points.last().and_then(|(at, _)| instant(*at)).ok_or(NoValue::Empty)?;
        let sample = instant(row.number()?).ok_or(NoValue::NotFinite)?;
        taken = taken.max(Some((sample, at)));
    }
    let Some((sample, now)) = taken else {
        return Err(last.map_or(NoValue::Empty, |newest| NoValue::Stale { newest }));
    };
    // A sample from the future is no more to be believed than an old one.
    if now.duration_since(sample).abs() > fresh_for(scrape) { Err(NoValue::Stale { newest: sample }) } else { Ok(()) }
}

struct Counts {
    all: f64,
    bad: f64,
}

fn counted(rows: &[&Series], preset: &Preset) -> Result<Counts, NoValue> {
    if rows.is_empty() {
        return Err(NoValue::Empty);
    }
    let mut counts = Counts { all: 0.0, bad: 0.0 };
    for row in rows {
        let value = row.number()?;
        counts.all += value;
        if preset.is_bad(|label| row.label(label)) {
            counts.bad += value;
        }
    }
    Ok(counts)
}

/// Which points of time a graph has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// The first one.
    pub start: Timestamp,
    /// The time between two.
    pub step: SignedDuration,
    /// How many.
    pub count: usize,
}

impl Axis {
    /// The last one.
    pub fn end(&self) -> Timestamp {
        let steps = i32::try_from(self.count.saturating_sub(1)).unwrap_or(i32::MAX);
        self.start.checked_add(self.step.saturating_mul(steps)).unwrap_or(self.start)
    }

    /// A series on the axis; what is missing or no number is a gap.
    pub fn line(&self, series: &Series) -> Vec<f64> {
        let mut line = vec![f64::NAN; self.count];
        for (at, value) in &series.points {
            let index = ((at - self.start.as_millisecond() as f64 / 1000.0) / self.step.as_secs_f64()).round();
            if (0.0..self.count as f64).contains(&index) && value.is_finite() {
                line[index as usize] = *value;
            }
        }
        line
    }
}

/// The graphs of a target, from the answers to requests per second by how they ended, and to the three quantiles. A query
/// that failed leaves its lines empty; `None` if all did.
pub fn history(batch: &Batch<'_>, target: &MetricTarget, answers: &[Answered; 4], axis: Axis) -> Option<Arc<History>> {
    if answers.iter().all(Result::is_err) {
        return None;
    }
    let mut out = History::gaps(axis.start, axis.step, axis.count);
    let [counts, quantiles @ ..] = answers;
    if let Ok(rows) = rows(counts, batch, target)
        && !rows.is_empty()
    {
        let preset = batch.dialect.preset;
        let lines: Vec<(bool, Vec<f64>)> =
            rows.iter().map(|row| (preset.is_bad(|label| row.label(label)), axis.line(row))).collect();
        for at in 0..axis.count {
            let here = lines.iter().filter(|(_, line)| line[at].is_finite());
            let (bad, all) = here.fold((0.0, f64::NAN), |(bad, all), (is_bad, line)| {
                (if *is_bad { bad + line[at] } else { bad }, if f64::is_nan(all) { line[at] } else { all + line[at] })
            });
            out.rps[at] = all;
            // No errors reads 0, no traffic reads nothing.
            out.errors[at] = if all > 0.0 { (bad / all).clamp(0.0, 1.0) } else { f64::NAN };
        }
    }
    for (answer, line) in quantiles.iter().zip([&mut out.p50, &mut out.p95, &mut out.p99]) {
        match rows(answer, batch, target).as_deref() {
            Ok([one]) => *line = axis.line(one),
            Ok(several) if matches!(batch.dialect.preset.tell, Tell::Backend(_)) => {
                for row in several {
                    for (worst, value) in line.iter_mut().zip(axis.line(row)) {
                        *worst = worst.max(value);
                    }
                }
            }
            // Several series where one was expected, or part of them: a gap is honest, a guess is not.
            _ => {}
        }
    }
    Some(Arc::new(out))
}

#[cfg(test)]
mod tests;
