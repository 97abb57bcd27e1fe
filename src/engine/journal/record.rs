//! What the journal holds: one line per event of an operation, schema `gonogo/v1/journal`.
//!
//! The shape is stable: fields and kinds of events are added, never renamed, and a reader takes events that it does not
//! know as they are ([`Event::Foreign`]). No secret is ever part of a line: requests carry no credential.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Hash, Head};
use crate::domain::{
    Change, ChangeTarget, Digest, EnvironmentName, Exit, Identity, OpId, Problem, Request, SafeText, Seen, ServiceName,
};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// [`SCHEMA`](super::SCHEMA).
    pub schema: Arc<str>,
    /// Its number: 1 is the first, and none is left out.
    pub seq: u64,
    /// The hash of the line before it; zeros in the first line.
    pub prev: Hash,
    /// The number of the first line that was written together with it, where that is another: lines that are written
    /// together are acknowledged together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<u64>,
    /// What happened, by whom and when.
    #[serde(flatten)]
    pub entry: Entry,
    /// The host that wrote it, by its own word.
    pub host: SafeText,
    /// The version of the gonogo that wrote it.
    pub build: SafeText,
    /// The SHA-256 of [`SCHEMA`](super::SCHEMA), a line end, and every byte of the line before `,"hash"`.
    pub hash: Hash,
}

impl Line {
    /// The line as a head.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

/// What happened, by whom and when: what a caller hands to the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, by the engine's clock: this machine's, but on the embedded world. What a server's clock said then stands in
    /// its own audit log, under the id that the request went out with.
    pub at: Timestamp,
    /// The operation; a refusal or an arming has an id of its own.
    pub op: OpId,
    /// Who: what the systems themselves take us for. Empty where none was asked yet; the local user is never named here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actor: Vec<Identity>,
    /// What.
    pub event: Event,
}

