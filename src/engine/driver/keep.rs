//! The journal as the driver writes it: opened at the first line, off the tasks that must not wait for a disk.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    domain::{OpId, Refusal, SafeText},
    engine::journal::{Disk, FOLDER, Folder, Journal, JournalError},
};

/// The folder of the operations that processes are at.
const RUNNING: &str = "running";

type Open = dyn Fn() -> Result<Box<dyn Disk>, JournalError> + Send + Sync;

/// Where the journal is kept, and who is at which operation.
#[derive(Clone)]
pub struct Keep {
    open: Arc<Open>,
    journal: Arc<Mutex<Option<Journal>>>,
    /// The operations that this process is at.
    busy: Arc<Mutex<BTreeSet<OpId>>>,
    running: Option<PathBuf>,
}

impl Keep {
    /// In the state directory of the user.
    pub fn folder(state: &Path) -> Self {
        let at = state.to_owned();
        let open = move || match Folder::open(&at, FOLDER) {
            Ok(folder) => Ok(Box::new(folder) as Box<dyn Disk>),
            Err(e) => Err(JournalError::Folder(e)),
        };
        Self { running: Some(state.join(RUNNING)), ..Self::on(open) }
    }

    /// On disks that `open` opens; nobody else can tell which operations this process is at.
    pub fn on(open: impl Fn() -> Result<Box<dyn Disk>, JournalError> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), journal: Arc::default(), busy: Arc::default(), running: None }
    }

    /// Nowhere: nothing can be sent.
    pub fn nowhere() -> Self {
        Self::on(|| Err(JournalError::Folder(io::Error::new(io::ErrorKind::NotFound, "no folder for the state is known"))))
    }

    /// Does something with the journal. A refusal is that it cannot be opened, or written.
    pub(in crate::engine) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let keep = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut journal = keep.journal.lock().unwrap_or_else(PoisonError::into_inner);
            let journal = match &mut *journal {
                Some(journal) => journal,
                none => none.insert(Journal::open((keep.open)()?, host(), env!("CARGO_PKG_VERSION").into())?),
            };
            work(journal)
        });
        match done.await {
            Ok(done) => done.map_err(Refusal::from),
            Err(e) => Err(JournalError::Failed(io::Error::other(e)).into()),
        }
    }

    /// Takes an operation, so that nobody else on this state directory is at it until what is returned is dropped.
    /// `None` where somebody has it, in this process or another. Where it cannot be told of other processes it is taken:
    /// to be kept from an abort would be worse.
    pub(super) fn take(&self, op: &OpId) -> Option<Taken> {
        if !self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(op.clone()) {
            return None;
        }
        let mut taken = Taken { op: op.clone(), busy: self.busy.clone(), file: None };
        let Some(folder) = &self.running else { return Some(taken) };
        let path = folder.join(op.as_str());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).ok();
        let Ok(file) = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path) else {
            return Some(taken);
        };
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return None;
        }
        taken.file = Some((path, file));
        Some(taken)
    }
}

/// An operation that this process is at. The system lets go of its file when the process ends, however it does.
pub(super) struct Taken {
    op: OpId,
    busy: Arc<Mutex<BTreeSet<OpId>>>,
    file: Option<(PathBuf, File)>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some((path, file)) = self.file.take() {
            fs::remove_file(path).ok();
            drop(file);
        }
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.op);
    }
}

/// This host, by its own word.
fn host() -> SafeText {
    SafeText::capped(&rustix::system::uname().nodename().to_string_lossy(), 80)
}
