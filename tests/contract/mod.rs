//! One contract for every role, on every ground: what a provider tells while its system fails, lies or goes away, and
//! that it finds back by itself. The grounds are the embedded world, recorded answers, and (from `tests/real`) the real
//! systems; a front before each makes the faults.

pub mod front;
pub mod logs;
pub mod roles;
pub mod sheet;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::{future::BoxFuture, join};
use gonogo::{
    domain::{Problem, ProblemKind, SourceUpdate},
    provider::role::{Sink, Timer},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{sync::mpsc, task::AbortHandle};

pub use front::{Behind, Fault, Front};
pub use sheet::{Ground, Role, Sheet};

/// A wait longer than this is a fault; what answers does so at once.
const LIMIT: Duration = Duration::from_secs(60);

/// A clock on which every wait is over after a moment, and has taken its time all the same.
pub struct Brisk {
    base: Timestamp,
    passed: AtomicI64,
}

impl Brisk {
    /// One that shows `base`.
    pub fn at(base: Timestamp) -> Arc<Self> {
        Arc::new(Self { base, passed: AtomicI64::new(0) })
    }
}

impl Timer for Brisk {
    fn now(&self) -> Timestamp {
        self.base.checked_add(SignedDuration::from_micros(self.passed.load(Ordering::SeqCst))).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // Rounded up: who waits until an instant must find it reached.
        self.passed.fetch_add(i64::try_from(duration.as_micros()).unwrap_or(0) + 1, Ordering::SeqCst);
        Box::pin(tokio::time::sleep(Duration::from_millis(5)))
    }
}

/// What a provider said of the section that a contract looks at.
pub enum Said {
    /// All its rows, as JSON.
    Rows(Vec<Value>),
    /// One row is new or changed.
    Row(Value),
    /// It is in trouble.
    Trouble(Problem),
}

/// A role under way on some ground.
pub struct Watched {
    /// What stands before the system.
    pub front: Front,
    /// Requests for the section contain the first, and those for its stream of changes the second, if it has one.
    pub asks: (&'static str, &'static str),
    updates: mpsc::Receiver<SourceUpdate>,
    read: fn(SourceUpdate) -> Option<Said>,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    /// Starts `watch`, whose updates are read by `read`.
    pub fn start<F>(
        front: Front,
        asks: (&'static str, &'static str),
        read: fn(SourceUpdate) -> Option<Said>,
        watch: impl FnOnce(Sink) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sink, updates) = Sink::new();
        let task = tokio::spawn(watch(sink)).abort_handle();
        Self { front, asks, updates, read, task }
    }

    async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(Said) -> Option<T>) -> T {
        let wait = async {
            loop {
                let update = self.updates.recv().await.expect("the watch never ends");
                if let Some(hit) = (self.read)(update).and_then(&mut pick) {
                    return hit;
                }
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("never: {what}"))
    }

    /// The next whole section.
    pub async fn rows(&mut self) -> Vec<Value> {
        self.until("rows", |said| if let Said::Rows(rows) = said { Some(rows) } else { None }).await
    }

    /// The next row that changed.
    pub async fn row(&mut self) -> Value {
        self.until("a changed row", |said| if let Said::Row(row) = said { Some(row) } else { None }).await
    }

    async fn trouble(&mut self, what: &str) -> Problem {
        // That a stream was broken before it began may be told first.
        let asked = |problem: &Problem| !problem.what.as_str().starts_with("watch");
        self.until(what, |said| if let Said::Trouble(problem) = said { Some(problem).filter(asked) } else { None }).await
    }

    /// Lets the section's lists meet a fault from now on.
    fn meet(&self, fault: Fault) {
        let (path, stream) = self.asks;
        let mut faults = vec![(path, stream, fault)];
        if !stream.is_empty() {
            // Told that the history is gone, it lists anew.
            faults.push((path, "", say(410, &[], r#"{"kind":"Status","reason":"Expired","code":410}"#)));
        }
        self.front.fault(faults);
        self.front.break_streams();
    }

    /// Its rows as `change` leaves the answers; it is in trouble afterwards.
    async fn changed(&mut self, change: fn(&mut Value)) -> Vec<Value> {
        self.meet(Fault::Changed(change));
        let rows = loop {
            let rows = self.rows().await;
            if self.front.met() > 0 {
                break rows;
            }
        };
        // Only after trouble everything is read anew.
        self.meet(say(503, &[], "{}"));
        self.trouble("a server that stumbles").await;
        rows
    }

    /// Back to normal: the rows that were there before.
    async fn healed(&mut self, before: &[Value], what: &str) {
        self.front.heal();
        // What was on its way when the fault ended may still be told.
        self.until(what, |said| if let Said::Rows(rows) = said { (names(&rows) == names(before)).then_some(()) } else { None })
            .await;
    }
}

/// A status with headers and a body.
pub fn say(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Fault {
    Fault::Say(status, headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), body.as_bytes())
}

/// A refusal for lack of budget, as GitHub words it: 403 with counts and the time of the next window.
pub fn spent(now: Timestamp) -> Fault {
    let reset = (now.as_second() + 60).to_string();
    say(
        403,
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "5000"), ("x-ratelimit-reset", &reset)],
        r#"{"message":"API rate limit exceeded"}"#,
    )
}

/// What names each row, without what moves by itself.
fn names(rows: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = rows
        .iter()
        .map(|row| {
            ["/workload/meta/key", "/meta/key"]
                .iter()
                .find_map(|p| row.pointer(p))
                .or_else(|| row.get("key"))
                .unwrap()
                .to_string()
        })
        .collect();
    all.sort();
    all
}

/// What is done to the answers of a role's system.
pub struct Ways {
    /// Makes the first item unreadable.
    pub spoil: fn(&mut Value),
    /// Puts words that nobody knows where enumerations stand.
    pub unknown: fn(&mut Value),
    /// Puts terminal controls and bidi marks into texts, with the word `evil`.
    pub hostile: fn(&mut Value),
}

/// What a system may say instead of an answer, and what that is.
fn refusals(now: Timestamp) -> Vec<(&'static str, Fault, ProblemKind)> {
    let html = "<!doctype html><title>Sign in</title>";
    vec![
        ("401", say(401, &[], "{}"), ProblemKind::Auth),
        ("403", say(403, &[], "{}"), ProblemKind::Forbidden),
        ("a spent budget", spent(now), ProblemKind::RateLimited),
        ("404", say(404, &[], "{}"), ProblemKind::NotFound),
        ("409", say(409, &[], "{}"), ProblemKind::Conflict),
        ("410", say(410, &[], "{}"), ProblemKind::Expired),
        ("429 in seconds", say(429, &[("retry-after", "7")], "{}"), ProblemKind::RateLimited),
        ("429 by date", say(429, &[("retry-after", "Tue, 10 Mar 2026 09:30:00 GMT")], "{}"), ProblemKind::RateLimited),
        ("429 without a word", say(429, &[], "{}"), ProblemKind::RateLimited),
        ("500", say(500, &[], "{}"), ProblemKind::Server),
        ("502", say(502, &[("content-type", "text/html")], html), ProblemKind::Server),
        ("503", say(503, &[("retry-after", "1")], "{}"), ProblemKind::Server),
        ("a login page", say(200, &[("content-type", "text/html")], html), ProblemKind::Unreadable),
        ("HTML that says it is JSON", say(200, &[], html), ProblemKind::Unreadable),
        ("JSON of another kind", say(200, &[], "[1, 2]"), ProblemKind::Unreadable),
        ("no body", say(200, &[], ""), ProblemKind::Unreadable),
        ("a cut body", Fault::Cut, ProblemKind::Server),
    ]
}

/// All that a polled or listed section is held to, side by side: it mostly waits. `start` starts the role anew, each with
/// a front of its own.
pub async fn section(sheet: &Sheet, start: impl AsyncFn() -> Watched, ways: &Ways) {
    let contents = async {
        match sheet.role() {
            Role::Metrics => figures(sheet, start().await, ways).await,
            _ => content(sheet, start().await, ways).await,
        }
    };
    join!(async { faults(sheet, start().await).await }, contents, async { silence(sheet, start().await).await });
}

/// Every fault has its kind, none is taken for an answer, and after each the section comes back whole.
async fn faults(sheet: &Sheet, mut w: Watched) {
    let before = w.rows().await;
    assert!(!before.is_empty(), "a contract needs something to see");
    sheet.ran("list");
    let mut table = refusals(sheet.now);
    table.push(("100 MB", Fault::Huge, ProblemKind::Unreadable));
    table.push(("another host", Fault::Elsewhere, ProblemKind::Unreadable));
    for (what, fault, kind) in table.into_iter().filter(|(what, ..)| sheet.applies(what)) {
        // Where to look for a server that went elsewhere is a matter of the configuration to some.
        let elsewhere = matches!(fault, Fault::Elsewhere);
        w.meet(fault);
        let problem = w.trouble(what).await;
        let as_told = problem.kind == kind || (elsewhere && problem.kind == ProblemKind::Config);
        assert!(as_told, "{what}: {:?} {problem}", problem.kind);
        assert!(w.front.met() > 0, "{what}: the trouble is another one: {problem}");
        assert!(!problem.what.as_str().is_empty());
        w.healed(&before, what).await;
        sheet.ran(what);
    }
    sheet.ran("re-list");
    assert_eq!(w.front.stolen(), 0, "a redirect to another host was followed");
}

/// A server that never answers is given up, and missed by nobody when it is back.
async fn silence(sheet: &Sheet, mut w: Watched) {
    let before = w.rows().await;
    w.meet(Fault::Never);
    assert_eq!(w.trouble("silence").await.kind, ProblemKind::Timeout);
    w.healed(&before, "silence").await;
    sheet.ran("time-out");
}

/// A broken stream of changes is taken up again, and what changed meanwhile is not missed.
pub async fn streams(sheet: &Sheet, mut w: Watched, change: impl Future<Output = ()>) {
    let before = w.rows().await;
    w.front.break_streams();
    change.await;
    let changed = w.row().await;
    assert!(names(&before).contains(&names(&[changed])[0]), "one of those that were there");
    sheet.ran("watch cut");
}

/// Content that nobody expected: an item that cannot be read, words that nobody knows, text that would drive a terminal.
async fn content(sheet: &Sheet, mut w: Watched, ways: &Ways) {
    let before = w.rows().await;
    if sheet.applies("an unreadable item") {
        assert!(before.len() > 1, "neighbours are needed");
        let spoiled = w.changed(ways.spoil).await;
        assert_eq!(spoiled.len(), before.len() - 1, "only the one that cannot be read is left out: {spoiled:#?}");
        w.healed(&before, "a spoiled item").await;
        sheet.ran("an unreadable item");
    }
    let unknown = w.changed(ways.unknown).await;
    assert_eq!(names(&unknown), names(&before), "a word that nobody knows costs no row");
    w.healed(&before, "unknown words").await;
    sheet.ran("unknown words");
    let hostile = w.changed(ways.hostile).await;
    assert_eq!(hostile.len(), before.len());
    harmless(&hostile);
    sheet.ran("hostile text");
}

/// Figures are sums: an answer that cannot be read costs the figures that are made of it, never a part of them, and
/// neither the others nor a row.
async fn figures(sheet: &Sheet, mut w: Watched, ways: &Ways) {
    // Queries are known on their way by these words, whatever the preset: the requests, of which all is made, and a
    // percentile.
    const QUERIES: [(&str, &[&str], &[&str]); 2] =
        [("increase", &["errors", "requests", "rps", "p95"], &[]), ("0.95", &["p95"], &["errors", "requests", "rps", "p50"])];
    let before = w.rows().await;
    let had = |name: &str| before.iter().filter(|row| row[name]["Ok"].is_number()).count();
    assert!(had("p95") > 0 && had("errors") > 0, "a contract needs something to see: {before:#?}");
    for (what, change) in [("an unreadable item", ways.spoil), ("unknown words", ways.unknown)] {
        for (query, lost, kept) in QUERIES {
            w.front.fault(vec![(query, "", Fault::Changed(change))]);
            let has = |rows: &[Value], name: &str| rows.iter().filter(|row| row[name]["Ok"].is_number()).count();
            // What was on its way when the fault began may still be told.
            let rows = w.until(what, |said| match said {
                Said::Rows(rows) if has(&rows, lost[0]) == 0 => Some(rows),
                _ => None,
            });
            let rows = rows.await;
            assert_eq!(names(&rows), names(&before), "{what}");
            for name in lost {
                assert_eq!(has(&rows, name), 0, "{what} of {query}: a part of {name}: {rows:#?}");
            }
            for name in kept {
                assert_eq!(has(&rows, name), had(name), "{what} of {query}: {name}: {rows:#?}");
            }
            w.front.heal();
            let healed = |rows: &[Value]| lost.iter().all(|name| has(rows, name) == had(name));
            w.until(what, |said| if let Said::Rows(rows) = said { healed(&rows).then_some(()) } else { None }).await;
        }
        sheet.ran(what);
    }
    w.front.fault(vec![(QUERIES[0].0, "", Fault::Changed(ways.hostile))]);
    let evil = |rows: &[Value]| serde_json::to_string(rows).unwrap().contains("evil");
    let rows = w.until("hostile text", |said| if let Said::Rows(rows) = said { evil(&rows).then_some(rows) } else { None });
    harmless(&rows.await);
    sheet.ran("hostile text");
}

/// What was to drive a terminal has arrived, and cannot.
fn harmless<T: serde::Serialize>(told: &T) {
    let all = serde_json::to_string(told).unwrap();
    assert!(all.contains("evil"), "it never arrived: {all}");
    for bad in ["\\u001b", "\u{1b}", "\u{202e}", "\u{200b}", "\\u0007"] {
        assert!(!all.contains(bad), "{bad:?} came through");
    }
}
