//! Logs of jobs: the API answers with a redirect to a store under another path, which wants no token.

use ::http::StatusCode;

use super::history::{Attempt, attempts};
use crate::sim::{
    http::{self, Request, Response},
    state::State,
    world::{
        World, names,
        pipelines::{Job, State as Phase},
    },
};

/// The store's path for a job's log, with the signature that lets one in.
fn place(world: &World, job: u64) -> String {
    format!("/blob/job-logs/{job}.txt?sig={}", signature(world, job))
}

fn signature(world: &World, job: u64) -> String {
    names::hex(world.seed(), &["signature", &job.to_string()], 32)
}

/// Where the log of a job lies, by an address that is valid for a minute; nowhere before the job has ended.
pub fn location(world: &World, job: &Job, base: &str) -> Option<String> {
    job.state.conclusion().filter(|_| !job.steps.is_empty())?;
    // Over its socket gh reaches every host; the store is another one than the API.
    let origin = match base.split_once("://api.github.com") {
        Some(_) => "https://store.acme.example",
        None => base.strip_suffix("/gh").unwrap_or(base),
    };
    Some(format!("{origin}{}", place(world, job.id)))
}

/// Answers for the store. As the real one it takes an Authorization that it does not know for a mistake.
pub fn store(state: &State, request: &Request) -> Response {
    let refuse = |status, code: &str| {
        http::text(status, "application/xml", format!("\u{feff}<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>"))
    };
    if request.headers.contains_key(::http::header::AUTHORIZATION) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo");
    }
    let (world, now) = (state.world(), state.now());
    let segments = request.segments();
    let id = match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["job-logs", file] => file.strip_suffix(".txt").and_then(|id| id.parse::<u64>().ok()),
        _ => None,
    };
    let Some(id) = id else { return refuse(StatusCode::NOT_FOUND, "BlobNotFound") };
    if request.param("sig") != Some(&signature(&world, id)) {
        return refuse(StatusCode::FORBIDDEN, "AuthenticationFailed");
    }
    for repository in ["acme/shop", "acme/notify", "acme/media"] {
        for attempt in attempts(&world, repository, now).iter().flatten() {
            if let Some(job) = attempt.run.jobs.iter().find(|job| job.id == id) {
                return http::text(StatusCode::OK, "text/plain", text(&world, attempt, job));
            }
        }
    }
    refuse(StatusCode::NOT_FOUND, "BlobNotFound")
}

/// The log: a time and a line each; every step begins with a group, and which step it is, is not said.
fn text(world: &World, attempt: &Attempt, job: &Job) -> String {
    let mut out = String::from("\u{feff}");
    let mut write = |minute: f64, order: u32, line: &str| {
        let at = world.instant(minute).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        out.push_str(&format!("{at}.{:07}Z {line}\n", order * 10_007));
    };
    for (number, step) in job.steps.iter().enumerate() {
        let from = step.started.unwrap_or(attempt.created);
        let to = step.completed.unwrap_or(from);
        let last = number + 1 == job.steps.len();
        // Within a second the order is that of the steps.
        let base = number as u32 * 100;
        let middle = if to - from > 0.05 { f64::midpoint(from, to) } else { from };
        if number == 0 {
            write(from, 0, "Current runner version: '2.329.0'");
            write(from, 1, "##[group]Runner Image");
            write(from, 2, "Image: ubuntu-24.04");
            write(from, 3, "##[endgroup]");
            write(from, 4, &format!("Complete job name: {}", job.name));
            continue;
        }
        let command = if step.name.starts_with("Run ") { step.name.clone() } else { format!("Run make {}", slug(&step.name)) };
        write(from, base, &format!("##[group]{command}"));
        write(from, base + 1, "shell: /usr/bin/bash -e {0}");
        write(from, base + 2, "##[endgroup]");
        write(
            middle,
            base + 3,
            &format!("\u{1b}[36;1m{}\u{1b}[0m of {} at {}", step.name, attempt.run.branch, &attempt.run.sha[..7]),
        );
        match (step.state, job.complaint) {
            (Phase::Failure, Some(complaint)) => {
                write(middle, base + 4, "  1 of 212 failed");
                write(to, base + 5, &format!("ERROR {complaint}"));
                write(to, base + 6, "##[error]Process completed with exit code 1.");
            }
            _ => write(to, base + 5, "done"),
        }
        if last {
            write(to, base + 7, "Post job cleanup.");
            write(to, base + 8, "Cleaning up orphan processes");
        }
    }
    out
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
