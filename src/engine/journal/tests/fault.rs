//! A disk that stops, tears, forgets, fills up and fails, at any of its operations.

use std::{
    any::Any,
    collections::BTreeMap,
    io::{self, BufRead, ErrorKind},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::engine::journal::Disk;

/// What goes wrong at one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The machine or the process stops before it.
    Stop,
    /// It stops after so many of a hundred parts of a write; an operation that writes nothing is not begun.
    Torn(usize),
    /// It stops after it.
    After,
    /// From here on no space is left; a write is begun and does not end.
    Full,
    /// It fails. A write is half done; of a sync nothing is kept, and the next one says that all is well.
    Failed,
}

/// What is found after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All that was done: only the process died.
    Everything,
    /// Only what was confirmed.
    Confirmed,
    /// What was confirmed, and of the last write a hole and what follows it: pages reach the disk in any order.
    Hole,
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug, Clone, Default)]
struct File {
    /// What a reader sees.
    seen: Vec<u8>,
    /// What the disk has confirmed.
    kept: Vec<u8>,
    /// What lies between the two.
    steps: Vec<Step>,
}

impl File {
    fn apply(bytes: &mut Vec<u8>, step: &Step) {
        match step {
            Step::Write(at, new) => {
                bytes.resize(bytes.len().max(*at), 0);
                let (over, behind) = new.split_at(new.len().min(bytes.len() - at));
                bytes[*at..at + over.len()].copy_from_slice(over);
                // In one go: a reserve is long, and this is what the crash tests do most.
                bytes.extend_from_slice(behind);
            }
            Step::Truncate(len) => bytes.truncate(*len),
        }
    }

    fn step(&mut self, step: Step) {
        Self::apply(&mut self.seen, &step);
        self.steps.push(step);
    }

    fn found(&mut self, found: Found) {
        match found {
            Found::Everything => return,
            Found::Confirmed => {}
            Found::Hole => {
                for mut step in std::mem::take(&mut self.steps) {
                    if let Step::Write(_, bytes) = &mut step {
                        let half = bytes.len() / 2;
                        bytes[..half].fill(0);
                    }
                    Self::apply(&mut self.kept, &step);
                }
            }
        }
        self.steps.clear();
        self.seen = self.kept.clone();
    }
}

#[derive(Debug, Default)]
struct Inner {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    kept_names: BTreeMap<String, usize>,
    /// Operations so far.
    count: usize,
    faults: Vec<(usize, Fault)>,
    stopped: bool,
    full: bool,
    locked: bool,
}

/// A handle to the disk; clones share it.
#[derive(Debug, Clone, Default)]
pub struct FaultDisk(Arc<Mutex<Inner>>);

impl FaultDisk {
    /// Lets `fault` happen at operation `at`, counted from 0 and from now on.
    pub fn fault(&self, at: usize, fault: Fault) {
        let mut inner = self.inner();
        let at = inner.count + at;
        inner.faults.push((at, fault));
    }

    /// Operations so far.
    pub fn count(&self) -> usize {
        self.inner().count
    }

    /// Whether it has stopped.
    pub fn stopped(&self) -> bool {
        self.inner().stopped
    }

    /// Starts it again, mended and with space on it.
    pub fn restart(&self, found: Found) {
        let mut inner = self.inner();
        if found != Found::Everything {
            inner.names = inner.kept_names.clone();
            inner.files.iter_mut().for_each(|f| f.found(found));
        }
        inner.faults.clear();
        (inner.stopped, inner.full, inner.locked) = (false, false, false);
    }

    /// The whole content of a file.
    pub fn content(&self, name: &str) -> Vec<u8> {
        let inner = self.inner();
        inner.files[inner.names[name]].seen.clone()
    }

