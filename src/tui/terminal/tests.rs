use std::io::Read as _;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::LocalModes;

use super::*;

/// The tests share the one static, as the program's exit paths do.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Pty {
    master: File,
    slave: OwnedFd,
    parser: vt100::Parser,
}

impl Pty {
    fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("named").into_string().expect("UTF-8");
        let slave = std::fs::OpenOptions::new().read(true).write(true).open(name).expect("opened").into();
        let size = |n| std::num::NonZeroU16::new(n).expect("not empty");
        Self { master: master.into(), slave, parser: vt100::Parser::new(size(24), size(80), 0) }
    }

    fn session(&self) -> Session {
        enter_on(self.slave.try_clone().expect("cloned"), Modes::default()).expect("entered")
    }

    fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.slave).expect("modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Everything written so far, which ends with `end`.
    fn read_to(&mut self, end: &[u8]) -> Vec<u8> {
        let mut seen = Vec::new();
        let mut bytes = [0; 1024];
        while !seen.ends_with(end) {
            let count = self.master.read(&mut bytes).expect("more to read");
            seen.extend(&bytes[..count]);
        }
        self.parser.process(&seen);
        seen
    }
}

#[test]
fn every_mode_that_is_taken_is_given_back() {
    let taken = format!("{ENTER}{MOUSE}");
    for mode in taken.split("\x1b[").filter(|mode| mode.ends_with('h')) {
        let back = mode.replace('h', "l");
        assert!(LEAVE.contains(&back), "{mode}");
    }
    for mode in taken.split("\x1b[").filter(|mode| mode.ends_with('l')) {
        let back = mode.replace('l', "h");
        assert!(LEAVE.contains(&back), "{mode}");
    }
    assert!(taken.contains("\x1b[>1u") && LEAVE.contains("\x1b[<u"));
    assert!(LEAVE.ends_with("\x1b[?1049l"), "the keyboard's flags belong to the alternate screen");
}

#[test]
fn a_session_takes_the_terminal_and_gives_it_back() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut pty = Pty::open();
    assert!(pty.is_cooked());
    let session = pty.session();
    assert!(!pty.is_cooked());
    pty.read_to(MOUSE.as_bytes());
    let screen = pty.parser.screen();
    assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
    assert_eq!(screen.mouse_protocol_encoding(), vt100::MouseProtocolEncoding::Sgr);
    drop(session);
    pty.read_to(LEAVE.as_bytes());
    let screen = pty.parser.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert!(pty.is_cooked());
}

#[test]
fn leaving_twice_writes_once() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut pty = Pty::open();
    let session = pty.session();
    pty.read_to(MOUSE.as_bytes());
    leave();
    leave();
    drop(session);
    write_all(&pty.slave, b"end").expect("written");
    let seen = pty.read_to(b"end");
    assert_eq!(seen, format!("{LEAVE}end").into_bytes());
}

#[test]
fn outside_the_terminal_is_as_it_was_before() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut pty = Pty::open();
    let session = pty.session();
    assert!(session.outside(|| pty.is_cooked()).expect("came back"));
    assert!(!pty.is_cooked());
    drop(session);
    pty.read_to(LEAVE.as_bytes());
    assert!(pty.is_cooked(), "and not the raw mode of the second time");
}

#[test]
fn a_terminal_that_hung_up_harms_nobody() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pty = Pty::open();
    let session = pty.session();
    drop(pty.master);
    drop(session);
    assert!(TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_none());
}

#[test]
fn what_is_no_terminal_is_not_entered() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let file: OwnedFd = tempfile::tempfile().expect("a file").into();
    assert!(enter_on(file.try_clone().expect("cloned"), Modes::default()).is_err());
    assert!(TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_none());
    assert_eq!(size(&file), (80, 24));
}

#[test]
fn a_panic_elsewhere_keeps_its_message_and_the_screen() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pty = Pty::open();
    let session = pty.session();
    let before = std::panic::take_hook();
    install_panic_hook();
    let joined = std::thread::spawn(|| panic!("lost the thread")).join();
    drop(std::panic::take_hook());
    std::panic::set_hook(before);
    assert!(joined.is_err());
    assert!(!pty.is_cooked(), "the screen is still ours");
    let message = take_panic().expect("kept");
    assert!(message.starts_with("lost the thread ("), "{message}");
    assert_eq!(take_panic(), None);
    drop(session);
}

#[test]
fn a_panic_on_the_screens_thread_gives_the_terminal_back_before_the_report() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pty = Pty::open();
    let slave = pty.slave.try_clone().expect("cloned");
    let session = pty.session();
    let before = std::panic::take_hook();
    let cooked_at_report = std::sync::Arc::new(Mutex::new(None));
    let seen = std::sync::Arc::clone(&cooked_at_report);
    let joined = std::thread::spawn(move || {
        std::panic::set_hook(Box::new(move |_| {
            let modes = tcgetattr(&slave).expect("modes").local_modes;
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(modes.contains(LocalModes::ICANON));
        }));
        install_panic_hook();
        panic!("on the thread that draws");
    })
    .join();
    drop(std::panic::take_hook());
    std::panic::set_hook(before);
    assert!(joined.is_err());
    assert_eq!(*cooked_at_report.lock().unwrap_or_else(PoisonError::into_inner), Some(true));
    drop(session);
}
