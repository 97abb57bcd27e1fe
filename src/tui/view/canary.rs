//! Pane 4: the revision under test: its share of the traffic, and how it does against the baseline.

use jiff::Timestamp;
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, tone, unset};
use crate::{
    action::Verb,
    domain::{Arm, ArmMetrics, CanaryPhase, Comparison, ENOUGH_REQUESTS, Measure, NoValue, Step},
    tui::{
        command::Command,
        glyph::Glyph,
        model::{CanaryCell, Pane, ServiceRow, Tone, age, figures},
        theme::Token,
        widget::{Chart, Slider, evenly, put, put_line, text},
    },
};

/// Draws the pane.
pub fn draw(c: &mut Canvas<'_>, area: Rect, tabs: bool) {
    let (m, look) = (c.m, c.look);
    let selected = m.selected();
    let mut note = vec![];
    let mut status = vec![];
    if let Some(row) = selected {
        note.push(look.span(Token::Text, row.name.to_string()));
        if let Some((_, canary)) = row.canary.as_ref().and_then(|cell| cell.arms.first()) {
            if !tabs {
                note.push(look.span(Token::Dim, format!(" {} {}", look.glyph(Glyph::Dot), canary.owner)));
            }
            if let Some(step) = canary.step.filter(|_| !canary.steps.is_empty()) {
                let word = format!("step {}/{}", (step + 1).min(canary.steps.len() as u32), canary.steps.len());
                status.push(look.span(Token::Dim, word));
            }
        }
    }
    let inner = unset::frame(c, Pane::Canary, area, tabs, Line::from(note), Line::from(status));
    if inner.width < 8 || inner.height == 0 {
        return;
    }
    let inner = Rect { x: inner.x + 1, width: inner.width - 2, ..inner };
    match selected {
        None => {
            put(c.buf, inner, 0, 0, "no service is selected", look.style(Token::Dim));
        }
        Some(row) => match &row.canary {
            Some(cell) => under_way(c, inner, row, cell),
            None => serving(c, inner, row),
        },
    }
}

/// Where it stands, in a few words.
fn phase(c: &Canvas<'_>, phase: &CanaryPhase) -> Span<'static> {
    let look = c.look;
    let since = |at: Option<Timestamp>| {
        at.map(|at| c.m.now.duration_since(at).as_secs()).filter(|s| *s >= 10).map(|s| format!(" {}", age(s))).unwrap_or_default()
    };
    match phase {
        CanaryPhase::Progressing => look.span(Token::Running, "on its way"),
        CanaryPhase::Paused { since: at, planned: true, .. } => look.span(Token::Dim, format!("paused{}", since(*at))),
        CanaryPhase::Paused { since: at, reason, .. } => look.span(Token::Hold, format!("paused{}: {reason}", since(*at))),
        CanaryPhase::Aborted { reason } => look.span(Token::NoGo, format!("aborted: {reason}")),
        CanaryPhase::Done => look.span(Token::Go, "done"),
        CanaryPhase::Unknown { reason } => look.span(Token::Unknown, format!("{reason}")),
    }
}

fn under_way(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, cell: &CanaryCell) {
    let look = c.look;
    let Some((_, canary)) = cell.arms.first() else { return };
    let steps: Vec<f64> = canary.detents().iter().map(|w| w.percent()).collect();
    // Beside the slider where the pane is wide, else below it.
    let beside = area.width >= 70;
    let track = if beside { area.width.saturating_sub(28) } else { area.width };
    if let Some(set) = cell.set() {
        let slider = Slider { set, actual: cell.actual, draft: None, steps: &steps };
        slider.draw(Rect { x: area.x + 1, width: track.saturating_sub(2), height: area.height.min(2), ..area }, c.buf, look);
    } else {
        put(c.buf, area, 0, 1, "no route tells the weight", look.style(Token::Unknown));
    }
    let mut words = vec![look.span(Token::Dim, "set ")];
    if cell.uneven() {
        for (cluster, canary) in &cell.arms {
            let weight = canary.set.map_or("?".to_owned(), |w| w.to_string());
            words.push(look.span(Token::Dim, format!("{cluster} ")));
            words.push(look.span(Token::Canary, format!("{weight} %  ")));
        }
    } else {
        words.push(look.span(Token::Canary, cell.set().map_or("?".to_owned(), |w| format!("{w:.0}")) + " %"));
    }
    words.push(look.span(Token::Dim, "  actual "));
    words.push(match cell.actual {
        Some(actual) => look.span(Token::Bright, format!("{actual:.1} %")),
        None => look.span(Token::Stale, look.glyph(Glyph::Stale)),
    });
    let y = if beside { 1 } else { 2 };
    let x = if beside { track + 1 } else { 0 };
    let mut end = put_line(c.buf, area, x, y, &Line::from(words)) + 2;
    let state = phase(c, &canary.state);
    let (mut sx, mut sy) = (end, y);
    if beside || end + text::columns(state.width()) > area.width {
        (sx, sy) = if beside { (x, 0) } else { (0, 3) };
    }
    put_line(c.buf, area, sx, sy, &Line::from(cut_span(c, state, area.width.saturating_sub(sx))));
    end = if sy == 3 { 4 } else { y + 1 };
    table(c, Rect { y: area.y + end, height: area.height.saturating_sub(end), ..area }, row, cell);
}

fn cut_span(c: &Canvas<'_>, span: Span<'static>, width: u16) -> Span<'static> {
    let content = c.look.cut(&span.content, usize::from(width)).into_owned();
    Span::styled(content, span.style)
}

