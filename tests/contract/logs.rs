//! The contract of logs: read whole through every fault, and followed through cuts without a line twice.

use futures::{future::BoxFuture, join};
use gonogo::{
    domain::{LogNews, Problem, ProblemKind},
    provider::role::LogSink,
};
use serde_json::Value;

use super::{Fault, Front, LIMIT, Role, Sheet, harmless, refusals, say};

/// Reads the log once, or follows it.
type Reader = Box<dyn Fn(LogSink, bool) -> BoxFuture<'static, Result<(), Problem>> + Send + Sync>;

/// A log on some ground.
pub struct Log {
    /// What stands before the system.
    pub front: Front,
    /// Requests for it contain this.
    pub asks: &'static str,
    /// Reads it.
    pub read: Reader,
}

/// What was heard of a log.
struct Heard {
    lines: Vec<String>,
    about: String,
    end: Result<(), Problem>,
}

impl Log {
    async fn whole(&self) -> Heard {
        let (sink, mut news) = LogSink::new();
        let (mut lines, mut about) = (vec![], String::new());
        let gather = async {
            while let Some(piece) = news.recv().await {
                match piece {
                    LogNews::Line(line) => lines.push(line.text.to_string()),
                    LogNews::About(words) => about.push_str(words.as_str()),
                    other => panic!("{other:?} of a log that nobody follows"),
                }
            }
        };
        let read = async { join!(gather, (self.read)(sink, false)).1 };
        let end = tokio::time::timeout(LIMIT, read).await.expect("a log that is read ends");
        Heard { lines, about, end }
    }

    /// Reads it once through a fault.
    async fn through(&self, fault: Fault) -> Heard {
        self.front.fault(vec![(self.asks, "", fault)]);
        let heard = self.whole().await;
        assert!(self.front.met() > 0, "nobody asked");
        heard
    }

    /// Back to normal: what was there is there again. A living log may have grown.
    async fn healed(&self, before: &[String], what: &str) {
        self.front.heal();
        let heard = self.whole().await;
        assert_eq!(heard.end, Ok(()), "{what}");
        assert!(heard.lines.starts_with(before), "{what}: {:#?}", heard.lines);
    }
}

/// Text that would drive a terminal, turn the line around, and hide.
const EVIL: &str = "2026-01-01T00:00:00Z \u{1b}]0;evil\u{7}\u{202e}\u{200b}\n";
/// Three lines of which one is no text.
const BROKEN: &[u8] = b"2026-01-01T00:00:00Z one\n2026-01-01T00:00:01Z \xff\xfe\n2026-01-01T00:00:02Z three\n";

