//! What CI did and does: runs, jobs and steps as functions of time.

use jiff::Timestamp;

use super::{World, names};

/// GitHub's state of a run, job or step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Queued,
    /// Held by an environment's protection rule.
    Waiting,
    /// In line for a lock that another run holds.
    Pending,
    /// At work.
    InProgress,
    /// Done, well.
    Success,
    /// Done, badly.
    Failure,
    /// Left out by a condition or a path filter.
    Skipped,
}

impl State {
    /// GitHub's `status`.
    pub fn status(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Success | Self::Failure | Self::Skipped => "completed",
        }
    }

    /// GitHub's `conclusion`, null until completed.
    pub fn conclusion(self) -> Option<&'static str> {
        match self {
            Self::Success => Some("success"),
            Self::Failure => Some("failure"),
            Self::Skipped => Some("skipped"),
            Self::Queued | Self::Waiting | Self::Pending | Self::InProgress => None,
        }
    }
}

/// One step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Minutes since T0.
    pub started: Option<f64>,
    /// Minutes since T0.
    pub completed: Option<f64>,
}

/// One job of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// GitHub's id.
    pub id: u64,
    /// `build (payment)`
    pub name: String,
    /// Its state.
    pub state: State,
    /// Minutes since T0.
    pub started: Option<f64>,
    /// Minutes since T0.
    pub completed: Option<f64>,
    /// The environment that it deploys to, where it does.
    pub environment: Option<&'static str>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The line that explains a failure.
    pub complaint: Option<&'static str>,
}

/// One run of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// GitHub's id.
    pub id: u64,
    /// The concurrency group that it holds or stands in line for.
    pub lock: Option<String>,
    /// Its number within the workflow.
    pub number: u64,
    /// 1, or higher after a re-run.
    pub attempt: u64,
    /// `owner/name`
    pub repository: &'static str,
    /// File name of the workflow, below `.github/workflows/`.
    pub workflow: &'static str,
    /// Name of the workflow.
    pub name: &'static str,
    /// Title of the commit.
    pub title: &'static str,
    /// `push`, `pull_request`, `schedule`
    pub event: &'static str,
    /// Its branch.
    pub branch: &'static str,
    /// The commit: 40 hexadecimal digits.
    pub sha: String,
    /// Login of who caused it.
    pub actor: &'static str,
    /// State of the whole.
    pub state: State,
    /// Minutes since T0.
    pub created: f64,
    /// The newest change, in minutes since T0.
    pub updated: f64,
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// The services that it touches; the others' jobs are skipped.
    pub services: Vec<&'static str>,
}

/// What a run will be like, before time is known.
#[derive(Clone, Copy)]
pub(super) struct Script {
    pub(super) number: u64,
    pub(super) repository: &'static str,
    pub(super) workflow: &'static str,
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) event: &'static str,
    pub(super) branch: &'static str,
    pub(super) actor: &'static str,
    pub(super) service: &'static str,
    pub(super) version: &'static str,
    pub(super) created: f64,
    /// Name before the brackets, minutes, environment.
    pub(super) jobs: &'static [(&'static str, f64, Option<&'static str>)],
    /// Index of the job that fails and why, or that waits for ever.
    pub(super) trouble: Option<(usize, State, &'static str)>,
    /// The number of the run that holds the lock of this service when it begins.
    pub(super) behind: Option<u64>,
}

const STAGED: &[(&str, f64, Option<&str>)] =
    &[("build", 2.1, None), ("test", 3.6, None), ("deploy-dev", 0.8, Some("dev")), ("deploy-staging", 1.1, Some("staging"))];
const TESTED: &[(&str, f64, Option<&str>)] = &[("build", 2.2, None), ("test", 4.4, None)];
/// What has come no further than dev.
const FRESH: &[(&str, f64, Option<&str>)] = &[("build", 2.1, None), ("test", 3.6, None), ("deploy-dev", 0.8, Some("dev"))];
const SLOW: &[(&str, f64, Option<&str>)] =
    &[("build", 2.0, None), ("test", 3.5, None), ("deploy-dev", 1.0, Some("dev")), ("e2e", 24.0, None)];
