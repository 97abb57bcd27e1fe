//! Under which names requests are counted: one table, read by everything else here. A further system is a further row.

/// A way of counting requests.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// Its name in the configuration; rows that share one are tried in order.
    pub name: &'static str,
    /// The counter of requests; a native histogram where `native` says so.
    pub counter: &'static str,
    /// Whether `counter` is a native histogram: its observations are the requests.
    pub native: bool,
    /// How latency is told.
    pub latency: Latency,
    /// Matchers that every query has.
    pub fixed: &'static str,
    /// The labels that tell how a request ended, each with what counts as bad.
    pub ends: &'static [End],
    /// How series are brought home to a workload and its arms.
    pub tell: Tell,
    /// Who in front of the pods counts the same requests, the most exact first.
    pub edges: &'static [Edge],
}

/// A histogram of latency.
#[derive(Debug, PartialEq)]
pub struct Latency {
    /// Its name, without `_bucket`.
    pub name: &'static str,
    /// Whether it is a native one: no `_bucket`, no `le`.
    pub native: bool,
    /// How many of its units are a second.
    pub per_second: u32,
}

/// A label that tells how a request ended.
#[derive(Debug)]
pub struct End {
    /// The label.
    pub label: &'static str,
    /// Whether a value of it is bad.
    pub bad: fn(&str) -> bool,
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label
    }
}

/// How series are brought home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// Labels name the workload and its namespace; arms are told apart by their pods.
    Workload {
        /// The label with the namespace.
        namespace: &'static str,
        /// The label with the workload's name.
        label: &'static str,
    },
    /// By the names of the pods.
    Pods,
    /// By a label that holds `NAMESPACE-SERVICE-PORT@PROVIDER`, as Traefik writes it.
    Backend(&'static str),
    /// By the Service behind an Ingress; a canary's is in a label of its own, as `NAMESPACE-SERVICE-PORT`.
    Ingress {
        /// That label.
        canary: &'static str,
    },
}

/// A counter of what is in front of the pods.
#[derive(Debug, PartialEq)]
pub struct Edge {
    /// What it is called on the screen.
    pub says: &'static str,
    /// The counter.
    pub counter: &'static str,
    /// Matchers that its queries have.
    pub fixed: &'static str,
    /// How its series are brought home.
    pub by: EdgeBy,
    /// The label with the status code.
    pub code: &'static str,
}

/// How a series of an edge is brought home to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeBy {
    /// The label holds Traefik's name of a router: `httproute-NS-ROUTE-gw-…`, `NS-ROUTE-…`.
    Router(&'static str),
    /// Labels hold the Service and its namespace.
    Service {
        /// The namespace's label.
        namespace: &'static str,
        /// The Service's label.
        label: &'static str,
    },
    /// It counts everything that comes in, whatever the service.
    Everything,
}

/// Labels that scrape configurations give to what they found in a cluster.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The namespace.
    pub namespace: &'static str,
    /// The pod.
    pub pod: &'static str,
    /// The Service.
    pub service: &'static str,
}

/// The usual ones first; `exported_…` is what Prometheus makes of a label that a target has itself.
pub const PLACES: [Place; 3] = [
    Place { namespace: "namespace", pod: "pod", service: "service" },
    Place { namespace: "exported_namespace", pod: "exported_pod", service: "exported_service" },
    Place { namespace: "kubernetes_namespace", pod: "kubernetes_pod_name", service: "kubernetes_name" },
];

/// A preset in the labels of one scrape configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dialect {
    /// The preset.
    pub preset: &'static Preset,
    /// The labels.
    pub place: &'static Place,
}

const fn classic(name: &'static str, per_second: u32) -> Latency {
    Latency { name, native: false, per_second }
}

const fn native(name: &'static str) -> Latency {
    Latency { name, native: true, per_second: 1 }
}

const HTTP: &[End] = &[
    End { label: "code", bad: is_5xx },
    End { label: "status", bad: is_5xx },
    End { label: "status_code", bad: is_5xx },
    End { label: "http_response_status_code", bad: is_5xx },
];

const fn plain(name: &'static str, counter: &'static str, latency: Latency) -> Preset {
    Preset { name, counter, native: false, latency, fixed: "", ends: HTTP, tell: Tell::Pods, edges: &[] }
}