/// A metric of both arms and what follows from it.
struct Metric {
    name: &'static str,
    canary: Measure,
    base: Measure,
    limit: Option<f64>,
    show: fn(f64) -> String,
    pick: fn(&ArmMetrics) -> &[f64],
}

fn percent(v: f64) -> String {
    format!("{:.2}", v * 100.0)
}

fn millis(v: f64) -> String {
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

fn table(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, cell: &CanaryCell) {
    let (m, look) = (c.m, c.look);
    if area.height == 0 {
        return;
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
    // name, canary, base, limit, verdict; the rest is a curve.
    const ENDS: [u16; 3] = [16, 23, 30];
    for (head, end) in ["CANARY", "BASE", "LIMIT"].iter().zip(ENDS) {
        put(c.buf, area, end - text::columns(head.len()), 0, head, look.style(Token::Dim));
    }
    for (y, line) in (1u16..).zip(&lines) {
        if y >= area.height {
            break;
        }
        put(c.buf, area, 0, y, line.name, look.style(Token::Text));
        for (value, end, token) in [(&line.canary, ENDS[0], Token::Canary), (&line.base, ENDS[1], Token::Baseline)] {
            let (word, token) = match value {
                Ok(v) => ((line.show)(*v), token),
                Err(NoValue::Waiting | NoValue::Empty) => (look.glyph(Glyph::Nothing).to_owned(), Token::Faint),
                Err(_) => (look.glyph(Glyph::Stale).to_owned(), Token::Stale),
            };
            put(c.buf, area, end.saturating_sub(text::columns(text::width(&word))), y, &word, look.style(token));
        }
        if let Some(limit) = line.limit {
            let word = (line.show)(limit);
            put(c.buf, area, ENDS[2].saturating_sub(text::columns(text::width(&word))), y, &word, look.style(Token::Dim));
        }
        let judged =
            if line.name == "rps" { Some(enough(&requests)) } else { line.limit.map(|l| judge(&line.canary, &line.base, l)) };
        let mut x = ENDS[2] + 2;
        if let Some((t, word)) = judged {
            let token = if t == Tone::Good { Token::Dim } else { tone::token(t) };
            x = put_line(
                c.buf,
                area,
                x,
                y,
                &Line::from(vec![look.sign(tone::token(t), tone::glyph(t)), Span::raw(" "), look.span(token, word)]),
            ) + 2;
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
    let mut y = 4;
    if let (Some(why), true) = (why, area.height > y) {
        let words = cut_span(c, look.span(Token::Stale, format!("{} {why}", look.glyph(Glyph::Stale))), area.width);
        put_line(c.buf, area, 0, y, &Line::from(words));
        y += 1;
    }
    if area.height > y {
        ways(c, area, area.height.min(y + 2) - 1, cell);
    }
}

/// The newest part of a history: what a curve of one row can show.
fn tail(values: &[f64]) -> &[f64] {
    &values[values.len().saturating_sub(40)..]
}

/// What comes next by the plan, and the way back.
fn ways(c: &mut Canvas<'_>, area: Rect, y: u16, cell: &CanaryCell) {
    let look = c.look;
    let Some((_, canary)) = cell.arms.first() else { return };
    let mut words = vec![];
    let here = canary.step.map_or(usize::MAX, |s| s as usize);
    let next =
        canary.steps.iter().skip(here.saturating_add(1)).find_map(|s| if let Step::SetWeight(w) = s { Some(*w) } else { None });
    if !canary.steps.is_empty() && here < usize::MAX {
        let to = next.map_or("100".to_owned(), |w| w.to_string());
        words.push(look.span(Token::Dim, format!("next {to} %   ")));
    }
    let key = c.m.keymap.shown(Command::Act(Verb::Abort));
    if !matches!(canary.state, CanaryPhase::Aborted { .. }) && !key.is_empty() {
        words.push(look.span(Token::Dim, "back  "));
        words.push(look.span(Token::Key, key));
        let set = cell.set().map_or("?".to_owned(), |w| format!("{w:.0}"));
        words.push(look.span(Token::Dim, format!(" abort {set} {} 0", look.glyph(Glyph::To))));
    }
    put_line(c.buf, area, 0, y, &Line::from(words));
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

/// No canary: what serves, and how it does.
fn serving(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow) {
    let look = c.look;
    put(c.buf, area, 0, 0, "no rollout under way", look.style(Token::Dim));
    let m = c.m;
    let mut y = 2;
    for (name, value, limit, show) in
        [("errors %", &row.errors, row.limits.errors, percent as fn(f64) -> String), ("p95 ms", &row.p95, row.limits.p95, millis)]
    {
        let (word, token) = match value {
            Ok(v) if limit.is_some_and(|l| *v > l) => (show(*v), Token::NoGo),
            Ok(v) => (show(*v), Token::Baseline),
            Err(_) => (look.glyph(Glyph::Nothing).to_owned(), Token::Faint),
        };
        put(c.buf, area, 0, y, name, look.style(Token::Text));
        put(c.buf, area, 18u16.saturating_sub(text::columns(text::width(&word))), y, &word, look.style(token));
        if let Some(limit) = limit {
            put(c.buf, area, 20, y, &format!("limit {}", show(limit)), look.style(Token::Dim));
        }
        y += 1;
    }
    let Some(target) = m.snapshot.environment() else { return };
    for p in m.snapshot.placements_of(&row.name, &target.name) {
        let (token, word) = match &p.health {
            crate::domain::Health::Pass => (Token::Dim, format!("{} of {} pods available", p.pods.available, p.pods.wanted)),
            crate::domain::Health::Missing => (Token::Dim, "not here".to_owned()),
            crate::domain::Health::Progressing(why) => (Token::Running, why.to_string()),
            crate::domain::Health::Fail(why) => (Token::NoGo, why.first().map(ToString::to_string).unwrap_or_default()),
            crate::domain::Health::Unknown(why) => (Token::Unknown, why.to_string()),
        };
        y += 1;
        let line = vec![
            look.span(Token::Dim, format!("{:<8} ", p.key.cluster)),
            cut_span(c, look.span(token, word), area.width.saturating_sub(9)),
        ];
        put_line(c.buf, area, 0, y, &Line::from(line));
    }
}
