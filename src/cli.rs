//! The command line, as data: what clap parses, and what help, completions and the manual page are made of.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use strum::VariantArray;

use crate::{
    action::Action,
    domain::{ClusterName, EnvironmentName, OpId, PodArm, SafeText, ServiceName, StationKind},
    engine::journal::Head,
    headless::Format,
    sim::world::Scenario,
};

/// A release cockpit for the terminal: CI, versions, canary and health joined into one verdict.
///
/// Without a command the cockpit opens.
#[derive(Debug, Clone, Parser)]
#[command(name = "gonogo", version, about, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Global {
    /// Read this configuration instead of searching for one
    #[arg(long, global = true, value_name = "FILE", env = "GONOGO_CONFIG")]
    pub config: Option<PathBuf>,
    /// Keep the log and state here
    #[arg(long, global = true, value_name = "DIR", env = "GONOGO_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Run on the embedded world [scenarios: calm, canary-regression, error-spike, stale-metrics, gitops-revert, bad-migration, flaky-network]
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true,
          default_missing_value = "canary-regression", value_parser = scenario, env = "GONOGO_DEMO")]
    pub demo: Option<Scenario>,
    /// The seed of the embedded world
    #[arg(long, global = true, value_name = "N", default_value_t = 1, env = "GONOGO_SEED")]
    pub seed: u64,
    /// Start the embedded world so long after its beginning
    #[arg(long, global = true, value_name = "DURATION", default_value = "20m", value_parser = duration, env = "GONOGO_AT")]
    pub at: std::time::Duration,
    /// Let the time of the embedded world run so many times faster
    #[arg(long, global = true, value_name = "X", env = "GONOGO_SPEED")]
    pub speed: Option<f64>,
    /// How to write the answer
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = Format::Human, env = "GONOGO_OUTPUT")]
    pub output: Format,
    /// Refuse every change
    #[arg(long, global = true, env = "GONOGO_READ_ONLY")]
    pub read_only: bool,
    /// Show what would be done, and do nothing
    #[arg(long, global = true, env = "GONOGO_DRY_RUN")]
    pub dry_run: bool,
    /// Consent without being asked
    #[arg(long, global = true)]
    pub yes: bool,
    /// The name of the service, where a change takes a typed name
    #[arg(long, global = true, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Why; kept in the journal
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<SafeText>,
    /// Write the plan of a change to this file, and do nothing; `apply` carries it out
    #[arg(long, global = true, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,
    /// The theme: dark, light, high-contrast, colour-blind, mono, or one of your own
    #[arg(long, global = true, value_name = "NAME", env = "GONOGO_THEME")]
    pub theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long, global = true, env = "GONOGO_ASCII")]
    pub ascii: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, env = "GONOGO_COLOR")]
    pub color: Colour,
    /// Press these keys on the real screen, without a terminal: `<tab>jj<enter><wait 5s>`
    #[arg(long, global = true, value_name = "KEYS", env = "GONOGO_KEYS")]
    pub keys: Option<String>,
    /// Print one frame of the screen and end: WxH (plain text), or svg
    #[arg(long, global = true, value_name = "WHAT", env = "GONOGO_PRINT")]
    pub print: Option<String>,
    /// The size of the frame that --print svg draws
    #[arg(long, global = true, value_name = "WxH", default_value = "120x40", env = "GONOGO_SIZE")]
    pub size: String,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// When the terminal has them, and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Open the cockpit on the embedded world
    Demo {
        /// What happens in it
        #[arg(value_name = "SCENARIO", default_value = "canary-regression", value_parser = scenario)]
        scenario: Scenario,
    },
    /// Run the embedded world alone, for kubectl, gh, promtool, curl or a second gonogo
    Sim {
        /// What happens in it
        #[arg(long, value_name = "SCENARIO", default_value = "canary-regression", value_parser = scenario)]
        scenario: Scenario,
        /// Where to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
    },
    /// Everything at a glance, once
    Status {
        /// Only this environment; the verdict then speaks of it
        #[arg(long, value_name = "NAME", env = "GONOGO_ENV")]
        env: Option<EnvironmentName>,
        /// One line for tmux and prompts, out of what any gonogo saw last; nothing is asked
        #[arg(long)]
        short: bool,
    },
    /// The verdict as an exit code: may this release go on?
    Check {
        /// The services; every one on its way where none is named
        #[arg(value_name = "SERVICE")]
        services: Vec<ServiceName>,
        /// The environment; the last one of the path by default
        #[arg(long, value_name = "NAME", env = "GONOGO_ENV")]
        env: Option<EnvironmentName>,
        /// The version that is meant to arrive
        #[arg(long, value_name = "VERSION")]
        to: Option<SafeText>,
        /// Stations that must be configured: ci, env, canary, slo, flags, list, window, lock
        #[arg(long, value_name = "STATION", value_delimiter = ',')]
        require: Vec<StationKind>,
        /// Wait until the verdict is GO or NO-GO
        #[arg(long)]
        wait: bool,
        /// Wait at most so long
        #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration, requires = "wait")]
        timeout: std::time::Duration,
    },
    /// Pipeline runs; one run with its jobs
    Runs {
        /// The run's number or id
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Write a configuration from what lies around: contexts, workloads, workflows, Prometheus. Nothing is written unasked
    Init {
        /// Look at these contexts of the kubeconfig; at all of them where none is named
        #[arg(long = "context", value_name = "NAME")]
        contexts: Vec<String>,
        /// Look at these namespaces; at those with workloads where none is named
        #[arg(long = "namespace", short = 'n', value_name = "NAME")]
        namespaces: Vec<String>,
        /// The address of Prometheus, where none is found in a cluster
        #[arg(long, value_name = "ADDRESS")]
        prometheus: Option<String>,
        /// The file to write, or `default` for your own; the one that is read where nothing is said
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Examine every source: is it there, who am I to it, what may I do, does it have data?
    Doctor,
    /// The log of a service's pods, or of a job of a run
    Logs {
        /// The service
        #[arg(value_name = "SERVICE", required_unless_present = "run", conflicts_with = "run")]
        service: Option<ServiceName>,
        /// The environment; the last one of the path by default
        #[arg(long, value_name = "NAME", env = "GONOGO_ENV")]
        env: Option<EnvironmentName>,
        /// Only this cluster
        #[arg(long, value_name = "NAME")]
        cluster: Option<ClusterName>,
        /// Only this side of a rollout
        #[arg(long, value_name = "SIDE", value_enum, default_value_t = Side::All)]
        arm: Side,
        /// This container; the first of the pod by default
        #[arg(long, value_name = "NAME")]
        container: Option<String>,
        /// The log before the last restart: why it crashed
        #[arg(long)]
        previous: bool,
        /// Only lines younger than this: 10m
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        since: Option<std::time::Duration>,
        /// Wait for more
        #[arg(long, short, conflicts_with = "run")]
        follow: bool,
        /// Only lines that look like errors
        #[arg(long)]
        errors: bool,
        /// Only the last lines of each source
        #[arg(long, value_name = "N")]
        tail: Option<u32>,
        /// The run, by number or id: the log of its job that failed
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Another job of the run
        #[arg(long, value_name = "NAME", requires = "run")]
        job: Option<String>,
    },
    /// Carry out a saved plan: once, in the world that it was made for, before it expires
    Apply {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// What waits for a person, over all services
    Inbox,
    /// The journal: what was done, refused and overruled, by whom, and whether it is still what was written
    Audit {
        /// What to do with it
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Operations: what was begun, and what became of it
    Op {
        /// What to do with them
        #[command(subcommand)]
        command: OpCommand,
    },
    /// The configuration: check it, print its schema, trust a repository's file
    Config {
        /// What to do with it
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The key bindings
    Keys,
    /// Completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page, in roff
    Man,
    /// Changes to the world.
    #[command(flatten)]
    Act(Action),
}

/// A side of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The revision under test.
    Canary,
    /// The serving revision.
    Stable,
    /// Both.
    All,
}

impl Side {
    /// The side that is meant; none for both.
    pub fn arm(self) -> Option<PodArm> {
        match self {
            Self::Canary => Some(PodArm::Canary),
            Self::Stable => Some(PodArm::Stable),
            Self::All => None,
        }
    }
}

/// What to do with the journal.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Print its lines
    Log {
        /// Only those of this operation
        #[arg(long, value_name = "ID")]
        op: Option<OpId>,
        /// Only those younger than this: 10m
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        since: Option<std::time::Duration>,
        /// Only those of operations on this service
        #[arg(long, value_name = "SERVICE")]
        service: Option<ServiceName>,
    },
    /// Check every byte of it; ends with 1 where a line was altered, moved or left out
    Verify {
        /// A head that was noted elsewhere, NUMBER:HASH: is that line still there as it was?
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,
    },
    /// Print all of it, as it stands in the files, or as one JSON object
    Export,
}

/// What to do with operations.
#[derive(Debug, Clone, Subcommand)]
pub enum OpCommand {
    /// All of them, first those whose outcome is open
    List,
    /// One of them, with all that the journal has of it
    Show {
        /// Its id, or how it begins
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Wait until one has ended, settling what another process left open; end as it ended
    Wait {
        /// Its id, or how it begins
        #[arg(value_name = "ID")]
        id: String,
        /// Wait at most so long
        #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
        timeout: std::time::Duration,
    },
}

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Name every fault with its file, line, key and mend
    Check,
    /// Print the JSON Schema
    Schema,
    /// Show what a repository's file would reach, and let it
    Trust {
        /// The file; the repository's own where none is named
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Take the consent back
        #[arg(long)]
        revoke: bool,
    },
}

fn scenarios() -> Vec<String> {
    Scenario::VARIANTS.iter().map(ToString::to_string).collect()
}

fn scenario(text: &str) -> Result<Scenario, String> {
    text.parse().map_err(|_| format!("known scenarios: {}", scenarios().join(", ")))
}

/// Reads `90s`, `20m`, `1h 30m`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; write 90s, 20m or 1h"))?;
    span.try_into().map_err(|_| "a duration cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_takes_a_scenario_only_behind_an_equals_sign() {
        let cli = Cli::try_parse_from(["gonogo", "--demo", "status"]).unwrap();
        assert_eq!(cli.global.demo, Some(Scenario::CanaryRegression));
        assert!(matches!(cli.command, Some(Command::Status { .. })));
        let cli = Cli::try_parse_from(["gonogo", "status", "--demo=calm", "--at", "5m"]).unwrap();
        assert_eq!((cli.global.demo, cli.global.at.as_secs()), (Some(Scenario::Calm), 300));
        assert!(Cli::try_parse_from(["gonogo", "status", "--demo=nothing"]).is_err());
    }
}
