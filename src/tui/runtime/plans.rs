//! Plans: made by the engine, kept here under a number, shown in words. The model never holds a plan, so no key can
//! change one.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::plan_card::card;
use crate::{
    action::{Action, Target},
    domain::{Refusal, Snapshot},
    engine::{
        Engine,
        plan::{Guard, Plan},
    },
    tui::message::Message,
};

/// How many plans are kept for dialogs that may still be open.
const KEPT: usize = 32;

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be asked about.
    Ask,
    /// To be asked about again: the world has changed.
    Again,
    /// To be one of the ways back.
    Way,
}

/// What came of planning.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "moved once, from a future to the loop")]
pub enum Made {
    /// A plan, or why there is none.
    Plan(Purpose, Action, Result<Plan, Refusal>),
    /// The ways back for a target.
    Ways(Target, Vec<Action>),
    /// That production was opened is in the journal, or why it is not.
    Armed(SignedDuration, Result<(), Refusal>),
}

/// A plan in the making.
pub type Planning<'a> = BoxFuture<'a, Made>;

/// Plans an action: asks what must be asked, changes nothing.
pub fn make(engine: &Engine, guard: Guard, purpose: Purpose, action: Action) -> Planning<'_> {
    Box::pin(async move {
        let planned = engine.plan(&action, guard).await;
        if let (Purpose::Ask, Err(refusal)) = (purpose, &planned) {
            engine.declined(&action, refusal).await;
        }
        Made::Plan(purpose, action, planned)
    })
}

/// Finds the ways back for a target; each of them is to be planned.
pub fn find_ways(engine: &Engine, guard: Guard, target: Target) -> Planning<'_> {
    Box::pin(async move {
        let ways = engine.ways(&target, guard).await;
        Made::Ways(target, ways)
    })
}

/// Writes down that a person has opened production for so long.
pub fn armed(engine: &Engine, span: SignedDuration) -> Planning<'_> {
    Box::pin(async move { Made::Armed(span, engine.armed(span).await) })
}

/// The plans that a dialog may ask for.
#[derive(Debug, Default)]
pub struct Plans {
    last: u64,
    kept: BTreeMap<u64, Plan>,
}

impl Plans {
    /// Keeps a plan and gives the news of it.
    pub fn keep(&mut self, made: Made, world: &Snapshot) -> Message {
        let (purpose, action, planned) = match made {
            Made::Plan(purpose, action, planned) => (purpose, action, planned),
            Made::Ways(target, ways) => return Message::Ways(target, ways),
            Made::Armed(span, written) => {
                let open = format!("production is open for {} minutes, counted from the last act", span.as_mins());
                let left = written.err().map(|refusal| format!("; the journal does not say so: {}", refusal.why));
                return Message::Said(format!("{open}{}", left.unwrap_or_default()).into());
            }
        };
        let planned = planned.map(|plan| {
            self.last += 1;
            let card = card(&plan, self.last, world);
            self.kept.insert(self.last, plan);
            while self.kept.len() > KEPT {
                self.kept.pop_first();
            }
            Box::new(card)
        });
        match purpose {
            Purpose::Ask => Message::Planned(action, planned),
            Purpose::Again => Message::Replanned(action, planned),
            Purpose::Way => Message::Way(action, planned),
        }
    }

    /// Takes a plan out, to be carried out once.
    pub fn take(&mut self, id: u64) -> Option<Plan> {
        self.kept.remove(&id)
    }
}
