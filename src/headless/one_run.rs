//! One run for people: times, gates, locks, jobs with their steps, earlier attempts.

use jiff::SignedDuration;

use super::{json::RunJson, table::Table};
use crate::domain::{Gate, Job, Loaded, Lock, MayI, Phase, Review, Snapshot, span};

/// Everything about a run.
pub fn text(s: &Snapshot, r: &RunJson<'_>) -> String {
    let run = r.run;
    let mut out = String::new();
    let started = run.started.unwrap_or(run.created);
    let time = run.took().unwrap_or_else(|| s.at.duration_since(started));
    let usual = r.usual.map(|seconds| format!(", usually {}", span(SignedDuration::from_secs(seconds)))).unwrap_or_default();
    let attempt = if run.key.attempt > 1 { format!(", attempt {}", run.key.attempt) } else { String::new() };
    let by = run.actor.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    out.push_str(&format!("#{} {}: {}{by}, {}{usual}{attempt}\n", run.number, run.name, run.phase, span(time)));
    out.push_str(&part(&run.gates, "gates", |gates| gates.iter().map(gate).collect()));
    out.push_str(&part(&run.reviews, "reviews", |reviews| reviews.iter().map(review).collect()));
    out.push_str(&part(&run.locks, "locks", |locks| locks.iter().map(lock).collect()));
    out.push_str(&match &run.jobs {
        Loaded::Ok(jobs) => job_table(jobs),
        Loaded::NotAsked => "jobs: not read\n".to_owned(),
        Loaded::Failed(problem) => format!("jobs: {problem}\n"),
    });
    out.push_str(&part(&run.earlier, "earlier attempts", |earlier| {
        let attempt = |a: &crate::domain::Attempt| {
            let broken: Vec<&Job> = a.jobs.iter().filter(|j| j.phase.failed()).collect();
            let names = broken.iter().map(|j| format!("{} {}", j.name, j.phase)).collect::<Vec<_>>().join(", ");
            format!("attempt {}: {}\n", a.number, if names.is_empty() { "nothing failed".to_owned() } else { names })
        };
        earlier.iter().map(attempt).collect()
    }));
    out
}

fn part<T>(loaded: &Loaded<T>, what: &str, text: impl Fn(&T) -> String) -> String {
    match loaded {
        Loaded::Ok(value) => text(value),
        Loaded::NotAsked => String::new(),
        Loaded::Failed(problem) => format!("{what}: {problem}\n"),
    }
}

fn gate(g: &Gate) -> String {
    let may = match &g.may_i {
        MayI::Yes => "you may decide".to_owned(),
        MayI::No(why) => format!("you may not decide: {why}"),
        MayI::Unknown(why) => format!("whether you may decide is unknown: {why}"),
    };
    let branches = g.branches.as_ref().map(|b| format!("; {b}")).unwrap_or_default();
    format!("waits at {}: {may}; {}{branches}\n", g.environment, g.who())
}

fn review(r: &Review) -> String {
    let by = r.by.as_ref().map_or("somebody", |b| b.as_str());
    let places = r.environments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{by} {} {places}: {}\n", r.state, r.comment)
}

fn lock(l: &Lock) -> String {
    let ahead = l.ahead.iter().map(|m| format!("{} {} ({})", m.name, m.run, m.phase)).collect::<Vec<_>>().join(", ");
    let who = l.job.as_ref().map_or("the run", |j| j.as_str());
    format!("{who} stands in line for {}: {}\n", l.group, if ahead.is_empty() { "nobody is named".to_owned() } else { ahead })
}

/// Jobs; the steps of those that run or did not pass.
fn job_table(jobs: &[Job]) -> String {
    let mut table = Table::new(&["STATE", "JOB", ">STEPS", ">TOOK", "STEP"]);
    for j in jobs {
        let (ended, all) = j.progress();
        let took = j.started.zip(j.ended).map(|(from, to)| span(to.duration_since(from))).unwrap_or_default();
        let step = j.telling().map(|s| s.name.to_string()).unwrap_or_default();
        table.row(vec![j.phase.to_string(), j.name.to_string(), format!("{ended}/{all}"), took, step]);
    }
    let mut out = table.text();
    for j in jobs.iter().filter(|j| !j.steps.is_empty() && (j.phase == Phase::Running || j.phase.failed())) {
        out.push_str(&format!("\n{}\n", j.name));
        for step in &j.steps {
            let took = step.started.zip(step.ended).map(|(from, to)| format!("  {}", span(to.duration_since(from))));
            out.push_str(&format!("  {:<9} {:>2} {}{}\n", step.phase, step.number, step.name, took.unwrap_or_default()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LockMember, Reviewer};

    #[test]
    fn gates_and_locks_in_words() {
        let mut gate_ = Gate {
            id: "1".into(),
            environment: "production".into(),
            may_i: MayI::No("jon is not a reviewer".into()),
            reviewers: vec![Reviewer::Person("mira".into()), Reviewer::Team("release".into())],
            wait: None,
            branches: Some("from protected branches only".into()),
            no_self_review: Some(true),
            url: None,
        };
        assert_eq!(
            gate(&gate_),
            "waits at production: you may not decide: jon is not a reviewer; mira, team release; from protected branches only\n"
        );
        gate_.may_i = MayI::Yes;
        assert!(gate(&gate_).starts_with("waits at production: you may decide; mira"));
        let ahead = vec![LockMember { run: "7".into(), name: "deploy".into(), job: None, phase: Phase::Running }];
        let held = Lock { group: "prod".into(), job: None, ahead };
        assert_eq!(lock(&held), "the run stands in line for prod: deploy 7 (running)\n");
    }
}
