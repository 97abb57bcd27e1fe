//! No canary: what serves, and how it does.

use ratatui::{layout::Rect, text::Line};

use super::{
    Canvas, cut_span,
    table::{millis, percent},
};
use crate::{
    domain::{ClusterName, Detail, NoteKind, Placement},
    tui::{
        glyph::Glyph,
        model::ServiceRow,
        theme::Token,
        widget::{put, put_line, text},
    },
};

/// Draws it.
pub(super) fn draw(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow) {
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
        for (token, text) in also(p) {
            y += 1;
            put_line(c.buf, area, 9, y, &Line::from(cut_span(c, look.span(token, text), area.width.saturating_sub(9))));
        }
    }
    y += 2;
    for (detail, place) in details(&m.snapshot.placements_of(&row.name, &target.name)) {
        if y >= area.height {
            break;
        }
        let token = if detail.warns { Token::Hold } else { Token::Dim };
        let words = place.map_or_else(|| detail.text.to_string(), |c| format!("{c} {}", detail.text));
        put_line(c.buf, area, 0, y, &Line::from(cut_span(c, look.span(token, words), area.width)));
        y += 1;
    }
}

/// What there is to know of the workload, once where all clusters agree; else with the name of the cluster.
fn details(placements: &[&Placement]) -> Vec<(Detail, Option<ClusterName>)> {
    let all: Vec<Vec<Detail>> = placements.iter().map(|p| p.details()).collect();
    let mut out: Vec<(Detail, Option<ClusterName>)> = vec![];
    for (p, mine) in placements.iter().zip(&all) {
        for detail in mine {
            let everywhere = all.iter().all(|other| other.contains(detail));
            let place = (!everywhere).then(|| p.key.cluster.clone());
            if !out.iter().any(|(d, c)| d == detail && *c == place) {
                out.push((detail.clone(), place));
            }
        }
    }
    out
}

/// What stands beside the serving pods: the idle side of a switch, and what is to be said of the traffic.
fn also(p: &Placement) -> Vec<(Token, String)> {
    let mut out = vec![];
    if let Some((sides, (serving, idle))) = p.sides.as_ref().and_then(|s| Some((s, s.active_and_idle()?))) {
        let version = idle.version.as_ref().map_or("nothing".to_owned(), ToString::to_string);
        let reached = match (&sides.preview, idle.endpoints) {
            (Some(preview), Some(ready)) => format!(", {ready} ready behind {preview}"),
            _ => String::new(),
        };
        let text = format!("{} serves; {} is idle with {version}{reached}", serving.workload.name, idle.workload.name);
        out.push((Token::Dim, text));
    }
    for note in p.traffic.iter().flat_map(|t| &t.notes) {
        let token = if note.kind == NoteKind::Broken { Token::NoGo } else { Token::Dim };
        out.push((token, note.text.to_string()));
    }
    out
}
