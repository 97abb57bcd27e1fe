//! The network of scenario `flaky-network`: every tenth request goes wrong, by hash of seed, method, path and how
//! often that was asked before, so that the same client meets the same weather again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{fault::Fault, world::names};

/// How often each method and path was asked so far.
#[derive(Debug)]
pub struct Weather {
    seed: u64,
    asked: Mutex<BTreeMap<String, u64>>,
}

impl Weather {
    /// The weather of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, asked: Mutex::default() }
    }

    /// What happens to the next request of this method and path.
    pub fn next(&self, method: &str, path: &str) -> Option<Fault> {
        let request = format!("{method} {path}");
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(request.clone()).or_default();
        *count += 1;
        fault(self.seed, &request, *count)
    }
}

/// Late, cut, 429, 500, or 502 after the effect, one as often as the other.
fn fault(seed: u64, request: &str, count: u64) -> Option<Fault> {
    let dice = names::number(seed, &["weather", request, &count.to_string()], 50);
    Some(match dice {
        0 => Fault::Delay(Duration::from_millis(700)),
        1 => Fault::Cut,
        2 => Fault::Reply {
            status: 429,
            headers: vec![("retry-after".to_owned(), "1".to_owned())],
            body: "too many requests\n".to_owned(),
        },
        3 => Fault::Status(500),
        4 => Fault::After(502),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Weather, fault};

    #[test]
    fn every_tenth_request_goes_wrong_and_the_same_ones_again() {
        let all: Vec<_> = (1..=1_000).map(|count| fault(1, "GET /api/v1/pods", count)).collect();
        let bad = all.iter().flatten().count();
        assert!((70..=130).contains(&bad), "{bad} of 1000");
        let weather = Weather::new(1);
        let again: Vec<_> = (0..1_000).map(|_| weather.next("GET", "/api/v1/pods")).collect();
        assert_eq!(all, again);
        assert_ne!(all, (1..=1_000).map(|count| fault(2, "GET /api/v1/pods", count)).collect::<Vec<_>>());
    }
}
