//! What can be done to the world: one enum that is the command line's subcommand, what a key resolves to, and the
//! journal's entry. The doc comment of a variant is its help on the command line, in the palette and on the help page.

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use strum::EnumDiscriminants;

use crate::domain::{ClusterName, EnvironmentName, SafeText, ServiceName, quoted};

/// A change to the world that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Subcommand, EnumDiscriminants)]
#[serde(rename_all = "kebab-case")]
#[strum_discriminants(name(Verb), derive(Hash, PartialOrd, Ord, strum::EnumIter, strum::IntoStaticStr, strum::EnumString))]
#[strum_discriminants(strum(serialize_all = "kebab-case"))]
#[strum_discriminants(doc = "An action without its target: what a key names.")]
pub enum Action {
    /// Bring a version to an environment: by default the one that the environment before it serves
    Promote {
        /// What it is for.
        #[command(flatten)]
        #[serde(flatten)]
        target: Target,
        /// The version or digest
        #[arg(long, value_name = "VERSION")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SafeText>,
    },
    /// Move a rollout that waits one step on
    Step {
        /// What it is for.
        #[command(flatten)]
        #[serde(flatten)]
        target: Target,
        /// Take all steps that remain at once
        #[arg(long)]
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        full: bool,
    },
    /// Return to an earlier revision: by default the last known good one
    Rollback {
        /// What it is for.
        #[command(flatten)]
        #[serde(flatten)]
        target: Target,
        /// The version, the digest, or the uid of the ReplicaSet
        #[arg(long, value_name = "VERSION|UID")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SafeText>,
        /// Go back although this contract is broken by it
        #[arg(long, value_name = "CONTRACT")]
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accept_unsafe: Vec<SafeText>,
    },
    /// Stop a rollout under way; traffic returns to the stable version
    Abort(Target),
    /// Let a rollout wait where it stands
    Pause(Target),
    /// Let a rollout that a person paused go on
    Resume(Target),
    /// Start an aborted rollout again
    Retry(Target),
    /// Replace the pods by new ones of the same version
    Restart(Target),
    /// Bring a version to the idle side of a blue-green pair; users keep the other side
    Fill {
        /// What it is for.
        #[command(flatten)]
        #[serde(flatten)]
        target: Target,
        /// The version or digest; by default the one that the environment before serves
        #[arg(long, value_name = "VERSION")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SafeText>,
    },
    /// Lead users to the idle side of a blue-green pair
    Switch(Target),
    /// Take the pods of the idle side of a blue-green pair down
    Retire(Target),
}

/// What an action is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Args)]
pub struct Target {
    /// The service
    #[arg(value_name = "SERVICE")]
    pub service: ServiceName,
    /// More services, under one consent
    #[arg(value_name = "SERVICE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ServiceName>,
    /// The environment
    #[arg(long, value_name = "NAME")]
    pub env: EnvironmentName,
    /// Only this cluster
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterName>,
    /// The version that must run there now
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<SafeText>,
}

impl Target {
    /// A service in every cluster of an environment, whatever runs there.
    pub fn new(service: ServiceName, env: EnvironmentName) -> Self {
        Self { service, also: vec![], env, cluster: None, expect: None }
    }

    /// The services, in order.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        std::iter::once(&self.service).chain(&self.also)
    }

    /// The services in words.
    pub fn names(&self) -> String {
        ServiceName::all(&self.service, &self.also)
    }
}

/// What an action does to the exposure of users, which decides about gates and arming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It takes exposure back: allowed on stale data and never gated.
    Back,
    /// It changes neither version nor exposure.
    Beside,
    /// It brings something on: gated by the verdict and the policy.
    Forward,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    action: Action,
}

/// An option with its value, as the parser takes it back whatever the value begins with.
fn option(words: &mut Vec<String>, name: &str, value: Option<&impl ToString>) {
    let Some(value) = value.map(ToString::to_string) else { return };
    if value.starts_with('-') {
        words.push(format!("--{name}={value}"));
    } else {
        words.extend([format!("--{name}"), value]);
    }
}

/// The target of an action, by reference as the action is: to be read, or to be changed.
macro_rules! target_of {
    ($action:expr) => {
        match $action {
            Action::Promote { target, .. }
            | Action::Step { target, .. }
            | Action::Rollback { target, .. }
            | Action::Abort(target)
            | Action::Pause(target)
            | Action::Resume(target)
            | Action::Retry(target)
            | Action::Restart(target)
            | Action::Fill { target, .. }
            | Action::Switch(target)
            | Action::Retire(target) => target,
        }
    };
}

impl Action {
    /// Reads an action from the words of a command line, without the program's name.
    pub fn parse<I: IntoIterator<Item = T>, T: Into<std::ffi::OsString> + Clone>(words: I) -> Result<Self, clap::Error> {
        Line::try_parse_from(words).map(|line| line.action)
    }

