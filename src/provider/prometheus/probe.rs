//! What a source has: which of the known names, in which labels, for which workloads of ours.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;

use super::{
    batch::Batch,
    preset::{Dialect, PLACES, PRESETS, Preset, Tell},
    source::Source,
    text::quoted,
};
use crate::domain::{Arm, EnvironmentName, MetricTarget, Problem, ServiceName, SourceSettings};

/// Series beside the requests that are worth knowing of: saturation.
pub const BESIDE: [&str; 3] =
    ["container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "kube_pod_container_resource_limits"];

/// What a source was found to have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The names, of those that are asked for.
    pub names: BTreeSet<String>,
    /// What speaks of our namespaces, in the order of preference.
    pub spoken: Vec<Spoken>,
}

/// A dialect, and whom it speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// The dialect.
    pub dialect: Dialect,
    /// Namespace (empty where it is part of the value) and value of the label that tells a target.
    pub of: BTreeSet<(String, String)>,
}

/// The query for the names that are there. Of a histogram only the widest bucket is looked at.
pub fn names_query() -> String {
    let mut names: BTreeSet<&str> = BESIDE.into_iter().collect();
    let mut buckets = BTreeSet::new();
    for preset in PRESETS {
        names.insert(preset.counter);
        names.extend(preset.edges.iter().map(|e| e.counter));
        if preset.latency.native {
            names.insert(preset.latency.name);
        } else {
            buckets.insert(format!("{}_bucket", preset.latency.name));
        }
    }
    let names: Vec<&str> = names.into_iter().collect();
    let buckets: Vec<String> = buckets.into_iter().collect();
    format!(
        "count by (__name__) ({{__name__=~{}}} or {{__name__=~{},le=\"+Inf\"}})",
        quoted(&names.join("|")),
        quoted(&buckets.join("|"))
    )
}

/// The query for whom a dialect speaks of.
pub fn spoken_query(batch: &Batch<'_>) -> String {
    let Dialect { preset, place } = batch.dialect;
    let by = match preset.tell {
        Tell::Workload { namespace, label } => format!("{namespace}, {label}"),
        Tell::Backend(label) => label.to_owned(),
        Tell::Pods => format!("{}, {}", place.namespace, batch.label()),
        Tell::Ingress { .. } => format!("{}, {}", place.namespace, place.service),
    };
    let pods = match preset.tell {
        Tell::Workload { .. } => format!(",{}!=\"\"", place.pod),
        _ => String::new(),
    };
    let selector = format!("{}{{{}{pods}}}", preset.counter, batch.selector());
    let counted = if preset.native { format!("histogram_count({selector})") } else { selector };
    format!("count by ({by}) ({})", batch.told(&counted))
}

/// Asks what there is for these targets.
pub async fn probe(source: &Source, settings: &SourceSettings, targets: &[&MetricTarget]) -> Result<Found, Problem> {
    let answer = source.instant(&names_query()).await?;
    let names: BTreeSet<String> = answer.series.iter().filter_map(|s| s.label("__name__").map(str::to_owned)).collect();
    let has = |preset: &Preset| {
        let latency = &preset.latency;
        let bucket = if latency.native { latency.name.to_owned() } else { format!("{}_bucket", latency.name) };
        (names.contains(preset.counter), names.contains(&bucket))
    };
    // What has no latency comes after everything that has.
    let whole = PRESETS.iter().filter(|p| has(p) == (true, true));
    let half = PRESETS.iter().filter(|p| has(p) == (true, false));
    let candidates: Vec<&'static Preset> = whole.chain(half).collect();
    // Some differ only in how they tell latency: whom their counter speaks of is asked once.
    let mut counters: Vec<&'static Preset> = vec![];
    for preset in &candidates {
        if !counters.iter().any(|known| known.counts_as(preset)) {
            counters.push(preset);
        }
    }
    let asked = counters.iter().map(|preset| spoken(source, settings, preset, targets));
    let answers: Vec<Spoken> = future::join_all(asked).await.into_iter().flatten().collect();
    let told = |preset: &&'static Preset| {
        let answer = answers.iter().find(|a| a.dialect.preset.counts_as(preset))?;
        Some(Spoken { dialect: Dialect { preset, place: answer.dialect.place }, of: answer.of.clone() })
    };
    let spoken = candidates.iter().filter_map(told).collect();
    Ok(Found { names, spoken })
}

