//! Pipeline executions, in words that no pipeline system owns.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Attempt, Binding, CompareWanted, Gate, Job, Lock, Problem, Repo, Review, SafeText, Sha};

/// Names one attempt of one run. `id` is text because not every system counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunKey {
    /// The repository.
    pub repo: Repo,
    /// The system's id of the run.
    pub id: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// How a run, job or step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Passed.
    Success,
    /// Failed.
    Failure,
    /// Stopped by somebody.
    Cancelled,
    /// Not needed: a condition or path filter left it out. Not a pass.
    Skipped,
    /// Took too long.
    TimedOut,
    /// Neither good nor bad.
    Neutral,
    /// Waits for somebody outside.
    ActionRequired,
    /// Overtaken by a newer run.
    Stale,
    /// Could not start.
    StartupFailure,
    /// A word that we do not know.
    Other(SafeText),
}

/// Where a run, job or step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not started.
    Queued,
    /// Under way.
    Running,
    /// Waits for a decision.
    Waiting,
    /// Waits for a lock of a concurrency group, which opens by itself and asks nobody.
    Blocked,
    /// Ended.
    Done(Outcome),
    /// A word that we do not know.
    Unknown(SafeText),
}

impl Phase {
    /// Whether it ended well.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Done(Outcome::Success | Outcome::Neutral))
    }

    /// Whether it ended badly.
    pub fn failed(&self) -> bool {
        matches!(
            self,
            Self::Done(
                Outcome::Failure | Outcome::Cancelled | Outcome::TimedOut | Outcome::StartupFailure | Outcome::ActionRequired
            )
        )
    }

    /// Whether it has yet to end.
    pub fn open(&self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Waiting | Self::Blocked)
    }

    /// Whether a condition or path filter left it out.
    pub fn skipped(&self) -> bool {
        matches!(self, Self::Done(Outcome::Skipped))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Done(Outcome::Success) => "passed",
            Self::Done(Outcome::Failure) => "failed",
            Self::Done(Outcome::Cancelled) => "cancelled",
            Self::Done(Outcome::Skipped) => "skipped",
            Self::Done(Outcome::TimedOut) => "timed out",
            Self::Done(Outcome::Neutral) => "neutral",
            Self::Done(Outcome::ActionRequired) => "action required",
            Self::Done(Outcome::Stale) => "stale",
            Self::Done(Outcome::StartupFailure) => "could not start",
            Self::Done(Outcome::Other(word)) | Self::Unknown(word) => word.as_str(),
        })
    }
}

/// Something that is fetched only when asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[serde(rename_all = "kebab-case", tag = "state", content = "value")]
pub enum Loaded<T> {
    /// Nobody asked yet.
    #[default]
    NotAsked,
    /// Here.
    Ok(T),
    /// Asked, and not had.
    Failed(Problem),
}

impl<T> Loaded<T> {
    /// The value, if it is here.
    pub fn ok(&self) -> Option<&T> {
        if let Self::Ok(value) = self { Some(value) } else { None }
    }
}

/// One execution of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Its name within its system.
    pub key: RunKey,
    /// The number that people quote: `#881`.
    pub number: u64,
    /// The workflow file: `ci-cd.yml`.
    pub workflow: SafeText,
    /// The workflow's name.
    pub name: SafeText,
    /// The title: mostly a commit's subject.
    pub title: SafeText,
    /// The commit that it ran on.
    pub commit: Option<Sha>,
    /// The branch or tag.
    pub branch: Option<SafeText>,
    /// What started it: `push`, `workflow_dispatch`, …
    pub event: SafeText,
    /// Who started it.
    pub actor: Option<SafeText>,
    /// Where it stands.
    pub phase: Phase,
    /// When it was made.
    pub created: Timestamp,
    /// When this attempt started.
    pub started: Option<Timestamp>,
    /// When it last changed.
    pub updated: Timestamp,
    /// Where a browser shows it.
    pub url: Option<SafeText>,
    /// Its jobs.
    pub jobs: Loaded<Vec<Job>>,
    /// Earlier attempts with their jobs, the oldest first, where there were any: at most the last five.
    pub earlier: Loaded<Vec<Attempt>>,
    /// Where it waits for a decision.
    pub gates: Loaded<Vec<Gate>>,
    /// What was decided at its gates so far.
    pub reviews: Loaded<Vec<Review>>,
    /// The locks that it stands in line for.
    pub locks: Loaded<Vec<Lock>>,
}

/// The checks that a branch's rules require, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct RequiredChecks(pub Vec<SafeText>);

