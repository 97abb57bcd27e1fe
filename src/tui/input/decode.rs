//! Bytes to inputs.
//!
//! `vte` parses letters and control sequences. Escapes and strings are framed here, before it,
//! for three reasons: only the framing knows whether something is left open when the line falls
//! silent; `vte` keeps an OSC of any length in memory; and a terminal's *input* has forms that its
//! output does not have (Alt as a prefix, SS3, pastes).

mod csi;

use vte::{Params, Parser, Perform};

use super::Input;
use super::key::{Code, Key};

/// Silences after which an unfinished control sequence is given up. A silence is what the caller
/// waits before [`Decoder::idle`]; at 100 ms this is half a second, more than SSH needs.
const SEQUENCE_SILENCES: u8 = 5;
/// Silences after which an unfinished string or paste is given up.
const STRING_SILENCES: u8 = 20;
/// Bytes of a paste that are kept.
const PASTE_CAP: usize = 1 << 20;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// After `ESC O`.
    Ss3,
    /// After `ESC [`, with the number of bytes so far.
    Csi(usize),
    /// The Linux console's `ESC [ [ A`.
    LinuxF,
    /// Bytes of an old mouse report that are still to come.
    OldMouse(u8),
    /// In OSC (which BEL ends too) or another string.
    String {
        osc: bool,
    },
    /// After an ESC in a string.
    StringEscape {
        osc: bool,
    },
    Paste,
}

/// Turns the terminal's bytes into inputs; reads may split them anywhere.
pub struct Decoder {
    parser: Parser,
    state: State,
    silences: u8,
    sink: Sink,
    paste: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { parser: Parser::new(), state: State::Ground, silences: 0, sink: Sink::default(), paste: Vec::new() }
    }
}

/// What `vte` calls.
#[derive(Default)]
struct Sink {
    out: Vec<Input>,
    /// An ESC stood before this letter.
    alt: bool,
    /// The start of a paste was seen.
    paste: bool,
}

impl Sink {
    fn key(&mut self, mut key: Key) {
        key.alt |= std::mem::take(&mut self.alt);
        self.out.push(Input::Key(key));
    }
}

impl Perform for Sink {
    fn print(&mut self, c: char) {
        match c {
            '\u{7f}' => self.key(Key::plain(Code::Backspace)),
            // `vte` gives 8-bit controls as letters when they come in two reads.
            c if c == char::REPLACEMENT_CHARACTER || c.is_control() => {
                self.alt = false;
                self.out.push(Input::Unknown);
            }
            c => self.key(Key::char(c)),
        }
    }

    fn execute(&mut self, byte: u8) {
        if let Some(key) = control(byte) {
            self.key(key);
        } else {
            self.alt = false;
            self.out.push(Input::Unknown);
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        match csi::dispatch(params, intermediates, ignore, action) {
            csi::Meaning::Input(input) => self.out.push(input),
            csi::Meaning::PasteStart => self.paste = true,
            csi::Meaning::Nothing => {}
        }
    }
}

/// The key behind a control byte in raw mode.
fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        0x00 => Key::ctrl(' '),
        b'\t' => Key::plain(Code::Tab),
        b'\r' => Key::plain(Code::Enter),
        0x1b => Key::plain(Code::Esc),
        0x7f => Key::plain(Code::Backspace),
        0x01..=0x1a => Key::ctrl(char::from(byte | 0x60)),
        0x1c..=0x1f => Key::ctrl(char::from(byte | 0x40)),
        _ => return None,
    })
}

impl Decoder {
    /// Whether something is open, so that the caller should call [`Decoder::idle`] when no more
    /// bytes come (after about 100 ms, and again as long as this is true).
    pub fn pending(&self) -> bool {
        self.state != State::Ground
    }

