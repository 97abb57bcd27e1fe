//! When the next frame is due: at once for a key, slower for data, never faster than the eye.

use std::time::{Duration, Instant};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Between two frames that only show newer data.
const DATA: Duration = Duration::from_millis(100);

/// Why a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A person did something.
    Person,
    /// The world or the time went on.
    Data,
}

/// When the next frame is due.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    /// Something changed.
    pub fn want(&mut self, cause: Cause, now: Instant) {
        let gap = match cause {
            Cause::Person => FRAME,
            Cause::Data => DATA,
        };
        let at = self.last.map_or(now, |last| now.max(last + gap));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When the next frame is due, if one is wanted.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_at_once_and_a_flood_of_data_ten_times_a_second() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        pace.want(Cause::Data, at(0));
        assert_eq!(pace.due(), Some(at(0)), "the first frame waits for nothing");
        pace.drawn(at(0));
        pace.want(Cause::Data, at(10));
        assert_eq!(pace.due(), Some(at(100)));
        pace.want(Cause::Person, at(20));
        assert_eq!(pace.due(), Some(at(33)), "a key comes before the data that waits");
        pace.drawn(at(33));
        pace.want(Cause::Person, at(500));
        assert_eq!(pace.due(), Some(at(500)));
        pace.drawn(at(500));
        assert_eq!(pace.due(), None, "a quiet screen has no timer");
    }
}
