//! The last line: keys from the keymap, or a short word.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, layout};
use crate::tui::{
    command::{Command, Ui},
    keymap::Scope,
    theme::Token,
    widget::{put, put_line, put_line_right, text},
};

/// Draws the last line.
pub fn draw(c: &mut Canvas<'_>, area: Rect) {
    let (m, look) = (c.m, c.look);
    if let Some(flash) = &m.flash {
        let text = look.cut(flash.text.as_str(), usize::from(area.width.saturating_sub(2))).into_owned();
        put(c.buf, area, 1, 0, &text, look.style(Token::Text));
        return;
    }
    // Help stays whatever else has to go.
    let help = m.keymap.shown(Command::Ui(Ui::Help));
    let last = Line::from(vec![look.span(Token::Key, help), look.span(Token::Dim, " help ")]);
    let room = area.width.saturating_sub(text::columns(last.width()) + 1);
    let gap = if area.width >= layout::TWO { 2 } else { 1 };
    let mut x = 1;
    for b in m
        .keymap
        .bindings()
        .iter()
        .filter(|b| b.row.scope != Scope::Log && !b.row.hint.is_empty() && b.row.run != Command::Ui(Ui::Help))
    {
        let Some(key) = b.keys.first() else { continue };
        let spans = vec![look.span(Token::Key, key.to_string()), look.span(Token::Dim, format!(" {}", b.row.hint))];
        let wide = text::columns(spans.iter().map(Span::width).sum::<usize>());
        if x + wide > room {
            continue;
        }
        put_line(c.buf, area, x, 0, &Line::from(spans));
        x += wide + gap;
    }
    put_line_right(c.buf, area, 0, &last);
}
