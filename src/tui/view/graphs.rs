//! Pane 5: errors and latency over time, canary over baseline.

use jiff::{SignedDuration, Timestamp};
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, unset};
use crate::{
    domain::{Arm, ArmMetrics, History, NoValue},
    tui::{
        model::{Pane, ServiceRow, figures},
        theme::Token,
        widget::{Chart, Limit, Marker, put, put_line},
    },
};

/// One of the two charts.
struct Graph {
    title: &'static str,
    pick: fn(&History) -> &[f64],
    scale: f64,
    format: fn(f64) -> String,
    now: fn(&ArmMetrics) -> Option<f64>,
    limit: Option<f64>,
}

/// Draws the pane: two charts, below each other, or beside each other where it is wide and low.
pub fn draw(c: &mut Canvas<'_>, area: Rect, tabs: bool) {
    let Some(row) = c.m.selected() else {
        unset::frame(c, Pane::Graphs, area, tabs, Line::default(), Line::default());
        return;
    };
    let graphs = [
        Graph {
            title: "Errors %",
            pick: |h| &h.errors,
            scale: 100.0,
            format: |v| if v < 10.0 { format!("{v:.1}") } else { format!("{v:.0}") },
            now: |a| a.errors.as_ref().ok().copied(),
            limit: row.limits.errors,
        },
        Graph {
            title: "p95 ms",
            pick: |h| &h.p95,
            scale: 1000.0,
            format: |v| format!("{v:.0}"),
            now: |a| a.p95.as_ref().ok().copied(),
            limit: row.limits.p95,
        },
    ];
    if tabs || (c.m.zoom && area.height < 16) {
        let inner = unset::frame(c, Pane::Graphs, area, tabs, Line::default(), Line::default());
        if inner.width < 24 {
            return;
        }
        let half = inner.width / 2;
        for (x, graph) in [(inner.x, &graphs[0]), (inner.x + half, &graphs[1])] {
            let part = Rect { x: x + 1, width: half - 2, ..inner };
            let mut title = vec![c.look.span(Token::Title, graph.title), Span::raw("  ")];
            title.extend(legend(c, row, graph));
            put_line(c.buf, part, 0, 0, &Line::from(title));
            chart(c, Rect { y: part.y + 1, height: part.height.saturating_sub(1), ..part }, row, graph);
        }
        return;
    }
    // Too low for two: the first tells more.
    let both = area.height >= 12;
    let first = if both { area.height.div_ceil(2) } else { area.height };
    for (at, graph) in graphs.iter().enumerate() {
        if at == 1 && !both {
            break;
        }
        let part = if at == 0 {
            Rect { height: first, ..area }
        } else {
            Rect { y: area.y + first, height: area.height - first, ..area }
        };
        let panel = crate::tui::widget::Panel {
            key: "5",
            title: graph.title,
            note: if at == 0 { Line::from(c.look.span(Token::Dim, row.name.to_string())) } else { Line::default() },
            status: Line::from(legend(c, row, graph)),
            focus: c.m.focus == Pane::Graphs,
            ..Default::default()
        };
        let inner = panel.draw(part, c.buf, c.look);
        if inner.width > 4 && inner.height > 0 {
            chart(c, Rect { x: inner.x + 1, width: inner.width - 2, ..inner }, row, graph);
        }
    }
}

/// The arms of a service: of the canary and what it is compared with; without one what serves.
fn arms<'a>(c: &'a Canvas<'_>, row: &ServiceRow) -> (Option<Result<&'a ArmMetrics, NoValue>>, Result<&'a ArmMetrics, NoValue>) {
    let m = c.m;
    match (&row.canary, m.snapshot.environment()) {
        (Some(cell), _) => {
            let arm = |arm| figures(&m.snapshot, &row.name, &cell.environment, arm);
            (Some(arm(Arm::Canary)), arm(Arm::Baseline))
        }
        (None, Some(last)) => (None, figures(&m.snapshot, &row.name, &last.name, Arm::Serving)),
        (None, None) => (None, Err(NoValue::Waiting)),
    }
}

