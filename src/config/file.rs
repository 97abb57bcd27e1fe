//! The shape of a configuration file. The documentation of each field is the documentation of its key: the JSON
//! Schema is made from it, and the shape check walks that schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The configuration of gonogo.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Refuse every change, as `--read-only` does.
    pub read_only: Option<bool>,
    /// Look at some services and environments only.
    pub only: Option<OnlyFile>,
    /// The places on the path of a release, by name.
    pub environment: BTreeMap<String, EnvironmentFile>,
    /// Where metrics come from.
    pub metrics: Option<MetricsFile>,
    /// What every service has unless it says otherwise. `{service}` stands for its name.
    pub defaults: Option<ServiceFile>,
    /// The services, by name; each repeats only what differs from the defaults.
    pub service: BTreeMap<String, ServiceFile>,
    /// How GitHub is reached.
    pub github: Option<GithubFile>,
    /// How the screen looks and reacts.
    pub ui: Option<UiFile>,
    /// Other keys for bindings, by the name that `gonogo keys` prints: one key, several, or none to switch it off.
    pub keys: BTreeMap<String, KeysFile>,
}

/// A narrower view.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OnlyFile {
    /// Only these services; `*` stands for anything.
    pub services: Option<Vec<String>>,
    /// Only these environments.
    pub environments: Option<Vec<String>>,
}

/// An environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentFile {
    /// Its place on the path: releases go from the lowest number to the highest.
    pub order: Option<i64>,
    /// How careful to be; `production` where nothing is said.
    pub policy: Option<PolicyFile>,
    /// Refuse every change in it.
    pub readonly: Option<bool>,
    /// When releases may go there: days, hours and time zone, as in `Mon-Thu 09:00-16:00 Europe/Berlin`.
    pub window: Option<String>,
    /// Times in which nothing goes there but what goes back.
    pub freeze: Vec<FreezeFile>,
    /// Its clusters, by name.
    pub clusters: BTreeMap<String, ClusterFile>,
}

/// A time in which nothing goes forward. A date alone means the whole day, in the zone of the window, else in UTC.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FreezeFile {
    /// From when: `2026-12-20`, or `2026-12-20T18:00:00+01:00`.
    pub from: Option<String>,
    /// Until when.
    pub to: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// How careful an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyFile {
    /// Opens read-only; changes need arming and consent.
    Production,
    /// Changes need `y`.
    Open,
}

/// A cluster. Without context and server it is the current context of the kubeconfig.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterFile {
    /// The context of the kubeconfig, by name.
    pub context: Option<String>,
    /// The context of the kubeconfig, by the URL of its server: names of contexts differ per laptop.
    pub server: Option<String>,
    /// The kubeconfig file; `KUBECONFIG` or `~/.kube/config` where none is named.
    pub kubeconfig: Option<String>,
    /// The namespace; `default` where none is named.
    pub namespace: Option<String>,
}

/// Metrics.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsFile {
    /// The base URL of Prometheus, or of what speaks its API. `kube:NAMESPACE/SERVICE:PORT` goes through the API server
    /// of each cluster to the Prometheus inside it.
    pub prometheus: Option<String>,
    /// Which metrics there are; found by asking where nothing is said.
    pub preset: Option<PresetFile>,
    /// Further labels of every query; `{cluster}` and `{environment}` are filled in.
    pub labels: BTreeMap<String, String>,
    /// The time between two scrapes; `15s` where nothing is said.
    pub scrape: Option<String>,
    /// The environment variable that holds a bearer token.
    pub token_env: Option<String>,
    /// Further sources, by name: each knows the clusters that it names, the one above all others.
    pub source: BTreeMap<String, MetricsSourceFile>,
    /// Queries instead of the preset's.
    pub queries: Option<QueriesFile>,
    /// Further series to show beside the figures. Advisory: they never decide anything.
    pub series: Vec<SeriesFile>,
    /// The limits of every service that has none of its own.
    pub slo: Option<SloFile>,
}

/// One of several sources of metrics. What it does not say is as in `[metrics]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSourceFile {
    /// The base URL, or `kube:NAMESPACE/SERVICE:PORT`.
    pub prometheus: Option<String>,
    /// The clusters that it knows.
    pub clusters: Option<Vec<String>>,
    /// Which metrics there are.
    pub preset: Option<PresetFile>,
    /// Further labels of every query, instead of those above.
    pub labels: Option<BTreeMap<String, String>>,
    /// The environment variable that holds a bearer token.
    pub token_env: Option<String>,
}

/// Queries in PromQL, one per figure; each gives one series. `{arm}` stands for the matchers of the arm's pods, as in
/// `http_requests_total{{arm}, code=~"5.."}`; `{namespace}`, `{workload}`, `{service}`, `{environment}`, `{cluster}` for
/// their names (several joined by `|`, for `=~`); `{window}` for the time that the figures speak of.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueriesFile {
    /// The share of requests that failed, 0 to 1.
    pub errors: Option<String>,
    /// The median latency, in seconds.
    pub p50: Option<String>,
    /// The 95th percentile of latency, in seconds.
    pub p95: Option<String>,
    /// The 99th percentile of latency, in seconds.
    pub p99: Option<String>,
    /// Requests per second.
    pub rps: Option<String>,
}

