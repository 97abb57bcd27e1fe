//! What a look says of a request whose answer is missing. Pure.

use std::sync::Arc;

use super::Looked;
use super::same::same;
use crate::{
    domain::{Change, OpId, Request, Seen, Settled},
    engine::journal::Evidence,
};

/// How many ids the marker of an object holds.
const MARKER: usize = 16;

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    /// Its place among the requests for its object.
    pub index: usize,
    /// Its number in the journal, counted from 1 over the whole operation.
    pub number: u32,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// What was seen right before.
    pub seen: Arc<Seen>,
    /// What was sent.
    pub sent: Arc<Request>,
    /// How many fences were set since.
    pub fences: u32,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// It took effect.
    Applied(Evidence),
    /// It did not, and never will.
    NotApplied,
    /// It is not in effect and can no longer come into effect. Whether it was in effect and was taken back cannot be told.
    NotThere,
    /// It may still be on its way.
    Open,
}

impl Shot {
    /// Whether the object carries its mark: once more than before it was sent.
    pub(super) fn landed(&self, op: &OpId, now: &Seen) -> bool {
        let times = |seen: &Seen| seen.ops.iter().filter(|o| ***o == *op.as_str()).count();
        self.sent.marked && now.uid == self.seen.uid && times(now) > times(&self.seen)
    }

    /// What a look says of it.
    pub(super) fn found(&self, op: &OpId, change: &Change, looked: &Looked) -> Finding {
        let now = &looked.seen;
        if now.uid != self.seen.uid {
            // The object is another one; the version that the request names was never its own.
            return Finding::NotThere;
        }
        if self.landed(op, now) {
            return Finding::Applied(Evidence::Marker);
        }
        if now.resource_version == self.seen.resource_version {
            return Finding::Open;
        }
        // From here on the request is dead: the version that it names is gone.
        if self.sent.marked && self.told(now) {
            return Finding::NotApplied;
        }
        if self.shows(change, looked) { Finding::Applied(Evidence::State) } else { Finding::NotThere }
    }

    /// Whether the list of marks would still show the request's: ids go at the front, and the newest one of before is
    /// still there, or no id has gone yet. A list from which that one has gone too early was written by another hand.
    fn told(&self, now: &Seen) -> bool {
        self.seen.ops.last().map_or(now.ops.len() < MARKER, |newest| now.ops.contains(newest))
    }

    /// Whether the object shows what the request asked for, by whomever.
    fn shows(&self, change: &Change, looked: &Looked) -> bool {
        match &looked.settled {
            Settled::Absent(_) => false,
            Settled::Reached => true,
            Settled::NotYet(_) | Settled::Failed(_) if lists(change) => {
                // Where it cannot be said what remains, it cannot be said either that this does not.
                looked.remain.as_ref().is_ok_and(|rest| !rest.iter().any(|r| same(r, &self.sent)))
            }
            Settled::NotYet(_) | Settled::Failed(_) => true,
        }
    }
}

/// Whether of a change only those requests are rendered that are not in effect yet.
pub(super) fn lists(change: &Change) -> bool {
    matches!(change, Change::Abort | Change::Template { .. })
}
