//! Pane 8: what happened; and the newest of it in one line.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, unset};
use crate::{
    domain::Event,
    tui::{
        model::{Area, Pane},
        theme::Token,
        widget::{put, put_line, text},
    },
};

fn spans(c: &Canvas<'_>, e: &Event, who: usize) -> Vec<Span<'static>> {
    let look = c.look;
    let name = if who == 0 { format!("{} ", e.who) } else { text::pad(e.who.as_str(), who, "…") + " " };
    vec![
        look.span(Token::Dim, format!("{} ", c.m.clock(e.at))),
        look.span(if e.trouble { Token::Hold } else { Token::Link }, name),
        look.span(if e.trouble { Token::Text } else { Token::Dim }, e.what.to_string()),
    ]
}

/// Draws the pane, the newest first.
pub fn draw(c: &mut Canvas<'_>, area: Rect) {
    let m = c.m;
    let inner = unset::frame(c, Pane::Events, area, false, Line::default(), Line::default());
    if inner.width < 4 {
        return;
    }
    let inner = Rect { x: inner.x + 1, width: inner.width - 2, ..inner };
    let events = m.happened();
    if events.is_empty() {
        put(c.buf, inner, 0, 0, "nothing has happened since the start", c.look.style(Token::Dim));
        return;
    }
    let room = usize::from(inner.height);
    let skip = m.events.min(events.len().saturating_sub(room));
    let shown: Vec<&Event> = events.iter().rev().skip(skip).take(room).collect();
    let who = shown.iter().map(|e| text::width(e.who.as_str())).max().unwrap_or(0).min(14);
    for (y, e) in (0u16..).zip(shown) {
        let mut line = Line::from(spans(c, e, who));
        fit(c, &mut line, inner.width);
        put_line(c.buf, inner, 0, y, &line);
    }
    c.map.note(inner, Area::Rows(Pane::Events, skip));
}

/// Cuts the last span so that the line fits.
fn fit(c: &Canvas<'_>, line: &mut Line<'static>, width: u16) {
    let over = line.width().saturating_sub(usize::from(width));
    if over > 0
        && let Some(last) = line.spans.last_mut()
    {
        let room = last.width().saturating_sub(over);
        let cut = c.look.cut(&last.content, room).into_owned();
        last.content = cut.into();
    }
}

/// Draws the newest events in one line, as many as fit; without any, a source in trouble.
pub fn line(c: &mut Canvas<'_>, area: Rect) {
    let m = c.m;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let events = m.happened();
    if events.is_empty() {
        if let Some(t) = m.board.troubles.first() {
            let words = format!("{}: {}", t.source, t.problem.what);
            let words = c.look.cut(&words, usize::from(inner.width)).into_owned();
            put(c.buf, inner, 0, 0, &words, c.look.style(Token::Stale));
        }
        return;
    }
    let mut x = 0;
    for e in events.iter().rev() {
        let mut line = Line::from(spans(c, e, 0));
        let wide = text::columns(line.width());
        if x > 0 && x + wide > inner.width {
            break;
        }
        fit(c, &mut line, inner.width - x);
        x = put_line(c.buf, inner, x, 0, &line) + 3;
        if x >= inner.width {
            break;
        }
    }
}
