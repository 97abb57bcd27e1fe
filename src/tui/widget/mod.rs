//! Pieces that draw themselves into a buffer; they know nothing of the model.
//!
//! All of them take any area, also an empty one or one outside the buffer, and write no cell
//! outside it.

mod badge;
mod chart;
mod panel;
mod slider;
mod sparkline;
mod sweep;
mod table;
pub mod text;

pub use badge::badge;
pub use chart::{Chart, Limit, Marker, evenly};
pub use panel::Panel;
pub use slider::Slider;
pub use sparkline::sparkline;
pub(in crate::tui) use sweep::is_hidden;
pub use sweep::{seven_bits, sweep};
pub use table::{Align, Column, Table, scroll};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Writes text into a row of `area` from column `x` of the area on; gives the column behind it.
pub fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, content: &str, style: impl Into<Style>) -> u16 {
    let seen = area.intersection(buf.area);
    let (left, top) = (area.x.saturating_add(x), area.y.saturating_add(y));
    if left < seen.left() || left >= seen.right() || top < seen.top() || top >= seen.bottom() {
        return x;
    }
    let (end, _) = buf.set_stringn(left, top, content, usize::from(seen.right() - left), style);
    end - area.x
}

/// Writes a line of spans into a row of `area` from column `x` of the area on; gives the column
/// behind it.
pub fn put_line(buf: &mut Buffer, area: Rect, x: u16, y: u16, line: &Line<'_>) -> u16 {
    line.spans.iter().fold(x, |x, span| put(buf, area, x, y, &span.content, line.style.patch(span.style)))
}

/// Writes a line of spans so that it ends at the right edge of `area`; gives the column it starts
/// at. A line that is too long loses its end.
pub fn put_line_right(buf: &mut Buffer, area: Rect, y: u16, line: &Line<'_>) -> u16 {
    let start = area.width.saturating_sub(text::columns(line.width()));
    put_line(buf, area, start, y, line);
    start
}

/// One cell of a frame, if it is inside both `area` and the buffer.
fn set(buf: &mut Buffer, area: Rect, x: u16, y: u16, symbol: &str, style: Style) {
    let (x, y) = (area.x.saturating_add(x), area.y.saturating_add(y));
    if x < area.right()
        && y < area.bottom()
        && let Some(cell) = buf.cell_mut((x, y))
    {
        cell.set_symbol(symbol).set_style(style);
    }
}

#[cfg(test)]
mod tests;
