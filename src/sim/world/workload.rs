//! Which ReplicaSets and pods stand where.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Cluster, Delivery, Environment, Service, World,
    crew::{Birth, Crew},
    image::Fate,
    names, release,
    traffic::Arm,
};

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
    /// The numbers that it had before: a ReplicaSet that is used again gets a new one.
    pub history: Vec<u32>,
    /// Its pods.
    pub crew: Crew,
    /// Whose share of the traffic its pods serve; none if they are idle or there are none.
    pub arm: Option<Arm>,
    /// When it was made, in minutes since T0.
    pub created: f64,
    /// The pod template that a client wrote, without the template hash; none where the company's pipeline wrote it.
    pub template: Option<Arc<Value>>,
    /// The annotations that its Deployment had when it was made or used again, less those of the controller.
    pub notes: Map<String, Value>,
    /// What becomes of its pods.
    pub fate: Fate,
}

impl Set {
    /// Pods wanted.
    pub fn replicas(&self) -> u32 {
        self.crew.count()
    }

    /// How many of its pods are Ready.
    pub fn ready(&self, minute: f64) -> u32 {
        if self.fate == Fate::Ready { self.crew.ripe(minute) } else { 0 }
    }

    /// The labels of its pods.
    pub fn labels(&self, service: &Service) -> Map<String, Value> {
        let mut labels = if let Some(template) = &self.template {
            template["metadata"]["labels"].as_object().cloned().unwrap_or_default()
        } else {
            let mut labels = service.labels(&self.owner);
            labels.insert("app.kubernetes.io/version".to_owned(), self.version.as_str().into());
            labels
        };
        labels.insert(service.hash_label().to_owned(), self.hash.as_str().into());
        labels
    }

    /// Whether a selector finds its pods; one without labels finds nothing.
    pub fn selected(&self, service: &Service, selector: &Value) -> bool {
        let labels = self.labels(service);
        let wanted = selector.as_object();
        wanted.is_some_and(|w| !w.is_empty() && w.iter().all(|(key, value)| labels.get(key) == Some(value)))
    }
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
    /// What becomes of it.
    pub fate: Fate,
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

impl Service {
    /// The labels that select the pods of a workload of the service.
    pub fn labels(&self, owner: &str) -> Map<String, Value> {
        let mut labels = Map::new();
        labels.insert("app.kubernetes.io/name".to_owned(), self.name.into());
        match self.delivery {
            Delivery::BlueGreen => {
                let slot = owner.rsplit('-').next().unwrap_or("blue");
                labels.insert("slot".to_owned(), slot.into());
            }
            Delivery::GatewayRoute | Delivery::VirtualService | Delivery::TraefikService | Delivery::Ingress => {
                let track = if owner.ends_with("-canary") { "canary" } else { "stable" };
                labels.insert("track".to_owned(), track.into());
            }
            // Flagger tells its two workloads apart by this label.
            Delivery::Flagger => {
                labels.insert("app".to_owned(), owner.into());
            }
            Delivery::Rolling | Delivery::RolloutCanary | Delivery::RolloutBlueGreen => {}
        }
        labels
    }

    /// The label that carries the template hash.
    pub fn hash_label(&self) -> &'static str {
        if self.rollout() { "rollouts-pod-template-hash" } else { "pod-template-hash" }
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
        Set {
            owner: owner.to_owned(),
            name: format!("{owner}-{hash}"),
            hash,
            version: version.to_owned(),
            revision,
            history: vec![],
            crew: Crew::since(replicas, created),
            arm,
            created,
            template: None,
            notes: Map::new(),
            fate: Fate::Ready,
        }
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

    /// The ReplicaSets of a service in a cluster at a minute, newest revision of each owner last.
    pub fn sets(&self, service: &Service, cluster: Cluster, minute: f64) -> Vec<Set> {
        let mut sets = self.parts(service, cluster, minute);
        self.man(service, cluster, minute, &mut sets);
        for stand in self.stands(service.name, cluster, minute) {
            let place = sets.iter().position(|set| set.owner == stand.owner).unwrap_or(sets.len());
            sets.retain(|set| set.owner != stand.owner);
            sets.splice(place..place, stand.sets.iter().cloned());
        }
        self.serve(service, cluster, minute, &mut sets);
        sets
    }

