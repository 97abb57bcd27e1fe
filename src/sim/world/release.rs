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

/// Pods of the service in a production cluster.
pub const REPLICAS: u32 = 5;

/// What the controller is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// On the way to the weight of the step.
    Progressing,
    /// Waiting at a pause step.
    Paused,
    /// Back on the stable version.
    Aborted,
    /// The canary is the stable version now.
    Promoted,
}

/// Where a rollout stands from a minute on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// From when, in minutes since T0.
    pub minute: f64,
    /// The index of the step.
    pub step: usize,
    /// The share of traffic that the new version gets, in percent.
    pub weight: u32,
    /// What the controller is doing.
    pub phase: Phase,
    /// Pods of the old and of the new version.
    pub pods: (u32, u32),
    /// Whether a person has paused it (`spec.paused`).
    pub held: bool,
    /// Whether it was told to skip what is left (`status.promoteFull`).
    pub full: bool,
}

const fn paid(minute: f64, step: usize, weight: u32, phase: Phase) -> Position {
    Position { minute, step, weight, phase, pods: (REPLICAS, 1), held: false, full: false }
}

/// What happens without anybody's interference.
pub const SCRIPT: [Position; 3] =
    [paid(STARTED, 0, 0, Phase::Progressing), paid(4.0, 1, 5, Phase::Paused), paid(10.0, 3, 20, Phase::Paused)];

const fn staged(minute: f64, step: usize, weight: u32, phase: Phase, new: u32) -> Position {
    Position { minute, step, weight, phase, pods: (2, new), held: false, full: false }
}

/// Flagger brings `cart` 5.5.1 to staging: a gate holds it until minute 9, then a tick every two minutes; the check of
/// minute 15 fails; from minute 23 it waits for the promotion's gate.
pub const FLAGGER: [Position; 8] = [
    staged(6.0, 0, 0, Phase::Paused, 0),
    staged(9.0, 0, 0, Phase::Progressing, 2),
    staged(11.0, 1, 10, Phase::Progressing, 2),
    staged(13.0, 2, 20, Phase::Progressing, 2),
    staged(17.0, 3, 30, Phase::Progressing, 2),
    staged(19.0, 4, 40, Phase::Progressing, 2),
    staged(21.0, 5, 50, Phase::Progressing, 2),
    staged(23.0, 5, 50, Phase::Paused, 2),
];

/// From the first pods behind a preview Service until they have passed their analysis, in minutes.
pub const SMOKE: f64 = 0.3;

/// `catalog` 8.1.1 waits behind its preview Service in staging.
pub const PREVIEW: [Position; 2] = [staged(7.0, 0, 0, Phase::Progressing, 2), staged(7.0 + SMOKE, 0, 0, Phase::Paused, 2)];

/// What happens to a placement without anybody's interference, and the version that it brings.
pub fn script(service: &str, cluster: Cluster) -> (&'static [Position], &'static str) {
    match (service, cluster.environment()) {
        (SERVICE, Environment::Production) => (&SCRIPT, CANARY),
        ("cart", Environment::Staging) => (&FLAGGER, "5.5.1"),
        ("catalog", Environment::Staging) => (&PREVIEW, "8.1.1"),
        _ => (&[], ""),
    }
}

/// A position that somebody's write led to; it ends the script for that placement.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The service.
    pub service: String,
    /// The cluster.
    pub cluster: Cluster,
    /// Where it stands from then on.
    pub position: Position,
}

impl World {
    /// The positions of a placement in order of time; empty where nothing ever moves.
    pub fn positions(&self, service: &str, cluster: Cluster) -> Vec<Position> {
        let mut positions = self.scripted_positions(service, cluster);
        positions.extend(self.moved(service, cluster));
        positions
    }

    /// The part of the script that a placement has walked before somebody interfered.
    pub fn scripted_positions(&self, service: &str, cluster: Cluster) -> Vec<Position> {
        let until = self.moved(service, cluster).map(|position| position.minute).fold(f64::INFINITY, f64::min);
        script(service, cluster).0.iter().copied().filter(|position| position.minute < until).collect()
    }

    /// Where a placement stands at a minute; none before it first moves.
    pub fn position(&self, service: &str, cluster: Cluster, minute: f64) -> Option<Position> {
        self.positions(service, cluster).into_iter().rev().find(|position| position.minute <= minute)
    }

    /// Since when it has stood at the step and in the phase of a minute.
    pub fn standing_since(&self, service: &str, cluster: Cluster, minute: f64) -> f64 {
        let past: Vec<Position> = self.positions(service, cluster).into_iter().filter(|p| p.minute <= minute).collect();
        let Some(last) = past.last() else { return STARTED };
        let same = past.iter().rev().take_while(|p| (p.step, p.phase) == (last.step, last.phase));
        same.last().map_or(last.minute, |position| position.minute)
    }

    /// The history of a canary's weight as (minute, percent), in order; empty where there never was one.
    pub fn weights(&self, service: &str, cluster: Cluster) -> Vec<(f64, u32)> {
        self.positions(service, cluster).into_iter().map(|position| (position.minute, position.weight)).collect()
    }

    /// The share of traffic of the new version in percent at an instant; 0 where there is none, 100 once promoted.
    pub fn weight(&self, service: &str, cluster: Cluster, now: Timestamp) -> u32 {
        self.weight_at(service, cluster, self.minutes(now))
    }

    /// The same at a minute.
    pub fn weight_at(&self, service: &str, cluster: Cluster, minute: f64) -> u32 {
        self.position(service, cluster, minute).map_or(0, |position| position.weight)
    }
}
