//! An operation: a plan that was consented to, on its way. A state machine without I/O: events in, effects out.
//!
//! ```text
//!  per object   look ─► as the person saw it? ─► intent in the journal ─► send once ─► accepted ─► look until it is so
//!                 ▲             │ no: changed                               │ 409        │              or was taken back
//!                 └─────────────┼───────────────────────────────────────────┘            │
//!                               │                                    no answer: unknown ◄┘
//!                               │                                           │ look
//!                 applied ◄── own mark is there;  not applied ◄── it can never be any more;  else fence, and look
//! ```
//!
//! What is reported as applied or not applied rests on what a server said; the rest is reported as unknown and stays
//! open in the journal, from which the same machine [settles](Operation::resume) it later. It never sends a change by
//! itself then: it looks, fences and reports.
//!
//! Its rules are checked against a model of two actors, lost, late and doubled requests and crashes (`tests/model.rs`).

mod evidence;
mod machine;
mod note;
mod progress;
mod report;
mod resume;
mod rules;
mod same;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use super::{
    journal::{self, Begun, Head},
    plan::Move,
};
use crate::domain::{
    Change, ChangeTarget, ClusterName, Identity, OpId, Problem, Receipt, Refusal, Request, SafeText, Seen, Settled,
};

pub use machine::Operation;
pub use progress::{Outcome, Progress, Stand, TargetProgress};

/// How long what was accepted is followed, where a plan does not say: a controller gives a rollout ten minutes too.
pub const DEADLINE: Duration = Duration::from_secs(600);

/// What an operation is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Its id.
    pub op: OpId,
    /// Its name, for a head line: `ABORT payment`.
    pub title: SafeText,
    /// What the journal keeps of the consent.
    pub begun: Box<Begun>,
    /// The objects, in order.
    pub moves: Vec<Move>,
    /// Whether each object must show what was asked for before the next is begun. What takes exposure back is not kept
    /// waiting in one cluster by the pods of another.
    pub one_by_one: bool,
    /// How long what was accepted is followed, from the consent on.
    pub deadline: Duration,
    /// How long after it was accepted a change must still stand before it counts as done: somebody may take it back.
    pub watch: Duration,
    /// Who we are, by the word of each cluster.
    pub who: BTreeMap<ClusterName, Identity>,
}

impl Parts {
    /// What a person can do by hand where the journal cannot be written, behind what would mend that.
    pub fn by_hand(&self, mend: Option<&SafeText>) -> SafeText {
        let lines = self.moves.iter().flat_map(|m| &m.requests).map(|r| r.by_hand.as_str());
        let mend = mend.map(|m| format!("{m}; ")).unwrap_or_default();
        format!("{mend}by hand: {}", lines.collect::<Vec<_>>().join("; ")).into()
    }
}

/// What was read of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// What was seen.
    pub seen: Seen,
    /// Whether it shows what is asked for.
    pub settled: Settled,
    /// What would be sent now.
    pub remain: Result<Vec<Request>, Problem>,
}

/// What comes back of an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of [`Effect::Journal`]: the disk has it, or why the journal cannot be written.
    Journalled(Result<Head, Refusal>),
    /// Of [`Effect::Look`].
    Looked(Result<Box<Looked>, Problem>),
    /// Of [`Effect::Send`].
    Sent(Result<Receipt, Problem>),
    /// Of [`Effect::Fence`].
    Fenced(Result<Receipt, Problem>),
    /// Of [`Effect::Send`] and [`Effect::Fence`] after a [`Cancel`](Self::Cancel) that came before the first byte: it was
    /// not sent, and never will be.
    Withheld,
    /// Of [`Effect::Sleep`].
    Woke,
    /// Nothing new is to be sent: the terminal is gone, or a person said so. May come at any time.
    Cancel,
}

/// What is to be done for an operation. At most one of a list is answered by an event, and it is the last.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write these lines and wait for the disk. Answered.
    Journal(Vec<journal::Event>),
    /// Write these lines; nothing waits for them. What they say can be found out again.
    Note(Vec<journal::Event>),
    /// Read an object. Answered.
    Look {
        /// The object.
        target: ChangeTarget,
        /// What is asked of it.
        change: Change,
        /// The id of the question for the server's audit log.
        audit: String,
    },
    /// Send a request, once. Answered.
    Send {
        /// The object.
        target: ChangeTarget,
        /// What is sent.
        request: Box<Request>,
        /// The id that it goes out with.
        audit: String,
    },
    /// Move the version on from what was seen. Answered.
    Fence {
        /// The object.
        target: ChangeTarget,
        /// What was seen of it.
        seen: Box<Seen>,
        /// The id that it goes out with.
        audit: String,
    },
    /// Wait. Answered.
    Sleep(Duration),
}
