//! Prometheus, and what speaks its query API.
//!
//! ```text
//! probe   which names are there, in which labels, for whom ─► Dialect per service (preset: one table)
//! batch   targets that one query answers for ─► query: the texts ─► source ─► answer ─► figure
//! own     queries of the configuration, laid over the preset's
//! edge    what the router in front says;  beside: saturation and named series
//! merge   one arm over several sources
//! counter raw counters, for a judge
//! examine is it there, how old is what it has
//! ```
//!
//! A round asks five queries per batch: requests by how they ended, three percentiles, and the time of the newest
//! sample. Everything is evaluated at the server's own time and judged by it, so the clock of this host decides nothing.
//! What cannot be measured is a [`NoValue`] with its reason, never zero.

mod answer;
mod batch;
mod beside;
mod counter;
mod edge;
mod examine;
mod figure;
mod merge;
mod own;
mod preset;
mod probe;
mod query;
mod round;
mod source;
mod text;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};

pub use figure::fresh_for;
pub use preset::{PRESETS, Preset};

use self::{
    merge::Part,
    probe::{Chosen, Found},
    round::{Round, untellable},
    source::Source,
};
use crate::{
    config::PrometheusConnection,
    domain::{
        Arm, ArmMetrics, ClusterName, CounterReading, Finding, MetricTarget, MetricsSettings, NoValue, Problem, ProblemKind,
        SourceSettings, SourceUpdate, Update,
    },
    provider::{
        http::Carrier,
        role::{Metrics, Sink, Timer},
    },
};

/// Time between two rounds.
const IDLE: Duration = Duration::from_secs(15);

/// The same while a canary is measured.
const BUSY: Duration = Duration::from_secs(5);

/// The longest time between two tries while the source is in trouble.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it is believed what a source was found to have.
const PROBED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The sources of figures.
pub struct Prometheus {
    places: Vec<Place>,
    settings: MetricsSettings,
    timer: Arc<dyn Timer>,
}

/// One source, and what is remembered of it.
struct Place {
    source: Source,
    settings: SourceSettings,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    probed: Option<(Timestamp, Arc<Found>)>,
    chosen: Chosen,
}

/// Prepares the sources of figures; nothing is sent. The connections are those of the settings' sources, in their order,
/// each with the way through an API server where it asks for one. Fails with a problem of kind `Config`.
pub fn connect(
    connections: &[(PrometheusConnection, Option<Arc<dyn Carrier>>)],
    settings: MetricsSettings,
    timer: Arc<dyn Timer>,
) -> Result<Prometheus, Problem> {
    let own = settings.services.values().filter_map(|s| s.preset.as_deref());
    for preset in settings.sources.iter().map(|s| &*s.preset).chain(own) {
        if !Preset::names().contains(&preset) {
            let what = format!("metrics.preset: there is no preset {preset}");
            return Err(Problem::new(ProblemKind::Config, what).hint(format!("one of {}", Preset::names().join(", "))));
        }
    }
    for (name, _) in settings.sources.iter().flat_map(|s| &s.labels) {
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
            return Err(Problem::new(ProblemKind::Config, format!("metrics.labels: {name:?} is not the name of a label")));
        }
    }
    let mut places = vec![];
    for ((connection, carrier), place) in connections.iter().zip(&settings.sources) {
        let source = Source::new(connection, carrier.clone(), connections.len() == 1, timer.clone())?;
        places.push(Place { source, settings: place.clone(), memory: Mutex::default() });
    }
    Ok(Prometheus { places, settings, timer })
}

impl Place {
    /// Whether the configuration says that a cluster is this source's.
    fn names(&self, cluster: &ClusterName) -> bool {
        self.settings.clusters.as_ref().is_some_and(|c| c.contains(cluster))
    }

