//! What can happen to the screen.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    input::Key,
    model::{News, PlanCard, ScreenMap, Stamp},
};
use crate::{
    action::{Action, Target},
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
    /// What follows arrived at this time, or nothing did until then.
    At(Stamp),
    /// The terminal answered: it has drawn everything that was written before a question of ours.
    Answered,
    /// The terminal was somebody else's for a while; nothing that was asked of it before is answered any more.
    Returned,
    /// The window got or lost the focus.
    Focus(bool),
    /// The world has changed.
    Snapshot(Arc<Snapshot>),
    /// A plan was made, or refused.
    Planned(Action, Result<Box<PlanCard>, Refusal>),
    /// A plan was made anew for a dialog that was open then.
    Replanned(Action, Result<Box<PlanCard>, Refusal>),
    /// The ways back for a target, least harm first.
    Ways(Target, Vec<Action>),
    /// One way back was planned.
    Way(Action, Result<Box<PlanCard>, Refusal>),
    /// News of an operation; one that is not known yet was left open by an earlier start.
    Progress(Box<News>),
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
