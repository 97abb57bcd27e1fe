//! Environments, their gates, the records of deployments, and concurrency groups.

use serde_json::{Value as Json, json};

use super::history::Attempt;
use super::object::{WEB, node, number, user};
use super::run::Pen;
use crate::sim::world::Environment;
use crate::sim::world::pipelines::{Job, Run, State};

/// Who may open a gate by name.
const REVIEWER: &str = "mira";

/// The team that may open a gate, and its members.
const TEAM: (&str, [&str; 3]) = ("release", ["demo", "jon", "tomas"]);

impl Pen<'_> {
    fn environment_id(self, repository: &str, name: &str) -> u64 {
        number(self.world, &["environment", repository, name])
    }

    fn environment_head(self, repository: &str, name: &str) -> Json {
        let id = self.environment_id(repository, name);
        json!({
            "id": id,
            "node_id": node("EN", id),
            "name": name,
            "url": format!("{}/repos/{repository}/environments/{name}", self.links.api),
            "html_url": format!("{WEB}/{repository}/deployments/activity_log?environments_filter={name}"),
        })
    }

    /// An environment with its rules: whatever is behind dev needs somebody else than who started the run.
    pub fn environment(self, repository: &str, environment: Environment) -> Json {
        let name = environment.name();
        let mut document = self.environment_head(repository, name);
        document["created_at"] = "2021-05-03T07:20:10Z".into();
        document["updated_at"] = "2025-11-12T18:17:59Z".into();
        let guarded = environment != Environment::Dev;
        let rule = |kind: &str| {
            let id = number(self.world, &["rule", repository, name, kind]);
            json!({"id": id, "node_id": node("GA", id), "type": kind})
        };
        let mut rules = vec![];
        if guarded {
            let mut people = rule("required_reviewers");
            people["prevent_self_review"] = true.into();
            people["reviewers"] = self.reviewers();
            rules.extend([people, rule("branch_policy")]);
        }
        document["protection_rules"] = rules.into();
        document["deployment_branch_policy"] =
            if guarded { json!({"protected_branches": true, "custom_branch_policies": false}) } else { Json::Null };
        document
    }

    fn reviewers(self) -> Json {
        let (team, _) = TEAM;
        let id = number(self.world, &["team", team]);
        let url = format!("{}/organizations/acme/team/{id}", self.links.api);
        json!([
            {"type": "User", "reviewer": user(self.world, self.links, REVIEWER)},
            {"type": "Team", "reviewer": {
                "id": id, "node_id": node("T", id), "url": url, "html_url": format!("{WEB}/orgs/acme/teams/{team}"),
                "name": team, "slug": team, "description": null, "privacy": "closed",
                "notification_setting": "notifications_enabled", "permission": "pull",
                "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"), "parent": null,
            }},
        ])
    }

    /// The gates at which a run stands, as `login` sees them.
    pub fn pending(self, run: &Run, login: &str) -> Json {
        let held = run.jobs.iter().filter(|job| job.state == State::Waiting);
        let may = (login == REVIEWER || TEAM.1.contains(&login)) && login != run.actor;
        held.filter_map(|job| job.environment)
            .map(|name| {
                json!({
                    "environment": self.environment_head(run.repository, name),
                    "wait_timer": 0,
                    "wait_timer_started_at": null,
                    "current_user_can_approve": may,
                    "reviewers": self.reviewers(),
                })
            })
            .collect()
    }

    /// The record of what a job deploys.
    pub fn deployment(self, record: &Record<'_>) -> Json {
        let Record { attempt, job, environment, .. } = record;
        let run = &attempt.run;
        let base = format!("{}/repos/{}", self.links.api, run.repository);
        let id = record.id();
        let at = self.instant(record.created());
        json!({
            "url": format!("{base}/deployments/{id}"),
            "id": id,
            "node_id": node("DE", id),
            "sha": run.sha,
            "ref": run.branch,
            "task": "deploy",
            "payload": {},
            "original_environment": environment,
            "environment": environment,
            "description": null,
            "creator": user(self.world, self.links, run.actor),
            "created_at": at,
            "updated_at": job.completed.map_or(at, |minute| self.instant(minute)),
            "statuses_url": format!("{base}/deployments/{id}/statuses"),
            "repository_url": base,
            "transient_environment": false,
            "production_environment": *environment == "production",
        })
    }

    /// What was said of a deployment, the newest first.
    pub fn statuses(self, record: &Record<'_>) -> Vec<Json> {
        let Record { attempt, job, environment, superseded } = record;
        let run = &attempt.run;
        let base = format!("{}/repos/{}", self.links.api, run.repository);
        let deployment = record.id();
        let mut states: Vec<(&str, f64)> = vec![];
        if job.state == State::Waiting {
            states.push(("waiting", run.updated));
        }
        states.extend(job.started.map(|minute| ("in_progress", minute)));
        states.extend(job.completed.map(|minute| (if job.state == State::Success { "success" } else { "failure" }, minute)));
        states.extend(superseded.map(|minute| ("inactive", minute)));
        let page = format!("{WEB}/{}/actions/runs/{}/job/{}", run.repository, run.id, job.id);
        let status = |(place, (state, minute)): (u64, &(&str, f64))| {
            let id = deployment * 10 + place;
            let at = self.instant(*minute);
            json!({
                "url": format!("{base}/deployments/{deployment}/statuses/{id}"),
                "id": id,
                "node_id": node("DES", id),
                "state": state,
                "creator": user(self.world, self.links, run.actor),
                "description": "",
                "environment": environment,
                "target_url": page,
                "created_at": at,
                "updated_at": at,
                "deployment_url": format!("{base}/deployments/{deployment}"),
                "repository_url": base,
                "environment_url": "",
                "log_url": page,
            })
        };
        let mut all: Vec<Json> = (1..).zip(&states).map(status).collect();
        all.reverse();
        all
    }

    /// The members of a lock, the holder first; a place each where `places` is asked for.
    pub fn members(self, runs: &[&Run], places: bool) -> Json {
        let member = |(place, run): (usize, &&Run)| {
            let base = format!("{}/repos/{}/actions", self.links.api, run.repository);
            let group = run.lock.as_deref().unwrap_or_default();
            let mut member = json!({
                "run_id": run.id,
                "run_name": run.name,
                "run_url": format!("{base}/runs/{}", run.id),
                "run_html_url": format!("{WEB}/{}/actions/runs/{}", run.repository, run.id),
                "status": if run.state == State::Pending { "pending" } else { "in_progress" },
            });
            if places {
                member["position"] = place.into();
                member["position_url"] = format!("{base}/concurrency_groups/{group}?ahead_of_run={}", run.id).into();
            }
            member
        };
        runs.iter().enumerate().map(member).collect()
    }
}

