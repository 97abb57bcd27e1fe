//! Canary against baseline over time, with the limit and what somebody did.

mod raster;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, set, text};
use crate::tui::glyph::Glyph;
use crate::tui::look::Look;
use crate::tui::theme::{Depth, Token};
use raster::Raster;

/// A limit line.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Where, in the unit of the curves.
    pub value: f64,
}

/// A point in time at which somebody acted.
#[derive(Clone, Copy, Debug)]
pub struct Marker<'a> {
    /// When, as a share of the time shown, 0 to 1.
    pub at: f64,
    /// What it says under the axis (`20 %`).
    pub label: &'a str,
}

/// Two curves. Points are (share of the time shown, value); a value that is not a number, and an
/// unknown time, is a gap and never a line across.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// Drawn first.
    pub baseline: &'a [(f64, f64)],
    /// Drawn over it.
    pub canary: &'a [(f64, f64)],
    /// The dashed line.
    pub limit: Option<Limit>,
    /// Lowest and highest value shown; from zero to a round number over everything if not given.
    pub bounds: Option<(f64, f64)>,
    /// Dotted verticals.
    pub markers: &'a [Marker<'a>],
    /// The labels at both ends of the time axis.
    pub ends: (&'a str, &'a str),
    /// How a value is written at the axis.
    pub format: fn(f64) -> String,
    /// Whether the axes are labelled; a chart of two rows has no room for it.
    pub axes: bool,
    /// The time at which values are read out, as a share.
    pub cursor: Option<f64>,
}

impl Default for Chart<'_> {
    fn default() -> Self {
        Self {
            baseline: &[],
            canary: &[],
            limit: None,
            bounds: None,
            markers: &[],
            ends: ("", ""),
            format: |value| format!("{value:.1}"),
            axes: true,
            cursor: None,
        }
    }
}

/// Points for values at even distances over the whole time shown.
pub fn evenly(values: &[f64]) -> Vec<(f64, f64)> {
    let last = values.len().saturating_sub(1).max(1) as f64;
    values.iter().enumerate().map(|(at, value)| (at as f64 / last, *value)).collect()
}

/// The next of 1, 2, 2.5, 5, 10 … that is not below a value.
fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= value * 0.999_999);
    step.unwrap_or(10.0) * power
}

