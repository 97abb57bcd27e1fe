//! Requests, errors and latency as functions of time. Rates are products of two slow waves, so counters are
//! exact integrals: a counter read at any instant, in any order, agrees with every other.

use jiff::Timestamp;

use super::{Cluster, Environment, Scenario, Service, World, names, release};

/// The side of a canary that a request went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// The serving revision.
    Stable,
    /// The revision under test.
    Canary,
}

impl Arm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stable, Self::Canary];

    /// The name in labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Canary => "canary",
        }
    }
}

/// The minute at which all counters started: a day before T0.
pub const EPOCH: f64 = -1440.0;

/// Shape of the latency distribution (log-logistic): the p95 is `19^(1/SHAPE)` times the median.
const SHAPE: f64 = 4.0;

/// How far latency waves to both sides, as a share.
const SWAY: f64 = 0.07;

/// `mean + swing * sin(speed * minute + phase)`
#[derive(Clone, Copy, Debug)]
struct Wave {
    mean: f64,
    swing: f64,
    speed: f64,
    phase: f64,
}

impl Wave {
    fn at(self, minute: f64) -> f64 {
        self.mean + self.swing * (self.speed * minute + self.phase).sin()
    }

    /// An antiderivative of `self * other` over minutes, at a minute.
    fn integral(self, other: Self, t: f64) -> f64 {
        let a = -(self.speed * t + self.phase).cos() / self.speed;
        let b = -(other.speed * t + other.phase).cos() / other.speed;
        let (fast, slow) = (self.speed + other.speed, self.speed - other.speed);
        let cross = (slow * t + self.phase - other.phase).sin() / slow - (fast * t + self.phase + other.phase).sin() / fast;
        self.mean * other.mean * t
            + self.swing * other.mean * a
            + self.mean * other.swing * b
            + self.swing * other.swing * cross / 2.0
    }
}

/// A constant, as a wave whose speed differs from all others.
fn constant(mean: f64) -> Wave {
    Wave { mean, swing: 0.0, speed: 0.013, phase: 0.0 }
}

/// A stretch of time in which weight, error level and latency level stand still.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    from: f64,
    to: f64,
    share: f64,
    errors: f64,
    p95: f64,
}

/// What one arm of one placement does at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Requests per second.
    pub rps: f64,
    /// Share that fails, 0 to 1.
    pub errors: f64,
    /// 95th percentile of latency in milliseconds.
    pub p95: f64,
}

/// The share of requests faster than `ms`, for a p95.
fn faster(ms: f64, p95: f64) -> f64 {
    if ms.is_infinite() {
        return 1.0;
    }
    let median = p95 / 19f64.powf(1.0 / SHAPE);
    1.0 / (1.0 + (ms / median).powf(-SHAPE))
}

/// The mean latency for a p95, in milliseconds.
fn mean(p95: f64) -> f64 {
    let angle = std::f64::consts::PI / SHAPE;
    p95 / 19f64.powf(1.0 / SHAPE) * angle / angle.sin()
}

impl World {
    /// Requests per second of a placement, all arms.
    fn demand(&self, service: &Service, cluster: Cluster) -> Wave {
        let mean = match cluster.environment() {
            Environment::Dev => 0.4,
            Environment::Staging => 2.0 + service.rps / 100.0,
            Environment::Production => service.rps * cluster.share(),
        };
        let phase = std::f64::consts::TAU * names::fraction(self.seed(), &["demand", service.name, cluster.name()]);
        Wave { mean, swing: mean * 0.12, speed: std::f64::consts::TAU / 23.0, phase }
    }

    /// A wave around 1 (errors) or around the middle of 0..1 (latency), own to each arm.
    fn ripple(&self, what: &str, service: &Service, cluster: Cluster, arm: Arm, mean: f64, swing: f64) -> Wave {
        let phase = std::f64::consts::TAU * names::fraction(self.seed(), &[what, service.name, cluster.name(), arm.name()]);
        Wave { mean, swing, speed: std::f64::consts::TAU / if what == "errors" { 5.3 } else { 3.7 }, phase }
    }

    /// Error share and p95 of an arm at a minute, before the ripples.
    pub fn level(&self, service: &Service, cluster: Cluster, arm: Arm, minute: f64) -> (f64, f64) {
        let usual = (service.errors, service.p95);
        if cluster.environment() != Environment::Production {
            return usual;
        }
        match self.params.scenario {
            Scenario::CanaryRegression if minute >= 12.0 && self.bad(service, cluster, arm, minute) => (0.04, service.p95 * 2.0),
            Scenario::ErrorSpike if (15.0..40.0).contains(&minute) && matches!(service.name, "payment" | "order" | "cart") => {
                (0.05, service.p95 * 1.25)
            }
            _ => usual,
        }
    }

    /// Whether an arm runs the version that is bad.
    fn bad(&self, service: &Service, cluster: Cluster, arm: Arm, minute: f64) -> bool {
        if service.name != release::SERVICE {
            return false;
        }
        let Some(lineage) = self.lineage(service.name, cluster, minute) else { return arm == Arm::Canary };
        let hash = if arm == Arm::Canary { &lineage.current } else { &lineage.stable };
        lineage.sets.iter().any(|set| set.hash == *hash && set.version == release::CANARY)
    }

