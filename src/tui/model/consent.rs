//! A plan that waits for consent, and what stands between a key and it.
//!
//! A key answers a dialog only if the person can have read it. The frame that shows the dialog is followed by a question
//! to the terminal (`CSI 5n`); what arrives before the terminal's answer was typed before the dialog was seen. After the
//! answer the dialog stands a moment before it is armed. Where the terminal does not answer, the moment alone has to do,
//! and the dialog says so.

use jiff::SignedDuration;

use super::PlanCard;
use crate::{
    action::Action,
    domain::{ChangeTarget, ObjectKind, SafeText, Seen, Snapshot},
    engine::plan::reasons,
    tui::input::{Code, Key},
};

/// A time of the clock that stamps what arrives from the terminal; it only goes forward.
pub type Stamp = SignedDuration;

/// How long a dialog stands before `y` counts, where something besides `y` is at stake (tiers 2 and 3).
pub const ARMING: SignedDuration = SignedDuration::from_millis(500);
/// The same for tier 1: long enough that nobody answers what was not there when the finger moved.
pub const ARMING_OPEN: SignedDuration = SignedDuration::from_millis(400);
/// How long the terminal is given to answer.
pub const SILENCE: SignedDuration = SignedDuration::from_secs(2);
/// Keys closer together than this were not typed one by one. Longer than the window in which the input counts bursts.
pub const QUIET: SignedDuration = SignedDuration::from_millis(10);
/// A key that comes again within this time is held down: keyboards wait up to 660 ms before they repeat.
pub const REPEAT: SignedDuration = SignedDuration::from_millis(750);
/// How long production stays open for what goes forward, counted from the last act.
pub const OPEN: SignedDuration = SignedDuration::from_mins(15);

/// Where a dialog stands on its way to being armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// No frame has shown it.
    Unseen,
    /// A frame has shown it, and the terminal was asked whether it has drawn that.
    Asked {
        /// When.
        at: Stamp,
        /// Which of our questions it was, counted from 1.
        number: u64,
    },
    /// The terminal has drawn it, or is taken to have.
    Seen {
        /// Since when.
        at: Stamp,
        /// Whether the terminal said so; else only the delay protects.
        heard: bool,
    },
}

/// What the terminal was asked and what it answered. Its answers carry no name: the first belongs to the first question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Questions.
    pub asked: u64,
    /// Answers.
    pub answered: u64,
    /// Whether it was silent on all questions so far.
    pub deaf: bool,
}

/// A thing that came from the hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand {
    /// When.
    pub at: Stamp,
    /// Which key; `None` for a paste.
    pub key: Option<Key>,
}

/// A dialog that asks for consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The plan in words.
    pub card: Box<PlanCard>,
    /// First row shown.
    pub offset: usize,
    /// Whether keys count yet.
    pub fence: Fence,
    /// What was typed of the name (tier 3).
    pub typed: String,
    /// Whether the name was typed and ended with Enter.
    pub named: bool,
    /// When `y` was pressed. It counts when nothing follows it at once: pasted text does not stop at one letter.
    pub pressed: Option<Stamp>,
    /// Whether the world is another one than the plan was made for; a new plan is being made.
    pub stale: bool,
    /// Why, in one of the words that are offered; nobody has to say.
    pub reason: Option<&'static str>,
}

impl Confirm {
    /// A dialog that no frame has shown yet.
    pub fn new(card: Box<PlanCard>) -> Self {
        Self {
            card,
            offset: 0,
            fence: Fence::Unseen,
            typed: String::new(),
            named: false,
            pressed: None,
            stale: false,
            reason: None,
        }
    }

    /// Nobody reads it any more: what was typed so far is no part of an answer to what is shown next.
    pub fn unsee(&mut self) {
        (self.fence, self.pressed, self.named) = (Fence::Unseen, None, false);
        self.typed.clear();
    }

    /// How long it has to stand.
    pub fn delay(&self) -> SignedDuration {
        if self.card.tier <= 1 { ARMING_OPEN } else { ARMING }
    }

    /// From when on keys count, if that is known.
    pub fn armed_from(&self) -> Option<Stamp> {
        match self.fence {
            Fence::Seen { at, .. } => Some(at.saturating_add(self.delay())),
            Fence::Unseen | Fence::Asked { .. } => None,
        }
    }

    /// Whether keys count.
    pub fn armed(&self, at: Stamp) -> bool {
        self.armed_from().is_some_and(|from| from <= at)
    }

    /// Whether it takes the typed name.
    pub fn typed_name(&self) -> bool {
        self.card.tier >= 3
    }

    /// Whether letters are part of the name.
    pub fn wants_name(&self) -> bool {
        self.typed_name() && !self.named
    }

    /// When something about it changes by itself.
    pub fn wake(&self, at: Stamp) -> Option<Stamp> {
        let fence = match self.fence {
            Fence::Unseen => None,
            Fence::Asked { at, .. } => Some(at.saturating_add(SILENCE)),
            Fence::Seen { .. } => self.armed_from().filter(|from| *from > at),
        };
        let press = self.pressed.map(|p| p.saturating_add(QUIET).saturating_add(SignedDuration::from_millis(1)));
        [fence, press].into_iter().flatten().min()
    }
}

/// The reason that a letter stands for, of those that are offered for an action, which may take the typed name.
pub fn reason_of(action: &Action, typed: bool, key: Key) -> Option<&'static str> {
    let Code::Char(c) = key.code else { return None };
    reasons(action, typed).iter().copied().find(|reason| key.is_text() && reason.starts_with(c))
}

/// What the picture of the world shows of an object, in the form that plans are bound to.
pub fn pictured(s: &Snapshot, target: &ChangeTarget) -> Option<SafeText> {
    let cluster = s.clusters.get(&target.cluster)?;
    let seen = match target.kind {
        ObjectKind::Deployment => Seen::deployment(cluster.deployments.value()?.get(&target.key)?),
        ObjectKind::Rollout => Seen::rollout(cluster.rollouts.value()?.get(&target.key)?),
        ObjectKind::Service => Seen::service(cluster.services.value()?.get(&target.key)?),
    };
    Some(seen.fingerprint)
}
