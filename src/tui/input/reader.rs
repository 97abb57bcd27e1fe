//! The thread that waits for the terminal.

use std::io::{self, IsTerminal as _, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

use jiff::SignedDuration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::{Bursts, Decoder, Input};

/// After so much silence an ESC is a key: long enough for a sequence that SSH delivers in two
/// pieces.
const SILENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How long to wait for room in the channel before looking again whether to stop.
const FULL: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// What the reader sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Inputs that arrived together, with the time of the caller's clock.
    Inputs {
        /// When the bytes were there.
        at: SignedDuration,
        /// Never empty.
        inputs: Vec<Input>,
    },
    /// The terminal is gone. Nothing follows.
    HungUp,
}

/// The terminal to read from: standard input if it is one, else the controlling terminal.
///
/// # Errors
/// There is no terminal.
pub fn open_terminal() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned();
    }
    Ok(std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty")?.into())
}

/// A running reader thread; dropping it stops the thread and waits for that.
#[derive(Debug)]
pub struct Reader {
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading. `now` is the clock that gives arrival times; it must not go backwards.
    ///
    /// The thread sleeps in `poll` until something arrives: an idle reader costs nothing. It ends
    /// when the terminal hangs up, when the receiver is gone, or on [`Reader::stop`].
    ///
    /// # Errors
    /// No thread or no pipe could be made.
    pub fn spawn(
        terminal: OwnedFd,
        now: impl Fn() -> SignedDuration + Send + 'static,
        sender: Sender<Arrival>,
    ) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        let thread =
            std::thread::Builder::new().name("terminal".to_owned()).spawn(move || read(&terminal, &stopped, &now, &sender))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Stops reading, so that a program started from here gets the keys. Returns when the thread
    /// has ended; bytes it has not read stay in the terminal.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the hook; there is nothing to add.
            drop(thread.join());
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read(terminal: &OwnedFd, stopped: &PipeReader, now: &dyn Fn() -> SignedDuration, sender: &Sender<Arrival>) {
    let mut decoder = Decoder::default();
    let mut bursts = Bursts::default();
    let mut bytes = [0u8; 4096];
    loop {
        let silence = decoder.pending().then_some(&SILENCE);
        let inputs = match wait(terminal, stopped, silence) {
            Woken::Stopped => return,
            Woken::Again => continue,
            Woken::Silence => decoder.idle(),
            Woken::Gone => break,
            Woken::Bytes => match rustix::io::read(terminal, &mut bytes) {
                Ok(0) => break,
                Ok(count) => decoder.feed(&bytes[..count]),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => break,
            },
        };
        let at = now();
        let inputs = bursts.sort(at, inputs);
        if !inputs.is_empty() && !send(sender, stopped, Arrival::Inputs { at, inputs }) {
            return;
        }
    }
    send(sender, stopped, Arrival::HungUp);
}

enum Woken {
    Bytes,
    Silence,
    Gone,
    Stopped,
    Again,
}

fn wait(terminal: &OwnedFd, stopped: &PipeReader, silence: Option<&Timespec>) -> Woken {
    let mut fds = [PollFd::new(terminal, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
    match poll(&mut fds, silence) {
        Err(Errno::INTR | Errno::AGAIN) => return Woken::Again,
        Err(_) => return Woken::Gone,
        Ok(0) => return Woken::Silence,
        Ok(_) => {}
    }
    if !fds[1].revents().is_empty() {
        return Woken::Stopped;
    }
    let seen = fds[0].revents();
    // What was typed before the line went is still read; the read after that says the end.
    if seen.contains(PollFlags::IN) {
        Woken::Bytes
    } else if seen.is_empty() {
        Woken::Again
    } else {
        Woken::Gone
    }
}

/// Sends, waiting for room but never longer than until the reader is stopped.
fn send(sender: &Sender<Arrival>, stopped: &PipeReader, mut arrival: Arrival) -> bool {
    loop {
        match sender.try_send(arrival) {
            Ok(()) => return true,
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(back)) => arrival = back,
        }
        let mut fds = [PollFd::new(stopped, PollFlags::IN)];
        if matches!(poll(&mut fds, Some(&FULL)), Ok(count) if count > 0) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::sync::mpsc::{Receiver, channel};

    use super::super::{Code, Key};
    use super::*;

    fn pty() -> (std::fs::File, OwnedFd) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("named").into_string().expect("UTF-8");
        let slave: OwnedFd = std::fs::OpenOptions::new().read(true).write(true).open(name).expect("opened").into();
        let mut modes = tcgetattr(&slave).expect("modes");
        modes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &modes).expect("raw");
        (master.into(), slave)
    }

    fn start(room: usize) -> (std::fs::File, Reader, Receiver<Arrival>) {
        let (master, slave) = pty();
        let (sender, receiver) = channel(room);
        let reader = Reader::spawn(slave, || SignedDuration::from_secs(7), sender).expect("started");
        (master, reader, receiver)
    }

    fn inputs(inputs: Vec<Input>) -> Arrival {
        Arrival::Inputs { at: SignedDuration::from_secs(7), inputs }
    }

    #[test]
    fn keys_arrive_with_their_time() {
        let (mut master, _reader, mut receiver) = start(8);
        master.write_all(b"\x1b[A").expect("written");
        assert_eq!(receiver.blocking_recv(), Some(inputs(vec![Input::Key(Key::plain(Code::Up))])));
    }

    #[test]
    fn a_lone_escape_is_a_key() {
        let (mut master, _reader, mut receiver) = start(8);
        master.write_all(b"\x1b").expect("written");
        assert_eq!(receiver.blocking_recv(), Some(inputs(vec![Input::Key(Key::plain(Code::Esc))])));
    }

    #[test]
    fn a_hang_up_is_noticed_without_a_signal() {
        let (master, _reader, mut receiver) = start(8);
        drop(master);
        assert_eq!(receiver.blocking_recv(), Some(Arrival::HungUp));
        assert_eq!(receiver.blocking_recv(), None);
    }

    #[test]
    fn what_was_typed_before_the_hang_up_counts_and_nothing_after_it() {
        let (mut master, _reader, mut receiver) = start(8);
        master.write_all(b"q").expect("written");
        assert_eq!(receiver.blocking_recv(), Some(inputs(vec![Input::Key(Key::char('q'))])));
        drop(master);
        assert_eq!(receiver.blocking_recv(), Some(Arrival::HungUp));
    }

    #[test]
    fn it_stops_on_request_also_when_nobody_takes_its_inputs() {
        let (mut master, mut reader, mut receiver) = start(1);
        master.write_all(b"\x1b[A").expect("written");
        while receiver.is_empty() {
            std::thread::yield_now();
        }
        master.write_all(b"\x1b[B").expect("written");
        reader.stop();
        assert!(receiver.blocking_recv().is_some());
        assert_eq!(receiver.blocking_recv(), None, "the channel is closed");
    }
}
