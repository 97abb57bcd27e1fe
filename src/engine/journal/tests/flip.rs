//! Every altered byte is noticed, and none brings the reader down.

use super::*;
use crate::engine::journal::hash::sealed;

const FILE: &str = "000001.jsonl";

/// A journal of 200 lines, most of them written one by one.
fn journal() -> (FaultDisk, Vec<u8>) {
    let disk = FaultDisk::default();
    let mut journal = open(&disk).unwrap();
    for n in 0..50 {
        journal.append(&[entry(n, begun(false))], Space::Ordinary).unwrap();
        journal.append(&[entry(n, intent(n))], Space::Ordinary).unwrap();
        journal.append(&[entry(n, accepted()), entry(n, ended(Exit::Done))], Space::Ordinary).unwrap();
    }
    let bytes = disk.content(FILE);
    assert_eq!(bytes.split_inclusive(|b| *b == b'\n').count(), 200);
    (disk, bytes)
}

#[test]
fn no_bit_of_a_line_can_be_turned_unseen() {
    let (_, bytes) = journal();
    // Each kind of line, at each place in the journal.
    for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).step_by(5) {
        assert!(sealed(line).is_some());
        let mut line = line.to_vec();
        // All bits of the seal, and one of each byte that it covers: SHA-256 treats them alike.
        let seal = line.len() - 75;
        for at in 0..line.len() {
            for bit in 0..8 {
                if at >= seal || bit == at % 8 {
                    line[at] ^= 1 << bit;
                    assert_eq!(sealed(&line), None, "byte {at}, bit {bit}");
                    line[at] ^= 1 << bit;
                }
            }
        }
    }
}

#[test]
fn a_journal_with_a_turned_bit_does_not_hold_and_its_reader_goes_on() {
    let (disk, bytes) = journal();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).collect();
    let last = ends[ends.len() - 2];
    // Every line end, every byte of the last line, and bytes all over.
    let places = (0..bytes.len()).step_by(997).chain(ends.iter().copied().step_by(3)).chain((last..bytes.len()).step_by(7));
    for at in places.chain([bytes.len() - 1]) {
        let mut turned = bytes.clone();
        turned[at] ^= 1 << (at % 8);
        disk.replace(FILE, turned);
        let (report, lines) = read(&disk);
        if at == bytes.len() - 1 {
            // Like the end of a write that was cut short; the line behind which it stands was the last.
            assert!(report.torn.is_some() && report.lines == 199, "{report:?}");
        } else {
            assert!(!report.holds(), "byte {at}");
            let line = ends.iter().position(|end| at <= *end).unwrap() as u64 + 1;
            assert_eq!(report.breaks[0].line, line, "byte {at}: {:?}", report.breaks);
        }
        assert!(lines.len() >= 198, "all other lines are read");
    }
}

#[test]
fn a_break_stays_known_when_others_write_on() {
    let (disk, bytes) = journal();
    for at in [bytes.len() / 2, bytes.len() - 100] {
        let mut turned = bytes.clone();
        turned[at] ^= 1;
        disk.replace(FILE, turned);
        let before = read(&disk).0.breaks;
        let mut journal = open(&disk).unwrap();
        assert_eq!(journal.breaks(), before);
        for n in 100..103 {
            journal.append(&[entry(n, begun(false))], Space::Ordinary).unwrap();
        }
        let (report, lines) = read(&disk);
        assert_eq!(report.breaks, before, "it is neither hidden nor spread");
        assert_eq!(lines.iter().filter(|l| matches!(l.entry.event, Event::Begun(_)) && l.entry.at >= at_of(100)).count(), 3);
        disk.replace("000002.jsonl", vec![]);
    }
}

#[test]
fn a_zero_amid_the_lines_is_no_write_that_was_cut_short() {
    let (disk, bytes) = journal();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).collect();
    for line in [0, 99, 197] {
        let mut zeroed = bytes.clone();
        zeroed[ends[line] - 80] = 0;
        disk.replace(FILE, zeroed);
        let report = read(&disk).0;
        assert_eq!(report.breaks.first().map(|b| b.line), Some(line as u64 + 1), "{report:?}");
        assert!(report.torn.is_none() && report.lines == 199, "what was acknowledged is never cut: {report:?}");
    }
}

#[test]
fn a_line_without_its_end_is_taken_off_and_not_written_on() {
    let (disk, mut bytes) = journal();
    bytes.pop();
    disk.replace(FILE, bytes);
    let mut journal = open(&disk).unwrap();
    assert!(journal.torn().is_some());
    journal.append(&[entry(100, begun(false))], Space::Ordinary).unwrap();
    let (report, lines) = read(&disk);
    assert!(report.holds() && report.torn.is_none() && lines.len() == 201, "{report:?}");
    assert!(matches!(lines[199].entry.event, Event::Cut { .. }));
}

fn at_of(n: i64) -> Timestamp {
    super::at(n)
}

#[test]
fn lines_that_are_moved_doubled_left_out_or_sealed_anew_are_noticed() {
    let (disk, bytes) = journal();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let wrong = |name: &str, lines: Vec<Vec<u8>>, at: u64| {
        disk.replace(FILE, lines.concat());
        let breaks = read(&disk).0.breaks;
        assert_eq!(breaks.first().map(|b| b.line), Some(at), "{name}: {breaks:?}");
    };
    let own = || lines.iter().map(|l| l.to_vec()).collect::<Vec<_>>();
    let mut moved = own();
    moved.swap(100, 101);
    wrong("moved", moved, 101);
    let mut doubled = own();
    doubled.insert(100, lines[99].to_vec());
    wrong("doubled", doubled, 101);
    let mut left_out = own();
    left_out.remove(100);
    wrong("left out", left_out, 101);
    let mut forged = own();
    let text = String::from_utf8(forged[100].clone()).unwrap().replace("laptop", "tablet");
    let (mut sealed_anew, _) = crate::engine::journal::hash::seal(text.trim_end().as_bytes().to_vec());
    sealed_anew.push(b'\n');
    forged[100] = sealed_anew;
    wrong("sealed anew", forged, 102);
}

proptest::proptest! {
    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600), cut in 0_usize..4_000) {
        let (disk, whole) = (FaultDisk::default(), bytes);
        disk.replace(FILE, whole.clone());
        read(&disk);
        let mut journal = open(&disk).unwrap();
        journal.append(&[entry(1, begun(false))], Space::Ordinary).unwrap();
        let newest = disk.names().unwrap().into_iter().filter(|n| n.rsplit_once('.').is_some_and(|(_, end)| end == "jsonl")).max().unwrap();
        let mut mixed = disk.content(&newest);
        mixed.truncate(cut);
        mixed.extend(whole);
        disk.replace(&newest, mixed);
        read(&disk);
    }
}
