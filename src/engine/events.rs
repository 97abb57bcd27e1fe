//! The events pane: what the data says has happened, and what was noticed while watching.

use jiff::SignedDuration;

use crate::domain::{CanaryPhase, Event, Feed, Phase, Snapshot, Verdict, span};

/// How many events are kept.
pub const BOUND: usize = 200;
/// How far back the data is asked.
const BACK: SignedDuration = SignedDuration::from_hours(3);

/// What the data itself says has happened within the last three hours: runs that ended, canaries that came to a stop.
pub fn recorded(s: &Snapshot) -> Vec<Event> {
    let since = s.at.checked_sub(BACK).unwrap_or(s.at);
    let mut out = vec![];
    for run in s.pipelines.runs.values().filter_map(Feed::value).flat_map(|r| r.iter()) {
        if !matches!(run.phase, Phase::Done(_)) || run.updated < since {
            continue;
        }
        let took = run.started.map(|t| format!(" in {}", span(run.updated.duration_since(t)))).unwrap_or_default();
        out.push(Event {
            at: run.updated,
            who: "ci".into(),
            what: format!("{} #{} {}{took}: {}", run.key.repo.name(), run.number, run.phase, run.title).into(),
            trouble: run.phase.failed(),
        });
    }
    for p in s.placements.values() {
        let Some(canary) = &p.canary else { continue };
        if let CanaryPhase::Paused { since: Some(at), planned, reason } = &canary.state {
            let weight = canary.set.map(|w| format!(" at {w} %")).unwrap_or_default();
            let why = if *planned { String::new() } else { format!(": {reason}") };
            let what = format!("{} {} paused{weight}{why}", p.key.service, p.key.cluster);
            out.push(Event { at: *at, who: "canary".into(), what: what.into(), trouble: !planned });
        }
    }
    out
}

/// What changed from one snapshot to the next.
pub fn noticed(old: &Snapshot, new: &Snapshot) -> Vec<Event> {
    if !old.settled {
        // While sources answer for the first time, everything changes and nothing happens.
        return vec![];
    }
    let mut out = vec![];
    let mut note = |who: &str, what: String, trouble: bool| {
        out.push(Event { at: new.at, who: who.into(), what: what.into(), trouble });
    };
    if old.verdict.verdict != new.verdict.verdict {
        let (was, is) = (old.verdict.verdict, new.verdict.verdict);
        note("verdict", format!("{was} ▸ {is}: {}", new.verdict.sentence), is != Verdict::Go);
    }
    let (before, after) = (old.troubles(), new.troubles());
    for t in after.iter().filter(|t| !before.iter().any(|b| b.source == t.source)) {
        note(t.source.as_str(), t.problem.what.to_string(), true);
    }
    for t in before.iter().filter(|t| !after.iter().any(|a| a.source == t.source)) {
        note(t.source.as_str(), "is back".to_owned(), false);
    }
    for (key, p) in new.placements.iter() {
        let Some(was) = old.placements.get(key) else { continue };
        if let (Some(a), Some(b)) = (&was.version, &p.version)
            && !a.same_build(b)
        {
            note("version", format!("{} {} {a} ▸ {b}", key.service, key.cluster), false);
        }
        if let (Some(a), Some(b)) = (was.canary.as_ref().and_then(|c| c.set), p.canary.as_ref().and_then(|c| c.set))
            && a != b
        {
            note("canary", format!("{} {} weight {a} ▸ {b} %", key.service, key.cluster), false);
        }
    }
    out
}

/// Both, oldest first, at most [`BOUND`].
pub fn merged(noticed: &[Event], mut recorded: Vec<Event>) -> Vec<Event> {
    recorded.extend_from_slice(noticed);
    recorded.sort_by_key(|e| e.at);
    let excess = recorded.len().saturating_sub(BOUND);
    recorded.drain(..excess);
    recorded
}
