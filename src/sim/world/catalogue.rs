//! Who works at the company: services, environments, clusters.

/// A named place on the path of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Every merge lands here at once.
    Dev,
    /// The last stop before users.
    Staging,
    /// Users, in two clusters.
    Production,
}

impl Environment {
    /// All, in the order of a release.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Production];

    /// The name in configuration, GitHub environments and metric labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The clusters of the environment.
    pub fn clusters(self) -> &'static [Cluster] {
        match self {
            Self::Dev => &[Cluster::Dev],
            Self::Staging => &[Cluster::Stg],
            Self::Production => &[Cluster::Eu1, Cluster::Us1],
        }
    }
}

/// One Kubernetes cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cluster {
    /// `dev`
    Dev,
    /// `stg`
    Stg,
    /// `eu-1`
    Eu1,
    /// `us-1`
    Us1,
}

impl Cluster {
    /// All clusters.
    pub const ALL: [Self; 4] = [Self::Dev, Self::Stg, Self::Eu1, Self::Us1];

    /// The name in URLs, kubeconfig contexts and metric labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Stg => "stg",
            Self::Eu1 => "eu-1",
            Self::Us1 => "us-1",
        }
    }

    /// The cluster of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The environment that the cluster belongs to.
    pub fn environment(self) -> Environment {
        match self {
            Self::Dev => Environment::Dev,
            Self::Stg => Environment::Staging,
            Self::Eu1 | Self::Us1 => Environment::Production,
        }
    }

    /// Its share of the environment's traffic, 0 to 1.
    pub fn share(self) -> f64 {
        match self {
            Self::Dev | Self::Stg => 1.0,
            Self::Eu1 => 0.6,
            Self::Us1 => 0.4,
        }
    }
}

/// How a service is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A Deployment with rolling updates behind one Service.
    Rolling,
    /// Two Deployments, `<name>-blue` and `<name>-green`; the Service's selector says which one serves.
    BlueGreen,
    /// An Argo Rollouts canary, weights in an Istio VirtualService that the controller owns.
    RolloutCanary,
    /// An Argo Rollouts blue-green, Services `<name>` and `<name>-preview`, whose selectors the controller owns.
    RolloutBlueGreen,
    /// A Flagger canary on Istio: Deployment `<name>` is the canary, `<name>-primary` serves.
    Flagger,
    /// A Deployment and a `<name>-canary` one behind a Gateway API HTTPRoute that nobody owns.
    GatewayRoute,
    /// A Deployment and a `<name>-canary` one behind a VirtualService that nobody owns.
    VirtualService,
    /// The same behind Traefik's weighted TraefikService.
    TraefikService,
    /// The same behind two Ingresses of ingress-nginx, the second with canary annotations.
    Ingress,
}

/// One service of the company.
#[derive(Debug)]
pub struct Service {
    /// Its name, also of its workloads, Services and routes.
    pub name: &'static str,
    /// How it is delivered.
    pub delivery: Delivery,
    /// Version in dev.
    pub dev: &'static str,
    /// Version in staging.
    pub staging: &'static str,
    /// Version that serves in production before the release.
    pub production: &'static str,
    /// Pods per production cluster.
    pub replicas: u32,
    /// Requests per second over all of production.
    pub rps: f64,
    /// Share of requests that fail on a good day, 0 to 1.
    pub errors: f64,
    /// 95th percentile of latency on a good day, in milliseconds.
    pub p95: f64,
}

