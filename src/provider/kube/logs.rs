//! The log of one container: `GET …/pods/NAME/log`, and on after cuts and restarts without a line twice.
//!
//! The server repeats lines from a second on (`sinceTime` has whole seconds on its way to the node), so what was heard
//! of that second is passed over by time and count.

use jiff::Timestamp;

use super::{
    backoff::Backoff,
    transport::{TextLines, Transport},
};
use crate::{
    domain::{ContainerLog, Level, LogLine, LogOrigin, Problem, ProblemKind, SafeText},
    provider::role::{LogSink, Timer},
};

/// As much of one log as is read where nobody follows it, in bytes.
const MOST: u64 = 64 << 20;

/// Reads a log, to its end or for ever.
pub(super) async fn read(transport: &Transport, timer: &dyn Timer, ask: &ContainerLog, out: &LogSink) -> Result<(), Problem> {
    let LogOrigin::Pod { namespace, pod, container, .. } = &*ask.origin else {
        return Err(Problem::new(ProblemKind::Internal, "a cluster has no logs of jobs"));
    };
    let mut reader = Reader {
        ask,
        path: format!("/api/v1/namespaces/{namespace}/pods/{pod}/log"),
        container: container.as_ref(),
        what: format!("log of {pod}"),
        last: None,
        level: Level::Plain,
        fresh: 0,
    };
    let mut backoff = Backoff::default();
    let mut told = None;
    loop {
        let before = reader.fresh;
        let ended = reader.once(transport, out).await;
        let heard = reader.fresh > before;
        if heard {
            backoff.reset();
            told = None;
        }
        let problem = match ended {
            Ok(End::Unread) => return Ok(()),
            // The connection may be dead, and a quiet container looks alike: asked anew, from where it was heard last.
            Ok(End::Silent) if ask.follow => continue,
            Ok(End::Silent) => {
                return Err(Problem::new(ProblemKind::Timeout, format!("{}: the server stopped in the middle", reader.what)));
            }
            Ok(_) if !ask.follow => return Ok(()),
            // The container has ended, or something in between cut the line: the next one is asked for in a while.
            Ok(_) => Problem::new(ProblemKind::Server, "ended"),
            Err(problem) if !ask.follow => return Err(problem),
            Err(problem) => match problem.kind {
                // The pod is gone; if it never was there, that is worth a word.
                ProblemKind::NotFound if reader.fresh > 0 => return Ok(()),
                ProblemKind::NotFound | ProblemKind::Forbidden | ProblemKind::Config | ProblemKind::Unreadable => {
                    return Err(problem);
                }
                ProblemKind::Server if heard => problem,
                _ => {
                    if told.as_ref() != Some(&problem) {
                        out.trouble(ask.origin.short(), problem.clone()).await;
                        told = Some(problem.clone());
                    }
                    problem
                }
            },
        };
        timer.sleep(backoff.next(&problem, timer.now())).await;
    }
}

/// Why a request for a log ended.
enum End {
    /// The server has said all.
    Whole,
    /// Nothing was heard for too long.
    Silent,
    /// Nobody reads on.
    Unread,
}

struct Reader<'a> {
    ask: &'a ContainerLog,
    path: String,
    container: Option<&'a SafeText>,
    what: String,
    /// The time of the newest line, and how many lines of that time were heard.
    last: Option<(Timestamp, u32)>,
    level: Level,
    /// Lines that were handed on.
    fresh: u64,
}

impl Reader<'_> {
    fn query(&self) -> String {
        let mut query = vec!["timestamps=true".to_owned()];
        if let Some(container) = self.container {
            query.push(format!("container={}", super::follow::escaped(container.as_str())));
        }
        if self.ask.previous {
            query.push("previous=true".to_owned());
        }
        match (self.last, self.ask.since) {
            (Some((at, _)), _) => query.push(format!("sinceTime={}", super::follow::escaped(&at.to_string()))),
            // Less than a second is refused.
            (None, Some(since)) => query.push(format!("sinceSeconds={}", since.as_secs().max(1))),
            (None, None) => {}
        }
        if let (Some(lines), None) = (self.ask.tail, self.last) {
            query.push(format!("tailLines={lines}"));
        }
        // A limit would end a log that is followed.
        query.push(if self.ask.follow { "follow=true".to_owned() } else { format!("limitBytes={MOST}") });
        query.join("&")
    }

    async fn once(&mut self, transport: &Transport, out: &LogSink) -> Result<End, Problem> {
        let most = (!self.ask.follow).then_some(MOST);
        let mut lines: TextLines = transport.text(&format!("{}?{}", self.path, self.query()), &self.what, most).await?;
        let resumed = self.last;
        let mut again = 0;
        loop {
            let raw = match lines.next().await {
                Ok(Some(raw)) => raw,
                Ok(None) if lines.capped() => {
                    out.about(format!("{}: cut at {} MiB; ask for less with --since or --tail", self.what, MOST >> 20)).await;
                    return Ok(End::Whole);
                }
                Ok(None) => return Ok(End::Whole),
                Err(problem) if problem.kind == ProblemKind::Timeout => return Ok(End::Silent),
                Err(problem) => return Err(problem),
            };
            let (at, text) = stamped(&raw);
            if let (Some(at), Some((last, count))) = (at, resumed) {
                if at < last {
                    continue;
                }
                if at == last && again < count {
                    again += 1;
                    continue;
                }
            }
            if let Some(at) = at {
                self.last = match self.last {
                    Some((last, count)) if last == at => Some((at, count + 1)),
                    // A line that is older than one before it does not bring the others back.
                    Some((last, count)) if last > at => Some((last, count)),
                    _ => Some((at, 1)),
                };
            }
            let line = LogLine::new(at, self.ask.origin.clone(), text, self.level);
            self.level = line.level;
            self.fresh += 1;
            if !out.line(line).await {
                return Ok(End::Unread);
            }
        }
    }
}

/// The time in front of a line, and the line.
fn stamped(raw: &str) -> (Option<Timestamp>, &str) {
    let (first, rest) = raw.split_once(' ').unwrap_or((raw, ""));
    match first.parse() {
        Ok(at) => (Some(at), rest),
        Err(_) => (None, raw),
    }
}
