//! Appends to the journal.

use std::io;

use super::{
    Break, Chain, Disk, Entry, Event, Hash, Head, JournalError, Line, Operation, Operations, Turn,
    chain::{RESERVE, Rest, Tail, file_name, file_number, is_zero, rest_of},
    error::is_full,
    hash::{SCHEMA, seal},
};
use crate::domain::SafeText;

/// How large the reserve is, in bytes: some hundred lines.
const RESERVED: u64 = 1 << 20;

/// A file longer than this, in bytes, is followed by another.
const LONG: u64 = 16 << 20;

/// Where a line may be written when the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Nowhere; and a line is only written while the reserve is there.
    Ordinary,
    /// In the reserve: for operations that go back.
    Reserve,
}

/// A journal that can be written.
pub struct Journal {
    disk: Box<dyn Disk>,
    host: SafeText,
    build: SafeText,
    chain: Chain,
    operations: Operations,
    /// A file whose end the disk did not confirm: nothing more is written to it.
    unconfirmed: Option<String>,
    failed: Failed,
}

/// Appends that failed and could not be taken back: should their lines be found on the disk, they count for nothing.
#[derive(Debug)]
struct Failed {
    /// The last line that counts.
    after: Head,
    /// Their lines.
    lines: Vec<Head>,
}

impl Journal {
    /// Opens the journal on this disk, reads it whole and checks every line. `host` and `build` are written into each line.
    ///
    /// A journal that does not hold is opened all the same: what is wrong with it is in [`breaks`](Self::breaks), and new
    /// lines are written behind it.
    pub fn open(disk: Box<dyn Disk>, host: SafeText, build: SafeText) -> Result<Self, JournalError> {
        let mut journal = Self {
            disk,
            host,
            build,
            chain: Chain::empty(),
            operations: Operations::default(),
            unconfirmed: None,
            failed: Failed { after: Head::NONE, lines: vec![] },
        };
        let guard = journal.disk.lock().map_err(JournalError::of)?;
        journal.read().map_err(JournalError::of)?;
        // Without a reserve there is no going forward, and `append` will say so.
        journal.keep_reserve().ok();
        drop(guard);
        Ok(journal)
    }

    /// The newest line.
    pub fn head(&self) -> Head {
        self.chain.head
    }

    /// Where the journal does not hold.
    pub fn breaks(&self) -> &[Break] {
        &self.chain.breaks
    }

    /// The length of a write at the end that was cut short, in bytes; the next append takes it off.
    pub fn torn(&self) -> Option<u64> {
        match self.chain.tail {
            Some(Tail { rest: Rest::Torn(bytes, _), .. }) => Some(bytes),
            _ => None,
        }
    }

    /// All operations, as far as this process has read or written them.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The operations that are open, the oldest first.
    pub fn unresolved(&self) -> impl Iterator<Item = &Operation> {
        self.operations.all().filter(|o| o.is_open())
    }

    /// Reads what other processes wrote since.
    pub fn refresh(&mut self) -> Result<(), JournalError> {
        self.catch_up().map_err(JournalError::of)
    }

    /// Writes these lines and waits until the disk has them. When this returns an error none of them counts, and none of
    /// what they announce may be done.
    pub fn append(&mut self, entries: &[Entry], space: Space) -> Result<Head, JournalError> {
        if entries.is_empty() {
            return Ok(self.head());
        }
        let guard = self.disk.lock().map_err(JournalError::of)?;
        let done = self.append_locked(entries, space);
        drop(guard);
        done.map_err(JournalError::of)
    }

    fn append_locked(&mut self, entries: &[Entry], space: Space) -> io::Result<Head> {
        self.catch_up()?;
        if space == Space::Ordinary {
            self.keep_reserve()?;
        }
        self.failed.after = self.chain.head;
        let mut error = match self.extend(entries, space) {
            Ok(Some(head)) => return Ok(head),
            Ok(None) => None,
            Err(e) => Some(e),
        };
        // A disk that fails once may do better on another file; a full one will not.
        for _ in 0..2 {
            if error.as_ref().is_some_and(is_full) {
                break;
            }
            match self.begin(self.chain.newest + 1, self.turn(), entries) {
                Ok(head) => return Ok(head),
                Err(e) => error = Some(e),
            }
        }
        if space == Space::Reserve {
            return self.spend(entries);
        }
        Err(error.unwrap_or_else(|| io::ErrorKind::StorageFull.into()))
    }

