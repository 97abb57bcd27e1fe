//! What the journal says of each operation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Begun, Event, Line};
use crate::domain::{Exit, Identity, OpId, SafeText};

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operation {
    /// Its id.
    pub id: OpId,
    /// When consent was given.
    pub at: Timestamp,
    /// Who gave it, by the word of the systems.
    pub actor: Vec<Identity>,
    /// The host on which it was begun, by its own word.
    pub host: SafeText,
    /// What was consented to.
    pub begun: Box<Begun>,
    /// When it last went on.
    pub last: Timestamp,
    /// How it ended; `None` while it is open.
    pub ended: Option<End>,
    /// All its lines while it is open, in order: what is needed to settle it. Empty when it has ended.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct End {
    /// As a program ends.
    pub outcome: Exit,
    /// On how many objects it took effect.
    pub reached: u32,
    /// Of how many.
    pub of: u32,
    /// In words.
    pub note: Option<SafeText>,
}

impl Operation {
    /// Whether it is open: nobody has written how it ended, or only that the outcome is not known. Another process may be
    /// at it still; whoever settles it reads the world first.
    pub fn is_open(&self) -> bool {
        self.ended.as_ref().is_none_or(|e| e.outcome == Exit::Unknown)
    }
}

/// All operations, in the order in which they were begun.
#[derive(Debug, Default)]
pub struct Operations(BTreeMap<OpId, Operation>);

impl Operations {
    /// Takes a line in.
    pub fn take(&mut self, line: &Line) {
        let entry = &line.entry;
        if let Event::Begun(begun) = &entry.event {
            // An id is used once. Where it is not, what was begun first stands.
            self.0.entry(entry.op.clone()).or_insert_with(|| Operation {
                id: entry.op.clone(),
                at: entry.at,
                actor: entry.actor.clone(),
                host: line.host.clone(),
                begun: begun.clone(),
                last: entry.at,
                ended: None,
                lines: vec![],
            });
        }
        let Some(operation) = self.0.get_mut(&entry.op) else { return };
        operation.last = entry.at;
        match &entry.event {
            // About the files of the journal, in the name of who wrote next.
            Event::Cut { .. } | Event::Continued { .. } => return,
            Event::Ended { outcome, reached, of, note } => {
                operation.ended = Some(End { outcome: *outcome, reached: *reached, of: *of, note: note.clone() });
            }
            _ => {}
        }
        if operation.is_open() {
            operation.lines.push(line.clone());
        } else {
            operation.lines = vec![];
        }
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Operation> {
        self.0.values()
    }

    /// One of them.
    pub fn get(&self, id: &OpId) -> Option<&Operation> {
        self.0.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
