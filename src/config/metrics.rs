//! The metrics half of a configuration: sources, presets, queries and series.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;

use super::{
    fault::Fault,
    file::{File, MetricsFile, MetricsSourceFile, PresetFile, QueriesFile, SeriesFile, ServiceFile},
    layers::Inputs,
    settings::{Address, ClusterConnection, PrometheusConnection, Secret},
    tree::Node,
    values::{duration, is_url},
};
use crate::domain::{
    ClusterName, MetricsSettings, ObjectKey, OwnQueries, SafeText, SeriesSettings, ServiceMetrics, ServiceName, SourceSettings,
};

/// How the sources are reached, and what is asked of them; `None` where no source is configured.
pub(super) fn metrics(
    root: &Node,
    file: &File,
    clusters: &[ClusterConnection],
    inputs: &Inputs<'_>,
    faults: &mut Vec<Fault>,
) -> Option<(Vec<PrometheusConnection>, MetricsSettings)> {
    let below = file.metrics.as_ref()?;
    let mut out = Resolver { root, file: below, clusters, inputs, faults, connections: vec![], sources: vec![] };
    let scrape = out.scrape();
    out.labels(&["metrics", "labels"], &below.labels);
    for (name, source) in &below.source {
        out.source(name, source);
    }
    out.first();
    let queries = out.queries(&["metrics", "queries"], below.queries.as_ref(), root);
    let series = out.series(root.get(&["metrics", "series"]), &below.series);
    let services = out.services();
    let (connections, sources) = (out.connections, out.sources);
    let settings = MetricsSettings { sources, scrape, queries, series, services };
    (!connections.is_empty()).then_some((connections, settings))
}

struct Resolver<'a, 'i> {
    root: &'a Node,
    file: &'a MetricsFile,
    clusters: &'a [ClusterConnection],
    inputs: &'a Inputs<'i>,
    faults: &'a mut Vec<Fault>,
    connections: Vec<PrometheusConnection>,
    sources: Vec<SourceSettings>,
}

impl Resolver<'_, '_> {
    fn wrong(&mut self, path: &[&str], what: impl Into<String>, mend: &str) {
        self.faults.push(self.root.place(path).fault(what, mend));
    }

    fn scrape(&mut self) -> SignedDuration {
        let scrape = self.file.scrape.as_deref().unwrap_or("15s");
        duration(scrape).unwrap_or_else(|| {
            self.wrong(&["metrics", "scrape"], format!("{scrape:?} is not a duration"), "write \"15s\"");
            SignedDuration::from_secs(15)
        })
    }

    fn labels(&mut self, path: &[&str], labels: &BTreeMap<String, String>) {
        for name in labels.keys() {
            let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(ok) {
                let path = [path, &[name]].concat();
                self.wrong(&path, format!("{name:?} cannot name a label"), "use letters, digits and '_'");
            }
        }
    }

    /// The source of `[metrics]` itself: for every cluster that no other names.
    fn first(&mut self) {
        let Some(address) = self.file.prometheus.clone() else {
            if self.file.source.is_empty() {
                self.wrong(&["metrics"], "names no source", "write prometheus = \"https://…\"");
            }
            return;
        };
        let rest: Vec<ClusterName> = self
            .clusters
            .iter()
            .map(|c| c.name.clone())
            .filter(|c| self.sources.iter().all(|s| s.clusters.as_ref().is_none_or(|known| !known.contains(c))))
            .collect();
        let token = self.file.token_env.clone();
        let (labels, preset) = (self.file.labels.clone(), self.file.preset);
        let Some(reach) = self.reach(&["metrics", "prometheus"], &address) else { return };
        match reach {
            Way::Url(url) => self.add("prometheus", None, Address::Url(url), token, preset, &labels),
            // The same address in every cluster: each has a Prometheus of its own.
            Way::Proxy { namespace, service, port } => {
                for cluster in rest {
                    let name = if self.clusters.len() == 1 { "prometheus".to_owned() } else { cluster.to_string() };
                    let (namespace, service, port) = (namespace.clone(), service.clone(), port.clone());
                    let address = Address::Proxy { cluster: cluster.clone(), namespace, service, port };
                    self.add(&name, Some(vec![cluster]), address, token.clone(), preset, &labels);
                }
            }
        }
    }

