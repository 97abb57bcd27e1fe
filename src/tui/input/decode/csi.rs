//! What a control sequence from the terminal means.

use vte::Params;

use crate::tui::input::key::{Code, Key};
use crate::tui::input::{Button, Input, Mouse, MouseKind};

/// The meaning of a sequence.
pub(super) enum Meaning {
    Input(Input),
    /// A paste begins.
    PasteStart,
    /// The release of a key: neither a key nor news.
    Nothing,
}

/// The meaning of `CSI params intermediates action`.
pub(super) fn dispatch(params: &Params, intermediates: &[u8], ignore: bool, action: char) -> Meaning {
    let list: Vec<&[u16]> = params.iter().collect();
    let number = |at: usize| list.get(at).and_then(|param| param.first()).copied().unwrap_or(0);
    let unknown = Meaning::Input(Input::Unknown);
    if ignore {
        return unknown;
    }
    match (intermediates, action) {
        ([], '~') if number(0) == 200 => Meaning::PasteStart,
        ([], 'n') if list.len() == 1 && number(0) == 0 => Meaning::Input(Input::Status),
        ([], 'I' | 'O') if list.len() <= 1 && number(0) == 0 => Meaning::Input(Input::Focus(action == 'I')),
        ([b'<'], 'M' | 'm') if list.len() == 3 => {
            mouse(number(0), number(1), number(2), action == 'm').map_or(unknown, |m| Meaning::Input(Input::Mouse(m)))
        }
        ([], _) => key(&list, action).unwrap_or(unknown),
        _ => unknown,
    }
}

fn key(list: &[&[u16]], action: char) -> Option<Meaning> {
    let number = |at: usize| list.get(at).and_then(|param| param.first()).copied().unwrap_or(0);
    let mut modifiers = (number(1), list.get(1).and_then(|param| param.get(1)).copied().unwrap_or(1));
    let code = match action {
        'A' => Code::Up,
        'B' => Code::Down,
        'C' => Code::Right,
        'D' => Code::Left,
        'H' => Code::Home,
        'F' => Code::End,
        'P' => Code::F(1),
        'Q' => Code::F(2),
        // With parameters it is a report of the cursor's place.
        'R' if list.iter().all(|param| param == &[0]) => Code::F(3),
        'S' => Code::F(4),
        'Z' => {
            modifiers.0 = ((modifiers.0.max(1) - 1) | 1).saturating_add(1);
            Code::Tab
        }
        // xterm's modifyOtherKeys: `CSI 27 ; modifiers ; character ~`.
        '~' if number(0) == 27 => character(number(2))?,
        '~' => numbered(number(0))?,
        'u' => kitty(list.first()?, &mut modifiers.0)?,
        _ => return None,
    };
    let (bits, event) = modifiers;
    if event == 3 {
        return Some(Meaning::Nothing);
    }
    let bits = bits.max(1) - 1;
    // Super, Hyper and Meta make another key of it, one that is not bound. Locks do not.
    if bits & 0b11_1000 != 0 {
        return None;
    }
    let key = Key { code, shift: bits & 1 != 0, alt: bits & 2 != 0, ctrl: bits & 4 != 0 };
    Some(Meaning::Input(Input::Key(key.normal())))
}

/// `CSI code[:shifted[:base]] ; modifiers u`
/// (<https://sw.kovidgoyal.net/kitty/keyboard-protocol/>).
fn kitty(codes: &[u16], modifiers: &mut u16) -> Option<Code> {
    let bits = modifiers.saturating_sub(1);
    if let Some(shifted) = codes.get(1).filter(|shifted| **shifted > 0 && bits & 1 != 0) {
        *modifiers -= 1;
        return character(*shifted);
    }
    character(*codes.first()?)
}

fn character(code: u16) -> Option<Code> {
    Some(match code {
        9 => Code::Tab,
        13 | 57414 => Code::Enter,
        27 => Code::Esc,
        8 | 127 => Code::Backspace,
        57376..=57398 => Code::F((code - 57376 + 13) as u8),
        57399..=57408 => Code::Char(char::from(b'0' + (code - 57399) as u8)),
        57409 => Code::Char('.'),
        57410 => Code::Char('/'),
        57411 => Code::Char('*'),
        57412 => Code::Char('-'),
        57413 => Code::Char('+'),
        57415 => Code::Char('='),
        57417 => Code::Left,
        57418 => Code::Right,
        57419 => Code::Up,
        57420 => Code::Down,
        57421 => Code::PageUp,
        57422 => Code::PageDown,
        57423 => Code::Home,
        57424 => Code::End,
        57425 => Code::Insert,
        57426 => Code::Delete,
        // The rest of the protocol's private block: locks, media, modifiers alone.
        57344..=63743 => return None,
        _ => Code::Char(char::from_u32(u32::from(code)).filter(|c| !c.is_control())?),
    })
}

fn numbered(number: u16) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F((number - 10) as u8),
        17..=21 => Code::F((number - 11) as u8),
        23..=26 => Code::F((number - 12) as u8),
        28 | 29 => Code::F((number - 13) as u8),
        31..=34 => Code::F((number - 14) as u8),
        _ => return None,
    })
}

/// SGR mouse: button and modifiers, column and row from 1.
fn mouse(bits: u16, x: u16, y: u16, up: bool) -> Option<Mouse> {
    let button = match bits & 0b11 {
        0 => Some(Button::Left),
        1 => Some(Button::Middle),
        2 => Some(Button::Right),
        _ => None,
    };
    let kind = match (bits & 0b1100_0000, bits & 0b10_0000 != 0, button) {
        (0, true, None) => MouseKind::Move,
        (0, true, Some(button)) => MouseKind::Drag(button),
        (0, false, Some(button)) if up => MouseKind::Release(button),
        (0, false, Some(button)) => MouseKind::Press(button),
        (0b100_0000, _, Some(Button::Left)) => MouseKind::ScrollUp,
        (0b100_0000, _, Some(Button::Middle)) => MouseKind::ScrollDown,
        _ => return None,
    };
    Some(Mouse {
        kind,
        x: x.checked_sub(1)?,
        y: y.checked_sub(1)?,
        shift: bits & 4 != 0,
        alt: bits & 8 != 0,
        ctrl: bits & 16 != 0,
    })
}
