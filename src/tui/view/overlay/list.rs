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
        update::{Choice, choices, letter},
        widget::{put, put_line, text},
    },
};

/// Draws rows with the bar at the selected one, which is seen however low the area is.
pub fn rows(c: &mut Canvas<'_>, inner: Rect, lines: &[Line<'static>], at: usize) {
    let look = c.look;
    let skip = (at.min(lines.len().saturating_sub(1)) + 1).saturating_sub(usize::from(inner.height).max(1));
    let at = at.saturating_sub(skip);
    for (y, line) in lines.iter().skip(skip).enumerate() {
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

/// What an action does; of one that cannot be done now why, and what would make it possible. Word for word what the
/// command line says.
fn detail(c: &Canvas<'_>, choice: &Choice, room: usize) -> Vec<Line<'static>> {
    let look = c.look;
    let wrap = |token: Token, words: &str| {
        let lines: Vec<Line<'static>> = text::wrap(words, room).into_iter().map(|l| Line::from(look.span(token, l))).collect();
        lines
    };
    let mut out = wrap(Token::Dim, &choice.verb.about());
    if let Err(refusal) = &choice.targets {
        out.extend(wrap(Token::Text, &format!("not now: {}", refusal.why)));
        out.extend(refusal.hint.iter().flat_map(|hint| wrap(Token::Link, hint.as_str())));
    }
    out
}

/// Every action, and of those that cannot be done now the reason; the selected one's is shown whole.
pub fn menu(c: &mut Canvas<'_>, area: Rect, at: usize) {
    /// Columns before the words of a row.
    const HEAD: usize = 13;
    let look = c.look;
    let choices = choices(c.m);
    let wide = area.width.saturating_sub(8).clamp(40, 100);
    let room = usize::from(wide.saturating_sub(6));
    let details: Vec<Vec<Line<'static>>> = choices.iter().map(|choice| detail(c, choice, room)).collect();
    let lines: Vec<Line<'static>> = choices
        .iter()
        .map(|choice| {
            let name: &'static str = choice.verb.into();
            let key = letter(choice.verb);
            let (token, rest) = match &choice.targets {
                Ok(targets) => {
                    let names: Vec<String> =
                        targets.iter().map(|a| format!("{} in {}", a.target().names(), a.target().env)).collect();
                    (Token::Text, names.join(", "))
                }
                Err(refusal) => (Token::Faint, refusal.why.to_string()),
            };
            let rest = look.span(Token::Dim, look.cut(&rest, room.saturating_sub(HEAD)).into_owned());
            let sign = if choice.targets.is_ok() { Span::raw(" ") } else { look.sign(Token::Faint, Glyph::NotNeeded) };
            Line::from(vec![look.span(Token::Key, format!("{key} ")), sign, look.span(token, format!(" {name:<9}")), rest])
        })
        .collect();
    // As high as the longest needs: the frame does not move with the selection.
    let most = details.iter().map(Vec::len).max().unwrap_or(0);
    let rect = middle(area, wide, text::columns(lines.len() + most + 3));
    let status = Line::from(look.span(Token::Dim, "a letter or Enter takes, Esc closes"));
    let inner = framed(c, rect, "Actions", status, Token::Focus);
    let all = text::columns(lines.len());
    // Where not everything fits, the reason of the selected row counts more than the rows around it.
    let wanted = details.get(at).map_or(0, |detail| text::columns(detail.len() + 1));
    let below = if all + wanted <= inner.height { inner.height - all } else { wanted.min(inner.height / 2) };
    let list = Rect { height: inner.height - below, ..inner };
    rows(c, list, &lines, at);
    let room = usize::from(below.saturating_sub(1));
    for (n, (y, line)) in (list.height + 1..inner.height).zip(details.get(at).into_iter().flatten()).enumerate() {
        let end = put_line(c.buf, inner, 2, y, line);
        if n + 1 == room && room + 1 < usize::from(wanted) {
            put(c.buf, inner, end, y, look.glyph(Glyph::Ellipsis), look.style(Token::Dim));
        }
    }
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
