//! The Deployment controller: what becomes of a Deployment's pods after a write, worked out to the end at once.
//! Everything is a function of the world at the write, so the course can be noted in advance; the next write ends it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::objects,
    template::{Place, bare, hash, same, share},
};
use crate::sim::world::{
    Delivery, Note,
    image::Fate,
    noted::{Progress, Stand},
    traffic::Arm,
    workload::Set,
};

/// How long a pod takes to end, where the next ones wait for it (strategy Recreate), in minutes.
const STOP: f64 = 2.0 / 60.0;
/// A course that has not ended after so many turns never will.
const TURNS: usize = 400;
/// Annotations of a Deployment that its ReplicaSets do not take over.
const OWN: [&str; 7] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
    "argocd.argoproj.io/tracking-id",
];

/// What follows from a write that the controller sees at a minute.
pub fn react(place: Place<'_>, before: &Value, after: &Value, minute: f64) -> Vec<Note> {
    let Some(mut course) = Course::begin(place, before, after, minute) else { return vec![] };
    course.run();
    course.stands.into_iter().map(Note::Stand).collect()
}

/// The annotations that a ReplicaSet takes over.
fn notes(deployment: &Value) -> Map<String, Value> {
    let all = deployment["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    all.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str())).collect()
}

/// The course of one Deployment.
struct Course<'a> {
    place: Place<'a>,
    owner: String,
    arm: Option<Arm>,
    sets: Vec<Set>,
    /// The hash of the wanted template; it has no ReplicaSet yet where the last one is none.
    wanted_hash: String,
    template: Value,
    notes: Map<String, Value>,
    wanted: u32,
    surge: u32,
    unavailable: u32,
    recreate: bool,
    paused: bool,
    /// Whether the last write lifted a pause or set one: the next condition says so.
    turned: Option<&'static str>,
    deadline: Option<f64>,
    minute: f64,
    available: (bool, f64),
    progress: Progress,
    stands: Vec<Stand>,
}

