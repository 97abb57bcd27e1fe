//! What is under way: a line of it below everything else, and the whole list.

use jiff::SignedDuration;
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{
    Canvas,
    overlay::{framed, middle, scrolled},
};
use crate::{
    domain::Exit,
    engine::operation::Stand,
    tui::{
        glyph::Glyph,
        model::Operation,
        theme::Token,
        widget::{put_line, text},
    },
};

/// How long something has taken, to the second: shown only while it is under way.
fn elapsed(took: SignedDuration) -> String {
    let s = took.as_secs();
    if s < 60 { format!("{s} s") } else { format!("{}m{:02}s", s / 60, s % 60) }
}

fn sign(o: &Operation) -> (Token, Glyph) {
    match o.exit() {
        None => (Token::Running, Glyph::Running),
        Some(Exit::Done) => (Token::Go, Glyph::Go),
        Some(Exit::Unknown) => (Token::Unknown, Glyph::Unknown),
        Some(Exit::Changed | Exit::Hold | Exit::Interrupted) => (Token::Hold, Glyph::Hold),
        Some(Exit::Failed | Exit::Usage | Exit::Refused | Exit::Journal) => (Token::NoGo, Glyph::NoGo),
    }
}

fn stand(state: Stand) -> (Token, Glyph) {
    match state {
        Stand::Reached => (Token::Go, Glyph::Go),
        Stand::Waiting | Stand::NotBegun => (Token::Dim, Glyph::NotNeeded),
        Stand::Looking | Stand::Sending | Stand::Settling | Stand::Accepted => (Token::Running, Glyph::Running),
        Stand::Reverted | Stand::Changed | Stand::GaveUp => (Token::Hold, Glyph::Hold),
        Stand::Failed | Stand::NotApplied | Stand::NotThere => (Token::NoGo, Glyph::NoGo),
        Stand::Unknown => (Token::Unknown, Glyph::Unknown),
    }
}

fn line_of(c: &Canvas<'_>, o: &Operation) -> Line<'static> {
    let look = c.look;
    let (token, glyph) = sign(o);
    let mut spans = vec![look.sign(token, glyph), look.span(Token::Bright, format!(" {}", o.title))];
    let (done, all) = o.share();
    if all > 1 {
        spans.push(look.span(Token::Text, format!("  {done} of {all}")));
    }
    spans.push(look.span(Token::Dim, format!("  {}", elapsed(o.took(c.m.now)))));
    spans.push(look.span(token, format!("  {}", o.words())));
    if o.plan.is_none() {
        spans.push(look.span(Token::Hold, "  left open by an earlier start"));
    }
    Line::from(spans)
}

/// How many rows are needed for what is under way.
pub fn rows(c: &crate::tui::model::Model) -> u16 {
    u16::try_from(c.under_way().count().min(3)).unwrap_or(3)
}

/// Draws a line for each that is under way, the newest last.
pub fn lines(c: &mut Canvas<'_>, area: Rect) {
    let all: Vec<&Operation> = c.m.under_way().collect();
    let skip = all.len().saturating_sub(usize::from(area.height));
    for (y, o) in (0u16..).zip(all.into_iter().skip(skip)) {
        let line = line_of(c, o);
        put_line(c.buf, area, 1, y, &line);
    }
}

/// Draws the list, with every target; what is open comes first, then the newest.
pub fn list(c: &mut Canvas<'_>, area: Rect, offset: usize) {
    let look = c.look;
    let mut all: Vec<&Operation> = c.m.operations.iter().rev().collect();
    all.sort_by_key(|o| (o.ended(), o.plan.is_some()));
    let wide = area.width.saturating_sub(8).clamp(40, 88);
    let room = usize::from(wide.saturating_sub(8));
    let mut lines: Vec<Line<'static>> = vec![];
    let fact = |lines: &mut Vec<Line<'static>>, token: Token, words: &str| {
        for line in text::wrap(words, room) {
            lines.push(Line::from(vec![Span::raw("    "), look.span(token, line)]));
        }
    };
    for o in all {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let (token, glyph) = sign(o);
        let head = format!(" {}  {}", o.title, elapsed(o.took(c.m.now)));
        lines.push(Line::from(vec![look.sign(token, glyph), look.span(Token::Bright, head)]));
        fact(&mut lines, token, &o.words());
        let op = o.progress.as_ref().map(|p| format!(", operation {}", p.op)).unwrap_or_default();
        fact(&mut lines, Token::Dim, &format!("by {} at {}{op}", o.actor, c.m.clock(o.began)));
        if let Some(hint) = o.progress.as_ref().and_then(|p| p.outcome.as_ref()).and_then(|o| o.hint.as_ref()) {
            fact(&mut lines, Token::Text, hint.as_str());
        }
        if !o.undo.is_empty() && !o.trouble() {
            fact(&mut lines, Token::Dim, &format!("undo: {}", o.undo));
        }
        for t in o.progress.iter().flat_map(|p| &p.targets) {
            let (token, glyph) = stand(t.state);
            let words = if t.words.is_empty() { String::new() } else { format!(", {}", t.words) };
            lines.push(Line::from(vec![
                Span::raw("    "),
                look.sign(token, glyph),
                look.span(Token::Text, format!(" {}  ", t.target)),
                look.span(token, format!("{}{words}", t.state)),
            ]));
        }
    }
    if lines.is_empty() {
        lines.push(Line::from(look.span(Token::Dim, "nothing was changed from here")));
    }
    let rect = middle(area, wide, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let status = Line::from(look.span(Token::Dim, "Esc closes"));
    let inner = framed(c, rect, "Operations", status, Token::Focus);
    scrolled(c, inner, &lines, offset);
}