/// In which labels a preset speaks of targets; the first of the usual ones in which it does.
async fn spoken(
    source: &Source,
    settings: &SourceSettings,
    preset: &'static Preset,
    targets: &[&MetricTarget],
) -> Option<Spoken> {
    let places = if matches!(preset.tell, Tell::Backend(_)) { &PLACES[..1] } else { &PLACES[..] };
    for place in places {
        let dialect = Dialect { preset, place };
        let serving = targets.iter().enumerate().filter(|(_, t)| t.key.arm == Arm::Serving).map(|(at, t)| (at, *t, dialect));
        let batches = super::batch::batches(serving, settings, usize::MAX);
        let mut of = BTreeSet::new();
        for batch in &batches {
            // A preset that cannot be asked for is not there: the figures themselves say what is wrong.
            let Ok(answer) = source.instant(&spoken_query(batch)).await else { continue };
            let namespace = match preset.tell {
                Tell::Workload { namespace, .. } => namespace,
                _ => place.namespace,
            };
            let key = batch.label();
            of.extend(
                answer
                    .series
                    .iter()
                    .filter_map(|s| Some((s.label(namespace).unwrap_or_default().to_owned(), s.label(key)?.to_owned()))),
            );
        }
        if !of.is_empty() {
            return Some(Spoken { dialect, of });
        }
    }
    None
}

impl Spoken {
    /// Whether it speaks of a target's service.
    pub fn knows(&self, target: &MetricTarget, source: &SourceSettings) -> bool {
        let serving =
            MetricTarget { key: crate::domain::MetricKey { arm: Arm::Serving, ..target.key.clone() }, ..target.clone() };
        let serving = MetricTarget { hashes: vec![], ..serving };
        let Some(batch) = super::batch::batches([(0, &serving, self.dialect)], source, 1).pop() else { return false };
        let here = |namespace: &str| namespace.is_empty() || serving.namespaces.iter().any(|n| &**n == namespace);
        self.of.iter().any(|(namespace, value)| here(namespace) && batch.owns(&serving, value))
    }
}

/// Which dialect each service is read in, kept while it gives data.
#[derive(Debug, Default)]
pub struct Chosen(BTreeMap<(ServiceName, EnvironmentName), Dialect>);

impl Chosen {
    /// The dialect of a target: the one that gave data, else the first that speaks of it, else the first that there is
    /// at all, else the first row.
    pub fn of(&mut self, target: &MetricTarget, preset: &str, found: &Found, source: &SourceSettings) -> Dialect {
        let key = (target.key.service.clone(), target.key.environment.clone());
        let allowed = |p: &Preset| preset == "auto" || p.name == preset;
        if let Some(kept) = self.0.get(&key).filter(|d| allowed(d.preset)) {
            return *kept;
        }
        let known = found.spoken.iter().filter(|s| allowed(s.dialect.preset));
        if let Some(spoken) = known.clone().find(|s| s.knows(target, source)) {
            self.0.insert(key, spoken.dialect);
            return spoken.dialect;
        }
        // Nobody speaks of it: whatever is asked then finds nothing, and says so.
        let plain = || PRESETS.iter().find(|p| p.name == if preset == "auto" { "plain" } else { preset });
        let any = known.map(|s| s.dialect).next();
        any.unwrap_or_else(|| Dialect { preset: plain().unwrap_or(&PRESETS[0]), place: &PLACES[0] })
    }

    /// Takes it that a target gave nothing: another dialect may.
    pub fn forget(&mut self, target: &MetricTarget) {
        self.0.remove(&(target.key.service.clone(), target.key.environment.clone()));
    }
}
