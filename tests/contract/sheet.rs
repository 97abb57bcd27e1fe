//! The table of the contract: each case once, and why one is not run where it does not apply. Who runs a contract ticks
//! off its cases; [`Sheet::close`] fails where one is missing.

use std::{collections::BTreeSet, sync::Mutex};

use jiff::Timestamp;

/// What is held to the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The Deployments of a namespace.
    Workloads,
    /// The runs of a workflow.
    Pipelines,
    /// The figures of some targets.
    Metrics,
    /// The log of a container.
    PodLogs,
    /// The log of a job.
    JobLogs,
}

/// On what a contract runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The embedded world.
    Embedded,
    /// Recorded answers.
    Recorded,
    /// The real system.
    Real,
}

/// Every case, once. Each is run for every role on every ground, but for [`EXCUSED`].
const CASES: [&str; 26] = [
    "list",
    "re-list",
    "watch cut",
    "401",
    "403",
    "404",
    "409",
    "410",
    "429 in seconds",
    "429 by date",
    "429 without a word",
    "a spent budget",
    "500",
    "502",
    "503",
    "time-out",
    "a cut body",
    "a login page",
    "HTML that says it is JSON",
    "JSON of another kind",
    "no body",
    "100 MB",
    "another host",
    "unknown words",
    "an unreadable item",
    "hostile text",
];

const LOGS: [Role; 2] = [Role::PodLogs, Role::JobLogs];
const EVERYWHERE: &[Ground] = &[Ground::Embedded, Ground::Recorded, Ground::Real];

/// What is not run: for whom, where, which case, and why.
const EXCUSED: [(&[Role], &[Ground], &str, &str); 9] = [
    (&[Role::Pipelines, Role::Metrics], EVERYWHERE, "watch cut", "polled: there is no stream to cut"),
    (&[Role::JobLogs], EVERYWHERE, "watch cut", "served when the job has ended: there is nothing to follow"),
    (&[Role::Workloads], &[Ground::Recorded], "watch cut", "recorded lists have one state: nothing changes after the cut"),
    (
        &[Role::Workloads, Role::Metrics, Role::PodLogs],
        EVERYWHERE,
        "a spent budget",
        "GitHub's headers; Kubernetes and Prometheus say 429 and nothing else",
    ),
    (&[Role::Pipelines], &[Ground::Real], "an unreadable item", "the description's example is one run without a neighbour"),
    (&LOGS, EVERYWHERE, "HTML that says it is JSON", "a log is text: what does not say it is a page is a line"),
    (&LOGS, EVERYWHERE, "JSON of another kind", "a log is text: JSON is a line"),
    (&LOGS, EVERYWHERE, "no body", "a log may be empty"),
    (&[Role::PodLogs], EVERYWHERE, "unknown words", "no word of a line has a meaning to us"),
];

/// The cases of one role on one ground, to be ticked off.
pub struct Sheet {
    role: Role,
    ground: Ground,
    /// The time on that ground.
    pub now: Timestamp,
    ran: Mutex<BTreeSet<&'static str>>,
}

impl Sheet {
    /// An empty one.
    pub fn new(role: Role, ground: Ground, now: Timestamp) -> Self {
        Self { role, ground, now, ran: Mutex::default() }
    }

    /// Whom it is about.
    pub fn role(&self) -> Role {
        self.role
    }

    fn excuse(&self, case: &str) -> Option<&'static str> {
        let mine = |(roles, grounds, what, _): &&(&[Role], &[Ground], &str, &str)| {
            roles.contains(&self.role) && grounds.contains(&self.ground) && *what == case
        };
        EXCUSED.iter().find(mine).map(|(.., why)| *why)
    }

    /// Whether a case is to be run.
    pub fn applies(&self, case: &str) -> bool {
        self.excuse(case).is_none()
    }

    /// Ticks a case off: it held.
    pub fn ran(&self, case: &str) {
        let known = CASES.iter().find(|c| **c == case).unwrap_or_else(|| panic!("{case} is not in the table"));
        assert!(self.applies(case), "{case} was run, although: {:?}", self.excuse(case));
        self.ran.lock().unwrap().insert(known);
    }

    /// Every case has been run, or there is a reason why not.
    pub fn close(self) {
        let ran = self.ran.lock().unwrap();
        let missing: Vec<_> = CASES.iter().filter(|case| self.applies(case) && !ran.contains(**case)).collect();
        assert!(missing.is_empty(), "{:?} on {:?} without {missing:?}", self.role, self.ground);
    }
}
