//! Commits, branches and rules.

use serde_json::{Value as Json, json};

use super::history::Attempt;
use super::object::{WEB, node, number, user};
use super::run::Pen;
use crate::sim::world::{Environment, SERVICES, World, changes, names};

/// A commit that the world knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// The commit before it.
    pub parent: String,
    /// Its message.
    pub message: String,
    /// Login of its author.
    pub author: String,
    /// What it changes.
    pub files: Vec<Changed>,
    /// The pull request that it came with: number, title, labels.
    pub pull: Option<(u64, String, &'static [&'static str])>,
    /// Whether it is on `main`; else it is the head of a pull request.
    pub on_main: bool,
    /// When, in seconds since T0.
    pub second: i64,
}

/// A file that a commit changes: path, what happened to it, lines that are new, lines that are gone.
pub type Changed = (String, &'static str, u64, u64);

/// Every commit of a repository, the oldest first: of its runs, what came with them, and of the versions that serve or
/// served somewhere.
pub fn commits(world: &World, repository: &str, runs: &[Vec<Attempt>]) -> Vec<Commit> {
    // A schedule runs on what is there.
    let made = runs.iter().filter_map(|attempts| attempts.last()).filter(|attempt| attempt.run.event != "schedule");
    let of_runs = made.flat_map(|attempt| of_run(world, attempt));
    let services = SERVICES.iter().filter(|service| service.repository() == repository);
    let of_versions = services.flat_map(|service| {
        Environment::ALL.into_iter().flat_map(move |environment| {
            let version = service.version(environment);
            [(version.to_owned(), 0), (world.before(service, version), 1)].map(|(version, back)| Commit {
                sha: world.commit(service.name, &version),
                parent: String::new(),
                message: format!("Release {} {version}", service.name),
                author: "acme-bot".to_owned(),
                files: vec![source(world, repository, service.name, &version)],
                pull: None,
                on_main: true,
                second: (world.arrived(service, environment) * 60.0) as i64 - 1_800 - back * 86_400,
            })
        })
    });
    let mut all: Vec<Commit> = Vec::new();
    for commit in of_runs.chain(of_versions) {
        if all.iter().all(|known| known.sha != commit.sha) {
            all.push(commit);
        }
    }
    all.sort_by(|a, b| (a.second, &a.sha).cmp(&(b.second, &b.sha)));
    let mut parent = world.commit("first", repository);
    for commit in &mut all {
        commit.parent.clone_from(&parent);
        if commit.on_main {
            parent.clone_from(&commit.sha);
        }
    }
    all
}

/// The commit of a run, and those that were pushed with it.
fn of_run(world: &World, attempt: &Attempt) -> Vec<Commit> {
    let run = &attempt.run;
    let service = run.services.first().copied().unwrap_or_default();
    let row = changes::titled(service, run.title);
    let files =
        |row: &changes::Row| row.files.iter().map(|(path, how, new, gone)| ((*path).to_owned(), *how, *new, *gone)).collect();
    let second = (attempt.created * 60.0) as i64 - 60;
    let on_main = run.event != "pull_request";
    let own = Commit {
        sha: run.sha.clone(),
        parent: String::new(),
        message: run.title.to_owned(),
        author: run.actor.to_owned(),
        files: row.map_or_else(|| vec![source(world, run.repository, service, run.title)], files),
        pull: Some(match row {
            Some(row) => (row.pull, row.subject.to_owned(), row.labels),
            None => (run.number + if on_main { 1_000 } else { 2_000 }, run.title.to_owned(), &["backend"]),
        }),
        on_main,
        second,
    };
    let earlier = row.into_iter().flat_map(|row| changes::with(row.service, row.version)).map(|row| Commit {
        sha: world.commit(row.service, &format!("{}-{}", row.version, row.before)),
        parent: String::new(),
        message: row.subject.to_owned(),
        author: row.author.to_owned(),
        files: files(row),
        pull: Some((row.pull, row.subject.to_owned(), row.labels)),
        on_main,
        second: second - i64::from(row.before) * 60,
    });
    earlier.chain([own.clone()]).collect()
}

/// What a commit changes of which no more is told.
fn source(world: &World, repository: &str, service: &str, what: &str) -> Changed {
    let lines = |which: &str, most| names::number(world.seed(), &["lines", which, service, what], most);
    let folder = if repository == "acme/shop" { format!("services/{service}/") } else { String::new() };
    (format!("{folder}src/lib.rs"), "modified", 5 + lines("new", 60), lines("gone", 30))
}

/// The commits that a commit has and another lacks, the oldest first.
pub fn beyond<'a>(all: &'a [Commit], head: &Commit, base: &Commit) -> Vec<&'a Commit> {
    let has = |of: &Commit, c: &Commit| c.sha == of.sha || (c.on_main && (c.second, &c.sha) < (of.second, &of.sha));
    all.iter().filter(|c| has(head, c) && !has(base, c)).collect()
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
        let Commit { sha, parent, message, author, second, .. } = commit;
        let date = self.instant(*second as f64 / 60.0);
        let person = json!({"name": author, "email": format!("{author}@acme.example"), "date": date});
        let tree = sha.chars().rev().collect::<String>();
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
