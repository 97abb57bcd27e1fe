//! What a cluster holds: the generated objects, what clients changed of them, and the log that watches read.
//!
//! A tick replays the moments between the last one and now, each in the order of names. So resource versions
//! depend on simulated time and on the order of *writes*, never on when or how often somebody reads.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    super::world::{Cluster, Note, SERVICES, Service, World},
    controller, gitops,
    kinds::{self, Kind},
    objects::{self, Scene},
    patch,
};

/// Where an object lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its resource's group and plural.
    pub resource: (&'static str, &'static str),
    /// Its namespace, empty if it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of an object of a kind.
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self { resource: (kind.group, kind.plural), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    fn of(kind: &'static Kind, object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or("");
        Self::new(kind, text("namespace"), text("name"))
    }
}

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Change {
    /// The resource version that it made.
    pub version: u64,
    /// What it is about.
    pub key: Key,
    /// The object before; none if it was created.
    pub old: Option<Arc<Value>>,
    /// The object after; none if it was deleted.
    pub new: Option<Arc<Value>>,
}

/// How many changes a watch may be behind.
const LOG: usize = 4096;

/// One cluster.
#[derive(Debug)]
pub struct Store {
    cluster: Cluster,
    /// What the world last said, by key; the base that clients' changes lie on.
    base: BTreeMap<Key, Value>,
    current: BTreeMap<Key, Arc<Value>>,
    log: VecDeque<Change>,
    version: u64,
    oldest: u64,
    minute: f64,
    /// The next moment, for a world with that many changes: looking up all of them at every request is dear.
    next: f64,
    changes: usize,
    /// What a controller will put back, and when.
    agenda: Vec<(f64, Key)>,
    bell: watch::Sender<u64>,
}

impl Store {
    /// A cluster as it stood at the beginning.
    pub fn new(world: &World, cluster: Cluster) -> Self {
        let mut store = Self {
            cluster,
            base: BTreeMap::new(),
            current: BTreeMap::new(),
            log: VecDeque::new(),
            version: 1000,
            oldest: 1000,
            minute: objects::BEGINNING,
            next: objects::BEGINNING,
            changes: 0,
            agenda: vec![],
            bell: watch::Sender::new(0),
        };
        store.regenerate(world, objects::BEGINNING, None);
        store.log.clear();
        store.oldest = store.version;
        store
    }

    /// Brings the cluster towards a minute: to it (none), or to what a controller writes on the way, with what follows
    /// from that; the world has to know of it before the next tick.
    pub fn tick(&mut self, world: &World, minute: f64) -> Option<Vec<Note>> {
        let due = self.agenda.first().map(|(at, _)| *at).filter(|at| *at <= minute);
        self.advance(world, due.unwrap_or(minute));
        due?;
        let (at, key) = self.agenda.remove(0);
        let (Some(git), Some(live)) = (self.base.get(&key), self.current.get(&key).cloned()) else { return Some(vec![]) };
        if !gitops::drifted(world, &key, git, &live) {
            return Some(vec![]);
        }
        let next = gitops::put_back(world, git, &live, at);
        let kind = kinds::named(key.resource.1);
        let stored = self.put(key.clone(), Some(next))?;
        let reaction = controller::react(world, self.cluster, kind, &live, &stored, at);
        self.settle(&key, reaction.restore, reaction.observe);
        Some(reaction.notes)
    }

    /// Looks whether a controller will put back what was written at a minute.
    pub fn drift(&mut self, world: &World, key: Key, minute: f64) {
        let (Some(git), Some(live)) = (self.base.get(&key), self.current.get(&key)) else { return };
        if gitops::drifted(world, &key, git, live) && !self.agenda.iter().any(|(_, queued)| *queued == key) {
            self.agenda.push((minute + gitops::DELAY, key));
        }
    }

