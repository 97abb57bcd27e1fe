//! Series beside the figures: saturation where the cluster's own metrics are there, and what the configuration names.
//! Advisory.

use std::sync::Arc;

use futures::future;

use super::{
    batch::Batch,
    figure::{Answered, Axis, rows},
    own,
    preset::{Dialect, PLACES, PRESETS, Preset, Tell},
    probe::Found,
    query::graph_window,
    source::Source,
};
use crate::domain::{Measure, MetricTarget, MetricsSettings, NamedSeries, NoValue, SourceSettings};

/// From which share of its limit on a resource is marked.
const FULL: f64 = 90.0;

/// A query that gives, per target, how much of its limit the fullest pod uses, in percent.
fn saturation(batch: &Batch<'_>, resource: &str, window: &str) -> String {
    let (pod, selector) = (batch.dialect.place.pod, batch.selector());
    let used = match resource {
        "cpu" => format!("sum by ({pod}) (rate(container_cpu_usage_seconds_total{{container!=\"\",{selector}}}[{window}]))"),
        _ => format!("sum by ({pod}) (container_memory_working_set_bytes{{container!=\"\",{selector}}})"),
    };
    let limit = format!("sum by ({pod}) (kube_pod_container_resource_limits{{resource=\"{resource}\",{selector}}})");
    format!("max by ({}) ({})", batch.label(), batch.told(&format!("100 * {used} / {limit}")))
}

/// The row of the table by which the cluster's own metrics are brought home.
fn by_pods() -> Dialect {
    let preset: &'static Preset = PRESETS.iter().find(|p| p.name == "plain").unwrap_or(&PRESETS[0]);
    Dialect { preset, place: &PLACES[0] }
}

/// The series of targets, in their order.
pub async fn series(
    source: &Source,
    place: &SourceSettings,
    settings: &MetricsSettings,
    found: &Found,
    targets: &[(usize, &MetricTarget, Dialect)],
    axis: Axis,
) -> Vec<(usize, Vec<NamedSeries>)> {
    let mut out: Vec<(usize, Vec<NamedSeries>)> = targets.iter().map(|(at, ..)| (*at, vec![])).collect();
    let ask = |query: String| async move { source.range(&query, axis.start, axis.end(), axis.step).await };
    debug_assert!(matches!(by_pods().preset.tell, Tell::Pods), "pods tell saturation");
    let limits = found.names.contains("kube_pod_container_resource_limits");
    let resources = [("cpu", "container_cpu_usage_seconds_total"), ("memory", "container_memory_working_set_bytes")];
    for (resource, _) in resources.into_iter().filter(|(_, name)| limits && found.names.contains(*name)) {
        let all = targets.iter().map(|(at, t, _)| (*at, *t, by_pods()));
        for batch in super::batch::batches(all, place, usize::MAX) {
            let answer = ask(saturation(&batch, resource, &graph_window(settings.scrape))).await;
            for (at, target) in &batch.targets {
                let mine = rows(&answer, &batch, target).and_then(|rows| match rows[..] {
                    [one] => Ok(axis.line(one)),
                    _ => Err(NoValue::Empty),
                });
                // A workload without limits has no saturation: that is no gap worth a line.
                if let (Ok(line), Some((_, list))) = (mine, out.iter_mut().find(|(i, _)| i == at)) {
                    list.push(named(resource, "%", Some(FULL), Ok(line)));
                }
            }
        }
    }
    let asked = targets.iter().flat_map(|(at, target, dialect)| {
        settings.series_of(&target.key.service).into_iter().map(move |s| (*at, *target, *dialect, s))
    });
    let answers = future::join_all(asked.map(|(at, target, dialect, s)| async move {
        let query = own::filled(&s.query, target, dialect, place, &graph_window(settings.scrape));
        (at, s, ask(query).await)
    }));
    for (at, s, answer) in answers.await {
        if let Some((_, list)) = out.iter_mut().find(|(i, _)| *i == at) {
            list.push(named(s.name.as_str(), s.unit.as_str(), s.limit, single(&answer, axis)));
        }
    }
    out
}

fn single(answer: &Answered, axis: Axis) -> Result<Vec<f64>, NoValue> {
    let answer = answer.as_ref().map_err(|p| NoValue::Down { problem: p.what.clone() })?;
    answer.whole()?;
    match &answer.series[..] {
        [] => Err(NoValue::Empty),
        [one] => Ok(axis.line(one)),
        many => Err(NoValue::Several { count: u32::try_from(many.len()).unwrap_or(u32::MAX) }),
    }
}

fn named(name: &str, unit: &str, limit: Option<f64>, line: Result<Vec<f64>, NoValue>) -> NamedSeries {
    let newest = |line: &Vec<f64>| line.last().copied().filter(|v| v.is_finite()).ok_or(NoValue::Empty);
    let value: Measure = line.as_ref().map_err(Clone::clone).and_then(newest);
    NamedSeries { name: name.into(), unit: unit.into(), value, limit, points: Arc::from(line.unwrap_or_default()) }
}
