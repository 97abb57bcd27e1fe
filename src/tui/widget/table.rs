//! Rows and columns. Only the rows that are seen are asked for.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{put, put_line, set, text};
use crate::tui::glyph::Glyph;
use crate::tui::look::{Band, Look};
use crate::tui::theme::Token;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Figures.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column<'a> {
    /// The head, with the unit.
    pub head: &'a str,
    /// Width in columns that it needs.
    pub width: u16,
    /// Share of the room that is left over; 0 does not grow.
    pub grow: u16,
    /// Where its text stands.
    pub align: Align,
    /// Where room is short, columns with the greatest value are left out first; 0 always stays.
    pub give: u8,
}

/// A table: head, rows, selection. The two columns at the left are for the bar.
pub struct Table<'a> {
    /// The columns, from the left.
    pub columns: &'a [Column<'a>],
    /// Number of rows there are.
    pub rows: usize,
    /// First row that is shown; see [`scroll`].
    pub offset: usize,
    /// The row with the bar.
    pub selected: Option<usize>,
    /// Whether to draw the heads.
    pub head: bool,
    /// The text of a cell: row, column.
    pub cell: &'a dyn Fn(usize, usize) -> Line<'a>,
}

/// The gap between two columns.
const GAP: u16 = 1;
/// Room for the bar and a space.
const LEAD: u16 = 2;

/// The first row to show so that `selected` is seen: keeps `offset` as long as that is so, and
/// leaves no room unused at the end.
pub fn scroll(offset: usize, selected: Option<usize>, rows: usize, room: usize) -> usize {
    let last = rows.saturating_sub(room);
    let offset = offset.min(last);
    match selected.map(|row| row.min(rows.saturating_sub(1))) {
        Some(row) if row < offset => row,
        Some(row) if room > 0 && row >= offset + room => row + 1 - room,
        _ => offset,
    }
}

/// The columns that fit with their place: index, x, width.
fn layout(columns: &[Column<'_>], width: u16) -> Vec<(usize, u16, u16)> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let need = |kept: &[usize]| {
        let sum: u32 = kept.iter().map(|at| u32::from(columns[*at].width) + u32::from(GAP)).sum();
        sum.saturating_sub(u32::from(GAP)) + u32::from(LEAD)
    };
    while need(&kept) > u32::from(width) {
        let Some(most) = kept.iter().map(|at| columns[*at].give).max().filter(|give| *give > 0) else {
            break;
        };
        let last = kept.iter().rposition(|at| columns[*at].give == most).unwrap_or(0);
        kept.remove(last);
    }
    let mut spare = u32::from(width).saturating_sub(need(&kept));
    let mut shares: u32 = kept.iter().map(|at| u32::from(columns[*at].grow)).sum();
    let mut x = LEAD;
    let mut placed = Vec::with_capacity(kept.len());
    for at in kept {
        let column = &columns[at];
        let grow = u32::from(column.grow);
        let extra = (spare * grow).checked_div(shares).unwrap_or(0);
        (spare, shares) = (spare - extra, shares - grow);
        let wide = column.width + extra as u16;
        placed.push((at, x, wide));
        x = x.saturating_add(wide + GAP);
    }
    placed
}

impl Table<'_> {
    /// Draws the table and gives the rows that are seen; the first stands in the row of `area`
    /// after the head.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Range<usize> {
        let area = area.intersection(buf.area);
        let placed = layout(self.columns, area.width);
        if self.head {
            for (at, x, wide) in &placed {
                let column = &self.columns[*at];
                let head = look.cut(column.head, usize::from(*wide));
                let shift = shift(column.align, *wide, text::columns(text::width(&head)));
                put(buf, area, x + shift, 0, &head, look.style(Token::Dim));
            }
        }
        let first = u16::from(self.head);
        let room = usize::from(area.height.saturating_sub(first));
        let seen = self.offset.min(self.rows)..self.rows.min(self.offset.saturating_add(room));
        for (y, row) in (first..).zip(seen.clone()) {
            self.row(Rect { y: area.y + y, height: 1, ..area }, row, &placed, buf, look);
        }
        seen
    }

    fn row(&self, area: Rect, row: usize, placed: &[(usize, u16, u16)], buf: &mut Buffer, look: &Look) {
        for (at, x, wide) in placed {
            let line = (self.cell)(row, *at);
            let room = Rect { x: area.x.saturating_add(*x), width: *wide, ..area }.intersection(area);
            let used = text::columns(line.width());
            if used > room.width {
                cut_line(buf, room, &line, look);
            } else {
                put_line(buf, room, shift(self.columns[*at].align, room.width, used), 0, &line);
            }
        }
        if self.selected == Some(row) {
            let wide = match (look.band, placed.first()) {
                (Band::First, Some((_, x, wide))) => (x + wide).min(area.width),
                _ => area.width,
            };
            buf.set_style(Rect { width: wide, ..area }.intersection(buf.area), look.style(Token::Selected));
            set(buf, area, 0, 0, look.glyph(Glyph::Bar), look.style(Token::Bar));
        }
    }
}

fn shift(align: Align, room: u16, used: u16) -> u16 {
    match align {
        Align::Left => 0,
        Align::Right => room.saturating_sub(used),
    }
}

/// A line that is too long keeps its beginning; the last column says so.
fn cut_line(buf: &mut Buffer, room: Rect, line: &Line<'_>, look: &Look) {
    if room.width == 0 {
        return;
    }
    let kept = Rect { width: room.width - 1, ..room };
    let end = put_line(buf, kept, 0, 0, line);
    let style = line.spans.last().map_or(line.style, |span| line.style.patch(span.style));
    put(buf, room, end, 0, look.glyph(Glyph::Ellipsis), style);
}
