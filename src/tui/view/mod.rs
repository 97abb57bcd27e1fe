//! `draw`: model and look in, a frame and the map of its areas out. Changes nothing.
//!
//! ```text
//!  header      what is released, where, how (read-only, still), when
//!  verdict     the one loud thing, and the stations
//!  sentence    why, and the key that helps
//!  ┌ panes ───────────────┐
//!  └──────────────────────┘
//!  footer      keys, from the keymap
//! ```

mod canary;
mod changes;
mod events;
mod footer;
mod graphs;
mod header;
mod inbox;
mod layout;
mod links;
mod logs;
mod operations;
mod overlay;
mod runs;
mod services;
mod tone;
mod unset;
mod verdict;

use ratatui::{Frame, buffer::Buffer, layout::Rect};

use super::{
    glyph::Glyphs,
    look::Look,
    model::{Area, Model, Pane, ScreenMap},
    widget::seven_bits,
};

/// What drawing needs, in one hand.
pub(super) struct Canvas<'a> {
    /// What is shown.
    pub m: &'a Model,
    /// How it looks.
    pub look: &'a Look,
    /// Where it goes.
    pub buf: &'a mut Buffer,
    /// What went where.
    pub map: ScreenMap,
}

/// Draws the model.
pub fn draw(m: &Model, look: &Look, frame: &mut Frame<'_>) -> ScreenMap {
    draw_into(m, look, frame.buffer_mut())
}

/// Draws the model into a buffer of any size.
pub fn draw_into(m: &Model, look: &Look, buf: &mut Buffer) -> ScreenMap {
    let area = buf.area;
    let mut c = Canvas { m, look, buf, map: ScreenMap::default() };
    match layout::Plan::of(m, area) {
        layout::Plan::Tiny => verdict::tiny(&mut c, area),
        layout::Plan::Verdict => verdict::only(&mut c, area),
        layout::Plan::Panes { head, footer, operations, events_line, panes, why, tabs } => {
            header::draw(&mut c, Rect { height: 1, ..head });
            verdict::strip(&mut c, Rect { y: head.y + 1, height: head.height - 1, ..head });
            for (pane, rect) in panes {
                c.map.note(rect, Area::Pane(pane));
                c.pane(pane, rect, tabs);
            }
            if let Some(rect) = why {
                overlay::why_pane(&mut c, rect);
            }
            if let Some(line) = events_line {
                events::line(&mut c, line);
            }
            operations::lines(&mut c, operations);
            footer::draw(&mut c, footer);
        }
    }
    overlay::draw(&mut c, area);
    if look.glyphs() == Glyphs::Ascii {
        seven_bits(c.buf);
    }
    c.map
}

impl Canvas<'_> {
    fn pane(&mut self, pane: Pane, rect: Rect, tabs: bool) {
        match pane {
            Pane::Services => services::draw(self, rect),
            Pane::Runs => runs::draw(self, rect, tabs),
            Pane::Canary => canary::draw(self, rect, tabs),
            Pane::Graphs => graphs::draw(self, rect, tabs),
            Pane::Events => events::draw(self, rect),
            Pane::Changes => changes::draw(self, rect, tabs),
            Pane::Checklist | Pane::Flags => unset::draw(self, pane, rect, tabs),
        }
    }
}

#[cfg(test)]
mod tests;
