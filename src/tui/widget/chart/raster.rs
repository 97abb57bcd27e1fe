//! Dots finer than a cell.

use crate::tui::glyph::Curve;

/// A grid of dots, some per cell.
pub(super) struct Raster {
    curve: Curve,
    width: usize,
    height: usize,
    /// Dots by row, then column.
    dots: Vec<bool>,
}

impl Raster {
    /// An empty grid for an area in cells.
    pub fn new(curve: Curve, width: u16, height: u16) -> Self {
        let (across, down) = per_cell(curve);
        let (width, height) = (usize::from(width) * across, usize::from(height) * down);
        Self { curve, width, height, dots: vec![false; width * height] }
    }

    /// Draws a curve; values beyond the range run along its edge.
    pub fn line(&mut self, points: &[(f64, f64)], (low, high): (f64, f64)) {
        let place = |(at, value): (f64, f64)| {
            if !value.is_finite() || !(0.0..=1.0).contains(&at) {
                return None;
            }
            let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
            let x = (at * (self.width - 1) as f64).round() as usize;
            let y = ((1.0 - share) * (self.height - 1) as f64).round() as usize;
            Some((x, y))
        };
        let places: Vec<Option<(usize, usize)>> = points.iter().map(|point| place(*point)).collect();
        let mut last = None;
        for now in places {
            match (last, now) {
                (Some(from), Some(to)) => self.stroke(from, to),
                (None, Some((x, y))) => self.dot(x, y),
                _ => {}
            }
            last = now;
        }
    }

    fn dot(&mut self, x: usize, y: usize) {
        if let Some(dot) = self.dots.get_mut(y * self.width + x) {
            *dot = true;
        }
    }

    /// A connected stroke: in each column from the height before to the height here.
    fn stroke(&mut self, (x0, y0): (usize, usize), (x1, y1): (usize, usize)) {
        // Points are in the order of time; one that is not is a dot of its own.
        if x1 < x0 {
            self.dot(x1, y1);
            return;
        }
        let mut before = y0;
        for x in x0..=x1 {
            let share = if x1 == x0 { 1.0 } else { (x - x0) as f64 / (x1 - x0) as f64 };
            let y = (y0 as f64 + (y1 as f64 - y0 as f64) * share).round() as usize;
            // The step is shared by two columns, so that a steep curve stays one dot thin.
            let middle = usize::midpoint(before, y);
            if x > x0 && before != y {
                for y in before.min(middle)..=before.max(middle) {
                    self.dot(x - 1, y);
                }
                for y in y.min(middle)..=y.max(middle) {
                    self.dot(x, y);
                }
            } else {
                for y in before.min(y)..=before.max(y) {
                    self.dot(x, y);
                }
            }
            before = y;
        }
    }

    /// Leaves out every second column of dots.
    pub fn thin(&mut self) {
        for (at, dot) in self.dots.iter_mut().enumerate() {
            *dot &= (at % self.width).is_multiple_of(2);
        }
    }

    /// What a cell shows, if there is a dot in it.
    pub fn symbol(&self, x: u16, y: u16, ascii: char) -> Option<char> {
        /// Braille dots, by row then column (Unicode 16, U+2800).
        const BRAILLE: [u8; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        let (across, down) = per_cell(self.curve);
        let mut bits = 0u8;
        for dy in 0..down {
            for dx in 0..across {
                let at = (usize::from(y) * down + dy) * self.width + usize::from(x) * across + dx;
                bits |= u8::from(self.dots[at]) << (dy * across + dx);
            }
        }
        match (self.curve, bits) {
            (_, 0) => None,
            (Curve::Ascii, _) => Some(ascii),
            (Curve::Blocks, 1) => Some('▀'),
            (Curve::Blocks, 2) => Some('▄'),
            (Curve::Blocks, _) => Some('█'),
            (Curve::Braille, bits) => {
                let dots = (0..8).filter(|bit| bits & (1 << bit) != 0).map(|bit| BRAILLE[bit]).sum::<u8>();
                char::from_u32(0x2800 + u32::from(dots))
            }
        }
    }
}

fn per_cell(curve: Curve) -> (usize, usize) {
    match curve {
        Curve::Braille => (2, 4),
        Curve::Blocks => (1, 2),
        Curve::Ascii => (1, 1),
    }
}
