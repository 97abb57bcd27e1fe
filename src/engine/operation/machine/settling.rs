//! After a request: what became of it, whether what it asked for is so, and how an object ends.

use std::{sync::Arc, time::Duration};

use super::{FENCES, Operation, Phase, Why, with};
use crate::{
    domain::{Problem, ProblemKind, Receipt, Refusal, Request, SafeText, Settled},
    engine::{
        journal::{self, Evidence, Head},
        operation::{
            Effect, Looked, Stand,
            evidence::{Finding, Shot, lists},
            report,
        },
    },
};

impl Operation {
    /// A request took effect.
    pub(super) fn applied(&mut self, shot: &Shot, by: Evidence) -> Vec<Effect> {
        let words = if by == Evidence::State { "it is so; by whom is unproven" } else { "" };
        let note = self.settled_of(shot, journal::Effect::Applied, by, words);
        self.attempts = 0;
        self.rest();
        let of = self.planned().requests.len();
        let at = self.at;
        let track = self.track();
        track.accepted = Some(at);
        track.applied = shot.index + 1;
        track.ours |= by != Evidence::State;
        let done = track.applied >= of || self.resumed;
        let next = if done && !self.rules.converge() {
            self.stands(Stand::Reached, words);
            self.advance()
        } else if done {
            self.stands(Stand::Accepted, words);
            self.advance()
        } else if self.cancelled {
            self.stands(Stand::Accepted, "");
            self.interrupted()
        } else {
            self.look(Why::Before)
        };
        with(Some(note), next)
    }

    /// Looks for what became of the last request.
    pub(super) fn doubt(&mut self) -> Vec<Effect> {
        if self.cancelled { self.interrupted() } else { self.look(Why::Doubt) }
    }

    pub(super) fn doubted(&mut self, looked: &Looked) -> Vec<Effect> {
        let change = self.planned().change.clone();
        let Some(shot) = self.shot.clone() else { return self.advance() };
        match shot.found(self.op(), &change, looked) {
            Finding::Applied(by) => {
                self.shot = None;
                self.applied(&shot, by)
            }
            Finding::Open if self.rules.fence() => self.fence(),
            Finding::NotApplied | Finding::Open => self.dead(Evidence::Marker),
            Finding::NotThere => self.not_there("its version has moved on"),
        }
    }

    /// It did not take effect, and never will.
    pub(super) fn dead(&mut self, by: Evidence) -> Vec<Effect> {
        let words = match (&self.tracks[self.now].words, by) {
            (words, _) if words.is_empty() => "it did not arrive".to_owned(),
            (words, _) => format!("it did not arrive: {words}"),
        };
        let note = self.settled(journal::Effect::NotApplied, by, &words);
        with(note, self.stop(Stand::NotApplied, words))
    }

    pub(super) fn not_there(&mut self, why: &str) -> Vec<Effect> {
        let words = format!("it is not in effect, and nothing is on its way: {why}; whether it was for a moment cannot be told");
        let note = self.settled(journal::Effect::Unknown, Evidence::State, &words);
        with(note, self.stop(Stand::NotThere, words))
    }

    pub(super) fn unknown(&mut self, problem: &Problem) -> Vec<Effect> {
        let note = self.settled(journal::Effect::Unknown, Evidence::None, problem.what.as_str());
        with(note, self.stop(Stand::Unknown, problem.what.clone()))
    }

    /// Something may still be on its way: the version that it names is to be gone. The journal first.
    pub(super) fn fence(&mut self) -> Vec<Effect> {
        let spent = self.shot.as_ref().is_none_or(|s| s.fences >= FENCES);
        if spent {
            return self.unknown(&Problem::new(ProblemKind::Internal, "its version does not move"));
        }
        self.fences += 1;
        if let Some(shot) = &mut self.shot {
            shot.fences += 1;
        }
        self.phase = Phase::Guarding;
        let target = self.planned().target.clone();
        let audit_id = self.op().fence(self.fences).into();
        vec![Effect::Journal(vec![journal::Event::Fence { target, fence: self.fences, audit_id, sent: None }])]
    }

