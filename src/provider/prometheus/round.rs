//! One round: every wanted target measured, or the reason why the source cannot say anything.

use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    answer::{Answer, Answers, figures, history},
    query::{PROBE, Preset, Queries, preset_for, queries},
    source::Source,
};
use crate::domain::{ArmMetrics, MetricTarget, MetricsSettings, NoValue, Problem, ProblemKind};

/// How many queries are under way at most.
const IN_FLIGHT: usize = 8;

/// So many targets without any answer, and none with one: the source is dead, and the rest need not be asked.
const DEAD: usize = 3;

/// How far back graphs reach.
pub const GRAPH: SignedDuration = SignedDuration::from_mins(30);

/// The time between two points of a graph.
pub const STEP: SignedDuration = SignedDuration::from_secs(15);

/// How far back the last sample of a silent target is looked for, and how finely.
const LOOK_BACK: (SignedDuration, SignedDuration) = (SignedDuration::from_hours(1), SignedDuration::from_mins(1));

/// Namespaces and workloads that Istio knows.
pub type Meshed = Vec<(Arc<str>, Arc<str>)>;

/// Asks which workloads Istio knows.
pub async fn probe(source: &Source) -> Result<Meshed, Problem> {
    let answer = source.instant(PROBE).await?;
    let label = |series: &super::answer::Series, name: &str| series.labels.get(name).map(|v| Arc::from(v.as_str()));
    Ok(answer
        .series
        .iter()
        .filter_map(|s| Some((label(s, "destination_workload_namespace")?, label(s, "destination_workload")?)))
        .collect())
}

/// Measures every target. `now` only places the graphs; figures are evaluated at the server's own time.
pub async fn measure(
    source: &Source,
    settings: &MetricsSettings,
    configured: Option<Preset>,
    meshed: &Meshed,
    targets: &[MetricTarget],
    now: Timestamp,
) -> Result<Vec<ArmMetrics>, Problem> {
    if targets.is_empty() {
        // Nothing to measure is no proof of life; this is.
        source.instant("vector(1)").await?;
        return Ok(vec![]);
    }
    let one = |target: &MetricTarget| {
        let preset = preset_for(configured, meshed, target);
        let queries = queries(preset, target, settings);
        let target = target.clone();
        async move { arm(source, settings, preset, &target, &queries, now).await }
    };
    // Three queries of a target go together, so that they speak of the same moment.
    let mut results = stream::iter(targets.iter().map(one)).buffered(IN_FLIGHT / 3 + 1);
    let (mut arms, mut dead) = (Vec::with_capacity(targets.len()), 0);
    let mut first: Option<Problem> = None;
    while let Some(result) = results.next().await {
        match result {
            Ok(arm) => arms.push(arm),
            Err((problem, arm)) => {
                if matches!(problem.kind, ProblemKind::Auth | ProblemKind::Unreachable) {
                    return Err(problem);
                }
                dead += 1;
                arms.push(arm);
                first.get_or_insert(problem);
                if dead == DEAD && arms.len() == dead {
                    break;
                }
            }
        }
    }
    match first {
        Some(problem) if arms.len() == dead => Err(problem),
        _ => Ok(arms),
    }
}

/// Measures one target. A target of which no query was answered comes with the problem, which may be the source's.
async fn arm(
    source: &Source,
    settings: &MetricsSettings,
    preset: Preset,
    target: &MetricTarget,
    queries: &Queries,
    now: Timestamp,
) -> Result<ArmMetrics, (Problem, ArmMetrics)> {
    let key = target.key.clone();
    if target.hashes.is_empty() && target.key.arm != crate::domain::Arm::Serving {
        let none = || Err(NoValue::Empty);
        return Ok(ArmMetrics { key, errors: none(), p95: none(), rps: none(), requests: none(), history: None });
    }
    let (counts, p95, newest) =
        tokio::join!(source.instant(&queries.counts), source.instant(&queries.p95), source.instant(&queries.newest));
    let silent = matches!(&newest, Ok(answer) if answer.series.is_empty() && answer.warning.is_none());
    let last = if silent { last_sample(source, &queries.newest, now).await } else { None };
    let problem = match (&counts, &p95, &newest) {
        (Err(problem), Err(_), Err(_)) => Some(problem.clone()),
        _ => None,
    };
    let mut arm = figures(key, preset, &Answers { counts, p95, newest, last }, settings.scrape);
    if let Some(problem) = problem {
        return Err((problem, arm));
    }
    if let Some(h) = &queries.history {
        // Points on whole steps: the same moment gives the same point in every round.
        let end = floor(now, STEP);
        let start = end.checked_sub(GRAPH).unwrap_or(end);
        let ask = |query| source.range(query, start, end, STEP);
        let (errors, p95, rps) = tokio::join!(ask(&h.errors), ask(&h.p95), ask(&h.rps));
        let points = usize::try_from(GRAPH.as_secs() / STEP.as_secs()).unwrap_or(0) + 1;
        arm.history = history([&errors, &p95, &rps], start, STEP, points);
    }
    Ok(arm)
}

/// When a target that is silent now was last heard of: to say *since when*, not only *nothing*.
async fn last_sample(source: &Source, newest: &str, now: Timestamp) -> Option<Timestamp> {
    let end = floor(now, LOOK_BACK.1);
    let answer: Answer = source.range(newest, end.checked_sub(LOOK_BACK.0).ok()?, end, LOOK_BACK.1).await.ok()?;
    let (_, value) = answer.series.first()?.points.last()?;
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(*value).ok()?).ok()
}

fn floor(at: Timestamp, step: SignedDuration) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(step.as_secs())).unwrap_or(at)
}
