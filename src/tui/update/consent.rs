//! The dialog that asks for consent: what a key means in it, and when a key counts.

use super::{act, say};
use crate::{
    domain::SafeText,
    tui::{
        effect::Effect,
        input::{Code, Key},
        model::{Confirm, Fence, Hand, Model, OPEN, Operation, Overlay, QUIET, REPEAT, SILENCE, Stamp, pictured, reason_of},
    },
};

fn top(m: &mut Model) -> Option<&mut Confirm> {
    match m.overlays.last_mut() {
        Some(Overlay::Confirm(confirm)) => Some(confirm),
        _ => None,
    }
}

/// A frame was written. If it shows the dialog for the first time, the terminal is asked whether it has drawn it. A dialog
/// that is covered, or that the screen has no room for, is one that nobody reads.
pub fn drawn(m: &mut Model) -> Vec<Effect> {
    let at = m.at;
    let last = m.overlays.len().saturating_sub(1);
    let shown = |id| m.map.asks(id);
    let seen: Vec<bool> =
        m.overlays.iter().enumerate().map(|(n, o)| matches!(o, Overlay::Confirm(c) if n == last && shown(c.card.id))).collect();
    let mut line = m.line;
    let mut effects = vec![];
    for (overlay, seen) in m.overlays.iter_mut().zip(seen) {
        let Overlay::Confirm(confirm) = overlay else { continue };
        if !seen {
            confirm.unsee();
        } else if confirm.fence == Fence::Unseen {
            confirm.fence = if line.deaf {
                Fence::Seen { at, heard: false }
            } else {
                line.asked += 1;
                effects.push(Effect::Fence);
                Fence::Asked { at, number: line.asked }
            };
        }
    }
    m.line = line;
    effects
}

/// The terminal answered the oldest of our questions.
pub fn answered(m: &mut Model) {
    m.line.deaf = false;
    m.line.answered = (m.line.answered + 1).min(m.line.asked);
    let (at, answered) = (m.at, m.line.answered);
    if let Some(confirm) = top(m)
        && let Fence::Asked { number, .. } = confirm.fence
        && number <= answered
    {
        confirm.fence = Fence::Seen { at, heard: true };
    }
}

/// The terminal was somebody else's: what it was asked is forgotten, and an open dialog has to be shown anew.
pub fn returned(m: &mut Model) {
    m.line.answered = m.line.asked;
    for overlay in &mut m.overlays {
        if let Overlay::Confirm(confirm) = overlay {
            confirm.unsee();
        }
    }
}

/// Time went on without a key: a terminal that stays silent is taken as it is, a `y` that nothing followed counts.
pub fn time(m: &mut Model, at: Stamp) -> Vec<Effect> {
    m.at = m.at.max(at);
    let at = m.at;
    if m.open_until.is_some_and(|until| until <= at) {
        m.open_until = None;
        say(m, "production is read-only again");
    }
    let never = m.line.answered == 0;
    let Some(confirm) = top(m) else { return vec![] };
    if let Fence::Asked { at: asked, .. } = confirm.fence
        && at.saturating_sub(asked) >= SILENCE
    {
        confirm.fence = Fence::Seen { at, heard: false };
        m.line.deaf = never;
        return vec![];
    }
    match confirm.pressed {
        Some(pressed) if at.saturating_sub(pressed) > QUIET => {
            confirm.pressed = None;
            consented(m)
        }
        _ => vec![],
    }
}

/// Why `y` does not count now.
fn obstacle(m: &Model, confirm: &Confirm) -> Option<SafeText> {
    if m.read_only {
        return Some("read-only: nothing is changed from here".into());
    }
    if let Some(why) = act::still(m, confirm.card.back) {
        return Some(why);
    }
    if confirm.stale || confirm.card.expires.is_some_and(|at| at <= m.now) {
        return Some("the world has changed: the plan is being made anew".into());
    }
    if !confirm.armed(m.at) {
        return Some("too early: the dialog is not armed yet".into());
    }
    if confirm.wants_name() {
        return Some("type the name first".into());
    }
    if confirm.card.arms && m.open_for().is_none() {
        return Some("production is read-only: r opens it for 15 minutes".into());
    }
    None
}

/// Something follows a `y` at once, wherever it leads: the `y` was part of something longer.
pub fn followed(m: &mut Model) {
    let mut taken = false;
    for overlay in &mut m.overlays {
        if let Overlay::Confirm(confirm) = overlay {
            taken |= confirm.pressed.take().is_some();
        }
    }
    if taken {
        say(m, "that came faster than anybody types: it counts as pasted");
    }
}

/// Whether a key is typed by itself: nothing came just before it, and it is not one that is held down. What lies too far
/// back to tell is forgotten.
pub fn typed_alone(m: &mut Model, key: Key) -> bool {
    let at = m.at;
    m.hands.retain(|h| at.saturating_sub(h.at) <= REPEAT);
    m.hands.iter().all(|h| h.key != Some(key) && at.saturating_sub(h.at) > QUIET)
}

