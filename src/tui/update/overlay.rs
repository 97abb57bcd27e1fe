//! Keys while something stands over the screen.

use std::sync::Arc;

use strum::IntoEnumIterator as _;
use tui_textarea::{Input, Key as FieldKey, TextArea};

use super::{act, consent, inbox, links, logs, palette, run, say, screen, ways};
use crate::{
    action::Verb,
    domain::SafeText,
    tui::{
        command::{Command, Ui},
        effect::Effect,
        input::{Code, Key},
        keymap::Scope,
        model::{Model, Overlay},
    },
};

/// The palette, empty.
pub fn palette() -> Overlay {
    Overlay::Palette { input: Box::new(TextArea::default()), at: 0 }
}

/// The filter, as it stands.
pub fn filter(m: &Model) -> Overlay {
    let mut field = TextArea::new(vec![m.filter.text.clone()]);
    field.move_cursor(tui_textarea::CursorMove::End);
    Overlay::Filter(Box::new(field))
}

/// The list of themes, on the one in force.
pub fn themes(m: &Model) -> Overlay {
    let at = m.themes.iter().position(|t| *t == m.theme).unwrap_or(0);
    Overlay::Themes { at, before: m.theme.clone() }
}

pub(super) fn field_key(key: Key) -> Input {
    let code = match key.code {
        Code::Char(c) => FieldKey::Char(c),
        Code::Backspace => FieldKey::Backspace,
        Code::Delete => FieldKey::Delete,
        Code::Left => FieldKey::Left,
        Code::Right => FieldKey::Right,
        Code::Home => FieldKey::Home,
        Code::End => FieldKey::End,
        // A field has one line.
        _ => FieldKey::Null,
    };
    Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: false }
}

pub(super) fn text_of(field: &TextArea<'_>) -> String {
    field.lines().first().cloned().unwrap_or_default()
}

/// A key for the overlay on top; `alone` when it was typed by itself.
pub fn key(m: &mut Model, key: Key, alone: bool) -> Vec<Effect> {
    let keymap = Arc::clone(&m.keymap);
    let command = keymap.find(key, &[Scope::Move, Scope::Main]);
    let page = m.map.overlay_room().unwrap_or(10).max(2) / 2;
    let Some(top) = m.overlays.last() else { return vec![] };
    match top {
        Overlay::Palette { .. } => return in_palette(m, key),
        Overlay::Filter(_) => return in_filter(m, key),
        Overlay::Logs(_) => return logs::key(m, key),
        Overlay::Confirm(_) => {
            if let Some(effects) = consent::key(m, key, alone) {
                return effects;
            }
        }
        Overlay::Ways(_) => {
            if let Some(effects) = ways::key(m, key, alone) {
                return effects;
            }
        }
        Overlay::Menu(_) => {
            if let Some(verb) = chosen(key) {
                m.overlays.pop();
                return act::ask(m, verb);
            }
        }
        Overlay::Leaving if key == Key::char('y') => return vec![Effect::Quit],
        _ => {}
    }
    let ui = match command {
        Some(Command::Ui(ui)) => ui,
        _ if key.code == Code::Char('n') => Ui::Back,
        _ => return vec![],
    };
    // `n` closes a dialog; on the screen it is the next match.
    if ui == Ui::Back || key.code == Code::Char('n') {
        return close(m);
    }
    match ui {
        Ui::Down => scroll(m, 1),
        Ui::Up => scroll(m, -1),
        Ui::PageDown => scroll(m, page as isize),
        Ui::PageUp => scroll(m, -(page as isize)),
        Ui::First => scroll(m, -10_000),
        Ui::Last => scroll(m, 10_000),
        Ui::Open => return enter(m),
        // The key that opened it closes it again.
        Ui::Help if matches!(m.overlays.last(), Some(Overlay::Help(_))) => return close(m),
        Ui::Why if matches!(m.overlays.last(), Some(Overlay::Why(_))) => return close(m),
        Ui::Inbox if matches!(m.overlays.last(), Some(Overlay::Inbox(_))) => return close(m),
        Ui::Links if matches!(m.overlays.last(), Some(Overlay::Links { .. })) => return close(m),
        Ui::Operations if matches!(m.overlays.last(), Some(Overlay::Operations(_))) => return close(m),
        Ui::Copy if matches!(m.overlays.last(), Some(Overlay::Links { .. })) => return links::take(m, true),
        Ui::Copy if let Some(Overlay::Inbox(at)) = m.overlays.last() => return inbox::copy(m, *at),
        Ui::Copy if matches!(m.overlays.last(), Some(Overlay::Why(_))) => {
            say(m, "the verdict is in the clipboard, in five lines");
            return vec![Effect::Copy(screen::brief(m))];
        }
        _ => return vec![],
    }
    themed(m)
}

/// The verb that a letter of the menu stands for.
fn chosen(key: Key) -> Option<Verb> {
    let Code::Char(c) = key.code else { return None };
    Verb::iter().find(|verb| key.is_text() && act::letter(*verb) == c)
}

/// While the list of themes is open, the selected one is shown.
fn themed(m: &Model) -> Vec<Effect> {
    match m.overlays.last() {
        Some(Overlay::Themes { at, .. }) => m.themes.get(*at).map(|name| vec![Effect::Theme(name.clone())]).unwrap_or_default(),
        _ => vec![],
    }
}

/// Takes away what stands on top.
pub fn close(m: &mut Model) -> Vec<Effect> {
    match m.overlays.pop() {
        Some(Overlay::Themes { before, .. }) => {
            m.theme.clone_from(&before);
            vec![Effect::Theme(before)]
        }
        _ => vec![],
    }
}

