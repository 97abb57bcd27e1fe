//! A frame as a grid of styles, for snapshots: a change of colour shows where it happened.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// Letters for styles, in the order in which the styles first stand in the frame.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One letter per cell (`.` is the terminal's own style), then what each letter means.
///
/// Blank cells count only by what can be seen of them: background, underline, reverse.
pub fn styles(buf: &Buffer) -> String {
    let mut known: Vec<Style> = Vec::new();
    let mut out = String::new();
    for row in buf.area.rows() {
        let mut line = String::new();
        for position in row.columns() {
            let cell = &buf[(position.x, position.y)];
            let style = seen(cell.symbol(), cell.style());
            line.push(if style == Style::new() {
                '.'
            } else {
                let at = known.iter().position(|known| *known == style).unwrap_or_else(|| {
                    known.push(style);
                    known.len() - 1
                });
                LETTERS.get(at).map_or('?', |letter| char::from(*letter))
            });
        }
        out.push_str(line.trim_end_matches('.'));
        out.push('\n');
    }
    for (style, letter) in known.iter().zip(LETTERS) {
        let _ = writeln!(out, "{} = {}", char::from(*letter), describe(*style));
    }
    out
}

/// The part of a style that makes a difference for the sign it is on.
fn seen(symbol: &str, style: Style) -> Style {
    let some = |colour: Option<Color>| colour.filter(|colour| *colour != Color::Reset);
    let mut modifiers = style.add_modifier;
    let mut fg = some(style.fg);
    if symbol == " " {
        modifiers &= Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        if modifiers.is_empty() {
            fg = None;
        }
    }
    Style { fg, bg: some(style.bg), ..Style::new().add_modifier(modifiers) }
}

fn describe(style: Style) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(style.fg.map(|colour| format!("{colour}")));
    words.extend(style.bg.map(|colour| format!("on {colour}")));
    words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}