    fn source(&mut self, name: &str, file: &MetricsSourceFile) {
        let path = ["metrics", "source", name];
        let at = |key| [&path[..], &[key]].concat();
        let mut clusters = vec![];
        for cluster in file.clusters.iter().flatten() {
            match self.clusters.iter().find(|c| c.name.as_str() == cluster) {
                None => {
                    let known: Vec<&str> = self.clusters.iter().map(|c| c.name.as_str()).collect();
                    let mend = format!("known: {}", known.join(", "));
                    self.wrong(&at("clusters"), format!("there is no cluster {cluster:?}"), &mend);
                }
                Some(c) => {
                    let taken = |s: &&SourceSettings| s.clusters.as_ref().is_some_and(|known| known.contains(&c.name));
                    if let Some(other) = self.sources.iter().find(taken) {
                        let what = format!("cluster {cluster} is that of source {} too", other.name);
                        self.wrong(&at("clusters"), what, "name each cluster once");
                    } else {
                        clusters.push(c.name.clone());
                    }
                }
            }
        }
        if file.clusters.as_ref().is_none_or(Vec::is_empty) {
            self.wrong(&path, "names no clusters", "write clusters = [\"NAME\"]");
        }
        let Some(address) = file.prometheus.clone() else {
            self.wrong(&path, "names no source", "write prometheus = \"https://…\"");
            return;
        };
        if let Some(labels) = &file.labels {
            self.labels(&at("labels"), labels);
        }
        let labels = file.labels.clone().unwrap_or_else(|| self.file.labels.clone());
        let token = file.token_env.clone().or_else(|| self.file.token_env.clone());
        let preset = file.preset.or(self.file.preset);
        let Some(reach) = self.reach(&at("prometheus"), &address) else { return };
        match (reach, &clusters[..]) {
            (Way::Url(url), _) => self.add(name, Some(clusters), Address::Url(url), token, preset, &labels),
            (Way::Proxy { namespace, service, port }, [cluster]) => {
                let address = Address::Proxy { cluster: cluster.clone(), namespace, service, port };
                self.add(name, Some(clusters.clone()), address, token, preset, &labels);
            }
            (Way::Proxy { .. }, _) => {
                self.wrong(&at("clusters"), "a source behind an API server is that of one cluster", "name one cluster");
            }
        }
    }

    fn add(
        &mut self,
        name: &str,
        clusters: Option<Vec<ClusterName>>,
        address: Address,
        token: Option<String>,
        preset: Option<PresetFile>,
        labels: &BTreeMap<String, String>,
    ) {
        let token = token.and_then(|name| self.inputs.env.get(&name)).filter(|t| !t.is_empty()).map(|t| Secret::new(t));
        self.connections.push(PrometheusConnection { name: name.into(), address, token });
        let labels = labels.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect();
        self.sources.push(SourceSettings { name: name.into(), clusters, preset: preset_name(preset).into(), labels });
    }

    fn reach(&mut self, path: &[&str], address: &str) -> Option<Way> {
        let Some(inside) = address.strip_prefix("kube:") else {
            if is_url(address) {
                return Some(Way::Url(address.trim_end_matches('/').to_owned()));
            }
            self.wrong(path, "this is not an address", "write \"https://…\" without credentials");
            return None;
        };
        let parts = inside.split_once('/').and_then(|(ns, rest)| Some((ns, rest.split_once(':')?)));
        let name = |text: &str| ObjectKey::new(text, text).is_ok();
        match parts {
            Some((ns, (service, port))) if name(ns) && name(service) && name(port) => {
                Some(Way::Proxy { namespace: ns.into(), service: service.into(), port: port.into() })
            }
            _ => {
                let mend = "write \"kube:NAMESPACE/SERVICE:PORT\"";
                self.wrong(path, format!("{address:?} names no Service and port"), mend);
                None
            }
        }
    }

