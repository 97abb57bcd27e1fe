//! The documented, stable roots of the JSON output.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Arm, ArmMetrics, DeploymentRecord, EnvironmentName, Measure, MetricKey, Placement, Repo, Run, RunState, SafeText, Service,
    ServiceChanges, ServiceName, Snapshot, Station, Trouble, Verdict, VerdictReport,
};

/// `gonogo/v1/status` and `gonogo/v1/check`.
#[derive(Debug, Serialize)]
pub struct StatusRoot<'a> {
    /// Name and version of this shape.
    pub schema: &'static str,
    /// When the picture was made.
    pub at: Timestamp,
    /// The environment that the verdict speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<&'a EnvironmentName>,
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence that explains it.
    pub sentence: &'a SafeText,
    /// The services of the release under way.
    pub scope: &'a [ServiceName],
    /// All stations; `verdict` is null where one is not configured.
    pub stations: &'a [Station],
    /// Services with their placements, figures and pipeline state.
    pub services: Vec<ServiceJson<'a>>,
    /// Sources in trouble.
    pub problems: Vec<Trouble>,
}

/// One service.
#[derive(Debug, Serialize)]
pub struct ServiceJson<'a> {
    /// Its name.
    pub name: &'a ServiceName,
    /// Whether it is part of the release under way.
    pub in_release: bool,
    /// What its newest run says; null where no pipeline is configured or nothing is known.
    pub ci: Option<CiJson<'a>>,
    /// Where it runs.
    pub placements: Vec<&'a Placement>,
    /// Its figures, per arm, in the environment that the verdict speaks of.
    pub metrics: Vec<MetricsJson<'a>>,
    /// What it gets with the release, once per version that serves; empty where it is not part of it.
    pub changes: Vec<ServiceChanges>,
}

/// What a run says about a service.
#[derive(Debug, Serialize)]
pub struct CiJson<'a> {
    /// The run's number.
    pub number: u64,
    /// The run's id.
    pub id: &'a str,
    /// The commit.
    pub commit: Option<&'a str>,
    /// `passed`, `failed`, `running`, `waiting`, `unchanged` or `unknown`.
    pub state: &'static str,
    /// Whether it passed only on a later attempt of the same commit.
    pub flaky: bool,
    /// The job that failed, runs or waits; or why nothing can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<SafeText>,
}

/// The figures of one arm. A figure that is not known is null, and `why` says for each why.
#[derive(Debug, Serialize)]
pub struct MetricsJson<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The arm.
    pub arm: Arm,
    /// Bad share of requests over five minutes, 0 to 1.
    pub errors: Option<f64>,
    /// Median latency over five minutes, in seconds.
    pub p50: Option<f64>,
    /// 95th percentile of latency over five minutes, in seconds.
    pub p95: Option<f64>,
    /// 99th percentile of latency over five minutes, in seconds.
    pub p99: Option<f64>,
    /// Requests per second.
    pub rps: Option<f64>,
    /// Requests in five minutes.
    pub requests: Option<f64>,
    /// Under which names the requests are counted: `istio`, `plain`, …; empty while that is not known.
    pub preset: &'a SafeText,
    /// The sources that were asked, by the names of the configuration.
    pub sources: &'a [SafeText],
    /// What the router in front says of the same requests; null where none is known.
    pub edge: Option<EdgeJson<'a>>,
    /// Saturation and the series that the configuration names. Advisory.
    pub series: Vec<SeriesJson<'a>>,
    /// What has to be said beside the figures.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub notes: &'a [SafeText],
    /// Why figures are missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// What is in front of a service says. A figure that is not known is null.
#[derive(Debug, Serialize)]
pub struct EdgeJson<'a> {
    /// Who: `router`, `callers`, `entry points, all services`.
    pub says: &'a SafeText,
    /// Bad share of requests over five minutes, 0 to 1.
    pub errors: Option<f64>,
    /// Requests per second.
    pub rps: Option<f64>,
}

/// A series beside the figures.
#[derive(Debug, Serialize)]
pub struct SeriesJson<'a> {
    /// Its name.
    pub name: &'a SafeText,
    /// Its unit.
    pub unit: &'a SafeText,
    /// The newest value; null where it is not known.
    pub value: Option<f64>,
    /// Its limit.
    pub limit: Option<f64>,
    /// Whether it is over its limit.
    pub over: bool,
}

