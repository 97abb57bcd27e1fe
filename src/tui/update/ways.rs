//! The ways back: which there are, and what a digit does.

use super::act;
use crate::{
    action::{Action, Target},
    domain::Refusal,
    tui::{
        effect::Effect,
        input::{Code, Key},
        model::{Confirm, Model, Overlay, PlanCard, Way, Ways},
    },
};

/// Opens the card.
pub fn open(m: &mut Model) -> Vec<Effect> {
    m.overlays.retain(|o| !matches!(o, Overlay::Choose { .. } | Overlay::Refused { .. } | Overlay::Ways(_)));
    let Some(target) = act::subject(m) else {
        let why = "no service is selected".into();
        m.overlays.push(Overlay::Refused { what: "go back".into(), why, hint: None });
        return vec![];
    };
    m.overlays.push(Overlay::Ways(Box::new(Ways { target: target.clone(), ways: vec![], at: 0 })));
    vec![Effect::FindWays(target)]
}

/// The ways were found: they are shown, and each is planned.
pub fn found(m: &mut Model, target: &Target, actions: Vec<Action>) -> Vec<Effect> {
    for overlay in &mut m.overlays {
        if let Overlay::Ways(ways) = overlay
            && ways.target == *target
            && ways.ways.is_empty()
        {
            ways.ways = actions.iter().map(|action| Way { action: action.clone(), planned: None }).collect();
            return vec![Effect::Ways(actions)];
        }
    }
    vec![]
}

/// A way was planned.
pub fn planned(m: &mut Model, action: &Action, planned: Result<Box<PlanCard>, Refusal>) {
    for overlay in &mut m.overlays {
        if let Overlay::Ways(ways) = overlay
            && let Some(way) = ways.ways.iter_mut().find(|w| w.action == *action)
        {
            way.planned = Some(planned);
            return;
        }
    }
}

/// A digit chooses; gives whether the key was used.
pub fn key(m: &mut Model, key: Key) -> Option<Vec<Effect>> {
    let Code::Char(c) = key.code else { return None };
    let digit = c.to_digit(10).filter(|_| key.is_text())?;
    choose(m, (digit as usize).checked_sub(1)?);
    Some(vec![])
}

/// Opens the dialog of a way. The plan is the one that the card shows.
pub fn choose(m: &mut Model, at: usize) {
    let Some(Overlay::Ways(ways)) = m.overlays.last_mut() else { return };
    let Some(way) = ways.ways.get(at) else { return };
    ways.at = at;
    match way.planned.clone() {
        None => super::say(m, "still being planned"),
        Some(Ok(card)) => m.overlays.push(Overlay::Confirm(Box::new(Confirm::new(card)))),
        Some(Err(Refusal { why, .. })) => super::say(m, why),
    }
}

#[cfg(test)]
mod tests;