    /// Time never runs backwards: an earlier minute changes nothing.
    fn advance(&mut self, world: &World, minute: f64) {
        if minute < self.next && world.changes() == self.changes {
            return;
        }
        let moments = objects::moments(world, self.cluster);
        let from = self.minute;
        for (moment, service) in moments.iter().filter(|(moment, _)| *moment > from && *moment <= minute) {
            self.regenerate(world, *moment, Some(service));
            self.minute = *moment;
        }
        // A change at the very minute of the last one, as under a clock that stands still, has no moment of its own.
        if world.changes() != self.changes {
            let cluster = self.cluster;
            let moves = |service: &&Service| {
                !world.positions(service.name, cluster).is_empty() || !world.stirred(service.name, cluster).is_empty()
            };
            for service in SERVICES.iter().filter(moves) {
                self.regenerate(world, minute, Some(service));
            }
        }
        self.changes = world.changes();
        self.next = moments.into_iter().map(|(moment, _)| moment).find(|moment| *moment > self.minute).unwrap_or(f64::INFINITY);
    }

    /// Makes the objects of one service, or of all, anew.
    fn regenerate(&mut self, world: &World, minute: f64, only: Option<&Service>) {
        let scene = Scene { world, cluster: self.cluster, minute };
        let fresh = only.map_or_else(|| objects::all(scene), |service| objects::of(scene, service));
        let mut fresh: BTreeMap<Key, Value> = fresh.into_iter().map(|(kind, object)| (Key::of(kind, &object), object)).collect();
        let within =
            |object: &Value| only.is_none_or(|service| object["metadata"]["labels"]["app.kubernetes.io/name"] == service.name);
        let gone = self.base.iter().filter(|(key, object)| !fresh.contains_key(*key) && within(object));
        let gone: Vec<Key> = gone.map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.base.remove(&key);
            self.put(key, None);
        }
        while let Some((key, object)) = fresh.pop_first() {
            match self.base.get(&key) {
                Some(old) if *old == object => continue,
                // What the world changes is laid over what clients wrote; the rest of their writing stays.
                Some(old) => {
                    if let Some(current) = self.current.get(&key) {
                        let mut next = Value::clone(current);
                        let mut change = patch::difference(old, &object);
                        let raised = object["metadata"]["generation"].as_i64().unwrap_or(0)
                            - old["metadata"]["generation"].as_i64().unwrap_or(0);
                        if let Some(metadata) = change.get_mut("metadata").and_then(Value::as_object_mut) {
                            metadata.remove("generation");
                        }
                        json_patch::merge(&mut next, &change);
                        if let Some(generation) = current["metadata"]["generation"].as_i64() {
                            next["metadata"]["generation"] = json!(generation + raised);
                        }
                        if key.resource.1 == "deployments" && raised == 0 && !change["metadata"]["annotations"].is_null() {
                            // A controller's annotation counts as a change of a Deployment, as anybody's does.
                            next["metadata"]["generation"] = json!(generation(&next) + 1);
                        }
                        if matches!(key.resource.1, "rollouts" | "deployments") {
                            observed(key.resource.1, &mut next, &object);
                        }
                        if next != **current {
                            self.put(key.clone(), Some(next));
                        }
                    }
                }
                None => drop(self.put(key.clone(), Some(object.clone()))),
            }
            self.base.insert(key, object);
        }
    }

    /// A controller's last word on a write to its object: its own view back in place (the status of a Rollout, the
    /// routes of its VirtualService), and the generation noted.
    pub fn settle(&mut self, key: &Key, restore: bool, observe: bool) {
        let (Some(current), Some(base)) = (self.current.get(key), self.base.get(key)) else { return };
        let mut next = Value::clone(current);
        match key.resource.1 {
            "rollouts" if restore => observed("rollouts", &mut next, base),
            "services" if restore => next["spec"]["selector"] = base["spec"]["selector"].clone(),
            "virtualservices" if restore => next["spec"]["http"] = base["spec"]["http"].clone(),
            "rollouts" if observe => next["status"]["observedGeneration"] = generation(&next).to_string().into(),
            "deployments" if observe => next["status"]["observedGeneration"] = generation(&next).into(),
            _ => return,
        }
        if next != **current {
            if next["spec"] != current["spec"] {
                next["metadata"]["generation"] = (generation(&next) + 1).into();
            }
            self.put(key.clone(), Some(next));
        }
    }

    /// Stores or deletes an object and notes it in the log; gives back what was stored, with its new version.
    pub fn put(&mut self, key: Key, object: Option<Value>) -> Option<Arc<Value>> {
        let old = self.current.remove(&key);
        if old.is_none() && object.is_none() {
            return None;
        }
        self.version += 1;
        let new = object.map(|mut object| {
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
            Arc::new(object)
        });
        if let Some(new) = &new {
            self.current.insert(key.clone(), Arc::clone(new));
        }
        self.log.push_back(Change { version: self.version, key, old, new: new.clone() });
        if self.log.len() > LOG {
            self.oldest = self.log.pop_front().map_or(self.oldest, |change| change.version);
        }
        self.bell.send_replace(self.version);
        new
    }

    /// An object.
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.current.get(key).cloned()
    }

    /// The newest resource version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The version before the log's first entry: nothing older can be watched or listed.
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// A receiver that is told of every change.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// The objects of a resource (of one namespace, if given), as they stood at a version that the log still knows.
    pub fn list(&self, kind: &Kind, namespace: Option<&str>, version: u64) -> Vec<Arc<Value>> {
        let wanted = |key: &Key| key.resource == (kind.group, kind.plural) && namespace.is_none_or(|n| n == key.namespace);
        let mut objects: BTreeMap<&Key, Arc<Value>> =
            self.current.iter().filter(|(key, _)| wanted(key)).map(|(key, object)| (key, Arc::clone(object))).collect();
        for change in self.log.iter().rev().take_while(|change| change.version > version).filter(|change| wanted(&change.key)) {
            match &change.old {
                Some(old) => objects.insert(&change.key, Arc::clone(old)),
                None => objects.remove(&change.key),
            };
        }
        objects.into_values().collect()
    }

    /// The changes of a resource after a version.
    pub fn since(&self, kind: &Kind, namespace: Option<&str>, version: u64) -> Vec<Change> {
        let wanted = |key: &Key| key.resource == (kind.group, kind.plural) && namespace.is_none_or(|n| n == key.namespace);
        let start = self.log.partition_point(|change| change.version <= version);
        self.log.iter().skip(start).filter(|change| wanted(&change.key)).cloned().collect()
    }

    /// The uid that a new object of that name gets: a function of the world and of the version it is made at.
    pub fn uid(&self, world: &World, kind: &Kind, name: &str) -> String {
        let made = (self.version + 1).to_string();
        super::super::world::names::uid(world.seed(), &["made", self.cluster.name(), kind.kind, name, &made])
    }
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or(0)
}