/// Moves in the overlay on top. Moving never changes the world.
pub fn scroll(m: &mut Model, by: isize) {
    let verbs = Verb::iter().count();
    let themes = m.themes.len();
    let lines = m.map.overlay_room().unwrap_or(1);
    let waiting = if matches!(m.overlays.last(), Some(Overlay::Inbox(_))) { inbox::waiting(m).len() } else { 0 };
    match m.overlays.last_mut() {
        // Drawing shows no empty screen at the end; the model only keeps the number from running away.
        Some(Overlay::Help(offset) | Overlay::Why(offset) | Overlay::Operations(offset)) => {
            *offset = offset.saturating_add_signed(by).min(1_000.max(lines));
        }
        Some(Overlay::Confirm(c)) => c.offset = c.offset.saturating_add_signed(by).min(1_000.max(lines)),
        Some(Overlay::Ways(w)) => w.at = w.at.saturating_add_signed(by).min(w.ways.len().saturating_sub(1)),
        Some(Overlay::Menu(at)) => *at = at.saturating_add_signed(by).min(verbs.saturating_sub(1)),
        Some(Overlay::Choose { actions, at, .. }) => *at = at.saturating_add_signed(by).min(actions.len().saturating_sub(1)),
        Some(Overlay::Themes { at, .. }) => *at = at.saturating_add_signed(by).min(themes.saturating_sub(1)),
        Some(Overlay::Inbox(at)) => *at = at.saturating_add_signed(by).min(waiting.saturating_sub(1)),
        Some(Overlay::Links { links, at }) => *at = at.saturating_add_signed(by).min(links.len().saturating_sub(1)),
        Some(Overlay::Logs(view)) => view.scroll(by, lines),
        Some(Overlay::Palette { .. } | Overlay::Filter(_) | Overlay::Refused { .. } | Overlay::Leaving) | None => {}
    }
}

/// Enter: takes a choice. It never confirms.
fn enter(m: &mut Model) -> Vec<Effect> {
    match m.overlays.last() {
        Some(Overlay::Menu(at)) => {
            let Some(choice) = act::choices(m).into_iter().nth(*at) else { return vec![] };
            m.overlays.pop();
            act::ask(m, choice.verb)
        }
        Some(Overlay::Choose { actions, at, .. }) => {
            let Some(action) = actions.get(*at).cloned() else { return vec![] };
            m.overlays.pop();
            act::request(m, action)
        }
        Some(Overlay::Themes { at, .. }) => {
            let Some(name) = m.themes.get(*at).cloned() else { return vec![] };
            m.overlays.pop();
            m.theme.clone_from(&name);
            vec![Effect::Theme(name)]
        }
        Some(Overlay::Refused { .. }) => close(m),
        Some(Overlay::Ways(w)) => {
            let at = w.at;
            ways::choose(m, at);
            vec![]
        }
        Some(Overlay::Inbox(at)) => inbox::jump(m, *at),
        Some(Overlay::Links { .. }) => links::take(m, false),
        _ => vec![],
    }
}

fn in_filter(m: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        Code::Enter => {
            m.overlays.pop();
            return vec![];
        }
        Code::Esc => {
            m.overlays.pop();
            m.filter.text.clear();
            screen::follow(m);
            return vec![];
        }
        Code::Down | Code::Up => {
            screen::step(m, if key.code == Code::Down { 1 } else { -1 });
            return vec![];
        }
        _ => {}
    }
    if let Some(Overlay::Filter(field)) = m.overlays.last_mut() {
        field.input(field_key(key));
        m.filter.text = text_of(field);
    }
    screen::follow(m);
    vec![]
}

fn in_palette(m: &mut Model, key: Key) -> Vec<Effect> {
    let Some(Overlay::Palette { input, at }) = m.overlays.last_mut() else { return vec![] };
    match key.code {
        Code::Esc => {
            m.overlays.pop();
        }
        Code::Down => *at += 1,
        Code::Up => *at = at.saturating_sub(1),
        Code::Tab => {
            let (text, at) = (text_of(input), *at);
            if let Some(entry) = entry_at(m, &text, at)
                && let Some(Overlay::Palette { input, .. }) = m.overlays.last_mut()
            {
                let mut field = TextArea::new(vec![entry.name]);
                field.move_cursor(tui_textarea::CursorMove::End);
                **input = field;
            }
        }
        Code::Enter => {
            let (text, at) = (text_of(input), *at);
            m.overlays.pop();
            return palette::submit(m, &text, at);
        }
        _ => {
            input.input(field_key(key));
            *at = 0;
        }
    }
    if let Some(Overlay::Palette { input, at }) = m.overlays.last() {
        let last = palette::entries(m, &text_of(input)).len().saturating_sub(1);
        let kept = (*at).min(last);
        if let Some(Overlay::Palette { at, .. }) = m.overlays.last_mut() {
            *at = kept;
        }
    }
    vec![]
}

fn entry_at(m: &Model, text: &str, at: usize) -> Option<palette::Entry> {
    palette::entries(m, text).into_iter().nth(at)
}

/// Pasted text: into a field, else dropped with a word.
pub fn paste(m: &mut Model, text: &SafeText) -> Vec<Effect> {
    if consent::paste(m) || logs::paste(m, text) {
        return vec![];
    }
    match m.overlays.last_mut() {
        Some(Overlay::Palette { input, at }) => {
            input.insert_str(text.as_str());
            *at = 0;
        }
        Some(Overlay::Filter(field)) => {
            field.insert_str(text.as_str());
            m.filter.text = text_of(field);
            screen::follow(m);
        }
        _ => say(m, "pasted text was dropped: nothing here takes text"),
    }
    vec![]
}

/// Runs a command of the palette.
pub fn command(m: &mut Model, command: Command) -> Vec<Effect> {
    run(m, command)
}
