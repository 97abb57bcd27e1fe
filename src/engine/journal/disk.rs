//! The few things that the journal asks of a disk. Tests put one in its place that stops, tears, forgets and fails.

use std::{
    any::Any,
    io::{self, BufRead},
};

/// One folder of plain files. What was written is kept only once the file was synced, and a name only once the folder was.
pub trait Disk: Send {
    /// The names of the files.
    fn names(&self) -> io::Result<Vec<String>>;

    /// How long a file is, in bytes.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// The bytes of a file from `at` to its end.
    fn read(&self, name: &str, at: u64) -> io::Result<Box<dyn BufRead>>;

    /// Makes an empty file, readable by its owner only; fails where it exists.
    fn create(&mut self, name: &str) -> io::Result<()>;

    /// Writes `bytes` at `at`, over what is there.
    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Lengthens a file to `len` bytes of zeros that take up their space now.
    fn preallocate(&mut self, name: &str, len: u64) -> io::Result<()>;

    /// Cuts a file to `len` bytes.
    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()>;

    /// Waits until the disk has confirmed all that was written to a file. After an error what it kept is not known, and
    /// another call may lie.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// The same for the names of the files.
    fn sync_dir(&mut self) -> io::Result<()>;

    /// Gives a file another name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Keeps every other writer out until the guard is dropped. Waits a few seconds for one that is at it;
    /// [`io::ErrorKind::WouldBlock`] then.
    fn lock(&mut self) -> io::Result<Box<dyn Any + Send>>;
}