    /// Decodes bytes. How they are split over calls makes no difference to the inputs.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.silences = 0;
        for byte in bytes {
            self.byte(*byte);
        }
        std::mem::take(&mut self.sink.out)
    }

    /// No bytes came for a while: a lone ESC is the key, what else is open is given up in time.
    pub fn idle(&mut self) -> Vec<Input> {
        self.silences = self.silences.saturating_add(1);
        match self.state {
            State::Ground => {}
            State::Escape => self.finish(Input::Key(Key::plain(Code::Esc))),
            // `ESC O`, `ESC [` may be Alt and a letter, but a letter nobody bound is better than
            // half a sequence whose rest would then be taken for letters.
            _ if self.silences < self.patience() => {}
            State::Ss3 => self.finish(Input::Key(Key { alt: true, ..Key::char('O') })),
            State::Csi(0) => self.finish(Input::Key(Key { alt: true, ..Key::char('[') })),
            State::Paste => self.end_paste(),
            _ => self.finish(Input::Unknown),
        }
        std::mem::take(&mut self.sink.out)
    }

    fn patience(&self) -> u8 {
        match self.state {
            State::String { .. } | State::StringEscape { .. } | State::Paste => STRING_SILENCES,
            _ => SEQUENCE_SILENCES,
        }
    }

    /// Back to letters, with what the open thing turned out to be.
    fn finish(&mut self, input: Input) {
        self.reset();
        self.sink.out.push(input);
    }

    fn reset(&mut self) {
        self.parser = Parser::new();
        self.state = State::Ground;
        self.silences = 0;
        self.sink.alt = false;
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Ss3 => self.ss3(byte),
            State::Csi(len) => self.csi(byte, len),
            State::LinuxF => {
                let input = match byte {
                    b'A'..=b'E' => Input::Key(Key::plain(Code::F(byte - b'A' + 1))),
                    _ => Input::Unknown,
                };
                self.finish(input);
            }
            State::OldMouse(left) => match left {
                0 | 1 => self.finish(Input::Unknown),
                _ => self.state = State::OldMouse(left - 1),
            },
            State::String { osc } => self.string(byte, osc),
            State::StringEscape { osc } => match byte {
                b'\\' => self.finish(Input::Unknown),
                // The terminal gave the string up and started something else.
                b'[' | b'O' | b']' | b'P' | b'X' | b'^' | b'_' => {
                    self.sink.out.push(Input::Unknown);
                    self.escape(byte);
                }
                0x1b => {}
                _ => {
                    self.state = State::String { osc };
                    self.string(byte, osc);
                }
            },
            State::Paste => self.pasted(byte),
        }
    }

    fn ground(&mut self, byte: u8) {
        if byte == 0x1b {
            // Half a letter before it will not be completed.
            if self.sink.alt {
                self.finish(Input::Unknown);
            }
            self.state = State::Escape;
            return;
        }
        self.parser.advance(&mut self.sink, &[byte]);
    }

    fn escape(&mut self, byte: u8) {
        self.state = State::Ground;
        match byte {
            0x1b => {
                self.sink.out.push(Input::Key(Key::plain(Code::Esc)));
                self.state = State::Escape;
            }
            b'[' => {
                self.parser = Parser::new();
                self.parser.advance(&mut self.sink, b"\x1b[");
                self.state = State::Csi(0);
            }
            b'O' => self.state = State::Ss3,
            b']' => self.state = State::String { osc: true },
            b'P' | b'X' | b'^' | b'_' => self.state = State::String { osc: false },
            0x00..=0x7f => {
                let key = control(byte).unwrap_or(Key::char(char::from(byte)));
                self.finish(Input::Key(Key { alt: true, ..key }));
            }
            _ => {
                self.parser = Parser::new();
                self.sink.alt = true;
                self.ground(byte);
            }
        }
    }

    fn ss3(&mut self, byte: u8) {
        let key = match byte {
            // Some terminals put the modifier between: `ESC O 5 A`. Without its meaning, the key
            // is still better than a letter.
            b'0'..=b'9' | b';' => return,
            b'A' => Code::Up,
            b'B' => Code::Down,
            b'C' => Code::Right,
            b'D' => Code::Left,
            b'H' => Code::Home,
            b'F' => Code::End,
            b'M' => Code::Enter,
            b'P'..=b'S' => Code::F(byte - b'P' + 1),
            b'j'..=b'y' => Code::Char(char::from(byte - b'j' + b'*')),
            0x1b => {
                self.finish(Input::Unknown);
                self.state = State::Escape;
                return;
            }
            0x00..=0x1f => {
                self.finish(Input::Unknown);
                self.ground(byte);
                return;
            }
            _ => return self.finish(Input::Unknown),
        };
        self.finish(Input::Key(Key::plain(key)));
    }

    fn csi(&mut self, byte: u8, len: usize) {
        match byte {
            0x1b => {
                self.finish(Input::Unknown);
                self.state = State::Escape;
            }
            // A control key inside a sequence: the sequence is broken, the key counts.
            0x00..=0x1f => {
                self.finish(Input::Unknown);
                self.ground(byte);
            }
            0x7f..=0xff => self.finish(Input::Unknown),
            b'[' if len == 0 => self.state = State::LinuxF,
            b'M' if len == 0 => self.state = State::OldMouse(3),
            0x40..=0x7e => {
                self.parser.advance(&mut self.sink, &[byte]);
                self.reset();
                if std::mem::take(&mut self.sink.paste) {
                    self.paste.clear();
                    self.state = State::Paste;
                }
            }
            _ => {
                self.parser.advance(&mut self.sink, &[byte]);
                self.state = State::Csi(len.saturating_add(1));
            }
        }
    }

    fn string(&mut self, byte: u8, osc: bool) {
        match byte {
            0x1b => self.state = State::StringEscape { osc },
            0x07 if osc => self.finish(Input::Unknown),
            0x18 | 0x1a => self.finish(Input::Unknown),
            // No answer of a terminal holds a Ctrl-C: it is the person's, and must not be lost.
            0x03 => {
                self.finish(Input::Unknown);
                self.ground(byte);
            }
            _ => {}
        }
    }

    fn pasted(&mut self, byte: u8) {
        if byte == 0x03 {
            // The person's way out of a paste that never ends. It is only passed on: what follows
            // is still pasted, so a paste that holds one gains nothing by it.
            self.sink.out.push(Input::Key(Key::ctrl('c')));
            return;
        }
        self.paste.push(byte);
        if self.paste.ends_with(PASTE_END) {
            self.paste.truncate(self.paste.len() - PASTE_END.len());
            self.end_paste();
        } else if self.paste.len() > PASTE_CAP + PASTE_END.len() {
            // Full: only the last bytes go on changing, so that the end is still seen.
            self.paste.remove(PASTE_CAP);
        }
    }

    fn end_paste(&mut self) {
        let mut bytes = std::mem::take(&mut self.paste);
        bytes.truncate(PASTE_CAP);
        self.finish(Input::Paste(clean(&bytes)));
    }
}

/// A pasted text without anything that is not text.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !crate::tui::widget::is_hidden(*c)).collect()
}

#[cfg(test)]
mod tests;
