//! `gonogo inbox`: everything that waits for a person, over all services.

use std::io;

use serde::Serialize;

use super::{PATIENCE, Printer};
use crate::{
    domain::{Exit, Snapshot, Trouble, Waiting, inbox as waiting},
    engine::Engine,
};

#[derive(Serialize)]
struct InboxRoot {
    schema: &'static str,
    at: jiff::Timestamp,
    waiting: Vec<Waiting>,
    problems: Vec<Trouble>,
}

/// Prints what waits, the longest wait first. Ends with 4 where nothing is found and a source is in trouble: something
/// may wait there.
pub async fn inbox(engine: &Engine, printer: &mut Printer) -> io::Result<Exit> {
    let s = engine.settled(PATIENCE).await;
    let root = InboxRoot { schema: "gonogo/v1/inbox", at: s.at, waiting: waiting(&s), problems: s.troubles() };
    let exit = if root.waiting.is_empty() && !root.problems.is_empty() { Exit::Unknown } else { Exit::Done };
    printer.answer(&root, || text(&s, &root))?;
    Ok(exit)
}

fn text(s: &Snapshot, root: &InboxRoot) -> String {
    let mut out = String::new();
    if root.waiting.is_empty() {
        out.push_str("nothing waits for you\n");
    }
    for w in &root.waiting {
        let services: Vec<&str> = w.services.iter().map(|x| x.as_str()).collect();
        let services = if services.is_empty() { "–".to_owned() } else { services.join(", ") };
        let place = w.environment.as_ref().map(|e| format!(" in {e}")).unwrap_or_default();
        let clusters: Vec<&str> = w.clusters.iter().map(|c| c.as_str()).collect();
        let clusters = if clusters.is_empty() { String::new() } else { format!(" on {}", clusters.join(", ")) };
        let since = w.since.map(|at| format!(", since {} min", s.at.duration_since(at).as_mins().max(0))).unwrap_or_default();
        out.push_str(&format!("{services}{place}{clusters}: {} ({}{since})\n", w.kind.words(), w.what));
        for (at, command) in w.commands.iter().enumerate() {
            let cluster = w.clusters.get(at).map(|c| format!("{c}: ")).unwrap_or_default();
            out.push_str(&format!("  {cluster}{command}\n"));
        }
    }
    for t in &root.problems {
        out.push_str(&format!("{} since {}: {}\n", t.source, t.since.strftime("%H:%M:%SZ"), t.problem));
    }
    out
}
