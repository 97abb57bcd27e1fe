//! Reads the files of a journal in order and checks every byte: what holds, what was cut short, what was altered.
//!
//! A write that was cut short is told from a line that was altered: only the last append of a journal can be torn, its
//! bytes are missing or zero, and it was never acknowledged. All else is a break, and is reported for ever.
//!
//! A journal of years is read a line at a time; only what stands behind a write that was cut short is held as a whole.

use std::io::{self, BufRead, Read as _};

use serde::Serialize;

use super::{Disk, Event, Hash, Head, Line, Turn, hash::sealed};

/// The name of the file that keeps space for going back.
pub const RESERVE: &str = "reserve";

/// The name of a file of lines.
pub fn file_name(number: u32) -> String {
    format!("{number:06}.jsonl")
}

/// The number of a file of lines.
pub fn file_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".jsonl").filter(|d| d.len() == 6)?;
    digits.parse().ok().filter(|n| file_name(*n) == name)
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The file.
    pub file: String,
    /// Its line, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// What stands behind the last good line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// Zeros up to this length of the file: space that is kept.
    Room(u64),
    /// A write that was cut short: its length and digest.
    Torn(u64, Hash),
    /// Something that was altered.
    Broken,
}

/// The end of the newest file that has a good line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The file.
    pub file: String,
    /// Where its good lines end, in bytes.
    pub end: u64,
    /// What stands there.
    pub rest: Rest,
    /// How many lines it has so far, good ones and others.
    pub(super) line: u64,
}

/// A journal as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The newest line that holds.
    pub head: Head,
    /// How many lines hold.
    pub lines: u64,
    /// The number of the newest file; 0 without one.
    pub newest: u32,
    /// Where it does not hold.
    pub breaks: Vec<Break>,
    /// Bytes of writes that were never acknowledged and stand where no line counts.
    pub left: u64,
    /// The end of the newest file that has a good line.
    pub tail: Option<Tail>,
    /// Whether the line before cannot be read: the next good one is believed as to where it stands.
    gap: bool,
}

/// One file, and from where on it is read.
struct Piece<'a> {
    disk: &'a dyn Disk,
    file: &'a str,
    base: u64,
    /// The last line of it that counts, where a later file says so.
    limit: Option<Head>,
    /// Whether a later file goes on: then nothing here can be torn any more.
    closed: bool,
}

/// A file with something that counts.
struct Begun {
    file: String,
    /// Where it goes on, and why it was begun.
    opening: Option<(Head, Turn)>,
}

/// The lines of a file, one at a time.
struct Lines {
    bytes: Box<dyn BufRead>,
    line: Vec<u8>,
}

impl Lines {
    fn of(bytes: Box<dyn BufRead>) -> Self {
        Self { bytes, line: vec![] }
    }

    /// The next line, and whether it has an end.
    fn next(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        self.line.clear();
        if self.bytes.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        Ok(Some(match self.line.strip_suffix(b"\n") {
            Some(line) => (line, true),
            None => (&self.line, false),
        }))
    }
}

impl Chain {
    /// A journal without a line.
    pub fn empty() -> Self {
        Self { head: Head::NONE, lines: 0, newest: 0, breaks: vec![], left: 0, tail: None, gap: false }
    }

    /// Reads a whole journal. `each` gets every good line that counts, in order.
    pub fn read(disk: &dyn Disk, mut each: impl FnMut(Line, &[u8])) -> io::Result<Self> {
        let mut files: Vec<String> = disk.names()?.into_iter().filter(|n| file_number(n).is_some()).collect();
        files.sort();
        let mut chain = Self::empty();
        chain.newest = files.last().and_then(|n| file_number(n)).unwrap_or(0);
        let mut files = files.into_iter();
        let mut next = chain.load(disk, &mut files)?;
        while let Some(Begun { file, .. }) = next {
            next = chain.load(disk, &mut files)?;
            let closed = next.is_some();
            // What was altered is reported even where the writer went on behind it.
            let limit = next.as_ref().and_then(|n| n.opening).filter(|(_, why)| *why != Turn::Broken).map(|(after, _)| after);
            chain.piece(&Piece { disk, file: &file, base: 0, limit, closed }, &mut each)?;
        }
        Ok(chain)
    }

    /// The next file with anything that counts. What a crash left of a file that was only begun does not.
    fn load(&mut self, disk: &dyn Disk, files: &mut impl Iterator<Item = String>) -> io::Result<Option<Begun>> {
        for file in files {
            let mut lines = Lines::of(disk.read(&file, 0)?);
            let (mut len, mut zero) = (0, true);
            let mut opening = None;
            while let Some((line, terminated)) = lines.next()? {
                let first = len == 0;
                if first && terminated {
                    opening = self::opening(line);
                }
                if terminated && (sealed(line).is_some() || (first && line.first() != Some(&0))) {
                    return Ok(Some(Begun { file, opening }));
                }
                len += line.len() as u64 + u64::from(terminated);
                zero &= !terminated && is_zero(line);
            }
            self.left += if zero { 0 } else { len };
        }
        Ok(None)
    }

