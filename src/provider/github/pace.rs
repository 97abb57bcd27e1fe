//! When to ask again: a pure function of what is going on, the budget and the time.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Budget;

/// How lively a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    /// Nothing is open.
    Idle,
    /// The last open run ended less than a minute ago.
    Settling,
    /// A run is queued or runs.
    Active,
    /// A run waits for a decision.
    Gate,
}

impl Pace {
    /// How often a repository of this pace is asked while the budget is no concern.
    fn interval(self) -> Duration {
        Duration::from_secs(match self {
            Self::Gate => 4,
            Self::Active => 5,
            Self::Settling => 10,
            Self::Idle => 30,
        })
    }
}

/// How long a repository counts as settling.
pub const SETTLING: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);

/// The share of the budget, as a divisor pair, that is kept back for decisions: 15 %.
const RESERVE: (u64, u64) = (15, 100);

/// The longest time to the reset of a budget; a greater one is a wrong clock.
const WINDOW: Duration = Duration::from_secs(3_600);

/// The time until a repository is asked again. `cost` is what one round over all repositories costs of the budget;
/// `asked` is what the server itself asks for (`X-Poll-Interval`).
pub fn interval(pace: Pace, budget: Option<&Budget>, cost: u64, asked: Option<Duration>, now: Timestamp) -> Duration {
    let wish = pace.interval().max(asked.unwrap_or_default());
    let Some((budget, reset)) = budget.and_then(|b| Some((b, b.reset?))) else { return wish };
    let left = Duration::try_from(reset.duration_since(now)).unwrap_or_default().min(WINDOW);
    let usable = budget.remaining.saturating_sub(budget.limit * RESERVE.0 / RESERVE.1);
    if left.is_zero() {
        // The window is over; the next answer tells of the new one.
        return wish;
    }
    if usable == 0 {
        return wish.max(left);
    }
    wish.max(left.mul_f64(cost as f64 / usable as f64)).min(left.max(wish))
}

/// `interval` up to a tenth shorter or longer, always the same for the same seed: many terminals that were started
/// together do not ask together for ever.
pub fn jitter(interval: Duration, seed: u64) -> Duration {
    // SplitMix64, whose outputs for neighbouring seeds have nothing in common.
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    interval.mul_f64(0.9 + 0.2 * ((x >> 11) as f64 / (1u64 << 53) as f64))
}

/// 1, 2, 4, … 60 seconds.
pub fn patience(failures: u32) -> Duration {
    Duration::from_secs((1 << failures.saturating_sub(1).min(6)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_slows_down_what_would_outspend_it() {
        let now = Timestamp::from_second(10_000).unwrap();
        let budget =
            |remaining, limit, reset: i64| Some(Budget { remaining, limit, reset: Timestamp::from_second(10_000 + reset).ok() });
        let asked = |seconds| Some(Duration::from_secs(seconds));
        for (why, pace, budget, cost, asked, want) in [
            ("no budget known", Pace::Idle, None, 9, None, 30.0),
            ("plenty", Pace::Gate, budget(4_900, 5_000, 3_600), 3, None, 4.0),
            ("plenty", Pace::Active, budget(4_900, 5_000, 3_600), 3, None, 5.0),
            ("just ended", Pace::Settling, budget(4_900, 5_000, 3_600), 3, None, 10.0),
            ("all 304", Pace::Active, budget(800, 5_000, 3_600), 0, None, 5.0),
            // 1,000 - 150 usable: 3,600 s * 4 / 850.
            ("GITHUB_TOKEN", Pace::Active, budget(1_000, 1_000, 3_600), 4, None, 16.9),
            // 60 - 9 usable: 3,600 s * 3 / 51.
            ("nobody", Pace::Idle, budget(60, 60, 3_600), 3, None, 211.8),
            ("only the reserve is left", Pace::Gate, budget(750, 5_000, 1_200), 1, None, 1_200.0),
            ("less than the reserve", Pace::Gate, budget(3, 5_000, 1_200), 1, None, 1_200.0),
            ("never beyond the reset", Pace::Idle, budget(751, 5_000, 1_200), 9, None, 1_200.0),
            ("reset is over", Pace::Active, budget(0, 5_000, -5), 4, None, 5.0),
            ("a clock that is a day off", Pace::Active, budget(0, 5_000, 90_000), 4, None, 3_600.0),
            ("the server asks for patience", Pace::Gate, None, 1, asked(60), 60.0),
            ("and is not slower than us", Pace::Idle, None, 1, asked(5), 30.0),
        ] {
            let got = interval(pace, budget.as_ref(), cost, asked, now).as_secs_f64();
            assert!((got - want).abs() < 0.1, "{why}: {got} instead of {want}");
        }
    }

    #[test]
    fn jitter_stays_within_a_tenth_and_spreads() {
        let ten = Duration::from_secs(10);
        let all: Vec<f64> = (0..1_000).map(|seed| jitter(ten, seed).as_secs_f64()).collect();
        assert!(all.iter().all(|d| (9.0..=11.0).contains(d)));
        assert!(all.iter().any(|d| *d < 9.2) && all.iter().any(|d| *d > 10.8));
        assert_eq!(jitter(ten, 7), jitter(ten, 7));
    }

    #[test]
    fn patience_grows_to_a_minute() {
        let seconds: Vec<u64> = (1..=9).map(|n| patience(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
