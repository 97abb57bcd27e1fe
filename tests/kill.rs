//! `kill -9` of the real binary at any moment of acting commands, again and again, on an embedded world that is reached
//! over HTTP like any real system.
//!
//! After each: the journal verifies, the server has seen nothing whose intent is not in the journal and no request twice,
//! and `op list` names what is open. In the end the next command has settled all of it.
//!
//! 24 kills by default; `GONOGO_KILLS=1000 cargo test --test kill` for the documented run, `GONOGO_SEED` for another
//! sequence.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use gonogo::{
    domain::OpId,
    engine::journal::{self, Answered, Event, FOLDER, Folder, Operations},
    sim::{Scenario, world::Cluster},
    wire::demo::{Demo, Options},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::run_in;

/// No command takes so long when all is well.
const LIMIT: Duration = Duration::from_secs(60);

/// A small generator, so that a run can be repeated: xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % n
    }
}

/// A person with a configuration, a state directory, and a company that answers in this process.
struct Bed {
    demo: Demo,
    home: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let options = Options { scenario: Scenario::Calm, live: true, speed: Some(1.0), ..Options::default() };
        let bed = Self { demo: Demo::start(options).await.unwrap(), home: tempfile::tempdir().unwrap() };
        std::fs::write(bed.home.path().join("gonogo.toml"), &bed.demo.text).unwrap();
        bed
    }

    fn args<'a>(rest: &[&'a str]) -> Vec<&'a str> {
        [&["--config", "gonogo.toml", "--state-dir", "state"], rest].concat()
    }

    fn state(&self) -> std::path::PathBuf {
        self.home.path().join("state")
    }

    fn command(&self, rest: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
        command.args(Self::args(rest)).current_dir(self.home.path()).env_clear();
        command.env("HOME", self.home.path()).env("PATH", "").env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    fn spawn(&self, rest: &[&str]) -> Child {
        self.command(rest).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// How long the journal is; it grows when an operation is begun.
    fn length(&self) -> u64 {
        let files = std::fs::read_dir(self.state().join(FOLDER)).into_iter().flatten().flatten();
        let lines = files.filter(|f| f.path().extension().is_some_and(|e| e == "jsonl"));
        lines.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    }

    fn read(&self) -> Read {
        let mut read = Read::default();
        let disk = Folder::read_only(&self.state(), FOLDER);
        if !self.state().join(FOLDER).exists() {
            return read;
        }
        let report = journal::verify(&disk, &[], |line, _| {
            read.operations.take(line);
            match &line.entry.event {
                Event::Answer { answer: Answered::Accepted { .. }, .. } => read.accepted += 1,
                Event::Intent(i) => drop(read.announced.insert(i.audit_id.to_string())),
                Event::Fence { audit_id, .. } => drop(read.announced.insert(audit_id.to_string())),
                _ => {}
            }
        });
        let report = report.unwrap();
        assert!(report.holds(), "{report:?}");
        read
    }

    /// Every write of an operation that the server has seen, with its answer.
    fn testified(&self) -> Vec<(String, u64)> {
        let of_operation = |event: &Value| {
            let id = event["auditID"].as_str()?.to_owned();
            let op = id.split('.').next()?.parse::<OpId>().is_ok();
            let dry = event["requestURI"].as_str()?.contains("dryRun");
            (op && !dry && event["verb"] == "patch").then_some((id, event["responseStatus"]["code"].as_u64()?))
        };
        Cluster::ALL.into_iter().flat_map(|c| self.demo.sim.handle().audit(c)).filter_map(|e| of_operation(&e)).collect()
    }

    /// What the server has seen was announced, and no request took effect twice.
    fn judge(&self, read: &Read) -> usize {
        let mut done: BTreeMap<String, u32> = BTreeMap::new();
        let seen = self.testified();
        for (id, code) in &seen {
            assert!(read.announced.contains(id), "{id} was sent and not journalled");
            if (200..300).contains(code) {
                // `<op>.<request>.<attempt>`: of each request one attempt.
                let request = id.rsplit_once('.').map_or(id.as_str(), |(request, _)| request);
                let request = if request.contains('.') { request } else { id };
                *done.entry(request.to_owned()).or_default() += 1;
            }
        }
        for (request, times) in done {
            assert_eq!(times, 1, "{request} took effect {times} times");
        }
        seen.len()
    }
}

#[derive(Default)]
struct Read {
    operations: Operations,
    /// Answers of servers that took a write.
    accepted: usize,
    announced: BTreeSet<String>,
}

impl Read {
    fn open(&self) -> Vec<String> {
        self.operations.all().filter(|o| o.is_open()).map(|o| o.id.to_string()).collect()
    }
}

/// Waits for the end of a process, or for a condition, or for a time.
fn until(child: &mut Child, limit: Duration, mut fits: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit && !fits() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_micros(200));
    }
    true
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// What is done: what finds the world as it is already is refused, so a restart, which never is, comes often.
const VERBS: [&[&str]; 8] = [
    &["pause", "payment", "--env", "production", "--yes"],
    &["resume", "payment", "--env", "production", "--yes"],
    &["restart", "auth", "--env", "staging", "--yes"],
    &["restart", "cart", "--env", "staging", "--yes"],
    &["restart", "user", "--env", "staging", "--yes"],
    &["restart", "catalog", "--env", "staging", "--yes"],
    &["restart", "pricing", "--env", "staging", "--yes"],
    &["restart", "media", "--env", "staging", "--yes"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_nothing_and_sends_nothing_unknown() {
    let bed = Bed::new().await;
    let (kills, seed) = (number("GONOGO_KILLS", 24), number("GONOGO_SEED", 1));
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    tokio::task::block_in_place(|| {
        let began = Instant::now();
        let ended = run_in(bed.home.path(), &Bed::args(VERBS[0]));
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        let whole = u64::try_from(began.elapsed().as_millis()).unwrap();
        let (mut acting, mut left) = (0, 0);
        for n in 0..kills {
            let verb = VERBS[usize::try_from(dice.below(8)).unwrap()];
            let before = bed.length();
            let mut child = bed.spawn(verb);
            // One in four kills comes at any moment, the others while an operation is under way.
            let at = Duration::from_millis(dice.below(whole));
            let soon = Duration::from_micros(dice.below(60_000));
            let reached = if n % 4 == 0 {
                until(&mut child, at, || false)
            } else {
                until(&mut child, LIMIT, || bed.length() > before) && until(&mut child, soon, || false)
            };
            child.kill().ok();
            child.wait().unwrap();
            acting += usize::from(reached && bed.length() > before);
            let read = bed.read();
            bed.judge(&read);
            let open = read.open();
            left += open.len();
            if !open.is_empty() {
                let list = run_in(bed.home.path(), &Bed::args(&["op", "list"]));
                assert!(open.iter().all(|id| list.out.contains(id)), "{open:?}\n{}{}", list.out, list.err);
            }
        }
        // Whatever comes next settles what is open; a command ends before the pods of a restart are all replaced.
        let mut said = String::new();
        for n in 0..6 {
            if n > 0 && bed.read().open().is_empty() {
                break;
            }
            let last = run_in(bed.home.path(), &Bed::args(VERBS[n % 2]));
            said = format!("{}{}", last.out, last.err);
        }
        let read = bed.read();
        let open: Vec<_> = read.operations.all().filter(|o| o.is_open()).collect();
        assert!(open.is_empty(), "{open:#?}\n{said}");
        let writes = bed.judge(&read);
        assert!(acting > 0 && left > 0 && writes > 0, "{acting} were acting, {left} left open, {writes} writes");
    });
}

/// Whether this process, and so its children, were started with SIGHUP ignored.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_to_end_sends_nothing_new_and_says_what_is_open() {
    let bed = Bed::new().await;
    let mut signals = vec![(Signal::INT, "auth"), (Signal::TERM, "user")];
    // Under nohup it goes on, as it was asked to.
    signals.extend((!hang_up_is_ignored()).then_some((Signal::HUP, "gateway")));
    tokio::task::block_in_place(|| {
        for (signal, service) in signals {
            let before = bed.read();
            let sent = bed.judge(&before);
            // One cluster after the other: the second one's turn comes when the pods of the first are new, seconds later.
            let consent = ["--yes", "--confirm", service, "--reason", "x"];
            let words = [&["restart", service, "--env", "production"][..], &consent].concat();
            let mut child = bed.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let taken = until(&mut child, LIMIT, || bed.length() > 0 && bed.read().accepted > before.accepted);
            kill_process(Pid::from_child(&child), signal).unwrap();
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(taken, "{signal:?}: it ended by itself: {err}");
            let read = bed.read();
            let last = read.operations.all().last().unwrap();
            assert!(last.is_open(), "{signal:?}: {last:#?}");
            assert_eq!(output.status.code(), Some(4), "{signal:?}: {err}");
            assert!(err.contains(&format!("gonogo op show {}", last.id)), "{signal:?}: {err}");
            assert_eq!(bed.judge(&read), sent + 1, "{signal:?}: one write, and none to the other cluster");
            let list = run_in(bed.home.path(), &Bed::args(&["op", "list"]));
            assert!(list.out.contains(&last.id.to_string()), "{signal:?}: {}{}", list.out, list.err);
            let shown = run_in(bed.home.path(), &Bed::args(&["op", "show", last.id.as_str()]));
            assert_eq!(shown.code, 0, "{signal:?}: {}{}", shown.out, shown.err);
        }
    });
}
