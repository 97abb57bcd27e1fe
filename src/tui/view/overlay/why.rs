//! Why the verdict is what it is: every station, every reason, what was looked at.

use std::sync::Arc;

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, framed, middle, scrolled};
use crate::{
    domain::Verdict,
    tui::{
        glyph::Glyph,
        model::{age, verdict_tone},
        theme::Token,
        view::tone,
        widget::{Panel, put, put_line, text},
    },
};

/// Draws the page.
pub fn draw(c: &mut Canvas<'_>, area: Rect, offset: usize) {
    let (m, look) = (c.m, c.look);
    let wide = area.width.saturating_sub(if area.width >= 100 { 12 } else { 4 }).min(110);
    let room = usize::from(wide.saturating_sub(6));
    let verdict = m.snapshot.verdict.verdict;
    let mut lines: Vec<Line<'static>> = vec![];
    for line in text::wrap(m.snapshot.verdict.sentence.as_str(), room) {
        lines.push(Line::from(look.span(Token::Bright, line)));
    }
    lines.push(Line::default());
    lines.extend(reasons(c, room));
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let rect = middle(area, wide, height);
    let status = Line::from(look.span(Token::Dim, format!("as of {}{}", m.clock(m.snapshot.at), m.zone_mark())));
    let tone = tone::token(verdict_tone(Some(verdict)));
    let inner = framed(c, rect, &format!("Why {verdict}"), status, tone);
    scrolled(c, inner, &lines, offset);
}

/// The same as a pane, where there is room for it beside everything else.
pub fn pane(c: &mut Canvas<'_>, area: Rect) {
    let panel = Panel { key: "v", title: "Why", ..Panel::default() };
    let inner = panel.draw(area, c.buf, c.look);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let lines = reasons(c, usize::from(inner.width));
    for (y, line) in (0..inner.height).zip(&lines) {
        put_line(c.buf, inner, 0, y, line);
    }
    let below = lines.len().saturating_sub(usize::from(inner.height));
    if below > 0 {
        let words = format!(" {} {below} more ", c.look.glyph(Glyph::Below));
        put(c.buf, Rect { y: inner.bottom(), height: 1, ..inner }, 1, 0, &words, c.look.style(Token::Dim));
    }
}

/// Every station with its reasons and what was looked at; then the sources in trouble.
fn reasons(c: &Canvas<'_>, room: usize) -> Vec<Line<'static>> {
    let (m, look) = (c.m, c.look);
    let report = Arc::clone(&m.snapshot.verdict);
    let mut lines: Vec<Line<'static>> = vec![];
    for (at, s) in report.stations.iter().enumerate() {
        // Those that are not configured stand together.
        if at > 0 && !(s.verdict.is_none() && report.stations[at - 1].verdict.is_none()) {
            lines.push(Line::default());
        }
        let t = verdict_tone(s.verdict);
        let (token, word) = match s.verdict {
            None => (Token::Dim, "not configured".to_owned()),
            Some(v) => (tone::token(t), v.to_string()),
        };
        let name = if s.verdict.is_none() || s.verdict == Some(Verdict::Go) { Token::Text } else { Token::Bright };
        let glyph = if s.verdict.is_none() { Glyph::NotNeeded } else { tone::glyph(t) };
        lines.push(Line::from(vec![
            look.sign(token, glyph),
            Span::raw(" "),
            look.span(name, format!("{:<8}", s.kind)),
            look.span(token, word),
        ]));
        for r in &s.reasons {
            let service = r.service.as_ref().map(|n| format!("{n}: ")).unwrap_or_default();
            let quiet = s.verdict.is_none() || r.verdict == Verdict::Go;
            for (at, line) in text::wrap(&format!("{service}{}", r.text), room.saturating_sub(4)).into_iter().enumerate() {
                let sign = if at == 0 && s.verdict.is_some() {
                    let t = verdict_tone(Some(r.verdict));
                    look.sign(tone::token(t), tone::glyph(t))
                } else {
                    Span::raw(" ")
                };
                let token = if quiet { Token::Dim } else { Token::Text };
                lines.push(Line::from(vec![Span::raw("  "), sign, Span::raw(" "), look.span(token, line)]));
            }
            for e in &r.evidence {
                for (at, line) in text::wrap(&format!("{}: {}", e.source, e.said), room.saturating_sub(8)).into_iter().enumerate()
                {
                    let lead = if at == 0 { look.glyph(Glyph::Dot) } else { " " };
                    lines.push(Line::from(look.span(Token::Dim, format!("      {lead} {line}"))));
                }
            }
        }
    }
    if !m.board.troubles.is_empty() {
        lines.push(Line::default());
        lines.push(Line::from(look.span(Token::Title, "sources in trouble")));
        for t in &m.board.troubles {
            let since = age(m.now.duration_since(t.since).as_secs());
            let since = if since == "live" { "just now".to_owned() } else { format!("since {since}") };
            let mut words = format!("{} {since}: {}", t.source, t.problem.what);
            if let Some(hint) = &t.problem.hint {
                words.push_str(&format!(" ({hint})"));
            }
            for (at, line) in text::wrap(&words, room.saturating_sub(4)).into_iter().enumerate() {
                let sign = if at == 0 { look.glyph(Glyph::Stale) } else { " " };
                lines.push(Line::from(look.span(Token::Stale, format!("  {sign} {line}"))));
            }
        }
    }
    lines
}