fn legend(c: &Canvas<'_>, row: &ServiceRow, graph: &Graph) -> Vec<Span<'static>> {
    let (test, base) = arms(c, row);
    let show = |side: &Result<&ArmMetrics, NoValue>| {
        side.as_ref().ok().and_then(|a| (graph.now)(a)).map(|v| (graph.format)(v * graph.scale))
    };
    let mut out = vec![];
    if let Some(test) = &test {
        let value = show(test).unwrap_or_else(|| "?".to_owned());
        out.push(c.look.span(Token::Canary, format!("canary {value}")));
        out.push(Span::raw("  "));
    }
    let word = if test.is_some() { "base" } else { "now" };
    out.push(c.look.span(Token::Baseline, format!("{word} {}", show(&base).unwrap_or_else(|| "?".to_owned()))));
    out
}

fn chart(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, graph: &Graph) {
    let (test, base) = arms(c, row);
    let histories: Vec<Option<std::sync::Arc<History>>> = [test.as_ref(), Some(&base)]
        .into_iter()
        .map(|side| side.and_then(|s| s.as_ref().ok()).and_then(|a| a.history.clone()))
        .collect();
    let known: Vec<&std::sync::Arc<History>> = histories.iter().flatten().collect();
    let (Some(from), Some(to)) = (known.iter().map(|h| h.start).min(), known.iter().map(|h| end(h)).max()) else {
        let why = match [test, Some(base)].into_iter().flatten().find_map(Result::err) {
            Some(why) => why.to_string(),
            None => "no history yet".to_owned(),
        };
        let why = c.look.cut(&why, usize::from(area.width)).into_owned();
        put(c.buf, area, 0, 0, &why, c.look.style(Token::Dim));
        return;
    };
    let points = |h: &Option<std::sync::Arc<History>>| {
        h.as_ref().map(|h| points(h, (graph.pick)(h), graph.scale, from, to)).unwrap_or_default()
    };
    let (canary, baseline) = (points(&histories[0]), points(&histories[1]));
    let moved = match (&histories[0], &histories[1]) {
        (Some(canary), Some(base)) => {
            let detents: Vec<f64> = row
                .canary
                .as_ref()
                .and_then(|cell| cell.arms.first())
                .map(|(_, c)| c.detents().iter().map(|w| w.percent()).collect())
                .unwrap_or_default();
            moves(canary, base, &detents)
        }
        _ => vec![],
    };
    let labels: Vec<(f64, String)> =
        moved.into_iter().map(|(at, weight)| (share(at, from, to), format!("{weight:.0} %"))).collect();
    let markers: Vec<Marker<'_>> = labels.iter().map(|(at, label)| Marker { at: *at, label }).collect();
    let ends = (c.m.clock(from), c.m.clock(to));
    let chart = Chart {
        baseline: &baseline,
        canary: &canary,
        limit: graph.limit.map(|l| Limit { value: l * graph.scale }),
        markers: &markers,
        ends: (&ends.0, &ends.1),
        format: graph.format,
        ..Chart::default()
    };
    chart.draw(area, c.buf, c.look);
}

fn end(h: &History) -> Timestamp {
    let steps = i32::try_from(h.errors.len().saturating_sub(1)).unwrap_or(0);
    h.start.checked_add(h.step.saturating_mul(steps)).unwrap_or(h.start)
}

fn share(at: Timestamp, from: Timestamp, to: Timestamp) -> f64 {
    let whole = to.duration_since(from).as_secs_f64();
    if whole > 0.0 { at.duration_since(from).as_secs_f64() / whole } else { 1.0 }
}

fn at(h: &History, index: usize) -> Timestamp {
    h.start.checked_add(h.step.saturating_mul(i32::try_from(index).unwrap_or(0))).unwrap_or(h.start)
}

fn points(h: &History, values: &[f64], scale: f64, from: Timestamp, to: Timestamp) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(i, v)| (share(at(h, i), from, to), v * scale)).collect()
}

/// When the canary's share of the requests came near another step of its plan: read from the rates themselves, because
/// nobody writes down when a route was changed. A share counts once it stood for three points.
fn moves(canary: &History, base: &History, detents: &[f64]) -> Vec<(Timestamp, f64)> {
    if detents.is_empty() || canary.step != base.step || canary.step <= SignedDuration::ZERO {
        return vec![];
    }
    let shift = canary.start.duration_since(base.start).as_secs() / canary.step.as_secs().max(1);
    let near = |i: usize| -> Option<f64> {
        let other = usize::try_from(i as i64 + shift).ok()?;
        let (test, rest) = (*canary.rps.get(i)?, *base.rps.get(other)?);
        let share = test / (test + rest) * 100.0;
        if !share.is_finite() || share < 0.5 {
            return None;
        }
        detents
            .iter()
            .copied()
            .filter(|d| (d - share).abs() <= (d * 0.25).max(2.0))
            .min_by(|a, b| (a - share).abs().total_cmp(&(b - share).abs()))
    };
    let mut out: Vec<(Timestamp, f64)> = vec![];
    for i in 0..canary.rps.len() {
        let Some(weight) = near(i) else { continue };
        let stands = (i + 1..i + 3).all(|j| near(j) == Some(weight));
        if stands && out.last().is_none_or(|(_, last)| (*last - weight).abs() > f64::EPSILON) {
            out.push((at(canary, i), weight));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(rps: &[f64]) -> History {
        History {
            start: Timestamp::UNIX_EPOCH,
            step: SignedDuration::from_secs(30),
            errors: vec![],
            p95: vec![],
            rps: rps.to_vec(),
        }
    }

    #[test]
    fn a_step_is_seen_in_the_rates_once_it_stands() {
        let canary = history(&[f64::NAN, 5.0, 5.1, 4.9, 5.0, 12.0, 20.0, 20.2, 19.8, 20.0]);
        let base = history(&[100.0, 95.0, 95.0, 95.0, 95.0, 88.0, 80.0, 80.0, 80.0, 80.0]);
        let got: Vec<(i64, f64)> =
            moves(&canary, &base, &[5.0, 20.0, 50.0]).into_iter().map(|(t, w)| (t.as_second(), w)).collect();
        assert_eq!(got, [(30, 5.0), (180, 20.0)]);
        assert!(moves(&canary, &base, &[]).is_empty(), "without a plan nothing is guessed");
    }
}
