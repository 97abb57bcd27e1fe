//! `kill -9` of the real binary at any moment of acting commands, again and again, on an embedded world that is reached
//! over HTTP like any real system.
//!
//! After each: the journal verifies, the server has seen nothing whose intent is not in the journal and no request twice,
//! and `op list` names what is open. In the end the next command has settled all of it.
//!
//! A moment is counted by what passes at the world's door and by the lines of the journal, so that it lies at the same
//! place of a command on a slow machine and on a fast one. Between two commands the world's time jumps on and another
//! person takes back what was done: nothing waits for pods, and there is always something to do.
//!
//! 24 kills by default; `GONOGO_KILLS=1000 cargo test --test kill` for the documented run, `GONOGO_SEED` for another
//! sequence.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/narrow.rs"]
mod narrow;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use gonogo::{
    domain::OpId,
    engine::{
        clock::Clock,
        journal::{self, Answered, Event, FOLDER, Folder, Operations},
    },
    provider::role::Timer as _,
    sim::{self, Params, Scenario, Sim, world::Cluster},
    wire::demo,
};
use jiff::{SignedDuration, Timestamp};
use narrow::narrowed;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// No command takes so long when all is well.
const LIMIT: Duration = Duration::from_secs(60);
/// Kills in one world: its journal is read whole after each of them.
const WORLD: u64 = 25;
/// Worlds side by side.
const LANES: u64 = 4;
/// Where the commands act.
const WHERE: [Cluster; 2] = [Cluster::Eu1, Cluster::Us1];

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

/// When a command is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// When so much has passed at the door since it began.
    Passed(u64),
    /// When it has written to the journal.
    Written,
}

/// A person with a configuration, a state directory, and a company that answers in this process.
struct Bed {
    sim: Sim,
    /// By how many seconds the company's time is ahead of the real one.
    ahead: Arc<AtomicI64>,
    home: tempfile::TempDir,
    http: reqwest::Client,
}