/// `gonogo/v1/runs`.
#[derive(Debug, Serialize)]
pub struct RunsRoot<'a> {
    /// Name and version of this shape.
    pub schema: &'static str,
    /// When the picture was made.
    pub at: Timestamp,
    /// Runs, newest first within a repository.
    pub runs: Vec<RunJson<'a>>,
    /// What the pipeline systems say was deployed, newest first within a repository.
    pub deployments: Vec<DeploymentJson<'a>>,
    /// Sources in trouble.
    pub problems: Vec<Trouble>,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct RunJson<'a> {
    /// All that is known of it.
    #[serde(flatten)]
    pub run: &'a Run,
    /// How long this attempt took, in seconds; null while it runs.
    pub took: Option<i64>,
    /// How long runs of this workflow usually take, in seconds; null where there are too few.
    pub usual: Option<i64>,
}

/// The record of a deployment.
#[derive(Debug, Serialize)]
pub struct DeploymentJson<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The record.
    #[serde(flatten)]
    pub record: &'a DeploymentRecord,
}

impl<'a> StatusRoot<'a> {
    /// The root over a snapshot, judged as `report`.
    pub fn new(
        schema: &'static str,
        s: &'a Snapshot,
        report: &'a VerdictReport,
        environment: Option<&'a EnvironmentName>,
        only: Option<&EnvironmentName>,
    ) -> Self {
        let services = s.topology.services.iter().map(|x| service(s, report, x, environment, only)).collect();
        Self {
            schema,
            at: s.at,
            environment,
            verdict: report.verdict,
            sentence: &report.sentence,
            scope: &report.scope,
            stations: &report.stations,
            services,
            problems: s.troubles(),
        }
    }
}

fn service<'a>(
    s: &'a Snapshot,
    report: &VerdictReport,
    x: &'a Service,
    environment: Option<&'a EnvironmentName>,
    only: Option<&EnvironmentName>,
) -> ServiceJson<'a> {
    let environments = s.topology.environments.iter().filter(|e| only.is_none_or(|o| *o == e.name));
    let metrics = environment.map(|e| {
        [Arm::Serving, Arm::Canary, Arm::Baseline].map(|arm| MetricKey { service: x.name.clone(), environment: e.clone(), arm })
    });
    let in_release = report.scope.contains(&x.name);
    ServiceJson {
        changes: if in_release { s.changes_of(x) } else { vec![] },
        name: &x.name,
        in_release,
        ci: ci(s, x),
        placements: environments.flat_map(|e| s.placements_of(&x.name, &e.name)).collect(),
        metrics: metrics.into_iter().flatten().filter_map(|key| s.metrics.value()?.get(&key)).map(|m| figures(m, s)).collect(),
    }
}

/// What the newest run that touches a service says about it.
pub fn ci<'a>(s: &'a Snapshot, x: &Service) -> Option<CiJson<'a>> {
    let (run, state) = s.ci_of(&x.name)?;
    let (state, flaky, detail) = match state {
        RunState::Passed { flaky } => ("passed", flaky, None),
        RunState::Failed(job) => ("failed", false, Some(job)),
        RunState::Running(job) => ("running", false, Some(job)),
        RunState::Waiting(job) => ("waiting", false, Some(job)),
        RunState::Unchanged => ("unchanged", false, None),
        RunState::Unknown(why) => ("unknown", false, Some(why)),
    };
    let commit = run.commit.as_ref().map(crate::domain::Sha::as_str);
    Some(CiJson { number: run.number, id: &run.key.id, commit, state, flaky, detail })
}

fn figures<'a>(m: &'a ArmMetrics, s: &Snapshot) -> MetricsJson<'a> {
    let mut why = vec![];
    if let Some(problem) = s.metrics.problem() {
        why.push(problem.to_string());
    }
    let mut take = |name: &str, measure: &Measure| match measure {
        Ok(v) => Some(*v),
        Err(reason) => {
            why.push(format!("{name}: {reason}"));
            None
        }
    };
    let (errors, p50, p95, p99) = (take("errors", &m.errors), take("p50", &m.p50), take("p95", &m.p95), take("p99", &m.p99));
    let (rps, requests) = (take("rps", &m.rps), take("requests", &m.requests));
    let known = |measure: &Measure| measure.as_ref().ok().copied();
    MetricsJson {
        environment: &m.key.environment,
        arm: m.key.arm,
        errors,
        p50,
        p95,
        p99,
        rps,
        requests,
        preset: &m.preset,
        sources: &m.sources,
        edge: m.edge.as_ref().map(|e| EdgeJson { says: &e.says, errors: known(&e.errors), rps: known(&e.rps) }),
        series: m
            .series
            .iter()
            .map(|s| SeriesJson { name: &s.name, unit: &s.unit, value: known(&s.value), limit: s.limit, over: s.over() })
            .collect(),
        notes: &m.notes,
        why,
    }
}
