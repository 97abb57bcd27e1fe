//! The machine: where an operation stands, and what an event makes of that.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Effect, Event, Looked, Outcome, Parts, Stand,
    evidence::{Finding, Shot},
    rules::Rules,
    same::within,
};
use crate::{
    domain::{OpId, Problem, ProblemKind, Receipt, Refusal, Request, SafeText, Seen, Settled},
    engine::{
        journal::{self, Evidence, Head},
        plan::Move,
    },
};

/// The first wait before another look, and the longest.
const NAPS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often a request that met a conflict is sent again.
const AGAIN: u32 = 3;

/// How many looks may fail in a row before anything was sent; there is nothing to find out then.
const PATIENCE: u32 = 3;

/// The same while a request is unsettled: with the time-outs of a transport it is some minutes.
const LONG_PATIENCE: u32 = 20;

/// How many fences are set for one request.
const FENCES: u32 = 4;

/// Why an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// A request comes next.
    Before,
    /// It is not known what became of the last request.
    Doubt,
    /// The last request was refused: has the object changed?
    Refused,
    /// The last request was accepted: is it done?
    Converge,
}

/// What the machine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// The journal, before anything else.
    Beginning,
    /// An object.
    Looking(Why),
    /// Time to pass before the next look.
    Sleeping(Why),
    /// The journal, before a request.
    Intending,
    /// An answer to a request.
    Sending,
    /// The journal, before a fence.
    Guarding,
    /// An answer to a fence.
    Fencing,
    /// Nothing more.
    Ended,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub stand: Stand,
    pub words: SafeText,
    /// How many of its requests are in effect.
    pub applied: usize,
    /// Whether a request of this operation took effect, and not another's.
    pub ours: bool,
    /// What was seen when the last request was sent.
    pub before: Option<Arc<Seen>>,
}

impl Track {
    pub(super) fn new() -> Self {
        Self { stand: Stand::Waiting, words: "".into(), applied: 0, ours: false, before: None }
    }
}

/// An operation on its way.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(super) parts: Arc<Parts>,
    pub(super) rules: Rules,
    pub(super) began: Timestamp,
    pub(super) until: Timestamp,
    pub(super) at: Timestamp,
    pub(super) head: Option<Head>,
    pub(super) reads: u32,
    pub(super) fences: u32,
    pub(super) tracks: Vec<Track>,
    /// The object that is being worked on.
    pub(super) now: usize,
    pub(super) phase: Phase,
    /// The last request, until it is settled.
    pub(super) shot: Option<Shot>,
    /// What the server said when it refused the last request.
    pub(super) refused: Option<Problem>,
    /// The attempts at the present request.
    pub(super) attempts: u32,
    nap: Duration,
    /// Looks in a row that failed.
    pub(super) misses: u32,
    pub(super) cancelled: bool,
    /// No other object is begun.
    pub(super) stopped: bool,
    /// Why the journal cannot be written.
    pub(super) unwritten: Option<Refusal>,
    /// Whether another process began it. Then nothing is sent but fences.
    pub(super) resumed: bool,
    /// Whether any request was handed to the driver.
    pub(super) sent: bool,
    pub(super) outcome: Option<Outcome>,
}

impl Operation {
    /// Begins an operation that was consented to at `now`.
    pub fn start(parts: Parts, now: Timestamp) -> (Self, Vec<Effect>) {
        Self::under(Rules::ALL, parts, now)
    }

    pub(super) fn under(rules: Rules, parts: Parts, now: Timestamp) -> (Self, Vec<Effect>) {
        let begun = journal::Event::Begun(parts.begun.clone());
        let tracks = parts.moves.iter().map(|_| Track::new()).collect();
        (Self::new(rules, parts, tracks, now), vec![Effect::Journal(vec![begun])])
    }

