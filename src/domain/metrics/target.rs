//! What is to be measured, and how the configuration says that it is done.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use serde::Serialize;

use super::MetricKey;
use crate::domain::{ClusterName, SafeText, ServiceName, WorkloadRef};

/// What the engine wants measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricTarget {
    /// Under which name the figures come back.
    pub key: MetricKey,
    /// The clusters that count.
    pub clusters: Vec<ClusterName>,
    /// The namespaces in them.
    pub namespaces: Vec<Arc<str>>,
    /// The workload.
    pub workload: WorkloadRef,
    /// The pod template hashes of the arm, one per cluster; empty for the serving arm.
    pub hashes: Vec<Arc<str>>,
    /// The Kubernetes Services that carry the arm: routers count under their names. Empty where none is known.
    pub services: Vec<Arc<str>>,
    /// Other Services of the namespace whose names begin with one of these: a router's name for `web-admin` must not be
    /// read as port `admin` of `web`.
    pub namesakes: Vec<Arc<str>>,
    /// The routes in front of the service, by name.
    pub routes: Vec<Arc<str>>,
    /// Whether history is wanted too, for graphs.
    pub history: bool,
}

impl MetricTarget {
    /// The serving arm, or an arm without pods, of a workload that nothing more is known of.
    pub fn new(key: MetricKey, clusters: Vec<ClusterName>, namespaces: Vec<Arc<str>>, workload: WorkloadRef) -> Self {
        let none = Vec::new;
        Self {
            key,
            clusters,
            namespaces,
            workload,
            hashes: none(),
            services: none(),
            namesakes: none(),
            routes: none(),
            history: false,
        }
    }
}

/// Queries that a person wrote, one per figure; the preset's stand where there is none. `{arm}`, `{namespace}`,
/// `{workload}`, `{service}`, `{environment}`, `{cluster}` and `{window}` are filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct OwnQueries {
    /// Bad share of requests, 0 to 1.
    pub errors: Option<Arc<str>>,
    /// Median latency, in seconds.
    pub p50: Option<Arc<str>>,
    /// 95th percentile of latency, in seconds.
    pub p95: Option<Arc<str>>,
    /// 99th percentile of latency, in seconds.
    pub p99: Option<Arc<str>>,
    /// Requests per second.
    pub rps: Option<Arc<str>>,
}

impl OwnQueries {
    /// These, and those of `below` where these have none.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let pick = |own: &Option<Arc<str>>, other: &Option<Arc<str>>| own.clone().or_else(|| other.clone());
        Self {
            errors: pick(&self.errors, &below.errors),
            p50: pick(&self.p50, &below.p50),
            p95: pick(&self.p95, &below.p95),
            p99: pick(&self.p99, &below.p99),
            rps: pick(&self.rps, &below.rps),
        }
    }

    /// Whether any figure has a query.
    pub fn any(&self) -> bool {
        [&self.errors, &self.p50, &self.p95, &self.p99, &self.rps].into_iter().any(Option::is_some)
    }
}

/// A series that a person wants to see beside the figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesSettings {
    /// Its name.
    pub name: SafeText,
    /// Its query; the same is filled in as in [`OwnQueries`]. One series with one number.
    pub query: Arc<str>,
    /// From where on it is worth a mark.
    pub limit: Option<f64>,
    /// Its unit.
    pub unit: SafeText,
}

/// One place to ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceSettings {
    /// Its name: that of the configuration's table, or `prometheus`.
    pub name: SafeText,
    /// The clusters that it knows; every one that no other source names where this is `None`.
    pub clusters: Option<Vec<ClusterName>>,
    /// The name of a preset or, found by probing, `auto`.
    pub preset: Arc<str>,
    /// Further label matchers; `{cluster}` and `{environment}` are filled in per target.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// What a service does otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ServiceMetrics {
    /// Its own preset.
    pub preset: Option<Arc<str>>,
    /// Its own queries.
    pub queries: OwnQueries,
    /// Further series.
    pub series: Vec<SeriesSettings>,
}

/// How metrics are read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricsSettings {
    /// The places to ask, in the order of the configuration.
    pub sources: Vec<SourceSettings>,
    /// The time between two scrapes.
    #[serde(skip)]
    pub scrape: SignedDuration,
    /// Queries of every service.
    pub queries: OwnQueries,
    /// Series of every service.
    pub series: Vec<SeriesSettings>,
    /// What some services do otherwise.
    pub services: BTreeMap<ServiceName, ServiceMetrics>,
}

impl MetricsSettings {
    /// One source named `prometheus` for every cluster, and nothing else.
    pub fn single(preset: &str, labels: &[(&str, &str)], scrape: SignedDuration) -> Self {
        let labels = labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let source = SourceSettings { name: "prometheus".into(), clusters: None, preset: preset.into(), labels };
        Self { sources: vec![source], scrape, queries: OwnQueries::default(), series: vec![], services: BTreeMap::new() }
    }

    /// The queries that hold for a service.
    pub fn queries_of(&self, service: &ServiceName) -> OwnQueries {
        self.services.get(service).map_or_else(|| self.queries.clone(), |own| own.queries.over(&self.queries))
    }

    /// The series that are shown for a service: its own stand for those of the same name.
    pub fn series_of(&self, service: &ServiceName) -> Vec<&SeriesSettings> {
        let own = self.services.get(service).map(|s| &s.series[..]).unwrap_or_default();
        self.series.iter().filter(|s| own.iter().all(|o| o.name != s.name)).chain(own).collect()
    }
}
