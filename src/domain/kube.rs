//! Narrow rows of cluster objects: just what a release cockpit decides on, and nothing of the rest.
//!
//! The provider projects objects to these rows while it reads them; a row is a few hundred bytes where the object has
//! thousands.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Digest, ImageRef, ObjectKey, SafeText, Sha, Weight};

/// Labels or a label selector (equality only).
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// What every object carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The server's id of this very object; a namesake made later has another.
    pub uid: Arc<str>,
    /// The version of the object, opaque; guards writes.
    pub resource_version: Arc<str>,
    /// The generation of the wanted state.
    pub generation: i64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The operation ids that gonogo left in annotation `gonogo.dev/ops`, oldest first.
    pub ops: Vec<Arc<str>>,
}

/// One container of a pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerTemplate {
    /// Its name.
    pub name: SafeText,
    /// Its image.
    pub image: ImageRef,
    /// Whether a readiness probe is set; without one, Available proves nothing.
    pub readiness: bool,
}

/// A pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Template {
    /// The containers, in order; the first one names the version.
    pub containers: Vec<ContainerTemplate>,
    /// The commit that annotation `org.opencontainers.image.revision` or `gonogo.dev/commit` names.
    pub commit: Option<Sha>,
    /// The labels of its pods.
    pub labels: Labels,
}

/// A condition of an object's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its type: `Progressing`, `Available`, `ReplicaFailure`, …
    pub kind: SafeText,
    /// True, false, or unknown.
    pub status: Option<bool>,
    /// One word.
    pub reason: SafeText,
    /// One sentence.
    pub message: SafeText,
}

/// How a Deployment replaces its pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateStrategy {
    /// New pods come before old ones go.
    Rolling {
        /// `maxSurge` as written.
        surge: SafeText,
        /// `maxUnavailable` as written.
        unavailable: SafeText,
    },
    /// All old pods go first.
    Recreate,
}

/// A Deployment of apps/v1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// What every object carries.
    pub meta: Meta,
    /// The wanted number of pods.
    pub wanted: u32,
    /// Whether its rollout is paused by `spec.paused`.
    pub paused: bool,
    /// How it replaces pods.
    pub strategy: UpdateStrategy,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// Pods of any revision.
    pub replicas: u32,
    /// Pods of the wanted revision.
    pub updated: u32,
    /// Ready pods.
    pub ready: u32,
    /// Available pods.
    pub available: u32,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The wanted pod template.
    pub template: Template,
    /// The selector of its pods.
    pub selector: Labels,
    /// `deployment.kubernetes.io/revision`.
    pub revision: Option<i64>,
}

/// A ReplicaSet: one revision of a Deployment or Rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplicaSet {
    /// What every object carries.
    pub meta: Meta,
    /// The uid of the controlling owner.
    pub owner: Option<Arc<str>>,
    /// The pod template's hash.
    pub hash: Option<Arc<str>>,
    /// The revision annotation.
    pub revision: Option<i64>,
    /// The wanted number of pods.
    pub wanted: u32,
    /// Ready pods.
    pub ready: u32,
    /// Available pods.
    pub available: u32,
    /// The conditions, `ReplicaFailure` (quota, admission) above all.
    pub conditions: Vec<Condition>,
    /// The pod template.
    pub template: Template,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pod {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The server's id of it.
    pub uid: Arc<str>,
    /// The uid of the controlling owner.
    pub owner: Option<Arc<str>>,
    /// Its labels that selectors of services can ask for.
    pub labels: Labels,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: SafeText,
    /// Whether condition Ready is true.
    pub ready: bool,
    /// Whether it is being deleted.
    pub ending: bool,
    /// Restarts of all containers.
    pub restarts: u32,
    /// Why a container does not run: `CrashLoopBackOff`, `ImagePullBackOff`, `ErrImagePull`, …; or, for a pod that no
    /// node took, `Unschedulable`.
    pub waiting: Option<SafeText>,
    /// The sentence that came with it.
    pub message: Option<SafeText>,
    /// The digests that its containers run, in the order of the template, where the node tells.
    pub digests: Vec<Option<Digest>>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KubeService {
    /// What every object carries.
    pub meta: Meta,
    /// The selector of its pods; empty for a service without one.
    pub selector: Labels,
}

/// The endpoints behind a Service, over all its EndpointSlices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoints {
    /// The key of one slice.
    pub key: ObjectKey,
    /// The Service that it belongs to (label `kubernetes.io/service-name`).
    pub service: Arc<str>,
    /// Ready addresses.
    pub ready: u32,
    /// All addresses.
    pub total: u32,
}

/// A step of a canary plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Set the canary's weight.
    SetWeight(Weight),
    /// Wait; without a duration until somebody promotes.
    Pause(#[serde(skip)] Option<SignedDuration>),
    /// Run an analysis.
    Analysis,
    /// Run an experiment.
    Experiment,
    /// Scale the canary apart from its weight.
    SetCanaryScale,
    /// Route by header.
    SetHeaderRoute,
    /// Mirror traffic.
    SetMirrorRoute,
    /// A step of a plugin, by name.
    Plugin(SafeText),
    /// A step that we do not know; shown, never skipped.
    Unknown(SafeText),
}

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
    /// The Istio VirtualServices whose weights the controller writes.
    pub virtual_services: Vec<Arc<str>>,
    /// `maxTrafficWeight`, mostly 100.
    pub max_weight: u32,
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
    /// What every object carries.
    pub meta: Meta,
    /// The wanted number of pods.
    pub wanted: u32,
    /// `spec.paused`: paused by a person.
    pub paused: bool,
    /// How it brings a revision out.
    pub strategy: RolloutStrategy,
    /// `status.observedGeneration`, which the API keeps as text.
    pub observed_generation: Option<i64>,
    /// `status.phase`.
    pub phase: RolloutPhase,
    /// `status.message`.
    pub message: Option<SafeText>,
    /// `status.abort`.
    pub aborted: bool,
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
    /// Pods of any revision.
    pub replicas: u32,
    /// Pods of the wanted revision.
    pub updated: u32,
    /// Ready pods.
    pub ready: u32,
    /// Available pods.
    pub available: u32,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The wanted pod template; empty when it stands in a `workloadRef`.
    pub template: Template,
    /// The selector of its pods.
    pub selector: Labels,
}

/// The system that a route belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteKind {
    /// Istio's VirtualService.
    VirtualService,
    /// Gateway API's HTTPRoute.
    HttpRoute,
}

/// One destination of a weighted rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteArm {
    /// The Service that it leads to (the first label of an Istio host).
    pub service: Arc<str>,
    /// The subset, with Istio.
    pub subset: Option<Arc<str>>,
    /// Its weight as written; shares are weights over their sum.
    pub weight: u32,
}

/// An object that splits traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// What every object carries.
    pub meta: Meta,
    /// The system.
    pub kind: RouteKind,
    /// The destinations of the weighted rule.
    pub arms: Vec<RouteArm>,
}

impl Route {
    /// The share of traffic that this route sends to `service`, 0 to 100; `None` when it does not lead there or all
    /// weights are zero.
    pub fn share(&self, service: &str) -> Option<Weight> {
        let sum: u32 = self.arms.iter().map(|a| a.weight).sum();
        let mut here = self.arms.iter().filter(|a| &*a.service == service).peekable();
        here.peek()?;
        (sum > 0).then(|| Weight::new(f64::from(here.map(|a| a.weight).sum::<u32>()) * 100.0 / f64::from(sum)))
    }
}
