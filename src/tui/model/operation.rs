//! What was set going from this cockpit, and what an earlier one left open.

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::{Event, Exit, Refusal, SafeText},
    engine::operation::{Progress, Stand},
};

/// News of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// The number of the plan that it carries out; `None` for one that an earlier start left open.
    pub plan: Option<u64>,
    /// How it stands, or why it was not begun.
    pub stands: Result<Progress, Refusal>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The number of its plan; `None` for one that an earlier start left open.
    pub plan: Option<u64>,
    /// Its name: `ABORT payment`.
    pub title: SafeText,
    /// Who consented to it.
    pub actor: SafeText,
    /// What undoes it; empty where nothing does.
    pub undo: SafeText,
    /// When it was consented to.
    pub began: Timestamp,
    /// When it was refused after consent, if it was.
    pub refused: Option<(Timestamp, SafeText)>,
    /// How it stands; `None` until it is written down.
    pub progress: Option<Progress>,
}

impl Operation {
    /// Whether nothing more comes.
    pub fn ended(&self) -> bool {
        self.refused.is_some() || self.progress.as_ref().is_some_and(Progress::ended)
    }

    /// How it ended.
    pub fn exit(&self) -> Option<Exit> {
        match (&self.refused, &self.progress) {
            (Some(_), _) => Some(Exit::Refused),
            (None, Some(progress)) => progress.outcome.as_ref().map(|o| o.exit),
            (None, None) => None,
        }
    }

    /// Whether it ended otherwise than wanted.
    pub fn trouble(&self) -> bool {
        self.exit().is_some_and(|exit| exit != Exit::Done)
    }

    /// How it stands, in words.
    pub fn words(&self) -> String {
        if let Some((_, why)) = &self.refused {
            return format!("not done: {why}");
        }
        let Some(progress) = &self.progress else { return "being written down".to_owned() };
        match (&progress.outcome, progress.current()) {
            // The sentence stands alone elsewhere, and begins with the title; here the title stands before it.
            (Some(outcome), _) => {
                let sentence = outcome.sentence.as_str();
                let sentence = sentence.strip_prefix(&format!("{}: ", self.title)).unwrap_or(sentence);
                outcome.hint.as_ref().map_or_else(|| sentence.to_owned(), |hint| format!("{sentence}; {hint}"))
            }
            (None, Some(t)) if t.words.is_empty() => t.state.to_string(),
            (None, Some(t)) => format!("{}, {}", t.state, t.words),
            (None, None) => String::new(),
        }
    }

    /// How many of its objects show what was asked for, of how many.
    pub fn share(&self) -> (usize, usize) {
        let targets = self.progress.as_ref().map(|p| p.targets.as_slice()).unwrap_or_default();
        (targets.iter().filter(|t| t.state == Stand::Reached).count(), targets.len())
    }

    /// How long it has taken until `now`, or took.
    pub fn took(&self, now: Timestamp) -> SignedDuration {
        self.ended_at().unwrap_or(now).duration_since(self.began).max(SignedDuration::ZERO)
    }

    fn ended_at(&self) -> Option<Timestamp> {
        let ended = self.progress.as_ref().filter(|p| p.ended()).map(|p| p.at);
        self.refused.as_ref().map(|(at, _)| *at).or(ended)
    }

    /// Its line in the events, once it has ended: actor, time, result, inverse.
    pub fn event(&self) -> Option<Event> {
        let at = self.ended_at()?;
        let undo = if self.trouble() || self.undo.is_empty() { String::new() } else { format!("; undo: {}", self.undo) };
        let what = format!("{}: {}{undo}", self.title, self.words());
        Some(Event { at, who: self.actor.clone(), what: what.into(), trouble: self.trouble() })
    }
}