    /// The words that [`parse`](Self::parse) reads back as this action.
    pub fn to_argv(&self) -> Vec<String> {
        let target = self.target();
        let Target { env, cluster, expect, .. } = target;
        let mut words = vec![self.name().to_owned()];
        words.extend(target.services().map(ToString::to_string));
        option(&mut words, "env", Some(env));
        option(&mut words, "cluster", cluster.as_ref());
        match self {
            Self::Promote { to, .. } | Self::Fill { to, .. } => option(&mut words, "to", to.as_ref()),
            Self::Rollback { to, accept_unsafe, .. } => {
                option(&mut words, "to", to.as_ref());
                for contract in accept_unsafe {
                    option(&mut words, "accept-unsafe", Some(contract));
                }
            }
            Self::Step { full: true, .. } => words.push("--full".to_owned()),
            Self::Step { .. }
            | Self::Abort(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Retry(_)
            | Self::Restart(_)
            | Self::Switch(_)
            | Self::Retire(_) => {}
        }
        option(&mut words, "expect", expect.as_ref());
        words
    }

    /// The command line that does this, as a shell takes it: `gonogo abort payment --env production`.
    pub fn command_line(&self) -> String {
        let words: Vec<String> = self.to_argv().iter().map(|word| quoted(word)).collect();
        format!("gonogo {}", words.join(" "))
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        Verb::from(self).into()
    }

    /// What it is for.
    pub fn target(&self) -> &Target {
        target_of!(self)
    }

    /// The same, for other services.
    #[must_use]
    pub fn aimed(&self, service: ServiceName, also: Vec<ServiceName>) -> Self {
        let mut other = self.clone();
        let target = target_of!(&mut other);
        (target.service, target.also) = (service, also);
        other
    }
}

impl Verb {
    /// This verb done to `target`, with nothing said besides.
    pub fn on(self, target: Target) -> Action {
        match self {
            Self::Promote => Action::Promote { target, to: None },
            Self::Step => Action::Step { target, full: false },
            Self::Rollback => Action::Rollback { target, to: None, accept_unsafe: vec![] },
            Self::Abort => Action::Abort(target),
            Self::Pause => Action::Pause(target),
            Self::Resume => Action::Resume(target),
            Self::Retry => Action::Retry(target),
            Self::Restart => Action::Restart(target),
            Self::Fill => Action::Fill { target, to: None },
            Self::Switch => Action::Switch(target),
            Self::Retire => Action::Retire(target),
        }
    }

    /// What it does to the exposure of users, as far as the verb alone tells.
    pub fn direction(self) -> Direction {
        match self {
            Self::Rollback | Self::Abort | Self::Pause => Direction::Back,
            Self::Restart | Self::Retire => Direction::Beside,
            Self::Promote | Self::Step | Self::Resume | Self::Retry | Self::Fill | Self::Switch => Direction::Forward,
        }
    }

    /// Whether it only takes exposure back, and so is allowed on stale data and never gated.
    pub fn goes_back(self) -> bool {
        self.direction() == Direction::Back
    }

    /// What its target is afterwards: the service "is … already".
    pub fn done(self) -> &'static str {
        match self {
            Self::Promote => "at that version",
            Self::Step => "past that step",
            Self::Rollback => "back at that revision",
            Self::Abort => "aborted",
            Self::Pause => "paused",
            Self::Resume => "going on",
            Self::Retry => "started again",
            Self::Restart => "restarted",
            Self::Fill => "filled",
            Self::Switch => "switched",
            Self::Retire => "retired",
        }
    }

    /// One sentence about it, from the doc comment of the action.
    pub fn about(self) -> String {
        let name: &'static str = self.into();
        let command = <Line as clap::CommandFactory>::command();
        command.find_subcommand(name).and_then(|c| c.get_about()).map(ToString::to_string).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    fn target() -> Target {
        Target::new("payment".parse().unwrap(), "production".parse().unwrap())
    }

    #[test]
    fn every_action_reads_back_from_its_own_command_line() {
        for verb in Verb::iter() {
            let action = verb.on(target());
            assert_eq!(Action::parse(action.to_argv()).unwrap(), action);
            assert!(!verb.about().is_empty(), "{verb:?} has a doc comment");
        }
    }

    #[test]
    fn every_option_reads_back_and_survives_the_journal() {
        let narrowed = Target { cluster: Some("eu-1".parse().unwrap()), expect: Some("-1 'odd'".into()), ..target() };
        for action in [
            Action::Promote { target: narrowed.clone(), to: Some("--full".into()) },
            Action::Step { target: narrowed.clone(), full: true },
            Action::Rollback {
                target: narrowed.clone(),
                to: Some("4.1.7".into()),
                accept_unsafe: vec!["schema".into(), "-x".into()],
            },
            Action::Fill { target: narrowed.clone(), to: Some("2.0".into()) },
            Action::Abort(Target { also: vec!["cart".parse().unwrap(), "user".parse().unwrap()], ..narrowed }),
        ] {
            assert_eq!(Action::parse(action.to_argv()).unwrap(), action);
            let kept = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&kept).unwrap(), action);
        }
    }

    #[test]
    fn a_command_line_is_quoted_for_a_shell() {
        let action = Action::Promote { target: target(), to: Some("1.0 $(reboot) it's".into()) };
        assert_eq!(action.command_line(), r"gonogo promote payment --env production --to '1.0 $(reboot) it'\''s'");
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert!(Action::parse(["abort", "--env", "production", "pay ment"]).is_err());
        assert!(Action::parse(["abort", "payment"]).is_err(), "an environment is never guessed");
    }
}