/// Every fault has its kind, no answer that is none is taken for a line, and nothing is read without end.
pub async fn logs(sheet: &Sheet, log: &Log) {
    let before = log.whole().await;
    assert_eq!(before.end, Ok(()));
    assert!(!before.lines.is_empty(), "a contract needs something to read");
    sheet.ran("list");
    let mut table = refusals(sheet.now);
    table.push(("time-out", Fault::Never, ProblemKind::Timeout));
    for (what, fault, kind) in table.into_iter().filter(|(what, ..)| sheet.applies(what)) {
        let kind = match (sheet.role(), what) {
            // Of a job's log GitHub says so when it is too old, which is what 404 says of it too.
            (Role::JobLogs, "410") => ProblemKind::NotFound,
            // The log is asked for once, by a person: what refuses it is told, and nobody waits.
            (Role::JobLogs, "a spent budget") => ProblemKind::Forbidden,
            _ => kind,
        };
        let heard = log.through(fault).await;
        let problem = heard.end.expect_err(what);
        assert_eq!(problem.kind, kind, "{what}: {problem}");
        assert_eq!(heard.lines, [""; 0], "{what}");
        log.healed(&before.lines, what).await;
        sheet.ran(what);
    }
    sheet.ran("re-list");

    let heard = log.through(Fault::Huge).await;
    assert_eq!(heard.end, Ok(()));
    assert!(heard.about.contains("cut at"), "it says that there is more: {}", heard.about);
    sheet.ran("100 MB");

    let heard = log.through(Fault::Elsewhere).await;
    if sheet.role() == Role::JobLogs {
        // GitHub keeps its logs elsewhere: there is nothing to be told there but what the address says.
        assert_eq!((heard.end, heard.lines), (Ok(()), vec!["{}".to_owned()]));
        assert!(heard.about.contains("127.0.0.1"), "from where: {}", heard.about);
        assert_eq!(log.front.stolen(), 1);
    } else {
        let problem = heard.end.expect_err("elsewhere");
        assert!(matches!(problem.kind, ProblemKind::Unreadable | ProblemKind::Config), "{problem}");
        assert_eq!(log.front.stolen(), 0, "a redirect to another host was followed");
    }
    assert_eq!(log.front.betrayed(), 0, "the token left its host");
    sheet.ran("another host");

    let heard = log.through(say(200, &[("content-type", "text/plain")], EVIL)).await;
    harmless(&heard.lines);
    sheet.ran("hostile text");

    let heard = log.through(Fault::Say(200, vec![("content-type", "text/plain".to_owned())], BROKEN)).await;
    assert_eq!((heard.end, heard.lines.len()), (Ok(()), 3));
    assert_eq!((&*heard.lines[0], &*heard.lines[2]), ("one", "three"), "its neighbours stay");
    log.healed(&before.lines, "a broken line").await;
    if sheet.role() == Role::PodLogs {
        sheet.ran("an unreadable item");
    }
}

/// What is said of a job beside its log decides which part is shown: where it cannot be read, all is.
pub async fn steps(sheet: &Sheet, log: &Log) {
    const JOB: &str = "/actions/jobs/";
    fn spoil(job: &mut Value) {
        job["steps"] =
            serde_json::json!(["none", { "name": "x", "conclusion": "failure", "started_at": "2030-01-01T00:00:00Z" }]);
    }
    fn unknown(job: &mut Value) {
        for step in job["steps"].as_array_mut().unwrap() {
            step["conclusion"] = serde_json::json!("daydreaming");
            step["future"] = serde_json::json!([1, 2]);
        }
        job["conclusion"] = serde_json::json!("full_moon");
    }
    let before = log.whole().await.lines;
    for (what, change) in [("an unreadable item", spoil as fn(&mut Value)), ("unknown words", unknown)] {
        log.front.fault(vec![(JOB, "/logs", Fault::Changed(change))]);
        let heard = log.whole().await;
        assert!(log.front.met() > 0, "nobody asked");
        assert_eq!(heard.end, Ok(()), "{what}");
        assert!(before.iter().all(|line| heard.lines.contains(line)), "{what}: {:#?}", heard.lines);
        assert!(!heard.about.contains("cut to"), "{what}: nothing says which part matters: {}", heard.about);
        log.healed(&before, what).await;
        sheet.ran(what);
    }
}

/// A log that is followed goes on through cuts, and no line is heard twice; `write` makes new lines. Gives the first of those.
pub async fn followed(sheet: &Sheet, log: &Log, write: impl Future<Output = ()>) -> String {
    let before = log.whole().await.lines;
    let (sink, mut news) = LogSink::new();
    let following = tokio::spawn((log.read)(sink, true));
    let mut line = async || {
        let next = async {
            loop {
                if let LogNews::Line(line) = news.recv().await.expect("a log that is followed goes on") {
                    return line.text.to_string();
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.expect("a line")
    };
    for old in &before {
        assert_eq!(line().await, *old);
    }
    log.front.break_streams();
    write.await;
    let first = line().await;
    assert!(!before.contains(&first), "twice: {first}");
    following.abort();
    sheet.ran("watch cut");
    first
}
