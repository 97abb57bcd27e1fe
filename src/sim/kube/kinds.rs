//! The resources that the clusters serve.

/// How a resource's writes are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nothing can be written: a write would need a controller that is not simulated.
    None,
    /// Existing objects can be patched and replaced.
    Update,
    /// Objects can be created and deleted, too; nothing reacts to them.
    All,
}

/// One resource of the API.
#[derive(Debug)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The served version.
    pub version: &'static str,
    /// Plural name, as in paths.
    pub plural: &'static str,
    /// Kind name.
    pub kind: &'static str,
    /// Short names for kubectl.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Whether there is a `/status` subresource.
    pub status: bool,
    /// Whether it is defined by a CustomResourceDefinition.
    pub custom: bool,
    /// What can be written.
    pub writes: Writes,
}

impl Kind {
    /// `apps/v1`, `v1`
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, `pods`: how messages name a resource.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Lower-case kind.
    pub fn singular(&self) -> String {
        self.kind.to_ascii_lowercase()
    }
}

const fn core(plural: &'static str, kind: &'static str, short: &'static [&'static str], writes: Writes) -> Kind {
    Kind { group: "", version: "v1", plural, kind, short, namespaced: true, status: false, custom: false, writes }
}

const fn built_in(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
    writes: Writes,
) -> Kind {
    Kind { group, version, plural, kind, short, namespaced: true, status: false, custom: false, writes }
}

const fn with_status(kind: Kind) -> Kind {
    Kind { status: true, ..kind }
}

const fn custom(kind: Kind) -> Kind {
    Kind { custom: true, ..kind }
}

/// Every resource; the order is that of discovery.
pub static KINDS: &[Kind] = &[
    Kind { namespaced: false, ..with_status(core("namespaces", "Namespace", &["ns"], Writes::None)) },
    with_status(core("pods", "Pod", &["po"], Writes::None)),
    with_status(core("services", "Service", &["svc"], Writes::Update)),
    core("configmaps", "ConfigMap", &["cm"], Writes::All),
    core("secrets", "Secret", &[], Writes::None),
    core("events", "Event", &["ev"], Writes::None),
    with_status(built_in("apps", "v1", "deployments", "Deployment", &["deploy"], Writes::Update)),
    with_status(built_in("apps", "v1", "replicasets", "ReplicaSet", &["rs"], Writes::None)),
    with_status(built_in("apps", "v1", "statefulsets", "StatefulSet", &["sts"], Writes::None)),
    with_status(built_in("apps", "v1", "daemonsets", "DaemonSet", &["ds"], Writes::None)),
    built_in("apps", "v1", "controllerrevisions", "ControllerRevision", &[], Writes::None),
    with_status(built_in("batch", "v1", "jobs", "Job", &[], Writes::None)),
    with_status(built_in("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"], Writes::None)),
    with_status(built_in("networking.k8s.io", "v1", "ingresses", "Ingress", &["ing"], Writes::Update)),
    built_in("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", &[], Writes::None),
    built_in("coordination.k8s.io", "v1", "leases", "Lease", &[], Writes::All),
    with_status(built_in("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"], Writes::None)),
    custom(with_status(built_in("argoproj.io", "v1alpha1", "rollouts", "Rollout", &["ro"], Writes::Update))),
    custom(built_in("argoproj.io", "v1alpha1", "analysisruns", "AnalysisRun", &["ar"], Writes::None)),
    custom(built_in("argoproj.io", "v1alpha1", "experiments", "Experiment", &["exp"], Writes::None)),
    custom(with_status(built_in("flagger.app", "v1beta1", "canaries", "Canary", &[], Writes::None))),
    custom(with_status(built_in("networking.istio.io", "v1", "virtualservices", "VirtualService", &["vs"], Writes::Update))),
    custom(with_status(built_in("networking.istio.io", "v1", "destinationrules", "DestinationRule", &["dr"], Writes::Update))),
    custom(with_status(built_in("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", &[], Writes::Update))),
    custom(built_in("traefik.io", "v1alpha1", "traefikservices", "TraefikService", &[], Writes::Update)),
];

/// The resource at a path.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.group == group && k.version == version && k.plural == plural)
}

/// The resource of a plural name, which is unique here.
///
/// # Panics
/// Never for names in [`KINDS`], which are the only ones that the generator uses.
pub fn named(plural: &str) -> &'static Kind {
    KINDS.iter().find(|k| k.plural == plural).expect("the generator only uses names of KINDS")
}
