//! Where everything was drawn.

use ratatui::layout::{Position, Rect};

use super::Pane;

/// What a place on the screen stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// A pane, frame included.
    Pane(Pane),
    /// The rows of a pane, from the first one shown.
    Rows(Pane, usize),
    /// The verdict strip.
    Verdict,
    /// The rows of the overlay on top.
    Overlay,
    /// The dialog that asks for consent to the plan of this number.
    Consent(u64),
}

/// Where everything was drawn: for the mouse and for paging.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenMap(pub Vec<(Rect, Area)>);

impl ScreenMap {
    /// Notes an area; later ones lie above earlier ones.
    pub fn note(&mut self, rect: Rect, area: Area) {
        self.0.push((rect, area));
    }

    /// What lies at a place, topmost first.
    pub fn at(&self, x: u16, y: u16) -> impl Iterator<Item = (Rect, Area)> {
        self.0.iter().rev().filter(move |(rect, _)| rect.contains(Position { x, y })).copied()
    }

    /// How many rows a pane shows.
    pub fn room(&self, pane: Pane) -> Option<usize> {
        self.0.iter().find_map(|(rect, area)| matches!(area, Area::Rows(p, _) if *p == pane).then_some(usize::from(rect.height)))
    }

    /// How many rows the overlay on top shows.
    pub fn overlay_room(&self) -> Option<usize> {
        self.0.iter().rev().find_map(|(rect, area)| (*area == Area::Overlay).then_some(usize::from(rect.height)))
    }

    /// Whether the dialog of a plan is drawn.
    pub fn asks(&self, plan: u64) -> bool {
        self.0.iter().any(|(_, area)| *area == Area::Consent(plan))
    }

    /// Whether a pane is drawn.
    pub fn shows(&self, pane: Pane) -> bool {
        self.0.iter().any(|(_, area)| *area == Area::Pane(pane))
    }
}
