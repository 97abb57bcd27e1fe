//! The embedded world and an ordinary configuration for it: the engine does not know that it is not real.

use std::{fmt::Write as _, fs, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::{
    domain::Problem,
    engine::clock::Clock,
    provider::role::Timer,
    sim::{
        self, Endpoints, Params, Scenario, Sim, T0,
        world::{NAMESPACE, catalogue},
    },
};

/// How the world is started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What happens in it.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// How long it has been running.
    pub at: Duration,
    /// How fast it runs; it stands still where nothing is said.
    pub speed: Option<f64>,
    /// Whether its beginning is `at` ago, for a person who watches; else it is a fixed Tuesday.
    pub live: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { scenario: Scenario::CanaryRegression, seed: 1, at: Duration::from_mins(20), speed: None, live: false }
    }
}

/// A running embedded world with its clock and its configuration. It ends when dropped, and its files with it.
pub struct Demo {
    /// The world.
    pub sim: Sim,
    /// The clock that the world and the engine share.
    pub clock: Clock,
    /// The configuration, as a person would write it.
    pub text: String,
    /// Journal, state and kubeconfig live here.
    pub folder: TempDir,
}

impl Demo {
    /// Starts the world on a loopback port.
    pub async fn start(options: Options) -> Result<Self, Problem> {
        Self::start_at(options, None, false).await
    }

    /// Starts the world on this address and, for `gh`, on a Unix socket too.
    pub async fn start_at(options: Options, listen: Option<SocketAddr>, socket: bool) -> Result<Self, Problem> {
        let fail = |e: io::Error| Problem::new(crate::domain::ProblemKind::Internal, format!("the embedded world: {e}"));
        let at = SignedDuration::try_from(options.at).unwrap_or(SignedDuration::ZERO);
        let (t0, clock) = if options.live {
            let clock = Clock::running(Clock::real().now(), options.speed.unwrap_or(1.0));
            let t0 = clock.now().checked_sub(at).unwrap_or(T0);
            // Kubernetes knows whole seconds only, and times of objects are counted from here.
            (Timestamp::from_second(t0.as_second()).unwrap_or(t0), clock)
        } else {
            let now = T0.checked_add(at).unwrap_or(T0);
            (T0, options.speed.map_or_else(|| Clock::standing(now), |speed| Clock::running(now, speed)))
        };
        let folder = tempfile::Builder::new().prefix("gonogo-demo-").tempdir().map_err(fail)?;
        let params = Params { scenario: options.scenario, seed: options.seed, t0 };
        let time = clock.clone();
        let socket = socket.then(|| folder.path().join("github.sock"));
        let sim = sim::start(params, Arc::new(move || time.now()), listen, socket).await.map_err(fail)?;
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, &sim.endpoints().kubeconfig).map_err(fail)?;
        let text = configuration(sim.endpoints(), &kubeconfig);
        Ok(Self { sim, clock, text, folder })
    }
}

/// The configuration of the embedded company.
pub fn configuration(endpoints: &Endpoints, kubeconfig: &Path) -> String {
    let mut out = String::new();
    let file = toml::Value::from(kubeconfig.to_string_lossy().into_owned());
    for (i, environment) in catalogue::Environment::ALL.iter().enumerate() {
        let policy = if environment.name() == "production" { "production" } else { "open" };
        writeln!(out, "[environment.{}]\norder = {}\npolicy = \"{policy}\"", environment.name(), i + 1).ok();
        for cluster in environment.clusters() {
            let name = cluster.name();
            writeln!(out, "clusters.{name} = {{ kubeconfig = {file}, context = \"{name}\", namespace = \"{NAMESPACE}\" }}").ok();
        }
        out.push('\n');
    }
    writeln!(out, "[github]\napi = \"{}\"\n", endpoints.github).ok();
    writeln!(
        out,
        "[metrics]\nprometheus = \"{}\"\npreset = \"auto\"\nscrape = \"15s\"\nlabels = {{ cluster = \"{{cluster}}\" }}\nslo = {{ errors = \"1%\", p95 = \"400ms\" }}\n",
        endpoints.prometheus
    )
    .ok();
    let links = [
        ("logs", "https://logs.acme.example/search?app={service}&env={environment}&version={version}"),
        ("traces", "https://traces.acme.example/{service}?cluster={cluster}"),
        ("dashboard", "https://grafana.acme.example/d/{service}?var-namespace={namespace}"),
        ("runbook", "https://wiki.acme.example/runbooks/{service}"),
    ];
    writeln!(out, "[defaults.links]").ok();
    for (name, url) in links {
        writeln!(out, "{name} = \"{url}\"").ok();
    }
    out.push('\n');
    for service in &catalogue::SERVICES {
        writeln!(out, "[service.{}]", service.name).ok();
        let mut pipeline = format!("github = \"{}\", workflow = \"{}\"", service.repository(), service.workflow());
        if let Some(job) = service.job_pattern() {
            write!(pipeline, ", job = \"{job}\"").ok();
        }
        if let Some(path) = service.path_filter() {
            write!(pipeline, ", paths = [\"{path}\"]").ok();
        }
        writeln!(out, "pipeline = {{ {pipeline} }}\nworkload = {}\n", service.workload_setting()).ok();
    }
    out
}
