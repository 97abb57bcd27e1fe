//! The terminal's modes: taken on [`enter`], given back on [`leave`], whatever happens between.
//!
//! Nothing here asks the terminal a question and waits: a terminal that never answers must not
//! stop the program.

mod panic;
mod screen;

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

pub use panic::{install_panic_hook, take_panic};
pub use screen::Screen;

/// What to ask of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Reports of the mouse; without them the terminal selects text by itself.
    pub mouse: bool,
}

impl Default for Modes {
    fn default() -> Self {
        Self { mouse: true }
    }
}

/// Alternate screen, no cursor, bracketed paste, focus reports, and kitty's "disambiguate": all
/// sent unasked, terminals that do not know one ignore it.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[>1u";
/// Buttons, drags and wheel, in SGR form.
const MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The way back from everything above, ready before it is needed. Synchronized output is ended
/// first, or the rest would not show; the keyboard's flags belong to the alternate screen, so they
/// go before it.
const LEAVE: &str = "\x1b[?2026l\x1b[<u\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// What is needed to give the terminal back.
struct Taken {
    terminal: OwnedFd,
    cooked: Termios,
}

static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

/// The terminal is ours as long as this lives; dropping it gives it back.
#[derive(Debug)]
#[must_use = "dropping it gives the terminal back"]
pub struct Session {
    modes: Modes,
}

/// Whether a person sits at both ends: keys come from a terminal, and frames go to one.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal to write to: standard output if it is one, else the controlling terminal.
///
/// # Errors
/// There is no terminal.
pub fn output() -> io::Result<File> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return Ok(stdout.as_fd().try_clone_to_owned()?.into());
    }
    std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty")
}

/// Columns and rows of the terminal; 80 x 24 where it does not know (a serial line).
pub fn size(terminal: impl AsFd) -> (u16, u16) {
    match tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// Takes the terminal: raw mode, alternate screen and the rest of the modes.
///
/// # Errors
/// There is no terminal, or it cannot be set; nothing has been changed then.
pub fn enter(modes: Modes) -> io::Result<Session> {
    enter_on(output()?.into(), modes)
}

fn enter_on(terminal: OwnedFd, modes: Modes) -> io::Result<Session> {
    take(terminal, modes)?;
    Ok(Session { modes })
}

fn take(terminal: OwnedFd, modes: Modes) -> io::Result<()> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Taking twice would remember raw mode as what to go back to.
    if taken.is_some() {
        return Ok(());
    }
    let cooked = tcgetattr(&terminal)?;
    let mut raw = cooked.clone();
    raw.make_raw();
    // From here on there is a way back, whatever of the following fails.
    let terminal = &taken.insert(Taken { terminal, cooked }).terminal;
    let result = tcsetattr(terminal, OptionalActions::Now, &raw).map_err(io::Error::from).and_then(|()| {
        write_all(terminal, ENTER.as_bytes())?;
        if modes.mouse { write_all(terminal, MOUSE.as_bytes()) } else { Ok(()) }
    });
    if result.is_err() {
        give_back(taken.take());
    }
    result
}

/// Gives the terminal back, if it was taken. May be called any number of times and from any exit
/// path; it neither fails nor panics, because there would be nobody left to tell.
pub fn leave() {
    // A panic inside `take` holds the lock on this very thread: then there is nothing to wait for.
    match TAKEN.try_lock() {
        Ok(mut taken) => give_back(taken.take()),
        Err(std::sync::TryLockError::Poisoned(poisoned)) => give_back(poisoned.into_inner().take()),
        Err(std::sync::TryLockError::WouldBlock) => {}
    }
}

fn give_back(taken: Option<Taken>) {
    let Some(Taken { terminal, cooked }) = taken else {
        return;
    };
    // Each is tried even if the other fails; a terminal that hung up takes neither.
    let _gone = write_all(&terminal, LEAVE.as_bytes());
    // Flush: what was typed for the cockpit must not run as a command in the shell.
    let _gone = tcsetattr(&terminal, OptionalActions::Flush, &cooked);
}

fn write_all(terminal: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(terminal, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl Session {
    /// Gives the terminal back for a while (another program, a stop) and takes it again after
    /// `work`. The screen must be drawn anew then.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn outside<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        let terminal = {
            let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
            taken.as_ref().map(|taken| taken.terminal.try_clone()).transpose()?
        };
        leave();
        let result = work();
        match terminal {
            Some(terminal) => take(terminal, self.modes)?,
            None => take(output()?.into(), self.modes)?,
        }
        Ok(result)
    }

    /// Stops the whole job, as Ctrl-Z does in a program that does not take the keys, and returns
    /// when it goes on. For the key and for a SIGTSTP from outside.
    ///
    /// # Errors
    /// The job cannot be stopped, or the terminal cannot be taken again.
    pub fn suspend(&self) -> io::Result<()> {
        // SIGSTOP and not SIGTSTP: the latter may be the signal that brought us here, caught.
        self.outside(|| rustix::process::kill_current_process_group(rustix::process::Signal::STOP))??;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        leave();
    }
}

#[cfg(test)]
mod tests;