    /// The part of a target that lies in the clusters of this source.
    fn share(&self, target: &MetricTarget, others: &[Place]) -> Option<MetricTarget> {
        let mine = |cluster: &&ClusterName| {
            self.names(cluster) || self.settings.clusters.is_none() && !others.iter().any(|o| o.names(cluster))
        };
        let clusters: Vec<_> = target.clusters.iter().filter(mine).cloned().collect();
        (!clusters.is_empty()).then(|| MetricTarget { clusters, ..target.clone() })
    }

    /// What the source has, asked for now and then.
    async fn found(&self, memory: &mut Memory, targets: &[MetricTarget], now: Timestamp) -> Result<Arc<Found>, Problem> {
        let fresh = memory.probed.as_ref().filter(|(at, _)| now.duration_since(*at) < PROBED_FOR);
        if let Some((_, found)) = fresh {
            return Ok(found.clone());
        }
        let serving: Vec<&MetricTarget> = targets.iter().filter(|t| t.key.arm == Arm::Serving).collect();
        let found = Arc::new(probe::probe(&self.source, &self.settings, &serving).await?);
        // What was looked for in vain is looked for again in the next round.
        if serving.is_empty() || !found.spoken.is_empty() {
            memory.probed = Some((now, found.clone()));
        }
        Ok(found)
    }

    async fn measure(
        &self,
        settings: &MetricsSettings,
        targets: &[MetricTarget],
        now: Timestamp,
    ) -> Result<Vec<ArmMetrics>, Problem> {
        let mut memory = self.memory.lock().await;
        let found = self.found(&mut memory, targets, now).await?;
        let round = Round { source: &self.source, place: &self.settings, settings, found: &found, now };
        round.measure(targets, &mut memory.chosen).await
    }
}

impl Prometheus {
    async fn round(&self, targets: &[MetricTarget]) -> Result<Vec<ArmMetrics>, Problem> {
        let now = self.timer.now();
        if targets.is_empty() {
            // Nothing to measure is no proof of life; this is.
            for place in &self.places {
                place.source.instant("vector(1)").await?;
            }
            return Ok(vec![]);
        }
        let shares: Vec<Vec<(usize, MetricTarget)>> = self
            .places
            .iter()
            .map(|p| targets.iter().enumerate().filter_map(|(at, t)| Some((at, p.share(t, &self.places)?))).collect())
            .collect();
        let asked = self.places.iter().zip(&shares).filter(|(_, share)| !share.is_empty());
        let answers = future::join_all(asked.map(|(place, share)| async move {
            let targets: Vec<MetricTarget> = share.iter().map(|(_, t)| t.clone()).collect();
            (place, share, place.measure(&self.settings, &targets, now).await)
        }))
        .await;
        if let Some(problem) = answers.iter().find_map(|(.., a)| a.as_ref().err())
            && answers.iter().all(|(.., a)| a.is_err())
        {
            return Err(problem.clone());
        }
        let mut parts: Vec<Vec<Part>> = vec![vec![]; targets.len()];
        for (place, share, answer) in answers {
            let name = place.settings.name.clone();
            match answer {
                Ok(arms) => {
                    for ((at, _), arm) in share.iter().zip(arms) {
                        parts[*at].push((name.clone(), arm));
                    }
                }
                Err(problem) => {
                    let why = NoValue::Down { problem: problem.what };
                    for (at, target) in share {
                        parts[*at].push((name.clone(), ArmMetrics::unknown(target.key.clone(), &why)));
                    }
                }
            }
        }
        Ok(targets.iter().zip(parts).map(|(target, parts)| merge::merged(&target.key, parts)).collect())
    }

    /// The counters of the part of the targets that one source knows.
    async fn counted(&self, place: &Place, targets: &[(usize, MetricTarget)]) -> Result<Vec<(usize, CounterReading)>, Problem> {
        let mut memory = place.memory.lock().await;
        let all: Vec<MetricTarget> = targets.iter().map(|(_, t)| t.clone()).collect();
        let now = self.timer.now();
        let found = place.found(&mut memory, &all, now).await?;
        let round = Round { source: &place.source, place: &place.settings, settings: &self.settings, found: &found, now };
        let spoken: Vec<_> =
            targets.iter().map(|(at, target)| (*at, target, round.dialect(target, &mut memory.chosen))).collect();
        counter::read(&place.source, &place.settings, &spoken).await
    }
}

