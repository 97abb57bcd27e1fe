//! Where everything goes, from the size alone.

use ratatui::layout::Rect;

use super::operations;
use crate::tui::model::{Model, Pane};

/// Columns and rows below which there is only the word.
const LEAST: (u16, u16) = (40, 8);
/// Columns and rows below which there is no room for panes.
const PANES: (u16, u16) = (60, 14);
/// Columns from which panes stand beside each other in two columns.
pub const TWO: u16 = 100;
/// Columns from which panes stand in three columns.
pub const THREE: u16 = 160;
/// Rows from which the detail has room below the services.
const DETAIL: u16 = 20;
/// Rows from which the reasons of the verdict get a frame of their own.
const WHY: u16 = 8;
/// Rows of the canary pane with its frame.
const CANARY: u16 = 11;

/// Where everything goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Only the word, and what is needed for more.
    Tiny,
    /// The verdict and what speaks against it.
    Verdict,
    /// Everything.
    Panes {
        /// Header and verdict.
        head: Rect,
        /// The last row.
        footer: Rect,
        /// What is under way; empty where nothing is.
        operations: Rect,
        /// The newest event, where the pane has no room.
        events_line: Option<Rect>,
        /// The panes.
        panes: Vec<(Pane, Rect)>,
        /// The reasons of the verdict, where there is room for them beside everything else.
        why: Option<Rect>,
        /// Whether the detail has tabs.
        tabs: bool,
    },
}

impl Plan {
    /// The plan for a model on an area.
    pub fn of(m: &Model, area: Rect) -> Self {
        if area.width < LEAST.0 || area.height < LEAST.1 {
            return Self::Tiny;
        }
        if area.width < PANES.0 || area.height < PANES.1 {
            return Self::Verdict;
        }
        let head = Rect { height: 3, ..area };
        let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
        let moving = operations::rows(m);
        let body = Rect { y: area.y + 3, height: area.height - 4 - moving, ..area };
        let operations = Rect { y: body.bottom(), height: moving, ..area };
        let (mut events_line, mut why) = (None, None);
        let tabs = area.width < TWO && !m.zoom;
        let panes = if m.zoom {
            vec![(m.focus, body)]
        } else if area.width < TWO {
            let above = Rect { height: body.height - 1, ..body };
            if m.focus == Pane::Events {
                one_below(m, body, Pane::Events)
            } else {
                events_line = Some(Rect { y: body.bottom() - 1, height: 1, ..body });
                one_below(m, above, m.tab)
            }
        } else if area.width < THREE {
            two(m, body)
        } else {
            let (panes, rest) = three(m, body);
            why = rest;
            panes
        };
        Self::Panes { head, footer, operations, events_line, panes, why, tabs }
    }
}

fn rows(count: usize, frame: u16) -> u16 {
    u16::try_from(count.max(1)).unwrap_or(u16::MAX).saturating_add(frame)
}

/// Services above, one detail below; without room for both, the one that has the keys.
fn one_below(m: &Model, area: Rect, detail: Pane) -> Vec<(Pane, Rect)> {
    if area.height + 5 < DETAIL {
        return vec![(if m.focus == Pane::Services { Pane::Services } else { detail }, area)];
    }
    let least = match detail {
        Pane::Canary => 9,
        Pane::Checklist | Pane::Flags => 5,
        _ => 8,
    };
    let above = rows(m.service_rows().len(), 3).min(area.height - least);
    vec![
        (Pane::Services, Rect { height: above, ..area }),
        (detail, Rect { y: area.y + above, height: area.height - above, ..area }),
    ]
}

fn column(area: Rect, parts: &[(Pane, u16)]) -> Vec<(Pane, Rect)> {
    let mut y = area.y;
    let mut out: Vec<(Pane, Rect)> = vec![];
    for (pane, height) in parts {
        let height = (*height).min(area.bottom() - y);
        if height >= 3 {
            out.push((*pane, Rect { y, height, ..area }));
            y += height;
        }
    }
    // What is left over belongs to the last pane, so that frames end on one line.
    if let Some((_, last)) = out.last_mut() {
        last.height = area.bottom() - last.y;
    }
    out
}

/// The pane at the foot of its column and its height: the changes of the release, or what stands for the panes without a
/// source, whichever has the keys.
fn foot(m: &Model, column: u16) -> (Pane, u16) {
    if m.focus.not_configured().is_some() {
        (m.focus, 5)
    } else if m.focus == Pane::Changes || !m.board.changes.is_empty() {
        (Pane::Changes, if column >= 34 { 8 } else { 5 })
    } else {
        (Pane::Checklist, 5)
    }
}

fn two(m: &Model, body: Rect) -> Vec<(Pane, Rect)> {
    let left = Rect { width: body.width * 3 / 5, ..body };
    let right = Rect { x: body.x + left.width, width: body.width - left.width, ..body };
    let (lowest, height) = foot(m, left.height);
    let last = if left.height >= 26 { height } else { 0 };
    let services = rows(m.service_rows().len(), 3).min((left.height - last).saturating_sub(6).max(6));
    let runs = (left.height - last).saturating_sub(services);
    let mut panes = column(left, &[(Pane::Services, services), (Pane::Runs, runs), (lowest, last)]);
    let canary = CANARY.min(right.height);
    let events = if right.height >= 30 { 7 } else { 0 };
    let graphs = (right.height - canary).saturating_sub(events);
    panes.extend(column(right, &[(Pane::Canary, canary), (Pane::Graphs, graphs), (Pane::Events, events)]));
    panes
}

fn three(m: &Model, body: Rect) -> (Vec<(Pane, Rect)>, Option<Rect>) {
    // The side columns need no more than the canary's table; the rest belongs to the services.
    let side = (body.width * 27 / 100).clamp(48, 72);
    let left = Rect { width: side, ..body };
    let middle = Rect { x: body.x + side, width: body.width - 2 * side, ..body };
    let right = Rect { x: middle.right(), width: side, ..body };
    let events = (left.height / 3).max(5);
    let runs = left.height.saturating_sub(events).min(rows(m.run_rows().len(), 2).max(8));
    let mut panes = column(left, &[(Pane::Runs, runs), (Pane::Events, left.height.saturating_sub(runs))]);
    let (lowest, last) = foot(m, middle.height);
    let services = middle.height.saturating_sub(last).min(rows(m.service_rows().len(), 3).max(10));
    let rest = middle.height.saturating_sub(services + last);
    if rest >= WHY {
        let top = Rect { height: services, ..middle };
        let why = Rect { y: top.bottom(), height: rest, ..middle };
        panes.extend([(Pane::Services, top), (lowest, Rect { y: why.bottom(), height: last, ..middle })]);
        panes.extend(detail(right));
        return (panes, Some(why));
    }
    panes.extend(column(middle, &[(Pane::Services, middle.height.saturating_sub(last)), (lowest, last)]));
    panes.extend(detail(right));
    (panes, None)
}

fn detail(right: Rect) -> Vec<(Pane, Rect)> {
    let canary = CANARY.min(right.height);
    column(right, &[(Pane::Canary, canary), (Pane::Graphs, right.height - canary)])
}