impl<'a> Course<'a> {
    fn begin(place: Place<'a>, before: &Value, after: &Value, minute: f64) -> Option<Self> {
        let Place { world, service, cluster } = place;
        let owner = after["metadata"]["name"].as_str()?.to_owned();
        let sets: Vec<Set> = world.sets(service, cluster, minute).into_iter().filter(|set| set.owner == owner).collect();
        let spec = &after["spec"];
        let template = bare(&spec["template"], service.hash_label());
        let scene = objects::Scene { world, cluster, minute };
        let known = sets.iter().find(|set| same(&objects::template_of(scene, service, set), &template));
        let wanted_hash = known.map_or_else(|| hash(place, &owner, &template), |set| set.hash.clone());
        let wanted = spec["replicas"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        let rolling = &spec["strategy"]["rollingUpdate"];
        let surge = share(&rolling["maxSurge"], wanted, true);
        let unavailable = share(&rolling["maxUnavailable"], wanted, false);
        let paused = spec["paused"].as_bool().unwrap_or(false);
        let was = before["spec"]["paused"].as_bool().unwrap_or(false);
        let old = world.stand(cluster, &owner, minute);
        let newest = sets.last().map(|set| set.name.clone()).unwrap_or_default();
        let arrived = || Progress {
            reason: "NewReplicaSetAvailable",
            message: format!("ReplicaSet \"{newest}\" has successfully progressed."),
            status: "True",
            since: sets.last().map_or(minute, |set| set.created),
        };
        let arm = match service.delivery {
            // Who serves is the Service's business; as the company left it, that is the blue side.
            Delivery::BlueGreen => owner.ends_with("-blue").then_some(Arm::Stable),
            Delivery::Flagger if owner == service.name => Some(Arm::Canary),
            _ if owner.ends_with("-canary") => Some(Arm::Canary),
            _ => Some(Arm::Stable),
        };
        Some(Self {
            place,
            arm,
            wanted_hash,
            template,
            notes: notes(after),
            wanted,
            surge,
            // Both zero would never move.
            unavailable: if surge == 0 { unavailable.max(1) } else { unavailable },
            recreate: spec["strategy"]["type"] == "Recreate",
            paused,
            turned: match (was, paused) {
                (false, true) => Some("DeploymentPaused"),
                (true, false) => Some("DeploymentResumed"),
                _ => None,
            },
            deadline: spec["progressDeadlineSeconds"].as_f64().map(|seconds| seconds / 60.0),
            minute,
            available: old.map_or((true, objects::BEGINNING - 100_000.0), |stand| stand.available),
            progress: old.map_or_else(arrived, |stand| stand.progress.clone()),
            stands: vec![],
            owner,
            sets,
        })
    }

    fn current(&self) -> Option<usize> {
        self.sets.iter().position(|set| set.hash == self.wanted_hash)
    }

    fn total(&self) -> u32 {
        self.sets.iter().map(Set::replicas).sum()
    }

    fn ready(&self) -> u32 {
        self.sets.iter().map(|set| set.ready(self.minute)).sum()
    }

    fn say(&mut self, reason: &'static str, status: &'static str, message: String) {
        if self.progress.reason != reason || self.progress.status != status || self.progress.message != message {
            self.progress = Progress { reason, message, status, since: self.minute };
        }
    }

    /// Goes from one event to the next until nothing is left to do.
    fn run(&mut self) {
        if let Some(reason) = self.turned {
            let (status, text) = if self.paused { ("Unknown", "paused") } else { ("Unknown", "resumed") };
            self.say(reason, status, format!("Deployment is {text}"));
        }
        for _ in 0..TURNS {
            let sets = self.sets.clone();
            self.turn();
            let moved = sets != self.sets;
            self.judge(moved);
            self.keep();
            match self.next() {
                Some(minute) => self.minute = minute,
                None => break,
            }
        }
        self.give_up();
    }

    /// One look at the pods: what the controller does now.
    fn turn(&mut self) {
        if self.paused {
            self.scale();
            return;
        }
        let made = self.take_up();
        if self.recreate {
            let current = self.current();
            let minute = self.minute;
            let mut ended = false;
            for (index, set) in self.sets.iter_mut().enumerate() {
                if Some(index) != current && set.replicas() > 0 {
                    set.crew.to(0, minute);
                    ended = true;
                }
            }
            // The new ones wait until the old ones are gone.
            if !ended && let Some(index) = current {
                self.sets[index].crew.to(self.wanted, minute);
            }
        } else {
            while self.grow() || self.shrink() {}
        }
        self.dress();
        if let Some((reason, text)) = made {
            self.say(reason, "True", text);
        }
    }

    /// Makes the ReplicaSet of the wanted template, or numbers an old one anew.
    fn take_up(&mut self) -> Option<(&'static str, String)> {
        let newest = self.sets.iter().map(|set| set.revision).max().unwrap_or(0);
        if let Some(index) = self.current() {
            if self.sets[index].revision == newest {
                self.sets[index].notes.clone_from(&self.notes);
                return None;
            }
            let mut set = self.sets.remove(index);
            set.history.push(set.revision);
            set.revision = newest + 1;
            set.notes.clone_from(&self.notes);
            let text = format!("Found new replica set \"{}\"", set.name);
            self.sets.push(set);
            return Some(("FoundNewReplicaSet", text));
        }
        let (version, fate) = self.place.world.brings(self.place.service, &self.template);
        let name = format!("{}-{}", self.owner, self.wanted_hash);
        let text = format!("Created new replica set \"{name}\"");
        self.sets.push(Set {
            owner: self.owner.clone(),
            name,
            hash: self.wanted_hash.clone(),
            version,
            revision: newest + 1,
            history: vec![],
            crew: crate::sim::world::crew::Crew::default(),
            arm: None,
            created: self.minute,
            template: Some(Arc::new(self.template.clone())),
            notes: self.notes.clone(),
            fate,
        });
        Some(("NewReplicaSetCreated", text))
    }

    /// While paused only the number follows: of the newest that has pods, or of the newest.
    fn scale(&mut self) {
        let place = self.sets.iter().rposition(|set| set.replicas() > 0).or(self.sets.len().checked_sub(1));
        let Some(index) = place else { return };
        let others = self.total() - self.sets[index].replicas();
        let minute = self.minute;
        self.sets[index].crew.to(self.wanted.saturating_sub(others), minute);
        self.dress();
    }

    fn grow(&mut self) -> bool {
        let Some(index) = self.current() else { return false };
        let (now, total) = (self.sets[index].replicas(), self.total());
        let count = if now > self.wanted {
            self.wanted
        } else {
            now + (self.wanted - now).min((self.wanted + self.surge).saturating_sub(total))
        };
        let minute = self.minute;
        self.sets[index].crew.to(count, minute);
        count != now
    }

    fn shrink(&mut self) -> bool {
        let Some(current) = self.current() else { return false };
        let minute = self.minute;
        let new = &self.sets[current];
        let least = self.wanted.saturating_sub(self.unavailable);
        let unripe = new.replicas() - new.ready(minute);
        let mut spare = self.total().saturating_sub(least + unripe);
        let mut changed = false;
        // Those that are no use go first, then the oldest revisions.
        for broken in [true, false] {
            let mut available = self.ready().saturating_sub(least);
            for (index, set) in self.sets.iter_mut().enumerate() {
                if index == current || set.replicas() == 0 {
                    continue;
                }
                let useless = set.replicas() - set.ready(minute);
                let gone = if broken { useless.min(spare) } else { set.replicas().min(spare).min(available) };
                if gone > 0 {
                    set.crew.to(set.replicas() - gone, minute);
                    spare -= gone;
                    available -= if broken { 0 } else { gone };
                    changed = true;
                }
            }
        }
        changed
    }

    /// Whose traffic the pods serve.
    fn dress(&mut self) {
        for set in &mut self.sets {
            set.arm = self.arm.filter(|_| set.replicas() > 0);
        }
    }

    fn done(&self) -> bool {
        self.current().is_some_and(|index| {
            let set = &self.sets[index];
            set.replicas() == self.wanted && self.total() == self.wanted && set.ready(self.minute) == self.wanted
        })
    }

    /// What the controller says of it.
    fn judge(&mut self, moved: bool) {
        let available = self.ready() >= self.wanted.saturating_sub(self.unavailable);
        if available != self.available.0 {
            self.available = (available, self.minute);
        }
        let Some(name) = self.current().map(|index| self.sets[index].name.clone()).filter(|_| !self.paused) else { return };
        if self.done() {
            self.say("NewReplicaSetAvailable", "True", format!("ReplicaSet \"{name}\" has successfully progressed."));
        } else if self.progress.since < self.minute || !moved || self.turned.is_some() {
            // Each pod that comes or goes is progress.
            let message = format!("ReplicaSet \"{name}\" is progressing.");
            self.progress = Progress { reason: "ReplicaSetUpdated", message, status: "True", since: self.minute };
        }
    }

    fn keep(&mut self) {
        let mut sets = self.sets.clone();
        // A Deployment of the company keeps ten old ReplicaSets.
        let idle = sets.iter().filter(|set| set.replicas() == 0).count();
        let mut surplus = idle.saturating_sub(11);
        sets.retain(|set| {
            let goes = surplus > 0 && set.replicas() == 0 && set.hash != self.wanted_hash;
            surplus -= usize::from(goes);
            !goes
        });
        self.stands.push(Stand {
            service: self.place.service.name,
            cluster: self.place.cluster,
            owner: self.owner.clone(),
            minute: self.minute,
            sets,
            current: self.current().map(|index| self.sets[index].hash.clone()),
            wanted: self.wanted,
            surge: if self.recreate { 0 } else { self.surge },
            available: self.available,
            progress: self.progress.clone(),
        });
    }

    /// When something happens next: old pods have ended, or new ones are Ready.
    fn next(&self) -> Option<f64> {
        if self.recreate && !self.paused && self.current().is_some_and(|index| self.sets[index].replicas() < self.wanted) {
            return Some(self.minute + STOP);
        }
        let alive = self.sets.iter().filter(|set| set.fate == Fate::Ready);
        let ripe = alive.flat_map(|set| set.crew.pods()).filter(|pod| !pod.ripe(self.minute)).map(|pod| pod.ready_at());
        ripe.min_by(f64::total_cmp)
    }

    /// Pods that never come to anything: once the deadline has passed, the controller says so, and does nothing.
    fn give_up(&mut self) {
        let Some(deadline) = self.deadline.filter(|_| !self.paused && !self.done()) else { return };
        self.minute = self.progress.since.max(self.stands.first().map_or(self.minute, |stand| stand.minute)) + deadline;
        if let Some(name) = self.current().map(|index| self.sets[index].name.clone()) {
            self.say("ProgressDeadlineExceeded", "False", format!("ReplicaSet \"{name}\" has timed out progressing."));
            self.keep();
        }
    }
}