    /// The stretches of an arm between EPOCH and `until`.
    fn stretches(&self, service: &Service, cluster: Cluster, arm: Arm, until: f64) -> Vec<Stretch> {
        let weights = self.weights(service.name, cluster);
        let mut cuts: Vec<f64> = weights.iter().map(|(minute, _)| *minute).chain([EPOCH, 12.0, 15.0, 40.0]).collect();
        // Another template may be another version, whatever its weight.
        cuts.extend(self.lineages(service.name, cluster));
        cuts.retain(|cut| *cut < until);
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let ends = cuts.iter().skip(1).copied().chain([until]);
        cuts.iter().zip(ends).map(|(from, to)| self.stretch(service, cluster, arm, &weights, *from, to)).collect()
    }

    fn stretch(&self, service: &Service, cluster: Cluster, arm: Arm, weights: &[(f64, u32)], from: f64, to: f64) -> Stretch {
        let weight = weights.iter().rev().find(|(minute, _)| *minute <= from).map_or(0, |(_, w)| *w);
        let canary = f64::from(weight) / 100.0;
        let share = if arm == Arm::Canary { canary } else { 1.0 - canary };
        let (errors, p95) = self.level(service, cluster, arm, from);
        Stretch { from, to, share, errors, p95 }
    }

    /// What an arm does at an instant.
    pub fn load(&self, service: &Service, cluster: Cluster, arm: Arm, at: Timestamp) -> Load {
        let minute = self.minutes(at);
        let s = self.stretch(service, cluster, arm, &self.weights(service.name, cluster), minute, minute);
        let errors = s.errors * self.ripple("errors", service, cluster, arm, 1.0, 0.2).at(minute);
        let high = self.ripple("latency", service, cluster, arm, 0.5, 0.5).at(minute);
        Load { rps: s.share * self.demand(service, cluster).at(minute), errors, p95: s.p95 * (1.0 - SWAY + 2.0 * SWAY * high) }
    }

    /// Requests served by an arm since EPOCH: a counter.
    pub fn requests_total(&self, service: &Service, cluster: Cluster, arm: Arm, at: Timestamp) -> f64 {
        self.counter(service, cluster, arm, Count::Requests).at(self.minutes(at))
    }

    /// Failed requests (5xx) of an arm since EPOCH: a counter.
    pub fn errors_total(&self, service: &Service, cluster: Cluster, arm: Arm, at: Timestamp) -> f64 {
        self.counter(service, cluster, arm, Count::Errors).at(self.minutes(at))
    }

    /// Requests of an arm that took at most `le` milliseconds (infinity: all) since EPOCH: a counter.
    pub fn bucket_total(&self, service: &Service, cluster: Cluster, arm: Arm, le: f64, at: Timestamp) -> f64 {
        self.counter(service, cluster, arm, Count::Faster(le)).at(self.minutes(at))
    }

    /// A counter of an arm, ready to be read at many instants.
    pub fn counter(&self, service: &Service, cluster: Cluster, arm: Arm, count: Count) -> Counter {
        let demand = self.demand(service, cluster);
        let ripple = match count {
            Count::Requests => constant(1.0),
            Count::Errors => self.ripple("errors", service, cluster, arm, 1.0, 0.2),
            Count::Faster(_) | Count::Latency => self.ripple("latency", service, cluster, arm, 0.5, 0.5),
        };
        // Latency sways between a low and a high distribution; any linear figure of it is the mixture of the two.
        let mixed = |s: &Stretch, figure: &dyn Fn(f64) -> f64| {
            let (low, top) = (figure(s.p95 * (1.0 - SWAY)), figure(s.p95 * (1.0 + SWAY)));
            Wave { mean: low + (top - low) * ripple.mean, swing: (top - low) * ripple.swing, ..ripple }
        };
        let mut before = 0.0;
        let mut pieces = Vec::new();
        for s in self.stretches(service, cluster, arm, f64::INFINITY) {
            let wave = match count {
                Count::Requests => ripple,
                Count::Errors => Wave { mean: s.errors, swing: s.errors * ripple.swing, ..ripple },
                Count::Faster(le) => mixed(&s, &|p95| faster(le, p95)),
                Count::Latency => mixed(&s, &mean),
            };
            let piece = Piece { from: s.from, share: s.share, wave, begin: demand.integral(wave, s.from), before };
            before = if s.to.is_finite() { piece.at(demand, s.to) } else { 0.0 };
            pieces.push(piece);
        }
        Counter { demand, pieces }
    }
}

/// What is counted of an arm since EPOCH.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    /// Requests.
    Requests,
    /// Requests that failed (5xx).
    Errors,
    /// Requests that took at most so many milliseconds (infinity: all).
    Faster(f64),
    /// Milliseconds spent.
    Latency,
}

/// A counter of one arm. Names and finished stretches are worked out once; each reading is one integral.
#[derive(Clone, Debug)]
pub struct Counter {
    demand: Wave,
    pieces: Vec<Piece>,
}

/// The part of a counter that grows within one stretch.
#[derive(Clone, Debug)]
struct Piece {
    from: f64,
    share: f64,
    wave: Wave,
    /// The integral's value at `from`.
    begin: f64,
    /// What the stretches before have counted.
    before: f64,
}

impl Piece {
    fn at(&self, demand: Wave, minute: f64) -> f64 {
        self.before + self.share * (demand.integral(self.wave, minute) - self.begin)
    }
}

impl Counter {
    /// Its value at a minute since T0; 0 until EPOCH.
    pub fn at(&self, minute: f64) -> f64 {
        let piece = self.pieces.iter().rev().find(|piece| piece.from < minute);
        // Waves are per second, time is in minutes.
        piece.map_or(0.0, |piece| piece.at(self.demand, minute)) * 60.0
    }
}
