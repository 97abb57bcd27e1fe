//! The inbox: what waits for a person, over all services.

use ratatui::{layout::Rect, text::Line};

use super::{
    Canvas,
    overlay::{framed, list::rows, middle},
};
use crate::tui::{
    glyph::Glyph,
    model::age,
    theme::Token,
    update::waiting,
    widget::{put, text},
};

/// Draws the list, and below it how the selected one is answered by hand.
pub fn draw(c: &mut Canvas<'_>, area: Rect, at: usize) {
    let (m, look) = (c.m, c.look);
    let found = waiting(m);
    let at = at.min(found.len().saturating_sub(1));
    let wide = area.width.saturating_sub(4).min(100);
    let room = usize::from(wide.saturating_sub(6));
    let name = found.iter().map(|w| names(w).len()).max().unwrap_or(0).min(24);
    let lines: Vec<Line<'static>> = found
        .iter()
        .map(|w| {
            let since = w.since.map_or(String::new(), |since| age(m.now.duration_since(since).as_secs().max(10)));
            let place = w.environment.as_ref().map(ToString::to_string).unwrap_or_default();
            let words = format!("{}: {}", w.kind.words(), w.what);
            let left = room.saturating_sub(name + 26);
            Line::from(vec![
                look.sign(Token::Waiting, Glyph::Waiting),
                look.span(Token::Bright, format!(" {} ", text::pad(&names(w), name, look.glyph(Glyph::Ellipsis)))),
                look.span(Token::Production, text::pad(&place, 11, look.glyph(Glyph::Ellipsis))),
                look.span(Token::Text, text::pad(&words, left, look.glyph(Glyph::Ellipsis))),
                look.span(Token::Dim, text::pad_left(&since, 10, look.glyph(Glyph::Ellipsis))),
            ])
        })
        .collect();
    let mut by_hand: Vec<String> = vec![];
    if let Some(w) = found.get(at) {
        for (i, command) in w.commands.iter().enumerate() {
            let cluster = w.clusters.get(i).map(|cluster| format!("{cluster}: ")).unwrap_or_default();
            by_hand.extend(text::wrap(&format!("{cluster}{command}"), room));
        }
    }
    let below = if by_hand.is_empty() { 0 } else { by_hand.len() + 2 };
    let height = u16::try_from(lines.len().max(1) + below + 2).unwrap_or(u16::MAX);
    let rect = middle(area, wide, height);
    let status = Line::from(look.span(Token::Dim, "Enter goes there, y copies, Esc closes"));
    let inner = framed(c, rect, "Waits for you", status, Token::Waiting);
    if found.is_empty() {
        put(c.buf, inner, 0, 0, "nothing waits for a person", look.style(Token::Dim));
        return;
    }
    let list = Rect { height: inner.height.saturating_sub(below as u16).max(1), ..inner };
    rows(c, list, &lines, at);
    if below > 0 && inner.height > list.height + 1 {
        put(c.buf, inner, 2, list.height + 1, "by hand", look.style(Token::Title));
        for (y, line) in (list.height + 2..inner.height).zip(&by_hand) {
            put(c.buf, inner, 2, y, line, look.style(Token::Link));
        }
    }
}

fn names(w: &crate::domain::Waiting) -> String {
    match w.services.as_slice() {
        [] => w.run.as_ref().map(|r| r.repo.name().to_owned()).unwrap_or_default(),
        [one] => one.to_string(),
        [first, more @ ..] => format!("{first} +{}", more.len()),
    }
}
