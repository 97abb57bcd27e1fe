//! What is said of an operation: where it stands, and how it ended.

use super::{
    Effect, Operation, Outcome, Progress, Stand, TargetProgress,
    machine::{Phase, Track},
};
use crate::{
    domain::{Exit, OpId, SafeText, Seen, WRITER},
    engine::journal::Event,
};

/// Who wrote an object last, as far as it can be told: another operation by its mark, else the writer by its name.
pub(super) fn who(now: &Seen, before: Option<&Seen>, op: &OpId) -> String {
    let known = |id: &str| id == op.as_str() || before.is_some_and(|b| b.marked_by(id));
    let other = now.ops.iter().rev().find(|id| !known(id));
    match (&now.writer, other) {
        (Some(writer), _) if writer.as_str() != WRITER => format!("by {writer}"),
        (_, Some(other)) => format!("by operation {other}"),
        // Who only takes a field away owns nothing by it, and so is not in the list of writers.
        (_, None) => "by somebody who left no name".to_owned(),
    }
}

/// How an object differs from what was seen.
pub(super) fn difference(before: &Seen, now: &Seen, op: &OpId) -> String {
    let parts = |s: &Seen| s.fingerprint.as_str().split(';').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (parts(before), parts(now));
    let changed: Vec<String> = if old.len() == new.len() {
        old.iter().zip(&new).filter(|(a, b)| a != b).map(|(a, b)| format!("{a} is {} now", value(a, b))).collect()
    } else {
        vec![format!("{} is {} now", before.fingerprint, now.fingerprint)]
    };
    format!("{}: {}", who(now, Some(before), op), changed.join(", "))
}

/// The value of `b` where both have the same name, else all of it.
fn value<'a>(a: &str, b: &'a str) -> &'a str {
    match (a.split_once('='), b.split_once('=')) {
        (Some((name, _)), Some((same, value))) if name == same => value,
        _ => b,
    }
}

impl Operation {
    /// Ends it before its time: nothing more is sent, and what is open stays open in the journal.
    pub(super) fn interrupted(&mut self) -> Vec<Effect> {
        let open = self.shot.is_some();
        for track in &mut self.tracks {
            match track.stand {
                Stand::Sending | Stand::Settling => track.stand = Stand::Unknown,
                Stand::Looking if open && track.applied == 0 => track.stand = Stand::NotApplied,
                Stand::Looking if track.applied > 0 => track.stand = Stand::Accepted,
                Stand::Waiting | Stand::Looking => track.stand = Stand::NotBegun,
                _ => {}
            }
        }
        let sent = self.sent || self.resumed;
        let hint = sent.then(|| "the next start finds out what became of it; gonogo op list names it".into());
        let ended = self.end(Exit::Interrupted, hint);
        // Without an end in the journal it is open.
        if sent { vec![] } else { vec![Effect::Note(vec![ended])] }
    }

    /// Ends it, where nothing more is to be done.
    pub(super) fn finish(&mut self) -> Vec<Effect> {
        for track in &mut self.tracks {
            if track.stand == Stand::Waiting {
                track.stand = Stand::NotBegun;
            }
        }
        let has = |stand: Stand| self.tracks.iter().any(|t| t.stand == stand);
        let applied = self.tracks.iter().any(|t| t.stand.applied() || t.applied > 0);
        let exit = if has(Stand::Unknown) {
            Exit::Unknown
        } else if self.unwritten.is_some() && !applied {
            Exit::Journal
        } else if has(Stand::Changed) {
            Exit::Changed
        } else if has(Stand::NotApplied) || has(Stand::NotThere) || has(Stand::Reverted) || has(Stand::Failed) {
            Exit::Failed
        } else if has(Stand::GaveUp) {
            Exit::Hold
        } else if has(Stand::NotBegun) {
            if self.resumed { Exit::Interrupted } else { Exit::Failed }
        } else {
            Exit::Done
        };
        let hint = match exit {
            Exit::Unknown => Some("it stays open: nothing but an abort is begun there until it is settled".into()),
            Exit::Journal => self.unwritten.as_ref().map(|r| self.parts.by_hand(r.hint.as_ref())),
            Exit::Changed => Some("look at it again, and decide anew".into()),
            Exit::Hold => Some("it was accepted and goes on without gonogo".into()),
            _ => None,
        };
        let nothing = self.phase == Phase::Beginning && self.unwritten.is_some();
        let ended = self.end(exit, hint);
        // What could not be begun in the journal has no end in it.
        if nothing { vec![] } else { vec![Effect::Note(vec![ended])] }
    }

