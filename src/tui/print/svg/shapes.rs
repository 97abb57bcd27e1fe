//! Frames, blocks and braille as paths, one path per colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{HIGH, MARGIN, Rgb, WIDE, hex, number};

/// Paths by what they are painted with.
#[derive(Default)]
pub(super) struct Shapes {
    /// Behind everything else.
    grounds: BTreeMap<Rgb, String>,
    fills: BTreeMap<Rgb, String>,
    /// By colour and width in tenths.
    strokes: BTreeMap<(Rgb, u8), String>,
    /// Lines down that may go on in the next row: by colour, width and place, from and to.
    downs: BTreeMap<(Rgb, u8, i64), (f64, f64)>,
    /// Moves from dot to dot, and the last dot.
    dots: BTreeMap<Rgb, (String, (i32, i32))>,
}

/// Arms of a line sign: left, right, up, down.
fn arms(sign: char) -> Option<(bool, bool, bool, bool)> {
    Some(match sign {
        '─' | '━' => (true, true, false, false),
        '│' | '┃' => (false, false, true, true),
        '┼' => (true, true, true, true),
        '┤' => (true, false, true, true),
        '├' => (false, true, true, true),
        '┬' => (true, true, false, true),
        '┴' => (true, true, true, false),
        '┌' => (false, true, false, true),
        '┐' => (true, false, false, true),
        '└' => (false, true, true, false),
        '┘' => (true, false, true, false),
        _ => return None,
    })
}

impl Shapes {
    /// A filled rectangle.
    pub fn rect(&mut self, fill: Rgb, x: f64, y: f64, wide: f64, high: f64, ground: bool) {
        let path = if ground { &mut self.grounds } else { &mut self.fills }.entry(fill).or_default();
        let _ = write!(path, "M{} {}h{}v{}h-{}z", number(x), number(y), number(wide), number(high), number(wide));
    }

    /// Draws a sign as a shape, if it is one that fonts draw with gaps; else gives false.
    pub fn sign(&mut self, symbol: &str, ink: Rgb, bold: bool, x: f64, y: f64) -> bool {
        let mut chars = symbol.chars();
        let (Some(sign), None) = (chars.next(), chars.next()) else {
            return false;
        };
        let (mid_x, mid_y) = (x + WIDE / 2.0, y + HIGH / 2.0);
        if let Some((left, right, up, down)) = arms(sign) {
            let width = if matches!(sign, '━' | '┃') { 24 } else { 12 + 6 * u8::from(bold) };
            if left || right {
                let (from, to) = (if left { x } else { mid_x }, if right { x + WIDE } else { mid_x });
                self.across(ink, width, from, to, mid_y);
            }
            if up || down {
                let (from, to) = (if up { y } else { mid_y }, if down { y + HIGH } else { mid_y });
                self.down(ink, width, mid_x, from, to);
            }
            return true;
        }
        match sign {
            '╭' | '╮' | '╰' | '╯' => {
                let (across, curve) = (if matches!(sign, '╭' | '╰') { 1.0 } else { -1.0 }, 3.5);
                let down = if matches!(sign, '╭' | '╮') { 1.0 } else { -1.0 };
                let path = self.stroke(ink, 12 + 6 * u8::from(bold));
                let _ = write!(
                    path,
                    "M{} {}V{}Q{} {} {} {}H{}",
                    number(mid_x),
                    number(mid_y + down * HIGH / 2.0),
                    number(mid_y + down * curve),
                    number(mid_x),
                    number(mid_y),
                    number(mid_x + across * curve),
                    number(mid_y),
                    number(mid_x + across * WIDE / 2.0)
                );
            }
            '╌' | '┄' => self.across(ink, DASHED, x, x + WIDE, mid_y),
            '┊' | '╎' => self.down(ink, DASHED, mid_x, y, y + HIGH),
            '●' => {
                let _ = write!(self.stroke(ink, ROUND), "M{} {}h0", number(mid_x), number(mid_y));
            }
            '\u{2800}'..='\u{28ff}' => self.braille(ink, sign as u32 - 0x2800, x, y),
            '▁'..='█' => {
                let high = HIGH * f64::from(sign as u32 - 0x2580) / 8.0;
                self.rect(ink, x, y + HIGH - high, WIDE, high, false);
            }
            '▀' => self.rect(ink, x, y, WIDE, HIGH / 2.0, false),
            '▌' => self.rect(ink, x, y, WIDE / 2.0, HIGH, false),
            '▐' => self.rect(ink, x + WIDE / 2.0, y, WIDE / 2.0, HIGH, false),
            _ => return false,
        }
        true
    }