/// Every preset, in the order in which `auto` prefers them: what sees every request of a pod, then what the service says
/// itself, then what only sees requests from outside.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "istio",
        counter: "istio_requests_total",
        native: false,
        latency: classic("istio_request_duration_milliseconds", 1000),
        fixed: "reporter=\"destination\"",
        ends: &[End { label: "response_code", bad: is_5xx }, End { label: "grpc_response_status", bad: is_grpc_fault }],
        tell: Tell::Workload { namespace: "destination_workload_namespace", label: "destination_workload" },
        // The destination's proxy never sees a request that was refused or timed out on the way to it.
        edges: &[Edge {
            says: "callers",
            counter: "istio_requests_total",
            fixed: "reporter=~\"source|waypoint\"",
            by: EdgeBy::Service { namespace: "destination_service_namespace", label: "destination_service_name" },
            code: "response_code",
        }],
    },
    Preset {
        name: "linkerd",
        counter: "response_total",
        native: false,
        latency: classic("response_latency_ms", 1000),
        fixed: "direction=\"inbound\"",
        ends: &[End { label: "classification", bad: |value| value == "failure" }],
        tell: Tell::Pods,
        edges: &[],
    },
    plain("plain", "http_requests_total", classic("http_request_duration_seconds", 1)),
    plain("native", "http_requests_total", native("http_request_duration_seconds")),
    Preset { native: true, ..plain("native", "http_request_duration_seconds", native("http_request_duration_seconds")) },
    plain("plain", "http_request_duration_seconds_count", classic("http_request_duration_seconds", 1)),
    // OpenTelemetry's semantic conventions.
    plain("plain", "http_server_request_duration_seconds_count", classic("http_server_request_duration_seconds", 1)),
    // Micrometer, as Spring Boot has it.
    plain("plain", "http_server_requests_seconds_count", classic("http_server_requests_seconds", 1)),
    Preset {
        name: "traefik",
        counter: "traefik_service_requests_total",
        native: false,
        latency: classic("traefik_service_request_duration_seconds", 1),
        fixed: "",
        ends: &[End { label: "code", bad: is_5xx }],
        tell: Tell::Backend("service"),
        // Without an endpoint the answer is the router's own 503, and no service counts it.
        edges: &[
            Edge {
                says: "router",
                counter: "traefik_router_requests_total",
                fixed: "",
                by: EdgeBy::Router("router"),
                code: "code",
            },
            Edge {
                says: "entry points, all services",
                counter: "traefik_entrypoint_requests_total",
                fixed: "entrypoint!~\"traefik|metrics\"",
                by: EdgeBy::Everything,
                code: "code",
            },
        ],
    },
    Preset {
        name: "ingress-nginx",
        counter: "nginx_ingress_controller_requests",
        native: false,
        latency: classic("nginx_ingress_controller_request_duration_seconds", 1),
        fixed: "",
        ends: &[End { label: "status", bad: is_5xx }],
        tell: Tell::Ingress { canary: "canary" },
        edges: &[],
    },
];

impl Preset {
    /// The rows that a name of the configuration allows: all for `auto`.
    pub fn named(name: &str) -> Vec<&'static Self> {
        PRESETS.iter().filter(|p| name == "auto" || p.name == name).collect()
    }

    /// Every name that the configuration knows.
    pub fn names() -> Vec<&'static str> {
        let mut out = vec!["auto"];
        for preset in PRESETS {
            if !out.contains(&preset.name) {
                out.push(preset.name);
            }
        }
        out
    }

    /// Whether it counts the same requests in the same labels as another.
    pub fn counts_as(&self, other: &Self) -> bool {
        (self.counter, self.native, self.fixed, self.tell) == (other.counter, other.native, other.fixed, other.tell)
    }

    /// The labels that tell how a request ended.
    pub fn codes(&self) -> Vec<&'static str> {
        self.ends.iter().map(|e| e.label).collect()
    }

    /// Whether requests with these labels failed.
    pub fn is_bad<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.ends.iter().any(|end| label(end.label).is_some_and(end.bad))
    }
}

/// 500 to 599. `5xx` is what some libraries write instead of a code.
pub fn is_5xx(code: &str) -> bool {
    code.len() == 3 && code.starts_with('5')
}

/// The statuses of gRPC that are the server's fault: Unknown, `DeadlineExceeded`, Internal, Unavailable, `DataLoss`.
fn is_grpc_fault(status: &str) -> bool {
    matches!(status, "2" | "4" | "13" | "14" | "15" | "Unknown" | "DeadlineExceeded" | "Internal" | "Unavailable" | "DataLoss")
}