    fn queries(&mut self, path: &[&str], file: Option<&QueriesFile>, node: &Node) -> OwnQueries {
        let Some(file) = file else { return OwnQueries::default() };
        let mut take = |key: &str, text: &Option<String>| -> Option<Arc<str>> {
            let text = text.as_ref()?;
            if let Err(why) = promql(text) {
                self.faults.push(node.place(&[path, &[key]].concat()).fault(why, "write one query in PromQL"));
            }
            Some(text.as_str().into())
        };
        OwnQueries {
            errors: take("errors", &file.errors),
            p50: take("p50", &file.p50),
            p95: take("p95", &file.p95),
            p99: take("p99", &file.p99),
            rps: take("rps", &file.rps),
        }
    }

    fn series(&mut self, list: Option<&Node>, files: &[SeriesFile]) -> Vec<SeriesSettings> {
        let mut out: Vec<SeriesSettings> = vec![];
        for (i, file) in files.iter().enumerate() {
            let node = list.and_then(|l| l.items().get(i)).unwrap_or(self.root);
            let mut wrong = |what: String, mend: &str| self.faults.push(node.at.fault(what, mend));
            if file.name.trim().is_empty() || file.query.trim().is_empty() {
                wrong("a series has a name and a query".to_owned(), "write name = \"…\" and query = \"…\"");
            } else if let Err(why) = promql(&file.query) {
                wrong(why, "write one query in PromQL");
            } else if out.iter().any(|o| o.name.as_str() == file.name) {
                wrong(format!("there is a series {:?} already", file.name), "give each a name of its own");
            }
            out.push(SeriesSettings {
                name: SafeText::capped(&file.name, 24),
                query: file.query.as_str().into(),
                limit: file.limit,
                unit: SafeText::capped(file.unit.as_deref().unwrap_or_default(), 12),
            });
        }
        out
    }

    /// What services do otherwise.
    fn services(&mut self) -> BTreeMap<ServiceName, ServiceMetrics> {
        let mut out = BTreeMap::new();
        let root = self.root;
        for (name, own) in root.get(&["service"]).map(Node::entries).unwrap_or_default() {
            let Ok(id) = name.parse::<ServiceName>() else { continue };
            let mut node = root.get(&["defaults"]).cloned().unwrap_or_else(|| own.clone());
            node.lay(own);
            node.fill("{service}", name);
            let Ok(ServiceFile { metrics: Some(file), .. }) = serde_json::from_value(node.json()) else { continue };
            let queries = self.queries(&["metrics", "queries"], file.queries.as_ref(), &node);
            let series = self.series(node.get(&["metrics", "series"]), &file.series);
            let preset = file.preset.map(|p| preset_name(Some(p)).into());
            out.insert(id, ServiceMetrics { preset, queries, series });
        }
        out
    }
}

/// A way to a source, before it is known to which cluster's.
enum Way {
    Url(String),
    Proxy { namespace: Arc<str>, service: Arc<str>, port: Arc<str> },
}

fn preset_name(preset: Option<PresetFile>) -> &'static str {
    match preset {
        None | Some(PresetFile::Auto) => "auto",
        Some(PresetFile::Istio) => "istio",
        Some(PresetFile::Linkerd) => "linkerd",
        Some(PresetFile::Plain) => "plain",
        Some(PresetFile::Native) => "native",
        Some(PresetFile::Traefik) => "traefik",
        Some(PresetFile::IngressNginx) => "ingress-nginx",
    }
}

/// Whether a query is PromQL once something stands in its holes.
fn promql(text: &str) -> Result<(), String> {
    let mut filled = text.replace("{arm}", "pod=\"x\"").replace("{window}", "5m");
    for hole in ["{namespace}", "{workload}", "{service}", "{environment}", "{cluster}"] {
        filled = filled.replace(hole, "x");
    }
    promql_parser::parser::parse(&filled).map(drop).map_err(|why| format!("not PromQL: {}", SafeText::capped(&why, 160)))
}
