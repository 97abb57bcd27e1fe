//! GitHub's own description of its API: right requests pass, wrong ones are named.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    bed::{self, Bed},
    gonogo::Gonogo,
};

/// Sends one request to the judge; status and violations.
fn send(bed: &Bed, owner: &str, method: &str, path: &str, body: Option<Value>) -> (u64, Vec<String>) {
    let url = format!("{}/repos/{owner}/r{path}", bed.word("/github/url"));
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-o", "/dev/null", "-X", method, "-H", "accept: application/vnd.github+json", &url]);
    match body {
        Some(body) => bed::run_with(curl.args(["-H", "content-type: application/json", "-d", "@-"]), &body.to_string()),
        None => bed::run(&mut curl),
    };
    let last = bed.judged(&format!("/repos/{owner}/r{path}")).pop().unwrap();
    let violations = last["violations"].as_array().unwrap();
    (last["status"].as_u64().unwrap(), violations.iter().map(|v| v["message"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn right_requests_pass_and_wrong_ones_are_named() {
    let Some(bed) = bed::shared() else { return };
    let owner = bed.namespace().name;
    let approve = json!({ "environment_ids": [1], "state": "approved", "comment": "go" });
    let dispatch = json!({ "ref": "main", "inputs": { "version": "2.4.1" } });
    for (method, path, body, status) in [
        ("GET", "/actions/runs?created=%3E%3D2026-01-01&per_page=100", None, 200),
        ("GET", "/actions/runs/30433642/jobs?filter=latest", None, 200),
        ("GET", "/actions/jobs/399444496/logs", None, 302),
        ("POST", "/actions/runs/1/pending_deployments", Some(approve), 200),
        ("POST", "/actions/workflows/123/dispatches", Some(dispatch), 200),
        ("GET", "/commits/main/check-runs", None, 200),
        // What the cockpit asks of a release, letter by letter.
        ("GET", "/actions/runs/1?exclude_pull_requests=true", None, 200),
        ("GET", "/actions/runs/1/attempts/1/jobs?per_page=100", None, 200),
        ("GET", "/actions/runs/1/pending_deployments", None, 200),
        ("GET", "/actions/runs/1/approvals", None, 200),
        ("GET", "/actions/runs/1/concurrency_groups?per_page=100", None, 200),
        ("GET", "/actions/concurrency_groups/deploy-prod", None, 200),
        ("GET", "/environments/staging", None, 200),
        ("GET", "/compare/1111111...2222222?per_page=100&page=1", None, 200),
        ("GET", "/commits?sha=2222222&path=services%2Fpay&per_page=100&page=2", None, 200),
        ("GET", "/commits/2222222/pulls?per_page=10", None, 200),
        ("GET", "/deployments?per_page=30", None, 200),
        ("GET", "/deployments/42/statuses?per_page=1", None, 200),
    ] {
        assert_eq!(send(&bed, &owner, method, path, body), (status, vec![]), "{method} {path}");
    }
    let misspelt = json!({ "reff": "main" });
    let unsigned = json!({ "environment_ids": ["x"], "state": "ok" });
    for (method, path, body, says) in [
        ("GET", "/actions/runs?per_page=abc", None, "must be integer"),
        ("GET", "/actions/runs/1/jobs?filter=newest", None, "allowed values"),
        ("POST", "/actions/runs/1/pending_deployments", Some(unsigned), "comment"),
        ("POST", "/actions/workflows/ci.yml/dispatches", Some(misspelt), "reff"),
        ("GET", "/actions/runs/1/cancel", None, "cancel"),
        ("GET", "/no/such/path", None, ""),
    ] {
        let (status, violations) = send(&bed, &owner, method, path, body);
        let text = violations.join("\n");
        assert!(status >= 400 && !violations.is_empty() && text.contains(says), "{method} {path}: {status} {text}");
    }
}

#[test]
fn one_run_is_read_whole_with_right_requests_only() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let path = format!("/repos/{}/shop", namespace.name);
    let said = Gonogo::new(&namespace, "reader", &["web"]).json(&["runs", "30433642"]);
    let judged = bed.judged(&path);
    for request in &judged {
        assert_eq!(request["violations"], json!([]), "{request:#}");
    }
    let asked: Vec<&str> = judged.iter().map(|r| r["path"].as_str().unwrap()).collect();
    for part in ["/jobs?", "/pending_deployments", "/approvals", "/environments/staging", "/deployments?", "/statuses?"] {
        assert!(asked.iter().any(|path| path.contains(part)), "{part} was not asked: {asked:#?}");
    }
    let run = &said["runs"][0];
    let gate = &run["gates"]["value"][0];
    assert_eq!((gate["environment"].as_str(), gate["may_i"]["answer"].as_str()), (Some("staging"), Some("yes")), "{run:#}");
    assert_eq!(run["reviews"]["value"][0]["comment"], "Ship it!", "{run:#}");
    assert_eq!(run["jobs"]["value"][0]["steps"].as_array().map(Vec::len), Some(10), "{run:#}");
}
