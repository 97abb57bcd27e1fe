//! What a release looks at: comparisons, commits of a folder, deployments, environments, locks.

use ::http::StatusCode;
use serde_json::{Value as Json, json};

use super::commit::{Commit, beyond, commits};
use super::gate::{Record, locks, records};
use super::reply::Reply;
use super::route::Scene;
use crate::sim::world::Environment;

/// What a list of commits can be narrowed by here.
const NARROWED: [&str; 5] = ["sha", "path", "author", "per_page", "page"];

impl Scene<'_> {
    /// `BASE...HEAD`.
    pub(super) fn compare(&self, range: &str) -> Reply {
        let Some((base, head)) = range.split_once("...") else { return Reply::not_found() };
        let (Ok(base), Ok(head)) = (self.commit(base), self.commit(head)) else { return Reply::not_found() };
        let all = commits(self.route.world, self.repository, &self.runs);
        let (ahead, behind) = (beyond(&all, &head, &base), beyond(&all, &base, &head));
        let first = self.route.request.param("page").is_none_or(|page| page == "1");
        Reply::page(self.route.request, &ahead, |_, page| {
            self.pen().compare(self.repository, (&base, &head), (&ahead, behind.len()), page, first)
        })
    }

    /// The commits that lead to one, the newest first, narrowed to those that touch a path.
    pub(super) fn commits(&self) -> Reply {
        let request = self.route.request;
        if let Some((other, _)) = request.query.iter().find(|(key, _)| !NARROWED.contains(&key.as_str())) {
            return Reply::error(StatusCode::BAD_REQUEST, &format!("this world does not narrow commits by {other}"));
        }
        let Ok(head) = self.commit(request.param("sha").filter(|sha| !sha.is_empty()).unwrap_or("main")) else {
            return Reply::not_found();
        };
        let all = commits(self.route.world, self.repository, &self.runs);
        let within =
            |path: &str, folder: &str| path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let touches = |c: &Commit| {
            let path = request.param("path").map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty());
            path.is_none_or(|folder| c.files.iter().any(|(path, ..)| within(path, folder)))
        };
        let by = |c: &Commit| request.param("author").is_none_or(|author| author == c.author);
        let root = Commit { sha: String::new(), second: i64::MIN, on_main: false, ..head.clone() };
        let list: Vec<&Commit> = beyond(&all, &head, &root).into_iter().rev().filter(|c| touches(c) && by(c)).collect();
        Reply::page(request, &list, |_, page| page.iter().map(|c| self.pen().commit(self.repository, c)).collect())
    }

    pub(super) fn deployments(&self) -> Reply {
        let request = self.route.request;
        let is = |name: &str, have: &str| request.param(name).is_none_or(|wanted| wanted.is_empty() || wanted == have);
        let list: Vec<Record<'_>> = records(&self.runs)
            .into_iter()
            .filter(|r| {
                let run = &r.attempt.run;
                is("environment", r.environment) && is("sha", &run.sha) && is("ref", run.branch) && is("task", "deploy")
            })
            .collect();
        Reply::page(request, &list, |_, page| page.iter().map(|record| self.pen().deployment(record)).collect())
    }

    fn record(&self, id: &str) -> Option<Record<'_>> {
        records(&self.runs).into_iter().find(|record| record.id().to_string() == id)
    }

    pub(super) fn deployment(&self, id: &str) -> Reply {
        self.record(id).map_or_else(Reply::not_found, |record| Reply::ok(self.pen().deployment(&record)))
    }

    pub(super) fn statuses(&self, id: &str) -> Reply {
        let Some(record) = self.record(id) else { return Reply::not_found() };
        Reply::page(self.route.request, &self.pen().statuses(&record), |_, page| page.to_vec().into())
    }

    pub(super) fn environments(&self) -> Reply {
        Reply::page(self.route.request, &Environment::ALL, |total, page| {
            let page: Json = page.iter().map(|environment| self.pen().environment(self.repository, *environment)).collect();
            json!({"total_count": total, "environments": page})
        })
    }

    pub(super) fn environment(&self, name: &str) -> Reply {
        let found = Environment::ALL.into_iter().find(|environment| environment.name() == name);
        found.map_or_else(Reply::not_found, |environment| Reply::ok(self.pen().environment(self.repository, environment)))
    }

    /// The locks that a run holds or wants, with its own place only.
    pub(super) fn locks_of(&self, id: &str) -> Reply {
        let Some(attempt) = self.attempt(id, None) else { return Reply::not_found() };
        let mut mine = vec![];
        for (name, members) in locks(&self.runs) {
            if let Some(place) = members.iter().position(|run| run.id == attempt.run.id) {
                let all = self.pen().members(&members, true);
                let mut group = self.group(&name);
                group["group_members"] = json!([all[place]]);
                mine.push(group);
            }
        }
        Reply::page(self.route.request, &mine, |total, page| json!({"total_count": total, "concurrency_groups": page}))
    }

    pub(super) fn locks(&self) -> Reply {
        let all = locks(&self.runs);
        Reply::page(self.route.request, &all, |total, page| {
            let group = |(name, members): &(String, Vec<&crate::sim::world::pipelines::Run>)| {
                let mut group = self.group(name);
                let since = members.first().map(|run| self.pen().instant(run.created));
                group["last_acquired_at"] = since.into();
                group
            };
            json!({"total_count": total, "concurrency_groups": page.iter().map(group).collect::<Json>()})
        })
    }

    pub(super) fn lock(&self, name: &str) -> Reply {
        let Some((_, members)) = locks(&self.runs).into_iter().find(|(known, _)| known == name) else {
            return Reply::not_found();
        };
        let mut group = self.group(name);
        group["total_count"] = members.len().into();
        group["group_members"] = self.pen().members(&members, false);
        Reply::ok(group)
    }

    fn group(&self, name: &str) -> Json {
        let url = format!("{}/repos/{}/actions/concurrency_groups/{name}", self.route.request.base, self.repository);
        json!({"group_name": name, "group_url": url})
    }
}
