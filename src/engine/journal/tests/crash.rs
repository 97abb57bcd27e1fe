//! A scripted set of operations, stopped and failed at every operation of the disk, then recovered.

use std::sync::Arc;

use super::{
    fault::{Fault, Found},
    *,
};

/// What the world outside has seen.
#[derive(Debug, Default)]
struct World {
    /// Entries that `append` has acknowledged.
    acknowledged: Vec<Entry>,
    /// Ids of the requests that were sent.
    sent: Vec<Arc<str>>,
    /// Operations that came to their end.
    done: Vec<u64>,
}

/// Four operations, every second one going back. One whose journal fails sends nothing more.
fn run(disk: &FaultDisk, world: &mut World, from: u64) {
    let Ok(mut journal) = open(disk) else { return };
    for n in from..from + 4 {
        operate(&mut journal, world, n, n % 2 == 1).ok();
    }
}

fn operate(journal: &mut Journal, world: &mut World, n: u64, goes_back: bool) -> Result<(), JournalError> {
    let space = if goes_back { Space::Reserve } else { Space::Ordinary };
    let mut say = |world: &mut World, events: Vec<Event>| {
        let entries: Vec<Entry> = events.into_iter().map(|e| entry(n, e)).collect();
        journal.append(&entries, space)?;
        world.acknowledged.extend(entries);
        Ok(())
    };
    say(world, vec![begun(goes_back)])?;
    say(world, vec![intent(n)])?;
    world.sent.push(op(n).write(1, 1).into());
    say(world, vec![accepted()])?;
    say(world, vec![settled(), ended(Exit::Done)])?;
    world.done.push(n);
    Ok(())
}

/// The promises: the chain holds, what was acknowledged is there in its order, and nothing was sent unannounced.
fn check(disk: &FaultDisk, world: &World, when: &str) {
    let (report, lines) = read(disk);
    assert!(report.holds(), "{when}: {:?}", report.breaks);
    let mut rest = lines.iter();
    for entry in &world.acknowledged {
        assert!(rest.any(|l| l.entry == *entry), "{when}: lost {entry:?}");
    }
    for id in &world.sent {
        let announced = |l: &&Line| matches!(&l.entry.event, Event::Intent(i) if i.audit_id == *id);
        assert!(lines.iter().any(|l| announced(&l)), "{when}: {id} was sent unannounced");
    }
}

/// How many operations of the disk the script takes.
fn length() -> usize {
    let (disk, mut world) = (FaultDisk::default(), World::default());
    run(&disk, &mut world, 0);
    check(&disk, &world, "all is well");
    assert_eq!((world.done.len(), world.sent.len()), (4, 4));
    disk.count()
}

#[test]
fn a_stop_at_any_point_loses_nothing_that_was_acknowledged() {
    let faults = [Fault::Stop, Fault::Torn(1), Fault::Torn(60), Fault::Torn(99), Fault::After];
    for at in 0..length() {
        for fault in faults {
            for found in [Found::Everything, Found::Confirmed, Found::Hole] {
                let when = format!("{fault:?} at {at}, found {found:?}");
                let (disk, mut world) = (FaultDisk::default(), World::default());
                disk.fault(at, fault);
                run(&disk, &mut world, 0);
                assert!(disk.stopped(), "{when}");
                disk.restart(found);
                check(&disk, &world, &when);
                // It is written on as if nothing had been.
                run(&disk, &mut world, 10);
                assert!(world.done.ends_with(&[10, 11, 12, 13]), "{when}");
                check(&disk, &world, &when);
            }
        }
    }
}

#[test]
fn a_stop_while_recovering_from_a_stop_loses_nothing_either() {
    for at in 0..length() {
        for (second, found) in
            [1, 4, 6].into_iter().flat_map(|s| [Found::Everything, Found::Confirmed, Found::Hole].map(|f| (s, f)))
        {
            let when = format!("at {at}, again at {second}, found {found:?}");
            let (disk, mut world) = (FaultDisk::default(), World::default());
            disk.fault(at, Fault::Torn(60));
            run(&disk, &mut world, 0);
            disk.restart(found);
            disk.fault(second, Fault::Torn(40));
            run(&disk, &mut world, 10);
            disk.restart(found);
            check(&disk, &world, &when);
            run(&disk, &mut world, 20);
            check(&disk, &world, &when);
        }
    }
}

