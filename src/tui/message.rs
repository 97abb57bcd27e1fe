//! What can happen to the screen.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    input::Key,
    model::{PlanCard, ScreenMap},
};
use crate::{
    action::Action,
    domain::{LogNews, Refusal, SafeText, Snapshot},
};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted; outside a field it is dropped, and says so.
    Paste(SafeText),
    /// The left button went down there.
    Click(u16, u16),
    /// The wheel turned there, by so many rows.
    Scroll(u16, u16, i16),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time went on.
    Tick(Timestamp),
    /// The world has changed.
    Snapshot(Arc<Snapshot>),
    /// A plan was made, or refused.
    Planned(Action, Result<Box<PlanCard>, Refusal>),
    /// Something was heard of a log that is read.
    Log {
        /// Which reading it belongs to.
        session: u64,
        /// What was heard.
        news: Vec<LogNews>,
        /// Whether all is said.
        ended: bool,
    },
    /// A word to show for a moment.
    Said(SafeText),
    /// The frame that shows all this was drawn.
    Drawn(ScreenMap),
}
