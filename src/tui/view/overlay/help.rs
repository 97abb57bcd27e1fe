//! What the keys do, from the keymap.

use ratatui::{layout::Rect, text::Line};
use strum::IntoEnumIterator as _;

use super::{Canvas, framed, middle, scrolled};
use crate::tui::{keymap::Group, theme::Token, widget::text};

/// Draws the page.
pub fn draw(c: &mut Canvas<'_>, area: Rect, offset: usize) {
    let (m, look) = (c.m, c.look);
    let mut lines: Vec<Line<'static>> = vec![];
    for group in Group::iter() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(look.span(Token::Title, group.title())));
        for b in m.keymap.bindings().iter().filter(|b| b.row.group == group && !b.keys.is_empty()) {
            let keys: Vec<String> = b.keys.iter().map(ToString::to_string).collect();
            let keys = text::pad(&keys.join(" "), 16, look.glyph(crate::tui::glyph::Glyph::Ellipsis));
            lines.push(Line::from(vec![look.span(Token::Key, format!(" {keys}")), look.span(Token::Text, b.row.run.about())]));
        }
    }
    let signs = [
        ("go", crate::tui::glyph::Glyph::Go, Token::Go),
        ("hold", crate::tui::glyph::Glyph::Hold, Token::Hold),
        ("no-go", crate::tui::glyph::Glyph::NoGo, Token::NoGo),
        ("unknown", crate::tui::glyph::Glyph::Unknown, Token::Unknown),
        ("running", crate::tui::glyph::Glyph::Running, Token::Running),
        ("waits for a person", crate::tui::glyph::Glyph::Waiting, Token::Waiting),
        ("stale", crate::tui::glyph::Glyph::Stale, Token::Stale),
        ("other digest, same tag", crate::tui::glyph::Glyph::Differs, Token::Unknown),
        ("not needed, not configured", crate::tui::glyph::Glyph::NotNeeded, Token::Dim),
    ];
    lines.push(Line::default());
    lines.push(Line::from(look.span(Token::Title, "signs")));
    for (word, glyph, token) in signs {
        lines.push(Line::from(vec![look.span(token, format!(" {:<16}", look.glyph(glyph))), look.span(Token::Text, word)]));
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let rect = middle(area, 72, height);
    let status = Line::from(look.span(Token::Dim, "Esc closes"));
    let inner = framed(c, rect, "Keys", status, Token::Focus);
    scrolled(c, inner, &lines, offset);
}