    /// What else is to be said of its end, where nothing is yet.
    pub fn remark(&mut self, hint: &str) {
        if let Some(outcome) = &mut self.outcome {
            outcome.hint.get_or_insert_with(|| hint.into());
        }
    }

    fn end(&mut self, exit: Exit, hint: Option<SafeText>) -> Event {
        self.phase = Phase::Ended;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let of = count(self.tracks.len());
        let reached = count(self.tracks.iter().filter(|t| t.stand == Stand::Reached).count());
        let applied = count(self.tracks.iter().filter(|t| t.stand.applied()).count());
        let mut changes = self.tracks.iter().map(Track::changed);
        let changed = changes.clone().find(|c| *c == Some(true)).or_else(|| changes.find(Option::is_none)).unwrap_or(Some(false));
        let sentence = SafeText::clean(&self.sentence(exit, reached));
        self.outcome = Some(Outcome { exit, changed, reached, of, sentence: sentence.clone(), hint });
        Event::Ended { outcome: exit, reached: applied, of, note: Some(sentence) }
    }

    /// One sentence: how it ended, and where not all is well, which objects are well and which are not.
    fn sentence(&self, exit: Exit, reached: u32) -> String {
        let title = &self.parts.title;
        if let (Exit::Journal, Some(why)) = (exit, &self.unwritten) {
            let nothing = if self.sent { "nothing took effect" } else { "nothing was sent" };
            return format!("{title}: {nothing}: {why}");
        }
        let named = |well: bool| {
            let these = self.tracks.iter().zip(&self.parts.moves).filter(|(t, _)| (t.stand == Stand::Reached) == well);
            let one = |(t, m): (&Track, &crate::engine::plan::Move)| {
                let words = if t.words.is_empty() || well { String::new() } else { format!(", {}", t.words) };
                let part = match m.requests.len() {
                    of if !well && t.applied > 0 && t.applied < of => format!(" after {} of {of} requests", t.applied),
                    _ => String::new(),
                };
                if well { m.target.to_string() } else { format!("{} {}{part}{words}", m.target, t.stand) }
            };
            these.map(one).collect::<Vec<_>>().join("; ")
        };
        let of = self.tracks.len();
        match (exit, reached) {
            (Exit::Done, _) => format!("{title}: done on {}", named(true)),
            (_, 0) => format!("{title}: {}", named(false)),
            _ => format!("{title}: done on {reached} of {of}: {}; not on: {}", named(true), named(false)),
        }
    }

    /// Where it stands.
    pub fn progress(&self) -> Progress {
        let targets = self.tracks.iter().zip(&self.parts.moves).map(|(t, m)| TargetProgress {
            target: m.target.clone(),
            state: t.stand,
            words: t.words.clone(),
            applied: u32::try_from(t.applied).unwrap_or(u32::MAX),
            of: u32::try_from(m.requests.len()).unwrap_or(u32::MAX),
        });
        Progress {
            op: self.parts.op.clone(),
            title: self.parts.title.clone(),
            command: self.parts.begun.command.clone(),
            began: self.began,
            at: self.at,
            resumed: self.resumed,
            targets: targets.collect(),
            outcome: self.outcome.clone(),
        }
    }
}
