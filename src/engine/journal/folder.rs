//! A real folder that nobody else can write to.

use std::{
    any::Any,
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, ErrorKind, Seek as _, SeekFrom},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::Disk;
use crate::config::make_folder;

/// The file that is locked while somebody writes. It is never read and never removed.
const LOCK: &str = "lock";

/// How long another writer is waited for: far longer than a write takes, and short enough for a person in a hurry.
const PATIENCE: (u32, Duration) = (150, Duration::from_millis(20));

/// How much is written at once while space is taken.
const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];

/// A folder on a real disk.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Files stay open: an error of a write is told to the handles that were open when it happened.
    open: HashMap<String, File>,
}

impl Folder {
    /// The folder `name` in `parent`, both made where they are missing. Where one of them is a link, belongs to somebody
    /// else or can be written by others, the reason is the error: who can put other files there can forge what they say.
    pub fn open(parent: &Path, name: &str) -> io::Result<Self> {
        let path = parent.join(name);
        for dir in [parent, &path] {
            match make_folder(dir) {
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(named(dir, &e)),
                _ => ours(dir, true)?,
            }
        }
        Ok(Self { path, open: HashMap::new() })
    }

    /// The same for reading only: nothing is made, and nobody's ownership is asked for, so that a copy can be checked.
    pub fn read_only(parent: &Path, name: &str) -> Self {
        Self { path: parent.join(name), open: HashMap::new() }
    }

    /// A folder that is not there, for reading.
    pub fn nowhere() -> Self {
        Self::read_only(Path::new("/nonexistent"), "")
    }

    fn file(&mut self, name: &str, new: bool) -> io::Result<&File> {
        if new || !self.open.contains_key(name) {
            let path = self.path.join(name);
            if !new {
                ours(&path, false)?;
            }
            let file = OpenOptions::new().read(true).write(true).create_new(new).mode(0o600).open(&path);
            let file = file.map_err(|e| named(&path, &e))?;
            self.open.insert(name.to_owned(), file);
        }
        self.open.get(name).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

/// An error that says of which file it is.
fn named(path: &Path, e: &io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{}: {e}", path.display()))
}

/// Refuses what is not ours alone to write. The folder above is ours already, so nobody can exchange it behind our back.
fn ours(path: &Path, folder: bool) -> io::Result<()> {
    let meta = fs::symlink_metadata(path).map_err(|e| named(path, &e))?;
    let refuse = |why: String| Err(io::Error::new(ErrorKind::PermissionDenied, why));
    let shown = path.display();
    if meta.is_symlink() {
        return refuse(format!("{shown} is a symbolic link; name the real folder with --state-dir"));
    }
    if meta.is_dir() != folder || !(folder || meta.is_file()) {
        return refuse(format!("{shown} is not a {}", if folder { "folder" } else { "plain file" }));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return refuse(format!("{shown} belongs to user {}; use a folder of your own with --state-dir", meta.uid()));
    }
    if meta.mode() & 0o022 != 0 {
        return refuse(format!("{shown} can be written by others; chmod go-w {shown}"));
    }
    Ok(())
}

impl Disk for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(vec![]),
            other => other?,
        };
        entries.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path.join(name))?.len())
    }

    fn read(&self, name: &str, at: u64) -> io::Result<Box<dyn BufRead>> {
        let path = self.path.join(name);
        let mut file = File::open(&path).map_err(|e| named(&path, &e))?;
        file.seek(SeekFrom::Start(at))?;
        Ok(Box::new(BufReader::new(file)))
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        self.file(name, true).map(|_| ())
    }

    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let written = self.file(name, false)?.write_all_at(bytes, at);
        written.map_err(|e| named(&self.path.join(name), &e))
    }

    fn preallocate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let file = self.file(name, false)?;
        let mut at = file.metadata()?.len();
        // Written out rather than asked for by fallocate: that is not there on NFS.
        while at < len {
            let n = ZEROS.len().min(usize::try_from(len - at).unwrap_or(usize::MAX));
            file.write_all_at(&ZEROS[..n], at)?;
            at += n as u64;
        }
        file.sync_all()
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        self.file(name, false)?.set_len(len)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        // The length of a file is kept with its data.
        let done = self.file(name, false)?.sync_data();
        done.map_err(|e| named(&self.path.join(name), &e))
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.open.remove(from);
        self.open.remove(to);
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.open.remove(name);
        fs::remove_file(self.path.join(name))
    }

    fn lock(&mut self) -> io::Result<Box<dyn Any + Send>> {
        // Another process may have given the same names to other files since.
        self.open.clear();
        let path = self.path.join(LOCK);
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|e| named(&path, &e))?;
        ours(&path, false)?;
        let (tries, pause) = PATIENCE;
        for _ in 0..tries {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(file)),
                Err(fs::TryLockError::WouldBlock) => thread::sleep(pause),
                Err(fs::TryLockError::Error(e)) => return Err(e),
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }
}