/// A key in the dialog; `alone` when it was typed by itself. Gives what follows if the key was used.
pub fn key(m: &mut Model, key: Key, alone: bool) -> Option<Vec<Effect>> {
    let at = m.at;
    let confirm = top(m)?;
    if confirm.wants_name() {
        return name(m, key);
    }
    match key {
        Key { code: Code::Char('y'), ctrl: false, alt: false, .. } => {
            let confirm = confirm.clone();
            let why = obstacle(m, &confirm).or_else(|| (!alone).then(|| "let go of the key, then press y once".into()));
            if let Some(why) = why {
                say(m, why);
            } else if let Some(confirm) = top(m) {
                confirm.pressed = Some(at);
            }
            Some(vec![])
        }
        Key { code: Code::Char('r'), ctrl: false, alt: false, .. } => {
            let (armed, arms) = (confirm.armed(at), confirm.card.arms);
            if arms && m.open_for().is_none() {
                if armed && alone {
                    return Some(arm(m));
                }
                say(m, "too early: the dialog is not armed yet");
            }
            Some(vec![])
        }
        _ => {
            let word = reason_of(&confirm.card.action, confirm.typed_name(), key)?;
            if !confirm.armed(at) {
                say(m, "too early: the dialog is not armed yet");
            } else if !alone {
                say(m, format!("let go of the key, then press {key} once"));
            } else {
                confirm.reason = (confirm.reason != Some(word)).then_some(word);
            }
            Some(vec![])
        }
    }
}

/// A key while the name of the target is typed.
fn name(m: &mut Model, key: Key) -> Option<Vec<Effect>> {
    let at = m.at;
    let confirm = top(m)?;
    if key.code == Code::Esc {
        return None;
    }
    if !confirm.armed(at) {
        if key.is_text() {
            say(m, "too early: the dialog is not armed yet");
        }
        return Some(vec![]);
    }
    match key.code {
        Code::Enter if confirm.typed == confirm.card.name.as_str() => confirm.named = true,
        Code::Enter => {
            let why = format!("type {} to go on", confirm.card.name);
            confirm.typed.clear();
            say(m, why);
        }
        Code::Backspace => {
            confirm.typed.pop();
        }
        Code::Char('u') if key.ctrl => confirm.typed.clear(),
        Code::Char(c) if key.is_text() && confirm.typed.len() < 100 => confirm.typed.push(c),
        // Moving scrolls also while the name is typed.
        _ => return None,
    }
    Some(vec![])
}

/// A paste: it answers nothing, and takes back what could have been its beginning.
pub fn paste(m: &mut Model) -> bool {
    m.hands.push(Hand { at: m.at, key: None });
    followed(m);
    let Some(confirm) = top(m) else { return false };
    if confirm.wants_name() {
        confirm.typed.clear();
    }
    say(m, "pasted text was dropped: a dialog is answered by hand");
    true
}

/// Opens production for what goes forward.
pub fn arm(m: &mut Model) -> Vec<Effect> {
    open(m);
    vec![Effect::Armed(OPEN)]
}

/// Production is open from here on as long as after it was opened.
fn open(m: &mut Model) {
    m.open_until = m.at.checked_add(OPEN);
}

/// The person has consented.
fn consented(m: &mut Model) -> Vec<Effect> {
    let Some(confirm) = top(m).map(|c| c.clone()) else { return vec![] };
    // The world may have moved between the key and now.
    if let Some(why) = obstacle(m, &confirm) {
        say(m, why);
        return vec![];
    }
    m.overlays.pop();
    m.overlays.retain(|o| !matches!(o, Overlay::Ways(_)));
    if m.open_for().is_some() {
        open(m);
    }
    let reason = confirm.reason.map(SafeText::from);
    let card = *confirm.card;
    // What was marked for this is not marked for the next.
    m.marks.retain(|name| !card.action.target().services().any(|of| of == name));
    m.operations.push(Operation {
        plan: Some(card.id),
        title: card.title,
        actor: card.actor,
        undo: card.undo,
        began: m.now,
        refused: None,
        progress: None,
    });
    vec![Effect::Apply { plan: card.id, reason }]
}

/// The world is shown anew: a dialog whose plan was made for another one is marked, and its plan made again. A picture
/// that lags behind the plan is not a change: only what moves on from the picture of the time counts.
pub fn compare(m: &mut Model) -> Vec<Effect> {
    let world = std::sync::Arc::clone(m.newest());
    let Some(confirm) = top(m).filter(|c| !c.stale) else { return vec![] };
    let moved = confirm.card.bound.iter().any(|b| {
        let now = pictured(&world, &b.target);
        now.is_some() && now != b.pictured && now.as_ref() != Some(&b.fingerprint)
    });
    if !moved {
        return vec![];
    }
    (confirm.stale, confirm.pressed) = (true, None);
    vec![Effect::Replan(confirm.card.action.clone())]
}

#[cfg(test)]
mod tests;
