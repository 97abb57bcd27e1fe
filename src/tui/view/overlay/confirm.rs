//! A plan that waits for consent, and a refusal.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle, scrolled};
use crate::{
    domain::SafeText,
    tui::{
        model::PlanCard,
        theme::Token,
        widget::{put, text},
    },
};

/// Width of the names of the rows.
const NAMES: usize = 9;

/// Draws the plan. This build applies nothing, and says so where the key of consent will stand.
pub fn draw(c: &mut Canvas<'_>, area: Rect, card: &PlanCard, offset: usize) {
    let look = c.look;
    let wide = area.width.saturating_sub(8).clamp(40, 88);
    let room = usize::from(wide.saturating_sub(4)).saturating_sub(NAMES);
    let mut lines: Vec<Line<'static>> = vec![];
    for (name, said) in &card.rows {
        let token = match *name {
            "where" => Token::Production,
            "from" => Token::Canary,
            "to" => Token::Bright,
            "same as" | "by hand" => Token::Link,
            "exactly" | "" if card.rows.iter().any(|(n, _)| *n == "exactly") => Token::Dim,
            _ => Token::Text,
        };
        for (at, line) in text::wrap(said.as_str(), room).into_iter().enumerate() {
            let head = if at == 0 { *name } else { "" };
            lines.push(Line::from(vec![look.span(Token::Dim, format!("{head:<NAMES$}")), look.span(token, line)]));
        }
    }
    let tone = if card.back { Token::Hold } else { Token::Focus };
    let height = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX);
    let rect = middle(area, wide, height);
    let kind = if card.back { "back to last known good" } else { "forward" };
    let status = Line::from(look.span(Token::Dim, kind));
    let verb = card.action.name();
    let mut title = verb.to_owned();
    title[..1].make_ascii_uppercase();
    let title = format!("{title}  {}", card.action.target().service);
    let inner = framed(c, rect, &title, status, tone);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(3), ..inner };
    scrolled(c, body, &lines, offset);
    let last = inner.height.saturating_sub(1);
    let x = put(c.buf, inner, 0, last, " dry run ", look.style(tone.filled()));
    let x = put(c.buf, inner, x + 1, last, &format!("this build plans and does not {verb}"), look.style(Token::Text));
    put(c.buf, inner, x + 3, last, "Esc or n closes", look.style(Token::Dim));
}

/// Draws why something is not done.
pub fn refused(c: &mut Canvas<'_>, area: Rect, what: &SafeText, why: &SafeText, hint: Option<&SafeText>) {
    let look = c.look;
    let wide = area.width.saturating_sub(8).clamp(40, 70);
    let room = usize::from(wide.saturating_sub(4));
    let mut lines: Vec<Line<'static>> =
        text::wrap(why.as_str(), room).into_iter().map(|l| Line::from(look.span(Token::Text, l))).collect();
    for line in hint.map(|h| text::wrap(h.as_str(), room)).unwrap_or_default() {
        lines.push(Line::from(look.span(Token::Dim, line)));
    }
    lines.push(Line::default());
    lines.push(Line::from(vec![Span::styled("Esc or n closes", look.style(Token::Dim))]));
    let rect = middle(area, wide, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let inner = framed(c, rect, &format!("Not done: {what}"), Line::default(), Token::Border);
    scrolled(c, inner, &lines, 0);
}
