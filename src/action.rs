//! What can be done to the world: one enum that is the command line's subcommand, what a key resolves to, and later the
//! journal's entry. The doc comment of a variant is its help on the command line, in the palette and on the help page.

use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use strum::EnumDiscriminants;

use crate::domain::{EnvironmentName, ServiceName};

/// A change to the world that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Subcommand, EnumDiscriminants)]
#[serde(rename_all = "kebab-case")]
#[strum_discriminants(name(Verb), derive(Hash, PartialOrd, Ord, strum::EnumIter, strum::IntoStaticStr, strum::EnumString))]
#[strum_discriminants(strum(serialize_all = "kebab-case"))]
#[strum_discriminants(doc = "An action without its target: what a key names.")]
pub enum Action {
    /// Let a rollout wait where it stands
    Pause(Target),
    /// Stop a rollout under way; traffic returns to the stable version
    Abort(Target),
}

/// What an action is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Args)]
pub struct Target {
    /// The service
    #[arg(value_name = "SERVICE")]
    pub service: ServiceName,
    /// The environment
    #[arg(long, value_name = "NAME")]
    pub env: EnvironmentName,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    action: Action,
}

impl Action {
    /// Reads an action from the words of a command line, without the program's name.
    pub fn parse<I: IntoIterator<Item = T>, T: Into<std::ffi::OsString> + Clone>(words: I) -> Result<Self, clap::Error> {
        Line::try_parse_from(words).map(|line| line.action)
    }

    /// The words that [`parse`](Self::parse) reads back as this action.
    pub fn to_argv(&self) -> Vec<String> {
        let target = self.target();
        vec![self.name().to_owned(), target.service.to_string(), "--env".to_owned(), target.env.to_string()]
    }

    /// The command line that does this: `gonogo abort payment --env production`.
    pub fn command_line(&self) -> String {
        format!("gonogo {}", self.to_argv().join(" "))
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        Verb::from(self).into()
    }

    /// What it is for.
    pub fn target(&self) -> &Target {
        match self {
            Self::Pause(target) | Self::Abort(target) => target,
        }
    }
}

impl Verb {
    /// This verb done to `target`.
    pub fn on(self, target: Target) -> Action {
        match self {
            Self::Pause => Action::Pause(target),
            Self::Abort => Action::Abort(target),
        }
    }

    /// Whether it only takes exposure back, and so is allowed on stale data and never gated.
    pub fn goes_back(self) -> bool {
        matches!(self, Self::Pause | Self::Abort)
    }

    /// What its target is afterwards.
    pub fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Abort => "aborted",
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

    #[test]
    fn every_action_reads_back_from_its_own_command_line() {
        for verb in Verb::iter() {
            let target = Target { service: "payment".parse().unwrap(), env: "production".parse().unwrap() };
            let action = verb.on(target);
            assert_eq!(Action::parse(action.to_argv()).unwrap(), action);
            assert!(!verb.about().is_empty(), "{verb:?} has a doc comment");
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert!(Action::parse(["abort", "--env", "production", "pay ment"]).is_err());
        assert!(Action::parse(["abort", "payment"]).is_err(), "an environment is never guessed");
    }
}
