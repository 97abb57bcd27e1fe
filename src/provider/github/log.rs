//! The log of a job: a redirect to a store on another host, followed by hand and without the token.
//!
//! GitHub serves the log of a job when the job has ended, as one text with a time in front of each line. Which step a
//! line belongs to is not said; the step that failed is found by its times and by the groups that steps begin with.

use std::{sync::Arc, time::Duration};

use ::http::{StatusCode, header};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use super::transport::Setup;
use crate::{
    domain::{JobLog, Level, LogLine, LogOrigin, Problem, ProblemKind, SafeText},
    provider::{http, lines::LineCutter, role::LogSink},
};

/// The longest wait for the next piece of an answer.
const SILENCE: Duration = Duration::from_secs(20);

/// As much of a log as is read, in bytes.
const MOST: u64 = 100_000_000;

/// How often a log may lead on to another address.
const HOPS: usize = 3;

/// Lines of the first second of the failing step, of which the step before may have written some.
const HELD: usize = 2_000;

/// A step, as far as its log is concerned.
#[derive(Debug, Deserialize)]
struct WireStep {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    completed_at: Option<String>,
}

/// A job, as far as its log is concerned.
#[derive(Debug, Deserialize)]
struct WireJob {
    #[serde(default)]
    status: Option<String>,
    /// Read by [`steps`].
    #[serde(default)]
    steps: Value,
}

/// The steps; none where one of them cannot be read, for it may be the one that failed first. The log is whole then.
fn steps(raw: &Value) -> Vec<WireStep> {
    Vec::deserialize(raw).unwrap_or_default()
}

/// The step that failed, and when.
#[derive(Debug, Clone, PartialEq)]
struct Window {
    step: SafeText,
    from: Timestamp,
    /// Without an end the log goes on to its own.
    to: Option<Timestamp>,
}

/// Reads the log of a job, cut to the step that failed.
pub(super) async fn read(setup: &Setup, now: Timestamp, ask: &JobLog, out: &LogSink) -> Result<(), Problem> {
    let mut transport = setup.open()?;
    let base = format!("/repos/{}/{}/actions/jobs/{}", ask.run.repo.owner(), ask.run.repo.name(), ask.job);
    let what = format!("log of #{} {}", ask.number, ask.name);
    let name = setup.name().to_owned();
    let job = transport.get(&base, &what, now, |body| http::json::<WireJob>(body, &name)).await?.value;
    if job.status.as_deref().is_some_and(|status| status != "completed") {
        return Err(Problem::new(ProblemKind::NotFound, format!("{what}: the job has not ended"))
            .hint("GitHub serves the log of a job when it has ended; its page shows it live"));
    }
    let window = window(&steps(&job.steps));
    let (response, from) = fetch(setup, &base, &what).await?;
    out.about(format!("from {from}")).await;
    let step = window.as_ref().map(|w| w.step.clone());
    if let Some(step) = &step {
        out.about(format!("cut to the step that failed: {step}")).await;
    }
    let origin = Arc::new(LogOrigin::Job { run: ask.number, job: ask.name.clone(), step });
    let mut pen = Pen { out, origin, level: Level::Plain, cut: Cut::new(window), held: vec![], at: None };
    let (mut cutter, mut bytes) = (LineCutter::default(), 0_u64);
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|e| http::failure(&e, &from))?;
        bytes += piece.len() as u64;
        cutter.push(&piece);
        while let Some(line) = cutter.next() {
            if !pen.line(&line).await {
                return Ok(());
            }
        }
        if bytes > MOST {
            pen.end().await;
            out.about(format!("the log is longer: cut at {} MB", MOST / 1_000_000)).await;
            return Ok(());
        }
    }
    if let Some(line) = cutter.rest() {
        pen.line(&line).await;
    }
    pen.end().await;
    Ok(())
}

/// The step that failed first, where its beginning is known.
fn window(steps: &[WireStep]) -> Option<Window> {
    let failed = |s: &&WireStep| matches!(s.conclusion.as_deref(), Some("failure" | "timed_out" | "cancelled"));
    let step = steps.iter().find(failed)?;
    let time = |t: &Option<String>| t.as_ref().and_then(|t| t.parse::<Timestamp>().ok());
    Some(Window {
        step: SafeText::clean(step.name.as_deref().unwrap_or("a step without a name")),
        from: time(&step.started_at)?,
        to: time(&step.completed_at),
    })
}

