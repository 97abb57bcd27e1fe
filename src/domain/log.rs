//! Logs: what is asked for, and the lines that come. No line is kept in a snapshot: a log is read while somebody looks.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{ClusterName, EnvironmentName, Problem, RunKey, SafeText, ServiceName};

mod find;
mod level;

pub use find::{containers, telling_job};
pub use level::Level;

/// The longest line that is kept, in characters; what is beyond is cut and ends with `…`.
pub const LINE_CHARS: usize = 2_000;

/// The side of a rollout that a pod serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PodArm {
    /// The revision under test.
    Canary,
    /// The serving revision.
    Stable,
}

/// Where a line comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum LogOrigin {
    /// A container of a pod.
    Pod {
        /// The cluster.
        cluster: ClusterName,
        /// The namespace.
        namespace: Arc<str>,
        /// The pod.
        pod: Arc<str>,
        /// The container; `None` where the pod has one and its name is not known.
        container: Option<SafeText>,
        /// The side that it serves, where there are sides.
        arm: Option<PodArm>,
    },
    /// A job of a pipeline run.
    Job {
        /// The number of the run.
        run: u64,
        /// The job.
        job: SafeText,
        /// The step that the log was cut to.
        step: Option<SafeText>,
    },
}

impl LogOrigin {
    /// As short as it stays clear: the end of the pod's name, or the job.
    pub fn short(&self) -> &str {
        match self {
            Self::Pod { pod, .. } => pod.rsplit('-').next().unwrap_or(pod),
            Self::Job { job, .. } => job.as_str(),
        }
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When it was written, by the clock of the machine that wrote it; `None` where the source does not say.
    pub at: Option<Timestamp>,
    /// Where it comes from.
    pub origin: Arc<LogOrigin>,
    /// How bad it looks; guessed from its words.
    pub level: Level,
    /// The line, without its time and without colours.
    pub text: SafeText,
}

impl LogLine {
    /// Makes a line harmless. `before` is the level of the line before it from the same origin: the rest of a stack
    /// trace is as bad as its head.
    pub fn new(at: Option<Timestamp>, origin: Arc<LogOrigin>, raw: &str, before: Level) -> Self {
        let plain = without_colours(raw);
        let plain = plain.trim_end_matches(['\r', '\n']);
        let level = level::guess(plain, before);
        // What a runner says to itself (`##[group]`, `##[error]`) is in the level by now.
        let said = plain.strip_prefix("##[").and_then(|rest| rest.split_once(']')).map_or(plain, |(_, said)| said);
        Self { at, origin, level, text: SafeText::capped(said, LINE_CHARS) }
    }
}

/// Takes out colours and the like (`ESC [ … m`), which say nothing without a terminal of their own. Every other control
/// sequence stays and is made visible.
fn without_colours(raw: &str) -> std::borrow::Cow<'_, str> {
    if !raw.contains("\x1b[") {
        return raw.into();
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find("\x1b[") {
        out.push_str(&rest[..at]);
        let body = &rest[at + 2..];
        let end = body.find(|c: char| !(c.is_ascii_digit() || matches!(c, ';' | ':')));
        if let Some(end) = end.filter(|end| body[*end..].starts_with('m')) {
            rest = &body[end + 1..];
        } else {
            out.push_str("\x1b[");
            rest = body;
        }
    }
    out.push_str(rest);
    out.into()
}

/// What a log is asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogSource {
    /// The pods of a service.
    Pods {
        /// The service.
        service: ServiceName,
        /// The environment; the one that is looked at where none is named.
        environment: Option<EnvironmentName>,
        /// Only this cluster of it.
        cluster: Option<ClusterName>,
        /// Only this side of a rollout.
        arm: Option<PodArm>,
        /// This container; the first of the pod template where none is named.
        container: Option<SafeText>,
    },
    /// A job of a run.
    Job {
        /// The run.
        run: RunKey,
        /// Its number, for people.
        number: u64,
        /// The system's id of the job.
        job: Arc<str>,
        /// The job's name.
        name: SafeText,
    },
}

