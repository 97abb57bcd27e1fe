//! Jobs of a run, their steps, and the attempts before the present one.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Outcome, Phase, SafeText};

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobStep {
    /// Its place in the job, from 1; numbers may be left out.
    pub number: u32,
    /// Its name.
    pub name: SafeText,
    /// Where it stands.
    pub phase: Phase,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// The system's id; a re-run gives new ones.
    pub id: Arc<str>,
    /// Its name, matrix values included: `test (payment)`.
    pub name: SafeText,
    /// Where it stands.
    pub phase: Phase,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its steps in their order; none before somebody took the job.
    pub steps: Vec<JobStep>,
    /// Where a browser shows it.
    pub url: Option<SafeText>,
}

impl Job {
    /// The step that tells where the job stands: the one that runs, else the first that failed.
    pub fn telling(&self) -> Option<&JobStep> {
        let running = self.steps.iter().find(|s| s.phase == Phase::Running);
        running.or_else(|| self.steps.iter().find(|s| s.phase.failed()))
    }

    /// How many of its steps have ended, and how many there are by now.
    pub fn progress(&self) -> (usize, usize) {
        let ended = self.steps.iter().filter(|s| matches!(s.phase, Phase::Done(_))).count();
        (ended, self.steps.len())
    }
}

/// An attempt of a run before the present one. It cannot change any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// Its jobs, with ids of their own.
    pub jobs: Vec<Job>,
}

impl Attempt {
    /// Whether a job that passes `mine` went wrong by itself in this attempt. One that somebody stopped proves nothing.
    pub fn broke(&self, mine: impl Fn(&Job) -> bool) -> bool {
        let broke = |p: &Phase| matches!(p, Phase::Done(Outcome::Failure | Outcome::TimedOut | Outcome::StartupFailure));
        self.jobs.iter().any(|j| mine(j) && broke(&j.phase))
    }
}