/// Asks for the log and follows where it leads; gives the answer, and the host that gave it.
async fn fetch(setup: &Setup, path: &str, what: &str) -> Result<(reqwest::Response, String), Problem> {
    let base = setup.base();
    let mut url: Url = format!("{}{path}/logs", base.as_str().trim_end_matches('/'))
        .parse()
        .map_err(|_| Problem::new(ProblemKind::Internal, format!("{what}: no address")))?;
    for hop in 0..=HOPS {
        let client: Client = http::streaming(&url, SILENCE)?;
        let mut request = client.get(url.clone());
        if hop == 0 {
            // The token is for the API alone. Whoever keeps the log is told by the address what it needs to know.
            request = setup.authorized(request);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let response = request.send().await.map_err(|e| http::failure(&e, &host))?;
        let status = response.status();
        if status.is_redirection() {
            url = led(&url, response.headers().get(header::LOCATION), base, what)?;
            continue;
        }
        if status.is_success() {
            let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
            if kind.contains("html") {
                return Err(Problem::new(ProblemKind::Unreadable, format!("{what}: {host} sent a web page instead of a log")));
            }
            return Ok((response, host));
        }
        return Err(refusal(status, hop, &host, what, setup));
    }
    Err(Problem::new(ProblemKind::Unreadable, format!("{what}: led on from address to address")))
}

/// Where a redirect leads: to https, or on this machine for a server of this machine.
fn led(from: &Url, to: Option<&::http::HeaderValue>, base: &Url, what: &str) -> Result<Url, Problem> {
    let unreadable = |why: &str| Problem::new(ProblemKind::Unreadable, format!("{what}: {why}"));
    let to = to.and_then(|v| v.to_str().ok()).ok_or_else(|| unreadable("a redirect without an address"))?;
    let url = from.join(to).map_err(|_| unreadable("a redirect to what is no address"))?;
    let local = url.scheme() == "http" && http::is_loopback(&url) && http::is_loopback(base);
    if (url.scheme() == "https" || local) && url.host_str().is_some() && url.username().is_empty() {
        return Ok(url);
    }
    Err(unreadable(&format!("led to {}, which is neither https nor this machine", http::origin(&url))))
}

/// What an answer other than the log means. `hop` 0 is the API, later ones are the store.
fn refusal(status: StatusCode, hop: usize, host: &str, what: &str, setup: &Setup) -> Problem {
    let gone = || {
        Problem::new(ProblemKind::NotFound, format!("{what}: the log is gone"))
            .hint("logs are kept for 90 days unless the repository says otherwise")
    };
    match status.as_u16() {
        410 => gone(),
        404 if hop > 0 => gone(),
        404 => gone().hint(match setup.source() {
            Some(source) => format!("it was deleted, or the token from {source} may not read it (actions: read)"),
            None => "logs need a token, even of public repositories: set GH_TOKEN or run gh auth login".to_owned(),
        }),
        401 if hop == 0 => {
            Problem::new(ProblemKind::Auth, format!("{what}: {host} does not know this token")).hint("run gh auth login")
        }
        403 if hop == 0 => Problem::new(ProblemKind::Forbidden, format!("{what}: {host} refuses it"))
            .hint("reading logs takes the right actions: read, or the request budget is spent"),
        _ => Problem::new(http::kind_of(status).unwrap_or(ProblemKind::Unreadable), format!("{what}: {host} says {status}")),
    }
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Before the step.
    Skip,
    /// Perhaps of the step: held back until more is known.
    Hold,
    /// A step begins with it: what was held back is another's.
    Restart,
    /// Of the step.
    Keep,
    /// After the step.
    Stop,
}

/// Finds the lines of a step.
struct Cut {
    window: Option<Window>,
    holding: bool,
    failed: bool,
}

impl Cut {
    fn new(window: Option<Window>) -> Self {
        let holding = window.is_some();
        Self { window, holding, failed: false }
    }

    /// The times of steps are whole seconds, so that the step before and the one after share a second with this one.
    fn fate(&mut self, at: Option<Timestamp>, text: &str) -> Fate {
        let Some(window) = &self.window else { return Fate::Keep };
        let second = SignedDuration::from_secs(1);
        let after = |t: Timestamp| t.checked_add(second).unwrap_or(Timestamp::MAX);
        let Some(at) = at else { return if self.holding { Fate::Hold } else { Fate::Keep } };
        if at < window.from {
            return Fate::Skip;
        }
        let begins = text.starts_with("##[group]Run ") || text.starts_with("Post job cleanup.");
        if window.to.is_some_and(|to| at >= after(to)) || (self.failed && begins) {
            return Fate::Stop;
        }
        self.holding &= at < after(window.from);
        self.failed |= text.starts_with("##[error]");
        match (self.holding, begins) {
            (true, true) => Fate::Restart,
            (true, false) => Fate::Hold,
            (false, _) => Fate::Keep,
        }
    }
}

/// Writes lines out.
struct Pen<'a> {
    out: &'a LogSink,
    origin: Arc<LogOrigin>,
    level: Level,
    cut: Cut,
    /// Lines that are perhaps the step's.
    held: Vec<(Option<Timestamp>, String)>,
    /// The time of the line before: not every line has its own.
    at: Option<Timestamp>,
}

impl Pen<'_> {
    /// Takes a line; whether more are wanted.
    async fn line(&mut self, raw: &str) -> bool {
        // GitHub begins a log with a byte order mark.
        let raw = raw.trim_start_matches('\u{FEFF}');
        let (first, rest) = raw.split_once(' ').unwrap_or((raw, ""));
        let (at, text) = match first.parse::<Timestamp>() {
            Ok(at) => (Some(at), rest),
            Err(_) => (self.at, raw),
        };
        self.at = at;
        let fate = self.cut.fate(at, text);
        match fate {
            Fate::Skip => return true,
            Fate::Stop => {
                self.end().await;
                return false;
            }
            Fate::Restart => self.held.clear(),
            Fate::Hold | Fate::Keep => {}
        }
        if fate != Fate::Keep && self.held.len() < HELD {
            self.held.push((at, text.to_owned()));
            return true;
        }
        self.cut.holding = false;
        self.end().await && self.write(at, text).await
    }

    /// Writes what was held back.
    async fn end(&mut self) -> bool {
        for (at, text) in std::mem::take(&mut self.held) {
            if !self.write(at, &text).await {
                return false;
            }
        }
        true
    }

    async fn write(&mut self, at: Option<Timestamp>, text: &str) -> bool {
        if text.starts_with("##[endgroup]") {
            return true;
        }
        let line = LogLine::new(at, self.origin.clone(), text, self.level);
        self.level = line.level;
        self.out.line(line).await
    }
}

#[cfg(test)]
mod tests;
