//! Text by columns: a wide letter counts two, a combining mark none.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Width of a text in columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A width as a screen coordinate.
pub fn columns(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// The longest beginning that fits, in bytes, with its width.
fn head(text: &str, room: usize) -> (usize, usize) {
    let (mut bytes, mut used) = (0, 0);
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > room {
            break;
        }
        (bytes, used) = (bytes + grapheme.len(), used + wide);
    }
    (bytes, used)
}

/// Cuts the end off, with an ellipsis of one column in its place.
pub fn cut<'a>(text: &'a str, room: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.width() <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let (bytes, _) = head(text, room - 1);
    Cow::Owned(format!("{}{ellipsis}", &text[..bytes]))
}

/// Cuts the middle out, with an ellipsis of one column in its place: both ends of a digest or a
/// host name tell more than its beginning.
pub fn cut_middle<'a>(text: &'a str, room: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.width() <= room {
        return Cow::Borrowed(text);
    }
    if room < 3 {
        return cut(text, room, ellipsis);
    }
    let (front, used) = head(text, room / 2);
    let mut tail = text.len();
    let mut left = room - 1 - used;
    for grapheme in text.graphemes(true).rev() {
        let wide = grapheme.width();
        if wide > left {
            break;
        }
        (tail, left) = (tail - grapheme.len(), left - wide);
    }
    Cow::Owned(format!("{}{ellipsis}{}", &text[..front], &text[tail..]))
}

/// Fills up with spaces at the right, or cuts.
pub fn pad(text: &str, room: usize, ellipsis: &str) -> String {
    let cut = cut(text, room, ellipsis);
    let missing = room - cut.width().min(room);
    format!("{cut}{:missing$}", "")
}

/// Fills up with spaces at the left, or cuts.
pub fn pad_left(text: &str, room: usize, ellipsis: &str) -> String {
    let cut = cut(text, room, ellipsis);
    let missing = room - cut.width().min(room);
    format!("{:missing$}{cut}", "")
}

/// Breaks at spaces; a word that is longer than a line is broken where the line ends. Line ends of
/// the text stay line ends. Never gives an empty list.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let wide = word.width();
            if used > 0 && used + 1 + wide <= room {
                line.push(' ');
                line.push_str(word);
                used += 1 + wide;
                continue;
            }
            if used > 0 {
                lines.push(std::mem::take(&mut line));
            }
            let mut rest = word;
            while rest.width() > room {
                // A letter wider than the line still takes one, or this would not end.
                let bytes = head(rest, room).0.max(rest.graphemes(true).next().map_or(1, str::len));
                lines.push(rest[..bytes].to_owned());
                rest = &rest[bytes..];
            }
            if rest.is_empty() {
                line = lines.pop().unwrap_or_default();
            } else {
                rest.clone_into(&mut line);
            }
            used = line.width();
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_by_columns() {
        assert_eq!(cut("payment", 7, "…"), "payment");
        assert_eq!(cut("payment", 6, "…"), "payme…");
        assert_eq!(cut("payment", 1, "…"), "…");
        assert_eq!(cut("payment", 0, "…"), "");
        assert_eq!(cut("支払い", 4, "…"), "支…");
        assert_eq!(cut("e\u{301}tude", 3, "…"), "e\u{301}t…");
        assert_eq!(cut_middle("sha256:a41f0000ef07", 12, "…"), "sha256…0ef07");
        assert_eq!(cut_middle("支払い支払い", 6, "…"), "支…い");
        assert_eq!(cut_middle("abcdef", 2, "~"), "a~");
        assert_eq!((pad("a", 3, "…"), pad_left("支", 3, "…")), ("a  ".to_owned(), " 支".to_owned()));
        assert_eq!(pad_left("支払い", 4, "…"), " 支…");
    }

    #[test]
    fn wraps_at_words() {
        assert_eq!(wrap("9 of 14 errors hit", 7), ["9 of 14", "errors", "hit"]);
        assert_eq!(wrap("a\n\nb", 7), ["a", "", "b"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("支払い", 1), ["支", "払", "い"]);
        assert_eq!(wrap("", 0), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "\\PC{0,40}", room in 0usize..30) {
            prop_assert!(cut(&text, room, "…").width() <= room);
            prop_assert!(cut_middle(&text, room, "…").width() <= room);
            prop_assert_eq!(cut(&text, text.width(), "…"), text.as_str());
        }

        #[test]
        fn wrapping_loses_no_letter(text in "[a-z ]{0,60}", room in 1usize..20) {
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|line| line.width() <= room));
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
