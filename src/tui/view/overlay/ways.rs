//! The card with the ways back: numbered, least harm first, each with what it costs.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle, reason};
use crate::tui::{
    glyph::Glyph,
    model::{Area, Group, Way, Ways},
    theme::Token,
    widget::{put, put_line, text},
};

/// Names of rows that say what a way costs.
const COSTS: [&str; 4] = ["partly", "to", "check", "stays"];

/// Lines of one cost on the card.
const SHOWN: usize = 2;

/// A way in lines: what it does, then what it costs.
fn lines(c: &Canvas<'_>, number: usize, way: &Way, width: usize) -> Vec<Line<'static>> {
    let look = c.look;
    let name = way.action.command_line();
    let name = name.strip_prefix("gonogo ").unwrap_or(&name).to_owned();
    let (token, words): (Token, Vec<(Token, String)>) = match &way.planned {
        None => (Token::Text, vec![(Token::Dim, "being planned".to_owned())]),
        Some(Err(refusal)) => (Token::Faint, vec![(Token::Dim, refusal.why.to_string())]),
        Some(Ok(card)) => {
            let row = |name: &str| {
                card.rows
                    .iter()
                    .filter(move |r| r.group < Group::Same && r.name == name)
                    .map(|r| (if r.alarm { Token::NoGo } else { Token::Dim }, r.text.to_string()))
                    .collect::<Vec<_>>()
            };
            (Token::Bright, COSTS.iter().flat_map(|name| row(name)).collect())
        }
    };
    let key: Span<'static> = match &way.planned {
        Some(Err(_)) => look.sign(Token::Faint, Glyph::NotNeeded),
        _ => look.span(Token::Key, number.to_string()),
    };
    let mut out =
        vec![Line::from(vec![key, Span::raw(" "), look.span(token, look.cut(&name, width.saturating_sub(2)).into_owned())])];
    for (token, words) in words {
        let room = width.saturating_sub(4);
        let wrapped = text::wrap(&words, room);
        let more = wrapped.len() > SHOWN;
        for (at, line) in wrapped.into_iter().take(SHOWN).enumerate() {
            // The dialog has the whole of it.
            let cut = if more && at + 1 == SHOWN { look.glyph(Glyph::Ellipsis) } else { "" };
            let line = format!("{}{cut}", text::cut(&line, room.saturating_sub(text::width(cut)), ""));
            out.push(Line::from(vec![Span::raw("    "), look.span(token, line)]));
        }
    }
    out
}

/// Draws the card.
pub fn draw(c: &mut Canvas<'_>, area: Rect, ways: &Ways) {
    let look = c.look;
    let wide = area.width.saturating_sub(8).clamp(40, 88);
    let width = usize::from(wide.saturating_sub(6));
    let parts: Vec<Vec<Line<'static>>> = ways.ways.iter().enumerate().map(|(n, way)| lines(c, n + 1, way, width)).collect();
    let all: usize = parts.iter().map(Vec::len).sum();
    let why =
        ways.ways.first().map(|way| reason::lines(look, &way.action, false, ways.reason, usize::from(wide.saturating_sub(4))));
    let why = why.unwrap_or_default();
    let rect = middle(area, wide, u16::try_from(all.max(1) + why.len() + 4).unwrap_or(u16::MAX));
    let status = Line::from(look.span(Token::Dim, "least harm first"));
    let title = format!("Ways back  {}  {}", ways.target.names(), ways.target.env);
    let inner = framed(c, rect, &title, status, Token::Hold);
    let last = inner.height.saturating_sub(1);
    // On a low screen the ways come first.
    let why = if usize::from(inner.height) > why.len() + 6 { why } else { vec![] };
    let room = last.saturating_sub(u16::from(inner.height > 3) + text::columns(why.len()));
    // The selected way is seen whole.
    let before: usize = parts.iter().take(ways.at).map(Vec::len).sum();
    let end = before + parts.get(ways.at).map_or(0, Vec::len);
    let skip = end.saturating_sub(usize::from(room)).min(before);
    let rows = parts.iter().enumerate().flat_map(|(n, part)| part.iter().map(move |line| (n, line)));
    for (y, (n, line)) in (0u16..room).zip(rows.skip(skip)) {
        let row = Rect { y: inner.y + y, height: 1, ..inner };
        put_line(c.buf, row, 2, 0, line);
        if n == ways.at {
            put(c.buf, row, 0, 0, look.glyph(Glyph::Bar), look.style(Token::Bar));
        }
    }
    if ways.ways.is_empty() {
        put(c.buf, inner, 2, 0, "being planned", look.style(Token::Dim));
    }
    for (y, line) in (last.saturating_sub(text::columns(why.len()))..).zip(&why) {
        put_line(c.buf, inner, 0, y, line);
    }
    put(c.buf, inner, 0, last, "a digit shows the plan, Esc or n closes", look.style(Token::Dim));
    c.map.note(inner, Area::Overlay);
}
