//! Towards a request: the look that binds it, its intent in the journal, one send, and what comes back.

use std::sync::Arc;

use super::{AGAIN, Operation, Phase, Why, with};
use crate::{
    domain::{Problem, ProblemKind, Receipt, Refusal, Request, Seen},
    engine::{
        journal::{self, Evidence, Head},
        operation::{Effect, Looked, Stand, evidence::Shot, report, same::within},
    },
};

impl Operation {
    /// What is there right before a request.
    pub(super) fn before(&mut self, looked: &Looked) -> Vec<Effect> {
        let now = &looked.seen;
        let planned = self.planned().clone();
        let applied = self.tracks[self.now].applied;
        if now.uid != planned.seen.uid {
            return self.stop(Stand::Changed, "another object has its name now");
        }
        if self.rules.settle()
            && let Some(shot) = self.shot.take_if(|s| s.landed(&self.parts.op, now))
        {
            // The answer was about a copy of the request.
            return self.applied(&shot, Evidence::Marker);
        }
        if applied == 0 && self.rules.fingerprint() && now.fingerprint != planned.seen.fingerprint {
            let words = report::difference(&planned.seen, now, self.op());
            return self.stop(Stand::Changed, words);
        }
        let remain = match &looked.remain {
            Ok(remain) => remain,
            Err(problem) => return self.stop(Stand::NotApplied, problem.what.clone()),
        };
        let Some(places) = within(remain, &planned.requests[applied.min(planned.requests.len())..]) else {
            if applied == 0 {
                return self.stop(Stand::Changed, "more would be sent than was shown");
            }
            let by = report::who(now, self.tracks[self.now].before.as_deref(), self.op());
            return self.taken_back(by, "what was done of it is undone");
        };
        let (Some(next), Some(place)) = (remain.first(), places.first()) else {
            self.track().applied = planned.requests.len();
            self.stands(Stand::Accepted, "");
            return self.advance();
        };
        if (applied > 0 || !next.marked) && !now.observed {
            let words = "its controller has not seen its newest state yet";
            if self.at >= self.until {
                return self.gave_up(words);
            }
            self.track().words = words.into();
            return self.sleep(Why::Before);
        }
        self.track().applied += place;
        self.intend(next, now)
    }

    /// A request is about to be sent: the journal first.
    pub(super) fn intend(&mut self, request: &Request, seen: &Seen) -> Vec<Effect> {
        self.attempts += 1;
        let sent = request.by(self.op().as_str(), self.note().as_str());
        let index = self.tracks[self.now].applied;
        let seen = Arc::new(seen.clone());
        let number = self.number(index);
        self.shot = Some(Shot { index, number, attempt: self.attempts, seen, sent: Arc::new(sent), fences: 0 });
        if self.rules.journal_first() {
            self.phase = Phase::Intending;
            vec![Effect::Journal(self.intent().into_iter().collect())]
        } else {
            self.send()
        }
    }

    pub(super) fn intended(&mut self, done: Result<Head, Refusal>) -> Vec<Effect> {
        match done {
            Ok(head) => self.head = Some(head),
            Err(why) => {
                let words = why.why.clone();
                self.unwritten = Some(why);
                return self.stop(Stand::NotApplied, words);
            }
        }
        if self.cancelled { self.withheld() } else { self.send() }
    }

    /// The last request stays here.
    pub(super) fn withheld(&mut self) -> Vec<Effect> {
        let never = self.settled(journal::Effect::NotApplied, Evidence::None, "it was never sent");
        self.shot = None;
        self.stands(Stand::Looking, "");
        with(never, self.interrupted())
    }

    pub(super) fn send(&mut self) -> Vec<Effect> {
        let Some(shot) = &self.shot else { return self.advance() };
        let (attempt, request, seen) = (shot.attempt, Box::new((*shot.sent).clone()), shot.seen.clone());
        let audit = self.op().write(shot.number, attempt);
        let target = self.planned().target.clone();
        self.phase = Phase::Sending;
        self.track().before = Some(seen);
        self.stands(Stand::Sending, "");
        vec![Effect::Send { target, request, audit }]
    }

    pub(super) fn answered(&mut self, answer: Result<Receipt, Problem>) -> Vec<Effect> {
        self.sent = true;
        let mut notes = if self.rules.journal_first() { vec![] } else { self.intent().into_iter().collect() };
        notes.extend(self.answer(&answer));
        let next = match answer {
            Ok(_) => {
                let Some(shot) = self.shot.take() else { return self.advance() };
                self.applied(&shot, Evidence::Answer)
            }
            Err(problem) if !self.rules.settle() && !problem.refused() => self.look(Why::Before),
            Err(problem) if !problem.refused() => {
                self.stands(Stand::Settling, problem.what.clone());
                self.rest();
                self.doubt()
            }
            Err(problem)
                if problem.kind == ProblemKind::Conflict
                    && let Some(pause) = AGAIN.get(self.attempts as usize - 1) =>
            {
                if self.cancelled {
                    self.interrupted()
                } else if pause.is_zero() {
                    self.look(Why::Before)
                } else {
                    self.stands(Stand::Looking, problem.what);
                    self.wait(*pause, Why::Before)
                }
            }
            Err(problem) => {
                self.stands(Stand::Looking, problem.what.clone());
                self.refused = Some(problem);
                self.rest();
                self.look(Why::Refused)
            }
        };
        with(Some(Effect::Note(notes)), next)
    }

    /// The server said no: because the object is another than was seen, or for a reason of its own.
    pub(super) fn declined(&mut self, looked: &Looked) -> Vec<Effect> {
        let Some(shot) = self.shot.take() else { return self.advance() };
        if shot.landed(self.op(), &looked.seen) {
            return self.applied(&shot, Evidence::Marker);
        }
        let problem = self.refused.take();
        let planned = &self.planned().seen;
        if shot.index == 0 && looked.seen.fingerprint != planned.fingerprint {
            let words = report::difference(planned, &looked.seen, self.op());
            return self.stop(Stand::Changed, words);
        }
        self.stop(Stand::NotApplied, problem.map_or_else(|| "the server refused it".into(), |p| p.what))
    }
}
