//! What must be asked of the systems before a plan can be made, and what they answered.

use jiff::Timestamp;

use crate::domain::{
    Change, ChangeTarget, ClusterName, Digest, Driver, Exit, Identity, ObjectKey, ObjectKind, OpId, Problem, Receipt, Request,
    SafeText, Seen, ServiceName, Settled, TemplateFacts, TemplateOf,
};
use crate::engine::journal::Operations;

/// A thing that must be asked of a system before a plan can be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// How an object is now, what would be sent to it, and what the server says of that.
    Object {
        /// The object.
        target: ChangeTarget,
        /// What is to become of it.
        change: Change,
    },
    /// What a cluster calls itself, and who we are to it.
    Identity(ClusterName),
    /// Who drives there.
    Driver {
        /// The cluster.
        cluster: ClusterName,
        /// The Lease that says so.
        lease: ObjectKey,
    },
    /// What a pod template needs and promises.
    Template {
        /// The workload.
        target: ChangeTarget,
        /// Which template.
        of: TemplateOf,
    },
}

/// What was read of an object, what would be sent, and what the server says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// What was seen.
    pub seen: Seen,
    /// Whether it shows the wanted state already.
    pub settled: Settled,
    /// What would be sent.
    pub requests: Vec<Request>,
    /// What the server says to a dry run of it.
    pub dry_run: Result<Receipt, Problem>,
}

/// What a system said.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Of an object.
    Object(Box<Looked>),
    /// Of itself and of us.
    Identity(Identity),
    /// Of who drives.
    Driver(Option<Driver>),
    /// Of a template.
    Template(TemplateFacts),
}

/// What a system answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// What it said, or why it did not.
    pub said: Result<Said, Problem>,
}

/// What limits every plan, whoever asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guard {
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// Whoever asks for consent names what a way back breaks, and takes the typed name of the target for its acceptance:
    /// the plan says what is accepted, as if the command line had. Else what breaks is refused until it is named.
    pub names_unsafe: bool,
}

/// A build that somebody went back from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The service.
    pub service: ServiceName,
    /// The build.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
    /// Why, as the person said.
    pub why: SafeText,
}

/// What is known from before: the journal's word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// Builds that somebody went back from.
    pub rejected: Vec<Rejected>,
    /// When a Service was last switched from here.
    pub switched: Vec<(ChangeTarget, Timestamp)>,
}

impl Kept {
    /// What the journal's operations tell: what was gone back from and took effect, and when Services were switched.
    pub fn of(operations: &Operations) -> Self {
        let mut out = Self::default();
        for o in operations.all() {
            // What is open may have taken effect.
            if o.ended.as_ref().is_some_and(|end| end.reached == 0 && end.outcome != Exit::Unknown) {
                continue;
            }
            let why = o.begun.reason.clone().unwrap_or_else(|| "".into());
            // Of several services the journal does not say whose build it was: where two share an image, this is one word of
            // caution too many.
            for service in o.begun.service.iter().chain(&o.begun.also) {
                let rejected =
                    |digest: &Digest| Rejected { service: service.clone(), digest: digest.clone(), at: o.at, why: why.clone() };
                out.rejected.extend(o.begun.rejects.iter().map(rejected));
            }
            let switched = o.begun.targets.iter().filter(|t| t.kind == ObjectKind::Service);
            out.switched.extend(switched.map(|t| (t.clone(), o.last)));
        }
        out
    }
}

/// What a plan is made with, besides the action and the world. The same over all rounds of questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What limits it.
    pub guard: Guard,
    /// The id of the operation that the plan becomes.
    pub id: OpId,
    /// Now.
    pub at: Timestamp,
    /// What is known from before.
    pub kept: Kept,
}

impl Told {
    /// To find out whether an action is possible at all, on what a snapshot shows: nothing becomes of such a plan.
    pub fn asking(at: Timestamp, guard: Guard) -> Self {
        Self { guard, id: OpId::new(at, 0), at, kept: Kept::default() }
    }
}