    fn stroke(&mut self, ink: Rgb, width: u8) -> &mut String {
        self.strokes.entry((ink, width)).or_default()
    }

    /// A line across; one that goes on where the last one ended makes that one longer.
    fn across(&mut self, ink: Rgb, width: u8, from: f64, to: f64, y: f64) {
        let path = self.stroke(ink, width);
        let start = format!("M{} {}H", number(from), number(y));
        let joint = format!("H{}", number(from));
        if path.ends_with(&joint) && path.rfind('M').is_some_and(|at| path[at..].contains(&format!(" {}H", number(y)))) {
            path.truncate(path.len() - joint.len());
            let _ = write!(path, "H{}", number(to));
        } else {
            path.push_str(&start);
            path.push_str(&number(to));
        }
    }

    /// A line down; one that goes on where the row above ended makes that one longer.
    fn down(&mut self, ink: Rgb, width: u8, x: f64, from: f64, to: f64) {
        let key = (ink, width, (x * 100.0).round() as i64);
        match self.downs.get_mut(&key) {
            Some((_, end)) if (*end - from).abs() < 0.01 => *end = to,
            _ => {
                if let Some(done) = self.downs.insert(key, (from, to)) {
                    self.finish_down(key, done);
                }
            }
        }
    }

    fn finish_down(&mut self, (ink, width, x): (Rgb, u8, i64), (from, to): (f64, f64)) {
        let path = self.stroke(ink, width);
        let _ = write!(path, "M{} {}V{}", number(x as f64 / 100.0), number(from), number(to));
    }

    /// A dot is a line of no length with round ends. Dots are written on their own grid of whole
    /// numbers, each relative to the one before: a curve of a thousand dots stays small.
    fn braille(&mut self, ink: Rgb, bits: u32, x: f64, y: f64) {
        const ORDER: [(i32, i32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        let (column, row) = (((x - MARGIN) / WIDE).round() as i32, ((y - MARGIN) / HIGH).round() as i32);
        let (path, last) = self.dots.entry(ink).or_default();
        for (bit, (across, down)) in ORDER.iter().enumerate() {
            if bits & (1 << bit) != 0 {
                let dot = (2 * column + across, 4 * row + down);
                let _ = write!(path, "m{} {}h0", dot.0 - last.0, dot.1 - last.1);
                *last = dot;
            }
        }
    }

    /// Writes all paths, grounds first.
    pub fn write(mut self, out: &mut String) {
        for (key, done) in std::mem::take(&mut self.downs) {
            self.finish_down(key, done);
        }
        for (fill, path) in self.grounds.iter().chain(&self.fills) {
            let _ = writeln!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex(*fill));
        }
        for ((ink, width), path) in &self.strokes {
            let (width, more) = match *width {
                ROUND => (8.6, " stroke-linecap=\"round\""),
                DASHED => (1.0, " stroke-dasharray=\"2.7 1.82\" stroke-dashoffset=\"-.9\""),
                tenths => (f64::from(tenths) / 10.0, ""),
            };
            let _ = writeln!(
                out,
                "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{more} d=\"{path}\"/>",
                hex(*ink),
                number(width)
            );
        }
        for (ink, (path, _)) in &self.dots {
            let (across, down) = (WIDE / 2.0, HIGH / 4.0);
            let _ = writeln!(
                out,
                "<path transform=\"matrix({across} 0 0 {down} {} {})\" stroke=\"{}\" stroke-width=\".47\" \
                 stroke-linecap=\"round\" d=\"M0 0{path}\"/>",
                number(MARGIN + across / 2.0),
                number(MARGIN + down / 2.0),
                hex(*ink)
            );
        }
    }
}

/// The stroke of the slider's knob.
const ROUND: u8 = 255;
/// The stroke of limits, markers and the rest of a slider.
const DASHED: u8 = 254;
