//! `gonogo runs`: pipeline runs of the bound workflows, and one run with everything that belongs to it.

use std::{io, sync::Arc};

use super::{
    PATIENCE, Printer,
    json::{DeploymentJson, RunJson, RunsRoot},
    one_run,
    table::Table,
};
use crate::{
    domain::{Exit, Feed, Repo, Run, Snapshot, span},
    engine::Engine,
};

/// From this number on it can only be an id: no workflow has run so often.
const AN_ID: u64 = 10_000_000;

/// What `runs` is asked.
#[derive(Debug, Clone, Default)]
pub struct RunsArgs {
    /// Only this run, by its number or id, with its jobs.
    pub run: Option<String>,
}

/// Prints runs, newest first.
pub async fn runs(engine: &Engine, args: &RunsArgs, printer: &mut Printer) -> io::Result<Exit> {
    let mut s = engine.settled(PATIENCE).await;
    if let Some(run) = &args.run {
        let closely = meant(&s, run);
        if !closely.is_empty() {
            s = engine.looked_closely(closely, PATIENCE).await;
        }
    }
    let runs: Vec<RunJson<'_>> = chosen(&s, args.run.as_deref()).map(|run| json(&s, run)).collect();
    let shown = |repo: &Repo| args.run.is_none() || runs.iter().any(|r| r.run.key.repo == *repo);
    let records = s.pipelines.deployments.iter().filter(|(repo, _)| shown(repo));
    let records = records.filter_map(|(repo, feed)| Some((repo, feed.value()?)));
    let deployments: Vec<DeploymentJson<'_>> =
        records.flat_map(|(repo, all)| all.iter().map(move |record| DeploymentJson { repo, record })).collect();
    let problems = s.troubles();
    let exit = match (&args.run, runs.is_empty()) {
        (Some(_), true) if problems.is_empty() => Exit::Failed,
        (_, true) if !problems.is_empty() => Exit::Unknown,
        _ => Exit::Done,
    };
    let root = RunsRoot { schema: "gonogo/v1/runs", at: s.at, runs, deployments, problems };
    printer.answer(&root, || text(&s, &root, args.run.is_some()))?;
    Ok(exit)
}

fn chosen<'a>(s: &'a Snapshot, wanted: Option<&'a str>) -> impl Iterator<Item = &'a Run> {
    let all = s.pipelines.runs.values().filter_map(Feed::value).flat_map(|r| r.iter());
    all.filter(move |r| wanted.is_none_or(|w| *w == *r.key.id || w.trim_start_matches('#') == r.number.to_string()))
}

/// The runs that somebody means: those of that number or id; where none is known and it can only be an id, the one of
/// each repository that may have it.
fn meant(s: &Snapshot, wanted: &str) -> Vec<(Repo, Arc<str>)> {
    let known: Vec<(Repo, Arc<str>)> = chosen(s, Some(wanted)).map(|r| (r.key.repo.clone(), r.key.id.clone())).collect();
    if known.is_empty() && wanted.parse::<u64>().is_ok_and(|n| n >= AN_ID) {
        return s.pipelines.runs.keys().map(|repo| (repo.clone(), wanted.into())).collect();
    }
    known
}

fn json<'a>(s: &Snapshot, run: &'a Run) -> RunJson<'a> {
    let seconds = |time: jiff::SignedDuration| time.as_secs();
    RunJson { run, took: run.took().map(seconds), usual: s.usual_of(run).map(seconds) }
}

fn text(s: &Snapshot, root: &RunsRoot<'_>, closely: bool) -> String {
    let mut table = Table::new(&["STATE", "REPOSITORY", ">RUN", "WORKFLOW", "COMMIT", "STARTED BY", ">AGE", ">TOOK", "TITLE"]);
    for r in root.runs.iter().map(|r| r.run) {
        table.row(vec![
            r.phase.to_string(),
            r.key.repo.to_string(),
            format!("#{}", r.number),
            r.workflow.to_string(),
            r.commit.as_ref().map(|c| c.short().to_owned()).unwrap_or_default(),
            r.event.to_string(),
            age(s.at.duration_since(r.created).as_secs()),
            r.took().map(span).unwrap_or_default(),
            r.title.to_string(),
        ]);
    }
    let mut out = if table.is_empty() { "no runs\n".to_owned() } else { table.text() };
    if closely {
        for r in &root.runs {
            out.push('\n');
            out.push_str(&one_run::text(s, r));
        }
    }
    for t in &root.problems {
        out.push_str(&format!("{} since {}: {}\n", t.source, t.since.strftime("%H:%M:%SZ"), t.problem));
    }
    out
}

fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}