    pub(super) fn guarded(&mut self, done: Result<Head, Refusal>) -> Vec<Effect> {
        if let Err(why) = done {
            let problem = Problem::new(ProblemKind::Internal, why.why.as_str());
            self.unwritten = Some(why);
            return self.unknown(&problem);
        }
        if self.cancelled {
            return self.interrupted();
        }
        let Some(shot) = &self.shot else { return self.advance() };
        self.phase = Phase::Fencing;
        let seen = Box::new((*shot.seen).clone());
        vec![Effect::Fence { target: self.planned().target.clone(), seen, audit: self.op().fence(self.fences) }]
    }

    pub(super) fn fenced(&mut self, answer: Result<Receipt, Problem>) -> Vec<Effect> {
        let note = Some(Effect::Note(vec![self.fence_answer(&answer)]));
        let Some(shot) = &self.shot else { return self.advance() };
        let next = match answer {
            // It named the version that the request names and was the first to: that one can never take effect.
            Ok(r) if r.resource_version.as_ref().is_some_and(|v| *v != shot.seen.resource_version) => self.dead(Evidence::Answer),
            Err(problem) if problem.kind == ProblemKind::NotFound => self.not_there("the object is gone"),
            Err(problem) if problem.refused() && problem.kind != ProblemKind::Conflict => self.unknown(&problem),
            _ => self.doubt(),
        };
        with(note, next)
    }

    /// Is it done?
    pub(super) fn converging(&mut self, looked: &Looked) -> Vec<Effect> {
        match &looked.settled {
            Settled::Reached if self.may_be_taken_back() => {
                self.track().words = "it is so; looking whether it stays".into();
                self.sleep(Why::Converge)
            }
            Settled::Reached => {
                let note = Effect::Note(vec![self.converged()]);
                let words = if self.track().ours { "" } else { "by whom is unproven" };
                self.stands(Stand::Reached, words);
                with(Some(note), self.advance())
            }
            Settled::NotYet(why) if self.at >= self.until => match &looked.remain {
                // Whoever began it was stopped between its requests. That does not go on without gonogo.
                Ok(rest) if self.resumed && lists(&self.planned().change) && !rest.is_empty() => self.half(rest, why),
                _ => self.gave_up(why.clone()),
            },
            Settled::NotYet(why) => {
                self.track().words = why.clone();
                self.sleep(Why::Converge)
            }
            Settled::Absent(why) => {
                let by = report::who(&looked.seen, self.tracks[self.now].before.as_deref(), self.op());
                self.taken_back(by, why.clone())
            }
            Settled::Failed(why) => {
                let note = Effect::Note(vec![self.gave(why)]);
                with(Some(note), self.stop(Stand::Failed, why.clone()))
            }
        }
    }

    /// Whether it was asked for so short a time ago that somebody who is known to may still take it back.
    fn may_be_taken_back(&self) -> bool {
        let Some(accepted) = self.tracks[self.now].accepted else { return false };
        Duration::try_from(self.at.duration_since(accepted)).is_ok_and(|past| past < self.parts.watch)
    }

    /// Only the first of its requests took effect, and nobody sends the rest.
    fn half(&mut self, rest: &[Request], why: &SafeText) -> Vec<Effect> {
        let now = self.now;
        Arc::make_mut(&mut self.parts).moves[now].requests.extend_from_slice(rest);
        let words: SafeText = format!("{why}; the rest was not sent").into();
        let note = Effect::Note(vec![self.gave(&words)]);
        with(Some(note), self.stop(Stand::NotApplied, words))
    }

    pub(super) fn taken_back(&mut self, by: String, why: impl Into<SafeText>) -> Vec<Effect> {
        let words: SafeText = format!("{by}: {}", why.into()).into();
        let note = Effect::Note(vec![self.reverted(&by)]);
        with(Some(note), self.stop(Stand::Reverted, words))
    }

    pub(super) fn gave_up(&mut self, why: impl Into<SafeText>) -> Vec<Effect> {
        let why = why.into();
        let note = Effect::Note(vec![self.gave(&why)]);
        with(Some(note), self.stop(Stand::GaveUp, why))
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        self.cancelled = true;
        match self.phase {
            Phase::Looking(_) | Phase::Sleeping(_) => self.interrupted(),
            // The answer says what is to be written down.
            _ => vec![],
        }
    }
}
