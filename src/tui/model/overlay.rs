//! What stands over the screen: one enum in one stack.

use tui_textarea::TextArea;

use super::LogView;
use crate::{
    action::{Action, Verb},
    domain::{Link, SafeText},
};

/// A plan in the words of the confirmation dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCard {
    /// What is planned.
    pub action: Action,
    /// Whether it only takes exposure back.
    pub back: bool,
    /// The rows: what they are called, and what they say.
    pub rows: Vec<(&'static str, SafeText)>,
}

/// Something over the screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// What the keys do; first row shown.
    Help(usize),
    /// Why the verdict is what it is; first row shown.
    Why(usize),
    /// Every command by name.
    Palette {
        /// What is typed.
        input: Box<TextArea<'static>>,
        /// The selected match.
        at: usize,
    },
    /// The filter is being typed.
    Filter(Box<TextArea<'static>>),
    /// Every action with its reason; the selected row.
    Menu(usize),
    /// The same action for one of several targets; the selected row.
    Choose {
        /// The action.
        verb: Verb,
        /// What it could be done to.
        actions: Vec<Action>,
        /// The selected row.
        at: usize,
    },
    /// A plan, waiting for consent; first row shown.
    Confirm {
        /// The plan.
        card: Box<PlanCard>,
        /// First row shown.
        offset: usize,
    },
    /// Why something is not done.
    Refused {
        /// What was asked for.
        what: SafeText,
        /// Why not.
        why: SafeText,
        /// What would make it possible.
        hint: Option<SafeText>,
    },
    /// A log, over the whole screen but the verdict.
    Logs(Box<LogView>),
    /// What waits for a person; the selected row.
    Inbox(usize),
    /// Where other tools show what is selected; the addresses and the selected row.
    Links {
        /// The addresses.
        links: Vec<Link>,
        /// The selected row.
        at: usize,
    },
    /// How it looks; the selected row and the theme to return to.
    Themes {
        /// The selected row.
        at: usize,
        /// The theme before.
        before: String,
    },
}

impl Overlay {
    /// Whether letters are text here.
    pub fn takes_text(&self) -> bool {
        match self {
            Self::Palette { .. } | Self::Filter(_) => true,
            Self::Logs(view) => view.typing.is_some(),
            _ => false,
        }
    }
}
