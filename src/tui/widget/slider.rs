//! The share of traffic: what is set, what is measured, and the steps that are allowed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{put, set, text};
use crate::tui::glyph::Glyph;
use crate::tui::look::Look;
use crate::tui::theme::Token;

/// A weight on its track, all values 0 to 100.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slider<'a> {
    /// What the system was asked for.
    pub set: f64,
    /// What is measured, if known; drawn where it differs by a cell.
    pub actual: Option<f64>,
    /// What is being chosen and not yet sent.
    pub draft: Option<f64>,
    /// The steps that the owner of the weight allows; empty where any value is.
    pub steps: &'a [f64],
}

fn column(value: f64, width: u16) -> u16 {
    if !value.is_finite() || width < 2 {
        return 0;
    }
    (value.clamp(0.0, 100.0) / 100.0 * f64::from(width - 1)).round() as u16
}

impl Slider<'_> {
    /// Draws the labels of the steps in the first row of `area` and the track in the second; in an
    /// area of one row only the track.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let track = Rect { y: area.y + u16::from(area.height > 1), height: 1, ..area };
        for (x, (symbol, style)) in self.cells(area.width, true, look).into_iter().enumerate() {
            set(buf, track, x as u16, 0, symbol, style);
        }
        if area.height > 1 {
            self.labels(Rect { height: 1, ..area }, buf, look);
        }
    }

    /// The track alone with its figure, for a cell of a table: `━╌╌╌╌╌ 20`. A weight of zero that
    /// nobody edits is a dot.
    pub fn cell(&self, width: u16, look: &Look) -> Line<'static> {
        if self.set <= 0.0 && self.draft.is_none() {
            return Line::from(look.sign(Token::Faint, Glyph::Nothing));
        }
        let track = width.saturating_sub(4);
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (symbol, style) in self.cells(track, false, look) {
            match spans.last_mut() {
                Some(last) if last.style == style => last.content.to_mut().push_str(symbol),
                _ => spans.push(Span::styled(symbol.to_owned(), style)),
            }
        }
        spans.push(look.span(Token::Canary, format!("{:>4}", figure(self.draft.unwrap_or(self.set)))));
        Line::from(spans)
    }

    fn cells(&self, width: u16, knob: bool, look: &Look) -> Vec<(&'static str, Style)> {
        // Without a knob the share is a length; with it, a place.
        let at = column(self.set, width);
        let length = (self.set.clamp(0.0, 100.0) / 100.0 * f64::from(width)).round().max(1.0) as u16;
        let mut cells: Vec<(&'static str, Style)> = (0..width)
            .map(|x| {
                let filled = if knob { x <= at } else { x < length };
                if filled && self.set > 0.0 {
                    (look.glyph(Glyph::SliderSet), look.style(Token::Canary))
                } else {
                    (look.glyph(Glyph::SliderRest), look.style(Token::Faint))
                }
            })
            .collect();
        if !knob {
            return cells;
        }
        let mut put = |value: f64, glyph: Glyph, token: Token| {
            if let Some(cell) = cells.get_mut(usize::from(column(value, width))) {
                *cell = (look.glyph(glyph), look.style(token));
            }
        };
        put(100.0, Glyph::SliderEnd, Token::Dim);
        for step in self.steps.iter().filter(|step| **step > 0.0 && **step < 100.0) {
            put(*step, Glyph::SliderStep, Token::Dim);
        }
        if let Some(actual) = self.actual.filter(|actual| actual.is_finite()) {
            put(actual, Glyph::SliderActual, Token::Canary);
        }
        put(self.set, Glyph::SliderAt, Token::Canary);
        if let Some(draft) = self.draft {
            put(draft, Glyph::SliderAt, Token::Focus);
        }
        cells
    }

    fn labels(&self, row: Rect, buf: &mut Buffer, look: &Look) {
        let mut taken = vec![false; usize::from(row.width)];
        let draft = self.draft.map(|value| (value, look.style(Token::Focus)));
        // What is set and what is chosen come first: where labels would overlap, the later give way.
        let first = draft.into_iter().chain([(self.set, look.style(Token::Canary).patch(bold()))]);
        let rest = self.steps.iter().copied().chain([100.0, 0.0]).map(|value| (value, look.style(Token::Dim)));
        for (value, style) in first.chain(rest) {
            let label = figure(value);
            let wide = text::columns(label.len());
            if wide > row.width {
                continue;
            }
            let start = column(value, row.width).saturating_sub((wide - 1) / 2).min(row.width - wide);
            let (from, to) = (usize::from(start.saturating_sub(1)), usize::from((start + wide + 1).min(row.width)));
            if taken[from..to].iter().any(|taken| *taken) {
                continue;
            }
            taken[usize::from(start)..usize::from(start + wide)].fill(true);
            put(buf, row, start, 0, &label, style);
        }
    }
}

fn bold() -> Style {
    Style::new().add_modifier(ratatui::style::Modifier::BOLD)
}

/// A share as people write it: whole where it is whole, else with one decimal.
fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let tenths = (value * 10.0).round() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}") } else { format!("{tenths:.1}") }
}
