//! `gonogo logs`: the log of a service's pods, or of a job, line by line as it comes.

use std::io;

use jiff::SignedDuration;

use super::{PATIENCE, Printer, check::unknown_names, print::say};
use crate::{
    domain::{
        ClusterName, EnvironmentName, Exit, Feed, LogAsk, LogLine, LogNews, LogOrigin, LogSource, PodArm, Refusal, Run, SafeText,
        ServiceName, Snapshot, telling_job,
    },
    engine::Engine,
};

/// What `logs` is asked.
#[derive(Debug, Clone, Default)]
pub struct LogsArgs {
    /// The service whose pods are read.
    pub service: Option<ServiceName>,
    /// The environment; the last one of the path where none is named.
    pub environment: Option<EnvironmentName>,
    /// Only this cluster.
    pub cluster: Option<ClusterName>,
    /// Only this side of a rollout.
    pub arm: Option<PodArm>,
    /// This container.
    pub container: Option<String>,
    /// The log before the present one.
    pub previous: bool,
    /// Only lines younger than this.
    pub since: Option<std::time::Duration>,
    /// Wait for more.
    pub follow: bool,
    /// Only lines that look like errors.
    pub errors: bool,
    /// Only the last lines of each source.
    pub tail: Option<u32>,
    /// The run, by number or id, in place of a service.
    pub run: Option<String>,
    /// The job of the run; the first that failed where none is named.
    pub job: Option<String>,
}

/// Prints a log. Ends with 0 when all of it could be read, else with the code of the first problem.
pub async fn logs(engine: &Engine, args: &LogsArgs, printer: &mut Printer) -> io::Result<Exit> {
    if let Some(refusal) = unknown_names(&engine.snapshot().topology, &[], args.environment.as_ref()) {
        return Ok(printer.refusal(&refusal));
    }
    let s = engine.settled(PATIENCE).await;
    let mut stream = match ask(&s, args).and_then(|ask| engine.logs(&ask)) {
        Ok(stream) => stream,
        Err(refusal) => return Ok(printer.refusal(&refusal)),
    };
    let mut exit = Exit::Done;
    while let Some(news) = stream.next().await {
        match news {
            LogNews::Line(line) => {
                if !printer.line(&line, || text(&line))? {
                    break;
                }
            }
            LogNews::About(words) => say(words.as_str(), None),
            LogNews::Dropped(count) => say(&format!("{count} lines were left out"), None),
            LogNews::Reading(_) => {}
            LogNews::Trouble(source, problem) => {
                let hint = problem.hint.as_ref().map(ToString::to_string);
                say(&format!("{source}: {}", problem.what), hint);
                if exit == Exit::Done {
                    exit = problem.exit();
                }
            }
        }
    }
    Ok(exit)
}

fn ask(s: &Snapshot, args: &LogsArgs) -> Result<LogAsk, Refusal> {
    let usage = |why: &str| Refusal::new(why).exit(Exit::Usage);
    let source = match (&args.service, &args.run) {
        (Some(service), None) => {
            if let Some(refusal) = unknown_names(&s.topology, std::slice::from_ref(service), None) {
                return Err(refusal);
            }
            LogSource::Pods {
                service: service.clone(),
                environment: args.environment.clone().or_else(|| s.environment().map(|e| e.name.clone())),
                cluster: args.cluster.clone(),
                arm: args.arm,
                container: args.container.as_deref().map(SafeText::clean),
            }
        }
        (None, Some(run)) => {
            let job = telling_job(run_named(s, run)?, args.job.as_deref())?;
            LogSource::Job { run: job.run, number: job.number, job: job.job, name: job.name }
        }
        _ => return Err(usage("name a service, or a run with --run")),
    };
    let since = args.since.map(|since| SignedDuration::try_from(since).unwrap_or(SignedDuration::MAX));
    let LogsArgs { previous, follow, errors, tail, .. } = *args;
    Ok(LogAsk { source, previous, since, follow, errors, tail })
}

/// The newest attempt of the run with this number or id.
fn run_named<'a>(s: &'a Snapshot, name: &str) -> Result<&'a Run, Refusal> {
    let number = name.trim_start_matches('#');
    let all = s.pipelines.runs.values().filter_map(Feed::value).flat_map(|runs| runs.iter());
    let mut found: Vec<&Run> = all.filter(|r| *r.key.id == *name || r.number.to_string() == number).collect();
    found.sort_by_key(|r| (r.key.id.clone(), std::cmp::Reverse(r.key.attempt)));
    found.dedup_by(|later, first| later.key.id == first.key.id);
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let refusal = Refusal::new(format!("no run {name} is among those that were read")).exit(Exit::Failed);
            Err(match s.troubles().first() {
                Some(trouble) => refusal.hint(format!("{}: {}", trouble.source, trouble.problem)).exit(Exit::Unknown),
                None => refusal.hint("gonogo runs lists them"),
            })
        }
        several => {
            let ids: Vec<String> = several.iter().map(|r| format!("{} ({})", r.key.id, r.key.repo)).collect();
            let what = format!("{name} is the number of {} runs", several.len());
            Err(Refusal::new(what).hint(format!("name one by its id: {}", ids.join(", "))).exit(Exit::Usage))
        }
    }
}

fn text(line: &LogLine) -> String {
    let at = line.at.map(|at| at.strftime("%H:%M:%S%.3fZ ").to_string()).unwrap_or_default();
    match &*line.origin {
        LogOrigin::Pod { cluster, arm, .. } => {
            let arm = arm.map(|a| format!("{a} ")).unwrap_or_default();
            format!("{at}{cluster} {arm}{} {}\n", line.origin.short(), line.text)
        }
        LogOrigin::Job { .. } => format!("{at}{}\n", line.text),
    }
}