/// A controller writes its status whole, so nothing of a client's stays in it, and notes the generation (Argo Rollouts
/// in a string).
fn observed(plural: &str, next: &mut Value, base: &Value) {
    next["status"] = base["status"].clone();
    let seen = generation(next);
    next["status"]["observedGeneration"] = if plural == "rollouts" { seen.to_string().into() } else { seen.into() };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::kinds, Key, Store, World};
    use crate::sim::world::{Cluster, NAMESPACE, Params};

    fn at(minutes: &[f64]) -> Store {
        let world = World::new(Params::default());
        let mut store = Store::new(&world, Cluster::Eu1);
        for minute in minutes {
            store.tick(&world, *minute);
        }
        store
    }

    #[test]
    fn versions_do_not_depend_on_who_looked_when() {
        let (once, often) = (at(&[20.0]), at(&[1.0, 3.2, 3.5, 4.0, 4.0, 12.0, 20.0]));
        assert_eq!(once.current, often.current);
        assert_eq!(once.version(), often.version());
    }

    #[test]
    fn the_past_can_be_listed_while_the_log_knows_it() {
        let early = at(&[]);
        let late = at(&[20.0]);
        let pods = kinds::named("pods");
        assert_ne!(early.list(pods, None, early.version()), late.list(pods, None, late.version()));
        assert_eq!(early.list(pods, None, early.version()), late.list(pods, None, early.version()));
    }

    #[test]
    fn what_clients_wrote_survives_the_worlds_changes() {
        let world = World::new(Params::default());
        let mut store = at(&[5.0]);
        let key = Key::new(kinds::named("rollouts"), NAMESPACE, "payment");
        let mut object = Arc::unwrap_or_clone(store.get(&key).unwrap());
        object["metadata"]["annotations"]["note"] = "mine".into();
        store.put(key.clone(), Some(object));
        store.tick(&world, 20.0);
        let object = store.get(&key).unwrap();
        assert_eq!(object["metadata"]["annotations"]["note"], "mine");
        assert_eq!(object["status"]["currentStepIndex"], 3);
    }
}
