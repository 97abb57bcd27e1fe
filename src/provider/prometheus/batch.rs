//! Targets that one query answers for. Pure.
//!
//! Arms are told apart by pod names, `<workload>-<template hash>-<5 letters>`, and not by version labels: the names
//! follow from the ReplicaSets, whatever labels a team uses. Routers know no pods: there an arm is its Services.

use std::fmt::Write as _;

use super::{
    preset::{Dialect, Tell},
    text::{any_of, joined, one_of, quoted, regex},
};
use crate::domain::{Arm, MetricTarget, SourceSettings, WorkloadKind};

/// The label that is made where no label names a target.
const MADE: &str = "arm";

/// So many arms share a query: each costs a pass over the series of all.
const ARMS: usize = 16;

/// What a ReplicaSet's pods are called behind the workload's name. The letters are those that Kubernetes makes names of:
/// no vowels, so that `cart-redis-…` is not a pod of `cart`.
const POD: &str = "-[b-df-hj-np-tv-xz0-9]+-[a-z0-9]{5}";

/// What pods are called behind the name of a workload of this kind.
fn behind(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::StatefulSet => "-[0-9]+",
        WorkloadKind::DaemonSet => "-[a-z0-9]{5}",
        WorkloadKind::Deployment | WorkloadKind::Rollout | WorkloadKind::Canary => POD,
    }
}

/// Targets that are asked for together: same dialect, same place, and all serving or all arms.
#[derive(Debug, Clone)]
pub struct Batch<'t> {
    /// In which names and labels.
    pub dialect: Dialect,
    /// The targets, with their places in the round.
    pub targets: Vec<(usize, &'t MetricTarget)>,
    source: &'t SourceSettings,
}

/// Brings targets together that one query can answer for; at most `most` serving ones per query.
pub fn batches<'t>(
    targets: impl IntoIterator<Item = (usize, &'t MetricTarget, Dialect)>,
    source: &'t SourceSettings,
    most: usize,
) -> Vec<Batch<'t>> {
    let mut out: Vec<Batch<'t>> = vec![];
    for (at, target, dialect) in targets {
        let room = |b: &Batch<'_>| b.targets.len() < b.most(most);
        match out.iter_mut().find(|b| b.dialect == dialect && b.takes(target) && room(b)) {
            Some(batch) => batch.targets.push((at, target)),
            None => out.push(Batch { dialect, targets: vec![(at, target)], source }),
        }
    }
    out
}

impl<'t> Batch<'t> {
    /// The same for some of the targets; `None` where none is left.
    pub fn only(&self, keep: impl Fn(&MetricTarget) -> bool) -> Option<Self> {
        let targets: Vec<_> = self.targets.iter().copied().filter(|(_, t)| keep(t)).collect();
        (!targets.is_empty()).then(|| Self { targets, ..self.clone() })
    }

    /// How many targets may share its queries. Native histograms cannot be given a label before they are summed: 2.42
    /// forgets the histogram then. So each target is asked for by its own.
    fn most(&self, serving: usize) -> usize {
        if self.dialect.preset.latency.native {
            1
        } else if self.by_pods() {
            ARMS
        } else {
            serving
        }
    }

    /// What stands in the made label for the one target of a batch of one.
    pub fn alone(&self, inner: &str) -> String {
        let name = if self.by_pods() { tag(self.first()) } else { self.first().workload.name.to_string() };
        format!("label_replace({inner}, {}, {}, \"\", \"\")", quoted(MADE), quoted(&name))
    }

