//! The kinds that are followed: where they are found, how a row is made of one, and which section it belongs to.

use futures::future::{BoxFuture, join_all};
use serde::de::DeserializeOwned;

use super::{
    KubeCluster,
    project::{self, Odd},
    section, wire,
};
use crate::domain::{
    AnalysisRun, ClusterName, ClusterUpdate, ControllerRevision, DaemonSet, Deployment, DestinationRule, Endpoints,
    FlaggerCanary, HelmRevision, KubeService, ObjectKey, Pod, ReplicaSet, Rollout, Route, Row, SourceUpdate, StatefulSet, Update,
};
use crate::provider::role::Sink;

/// A kind of object.
pub(super) trait Kind: 'static {
    /// The JSON of one object, as far as it counts.
    type Wire: DeserializeOwned + Send;
    /// Its row.
    type Row: Row<Key = ObjectKey> + Send + Sync;
    /// The API groups and versions that serve it, best first.
    const GROUPS: &'static [&'static str];
    /// Its name in paths.
    const PLURAL: &'static str;
    /// Whether a cluster may do without the kind: it comes with a custom resource definition.
    const CUSTOM: bool;
    /// Only objects with these labels, and of them only the metadata: the rest is large, secret, or both.
    const METADATA_OF: Option<&'static str> = None;

    /// The row of an object.
    fn row(raw: Self::Wire) -> Result<Self::Row, Odd>;
    /// The update, with its section.
    fn wrap(cluster: ClusterName, update: Update<Self::Row>) -> SourceUpdate;
}

/// A kind of the table, for who asks about all of them.
pub(super) struct Followed {
    /// The API groups and versions that serve it, best first.
    pub groups: &'static [&'static str],
    /// Its name in paths.
    pub plural: &'static str,
    /// Whether a cluster may do without it.
    pub custom: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $groups:expr, $plural:literal, $custom:literal, $wire:ty => $row:ty, $project:path,
       $wrap:path $(, metadata of $labels:literal)?;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Kind for $name {
            type Wire = $wire;
            type Row = $row;
            const GROUPS: &'static [&'static str] = &$groups;
            const PLURAL: &'static str = $plural;
            const CUSTOM: bool = $custom;
            $(const METADATA_OF: Option<&'static str> = Some($labels);)?

            fn row(raw: $wire) -> Result<$row, Odd> {
                $project(raw)
            }

            fn wrap(cluster: ClusterName, update: Update<$row>) -> SourceUpdate {
                SourceUpdate::Cluster(cluster, $wrap(update))
            }
        }
    )*

        /// Every kind of the table.
        pub(super) const FOLLOWED: &[Followed] = &[$(
            Followed { groups: $name::GROUPS, plural: $name::PLURAL, custom: $name::CUSTOM },
        )*];

        /// Follows every kind of the table, until dropped. One task: the sections share it, and end with it.
        pub(super) async fn follow_all(cluster: &KubeCluster, out: &Sink) {
            let all: Vec<BoxFuture<'_, ()>> = vec![$(
                Box::pin(section::follow::<$name>(&cluster.transport, &cluster.timer, &cluster.name, &cluster.namespaces, out)),
            )*];
            join_all(all).await;
        }
    };
}

kinds! {
    Deployments: ["apis/apps/v1"], "deployments", false,
        wire::Object<wire::WorkloadSpec, wire::DeploymentStatus> => Deployment, project::deployment,
        ClusterUpdate::Deployments;
    StatefulSets: ["apis/apps/v1"], "statefulsets", false,
        wire::Object<wire::WorkloadSpec, wire::StatefulSetStatus> => StatefulSet, project::stateful_set,
        ClusterUpdate::StatefulSets;
    DaemonSets: ["apis/apps/v1"], "daemonsets", false,
        wire::Object<wire::WorkloadSpec, wire::DaemonSetStatus> => DaemonSet, project::daemon_set,
        ClusterUpdate::DaemonSets;
    ControllerRevisions: ["apis/apps/v1"], "controllerrevisions", false,
        wire::ControllerRevision => ControllerRevision, project::controller_revision,
        ClusterUpdate::ControllerRevisions;
    ReplicaSets: ["apis/apps/v1"], "replicasets", false,
        wire::Object<wire::ReplicaSetSpec, wire::DeploymentStatus> => ReplicaSet, project::replica_set,
        ClusterUpdate::ReplicaSets;
    Pods: ["api/v1"], "pods", false,
        wire::Object<wire::PodSpec, wire::PodStatus> => Pod, project::pod,
        ClusterUpdate::Pods;
    Services: ["api/v1"], "services", false,
        wire::Object<wire::ServiceSpec, wire::Ignored> => KubeService, project::service,
        ClusterUpdate::Services;
    EndpointSlices: ["apis/discovery.k8s.io/v1"], "endpointslices", false,
        wire::EndpointSlice => Endpoints, project::endpoints,
        ClusterUpdate::Endpoints;
    /// Helm keeps each revision of a release in a Secret; its labels say enough, and its payload is never asked for.
    HelmReleases: ["api/v1"], "secrets", false,
        wire::Object<wire::Ignored, wire::Ignored> => HelmRevision, project::helm_revision,
        ClusterUpdate::HelmReleases, metadata of "owner=helm";
    Rollouts: ["apis/argoproj.io/v1alpha1"], "rollouts", true,
        wire::Object<wire::RolloutSpec, wire::RolloutStatus> => Rollout, project::rollout,
        ClusterUpdate::Rollouts;
    AnalysisRuns: ["apis/argoproj.io/v1alpha1"], "analysisruns", true,
        wire::Object<wire::AnalysisSpec, wire::AnalysisStatus> => AnalysisRun, project::analysis_run,
        ClusterUpdate::AnalysisRuns;
    FlaggerCanaries: ["apis/flagger.app/v1beta1"], "canaries", true,
        wire::Object<wire::FlaggerSpec, wire::FlaggerStatus> => FlaggerCanary, project::flagger_canary,
        ClusterUpdate::Canaries;
    /// Version v1 is the stored one since Istio 1.22; older clusters serve v1beta1 with the same shape.
    VirtualServices: ["apis/networking.istio.io/v1", "apis/networking.istio.io/v1beta1"], "virtualservices", true,
        wire::Object<wire::VirtualServiceSpec, wire::Ignored> => Route, project::virtual_service,
        ClusterUpdate::VirtualServices;
    DestinationRules: ["apis/networking.istio.io/v1", "apis/networking.istio.io/v1beta1"], "destinationrules", true,
        wire::Object<wire::DestinationRuleSpec, wire::Ignored> => DestinationRule, project::destination_rule,
        ClusterUpdate::DestinationRules;
    HttpRoutes: ["apis/gateway.networking.k8s.io/v1"], "httproutes", true,
        wire::Object<wire::GatewayRouteSpec, wire::GatewayStatus> => Route, project::http_route,
        ClusterUpdate::HttpRoutes;
    GrpcRoutes: ["apis/gateway.networking.k8s.io/v1"], "grpcroutes", true,
        wire::Object<wire::GatewayRouteSpec, wire::GatewayStatus> => Route, project::grpc_route,
        ClusterUpdate::GrpcRoutes;
    TraefikServices: ["apis/traefik.io/v1alpha1"], "traefikservices", true,
        wire::Object<wire::TraefikServiceSpec, wire::Ignored> => Route, project::traefik_service,
        ClusterUpdate::TraefikServices;
    Ingresses: ["apis/networking.k8s.io/v1"], "ingresses", false,
        wire::Object<wire::IngressSpec, wire::Ignored> => Route, project::ingress,
        ClusterUpdate::Ingresses;
}
