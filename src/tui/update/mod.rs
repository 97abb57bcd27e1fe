//! `update`: one message in, a changed model and a list of effects out. No clock, no I/O.

mod act;
mod consent;
mod inbox;
mod links;
mod logs;
mod operations;
mod overlay;
mod palette;
mod screen;
mod ways;

use std::sync::Arc;

use jiff::SignedDuration;

pub use act::{Choice, choices, letter};
pub use inbox::waiting;
pub use palette::{Does, Entry, entries};

use super::{
    command::{Command, Ui},
    effect::Effect,
    input::{Code, Key},
    keymap::Scope,
    message::Message,
    model::{Area, Board, Flash, Hand, Model, Overlay, Pane},
};
use crate::domain::{SafeText, Snapshot};

/// How long a short word stays.
const FLASH: SignedDuration = SignedDuration::from_secs(6);

/// Takes one message in.
pub fn update(m: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => on_key(m, key),
        Message::Paste(text) => overlay::paste(m, &text),
        Message::Click(x, y) => click(m, x, y),
        Message::Scroll(x, y, by) => wheel(m, x, y, by),
        Message::Resize(width, height) => {
            m.size = (width, height);
            vec![]
        }
        Message::Tick(now) => {
            m.now = now;
            if m.flash.as_ref().and_then(|f| f.until).is_some_and(|until| until <= now) {
                m.flash = None;
            }
            vec![]
        }
        Message::At(at) => consent::time(m, at),
        Message::Answered => {
            consent::answered(m);
            vec![]
        }
        Message::Returned => {
            consent::returned(m);
            vec![]
        }
        Message::Focus(watched) => {
            m.watched = watched;
            vec![]
        }
        Message::Snapshot(snapshot) => {
            match &mut m.still {
                Some((_, newest)) => *newest = snapshot,
                None => show(m, snapshot),
            }
            let mut effects = consent::compare(m);
            effects.extend(act::renew(m));
            effects.extend(operations::verdict(m));
            effects.extend(operations::needed(m));
            effects
        }
        Message::Planned(action, planned) => act::planned(m, action, planned),
        Message::Replanned(action, planned) => act::replanned(m, action, planned),
        Message::Ways(target, actions) => ways::found(m, &target, actions),
        Message::Way(action, planned) => {
            ways::planned(m, &action, planned);
            vec![]
        }
        Message::Progress(news) => operations::progress(m, *news),
        Message::Log { session, news, ended } => {
            logs::hear(m, session, news, ended);
            vec![]
        }
        Message::Said(text) => {
            say(m, text);
            vec![]
        }
        Message::Drawn(map) => {
            m.map = map;
            consent::drawn(m)
        }
    }
}

/// Shows another picture of the world.
fn show(m: &mut Model, snapshot: Arc<Snapshot>) {
    m.board = Arc::new(Board::of(&snapshot));
    m.snapshot = snapshot;
    screen::follow(m);
}

fn say(m: &mut Model, text: impl Into<SafeText>) {
    m.flash = Some(Flash { text: text.into(), until: m.now.checked_add(FLASH).ok() });
}

fn on_key(m: &mut Model, key: Key) -> Vec<Effect> {
    m.flash = None;
    consent::followed(m);
    let alone = consent::typed_alone(m, key);
    m.hands.push(Hand { at: m.at, key: Some(key) });
    let takes_text = m.overlays.last().is_some_and(Overlay::takes_text);
    // Leaving and abort are looked up before any dialog, so that none can swallow them. In a field letters are text.
    if (!takes_text || !types(key))
        && let Some(command) = m.keymap.find(key, &[Scope::Always])
    {
        return run(m, command);
    }
    if m.overlays.is_empty() {
        let keymap = Arc::clone(&m.keymap);
        return keymap.find(key, &[Scope::Main, Scope::Move]).map(|command| run(m, command)).unwrap_or_default();
    }
    overlay::key(m, key, alone)
}

/// Whether the key puts a character into a field.
fn types(key: Key) -> bool {
    key.is_text() && matches!(key.code, Code::Char(_))
}

/// Does what a command says, wherever it came from.
pub(super) fn run(m: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Act(verb) => act::ask(m, verb),
        Command::Ui(ui) => ui_command(m, ui),
    }
}

