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

/// One counter of a flow: the model's, for a world with that many changes, and what it said at scrapes since the
/// model's beginning (NaN where nobody asked yet).
#[derive(Debug)]
struct Curve {
    changes: usize,
    counter: Counter,
    scrapes: Vec<f64>,
}

impl Curve {
    fn exact(&self, world: &World, at: i64) -> f64 {
        self.counter.at(world.minutes(Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    fn at_scrape(&mut self, world: &World, begin: i64, scrape: i64) -> f64 {
        let Ok(index) = usize::try_from(scrape - begin) else { return 0.0 };
        match self.scrapes.get(index) {
            Some(known) if !known.is_nan() => return *known,
            Some(_) => {}
            None => self.scrapes.resize(index + 1, f64::NAN),
        }
        let value = self.exact(world, scrape * SCRAPE);
        if let Some(slot) = self.scrapes.get_mut(index) {
            *slot = value;
        }
        value
    }
}

/// What has been worked out so far. The past never changes (a change of weight works from its minute on), so what was
/// scraped is never forgotten.
#[derive(Debug, Default)]
pub struct Curves(Mutex<Memory>);

/// Curves by service, cluster, arm and figure.
type Memory = HashMap<(&'static str, Cluster, Arm, Figure), Curve>;

impl Curves {
    /// The counter at scrapes `first..=last` (numbers of 15-second intervals since 1970).
    pub fn at_scrapes(&self, world: &World, flow: Flow, figure: Figure, first: i64, last: i64) -> Vec<f64> {
        let begin = begin(world);
        self.with(world, flow, figure, |curve| (first..=last).map(|scrape| curve.at_scrape(world, begin, scrape)).collect())
    }

    /// The counter at an instant (milliseconds since 1970), straight from the model.
    pub fn exact(&self, world: &World, flow: Flow, figure: Figure, at: i64) -> f64 {
        self.with(world, flow, figure, |curve| curve.exact(world, at))
    }

    fn with<T>(&self, world: &World, flow: Flow, figure: Figure, read: impl FnOnce(&mut Curve) -> T) -> T {
        let changes = world.changes();
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let curve = memory.entry((flow.service.name, flow.cluster, flow.arm, figure)).or_insert_with(|| Curve {
            changes,
            counter: flow.counter(world, figure),
            scrapes: Vec::new(),
        });
        if curve.changes != changes {
            (curve.changes, curve.counter) = (changes, flow.counter(world, figure));
        }
        read(curve)
    }
}

/// The first scrape that counts something.
pub fn begin(world: &World) -> i64 {
    world.instant(EPOCH).as_millisecond().div_euclid(SCRAPE)
}
