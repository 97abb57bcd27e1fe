//! What an operation has the journal keep.

use super::{Effect, Operation, evidence::Shot};
use crate::{
    domain::{Problem, Receipt, SafeText},
    engine::journal::{self, Answered, Event, Evidence, Intent},
};

fn came(answer: &Result<Receipt, Problem>) -> Answered {
    match answer {
        Ok(r) => Answered::Accepted { status: r.status, resource_version: r.resource_version.clone() },
        Err(problem) if problem.refused() => Answered::Rejected { problem: problem.clone() },
        Err(problem) => Answered::Unknown { problem: problem.clone() },
    }
}

impl Operation {
    /// The number of a request of the present object, counted from 1 over the whole operation.
    pub(super) fn number(&self, index: usize) -> u32 {
        let before: usize = self.parts.moves[..self.now].iter().map(|m| m.requests.len()).sum();
        u32::try_from(before + index + 1).unwrap_or(u32::MAX)
    }

    /// A word on who does what, for the object itself; with the head of the journal, so that a journal that was cut or
    /// altered later can be told.
    pub(super) fn note(&self) -> SafeText {
        let who = self.parts.who.get(&self.planned().target.cluster).map(|i| format!("{} ", i.user)).unwrap_or_default();
        let command: Vec<&str> = self.parts.begun.command.iter().map(SafeText::as_str).collect();
        let head = self.head.map(|h| format!("; journal {h}")).unwrap_or_default();
        format!("{who}{}{head}", command.join(" ")).into()
    }

    /// What is about to be sent.
    pub(super) fn intent(&self) -> Option<Event> {
        let shot = self.shot.as_ref()?;
        let m = self.planned();
        Some(Event::Intent(Box::new(Intent {
            request: shot.number,
            attempt: shot.attempt,
            target: m.target.clone(),
            change: m.change.clone(),
            seen: (*shot.seen).clone(),
            sent: (*shot.sent).clone(),
            audit_id: self.op().write(shot.number, shot.attempt).into(),
        })))
    }

    /// What came back of the last request.
    pub(super) fn answer(&self, answer: &Result<Receipt, Problem>) -> Option<Event> {
        let shot = self.shot.as_ref()?;
        Some(Event::Answer { request: shot.number, attempt: shot.attempt, answer: came(answer) })
    }

    /// What came back of the last fence.
    pub(super) fn fence_answer(&self, answer: &Result<Receipt, Problem>) -> Event {
        Event::Fenced { fence: self.fences, answer: came(answer) }
    }

    /// What became of the last request.
    pub(super) fn settled(&self, outcome: journal::Effect, by: Evidence, words: &str) -> Option<Effect> {
        Some(self.settled_of(self.shot.as_ref()?, outcome, by, words))
    }

    /// What became of a request.
    pub(super) fn settled_of(&self, shot: &Shot, outcome: journal::Effect, by: Evidence, words: &str) -> Effect {
        let target = self.planned().target.clone();
        let note = (!words.is_empty()).then(|| words.into());
        Effect::Note(vec![Event::Settled { request: shot.number, target, outcome, by, note }])
    }

    /// The present object is as wanted.
    pub(super) fn converged(&self) -> Event {
        let m = self.planned();
        Event::Converged { target: m.target.clone(), by: "its own state, and its pods and routes where they follow".into() }
    }

    /// The present object was taken back.
    pub(super) fn reverted(&self, by: &str) -> Event {
        Event::Reverted { target: self.planned().target.clone(), by: by.into() }
    }

    /// The present object does not get there.
    pub(super) fn gave(&self, why: &SafeText) -> Event {
        Event::GaveUp { target: self.planned().target.clone(), why: why.clone() }
    }
}
