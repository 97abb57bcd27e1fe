//! How an operation stands: what both fronts show of it.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{ChangeTarget, Exit, OpId, SafeText};

/// Where one object of an operation stands. "Sent", "accepted" and "reached" are three things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// Its turn has not come. Nothing was sent.
    Waiting,
    /// It is read anew, before anything is sent.
    Looking,
    /// A request is on its way.
    Sending,
    /// An answer got lost: it is found out whether the request took effect.
    Settling,
    /// The server took it. Whether it is done is another question.
    Accepted,
    /// It shows the wanted state, and so does what follows from it.
    Reached,
    /// It took effect, and somebody took it back.
    Reverted,
    /// It took effect, and its controller has given up.
    Failed,
    /// It took effect, and was not there yet when the time was over.
    GaveUp,
    /// It is no longer what was seen, so nothing more was sent.
    Changed,
    /// It did not take effect, and never will.
    NotApplied,
    /// It is not in effect, and nothing is on its way; whether it was for a moment cannot be told.
    NotThere,
    /// Whether it took effect is not known. The operation stays open.
    Unknown,
    /// Nothing was sent, because of what happened before its turn.
    NotBegun,
}

impl Stand {
    /// Whether the operation is through with it.
    pub fn ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Looking | Self::Sending | Self::Settling | Self::Accepted)
    }

    /// Whether the server is known to have taken the change.
    pub fn applied(self) -> bool {
        matches!(self, Self::Accepted | Self::Reached | Self::Reverted | Self::Failed | Self::GaveUp)
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Looking => "looking",
            Self::Sending => "sent",
            Self::Settling => "finding out",
            Self::Accepted => "accepted",
            Self::Reached => "done",
            Self::Reverted => "reverted",
            Self::Failed => "failed",
            Self::GaveUp => "gave up waiting",
            Self::Changed => "changed",
            Self::NotApplied => "not applied",
            Self::NotThere => "not in effect",
            Self::Unknown => "unknown",
            Self::NotBegun => "not begun",
        }
    }
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One object of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetProgress {
    /// The object.
    pub target: ChangeTarget,
    /// Where it stands.
    pub state: Stand,
    /// The same in words: what is waited for, who took it back, what the server said. Empty where the state says it all.
    pub words: SafeText,
    /// How many of its requests have taken effect.
    pub applied: u32,
    /// Of how many.
    pub of: u32,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How a program ends that did only this.
    #[serde(rename = "outcome")]
    pub exit: Exit,
    /// Whether anything was changed by it. `None` where nobody can tell: nobody knows what became of a request, or it is
    /// as it was asked for, and by whom is unproven.
    pub changed: Option<bool>,
    /// On how many objects the wanted state was reached.
    pub reached: u32,
    /// Of how many.
    pub of: u32,
    /// A sentence for people; where not all is well it names both sets.
    pub sentence: SafeText,
    /// What can be done now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<SafeText>,
}

/// How an operation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Its id.
    pub op: OpId,
    /// Its name, for a head line: `ABORT payment`.
    pub title: SafeText,
    /// The command line that does the same, without the program's name.
    pub command: Vec<SafeText>,
    /// When consent was given.
    pub began: Timestamp,
    /// When this was noted: the time that has passed is `at - began`, and while it goes on `now - began`.
    pub at: Timestamp,
    /// Whether another process began it, and this one settles what that left open.
    pub resumed: bool,
    /// Its objects, in order.
    pub targets: Vec<TargetProgress>,
    /// How it ended; `None` while it goes on.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
}

impl Progress {
    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.outcome.is_some()
    }

    /// The object that it is at, or the one that ended it: the one to show where there is room for one.
    pub fn current(&self) -> Option<&TargetProgress> {
        let worst = |t: &&TargetProgress| t.state.ended() && !matches!(t.state, Stand::Reached | Stand::NotBegun);
        let under_way = |t: &&TargetProgress| !t.state.ended() && t.state != Stand::Waiting;
        self.targets.iter().find(worst).or_else(|| self.targets.iter().find(under_way)).or(self.targets.last())
    }

    /// One line: what is done, and where it stands.
    pub fn line(&self) -> SafeText {
        let text = match (&self.outcome, self.current()) {
            (Some(outcome), _) => outcome.sentence.to_string(),
            (None, Some(t)) if t.words.is_empty() => format!("{}: {}", t.target, t.state),
            (None, Some(t)) => format!("{}: {}, {}", t.target, t.state, t.words),
            (None, None) => String::new(),
        };
        SafeText::clean(&text)
    }
}
