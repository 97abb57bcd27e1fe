//! Lists to choose from: actions with their reasons, targets, themes.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle};
use crate::{
    action::{Action, Verb},
    tui::{
        glyph::Glyph,
        model::Area,
        theme::Token,
        update::{choices, letter},
        widget::{put, put_line},
    },
};

/// Draws rows with the bar at the selected one.
pub fn rows(c: &mut Canvas<'_>, inner: Rect, lines: &[Line<'static>], at: usize) {
    let look = c.look;
    for (y, line) in lines.iter().enumerate() {
        let row = Rect { y: inner.y.saturating_add(y as u16), height: 1, ..inner };
        if row.y >= inner.bottom() {
            break;
        }
        put_line(c.buf, row, 2, 0, line);
        if y == at {
            c.buf.set_style(row.intersection(c.buf.area), look.style(Token::Selected));
            put(c.buf, row, 0, 0, look.glyph(Glyph::Bar), look.style(Token::Bar));
        }
    }
    c.map.note(inner, Area::Overlay);
}

fn closes(c: &Canvas<'_>) -> Line<'static> {
    Line::from(c.look.span(Token::Dim, "Enter takes, Esc closes"))
}

/// Every action, and of those that cannot be done now the reason.
pub fn menu(c: &mut Canvas<'_>, area: Rect, at: usize) {
    let look = c.look;
    let choices = choices(c.m);
    let lines: Vec<Line<'static>> = choices
        .iter()
        .map(|choice| {
            let name: &'static str = choice.verb.into();
            let key = letter(choice.verb);
            let (token, rest) = match &choice.targets {
                Ok(targets) => {
                    let names: Vec<String> =
                        targets.iter().map(|a| format!("{} in {}", a.target().service, a.target().env)).collect();
                    (Token::Text, Span::styled(names.join(", "), look.style(Token::Dim)))
                }
                Err(refusal) => (Token::Faint, Span::styled(refusal.why.to_string(), look.style(Token::Dim))),
            };
            let sign = if choice.targets.is_ok() { Span::raw(" ") } else { look.sign(Token::Faint, Glyph::NotNeeded) };
            Line::from(vec![look.span(Token::Key, format!("{key} ")), sign, look.span(token, format!(" {name:<9}")), rest])
        })
        .collect();
    let rect = middle(area, 72, u16::try_from(lines.len() + 3).unwrap_or(8));
    let status = Line::from(look.span(Token::Dim, "a letter or Enter takes, Esc closes"));
    let inner = framed(c, rect, "Actions", status, Token::Focus);
    rows(c, inner, &lines, at);
    let about = choices.get(at).map(|choice| choice.verb.about()).unwrap_or_default();
    put(c.buf, inner, 2, inner.height.saturating_sub(1), &about, look.style(Token::Dim));
}

/// One action, several targets.
pub fn choose(c: &mut Canvas<'_>, area: Rect, verb: Verb, actions: &[Action], at: usize) {
    let look = c.look;
    let lines: Vec<Line<'static>> = actions
        .iter()
        .map(|a| {
            Line::from(vec![
                look.span(Token::Text, format!("{:<18} ", a.target().service)),
                look.span(Token::Production, a.target().env.to_string()),
            ])
        })
        .collect();
    let rect = middle(area, 60, u16::try_from(lines.len() + 2).unwrap_or(8).max(4));
    let name: &'static str = verb.into();
    let status = closes(c);
    let inner = framed(c, rect, &format!("Which rollout to {name}"), status, Token::Hold);
    rows(c, inner, &lines, at);
}

/// The themes; the selected one is in force while the list is open.
pub fn themes(c: &mut Canvas<'_>, area: Rect, at: usize) {
    let look = c.look;
    let lines: Vec<Line<'static>> = c.m.themes.iter().map(|name| Line::from(look.span(Token::Text, name.clone()))).collect();
    let rect = middle(area, 40, u16::try_from(lines.len() + 2).unwrap_or(8));
    let status = Line::from(look.span(Token::Dim, "Enter keeps, Esc back"));
    let inner = framed(c, rect, "Theme", status, Token::Focus);
    rows(c, inner, &lines, at);
}
