//! One section of the world with its freshness. The screen never lies about age.

use jiff::Timestamp;
use serde::Serialize;

use super::{Problem, ProblemKind};

/// A section of the snapshot and how far it can be trusted.
///
/// `at` is the time of the last proof that the value is current: of a watch its last sign of life, of a poll its
/// last answer, which may be later than the last change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Feed<T> {
    /// Nothing was answered yet.
    Waiting,
    /// The value is current as of `at`.
    Live {
        /// The value.
        #[serde(skip)]
        value: T,
        /// Last proof of life.
        at: Timestamp,
    },
    /// The value was current at `at`; since then the source is in trouble.
    Stale {
        /// The last known value.
        #[serde(skip)]
        value: T,
        /// Last proof of life.
        at: Timestamp,
        /// What keeps it from being current.
        why: Problem,
    },
    /// There never was a value.
    Down {
        /// When the trouble was first met.
        since: Timestamp,
        /// What keeps it from being read.
        why: Problem,
    },
}

impl<T> Feed<T> {
    /// The value, current or not.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Live { value, .. } | Self::Stale { value, .. } => Some(value),
            Self::Waiting | Self::Down { .. } => None,
        }
    }

    /// The value, only if it is current.
    pub fn live(&self) -> Option<&T> {
        if let Self::Live { value, .. } = self { Some(value) } else { None }
    }

    /// Last proof that the value is current.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Live { at, .. } | Self::Stale { at, .. } => Some(*at),
            Self::Waiting | Self::Down { .. } => None,
        }
    }

    /// What is wrong with the source.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Stale { why, .. } | Self::Down { why, .. } => Some(why),
            Self::Waiting | Self::Live { .. } => None,
        }
    }

    /// Whether the source answered at all, well or badly.
    pub fn answered(&self) -> bool {
        !matches!(self, Self::Waiting)
    }

    /// Takes a new proof of life at `at`; `change` is applied to the value, which starts as `T::default()`.
    pub fn refresh(&mut self, at: Timestamp, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let mut value = match std::mem::replace(self, Self::Waiting) {
            Self::Live { value, .. } | Self::Stale { value, .. } => value,
            Self::Waiting | Self::Down { .. } => T::default(),
        };
        change(&mut value);
        *self = Self::Live { value, at };
    }

    /// Takes trouble with the source at `now`: the value is kept and is no longer current.
    pub fn trouble(&mut self, now: Timestamp, why: Problem) {
        *self = match std::mem::replace(self, Self::Waiting) {
            Self::Live { value, at } | Self::Stale { value, at, .. } => Self::Stale { value, at, why },
            Self::Waiting => Self::Down { since: now, why },
            // That a kind was not installed was no trouble.
            Self::Down { why: Problem { kind: ProblemKind::NotInstalled, .. }, .. } => Self::Down { since: now, why },
            Self::Down { since, .. } => Self::Down { since, why },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(s).unwrap()
    }

    #[test]
    fn trouble_keeps_the_value_and_the_age_of_its_last_proof() {
        let mut feed: Feed<Vec<u8>> = Feed::Waiting;
        feed.trouble(at(1), Problem::new(ProblemKind::Unreachable, "refused"));
        feed.trouble(at(2), Problem::new(ProblemKind::Unreachable, "refused"));
        assert!(matches!(feed, Feed::Down { since, .. } if since == at(1)), "down since the first failure");
        feed.refresh(at(3), |v| v.push(7));
        assert_eq!(feed.live(), Some(&vec![7]));
        feed.trouble(at(9), Problem::new(ProblemKind::Timeout, "10 s"));
        assert_eq!((feed.value(), feed.live(), feed.at()), (Some(&vec![7]), None, Some(at(3))));
        feed.refresh(at(10), |_| ());
        assert_eq!(feed.live(), Some(&vec![7]));
    }
}
