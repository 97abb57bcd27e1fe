//! The journal in a real folder.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    thread,
};

use super::*;

fn open_in(dir: &Path) -> Result<Journal, JournalError> {
    let folder = Folder::open(dir, FOLDER).map_err(JournalError::of)?;
    Journal::open(Box::new(folder), "laptop".into(), "0.1.0".into())
}

fn check(dir: &Path) -> Report {
    verify(&Folder::read_only(dir, FOLDER), &[], |_, _| ()).unwrap()
}

#[test]
fn many_writers_keep_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                let mut journal = open_in(dir).unwrap();
                for n in 0..10 {
                    let n = writer * 100 + n;
                    let before = journal.head();
                    let head = journal.append(&[entry(n, begun(false)), entry(n, intent(n))], Space::Ordinary).unwrap();
                    assert!(head.seq >= before.seq + 2);
                }
            });
        }
    });
    let report = check(dir.path());
    assert!(report.holds(), "{:?}", report.breaks);
    assert_eq!((report.lines, report.operations, report.open), (80, 40, 40));
}

#[test]
fn the_folder_and_its_files_are_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("a/state");
    let mut journal = open_in(&state).unwrap();
    journal.append(&[entry(1, begun(false))], Space::Ordinary).unwrap();
    let mode = |path: &str| fs::metadata(state.join(path)).unwrap().mode() & 0o777;
    assert_eq!((mode(""), mode("journal")), (0o700, 0o700));
    assert_eq!((mode("journal/000001.jsonl"), mode("journal/reserve"), mode("journal/lock")), (0o600, 0o600, 0o600));
    assert_eq!(fs::metadata(state.join("journal/reserve")).unwrap().blocks() * 512, 1 << 20, "the space is taken");
}

#[test]
fn a_folder_that_others_can_write_or_that_is_a_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    drop(open_in(&state).unwrap());
    let refused = |why: &str| {
        let Err(e) = open_in(&state) else { panic!("not refused: {why}") };
        assert!(matches!(e, JournalError::Folder(_)) && e.to_string().contains(why), "{e}");
        assert_eq!(crate::domain::Refusal::from(e).exit, Exit::Journal);
    };
    for wrong in [0o720, 0o702, 0o777] {
        for place in [state.clone(), state.join("journal")] {
            fs::set_permissions(&place, Permissions::from_mode(wrong)).unwrap();
            refused("can be written by others");
            fs::set_permissions(&place, Permissions::from_mode(0o700)).unwrap();
        }
    }
    fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
    drop(open_in(&state).unwrap());
    let moved = dir.path().join("moved");
    fs::rename(state.join("journal"), &moved).unwrap();
    symlink(&moved, state.join("journal")).unwrap();
    refused("is a symbolic link");
    fs::remove_file(state.join("journal")).unwrap();
    fs::write(state.join("journal"), "").unwrap();
    refused("is not a folder");
    fs::remove_file(state.join("journal")).unwrap();
    fs::rename(&moved, state.join("journal")).unwrap();
    let file = state.join("journal/000001.jsonl");
    open_in(&state).unwrap().append(&[entry(1, begun(false))], Space::Ordinary).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let mut journal = open_in(&state).unwrap();
    let e = journal.append(&[entry(1, intent(1))], Space::Ordinary);
    // Its end is not touched; the journal goes on beside it.
    assert!(e.is_ok() && state.join("journal/000002.jsonl").exists() && check(&state).holds(), "{e:?}");
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    // Only root can give a folder away; who is not root meets root's.
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    fs::create_dir(&state).unwrap();
    let place =
        if std::os::unix::fs::chown(&state, Some(65_534), None).is_ok() { state.as_path() } else { Path::new("/proc/self/..") };
    let Err(e) = open_in(place) else { panic!("not refused") };
    assert!(e.to_string().contains("belongs to user"), "{e}");
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    fs::write(&state, "a file").unwrap();
    for place in [state.join("below"), state.clone()] {
        let Err(e) = open_in(&place) else { panic!("not refused") };
        assert!(e.to_string().contains(state.to_str().unwrap()), "{e}");
    }
    fs::remove_file(&state).unwrap();
    drop(open_in(&state).unwrap());
    fs::remove_file(state.join("journal/lock")).unwrap();
    fs::create_dir(state.join("journal/lock")).unwrap();
    let Err(e) = open_in(&state) else { panic!("not refused") };
    assert!(e.to_string().contains("journal/lock: "), "{e}");
}

#[test]
fn a_journal_that_is_not_there_is_empty_and_nothing_is_made_by_reading_it() {
    let dir = tempfile::tempdir().unwrap();
    let report = check(&dir.path().join("nowhere"));
    assert!(report.holds() && report.lines == 0 && report.head.is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn one_who_writes_keeps_others_waiting_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open_in(dir.path()).unwrap();
    let mut other = Folder::open(dir.path(), FOLDER).unwrap();
    let guard = other.lock().unwrap();
    let e = journal.append(&[entry(1, begun(true))], Space::Reserve).unwrap_err();
    assert!(matches!(e, JournalError::Busy), "{e}");
    drop(guard);
    journal.append(&[entry(1, begun(true))], Space::Reserve).unwrap();
}
