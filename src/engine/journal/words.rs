//! The journal in words: what the audit log, the list of operations and the screen say of a line.

use super::{Answered, Effect, Event, Evidence, Operation, Turn};
use crate::domain::{Exit, Identity, SafeText};

/// One word for how an operation ended.
pub fn outcome(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Failed => "failed",
        Exit::Usage => "usage",
        Exit::Refused => "refused",
        Exit::Unknown => "unknown",
        Exit::Changed => "changed",
        Exit::Hold => "hold",
        Exit::Journal => "journal",
        Exit::Interrupted => "interrupted",
    }
}

/// Who: the users that the systems take us for, each once; `–` where none was asked.
pub fn who(actor: &[Identity]) -> String {
    let mut users: Vec<&str> = actor.iter().map(|i| i.user.as_str()).collect();
    users.dedup();
    if users.is_empty() { "–".to_owned() } else { users.join(", ") }
}

/// The words of a command line.
pub fn command(words: &[SafeText]) -> String {
    words.iter().map(SafeText::as_str).collect::<Vec<_>>().join(" ")
}

impl Operation {
    /// Where it stands, in one word: `open`, or how it ended. One that ended `unknown` is open.
    pub fn state(&self) -> &'static str {
        self.ended.as_ref().map_or("open", |e| outcome(e.outcome))
    }
}

impl Event {
    /// Its kind, as the journal spells it.
    pub fn kind(&self) -> SafeText {
        match self {
            Self::Begun(_) => "begun",
            Self::Intent(_) => "intent",
            Self::Answer { .. } => "answer",
            Self::Fence { .. } => "fence",
            Self::Fenced { .. } => "fenced",
            Self::Settled { .. } => "settled",
            Self::Converged { .. } => "converged",
            Self::Reverted { .. } => "reverted",
            Self::GaveUp { .. } => "gave-up",
            Self::Resumed { .. } => "resumed",
            Self::Ended { .. } => "ended",
            Self::Refused { .. } => "refused",
            Self::Armed { .. } => "armed",
            Self::Override { .. } => "override",
            Self::Continued { .. } => "continued",
            Self::Cut { .. } => "cut",
            Self::Foreign(value) => value["kind"].as_str().unwrap_or("–"),
        }
        .into()
    }

    /// What it says, in one line.
    pub fn words(&self) -> SafeText {
        let note = |note: &Option<SafeText>| note.as_ref().map(|n| format!(": {n}")).unwrap_or_default();
        match self {
            Self::Begun(b) => {
                let reason = b.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
                format!("{}: {} → {}{reason}", command(&b.command), b.from, b.to)
            }
            Self::Intent(i) => format!("{}: {} {} as {}", i.target, i.sent.verb, i.sent.path, i.audit_id),
            Self::Answer { request, attempt, answer } => format!("request {request}, attempt {attempt}: {}", answered(answer)),
            Self::Fence { target, audit_id, .. } => format!("{target}: as {audit_id}"),
            Self::Fenced { fence, answer } => format!("fence {fence}: {}", answered(answer)),
            Self::Settled { request, target, outcome, by, note: n } => {
                let outcome = match outcome {
                    Effect::Applied => "applied",
                    Effect::NotApplied => "not applied",
                    Effect::Unknown => "unknown whether applied",
                };
                let by = match by {
                    Evidence::Answer => ", by the answer",
                    Evidence::Marker => ", by its marker",
                    Evidence::State => ", by its state",
                    Evidence::None => "",
                };
                format!("request {request}, {target}: {outcome}{by}{}", note(n))
            }
            Self::Converged { target, by } => format!("{target}: by {by}"),
            Self::Reverted { target, by } => format!("{target}: taken back by {by}"),
            Self::GaveUp { target, why } => format!("{target}: {why}"),
            Self::Resumed { note } => note.to_string(),
            Self::Ended { outcome: exit, reached, of, note: n } => format!("{}, {reached} of {of}{}", outcome(*exit), note(n)),
            Self::Refused { command: words, why, .. } => format!("{}: {why}", command(words)),
            Self::Armed { environment, until } => format!("{environment} until {}", until.strftime("%H:%M:%SZ")),
            Self::Override { what, reason } => format!("{what}: {reason}"),
            Self::Continued { after, why } => {
                let why = match why {
                    Turn::Unconfirmed => "the disk did not confirm the file before",
                    Turn::NoSpace => "the disk is full; this is the reserve",
                    Turn::Broken => "the file before does not hold",
                    Turn::Length => "the file before is long enough",
                };
                format!("after line {}: {why}", after.seq)
            }
            Self::Cut { bytes, .. } => format!("{bytes} bytes of a write that was cut short"),
            Self::Foreign(value) => value.to_string(),
        }
        .into()
    }
}

fn answered(answer: &Answered) -> String {
    match answer {
        Answered::Accepted { status, .. } => format!("accepted ({status})"),
        Answered::Rejected { problem } => format!("rejected: {problem}"),
        Answered::Unknown { problem } => format!("unknown: {problem}"),
    }
}
