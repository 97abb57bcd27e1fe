//! Pane 1: every service in every environment.

use jiff::Timestamp;
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, tone};
use crate::{
    domain::{Measure, ServiceName, Trouble},
    tui::{
        glyph::Glyph,
        look::Look,
        model::{Area, Model, Pane, ServiceRow, Tone, VersionCell, age, freshness},
        theme::Token,
        widget::{Align, Column, Panel, Slider, Table, put, scroll, text},
    },
};

/// What a column shows.
#[derive(Clone, Copy)]
enum Cell {
    Name,
    Ci,
    Environment(usize),
    Cluster(usize),
    Canary,
    Errors,
    P95,
}

/// Draws the pane.
pub fn draw(c: &mut Canvas<'_>, area: Rect) {
    let (m, look) = (c.m, c.look);
    let rows = m.service_rows();
    let keys: Vec<ServiceName> = rows.iter().map(|r| r.name.clone()).collect();
    let selected = m.services.row(&keys);
    let status = status(c, rows.len());
    let panel = Panel { key: "1", title: "Services", status, focus: m.focus == Pane::Services, ..Panel::default() };
    let inner = panel.draw(area, c.buf, look);
    if inner.width < 3 || inner.height < 2 {
        return;
    }
    let inner = Rect { width: inner.width - 1, ..inner };
    if rows.is_empty() {
        let why = if m.board.services.is_empty() {
            "no service is configured; config.example.toml shows how"
        } else {
            "no service matches the filter"
        };
        put(c.buf, inner, 2, 0, why, look.style(Token::Dim));
        return;
    }
    let heads = heads(m, &rows, area.width);
    let columns = columns(&heads, m.snapshot.topology.environments.len());
    let room = usize::from(inner.height - 1);
    let offset = scroll(m.services.offset, selected, rows.len(), room);
    let found = m.filter.found();
    let table = Table {
        columns: &columns,
        rows: rows.len(),
        offset,
        selected,
        head: true,
        cell: &|row, column| {
            let is_selected = selected == Some(row);
            let head = &heads[column];
            cell(look, rows[row], head.kind, head.width, is_selected, found.as_deref())
        },
    };
    let seen = table.draw(inner, c.buf, look);
    for (y, _) in (1..).zip(seen).filter(|(_, row)| m.marks.contains(&rows[*row].name)) {
        put(c.buf, inner, 1, y, look.glyph(Glyph::Mark), look.style(Token::Key));
    }
    c.map.note(Rect { y: inner.y + 1, height: inner.height - 1, ..inner }, Area::Rows(Pane::Services, offset));
}

/// What a column shows, what is written over it, and how wide it would like to be.
struct Head {
    kind: Cell,
    text: String,
    width: u16,
}

/// The columns for a pane of this width.
fn heads(m: &Model, rows: &[&ServiceRow], width: u16) -> Vec<Head> {
    let environments = &m.snapshot.topology.environments;
    let last = environments.len().saturating_sub(1);
    let clusters = environments.last().map(|e| e.clusters.as_slice()).unwrap_or_default();
    // With room for it the last environment is shown per cluster.
    let split = width >= 84 && clusters.len() > 1;
    let wide_canary = width >= if split { 90 } else { 76 };
    let widest = |texts: &mut dyn Iterator<Item = usize>, head: usize| text::columns(texts.max().unwrap_or(0).max(head));
    let fixed = |kind, text: &str, width| Head { kind, text: text.to_owned(), width };
    let names = widest(&mut m.board.services.iter().map(|r| text::width(r.name.as_str())), 7).min(24);
    let mut heads = vec![fixed(Cell::Name, "SERVICE", names), fixed(Cell::Ci, "CI", 2)];
    let mut place = |kind, text: String| {
        let text = text.to_uppercase();
        let cells = rows.iter().filter_map(|r| version(r, kind)).map(|v| text::width(&v.text) + usize::from(v.differs));
        let width = widest(&mut cells.into_iter(), text::width(&text)).clamp(6, 14);
        heads.push(Head { kind, text, width });
    };
    for (at, e) in environments.iter().enumerate() {
        let name = short(e.name.as_str());
        if split && at == last {
            for (n, placing) in clusters.iter().enumerate() {
                place(Cell::Cluster(n), format!("{name} {}", placing.cluster));
            }
        } else {
            place(Cell::Environment(at), name.to_owned());
        }
    }
    heads.push(if wide_canary { fixed(Cell::Canary, "CANARY set/act", 15) } else { fixed(Cell::Canary, "CANARY", 10) });
    heads.extend([fixed(Cell::Errors, "ERR %", 5), fixed(Cell::P95, "P95", 5)]);
    heads
}

