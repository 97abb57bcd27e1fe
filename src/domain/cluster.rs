//! What is known of one cluster: one section per kind of object, all of them treated alike.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    AnalysisRun, ClusterName, ControllerRevision, DaemonSet, Deployment, DestinationRule, Endpoints, Feed, FlaggerCanary,
    HelmRevision, KubeService, ObjectKey, Pod, Problem, ProblemKind, ReplicaSet, Rollout, Route, RouteKind, Row,
    ServiceEndpoints, StatefulSet, Trouble, Update, Workload, WorkloadKind,
};

/// Rows of one kind by their key, with their freshness. Behind an `Arc`, so that a fold copies no row that did not
/// change its section.
pub type Section<T> = Feed<Arc<BTreeMap<<T as Row>::Key, T>>>;

/// The freshness of a section, whatever its rows.
pub trait Freshness {
    /// Whether the source answered at all, well or badly.
    fn answered(&self) -> bool;
    /// The last proof of life of a section that is current.
    fn live_at(&self) -> Option<Timestamp>;
    /// Since when the section is not current, and why.
    fn trouble_since(&self) -> Option<(Timestamp, &Problem)>;
    /// Takes trouble with the source at `now`.
    fn take_trouble(&mut self, now: Timestamp, why: Problem);
    /// Takes it that the source is alive and has told all that it told.
    fn take_alive(&mut self, now: Timestamp);
}

impl<T: Default> Freshness for Feed<T> {
    fn answered(&self) -> bool {
        Self::answered(self)
    }

    fn live_at(&self) -> Option<Timestamp> {
        if let Self::Live { at, .. } = self { Some(*at) } else { None }
    }

    fn trouble_since(&self) -> Option<(Timestamp, &Problem)> {
        match self {
            Self::Stale { at: since, why, .. } | Self::Down { since, why } => Some((*since, why)),
            Self::Waiting | Self::Live { .. } => None,
        }
    }

    fn take_trouble(&mut self, now: Timestamp, why: Problem) {
        self.trouble(now, why);
    }

    fn take_alive(&mut self, now: Timestamp) {
        self.refresh(now, |_| ());
    }
}

