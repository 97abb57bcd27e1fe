//! From a key to a plan: which target is meant, and why not.

use strum::IntoEnumIterator as _;

use super::say;
use crate::{
    action::{Action, Target, Verb},
    domain::{EnvironmentName, Exit, Refusal, SafeText, ServiceName, Snapshot},
    engine::plan::{Guard, Told, plan},
    tui::{
        command::{Command, Ui},
        effect::Effect,
        keymap::BINDINGS,
        model::{Confirm, Model, Overlay, PlanCard},
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

/// The letter of a verb in the menu of actions.
pub fn letter(verb: Verb) -> char {
    match verb {
        Verb::Promote => 'p',
        Verb::Step => 's',
        Verb::Rollback => 'b',
        Verb::Abort => 'o',
        Verb::Pause => 'w',
        Verb::Resume => 'c',
        Verb::Retry => 't',
        Verb::Restart => 'e',
        Verb::Fill => 'i',
        Verb::Switch => 'v',
        Verb::Retire => 'd',
    }
}

/// Whether a verb is for a rollout under way, and so finds its target by itself.
fn finds_its_target(verb: Verb) -> bool {
    matches!(verb, Verb::Abort | Verb::Pause | Verb::Resume | Verb::Step | Verb::Retry)
}

/// Why nothing goes forward while the picture stands still.
pub fn still(m: &Model, back: bool) -> Option<SafeText> {
    (m.still.is_some() && !back).then(|| {
        let key = m.keymap.shown(Command::Ui(Ui::Still));
        format!("the picture is held still, and what goes forward needs the newest: {key} lets it go on").into()
    })
}

/// Whether an action could be planned on what is known, and if not, why. Going back is looked at on the newest picture
/// even while the screen stands still.
fn possible(m: &Model, s: &Snapshot, action: &Action) -> Result<(), Refusal> {
    let guard = Guard { read_only: m.read_only, names_unsafe: true };
    plan(action, s, &Told::asking(s.at, guard), &[]).map(drop)
}

/// What a verb could be done to: to what is marked, if anything is. Else, one that is for a rollout under way is for
/// those of the environment that the verdict speaks of, whatever is selected, and only where there is none there, for
/// those elsewhere: nobody who presses a key in a hurry is asked about staging. The others are for the selected service.
fn targets(m: &Model, verb: Verb) -> Result<Vec<Action>, Refusal> {
    if let Some(why) = still(m, verb.goes_back()) {
        return Err(Refusal::new(why.as_str()));
    }
    let s = m.newest();
    if let Some(target) = marked(m) {
        let action = verb.on(target);
        match possible(m, s, &action) {
            Ok(()) => return Ok(vec![action]),
            // A mark that was forgotten keeps nobody from stopping a rollout under way.
            Err(_) if verb == Verb::Abort => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let asked = selected(m).map(|target| (verb.on(target.clone()), target));
    let refused = || match &asked {
        Some((action, _)) => possible(m, s, action).err(),
        None => Some(Refusal::new("no service is selected")),
    };
    if !finds_its_target(verb) {
        return match (refused(), asked) {
            (None, Some((action, _))) => Ok(vec![action]),
            (refusal, _) => Err(refusal.unwrap_or_else(|| Refusal::new("no service is selected"))),
        };
    }
    let here = s.environment().map(|e| &e.name);
    let mut found: Vec<Action> = vec![];
    let mut unknown = None;
    for p in s.placements.values() {
        let action = verb.on(target(&p.key.service, &p.key.environment));
        if found.contains(&action) {
            continue;
        }
        match possible(m, s, &action) {
            Ok(()) => found.push(action),
            Err(refusal) if refusal.exit == Exit::Unknown && Some(&p.key.environment) == here => {
                unknown.get_or_insert(refusal);
            }
            Err(_) => {}
        }
    }
    if found.iter().any(|a| Some(&a.target().env) == here) {
        found.retain(|a| Some(&a.target().env) == here);
    } else if let Some(refusal) = unknown {
        // A rollout may be under way where nobody has looked yet: nothing else is taken for it.
        return Err(refusal);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    // The reason of the rollout under way tells more than that of a service at rest.
    let moving = under_way(s).map(|t| verb.on(t)).find_map(|action| possible(m, s, &action).err());
    Err(moving.or_else(refused).unwrap_or_else(|| Refusal::new("no rollout is under way")))
}

fn target(service: &ServiceName, env: &EnvironmentName) -> Target {
    Target::new(service.clone(), env.clone())
}

/// The rollouts under way in the environment that the verdict speaks of.
fn under_way(s: &Snapshot) -> impl Iterator<Item = Target> {
    let environment = s.environment().map(|e| e.name.clone());
    s.placements
        .values()
        .filter(move |p| Some(&p.key.environment) == environment.as_ref() && p.canary.as_ref().is_some_and(|c| c.under_way()))
        .map(|p| target(&p.key.service, &p.key.environment))
}

/// The selected service in the environment that the verdict speaks of.
fn selected(m: &Model) -> Option<Target> {
    Some(target(&m.selected()?.name, &m.newest().environment()?.name))
}

/// The marked services in the environment that the verdict speaks of, if any is marked.
fn marked(m: &Model) -> Option<Target> {
    let env = m.newest().environment()?.name.clone();
    let mut names = m.marked().cloned();
    let first = names.next()?;
    Some(Target { also: names.collect(), ..Target::new(first, env) })
}

/// What the way-back card is for: what is marked, else the only rollout under way, else the selected service.
pub fn subject(m: &Model) -> Option<Target> {
    if let Some(target) = marked(m) {
        return Some(target);
    }
    let mut moving: Vec<Target> = vec![];
    for t in under_way(m.newest()) {
        if !moving.contains(&t) {
            moving.push(t);
        }
    }
    match moving.as_slice() {
        [one] => Some(one.clone()),
        _ => selected(m).or_else(|| moving.first().cloned()),
    }
}

/// Asks for the plan of an action that is spelled out, if the screen lets it.
pub fn request(m: &mut Model, action: Action) -> Vec<Effect> {
    match still(m, Verb::from(&action).goes_back()) {
        None => vec![Effect::Plan(action)],
        Some(why) => {
            refuse(m, action.name(), Refusal::new(why.as_str()), None);
            vec![]
        }
    }
}

/// Says why something is not done. What is not known now may be known in a moment: then that command is given again.
pub fn refuse(m: &mut Model, what: &str, Refusal { why, hint, exit, .. }: Refusal, command: Option<Command>) {
    m.overlays.retain(|o| !matches!(o, Overlay::Choose { .. } | Overlay::Refused { .. }));
    m.overlays.push(Overlay::Refused { what: what.into(), why, hint, again: command.filter(|_| exit == Exit::Unknown) });
}

/// More is known than before: what was not done for want of that is asked for again, unless nobody waits for it any more.
pub fn renew(m: &mut Model) -> Vec<Effect> {
    match m.overlays.last() {
        Some(Overlay::Refused { again: Some(command), .. }) => {
            let command = *command;
            super::run(m, command)
        }
        Some(Overlay::Ways(ways)) if ways.unknown() => super::ways::again(m),
        _ => vec![],
    }
}

/// A verb was asked for.
pub fn ask(m: &mut Model, verb: Verb) -> Vec<Effect> {
    ask_by(m, verb, Command::Act(verb))
}

/// A verb was asked for, by that command: one target is planned at once, several give a choice, none gives the reason.
fn ask_by(m: &mut Model, verb: Verb, command: Command) -> Vec<Effect> {
    // One question at a time.
    m.overlays.retain(|o| !matches!(o, Overlay::Choose { .. } | Overlay::Refused { .. }));
    match targets(m, verb) {
        Err(refusal) => {
            refuse(m, verb.into(), refusal, Some(command));
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

/// The first of two verbs if it can be done now, else the second.
fn either(m: &mut Model, first: Verb, second: Verb, ui: Ui) -> Vec<Effect> {
    let verb = if targets(m, first).is_ok() { first } else { second };
    ask_by(m, verb, Command::Ui(ui))
}

/// `P`: the next step of a rollout under way, else the version of the environment before.
pub fn onward(m: &mut Model) -> Vec<Effect> {
    either(m, Verb::Step, Verb::Promote, Ui::Onward)
}

/// `H`: a rollout waits, or one that a person stopped goes on.
pub fn halt(m: &mut Model) -> Vec<Effect> {
    either(m, Verb::Pause, Verb::Resume, Ui::Halt)
}

/// A plan was made anew. Without its dialog nobody waits for it any more.
pub fn replanned(m: &mut Model, action: Action, made: Result<Box<PlanCard>, Refusal>) -> Vec<Effect> {
    let waits = m.overlays.iter().any(|o| matches!(o, Overlay::Confirm(c) if c.stale && c.card.action == action));
    if waits { show(m, action, made, true) } else { vec![] }
}

/// A plan came back.
pub fn planned(m: &mut Model, action: Action, made: Result<Box<PlanCard>, Refusal>) -> Vec<Effect> {
    show(m, action, made, false)
}

/// Opens the dialog of a plan; of one that was made anew in place of the one before.
fn show(m: &mut Model, action: Action, planned: Result<Box<PlanCard>, Refusal>, anew: bool) -> Vec<Effect> {
    let before = m.overlays.iter().find_map(|o| if let Overlay::Confirm(c) = o { Some(c.clone()) } else { None });
    // A newer plan replaces the one that is open: two questions at once would share one answer.
    m.overlays.retain(|o| !matches!(o, Overlay::Confirm(_) | Overlay::Refused { .. }));
    match planned {
        Ok(mut card) => {
            let before = before.filter(|b| anew && b.stale && b.card.action == action);
            let same = before.as_ref().is_some_and(|b| b.card.reads_like(&card));
            if let Some(before) = before.as_ref().filter(|_| !same) {
                card.mark(&before.card);
                say(m, "the world has changed: read the plan again");
            }
            let fresh = Confirm::new(card);
            m.overlays.push(Overlay::Confirm(Box::new(match before {
                // Only versions of objects moved: what the person has read still holds, and so does what was typed.
                Some(b) if same => Confirm { card: fresh.card, stale: false, pressed: None, ..*b },
                // Why is another question than what.
                Some(b) => Confirm { reason: b.reason, ..fresh },
                None => fresh,
            })));
        }
        Err(refusal) => {
            let target = action.target();
            refuse(m, &format!("{} {} in {}", action.name(), target.names(), target.env), refusal, None);
        }
    }
    vec![]
}
