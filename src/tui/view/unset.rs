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

/// Draws a pane that has no source: why, and how to change that.
pub fn draw(c: &mut Canvas<'_>, pane: Pane, area: Rect, tabs: bool) {
    if !(tabs || c.m.zoom) {
        return together(c, area);
    }
    let look = c.look;
    let inner = frame(c, pane, area, tabs, Line::default(), Line::default());
    let why = pane.not_configured().unwrap_or_default();
    let room = usize::from(inner.width.saturating_sub(3));
    for (y, line) in (0u16..).zip(text::wrap(why, room)) {
        put(c.buf, inner, 1, y, &line, look.style(Token::Dim));
    }
}

/// Beside other panes those without a source share one frame: three empty frames would be three times the noise.
fn together(c: &mut Canvas<'_>, area: Rect) {
    let (m, look) = (c.m, c.look);
    let focus = m.focus.not_configured().is_some();
    let inner = Panel { title: "Not configured", focus, ..Panel::default() }.draw(area, c.buf, look);
    for (y, p) in (0u16..).zip(Pane::ALL.into_iter().filter(|p| p.not_configured().is_some())) {
        let name = if p == m.focus { Token::Bright } else { Token::Dim };
        let x = put(c.buf, inner, 1, y, p.key(), look.style(Token::Dim)) + 1;
        put(c.buf, inner, x, y, p.title(), look.style(name));
        let why = p.not_configured().unwrap_or_default().trim_start_matches("not configured: ");
        let room = usize::from(inner.width.saturating_sub(x + 12));
        let cut = look.cut(why, room).into_owned();
        put(c.buf, inner, x + 11, y, &cut, look.style(Token::Dim));
    }
}