fn ui_command(m: &mut Model, ui: Ui) -> Vec<Effect> {
    match ui {
        Ui::Quit => return quit(m),
        Ui::Onward => return act::onward(m),
        Ui::WaysBack => return ways::open(m),
        Ui::Halt => return act::halt(m),
        Ui::Arm if m.read_only => say(m, "started with --read-only: nothing is changed from here"),
        Ui::Arm => return consent::arm(m),
        Ui::Disarm => m.open_until = None,
        Ui::Operations => m.overlays.push(Overlay::Operations(0)),
        Ui::Suspend => return vec![Effect::Suspend],
        Ui::Refresh => return vec![Effect::Refresh],
        Ui::Copy => {
            say(m, "the verdict is in the clipboard, in five lines");
            return vec![Effect::Copy(screen::brief(m))];
        }
        Ui::Help => m.overlays.push(Overlay::Help(0)),
        Ui::Why => m.overlays.push(Overlay::Why(0)),
        Ui::Menu => m.overlays.push(Overlay::Menu(0)),
        Ui::Palette => m.overlays.push(overlay::palette()),
        Ui::Filter => {
            let field = overlay::filter(m);
            m.overlays.push(field);
        }
        Ui::Themes => {
            let list = overlay::themes(m);
            m.overlays.push(list);
        }
        Ui::Mark => screen::mark(m),
        Ui::Back => return screen::back(m),
        Ui::Still => match m.still.take() {
            Some((_, newest)) => show(m, newest),
            None => m.still = Some((m.now, Arc::clone(&m.snapshot))),
        },
        Ui::Zone => m.zone = if m.zone.is_some() { None } else { Some(m.local.clone()) },
        Ui::Zoom => m.zoom = true,
        Ui::Unzoom => m.zoom = false,
        Ui::Focus(pane) => screen::focus(m, pane),
        Ui::NextPane => screen::cycle(m, 1),
        Ui::PreviousPane => screen::cycle(m, -1),
        Ui::NextTab => screen::tab(m, 1),
        Ui::PreviousTab => screen::tab(m, -1),
        Ui::Worst => screen::worst(m),
        Ui::Logs => logs::open(m),
        Ui::Inbox => m.overlays.push(Overlay::Inbox(0)),
        Ui::Links => links::open(m),
        Ui::LogErrors | Ui::LogSince | Ui::LogArm | Ui::LogPrevious | Ui::LogWrap => return logs::turn(m, ui),
        Ui::Open => return screen::open(m),
        Ui::NextMatch => screen::step(m, 1),
        Ui::PreviousMatch => screen::step(m, -1),
        Ui::Down => screen::step(m, 1),
        Ui::Up => screen::step(m, -1),
        Ui::Left => screen::sideways(m, -1),
        Ui::Right => screen::sideways(m, 1),
        Ui::Percentile => m.percentile = m.percentile.next(),
        Ui::First => screen::step(m, isize::MIN),
        Ui::Last => screen::step(m, isize::MAX),
        Ui::PageDown => screen::page(m, 1),
        Ui::PageUp => screen::page(m, -1),
    }
    vec![]
}

/// Leaving asks while something is under way; asked twice, it is meant.
fn quit(m: &mut Model) -> Vec<Effect> {
    if m.under_way().next().is_none() || matches!(m.overlays.last(), Some(Overlay::Leaving)) {
        return vec![Effect::Quit];
    }
    m.overlays.retain(|o| !matches!(o, Overlay::Leaving));
    m.overlays.push(Overlay::Leaving);
    vec![]
}

fn click(m: &mut Model, x: u16, y: u16) -> Vec<Effect> {
    if !m.overlays.is_empty() {
        return vec![];
    }
    let hits: Vec<_> = m.map.at(x, y).collect();
    for (rect, area) in hits {
        match area {
            Area::Pane(pane) => screen::focus(m, pane),
            Area::Rows(pane, offset) => screen::pick(m, pane, offset + usize::from(y - rect.y)),
            Area::Verdict => m.overlays.push(Overlay::Why(0)),
            Area::Overlay | Area::Consent(_) => {}
        }
    }
    vec![]
}

fn wheel(m: &mut Model, x: u16, y: u16, by: i16) -> Vec<Effect> {
    if !m.overlays.is_empty() {
        overlay::scroll(m, isize::from(by));
        return vec![];
    }
    let hit: Option<Pane> = m.map.at(x, y).find_map(|(_, area)| if let Area::Pane(pane) = area { Some(pane) } else { None });
    if let Some(pane) = hit {
        screen::focus(m, pane);
        screen::step(m, isize::from(by));
    }
    vec![]
}

#[cfg(test)]
mod tests;
