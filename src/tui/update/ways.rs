//! The ways back: which there are, and what a digit does.

use super::act;
use crate::{
    action::{Action, Target},
    domain::Refusal,
    tui::{
        effect::Effect,
        input::{Code, Key},
        model::{Confirm, Model, Overlay, PlanCard, Way, Ways, reason_of},
    },
};

/// Opens the card.
pub fn open(m: &mut Model) -> Vec<Effect> {
    m.overlays.retain(|o| !matches!(o, Overlay::Choose { .. } | Overlay::Refused { .. } | Overlay::Ways(_)));
    let Some(target) = act::subject(m) else {
        act::refuse(m, "go back", Refusal::new("no service is selected"), None);
        return vec![];
    };
    m.overlays.push(Overlay::Ways(Box::new(Ways { target: target.clone(), ways: vec![], at: 0, reason: None })));
    vec![Effect::FindWays(target)]
}

/// More may be known now than when the card was opened: what it is for, and which ways there are.
pub fn again(m: &mut Model) -> Vec<Effect> {
    let subject = act::subject(m);
    match m.overlays.last() {
        Some(Overlay::Ways(ways)) if subject.as_ref() == Some(&ways.target) => vec![Effect::FindWays(ways.target.clone())],
        _ => open(m),
    }
}

/// The ways were found: they are shown, and each is planned.
pub fn found(m: &mut Model, target: &Target, actions: Vec<Action>) -> Vec<Effect> {
    for overlay in &mut m.overlays {
        if let Overlay::Ways(ways) = overlay
            && ways.target == *target
            && (ways.ways.is_empty() || ways.unknown())
        {
            // What is on the card stays there until more is known.
            if !ways.ways.iter().map(|way| &way.action).eq(&actions) {
                ways.ways = actions.iter().map(|action| Way { action: action.clone(), planned: None }).collect();
            }
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

/// A digit chooses, a letter says why; gives whether the key was used. `alone` when it was typed by itself: what is said
/// here is asked for no more.
pub fn key(m: &mut Model, key: Key, alone: bool) -> Option<Vec<Effect>> {
    let Code::Char(c) = key.code else { return None };
    if let Some(Overlay::Ways(ways)) = m.overlays.last_mut()
        && let Some(word) = ways.ways.first().and_then(|way| reason_of(&way.action, false, key))
    {
        if alone {
            ways.reason = (ways.reason != Some(word)).then_some(word);
        }
        return Some(vec![]);
    }
    let digit = c.to_digit(10).filter(|_| key.is_text())?;
    choose(m, (digit as usize).checked_sub(1)?);
    Some(vec![])
}

/// Opens the dialog of a way. The plan is the one that the card shows.
pub fn choose(m: &mut Model, at: usize) {
    let Some(Overlay::Ways(ways)) = m.overlays.last_mut() else { return };
    let Some(way) = ways.ways.get(at) else { return };
    ways.at = at;
    let reason = ways.reason;
    match way.planned.clone() {
        None => super::say(m, "still being planned"),
        Some(Ok(card)) => m.overlays.push(Overlay::Confirm(Box::new(Confirm { reason, ..Confirm::new(card) }))),
        Some(Err(Refusal { why, .. })) => super::say(m, why),
    }
}

#[cfg(test)]
mod tests;
