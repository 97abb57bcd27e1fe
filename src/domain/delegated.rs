//! A delivery that a controller in the cluster owns: what it says of it, in its own words.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{Analysis, FlaggerStand, SafeText, Version};

/// A controller that owns deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegate {
    /// Argo Rollouts.
    ArgoRollouts,
    /// Flagger.
    Flagger,
}

impl fmt::Display for Delegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ArgoRollouts => "Argo Rollouts",
            Self::Flagger => "Flagger",
        })
    }
}

impl Serialize for Delegate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What the controller that owns a delivery says of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delegated {
    /// The controller.
    pub by: Delegate,
    /// Its object: `rollout/payment`, `canary/cart`.
    pub object: SafeText,
    /// Its phase in its own word, as its own command line prints it: `Paused`, `WaitingPromotion`.
    pub phase: SafeText,
    /// Its sentence, likewise.
    pub message: Option<SafeText>,
    /// Since when it stands so, where it tells.
    pub since: Option<Timestamp>,
    /// Analyses of the wanted revision, newest first, and the one that stopped the revision before it.
    pub analyses: Vec<Analysis>,
    /// Both sides of a blue-green rollout.
    pub blue_green: Option<BlueGreenStand>,
    /// How a release under Flagger stands.
    pub flagger: Option<FlaggerStand>,
    /// Earlier revisions that still have pods, and until when: going back to one is fast.
    pub warm: Vec<WarmRevision>,
}

impl Delegated {
    /// The analysis that did not pass, of the wanted revision before an earlier one.
    pub fn failed(&self) -> Option<&Analysis> {
        self.analyses.iter().find(|a| a.phase.bad())
    }
}

/// One side of a blue-green rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideStand {
    /// The Service.
    pub service: Arc<str>,
    /// The hash of the revision that it selects.
    pub hash: Option<Arc<str>>,
    /// The version of that revision.
    pub version: Option<Version>,
    /// Available pods of it.
    pub available: Option<u32>,
    /// Ready endpoints behind the Service; `None` where they cannot be told.
    pub endpoints: Option<u32>,
}

/// How a blue-green rollout stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlueGreenStand {
    /// What users get.
    pub active: SideStand,
    /// What waits behind the preview Service.
    pub preview: Option<SideStand>,
    /// Whether the controller switches by itself.
    pub auto_promotion: bool,
    /// When it switches by itself, while it waits.
    pub switches_at: Option<Timestamp>,
    /// Whether users get the wanted revision.
    pub switched: bool,
}

/// An earlier revision that still has pods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WarmRevision {
    /// Its hash.
    pub hash: Option<Arc<str>>,
    /// Its version.
    pub version: Version,
    /// Available pods.
    pub available: u32,
    /// When the controller takes them down; `None` where it keeps them.
    pub until: Option<Timestamp>,
}
