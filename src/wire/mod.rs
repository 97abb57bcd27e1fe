//! Which systems exist, and how a configuration becomes a running engine: one row per provider.

pub mod audit;
pub mod cockpit;
pub mod config;
pub mod demo;
pub mod doctor;
mod first;
pub mod init;
pub mod last;
mod world;

use std::{io, sync::Arc};

use serde::Serialize;

use crate::{
    cli::Global,
    config::{Address, Settings, make_folder},
    domain::{EnvironmentName, Exit, Problem},
    engine::{Engine, LookAt, Roles, clock::Clock},
    headless::Printer,
    provider::{
        github, kube, prometheus,
        role::{Metrics, Pipelines, Timer, Workloads},
    },
    sim::Scenario,
};

pub use world::World;

/// Connects what the settings name. A system that cannot be connected to is a problem in its own section; nothing here
/// waits for a network.
pub async fn roles(settings: &Settings, clock: &Clock) -> Roles {
    let timer: Arc<dyn Timer> = Arc::new(clock.clone());
    let mut clusters = vec![];
    let mut connected = vec![];
    for connection in &settings.clusters {
        let cluster = kube::connect(connection, timer.clone()).await.map(Arc::new);
        connected.extend(cluster.as_ref().ok().cloned());
        clusters.push((connection.name.clone(), cluster.map(|c| c as Arc<dyn Workloads>)));
    }
    let pipelines: Option<Result<Arc<dyn Pipelines>, Problem>> = settings
        .github
        .as_ref()
        .map(|c| Ok(Arc::new(github::connect(c, timer.clone(), |name| std::env::var(name).ok())?) as Arc<dyn Pipelines>));
    // A Prometheus inside a cluster is reached through that cluster's connection.
    let carrier = |address: &Address| match address {
        Address::Url(_) => None,
        Address::Proxy { cluster, namespace, service, port } => {
            let through = connected.iter().find(|c| c.cluster() == cluster)?;
            Some(through.carrier(namespace, service, port))
        }
    };
    let metrics: Option<Result<Arc<dyn Metrics>, Problem>> = settings.topology.metrics.as_ref().map(|m| {
        let sources: Vec<_> = settings.prometheus.iter().map(|c| (c.clone(), carrier(&c.address))).collect();
        prometheus::connect(&sources, m.clone(), timer).map(|p| Arc::new(p) as Arc<dyn Metrics>)
    });
    Roles { clusters, pipelines, metrics }
}

/// A running engine over what the settings name, looking at an environment.
pub async fn engine(settings: &Settings, environment: Option<EnvironmentName>, clock: Clock) -> Engine {
    let roles = roles(settings, &clock).await;
    let look = LookAt { discover: settings.discover, environment, closely: vec![] };
    Engine::start(settings.topology.clone(), look, roles, clock).read_only(settings.read_only)
}

/// Installs what must stand before anything else: error reports, and the log file where one is asked for by
/// `GONOGO_LOG`. The log never goes to the terminal.
pub fn guards(global: &Global) -> color_eyre::Result<()> {
    use tracing_subscriber::EnvFilter;
    crate::tui::terminal::install_panic_hook();
    let Some(filter) = std::env::var("GONOGO_LOG").ok().filter(|f| !f.is_empty()) else { return Ok(()) };
    let folder = world::state_dir(global).ok_or_else(|| color_eyre::eyre::eyre!("no folder for the log: use --state-dir"))?;
    make_folder(&folder)?;
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("gonogo.log"))?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(file))
        .init();
    Ok(())
}

/// Where the embedded world can be reached, as `gonogo sim` prints it once it is ready.
#[derive(Serialize)]
struct Ready<'a> {
    schema: &'static str,
    scenario: String,
    kubeconfig: &'a std::path::Path,
    github: &'a str,
    prometheus: &'a str,
    clusters: std::collections::BTreeMap<&'a str, &'a str>,
    token: &'a str,
    socket: Option<&'a std::path::Path>,
    config: &'a std::path::Path,
}

/// Runs the embedded world until it is interrupted.
pub async fn serve(scenario: Scenario, listen: std::net::SocketAddr, global: &Global, printer: &mut Printer) -> io::Result<Exit> {
    let options =
        demo::Options { scenario, seed: global.seed, at: global.at, speed: Some(global.speed.unwrap_or(1.0)), live: true };
    let world = match demo::Demo::start_at(options, Some(listen), true).await {
        Ok(world) => world,
        Err(problem) => return Ok(Printer::problem(&problem)),
    };
    let endpoints = world.sim.endpoints();
    let config = world.folder.path().join("gonogo.toml");
    std::fs::write(&config, &world.text)?;
    let ready = Ready {
        schema: "gonogo/v1/sim",
        scenario: scenario.to_string(),
        kubeconfig: &world.folder.path().join("kubeconfig"),
        github: &endpoints.github,
        prometheus: &endpoints.prometheus,
        clusters: endpoints.clusters.iter().map(|(c, url)| (c.name(), url.as_str())).collect(),
        token: &endpoints.token,
        socket: endpoints.socket.as_deref(),
        config: &config,
    };
    printer.raw(&format!("{}\n", serde_json::to_string(&ready)?))?;
    std::future::pending().await
}
