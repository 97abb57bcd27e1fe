//! The verdict strip: the block, the stations, the sentence; and the screens that have no room for more.

use std::sync::Arc;

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, footer, header, layout, tone};
use crate::{
    action::Verb,
    domain::{Station, Verdict},
    tui::{
        command::{Command, Ui},
        glyph::Glyph,
        model::{Area, Tone, verdict_tone},
        theme::Token,
        widget::{badge, put, put_line, put_line_right, text},
    },
};

/// Where stations and sentence begin: behind the longest word, so that nothing moves when the verdict changes.
const INDENT: u16 = 10;

fn block(c: &mut Canvas<'_>, area: Rect) -> u16 {
    let verdict = c.m.snapshot.verdict.verdict;
    if !c.m.any_data() {
        return badge(c.buf, area, "READING", Token::Unknown, c.look);
    }
    badge(c.buf, area, &verdict.to_string(), tone::token(verdict_tone(Some(verdict))), c.look)
}

fn station(c: &Canvas<'_>, s: &Station, gap: bool) -> Vec<Span<'static>> {
    let look = c.look;
    let kind = s.kind.to_string();
    let space = if gap { " " } else { "" };
    let t = verdict_tone(s.verdict);
    match s.verdict {
        None => vec![look.span(Token::Faint, format!("{}{space}{kind}", look.glyph(Glyph::NotNeeded)))],
        Some(Verdict::Go) => vec![look.sign(Token::Go, tone::glyph(t)), look.span(Token::Dim, format!("{space}{kind}"))],
        Some(_) => vec![look.sign(tone::token(t), tone::glyph(t)), Span::raw(space), look.span(Token::Bright, kind)],
    }
}

/// Draws the strip: stations in the first row, the sentence in the second.
pub fn strip(c: &mut Canvas<'_>, area: Rect) {
    c.map.note(area, Area::Verdict);
    block(c, Rect { height: 1, ..area });
    let wide = area.width >= layout::TWO;
    let report = Arc::clone(&c.m.snapshot.verdict);
    if c.m.any_data() {
        let between = if wide { 3 } else { 2 };
        let need = |s: &Station| text::columns(s.kind.to_string().len()) + 1 + u16::from(wide) + between;
        let all: u16 = report.stations.iter().map(need).sum();
        // Where room is short, what is not configured goes first.
        let short = INDENT + all > area.width + between;
        let mut x = INDENT;
        for s in report.stations.iter().filter(|s| !short || s.verdict.is_some()) {
            let spans = station(c, s, wide);
            x = put_line(c.buf, area, x, 0, &Line::from(spans)) + between;
        }
    }
    let row = Rect { y: area.y + 1, height: 1, ..area };
    let keys = Line::from(helping(c));
    let indent = if wide { INDENT } else { 1 };
    let room = area.width.saturating_sub(indent + 1);
    let sentence = sentence(c);
    // The sentence goes before the keys: those stand in the footer too.
    let fits = text::columns(text::width(&sentence)) + text::columns(keys.width()) + 2 <= room;
    let shown = c.look.cut(&sentence, usize::from(room)).into_owned();
    put(c.buf, row, indent, 0, &shown, c.look.style(Token::Text));
    if fits {
        put_line_right(c.buf, Rect { width: row.width - 1, ..row }, 0, &keys);
    }
}

fn sentence(c: &Canvas<'_>) -> String {
    if c.m.any_data() {
        c.m.snapshot.verdict.sentence.to_string()
    } else {
        "asking the systems of the configuration; nothing has answered yet".to_owned()
    }
}

/// The keys that help most now.
fn helping(c: &Canvas<'_>) -> Vec<Span<'static>> {
    let m = c.m;
    let verdict = m.snapshot.verdict.verdict;
    let under_way = m.board.services.iter().any(|s| s.canary.is_some());
    let mut commands = vec![];
    if under_way && verdict == Verdict::NoGo {
        commands.push((Command::Act(Verb::Abort), "abort"));
    }
    if verdict == Verdict::Go {
        commands.push((Command::Ui(Ui::Copy), "copy"));
    } else {
        commands.push((Command::Ui(Ui::Worst), "go there"));
    }
    commands.push((Command::Ui(Ui::Why), "why"));
    let mut spans = vec![];
    for (command, word) in commands {
        let key = m.keymap.shown(command);
        if key.is_empty() {
            continue;
        }
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(c.look.span(Token::Key, key));
        spans.push(c.look.span(Token::Dim, format!(" {word}")));
    }
    spans
}

/// Only the word, and what is needed for more.
pub fn tiny(c: &mut Canvas<'_>, area: Rect) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    c.map.note(area, Area::Verdict);
    let used = block(c, Rect { height: 1, ..area });
    let need = "need 40x8";
    let style = c.look.style(Token::Dim);
    if area.height > 1 {
        put(c.buf, Rect { y: area.y + 1, height: 1, ..area }, 0, 0, need, style);
    } else if used + 10 <= area.width {
        put(c.buf, area, used + 1, 0, need, style);
    }
}

/// The verdict and what speaks against it, without panes.
pub fn only(c: &mut Canvas<'_>, area: Rect) {
    c.map.note(area, Area::Verdict);
    header::draw(c, Rect { height: 1, ..area });
    block(c, Rect { y: area.y + 1, height: 1, ..area });
    let report = Arc::clone(&c.m.snapshot.verdict);
    let last = area.bottom() - 1;
    let mut y = area.y + 2;
    let sentence = sentence(c);
    for line in text::wrap(&sentence, usize::from(area.width.saturating_sub(2))).into_iter().take(2) {
        if y < last {
            put(c.buf, Rect { y, height: 1, ..area }, 1, 0, &line, c.look.style(Token::Text));
            y += 1;
        }
    }
    if c.m.any_data() {
        let mut worst: Vec<&Station> = report.stations.iter().filter(|s| verdict_tone(s.verdict) > Tone::Good).collect();
        worst.sort_by_key(|s| std::cmp::Reverse(s.verdict));
        for s in worst {
            if y >= last {
                break;
            }
            let mut spans = station(c, s, true);
            if let Some(reason) = s.worst() {
                let service = reason.service.as_ref().map(|n| format!("{n}: ")).unwrap_or_default();
                spans.push(c.look.span(Token::Dim, format!("  {service}{}", reason.text)));
            }
            put_line(c.buf, Rect { y, height: 1, ..area }, 1, 0, &Line::from(spans));
            y += 1;
        }
        let good = report.stations.iter().filter(|s| s.verdict == Some(Verdict::Go)).map(|s| s.kind.to_string());
        let good: Vec<String> = good.collect();
        if y < last && !good.is_empty() {
            let line =
                Line::from(vec![c.look.sign(Token::Go, Glyph::Go), c.look.span(Token::Dim, format!(" {}", good.join(" ")))]);
            put_line(c.buf, Rect { y, height: 1, ..area }, 1, 0, &line);
        }
    }
    footer::draw(c, Rect { y: last, height: 1, ..area });
}