    /// The same as nobody but the company's pipelines would have it.
    pub fn untouched(&self, service: &Service, cluster: Cluster, minute: f64) -> Vec<Set> {
        let fresh = Self::new(self.params());
        fresh.sets(service, cluster, minute)
    }

    /// The ReplicaSets with as many pods as the positions say, all of the same age.
    fn parts(&self, service: &Service, cluster: Cluster, minute: f64) -> Vec<Set> {
        let position = self.position(service.name, cluster, minute);
        if let Some(lineage) = self.lineage(service.name, cluster, minute) {
            let (old, new) = position.map_or((0, 0), |position| position.pods);
            let mut sets = lineage.sets.clone();
            for set in &mut sets {
                let (count, arm) = match (set.hash == lineage.stable, set.hash == lineage.current) {
                    (true, true) => (old.max(new), Some(Arm::Stable)),
                    (true, false) => (old, Some(Arm::Stable)),
                    (false, true) => (new, Some(Arm::Canary)),
                    (false, false) => (0, None),
                };
                set.crew = Crew::since(count, set.created);
                set.arm = arm;
            }
            return sets;
        }
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
                let Some(position) = position else { return sets };
                let (old, pods) = position.pods;
                sets[1].crew = Crew::since(old, at);
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
                let Some(position) = position else { return sets };
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

    /// Gives ReplicaSets that follow positions the pods that their past has left them.
    fn man(&self, service: &Service, cluster: Cluster, minute: f64, sets: &mut [Set]) {
        let positions = self.positions(service.name, cluster).into_iter().map(|position| (position.minute, None));
        let turns = self.turns(service.name, cluster).into_iter().map(|(at, before)| (at, Some(before)));
        let mut events: Vec<(f64, Option<f64>)> = positions.chain(turns).filter(|(at, _)| *at <= minute).collect();
        if events.is_empty() {
            return;
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        // As it stood before anything moved.
        let first = self.parts(service, cluster, f64::NEG_INFINITY);
        for set in sets.iter_mut() {
            set.crew = first.iter().find(|old| old.name == set.name).map(|old| old.crew.clone()).unwrap_or_default();
        }
        for (at, restarted) in events {
            let then = self.parts(service, cluster, at);
            for set in sets.iter_mut() {
                let count = then.iter().find(|old| old.name == set.name).map_or(0, Set::replicas);
                set.crew.to(count, at);
            }
            if let Some(before) = restarted {
                // One pod, wherever the first one stands that is old enough.
                for set in sets.iter_mut() {
                    if set.crew.renew(before, at) {
                        break;
                    }
                }
            }
        }
    }

    /// Takes and gives traffic where somebody has changed what a Service selects.
    fn serve(&self, service: &Service, cluster: Cluster, minute: f64, sets: &mut [Set]) {
        for (suffix, arm) in [("", Arm::Stable), ("-canary", Arm::Canary)] {
            let Some(selector) = self.selection(cluster, &format!("{}{suffix}", service.name), minute) else { continue };
            for set in sets.iter_mut().filter(|set| set.replicas() > 0 && !service.rollout()) {
                match (set.selected(service, selector), set.arm) {
                    (true, None) => set.arm = Some(arm),
                    (false, Some(old)) if old == arm => set.arm = None,
                    _ => {}
                }
            }
        }
    }

    /// The version on its way to a placement by the script, and since when its pods are there.
    fn next(service: &Service, cluster: Cluster) -> (&'static str, f64) {
        let (script, version) = release::script(service.name, cluster);
        let first = script.iter().find(|position| position.pods.1 > 0);
        // What a person's write begins without a script brings the company's only release.
        first.map_or((release::CANARY, release::STARTED), |position| (version, position.minute))
    }

    /// The pods of a service in a cluster at a minute, in order of ReplicaSet and age.
    pub fn pods(&self, service: &Service, cluster: Cluster, minute: f64) -> Vec<Pod> {
        let sets = self.sets(service, cluster, minute);
        sets.iter().flat_map(|set| set.crew.pods().iter().map(|birth| self.pod(cluster, set, *birth, minute))).collect()
    }

    /// A pod of a set.
    pub fn pod(&self, cluster: Cluster, set: &Set, birth: Birth, minute: f64) -> Pod {
        let key = birth.number.to_string();
        let parts = ["pod", cluster.name(), &set.name, &key];
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
            created: birth.created,
            ready: set.fate == Fate::Ready && birth.ripe(minute),
            fate: set.fate,
        }
    }
}