const SCAN: &[(&str, f64, Option<&str>)] = &[("scan", 9.0, None)];
pub(super) const OWN: &[(&str, f64, Option<&str>)] = &[
    ("build", 1.9, None),
    ("test", 2.8, None),
    ("deploy-dev", 0.7, Some("dev")),
    ("deploy-staging", 0.9, Some("staging")),
    ("deploy-production", 1.6, Some("production")),
];

pub(super) const fn shop(
    number: u64,
    service: &'static str,
    version: &'static str,
    title: &'static str,
    actor: &'static str,
    created: f64,
) -> Script {
    let (repository, workflow, name) = ("acme/shop", "ci-cd.yml", "ci-cd");
    let (event, branch, jobs) = ("push", "main", STAGED);
    let (trouble, behind) = (None, None);
    Script { number, repository, workflow, name, title, event, branch, actor, service, version, created, jobs, trouble, behind }
}

static SCRIPTS: &[Script] = &[
    Script {
        repository: "acme/media",
        workflow: "deploy.yml",
        name: "deploy",
        jobs: OWN,
        ..shop(62, "media", "4.0.0", "Serve AVIF first", "tomas", -2990.0)
    },
    Script {
        repository: "acme/notify",
        workflow: "deploy.yml",
        name: "deploy",
        jobs: OWN,
        ..shop(218, "notification", "3.3.2", "Quiet hours follow the user's time zone", "jon", -2960.0)
    },
    shop(864, "pricing", "2.2.0", "Round half to even in every currency", "ana", -1530.0),
    shop(871, "catalog", "8.1.0", "Cache category trees for a minute", "lea", -1190.0),
    Script {
        workflow: "nightly.yml",
        name: "nightly",
        event: "schedule",
        jobs: SCAN,
        ..shop(77, "auth", "2.8.1", "nightly scan", "acme-bot", -420.0)
    },
    Script { jobs: FRESH, ..shop(878, "catalog", "8.1.1", "Show what is back in stock first", "lea", -92.0) },
    Script { jobs: FRESH, ..shop(879, "search", "7.7.0", "Synonyms from the shop's own glossary", "lea", -88.0) },
    Script { jobs: FRESH, ..shop(880, "cart", "5.5.1", "Keep carts of guests for a week", "jon", -86.0) },
    shop(881, "payment", "4.2.0", "Retry card authorisation once on a timeout", "mira", -84.0),
    Script {
        jobs: TESTED,
        event: "pull_request",
        branch: "faster-facets",
        ..shop(882, "search", "7.7.1", "Facet counts in one pass", "lea", -61.0)
    },
    Script {
        event: "pull_request",
        branch: "login-throttle",
        jobs: TESTED,
        trouble: Some((1, State::Failure, "login_spec:44 got 503, expected 429")),
        ..shop(883, "user", "2.1.0", "Throttle logins per account", "tomas", -47.0)
    },
    Script {
        trouble: Some((3, State::Waiting, "")),
        ..shop(884, "shipping", "1.4.2", "Split parcels by weight class", "ana", -31.0)
    },
    Script { jobs: SLOW, ..shop(885, "order", "7.0.4", "Hold stock for ten minutes at checkout", "jon", -3.0) },
    Script {
        jobs: TESTED,
        event: "pull_request",
        branch: "gift-notes",
        ..shop(886, "cart", "5.6.0", "Gift notes on orders", "lea", 14.0)
    },
    Script { jobs: SLOW, behind: Some(885), ..shop(887, "order", "7.0.5", "Tell couriers of split parcels", "ana", 17.0) },
];

/// When a script that nothing holds up is over, in minutes.
fn over(number: u64) -> f64 {
    let script = SCRIPTS.iter().find(|s| s.number == number && s.behind.is_none());
    script.map_or(f64::NEG_INFINITY, |s| s.created + 0.2 + s.jobs.iter().map(|(_, length, _)| length + 0.1).sum::<f64>())
}

impl World {
    /// Every run of every repository that has begun by `now`, newest first.
    pub fn runs(&self, now: Timestamp) -> Vec<Run> {
        let minute = self.minutes(now);
        let scripts = SCRIPTS.iter().copied().chain(self.history());
        let mut runs: Vec<Run> = scripts.filter(|s| s.created <= minute).map(|s| self.run(&s, minute)).collect();
        runs.sort_by(|a, b| b.created.total_cmp(&a.created));
        runs
    }

