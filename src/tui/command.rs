//! What a key, a palette entry or a click can mean.

use strum::{EnumIter, EnumMessage, IntoStaticStr};

use super::model::Pane;
use crate::action::Verb;

/// What only moves or changes the screen. The doc comment is the text of the help page and the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumMessage, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Ui {
    /// The next step of a rollout under way, else bring a version here
    Onward,
    /// The ways back, least harm first
    WaysBack,
    /// Let a rollout wait, or go on
    Halt,
    /// Open production for 15 minutes for what goes forward
    Arm,
    /// Close production again
    Disarm,
    /// What is under way, and what became of the rest
    Operations,
    /// Leave
    Quit,
    /// Put gonogo into the background
    Suspend,
    /// One row down
    Down,
    /// One row up
    Up,
    /// To the left
    Left,
    /// To the right
    Right,
    /// To the first row
    First,
    /// To the last row
    Last,
    /// Half a page down
    PageDown,
    /// Half a page up
    PageUp,
    /// Next pane
    NextPane,
    /// Pane before
    PreviousPane,
    /// Go to a pane by its number
    Focus(Pane),
    /// Next tab of the detail
    NextTab,
    /// Tab before
    PreviousTab,
    /// Another percentile of latency in the graphs
    Percentile,
    /// Show the focused pane alone
    Zoom,
    /// Show all panes again
    Unzoom,
    /// Open what is selected
    Open,
    /// Mark a service: what is asked for next is for all that are marked, under one consent
    Mark,
    /// Close what is on top, or take filter and marks away
    Back,
    /// What the keys do
    Help,
    /// Every command by name
    Palette,
    /// Show only matching rows; !x turns it round
    Filter,
    /// Next match
    NextMatch,
    /// Match before
    PreviousMatch,
    /// Why the verdict is what it is
    Why,
    /// Go to the worst thing
    Worst,
    /// What can be done here, and what not and why
    Menu,
    /// The log of the selected service or run
    Logs,
    /// What waits for a person, over all services
    Inbox,
    /// Where other tools show it: logs, traces, dashboards, the run
    Links,
    /// In a log: only lines that look like errors
    LogErrors,
    /// In a log: how far back it reaches
    LogSince,
    /// In a log: canary, stable, both
    LogArm,
    /// In a log: what was written before the last restart
    LogPrevious,
    /// In a log: long lines go on in the next row
    LogWrap,
    /// Hold the picture still; in a log: stop and follow
    Still,
    /// Times in UTC or local
    Zone,
    /// Copy the verdict as a brief
    Copy,
    /// Draw the whole screen anew
    Refresh,
    /// Choose how it looks
    Themes,
}

impl Ui {
    /// Its name for the palette, for user overrides and for `gonogo keys`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Focus(pane) => pane.command(),
            other => other.into(),
        }
    }

    /// One sentence about it.
    pub fn about(self) -> String {
        match self {
            Self::Focus(pane) => format!("Go to {}", pane.title()),
            other => other.get_documentation().unwrap_or_default().to_owned(),
        }
    }
}

/// What a key can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Changes the screen only.
    Ui(Ui),
    /// Asks for a change to the world; always a dialog first.
    Act(Verb),
}

impl Command {
    /// Its name for the palette, for user overrides and for `gonogo keys`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ui(ui) => ui.name(),
            Self::Act(verb) => verb.into(),
        }
    }

    /// One sentence about it.
    pub fn about(self) -> String {
        match self {
            Self::Ui(ui) => ui.about(),
            Self::Act(verb) => verb.about(),
        }
    }
}