/// What the engine wants of a pipeline system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunsWanted {
    /// The workflows to follow.
    pub workflows: Vec<WorkflowWanted>,
    /// What is to be compared.
    pub compares: Vec<CompareWanted>,
    /// Runs that somebody looks at closely, by repository and id: they are read with everything that belongs to them.
    pub closely: Vec<(Repo, Arc<str>)>,
}

/// One workflow to follow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkflowWanted {
    /// The repository.
    pub repo: Repo,
    /// The workflow file; all workflows where none is named.
    pub workflow: Option<Arc<str>>,
    /// Commits of the release whose runs are wanted even when they are no longer among the newest.
    pub commits: Vec<Sha>,
    /// The branches whose rules are wanted, without doubles.
    pub branches: Vec<Arc<str>>,
}

/// What one run says about one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Every job of the service passed.
    Passed {
        /// Passed only on a later attempt of the same commit.
        flaky: bool,
    },
    /// A required job failed: its name.
    Failed(SafeText),
    /// A job has yet to end: its name.
    Running(SafeText),
    /// Waits for a decision: the job's name.
    Waiting(SafeText),
    /// All jobs of the service were left out by a path filter: the service is unchanged in this commit.
    Unchanged,
    /// Cannot be told, and why.
    Unknown(SafeText),
}

impl Run {
    /// What this run says about a service with `binding`. `required` are globs over job names; empty: every job of the
    /// binding is required.
    pub fn state_for(&self, binding: &Binding, required: &[SafeText]) -> RunState {
        let jobs = match &self.jobs {
            Loaded::Ok(jobs) => jobs,
            // Without a job pattern the whole run speaks for the service.
            _ if !binding.has_job_pattern() && required.is_empty() => return self.whole(),
            Loaded::NotAsked => return RunState::Unknown("its jobs are not read yet".into()),
            Loaded::Failed(problem) => return RunState::Unknown(format!("its jobs cannot be read: {problem}").into()),
        };
        let mine: Vec<&Job> = jobs.iter().filter(|j| binding.matches_job(j.name.as_str())).collect();
        let counted: Vec<&Job> = mine
            .iter()
            .copied()
            .filter(|j| required.is_empty() || required.iter().any(|r| glob(r.as_str(), j.name.as_str())))
            .collect();
        if let Some(j) = counted.iter().find(|j| j.phase.failed()) {
            return RunState::Failed(j.name.clone());
        }
        if let Some(j) = counted.iter().find(|j| j.phase == Phase::Waiting) {
            return RunState::Waiting(j.name.clone());
        }
        if let Some(j) = counted.iter().find(|j| j.phase.open()) {
            return RunState::Running(j.name.clone());
        }
        if let Some(j) = counted.iter().find(|j| !j.phase.passed() && !j.phase.skipped()) {
            return RunState::Unknown(format!("{}: {}", j.name, j.phase).into());
        }
        if counted.is_empty() {
            return match self.phase {
                // Later jobs of the service may not exist yet while the run is open.
                ref p if p.open() => RunState::Running(self.name.clone()),
                _ if mine.is_empty() => RunState::Unknown("no job of this run belongs to the service".into()),
                _ => RunState::Unknown("none of the required checks ran".into()),
            };
        }
        let missing = required.iter().find(|r| !counted.iter().any(|j| glob(r.as_str(), j.name.as_str())));
        if let Some(missing) = missing {
            return if self.phase.open() {
                RunState::Running(missing.clone())
            } else {
                RunState::Unknown(format!("required check {missing} did not run").into())
            };
        }
        if counted.iter().all(|j| j.phase.skipped()) {
            RunState::Unchanged
        } else {
            RunState::Passed { flaky: self.flaky(|j| counted.iter().any(|mine| mine.name == j.name)) }
        }
    }

    /// Whether jobs that pass `mine` went wrong in an earlier attempt. Where earlier attempts are not known, any later
    /// attempt counts.
    fn flaky(&self, mine: impl Fn(&Job) -> bool) -> bool {
        match &self.earlier {
            Loaded::Ok(attempts) => attempts.iter().any(|a| a.broke(&mine)),
            _ => self.key.attempt > 1,
        }
    }

    /// How long this attempt took, where it has ended.
    pub fn took(&self) -> Option<SignedDuration> {
        let ended = matches!(self.phase, Phase::Done(_));
        ended.then(|| self.updated.duration_since(self.started.unwrap_or(self.created)))
    }

    /// Whether it or one of its jobs is in this phase.
    pub fn anywhere(&self, phase: &Phase) -> bool {
        self.phase == *phase || self.jobs.ok().is_some_and(|jobs| jobs.iter().any(|j| j.phase == *phase))
    }