    /// Writes to the end of the newest file. `None` where that is not to be done.
    fn extend(&mut self, entries: &[Entry], space: Space) -> io::Result<Option<Head>> {
        let Some(tail) = self.chain.tail.clone() else { return Ok(None) };
        let closed = file_number(&tail.file) != Some(self.chain.newest) && self.chain.newest > 0;
        if closed || tail.rest == Rest::Broken || tail.end > LONG || self.unconfirmed.as_ref() == Some(&tail.file) {
            return Ok(None);
        }
        let mut events = vec![];
        let mut room = None;
        match tail.rest {
            Rest::Room(len) if space == Space::Reserve => room = Some(len),
            Rest::Room(_) => self.disk.truncate(&tail.file, tail.end)?,
            Rest::Torn(bytes, digest) => {
                if space == Space::Reserve && bytes > RESERVED / 16 {
                    // The rest of a reserve: its space is not given away.
                    self.disk.write(&tail.file, tail.end, &vec![0; bytes as usize])?;
                    room = Some(tail.end + bytes);
                } else {
                    self.disk.truncate(&tail.file, tail.end)?;
                }
                events.push(Event::Cut { bytes, digest });
            }
            _ => {}
        }
        let (bytes, lines, head) = self.encode(events, entries)?;
        if room.is_some_and(|len| tail.end + bytes.len() as u64 > len) {
            return Ok(None);
        }
        let written = self.disk.write(&tail.file, tail.end, &bytes);
        let done = match &written {
            Ok(()) => self.disk.sync(&tail.file),
            Err(_) => Ok(()),
        };
        if let Err(e) = written.and(done) {
            let undone = match room {
                None => self.disk.truncate(&tail.file, tail.end),
                Some(_) => self.disk.write(&tail.file, tail.end, &vec![0; bytes.len()]),
            };
            if undone.is_err() {
                self.failed.lines.extend(lines.iter().map(Line::head));
            }
            if !is_full(&e) {
                self.unconfirmed = Some(tail.file);
            }
            return Err(e);
        }
        let line = tail.line + lines.len() as u64;
        let end = tail.end + bytes.len() as u64;
        self.took(&lines, Tail { file: tail.file, end, rest: room.map_or(Rest::Nothing, Rest::Room), line });
        Ok(Some(head))
    }

    /// Begins a new file.
    fn begin(&mut self, number: u32, why: Turn, entries: &[Entry]) -> io::Result<Head> {
        let file = file_name(number);
        let (bytes, lines, head) = self.encode(self.continued(why), entries)?;
        self.chain.newest = number;
        let written = self.disk.create(&file).and_then(|()| self.disk.write(&file, 0, &bytes)).and_then(|()| self.confirm(&file));
        if let Err(e) = written {
            if self.discard(&file).is_err() {
                self.failed.lines.extend(lines.iter().map(Line::head));
            }
            return Err(e);
        }
        let line = lines.len() as u64;
        self.took(&lines, Tail { file, end: bytes.len() as u64, rest: Rest::Nothing, line });
        Ok(head)
    }

    /// Makes the reserve the next file.
    fn spend(&mut self, entries: &[Entry]) -> io::Result<Head> {
        let number = self.chain.newest + 1;
        let file = file_name(number);
        let (bytes, lines, head) = self.encode(self.continued(Turn::NoSpace), entries)?;
        let len = self.reserve()?;
        if len < bytes.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if !is_zero(&rest_of(&*self.disk, RESERVE, 0)?) {
            // A crash has left here what was never acknowledged.
            self.disk.write(RESERVE, 0, &vec![0; len as usize])?;
        }
        self.disk.rename(RESERVE, &file)?;
        self.chain.newest = number;
        if let Err(e) = self.disk.write(&file, 0, &bytes).and_then(|()| self.confirm(&file)) {
            self.failed.lines.extend(lines.iter().map(Line::head));
            return Err(e);
        }
        let line = lines.len() as u64;
        self.took(&lines, Tail { file, end: bytes.len() as u64, rest: Rest::Room(len), line });
        Ok(head)
    }

    /// Removes a file, confirmed: or a crash may bring it back after others have gone on without it.
    fn discard(&mut self, file: &str) -> io::Result<()> {
        match self.disk.remove(file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.and_then(|()| self.disk.sync_dir()),
        }
    }

    fn confirm(&mut self, file: &str) -> io::Result<()> {
        self.disk.sync(file)?;
        self.disk.sync_dir()
    }

