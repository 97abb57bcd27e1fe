//! The row of a run: which service it is about, and what of it matters.

use super::{RunRow, phase_tone};
use crate::{
    domain::{Loaded, Phase, Run, ServiceName, Snapshot},
    tui::model::opened,
};

pub(super) fn run_row(snapshot: &Snapshot, run: &Run, scope: &[ServiceName]) -> RunRow {
    let jobs = run.jobs.ok().map(Vec::as_slice).unwrap_or_default();
    let bound = snapshot
        .topology
        .services
        .iter()
        .filter_map(|s| s.pipeline.as_ref().map(|b| (s, b)))
        .filter(|(_, b)| b.repo == run.key.repo && b.workflow.as_ref().is_none_or(|w| run.workflow.as_str() == &**w));
    let mine: Vec<&ServiceName> = bound
        .filter(|(_, b)| !b.has_job_pattern() || jobs.iter().any(|j| b.matches_job(j.name.as_str()) && !j.phase.skipped()))
        .map(|(s, _)| &s.name)
        .collect();
    let in_scope = mine.iter().any(|s| scope.contains(s));
    let lead = mine.iter().find(|s| scope.contains(s)).or_else(|| mine.first());
    let subject = match lead {
        Some(name) if mine.len() == 1 => name.to_string(),
        Some(name) => format!("{name} +{}", mine.len() - 1),
        None => run.key.repo.name().to_owned(),
    };
    // The job that explains where the run stands.
    let telling = jobs
        .iter()
        .find(|j| j.phase.failed())
        .or_else(|| jobs.iter().find(|j| j.phase == Phase::Waiting))
        .or_else(|| jobs.iter().find(|j| j.phase == Phase::Running));
    let passed = jobs.iter().filter(|j| j.phase.passed()).count();
    let (what, detail) = match telling {
        Some(job) if run.phase.open() || run.phase.failed() => {
            let step = job.telling().map(|s| format!("{}  ", s.name)).unwrap_or_default();
            // The row names the service already: `test (cart)` is `test`.
            let name = job.name.as_str();
            let short = lead.and_then(|s| name.strip_suffix(&format!(" ({s})"))).unwrap_or(name);
            (short.to_owned(), format!("{step}{}", run.title))
        }
        _ => (run.name.to_string(), run.title.to_string()),
    };
    // Who has to decide, and how long it takes against the usual, come before what it is about.
    let detail = match run.gates.ok().and_then(|gates| gates.first()) {
        Some(gate) => format!("{}  {detail}", opened::who(gate)),
        None if run.phase == Phase::Running => {
            let usual = opened::against_usual(snapshot, run).map(|u| format!("{u}  ")).unwrap_or_default();
            format!("{usual}{detail}")
        }
        None => match run.locks.ok().and_then(|locks| locks.first()) {
            Some(lock) => format!("in line for {}  {detail}", lock.group),
            None => detail,
        },
    };
    let detail = match (&run.jobs, run.phase.passed()) {
        (Loaded::Ok(jobs), true) if jobs.len() > 1 => format!("{passed} jobs  {detail}"),
        (Loaded::Failed(problem), _) => format!("jobs: {problem}"),
        _ => detail,
    };
    RunRow {
        key: run.key.clone(),
        tone: phase_tone(&run.phase),
        subject,
        what,
        number: run.number,
        span: (run.started.unwrap_or(run.created), (!run.phase.open()).then_some(run.updated)),
        detail,
        in_scope,
    }
}
