//! Where other tools show what is selected. The address is always there to be read, and for terminals that find links.

use ratatui::{layout::Rect, text::Line};

use super::{
    Canvas,
    overlay::{framed, list::rows, middle},
};
use crate::{
    domain::Link,
    tui::{
        glyph::Glyph,
        theme::Token,
        widget::{put, text},
    },
};

/// Draws the list, and below it the whole address of the selected one.
pub fn draw(c: &mut Canvas<'_>, area: Rect, links: &[Link], at: usize) {
    let look = c.look;
    let wide = area.width.saturating_sub(4).min(110);
    let room = usize::from(wide.saturating_sub(6));
    let name = links.iter().map(|l| text::width(l.name.as_str())).max().unwrap_or(0).min(24);
    let ellipsis = look.glyph(Glyph::Ellipsis);
    let lines: Vec<Line<'static>> = links
        .iter()
        .map(|link| {
            Line::from(vec![
                look.span(Token::Bright, format!("{}  ", text::pad(link.name.as_str(), name, ellipsis))),
                look.span(Token::Link, look.cut(link.url.as_str(), room.saturating_sub(name + 2)).into_owned()),
            ])
        })
        .collect();
    // Below the list the address is whole: what is cut cannot be opened.
    let whole = links.get(at).map(|l| l.url.as_str()).filter(|url| text::width(url) > room.saturating_sub(name + 2));
    let whole = whole.map(|url| text::wrap(url, room)).unwrap_or_default();
    let below = if whole.is_empty() { 0 } else { whole.len() + 1 };
    let rect = middle(area, wide, u16::try_from(lines.len() + below + 2).unwrap_or(u16::MAX));
    let status = Line::from(look.span(Token::Dim, "Enter opens, y copies, Esc closes"));
    let inner = framed(c, rect, "Look elsewhere", status, Token::Focus);
    let list = Rect { height: inner.height.saturating_sub(below as u16).max(1), ..inner };
    rows(c, list, &lines, at);
    for (y, line) in (list.height + 1..inner.height).zip(&whole) {
        put(c.buf, inner, 2, y, line, look.style(Token::Link));
    }
}