/// An event of an operation, from first to last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// Consent was given to a plan. Nothing has been sent yet.
    Begun(Box<Begun>),
    /// A write is about to be sent. Nothing is sent whose intent is not in the journal.
    Intent(Box<Intent>),
    /// What came back of a write.
    Answer {
        /// The request, counted from 1 over the whole operation.
        request: u32,
        /// The attempt at it, counted from 1.
        attempt: u32,
        /// What came back.
        #[serde(flatten)]
        answer: Answered,
    },
    /// A fence is about to be sent: a guarded write that moves the version, so that a request still under way is dead.
    Fence {
        /// The object.
        target: ChangeTarget,
        /// The fence, counted from 1 over the whole operation.
        fence: u32,
        /// The id that it goes out with.
        audit_id: Arc<str>,
        /// What is sent, where it is known beforehand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Box<Request>>,
    },
    /// What came back of a fence.
    Fenced {
        /// The fence.
        fence: u32,
        /// What came back.
        #[serde(flatten)]
        answer: Answered,
    },
    /// It is known what became of a request; or it is known that it cannot be known.
    Settled {
        /// The request.
        request: u32,
        /// The object.
        target: ChangeTarget,
        /// What became of it.
        outcome: Effect,
        /// What tells it.
        by: Evidence,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// An object shows what was asked for, and so does what follows from it.
    Converged {
        /// The object.
        target: ChangeTarget,
        /// By what that was seen: phase, route, traffic.
        by: SafeText,
    },
    /// Somebody took it back.
    Reverted {
        /// The object.
        target: ChangeTarget,
        /// Who, by the server's word.
        by: SafeText,
    },
    /// An object does not get there, or not in time.
    GaveUp {
        /// The object.
        target: ChangeTarget,
        /// Why.
        why: SafeText,
    },
    /// Another process goes on with an operation that its own left open.
    Resumed {
        /// What it knows of what it found.
        note: SafeText,
    },
    /// Nothing more is done. With outcome `unknown` the operation stays open until a later end.
    Ended {
        /// How the program ends.
        outcome: Exit,
        /// On how many objects it took effect.
        reached: u32,
        /// Of how many.
        of: u32,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// Something was declined. Nothing was sent.
    Refused {
        /// What was asked for, as words of a command line.
        command: Vec<SafeText>,
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceName>,
        /// More services.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<ServiceName>,
        /// The environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<EnvironmentName>,
        /// Why.
        why: SafeText,
        /// How the program ends.
        exit: Exit,
    },
    /// Writing was allowed for a while.
    Armed {
        /// Where.
        environment: EnvironmentName,
        /// Until when.
        until: Timestamp,
    },
    /// Something that spoke against it was overruled.
    Override {
        /// What: a station, a contract, a gate.
        what: SafeText,
        /// Why, as the person said.
        reason: SafeText,
    },
    /// The journal goes on in this file; what stands behind `after` in the one before was never acknowledged.
    Continued {
        /// The last line that counts of what was before.
        after: Head,
        /// Why a new file.
        why: Turn,
    },
    /// The end of a write that was cut short was taken off. It had not been acknowledged.
    Cut {
        /// How many bytes.
        bytes: u64,
        /// Their SHA-256, under the name `gonogo/v1/cut`.
        digest: Hash,
    },
    /// An event of a newer gonogo, as it was written.
    #[serde(untagged)]
    Foreign(Value),
}

/// Consent was given to a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// The command line that does the same, without the program's name.
    pub command: Vec<SafeText>,
    /// The service.
    pub service: Option<ServiceName>,
    /// More services, where one consent was given for several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ServiceName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// Where: environment and clusters, as the dialog names them.
    pub place: SafeText,
    /// What it was.
    pub from: SafeText,
    /// What it is to be.
    pub to: SafeText,
    /// The objects, in order.
    pub targets: Vec<ChangeTarget>,
    /// The hash of the plan that was consented to.
    pub plan_hash: Hash,
    /// The hash of the policy that it was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<Hash>,
    /// How consent was given.
    pub consent: Given,
    /// Why, as the person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SafeText>,
    /// The builds that are gone back from: nobody brings them again without being told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<Digest>,
    /// Whether it goes back: what may be written into the reserve of a full disk.
    pub goes_back: bool,
    /// Until when the plan may be begun and its requests sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// How consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The tier that was asked for: 1 to 3.
    pub tier: u8,
    /// The way.
    pub by: Way,
}

/// A way to give consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A key in the dialog.
    Key,
    /// The typed name and a key.
    TypedName,
    /// A `y` at the prompt of a command.
    Prompt,
    /// Options of the command line: `--yes`, with tier 3 `--confirm` too.
    Options,
}

/// A write that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The request, counted from 1 over the whole operation.
    pub request: u32,
    /// The attempt at it, counted from 1.
    pub attempt: u32,
    /// The object.
    pub target: ChangeTarget,
    /// What is to become of it.
    pub change: Change,
    /// What was seen of it.
    pub seen: Seen,
    /// What is sent, with the operation's id in it.
    pub sent: Request,
    /// The id that it goes out with.
    pub audit_id: Arc<str>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answered {
    /// The server took it. Whether it is done is another question.
    Accepted {
        /// The status code.
        status: u16,
        /// The version of the object after it.
        resource_version: Option<Arc<str>>,
    },
    /// The server said no: it has changed nothing.
    Rejected {
        /// How.
        problem: Problem,
    },
    /// It may have taken effect or not, or may yet.
    Unknown {
        /// What happened.
        problem: Problem,
    },
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It took effect, once.
    Applied,
    /// It did not, and never will.
    NotApplied,
    /// It cannot be told.
    Unknown,
}

/// What tells what became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The server's answer.
    Answer,
    /// The list of operations that the object carries.
    Marker,
    /// The state of the object: it is so, by whom is unproven.
    State,
    /// Nothing: nobody answers.
    None,
}

/// Why the journal goes on in a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The disk did not confirm a write: what it kept of that file's end is not known.
    Unconfirmed,
    /// The disk is full: this is the reserve.
    NoSpace,
    /// The end of the file before does not hold.
    Broken,
    /// The file before is long enough.
    Length,
}
