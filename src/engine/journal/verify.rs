//! Whether the journal is what was written.

use std::io;

use serde::Serialize;

use super::{Break, Chain, Disk, Head, Line, Operations, chain::Rest};

/// A head that was noted elsewhere, and whether the journal still has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The head.
    pub head: Head,
    /// Whether that line stands in the journal with that hash.
    pub holds: bool,
}

/// A write that was cut short at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Torn {
    /// The file.
    pub file: String,
    /// How many bytes.
    pub bytes: u64,
}

/// What a check of the whole journal found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Lines that hold.
    pub lines: u64,
    /// Operations.
    pub operations: u64,
    /// Those that are open.
    pub open: u64,
    /// The newest line that holds; `None` of an empty journal.
    pub head: Option<Head>,
    /// A write that was cut short at the end: it was never acknowledged, and the next writer takes it off.
    pub torn: Option<Torn>,
    /// Bytes of other writes that were never acknowledged.
    pub left: u64,
    /// Where the chain does not hold.
    pub breaks: Vec<Break>,
    /// The heads that were to be checked.
    pub anchors: Vec<Anchor>,
}

impl Report {
    /// Whether the chain and all anchors hold.
    pub fn holds(&self) -> bool {
        self.breaks.is_empty() && self.anchors.iter().all(|a| a.holds)
    }
}

/// Checks the whole journal, and whether it still has the heads that were noted elsewhere. `each` gets every good line
/// that counts, in order, and as the bytes that stand in the file.
pub fn verify(disk: &dyn Disk, noted: &[Head], mut each: impl FnMut(&Line, &[u8])) -> io::Result<Report> {
    let mut operations = Operations::default();
    let mut anchors: Vec<Anchor> = noted.iter().map(|head| Anchor { head: *head, holds: *head == Head::NONE }).collect();
    let chain = Chain::read(disk, |line, bytes| {
        operations.take(&line);
        for anchor in anchors.iter_mut().filter(|a| a.head.seq == line.seq) {
            anchor.holds |= anchor.head.hash == line.hash;
        }
        each(&line, bytes);
    })?;
    let torn = chain.tail.and_then(|tail| match tail.rest {
        Rest::Torn(bytes, _) => Some(Torn { file: tail.file, bytes }),
        _ => None,
    });
    Ok(Report {
        lines: chain.lines,
        operations: operations.len() as u64,
        open: operations.all().filter(|o| o.is_open()).count() as u64,
        head: (chain.head != Head::NONE).then_some(chain.head),
        torn,
        left: chain.left,
        breaks: chain.breaks,
        anchors,
    })
}
