//! The one clock: real, faster than real, or standing still until it is moved.
//!
//! Screens, tests and headless commands on the embedded world run on a clock that stands still: what they show depends
//! on the simulated time alone and not on how fast the machine is.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, time::Instant};

use crate::provider::role::Timer;

/// A clock. Clones share one time.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

enum Inner {
    /// Time runs at `speed` times the real one, from `base` at `start`.
    Running { base: Timestamp, start: Instant, speed: f64 },
    /// Time moves only by [`Clock::advance`].
    Standing(watch::Sender<Timestamp>),
}

impl Clock {
    /// The real time.
    pub fn real() -> Self {
        Self::running(Timestamp::now(), 1.0)
    }

    /// A clock that shows `base` now and runs at `speed` times the real time.
    pub fn running(base: Timestamp, speed: f64) -> Self {
        Self(Arc::new(Inner::Running { base, start: Instant::now(), speed: speed.max(f64::MIN_POSITIVE) }))
    }

    /// A clock that stands at `base`.
    pub fn standing(base: Timestamp) -> Self {
        Self(Arc::new(Inner::Standing(watch::Sender::new(base))))
    }

    /// Moves a standing clock on. A running clock is left alone: it moves by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Inner::Standing(now) = &*self.0 {
            now.send_modify(|t| *t = t.checked_add(by).unwrap_or(*t));
        }
    }

    /// Whether time moves only by [`advance`](Self::advance).
    pub fn stands(&self) -> bool {
        matches!(*self.0, Inner::Standing(_))
    }
}

impl Timer for Clock {
    fn now(&self) -> Timestamp {
        match &*self.0 {
            Inner::Running { base, start, speed } => {
                let elapsed =
                    SignedDuration::try_from_secs_f64(start.elapsed().as_secs_f64() * speed).unwrap_or(SignedDuration::MAX);
                base.checked_add(elapsed).unwrap_or(Timestamp::MAX)
            }
            Inner::Standing(now) => *now.borrow(),
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match &*self.0 {
            Inner::Running { speed, .. } => Box::pin(tokio::time::sleep(duration.div_f64(*speed))),
            Inner::Standing(now) => {
                let mut now = now.subscribe();
                let until = SignedDuration::try_from(duration).ok().and_then(|d| now.borrow().checked_add(d).ok());
                Box::pin(async move {
                    // A clock that nobody holds any more never moves.
                    let reached = now.wait_for(|t| until.is_some_and(|until| *t >= until)).await.is_ok();
                    if !reached {
                        std::future::pending::<()>().await;
                    }
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_standing_clock_wakes_sleepers_only_when_it_is_moved() {
        let clock = Clock::standing(Timestamp::UNIX_EPOCH);
        let mut sleeper = clock.sleep(Duration::from_secs(5));
        clock.advance(SignedDuration::from_secs(4));
        assert!(futures::poll!(&mut sleeper).is_pending());
        clock.advance(SignedDuration::from_secs(1));
        sleeper.await;
        assert_eq!(clock.now(), Timestamp::from_second(5).unwrap());
    }
}
