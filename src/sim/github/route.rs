//! GitHub's paths.

use ::http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::commit::{Commit, branches, commits};
use super::history::{Attempt, attempts};
use super::log;
use super::object::{Links, full_repository, myself};
use super::reply::{Budget, LIMIT, Reply};
use super::run::{Pen, workflows};
use super::select::Filter;
use crate::sim::http::Request;
use crate::sim::world::World;
use crate::sim::world::pipelines::Job;

/// One request and the world that it meets.
pub struct Route<'a> {
    /// The request.
    pub request: &'a Request,
    /// The model.
    pub world: &'a World,
    /// Simulated now.
    pub now: Timestamp,
    /// Who asks.
    pub user: &'a str,
    /// What the users have spent.
    pub budget: &'a Budget,
}

/// A repository and what has run in it.
pub(super) struct Scene<'a> {
    pub(super) route: &'a Route<'a>,
    pub(super) repository: &'a str,
    pub(super) runs: Vec<Vec<Attempt>>,
}

impl Route<'_> {
    /// Answers the request.
    pub fn reply(&self) -> Reply {
        let segments = self.request.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        if self.request.method != Method::GET {
            return Reply::not_found();
        }
        match path.as_slice() {
            ["user"] => Reply::ok(myself(self.world, self.links(), self.user)),
            ["rate_limit"] => self.rate_limit(),
            ["repos", owner, name, rest @ ..] => {
                let repository = format!("{owner}/{name}").to_lowercase();
                if workflows(&repository).is_none() {
                    return Reply::not_found();
                }
                let runs = attempts(self.world, &repository, self.now);
                Scene { route: self, repository: &repository, runs }.reply(rest)
            }
            _ => Reply::not_found(),
        }
    }

    fn links(&self) -> Links<'_> {
        Links { api: &self.request.base }
    }

    fn rate_limit(&self) -> Reply {
        let spent = self.budget.spend(self.user, self.now, false);
        let core =
            json!({"limit": LIMIT, "used": spent.used, "remaining": spent.remaining(), "reset": spent.reset, "resource": "core"});
        let full = |limit: u64, name: &str| json!({"limit": limit, "used": 0, "remaining": limit, "reset": spent.reset, "resource": name});
        let resources = json!({"core": core, "search": full(30, "search"), "graphql": full(LIMIT, "graphql")});
        Reply::ok(json!({"resources": resources, "rate": core}))
    }
}

