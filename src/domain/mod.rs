//! Nouns and pure rules of releases: std, serde and jiff types only.
//!
//! Nothing here does I/O, reads a clock or knows a client crate. Text from outside arrives as
//! [`SafeText`] or as a validated id; both are made at the provider boundary.

mod analysis;
mod argo;
mod canary;
mod change;
mod changes;
mod cluster;
mod compare;
mod delegated;
mod deployed;
mod detail;
mod discovery;
mod driver;
mod event;
mod feed;
mod finding;
mod flagger;
mod gate;
mod id;
mod image;
mod inbox;
mod job;
mod join;
mod kube;
mod link;
mod log;
mod metrics;
mod op;
mod owner;
mod path;
mod placement;
mod preflight;
mod problem;
mod run;
mod shell;
mod snapshot;
mod status;
mod step;
mod text;
mod timing;
mod topology;
mod traffic;
mod update;
mod usual;
mod verdict;

pub use analysis::{Analysis, AnalysisKind, AnalysisMetric, AnalysisPhase, AnalysisRun, Measurement};
pub use argo::rollout_status;
pub use canary::{Canary, CanaryPhase, Weight};
pub use change::{
    BodyKind, Change, ChangeTarget, ContainerImage, Guarantee, Identity, Method, NOTE, OP, ObjectKind, Pausing, Receipt, Request,
    Seen, SeenRollout, Settled,
};
pub use changes::{ChangeSet, Found, ServiceChanges};
pub use cluster::{ClusterState, ClusterUpdate, Freshness, Section};
pub use compare::{ChangedFile, Commit, Compare, CompareKey, CompareWanted, PullRequest, Relation};
pub use delegated::{BlueGreenStand, Delegate, Delegated, SideStand, WarmRevision};
pub use deployed::{DeployState, DeploymentRecord};
pub use detail::Detail;
pub use discovery::{FoundInCluster, FoundMetrics, FoundWorkflow, FoundWorkload};
pub use driver::{DRIVES, Driver, lease_of};
pub use event::Event;
pub use feed::Feed;
pub use finding::{Finding, Grade};
pub use flagger::{FlaggerCanary, FlaggerGate, FlaggerGateKind, FlaggerMetric, FlaggerPhase, FlaggerStand, GateStand};
pub use gate::{Gate, Lock, LockMember, MayI, Review, Reviewer, WaitTimer};
pub use id::{ClusterName, EnvironmentName, IdError, ObjectKey, Repo, ServiceName, Sha, SourceName};
pub use image::{Digest, ImageRef, Version};
pub use inbox::{Waiting, WaitingFor, inbox};
pub use job::{Attempt, Job, JobStep};
pub use join::join;
#[cfg(test)]
pub(crate) use kube::fixture as rows;
pub use kube::{
    ArmName, Backend, BlueGreenSpec, BuildNotes, CanarySpec, Condition, ContainerTemplate, ControllerRevision, DaemonSet,
    Deployment, DestinationRule, Endpoints, HelmMark, HelmRevision, IngressCanary, KubeService, Labels, Mark, MarkKind, Meta,
    Mirror, NoteChange, Pod, ReplicaSet, Rollout, RolloutPhase, RolloutStrategy, Route, RouteArm, RouteCondition, RouteKind,
    RouteParent, RouteRef, RouteRule, Routing, RunNote, ServiceEndpoints, StatefulSet, Subset, Template, TemplateRef,
    UpdateStrategy, VERSION_LABEL, Workload, Writer,
};
pub use link::{HOLES, Link, LinkTemplate, is_web, links};
pub use log::{ContainerLog, JobLog, Level, LogAsk, LogLine, LogNews, LogOrigin, LogSource, PodArm, containers, telling_job};
pub use metrics::{
    Arm, ArmMetrics, Comparison, CounterReading, CounterSample, ENOUGH_REQUESTS, EdgeMetrics, History, Measure, MetricKey,
    MetricTarget, MetricsSettings, NamedSeries, NoValue, OwnQueries, SeriesSettings, ServiceMetrics, SourceSettings,
};
pub use op::OpId;
pub use owner::{Owner, OwnerSystem, Undo, owners};
pub use path::{bad_glob, path_glob};
pub use placement::{Delivery, Health, Helm, Placement, PlacementKey, PodCounts, Revision, Side, SideName, Sides};
pub use preflight::{ConfigKind, ContractStand, Needed, Promises, RollbackMark, TemplateFacts, TemplateOf, There, in_range};
pub use problem::{Exit, Problem, ProblemKind, Refusal};
pub use run::{Loaded, Outcome, Phase, RequiredChecks, Run, RunKey, RunState, RunsWanted, WorkflowWanted, glob};
pub use shell::quoted;
pub use snapshot::{Budget, PipelineState, Snapshot, Trouble};
pub use status::{RolloutStatus, daemon_set_status, deployment_status, stateful_set_status};
pub use step::Step;
pub use text::SafeText;
pub use timing::{Freeze, Timing, Window};
pub use topology::{
    Binding, BlueGreen, Environment, Limits, Placing, Policy, Service, Topology, WARM, WorkloadKind, WorkloadRef,
};
pub use traffic::{Actual, ArmRole, Note, NoteKind, Traffic, TrafficArm};
pub use update::{Row, SourceUpdate, Update};
pub use usual::{span, usual};
pub use verdict::{Evidence, Reason, Station, StationKind, Verdict, VerdictReport};
