//! A curve of one row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::set;
use crate::tui::glyph::Glyph;
use crate::tui::look::Look;
use crate::tui::theme::Token;

/// Draws the newest values right-aligned into the first row of `area`, one per column, from zero
/// to `top` (or to the greatest value). What is not a number is a faint dot, never a zero.
pub fn sparkline(buf: &mut Buffer, area: Rect, values: &[f64], top: Option<f64>, tone: Token, look: &Look) {
    let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
    let greatest = shown.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let top = top.unwrap_or(greatest);
    let levels = look.glyphs().levels();
    let start = usize::from(area.width) - shown.len();
    for (at, value) in shown.iter().enumerate() {
        let x = (start + at) as u16;
        if !value.is_finite() {
            set(buf, area, x, 0, look.glyph(Glyph::Nothing), look.style(Token::Faint));
            continue;
        }
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        // Even a zero is a line at the bottom: a blank would look like no data.
        let level = ((share * 8.0).round() as usize).clamp(1, 8);
        set(buf, area, x, 0, levels[level], look.style(tone));
    }
}
