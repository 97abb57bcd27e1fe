//! One round over one source: every wanted target measured, or the reason why the source cannot say anything.

use futures::{StreamExt, future, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    answer::instant,
    batch::{Batch, batches},
    beside, edge,
    figure::{Answers, Axis, figures, history, rows, silent},
    own,
    preset::{Dialect, EdgeBy, Tell},
    probe::{Chosen, Found},
    query::{Queries, WINDOW_SECONDS},
    source::Source,
};
use crate::domain::{Arm, ArmMetrics, MetricTarget, MetricsSettings, NoValue, Problem, ProblemKind, SourceSettings};

/// How many batches are asked for at the same time; each asks five queries at once.
const IN_FLIGHT: usize = 3;

/// How far back graphs reach.
pub const GRAPH: SignedDuration = SignedDuration::from_mins(30);

/// The time between two points of a graph.
pub const STEP: SignedDuration = SignedDuration::from_secs(15);

/// How far back the last sample of a silent target is looked for, and how finely.
const LOOK_BACK: (SignedDuration, SignedDuration) = (SignedDuration::from_hours(1), SignedDuration::from_mins(1));

/// What a round over one source needs to know.
pub struct Round<'a> {
    /// Whom to ask.
    pub source: &'a Source,
    /// What is particular to it.
    pub place: &'a SourceSettings,
    /// What is asked of all.
    pub settings: &'a MetricsSettings,
    /// What it has.
    pub found: &'a Found,
    /// Places the graphs; figures are evaluated at the server's own time.
    pub now: Timestamp,
}

