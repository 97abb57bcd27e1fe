//! Canaries of Flagger.
//!
//! Source: flagger `pkg/apis/flagger/v1beta1/{canary,status}.go` and `pkg/controller/scheduler.go`; observed on v1.36.1.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::{ClusterState, Condition, Meta, ObjectKey, SafeText, Weight, WorkloadKind, WorkloadRef};

/// The phase that Flagger reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlaggerPhase {
    /// The primary workload and the routes are being made.
    Initializing,
    /// Made; nothing was released yet.
    Initialized,
    /// A new version is there, and a `confirm-rollout` gate holds it.
    Waiting,
    /// The analysis is under way.
    Progressing,
    /// The analysis is through, and a `confirm-promotion` gate holds it. Traffic stays where it is.
    WaitingPromotion,
    /// The primary workload is being brought to the new version.
    Promoting,
    /// Traffic is back on the primary workload, which runs the new version.
    Finalising,
    /// The new version serves.
    Succeeded,
    /// Rolled back: the primary workload serves the earlier version, the canary has no pods.
    Failed,
    /// The Canary is being deleted.
    Terminating,
    /// The Canary is deleted.
    Terminated,
    /// A phase that we do not know, or none yet.
    Unknown(SafeText),
}

impl FlaggerPhase {
    /// The phase of a word.
    pub fn of(word: &str) -> Self {
        match word {
            // An object that Flagger has not come to yet.
            "" | "Initializing" => Self::Initializing,
            "Initialized" => Self::Initialized,
            "Waiting" => Self::Waiting,
            "Progressing" => Self::Progressing,
            "WaitingPromotion" => Self::WaitingPromotion,
            "Promoting" => Self::Promoting,
            "Finalising" => Self::Finalising,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            "Terminating" => Self::Terminating,
            "Terminated" => Self::Terminated,
            other => Self::Unknown(SafeText::capped(other, 80)),
        }
    }

    /// Whether a version is under test.
    pub fn under_way(&self) -> bool {
        matches!(self, Self::Waiting | Self::Progressing | Self::WaitingPromotion | Self::Promoting | Self::Finalising)
    }
}

impl fmt::Display for FlaggerPhase {
    /// Flagger's own word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Initializing => "Initializing",
            Self::Initialized => "Initialized",
            Self::Waiting => "Waiting",
            Self::Progressing => "Progressing",
            Self::WaitingPromotion => "WaitingPromotion",
            Self::Promoting => "Promoting",
            Self::Finalising => "Finalising",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::Terminated => "Terminated",
            Self::Unknown(word) => word.as_str(),
        })
    }
}

impl Serialize for FlaggerPhase {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What a Flagger gate (a webhook of its analysis) is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlaggerGateKind {
    /// Before the canary gets its first traffic: refused, the phase is Waiting.
    ConfirmRollout,
    /// Before every step: refused, the weight stays, and nothing in the status says so.
    ConfirmTrafficIncrease,
    /// Before the promotion: refused, the phase is WaitingPromotion.
    ConfirmPromotion,
    /// At every tick: allowed, it rolls back.
    Rollback,
    /// Once before the analysis: refused, it counts as a failed check.
    PreRollout,
    /// At every tick of the analysis: refused, it counts as a failed check.
    Rollout,
    /// After the end; decides nothing.
    PostRollout,
    /// Is told what happens; decides nothing.
    Event,
    /// A kind that we do not know.
    Unknown(SafeText),
}

impl FlaggerGateKind {
    /// The kind of a word; without one it is a `rollout` webhook.
    pub fn of(word: &str) -> Self {
        match word {
            "confirm-rollout" => Self::ConfirmRollout,
            "confirm-traffic-increase" => Self::ConfirmTrafficIncrease,
            "confirm-promotion" => Self::ConfirmPromotion,
            "rollback" => Self::Rollback,
            "pre-rollout" => Self::PreRollout,
            "" | "rollout" => Self::Rollout,
            "post-rollout" => Self::PostRollout,
            "event" => Self::Event,
            other => Self::Unknown(SafeText::capped(other, 80)),
        }
    }