/// A series to show.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeriesFile {
    /// Its name.
    pub name: String,
    /// Its query, with the same placeholders.
    pub query: String,
    /// The value above which it is marked.
    pub limit: Option<f64>,
    /// Its unit: `%`, `messages`.
    pub unit: Option<String>,
}

/// How a service is measured, where it differs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceMetricsFile {
    /// Which metrics it has.
    pub preset: Option<PresetFile>,
    /// Queries instead of the preset's.
    pub queries: Option<QueriesFile>,
    /// Further series.
    pub series: Vec<SeriesFile>,
}

/// Which metrics there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PresetFile {
    /// Ask, and take what answers.
    Auto,
    /// The metrics of Istio's proxies at the destination.
    Istio,
    /// The metrics of Linkerd's proxies.
    Linkerd,
    /// What the services themselves count: `http_requests_total` and its kin, with classic histograms.
    Plain,
    /// The same with native histograms.
    Native,
    /// What Traefik counts per service.
    Traefik,
    /// What ingress-nginx counts per service.
    IngressNginx,
}

/// Limits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SloFile {
    /// The greatest share of requests that may fail, in percent: `0.1%`.
    pub errors: Option<String>,
    /// The greatest 95th percentile of latency: `500ms`.
    pub p95: Option<String>,
    /// The time over which the error budget is counted: `30d`.
    pub window: Option<String>,
}

/// A service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceFile {
    /// How it is built and deployed.
    pub pipeline: Option<PipelineFile>,
    /// What runs in the cluster.
    pub workload: Option<WorkloadFile>,
    /// What to do when it breaks: an address or a sentence.
    pub runbook: Option<String>,
    /// Addresses in other tools, by name: `logs`, `traces`, `dashboard`, or your own. `{environment}`, `{cluster}`,
    /// `{namespace}`, `{version}` and `{commit}` are filled in for what is looked at.
    pub links: BTreeMap<String, String>,
    /// Its limits.
    pub slo: Option<SloFile>,
    /// How it is measured.
    pub metrics: Option<ServiceMetricsFile>,
}

/// What runs in the cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WorkloadFile {
    /// `deployment/NAME`, `rollout/NAME` or `canary/NAME`.
    One(String),
    /// Two Deployments, and the Service that is switched between them.
    Switched(SwitchedFile),
}

/// Two workloads, and the Service that is switched between them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SwitchedFile {
    /// Blue-green by the selector of a Service, without a controller.
    pub blue_green: Option<BlueGreenFile>,
}

/// Blue-green by the selector of a Service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlueGreenFile {
    /// The Service that users reach: its selector says which of the two serves.
    pub service: Option<String>,
    /// One workload: `deployment/NAME`.
    pub blue: Option<String>,
    /// The other one.
    pub green: Option<String>,
    /// The Service that leads to the idle one; found by its selector where none is named.
    pub preview: Option<String>,
    /// For how long after a switch the old side is kept: `30m` where nothing is said.
    pub warm: Option<String>,
}

/// A pipeline.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineFile {
    /// The repository, `owner/name`.
    pub github: Option<String>,
    /// The workflow file; every workflow where none is named.
    pub workflow: Option<String>,
    /// The jobs that are the service's; `*` stands for anything.
    pub job: Option<String>,
    /// The paths whose changes are the service's, as globs.
    pub paths: Option<Vec<String>>,
    /// The paths that are migrations, as globs; the usual folders and `*.sql` where none are named.
    pub migrations: Option<Vec<String>>,
    /// The paths that are configuration, as globs; the usual ones where none are named.
    pub config: Option<Vec<String>>,
    /// The jobs that must pass; without any the rules of the branch say, and without those every job counts.
    pub required: Option<Vec<String>>,
    /// The branch that is released; `main` where none is named.
    pub branch: Option<String>,
}

/// GitHub.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GithubFile {
    /// The host; `github.com` where none is named.
    pub host: Option<String>,
    /// The base URL of its API; made from the host where none is named.
    pub api: Option<String>,
    /// The environment variable that holds the token; `GH_TOKEN` and `GITHUB_TOKEN` are looked at anyway.
    pub token_env: Option<String>,
    /// The file that holds the token; nobody else may read it (mode 0600).
    pub token_file: Option<String>,
    /// The program that prints the token, with its arguments. Never taken from a repository's file.
    pub token_command: Option<Vec<String>>,
}

/// The screen.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UiFile {
    /// The theme: `dark`, `light`, `high-contrast`, `colour-blind`, `mono`, or one of your own.
    pub theme: Option<String>,
    /// Draw with ASCII only.
    pub ascii: Option<bool>,
    /// Use the mouse.
    pub mouse: Option<bool>,
}

/// The keys of a binding.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeysFile {
    /// One key.
    One(String),
    /// Several keys; none switches the binding off.
    Several(Vec<String>),
}

/// The JSON Schema of a configuration file (draft 2020-12).
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(File).to_value();
    without_null(&mut schema);
    schema
}

/// TOML has no null: what may be left out is not listed as `required`, and that is all there is to say.
fn without_null(schema: &mut serde_json::Value) {
    use serde_json::Value;
    let null = |v: &Value| v == "null" || v["type"] == "null";
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| !null(t));
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|s| !null(s));
                if let [Value::Object(one)] = any.as_slice() {
                    let one = one.clone();
                    map.remove("anyOf");
                    for (key, value) in one {
                        map.entry(key).or_insert(value);
                    }
                }
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            map.values_mut().for_each(without_null);
        }
        _ => {}
    }
}
