//! The last look at a frame before it leaves.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many combining marks one letter may carry; more is an attack on the line height.
const MAX_MARKS: usize = 4;

/// Replaces whatever a terminal would obey or hide (control, bidi and zero-width characters,
/// towers of combining marks) in the finished frame, and gives the number of cells changed.
///
/// Outside text was made safe where it came in; this is the second fence, for text that took
/// another way and for writes that bypass the filter of `set_stringn`.
pub fn sweep(buf: &mut Buffer) -> usize {
    let mut changed = 0;
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if let [byte] = symbol.as_bytes()
            && (0x20..0x7f).contains(byte)
        {
            continue;
        }
        if let Cow::Owned(safe) = safe_symbol(symbol, symbol.width()) {
            cell.set_symbol(&safe);
            changed += 1;
        }
    }
    changed
}

/// Puts what seven bits can show in place of the signs that our own words hold: a terminal without Unicode shows them as
/// rubbish. Text from outside stays what it is.
pub fn seven_bits(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let plain = match cell.symbol() {
            "·" | "–" | "—" => "-",
            "…" => "~",
            "→" | "▸" => ">",
            _ => continue,
        };
        cell.set_symbol(plain);
    }
}

fn safe_symbol(symbol: &str, wide: usize) -> Cow<'_, str> {
    let mut marks = 0;
    let fine = (1..=2).contains(&wide)
        && symbol.chars().enumerate().all(|(at, c)| {
            let mark = at > 0 && c.width() == Some(0);
            marks += usize::from(mark);
            !is_hidden(c) && marks <= MAX_MARKS && (mark || c.width().is_some_and(|w| w > 0))
        });
    if fine {
        return Cow::Borrowed(symbol);
    }
    let mut marks = 0;
    let kept: String = symbol
        .chars()
        .filter(|c| !is_hidden(*c))
        .filter(|c| {
            let mark = c.width() == Some(0);
            marks += usize::from(mark);
            !mark || marks <= MAX_MARKS
        })
        .collect();
    // The cell must stay as wide as the layout took it for, or the rest of the row shifts.
    let starts_well = kept.chars().next().is_some_and(|c| c.width().is_some_and(|w| w > 0));
    if starts_well && wide <= 2 && kept.width() == wide {
        return Cow::Owned(kept);
    }
    Cow::Owned(if wide == 2 { "??" } else { "?" }.to_owned())
}

/// Control, bidi, zero-width, tag and private formatting characters: none has a place in a cell.
pub(in crate::tui) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;

    use super::*;

    fn swept(symbol: &str) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 1));
        buf[(0, 0)].set_symbol(symbol);
        sweep(&mut buf);
        buf[(0, 0)].symbol().to_owned()
    }

    #[test]
    fn what_a_terminal_would_obey_goes() {
        for hostile in [
            "\u{1b}",
            "\u{1b}[2J",
            "\r",
            "\n",
            "\u{7}",
            "\u{9b}",
            "\u{7f}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{200d}",
            "\u{feff}",
            "\u{e0041}",
            "abc",
        ] {
            assert_eq!(swept(hostile), "?", "{hostile:?}");
        }
        assert_eq!(swept("a\u{200d}"), "a");
        assert_eq!(swept(""), "?");
    }

    #[test]
    fn what_people_write_stays() {
        for fine in ["a", "é", "e\u{301}", "支", "✓", "⣿", "│", " ", "ё"] {
            assert_eq!(swept(fine), fine);
        }
        let tower: String = std::iter::once('a').chain(std::iter::repeat_n('\u{301}', 1000)).collect();
        assert_eq!(swept(&tower).chars().count(), 1 + MAX_MARKS);
    }

    proptest! {
        #[test]
        fn no_cell_holds_anything_hidden(symbol in any::<String>()) {
            let after = swept(&symbol);
            prop_assert!((1..=2).contains(&after.width()), "{:?}", after);
            prop_assert!(!after.chars().any(is_hidden), "{:?}", after);
            prop_assert_eq!(swept(&after), after);
        }
    }
}