    pub(super) fn new(rules: Rules, parts: Parts, tracks: Vec<Track>, now: Timestamp) -> Self {
        Self {
            until: SignedDuration::try_from(parts.deadline).ok().and_then(|d| now.checked_add(d).ok()).unwrap_or(Timestamp::MAX),
            parts: Arc::new(parts),
            rules,
            began: now,
            at: now,
            head: None,
            reads: 0,
            fences: 0,
            tracks,
            now: 0,
            phase: Phase::Beginning,
            shot: None,
            refused: None,
            attempts: 0,
            nap: NAPS.0,
            misses: 0,
            cancelled: false,
            stopped: false,
            unwritten: None,
            resumed: false,
            sent: false,
            outcome: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> &OpId {
        &self.parts.op
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Takes an event in. What is to be done next comes back; nothing once the operation has ended.
    pub fn on(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        self.at = now;
        match (self.phase, event) {
            (Phase::Ended, _) => vec![],
            (_, Event::Cancel) => self.cancel(),
            (Phase::Beginning, Event::Journalled(done)) => match done {
                Ok(head) => {
                    self.head = Some(head);
                    self.advance()
                }
                Err(why) => {
                    self.unwritten = Some(why);
                    self.finish()
                }
            },
            (Phase::Intending, Event::Journalled(done)) => self.intended(done),
            (Phase::Guarding, Event::Journalled(done)) => self.guarded(done),
            (Phase::Looking(why), Event::Looked(looked)) => self.looked(why, looked),
            (Phase::Sleeping(why), Event::Woke) => self.look(why),
            (Phase::Sending, Event::Sent(answer)) => self.answered(answer),
            (Phase::Fencing, Event::Fenced(answer)) => self.fenced(answer),
            // An answer to something that is not waited for any more.
            _ => vec![],
        }
    }

    pub(super) fn op(&self) -> &OpId {
        &self.parts.op
    }

    pub(super) fn planned(&self) -> &Move {
        &self.parts.moves[self.now]
    }

    pub(super) fn track(&mut self) -> &mut Track {
        &mut self.tracks[self.now]
    }

    /// On to the next object, or to the end.
    pub(super) fn advance(&mut self) -> Vec<Effect> {
        if self.cancelled {
            return self.interrupted();
        }
        let first = |stand: Stand| self.tracks.iter().position(|t| t.stand == stand);
        let waiting = if self.stopped || self.resumed { None } else { first(Stand::Waiting) };
        let accepted = first(Stand::Accepted);
        let next = if self.parts.one_by_one { accepted.or(waiting) } else { waiting.or(accepted) };
        let Some(next) = first(Stand::Settling).or(next) else { return self.finish() };
        self.now = next;
        self.attempts = 0;
        self.rest();
        match self.tracks[next].stand {
            Stand::Settling => self.doubt(),
            Stand::Accepted => self.look(Why::Converge),
            _ => self.look(Why::Before),
        }
    }

    fn rest(&mut self) {
        self.nap = NAPS.0;
        self.misses = 0;
    }

    pub(super) fn look(&mut self, why: Why) -> Vec<Effect> {
        self.phase = Phase::Looking(why);
        self.reads += 1;
        let m = self.planned();
        let look = Effect::Look { target: m.target.clone(), change: m.change.clone(), audit: self.op().read(self.reads) };
        if why == Why::Before {
            self.stands(Stand::Looking, "");
        }
        vec![look]
    }

    pub(super) fn stands(&mut self, stand: Stand, words: impl Into<SafeText>) {
        let track = self.track();
        track.stand = stand;
        track.words = words.into();
    }

    /// Waits, and looks again.
    fn sleep(&mut self, why: Why) -> Vec<Effect> {
        let nap = self.nap;
        self.nap = (nap * 2).min(NAPS.1);
        self.phase = Phase::Sleeping(why);
        vec![Effect::Sleep(nap)]
    }

    /// Ends the work on this object, and begins no other.
    pub(super) fn stop(&mut self, stand: Stand, words: impl Into<SafeText>) -> Vec<Effect> {
        self.stands(stand, words);
        self.stopped = true;
        self.shot = None;
        self.advance()
    }

    fn looked(&mut self, why: Why, looked: Result<Box<Looked>, Problem>) -> Vec<Effect> {
        let looked = match looked {
            Ok(looked) => looked,
            Err(problem) => return self.missed(why, &problem),
        };
        self.misses = 0;
        match why {
            Why::Before => self.before(&looked),
            Why::Doubt => self.doubted(&looked),
            Why::Refused => self.declined(&looked),
            Why::Converge => self.converging(&looked),
        }
    }

    /// A look that failed.
    fn missed(&mut self, why: Why, problem: &Problem) -> Vec<Effect> {
        use ProblemKind::{Auth, Forbidden, Invalid, NotFound, NotInstalled};
        self.misses += 1;
        let told = matches!(problem.kind, Auth | Forbidden | Invalid | NotFound | NotInstalled);
        let gone = problem.kind == ProblemKind::NotFound;
        match why {
            Why::Before if gone => self.stop(Stand::Changed, problem.what.clone()),
            Why::Before if told || self.misses >= PATIENCE => self.stop(Stand::NotApplied, problem.what.clone()),
            // Whether it is gone for good is asked of a write: that one cannot be overtaken.
            Why::Doubt if gone => self.fence(),
            Why::Doubt if self.misses >= LONG_PATIENCE => self.unknown(problem),
            Why::Refused if told || self.misses >= PATIENCE => {
                let said = self.refused.take().map_or_else(|| problem.what.clone(), |p| p.what);
                self.stop(Stand::NotApplied, said)
            }
            Why::Converge if gone => self.taken_back("it is gone".to_owned(), problem.what.clone()),
            Why::Converge if told || self.at >= self.until => self.gave_up(problem.what.clone()),
            _ => {
                self.track().words = problem.what.clone();
                self.sleep(why)
            }
        }
    }

    /// What is there right before a request.
    fn before(&mut self, looked: &Looked) -> Vec<Effect> {
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
            let words = super::report::difference(&planned.seen, now, self.op());
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
            let by = super::report::who(now, self.tracks[self.now].before.as_deref(), self.op());
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
    fn intend(&mut self, request: &Request, seen: &Seen) -> Vec<Effect> {
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

    fn intended(&mut self, done: Result<Head, Refusal>) -> Vec<Effect> {
        match done {
            Ok(head) => self.head = Some(head),
            Err(why) => {
                let words = why.why.clone();
                self.unwritten = Some(why);
                return self.stop(Stand::NotApplied, words);
            }
        }
        if self.cancelled {
            let never = self.settled(journal::Effect::NotApplied, Evidence::None, "it was never sent");
            self.shot = None;
            return with(never, self.interrupted());
        }
        self.send()
    }

    fn send(&mut self) -> Vec<Effect> {
        let Some(shot) = &self.shot else { return self.advance() };
        let (attempt, request, seen) = (shot.attempt, Box::new((*shot.sent).clone()), shot.seen.clone());
        let audit = self.op().write(shot.number, attempt);
        let target = self.planned().target.clone();
        self.phase = Phase::Sending;
        self.sent = true;
        self.track().before = Some(seen);
        self.stands(Stand::Sending, "");
        vec![Effect::Send { target, request, audit }]
    }

    fn answered(&mut self, answer: Result<Receipt, Problem>) -> Vec<Effect> {
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
            Err(problem) if problem.kind == ProblemKind::Conflict && self.attempts <= AGAIN => {
                if self.cancelled {
                    self.interrupted()
                } else {
                    self.look(Why::Before)
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
    fn declined(&mut self, looked: &Looked) -> Vec<Effect> {
        let Some(shot) = self.shot.take() else { return self.advance() };
        if shot.landed(self.op(), &looked.seen) {
            return self.applied(&shot, Evidence::Marker);
        }
        let problem = self.refused.take();
        let planned = &self.planned().seen;
        if shot.index == 0 && looked.seen.fingerprint != planned.fingerprint {
            let words = super::report::difference(planned, &looked.seen, self.op());
            return self.stop(Stand::Changed, words);
        }
        self.stop(Stand::NotApplied, problem.map_or_else(|| "the server refused it".into(), |p| p.what))
    }

    /// A request took effect.
    fn applied(&mut self, shot: &Shot, by: Evidence) -> Vec<Effect> {
        let words = if by == Evidence::State { "it is so; by whom is unproven" } else { "" };
        let note = self.settled_of(shot, journal::Effect::Applied, by, words);
        self.attempts = 0;
        self.rest();
        let of = self.planned().requests.len();
        let track = self.track();
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
    fn doubt(&mut self) -> Vec<Effect> {
        if self.cancelled { self.interrupted() } else { self.look(Why::Doubt) }
    }

    fn doubted(&mut self, looked: &Looked) -> Vec<Effect> {
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
    fn dead(&mut self, by: Evidence) -> Vec<Effect> {
        let words = match (&self.tracks[self.now].words, by) {
            (words, _) if words.is_empty() => "it did not arrive".to_owned(),
            (words, _) => format!("it did not arrive: {words}"),
        };
        let note = self.settled(journal::Effect::NotApplied, by, &words);
        with(note, self.stop(Stand::NotApplied, words))
    }

    fn not_there(&mut self, why: &str) -> Vec<Effect> {
        let words = format!("it is not in effect, and nothing is on its way: {why}; whether it was for a moment cannot be told");
        let note = self.settled(journal::Effect::Unknown, Evidence::State, &words);
        with(note, self.stop(Stand::NotThere, words))
    }

    fn unknown(&mut self, problem: &Problem) -> Vec<Effect> {
        let note = self.settled(journal::Effect::Unknown, Evidence::None, problem.what.as_str());
        with(note, self.stop(Stand::Unknown, problem.what.clone()))
    }

    /// Something may still be on its way: the version that it names is to be gone. The journal first.
    fn fence(&mut self) -> Vec<Effect> {
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

    fn guarded(&mut self, done: Result<Head, Refusal>) -> Vec<Effect> {
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

    fn fenced(&mut self, answer: Result<Receipt, Problem>) -> Vec<Effect> {
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
    fn converging(&mut self, looked: &Looked) -> Vec<Effect> {
        match &looked.settled {
            Settled::Reached => {
                let note = Effect::Note(vec![self.converged()]);
                let words = if self.track().ours { "" } else { "by whom is unproven" };
                self.stands(Stand::Reached, words);
                with(Some(note), self.advance())
            }
            Settled::NotYet(why) if self.at >= self.until => self.gave_up(why.clone()),
            Settled::NotYet(why) => {
                self.track().words = why.clone();
                self.sleep(Why::Converge)
            }
            Settled::Absent(why) => {
                let by = super::report::who(&looked.seen, self.tracks[self.now].before.as_deref(), self.op());
                self.taken_back(by, why.clone())
            }
            Settled::Failed(why) => {
                let note = Effect::Note(vec![self.gave(why)]);
                with(Some(note), self.stop(Stand::Failed, why.clone()))
            }
        }
    }

    fn taken_back(&mut self, by: String, why: impl Into<SafeText>) -> Vec<Effect> {
        let words: SafeText = format!("{by}: {}", why.into()).into();
        let note = Effect::Note(vec![self.reverted(&by)]);
        with(Some(note), self.stop(Stand::Reverted, words))
    }

    fn gave_up(&mut self, why: impl Into<SafeText>) -> Vec<Effect> {
        let why = why.into();
        let note = Effect::Note(vec![self.gave(&why)]);
        with(Some(note), self.stop(Stand::GaveUp, why))
    }

    fn cancel(&mut self) -> Vec<Effect> {
        self.cancelled = true;
        match self.phase {
            Phase::Looking(_) | Phase::Sleeping(_) => self.interrupted(),
            // The answer says what is to be written down.
            _ => vec![],
        }
    }
}

/// A note before the rest.
pub(super) fn with(note: Option<Effect>, rest: Vec<Effect>) -> Vec<Effect> {
    note.into_iter().chain(rest).collect()
}
