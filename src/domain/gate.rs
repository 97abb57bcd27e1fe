//! What a run waits for: decisions of people, timers, and locks that other runs hold.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Phase, SafeText};

/// Whether the person whose credential is used may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer", content = "why")]
pub enum MayI {
    /// Yes.
    Yes,
    /// No, and why not.
    No(SafeText),
    /// Cannot be told, and why not.
    Unknown(SafeText),
}

/// Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Reviewer {
    /// A person, by login.
    Person(SafeText),
    /// A team, by name.
    Team(SafeText),
}

impl fmt::Display for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "{name}"),
            Self::Team(name) => write!(f, "team {name}"),
        }
    }
}

/// A timer that must run out first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitTimer {
    /// How long it runs, in minutes.
    pub minutes: u64,
    /// When it runs out; unknown before it was started.
    pub until: Option<Timestamp>,
}

/// A point where a run waits for a decision before it may touch an environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// What the system calls it when it is decided; on GitHub the environment's id.
    pub id: Arc<str>,
    /// The environment behind it.
    pub environment: SafeText,
    /// Whether I may decide.
    pub may_i: MayI,
    /// Who may; one of them is enough.
    pub reviewers: Vec<Reviewer>,
    /// A timer that must run out as well.
    pub wait: Option<WaitTimer>,
    /// The branches from which the environment may be reached, in words, where they are limited.
    pub branches: Option<SafeText>,
    /// Whether the person who started the run is kept from deciding; `None` where the rules cannot be read.
    pub no_self_review: Option<bool>,
    /// Where a browser shows it.
    pub url: Option<SafeText>,
}

impl Gate {
    /// Who may decide, in words.
    pub fn who(&self) -> String {
        match (&self.reviewers[..], &self.wait) {
            ([], Some(wait)) => format!("nobody: a timer of {} min", wait.minutes),
            ([], None) => "nobody: a rule outside decides".to_owned(),
            (some, _) => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }
}

/// A decision that somebody made at a gate of this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Who.
    pub by: Option<SafeText>,
    /// `approved`, `rejected` or another word of the system.
    pub state: SafeText,
    /// What they wrote.
    pub comment: SafeText,
    /// For which environments.
    pub environments: Vec<SafeText>,
}

/// A concurrency group in which a run or one of its jobs stands in line. It opens by itself and asks nobody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lock {
    /// The group's name.
    pub group: SafeText,
    /// The job that waits; the whole run where none is named.
    pub job: Option<SafeText>,
    /// Who is before us, the holder first; empty where the system does not say.
    pub ahead: Vec<LockMember>,
}

/// Who holds a lock or stands in line for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LockMember {
    /// The id of the run.
    pub run: Arc<str>,
    /// The name of the run's workflow.
    pub name: SafeText,
    /// The job, where it is a job's lock.
    pub job: Option<SafeText>,
    /// Where it stands.
    pub phase: Phase,
}
