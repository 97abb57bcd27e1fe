//! What a verb makes of the world it is shown, before anything is asked.

use jiff::SignedDuration;

use super::checked::Preflight;
use crate::{
    action::{Action, Direction},
    domain::{Change, ChangeTarget, Digest, SafeText, TemplateOf},
};

/// One object's part of an intent.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The object.
    pub target: ChangeTarget,
    /// What is to become of it.
    pub change: Change,
}

/// How much of a service's traffic a change moves in one move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moves {
    /// None, or pod by pod, or by the next step of the rollout's own plan.
    ByPlan,
    /// So much at once, in percent of what the service gets in the environment.
    AtOnce(f64),
}

/// Whose word undoes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touches {
    /// The wanted state: who owns that puts it back.
    Spec,
    /// The status of a controller, by its own verb: nobody puts that back.
    Status,
}

/// What a verb makes of the world.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The objects, in the order in which they are done.
    pub asks: Vec<Ask>,
    /// The templates that are looked at before.
    pub templates: Vec<(ChangeTarget, TemplateOf)>,
    /// What it does to the exposure of users.
    pub direction: Direction,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// What undoes it, in words.
    pub inverse: String,
    /// The action that undoes it, where one does.
    pub undo: Option<Action>,
    /// What the inverse cannot bring back.
    pub not_reverted: String,
    /// Whose word undoes it without being asked.
    pub touches: Touches,
    /// How much traffic it moves in one move.
    pub moves: Moves,
    /// Whether each object must show what was asked for before the next is begun.
    pub one_by_one: bool,
    /// What was looked at already.
    pub preflights: Vec<Preflight>,
    /// What a person should know besides.
    pub notes: Vec<SafeText>,
    /// Why a typed name is needed, besides what the design asks for.
    pub typed: Vec<SafeText>,
    /// The builds that are marked as rejected by it.
    pub rejects: Vec<Digest>,
    /// How long, once sent, an object may take.
    pub deadline: SignedDuration,
    /// What is said where nothing remains to be done.
    pub already: String,
}

impl Intent {
    /// An intent for these objects that says nothing yet.
    pub fn new(direction: Direction, asks: Vec<Ask>, already: impl Into<String>) -> Self {
        Self {
            asks,
            templates: vec![],
            direction,
            from: String::new(),
            to: String::new(),
            inverse: String::new(),
            undo: None,
            not_reverted: String::new(),
            touches: Touches::Spec,
            moves: Moves::ByPlan,
            one_by_one: direction != Direction::Back,
            preflights: vec![],
            notes: vec![],
            typed: vec![],
            rejects: vec![],
            deadline: SignedDuration::from_mins(10),
            already: already.into(),
        }
    }
}
