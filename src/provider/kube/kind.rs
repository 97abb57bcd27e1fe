//! The kinds that are followed: where they are found, how a row is made of one, and which section it belongs to.

use serde::de::DeserializeOwned;

use super::{
    project::{self, Odd},
    wire,
};
use crate::domain::{
    ClusterName, Deployment, Endpoints, KubeService, ObjectKey, Pod, ReplicaSet, Rollout, Route, RouteKind, Row, SourceUpdate,
    Update,
};

/// A kind of object.
pub(super) trait Kind: 'static {
    /// The JSON of one object, as far as it counts.
    type Wire: DeserializeOwned + Send;
    /// Its row.
    type Row: Row<Key: Send + Sync> + Send + Sync;
    /// The API groups and versions that serve it, best first.
    const GROUPS: &'static [&'static str];
    /// Its name in paths.
    const PLURAL: &'static str;
    /// Whether a cluster may do without the kind: it comes with a custom resource definition.
    const CUSTOM: bool;

    /// The row of an object.
    fn row(raw: Self::Wire) -> Result<Self::Row, Odd>;
    /// What names the row of the object with this key.
    fn key(key: ObjectKey) -> <Self::Row as Row>::Key;
    /// The update, with its section.
    fn wrap(cluster: ClusterName, update: Update<Self::Row>) -> SourceUpdate;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $groups:expr, $plural:literal, $custom:literal, $wire:ty => $row:ty, $project:path,
       |$key:ident| $k:expr, |$c:ident, $u:ident| $wrap:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Kind for $name {
            type Wire = $wire;
            type Row = $row;
            const GROUPS: &'static [&'static str] = &$groups;
            const PLURAL: &'static str = $plural;
            const CUSTOM: bool = $custom;

            fn row(raw: $wire) -> Result<$row, Odd> {
                $project(raw)
            }

            fn key($key: ObjectKey) -> <$row as Row>::Key {
                $k
            }

            fn wrap($c: ClusterName, $u: Update<$row>) -> SourceUpdate {
                $wrap
            }
        }
    )*};
}

kinds! {
    Deployments: ["apis/apps/v1"], "deployments", false,
        wire::Object<wire::DeploymentSpec, wire::DeploymentStatus> => Deployment, project::deployment,
        |k| k, |c, u| SourceUpdate::Deployments(c, u);
    ReplicaSets: ["apis/apps/v1"], "replicasets", false,
        wire::Object<wire::ReplicaSetSpec, wire::DeploymentStatus> => ReplicaSet, project::replica_set,
        |k| k, |c, u| SourceUpdate::ReplicaSets(c, u);
    Pods: ["api/v1"], "pods", false,
        wire::Object<wire::PodSpec, wire::PodStatus> => Pod, project::pod,
        |k| k, |c, u| SourceUpdate::Pods(c, u);
    Services: ["api/v1"], "services", false,
        wire::Object<wire::ServiceSpec, wire::Ignored> => KubeService, project::service,
        |k| k, |c, u| SourceUpdate::Services(c, u);
    EndpointSlices: ["apis/discovery.k8s.io/v1"], "endpointslices", false,
        wire::EndpointSlice => Endpoints, project::endpoints,
        |k| k, |c, u| SourceUpdate::Endpoints(c, u);
    Rollouts: ["apis/argoproj.io/v1alpha1"], "rollouts", true,
        wire::Object<wire::RolloutSpec, wire::RolloutStatus> => Rollout, project::rollout,
        |k| k, |c, u| SourceUpdate::Rollouts(c, u);
    /// Version v1 is the stored one since Istio 1.22; older clusters serve v1beta1 with the same shape.
    VirtualServices: ["apis/networking.istio.io/v1", "apis/networking.istio.io/v1beta1"], "virtualservices", true,
        wire::Object<wire::VirtualServiceSpec, wire::Ignored> => Route, project::virtual_service,
        |k| (RouteKind::VirtualService, k), |c, u| SourceUpdate::Routes(c, RouteKind::VirtualService, u);
    HttpRoutes: ["apis/gateway.networking.k8s.io/v1"], "httproutes", true,
        wire::Object<wire::HttpRouteSpec, wire::Ignored> => Route, project::http_route,
        |k| (RouteKind::HttpRoute, k), |c, u| SourceUpdate::Routes(c, RouteKind::HttpRoute, u);
}
