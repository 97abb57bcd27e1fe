//! The company's counters at the instants of scrapes, remembered: each is worked out once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::sim::world::{
    Cluster, Service, World,
    traffic::{Arm, Count, Counter, EPOCH},
};

/// Milliseconds between two scrapes of every target.
pub const SCRAPE: i64 = 15_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Requests.
    Requests,
    /// Requests that failed.
    Errors,
    /// Requests not slower than so many microseconds; `u64::MAX` is all.
    Faster(u64),
    /// Milliseconds spent.
    Latency,
}

/// One arm of a service in a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The service.
    pub service: &'static Service,
    /// The cluster.
    pub cluster: Cluster,
    /// The arm.
    pub arm: Arm,
}

impl Flow {
    /// The counter at an instant (milliseconds since 1970), straight from the model.
    pub fn exact(self, world: &World, figure: Figure, at: i64) -> f64 {
        read(world, &self.counter(world, figure), at)
    }

    fn counter(self, world: &World, figure: Figure) -> Counter {
        let count = match figure {
            Figure::Requests | Figure::Faster(u64::MAX) => Count::Requests,
            Figure::Errors => Count::Errors,
            Figure::Faster(micros) => Count::Faster(micros as f64 / 1000.0),
            Figure::Latency => Count::Latency,
        };
        world.counter(self.service, self.cluster, self.arm, count)
    }
}

fn read(world: &World, counter: &Counter, at: i64) -> f64 {
    counter.at(world.minutes(Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)))
}

/// One counter per flow and figure, indexed by scrape since the model's beginning.
type Memory = HashMap<(&'static str, Cluster, Arm, Figure), Vec<f64>>;

/// What has been worked out so far. The past never changes (a change of weight works from its minute on), so nothing
/// is ever forgotten.
#[derive(Debug, Default)]
pub struct Curves(Mutex<Memory>);

impl Curves {
    /// The counter at scrapes `first..=last` (numbers of 15-second intervals since 1970).
    pub fn at_scrapes(&self, world: &World, flow: Flow, figure: Figure, first: i64, last: i64) -> Vec<f64> {
        let begin = begin(world);
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let curve = memory.entry((flow.service.name, flow.cluster, flow.arm, figure)).or_default();
        let mut counter = None;
        let value = |scrape: i64| {
            let Ok(index) = usize::try_from(scrape - begin) else { return 0.0 };
            if curve.len() <= index {
                curve.resize(index + 1, f64::NAN);
            }
            let Some(slot) = curve.get_mut(index) else { return f64::NAN };
            if slot.is_nan() {
                let counter = counter.get_or_insert_with(|| flow.counter(world, figure));
                *slot = read(world, counter, scrape * SCRAPE);
            }
            *slot
        };
        (first..=last).map(value).collect()
    }
}

/// The first scrape that counts something.
pub fn begin(world: &World) -> i64 {
    world.instant(EPOCH).as_millisecond().div_euclid(SCRAPE)
}
