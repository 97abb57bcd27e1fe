//! When somebody asks a command to end: Ctrl-C, SIGTERM, or a terminal that is gone.

use std::{fs, pin::pin};

use futures::future::{pending, select};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits until somebody asks the command to end.
pub async fn interrupted() {
    // Whoever started it with `nohup` wants it to outlive the terminal.
    let hang_up = if hang_up_is_ignored() { None } else { signal(SignalKind::hangup()).ok() };
    let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    select(pin!(next(interrupt)), pin!(select(pin!(next(terminate)), pin!(next(hang_up))))).await;
}

/// The next of a stream; never, where there is none to wait for.
async fn next(stream: Option<Signal>) {
    match stream {
        Some(mut stream) => drop(stream.recv().await),
        None => pending().await,
    }
}

/// Whether this process was started with SIGHUP ignored, as far as the system tells: bit 0 of a mask.
fn hang_up_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