    fn first(&self) -> &'t MetricTarget {
        self.targets[0].1
    }

    fn takes(&self, other: &MetricTarget) -> bool {
        let mine = self.first();
        let arms = |t: &MetricTarget| match self.dialect.preset.tell {
            // Canary and baseline stand in different labels there.
            Tell::Ingress { .. } => t.key.arm as u8,
            _ => u8::from(t.key.arm != Arm::Serving),
        };
        // A pod brought home to one arm is lost to the other: where clusters are at different steps, one's canary may be
        // another's stable revision.
        let shared = |t: &MetricTarget| t.workload == other.workload && t.hashes.iter().any(|h| other.hashes.contains(h));
        !(self.by_pods() && self.targets.iter().any(|(_, t)| shared(t)))
            && mine.key.environment == other.key.environment
            && behind(mine.workload.kind) == behind(other.workload.kind)
            && mine.clusters == other.clusters
            && mine.namespaces == other.namespaces
            && arms(mine) == arms(other)
    }

    /// Whether its targets are arms that pods tell apart.
    pub fn by_pods(&self) -> bool {
        self.first().key.arm != Arm::Serving && matches!(self.dialect.preset.tell, Tell::Workload { .. } | Tell::Pods)
    }

    /// The label by whose value a row is brought home.
    pub fn label(&self) -> &'static str {
        match self.dialect.preset.tell {
            _ if self.by_pods() => MADE,
            Tell::Workload { label, .. } | Tell::Backend(label) => label,
            Tell::Pods => MADE,
            Tell::Ingress { canary } if self.first().key.arm == Arm::Canary => canary,
            Tell::Ingress { .. } => self.dialect.place.service,
        }
    }

    /// Whether a row with this value of the label belongs to a target.
    pub fn owns(&self, target: &MetricTarget, value: &str) -> bool {
        match self.dialect.preset.tell {
            _ if self.by_pods() => value == tag(target),
            Tell::Workload { .. } | Tell::Pods => value == &*target.workload.name,
            Tell::Backend(_) => is_backend(target, value),
            Tell::Ingress { .. } if target.key.arm == Arm::Canary => is_backend(target, value),
            Tell::Ingress { .. } => services(target).contains(&value),
        }
    }

    /// `inner` with the label by which its rows are brought home, where no label of its own does.
    pub fn told(&self, inner: &str) -> String {
        let pod = quoted(self.dialect.place.pod);
        let made = quoted(MADE);
        if self.by_pods() {
            return self.targets.iter().fold(inner.to_owned(), |inner, (_, target)| {
                format!("label_replace({inner}, {made}, {}, {pod}, {})", quoted(&tag(target)), quoted(&pods(target)))
            });
        }
        match self.dialect.preset.tell {
            Tell::Pods => format!(
                "label_replace({inner}, {made}, \"$1\", {pod}, {})",
                quoted(&format!("(.+){}", behind(self.first().workload.kind)))
            ),
            _ => inner.to_owned(),
        }
    }

    /// The matchers that pick the series of all targets.
    pub fn selector(&self) -> String {
        let own = match self.dialect.preset.tell {
            Tell::Workload { namespace, label } => {
                let workloads: Vec<&str> = self.targets.iter().map(|(_, t)| &*t.workload.name).collect();
                joined([&*format!("{namespace}{}", self.namespaces()), &*format!("{label}{}", one_of(&workloads)), &*self.pods()])
            }
            Tell::Pods => joined([&*format!("{}{}", self.dialect.place.namespace, self.namespaces()), &*self.pods()]),
            Tell::Backend(label) => format!("{label}=~{}", quoted(&format!("{}@kubernetes(crd|gateway)", self.backends()))),
            Tell::Ingress { canary } => {
                let namespace = format!("{}{}", self.dialect.place.namespace, self.namespaces());
                let behind = match self.first().key.arm {
                    Arm::Canary => format!("{canary}=~{}", quoted(&self.backends())),
                    arm => {
                        let apart = if arm == Arm::Baseline { format!("{canary}=\"\"") } else { String::new() };
                        joined([&*format!("{}{}", self.dialect.place.service, one_of(&self.services())), &*apart])
                    }
                };
                joined([&*namespace, &*behind])
            }
        };
        let mut out = joined([self.dialect.preset.fixed, &*own]);
        for (name, template) in &self.source.labels {
            write!(out, ",{name}{}", label(template, self.first())).ok();
        }
        out
    }

    /// The labels that tell clusters apart, where the configuration names any.
    pub fn split(&self) -> Vec<&'t str> {
        let split =
            |(name, value): &'t (std::sync::Arc<str>, std::sync::Arc<str>)| value.contains("{cluster}").then_some(&**name);
        self.source.labels.iter().filter_map(split).collect()
    }

    fn namespaces(&self) -> String {
        one_of(&self.first().namespaces.iter().map(|n| &**n).collect::<Vec<_>>())
    }

    fn services(&self) -> Vec<&'t str> {
        self.targets.iter().flat_map(|(_, t)| services(t)).collect()
    }

    /// `NAMESPACE-SERVICE-…`
    fn backends(&self) -> String {
        let namespaces: Vec<&str> = self.first().namespaces.iter().map(|n| &**n).collect();
        format!("{}-{}-.+", any_of(&namespaces), any_of(&self.services()))
    }

    fn pods(&self) -> String {
        let pod = self.dialect.place.pod;
        if self.by_pods() {
            let mut all: Vec<String> = self.targets.iter().map(|(_, t)| pods(t)).collect();
            all.sort();
            all.dedup();
            return format!("{pod}=~{}", quoted(&all.join("|")));
        }
        match self.dialect.preset.tell {
            Tell::Pods => {
                let workloads: Vec<&str> = self.targets.iter().map(|(_, t)| &*t.workload.name).collect();
                format!("{pod}=~{}", quoted(&format!("{}{}", any_of(&workloads), behind(self.first().workload.kind))))
            }
            _ => String::new(),
        }
    }
}

