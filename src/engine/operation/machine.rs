//! The machine: where an operation stands, and what an event makes of that.

mod sending;
mod settling;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Event, Looked, Outcome, Parts, Stand, evidence::Shot, rules::Rules};
use crate::{
    domain::{OpId, Problem, ProblemKind, Refusal, SafeText, Seen},
    engine::{
        journal::{self, Head},
        plan::Move,
    },
};

/// The first wait before another look, and the longest.
const NAPS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How long is waited before a request that met a conflict is sent again, and by that how often it is. Mostly a controller
/// wrote the status once in between; one that is in the middle of its work writes for a second or two.
const AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

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
    /// When the last of its requests was found to be in effect.
    pub accepted: Option<Timestamp>,
    /// What was seen when the last request was sent.
    pub before: Option<Arc<Seen>>,
}

impl Track {
    pub(super) fn new() -> Self {
        Self { stand: Stand::Waiting, words: "".into(), applied: 0, ours: false, accepted: None, before: None }
    }

    /// Whether this operation changed it, if that is known.
    pub(super) fn changed(&self) -> Option<bool> {
        match self.stand {
            _ if self.ours => Some(true),
            Stand::Unknown | Stand::NotThere => None,
            _ if self.applied > 0 => None,
            _ => Some(false),
        }
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
    /// Whether any request was sent.
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
            (Phase::Sending, Event::Withheld) => self.withheld(),
            (Phase::Fencing, Event::Withheld) => self.interrupted(),
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
            Stand::Settling if self.refused.is_some() => self.look(Why::Refused),
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
        self.wait(nap, why)
    }

    fn wait(&mut self, nap: Duration, why: Why) -> Vec<Effect> {
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
}

/// A note before the rest.
pub(super) fn with(note: Option<Effect>, rest: Vec<Effect>) -> Vec<Effect> {
    note.into_iter().chain(rest).collect()
}
