//! What stands over the screen: one enum in one stack.

use jiff::Timestamp;
use tui_textarea::TextArea;

use super::{Confirm, LogView, Ways};
use crate::{
    action::{Action, Verb},
    domain::{ChangeTarget, Link, SafeText},
    tui::command::Command,
};

/// Where a row of a plan stands in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What becomes of what; beside the next group where there is room.
    What,
    /// How, and what follows from it.
    How,
    /// The same for the command line, with and without gonogo.
    Same,
    /// The requests, word for word.
    Exactly,
}

/// One row of a plan: what it is called, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Where it stands.
    pub group: Group,
    /// What it is called; empty for a row that goes on.
    pub name: &'static str,
    /// What it says.
    pub text: SafeText,
    /// Whether it said something else when the dialog was opened.
    pub changed: bool,
    /// Whether it names a danger.
    pub alarm: bool,
}

impl PlanRow {
    /// A row.
    pub fn new(group: Group, name: &'static str, text: impl Into<SafeText>) -> Self {
        Self { group, name, text: text.into(), changed: false, alarm: false }
    }
}

impl PlanRow {
    /// Whether a person consents to what it says. Versions of objects move with every heartbeat of a controller, requests
    /// a second with every breath.
    fn binds(&self) -> bool {
        self.group < Group::Same && !matches!(self.name, "guard" | "hits")
    }
}

/// What a plan is bound to: an object, and what was seen of it in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The object.
    pub target: ChangeTarget,
    /// What was seen.
    pub fingerprint: SafeText,
    /// What the picture of the world showed when the dialog was opened; it may lag behind the plan.
    pub pictured: Option<SafeText>,
}

/// A plan in the words of the confirmation dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCard {
    /// Under which number the runtime keeps the plan.
    pub id: u64,
    /// What is planned.
    pub action: Action,
    /// What it is called.
    pub title: SafeText,
    /// How much consent it needs: 1, 2 or 3.
    pub tier: u8,
    /// Whether it only takes exposure back.
    pub back: bool,
    /// Whether it needs an armed cockpit: it goes forward in production.
    pub arms: bool,
    /// What is typed for tier 3.
    pub name: SafeText,
    /// The contracts that it breaks and that the typed name accepts.
    pub accepts: Vec<SafeText>,
    /// The rows.
    pub rows: Vec<PlanRow>,
    /// What it is bound to.
    pub bound: Vec<Bound>,
    /// The command line that undoes it, or how it is undone.
    pub undo: SafeText,
    /// Who consents.
    pub actor: SafeText,
    /// Until when it can be carried out; `None` where that is not limited.
    pub expires: Option<Timestamp>,
}

impl PlanCard {
    /// Whether a person reads the same in both: versions of objects and requests word for word aside.
    pub fn reads_like(&self, other: &Self) -> bool {
        let read = |card: &Self| -> Vec<(&'static str, SafeText)> {
            card.rows.iter().filter(|r| r.binds()).map(|r| (r.name, r.text.clone())).collect()
        };
        (self.tier, self.back, self.arms, &self.accepts) == (other.tier, other.back, other.arms, &other.accepts)
            && read(self) == read(other)
    }

    /// Marks what reads otherwise than in the card before.
    pub fn mark(&mut self, before: &Self) {
        for row in &mut self.rows {
            row.changed = row.binds() && !before.rows.iter().any(|b| (b.name, &b.text) == (row.name, &row.text));
        }
    }
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
    /// A plan that waits for consent.
    Confirm(Box<Confirm>),
    /// The ways back, least harm first.
    Ways(Box<Ways>),
    /// The operations of this cockpit; first row shown.
    Operations(usize),
    /// Something is under way: is it really time to leave.
    Leaving,
    /// Why something is not done.
    Refused {
        /// What was asked for.
        what: SafeText,
        /// Why not.
        why: SafeText,
        /// What would make it possible.
        hint: Option<SafeText>,
        /// What is asked for again as soon as more is known, where it is not done for want of that.
        again: Option<Command>,
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
            Self::Confirm(confirm) => confirm.wants_name(),
            _ => false,
        }
    }
}