    /// How a gate of this kind stands in a phase.
    pub fn stand(&self, phase: &FlaggerPhase, suspended: bool) -> GateStand {
        match (self, phase) {
            _ if suspended => GateStand::Idle,
            (Self::ConfirmRollout, FlaggerPhase::Waiting) | (Self::ConfirmPromotion, FlaggerPhase::WaitingPromotion) => {
                GateStand::Holds
            }
            (Self::ConfirmTrafficIncrease | Self::Rollout | Self::PreRollout, FlaggerPhase::Progressing)
            | (Self::Rollback, FlaggerPhase::Waiting | FlaggerPhase::Progressing | FlaggerPhase::WaitingPromotion) => {
                GateStand::Asked
            }
            _ => GateStand::Idle,
        }
    }
}

impl fmt::Display for FlaggerGateKind {
    /// The word of the API.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ConfirmRollout => "confirm-rollout",
            Self::ConfirmTrafficIncrease => "confirm-traffic-increase",
            Self::ConfirmPromotion => "confirm-promotion",
            Self::Rollback => "rollback",
            Self::PreRollout => "pre-rollout",
            Self::Rollout => "rollout",
            Self::PostRollout => "post-rollout",
            Self::Event => "event",
            Self::Unknown(word) => word.as_str(),
        })
    }
}

impl Serialize for FlaggerGateKind {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What a gate does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateStand {
    /// It holds the release.
    Holds,
    /// It is asked at every tick; how it answers is not in the status.
    Asked,
    /// It is not asked now.
    Idle,
}

/// A webhook of an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlaggerGate {
    /// Its name.
    pub name: SafeText,
    /// What it is asked for.
    pub kind: FlaggerGateKind,
    /// What it does now.
    pub stand: GateStand,
}

/// A metric of an analysis, with the range that it has to stay in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlaggerMetric {
    /// Its name.
    pub name: SafeText,
    /// The smallest good value.
    pub min: Option<f64>,
    /// The greatest good value.
    pub max: Option<f64>,
}

/// A Canary of flagger.app/v1beta1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlaggerCanary {
    /// What every object carries.
    pub meta: Meta,
    /// The kind of the workload that it watches: `Deployment`, `DaemonSet`, `Service`.
    pub target_kind: SafeText,
    /// Its name.
    pub target: Arc<str>,
    /// The Service that users reach, and the name of the route; the target's name where none is given.
    pub apex: Arc<str>,
    /// The mesh or ingress that carries the weights; Flagger's own default where there is none.
    pub provider: Option<SafeText>,
    /// `spec.suspend`: nothing moves.
    pub suspended: bool,
    /// `spec.skipAnalysis`, or no analysis at all.
    pub skip_analysis: bool,
    /// The time between two ticks, at least ten seconds.
    #[serde(skip)]
    pub interval: SignedDuration,
    /// How many checks may fail before it rolls back.
    pub threshold: u32,
    /// The weights of its plan, ascending; empty for one that counts iterations.
    pub steps: Vec<Weight>,
    /// How many iterations are wanted, for one without weights.
    pub iterations: Option<u32>,
    /// The webhooks, as they stand.
    pub gates: Vec<FlaggerGate>,
    /// The metrics that are checked.
    pub metrics: Vec<FlaggerMetric>,
    /// `status.phase`.
    pub phase: FlaggerPhase,
    /// `status.canaryWeight`: zero from WaitingPromotion on, wherever traffic goes.
    pub said: Weight,
    /// `status.failedChecks`.
    pub failed_checks: u32,
    /// `status.iterations`; can be -1.
    pub iteration: i64,
    /// When the phase last changed.
    pub since: Option<Timestamp>,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl FlaggerCanary {
    /// The workload that serves.
    pub fn primary(&self) -> Arc<str> {
        format!("{}-primary", self.target).into()
    }

    /// The Service of the canary.
    pub fn canary_service(&self) -> Arc<str> {
        format!("{}-canary", self.apex).into()
    }

    /// The Service of the primary workload.
    pub fn primary_service(&self) -> Arc<str> {
        format!("{}-primary", self.apex).into()
    }

    /// The gates that hold the release now.
    pub fn holding(&self) -> impl Iterator<Item = &FlaggerGate> {
        self.gates.iter().filter(|g| g.stand == GateStand::Holds)
    }
}

