//! Commits, branches and rules.

use serde_json::{Value as Json, json};

use super::history::Attempt;
use super::object::{WEB, node, number, user};
use super::run::Pen;
use crate::sim::world::{Environment, SERVICES, World};

/// A commit that the world knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// Its message.
    pub message: String,
    /// Login of its author.
    pub author: String,
    /// When, in seconds since T0.
    second: i64,
}

/// Every commit of a repository: of its runs, and of the versions that serve or served somewhere.
pub fn commits(world: &World, repository: &str, runs: &[Vec<Attempt>]) -> Vec<Commit> {
    let of_runs = runs.iter().filter_map(|attempts| attempts.last()).map(|attempt| Commit {
        sha: attempt.run.sha.clone(),
        message: attempt.run.title.to_owned(),
        author: attempt.run.actor.to_owned(),
        second: (attempt.created * 60.0) as i64 - 60,
    });
    let services = SERVICES.iter().filter(|service| service.repository() == repository);
    let of_versions = services.flat_map(|service| {
        Environment::ALL.into_iter().flat_map(move |environment| {
            let version = service.version(environment);
            [version.to_owned(), world.before(service, version)].map(|version| Commit {
                sha: world.commit(service.name, &version),
                message: format!("Release {} {version}", service.name),
                author: "acme-bot".to_owned(),
                second: (world.arrived(service, environment) * 60.0) as i64 - 1_800,
            })
        })
    });
    let mut all: Vec<Commit> = Vec::new();
    for commit in of_runs.chain(of_versions) {
        if all.iter().all(|known| known.sha != commit.sha) {
            all.push(commit);
        }
    }
    all
}

/// The branches of a repository and the commits they stand at, `main` first.
pub fn branches(world: &World, repository: &str, runs: &[Vec<Attempt>]) -> Vec<(String, String)> {
    let mut branches: Vec<(String, String)> = Vec::new();
    for run in runs.iter().filter_map(|attempts| attempts.first()).map(|attempt| &attempt.run) {
        // A schedule runs on whatever is there; it moves no branch.
        if run.event != "schedule" && branches.iter().all(|(name, _)| name != run.branch) {
            branches.push((run.branch.to_owned(), run.sha.clone()));
        }
    }
    if branches.iter().all(|(name, _)| name != "main") {
        branches.push(("main".to_owned(), world.commit("main", repository)));
    }
    branches.sort_by_key(|(name, _)| name != "main");
    branches
}

/// The checks that `main` requires: build and test of each service that the repository holds.
pub fn required(repository: &str) -> Vec<String> {
    let services: Vec<&str> = SERVICES.iter().filter(|s| s.repository() == repository).map(|s| s.name).collect();
    let names = |stage: &'static str| match &services[..] {
        [_] => vec![stage.to_owned()],
        many => many.iter().map(|service| format!("{stage} ({service})")).collect(),
    };
    ["build", "test"].into_iter().flat_map(names).collect()
}

impl Pen<'_> {
    /// A commit.
    pub fn commit(self, repository: &str, commit: &Commit) -> Json {
        let base = format!("{}/repos/{repository}", self.links.api);
        let Commit { sha, message, author, second } = commit;
        let date = self.instant(*second as f64 / 60.0);
        let person = json!({"name": author, "email": format!("{author}@acme.example"), "date": date});
        let tree = sha.chars().rev().collect::<String>();
        let parent = self.world.commit("parent", sha);
        json!({
            "sha": sha,
            "node_id": node("C", number(self.world, &["commit", sha])),
            "commit": {
                "author": person,
                "committer": {"name": "GitHub", "email": "noreply@github.com", "date": date},
                "message": message,
                "tree": {"sha": tree, "url": format!("{base}/git/trees/{tree}")},
                "url": format!("{base}/git/commits/{sha}"),
                "comment_count": 0,
                "verification": {"verified": true, "reason": "valid", "signature": null, "payload": null, "verified_at": date},
            },
            "url": format!("{base}/commits/{sha}"),
            "html_url": format!("{WEB}/{repository}/commit/{sha}"),
            "comments_url": format!("{base}/commits/{sha}/comments"),
            "author": user(self.world, self.links, author),
            "committer": user(self.world, self.links, "web-flow"),
            "parents": [{
                "sha": parent,
                "url": format!("{base}/commits/{parent}"),
                "html_url": format!("{WEB}/{repository}/commit/{parent}"),
            }],
        })
    }

    /// A branch.
    pub fn branch(self, repository: &str, name: &str, commit: Json) -> Json {
        let base = format!("{}/repos/{repository}", self.links.api);
        let protected = name == "main";
        let contexts = if protected { required(repository) } else { Vec::new() };
        let checks: Json = contexts.iter().map(|context| json!({"context": context, "app_id": 15_368})).collect();
        json!({
            "name": name,
            "commit": commit,
            "_links": {"self": format!("{base}/branches/{name}"), "html": format!("{WEB}/{repository}/tree/{name}")},
            "protected": protected,
            "protection": {
                "enabled": protected,
                "required_status_checks": {
                    "enforcement_level": if protected { "everyone" } else { "off" },
                    "contexts": contexts,
                    "checks": checks,
                },
            },
            "protection_url": format!("{base}/branches/{name}/protection"),
        })
    }

    /// The rules that hold for a branch.
    pub fn rules(self, repository: &str, branch: &str) -> Json {
        if branch != "main" {
            return json!([]);
        }
        let id = number(self.world, &["ruleset", repository]);
        let checks: Json =
            required(repository).iter().map(|context| json!({"context": context, "integration_id": 15_368})).collect();
        let rule = |kind: &str| json!({"type": kind, "ruleset_source_type": "Repository", "ruleset_source": repository, "ruleset_id": id});
        let mut status = rule("required_status_checks");
        status["parameters"] = json!({
            "strict_required_status_checks_policy": false,
            "do_not_enforce_on_create": false,
            "required_status_checks": checks,
        });
        json!([rule("deletion"), rule("non_fast_forward"), status])
    }
}
