//! Runs as GitHub keeps them: with their earlier attempts, and with the jobs that a path filter left out.

use jiff::Timestamp;

use crate::sim::world::pipelines::{Job, Run, State};
use crate::sim::world::{SERVICES, World};

/// The run of this service's pipeline on `main` passed only at its second attempt.
pub const FLAKY: &str = "catalog";

/// How long before its second attempt the flaky run began, in minutes.
const EARLIER: f64 = 14.0;

/// One attempt of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The run as this attempt left it.
    pub run: Run,
    /// When the run itself was created, in minutes since T0: that of the first attempt.
    pub created: f64,
}

/// Every attempt of every run of a repository that has begun by `now`, the newest run first, the newest attempt of each
/// run first.
pub fn attempts(world: &World, repository: &str, now: Timestamp) -> Vec<Vec<Attempt>> {
    let runs = world.runs(now).into_iter().filter(|run| run.repository == repository);
    runs.map(|run| expand(completed_matrix(run))).collect()
}

fn expand(mut run: Run) -> Vec<Attempt> {
    // GitHub does not show a job before what it needs is done.
    let open = |job: &Job| matches!(job.state, State::Waiting | State::InProgress | State::Queued);
    let first = run.jobs.iter().find(|job| open(job)).map(|job| job.id);
    run.jobs.retain(|job| !open(job) || Some(job.id) == first);
    if run.attempt == 1 && run.services == [FLAKY] && run.event == "push" && run.state == State::Success {
        let mut first = run.clone();
        run.attempt = 2;
        let created = first.created - EARLIER;
        first.created = created;
        fail_first(&mut first);
        return vec![Attempt { run, created }, Attempt { run: first, created }];
    }
    let created = run.created;
    vec![Attempt { run, created }]
}

/// Turns a passed run into one whose tests failed, earlier, with jobs of other ids.
fn fail_first(run: &mut Run) {
    let back = |minute: &mut Option<f64>| *minute = minute.map(|minute| minute - EARLIER);
    let mut failed = false;
    for job in &mut run.jobs {
        job.id += 500;
        back(&mut job.started);
        back(&mut job.completed);
        for step in &mut job.steps {
            back(&mut step.started);
            back(&mut step.completed);
        }
        if failed && job.state == State::Success {
            job.state = State::Skipped;
            job.steps.clear();
        } else if job.name.starts_with("test") && job.state == State::Success {
            failed = true;
            job.state = State::Failure;
            job.complaint = Some("category_cache_spec:88 timed out after 5 s");
            if let Some(step) = job.steps.last_mut() {
                step.state = State::Failure;
            }
        }
    }
    run.state = State::Failure;
    run.updated = run.jobs.iter().filter_map(|job| job.completed).fold(run.created, f64::max);
}

/// Adds the jobs of the services that the commit did not touch: skipped at once by their path filter.
fn completed_matrix(mut run: Run) -> Run {
    if run.workflow != "ci-cd.yml" {
        return run;
    }
    let stages: Vec<String> = run.jobs.iter().map(|job| job.name.split(' ').next().unwrap_or_default().to_owned()).collect();
    let others = SERVICES.iter().filter(|s| s.workflow() == run.workflow && !run.services.contains(&s.name));
    let at = run.created + 0.2;
    let skipped = stages.iter().flat_map(|stage| others.clone().map(move |service| (stage, service.name)));
    let first = run.id * 10 + 100;
    let skipped: Vec<Job> = (first..)
        .zip(skipped)
        .map(|(id, (stage, service))| Job {
            id,
            name: format!("{stage} ({service})"),
            state: State::Skipped,
            started: Some(at),
            completed: Some(at),
            environment: None,
            steps: Vec::new(),
            complaint: None,
        })
        .collect();
    if run.state != State::Queued {
        run.jobs.extend(skipped);
    }
    run
}
