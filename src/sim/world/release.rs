//! The release that is under way: `payment` 4.1.7 to 4.2.0, an Argo Rollouts canary on Istio in both
//! production clusters. Its weight is 5 from minute 4, 20 from minute 10, and waits there.

use jiff::Timestamp;

use super::{Cluster, Environment, World};

/// The service of the release.
pub const SERVICE: &str = "payment";
/// The version that serves.
pub const STABLE: &str = "4.1.7";
/// The version under test.
pub const CANARY: &str = "4.2.0";
/// The minute at which the new pod template was applied.
pub const STARTED: f64 = 3.0;

/// One step of a rollout's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Set the canary's weight, in percent.
    Weight(u32),
    /// Wait until promoted.
    Pause,
}

/// The plan of every Argo Rollouts canary of the company.
pub const STEPS: [Step; 7] =
    [Step::Weight(5), Step::Pause, Step::Weight(20), Step::Pause, Step::Weight(50), Step::Pause, Step::Weight(100)];

/// What the plan says without anybody's interference: (minute, index of the step, weight in percent).
pub const SCRIPT: [(f64, usize, u32); 3] = [(STARTED, 0, 0), (4.0, 1, 5), (10.0, 3, 20)];

/// A weight that somebody or a controller set after the fact; it ends the script for that placement.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightChange {
    /// When, in minutes since T0.
    pub minute: f64,
    /// The service.
    pub service: String,
    /// The cluster.
    pub cluster: Cluster,
    /// The canary's weight from then on, in percent.
    pub weight: u32,
}

impl World {
    /// Notes a change of weight; traffic and metrics follow it from that minute on. Changes must come in order of time.
    pub fn note_weight(&mut self, change: WeightChange) {
        self.weights.push(change);
    }

    /// How many changes have been noted so far.
    pub fn changes(&self) -> usize {
        self.weights.len()
    }

    /// The history of a canary's weight as (minute, percent), in order; empty where there never was one.
    pub fn weights(&self, service: &str, cluster: Cluster) -> Vec<(f64, u32)> {
        let changed: Vec<_> = self.weights.iter().filter(|c| c.service == service && c.cluster == cluster).collect();
        let until = changed.first().map_or(f64::INFINITY, |c| c.minute);
        let scripted = service == SERVICE && cluster.environment() == Environment::Production;
        let script = SCRIPT.iter().filter(|_| scripted).map(|(minute, _, weight)| (*minute, *weight));
        script.filter(|(minute, _)| *minute < until).chain(changed.iter().map(|c| (c.minute, c.weight))).collect()
    }

    /// The canary's weight in percent at an instant; 0 where there is none.
    pub fn weight(&self, service: &str, cluster: Cluster, now: Timestamp) -> u32 {
        let minute = self.minutes(now);
        self.weights(service, cluster).iter().rev().find(|(from, _)| *from <= minute).map_or(0, |(_, w)| *w)
    }

    /// Whether a canary of the service stands beside the stable version.
    pub fn releasing(&self, service: &str, cluster: Cluster, now: Timestamp) -> bool {
        service == SERVICE && cluster.environment() == Environment::Production && self.minutes(now) >= STARTED
    }
}