impl Bed {
    async fn new() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let (clock, ahead) = (Clock::real(), Arc::new(AtomicI64::new(0)));
        let t0 = Timestamp::from_second(clock.now().as_second() - 20 * 60).unwrap();
        let jumps = Arc::clone(&ahead);
        let time = move || clock.now() + SignedDuration::from_secs(jumps.load(Ordering::SeqCst));
        let params = Params { scenario: Scenario::Calm, seed: 1, t0 };
        let sim = sim::start(params, Arc::new(time), None, None).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = home.path().join("kubeconfig");
        std::fs::write(&kubeconfig, &sim.endpoints().kubeconfig).unwrap();
        let text = demo::configuration(sim.endpoints(), &kubeconfig);
        let text = narrowed(&text, &["payment", "auth", "user", "pricing", "media"]);
        std::fs::write(home.path().join("gonogo.toml"), text).unwrap();
        Self { sim, ahead, home, http: reqwest::Client::new() }
    }

    fn state(&self) -> std::path::PathBuf {
        self.home.path().join("state")
    }

    fn command(&self, rest: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
        command.args(["--config", "gonogo.toml", "--state-dir", "state"]).args(rest).current_dir(self.home.path());
        command.env_clear().env("HOME", self.home.path()).env("PATH", "").env("TZ", "UTC").stdin(Stdio::null());
        command.kill_on_drop(true);
        command
    }

    fn spawn(&self, verb: &[&str]) -> Child {
        self.command(verb).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A command to its end. Time flies meanwhile, a few seconds with all that passes at the door.
    async fn whole(&self, rest: &[&str]) -> Output {
        let mut door = self.sim.handle().door();
        let fly = async {
            while door.changed().await.is_ok() {
                self.ahead.fetch_add(5, Ordering::SeqCst);
            }
        };
        let mut command = self.command(rest);
        tokio::select! {
            ended = tokio::time::timeout(LIMIT, command.output()) => ended.expect("the command ends").unwrap(),
            () = fly => unreachable!("the world outlives its commands"),
        }
    }

    /// Another person takes back what was done to `payment`, and time goes on until all pods are there.
    async fn meanwhile(&self) {
        let merge = |path: String, patch: Value| async move {
            let request = self.http.patch(path).header("content-type", "application/merge-patch+json");
            let answer = request.body(patch.to_string()).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        };
        for (cluster, base) in self.sim.endpoints().clusters.iter().filter(|(cluster, _)| WHERE.contains(cluster)) {
            let rollout = format!("{base}/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment");
            let read = self.http.get(&rollout).send().await.unwrap().text().await.unwrap();
            let stands: Value = serde_json::from_str(&read).unwrap();
            if stands["spec"]["paused"] == true {
                merge(rollout.clone(), json!({"spec": {"paused": false}})).await;
            }
            if stands["status"]["abort"] == true {
                merge(format!("{rollout}/status"), json!({"status": {"abort": false}})).await;
            }
            assert!(stands["spec"].is_object(), "{}: {stands}", cluster.name());
        }
        self.ahead.fetch_add(120, Ordering::SeqCst);
    }

    /// How long the journal is; it grows when an operation is begun.
    fn length(&self) -> u64 {
        let files = std::fs::read_dir(self.state().join(FOLDER)).into_iter().flatten().flatten();
        let lines = files.filter(|f| f.path().extension().is_some_and(|e| e == "jsonl"));
        lines.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    }

    /// Runs a command and kills it `soon` after a moment; gives whether it came to that.
    async fn kill(&self, verb: &[&str], moment: Moment, soon: Duration) -> bool {
        let mut door = self.sim.handle().door();
        let (began, before) = (*door.borrow_and_update(), self.length());
        let mut child = self.spawn(verb);
        let reached = async {
            let there = |passed: &u64| match moment {
                Moment::Passed(n) => passed - began >= n,
                Moment::Written => self.length() > before,
            };
            door.wait_for(there).await.map(drop).unwrap();
        };
        let ended = tokio::select! {
            biased;
            ended = child.wait() => ended.is_ok(),
            reached = tokio::time::timeout(LIMIT, reached) => {
                reached.unwrap_or_else(|_| panic!("{verb:?} never came to {moment:?}"));
                tokio::time::timeout(soon, child.wait()).await.is_ok()
            }
        };
        if !ended {
            child.kill().await.unwrap();
        }
        !ended
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
        Cluster::ALL.into_iter().flat_map(|c| self.sim.handle().audit(c)).filter_map(|e| of_operation(&e)).collect()
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

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// What is done: changes of one request to an object and of several, that are through at once or take their time.
const VERBS: [&[&str]; 8] = [
    &["pause", "payment", "--env", "production", "--yes"],
    &["abort", "payment", "--env", "production", "--yes"],
    &["restart", "payment", "--env", "production", "--yes"],
    &["rollback", "user", "--env", "production", "--yes"],
    &["restart", "auth", "--env", "production", "--yes"],
    &["restart", "user", "--env", "production", "--yes"],
    &["restart", "pricing", "--env", "production", "--yes"],
    &["restart", "media", "--env", "production", "--yes"],
];

/// What was seen in a world.
#[derive(Debug, Default)]
struct Tally {
    /// Commands killed while they acted.
    acting: usize,
    /// Operations that were found open after a kill.
    left: usize,
    /// Writes that the server saw.
    writes: usize,
}

async fn world(seed: u64, kills: u64) -> Tally {
    let bed = Bed::new().await;
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let door = bed.sim.handle().door();
    let began = *door.borrow();
    let ended = bed.whole(VERBS[0]).await;
    assert!(ended.status.success(), "{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let whole = *door.borrow() - began;
    let mut tally = Tally::default();
    for n in 0..kills {
        bed.meanwhile().await;
        let verb = VERBS[usize::try_from(dice.below(8)).unwrap()];
        // One in four kills comes at any moment, the others while an operation is under way.
        let moment = if n % 4 == 0 { Moment::Passed(1 + dice.below(whole)) } else { Moment::Written };
        let soon = Duration::from_millis(dice.below(60));
        let before = bed.length();
        let killed = bed.kill(verb, moment, soon).await;
        tally.acting += usize::from(killed && bed.length() > before);
        let open = tokio::task::block_in_place(|| {
            let read = bed.read();
            bed.judge(&read);
            read.open()
        });
        tally.left += open.len();
        if !open.is_empty() {
            let list = bed.whole(&["op", "list"]).await;
            let out = String::from_utf8_lossy(&list.stdout);
            assert!(open.iter().all(|id| out.contains(id)), "{open:?}\n{out}{}", String::from_utf8_lossy(&list.stderr));
        }
    }
    // Whatever comes next settles what is open.
    bed.meanwhile().await;
    let last = bed.whole(VERBS[4]).await;
    let read = bed.read();
    let open: Vec<_> = read.operations.all().filter(|o| o.is_open()).collect();
    assert!(open.is_empty(), "{open:#?}\n{}", String::from_utf8_lossy(&last.stderr));
    tally.writes = bed.judge(&read);
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_at_any_moment_loses_nothing_and_sends_nothing_unknown() {
    let (kills, seed) = (number("GONOGO_KILLS", 24), number("GONOGO_SEED", 1));
    let worlds = kills.div_ceil(WORLD).max(LANES);
    // The kills are dealt out evenly; tasks of their own, since a journal is read without waiting.
    let share = |n: u64| kills / worlds + u64::from(n < kills % worlds);
    let lanes = futures::stream::iter((0..worlds).map(|n| tokio::spawn(world(seed.wrapping_add(n << 32), share(n)))));
    let all: Vec<Tally> = lanes.buffer_unordered(LANES as usize).map(|tally| tally.unwrap()).collect().await;
    let sum = |of: fn(&Tally) -> usize| all.iter().map(of).sum::<usize>();
    let (acting, left, writes) = (sum(|t| t.acting), sum(|t| t.left), sum(|t| t.writes));
    let tenth = usize::try_from(kills / 10).unwrap();
    assert!(acting > tenth && left > tenth && writes > tenth, "{acting} were acting, {left} left open, {writes} writes");
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
    signals.extend((!hang_up_is_ignored()).then_some((Signal::HUP, "pricing")));
    for (signal, service) in signals {
        bed.meanwhile().await;
        let before = bed.read();
        let sent = bed.judge(&before);
        let mut door = bed.sim.handle().door();
        // One cluster after the other: the second one's turn comes when the pods of the first are new, seconds later.
        let consent = ["--yes", "--confirm", service, "--reason", "x"];
        let words = [&["restart", service, "--env", "production"][..], &consent].concat();
        let mut child = bed.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let accepted = async { door.wait_for(|_| bed.read().accepted > before.accepted).await.map(drop).unwrap() };
        let taken = tokio::select! {
            biased;
            _ = child.wait() => false,
            accepted = tokio::time::timeout(LIMIT, accepted) => accepted.is_ok(),
        };
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(id) = id {
            kill_process(id, signal).unwrap();
        }
        let output = child.wait_with_output().await.unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(taken, "{signal:?}: it ended by itself: {err}");
        let read = bed.read();
        let last = read.operations.all().last().unwrap();
        assert!(last.is_open(), "{signal:?}: {last:#?}");
        assert_eq!(output.status.code(), Some(4), "{signal:?}: {err}");
        assert!(err.contains(&format!("gonogo op show {}", last.id)), "{signal:?}: {err}");
        assert_eq!(bed.judge(&read), sent + 1, "{signal:?}: one write, and none to the other cluster");
        let list = bed.whole(&["op", "list"]).await;
        let out = String::from_utf8(list.stdout).unwrap();
        assert!(out.contains(&last.id.to_string()), "{signal:?}: {out}");
        let shown = bed.whole(&["op", "show", last.id.as_str()]).await;
        assert!(shown.status.success(), "{signal:?}: {}", String::from_utf8_lossy(&shown.stderr));
    }
}
