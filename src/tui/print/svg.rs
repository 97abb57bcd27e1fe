//! A frame as a picture.

mod shapes;

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::theme::xterm;
use shapes::Shapes;

/// The colours of the terminal that the picture pretends to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Behind everything.
    pub background: (u8, u8, u8),
    /// Text without a colour.
    pub foreground: (u8, u8, u8),
}

impl Default for Ground {
    fn default() -> Self {
        Self { background: (0x0d, 0x11, 0x17), foreground: (0xc9, 0xd1, 0xd9) }
    }
}

impl Ground {
    /// For a theme made for a white background.
    pub fn light() -> Self {
        Self { background: (255, 255, 255), foreground: (0x24, 0x29, 0x2f) }
    }
}

/// Cell size and margin, in the picture's units. 9.03 is what DejaVu Sans Mono needs at 15.
const WIDE: f64 = 9.03;
const HIGH: f64 = 19.0;
const MARGIN: f64 = 12.0;

type Rgb = (u8, u8, u8);

/// What a cell finally shows: colours with reverse and dim worked in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ink {
    fg: Rgb,
    bg: Option<Rgb>,
    bold: bool,
    italic: bool,
    underline: bool,
    strike: bool,
}

fn rgb(colour: Color, own: Rgb) -> Rgb {
    match colour {
        Color::Reset => own,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index) => xterm(index),
        Color::Black => xterm(0),
        Color::Red => xterm(1),
        Color::Green => xterm(2),
        Color::Yellow => xterm(3),
        Color::Blue => xterm(4),
        Color::Magenta => xterm(5),
        Color::Cyan => xterm(6),
        Color::Gray => xterm(7),
        Color::DarkGray => xterm(8),
        Color::LightRed => xterm(9),
        Color::LightGreen => xterm(10),
        Color::LightYellow => xterm(11),
        Color::LightBlue => xterm(12),
        Color::LightMagenta => xterm(13),
        Color::LightCyan => xterm(14),
        Color::White => xterm(15),
    }
}

impl Ink {
    fn of(cell: &ratatui::buffer::Cell, ground: Ground) -> Self {
        let mut fg = rgb(cell.fg, ground.foreground);
        let mut bg = (cell.bg != Color::Reset).then(|| rgb(cell.bg, ground.background));
        let has = |modifier| cell.modifier.contains(modifier);
        if has(Modifier::REVERSED) {
            (fg, bg) = (bg.unwrap_or(ground.background), Some(fg));
        }
        if has(Modifier::DIM) {
            let behind = bg.unwrap_or(ground.background);
            let mix = |a: u8, b: u8| ((u16::from(a) * 3 + u16::from(b) * 2) / 5) as u8;
            fg = (mix(fg.0, behind.0), mix(fg.1, behind.1), mix(fg.2, behind.2));
        }
        Self {
            fg,
            bg,
            bold: has(Modifier::BOLD),
            italic: has(Modifier::ITALIC),
            underline: has(Modifier::UNDERLINED),
            strike: has(Modifier::CROSSED_OUT),
        }
    }
}

fn hex((r, g, b): Rgb) -> String {
    if [r, g, b].iter().all(|v| v >> 4 == v & 15) {
        return format!("#{:x}{:x}{:x}", r & 15, g & 15, b & 15);
    }
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A number with at most two digits after the point, as short as it can be.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn left(column: usize) -> f64 {
    MARGIN + column as f64 * WIDE
}

fn top(row: usize) -> f64 {
    MARGIN + row as f64 * HIGH
}

/// Draws a frame as SVG. Frames, blocks and curves are drawn as shapes, so that the picture is
/// whole in any font; runs of one style are one element, and all shapes of one colour are one path.
pub fn svg(buf: &Buffer, ground: Ground) -> String {
    let (columns, rows) = (usize::from(buf.area.width), usize::from(buf.area.height));
    let (width, height) = (columns as f64 * WIDE + 2.0 * MARGIN, rows as f64 * HIGH + 2.0 * MARGIN);
    let mut texts = String::new();
    let mut shapes = Shapes::default();
    for row in 0..rows {
        let cells = &buf.content[row * columns..(row + 1) * columns];
        backgrounds(cells, row, ground, &mut shapes);
        row_texts(cells, row, ground, &mut texts, &mut shapes);
    }
    let mut out = String::with_capacity(texts.len() + 4096);
    let (w, h) = (number(width), number(height));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\
         <style>text{{white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}</style>\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>",
        hex(ground.background)
    );
    shapes.write(&mut out);
    let _ = writeln!(
        out,
        "<g font-family=\"DejaVu Sans Mono,JetBrains Mono,Menlo,Consolas,monospace\" font-size=\"15\" \
         xml:space=\"preserve\" fill=\"{}\">",
        hex(ground.foreground)
    );
    out.push_str(&texts);
    out.push_str("</g></svg>\n");
    out
}

fn backgrounds(cells: &[ratatui::buffer::Cell], row: usize, ground: Ground, shapes: &mut Shapes) {
    let mut at = 0;
    while at < cells.len() {
        let bg = Ink::of(&cells[at], ground).bg;
        let run = cells[at..].iter().take_while(|cell| Ink::of(cell, ground).bg == bg).count();
        if let Some(bg) = bg {
            shapes.rect(bg, left(at), top(row), run as f64 * WIDE, HIGH, true);
        }
        at += run;
    }
}

fn row_texts(cells: &[ratatui::buffer::Cell], row: usize, ground: Ground, texts: &mut String, shapes: &mut Shapes) {
    /// A run of letters in one style: where it starts, its columns, its text.
    struct Run {
        start: usize,
        columns: usize,
        ink: Ink,
        text: String,
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < cells.len() {
        let cell = &cells[at];
        let wide = cell.symbol().width().max(1);
        let ink = Ink::of(cell, ground);
        let symbol = cell.symbol();
        if ink.underline || ink.strike {
            let y = top(row) + if ink.strike { HIGH / 2.0 } else { HIGH - 3.0 };
            shapes.rect(ink.fg, left(at), y, wide as f64 * WIDE, 1.0, false);
        }
        let drawn = shapes.sign(symbol, ink.fg, ink.bold, left(at), top(row));
        if !drawn && symbol != " " {
            match runs.last_mut() {
                // One space between words of one style does not end the run; two do, because
                // fonts of other widths would drift.
                Some(run) if run.ink == ink && wide == 1 && at - (run.start + run.columns) <= 1 => {
                    let gap = at - (run.start + run.columns);
                    run.text.push_str(&" ".repeat(gap));
                    run.text.push_str(symbol);
                    run.columns += gap + 1;
                }
                _ => runs.push(Run { start: at, columns: wide, ink, text: symbol.to_owned() }),
            }
        }
        at += wide;
    }
    for run in runs {
        let class = match (run.ink.bold, run.ink.italic) {
            (true, true) => " class=\"b i\"",
            (true, false) => " class=\"b\"",
            (false, true) => " class=\"i\"",
            (false, false) => "",
        };
        let fill = if run.ink.fg == ground.foreground { String::new() } else { format!(" fill=\"{}\"", hex(run.ink.fg)) };
        let _ = writeln!(
            texts,
            "<text x=\"{}\" y=\"{}\" textLength=\"{}\"{fill}{class}>{}</text>",
            number(left(run.start)),
            number(top(row) + 14.4),
            number(run.columns as f64 * WIDE),
            escape(&run.text)
        );
    }
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 has no control characters at all.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}
