//! What can go wrong, and what we decline; and the exit code of each.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::SafeText;

/// How a program ends. The one table of exit codes; README prints it from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Exit {
    /// Done, or GO.
    Done = 0,
    /// Failed: tried, and it did not work.
    Failed = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Refused: NO-GO, policy, missing approval or consent, read-only.
    Refused = 3,
    /// Unknown: outcome or health cannot be established.
    Unknown = 4,
    /// Changed: the world is no longer what was expected or seen.
    Changed = 5,
    /// Hold: needs more time, data or a person.
    Hold = 6,
    /// The journal cannot be written; nothing was sent.
    Journal = 7,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in the words of the README.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or GO",
            Self::Failed => "failed: tried, and it did not work",
            Self::Usage => "usage or configuration",
            Self::Refused => "refused: NO-GO, policy, missing approval or consent, read-only",
            Self::Unknown => "unknown: outcome or health cannot be established",
            Self::Changed => "changed: the world is no longer what was expected or seen",
            Self::Hold => "hold: needs more time, data or a person",
            Self::Journal => "the journal cannot be written; nothing was sent",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The kind of a problem; decides how long to wait before another try and what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// No connection: refused, no such host, TLS.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The credential is missing, wrong or expired (401).
    Auth,
    /// The credential may not do this (403).
    Forbidden,
    /// Not there, or hidden from this credential (404).
    NotFound,
    /// The kind is not installed on this system (a missing custom resource definition).
    NotInstalled,
    /// Too many requests; see [`Problem::until`].
    RateLimited,
    /// The server failed (5xx), or cut its answer.
    Server,
    /// The answer cannot be understood: HTML instead of JSON, wrong shape, over the size limit.
    Unreadable,
    /// The request was refused as wrong (400, 422).
    Invalid,
    /// The watched history is gone (410); a new list follows.
    Expired,
    /// Somebody else changed the object (409).
    Conflict,
    /// The configuration is wrong.
    Config,
    /// The data is too old to be believed.
    Stale,
    /// We met something that we did not think possible.
    Internal,
}

/// Something failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Its kind.
    pub kind: ProblemKind,
    /// What failed, in one line.
    pub what: SafeText,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<SafeText>,
    /// When another try makes sense (rate limits).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(kind: ProblemKind, what: impl AsRef<str>) -> Self {
        Self { kind, what: SafeText::capped(what.as_ref(), 300), hint: None, until: None }
    }

    /// Whether another try within seconds of `now` may well have another end: a cut or late answer, a server that
    /// stumbled, a limit that is lifted soon.
    pub fn may_pass(&self, now: Timestamp) -> bool {
        let soon = |until: Timestamp| until.duration_since(now) < SignedDuration::from_secs(5);
        match self.kind {
            ProblemKind::Server => true,
            ProblemKind::RateLimited => self.until.is_some_and(soon),
            _ => false,
        }
    }

    /// Whether the system itself said no: what was sent has changed nothing. All else leaves open what happened.
    pub fn refused(&self) -> bool {
        use ProblemKind::{Auth, Conflict, Expired, Forbidden, Invalid, NotFound, NotInstalled, RateLimited};
        matches!(self.kind, Auth | Conflict | Expired | Forbidden | Invalid | NotFound | NotInstalled | RateLimited)
    }

    /// The same with a way to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(SafeText::clean(hint.as_ref()));
        self
    }

    /// The same with the time of the next useful try.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// How a program that ends with this problem tells the shell.
    pub fn exit(&self) -> Exit {
        match self.kind {
            ProblemKind::Config => Exit::Usage,
            ProblemKind::Conflict => Exit::Changed,
            ProblemKind::Forbidden | ProblemKind::Invalid | ProblemKind::NotFound | ProblemKind::Internal => Exit::Failed,
            _ => Exit::Unknown,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)
    }
}

impl std::error::Error for Problem {}

/// We decline, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why, in one line.
    pub why: SafeText,
    /// What would make it possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<SafeText>,
    /// How a program that ends with this refusal tells the shell.
    pub exit: Exit,
}

impl Refusal {
    /// A refusal with exit code 3.
    pub fn new(why: impl AsRef<str>) -> Self {
        Self { why: SafeText::clean(why.as_ref()), hint: None, exit: Exit::Refused }
    }

    /// The same with what would make it possible.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(SafeText::clean(hint.as_ref()));
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)
    }
}