/// A name for an arm in a made label.
fn tag(target: &MetricTarget) -> String {
    let arm = match target.key.arm {
        Arm::Serving => "serving",
        Arm::Canary => "canary",
        Arm::Baseline => "baseline",
    };
    format!("{}/{arm}", target.key.service)
}

/// The pods of a target as a regular expression: of its ReplicaSets, or of the whole workload.
pub fn pods(target: &MetricTarget) -> String {
    let workload = regex(&target.workload.name);
    if target.hashes.is_empty() {
        return format!("{workload}{}", behind(target.workload.kind));
    }
    let hashes: Vec<&str> = target.hashes.iter().map(|h| &**h).collect();
    format!("{workload}-{}-[a-z0-9]{{5}}", any_of(&hashes))
}

/// The Services of a target; where none is known, one of the workload's name is the best guess.
pub fn services(target: &MetricTarget) -> Vec<&str> {
    if target.services.is_empty() { vec![&target.workload.name] } else { target.services.iter().map(|s| &**s).collect() }
}

/// Whether `NAMESPACE-SERVICE[-PORTNAME]-PORT[@PROVIDER]` is one of a target's Services and not a namesake's.
fn is_backend(target: &MetricTarget, name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    let Some((name, _port)) = name.rsplit_once('-') else { return false };
    let inside = target.namespaces.iter().filter_map(|ns| name.strip_prefix(&**ns)?.strip_prefix('-')).max_by_key(|s| s.len());
    let Some(inside) = inside else { return false };
    let fits = |service: &&str| inside == *service || inside.strip_prefix(service).is_some_and(|rest| rest.starts_with('-'));
    let longest = |found: Option<&str>| found.map_or(0, str::len);
    let mine = services(target).into_iter().filter(|s| fits(s)).max_by_key(|s| s.len());
    let other = target.namesakes.iter().map(|s| &**s).filter(|s| fits(s)).max_by_key(|s| s.len());
    mine.is_some() && longest(mine) >= longest(other)
}

/// A matcher for a label of the settings, with its placeholders filled in.
pub fn label(template: &str, target: &MetricTarget) -> String {
    let clusters: Vec<&str> = target.clusters.iter().map(|c| c.as_str()).collect();
    let filled = template.replace("{environment}", target.key.environment.as_str());
    match (filled.contains("{cluster}"), &clusters[..]) {
        (false, _) => one_of(&[&filled]),
        (true, [one]) => one_of(&[&filled.replace("{cluster}", one)]),
        (true, many) => {
            let filled: Vec<String> = many.iter().map(|c| filled.replace("{cluster}", c)).collect();
            one_of(&filled.iter().map(String::as_str).collect::<Vec<_>>())
        }
    }
}
