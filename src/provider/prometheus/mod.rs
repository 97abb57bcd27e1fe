//! Prometheus, and what speaks its query API.
//!
//! A round asks three queries per target: requests by status code, the 95th percentile, and the time of the newest
//! sample. Everything is evaluated at the server's own time and judged by it, so the clock of this host decides
//! nothing. What cannot be measured is a [`NoValue`](crate::domain::NoValue) with its reason, never zero.

mod answer;
mod examine;
mod query;
mod round;
mod source;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub use answer::{Answer, Answers, Series, figures, fresh_for};
pub use query::{HistoryQueries, Preset, Queries, queries};

use self::{round::Meshed, source::Source};
use crate::{
    config::PrometheusConnection,
    domain::{Arm, ArmMetrics, Finding, MetricTarget, MetricsSettings, Problem, ProblemKind, SourceUpdate, Update},
    provider::role::{Metrics, Sink, Timer},
};

/// Time between two rounds.
const IDLE: Duration = Duration::from_secs(15);

/// The same while a canary is measured.
const BUSY: Duration = Duration::from_secs(5);

/// The longest time between two tries while the source is in trouble.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it is believed which workloads Istio knows.
const PROBED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// A source of figures.
pub struct Prometheus {
    source: Source,
    settings: MetricsSettings,
    preset: Option<Preset>,
    timer: Arc<dyn Timer>,
}

/// Prepares a source of figures; nothing is sent. Fails with a problem of kind `Config`.
pub fn connect(
    connection: &PrometheusConnection,
    settings: MetricsSettings,
    timer: Arc<dyn Timer>,
) -> Result<Prometheus, Problem> {
    let preset = match &*settings.preset {
        "auto" => None,
        "istio" => Some(Preset::Istio),
        "plain" => Some(Preset::Plain),
        other => {
            let what = format!("metrics.preset: there is no preset {other}");
            return Err(Problem::new(ProblemKind::Config, what).hint("one of auto, istio, plain"));
        }
    };
    for (name, _) in &settings.labels {
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
            return Err(Problem::new(ProblemKind::Config, format!("metrics.labels: {name:?} is not the name of a label")));
        }
    }
    Ok(Prometheus { source: Source::new(connection, timer.clone())?, settings, preset, timer })
}

/// What is known of the mesh, and since when.
type Probed = Option<(Timestamp, Meshed)>;

impl Prometheus {
    async fn round(&self, probed: &mut Probed, targets: &[MetricTarget]) -> Result<Vec<ArmMetrics>, Problem> {
        let now = self.timer.now();
        let fresh = |(at, _): &mut (Timestamp, Meshed)| now.duration_since(*at) < PROBED_FOR;
        let (_, meshed) = match (self.preset, probed.take_if(fresh)) {
            (None, None) => (now, round::probe(&self.source).await?),
            (_, known) => known.unwrap_or((now, vec![])),
        };
        let arms = round::measure(&self.source, &self.settings, self.preset, &meshed, targets, now).await;
        *probed = Some((now, meshed));
        arms
    }
}

#[async_trait]
impl Metrics for Prometheus {
    async fn discover(&self) -> Result<Vec<&'static str>, Problem> {
        examine::discover(self).await
    }

    async fn examine(&self, targets: &[MetricTarget]) -> Vec<Finding> {
        examine::examine(self, targets).await
    }

    async fn watch(&self, mut wanted: watch::Receiver<Arc<Vec<MetricTarget>>>, out: Sink) {
        let (mut probed, mut failures) = (None, 0);
        loop {
            let targets = wanted.borrow_and_update().clone();
            let answer = tokio::select! {
                answer = self.round(&mut probed, &targets) => answer,
                // What is measured is not what is wanted any more.
                Ok(()) = wanted.changed() => continue,
            };
            let (update, wait) = match answer {
                Ok(arms) => {
                    failures = 0;
                    let canary = targets.iter().any(|t| t.key.arm == Arm::Canary);
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
}

/// 1, 2, 4, … 60 seconds.
fn patience(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(PATIENCE)
}

/// How long the server asked us to stay away.
fn asked_for(problem: &Problem, now: Timestamp) -> Duration {
    problem.until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()).unwrap_or_default()
}
