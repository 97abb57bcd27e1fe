//! The cockpit in a terminal of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::bed::LIMIT;

/// A program in a pseudo-terminal, and what it shows.
pub struct Screen {
    child: Child,
    keys: File,
    output: Receiver<(Instant, Vec<u8>)>,
    tail: Vec<u8>,
    frames: Vec<Instant>,
    parser: vt100::Parser,
}

impl Screen {
    /// Starts `command`, with nothing in its environment but what it is given, in a terminal of 120 columns and 40 rows.
    pub fn start(command: &Command) -> Self {
        let (rows, cols) = (NonZero::new(40).unwrap(), NonZero::new(120).unwrap());
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: rows.get(), ws_col: cols.get(), ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // `setsid --ctty` makes the terminal on standard input the controlling one, as a login does
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("TERM", "xterm-256color")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let keys = File::from(master);
        let mut screen = keys.try_clone().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // ends with an error when the program has closed its side
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if send.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(rows, cols, 0);
        Self { child, keys, output, tail: vec![], frames: vec![], parser }
    }

    /// The program's resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    }

    /// Takes in what is shown until `over`, which is asked after every output and every 100 ms; when frames began.
    pub fn frames_until(&mut self, mut over: impl FnMut(&Self) -> bool) -> Vec<Instant> {
        self.frames.clear();
        while !over(self) {
            if let Ok((at, bytes)) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.take(at, &bytes);
            }
        }
        std::mem::take(&mut self.frames)
    }

    fn take(&mut self, at: Instant, bytes: &[u8]) {
        /// What a frame begins with: the terminal is to show it at once.
        const FRAME: &[u8] = b"\x1b[?2026h";
        /// The question whether the terminal is well, and its answer.
        const WELL: (&[u8], &str) = (b"\x1b[5n", "\x1b[0n");
        // a mark may be cut by the end of a read
        let text = [&self.tail[..], bytes].concat();
        let new = |mark: &[u8]| {
            let ends = text.windows(mark.len()).enumerate().filter(|(_, w)| *w == mark).map(|(i, _)| i + mark.len());
            ends.filter(|end| *end > self.tail.len()).count()
        };
        let (frames, asked) = (new(FRAME), new(WELL.0));
        self.frames.extend(std::iter::repeat_n(at, frames));
        self.tail = text[text.len().saturating_sub(FRAME.len())..].to_vec();
        self.parser.process(bytes);
        for _ in 0..asked {
            self.keys(WELL.1);
        }
    }

    /// Types.
    pub fn keys(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Types as a person does, who looks first: once nothing has moved for a moment. What follows the terminal's own
    /// answers at once is taken for something longer, and so for no consent.
    pub fn press(&mut self, text: &str) {
        while let Ok((at, bytes)) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.take(at, &bytes);
        }
        self.keys(text);
    }

    /// Waits until the screen shows what `wanted` looks for; the text of that screen.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let text = self.parser.screen().contents();
            if wanted(&text) {
                return text;
            }
            let left = LIMIT.saturating_sub(began.elapsed());
            let Ok((at, bytes)) = self.output.recv_timeout(left) else { panic!("waited for {what}; the screen:\n{text}") };
            self.take(at, &bytes);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // closing the terminal would do as well, but a test must leave nothing behind
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_program_has_a_terminal_of_its_own() {
    let script = "test -t 0 && stty size </dev/tty && read -r line && echo \"read: $line\"";
    let mut screen = Screen::start(Command::new("bash").args(["-c", script]).env("PATH", std::env::var("PATH").unwrap()));
    screen.until("the size", |text| text.contains("40 120"));
    screen.keys("hello\n");
    screen.until("the line", |text| text.contains("read: hello"));
}
