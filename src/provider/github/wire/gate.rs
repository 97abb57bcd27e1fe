//! Gates, reviews, environments and concurrency groups.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{RawUser, items, phase};
use crate::{
    domain::{LockMember, Phase, Problem, Review, Reviewer, SafeText, WaitTimer},
    provider::http,
};

#[derive(Deserialize)]
struct RawPending {
    environment: RawEnvironment,
    wait_timer: Option<u64>,
    wait_timer_started_at: Option<Timestamp>,
    current_user_can_approve: Option<bool>,
    reviewers: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct RawEnvironment {
    id: Option<u64>,
    name: Option<String>,
    html_url: Option<String>,
    protection_rules: Option<Vec<Value>>,
    deployment_branch_policy: Option<RawBranches>,
}

#[derive(Deserialize)]
struct RawBranches {
    protected_branches: Option<bool>,
}

#[derive(Deserialize)]
struct RawReviewer {
    #[serde(rename = "type")]
    kind: Option<String>,
    reviewer: Option<RawName>,
}

#[derive(Deserialize)]
struct RawName {
    login: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct RawReview {
    state: Option<String>,
    comment: Option<String>,
    user: Option<RawUser>,
    environments: Option<Vec<RawEnvironment>>,
}

#[derive(Deserialize)]
struct RawGroups {
    concurrency_groups: Vec<Value>,
}

#[derive(Deserialize)]
struct RawGroup {
    group_name: String,
    group_members: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct RawMember {
    run_id: u64,
    run_name: Option<String>,
    job_name: Option<String>,
    status: Option<String>,
}

/// A gate as GitHub tells it, before it is known who asks.
pub struct Pending {
    /// The environment's id.
    pub id: Arc<str>,
    /// The environment.
    pub environment: SafeText,
    /// Whether the owner of the token may decide.
    pub can: Option<bool>,
    /// Who may.
    pub reviewers: Vec<Reviewer>,
    /// A timer.
    pub wait: Option<WaitTimer>,
    /// Where a browser shows it.
    pub url: Option<SafeText>,
}

/// The open gates of a run.
pub fn pending(body: &[u8], source: &str) -> Result<Vec<Pending>, Problem> {
    let raw: Vec<Value> = http::json(body, source)?;
    items(raw, source, |raw: RawPending| {
        let text = |raw: Option<String>| raw.as_deref().map(SafeText::clean);
        let wait = raw.wait_timer.filter(|minutes| *minutes > 0).map(|minutes| {
            let span = i64::try_from(minutes).ok().map(SignedDuration::from_mins);
            let until = raw.wait_timer_started_at.zip(span).and_then(|(from, span)| from.checked_add(span).ok());
            WaitTimer { minutes, until }
        });
        Some(Pending {
            id: raw.environment.id?.to_string().into(),
            environment: text(raw.environment.name)?,
            can: raw.current_user_can_approve,
            reviewers: items(raw.reviewers.unwrap_or_default(), source, reviewer).unwrap_or_default(),
            wait,
            url: text(raw.environment.html_url),
        })
    })
}

fn reviewer(raw: RawReviewer) -> Option<Reviewer> {
    let name = raw.reviewer?;
    match raw.kind.as_deref() {
        Some("Team") => name.name.as_deref().map(|n| Reviewer::Team(n.into())),
        _ => name.login.or(name.name).as_deref().map(|n| Reviewer::Person(n.into())),
    }
}

/// What was decided at the gates of a run.
pub fn reviews(body: &[u8], source: &str) -> Result<Vec<Review>, Problem> {
    let raw: Vec<Value> = http::json(body, source)?;
    items(raw, source, |raw: RawReview| {
        let environments = raw.environments.unwrap_or_default();
        Some(Review {
            by: raw.user.and_then(|u| u.login).as_deref().map(SafeText::clean),
            state: raw.state.as_deref().unwrap_or("unknown").into(),
            comment: raw.comment.as_deref().unwrap_or_default().into(),
            environments: environments.into_iter().filter_map(|e| e.name).map(|n| n.as_str().into()).collect(),
        })
    })
}

/// What holds for an environment, whoever asks.
#[derive(Default, Clone)]
pub struct Rules {
    /// Whether the person who started a run is kept from deciding.
    pub no_self_review: bool,
    /// From where it may be reached, in words, where that is limited.
    pub branches: Option<SafeText>,
}

/// The rules of an environment.
pub fn environment(body: &[u8], source: &str) -> Result<Rules, Problem> {
    let raw: RawEnvironment = http::json(body, source)?;
    let truth = |rule: &Value, key: &str| rule.get(key).and_then(Value::as_bool).unwrap_or(false);
    let branches = raw.deployment_branch_policy.map(|policy| match policy.protected_branches {
        Some(true) => "from protected branches only",
        _ => "from chosen branches only",
    });
    Ok(Rules {
        no_self_review: raw.protection_rules.unwrap_or_default().iter().any(|rule| truth(rule, "prevent_self_review")),
        branches: branches.map(SafeText::clean),
    })
}

/// The login of the token's owner.
pub fn login(body: &[u8], source: &str) -> Result<Option<SafeText>, Problem> {
    let raw: RawUser = http::json(body, source)?;
    Ok(raw.login.as_deref().map(SafeText::clean))
}

/// A concurrency group and who is in it, the holder first.
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its members.
    pub members: Vec<LockMember>,
}

/// The groups of a run, with its own place in them only.
pub fn groups(body: &[u8], source: &str) -> Result<Vec<Group>, Problem> {
    let raw: RawGroups = http::json(body, source)?;
    items(raw.concurrency_groups, source, |raw: RawGroup| Some(group_of(raw, source)))
}

/// One group with all its members.
pub fn group(body: &[u8], source: &str) -> Result<Group, Problem> {
    http::json(body, source).map(|raw| group_of(raw, source))
}

fn group_of(raw: RawGroup, source: &str) -> Group {
    let members = items(raw.group_members.unwrap_or_default(), source, |raw: RawMember| {
        Some(LockMember {
            run: raw.run_id.to_string().into(),
            name: raw.run_name.as_deref().unwrap_or("unnamed").into(),
            job: raw.job_name.as_deref().map(SafeText::clean),
            phase: raw.status.as_deref().map_or(Phase::Unknown("no status".into()), |s| phase(Some(s), None)),
        })
    });
    Group { name: raw.group_name, members: members.unwrap_or_default() }
}
