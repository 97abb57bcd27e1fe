//! GitHub's documents as we read them: only the fields that we show, all of them optional where GitHub's description or
//! practice allows it, unknown words kept, and one unreadable item never costs the others.

pub mod compare;
pub mod gate;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    domain::{Job, JobStep, Loaded, Outcome, Phase, Problem, ProblemKind, Repo, RequiredChecks, Run, RunKey, SafeText, Sha},
    provider::http,
};

#[derive(Deserialize)]
struct RunPage {
    workflow_runs: Vec<Value>,
}

#[derive(Deserialize)]
struct JobPage {
    jobs: Vec<Value>,
}

#[derive(Deserialize)]
struct RawRun {
    id: u64,
    name: Option<String>,
    display_title: Option<String>,
    head_branch: Option<String>,
    head_sha: Option<String>,
    head_commit: Option<RawCommit>,
    path: Option<String>,
    run_number: Option<u64>,
    run_attempt: Option<u32>,
    event: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    actor: Option<RawUser>,
    triggering_actor: Option<RawUser>,
    created_at: Option<Timestamp>,
    run_started_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct RawCommit {
    message: Option<String>,
}

#[derive(Deserialize)]
struct RawUser {
    login: Option<String>,
}

#[derive(Deserialize)]
struct RawJob {
    id: u64,
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    steps: Option<Vec<RawStep>>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct RawStep {
    number: Option<u32>,
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawRule {
    #[serde(rename = "type")]
    kind: Option<String>,
    parameters: Option<RawParameters>,
}

#[derive(Deserialize)]
struct RawParameters {
    required_status_checks: Option<Vec<RawCheck>>,
}

#[derive(Deserialize)]
struct RawCheck {
    context: String,
}

#[derive(Deserialize)]
struct RawBranch {
    protection: Option<RawProtection>,
}

#[derive(Deserialize)]
struct RawProtection {
    required_status_checks: Option<RawRequired>,
}

#[derive(Deserialize)]
struct RawRequired {
    contexts: Option<Vec<String>>,
}

/// The runs of a page.
pub fn runs(body: &[u8], repo: &Repo, source: &str) -> Result<Vec<Run>, Problem> {
    let page: RunPage = http::json(body, source)?;
    items(page.workflow_runs, source, |raw: RawRun| run(raw, repo))
}

/// A run of its own; `None` where it has no time.
pub fn one_run(body: &[u8], repo: &Repo, source: &str) -> Result<Option<Run>, Problem> {
    http::json(body, source).map(|raw| run(raw, repo))
}

/// The jobs of a page.
pub fn jobs(body: &[u8], source: &str) -> Result<Vec<Job>, Problem> {
    let page: JobPage = http::json(body, source)?;
    items(page.jobs, source, |raw: RawJob| Some(job(raw)))
}

/// The checks that the rules of a branch require.
pub fn rules(body: &[u8], source: &str) -> Result<RequiredChecks, Problem> {
    let rules: Vec<Value> = http::json(body, source)?;
    let mut checks = vec![];
    // Rules of kinds that we do not know, and there will be new ones, have parameters of their own.
    let rules = rules.into_iter().filter(|r| r.get("type").and_then(Value::as_str) == Some("required_status_checks"));
    for rule in items(rules.collect(), source, |raw: RawRule| raw.kind.and(raw.parameters))? {
        checks.extend(rule.required_status_checks.unwrap_or_default().into_iter().map(|c| SafeText::clean(&c.context)));
    }
    checks.sort();
    checks.dedup();
    Ok(RequiredChecks(checks))
}

/// The checks that the older branch protection requires, as far as the branch's document tells.
pub fn protection(body: &[u8], source: &str) -> Result<RequiredChecks, Problem> {
    let branch: RawBranch = http::json(body, source)?;
    let contexts = branch.protection.and_then(|p| p.required_status_checks).and_then(|r| r.contexts).unwrap_or_default();
    Ok(RequiredChecks(contexts.iter().map(|c| SafeText::clean(c)).collect()))
}

/// Reads items one by one. All of them unreadable means that the answer is.
fn items<R: DeserializeOwned, T>(raw: Vec<Value>, source: &str, read: impl Fn(R) -> Option<T>) -> Result<Vec<T>, Problem> {
    let count = raw.len();
    let mut why = String::new();
    let mut out = Vec::with_capacity(count);
    for (index, value) in raw.into_iter().enumerate() {
        match serde_path_to_error::deserialize(value).map(&read) {
            Ok(Some(item)) => out.push(item),
            Ok(None) => why = format!("item {index} lacks what names it"),
            Err(e) => why = format!("item {index} at {}: {}", e.path(), e.inner()),
        }
    }
    if out.len() < count {
        tracing::warn!(%source, unreadable = count - out.len(), of = count, why = %SafeText::capped(&why, 200), "items left out");
        if out.is_empty() {
            return Err(Problem::new(ProblemKind::Unreadable, format!("{source}: nothing readable: {why}")));
        }
    }
    Ok(out)
}

fn run(raw: RawRun, repo: &Repo) -> Option<Run> {
    let text = |raw: Option<String>| raw.as_deref().map(SafeText::clean);
    let created = raw.created_at.or(raw.run_started_at).or(raw.updated_at)?;
    let workflow = SafeText::clean(raw.path.as_deref().map_or("", file));
    let subject = || raw.head_commit.and_then(|c| c.message).and_then(|m| m.lines().next().map(SafeText::clean));
    let login = |user: Option<RawUser>| text(user.and_then(|u| u.login));
    let name = text(raw.name).unwrap_or_else(|| workflow.clone());
    Some(Run {
        key: RunKey { repo: repo.clone(), id: raw.id.to_string().into(), attempt: raw.run_attempt.unwrap_or(1) },
        number: raw.run_number.unwrap_or_default(),
        title: text(raw.display_title).or_else(subject).unwrap_or_else(|| name.clone()),
        commit: raw.head_sha.and_then(|sha| sha.to_ascii_lowercase().parse::<Sha>().ok()),
        branch: text(raw.head_branch),
        event: text(raw.event).unwrap_or_else(|| "unknown".into()),
        actor: login(raw.triggering_actor).or_else(|| login(raw.actor)),
        phase: phase(raw.status.as_deref(), raw.conclusion.as_deref()),
        created,
        started: raw.run_started_at,
        updated: raw.updated_at.unwrap_or(created),
        url: text(raw.html_url),
        jobs: Loaded::NotAsked,
        earlier: Loaded::NotAsked,
        gates: Loaded::NotAsked,
        reviews: Loaded::NotAsked,
        locks: Loaded::NotAsked,
        workflow,
        name,
    })
}

/// `build.yml` of `.github/workflows/build.yml@main`.
fn file(path: &str) -> &str {
    let path = path.split('@').next().unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

fn job(raw: RawJob) -> Job {
    Job {
        id: raw.id.to_string().into(),
        name: raw.name.as_deref().unwrap_or("unnamed").into(),
        phase: phase(raw.status.as_deref(), raw.conclusion.as_deref()),
        // A job that nobody took yet has a start at its creation; it started nothing.
        started: raw
            .started_at
            .filter(|_| !matches!(raw.status.as_deref(), Some("queued" | "waiting" | "pending" | "requested"))),
        ended: raw.completed_at,
        steps: (1..).zip(raw.steps.unwrap_or_default()).map(|(place, raw)| step(place, raw)).collect(),
        url: raw.html_url.as_deref().map(SafeText::clean),
    }
}

fn step(place: u32, raw: RawStep) -> JobStep {
    JobStep {
        number: raw.number.unwrap_or(place),
        name: raw.name.as_deref().unwrap_or("unnamed").into(),
        phase: phase(raw.status.as_deref(), raw.conclusion.as_deref()),
        started: raw.started_at,
        ended: raw.completed_at,
    }
}

/// What GitHub's two words mean together.
pub(super) fn phase(status: Option<&str>, conclusion: Option<&str>) -> Phase {
    match (status, conclusion) {
        (Some("completed") | None, Some(word)) => Phase::Done(outcome(word)),
        (Some("completed"), None) => Phase::Unknown("completed without a conclusion".into()),
        (Some("queued" | "requested"), _) => Phase::Queued,
        (Some("pending"), _) => Phase::Blocked,
        (Some("in_progress"), _) => Phase::Running,
        (Some("waiting"), _) => Phase::Waiting,
        (Some(word), _) => Phase::Unknown(word.into()),
        (None, None) => Phase::Unknown("no status".into()),
    }
}

fn outcome(word: &str) -> Outcome {
    match word {
        "success" => Outcome::Success,
        "failure" => Outcome::Failure,
        "cancelled" => Outcome::Cancelled,
        "skipped" => Outcome::Skipped,
        "timed_out" => Outcome::TimedOut,
        "neutral" => Outcome::Neutral,
        "action_required" => Outcome::ActionRequired,
        "stale" => Outcome::Stale,
        "startup_failure" => Outcome::StartupFailure,
        word => Outcome::Other(word.into()),
    }
}

/// Names the run that this very process belongs to, in GitHub Actions.
pub fn own_run(env: impl Fn(&str) -> Option<String>) -> Option<(Repo, Arc<str>)> {
    Some((env("GITHUB_REPOSITORY")?.parse().ok()?, env("GITHUB_RUN_ID")?.into()))
}

#[cfg(test)]
mod tests;