    /// Puts `bytes` in the place of a file.
    pub fn replace(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.inner();
        let id = inner.names.get(name).copied().unwrap_or(inner.files.len());
        if id == inner.files.len() {
            inner.files.push(File::default());
            inner.names.insert(name.to_owned(), id);
        }
        inner.files[id] = File { seen: bytes.clone(), kept: bytes, steps: vec![] };
        inner.kept_names = inner.names.clone();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Counts an operation, and says what goes wrong at it.
    fn count_one(&self) -> io::Result<(MutexGuard<'_, Inner>, Option<Fault>)> {
        let mut inner = self.inner();
        if inner.stopped {
            return Err(io::Error::other("stopped"));
        }
        let at = inner.count;
        inner.count += 1;
        let fault = inner.faults.iter().find(|(n, _)| *n == at).map(|(_, fault)| *fault);
        match fault {
            Some(Fault::Stop) => {
                inner.stopped = true;
                return Err(io::Error::other("stopped"));
            }
            Some(Fault::Full) => inner.full = true,
            _ => {}
        }
        Ok((inner, fault))
    }

    /// An operation that is done whole or not at all.
    fn whole(&self, needs_space: bool, act: impl FnOnce(&mut Inner) -> io::Result<()>) -> io::Result<()> {
        let (mut inner, fault) = self.count_one()?;
        if needs_space && inner.full {
            return Err(ErrorKind::StorageFull.into());
        }
        match fault {
            Some(Fault::Torn(_)) => {
                inner.stopped = true;
                Err(io::Error::other("stopped"))
            }
            Some(Fault::Failed) => Err(io::Error::other("input/output error")),
            fault => {
                act(&mut inner)?;
                inner.stopped = fault == Some(Fault::After);
                if inner.stopped { Err(io::Error::other("stopped")) } else { Ok(()) }
            }
        }
    }

    fn put(&self, name: &str, at: usize, bytes: &[u8]) -> io::Result<()> {
        let (mut inner, fault) = self.count_one()?;
        let full = inner.full;
        let id = inner.id(name)?;
        let file = &mut inner.files[id];
        // A page that was begun has some space left.
        let room = file.seen.len().saturating_sub(at) + if full { 100 } else { usize::MAX / 2 };
        let (n, error) = match fault {
            Some(Fault::Torn(part)) => (bytes.len() * part / 100, Some(io::Error::other("stopped"))),
            Some(Fault::Failed) => (bytes.len() / 2, Some(io::Error::other("input/output error"))),
            Some(Fault::After) => (bytes.len(), Some(io::Error::other("stopped"))),
            _ if room < bytes.len() => (room, Some(ErrorKind::StorageFull.into())),
            _ => (bytes.len(), None),
        };
        file.step(Step::Write(at, bytes[..n].to_vec()));
        inner.stopped = matches!(fault, Some(Fault::Torn(_) | Fault::After));
        error.map_or(Ok(()), Err)
    }
}

impl Inner {
    fn id(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

struct Guard(FaultDisk);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.inner().locked = false;
    }
}

impl Disk for FaultDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.inner().names.keys().cloned().collect())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let inner = self.inner();
        Ok(inner.files[inner.id(name)?].seen.len() as u64)
    }

    fn read(&self, name: &str, at: u64) -> io::Result<Box<dyn BufRead>> {
        let inner = self.inner();
        let bytes = inner.files[inner.id(name)?].seen.get(at as usize..).unwrap_or_default().to_vec();
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        self.whole(true, |inner| {
            if inner.names.contains_key(name) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            inner.files.push(File::default());
            inner.names.insert(name.to_owned(), inner.files.len() - 1);
            Ok(())
        })
    }

    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.put(name, at as usize, bytes)
    }

    fn preallocate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let from = self.len(name)? as usize;
        self.put(name, from, &vec![0; (len as usize).saturating_sub(from)])?;
        self.sync(name)
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        self.whole(false, |inner| {
            let id = inner.id(name)?;
            inner.files[id].step(Step::Truncate(len as usize));
            Ok(())
        })
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        {
            let (mut inner, fault) = self.count_one()?;
            let id = inner.id(name)?;
            let file = &mut inner.files[id];
            match fault {
                // What was to be written is taken for written from now on, and is not on the disk.
                Some(Fault::Failed) => {
                    file.steps.clear();
                    Err(io::Error::other("input/output error"))
                }
                Some(Fault::Torn(_)) => Err(io::Error::other("stopped")),
                other => {
                    for step in std::mem::take(&mut file.steps) {
                        File::apply(&mut file.kept, &step);
                    }
                    if other == Some(Fault::After) { Err(io::Error::other("stopped")) } else { Ok(()) }
                }
            }
            .inspect_err(|_| inner.stopped = fault != Some(Fault::Failed))
        }
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.whole(false, |inner| {
            inner.kept_names = inner.names.clone();
            Ok(())
        })
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.whole(false, |inner| {
            let id = inner.id(from)?;
            inner.names.remove(from);
            inner.names.insert(to.to_owned(), id);
            Ok(())
        })
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.whole(false, |inner| inner.names.remove(name).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into()))
    }

    fn lock(&mut self) -> io::Result<Box<dyn Any + Send>> {
        let mut inner = self.inner();
        if inner.stopped {
            return Err(io::Error::other("stopped"));
        }
        assert!(!inner.locked, "tests append one after another");
        inner.locked = true;
        drop(inner);
        Ok(Box::new(Guard(self.clone())))
    }
}