impl Scene<'_> {
    fn reply(&self, path: &[&str]) -> Reply {
        let pen = self.pen();
        match path {
            [] => Reply::ok(full_repository(pen.world, pen.links, self.repository)),
            ["actions", "workflows"] => self.workflows(),
            ["actions", "workflows", key] => {
                self.workflow(key).map_or_else(Reply::not_found, |workflow| Reply::ok(pen.workflow(self.repository, workflow)))
            }
            ["actions", "workflows", key, "runs"] => match self.workflow(key) {
                Some((file, _)) => self.list(Some(file)),
                None => Reply::not_found(),
            },
            ["actions", "runs"] => self.list(None),
            ["actions", "runs", id] => self.attempt(id, None).map_or_else(Reply::not_found, |a| self.run(a)),
            ["actions", "runs", id, "attempts", n] => self.attempt(id, Some(n)).map_or_else(Reply::not_found, |a| self.run(a)),
            ["actions", "runs", id, "attempts", n, "jobs"] => {
                self.attempt(id, Some(n)).map_or_else(Reply::not_found, |attempt| self.jobs(&[attempt]))
            }
            ["actions", "runs", id, "jobs"] => self.all_jobs(id),
            ["actions", "runs", id, "artifacts"] if self.attempt(id, None).is_some() => {
                Reply::ok(json!({"total_count": 0, "artifacts": []}))
            }
            ["actions", "runs", id, "pending_deployments"] => {
                self.attempt(id, None).map_or_else(Reply::not_found, |a| Reply::ok(pen.pending(&a.run, self.route.user)))
            }
            // Nobody has decided anything in this world so far.
            ["actions", "runs", id, "approvals"] if self.attempt(id, None).is_some() => Reply::ok(json!([])),
            ["actions", "runs", id, "concurrency_groups"] => self.locks_of(id),
            ["actions", "concurrency_groups"] => self.locks(),
            ["actions", "concurrency_groups", name] => self.lock(name),
            ["compare", range] => self.compare(range),
            ["deployments"] => self.deployments(),
            ["deployments", id] => self.deployment(id),
            ["deployments", id, "statuses"] => self.statuses(id),
            ["environments"] => self.environments(),
            ["environments", name] => self.environment(name),
            ["actions", "jobs", id] => self.job(id).map_or_else(Reply::not_found, |(a, job)| Reply::ok(pen.job(a, job))),
            ["actions", "jobs", id, "logs"] => match self.job(id) {
                // As the real one: a log that is not there yet is not found.
                Some((_, job)) => {
                    log::location(self.route.world, job, &self.route.request.base).map_or_else(Reply::not_found, Reply::found)
                }
                None => Reply::not_found(),
            },
            ["check-runs", id] => self.job(id).map_or_else(Reply::not_found, |(a, job)| Reply::ok(pen.check(a, job))),
            ["check-runs", id, "annotations"] if self.job(id).is_some() => Reply::ok(json!([])),
            ["commits"] => self.commits(),
            ["commits", reference, "pulls"] => match self.commit(reference) {
                Ok(commit) => Reply::ok(pen.pulls_of(self.repository, &commit)),
                Err(reply) => reply,
            },
            ["commits", reference, "check-runs"] => self.checks(reference),
            ["commits", reference] => match self.commit(reference) {
                Ok(commit) => Reply::ok(pen.commit(self.repository, &commit)),
                Err(reply) => reply,
            },
            ["branches"] => self.branches(),
            ["branches", name] => self.branch(name).unwrap_or_else(|| Reply::error(StatusCode::NOT_FOUND, "Branch not found")),
            ["rules", "branches", name] => Reply::ok(pen.rules(self.repository, name)),
            _ => Reply::not_found(),
        }
    }

    pub(super) fn pen(&self) -> Pen<'_> {
        Pen { world: self.route.world, links: self.route.links() }
    }

    fn workflows(&self) -> Reply {
        let list = workflows(self.repository).unwrap_or_default();
        Reply::page(self.route.request, list, |total, page| {
            let page: Vec<_> = page.iter().map(|workflow| self.pen().workflow(self.repository, *workflow)).collect();
            json!({"total_count": total, "workflows": page})
        })
    }

    /// A workflow by its id or file name.
    fn workflow(&self, key: &str) -> Option<(&'static str, &'static str)> {
        let is = |file: &str| file == key || self.pen().workflow_id(self.repository, file).to_string() == key;
        workflows(self.repository)?.iter().find(|(file, _)| is(file)).copied()
    }

    fn list(&self, workflow: Option<&str>) -> Reply {
        let filter = match Filter::of(self.route.request) {
            Ok(filter) => filter,
            Err(reply) => return reply,
        };
        let newest = self.runs.iter().filter_map(|attempts| attempts.first());
        let of_workflow = newest.filter(|attempt| workflow.is_none_or(|file| file == attempt.run.workflow));
        let runs: Vec<&Attempt> = of_workflow.filter(|attempt| filter.accepts(self.route.world, attempt)).collect();
        Reply::page(self.route.request, &runs, |total, page| {
            let page: Vec<_> = page.iter().map(|attempt| self.pen().run(attempt, filter.pulls)).collect();
            json!({"total_count": total, "workflow_runs": page})
        })
    }

    fn attempts(&self, id: &str) -> Option<&[Attempt]> {
        let id: u64 = id.parse().ok()?;
        self.runs.iter().find(|attempts| attempts.iter().any(|a| a.run.id == id)).map(Vec::as_slice)
    }

    pub(super) fn attempt(&self, id: &str, number: Option<&str>) -> Option<&Attempt> {
        let attempts = self.attempts(id)?;
        match number {
            None => attempts.first(),
            Some(number) => attempts.iter().find(|attempt| attempt.run.attempt.to_string() == number),
        }
    }

    fn run(&self, attempt: &Attempt) -> Reply {
        let pulls = self.route.request.param("exclude_pull_requests") != Some("true");
        Reply::ok(self.pen().run(attempt, pulls))
    }

    fn all_jobs(&self, id: &str) -> Reply {
        let Some(attempts) = self.attempts(id) else { return Reply::not_found() };
        match self.route.request.param("filter") {
            None | Some("" | "latest") => self.jobs(&attempts.first().into_iter().collect::<Vec<_>>()),
            Some("all") => self.jobs(&attempts.iter().collect::<Vec<_>>()),
            Some(other) => Reply::invalid("WorkflowRun", "filter", other),
        }
    }

    fn jobs(&self, attempts: &[&Attempt]) -> Reply {
        let jobs: Vec<(&Attempt, &Job)> =
            attempts.iter().flat_map(|attempt| attempt.run.jobs.iter().map(move |job| (*attempt, job))).collect();
        Reply::page(self.route.request, &jobs, |total, page| {
            let page: Vec<_> = page.iter().map(|(attempt, job)| self.pen().job(attempt, job)).collect();
            json!({"total_count": total, "jobs": page})
        })
    }

    fn job(&self, id: &str) -> Option<(&Attempt, &Job)> {
        let id: u64 = id.parse().ok()?;
        let jobs = self.runs.iter().flatten().flat_map(|attempt| attempt.run.jobs.iter().map(move |job| (attempt, job)));
        jobs.into_iter().find(|(_, job)| job.id == id)
    }

    /// The commit that a sha, the beginning of one, or a branch names.
    #[expect(clippy::result_large_err, reason = "an answer is an answer")]
    pub(super) fn commit(&self, reference: &str) -> Result<Commit, Reply> {
        let reference = reference.strip_prefix("heads/").unwrap_or(reference);
        let branches = branches(self.route.world, self.repository, &self.runs);
        let sha = branches.iter().find(|(name, _)| name == reference).map_or(reference, |(_, sha)| sha);
        let known = commits(self.route.world, self.repository, &self.runs);
        let short = sha.len() >= 7 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = known.into_iter().find(|commit| commit.sha == sha || (short && commit.sha.starts_with(sha)));
        found.ok_or_else(|| Reply::error(StatusCode::UNPROCESSABLE_ENTITY, &format!("No commit found for SHA: {reference}")))
    }

    /// The check runs of a commit: the jobs of the newest attempts of its runs.
    fn checks(&self, reference: &str) -> Reply {
        let commit = match self.commit(reference) {
            Ok(commit) => commit,
            Err(reply) => return reply,
        };
        let request = self.route.request;
        let wanted = |name: &str, have: &str| request.param(name).is_none_or(|value| value.is_empty() || value == have);
        let attempts = self.runs.iter().filter_map(|attempts| attempts.first());
        let of_commit = attempts.filter(|attempt| attempt.run.sha == commit.sha);
        let jobs: Vec<(&Attempt, &Job)> = of_commit
            .flat_map(|attempt| attempt.run.jobs.iter().map(move |job| (attempt, job)))
            .filter(|(_, job)| wanted("check_name", &job.name) && wanted("status", job.state.status()))
            .collect();
        Reply::page(request, &jobs, |total, page| {
            let page: Vec<_> = page.iter().map(|(attempt, job)| self.pen().check(attempt, job)).collect();
            json!({"total_count": total, "check_runs": page})
        })
    }

    fn branches(&self) -> Reply {
        let branches = branches(self.route.world, self.repository, &self.runs);
        Reply::page(self.route.request, &branches, |_, page| {
            let base = format!("{}/repos/{}/commits", self.route.request.base, self.repository);
            let branch = |(name, sha): &(String, String)| json!({"name": name, "commit": {"sha": sha, "url": format!("{base}/{sha}")}, "protected": name == "main"});
            page.iter().map(branch).collect()
        })
    }

    fn branch(&self, name: &str) -> Option<Reply> {
        let branches = branches(self.route.world, self.repository, &self.runs);
        branches.iter().find(|(branch, _)| branch == name)?;
        let commit = self.commit(name).ok()?;
        let commit = self.pen().commit(self.repository, &commit);
        Some(Reply::ok(self.pen().branch(self.repository, name, commit)))
    }
}
