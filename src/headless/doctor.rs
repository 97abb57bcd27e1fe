//! `gonogo doctor`: every source examined, each on its own, with the way to mend what is wrong.

use std::{io, time::Duration};

use futures::future::{BoxFuture, join_all, ready};
use jiff::Timestamp;
use serde::Serialize;

use super::{PATIENCE, Printer};
use crate::{
    domain::{Exit, Finding, Grade, Problem, ProblemKind},
    engine::{Engine, wanted},
    provider::role::Timer,
};

/// How long the examination of one source may take, of the real clock: many rights are asked for one by one.
const LIMIT: Duration = Duration::from_secs(40);

/// A source and what was found of it.
#[derive(Debug, Serialize)]
pub struct Examined {
    /// The source: a cluster's name, `github.com`, `prometheus`; or `configuration`, `terminal`.
    pub source: String,
    /// What was found, in the order in which one stands on the other.
    pub findings: Vec<Finding>,
}

#[derive(Serialize)]
struct DoctorRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    grade: Grade,
    sources: &'a [Examined],
}

/// Examines every source of the engine at once and prints what was found behind `before`. Exit code 1 when something
/// that is configured cannot be read.
pub async fn doctor(engine: &Engine, host: &str, before: Vec<Examined>, printer: &mut Printer) -> io::Result<Exit> {
    // What is to be measured is known only once the clusters have answered.
    let s = engine.settled(PATIENCE).await;
    let (runs, targets) = (wanted::runs(&s), wanted::metrics(&s, None));
    let roles = engine.roles();
    let mut all: Vec<BoxFuture<'_, Examined>> = vec![];
    for (name, role) in &roles.clusters {
        match role {
            Ok(role) => all.push(Box::pin(examined(name.to_string(), async { role.examine().await }))),
            Err(problem) => all.push(Box::pin(ready(unconnected(name.to_string(), problem)))),
        }
    }
    match &roles.pipelines {
        Some(Ok(role)) => all.push(Box::pin(examined(host.to_owned(), async { role.examine(&runs).await }))),
        Some(Err(problem)) => all.push(Box::pin(ready(unconnected(host.to_owned(), problem)))),
        None => {}
    }
    match &roles.metrics {
        Some(Ok(role)) => all.push(Box::pin(examined("prometheus".to_owned(), async { role.examine(&targets).await }))),
        Some(Err(problem)) => all.push(Box::pin(ready(unconnected("prometheus".to_owned(), problem)))),
        None => {}
    }
    let mut sources = before;
    sources.extend(join_all(all).await);
    let grade = sources.iter().flat_map(|s| &s.findings).map(|f| f.grade).max().unwrap_or(Grade::Ok);
    let root = DoctorRoot { schema: "gonogo/v1/doctor", at: engine.clock().now(), grade, sources: &sources };
    printer.answer(&root, || text(&sources, grade))?;
    Ok(if grade == Grade::Fail { Exit::Failed } else { Exit::Done })
}

async fn examined(source: String, work: impl Future<Output = Vec<Finding>>) -> Examined {
    let findings = tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| {
        let late = Problem::new(ProblemKind::Timeout, format!("the examination took longer than {} s", LIMIT.as_secs()));
        vec![Finding::problem("reachable", &late)]
    });
    Examined { source, findings }
}

fn unconnected(source: String, problem: &Problem) -> Examined {
    Examined { source, findings: vec![Finding::problem("reachable", problem)] }
}

fn text(sources: &[Examined], grade: Grade) -> String {
    let mut out = String::new();
    for source in sources {
        out.push_str(&format!("{}\n", source.source));
        for f in &source.findings {
            let grade = match f.grade {
                Grade::Ok => "ok",
                Grade::Warn => "warn",
                Grade::Fail => "FAIL",
            };
            out.push_str(&format!("  {grade:<5} {:<10} {}\n", f.about, f.says));
            if let Some(mend) = &f.mend {
                out.push_str(&format!("  {:<16} {mend}\n", ""));
            }
        }
        out.push('\n');
    }
    let count = |g: Grade| sources.iter().flat_map(|s| &s.findings).filter(|f| f.grade == g).count();
    let (warn, fail) = (count(Grade::Warn), count(Grade::Fail));
    let warnings = format!("{warn} warning{}", if warn == 1 { "" } else { "s" });
    out.push_str(&match grade {
        Grade::Ok => "all is well\n".to_owned(),
        Grade::Warn => format!("all that is configured can be read; {warnings}\n"),
        Grade::Fail => format!("not all that is configured can be read: {fail} failed; {warnings}\n"),
    });
    out
}
