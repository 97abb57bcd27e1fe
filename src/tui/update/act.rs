//! From a key to a plan: which target is meant, and why not.

use strum::IntoEnumIterator as _;

use crate::{
    action::{Action, Target, Verb},
    domain::{CanaryPhase, Refusal, SafeText},
    tui::{
        command::Command,
        effect::Effect,
        keymap::BINDINGS,
        model::{Model, Overlay, PlanCard},
    },
};

/// An action and whether it can be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The action.
    pub verb: Verb,
    /// What it would be done to, or why it cannot be done.
    pub targets: Result<Vec<Action>, Refusal>,
}

/// Every action, each with its targets or its reason.
pub fn choices(m: &Model) -> Vec<Choice> {
    let mut verbs: Vec<Verb> = Verb::iter().collect();
    // In the order of the keys, so that menu, footer and help page agree.
    verbs.sort_by_key(|verb| BINDINGS.iter().position(|b| b.run == Command::Act(*verb)));
    verbs.into_iter().map(|verb| Choice { verb, targets: targets(m, verb) }).collect()
}

/// What a verb could be done to, whatever is selected: every rollout under way in the environment that the verdict speaks
/// of, and only where there is none there, those elsewhere. Nobody who presses a key in a hurry is asked about staging.
fn targets(m: &Model, verb: Verb) -> Result<Vec<Action>, Refusal> {
    if m.read_only {
        return Err(Refusal::new("read-only: nothing is changed from here").hint("start without --read-only"));
    }
    // Going back is planned on the newest picture even while the screen stands still.
    let snapshot = m.still.as_ref().map_or(&m.snapshot, |(_, newest)| newest);
    let mut found: Vec<Action> = vec![];
    for p in snapshot.placements.values() {
        let open = p.canary.as_ref().is_some_and(|c| match c.state {
            CanaryPhase::Aborted { .. } => false,
            CanaryPhase::Paused { .. } if verb == Verb::Pause => false,
            _ => c.under_way(),
        });
        if !open {
            continue;
        }
        let action = verb.on(Target::new(p.key.service.clone(), p.key.environment.clone()));
        if !found.contains(&action) {
            found.push(action);
        }
    }
    if let Some(environment) = snapshot.environment()
        && found.iter().any(|a| a.target().env == environment.name)
    {
        found.retain(|a| a.target().env == environment.name);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let paused = verb == Verb::Pause && snapshot.placements.values().any(|p| p.canary.as_ref().is_some_and(|c| c.under_way()));
    Err(if paused { Refusal::new("every rollout under way is paused already") } else { Refusal::new("no rollout is under way") })
}

/// A verb was asked for: one target is planned at once, several give a choice, none gives the reason.
pub fn ask(m: &mut Model, verb: Verb) -> Vec<Effect> {
    let name: &'static str = verb.into();
    // One question at a time.
    m.overlays.retain(|o| !matches!(o, Overlay::Choose { .. } | Overlay::Refused { .. }));
    match targets(m, verb) {
        Err(Refusal { why, hint, .. }) => {
            m.overlays.push(Overlay::Refused { what: name.into(), why, hint });
            vec![]
        }
        Ok(actions) => {
            if let [one] = actions.as_slice() {
                return vec![Effect::Plan(one.clone())];
            }
            let selected = m.selected().map(|s| s.name.clone());
            let at = actions.iter().position(|a| Some(&a.target().service) == selected.as_ref()).unwrap_or(0);
            m.overlays.push(Overlay::Choose { verb, actions, at });
            vec![]
        }
    }
}

/// A plan came back.
pub fn planned(m: &mut Model, action: Action, planned: Result<Box<PlanCard>, Refusal>) -> Vec<Effect> {
    // A newer plan replaces the one that is open: two questions at once would share one answer.
    m.overlays.retain(|o| !matches!(o, Overlay::Confirm { .. } | Overlay::Refused { .. }));
    match planned {
        Ok(card) => m.overlays.push(Overlay::Confirm { card, offset: 0 }),
        Err(Refusal { why, hint, .. }) => {
            let target = action.target();
            let what = SafeText::from(format!("{} {} in {}", action.name(), target.service, target.env));
            m.overlays.push(Overlay::Refused { what, why, hint });
        }
    }
    vec![]
}