/// What is asked: which log, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAsk {
    /// Which log.
    pub source: LogSource,
    /// The log of the container that ran before the present one: why it crashed. Pods only.
    pub previous: bool,
    /// Only lines younger than this.
    pub since: Option<SignedDuration>,
    /// Whether to wait for more. Pods only: the pipeline systems serve the log of a job when it has ended.
    pub follow: bool,
    /// Only lines that look like errors.
    pub errors: bool,
    /// Of each source only so many of the last lines.
    pub tail: Option<u32>,
}

impl LogAsk {
    /// Everything of `source` that is kept, without waiting for more.
    pub fn of(source: LogSource) -> Self {
        Self { source, previous: false, since: None, follow: false, errors: false, tail: None }
    }

    /// What it is about, in a few words: `payment canary in production`, `#881 test (payment)`.
    pub fn title(&self) -> String {
        match &self.source {
            LogSource::Pods { service, environment, cluster, arm, container } => {
                let arm = arm.map(|a| format!(" {a}")).unwrap_or_default();
                let container = container.as_ref().map(|c| format!(" {c}")).unwrap_or_default();
                let place = environment.as_ref().map(|e| format!(" in {e}")).unwrap_or_default();
                let cluster = cluster.as_ref().map(|c| format!(" on {c}")).unwrap_or_default();
                format!("{service}{arm}{container}{place}{cluster}")
            }
            LogSource::Job { number, name, .. } => format!("#{number} {name}"),
        }
    }
}

/// One container whose log is to be read, as the engine asks a cluster for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerLog {
    /// Where its lines come from. Always [`LogOrigin::Pod`].
    pub origin: Arc<LogOrigin>,
    /// The container before the present one.
    pub previous: bool,
    /// Only lines younger than this.
    pub since: Option<SignedDuration>,
    /// Whether to wait for more.
    pub follow: bool,
    /// Only so many of the last lines.
    pub tail: Option<u32>,
}

/// One job whose log is to be read, as the engine asks a pipeline system for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLog {
    /// The run.
    pub run: RunKey,
    /// Its number.
    pub number: u64,
    /// The system's id of the job.
    pub job: Arc<str>,
    /// The job's name.
    pub name: SafeText,
}

/// What is heard while a log is read.
#[derive(Debug, Clone, PartialEq)]
pub enum LogNews {
    /// A line.
    Line(LogLine),
    /// A word about the log itself: where it was fetched from, what it was cut to.
    About(SafeText),
    /// So many containers are being read now.
    Reading(u32),
    /// So many more lines were left out, because there were too many.
    Dropped(u64),
    /// One source cannot be read; the others go on.
    Trouble(SafeText, Problem),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(raw: &str) -> LogLine {
        let origin = LogOrigin::Job { run: 1, job: "test".into(), step: None };
        LogLine::new(None, Arc::new(origin), raw, Level::Plain)
    }

    #[test]
    fn colours_go_and_every_other_sequence_is_seen() {
        assert_eq!(line("\x1b[36;1mnpm ci\x1b[0m\r").text.as_str(), "npm ci");
        assert_eq!(line("a\x1b[2Jb\x1b]0;x\x07c\x1b[").text.as_str(), "a\u{fffd}[2Jb\u{fffd}]0;x\u{fffd}c\u{fffd}[");
        assert_eq!(line("a\x1b[3\u{e9}m").text.as_str(), "a\u{fffd}[3\u{e9}m");
        assert_eq!(line(&"x".repeat(9_000)).text.as_str().chars().count(), LINE_CHARS + 1);
    }

    proptest::proptest! {
        #[test]
        fn no_line_carries_a_control_character(raw in ".*") {
            proptest::prop_assert!(line(&raw).text.as_str().chars().all(|c| !c.is_control()));
        }
    }
}
