//! The cockpit in a terminal of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::bed::LIMIT;

/// A program in a pseudo-terminal, and what it shows.
pub struct Screen {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Screen {
    /// Starts `program` with `args` in a terminal of 120 columns and 40 rows.
    pub fn start(program: &str, args: &[&str], env: &[(&str, String)]) -> Self {
        let (rows, cols) = (NonZero::new(40).unwrap(), NonZero::new(120).unwrap());
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: rows.get(), ws_col: cols.get(), ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // `setsid --ctty` makes the terminal on standard input the controlling one, as a login does
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", program])
            .args(args)
            .env_clear()
            .envs(env.iter().cloned())
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
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, output, parser: vt100::Parser::new(rows, cols, 0) }
    }

    /// Types.
    pub fn keys(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
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
            let Ok(bytes) = self.output.recv_timeout(left) else { panic!("waited for {what}; the screen:\n{text}") };
            self.parser.process(&bytes);
            // what a terminal answers when it is asked whether it is well
            if bytes.windows(4).any(|w| w == b"\x1b[5n") {
                self.keys("\x1b[0n");
            }
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
    let mut screen = Screen::start("bash", &["-c", script], &[("PATH", std::env::var("PATH").unwrap())]);
    screen.until("the size", |text| text.contains("40 120"));
    screen.keys("hello\n");
    screen.until("the line", |text| text.contains("read: hello"));
}
