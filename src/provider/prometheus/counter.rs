//! Raw counters: every pod of an arm at one time of the server's clock, with the time of its newest sample.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    answer::{Answer, instant},
    batch::{Batch, batches},
    figure::rows,
    preset::{Dialect, Tell},
    round::apart,
    source::Source,
};
use crate::domain::{CounterReading, CounterSample, MetricTarget, NoValue, Problem, SafeText, SourceSettings};

/// What names a series of counters: the pod, or the backend of a router.
fn unit(batch: &Batch<'_>) -> &'static str {
    match batch.dialect.preset.tell {
        Tell::Workload { .. } | Tell::Pods => batch.dialect.place.pod,
        Tell::Backend(_) | Tell::Ingress { .. } => "instance",
    }
}

/// The counters of a batch by pod and by how requests ended, and the time of each pod's newest sample. A pod's counters
/// begin anew together, so their sum falls when they do.
pub fn queries(batch: &Batch<'_>) -> [String; 2] {
    let (preset, key, unit) = (batch.dialect.preset, batch.label(), unit(batch));
    let selector = format!("{}{{{}}}", preset.counter, batch.selector());
    let counted = if preset.native { format!("histogram_count({selector})") } else { selector.clone() };
    let counts = format!("sum by ({key}, {unit}, {}) ({})", preset.codes().join(", "), batch.told(&counted));
    [counts, format!("max by ({key}, {unit}) ({})", batch.told(&format!("timestamp({selector})")))]
}

/// Reads the counters of targets at one time, which is the server's own when it is first asked.
pub async fn read(
    source: &Source,
    place: &SourceSettings,
    targets: &[(usize, &MetricTarget, Dialect)],
) -> Result<Vec<(usize, CounterReading)>, Problem> {
    let clock = source.instant("vector(time())").await?;
    let at = clock.one().ok().and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
    let at = at.ok_or_else(|| Problem::new(crate::domain::ProblemKind::Unreadable, "prometheus does not tell its time"))?;
    let mut out = vec![];
    for (i, target, dialect) in targets {
        if let Err(why) = apart(target, *dialect) {
            out.push((*i, CounterReading { key: target.key.clone(), at, samples: Err(why) }));
        }
    }
    let asked = targets.iter().copied().filter(|(_, t, d)| apart(t, *d).is_ok());
    for batch in batches(asked, place, source.most()) {
        let [counts, newest] = queries(&batch);
        let (counts, newest) = tokio::join!(source.instant_at(&counts, at), source.instant_at(&newest, at));
        for (i, target) in &batch.targets {
            let samples = samples(&batch, target, &counts, &newest);
            out.push((*i, CounterReading { key: target.key.clone(), at, samples }));
        }
    }
    Ok(out)
}

fn samples(
    batch: &Batch<'_>,
    target: &MetricTarget,
    counts: &Result<Answer, Problem>,
    newest: &Result<Answer, Problem>,
) -> Result<Vec<CounterSample>, NoValue> {
    let unit = unit(batch);
    let mut taken = BTreeMap::new();
    for row in rows(newest, batch, target)? {
        let at = instant(row.number()?).ok_or(NoValue::NotFinite)?;
        taken.insert(row.label(unit).unwrap_or_default(), at);
    }
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in rows(counts, batch, target)? {
        let value = row.number()?;
        let (bad, total) = sums.entry(row.label(unit).unwrap_or_default()).or_default();
        *total += value;
        if batch.dialect.preset.is_bad(|label| row.label(label)) {
            *bad += value;
        }
    }
    let sample = |(series, (bad, total)): (&str, (f64, f64))| {
        let taken = *taken.get(series).ok_or(NoValue::Empty)?;
        Ok(CounterSample { series: SafeText::clean(series), bad, total, taken })
    };
    let out: Vec<CounterSample> = sums.into_iter().map(sample).collect::<Result<_, NoValue>>()?;
    if out.is_empty() { Err(NoValue::Empty) } else { Ok(out) }
}