/// The same for a table of so many environments: who grows where there is room, and who gives way where there is none.
fn columns(heads: &[Head], environments: usize) -> Vec<Column<'_>> {
    heads
        .iter()
        .map(|head| Column {
            head: &head.text,
            width: head.width,
            grow: match head.kind {
                Cell::Environment(_) | Cell::Cluster(_) => 2,
                Cell::Canary => 3,
                Cell::Name => 1,
                _ => 0,
            },
            align: if matches!(head.kind, Cell::Errors | Cell::P95) { Align::Right } else { Align::Left },
            give: match head.kind {
                Cell::Environment(0) if environments > 2 => 3,
                Cell::P95 => 2,
                Cell::Errors | Cell::Canary => 1,
                _ => 0,
            },
        })
        .collect()
}

/// What stands at the right of the frame: rows out of sight, filter, age.
fn status<'a>(c: &Canvas<'_>, shown: usize) -> Line<'a> {
    let (m, look) = (c.m, c.look);
    let mut parts: Vec<Span<'a>> = vec![];
    let all = m.board.services.len();
    if m.filter.text.is_empty() {
        let scope = m.board.services.iter().filter(|s| s.in_scope).count();
        if scope > 0 {
            parts.push(look.span(Token::Dim, format!("{scope} of {all} in the release")));
        }
    } else {
        parts.push(look.span(Token::Found, format!("/{}", m.filter.text)));
        parts.push(look.span(Token::Dim, format!("  {shown} of {all}")));
    }
    let dot = || look.span(Token::Dim, format!(" {} ", look.glyph(Glyph::Dot)));
    let marked = m.marked().count();
    if marked > 0 {
        let before = if parts.is_empty() { vec![] } else { vec![dot()] };
        parts.splice(0..0, std::iter::once(look.span(Token::Key, format!("{marked} marked"))).chain(before));
    }
    if !parts.is_empty() {
        parts.push(dot());
    }
    // The oldest section decides: one cluster that lags behind is not live.
    let oldest = m.snapshot.clusters.values().filter_map(|c| c.deployments.at()).min();
    let trouble = m.board.troubles.iter().find(|t| m.snapshot.clusters.keys().any(|c| t.source.as_str().starts_with(c.as_str())));
    match (trouble, oldest) {
        (Some(t), _) => parts.push(trouble_span(look, t, m.now)),
        (None, Some(at)) => parts.push(look.span(Token::Dim, freshness(m.now.duration_since(at).as_secs()))),
        (None, None) => parts.push(look.span(Token::Dim, "reading")),
    }
    Line::from(parts)
}

/// A source that is in trouble, since when, and when it is asked again where it told us to stay away.
pub fn trouble_span(look: &Look, trouble: &Trouble, now: Timestamp) -> Span<'static> {
    let since = match now.duration_since(trouble.since).as_secs() {
        ..10 => "just now".to_owned(),
        seconds => age(seconds),
    };
    let again = trouble.problem.until.map(|at| at.duration_since(now).as_secs()).filter(|left| *left > 0);
    // Rounded up to ten seconds: a countdown by the second would be a frame a second.
    let again = again.map(|left| format!(", again in {}", age((left + 9).max(10)))).unwrap_or_default();
    look.span(Token::Stale, format!("{} {} since {since}{again}", look.glyph(Glyph::Stale), trouble.source))
}

fn short(name: &str) -> &str {
    if name == "production" { "prod" } else { name }
}

fn version(row: &ServiceRow, kind: Cell) -> Option<&VersionCell> {
    match kind {
        Cell::Environment(at) => row.versions.get(at),
        Cell::Cluster(at) => row.clusters.get(at),
        _ => None,
    }
}

