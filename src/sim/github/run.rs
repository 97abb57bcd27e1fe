//! Runs, jobs, steps, workflows and check runs as documents.

use serde_json::{Value as Json, json};

use super::history::Attempt;
use super::object::{Links, WEB, node, number, repository, user};
use crate::sim::world::World;
use crate::sim::world::pipelines::{Job, Run, Step};

/// What every document needs.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// The model.
    pub world: &'a World,
    /// Where links lead.
    pub links: Links<'a>,
}

/// A workflow: file name and name.
pub type Workflow = (&'static str, &'static str);

/// The workflows of a repository; none if there is no such repository.
pub fn workflows(repository: &str) -> Option<&'static [Workflow]> {
    match repository {
        "acme/shop" => Some(&[("ci-cd.yml", "ci-cd"), ("nightly.yml", "nightly")]),
        "acme/notify" | "acme/media" => Some(&[("deploy.yml", "deploy")]),
        _ => None,
    }
}

impl Pen<'_> {
    /// Minutes since T0 as GitHub writes instants.
    pub fn instant(self, minute: f64) -> String {
        self.world.instant(minute).to_string()
    }

    /// The id of a workflow.
    pub fn workflow_id(self, repository: &str, file: &str) -> u64 {
        number(self.world, &["workflow", repository, file])
    }

    /// A workflow.
    pub fn workflow(self, repository: &str, (file, name): Workflow) -> Json {
        let id = self.workflow_id(repository, file);
        json!({
            "id": id,
            "node_id": node("W", id),
            "name": name,
            "path": format!(".github/workflows/{file}"),
            "state": "active",
            "created_at": "2024-02-06T09:14:31.000Z",
            "updated_at": "2026-01-19T13:40:02.000Z",
            "url": format!("{}/repos/{repository}/actions/workflows/{id}", self.links.api),
            "html_url": format!("{WEB}/{repository}/blob/main/.github/workflows/{file}"),
            "badge_url": format!("{WEB}/{repository}/workflows/{name}/badge.svg"),
        })
    }

    /// A run as one of its attempts left it; without `pulls` its pull requests are left out.
    pub fn run(self, attempt: &Attempt, pulls: bool) -> Json {
        let run = &attempt.run;
        let base = format!("{}/repos/{}", self.links.api, run.repository);
        let url = format!("{base}/actions/runs/{}", run.id);
        let suite = suite(run);
        let actor = user(self.world, self.links, run.actor);
        let repository = repository(self.world, self.links, run.repository);
        let previous = (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1));
        json!({
            "id": run.id,
            "name": run.name,
            "node_id": node("WFR", run.id),
            "head_branch": run.branch,
            "head_sha": run.sha,
            "path": format!(".github/workflows/{}", run.workflow),
            "display_title": run.title,
            "run_number": run.number,
            "event": run.event,
            "status": run.state.status(),
            "conclusion": run.state.conclusion(),
            "workflow_id": self.workflow_id(run.repository, run.workflow),
            "check_suite_id": suite,
            "check_suite_node_id": node("CS", suite),
            "url": url,
            "html_url": format!("{WEB}/{}/actions/runs/{}", run.repository, run.id),
            "pull_requests": if pulls { self.pulls(run) } else { json!([]) },
            "created_at": self.instant(attempt.created),
            "updated_at": self.instant(run.updated),
            "actor": actor,
            "run_attempt": run.attempt,
            "referenced_workflows": [],
            "run_started_at": self.instant(run.created),
            "triggering_actor": actor,
            "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"),
            "check_suite_url": format!("{base}/check-suites/{suite}"),
            "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "previous_attempt_url": previous,
            "workflow_url": format!("{base}/actions/workflows/{}", self.workflow_id(run.repository, run.workflow)),
            "head_commit": {
                "id": run.sha,
                "tree_id": run.sha.chars().rev().collect::<String>(),
                "message": run.title,
                "timestamp": self.instant(attempt.created - 1.0),
                "author": {"name": run.actor, "email": format!("{}@acme.example", run.actor)},
                "committer": {"name": "GitHub", "email": "noreply@github.com"},
            },
            "repository": repository,
            "head_repository": repository,
        })
    }

    fn pulls(self, run: &Run) -> Json {
        if run.event != "pull_request" {
            return json!([]);
        }
        let url = format!("{}/repos/{}", self.links.api, run.repository);
        let id = number(self.world, &["repository", run.repository]);
        let side = |branch: &str, sha: &str| json!({"ref": branch, "sha": sha, "repo": {"id": id, "url": url, "name": run.repository.split('/').next_back()}});
        json!([{
            "id": run.id + 1_000_000,
            "number": run.number + 2_000,
            "url": format!("{url}/pulls/{}", run.number + 2_000),
            "head": side(run.branch, &run.sha),
            "base": side("main", &self.world.commit("main", run.repository)),
        }])
    }

    /// A job of an attempt.
    pub fn job(self, attempt: &Attempt, job: &Job) -> Json {
        let run = &attempt.run;
        let base = format!("{}/repos/{}", self.links.api, run.repository);
        let created = job.started.unwrap_or(run.updated);
        // Nobody runs what is skipped, held or still waiting.
        let ran = !job.steps.is_empty();
        let runner = |text: &str| ran.then(|| text.to_owned());
        json!({
            "id": job.id,
            "run_id": run.id,
            "workflow_name": run.name,
            "head_branch": run.branch,
            "run_url": format!("{base}/actions/runs/{}", run.id),
            "run_attempt": run.attempt,
            "node_id": node("CR", job.id),
            "head_sha": run.sha,
            "url": format!("{base}/actions/jobs/{}", job.id),
            "html_url": format!("{WEB}/{}/actions/runs/{}/job/{}", run.repository, run.id, job.id),
            "status": job.state.status(),
            "conclusion": job.state.conclusion(),
            "created_at": self.instant(created),
            "started_at": self.instant(created),
            "completed_at": job.completed.map(|minute| self.instant(minute)),
            "name": job.name,
            "steps": (1..).zip(&job.steps).map(|(number, step)| self.step(number, step)).collect::<Json>(),
            "check_run_url": format!("{base}/check-runs/{}", job.id),
            "labels": ["ubuntu-24.04"],
            "runner_id": ran.then_some(1 + job.id % 40),
            "runner_name": runner(&format!("GitHub Actions {}", 1 + job.id % 40)),
            "runner_group_id": ran.then_some(0),
            "runner_group_name": runner("GitHub Actions"),
        })
    }

    fn step(self, number: u64, step: &Step) -> Json {
        json!({
            "name": step.name,
            "status": step.state.status(),
            "conclusion": step.state.conclusion(),
            "number": number,
            "started_at": step.started.map(|minute| self.instant(minute)),
            "completed_at": step.completed.map(|minute| self.instant(minute)),
        })
    }

    /// The check run that a job is.
    pub fn check(self, attempt: &Attempt, job: &Job) -> Json {
        let run = &attempt.run;
        let base = format!("{}/repos/{}", self.links.api, run.repository);
        let url = format!("{base}/check-runs/{}", job.id);
        let page = format!("{WEB}/{}/actions/runs/{}/job/{}", run.repository, run.id, job.id);
        json!({
            "id": job.id,
            "name": job.name,
            "node_id": node("CR", job.id),
            "head_sha": run.sha,
            "external_id": names_uid(self.world, job.id),
            "url": url,
            "html_url": page,
            "details_url": page,
            "status": job.state.status(),
            "conclusion": job.state.conclusion(),
            "started_at": self.instant(job.started.unwrap_or(run.updated)),
            "completed_at": job.completed.map(|minute| self.instant(minute)),
            "output": {
                "title": job.complaint,
                "summary": job.complaint,
                "text": null,
                "annotations_count": 0,
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": {"id": suite(run)},
            "app": {
                "id": 15_368,
                "client_id": "Iv1.05c79e9ad1f6bdfa",
                "slug": "github-actions",
                "node_id": "MDM6QXBwMTUzNjg=",
                "owner": user(self.world, self.links, "github"),
                "name": "GitHub Actions",
                "description": "Automate your workflow from idea to production",
                "external_url": "https://help.github.com/en/actions",
                "html_url": format!("{WEB}/apps/github-actions"),
                "created_at": "2018-07-30T09:30:17Z",
                "updated_at": "2025-11-12T18:17:59Z",
                "permissions": {"actions": "write", "checks": "write", "contents": "write", "metadata": "read"},
                "events": ["check_run", "check_suite", "workflow_dispatch"],
            },
            "pull_requests": self.pulls(run),
        })
    }
}

/// The id of the check suite of a run.
pub fn suite(run: &Run) -> u64 {
    run.id + 20_000_000_000
}

fn names_uid(world: &World, id: u64) -> String {
    crate::sim::world::names::uid(world.seed(), &["check", &id.to_string()])
}