/// A deployment that a job made.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The run.
    pub attempt: &'a Attempt,
    /// The job.
    pub job: &'a Job,
    /// Where to.
    pub environment: &'static str,
    /// When a newer one took its place, in minutes since T0.
    pub superseded: Option<f64>,
}

impl Record<'_> {
    /// GitHub's id.
    pub fn id(&self) -> u64 {
        self.job.id
    }

    /// When it was made, in minutes since T0.
    pub fn created(&self) -> f64 {
        self.job.started.unwrap_or(self.attempt.run.updated)
    }
}

/// The deployments of a repository, the newest first.
pub fn records(runs: &[Vec<Attempt>]) -> Vec<Record<'_>> {
    let begun = |job: &&Job| job.state == State::Waiting || (job.started.is_some() && job.state != State::Skipped);
    let newest = runs.iter().filter_map(|attempts| attempts.first());
    let mut all: Vec<Record<'_>> = newest
        .flat_map(|attempt| attempt.run.jobs.iter().filter(begun).map(move |job| (attempt, job)))
        .filter_map(|(attempt, job)| Some(Record { attempt, job, environment: job.environment?, superseded: None }))
        .collect();
    all.sort_by(|a, b| b.created().total_cmp(&a.created()));
    let good: Vec<(&str, f64)> =
        all.iter().filter(|r| r.job.state == State::Success).filter_map(|r| Some((r.environment, r.job.completed?))).collect();
    for record in &mut all {
        let done = record.job.completed.filter(|_| record.job.state == State::Success);
        let later = good.iter().filter(|(name, at)| *name == record.environment && done.is_some_and(|done| *at > done));
        record.superseded = later.map(|(_, at)| *at).reduce(f64::min);
    }
    all
}

/// The runs that hold or want each lock, the holder first: name and runs.
pub fn locks(runs: &[Vec<Attempt>]) -> Vec<(String, Vec<&Run>)> {
    let open = runs.iter().filter_map(|attempts| attempts.first()).map(|attempt| &attempt.run);
    let open = open.filter(|run| run.lock.is_some() && run.state.conclusion().is_none());
    let mut groups: Vec<(String, Vec<&Run>)> = Vec::new();
    for run in open {
        let name = run.lock.clone().unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(run),
            None => groups.push((name, vec![run])),
        }
    }
    for (_, members) in &mut groups {
        members
            .sort_by(|a, b| (a.state == State::Pending).cmp(&(b.state == State::Pending)).then(a.created.total_cmp(&b.created)));
    }
    groups
}
