//! Why the journal cannot be written.

use std::{fmt, io};

use crate::domain::{Exit, Refusal};

/// The journal cannot be written, so nothing may be sent. A program that ends with this ends with 7.
#[derive(Debug)]
pub enum JournalError {
    /// The folder or a file in it is not ours alone to write, or cannot be made.
    Folder(io::Error),
    /// Another gonogo has been writing for seconds.
    Busy,
    /// No space is left; going back has the reserve, going forward has not.
    Full,
    /// The disk failed.
    Failed(io::Error),
}

impl JournalError {
    pub(super) fn of(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::WouldBlock => Self::Busy,
            io::ErrorKind::PermissionDenied => Self::Folder(e),
            _ if is_full(&e) => Self::Full,
            _ => Self::Failed(e),
        }
    }

    /// What would make it possible.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Folder(_) => "--state-dir names another folder",
            Self::Busy => "another gonogo holds the journal; end it if it hangs",
            Self::Full => "free some space, or name a folder on another disk with --state-dir; abort and rollback go on without",
            Self::Failed(_) => "--state-dir names a folder on another disk",
        }
    }
}

/// Whether it is for want of space.
pub(super) fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the journal cannot be written: ")?;
        match self {
            Self::Folder(e) | Self::Failed(e) => write!(f, "{e}"),
            Self::Busy => f.write_str("another gonogo is writing it"),
            Self::Full => f.write_str("the disk is full"),
        }
    }
}

impl std::error::Error for JournalError {}

impl From<JournalError> for Refusal {
    fn from(e: JournalError) -> Self {
        Self::new(e.to_string()).hint(e.hint()).exit(Exit::Journal)
    }
}
