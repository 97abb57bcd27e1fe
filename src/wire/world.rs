//! What a command runs on: the configured systems, or the embedded world.

use std::{collections::BTreeMap, path::PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::{demo, first};
use crate::{
    cli::Global,
    config::{Fault, FirstRun, Inputs, Loaded, Looked, Overrides, RealDisk, Secret, Settings, first_run, load, load_text},
    domain::{EnvironmentName, Exit, Problem, ProblemKind},
    engine::{Engine, Keep, clock::Clock},
    headless::{Printer, say},
    provider::github,
};

/// A running engine, what it was made from, and what keeps it alive.
pub struct World {
    /// The engine.
    pub engine: Engine,
    /// What it was made from.
    pub settings: Settings,
    /// What was left out of the configuration, and why.
    pub notes: Vec<Fault>,
    /// The files that the configuration was read from.
    pub files: Vec<PathBuf>,
    /// The embedded world, if it is that.
    pub demo: Option<demo::Demo>,
}

/// Why no world was opened.
pub enum Closed {
    /// It was told on standard error, and this is the exit code.
    Told(Exit),
    /// Nothing is configured and nothing was found: what was looked for.
    Nothing(Vec<Looked>),
}

impl From<Exit> for Closed {
    fn from(exit: Exit) -> Self {
        Self::Told(exit)
    }
}

impl World {
    /// Opens the world that the options name, looking at an environment; `live` for a person who watches. What stands in the way is told on
    /// standard error, and the exit code says which kind it is.
    pub async fn open(global: &Global, environment: Option<EnvironmentName>, live: bool) -> Result<Self, Exit> {
        Self::open_or(global, environment, live).await.map_err(|closed| match closed {
            Closed::Told(exit) => exit,
            Closed::Nothing(looked_for) => {
                say(&first::card(&looked_for), None);
                Exit::Usage
            }
        })
    }

    /// The same for who has another way on where nothing is configured.
    pub async fn open_or(global: &Global, environment: Option<EnvironmentName>, live: bool) -> Result<Self, Closed> {
        let world = match global.demo {
            Some(scenario) => {
                let options = demo::Options { scenario, seed: global.seed, at: global.at, speed: global.speed, live };
                Self::embedded(options, environment, global).await?
            }
            None => Self::real(global, environment).await?,
        };
        for note in &world.notes {
            say(&note.to_string(), None);
        }
        Ok(world)
    }

    /// The embedded world.
    pub async fn embedded(options: demo::Options, environment: Option<EnvironmentName>, global: &Global) -> Result<Self, Exit> {
        let demo = demo::Demo::start(options).await.map_err(|p| Printer::problem(&p))?;
        let inputs = Inputs { flags: overrides(global), ..Inputs::bare(&RealDisk) };
        let loaded = load_text(std::path::Path::new("demo"), &demo.text, &inputs).map_err(|f| faults(&f))?;
        let Loaded { settings, notes, .. } = loaded;
        // What happens in an embedded world is kept with it, unless a state directory is named.
        let state = global.state_dir.clone().unwrap_or_else(|| demo.folder.path().join("state"));
        let engine = super::engine(&settings, environment, demo.clock.clone()).await.keeping(Keep::folder(&state));
        Ok(Self { engine, settings, notes, files: vec![], demo: Some(demo) })
    }

    async fn real(global: &Global, environment: Option<EnvironmentName>) -> Result<Self, Closed> {
        let inputs = inputs(global);
        let loaded = load(&inputs).map_err(|f| faults(&f))?;
        if loaded.files.is_empty() {
            return match first_run(&inputs, &first::found(&inputs).await) {
                FirstRun::Found { settings, .. } => Ok(Self::configured(*settings, environment, vec![], vec![], global).await?),
                FirstRun::Nothing { looked_for } => Err(Closed::Nothing(looked_for)),
            };
        }
        Ok(Self::configured(loaded.settings, environment, loaded.files, loaded.notes, global).await?)
    }

    /// A world over settings that hold.
    pub async fn configured(
        mut settings: Settings,
        environment: Option<EnvironmentName>,
        files: Vec<PathBuf>,
        notes: Vec<Fault>,
        global: &Global,
    ) -> Result<Self, Exit> {
        token(&mut settings).await.map_err(|p| Printer::problem(&p))?;
        let keep = state_dir(global).map_or_else(Keep::nowhere, |state| Keep::folder(&state));
        let engine = super::engine(&settings, environment, Clock::real()).await.keeping(keep);
        Ok(Self { engine, settings, notes, files, demo: None })
    }
}

/// Finds GitHub's token where the configuration says, else where `gh` and Actions keep it.
pub async fn token(settings: &mut Settings) -> Result<(), Problem> {
    let Some(connection) = &mut settings.github else { return Ok(()) };
    let wrong = |what: String| Problem::new(ProblemKind::Config, what);
    let places = connection.token_places.clone();
    let (token, source) = if let Some(name) = &places.env {
        let token = std::env::var(name).map_err(|_| wrong(format!("github.token_env: {name} is not set")))?;
        (Some(Secret::new(&token)), Some("token_env"))
    } else if let Some(file) = &places.file {
        let token = std::fs::read_to_string(file).map_err(|e| wrong(format!("github.token_file: {}: {e}", file.display())))?;
        (Some(Secret::new(&token)), Some("token_file"))
    } else if let Some((program, args)) = places.command.as_deref().and_then(<[String]>::split_first) {
        let output = tokio::process::Command::new(program).args(args).output().await;
        let output = output.map_err(|e| wrong(format!("github.token_command: {program}: {e}")))?;
        if !output.status.success() {
            return Err(wrong(format!("github.token_command: {program} ended with {}", output.status)));
        }
        (Some(Secret::new(&String::from_utf8_lossy(&output.stdout))), Some("token_command"))
    } else if is_loopback(&connection.api) {
        // A server on this machine is no GitHub: nobody's real token is sent there unasked.
        (None, None)
    } else {
        let env = |name: &str| std::env::var(name).ok();
        let found = if let Some(token) = github::token(&connection.host, env, |_| None) {
            Some(token)
        } else {
            let from_gh = github::gh_auth_token(&connection.host).await;
            github::token(&connection.host, |_| None, |_| from_gh)
        };
        found.map_or((None, None), |t| (Some(t.secret), Some(t.source)))
    };
    connection.token = token;
    connection.token_source = source;
    Ok(())
}

fn is_loopback(api: &str) -> bool {
    let host = api.split("://").nth(1).unwrap_or(api).split(['/', ':']).next().unwrap_or_default();
    matches!(host, "127.0.0.1" | "localhost" | "[")
}

/// Everything that a configuration is made from, on this machine.
pub fn inputs(global: &Global) -> Inputs<'static> {
    let project = project();
    Inputs {
        flag_file: global.config.clone(),
        user_dir: project.as_ref().map(|p| p.config_dir().to_path_buf()),
        state_dir: state_dir(global),
        cwd: std::env::current_dir().unwrap_or_default(),
        home: BaseDirs::new().map(|b| b.home_dir().to_path_buf()).unwrap_or_default(),
        env: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect::<BTreeMap<_, _>>(),
        flags: overrides(global),
        known_keys: &[],
        disk: &RealDisk,
    }
}

/// Where state is kept.
pub fn state_dir(global: &Global) -> Option<PathBuf> {
    global.state_dir.clone().or_else(|| {
        let project = project()?;
        Some(project.state_dir().unwrap_or_else(|| project.data_local_dir()).to_path_buf())
    })
}

/// Where the user's configuration and themes are.
pub fn config_dir() -> Option<PathBuf> {
    project().map(|p| p.config_dir().to_path_buf())
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("dev", "gonogo", "gonogo")
}

fn overrides(global: &Global) -> Overrides {
    Overrides { theme: global.theme.clone(), ascii: global.ascii, read_only: global.read_only }
}

/// Tells every fault, one a line.
pub fn faults(faults: &[Fault]) -> Exit {
    for fault in faults {
        say(&fault.to_string(), None);
    }
    Exit::Usage
}
