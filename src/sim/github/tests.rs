//! What the company's GitHub says, asked as a client would ask; GitHub's published examples judge the shape.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, Method};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::*;
use crate::sim::http::pairs;
use crate::sim::world::{Params, Scenario, World, release};

struct Asked {
    github: GitHub,
    state: State,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Json,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn world(scenario: Scenario, seconds: i64) -> Asked {
    let params = Params { scenario, ..Params::default() };
    let now = params.t0 + SignedDuration::from_secs(seconds);
    Asked { github: GitHub::default(), state: State::new(World::new(params), Arc::new(move || now)) }
}

fn calm() -> Asked {
    world(Scenario::Calm, 20 * 60)
}

impl Asked {
    fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let header = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"))
        };
        let request = Request {
            method,
            path: path.to_owned(),
            query: pairs(query),
            headers: headers.iter().map(header).collect(),
            body: bytes::Bytes::default(),
            base: "http://127.0.0.1:1/gh".to_owned(),
        };
        let response = self.github.answer(&self.state, &request);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = futures::executor::block_on(response.into_body().collect()).expect("a body").to_bytes();
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Json::Null) }
    }

    fn get(&self, path: &str) -> Json {
        let answer = self.ask(Method::GET, path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    fn status(&self, path: &str) -> u16 {
        self.ask(Method::GET, path, &[]).status
    }

    fn runs(&self, query: &str) -> Vec<Json> {
        list(&self.get(&format!("/repos/acme/shop/actions/runs?{query}"))["workflow_runs"])
    }

    /// The newest run whose title or job names hold a text.
    fn run_of(&self, service: &str, event: &str) -> Json {
        let runs = self.runs("per_page=100");
        let holds = |run: &&Json| {
            let jobs = self.get(&format!("/repos/acme/shop/actions/runs/{}/jobs?per_page=100", run["id"]));
            run["event"] == event
                && list(&jobs["jobs"]).iter().any(|job| {
                    job["name"].as_str().is_some_and(|name| name.contains(&format!("({service})")))
                        && job["conclusion"] != "skipped"
                })
        };
        runs.iter().find(holds).unwrap_or_else(|| panic!("a run of {service}")).clone()
    }
}

fn list(value: &Json) -> Vec<Json> {
    value.as_array().unwrap_or_else(|| panic!("a list: {value}")).clone()
}

fn keys(value: &Json) -> BTreeSet<String> {
    value.as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn documents_have_every_field_of_githubs_examples() {
    let world = calm();
    let run = world.run_of("payment", "push");
    let jobs = world.get(&format!("/repos/acme/shop/actions/runs/{}/jobs", run["id"]));
    let checks = world.get(&format!("/repos/acme/shop/commits/{}/check-runs", run["head_sha"].as_str().expect("a sha")));
    let flows = world.get("/repos/acme/shop/actions/workflows");
    let example = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
    let runs = example(include_str!("../../../tests/fixtures/github/runs-list.json"));
    let run_jobs = example(include_str!("../../../tests/fixtures/github/run-jobs.json"));
    let check_runs = example(include_str!("../../../tests/fixtures/github/check-runs.json"));
    let workflows = example(include_str!("../../../tests/fixtures/github/workflows-list.json"));
    // What the real service sends and its example leaves out.
    for (ours, theirs, more) in [
        (&run, &runs["workflow_runs"][0], &["previous_attempt_url", "referenced_workflows"][..]),
        (&run["head_repository"], &runs["workflow_runs"][0]["head_repository"], &[]),
        (&run["actor"], &runs["workflow_runs"][0]["actor"], &["user_view_type"]),
        (&run["head_commit"], &runs["workflow_runs"][0]["head_commit"], &[]),
        (&jobs["jobs"][0], &run_jobs["jobs"][0], &["created_at", "run_attempt"]),
        (&jobs["jobs"][0]["steps"][0], &run_jobs["jobs"][0]["steps"][0], &[]),
        (&checks["check_runs"][0], &check_runs["check_runs"][0], &[]),
        (&checks["check_runs"][0]["output"], &check_runs["check_runs"][0]["output"], &[]),
        (&flows["workflows"][0], &workflows["workflows"][0], &[]),
    ] {
        let mut expected = keys(theirs);
        expected.extend(more.iter().map(|key| (*key).to_owned()));
        assert_eq!(keys(ours), expected);
    }
}

#[test]
fn what_a_release_looks_at_has_every_field_of_githubs_examples() {
    let world = calm();
    let example = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
    let at = |version: &str| World::new(Params::default()).commit(release::SERVICE, version);
    let (base, head) = (at(release::STABLE), at(release::CANARY));
    let compare = world.get(&format!("/repos/acme/shop/compare/{base}...{head}"));
    let pulls = world.get(&format!("/repos/acme/shop/commits/{head}/pulls"));
    let deployments = world.get("/repos/acme/shop/deployments");
    let statuses = world.get(&format!("/repos/acme/shop/deployments/{}/statuses", deployments[0]["id"]));
    let shipping = world.run_of("shipping", "push");
    let gates = world.get(&format!("/repos/acme/shop/actions/runs/{}/pending_deployments", shipping["id"]));
    let environment = world.get("/repos/acme/shop/environments/staging");
    let blocked = world.runs("status=pending")[0].clone();
    let mine = world.get(&format!("/repos/acme/shop/actions/runs/{}/concurrency_groups", blocked["id"]));
    let group = mine["concurrency_groups"][0]["group_name"].as_str().expect("a group").to_owned();
    let all = world.get(&format!("/repos/acme/shop/actions/concurrency_groups/{group}"));
    let compare_ = example(include_str!("../../../tests/fixtures/github/compare.json"));
    let pulls_ = example(include_str!("../../../tests/fixtures/github/commit-pulls.json"));
    let deployments_ = example(include_str!("../../../tests/fixtures/github/deployments.json"));
    let statuses_ = example(include_str!("../../../tests/fixtures/github/deployment-statuses.json"));
    let gates_ = example(include_str!("../../../tests/fixtures/github/pending-deployments.json"));
    let environment_ = example(include_str!("../../../tests/fixtures/github/environment.json"));
    let mine_ = example(include_str!("../../../tests/fixtures/github/run-concurrency-groups.json"));
    let all_ = example(include_str!("../../../tests/fixtures/github/concurrency-group.json"));
    for (ours, theirs) in [
        (&compare, &compare_),
        (&compare["files"][0], &compare_["files"][0]),
        (&compare["commits"][0]["commit"]["author"], &compare_["commits"][0]["commit"]["author"]),
        (&pulls[0], &pulls_[0]),
        (&pulls[0]["labels"][0], &pulls_[0]["labels"][0]),
        (&pulls[0]["_links"], &pulls_[0]["_links"]),
        (&pulls[0]["base"], &pulls_[0]["base"]),
        (&deployments[0], &deployments_[0]),
        (&statuses[0], &statuses_[0]),
        (&gates[0], &gates_[0]),
        (&gates[0]["environment"], &gates_[0]["environment"]),
        (&gates[0]["reviewers"][1]["reviewer"], &gates_[0]["reviewers"][1]["reviewer"]),
        (&environment, &environment_),
        (&mine["concurrency_groups"][0], &mine_["concurrency_groups"][0]),
        (&mine["concurrency_groups"][0]["group_members"][0], &mine_["concurrency_groups"][0]["group_members"][0]),
        (&all, &all_),
        (&all["group_members"][0], &all_["group_members"][0]),
    ] {
        assert_eq!(keys(ours), keys(theirs), "{ours:#}");
    }
}

#[test]
fn a_comparison_is_what_lies_between() {
    let world = calm();
    let at = |version: &str| World::new(Params::default()).commit(release::SERVICE, version);
    let (base, head) = (at(release::STABLE), at(release::CANARY));
    let there = world.get(&format!("/repos/acme/shop/compare/{base}...{head}"));
    let back = world.get(&format!("/repos/acme/shop/compare/{head}...{base}"));
    let commits = list(&there["commits"]);
    assert_eq!((there["status"].as_str(), back["status"].as_str()), (Some("ahead"), Some("behind")));
    assert_eq!(
        (there["ahead_by"].as_u64(), back["behind_by"].as_u64()),
        (Some(commits.len() as u64), Some(commits.len() as u64))
    );
    assert_eq!(commits.last().expect("commits")["sha"], head.as_str(), "oldest first");
    assert_eq!((list(&back["commits"]).len(), list(&back["files"]).len()), (0, 0));
    let same = world.get(&format!("/repos/acme/shop/compare/{head}...{head}"));
    assert_eq!(same["status"], "identical");
    let parents: Vec<_> = commits.iter().map(|c| c["parents"][0]["sha"].clone()).collect();
    assert!(parents[1..].iter().zip(&commits).all(|(parent, before)| *parent == before["sha"]), "one history");
    let touching = list(&world.get(&format!("/repos/acme/shop/commits?sha={head}&path=services%2Fpayment&per_page=100")));
    let mine = touching.iter().filter(|c| commits.iter().any(|other| other["sha"] == c["sha"])).count();
    assert!(mine == 3 && commits.len() > mine, "{mine} of {}", commits.len());
    let files: Vec<String> =
        list(&there["files"]).iter().map(|f| f["filename"].as_str().unwrap_or_default().to_owned()).collect();
    assert!(files.contains(&"services/payment/migrations/0042_authorised_at.sql".to_owned()), "{files:?}");
    let second = world.get(&format!("/repos/acme/shop/compare/{base}...{head}?per_page=2&page=2"));
    assert_eq!((list(&second["commits"]).len(), list(&second["files"]).len()), (2, 0), "files stand on the first page");
    for (path, status) in [
        ("compare/main", 404),
        ("compare/main...0123456789abcdef0123456789abcdef01234567", 404),
        ("commits?since=2026-01-01", 400),
    ] {
        assert_eq!(world.status(&format!("/repos/acme/shop/{path}")), status, "{path}");
    }
}

#[test]
fn a_gate_knows_who_asks_and_a_lock_who_is_before() {
    let world = calm();
    let shipping = world.run_of("shipping", "push");
    let path = format!("/repos/acme/shop/actions/runs/{}/pending_deployments", shipping["id"]);
    let may = |token: &str| {
        let header = format!("Bearer acme-{token}");
        world.ask(Method::GET, &path, &[("authorization", &header)]).body[0]["current_user_can_approve"].as_bool()
    };
    assert_eq!((may("mira"), may("jon"), may("lea")), (Some(true), Some(true), Some(false)));
    assert_eq!(may(shipping["actor"]["login"].as_str().expect("an actor")), Some(false), "not who started it");
    let passed = world.run_of("payment", "push");
    assert_eq!(world.get(&format!("/repos/acme/shop/actions/runs/{}/pending_deployments", passed["id"])), serde_json::json!([]));
    assert_eq!(world.get(&format!("/repos/acme/shop/actions/runs/{}/approvals", shipping["id"])), serde_json::json!([]));
    let waiting = list(&world.get("/repos/acme/shop/deployments?environment=staging"))
        .into_iter()
        .find(|d| d["sha"] == shipping["head_sha"])
        .expect("its record");
    let statuses = world.get(&format!("/repos/acme/shop/deployments/{}/statuses", waiting["id"]));
    assert_eq!(statuses[0]["state"], "waiting");
    let blocked = world.runs("status=pending")[0].clone();
    assert_eq!(world.get(&format!("/repos/acme/shop/actions/runs/{}/jobs", blocked["id"]))["total_count"], 0);
    let groups = world.get("/repos/acme/shop/actions/concurrency_groups/ci-cd-order");
    let members: Vec<_> = list(&groups["group_members"]).iter().map(|m| m["status"].clone()).collect();
    assert_eq!(members, ["in_progress", "pending"]);
    assert_eq!(list(&groups["group_members"])[1]["run_id"], blocked["id"]);
    for path in ["actions/concurrency_groups/none", "environments/moon", "deployments/1", "deployments/1/statuses"] {
        assert_eq!(world.status(&format!("/repos/acme/shop/{path}")), 404, "{path}");
    }
}

#[test]
fn the_release_is_green_everywhere() {
    for scenario in [Scenario::Calm, Scenario::CanaryRegression, Scenario::ErrorSpike, Scenario::StaleMetrics] {
        let world = world(scenario, 0);
        let sha = World::new(Params::default()).commit(release::SERVICE, release::CANARY);
        let runs = world.runs(&format!("head_sha={sha}"));
        assert_eq!(runs.len(), 1, "{scenario}");
        assert_eq!(runs[0]["conclusion"], "success", "{scenario}");
        let checks = world.get(&format!("/repos/acme/shop/commits/{sha}/check-runs?per_page=100"));
        let conclusions: Vec<(String, String)> = list(&checks["check_runs"])
            .iter()
            .map(|check| {
                (
                    check["name"].as_str().unwrap_or_default().to_owned(),
                    check["conclusion"].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        for required in commit::required("acme/shop") {
            let expected = if required.contains("(payment)") { "success" } else { "skipped" };
            assert!(conclusions.contains(&(required.clone(), expected.to_owned())), "{required}");
        }
    }
}

#[test]
fn every_state_is_there_to_be_seen() {
    let world = calm();
    let user = world.run_of("user", "pull_request");
    assert_eq!((user["status"].as_str(), user["conclusion"].as_str()), (Some("completed"), Some("failure")));
    assert_eq!(user["pull_requests"][0]["head"]["ref"], user["head_branch"]);
    let shipping = world.run_of("shipping", "push");
    assert_eq!((shipping["status"].as_str(), &shipping["conclusion"]), (Some("waiting"), &Json::Null));
    let order = world.run_of("order", "push");
    assert_eq!(order["status"], "in_progress");
    let flaky = world.run_of("catalog", "push");
    assert_eq!((flaky["run_attempt"].as_u64(), flaky["conclusion"].as_str()), (Some(2), Some("success")));
    assert!(flaky["run_started_at"].as_str() > flaky["created_at"].as_str());
    let base = format!("/repos/acme/shop/actions/runs/{}", flaky["id"]);
    let first = world.get(&format!("{base}/attempts/1"));
    assert_eq!((first["conclusion"].as_str(), &first["previous_attempt_url"]), (Some("failure"), &Json::Null));
    let ids = |path: &str| -> BTreeSet<u64> {
        list(&world.get(&format!("{base}{path}"))["jobs"]).iter().filter_map(|job| job["id"].as_u64()).collect()
    };
    let (latest, all, one) =
        (ids("/jobs?per_page=100"), ids("/jobs?per_page=100&filter=all&page=1"), ids("/attempts/1/jobs?per_page=100"));
    assert!(latest.is_disjoint(&one), "a re-run makes new jobs");
    assert!(latest.is_subset(&all) || all.len() == 100);
    assert_eq!(world.status(&format!("{base}/attempts/3")), 404);
}

#[test]
fn a_run_goes_its_way_with_time() {
    let order = |seconds: i64| {
        let world = world(Scenario::Calm, seconds);
        let runs = world.runs("branch=main&event=push");
        let run = runs.iter().find(|run| run["display_title"].as_str().is_some_and(|t| t.starts_with("Hold stock"))).cloned();
        run.map(|run| {
            let jobs = world.get(&format!("/repos/acme/shop/actions/runs/{}/jobs?per_page=100", run["id"]));
            let of_order: Vec<Json> = list(&jobs["jobs"])
                .into_iter()
                .filter(|job| job["name"].as_str().is_some_and(|n| n.ends_with("(order)")))
                .collect();
            let jobs = of_order
                .iter()
                .map(|job| {
                    format!(
                        "{} {}",
                        job["name"].as_str().unwrap_or_default(),
                        job["conclusion"].as_str().unwrap_or_else(|| job["status"].as_str().unwrap_or_default())
                    )
                })
                .collect::<Vec<_>>();
            (run["status"].as_str().unwrap_or_default().to_owned(), run["conclusion"].clone(), jobs.join(", "))
        })
    };
    assert_eq!(order(-200), None);
    assert_eq!(order(-175), Some(("queued".into(), Json::Null, "build (order) queued".into())));
    assert_eq!(order(-60), Some(("in_progress".into(), Json::Null, "build (order) in_progress".into())));
    let (status, _, jobs) = order(1_200).expect("the run");
    assert_eq!(
        (status.as_str(), jobs.as_str()),
        ("in_progress", "build (order) success, test (order) success, deploy-dev (order) success, e2e (order) in_progress")
    );
    let (status, conclusion, _) = order(3_600).expect("the run");
    assert_eq!((status.as_str(), conclusion.as_str()), ("completed", Some("success")));
}

#[test]
fn lists_are_filtered_and_paged() {
    let world = calm();
    let all = world.runs("per_page=100");
    assert!(all.len() > 6);
    let created: Vec<_> = all.iter().map(|run| run["id"].as_u64()).collect();
    let first = world.ask(Method::GET, "/repos/acme/shop/actions/runs?per_page=2&branch=main", &[]);
    assert_eq!(list(&first.body["workflow_runs"]).len(), 2);
    let next = "<http://127.0.0.1:1/gh/repos/acme/shop/actions/runs?per_page=2&branch=main&page=2>; rel=\"next\"";
    assert!(first.header("link").starts_with(next), "{}", first.header("link"));
    let mut paged = Vec::new();
    for page in 1..=all.len() {
        paged.extend(world.runs(&format!("per_page=1&page={page}")).iter().map(|run| run["id"].as_u64()));
    }
    assert_eq!(paged, created);
    assert_eq!(world.runs(&format!("per_page=1&page={}", all.len() + 1)), Vec::<Json>::new());
    for (query, key, value) in [
        ("status=waiting", "status", "waiting"),
        ("status=failure", "conclusion", "failure"),
        ("event=pull_request", "event", "pull_request"),
        ("actor=mira", "/actor/login", "mira"),
        ("branch=gift-notes", "head_branch", "gift-notes"),
    ] {
        let runs = world.runs(query);
        let pointer = if key.starts_with('/') { key.to_owned() } else { format!("/{key}") };
        assert!(!runs.is_empty() && runs.len() < all.len(), "{query}");
        assert!(runs.iter().all(|run| run.pointer(&pointer).and_then(Json::as_str) == Some(value)), "{query}");
    }
    let newer = world.runs("created=%3E%3D2026-03-10T09:00:00Z");
    assert!(!newer.is_empty() && newer.iter().all(|run| run["created_at"].as_str() >= Some("2026-03-10T09:00:00Z")));
    assert_eq!(world.runs("event=pull_request&exclude_pull_requests=true")[0]["pull_requests"], serde_json::json!([]));
    let nightly = world.get("/repos/acme/shop/actions/workflows/nightly.yml/runs");
    assert_eq!((nightly["total_count"].as_u64(), nightly["workflow_runs"][0]["event"].as_str()), (Some(1), Some("schedule")));
    for bad in ["status=done", "created=yesterday", "check_suite_id=x"] {
        assert_eq!(world.status(&format!("/repos/acme/shop/actions/runs?{bad}")), 422, "{bad}");
    }
}

#[test]
fn an_unchanged_document_costs_nothing() {
    let world = calm();
    let path = "/repos/acme/shop/actions/runs?per_page=5";
    let first = world.ask(Method::GET, path, &[]);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""));
    assert_eq!((first.header("x-ratelimit-used"), first.header("x-ratelimit-limit")), ("1", "5000"));
    let again = world.ask(Method::GET, path, &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.header("etag"), again.header("x-ratelimit-used")), (304, tag.as_str(), "1"));
    let other = world.ask(Method::GET, path, &[("if-none-match", "W/\"0\"")]);
    assert_eq!((other.status, other.header("x-ratelimit-remaining")), (200, "4998"));
    let somebody = world.ask(Method::GET, path, &[("if-none-match", &tag), ("authorization", "Bearer acme-mira")]);
    assert_eq!((somebody.status, somebody.header("x-ratelimit-used")), (200, "1"), "tags and budgets are personal");
    let limits = world.ask(Method::GET, "/rate_limit", &[]);
    assert_eq!((limits.body["resources"]["core"]["used"].as_u64(), limits.header("x-ratelimit-used")), (Some(2), "2"));
    assert_eq!(limits.body["rate"]["reset"].as_i64(), Some(Params::default().t0.as_second() + 3600));
}

#[test]
fn tokens_and_media_types_are_checked() {
    let world = calm();
    let user = |headers: &[(&str, &str)]| {
        let answer = world.ask(Method::GET, "/user", headers);
        (answer.status, answer.body["login"].as_str().or(answer.body["message"].as_str()).unwrap_or_default().to_owned())
    };
    assert_eq!(user(&[]), (200, "demo".into()));
    assert_eq!(user(&[("authorization", "token acme-mira")]), (200, "mira".into()));
    assert_eq!(user(&[("authorization", "Bearer acme-jon")]), (200, "jon".into()));
    assert_eq!(user(&[("authorization", "Bearer ghp_wrong")]), (401, "Bad credentials".into()));
    assert_eq!(user(&[("accept", "application/vnd.github+json")]).0, 200);
    assert_eq!(user(&[("accept", "application/vnd.github.merge-info-preview+json, text/html")]).0, 200);
    assert_eq!(user(&[("accept", "")]).0, 200);
    assert_eq!(user(&[("accept", "text/html")]).0, 415);
}

#[test]
fn branches_rules_and_commits() {
    let world = calm();
    let main = world.get("/repos/acme/shop/branches/main");
    assert_eq!(main["protected"], true);
    let sha = main["commit"]["sha"].as_str().expect("a sha");
    for reference in ["main", "heads%2Fmain", sha, &sha[..8]] {
        assert_eq!(world.get(&format!("/repos/acme/shop/commits/{reference}"))["sha"], sha, "{reference}");
    }
    let rules = world.get("/repos/acme/shop/rules/branches/main");
    let rule = list(&rules).into_iter().find(|rule| rule["type"] == "required_status_checks").expect("the rule");
    let contexts = list(&rule["parameters"]["required_status_checks"]);
    assert!(contexts.iter().any(|check| check["context"] == "test (payment)"));
    assert_eq!(contexts.len(), 26);
    assert_eq!(world.get("/repos/acme/shop/rules/branches/gift-notes"), serde_json::json!([]));
    let unknown = world.ask(Method::GET, "/repos/acme/shop/commits/0123456789abcdef0123456789abcdef01234567", &[]);
    assert_eq!(
        (unknown.status, unknown.body["message"].as_str()),
        (422, Some("No commit found for SHA: 0123456789abcdef0123456789abcdef01234567"))
    );
    let own = world.get("/repos/acme/notify/rules/branches/main");
    assert_eq!(list(&own[2]["parameters"]["required_status_checks"]).len(), 2);
}

#[test]
fn what_it_does_not_know_is_not_found() {
    let world = calm();
    for path in [
        "/repos/acme/other",
        "/repos/acme/shop/nothing",
        "/repos/acme/shop/actions/runs/1",
        "/repos/acme/shop/actions/runs/x/jobs",
        "/repos/acme/notify/actions/jobs/1",
        "/repos/acme/shop/branches/none",
        "/orgs/acme",
        "/",
    ] {
        let answer = world.ask(Method::GET, path, &[]);
        assert_eq!((answer.status, answer.body["status"].as_str()), (404, Some("404")), "{path}");
        assert!(answer.body["documentation_url"].is_string());
    }
    let shop = &world.runs("per_page=1")[0]["id"];
    assert_eq!(world.status(&format!("/repos/acme/notify/actions/runs/{shop}")), 404, "a run belongs to one repository");
    assert_eq!(world.ask(Method::DELETE, &format!("/repos/acme/shop/actions/runs/{shop}"), &[]).status, 404);
}
