//! The list of addresses: where other tools show what is selected.

use super::say;
use crate::{
    domain::{Feed, Link, is_web, links},
    tui::{
        effect::Effect,
        model::{Model, Overlay, Pane},
    },
};

/// Opens the list for what is selected.
pub fn open(m: &mut Model) {
    let found = found(m);
    if found.is_empty() {
        say(m, "no address is known: write links = { logs = \"https://…\" } in [defaults]");
        return;
    }
    m.overlays.push(Overlay::Links { links: found, at: 0 });
}

fn found(m: &Model) -> Vec<Link> {
    let mut out = vec![];
    if m.focus == Pane::Runs {
        let keys: Vec<_> = m.run_rows().iter().map(|r| r.key.clone()).collect();
        let run = m.runs.row(&keys).and_then(|at| {
            let key = &keys[at];
            m.snapshot.pipelines.runs.get(&key.repo).and_then(Feed::value)?.iter().find(|r| r.key == *key)
        });
        if let Some(run) = run {
            let mut add = |name: String, url: &Option<crate::domain::SafeText>| {
                if let Some(url) = url.as_ref().filter(|url| is_web(url.as_str())) {
                    out.push(Link { name: name.into(), url: url.clone() });
                }
            };
            add(format!("run #{}", run.number), &run.url);
            let failed = run.jobs.ok().and_then(|jobs| jobs.iter().find(|j| j.phase.failed()));
            if let Some(job) = failed {
                add(job.name.to_string(), &job.url);
            }
        }
    }
    if let Some(row) = m.selected() {
        let environment = row.canary.as_ref().map(|c| &c.environment);
        let environment = environment.or_else(|| m.snapshot.environment().map(|e| &e.name));
        for link in links(&m.snapshot, &row.name, environment) {
            if !out.iter().any(|l| l.url == link.url) {
                out.push(link);
            }
        }
    }
    out
}

/// Enter opens, `y` copies.
pub fn take(m: &mut Model, copy: bool) -> Vec<Effect> {
    let Some(Overlay::Links { links, at }) = m.overlays.last() else { return vec![] };
    let Some(link) = links.get(*at).cloned() else { return vec![] };
    if copy {
        say(m, format!("the address of {} is in the clipboard", link.name));
        return vec![Effect::Copy(vec![link.url])];
    }
    vec![Effect::Open(link.url)]
}
