//! Which ReplicaSets and pods stand where.

use jiff::Timestamp;

use super::{Cluster, Delivery, Environment, Service, World, names, release, traffic::Arm};

/// One ReplicaSet.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Name of the workload that owns it (a Deployment or a Rollout).
    pub owner: String,
    /// Its own name: `<owner>-<hash>`.
    pub name: String,
    /// Value of the template-hash label.
    pub hash: String,
    /// The version that it runs.
    pub version: String,
    /// The owner's revision number.
    pub revision: u32,
    /// Pods wanted.
    pub replicas: u32,
    /// Whose share of the traffic its pods serve; none if they are idle or there are none.
    pub arm: Option<Arm>,
    /// When it was made, in minutes since T0.
    pub created: f64,
}

/// One pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// `<set>-<5 letters>`
    pub name: String,
    /// Name of its ReplicaSet.
    pub set: String,
    /// Name of the workload above the ReplicaSet.
    pub owner: String,
    /// The template hash.
    pub hash: String,
    /// The version that it runs.
    pub version: String,
    /// Whose share of the traffic it serves.
    pub arm: Option<Arm>,
    /// Its address.
    pub ip: String,
    /// Its node.
    pub node: String,
    /// When it was made, in minutes since T0.
    pub created: f64,
    /// Whether it is Ready.
    pub ready: bool,
}

/// How long a pod takes from creation to Ready, in minutes.
pub const START: f64 = 0.05;

/// How long before a version its predecessor was made, in minutes.
pub const PREDECESSOR: f64 = 8000.0;

/// The version before one, as the company counts: the patch level below, or the last of the minor below.
pub fn before(service: &str, version: &str) -> String {
    if service == release::SERVICE && version == release::CANARY {
        return release::STABLE.to_owned();
    }
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [major, minor, patch] if *patch > 0 => format!("{major}.{minor}.{}", patch - 1),
        [major, minor, _] if *minor > 0 => format!("{major}.{}.4", minor - 1),
        [major, ..] => format!("{}.9.4", major.saturating_sub(1)),
        [] => version.to_owned(),
    }
}

impl World {
    /// The template hash of a version of a workload in a cluster.
    pub fn hash(&self, owner: &str, cluster: Cluster, version: &str) -> String {
        names::suffix(self.seed(), &["hash", owner, cluster.name(), version], 10)
    }

    fn set(&self, cluster: Cluster, owner: &str, version: &str, figures: (u32, u32, Option<Arm>, f64)) -> Set {
        let hash = self.hash(owner, cluster, version);
        let (revision, replicas, arm, created) = figures;
        let name = format!("{owner}-{hash}");
        Set { owner: owner.to_owned(), name, hash, version: version.to_owned(), revision, replicas, arm, created }
    }

    /// When a version arrived at an environment, in minutes since T0: days ago for what is settled.
    pub fn arrived(&self, service: &Service, environment: Environment) -> f64 {
        let ahead = match environment {
            Environment::Dev => service.dev != service.staging,
            Environment::Staging => service.staging != service.production,
            Environment::Production => false,
        };
        let spread = names::number(self.seed(), &["arrived", service.name], 600) as f64;
        match environment {
            _ if ahead => -75.0,
            Environment::Dev => -3200.0 - spread,
            Environment::Staging => -3100.0 - spread,
            Environment::Production => -2900.0 - spread,
        }
    }

