//! Pane 4: the revision under test: its share of the traffic, and how it does against the baseline.

use jiff::Timestamp;
use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

mod facts;
mod serving;
mod sides;
mod table;

use super::{Canvas, unset};
use crate::{
    action::Verb,
    domain::{CanaryPhase, ClusterName, Delegated, EnvironmentName, Step},
    tui::{
        command::Command,
        glyph::Glyph,
        model::{CanaryCell, Pane, ServiceRow, age},
        theme::Token,
        widget::{Slider, put, put_line, text},
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
            None => match sides::busy(m, row) {
                Some(side) => sides::draw(c, inner, &side),
                None => serving::draw(c, inner, row),
            },
        },
    }
}

/// What the controllers say of a service in an environment, per cluster.
fn delegated<'a>(
    m: &'a crate::tui::model::Model,
    row: &ServiceRow,
    environment: &EnvironmentName,
) -> Vec<(&'a ClusterName, &'a Delegated)> {
    let all = m.snapshot.placements_of(&row.name, environment);
    all.into_iter().filter_map(|p| Some((&p.key.cluster, p.delegated.as_ref()?))).collect()
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
    words.push(match (cell.actual, canary.by_pods) {
        (Some(actual), _) => look.span(Token::Bright, format!("{actual:.1} %")),
        // Nothing but the number of pods splits the traffic.
        (None, Some(share)) => look.span(Token::Bright, format!("{share} % of pods")),
        (None, None) => look.span(Token::Stale, look.glyph(Glyph::Stale)),
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
    below(c, Rect { y: area.y + end, height: area.height.saturating_sub(end), ..area }, row, cell);
}

/// The table, what else is to be known, and the way on and back in the last row. What is loud has a row before the last
/// figure has.
fn below(c: &mut Canvas<'_>, area: Rect, row: &ServiceRow, cell: &CanaryCell) {
    if area.height == 0 {
        return;
    }
    let facts = facts::of(c, row, cell);
    let room = area.height - 1;
    let loud = facts.iter().filter(|f| f.loud).count().min(usize::from(room.saturating_sub(3))) as u16;
    let took = table::draw(c, Rect { height: room.saturating_sub(loud).min(5), ..area }, row, cell);
    let rest = Rect { y: area.y + took, height: room.saturating_sub(took), ..area };
    facts::draw(c, rest, &facts, cell);
    // Directly below in a tall pane, else in the last row.
    let last = if facts.is_empty() { took.saturating_add(1).min(room) } else { room };
    ways(c, area, last, cell);
}

fn cut_span(c: &Canvas<'_>, span: Span<'static>, width: u16) -> Span<'static> {
    let content = c.look.cut(&span.content, usize::from(width)).into_owned();
    Span::styled(content, span.style)
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
