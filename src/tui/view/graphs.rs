//! Pane 5: errors and latency over time, canary over baseline, and what else was measured.

mod beside;
mod moves;

use jiff::Timestamp;
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, unset};
use crate::{
    domain::{Arm, ArmMetrics, History, NoValue},
    tui::{
        model::{Pane, Percentile, ServiceRow, figures},
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

/// The latency chart of a percentile; limits are those of the 95th.
fn latency(percentile: Percentile, limit: Option<f64>) -> Graph {
    type Pick = fn(&History) -> &[f64];
    type Now = fn(&ArmMetrics) -> Option<f64>;
    let (title, pick, now): (_, Pick, Now) = match percentile {
        Percentile::P50 => ("p50 ms", |h| &h.p50, |a| a.p50.as_ref().ok().copied()),
        Percentile::P95 => ("p95 ms", |h| &h.p95, |a| a.p95.as_ref().ok().copied()),
        Percentile::P99 => ("p99 ms", |h| &h.p99, |a| a.p99.as_ref().ok().copied()),
    };
    let limit = limit.filter(|_| percentile == Percentile::P95);
    Graph { title, pick, scale: 1000.0, format: |v| format!("{v:.0}"), now, limit }
}

/// Draws the pane: two charts, below each other, or beside each other where it is wide and low; below them what else was
/// measured, where there is room.
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
        latency(c.m.percentile, row.limits.p95),
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
    let (test, base) = arms(c, row);
    let lines = beside::lines(c.look, test.as_ref().and_then(|t| t.as_ref().ok()).copied(), base.as_ref().ok().copied());
    // Never at the charts' cost: they keep twelve rows.
    let below = u16::try_from(lines.len()).unwrap_or(0).min(area.height.saturating_sub(12));
    let area = Rect { height: area.height - below, ..area };
    beside::draw(c, Rect { y: area.bottom(), height: below, ..area }, &lines);
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

/// Names and values of the curves: now, or at the cursor.
fn legend(c: &Canvas<'_>, row: &ServiceRow, graph: &Graph) -> Vec<Span<'static>> {
    let (test, base) = arms(c, row);
    let when = c.m.graph_cursor.and_then(|back| {
        let sides = [test.as_ref(), Some(&base)].into_iter().flatten();
        let known = sides.filter_map(|s| s.as_ref().ok()?.history.as_ref()).max_by_key(|h| h.end())?;
        Some(known.at(known.errors.len().saturating_sub(1).saturating_sub(back)))
    });
    let show = |side: &Result<&ArmMetrics, NoValue>| {
        let arm = *side.as_ref().ok()?;
        let value = match when {
            None => (graph.now)(arm),
            Some(when) => value_at(arm.history.as_deref()?, (graph.pick)(arm.history.as_deref()?), when),
        };
        value.map(|v| (graph.format)(v * graph.scale))
    };
    let mut out = vec![];
    if let Some(when) = when {
        out.push(c.look.span(Token::Focus, format!("{}{}", c.m.clock(when), c.m.zone_mark())));
        out.push(Span::raw("  "));
    }
    if let Some(test) = &test {
        let value = show(test).unwrap_or_else(|| "?".to_owned());
        out.push(c.look.span(Token::Canary, format!("canary {value}")));
        out.push(Span::raw("  "));
    }
    let word = if test.is_some() {
        "base"
    } else if when.is_some() {
        "value"
    } else {
        "now"
    };
    out.push(c.look.span(Token::Baseline, format!("{word} {}", show(&base).unwrap_or_else(|| "?".to_owned()))));
    out
}

/// The value of a line at a time.
fn value_at(h: &History, line: &[f64], when: Timestamp) -> Option<f64> {
    let index = when.duration_since(h.start).as_secs() / h.step.as_secs().max(1);
    line.get(usize::try_from(index).ok()?).copied().filter(|v| v.is_finite())
}

fn chart(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, graph: &Graph) {
    let (test, base) = arms(c, row);
    let histories: Vec<Option<std::sync::Arc<History>>> = [test.as_ref(), Some(&base)]
        .into_iter()
        .map(|side| side.and_then(|s| s.as_ref().ok()).and_then(|a| a.history.clone()))
        .collect();
    let known: Vec<&std::sync::Arc<History>> = histories.iter().flatten().collect();
    let (Some(from), Some(to)) = (known.iter().map(|h| h.start).min(), known.iter().map(|h| h.end()).max()) else {
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
            moves::moves(canary, base, &detents)
        }
        _ => vec![],
    };
    let marks = moves::joined(moves::noticed(&c.m.snapshot.events, &row.name), moved);
    let labels: Vec<(f64, String)> = marks.into_iter().map(|(at, label)| (share(at, from, to), label)).collect();
    let cursor = c.m.graph_cursor.and_then(|back| {
        let longest = known.iter().max_by_key(|h| h.end())?;
        Some(share(longest.at(longest.errors.len().saturating_sub(1).saturating_sub(back)), from, to))
    });
    let markers: Vec<Marker<'_>> = labels.iter().map(|(at, label)| Marker { at: *at, label }).collect();
    let ends = (c.m.clock(from), c.m.clock(to));
    let chart = Chart {
        baseline: &baseline,
        canary: &canary,
        limit: graph.limit.map(|l| Limit { value: l * graph.scale }),
        markers: &markers,
        ends: (&ends.0, &ends.1),
        format: graph.format,
        cursor,
        ..Chart::default()
    };
    chart.draw(area, c.buf, c.look);
}

fn share(at: Timestamp, from: Timestamp, to: Timestamp) -> f64 {
    let whole = to.duration_since(from).as_secs_f64();
    if whole > 0.0 { at.duration_since(from).as_secs_f64() / whole } else { 1.0 }
}

fn points(h: &History, values: &[f64], scale: f64, from: Timestamp, to: Timestamp) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(i, v)| (share(h.at(i), from, to), v * scale)).collect()
}