#[test]
fn a_full_disk_stops_what_goes_forward_and_nothing_that_goes_back() {
    for at in 0..length() {
        let (disk, mut world) = (FaultDisk::default(), World::default());
        let mut journal = None;
        let opened = {
            let probe = FaultDisk::default();
            open(&probe).unwrap();
            probe.count()
        };
        disk.fault(at, Fault::Full);
        if at >= opened {
            journal = open(&disk).ok();
        }
        match &mut journal {
            // The reserve was there before the disk was full: every way back goes through, of any operation.
            Some(journal) => {
                for n in 0..4 {
                    operate(journal, &mut world, n, n % 2 == 1).ok();
                }
                for n in 4..12 {
                    operate(journal, &mut world, n, true).unwrap();
                }
                assert!([1, 3].iter().all(|n| world.done.contains(n)), "full at {at}: {:?}", world.done);
                let e = operate(journal, &mut world, 12, false).unwrap_err();
                assert!(matches!(e, JournalError::Full), "{e}");
            }
            None => run(&disk, &mut world, 0),
        }
        let when = format!("full at {at}");
        check(&disk, &world, &when);
        // The power goes too, and later there is space again.
        disk.restart(Found::Confirmed);
        check(&disk, &world, &when);
        run(&disk, &mut world, 20);
        assert!(world.done.ends_with(&[20, 21, 22, 23]), "{when}");
        check(&disk, &world, &when);
        assert_eq!(disk.content("reserve").len(), 1 << 20, "there is a reserve again");
    }
}

#[test]
fn an_error_of_the_disk_is_gone_round_and_never_believed_to_be_over() {
    for at in 0..length() {
        let when = format!("failed at {at}");
        let (disk, mut world) = (FaultDisk::default(), World::default());
        disk.fault(at, Fault::Failed);
        run(&disk, &mut world, 0);
        assert_eq!(world.done.len(), 4, "{when}");
        check(&disk, &world, &when);
        // What the disk said it had not kept, it has not kept: no line may stand behind that.
        disk.restart(Found::Confirmed);
        check(&disk, &world, &when);
        run(&disk, &mut world, 10);
        check(&disk, &world, &when);
    }
}

#[test]
fn a_stop_after_an_error_of_the_disk_loses_nothing() {
    for at in 0..length() {
        for (later, found) in (1..8).flat_map(|l| [Found::Everything, Found::Confirmed, Found::Hole].map(|f| (l, f))) {
            let when = format!("failed at {at}, stopped {later} later, found {found:?}");
            let (disk, mut world) = (FaultDisk::default(), World::default());
            disk.fault(at, Fault::Failed);
            disk.fault(at + later, Fault::Torn(50));
            run(&disk, &mut world, 0);
            disk.restart(found);
            check(&disk, &world, &when);
            run(&disk, &mut world, 10);
            check(&disk, &world, &when);
        }
    }
}

#[test]
fn an_error_that_stays_sends_nothing() {
    let disk = FaultDisk::default();
    let mut world = World::default();
    let mut journal = open(&disk).unwrap();
    for n in 0..40 {
        disk.fault(n, Fault::Failed);
    }
    let e = operate(&mut journal, &mut world, 1, true).unwrap_err();
    assert!(matches!(e, JournalError::Failed(_)), "{e}");
    assert!(world.sent.is_empty());
    check(&disk, &world, "failed for long");
    disk.restart(Found::Everything);
    // The same process goes on when the disk is mended, and what failed before counts for nothing.
    operate(&mut journal, &mut world, 2, true).unwrap();
    check(&disk, &world, "mended");
    assert_eq!(journal.operations().all().map(|o| o.id.clone()).collect::<Vec<_>>(), [op(2)]);
    disk.restart(Found::Confirmed);
    check(&disk, &world, "mended, then the power went");
}

