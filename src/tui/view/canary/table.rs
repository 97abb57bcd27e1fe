//! The figures of both arms side by side, with what follows from them.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{super::tone, Canvas, cut_span};
use crate::{
    domain::{Arm, ArmMetrics, Comparison, ENOUGH_REQUESTS, Measure, NoValue},
    tui::{
        glyph::Glyph,
        model::{CanaryCell, ServiceRow, Tone, figures},
        theme::Token,
        widget::{Chart, evenly, put, put_line, text},
    },
};

/// A metric of both arms and what follows from it.
struct Metric {
    name: &'static str,
    canary: Measure,
    base: Measure,
    limit: Option<f64>,
    show: fn(f64) -> String,
    pick: fn(&ArmMetrics) -> &[f64],
}

pub(super) fn percent(v: f64) -> String {
    format!("{:.2}", v * 100.0)
}

pub(super) fn millis(v: f64) -> String {
    format!("{:.0}", v * 1000.0)
}

fn whole(v: f64) -> String {
    if v < 10.0 { format!("{v:.1}") } else { format!("{v:.0}") }
}

fn errors_of(a: &ArmMetrics) -> &[f64] {
    a.history.as_ref().map(|h| h.errors.as_slice()).unwrap_or_default()
}

fn p95_of(a: &ArmMetrics) -> &[f64] {
    a.history.as_ref().map(|h| h.p95.as_slice()).unwrap_or_default()
}

fn rps_of(a: &ArmMetrics) -> &[f64] {
    a.history.as_ref().map(|h| h.rps.as_slice()).unwrap_or_default()
}

/// Draws the table; gives the rows that it took.
pub(super) fn draw(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, cell: &CanaryCell) -> u16 {
    let (m, look) = (c.m, c.look);
    if area.height == 0 {
        return 0;
    }
    let arm = |arm| figures(&m.snapshot, &row.name, &cell.environment, arm);
    let (test, base) = (arm(Arm::Canary), arm(Arm::Baseline));
    let get = |side: &Result<&ArmMetrics, NoValue>, pick: fn(&ArmMetrics) -> &Measure| side.clone().and_then(|a| pick(a).clone());
    let lines = [
        Metric {
            name: "errors %",
            canary: get(&test, |a| &a.errors),
            base: get(&base, |a| &a.errors),
            limit: row.limits.errors,
            show: percent,
            pick: errors_of,
        },
        Metric {
            name: "p95 ms",
            canary: get(&test, |a| &a.p95),
            base: get(&base, |a| &a.p95),
            limit: row.limits.p95,
            show: millis,
            pick: p95_of,
        },
        Metric {
            name: "rps",
            canary: get(&test, |a| &a.rps),
            base: get(&base, |a| &a.rps),
            limit: None,
            show: whole,
            pick: rps_of,
        },
    ];
    let requests = get(&test, |a| &a.requests);
    let ends = ends(area.width);
    for (head, end) in ["CANARY", "BASE", "LIMIT"].iter().zip(ends) {
        put(c.buf, area, end - text::columns(head.len()), 0, head, look.style(Token::Dim));
    }
    for (y, line) in (1u16..).zip(&lines) {
        if y >= area.height {
            break;
        }
        put(c.buf, area, 0, y, line.name, look.style(Token::Text));
        for (value, end, token) in [(&line.canary, ends[0], Token::Canary), (&line.base, ends[1], Token::Baseline)] {
            let (word, token) = match value {
                Ok(v) => ((line.show)(*v), token),
                Err(NoValue::Waiting | NoValue::Empty) => (look.glyph(Glyph::Nothing).to_owned(), Token::Faint),
                Err(_) => (look.glyph(Glyph::Stale).to_owned(), Token::Stale),
            };
            put(c.buf, area, end.saturating_sub(text::columns(text::width(&word))), y, &word, look.style(token));
        }
        if let Some(limit) = line.limit {
            let word = (line.show)(limit);
            put(c.buf, area, ends[2].saturating_sub(text::columns(text::width(&word))), y, &word, look.style(Token::Dim));
        }
        let judged =
            if line.name == "rps" { Some(enough(&requests)) } else { line.limit.map(|l| judge(&line.canary, &line.base, l)) };
        let mut x = ends[2] + if area.width >= 44 { 2 } else { 1 };
        if let Some((t, word)) = judged {
            let token = if t == Tone::Good { Token::Dim } else { tone::token(t) };
            let word = cut_span(c, look.span(token, word), area.width.saturating_sub(x + 2));
            let words = Line::from(vec![look.sign(tone::token(t), tone::glyph(t)), Span::raw(" "), word]);
            x = put_line(c.buf, area, x, y, &words) + 2;
        }
        let x = x.max(46);
        if area.width > x + 12 {
            let curve =
                |side: &Result<&ArmMetrics, NoValue>| side.as_ref().map(|a| evenly(tail((line.pick)(a)))).unwrap_or_default();
            let (canary, baseline) = (curve(&test), curve(&base));
            let chart = Chart { canary: &canary, baseline: &baseline, axes: false, ..Chart::default() };
            chart.draw(Rect { x: area.x + x, y: area.y + y, width: area.width - x, height: 1 }, c.buf, look);
        }
    }
    // Why there are no figures, once, in words.
    let why = [&lines[0].canary, &lines[0].base].into_iter().find_map(|v| v.as_ref().err());
    let y = 4;
    if let (Some(why), true) = (why, area.height > y) {
        let words = cut_span(c, look.span(Token::Stale, format!("{} {why}", look.glyph(Glyph::Stale))), area.width);
        put_line(c.buf, area, 0, y, &Line::from(words));
        return y + 1;
    }
    area.height.min(y)
}

/// Where the columns of canary, baseline and limit end: closer together where the last word would lose its end.
fn ends(width: u16) -> [u16; 3] {
    if width >= 44 { [16, 23, 30] } else { [15, 21, 27] }
}

/// The newest part of a history: what a curve of one row can show.
fn tail(values: &[f64]) -> &[f64] {
    &values[values.len().saturating_sub(40)..]
}

/// What station CANARY says of one figure, in a word.
fn judge(canary: &Measure, base: &Measure, limit: f64) -> (Tone, String) {
    match Comparison::of(canary, base, limit) {
        Comparison::Pass => (Tone::Good, "pass".to_owned()),
        Comparison::Worse => match (canary, base) {
            (Ok(c), Ok(b)) if *b > 0.0 => (Tone::Bad, format!("FAIL {:.0}x", c / b)),
            _ => (Tone::Bad, "FAIL".to_owned()),
        },
        Comparison::BothOver => (Tone::Hold, "both over".to_owned()),
        Comparison::Over => (Tone::Hold, "over".to_owned()),
        Comparison::BaselineOver => (Tone::Hold, "base is over".to_owned()),
        Comparison::Unknown(..) => (Tone::Unknown, "unknown".to_owned()),
    }
}

fn enough(requests: &Measure) -> (Tone, String) {
    match requests {
        Ok(n) if *n >= ENOUGH_REQUESTS => (Tone::Good, "enough".to_owned()),
        Ok(n) => (Tone::Unknown, format!("{n:.0} of {ENOUGH_REQUESTS:.0} requests")),
        Err(_) => (Tone::Unknown, "unknown".to_owned()),
    }
}
