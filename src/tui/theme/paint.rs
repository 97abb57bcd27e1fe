//! One colour in its 24-bit, 256 and 16 colour forms.

use ratatui::style::Color;

use super::depth::Depth;

/// A colour of a palette with its equivalents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// 24 bits.
    pub rgb: (u8, u8, u8),
    /// Index into xterm's 256 colours; none leaves the terminal's own colour.
    pub c256: Option<u8>,
    /// Index into the 16 colours; none leaves the terminal's own colour.
    pub c16: Option<u8>,
}

/// The names of the 16 colours, in the order of their numbers.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// xterm's defaults for the 16 colours: what "nearest" is measured against.
const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

impl Paint {
    /// A colour whose equivalents are the nearest ones.
    pub fn of_rgb(rgb: (u8, u8, u8)) -> Self {
        Self { rgb, c256: Some(nearest_256(rgb)), c16: Some(nearest_16(rgb)) }
    }

    /// Reads `#rrggbb`.
    pub fn parse_hex(text: &str) -> Option<(u8, u8, u8)> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(((value >> 16) as u8, (value >> 8) as u8, value as u8))
    }

    /// Reads the name of one of the 16 colours.
    pub fn parse_16(text: &str) -> Option<u8> {
        NAMES.iter().position(|name| *name == text).map(|at| at as u8)
    }

    /// The colour for a terminal of that depth; `None` leaves the terminal's own.
    pub fn colour(self, depth: Depth) -> Option<Color> {
        let (r, g, b) = self.rgb;
        match depth {
            Depth::True => Some(Color::Rgb(r, g, b)),
            Depth::C256 => self.c256.map(Color::Indexed),
            Depth::C16 => self.c16.map(sixteen),
            Depth::Mono => None,
        }
    }
}

/// The named colour for a number, so that the terminal's own palette is used.
fn sixteen(index: u8) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMED[usize::from(index & 15)]
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    // Weighted by the eye's sensitivity; enough to pick a neighbour in a cube of steps of 40.
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    2 * square(a.0, b.0) + 4 * square(a.1, b.1) + 3 * square(a.2, b.2)
}

fn nearest_256(rgb: (u8, u8, u8)) -> u8 {
    (16..=255u8).min_by_key(|index| distance(rgb, xterm(*index))).unwrap_or(7)
}

fn nearest_16(rgb: (u8, u8, u8)) -> u8 {
    (0..16u8).min_by_key(|index| distance(rgb, SIXTEEN[usize::from(*index)])).unwrap_or(7)
}

/// What an index of xterm's 256 colours looks like; used to measure and to draw SVG.
pub fn xterm(index: u8) -> (u8, u8, u8) {
    let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index {
        0..=15 => SIXTEEN[usize::from(index)],
        16..=231 => {
            let n = index - 16;
            (level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_strict() {
        assert_eq!(Paint::parse_hex("#3fb950"), Some((0x3f, 0xb9, 0x50)));
        for wrong in ["3fb950", "#3fb95", "#3fb9500", "#+fb950", "#gggggg", ""] {
            assert_eq!(Paint::parse_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn equivalents_are_near() {
        assert_eq!(Paint::of_rgb((255, 0, 0)), Paint { rgb: (255, 0, 0), c256: Some(196), c16: Some(9) });
        assert_eq!(Paint::of_rgb((8, 8, 8)).c256, Some(232));
        assert_eq!(xterm(21), (0, 0, 255));
        assert_eq!(Paint::of_rgb((0, 0, 0)).colour(Depth::C16), Some(Color::Black));
        assert_eq!(Paint::of_rgb((0, 0, 0)).colour(Depth::Mono), None);
    }
}