    /// What the first line of a new file says; the first file of all says nothing.
    fn continued(&self, why: Turn) -> Vec<Event> {
        let after = self.chain.head;
        if self.chain.newest == 0 { vec![] } else { vec![Event::Continued { after, why }] }
    }

    /// Why the newest file is not written on.
    fn turn(&self) -> Turn {
        match &self.chain.tail {
            Some(tail) if tail.rest == Rest::Broken => Turn::Broken,
            Some(tail) if tail.end > LONG => Turn::Length,
            Some(tail) if matches!(tail.rest, Rest::Room(_)) => Turn::NoSpace,
            _ => Turn::Unconfirmed,
        }
    }

    /// Takes in lines that the disk has confirmed.
    fn took(&mut self, lines: &[Line], tail: Tail) {
        for line in lines {
            self.operations.take(line);
            self.chain.head = line.head();
            self.chain.lines += 1;
        }
        self.chain.tail = Some(tail);
        self.failed.lines.clear();
    }

    /// The lines of `events`, in the name of the first entry, and of `entries`, as bytes.
    fn encode(&self, events: Vec<Event>, entries: &[Entry]) -> io::Result<(Vec<u8>, Vec<Line>, Head)> {
        let own = events.into_iter().filter_map(|event| entries.first().map(|e| Entry { event, ..e.clone() }));
        let (mut bytes, mut lines, mut head) = (vec![], vec![], self.chain.head);
        let first = head.seq + 1;
        for entry in own.chain(entries.iter().cloned()) {
            let with = (first != head.seq + 1).then_some(first);
            let mut line = Line {
                schema: SCHEMA.into(),
                seq: head.seq + 1,
                prev: head.hash,
                with,
                entry,
                host: self.host.clone(),
                build: self.build.clone(),
                hash: Hash::NONE,
            };
            let (sealed, hash) = seal(serde_json::to_vec(&line)?);
            line.hash = hash;
            head = line.head();
            bytes.extend_from_slice(&sealed);
            bytes.push(b'\n');
            lines.push(line);
        }
        Ok((bytes, lines, head))
    }

    /// Reads everything anew.
    fn read(&mut self) -> io::Result<()> {
        let mut operations = Operations::default();
        self.chain = Chain::read(&*self.disk, |line, _| operations.take(&line))?;
        self.operations = operations;
        Ok(())
    }

    /// Reads what others wrote since.
    fn catch_up(&mut self) -> io::Result<()> {
        let newest = self.disk.names()?.iter().filter_map(|n| file_number(n)).max().unwrap_or(0);
        let simple = newest == self.chain.newest && self.chain.tail.as_ref().is_none_or(|t| t.rest != Rest::Broken);
        if !self.failed.lines.is_empty() || !simple {
            self.read()?;
            if self.failed.lines.contains(&self.chain.head) {
                // Ours, and announced to nobody: the next file goes on from the last line that counts.
                self.rewind()?;
            }
            return Ok(());
        }
        let operations = &mut self.operations;
        self.chain.go_on(&*self.disk, |line, _| operations.take(&line))
    }

    /// Forgets the lines after the last one that counts.
    fn rewind(&mut self) -> io::Result<()> {
        let (last, newest) = (self.failed.after, self.chain.newest);
        let mut operations = Operations::default();
        let mut chain = Chain::read(&*self.disk, |line, _| {
            if line.seq <= last.seq {
                operations.take(&line);
            }
        })?;
        chain.head = last;
        chain.lines = chain.lines.min(last.seq);
        // No file is written on: the next one says from where it counts.
        chain.tail = None;
        chain.newest = newest;
        (self.chain, self.operations) = (chain, operations);
        Ok(())
    }

    /// Whether the disk is full: what goes back is written into the reserve then, and nothing goes forward.
    pub fn is_short(&self) -> bool {
        self.reserve().is_ok_and(|there| there < RESERVED)
    }

    /// How much of the reserve is there, in bytes.
    fn reserve(&self) -> io::Result<u64> {
        let there = self.disk.names()?.iter().any(|n| n == RESERVE);
        if there { self.disk.len(RESERVE) } else { Ok(0) }
    }

    fn keep_reserve(&mut self) -> io::Result<()> {
        if self.reserve()? >= RESERVED {
            return Ok(());
        }
        if !self.disk.names()?.iter().any(|n| n == RESERVE) {
            self.disk.create(RESERVE)?;
        }
        self.disk.preallocate(RESERVE, RESERVED)?;
        self.disk.sync_dir()
    }
}