    fn run(&self, script: &Script, minute: f64) -> Run {
        let id = 9_100_000_000 + script.number * 1_000 + names::number(self.seed(), &["run", script.service], 900);
        let free = script.behind.map_or(f64::NEG_INFINITY, over);
        let mut begin = script.created.max(free) + 0.2;
        let mut blocked = None;
        let mut jobs = Vec::new();
        for (index, (stage, length, environment)) in script.jobs.iter().enumerate() {
            let trouble = script.trouble.filter(|(at, ..)| *at == index);
            let (state, done) = match (blocked, trouble) {
                (Some(State::Failure), _) => (State::Skipped, begin),
                (Some(_), _) => (State::Queued, begin),
                (None, _) if minute < begin => (State::Queued, begin),
                (None, Some((_, State::Waiting, _))) => (State::Waiting, begin),
                (None, _) if minute < begin + length => (State::InProgress, begin + length),
                (None, Some((_, state, _))) => (state, begin + length),
                (None, None) => (State::Success, begin + length),
            };
            if state != State::Success {
                blocked = blocked.or(Some(state));
            }
            let complaint = trouble.filter(|_| state == State::Failure).map(|(.., why)| why);
            jobs.push(job(id, index, script, (stage, begin, done, state), *environment, complaint));
            begin = done + 0.1;
        }
        let state = jobs.iter().map(|j| j.state).find(|s| *s != State::Success).unwrap_or(State::Success);
        // A run with jobs behind a finished one is at work even in the gap between two jobs.
        let state = match state {
            State::Queued if minute < free => State::Pending,
            State::Queued if minute >= script.created + 0.2 => State::InProgress,
            state => state,
        };
        let updated = jobs.iter().flat_map(|j| [j.started, j.completed]).flatten().fold(script.created, f64::max);
        if state == State::Pending {
            // No job is made before the lock is had.
            jobs.clear();
        }
        Run {
            id,
            lock: (script.repository == "acme/shop" && script.event == "push").then(|| format!("ci-cd-{}", script.service)),
            number: script.number,
            attempt: 1,
            repository: script.repository,
            workflow: script.workflow,
            name: script.name,
            title: script.title,
            event: script.event,
            branch: script.branch,
            sha: self.commit(script.service, script.version),
            actor: script.actor,
            state,
            created: script.created,
            updated,
            jobs,
            services: vec![script.service],
        }
    }
}

fn job(
    run: u64,
    index: usize,
    script: &Script,
    (stage, begin, done, state): (&str, f64, f64, State),
    environment: Option<&'static str>,
    complaint: Option<&'static str>,
) -> Job {
    let name = if script.repository == "acme/shop" { format!("{stage} ({})", script.service) } else { stage.to_owned() };
    let started = (!matches!(state, State::Queued | State::Waiting)).then_some(begin);
    let completed = state.conclusion().is_some().then_some(done);
    let steps = if started.is_some() && state != State::Skipped { steps(stage, begin, done, state) } else { Vec::new() };
    Job { id: run * 10 + index as u64, name, state, started, completed, environment, steps, complaint }
}

/// The steps of a job that has begun.
fn steps(stage: &str, begin: f64, done: f64, state: State) -> Vec<Step> {
    let work = match stage {
        "build" => ["Build image", "Push image"],
        "test" => ["Unit tests", "Integration tests"],
        "e2e" => ["Start the shop", "Checkout journeys"],
        "scan" => ["Scan images", "Upload report"],
        _ => ["Apply manifests", "Wait for rollout"],
    };
    let setup = (begin + 0.1).min(done);
    let middle = begin + (done - begin) * 0.6;
    let last = match state {
        State::Success | State::Failure => (state, Some(done)),
        _ => (State::InProgress, None),
    };
    let ok = |name: &str, from: f64, to: f64| Step {
        name: name.to_owned(),
        state: State::Success,
        started: Some(from),
        completed: Some(to),
    };
    vec![
        ok("Set up job", begin, setup),
        ok("Run actions/checkout@v5", setup, setup),
        ok(work[0], setup, middle.max(setup)),
        Step { name: work[1].to_owned(), state: last.0, started: Some(middle.max(setup)), completed: last.1 },
    ]
}
