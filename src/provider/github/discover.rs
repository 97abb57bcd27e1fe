//! The workflows of a repository, with the jobs of their newest runs, for who writes a first configuration.

use jiff::Timestamp;
use serde::Deserialize;

use super::transport::Transport;
use crate::{
    domain::{FoundWorkflow, Problem, Repo, SafeText},
    provider::http,
};

/// Workflows of which jobs are asked for; a repository with more has told enough by then.
const WORKFLOWS: usize = 12;

#[derive(Deserialize)]
pub(super) struct Workflows {
    pub workflows: Option<Vec<Workflow>>,
}

#[derive(Deserialize, Clone)]
pub(super) struct Workflow {
    pub name: Option<String>,
    pub path: Option<String>,
    pub state: Option<String>,
}

impl Workflow {
    /// The file without the folder. Workflows that GitHub makes by itself have none.
    pub fn file(&self) -> Option<&str> {
        let path = self.path.as_deref()?.strip_prefix(".github/workflows/")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let yaml = path.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yml" | "yaml"));
        (path.chars().all(plain) && yaml).then_some(path)
    }
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Option<Vec<Job>>,
}

#[derive(Deserialize)]
struct Job {
    name: Option<String>,
}

/// The workflows of a repository that are switched on, as the server lists them.
pub(super) async fn workflows(transport: &mut Transport, repo: &Repo, now: Timestamp) -> Result<Vec<Workflow>, Problem> {
    let what = format!("workflows of {repo}");
    let path = format!("/repos/{repo}/actions/workflows?per_page=100");
    let page = transport.get(&path, &what, now, |body| http::json::<Workflows>(body, &what)).await?;
    let all = page.value.workflows.clone().unwrap_or_default();
    Ok(all.into_iter().filter(|w| w.state.as_deref().is_none_or(|s| s == "active") && w.file().is_some()).collect())
}

/// The same with the names of the jobs of the newest run that passed.
pub(super) async fn discover(transport: &mut Transport, repo: &Repo, now: Timestamp) -> Result<Vec<FoundWorkflow>, Problem> {
    let mut out = vec![];
    for workflow in workflows(transport, repo, now).await?.into_iter().take(WORKFLOWS) {
        let Some(file) = workflow.file() else { continue };
        // A workflow whose runs cannot be read is still a workflow.
        let jobs = jobs(transport, repo, file, now).await.unwrap_or_default();
        let name = SafeText::capped(workflow.name.as_deref().unwrap_or(file), 120);
        out.push(FoundWorkflow { file: file.into(), name, jobs });
    }
    Ok(out)
}

async fn jobs(transport: &mut Transport, repo: &Repo, file: &str, now: Timestamp) -> Result<Vec<SafeText>, Problem> {
    let what = format!("runs of {file} of {repo}");
    // One that passed had all its jobs; one that waits or broke off may have begun none yet.
    let path = format!("/repos/{repo}/actions/workflows/{file}/runs?per_page=1&status=success&exclude_pull_requests=true");
    let page = transport.get(&path, &what, now, |body| http::json::<Runs>(body, &what)).await?;
    let Some(run) = page.value.workflow_runs.as_ref().and_then(|r| r.first()) else { return Ok(vec![]) };
    let path = format!("/repos/{repo}/actions/runs/{}/jobs?per_page=100", run.id);
    let page = transport.get(&path, &what, now, |body| http::json::<Jobs>(body, &what)).await?;
    let jobs = page.value.jobs.iter().flatten().filter_map(|j| j.name.as_deref());
    Ok(jobs.map(|name| SafeText::capped(name, 200)).collect())
}
