//! The frame of a pane or a dialog.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{put, put_line, set, text};
use crate::tui::glyph::Glyph;
use crate::tui::look::Look;
use crate::tui::theme::Token;

/// A rounded frame: key and title at the left of the upper edge, its state at the right.
#[derive(Clone, Debug, Default)]
pub struct Panel<'a> {
    /// The digit or letter that leads here, dim before the title; may be empty.
    pub key: &'a str,
    /// The name.
    pub title: &'a str,
    /// What follows the name on the same edge (`payment · Argo Rollouts`).
    pub note: Line<'a>,
    /// The right end of the edge (`live · 2 s`), shown if there is room for it whole.
    pub status: Line<'a>,
    /// Whether this pane has the keys.
    pub focus: bool,
    /// Another colour for the frame: the kind of a dialog.
    pub tone: Option<Token>,
    /// Empties what is under it: a dialog.
    pub over: bool,
}

impl Panel<'_> {
    /// Draws the frame and gives what is inside it. An area too small for a frame stays free.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Rect {
        let area = area.intersection(buf.area);
        if self.over {
            for position in area.positions() {
                buf[position].reset();
            }
        }
        if area.width < 3 || area.height < 2 {
            return area;
        }
        let token = self.tone.unwrap_or(if self.focus { Token::Focus } else { Token::Border });
        let style = look.style(token);
        let (right, bottom) = (area.width - 1, area.height - 1);
        let across = look.glyph(Glyph::Across);
        for x in 1..right {
            set(buf, area, x, 0, across, style);
            set(buf, area, x, bottom, across, style);
        }
        for y in 1..bottom {
            set(buf, area, 0, y, look.glyph(Glyph::Down), style);
            set(buf, area, right, y, look.glyph(Glyph::Down), style);
        }
        for (x, y, corner) in [
            (0, 0, Glyph::TopLeft),
            (right, 0, Glyph::TopRight),
            (0, bottom, Glyph::BottomLeft),
            (right, bottom, Glyph::BottomRight),
        ] {
            set(buf, area, x, y, look.glyph(corner), style);
        }
        self.head(Rect { width: right, height: 1, ..area }, buf, look);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// The words on the upper edge; `edge` ends before its corner.
    fn head(&self, edge: Rect, buf: &mut Buffer, look: &Look) {
        if edge.width < 5 || (self.key.is_empty() && self.title.is_empty()) {
            return;
        }
        let mut x = put(buf, edge, 2, 0, " ", look.style(Token::Dim));
        if !self.key.is_empty() {
            x = put(buf, edge, x, 0, self.key, look.style(Token::Dim));
            x = put(buf, edge, x, 0, " ", look.style(Token::Dim));
        }
        x = put(buf, edge, x, 0, self.title, look.style(Token::Title));
        x = put(buf, edge, x, 0, " ", look.style(Token::Dim));
        if self.note.width() > 0 && x < edge.width {
            let room = Rect { width: edge.width - 1, ..edge };
            x = put_line(buf, room, x, 0, &self.note.clone().style(look.style(Token::Dim)));
            x = put(buf, edge, x, 0, " ", look.style(Token::Dim));
        }
        let wide = text::columns(self.status.width());
        if wide == 0 || x + wide + 2 > edge.width {
            return;
        }
        let start = edge.width - wide - 1;
        let start = put(buf, edge, start - 1, 0, " ", look.style(Token::Dim));
        let end = put_line(buf, edge, start, 0, &self.status.clone().style(look.style(Token::Dim)));
        put(buf, edge, end, 0, " ", look.style(Token::Dim));
    }
}