#[test]
fn a_write_that_failed_and_cannot_be_taken_back_counts_for_nothing() {
    // The file is not confirmed, not cut; then the same, and no new file can be made either.
    for failing in [2, 6] {
        let (disk, mut world) = (FaultDisk::default(), World::default());
        let mut journal = open(&disk).unwrap();
        operate(&mut journal, &mut world, 0, false).unwrap();
        for n in 1..=failing {
            disk.fault(n, Fault::Failed);
        }
        let failed = operate(&mut journal, &mut world, 1, false).is_err();
        assert_eq!(failed, failing == 6);
        operate(&mut journal, &mut world, 2, false).unwrap();
        for found in [Found::Everything, Found::Confirmed] {
            let when = format!("{failing} failed, found {found:?}");
            disk.restart(found);
            check(&disk, &world, &when);
            let (report, lines) = read(&disk);
            assert!(found == Found::Confirmed || report.left > 0, "{when}: {report:?}");
            assert_eq!(lines.iter().filter(|l| l.entry.op == op(1)).count(), if failed { 0 } else { 6 }, "{when}");
        }
    }
}

#[test]
fn a_file_that_was_not_confirmed_is_never_written_again() {
    let (disk, mut world) = (FaultDisk::default(), World::default());
    let mut journal = open(&disk).unwrap();
    operate(&mut journal, &mut world, 0, false).unwrap();
    let before = disk.content("000001.jsonl");
    // The sync fails; the cut succeeds; neither of two new files can be made.
    for n in [1, 3, 5] {
        disk.fault(n, Fault::Failed);
    }
    operate(&mut journal, &mut world, 1, false).unwrap_err();
    operate(&mut journal, &mut world, 2, false).unwrap();
    assert_eq!(disk.content("000001.jsonl"), before);
    check(&disk, &world, "beside it");
}

#[test]
fn what_does_not_fit_on_a_full_disk_leaves_nothing_behind() {
    let (disk, mut world) = (FaultDisk::default(), World::default());
    let mut journal = open(&disk).unwrap();
    operate(&mut journal, &mut world, 0, false).unwrap();
    let before = disk.content("000001.jsonl");
    disk.fault(0, Fault::Full);
    operate(&mut journal, &mut world, 1, false).unwrap_err();
    assert_eq!(disk.content("000001.jsonl"), before);
}

#[test]
fn a_reserve_that_was_begun_and_given_back_by_a_crash_is_clean_when_it_is_used() {
    for at in 0..12 {
        let (disk, mut world) = (FaultDisk::default(), World::default());
        drop(open(&disk).unwrap());
        disk.fault(0, Fault::Full);
        disk.fault(at, Fault::Stop);
        open(&disk).unwrap().append(&[entry(0, intent(0)), entry(0, intent(0))], Space::Reserve).ok();
        disk.restart(Found::Confirmed);
        disk.fault(0, Fault::Full);
        let short = [entry(1, Event::Resumed { note: "-".into() })];
        open(&disk).unwrap().append(&short, Space::Reserve).unwrap();
        world.acknowledged.extend(short);
        check(&disk, &world, &format!("stopped at {at}"));
        let report = read(&disk).0;
        assert!(report.torn.is_none(), "stopped at {at}: {report:?}");
    }
}

#[test]
fn two_writers_and_a_stop_of_one_keep_one_chain() {
    for at in 0..30 {
        let (disk, mut world) = (FaultDisk::default(), World::default());
        let (mut one, mut other) = (open(&disk).unwrap(), open(&disk).unwrap());
        for n in 0..3 {
            operate(&mut one, &mut world, 2 * n, false).unwrap();
            operate(&mut other, &mut world, 2 * n + 1, true).unwrap();
        }
        disk.fault(at, Fault::Failed);
        for n in 3..6 {
            operate(&mut one, &mut world, 2 * n, false).ok();
            operate(&mut other, &mut world, 2 * n + 1, true).ok();
        }
        check(&disk, &world, &format!("failed at {at}"));
        let ids = |j: &Journal| j.operations().all().map(|o| o.id.clone()).collect::<Vec<_>>();
        one.refresh().unwrap();
        assert_eq!(ids(&one), ids(&other), "both read the same");
        disk.restart(Found::Confirmed);
        check(&disk, &world, &format!("failed at {at}, then the power went"));
    }
}
