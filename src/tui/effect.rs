//! What the screen wants done; the runtime does it.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::{
    action::{Action, Target},
    domain::{Repo, SafeText},
};

/// Something to do outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Plan an action: ask what must be asked, change nothing, and come back with a plan or a refusal.
    Plan(Action),
    /// The same for a dialog that is open while the world has changed.
    Replan(Action),
    /// Find the ways back for a target, and come back with their list.
    FindWays(Target),
    /// Plan these ways back, and come back with each.
    Ways(Vec<Action>),
    /// Carry a plan out: a person has consented to it.
    Apply {
        /// The number under which the runtime keeps it.
        plan: u64,
        /// Why, as the person said.
        reason: Option<SafeText>,
    },
    /// Write down that a person has opened production for so long.
    Armed(SignedDuration),
    /// Ask the terminal to answer when it has drawn what was written.
    Fence,
    /// Tell somebody who does not look.
    Notify(SafeText),
    /// Read these runs with everything that belongs to them, in place of those before.
    Closely(Vec<(Repo, Arc<str>)>),
    /// Draw the whole screen anew.
    Refresh,
    /// Put lines of text into the clipboard.
    Copy(Vec<SafeText>),
    /// Show an address in a browser; where there is none, put it into the clipboard.
    Open(SafeText),
    /// Use another theme.
    Theme(String),
    /// Go into the background.
    Suspend,
    /// Leave.
    Quit,
}