    fn whole(&self) -> RunState {
        match &self.phase {
            p if p.passed() => RunState::Passed { flaky: self.flaky(|_| true) },
            p if p.failed() => RunState::Failed(self.name.clone()),
            Phase::Waiting => RunState::Waiting(self.name.clone()),
            p if p.open() => RunState::Running(self.name.clone()),
            p if p.skipped() => RunState::Unchanged,
            p => RunState::Unknown(format!("{}: {p}", self.name).into()),
        }
    }
}

/// Whether `pattern` (with `*` for any run of characters) matches all of `text`.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let tail: Vec<&str> = parts.collect();
    let Some((last, middle)) = tail.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("* (payment)", "test (payment)", true),
            ("* (payment)", "test (payments)", false),
            ("* (payment)", "deploy (us) (payment)", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("build", "build", true),
            ("build", "build2", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }

    fn run(attempt: u32, earlier: Loaded<Vec<Attempt>>) -> Run {
        Run {
            key: RunKey { repo: "acme/shop".parse().unwrap(), id: "1".into(), attempt },
            number: 1,
            workflow: "ci.yml".into(),
            name: "ci".into(),
            title: "t".into(),
            commit: None,
            branch: None,
            event: "push".into(),
            actor: None,
            phase: Phase::Done(Outcome::Success),
            created: Timestamp::UNIX_EPOCH,
            started: None,
            updated: Timestamp::UNIX_EPOCH,
            url: None,
            jobs: Loaded::Ok(vec![job("9", "test (pay)", Outcome::Success), job("8", "test (cart)", Outcome::Success)]),
            earlier,
            gates: Loaded::NotAsked,
            reviews: Loaded::NotAsked,
            locks: Loaded::NotAsked,
        }
    }

    fn job(id: &str, name: &str, outcome: Outcome) -> Job {
        Job {
            id: id.into(),
            name: name.into(),
            phase: Phase::Done(outcome),
            started: None,
            ended: None,
            steps: vec![],
            url: None,
        }
    }

    #[test]
    fn only_the_service_whose_job_went_wrong_before_is_flaky() {
        let binding = |service: &str| Binding { job: Some(format!("* ({service})").into()), ..binding_of_all() };
        let before = |outcome: Outcome| {
            Loaded::Ok(vec![Attempt {
                number: 1,
                jobs: vec![job("1", "test (pay)", outcome), job("2", "test (cart)", Outcome::Success)],
            }])
        };
        for (attempt, earlier, pay, cart) in [
            (1, Loaded::Ok(vec![]), false, false),
            (2, before(Outcome::Failure), true, false),
            (2, before(Outcome::TimedOut), true, false),
            // Somebody stopped it: that says nothing of the test.
            (2, before(Outcome::Cancelled), false, false),
            (2, before(Outcome::Success), false, false),
            // Nobody knows which job it was.
            (2, Loaded::NotAsked, true, true),
        ] {
            let run = run(attempt, earlier);
            assert_eq!(run.state_for(&binding("pay"), &[]), RunState::Passed { flaky: pay }, "{run:?}");
            assert_eq!(run.state_for(&binding("cart"), &[]), RunState::Passed { flaky: cart }, "{run:?}");
        }
    }

    #[test]
    fn a_run_in_line_for_a_lock_is_under_way_and_asks_nobody() {
        let blocked = Run { phase: Phase::Blocked, jobs: Loaded::NotAsked, ..run(1, Loaded::NotAsked) };
        assert_eq!(blocked.state_for(&binding_of_all(), &[]), RunState::Running("ci".into()));
        assert!(blocked.anywhere(&Phase::Blocked) && !blocked.anywhere(&Phase::Waiting));
    }

    fn binding_of_all() -> Binding {
        Binding {
            repo: "acme/shop".parse().unwrap(),
            workflow: None,
            job: None,
            paths: vec![],
            migrations: vec![],
            config: vec![],
            required: vec![],
            branch: "main".into(),
        }
    }

    #[test]
    fn the_usual_time_is_the_median_of_good_runs() {
        let took = |id: &str, minutes: i64, outcome: Outcome| Run {
            key: RunKey { id: id.into(), ..run(1, Loaded::NotAsked).key },
            phase: Phase::Done(outcome),
            updated: Timestamp::from_second(minutes * 60).unwrap(),
            ..run(1, Loaded::NotAsked)
        };
        let mut all = vec![took("2", 5, Outcome::Success), took("3", 60, Outcome::Failure), took("4", 7, Outcome::Success)];
        let now = took("1", 9, Outcome::Success);
        assert_eq!(super::super::usual(&now, &all), None, "two are no custom");
        all.push(took("5", 90, Outcome::Success));
        all.push(now.clone());
        assert_eq!(super::super::usual(&now, &all), Some(SignedDuration::from_mins(7)));
    }
}