/// The workload kinds that a service's main workload can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// `deployment`, `rollout` or `canary`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Service {
    /// The repository that holds its source: `owner/name`.
    pub fn repository(&self) -> &'static str {
        match self.name {
            "notification" => "acme/notify",
            "media" => "acme/media",
            _ => "acme/shop",
        }
    }

    /// The workflow file that builds and deploys it.
    pub fn workflow(&self) -> &'static str {
        if self.repository() == "acme/shop" { "ci-cd.yml" } else { "deploy.yml" }
    }

    /// The pattern of its job names: `* (payment)` in the monorepo, none in a repository of its own.
    pub fn job_pattern(&self) -> Option<String> {
        (self.repository() == "acme/shop").then(|| format!("* ({})", self.name))
    }

    /// The path filter of its pipeline, as a glob; none in a repository of its own.
    pub fn path_filter(&self) -> Option<String> {
        (self.repository() == "acme/shop").then(|| format!("services/{}/**", self.name))
    }

    /// The workload that serves, e.g. `rollout/payment`, `deployment/cart`.
    pub fn workload(&self) -> Workload {
        match self.delivery {
            Delivery::RolloutCanary | Delivery::RolloutBlueGreen => Workload { kind: "rollout", name: self.name.to_owned() },
            Delivery::Flagger => Workload { kind: "canary", name: self.name.to_owned() },
            Delivery::BlueGreen => Workload { kind: "deployment", name: format!("{}-blue", self.name) },
            _ => Workload { kind: "deployment", name: self.name.to_owned() },
        }
    }

    /// Whether Argo Rollouts delivers it.
    pub fn rollout(&self) -> bool {
        matches!(self.delivery, Delivery::RolloutCanary | Delivery::RolloutBlueGreen)
    }

    /// Setting `workload`, as TOML: [`Self::workload`], or the Service that is switched between two.
    pub fn workload_setting(&self) -> String {
        if self.delivery == Delivery::BlueGreen {
            let name = self.name;
            return format!(
                r#"{{ blue-green = {{ service = "{name}", blue = "deployment/{name}-blue", green = "deployment/{name}-green" }} }}"#
            );
        }
        let workload = self.workload();
        format!("\"{}/{}\"", workload.kind, workload.name)
    }

    /// The version that serves in an environment when no release is under way.
    pub fn version(&self, environment: Environment) -> &'static str {
        match environment {
            Environment::Dev => self.dev,
            Environment::Staging => self.staging,
            Environment::Production => self.production,
        }
    }

    /// Pods in a cluster.
    pub fn replicas(&self, cluster: Cluster) -> u32 {
        match cluster {
            Cluster::Dev => 1,
            Cluster::Stg => 2,
            Cluster::Eu1 | Cluster::Us1 => self.replicas,
        }
    }
}

const fn service(
    name: &'static str,
    delivery: Delivery,
    v: [&'static str; 3],
    replicas: u32,
    rps: f64,
    errors: f64,
    p95: f64,
) -> Service {
    Service { name, delivery, dev: v[0], staging: v[1], production: v[2], replicas, rps, errors, p95 }
}

/// The fifteen services, in the order in which the company lists them. Only `payment` differs between
/// staging and production: it is the release that is under way. In staging, `cart` and `catalog` are on their way to the
/// version of dev.
pub static SERVICES: [Service; 15] = [
    service("auth", Delivery::Rolling, ["2.8.1", "2.8.1", "2.8.1"], 4, 420.0, 0.000_2, 41.0),
    service("payment", Delivery::RolloutCanary, ["4.2.0", "4.2.0", "4.1.7"], 5, 310.0, 0.002, 260.0),
    service("inventory", Delivery::Ingress, ["1.9.0", "1.9.0", "1.9.0"], 3, 130.0, 0.000_4, 63.0),
    service("user", Delivery::Rolling, ["2.0.9", "2.0.9", "2.0.9"], 3, 205.0, 0.000_2, 55.0),
    service("notification", Delivery::Rolling, ["3.3.2", "3.3.2", "3.3.2"], 2, 48.0, 0.000_1, 24.0),
    service("order", Delivery::Rolling, ["7.0.4", "7.0.3", "7.0.3"], 4, 96.0, 0.001_1, 96.0),
    service("cart", Delivery::Flagger, ["5.5.1", "5.5.0", "5.5.0"], 3, 260.0, 0.000_7, 88.0),
    service("catalog", Delivery::RolloutBlueGreen, ["8.1.1", "8.1.0", "8.1.0"], 4, 610.0, 0.000_1, 37.0),
    service("search", Delivery::GatewayRoute, ["7.7.0", "7.6.9", "7.6.9"], 4, 380.0, 0.000_6, 118.0),
    service("shipping", Delivery::Rolling, ["1.4.2", "1.4.1", "1.4.1"], 2, 34.0, 0.000_3, 71.0),
    service("pricing", Delivery::TraefikService, ["2.2.0", "2.2.0", "2.2.0"], 3, 540.0, 0.000_1, 19.0),
    service("review", Delivery::VirtualService, ["1.1.8", "1.1.8", "1.1.8"], 2, 72.0, 0.000_5, 48.0),
    service("recommendation", Delivery::RolloutCanary, ["9.0.1", "9.0.1", "9.0.1"], 3, 290.0, 0.000_9, 133.0),
    service("media", Delivery::BlueGreen, ["4.0.0", "4.0.0", "4.0.0"], 3, 150.0, 0.000_2, 207.0),
    service("gateway", Delivery::Rolling, ["3.6.1", "3.6.1", "3.6.1"], 5, 1450.0, 0.000_6, 12.0),
];

/// The service of that name.
pub fn find(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|s| s.name == name)
}