impl Round<'_> {
    /// Measures every target, in their order.
    pub async fn measure(&self, targets: &[MetricTarget], chosen: &mut Chosen) -> Result<Vec<ArmMetrics>, Problem> {
        let spoken: Vec<(usize, &MetricTarget, Dialect)> =
            targets.iter().enumerate().map(|(at, t)| (at, t, self.dialect(t, chosen))).collect();
        let asked = spoken.iter().copied().filter(|(_, t, d)| apart(t, *d).is_ok());
        let groups = batches(asked, self.place, self.source.most());
        let work: Vec<_> = groups.iter().map(|b| self.batch(b)).collect();
        let mut results = stream::iter(work).buffered(IN_FLIGHT);
        let mut out: Vec<Option<ArmMetrics>> = vec![None; targets.len()];
        let (mut dead, mut first) = (0, None);
        while let Some((arms, problem)) = results.next().await {
            for (at, arm) in arms {
                out[at] = Some(arm);
            }
            let Some(problem) = problem else { continue };
            if matches!(problem.kind, ProblemKind::Auth | ProblemKind::Unreachable) {
                return Err(problem);
            }
            dead += 1;
            first.get_or_insert(problem);
        }
        if let Some(problem) = first
            && dead == groups.len()
        {
            return Err(problem);
        }
        let mut out: Vec<ArmMetrics> = out
            .into_iter()
            .zip(&spoken)
            .map(|(arm, (_, target, dialect))| arm.unwrap_or_else(|| untold(target, *dialect)))
            .collect();
        self.own(&spoken, &mut out).await;
        self.edges(&spoken, &mut out).await;
        self.beside(&spoken, &mut out).await;
        for (arm, (_, target, _)) in out.iter().zip(&spoken) {
            if arm.requests == Err(NoValue::Empty) && target.key.arm == Arm::Serving {
                chosen.forget(target);
            }
        }
        Ok(out)
    }

    /// In which dialect a target is read.
    pub fn dialect(&self, target: &MetricTarget, chosen: &mut Chosen) -> Dialect {
        let own = self.settings.services.get(&target.key.service).and_then(|s| s.preset.as_deref());
        chosen.of(target, own.unwrap_or(&self.place.preset), self.found, self.place)
    }

    /// Measures one batch. One of which no query was answered comes with the problem, which may be the source's.
    async fn batch(&self, batch: &Batch<'_>) -> (Vec<(usize, ArmMetrics)>, Option<Problem>) {
        let queries = Queries::figures(batch);
        let ask = |query: &str| {
            let query = query.to_owned();
            async move { self.source.instant(&query).await }
        };
        let [p50, p95, p99] = &queries.quantiles;
        let (counts, p50, p95, p99, newest) =
            tokio::join!(ask(&queries.counts), ask(p50), ask(p95), ask(p99), ask(&queries.newest));
        let answers = Answers { counts, quantiles: [p50, p95, p99], newest };
        let lasts = match batch.only(|t| silent(&answers, batch, t)) {
            Some(quiet) => self.last_samples(&quiet).await,
            None => vec![],
        };
        let scrape = self.settings.scrape;
        let mut arms: Vec<(usize, ArmMetrics)> = batch
            .targets
            .iter()
            .map(|(at, target)| {
                let last = lasts.iter().find(|(i, _)| i == at).map(|(_, last)| *last);
                (*at, figures(batch, target, &answers, last, scrape))
            })
            .collect();
        if answers.counts.is_err() && answers.newest.is_err() && answers.quantiles.iter().all(Result::is_err) {
            return (arms, answers.counts.err());
        }
        if let Some(wanted) = batch.only(|t| t.history) {
            self.graphs(&wanted, &mut arms).await;
        }
        (arms, None)
    }

    /// Points on whole steps: the same moment gives the same point in every round.
    fn axis(&self) -> Axis {
        let end = floor(self.now, STEP);
        let count = usize::try_from(GRAPH.as_secs() / STEP.as_secs()).unwrap_or(0) + 1;
        Axis { start: end.checked_sub(GRAPH).unwrap_or(end), step: STEP, count }
    }

    async fn graphs(&self, batch: &Batch<'_>, arms: &mut [(usize, ArmMetrics)]) {
        let axis = self.axis();
        let queries = Queries::graphs(batch, self.settings.scrape);
        let ask = |query: String| async move { self.source.range(&query, axis.start, axis.end(), axis.step).await };
        let [counts, p50, p95, p99] = queries.map(ask);
        let (counts, p50, p95, p99) = tokio::join!(counts, p50, p95, p99);
        let answers = [counts, p50, p95, p99];
        for (at, target) in &batch.targets {
            if let Some((_, arm)) = arms.iter_mut().find(|(i, _)| i == at) {
                arm.history = history(batch, target, &answers, axis);
            }
        }
    }

    /// When targets that are silent now were last heard of: to say *since when*, not only *nothing*.
    async fn last_samples(&self, batch: &Batch<'_>) -> Vec<(usize, Timestamp)> {
        let end = floor(self.now, LOOK_BACK.1);
        let Ok(start) = end.checked_sub(LOOK_BACK.0) else { return vec![] };
        let answer = self.source.range(&Queries::figures(batch).newest, start, end, LOOK_BACK.1).await;
        let last = |target: &MetricTarget| {
            let rows = rows(&answer, batch, target).ok()?;
            rows.iter().filter_map(|r| r.points.last().and_then(|(_, taken)| instant(*taken))).max()
        };
        batch.targets.iter().filter_map(|(at, target)| Some((*at, last(target)?))).collect()
    }

    /// Lays the queries of the configuration over the preset's figures.
    async fn own(&self, targets: &[(usize, &MetricTarget, Dialect)], arms: &mut [ArmMetrics]) {
        let axis = self.axis();
        for (at, target, dialect) in targets {
            let own = self.settings.queries_of(&target.key.service);
            if !own.any() || untellable(target) {
                continue;
            }
            let texts = own::all(&own);
            let values = future::join_all(texts.map(|text| async move {
                let query = own::for_figures(text?, target, *dialect, self.place);
                Some(own::value(self.source, &query, self.settings.scrape).await)
            }));
            let [errors, p50, p95, p99, rps]: [Option<_>; 5] = values.await.try_into().unwrap_or_default();
            let arm = &mut arms[*at];
            for (figure, own) in
                [(&mut arm.errors, errors), (&mut arm.p50, p50), (&mut arm.p95, p95), (&mut arm.p99, p99), (&mut arm.rps, rps)]
            {
                if let Some(own) = own {
                    *figure = own;
                }
            }
            if own.rps.is_some() {
                arm.requests = arm.rps.clone().map(|rps| rps * WINDOW_SECONDS);
            }
            arm.preset = if arm.preset.is_empty() { "own".into() } else { format!("{} and own queries", arm.preset).into() };
            if !target.history {
                continue;
            }
            let mut lines = arm
                .history
                .as_deref()
                .cloned()
                .unwrap_or_else(|| crate::domain::History::gaps(axis.start, axis.step, axis.count));
            let window = super::query::graph_window(self.settings.scrape);
            let answers = future::join_all(texts.map(|text| {
                let query = text.map(|t| own::filled(t, target, *dialect, self.place, &window));
                async move { self.source.range(&query?, axis.start, axis.end(), axis.step).await.ok() }
            }));
            let slots = [&mut lines.errors, &mut lines.p50, &mut lines.p95, &mut lines.p99, &mut lines.rps];
            for (answer, slot) in answers.await.into_iter().zip(slots) {
                if let Some(answer) = answer
                    && answer.warning.is_none()
                    && let [one] = &answer.series[..]
                {
                    *slot = axis.line(one);
                }
            }
            arm.history = Some(std::sync::Arc::new(lines));
        }
    }

    /// Asks what is in front of the pods, for the serving arms: the first edge that says anything of a target counts.
    async fn edges(&self, targets: &[(usize, &MetricTarget, Dialect)], arms: &mut [ArmMetrics]) {
        let serving: Vec<_> =
            targets.iter().filter(|(_, t, d)| t.key.arm == Arm::Serving && !d.preset.edges.is_empty()).collect();
        let mut presets: Vec<Dialect> = vec![];
        for (_, _, dialect) in &serving {
            if !presets.iter().any(|d| d.preset == dialect.preset) {
                presets.push(*dialect);
            }
        }
        for dialect in presets {
            let mine: Vec<_> = serving.iter().filter(|(_, _, d)| d.preset == dialect.preset).collect();
            for edge in dialect.preset.edges.iter().filter(|e| self.found.names.contains(e.counter)) {
                let open: Vec<(usize, &MetricTarget)> =
                    mine.iter().filter(|(at, ..)| arms[*at].edge.is_none()).map(|(at, t, _)| (*at, *t)).collect();
                let all: Vec<&MetricTarget> = open.iter().map(|(_, t)| *t).collect();
                let labels = all.first().map(|t| self.matchers(t)).unwrap_or_default();
                let Some(query) = edge::query(edge, &all, &labels) else { continue };
                let Ok(answer) = self.source.instant(&query).await else { continue };
                for (at, target) in open {
                    let Some(said) = edge::of(edge, &answer, target) else { continue };
                    let arm = &mut arms[at];
                    let everybody = edge.by == EdgeBy::Everything;
                    // What all services share is only worth a word where something is wrong with it.
                    if let Some(sentence) = edge::sentence(&said, &arm.errors).filter(|_| !everybody || target.history) {
                        arm.notes.push(sentence);
                    }
                    arm.edge = Some(said);
                }
            }
        }
    }

    /// The matchers of the configuration for a target.
    fn matchers(&self, target: &MetricTarget) -> String {
        let all: Vec<String> =
            self.place.labels.iter().map(|(name, template)| format!("{name}{}", super::batch::label(template, target))).collect();
        all.join(",")
    }

    async fn beside(&self, targets: &[(usize, &MetricTarget, Dialect)], arms: &mut [ArmMetrics]) {
        let drawn: Vec<_> = targets.iter().copied().filter(|(_, t, _)| t.history && !untellable(t)).collect();
        if drawn.is_empty() {
            return;
        }
        for (at, series) in beside::series(self.source, self.place, self.settings, self.found, &drawn, self.axis()).await {
            arms[at].series = series;
        }
    }
}

/// An arm without pods: nothing of others is asked in its place.
pub fn untellable(target: &MetricTarget) -> bool {
    target.hashes.is_empty() && target.key.arm != Arm::Serving
}

/// Whether a dialect can tell a target from the others, or why not.
pub fn apart(target: &MetricTarget, dialect: Dialect) -> Result<(), NoValue> {
    if untellable(target) {
        return Err(NoValue::Empty);
    }
    let by_service = matches!(dialect.preset.tell, Tell::Backend(_) | Tell::Ingress { .. });
    if target.key.arm != Arm::Serving && by_service && target.services.is_empty() {
        return Err(NoValue::Alike { preset: dialect.preset.name.into() });
    }
    Ok(())
}

fn untold(target: &MetricTarget, dialect: Dialect) -> ArmMetrics {
    let why = apart(target, dialect).err().unwrap_or(NoValue::Empty);
    ArmMetrics { preset: dialect.preset.name.into(), ..ArmMetrics::unknown(target.key.clone(), &why) }
}

fn floor(at: Timestamp, step: SignedDuration) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(step.as_secs())).unwrap_or(at)
}