    /// The ReplicaSets of a service in a cluster, newest revision last.
    pub fn sets(&self, service: &Service, cluster: Cluster, now: Timestamp) -> Vec<Set> {
        let environment = cluster.environment();
        let version = service.version(environment);
        let old = self.before(service, version);
        let replicas = service.replicas(cluster);
        let main = service.workload().name;
        let at = self.arrived(service, environment);
        let revision = 3 + names::number(self.seed(), &["revision", service.name, environment.name()], 20) as u32;
        let mut sets = vec![
            self.set(cluster, &main, &old, (revision - 1, 0, None, at - PREDECESSOR)),
            self.set(cluster, &main, version, (revision, replicas, Some(Arm::Stable), at)),
        ];
        match service.delivery {
            Delivery::RolloutCanary | Delivery::RolloutBlueGreen => {
                let Some(position) = self.position(service.name, cluster, self.minutes(now)) else { return sets };
                let (old, pods) = position.pods;
                sets[1].replicas = old;
                let next = Self::next(service, cluster);
                sets.push(self.set(cluster, &main, next.0, (revision + 1, pods, Some(Arm::Canary), next.1)));
            }
            Delivery::Flagger => {
                let primary = format!("{main}-primary");
                sets = vec![
                    self.set(cluster, &primary, &old, (revision - 1, 0, None, at - PREDECESSOR)),
                    self.set(cluster, &primary, version, (revision, replicas, Some(Arm::Stable), at)),
                    self.set(cluster, &main, version, (revision, 0, None, at - 6.0)),
                ];
                let Some(position) = self.position(service.name, cluster, self.minutes(now)) else { return sets };
                let next = Self::next(service, cluster);
                let figures = (revision + 1, position.pods.1, Some(Arm::Canary), next.1);
                sets.push(self.set(cluster, &main, next.0, figures));
            }
            Delivery::BlueGreen => {
                sets.push(self.set(
                    cluster,
                    &format!("{}-green", service.name),
                    &old,
                    (revision - 1, replicas, None, at - PREDECESSOR),
                ));
            }
            Delivery::GatewayRoute | Delivery::VirtualService | Delivery::TraefikService | Delivery::Ingress => {
                sets.push(self.set(
                    cluster,
                    &format!("{}-canary", service.name),
                    version,
                    (revision, 1, Some(Arm::Canary), at - 30.0),
                ));
            }
            Delivery::Rolling => {}
        }
        sets
    }

    /// The version on its way to a placement by the script, and since when its pods are there.
    fn next(service: &Service, cluster: Cluster) -> (&'static str, f64) {
        let (script, version) = release::script(service.name, cluster);
        let first = script.iter().find(|position| position.pods.1 > 0);
        // What a person's write begins without a script brings the company's only release.
        first.map_or((release::CANARY, release::STARTED), |position| (version, position.minute))
    }

    /// The pods of a service in a cluster, in order of ReplicaSet and name.
    pub fn pods(&self, service: &Service, cluster: Cluster, now: Timestamp) -> Vec<Pod> {
        let minute = self.minutes(now);
        let sets = self.sets(service, cluster, now);
        sets.iter().flat_map(|set| (0..set.replicas).map(|index| self.pod(cluster, set, index, minute))).collect()
    }

    /// Pod number `index` of a set.
    pub fn pod(&self, cluster: Cluster, set: &Set, index: u32, minute: f64) -> Pod {
        let key = index.to_string();
        let parts = ["pod", cluster.name(), &set.name, &key];
        let mut created = set.created + 0.05 * f64::from(index);
        // A canary's pods come as its weight rises.
        if set.created >= release::STARTED {
            // A workload that comes by positions has its service's name.
            let positions = self.positions(&set.owner, cluster);
            created = positions.iter().find(|position| position.pods.1 > index).map_or(set.created, |position| position.minute);
        }
        let octets = names::bytes(self.seed(), &parts);
        Pod {
            name: format!("{}-{}", set.name, names::suffix(self.seed(), &parts, 5)),
            set: set.name.clone(),
            owner: set.owner.clone(),
            hash: set.hash.clone(),
            version: set.version.clone(),
            arm: set.arm,
            ip: format!("10.{}.{}.{}", 64 + octets[0] % 4, octets[1], 2 + octets[2] % 250),
            node: format!("{}-node-{}", cluster.name(), 1 + octets[3] % 4),
            created,
            // An instant has whole seconds, so equality needs a little room.
            ready: minute + 0.001 >= created + START,
        }
    }
}
