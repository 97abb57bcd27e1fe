//! GitHub's own description of its API: right requests pass, wrong ones are named.

use std::process::Command;

use serde_json::{Value, json};

use crate::bed::{self, Bed};

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
