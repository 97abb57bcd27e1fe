//! Frames, blocks and braille as paths, one path per colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{HIGH, Rgb, WIDE, hex, number};

/// Paths by what they are painted with.
#[derive(Default)]
pub(super) struct Shapes {
    /// Behind everything else.
    grounds: BTreeMap<Rgb, String>,
    fills: BTreeMap<Rgb, String>,
    /// By colour and width in tenths.
    strokes: BTreeMap<(Rgb, u8), String>,
    dots: BTreeMap<Rgb, String>,
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
                let path = self.stroke(ink, width);
                let _ = write!(path, "M{} {}V{}", number(mid_x), number(from), number(to));
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
            '╌' | '┄' => {
                for part in [0.1, 0.6] {
                    self.across(ink, 10, x + WIDE * part, x + WIDE * (part + 0.3), mid_y);
                }
            }
            '┊' | '╎' => {
                for part in [0.06, 0.31, 0.56, 0.81] {
                    let path = self.stroke(ink, 10);
                    let _ = write!(path, "M{} {}v{}", number(mid_x), number(y + HIGH * part), number(HIGH * 0.13));
                }
            }
            '●' => self.circle(ink, mid_x, mid_y, 8.6),
            '○' => {
                self.circle(ink, mid_x, mid_y, 8.6);
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

    /// A dot is a line of no length with round ends: the shortest way to say a circle.
    fn circle(&mut self, ink: Rgb, x: f64, y: f64, _size: f64) {
        let path = self.strokes.entry((ink, ROUND)).or_default();
        let _ = write!(path, "M{} {}h0", number(x), number(y));
    }

    fn braille(&mut self, ink: Rgb, bits: u32, x: f64, y: f64) {
        const ORDER: [(u8, u8); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        let path = self.dots.entry(ink).or_default();
        for (bit, (across, down)) in ORDER.iter().enumerate() {
            if bits & (1 << bit) != 0 {
                let (x, y) = (x + WIDE * (0.25 + 0.5 * f64::from(*across)), y + HIGH * (0.125 + 0.25 * f64::from(*down)));
                let _ = write!(path, "M{:.1} {:.1}h0", x, y);
            }
        }
    }

    /// Writes all paths, grounds first.
    pub fn write(&self, out: &mut String) {
        for (fill, path) in self.grounds.iter().chain(&self.fills) {
            let _ = writeln!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex(*fill));
        }
        for ((ink, width), path) in &self.strokes {
            let (width, cap) = if *width == ROUND { (8.6, " stroke-linecap=\"round\"") } else { (f64::from(*width) / 10.0, "") };
            let _ = writeln!(
                out,
                "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{cap} d=\"{path}\"/>",
                hex(*ink),
                number(width)
            );
        }
        for (ink, path) in &self.dots {
            let ink = hex(*ink);
            let _ = writeln!(out, "<path stroke=\"{ink}\" stroke-width=\"2.2\" stroke-linecap=\"round\" d=\"{path}\"/>");
        }
    }
}

/// The stroke of the slider's knob.
const ROUND: u8 = 255;
