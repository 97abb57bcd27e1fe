//! The company itself: everything that the embedded world says is a pure function of the seed, the scenario,
//! the simulated minutes since T0 and the changes made so far. Nothing here reads a clock.

pub mod catalogue;
pub mod changes;
pub mod crew;
mod history;
pub mod image;
mod migration;
pub mod names;
pub mod noted;
pub mod pipelines;
pub mod release;
pub mod traffic;
pub mod workload;

use jiff::{SignedDuration, Timestamp};

pub use catalogue::{Cluster, Delivery, Environment, SERVICES, Service};
pub use noted::Note;
pub use release::Move;

/// T0 of tests and headless demos: 2026-03-10T09:00:00Z, a Tuesday, 10:00 in Berlin, inside the release window.
pub const T0: Timestamp = Timestamp::constant(1_773_133_200, 0);

/// The namespace of every service in every cluster.
pub const NAMESPACE: &str = "shop";

/// What happens in the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, strum::EnumString, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Scenario {
    /// Everything in order.
    #[default]
    Calm,
    /// From minute 12 the canary of `payment` serves 4 % errors and twice the p95; the baseline stays healthy.
    CanaryRegression,
    /// Minutes 15 to 40: both arms burn alike.
    ErrorSpike,
    /// From minute 10 Prometheus answers, but with nothing newer.
    StaleMetrics,
    /// A self-healing controller undoes direct changes to the Deployment `order` within three seconds.
    GitopsRevert,
    /// `user` 2.x dropped a column that 1.x reads: going back is unsafe.
    BadMigration,
    /// Every tenth request is late, cut, refused, or answered badly after its effect.
    FlakyNetwork,
}

/// What the world is a function of, besides time and changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// What happens.
    pub scenario: Scenario,
    /// Names, digests and the waves of the traffic.
    pub seed: u64,
    /// The instant of minute 0.
    pub t0: Timestamp,
}

impl Default for Params {
    fn default() -> Self {
        Self { scenario: Scenario::Calm, seed: 1, t0: T0 }
    }
}

/// The world: parameters and the changes made so far.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    params: Params,
    noted: noted::Noted,
    changes: usize,
}

impl World {
    /// A world in which nobody has changed anything yet.
    pub fn new(params: Params) -> Self {
        Self { params, noted: noted::Noted::default(), changes: 0 }
    }

    /// What the world was made of.
    pub fn params(&self) -> Params {
        self.params
    }

    /// The seed, for [`names`].
    pub fn seed(&self) -> u64 {
        self.params.seed
    }

    /// Minutes since T0; negative before it.
    pub fn minutes(&self, at: Timestamp) -> f64 {
        at.duration_since(self.params.t0).as_secs_f64() / 60.0
    }

    /// The instant of a simulated minute, down to whole seconds; a hair is added because sixtieths are not exact.
    pub fn instant(&self, minute: f64) -> Timestamp {
        let seconds = (minute * 60.0 + 0.001).floor() as i64;
        self.params.t0.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(self.params.t0)
    }

    /// The newest instant that metrics know of: `now`, or minute 10 where they have gone stale.
    pub fn metrics_end(&self, now: Timestamp) -> Timestamp {
        match self.params.scenario {
            Scenario::StaleMetrics => now.min(self.instant(10.0)),
            _ => now,
        }
    }

    /// The commit that a version of a service was built from: 40 hexadecimal digits.
    pub fn commit(&self, service: &str, version: &str) -> String {
        names::hex(self.seed(), &["commit", service, version], 40)
    }

    /// The image reference by tag, e.g. `registry.acme.example/shop/payment:4.2.0`.
    pub fn image(&self, service: &str, version: &str) -> String {
        format!("registry.acme.example/shop/{service}:{version}")
    }

    /// The image's digest: `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self, service: &str, version: &str) -> String {
        format!("sha256:{}", names::hex(self.seed(), &["image", service, version], 64))
    }
}

#[cfg(test)]
mod tests;
