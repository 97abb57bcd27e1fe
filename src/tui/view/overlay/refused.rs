//! Why something is not done, and what is asked before leaving.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle, scrolled};
use crate::{
    domain::SafeText,
    tui::{theme::Token, widget::text},
};

/// Draws why something is not done: what, why, and what would make it possible. What is tried `again` by itself says so.
pub fn draw(c: &mut Canvas<'_>, area: Rect, (what, why, hint): (&SafeText, &SafeText, Option<&SafeText>), again: bool) {
    let look = c.look;
    let wide = area.width.saturating_sub(8).clamp(40, 70);
    let room = usize::from(wide.saturating_sub(4));
    let mut lines: Vec<Line<'static>> =
        text::wrap(why.as_str(), room).into_iter().map(|l| Line::from(look.span(Token::Text, l))).collect();
    for line in hint.map(|h| text::wrap(h.as_str(), room)).unwrap_or_default() {
        lines.push(Line::from(look.span(Token::Dim, line)));
    }
    if again {
        lines.push(Line::from(look.span(Token::Dim, "It is tried again as soon as more is known.")));
    }
    lines.push(Line::default());
    lines.push(Line::from(vec![Span::styled("Esc or n closes", look.style(Token::Dim))]));
    let rect = middle(area, wide, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let inner = framed(c, rect, &format!("Not done: {what}"), Line::default(), Token::Border);
    scrolled(c, inner, &lines, 0);
}

/// Asks whether to leave while something is under way.
pub fn leaving(c: &mut Canvas<'_>, area: Rect) {
    let look = c.look;
    let mut lines: Vec<Line<'static>> = vec![];
    for o in c.m.under_way() {
        lines.push(Line::from(vec![look.span(Token::Running, format!("{}  ", o.title)), look.span(Token::Text, o.words())]));
    }
    let words = "What was sent goes on without gonogo; what became of it is shown first at the next start.";
    lines.push(Line::default());
    let wide = area.width.saturating_sub(8).clamp(40, 70);
    for line in text::wrap(words, usize::from(wide.saturating_sub(4))) {
        lines.push(Line::from(look.span(Token::Dim, line)));
    }
    lines.push(Line::default());
    lines.push(Line::from(look.span(Token::Text, "y leaves, Esc or n stays")));
    let rect = middle(area, wide, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let inner = framed(c, rect, "Something is under way", Line::default(), Token::Hold);
    scrolled(c, inner, &lines, 0);
}