    /// Reads what was written to the newest file since.
    pub fn go_on(&mut self, disk: &dyn Disk, mut each: impl FnMut(Line, &[u8])) -> io::Result<()> {
        let Some(tail) = self.tail.clone() else { return Ok(()) };
        self.piece(&Piece { disk, file: &tail.file, base: tail.end, limit: None, closed: false }, &mut each)
    }

    fn piece(&mut self, piece: &Piece, each: &mut impl FnMut(Line, &[u8])) -> io::Result<()> {
        let line = if piece.base > 0 { self.tail.as_ref().map_or(0, |t| t.line) } else { 0 };
        let mut tail = Tail { file: piece.file.to_owned(), end: piece.base, rest: Rest::Nothing, line };
        let done = self.follow(piece, &mut tail, each);
        // Where it cannot be read on, it was read so far.
        self.tail = Some(tail);
        done
    }

    fn follow(&mut self, piece: &Piece, tail: &mut Tail, each: &mut impl FnMut(Line, &[u8])) -> io::Result<()> {
        let mut lines = Lines::of(piece.disk.read(piece.file, piece.base)?);
        let mut at = piece.base;
        let mut first = piece.base == 0;
        while let Some((line, terminated)) = lines.next()? {
            let began = at;
            at += line.len() as u64 + u64::from(terminated);
            if !terminated && is_zero(line) {
                tail.rest = Rest::Room(at);
                break;
            }
            if piece.limit == Some(self.head) {
                self.left += at - began + io::copy(&mut lines.bytes, &mut io::sink())?;
                break;
            }
            tail.line += 1;
            match read_line(line, terminated) {
                Ok(read) => {
                    if let Some(why) = self.misplaced(&read, first) {
                        self.breaks.push(Break { file: piece.file.to_owned(), line: tail.line, why });
                    }
                    self.head = Head { seq: read.seq, hash: read.hash };
                    self.lines += 1;
                    self.gap = false;
                    (tail.end, tail.rest) = (at, Rest::Nothing);
                    each(read, line);
                }
                Err(why) => {
                    if !piece.closed && (!terminated || line.contains(&0)) {
                        let left = rest_of(piece.disk, piece.file, began)?;
                        if is_torn(&left, self.head.seq) {
                            tail.rest = Rest::Torn(left.len() as u64, Hash::of("gonogo/v1/cut", &left));
                            break;
                        }
                    }
                    self.breaks.push(Break { file: piece.file.to_owned(), line: tail.line, why });
                    self.gap = true;
                    tail.rest = Rest::Broken;
                }
            }
            first = false;
        }
        Ok(())
    }

    /// Why a line that holds by itself cannot stand here.
    fn misplaced(&self, line: &Line, first: bool) -> Option<String> {
        let Head { seq, hash } = self.head;
        if first {
            match &line.entry.event {
                Event::Continued { after, .. } if *after == self.head => {}
                Event::Continued { after, .. } => {
                    return Some(format!("goes on from line {after}, and what is before ends with {}", self.head));
                }
                _ if seq > 0 => return Some("begins a file and does not say where it goes on".to_owned()),
                _ => {}
            }
        }
        if (self.gap && line.seq > seq) || (line.seq == seq + 1 && line.prev == hash) {
            None
        } else if line.seq == seq + 1 {
            Some(format!("does not follow the line before: it names {} and that is {}", line.prev.short(), hash.short()))
        } else {
            Some(format!("has number {} and {} is due", line.seq, seq + 1))
        }
    }
}

/// Whether there is nothing but zeros, quickly: a reserve is long.
pub fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|part| *part == ZEROS[..part.len()])
}

/// All of a file from `at` on.
pub fn rest_of(disk: &dyn Disk, file: &str, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    disk.read(file, at)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where a file goes on, and why it was begun, by its first line.
fn opening(line: &[u8]) -> Option<(Head, Turn)> {
    match read_line(line, true).ok()?.entry.event {
        Event::Continued { after, why } => Some((after, why)),
        _ => None,
    }
}

fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}

fn read_line(line: &[u8], terminated: bool) -> Result<Line, String> {
    if !terminated {
        return Err("has no end".to_owned());
    }
    let hash = sealed(line).ok_or("was altered: its hash does not hold")?;
    let line: Line = serde_json::from_slice(line).map_err(|e| format!("cannot be read: {e}"))?;
    if line.hash == hash { Ok(line) } else { Err("names two hashes".to_owned()) }
}

/// Whether what is left of the newest file, from a line on whose bytes are missing or zero, is a write that was cut short:
/// nothing of a later append stands in it. `last` is the number of the last good line.
fn is_torn(left: &[u8], last: u64) -> bool {
    let later = |line: &[u8]| read_line(line, true).is_ok_and(|l| l.with.unwrap_or(l.seq) > last + 1);
    !lines_of(left).any(later)
}
