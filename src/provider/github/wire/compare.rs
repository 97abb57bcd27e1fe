//! What lies between two commits, and the records of deployments.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{RawUser, items};
use crate::{
    domain::{ChangedFile, Commit, DeployState, DeploymentRecord, Problem, PullRequest, Relation, SafeText, Sha},
    provider::http,
};

#[derive(Deserialize)]
struct RawCompare {
    status: Option<String>,
    ahead_by: Option<u64>,
    behind_by: Option<u64>,
    total_commits: Option<u64>,
    commits: Option<Vec<Value>>,
    files: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct RawCommit {
    sha: String,
    commit: Option<RawInner>,
    author: Option<RawUser>,
}

#[derive(Deserialize)]
struct RawInner {
    message: Option<String>,
    author: Option<RawPerson>,
    committer: Option<RawPerson>,
}

#[derive(Deserialize)]
struct RawPerson {
    name: Option<String>,
    date: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawFile {
    filename: String,
    previous_filename: Option<String>,
    status: Option<String>,
    additions: Option<u64>,
    deletions: Option<u64>,
}

#[derive(Deserialize)]
struct RawPull {
    number: u64,
    title: Option<String>,
    user: Option<RawUser>,
    labels: Option<Vec<RawLabel>>,
    html_url: Option<String>,
    merged_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawLabel {
    name: Option<String>,
}

#[derive(Deserialize)]
struct RawDeployment {
    id: u64,
    environment: Option<String>,
    sha: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    creator: Option<RawUser>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawStatus {
    state: Option<String>,
    created_at: Option<Timestamp>,
}

/// One page of a comparison; the first one has the files.
pub struct ComparePage {
    /// How the commits lie to each other.
    pub relation: Relation,
    /// How many commits the end has more.
    pub ahead: u64,
    /// How many it lacks.
    pub behind: u64,
    /// Commits, oldest first.
    pub commits: Vec<Commit>,
    /// Files.
    pub files: Vec<ChangedFile>,
}

/// A page of a comparison.
pub fn compare(body: &[u8], source: &str) -> Result<ComparePage, Problem> {
    let raw: RawCompare = http::json(body, source)?;
    let relation = match raw.status.as_deref() {
        Some("ahead") => Relation::Ahead,
        Some("behind") => Relation::Behind,
        Some("diverged") => Relation::Diverged,
        Some("identical") => Relation::Identical,
        other => Relation::Other(other.unwrap_or("unknown").into()),
    };
    Ok(ComparePage {
        relation,
        ahead: raw.ahead_by.or(raw.total_commits).unwrap_or_default(),
        behind: raw.behind_by.unwrap_or_default(),
        commits: items(raw.commits.unwrap_or_default(), source, commit)?,
        files: items(raw.files.unwrap_or_default(), source, |raw: RawFile| {
            Some(ChangedFile {
                path: SafeText::clean(&raw.filename),
                before: raw.previous_filename.as_deref().map(SafeText::clean),
                how: raw.status.as_deref().unwrap_or("changed").into(),
                added: raw.additions.unwrap_or_default(),
                removed: raw.deletions.unwrap_or_default(),
            })
        })?,
    })
}

/// The commits of a page.
pub fn commits(body: &[u8], source: &str) -> Result<Vec<Commit>, Problem> {
    items(http::json(body, source)?, source, commit)
}

fn commit(raw: RawCommit) -> Option<Commit> {
    let inner = raw.commit;
    let subject = inner.as_ref().and_then(|c| c.message.as_deref()).and_then(|m| m.lines().next()).unwrap_or_default();
    let written = inner.as_ref().and_then(|c| c.author.as_ref());
    let committed = inner.as_ref().and_then(|c| c.committer.as_ref()).and_then(|c| c.date);
    let author = raw.author.and_then(|u| u.login).or_else(|| written.and_then(|w| w.name.clone()));
    Some(Commit {
        sha: raw.sha.to_ascii_lowercase().parse::<Sha>().ok()?,
        pull: pull_named(subject),
        subject: subject.into(),
        author: author.as_deref().unwrap_or("unknown").into(),
        at: committed.or_else(|| written.and_then(|w| w.date)),
    })
}

/// The pull request that a subject names: `Fix it (#12)` as squashed, `Merge pull request #12 from …` as merged.
fn pull_named(subject: &str) -> Option<u64> {
    let merged = subject.strip_prefix("Merge pull request #").and_then(|rest| rest.split(' ').next());
    let squashed = || subject.strip_suffix(')').and_then(|rest| rest.rsplit_once("(#")).map(|(_, number)| number);
    merged.or_else(squashed)?.parse().ok()
}

/// The pull requests that a commit came with: the merged ones, where any was.
pub fn pulls(body: &[u8], source: &str) -> Result<Vec<PullRequest>, Problem> {
    let all = items(http::json(body, source)?, source, |raw: RawPull| {
        let pull = PullRequest {
            number: raw.number,
            title: raw.title.as_deref().unwrap_or_default().into(),
            author: raw.user.and_then(|u| u.login).as_deref().map(SafeText::clean),
            labels: raw.labels.unwrap_or_default().into_iter().filter_map(|l| l.name).map(|n| n.as_str().into()).collect(),
            url: raw.html_url.as_deref().map(SafeText::clean),
        };
        Some((raw.merged_at.is_some(), pull))
    })?;
    let any_merged = all.iter().any(|(merged, _)| *merged);
    Ok(all.into_iter().filter(|(merged, _)| *merged || !any_merged).map(|(_, pull)| pull).collect())
}

/// The records of a page, without their states.
pub fn deployments(body: &[u8], source: &str) -> Result<Vec<DeploymentRecord>, Problem> {
    items(http::json(body, source)?, source, |raw: RawDeployment| {
        Some(DeploymentRecord {
            id: raw.id.to_string().into(),
            environment: raw.environment.as_deref().unwrap_or("unnamed").into(),
            commit: raw.sha.and_then(|sha| sha.to_ascii_lowercase().parse().ok()),
            branch: raw.reference.as_deref().map(SafeText::clean),
            state: None,
            creator: raw.creator.and_then(|u| u.login).as_deref().map(SafeText::clean),
            created: raw.created_at,
            updated: raw.updated_at.unwrap_or(raw.created_at),
        })
    })
}

/// The newest state of a deployment; one that has none yet has not begun.
pub fn state(body: &[u8], source: &str) -> Result<(DeployState, Option<Timestamp>), Problem> {
    let all = items(http::json(body, source)?, source, |raw: RawStatus| {
        let state = match raw.state.as_deref()? {
            "waiting" => DeployState::Waiting,
            "queued" | "pending" => DeployState::Queued,
            "in_progress" => DeployState::Running,
            "success" => DeployState::Success,
            "failure" | "error" => DeployState::Failure,
            "inactive" => DeployState::Inactive,
            other => DeployState::Other(other.into()),
        };
        Some((state, raw.created_at))
    })?;
    Ok(all.into_iter().next().unwrap_or((DeployState::Queued, None)))
}