macro_rules! sections {
    ($($(#[$doc:meta])* $field:ident, $variant:ident: $row:ty, $name:literal;)*) => {
        /// What is known of one cluster.
        #[derive(Debug, Clone)]
        pub struct ClusterState {
            $($(#[$doc])* pub $field: Section<$row>,)*
        }

        impl Default for ClusterState {
            fn default() -> Self {
                Self { $($field: Feed::Waiting,)* }
            }
        }

        /// One change of a section of a cluster. A cluster without the kind reports `Trouble` of kind `NotInstalled`.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "moved once, from the provider to the store")]
        pub enum ClusterUpdate {
            $($(#[$doc])* $variant(Update<$row>),)*
        }

        impl ClusterState {
            /// Every section with its name.
            pub fn feeds(&self) -> Vec<(&'static str, &dyn Freshness)> {
                vec![$(($name, &self.$field as &dyn Freshness),)*]
            }

            /// Every section, to take trouble.
            pub fn feeds_mut(&mut self) -> Vec<&mut dyn Freshness> {
                vec![$(&mut self.$field as &mut dyn Freshness,)*]
            }

            /// Takes one change at `now`.
            pub fn fold(&mut self, update: ClusterUpdate, now: Timestamp) {
                match update {
                    $(ClusterUpdate::$variant(update) => update.fold(&mut self.$field, now),)*
                }
            }
        }
    };
}

sections! {
    /// Deployments.
    deployments, Deployments: Deployment, "deployments";
    /// StatefulSets.
    stateful_sets, StatefulSets: StatefulSet, "stateful sets";
    /// DaemonSets.
    daemon_sets, DaemonSets: DaemonSet, "daemon sets";
    /// ReplicaSets.
    replica_sets, ReplicaSets: ReplicaSet, "replica sets";
    /// ControllerRevisions: the revisions of StatefulSets and DaemonSets.
    controller_revisions, ControllerRevisions: ControllerRevision, "controller revisions";
    /// Pods.
    pods, Pods: Pod, "pods";
    /// Services.
    services, Services: KubeService, "services";
    /// EndpointSlices.
    endpoints, Endpoints: Endpoints, "endpoints";
    /// Revisions of Helm releases.
    helm_releases, HelmReleases: HelmRevision, "helm releases";
    /// Argo Rollouts' Rollouts.
    rollouts, Rollouts: Rollout, "rollouts";
    /// Argo Rollouts' AnalysisRuns.
    analysis_runs, AnalysisRuns: AnalysisRun, "analysis runs";
    /// Flagger's Canaries.
    canaries, Canaries: FlaggerCanary, "canaries";
    /// Istio's VirtualServices.
    virtual_services, VirtualServices: Route, "virtual services";
    /// Gateway API's HTTPRoutes.
    http_routes, HttpRoutes: Route, "http routes";
    /// Gateway API's GRPCRoutes.
    grpc_routes, GrpcRoutes: Route, "grpc routes";
    /// Traefik's TraefikServices.
    traefik_services, TraefikServices: Route, "traefik services";
    /// Ingresses.
    ingresses, Ingresses: Route, "ingresses";
    /// Istio's DestinationRules.
    destination_rules, DestinationRules: DestinationRule, "destination rules";
}

impl ClusterState {
    /// Whether every section has answered, well or badly.
    pub fn answered(&self) -> bool {
        self.feeds().iter().all(|(_, feed)| feed.answered())
    }

    /// What every workload has, whatever its kind; current or not.
    pub fn workload(&self, kind: WorkloadKind, key: &ObjectKey) -> Option<&Workload> {
        match kind {
            WorkloadKind::Deployment => self.deployments.value()?.get(key).map(|d| &d.workload),
            WorkloadKind::StatefulSet => self.stateful_sets.value()?.get(key).map(|s| &s.workload),
            WorkloadKind::DaemonSet => self.daemon_sets.value()?.get(key).map(|d| &d.workload),
            WorkloadKind::Rollout => self.rollouts.value()?.get(key).map(|r| &r.workload),
            // It has none of its own.
            WorkloadKind::Canary => None,
        }
    }

    /// What stands behind a Service; `None` where no slice of it is known.
    pub fn endpoints_of(&self, namespace: &str, service: &Arc<str>) -> Option<ServiceEndpoints> {
        let slices = self.endpoints.value()?.values();
        ServiceEndpoints::over(service, slices.filter(|e| &*e.key.namespace == namespace && e.service == *service))
    }

    /// The routes of one kind.
    pub fn routes(&self, kind: RouteKind) -> &Section<Route> {
        match kind {
            RouteKind::VirtualService => &self.virtual_services,
            RouteKind::HttpRoute => &self.http_routes,
            RouteKind::GrpcRoute => &self.grpc_routes,
            RouteKind::TraefikService => &self.traefik_services,
            RouteKind::Ingress => &self.ingresses,
        }
    }

    /// The sections in trouble. A kind that is not installed is none; a cluster that cannot be reached is one trouble
    /// and not one per kind.
    pub fn troubles(&self, name: &ClusterName) -> Vec<Trouble> {
        let feeds = self.feeds();
        let trouble =
            |source: String, since, problem: &Problem| Trouble { source: source.into(), since, problem: problem.clone() };
        let mine: Vec<Trouble> = feeds
            .iter()
            .filter_map(|(section, feed)| Some((section, feed.trouble_since()?)))
            .filter(|(_, (_, problem))| problem.kind != ProblemKind::NotInstalled)
            .map(|(section, (since, problem))| trouble(format!("{name} {section}"), since, problem))
            .collect();
        match mine.first() {
            Some(first) if mine.len() == feeds.len() && mine.iter().all(|t| t.problem.kind == first.problem.kind) => {
                let since = mine.iter().map(|t| t.since).min().unwrap_or(first.since);
                vec![trouble(name.to_string(), since, &first.problem)]
            }
            _ => mine,
        }
    }
}
