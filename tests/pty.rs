//! The real binary in a pseudo-terminal: it comes, answers keys, and gives the terminal back on every way out.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs::File,
    io::{Read as _, Write as _},
    num::NonZeroU16,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

#[path = "support/narrow.rs"]
mod narrow;
#[path = "pty/sessions.rs"]
mod sessions;

/// The longest that anything may take before the test gives up; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(30);
const LEAVES: &str = "\u{1b}[?1049l";
/// What the terminal is asked after the frame that shows a dialog.
const ASKED: &str = "\u{1b}[5n";

struct Cockpit {
    child: Child,
    master: Option<File>,
    slave: Option<OwnedFd>,
    seen: Vec<u8>,
    /// How often the terminal was asked for its state.
    asked: usize,
    screen: vt100::Parser,
}

fn size(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        // A failed test leaves no cockpit behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Cockpit {
    fn start() -> Self {
        Self::run(&["demo", "canary-regression"], None)
    }

    /// With these arguments, and with nothing of this machine but `home`.
    fn run(args: &[&str], home: Option<&Path>) -> Self {
        // A child of another test must not keep this one's line open.
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, vec![]).unwrap().into_string().unwrap();
        let slave: OwnedFd = File::options().read(true).write(true).open(name).unwrap().into();
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
        if let Some(home) = home {
            command.env_clear().current_dir(home).env("HOME", home).env("PATH", "");
        }
        let child = command
            .args(args)
            .args(["--color", "always"])
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env_remove("SSH_CONNECTION")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let master: File = master.into();
        let screen = vt100::Parser::new(size(24), size(80), 0);
        Self { child, master: Some(master), slave: Some(slave), seen: vec![], asked: 0, screen }
    }

    /// Reads until the screen shows `text`.
    fn shows(&mut self, text: &str) {
        self.until(text, |c| c.says(text));
    }

    /// Whether the screen shows `text`.
    fn says(&self, text: &str) -> bool {
        self.screen.screen().contents().contains(text)
    }

    /// Reads until something was written.
    fn wrote(&mut self, sequence: &str) {
        self.until(sequence, |c| String::from_utf8_lossy(&c.seen).contains(sequence));
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let came = self.within(PATIENCE, done);
        assert!(came, "never saw {what:?}; the screen:\n{}", self.screen.screen().contents());
    }

    /// Reads until something is so, at most for this long; gives whether it came to be. What has ended says no more.
    fn within(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let began = Instant::now();
        while !done(self) {
            let Some(left) = limit.checked_sub(began.elapsed()) else { return false };
            let left = Timespec::try_from(left).unwrap();
            let master = self.master.as_mut().unwrap();
            let ready = poll(&mut [PollFd::new(master, PollFlags::IN)], Some(&left)).unwrap();
            let mut bytes = [0; 4096];
            let n = if ready == 0 { 0 } else { master.read(&mut bytes).unwrap_or(0) };
            if n == 0 {
                return false;
            }
            self.take(&bytes[..n]);
        }
        true
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        // A question may have come in two pieces.
        let from = self.seen.len().saturating_sub(ASKED.len() - 1);
        self.seen.extend(bytes);
        self.asked += self.seen[from..].windows(ASKED.len()).filter(|w| *w == ASKED.as_bytes()).count();
    }

    /// Makes the terminal another size.
    fn resize(&mut self, (rows, columns): (u16, u16)) {
        let master = self.master.as_ref().unwrap();
        tcsetwinsize(master, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        self.screen.screen_mut().set_size(size(rows), size(columns));
        // Without a controlling terminal nobody sends the signal for us.
        self.signal(Signal::WINCH);
    }

    fn press(&mut self, keys: &str) {
        self.master.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Whether the terminal is as a shell wants it: line by line, with echo.
    fn is_cooked(&self) -> bool {
        let modes = tcgetattr(self.slave.as_ref().unwrap()).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

#[test]
fn it_comes_answers_keys_and_leaves_the_terminal_as_it_was() {
    let mut cockpit = Cockpit::start();
    cockpit.shows("NO-GO");
    assert!(!cockpit.is_cooked());
    cockpit.press("?");
    cockpit.shows("act, always with a dialog first");
    cockpit.press("\u{1b}");
    cockpit.shows("4 Canary payment");
    cockpit.press("A");
    cockpit.shows("abort now");
    cockpit.press("q");
    cockpit.wrote(LEAVES);
    assert_eq!(cockpit.ended().code(), Some(0));
    assert!(cockpit.is_cooked());
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut cockpit = Cockpit::start();
        cockpit.shows("NO-GO");
        cockpit.signal(signal);
        cockpit.wrote(LEAVES);
        assert_eq!(cockpit.ended().code(), Some(130), "{signal:?}");
        assert!(cockpit.is_cooked(), "{signal:?}");
    }
}

#[test]
fn a_hang_up_without_a_signal_ends_it() {
    let mut cockpit = Cockpit::start();
    cockpit.shows("NO-GO");
    drop(cockpit.slave.take());
    drop(cockpit.master.take());
    assert_eq!(cockpit.ended().code(), Some(130));
}

#[test]
fn a_pasted_text_presses_no_keys() {
    let mut cockpit = Cockpit::start();
    cockpit.shows("NO-GO");
    cockpit.press("\u{1b}[200~Aq\u{1b}[201~");
    cockpit.shows("pasted text was dropped");
    // Letters right after a paste still count as part of it; control keys never do.
    cockpit.press("\u{3}");
    assert_eq!(cockpit.ended().code(), Some(0));
}

#[test]
fn another_size_is_another_frame() {
    let mut cockpit = Cockpit::start();
    cockpit.shows("NO-GO");
    cockpit.resize((8, 39));
    cockpit.shows("need 40x8");
    cockpit.press("q");
    assert_eq!(cockpit.ended().code(), Some(0));
}

#[test]
fn the_first_run_card_leads_on() {
    let home = tempfile::tempdir().unwrap();
    let mut card = Cockpit::run(&[], Some(home.path()));
    card.shows("Nothing is configured yet");
    assert!(!card.is_cooked());
    card.press("x");
    card.press("d");
    card.shows("NO-GO");
    card.press("q");
    card.wrote(LEAVES);
    assert_eq!(card.ended().code(), Some(0));
    assert!(card.is_cooked());

    let mut card = Cockpit::run(&[], Some(home.path()));
    card.shows("q  quit");
    card.press("i");
    card.wrote(LEAVES);
    card.shows("nothing was found that a configuration could be made of");
    assert_eq!(card.ended().code(), Some(2));
    assert!(card.is_cooked());
}

#[test]
fn init_asks_at_a_terminal_and_takes_no_enter_for_a_yes() {
    let home = tempfile::tempdir().unwrap();
    let sim = gonogo_sim(home.path());
    for (answer, code, written) in [("\r", 3, false), ("y\r", 0, true)] {
        let args = ["init", "--write", "new.toml"];
        let mut init = Cockpit::run(&args, Some(home.path()));
        init.until("[y/N]", |c| String::from_utf8_lossy(&c.seen).contains("[y/N]"));
        init.press(answer);
        assert_eq!((init.ended().code(), home.path().join("new.toml").exists()), (Some(code), written), "{answer:?}");
    }
    drop(sim);
}

/// The embedded world as a process, with its kubeconfig where everybody looks for one.
fn gonogo_sim(home: &Path) -> Running {
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_gonogo")).args(["sim", "--scenario", "calm"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let running = Running(child);
    let from = line.split("\"kubeconfig\":\"").nth(1).unwrap().split('"').next().unwrap();
    std::fs::create_dir(home.join(".kube")).unwrap();
    std::fs::copy(from, home.join(".kube/config")).unwrap();
    running
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Killed, it could not take its files with it.
        kill_process(Pid::from_child(&self.0), Signal::TERM).ok();
        self.0.wait().ok();
    }
}

#[test]
fn at_the_prompt_of_a_command_a_signal_is_heard() {
    let mut command = Cockpit::run(&["abort", "payment", "--env", "production", "--demo"], None);
    command.wrote("[y/N]");
    command.signal(Signal::INT);
    command.wrote("interrupted: nothing was sent");
    assert_eq!(command.ended().code(), Some(130));
}
