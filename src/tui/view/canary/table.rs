//! The figures of both arms side by side, with what follows from them.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{super::tone, Canvas, cut_span};
use crate::{
    domain::{Arm, ArmMetrics, Comparison, ENOUGH_REQUESTS, History, Measure, NoValue},
    tui::{
        glyph::Glyph,
        model::{CanaryCell, ServiceRow, Tone, figures},
        theme::Token,
        widget::{Chart, evenly, put, put_line, text},
    },
};

/// What is known of an arm.
type Side<'a> = Result<&'a ArmMetrics, NoValue>;

/// A metric of both arms and what follows from it.
struct Metric<'a> {
    name: &'static str,
    canary: Measure,
    base: Measure,
    limit: Option<f64>,
    judged: Option<(Tone, String)>,
    show: fn(f64) -> String,
    /// The newest of the canary's and of the baseline's history.
    curves: [&'a [f64]; 2],
}

impl<'a> Metric<'a> {
    fn of(
        (name, show): (&'static str, fn(f64) -> String),
        arms: [&Side<'a>; 2],
        value: fn(&ArmMetrics) -> &Measure,
        history: fn(&History) -> &Vec<f64>,
    ) -> Self {
        let [canary, base] = arms.map(|arm| arm.clone().and_then(|a| value(a).clone()));
        let curve = |arm: &Side<'a>| arm.as_ref().ok().and_then(|a| a.history.as_ref()).map(|h| tail(history(h)));
        Self { name, canary, base, limit: None, judged: None, show, curves: arms.map(|arm| curve(arm).unwrap_or_default()) }
    }

    /// The same with a limit, and what both come to under it.
    fn under(self, limit: Option<f64>) -> Self {
        let judged = limit.map(|limit| judge(&self.canary, &self.base, limit));
        Self { limit, judged, ..self }
    }

    /// The same with a word on it.
    fn said(self, judged: (Tone, String)) -> Self {
        Self { judged: Some(judged), ..self }
    }

    /// Draws it into a row.
    fn draw(&self, c: &mut Canvas<'_>, area: Rect) {
        let look = c.look;
        let ends = ends(area.width);
        let left = |c: &mut Canvas<'_>, end: u16, word: &str, token| {
            put(c.buf, area, end.saturating_sub(text::columns(text::width(word))), 0, word, look.style(token));
        };
        put(c.buf, area, 0, 0, self.name, look.style(Token::Text));
        for (value, end, token) in [(&self.canary, ends[0], Token::Canary), (&self.base, ends[1], Token::Baseline)] {
            match value {
                Ok(v) => left(c, end, &(self.show)(*v), token),
                Err(NoValue::Waiting | NoValue::Empty) => left(c, end, look.glyph(Glyph::Nothing), Token::Faint),
                Err(_) => left(c, end, look.glyph(Glyph::Stale), Token::Stale),
            }
        }
        if let Some(limit) = self.limit {
            left(c, ends[2], &(self.show)(limit), Token::Dim);
        }
        let mut x = ends[2] + if area.width >= 44 { 2 } else { 1 };
        if let Some((t, word)) = &self.judged {
            let token = if *t == Tone::Good { Token::Dim } else { tone::token(*t) };
            let word = cut_span(c, look.span(token, word.clone()), area.width.saturating_sub(x + 2));
            let words = Line::from(vec![look.sign(tone::token(*t), tone::glyph(*t)), Span::raw(" "), word]);
            x = put_line(c.buf, area, x, 0, &words) + 2;
        }
        let x = x.max(46);
        if area.width > x + 12 {
            let [canary, baseline] = self.curves.map(evenly);
            let chart = Chart { canary: &canary, baseline: &baseline, axes: false, ..Chart::default() };
            chart.draw(Rect { x: area.x + x, width: area.width - x, ..area }, c.buf, look);
        }
    }
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

/// Draws the table; gives the rows that it took.
pub(super) fn draw(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, cell: &CanaryCell) -> u16 {
    let (m, look) = (c.m, c.look);
    if area.height == 0 {
        return 0;
    }
    let [test, base] = [Arm::Canary, Arm::Baseline].map(|arm| figures(&m.snapshot, &row.name, &cell.environment, arm));
    let arms = [&test, &base];
    let requests = test.clone().and_then(|a| a.requests.clone());
    let metrics = [
        Metric::of(("errors %", percent), arms, |a| &a.errors, |h| &h.errors).under(row.limits.errors),
        Metric::of(("p95 ms", millis), arms, |a| &a.p95, |h| &h.p95).under(row.limits.p95),
        Metric::of(("rps", whole), arms, |a| &a.rps, |h| &h.rps).said(enough(&requests)),
    ];
    for (head, end) in ["CANARY", "BASE", "LIMIT"].iter().zip(ends(area.width)) {
        put(c.buf, area, end - text::columns(head.len()), 0, head, look.style(Token::Dim));
    }
    for (y, metric) in (1..area.height).zip(&metrics) {
        metric.draw(c, Rect { y: area.y + y, height: 1, ..area });
    }
    // Why there are no figures, once, in words.
    let why = [&metrics[0].canary, &metrics[0].base].into_iter().find_map(|v| v.as_ref().err());
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
