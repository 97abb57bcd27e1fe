//! Lines of a log, from bytes that come in pieces. Bounded: no line is longer than its cap.

use bytes::{Buf, BytesMut};

/// The longest line that is kept, in bytes.
const LONGEST: usize = 64 << 10;

/// Cuts pieces into lines.
#[derive(Debug, Default)]
pub struct LineCutter {
    held: BytesMut,
    /// The rest of a line that is too long is passed over.
    skipping: bool,
}

impl LineCutter {
    /// Takes a piece; ask for [`next`](Self::next) until there is none.
    pub fn push(&mut self, piece: &[u8]) {
        self.held.extend_from_slice(piece);
    }

    /// The next whole line without its end. What is no UTF-8 is replaced.
    pub fn next(&mut self) -> Option<String> {
        let mut end = self.held.iter().position(|b| *b == b'\n');
        if self.skipping {
            let Some(at) = end else {
                self.held.clear();
                return None;
            };
            self.held.advance(at + 1);
            self.skipping = false;
            end = self.held.iter().position(|b| *b == b'\n');
        }
        let line = match end {
            Some(at) => {
                let line = self.held.split_to(at);
                self.held.advance(1);
                line
            }
            None if self.held.len() > LONGEST => {
                self.skipping = true;
                self.held.split_to(LONGEST)
            }
            None => return None,
        };
        Some(String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).into_owned())
    }

    /// What stands behind the last line end, at the end of the log.
    pub fn rest(&mut self) -> Option<String> {
        let rest = self.held.split();
        (!rest.is_empty() && !self.skipping).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_whatever_the_pieces_and_no_line_grows_without_end() {
        let mut cutter = LineCutter::default();
        let mut out = vec![];
        let long = "x".repeat(3 * LONGEST);
        let text = format!("one\n\ntw\u{f6}\n{long}\nlast");
        for piece in text.as_bytes().chunks(7) {
            cutter.push(piece);
            while let Some(line) = cutter.next() {
                out.push(line);
            }
            assert!(cutter.held.len() <= LONGEST + 7);
        }
        out.extend(cutter.rest());
        assert_eq!(out, ["one", "", "tw\u{f6}", &long[..LONGEST], "last"]);
    }
}
