//! Pane 2: what the pipelines do.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::{Canvas, services::trouble_span, tone, unset};
use crate::{
    domain::{RunKey, span},
    tui::{
        glyph::Glyph,
        model::{Area, Pane, Part, RunLine, RunRow, Tone, age, freshness},
        theme::Token,
        widget::{Align, Column, Table, put, put_line, text},
    },
};

/// Draws the pane.
pub fn draw(c: &mut Canvas<'_>, area: Rect, tabs: bool) {
    let (m, look) = (c.m, c.look);
    let rows = m.run_rows();
    let keys: Vec<RunKey> = rows.iter().map(|r| r.key.clone()).collect();
    let selected = m.runs.row(&keys).filter(|_| m.focus == Pane::Runs);
    let inner = unset::frame(c, Pane::Runs, area, tabs, Line::default(), status(c));
    if inner.width < 3 || inner.height < 1 {
        return;
    }
    let inner = Rect { width: inner.width - 1, ..inner };
    if rows.is_empty() {
        put(c.buf, inner, 2, 0, &empty(c), look.style(Token::Dim));
        return;
    }
    let widest =
        |of: &dyn Fn(&RunRow) -> usize, most: usize| text::columns(rows.iter().map(|r| of(r)).max().unwrap_or(0).min(most));
    let subject = widest(&|r| text::width(&r.subject), 18);
    let what = widest(&|r| text::width(&r.what), if inner.width > 90 { 28 } else { 18 });
    let column = |width, give| Column { width, give, ..Column::default() };
    let columns = [
        column(1, 0),
        column(subject, 0),
        column(what, 1),
        Column { width: 6, align: Align::Right, give: 3, ..Column::default() },
        Column { width: 7, align: Align::Right, give: 2, ..Column::default() },
        Column { width: 8, grow: 1, give: 2, ..Column::default() },
    ];
    let lines = m.run_lines();
    let offset = m.runs_offset(&lines, usize::from(inner.height));
    let line_of = |row: usize| lines.iter().position(|l| *l == RunLine::Run(row));
    let now = m.now;
    let table = Table {
        columns: &columns,
        rows: lines.len(),
        offset,
        selected: selected.and_then(line_of),
        head: false,
        cell: &|line, column| {
            let RunLine::Run(row) = lines[line] else { return Line::default() };
            let r = rows[row];
            let loud = matches!(r.tone, Tone::Bad | Tone::Person | Tone::Running | Tone::Unknown);
            let quiet = if r.in_scope { Token::Text } else { Token::Dim };
            Line::from(match column {
                0 => look.sign(if loud || r.in_scope { tone::token(r.tone) } else { Token::Dim }, tone::glyph(r.tone)),
                1 => look.span(if selected == Some(row) { Token::Bright } else { quiet }, r.subject.clone()),
                2 => look.span(if loud { tone::token(r.tone) } else { Token::Dim }, r.what.clone()),
                3 => look.span(Token::Dim, format!("#{}", r.number)),
                4 => look.span(Token::Dim, took(r, now)),
                _ => look.span(if r.tone == Tone::Bad { Token::NoGo } else { Token::Dim }, r.detail.clone()),
            })
        },
    };
    let seen = table.draw(inner, c.buf, look);
    for (y, line) in (0u16..).zip(&lines[seen]) {
        if let RunLine::Part(part) = line {
            draw_part(c, Rect { y: inner.y + y, height: 1, ..inner }, part);
        }
    }
    c.map.note(inner, Area::Rows(Pane::Runs, offset));
}

/// A line below the opened run.
fn draw_part(c: &mut Canvas<'_>, area: Rect, part: &Part) {
    let look = c.look;
    let loud = matches!(part.tone, Tone::Bad | Tone::Person | Tone::Running | Tone::Unknown | Tone::Hold);
    let x = 2 + 2 * part.level;
    let x = put_line(c.buf, area, x, 0, &Line::from(look.sign(tone::token(part.tone), tone::glyph(part.tone)))) + 1;
    let words = if loud { tone::token(part.tone) } else { Token::Text };
    let took = text::columns(text::width(&part.took));
    let room = usize::from(area.width.saturating_sub(x + took + 1));
    let what = look.cut(&part.what, room).into_owned();
    let x = put(c.buf, area, x, 0, &what, look.style(words));
    let room = usize::from(area.width.saturating_sub(x + took + 3));
    let detail = look.cut(&part.detail, room).into_owned();
    put(c.buf, area, x + 2, 0, &detail, look.style(Token::Dim));
    put(c.buf, area, area.width.saturating_sub(took), 0, &part.took, look.style(Token::Dim));
}

/// How long it took; of one that runs, in coarse steps.
fn took(r: &RunRow, now: jiff::Timestamp) -> String {
    match r.span {
        (start, Some(end)) => span(end.duration_since(start)),
        (start, None) => {
            let seconds = now.duration_since(start).as_secs();
            if seconds < 10 { "started".to_owned() } else { age(seconds) }
        }
    }
}

fn empty(c: &Canvas<'_>) -> String {
    let m = c.m;
    if !m.snapshot.topology.pipelines {
        "not configured: [defaults] pipeline = { github = \"owner/name\", workflow = \"ci.yml\" }".to_owned()
    } else if !m.filter.text.is_empty() {
        "no run matches the filter".to_owned()
    } else if m.snapshot.pipelines.runs.values().all(|f| !f.answered()) {
        "reading".to_owned()
    } else if let Some(t) = m.snapshot.pipelines.runs.values().find_map(crate::domain::Feed::problem) {
        t.what.to_string()
    } else {
        "no runs".to_owned()
    }
}

fn status(c: &Canvas<'_>) -> Line<'static> {
    let (m, look) = (c.m, c.look);
    let mut parts: Vec<Span<'static>> = vec![];
    let needs = m.board.runs.iter().filter(|r| r.tone == Tone::Person).count();
    if needs > 0 {
        parts.push(look.span(Token::Waiting, format!("{} {needs} waiting for a person", look.glyph(Glyph::Waiting))));
        parts.push(Span::raw("  "));
    }
    // Said once less than a fifth is left: before that it is of no use to anybody.
    if let Some(b) = m.snapshot.pipelines.budget.as_ref().filter(|b| b.remaining.saturating_mul(5) < b.limit) {
        let anew = b.reset.map(|at| format!(", anew at {}", at.strftime("%H:%MZ"))).unwrap_or_default();
        parts.push(look.span(Token::Hold, format!("{} of {} requests left{anew}  ", b.remaining, b.limit)));
    }
    let trouble = m.board.troubles.iter().find(|t| m.snapshot.pipelines.runs.keys().any(|r| t.source.as_str() == r.to_string()));
    let newest = m.snapshot.pipelines.runs.values().filter_map(crate::domain::Feed::at).min();
    match (trouble, newest) {
        (Some(t), _) => parts.push(trouble_span(look, t, m.now)),
        (None, Some(at)) => parts.push(look.span(Token::Dim, freshness(m.now.duration_since(at).as_secs()))),
        (None, None) => {}
    }
    Line::from(parts)
}
