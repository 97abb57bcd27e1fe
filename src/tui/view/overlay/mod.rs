//! What stands over the screen, each in its own frame.

mod confirm;
mod help;
pub(super) mod list;
mod palette;
mod reason;
mod refused;
mod ways;
mod why;

use ratatui::{layout::Rect, text::Line};

pub use why::pane as why_pane;

use super::{Canvas, inbox, links, logs, operations};
use crate::tui::{
    glyph::Glyph,
    model::{Area, Overlay},
    theme::Token,
    widget::{Panel, put, put_line},
};

/// Draws the overlays, the topmost last.
pub fn draw(c: &mut Canvas<'_>, area: Rect) {
    // On a screen that has no room for a dialog the word is all there is: nobody confirms what cannot be read.
    if area.width < 40 || area.height < 8 {
        return;
    }
    let overlays = &c.m.overlays;
    for overlay in overlays {
        match overlay {
            Overlay::Help(offset) => help::draw(c, area, *offset),
            Overlay::Why(offset) => why::draw(c, area, *offset),
            Overlay::Palette { input, at } => palette::draw(c, area, input, *at),
            Overlay::Filter(input) => palette::filter(c, area, input),
            Overlay::Menu(at) => list::menu(c, area, *at),
            Overlay::Choose { verb, actions, at } => list::choose(c, area, *verb, actions, *at),
            Overlay::Logs(view) => logs::draw(c, area, view),
            Overlay::Inbox(at) => inbox::draw(c, area, *at),
            Overlay::Links { links, at } => links::draw(c, area, links, *at),
            Overlay::Themes { at, .. } => list::themes(c, area, *at),
            Overlay::Confirm(it) => confirm::draw(c, area, it),
            Overlay::Ways(it) => ways::draw(c, area, it),
            Overlay::Operations(offset) => operations::list(c, area, *offset),
            Overlay::Leaving => refused::leaving(c, area),
            Overlay::Refused { what, why, hint, again } => refused::draw(c, area, (what, why, hint.as_ref()), again.is_some()),
        }
    }
}

/// A frame of a size in the middle of the screen, below the verdict where that is possible.
pub(super) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    // The verdict above and the keys below stay in sight.
    let below = if area.height >= 14 { 3 } else { 2 };
    let room = area.height - below - u16::from(area.height >= 14);
    let height = height.min(room);
    let y = area.y + below + (room - height) / 3;
    Rect { x: area.x + (area.width - width) / 2, y, width, height }
}

/// Draws a frame and gives what is inside it, one column in.
pub(super) fn framed(c: &mut Canvas<'_>, rect: Rect, title: &str, status: Line<'_>, tone: Token) -> Rect {
    let panel = Panel { key: "", title, status, tone: Some(tone), over: true, ..Panel::default() };
    let inner = panel.draw(rect, c.buf, c.look);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// Draws lines from an offset on, with a word for what is out of sight; notes the area for paging.
pub(super) fn scrolled(c: &mut Canvas<'_>, inner: Rect, lines: &[Line<'static>], offset: usize) {
    let room = usize::from(inner.height);
    let offset = offset.min(lines.len().saturating_sub(room));
    for (y, line) in (0u16..).zip(lines.iter().skip(offset).take(room)) {
        put_line(c.buf, inner, 0, y, line);
    }
    let look = c.look;
    let style = look.style(Token::Dim);
    let edge = Rect { x: inner.x, y: inner.bottom(), width: inner.width, height: 1 };
    let below = lines.len().saturating_sub(offset + room);
    let mut hidden: Vec<String> = vec![];
    if below > 0 {
        hidden.push(format!("{} {below} more", look.glyph(Glyph::Below)));
    }
    if offset > 0 {
        hidden.push(format!("{} {offset} above", look.glyph(Glyph::Above)));
    }
    if !hidden.is_empty() {
        put(c.buf, edge, 1, 0, &format!(" {} ", hidden.join("  ")), style);
    }
    c.map.note(inner, Area::Overlay);
}
