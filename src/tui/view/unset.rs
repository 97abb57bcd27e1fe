//! Panes without a source, and the frame that panes share below 100 columns.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::Canvas;
use crate::tui::{
    model::Pane,
    theme::Token,
    widget::{Panel, put, text},
};

/// The frame of a pane: with tabs the names of the other tabs follow its own.
pub fn frame<'a>(c: &mut Canvas<'_>, pane: Pane, area: Rect, tabs: bool, note: Line<'a>, status: Line<'a>) -> Rect {
    let look = c.look;
    let note = if tabs && Pane::TABS.contains(&pane) {
        let mut spans = note.spans;
        let mut others = String::new();
        for other in Pane::TABS.into_iter().filter(|p| *p != pane) {
            others.push_str(&format!("  {} {}", other.key(), other.short()));
        }
        spans.push(look.span(Token::Faint, format!(" {} ", look.glyph(crate::tui::glyph::Glyph::Across))));
        spans.push(Span::styled(others.trim_start().to_owned(), look.style(Token::Dim)));
        Line::from(spans)
    } else {
        note
    };
    let panel = Panel { key: pane.key(), title: pane.title(), note, status, focus: c.m.focus == pane, ..Panel::default() };
    panel.draw(area, c.buf, look)
}

/// Draws a pane that has no source: why, and how to change that. Beside others it stands for all of its kind.
pub fn draw(c: &mut Canvas<'_>, pane: Pane, area: Rect, tabs: bool) {
    let alone = tabs || c.m.zoom;
    let look = c.look;
    let inner = frame(c, pane, area, tabs, Line::default(), Line::default());
    let panes: Vec<Pane> =
        if alone { vec![pane] } else { Pane::ALL.into_iter().filter(|p| p.not_configured().is_some()).collect() };
    let mut y = 0;
    for p in panes {
        let why = p.not_configured().unwrap_or_default();
        let mut x = 1;
        if !alone {
            x = put(c.buf, inner, x, y, p.key(), look.style(Token::Dim)) + 1;
            put(c.buf, inner, x, y, p.title(), look.style(if p == pane { Token::Text } else { Token::Dim }));
            x += 11;
        }
        let room = usize::from(inner.width.saturating_sub(x + 1));
        for line in text::wrap(why, room).into_iter().take(if alone { 4 } else { 1 }) {
            let cut = look.cut(&line, room).into_owned();
            put(c.buf, inner, x, y, &cut, look.style(Token::Dim));
            y += 1;
        }
    }
}
