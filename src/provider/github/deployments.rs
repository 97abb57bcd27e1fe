//! The records of deployments, at their own slow pace.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{repo::refused, transport::Transport, wire::compare as wire};
use crate::domain::{DeploymentRecord, Problem, Repo, Sha};

/// How often they are read.
const PACE: SignedDuration = SignedDuration::from_secs(60);

/// Of how many records the state is asked for.
const STATES: usize = 12;

/// What is known of them between two rounds.
#[derive(Default)]
pub struct Deployments {
    read: Option<Timestamp>,
}

impl Deployments {
    /// Reads them, where that was not done for a while. `commits` are those of the release. Fails only where going on
    /// would make it worse.
    pub async fn read(
        &mut self,
        repo: &Repo,
        commits: &[Sha],
        http: &mut Transport,
        now: Timestamp,
    ) -> Result<Option<Result<Vec<DeploymentRecord>, Problem>>, Problem> {
        if self.read.is_some_and(|at| now.duration_since(at) < PACE) {
            return Ok(None);
        }
        let answer = records(repo, commits, http, now).await;
        if let Err(problem) = &answer
            && refused(problem)
        {
            return Err(problem.clone());
        }
        self.read = Some(now);
        Ok(Some(answer))
    }
}

async fn records(repo: &Repo, commits: &[Sha], http: &mut Transport, now: Timestamp) -> Result<Vec<DeploymentRecord>, Problem> {
    let what = format!("deployments of {repo}");
    let base = format!("/repos/{}/{}/deployments", repo.owner(), repo.name());
    let page = http.get(&format!("{base}?per_page=30"), &what, now, |b| wire::deployments(b, &what)).await?;
    let mut records = (*page.value).clone();
    records.sort_by_key(|r| std::cmp::Reverse(r.created));
    let mut seen = BTreeSet::new();
    let mut asked = 0;
    for record in &mut records {
        let newest = seen.insert(record.environment.clone());
        let of_release = record.commit.as_ref().is_some_and(|sha| commits.iter().any(|c| c.same(sha)));
        if asked >= STATES || !(newest || of_release) {
            continue;
        }
        asked += 1;
        let path = format!("{base}/{}/statuses?per_page=1", record.id);
        let (state, at) = (*http.get(&path, &what, now, |b| wire::state(b, &what)).await?.value).clone();
        record.state = Some(state);
        record.updated = at.unwrap_or(record.updated);
    }
    Ok(records)
}
