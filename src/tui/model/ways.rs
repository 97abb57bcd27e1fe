//! The card with the ways back.

use super::PlanCard;
use crate::{
    action::{Action, Target},
    domain::{Exit, Refusal},
};

/// One way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// What it does.
    pub action: Action,
    /// What came of planning it; `None` while it is being planned.
    pub planned: Option<Result<Box<PlanCard>, Refusal>>,
}

/// The ways back for one service, least harm first.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways {
    /// The service and its environment.
    pub target: Target,
    /// The ways, numbered from 1; none until they are found.
    pub ways: Vec<Way>,
    /// The selected one.
    pub at: usize,
    /// Why, in one of the words that are offered; the dialog of a way shows it again.
    pub reason: Option<&'static str>,
}

impl Ways {
    /// Whether all that is known is that too little is known.
    pub fn unknown(&self) -> bool {
        let unknown = |way: &Way| matches!(&way.planned, Some(Err(refusal)) if refusal.exit == Exit::Unknown);
        !self.ways.is_empty() && self.ways.iter().all(unknown)
    }
}
