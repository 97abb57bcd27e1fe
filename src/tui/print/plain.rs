//! A frame as plain text.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

/// The signs of a frame, one line per row, without spaces at the end of a line.
pub fn plain(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.rows() {
        let mut line = String::new();
        let mut hidden = 0;
        for x in y.columns() {
            let cell = &buf[(x.x, x.y)];
            // The cell behind a wide letter is part of it.
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            hidden = cell.symbol().width().saturating_sub(1);
            line.push_str(cell.symbol());
        }
        out.push_str(line.trim_end_matches(' '));
        out.push('\n');
    }
    out
}
