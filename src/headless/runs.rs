//! `gonogo runs`: pipeline runs of the bound workflows.

use std::io;

use super::{PATIENCE, Printer, json::RunsRoot, table::Table};
use crate::{
    domain::{Exit, Feed, Job, Loaded, Run, Snapshot},
    engine::Engine,
};

/// What `runs` is asked.
#[derive(Debug, Clone, Default)]
pub struct RunsArgs {
    /// Only this run, by its number or id, with its jobs.
    pub run: Option<String>,
}

/// Prints runs, newest first.
pub async fn runs(engine: &Engine, args: &RunsArgs, printer: &mut Printer) -> io::Result<Exit> {
    let s = engine.settled(PATIENCE).await;
    let wanted =
        |r: &&Run| args.run.as_ref().is_none_or(|w| *w == *r.key.id || w.trim_start_matches('#') == r.number.to_string());
    let runs: Vec<&Run> = s.pipelines.runs.values().filter_map(Feed::value).flat_map(|r| r.iter()).filter(wanted).collect();
    let problems = s.troubles();
    let exit = match (&args.run, runs.is_empty()) {
        (Some(_), true) if problems.is_empty() => Exit::Failed,
        (_, true) if !problems.is_empty() => Exit::Unknown,
        _ => Exit::Done,
    };
    let root = RunsRoot { schema: "gonogo/v1/runs", at: s.at, runs, problems };
    printer.answer(&root, || text(&s, &root, args.run.is_some()))?;
    Ok(exit)
}

fn text(s: &Snapshot, root: &RunsRoot, jobs: bool) -> String {
    let mut table = Table::new(&["STATE", "REPOSITORY", ">RUN", "WORKFLOW", "COMMIT", "STARTED BY", ">AGE", "TITLE"]);
    for r in &root.runs {
        table.row(vec![
            r.phase.to_string(),
            r.key.repo.to_string(),
            format!("#{}", r.number),
            r.workflow.to_string(),
            r.commit.as_ref().map(|c| c.short().to_owned()).unwrap_or_default(),
            r.event.to_string(),
            age(s.at.duration_since(r.created).as_secs()),
            r.title.to_string(),
        ]);
    }
    let mut out = if table.is_empty() { "no runs\n".to_owned() } else { table.text() };
    if jobs {
        for r in &root.runs {
            out.push('\n');
            out.push_str(&match &r.jobs {
                Loaded::Ok(jobs) => job_table(jobs),
                Loaded::NotAsked => "jobs: not read\n".to_owned(),
                Loaded::Failed(problem) => format!("jobs: {problem}\n"),
            });
        }
    }
    for t in &root.problems {
        out.push_str(&format!("{} since {}: {}\n", t.source, t.since.strftime("%H:%M:%SZ"), t.problem));
    }
    out
}

fn job_table(jobs: &[Job]) -> String {
    let mut table = Table::new(&["STATE", "JOB", ">STEPS", "STEP"]);
    for j in jobs {
        let step = j.telling().map(|s| s.name.to_string()).unwrap_or_default();
        let (ended, all) = j.progress();
        table.row(vec![j.phase.to_string(), j.name.to_string(), format!("{ended}/{all}"), step]);
    }
    table.text()
}

fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}
