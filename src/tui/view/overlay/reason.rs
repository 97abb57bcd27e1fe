//! Why somebody does it: one line with the words that are offered, each under its first letter, and what is said to
//! the one that was chosen. Who says nothing presses nothing.

use ratatui::text::{Line, Span};

use crate::{
    action::Action,
    engine::plan::{advice, reasons},
    tui::{look::Look, theme::Token, widget::text::pad},
};

/// What stands where nothing was said.
const NONE: &str = "unspecified";

/// The lines for an action, which may take the typed name; none where no reason is asked for.
pub fn lines(look: &Look, action: &Action, typed: bool, chosen: Option<&str>, room: usize) -> Vec<Line<'static>> {
    let offered = reasons(action, typed);
    if offered.is_empty() {
        return vec![];
    }
    let wide = offered.iter().map(|word| word.len()).max().unwrap_or(0).max(NONE.len());
    let (token, says) = chosen.map_or((Token::Dim, NONE), |word| (Token::Bright, word));
    let mut spans: Vec<Span<'static>> =
        vec![look.span(Token::Dim, "why      "), look.span(token, pad(says, wide, "")), Span::raw(" ")];
    let whole = 10 + wide + offered.iter().map(|word| word.len() + 4).sum::<usize>();
    for word in offered {
        let on = chosen == Some(*word);
        // A screen too narrow for the words keeps the letters.
        let (letter, rest) = (&word[..1], if whole <= room { format!(" {word}") } else { String::new() });
        spans.push(Span::raw(if whole <= room { "  " } else { " " }));
        spans.push(look.span(Token::Key, letter));
        spans.push(look.span(if on { Token::Text } else { Token::Dim }, rest));
    }
    let mut out = vec![Line::from(spans)];
    if let Some(says) = chosen.and_then(|word| advice(action, word)) {
        out.push(Line::from(vec![
            Span::raw(" ".repeat(9)),
            look.span(Token::Hold, look.cut(says, room.saturating_sub(9)).into_owned()),
        ]));
    }
    out
}