impl Chart<'_> {
    /// The lowest and the highest value that the chart shows.
    pub fn range(&self) -> (f64, f64) {
        if let Some((low, high)) = self.bounds
            && low.is_finite()
            && high.is_finite()
            && low < high
        {
            return (low, high);
        }
        let values = self.baseline.iter().chain(self.canary).map(|(_, value)| *value);
        let values = values.chain(self.limit.map(|limit| limit.value)).filter(|value| value.is_finite());
        let (low, high) = values.fold((0.0, 0.0), |(low, high): (f64, f64), v| (low.min(v), high.max(v)));
        (if low < 0.0 { -round_up(-low) } else { 0.0 }, round_up(high))
    }

    /// Draws the chart; gives the area of the curves, to find the time under a mouse.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Rect {
        let area = area.intersection(buf.area);
        let (low, high) = self.range();
        let labelled = self.axes && area.height >= 3 && area.width >= 16;
        let mut plot = area;
        if labelled {
            let limit = self.limit.map(|limit| (self.format)(limit.value));
            let labels = [(self.format)(low), (self.format)(high), limit.unwrap_or_default()];
            let gutter = labels.iter().map(|label| text::width(label)).max().unwrap_or(0) + 1;
            let gutter = text::columns(gutter).min(area.width / 2);
            plot = Rect { x: area.x + gutter, width: area.width - gutter, height: area.height - 1, ..area };
            self.values(Rect { width: gutter - 1, ..area }, plot.height, (low, high), buf, look);
            self.times(Rect { y: area.bottom() - 1, height: 1, ..plot }, buf, look);
        }
        if plot.width == 0 || plot.height == 0 {
            return plot;
        }
        self.lines(plot, (low, high), buf, look);
        self.curves(plot, (low, high), buf, look);
        plot
    }

    fn lines(&self, plot: Rect, range: (f64, f64), buf: &mut Buffer, look: &Look) {
        if let Some(y) = self.limit.and_then(|limit| row(limit.value, range, plot.height)) {
            for x in 0..plot.width {
                set(buf, plot, x, y, look.glyph(Glyph::Limit), look.style(Token::Limit));
            }
        }
        let cursor = self.cursor.map(|at| (at, Token::Focus));
        for (at, token) in self.markers.iter().map(|marker| (marker.at, Token::Marker)).chain(cursor) {
            if let Some(x) = column(at, plot.width) {
                for y in 0..plot.height {
                    set(buf, plot, x, y, look.glyph(Glyph::Marker), look.style(token));
                }
            }
        }
    }

    fn curves(&self, plot: Rect, range: (f64, f64), buf: &mut Buffer, look: &Look) {
        let curve = look.curve();
        let mut baseline = Raster::new(curve, plot.width, plot.height);
        let mut canary = Raster::new(curve, plot.width, plot.height);
        baseline.line(self.baseline, range);
        canary.line(self.canary, range);
        if look.depth() == Depth::Mono {
            // Without colours the baseline is the dotted one of the two.
            baseline.thin();
        }
        for y in 0..plot.height {
            for x in 0..plot.width {
                // A cell has one colour, so the canary takes the whole cell: merged dots would show
                // canary values that nobody measured.
                if let Some(symbol) = canary.symbol(x, y, '*') {
                    draw_cell(buf, plot, (x, y), symbol, look, Token::Canary);
                } else if let Some(symbol) = baseline.symbol(x, y, '.') {
                    draw_cell(buf, plot, (x, y), symbol, look, Token::Baseline);
                }
            }
        }
    }

    /// Three labels: top, bottom, and the limit, or the middle where there is no limit.
    fn values(&self, gutter: Rect, height: u16, range: (f64, f64), buf: &mut Buffer, look: &Look) {
        let (low, high) = range;
        let middle = f64::midpoint(low, high);
        let special = self.limit.map_or((middle, Token::Dim), |limit| (limit.value, Token::Limit));
        let mut taken: Vec<u16> = Vec::new();
        for (value, token) in [special, (high, Token::Dim), (low, Token::Dim)] {
            let Some(y) = row(value, range, height).filter(|y| !taken.contains(y)) else {
                continue;
            };
            taken.push(y);
            let label = (self.format)(value);
            let start = gutter.width.saturating_sub(text::columns(text::width(&label)));
            put(buf, gutter, start, y, &label, look.style(token));
        }
    }

    fn times(&self, axis: Rect, buf: &mut Buffer, look: &Look) {
        let width = usize::from(axis.width);
        let mut taken = vec![false; width];
        let ends = [(0, self.ends.0), (width.saturating_sub(text::width(self.ends.1)), self.ends.1)];
        let marks = self.markers.iter().filter_map(|marker| Some((usize::from(column(marker.at, axis.width)?), marker.label)));
        for (start, label) in ends.into_iter().chain(marks) {
            let end = start + text::width(label);
            if label.is_empty() || end > width {
                continue;
            }
            let (from, to) = (start.saturating_sub(1), (end + 1).min(width));
            if taken[from..to].iter().any(|taken| *taken) {
                continue;
            }
            taken[start..end].fill(true);
            put(buf, axis, start as u16, 0, label, look.style(Token::Dim));
        }
    }
}

fn draw_cell(buf: &mut Buffer, plot: Rect, (x, y): (u16, u16), symbol: char, look: &Look, token: Token) {
    let mut bytes = [0; 4];
    set(buf, plot, x, y, symbol.encode_utf8(&mut bytes), look.style(token));
}

/// The column of a time.
fn column(at: f64, width: u16) -> Option<u16> {
    if !(0.0..=1.0).contains(&at) || width == 0 {
        return None;
    }
    Some((at * f64::from(width - 1)).round() as u16)
}

/// The row of a value, none if it is not shown.
fn row(value: f64, (low, high): (f64, f64), height: u16) -> Option<u16> {
    if !(low..=high).contains(&value) || height == 0 {
        return None;
    }
    let share = (value - low) / (high - low);
    Some(((1.0 - share) * f64::from(height - 1)).round() as u16)
}
