//! What an examination of a source found: one sentence per question, graded, with the way to mend it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Problem, SafeText};

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, but not all of it, or not for long.
    Warn,
    /// Something that the configuration names cannot be read.
    Fail,
}

/// One answer of an examination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// The question, in one word: `reachable`, `identity`, `read`, `act`, `clock`, `token`, …
    pub about: &'static str,
    /// The answer, in one sentence. Never a credential.
    pub says: SafeText,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<SafeText>,
}

/// A clock that differs by more than this is worth a warning: expiries, windows and rate limits are told in the
/// servers' time.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

impl Finding {
    /// As it should be.
    pub fn ok(about: &'static str, says: impl AsRef<str>) -> Self {
        Self { grade: Grade::Ok, about, says: SafeText::capped(says.as_ref(), 600), mend: None }
    }

    /// It works, but.
    pub fn warn(about: &'static str, says: impl AsRef<str>, mend: impl AsRef<str>) -> Self {
        Self { grade: Grade::Warn, mend: Some(SafeText::clean(mend.as_ref())), ..Self::ok(about, says) }
    }

    /// It does not work.
    pub fn fail(about: &'static str, says: impl AsRef<str>, mend: impl AsRef<str>) -> Self {
        Self { grade: Grade::Fail, ..Self::warn(about, says, mend) }
    }

    /// A problem, with its hint as the way to mend it.
    pub fn problem(about: &'static str, problem: &Problem) -> Self {
        Self { grade: Grade::Fail, mend: problem.hint.clone(), ..Self::ok(about, problem.what.as_str()) }
    }

    /// The same with another grade.
    #[must_use]
    pub fn graded(mut self, grade: Grade) -> Self {
        self.grade = grade;
        self
    }

    /// How the server's clock compares with ours: `server` is what it said in an answer to a question that was sent and
    /// answered at these times of ours.
    pub fn clock(server: Timestamp, sent: Timestamp, received: Timestamp) -> Self {
        // Headers tell whole seconds, rounded down; anywhere between question and answer is agreement.
        let (ahead, behind) = (server.duration_since(received), sent.duration_since(server));
        let off = ahead.max(behind.saturating_sub(SignedDuration::from_secs(1)));
        if off <= SKEW {
            return Self::ok("clock", "agrees with ours");
        }
        let which = if ahead > behind { "behind" } else { "ahead of" };
        let says = format!("the clock of this host is {} s {which} the server's", off.as_secs());
        Self::warn("clock", says, "set the clock of this host, by NTP for example: ages and expiries are reckoned with it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_said_and_in_which_direction() {
        let at = |s: i64| Timestamp::from_second(10_000 + s).unwrap();
        for (server, grade, word) in [
            (0, Grade::Ok, "agrees"),
            (-1, Grade::Ok, "agrees"),
            (32, Grade::Ok, "agrees"),
            (33, Grade::Warn, "31 s behind"),
            (-31, Grade::Ok, "agrees"),
            (-32, Grade::Warn, "31 s ahead of"),
            (3_602, Grade::Warn, "3600 s behind"),
        ] {
            let found = Finding::clock(at(server), at(0), at(2));
            assert_eq!(found.grade, grade, "{server}: {}", found.says);
            assert!(found.says.as_str().contains(word), "{server}: {}", found.says);
        }
    }
}
