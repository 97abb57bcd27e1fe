//! What a panic does to the screen.

use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

/// The last panic of a thread that is not the screen's.
static ELSEWHERE: Mutex<Option<String>> = Mutex::new(None);

/// Makes panics leave the terminal whole. Call it on the thread that owns the screen, after any
/// other hook is installed: that one goes on printing the report.
///
/// A panic on this thread ends the program, so the terminal is given back and the report printed.
/// A panic elsewhere ends one task while the cockpit goes on drawing: giving the terminal back
/// under it would leave a dead screen, so its message is kept for [`take_panic`] and the task's
/// `JoinError` says which task it was.
pub fn install_panic_hook() {
    let screen = std::thread::current().id();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| on_panic(info, screen, &*report)));
}

fn on_panic(info: &PanicHookInfo<'_>, screen: ThreadId, report: &dyn Fn(&PanicHookInfo<'_>)) {
    if std::thread::current().id() == screen {
        super::leave();
        report(info);
        return;
    }
    let what = info.payload_as_str().unwrap_or("something that is no text");
    let place = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    *ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{what}{place}"));
}

/// The message of the last panic on another thread, once.
pub fn take_panic() -> Option<String> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).take()
}
