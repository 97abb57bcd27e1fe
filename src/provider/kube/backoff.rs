//! How long to wait before another try.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use jiff::Timestamp;

use crate::domain::{Problem, ProblemKind};

const FIRST: Duration = Duration::from_millis(800);
const LONGEST: Duration = Duration::from_secs(30);
/// A kind that is not installed now will hardly be so a minute later.
const ABSENT: Duration = Duration::from_secs(60);

/// Doubles from 0.8 s to 30 s, with jitter: many clients must not come back at one moment.
#[derive(Default)]
pub(super) struct Backoff {
    tries: u32,
    random: RandomState,
}

impl Backoff {
    /// All is well again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// The wait after one more failure.
    pub fn next(&mut self, problem: &Problem, now: Timestamp) -> Duration {
        if problem.kind == ProblemKind::NotInstalled {
            return ABSENT;
        }
        let full = FIRST.saturating_mul(1 << self.tries.min(6)).min(LONGEST);
        // Three quarters to all of it; never less than the first wait.
        let share = f64::from(self.random.hash_one(self.tries) as u16) / f64::from(u16::MAX);
        let wait = full.mul_f64(0.75 + 0.25 * share).max(FIRST);
        self.tries = self.tries.saturating_add(1);
        let asked = problem.until.and_then(|until| Duration::try_from(until.duration_since(now)).ok());
        asked.map_or(wait, |asked| asked.max(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        let now = Timestamp::UNIX_EPOCH;
        let problem = Problem::new(ProblemKind::Server, "500");
        let mut at_most = [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0].into_iter();
        for most in at_most.by_ref() {
            let wait = backoff.next(&problem, now).as_secs_f64();
            assert!(wait <= most + 1e-9 && wait >= (most * 0.75).max(0.8) - 1e-9, "{wait} of {most}");
        }
        backoff.reset();
        assert!(backoff.next(&problem, now).as_secs_f64() <= 0.8 + 1e-9);
    }

    #[test]
    fn the_server_s_own_word_and_an_absent_kind_take_longer() {
        let now = Timestamp::UNIX_EPOCH;
        let limited = Problem::new(ProblemKind::RateLimited, "429").until(Timestamp::from_second(17).unwrap());
        assert_eq!(Backoff::default().next(&limited, now), Duration::from_secs(17));
        let absent = Problem::new(ProblemKind::NotInstalled, "rollouts");
        assert_eq!(Backoff::default().next(&absent, now), Duration::from_secs(60));
    }
}