#[async_trait]
impl Metrics for Prometheus {
    async fn discover(&self) -> Result<Vec<&'static str>, Problem> {
        let mut out = vec![];
        for place in &self.places {
            let found = examine::discover(&place.source).await?;
            out.extend(found.into_iter().filter(|name| !out.contains(name)).collect::<Vec<_>>());
        }
        Ok(out)
    }

    async fn examine(&self, targets: &[MetricTarget]) -> Vec<Finding> {
        examine::examine(self, targets).await
    }

    async fn watch(&self, mut wanted: watch::Receiver<Arc<Vec<MetricTarget>>>, out: Sink) {
        let mut failures = 0;
        loop {
            let targets = wanted.borrow_and_update().clone();
            let answer = tokio::select! {
                answer = self.round(&targets) => answer,
                // What is measured is not what is wanted any more.
                Ok(()) = wanted.changed() => continue,
            };
            let (update, wait) = match answer {
                Ok(arms) => {
                    failures = 0;
                    let canary = targets.iter().any(|t| t.key.arm == Arm::Canary && !untellable(t));
                    (Update::Replace(arms), if canary { BUSY } else { IDLE })
                }
                Err(problem) => {
                    failures += 1;
                    let wait = patience(failures).max(asked_for(&problem, self.timer.now()));
                    (Update::Trouble(problem), wait)
                }
            };
            out.tell(SourceUpdate::Metrics(update)).await;
            out.tell(SourceUpdate::MetricsCovered(targets)).await;
            tokio::select! {
                () = self.timer.sleep(wait) => {}
                changed = wanted.changed() => if changed.is_err() {
                    // Nobody can want anything else any more; what is wanted now still is.
                    self.timer.sleep(wait).await;
                },
            }
        }
    }

    async fn counters(&self, targets: &[MetricTarget]) -> Vec<CounterReading> {
        let now = self.timer.now();
        let none = NoValue::Down { problem: "no source knows these clusters".into() };
        let mut out: Vec<CounterReading> =
            targets.iter().map(|t| CounterReading { key: t.key.clone(), at: now, samples: Err(none.clone()) }).collect();
        let several = self.places.len() > 1;
        for place in &self.places {
            let shares = targets.iter().enumerate().filter_map(|(at, t)| Some((at, place.share(t, &self.places)?)));
            let mine: Vec<(usize, MetricTarget)> = shares.collect();
            if mine.is_empty() {
                continue;
            }
            let readings = match self.counted(place, &mine).await {
                Ok(readings) => readings,
                Err(problem) => {
                    let why = NoValue::Down { problem: problem.what };
                    let reading = |t: &MetricTarget| CounterReading { key: t.key.clone(), at: now, samples: Err(why.clone()) };
                    mine.iter().map(|(at, t)| (*at, reading(t))).collect()
                }
            };
            for (at, mut reading) in readings {
                if several && let Ok(samples) = &mut reading.samples {
                    for sample in samples {
                        sample.series = format!("{} {}", place.settings.name, sample.series).into();
                    }
                }
                let slot = &mut out[at];
                let first = slot.samples == Err(none.clone());
                slot.at = reading.at;
                slot.samples = match (std::mem::replace(&mut slot.samples, Err(none.clone())), reading.samples) {
                    (_, samples) if first => samples,
                    (Ok(mut before), Ok(more)) => {
                        before.extend(more);
                        Ok(before)
                    }
                    // A part of the pods is not the arm.
                    (Err(why), _) | (_, Err(why)) => Err(why),
                };
            }
        }
        out
    }
}

/// 1, 2, 4, … 60 seconds.
fn patience(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(PATIENCE)
}

/// How long the server asked us to stay away.
fn asked_for(problem: &Problem, now: Timestamp) -> Duration {
    problem.until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()).unwrap_or_default()
}