impl ClusterState {
    /// The Canary that delivers the workload `kind` at `key`: itself, or the one that watches that Deployment.
    pub fn flagger(&self, kind: WorkloadKind, key: &ObjectKey) -> Option<&FlaggerCanary> {
        let all = self.canaries.value()?;
        let watches = |c: &&FlaggerCanary| {
            c.target_kind.as_str() == "Deployment" && c.target == key.name && c.meta.key.namespace == key.namespace
        };
        match kind {
            WorkloadKind::Canary => all.get(key),
            WorkloadKind::Deployment => all.values().find(watches),
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Rollout => None,
        }
    }
}

/// How a release under Flagger stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlaggerStand {
    /// The workload that it watches: the canary.
    pub target: WorkloadRef,
    /// The workload that serves.
    pub primary: WorkloadRef,
    /// Whether somebody has suspended it: nothing moves.
    pub suspended: bool,
    /// Whether the analysis is skipped: the next version is promoted at once.
    pub skip_analysis: bool,
    /// Checks that failed in this run, of `threshold`.
    pub failed_checks: u32,
    /// How many checks may fail; at the tick after that it rolls back.
    pub threshold: u32,
    /// The iteration at which it is, of one without weights.
    pub iteration: Option<i64>,
    /// How many iterations are wanted.
    pub iterations: Option<u32>,
    /// The time between two ticks, in seconds.
    pub interval: i64,
    /// The weight that its status tells; differs from the route's from WaitingPromotion on.
    pub said: Weight,
    /// The webhooks.
    pub gates: Vec<FlaggerGate>,
    /// The metrics that are checked.
    pub metrics: Vec<FlaggerMetric>,
}

impl FlaggerStand {
    /// The gates that hold the release now.
    pub fn holding(&self) -> impl Iterator<Item = &FlaggerGate> {
        self.gates.iter().filter(|g| g.stand == GateStand::Holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_holds_only_in_its_phase() {
        use FlaggerPhase::{Progressing, Promoting, Succeeded, Waiting, WaitingPromotion};
        use GateStand::{Asked, Holds, Idle};
        for (kind, phase, want) in [
            ("confirm-rollout", Waiting, Holds),
            ("confirm-rollout", Progressing, Idle),
            ("confirm-promotion", WaitingPromotion, Holds),
            ("confirm-promotion", Waiting, Idle),
            ("confirm-traffic-increase", Progressing, Asked),
            ("rollback", WaitingPromotion, Asked),
            ("rollback", Promoting, Idle),
            ("", Progressing, Asked),
            ("event", Progressing, Idle),
            ("new-kind", Waiting, Idle),
            ("post-rollout", Succeeded, Idle),
        ] {
            assert_eq!(FlaggerGateKind::of(kind).stand(&phase, false), want, "{kind} {phase}");
            assert_eq!(FlaggerGateKind::of(kind).stand(&phase, true), Idle, "suspended");
        }
    }

    #[test]
    fn every_phase_keeps_its_own_word() {
        for word in [
            "Initializing",
            "Initialized",
            "Waiting",
            "Progressing",
            "WaitingPromotion",
            "Promoting",
            "Finalising",
            "Succeeded",
            "Failed",
            "Terminating",
            "Terminated",
            "Dancing",
        ] {
            assert_eq!(FlaggerPhase::of(word).to_string(), word);
        }
        assert_eq!(FlaggerPhase::of(""), FlaggerPhase::Initializing);
        assert!(matches!(FlaggerPhase::of("Dancing"), FlaggerPhase::Unknown(_)));
    }
}
