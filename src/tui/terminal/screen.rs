//! Frames to bytes: only what changed, in one write, shown at once.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::force_color_output;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::widget::sweep;

/// What the terminal shows, and how to make it show something else.
///
/// It stands in for ratatui's `Terminal`, whose `clear` asks the terminal where the cursor is and
/// waits for the answer, and which writes 25 bytes for a frame in which nothing changed.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    shown: Buffer,
    next: Buffer,
    cursor: Option<Position>,
    /// The terminal's cells are not what `shown` says: draw all of them.
    stale: bool,
}

impl<W: Write> Screen<W> {
    /// A screen of so many columns and rows, of which nothing is known yet.
    pub fn new(out: W, (columns, rows): (u16, u16)) -> Self {
        // Whether there are colours is decided once, by the look; crossterm would read NO_COLOR
        // again and overrule `--color`.
        force_color_output(true);
        let area = Rect::new(0, 0, columns, rows);
        Self { out, shown: Buffer::empty(area), next: Buffer::empty(area), cursor: None, stale: true }
    }

    /// Columns and rows.
    pub fn area(&self) -> Rect {
        self.next.area
    }

    /// The last frame that was drawn.
    pub fn frame(&self) -> &Buffer {
        &self.shown
    }

    /// The terminal has another size now; the next frame is drawn whole.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        let area = Rect::new(0, 0, columns, rows);
        self.shown = Buffer::empty(area);
        self.next = Buffer::empty(area);
        self.stale = true;
    }

    /// Somebody else wrote to the terminal; the next frame is drawn whole.
    pub fn redraw(&mut self) {
        self.stale = true;
    }

    /// Lets `paint` fill an empty frame (it gives the place of the cursor, if there is one), sweeps
    /// it, and writes what differs from what is shown. Gives the number of bytes written, 0 for
    /// nothing.
    ///
    /// # Errors
    /// The terminal cannot be written to; the next frame is then drawn whole.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<usize> {
        self.next.reset();
        let cursor = paint(&mut self.next).filter(|at| self.next.area.contains(*at));
        sweep(&mut self.next);
        let mut bytes: Vec<u8> = Vec::new();
        let whole = std::mem::take(&mut self.stale);
        if whole {
            self.shown.reset();
            bytes.extend(b"\x1b[0m\x1b[2J");
        }
        let changes = self.shown.diff(&self.next);
        if !whole && changes.is_empty() && cursor == self.cursor {
            return Ok(0);
        }
        if !changes.is_empty() {
            CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
        }
        match cursor {
            Some(at) => queue!(bytes, MoveTo(at.x, at.y), Show)?,
            None if self.cursor.is_some() || whole => queue!(bytes, Hide)?,
            None => {}
        }
        let mut frame: Vec<u8> = Vec::with_capacity(bytes.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.append(&mut bytes);
        queue!(frame, EndSynchronizedUpdate)?;
        self.cursor = cursor;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.stale = true;
        self.out.write_all(&frame)?;
        self.out.flush()?;
        self.stale = false;
        Ok(frame.len())
    }

    /// Writes bytes that are not part of a frame: the bell, OSC 52, `CSI 5n`.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    fn screen() -> Screen<Vec<u8>> {
        Screen::new(Vec::new(), (20, 4))
    }

    fn shown(bytes: &[u8], (columns, rows): (u16, u16)) -> Vec<String> {
        let size = |n| std::num::NonZeroU16::new(n).expect("not empty");
        let mut parser = vt100::Parser::new(size(rows), size(columns), 0);
        parser.process(bytes);
        parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_terminal_shows_the_frame() {
        let mut screen = screen();
        screen
            .draw(|buf| {
                buf.set_string(0, 0, "payment 支払い", Style::new().fg(Color::Rgb(1, 2, 3)));
                buf.set_string(2, 3, "NO-GO", Style::new().bg(Color::Indexed(203)));
                None
            })
            .expect("a vector takes everything");
        assert_eq!(shown(&screen.out, (20, 4)), ["payment 支払い", "", "", "  NO-GO"]);
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut screen = screen();
        let paint = |buf: &mut Buffer| {
            buf.set_string(0, 0, "quiet", Style::new());
            None
        };
        assert!(screen.draw(paint).expect("written") > 0);
        assert_eq!(screen.draw(paint).expect("written"), 0);
        screen.redraw();
        assert!(screen.draw(paint).expect("written") > 0);
    }

    #[test]
    fn one_changed_cell_is_a_few_bytes() {
        let mut screen = screen();
        let at = |y: u16| {
            move |buf: &mut Buffer| {
                buf.set_string(0, y, "|", Style::new());
                None
            }
        };
        screen.draw(at(0)).expect("written");
        let bytes = screen.draw(at(1)).expect("written");
        assert!(bytes < 60, "{bytes}");
        assert_eq!(shown(&screen.out, (20, 4)), ["", "|", "", ""]);
    }

    #[test]
    fn a_resize_draws_the_whole_frame_and_asks_nothing() {
        let mut screen = screen();
        let paint = |buf: &mut Buffer| {
            buf.set_string(0, 0, "all", Style::new());
            Some(Position::new(3, 0))
        };
        screen.draw(paint).expect("written");
        screen.out.clear();
        screen.resize((10, 2));
        screen.draw(paint).expect("written");
        assert_eq!(shown(&screen.out, (10, 2)), ["all", ""]);
        assert!(!screen.out.windows(3).any(|at| at == b"[6n" || at == b"[5n" || at == b"[0c"));
        screen.resize((0, 0));
        screen.draw(|_| None).expect("an empty screen is fine");
    }

    #[test]
    fn hostile_cells_are_swept_before_they_leave() {
        let mut screen = screen();
        screen
            .draw(|buf| {
                buf[(0, 0)].set_symbol("\x1b]52;c;eA==\x07");
                None
            })
            .expect("written");
        assert!(!screen.out.windows(4).any(|at| at == b"\x1b]52"));
    }

    #[test]
    fn a_failed_write_makes_the_next_frame_whole() {
        struct Fails(Vec<u8>, bool);
        impl Write for Fails {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if self.1 {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                self.0.extend(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut screen = Screen::new(Fails(Vec::new(), true), (20, 1));
        let paint = |buf: &mut Buffer| {
            buf.set_string(0, 0, "again", Style::new());
            None
        };
        assert!(screen.draw(paint).is_err());
        screen.out.1 = false;
        screen.draw(paint).expect("written");
        assert_eq!(shown(&screen.out.0, (20, 1)), ["again"]);
    }
}
