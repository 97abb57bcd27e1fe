//! Rollouts of Argo Rollouts.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{ArmName, Routing, Workload};
use crate::domain::{AnalysisKind, AnalysisPhase, SafeText, Step, Weight};

/// The phase that Argo Rollouts reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutPhase {
    /// The wanted revision is stable.
    Healthy,
    /// Under way.
    Progressing,
    /// Waits at a step, or for a person.
    Paused,
    /// Aborted or over its deadline: the wanted state is not what runs. Says nothing about users' errors.
    Degraded,
    /// A phase that we do not know.
    Unknown(SafeText),
}

/// The canary half of a Rollout's strategy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CanarySpec {
    /// The plan.
    pub steps: Vec<Step>,
    /// The Service of the canary, with a traffic router.
    pub canary_service: Option<Arc<str>>,
    /// The Service of the stable revision.
    pub stable_service: Option<Arc<str>>,
    /// The router's name: `istio`, `traefik`, `plugins`, …
    pub router: Option<SafeText>,
    /// The routes whose weights the controller writes.
    pub routing: Routing,
    /// `maxTrafficWeight`, mostly 100.
    pub max_weight: u32,
    /// The templates of the analysis that runs beside the steps; empty where there is none.
    pub background: Vec<SafeText>,
}

impl CanarySpec {
    /// The arms of the canary and of the stable revision: by subset where the plan names one, because both are one
    /// Service then.
    pub fn arms(&self) -> (ArmName, ArmName) {
        let name = |service: &Option<Arc<str>>, subset: &Option<Arc<str>>| ArmName {
            service: service.clone().filter(|_| subset.is_none()),
            subset: subset.clone(),
        };
        (name(&self.canary_service, &self.routing.canary_subset), name(&self.stable_service, &self.routing.stable_subset))
    }
}

/// The blue-green half of a Rollout's strategy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlueGreenSpec {
    /// The Service that users reach.
    pub active_service: Arc<str>,
    /// The Service of the new revision.
    pub preview_service: Option<Arc<str>>,
    /// Whether the controller switches by itself.
    pub auto_promotion: bool,
    /// After how many seconds of readiness it switches by itself, where that is set.
    pub auto_promotion_seconds: Option<u32>,
    /// Whether an analysis runs after the switch.
    pub post_analysis: bool,
}

/// An AnalysisRun as its Rollout's status tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunNote {
    /// What it is run for.
    pub kind: AnalysisKind,
    /// Its name.
    pub name: SafeText,
    /// How it stands.
    pub phase: AnalysisPhase,
    /// The controller's sentence.
    pub message: Option<SafeText>,
}

/// The object that holds a Rollout's pod template in its stead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateRef {
    /// Its kind: `Deployment`, `ReplicaSet`, `PodTemplate`.
    pub kind: SafeText,
    /// Its name, in the Rollout's namespace.
    pub name: Arc<str>,
    /// The generation of it that the controller has written down as the wanted one.
    pub generation: Option<i64>,
    /// `status.workloadObservedGeneration`.
    pub observed: Option<i64>,
}

/// How a Rollout brings a revision out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutStrategy {
    /// By weight and steps.
    Canary(CanarySpec),
    /// By switching a Service.
    BlueGreen(BlueGreenSpec),
    /// Neither is set: an invalid object.
    None,
}

/// A Rollout of argoproj.io/v1alpha1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rollout {
    /// What every workload has.
    pub workload: Workload,
    /// `spec.paused`: paused by a person.
    pub paused: bool,
    /// How it brings a revision out.
    pub strategy: RolloutStrategy,
    /// `status.phase`.
    pub phase: RolloutPhase,
    /// `status.message`.
    pub message: Option<SafeText>,
    /// `status.abort`.
    pub aborted: bool,
    /// `status.abortedAt`.
    pub aborted_at: Option<Timestamp>,
    /// `status.promoteFull`.
    pub promote_full: bool,
    /// `status.controllerPause`.
    pub controller_pause: bool,
    /// `status.pauseConditions`: reason and start.
    pub pauses: Vec<(SafeText, Option<Timestamp>)>,
    /// `status.currentStepIndex`.
    pub step: Option<u32>,
    /// `status.stableRS`: the hash of the stable revision.
    pub stable_hash: Option<Arc<str>>,
    /// `status.currentPodHash`: the hash of the wanted revision.
    pub current_hash: Option<Arc<str>>,
    /// The weight that the controller says it has set and, where it can, verified.
    pub weight: Option<Weight>,
    /// The hash that the active Service of a blue-green rollout selects, by the controller's word.
    pub active_hash: Option<Arc<str>>,
    /// The hash that its preview Service selects.
    pub preview_hash: Option<Arc<str>>,
    /// The AnalysisRuns of the present step, beside the steps, and before and after a switch.
    pub runs: Vec<RunNote>,
    /// Where the pod template stands, if not here.
    pub template_ref: Option<TemplateRef>,
}
