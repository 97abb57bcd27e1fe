//! The journal: what was asked for, by whom, on which evidence, what was sent and what came of it. It is the audit log
//! too.
//!
//! ```text
//!   <state>/journal/  000001.jsonl  000002.jsonl …   lines; each file but the first says where it goes on
//!                     reserve                        1 MiB of zeros: the next file when the disk is full
//!                     lock                           held while somebody appends
//! ```
//!
//! A line counts from the moment at which [`Journal::append`] returns, and not before: it is on the disk then. Several
//! processes may append; each takes the lock, reads what the others wrote, and goes on from there. What a crash cut short
//! is taken off by the next writer, and the line that it writes says so. After an error of `fsync` nobody knows what the
//! disk kept of that file's end, and asking again may be answered with a lie: the journal goes on in a new file, which
//! names the last line that counts.
//!
//! Going forward needs the reserve to be there, so that going back can always be written down.

mod chain;
mod disk;
mod error;
mod folder;
mod hash;
mod operations;
mod record;
mod verify;
pub mod words;
mod write;

pub use chain::{Break, Chain};
pub use disk::Disk;
pub use error::JournalError;
pub use folder::Folder;
pub use hash::{Hash, Head, SCHEMA};
pub use operations::{End, Operation, Operations};
pub use record::{Answered, Begun, Effect, Entry, Event, Evidence, Given, Intent, Line, Turn, Way};
pub use verify::{Anchor, Report, Torn, verify};
pub use write::{Journal, Space};

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use crate::domain::OpId;

/// The name of the journal's folder in the state directory.
pub const FOLDER: &str = "journal";

/// The id of an operation that begins now. Two of one millisecond differ by chance; the standard library's hasher is
/// keyed by the system's randomness.
pub fn new_op(at: jiff::Timestamp) -> OpId {
    OpId::new(at, RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests;