fn cell(look: &Look, row: &ServiceRow, kind: Cell, width: u16, selected: bool, found: Option<&str>) -> Line<'static> {
    let quiet = if row.in_scope { Token::Text } else { Token::Dim };
    match kind {
        Cell::Name => {
            let token = if selected { Token::Bright } else { quiet };
            let name = row.name.as_str();
            let Some(at) = found.and_then(|f| name.find(f).map(|at| (at, at + f.len()))) else {
                return Line::from(look.span(token, name.to_owned()));
            };
            Line::from(vec![
                look.span(token, name[..at.0].to_owned()),
                look.span(Token::Found, name[at.0..at.1].to_owned()),
                look.span(token, name[at.1..].to_owned()),
            ])
        }
        Cell::Ci => {
            // Outside the release only trouble and work under way are worth a colour.
            let calm = !row.in_scope && matches!(row.ci, Tone::Good | Tone::Unknown);
            Line::from(look.sign(if calm { Token::Dim } else { tone::token(row.ci) }, tone::glyph(row.ci)))
        }
        Cell::Environment(at) => version_line(look, row, row.versions.get(at), at == 0),
        Cell::Cluster(at) => version_line(look, row, row.clusters.get(at), false),
        Cell::Canary => canary(look, row, width),
        Cell::Errors => figure(look, row, &row.errors, row.limits.errors, |v| format!("{:.2}", v * 100.0)),
        Cell::P95 => figure(look, row, &row.p95, row.limits.p95, |v| format!("{:.0}", v * 1000.0)),
    }
}

fn version_line(look: &Look, row: &ServiceRow, cell: Option<&VersionCell>, first: bool) -> Line<'static> {
    let Some(cell) = cell.filter(|c| !c.text.is_empty()) else {
        return Line::from(look.sign(Token::Faint, Glyph::Nothing));
    };
    let token = match cell.tone {
        // Where everything starts there is nothing to compare with; and what is fine is quiet.
        Tone::Good if first || !row.in_scope => Token::Dim,
        Tone::Good => Token::Text,
        other => tone::token(other),
    };
    let mut spans = vec![look.span(token, cell.text.clone())];
    if cell.differs {
        spans.push(look.sign(Token::Unknown, Glyph::Differs));
    }
    if cell.stale {
        spans.push(look.sign(Token::Stale, Glyph::Stale));
    }
    Line::from(spans)
}

fn canary(look: &Look, row: &ServiceRow, width: u16) -> Line<'static> {
    let Some(canary) = &row.canary else { return Line::from(look.sign(Token::Faint, Glyph::Nothing)) };
    let Some(set) = canary.set() else { return Line::from(look.sign(Token::Unknown, Glyph::Unknown)) };
    let with_actual = width >= 15;
    let track = if with_actual { width - 5 } else { width };
    let slider = Slider { set, actual: canary.actual, ..Slider::default() };
    let mut line = if set > 0.0 {
        slider.cell(track, look)
    } else {
        Line::from(vec![
            look.span(Token::Faint, look.glyph(Glyph::SliderRest).repeat(usize::from(track.saturating_sub(4)))),
            look.span(Token::Canary, "   0"),
        ])
    };
    if canary.uneven() {
        line.push_span(look.sign(Token::Unknown, Glyph::Differs));
    } else if with_actual && let Some(actual) = canary.actual {
        // A share that is not near what was set is worth a look.
        let token = if (actual - set).abs() > 5.0 { Token::Hold } else { Token::Dim };
        line.push_span(look.span(token, format!("/{actual:.1}")));
    }
    line
}

fn figure(look: &Look, row: &ServiceRow, value: &Measure, limit: Option<f64>, show: impl Fn(f64) -> String) -> Line<'static> {
    match value {
        Ok(v) => {
            let over = limit.is_some_and(|l| *v > l);
            let token = match (over, row.in_scope) {
                (true, _) => Token::NoGo,
                (false, true) => Token::Text,
                (false, false) => Token::Dim,
            };
            let mut span = look.span(token, show(*v));
            if over {
                span.style = span.style.add_modifier(ratatui::style::Modifier::BOLD);
            }
            Line::from(span)
        }
        Err(crate::domain::NoValue::Waiting | crate::domain::NoValue::Empty) => {
            Line::from(look.sign(Token::Faint, Glyph::Nothing))
        }
        Err(crate::domain::NoValue::Down { problem }) if problem.as_str() == "not configured" => {
            Line::from(look.sign(Token::Faint, Glyph::NotNeeded))
        }
        Err(_) => Line::from(look.sign(Token::Stale, Glyph::Stale)),
    }
}
