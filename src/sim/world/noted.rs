//! What clients' writes have led to: the world remembers it by the minute from which it holds.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Cluster, World,
    release::{Move, Position},
    workload::{START, Set},
};

/// What a controller says of its progress.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The condition's reason, e.g. `ReplicaSetUpdated`.
    pub reason: &'static str,
    /// The condition's text.
    pub message: String,
    /// `True`, `False`, or `Unknown` while it is paused.
    pub status: &'static str,
    /// Since when, in minutes since T0.
    pub since: f64,
}

/// How a Deployment stands from a minute on.
#[derive(Clone, Debug, PartialEq)]
pub struct Stand {
    /// The service.
    pub service: &'static str,
    /// The cluster.
    pub cluster: Cluster,
    /// The Deployment.
    pub owner: String,
    /// From when, in minutes since T0.
    pub minute: f64,
    /// Its ReplicaSets with their pods, in order of revision.
    pub sets: Vec<Set>,
    /// The hash of the ReplicaSet that has the Deployment's template; none while a pause holds it.
    pub current: Option<String>,
    /// Pods wanted.
    pub wanted: u32,
    /// How many more than wanted there may be.
    pub surge: u32,
    /// Whether enough pods are available, and since when.
    pub available: (bool, f64),
    /// Condition Progressing.
    pub progress: Progress,
}

/// Which ReplicaSets of a Rollout play which part from a minute on.
#[derive(Clone, Debug, PartialEq)]
pub struct Lineage {
    /// The service.
    pub service: &'static str,
    /// The cluster.
    pub cluster: Cluster,
    /// From when, in minutes since T0.
    pub minute: f64,
    /// Its ReplicaSets, in order of revision; how many pods they have is the positions' business.
    pub sets: Vec<Set>,
    /// The hash of the stable one.
    pub stable: String,
    /// The hash of the one with the Rollout's template.
    pub current: String,
}

/// What a Service selects from a minute on, because somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The service whose front it is.
    pub service: &'static str,
    /// The cluster.
    pub cluster: Cluster,
    /// Name of the Service object.
    pub front: String,
    /// From when, in minutes since T0.
    pub minute: f64,
    /// The selector.
    pub labels: Arc<Value>,
}

/// All pods of a Rollout from before a minute are replaced from that minute on, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// The service.
    pub service: &'static str,
    /// The cluster.
    pub cluster: Cluster,
    /// When it was asked for, in minutes since T0: the restart before ends here, done or not.
    pub asked: f64,
    /// From when; infinite where a restart is withdrawn.
    pub minute: f64,
    /// The same as the client wrote it.
    pub at: String,
    /// How many pods there are to replace.
    pub pods: u32,
}

impl Restart {
    /// When each of its pods is replaced: the next one goes once the one before it is Ready.
    fn turns(&self) -> impl Iterator<Item = f64> {
        (0..self.pods).map(|turn| self.minute + START * f64::from(turn))
    }

    /// When the last of its pods is replaced.
    fn done(&self) -> f64 {
        self.minute + START * f64::from(self.pods.saturating_sub(1))
    }
}

/// One thing that a write has led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// Where a canary stands.
    Position(Move),
    /// How a Deployment stands.
    Stand(Stand),
    /// Which ReplicaSets a Rollout moves between.
    Lineage(Lineage),
    /// What a Service selects.
    Selection(Selection),
    /// New pods for a Rollout.
    Restart(Restart),
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Noted {
    pub moves: Vec<Move>,
    pub stands: Vec<Stand>,
    pub lineages: Vec<Lineage>,
    pub selections: Vec<Selection>,
    pub restarts: Vec<Restart>,
}

impl World {
    /// Remembers what a write has led to; what was to come of the same thing after that minute does not.
    pub fn note(&mut self, note: Note) {
        let noted = &mut self.noted;
        match note {
            Note::Position(next) => {
                let minute = next.position.minute;
                let other = |service: &str, cluster| service != next.service || cluster != next.cluster;
                noted.moves.retain(|old| other(&old.service, old.cluster) || old.position.minute <= minute);
                noted.lineages.retain(|old| other(old.service, old.cluster) || old.minute <= minute);
                noted.moves.push(next);
            }
            Note::Stand(next) => {
                let other = |old: &Stand| (&old.owner, old.cluster) != (&next.owner, next.cluster);
                noted.stands.retain(|old| other(old) || old.minute <= next.minute);
                noted.stands.push(next);
            }
            Note::Lineage(next) => {
                let other = |service: &str, cluster| service != next.service || cluster != next.cluster;
                noted.lineages.retain(|old| other(old.service, old.cluster) || old.minute <= next.minute);
                noted.moves.retain(|old| other(&old.service, old.cluster) || old.position.minute <= next.minute);
                noted.lineages.push(next);
            }
            Note::Selection(next) => noted.selections.push(next),
            Note::Restart(next) => {
                let other = |old: &Restart| (old.service, old.cluster) != (next.service, next.cluster);
                noted.restarts.retain(|old| other(old) || old.minute <= next.asked);
                noted.restarts.push(next);
            }
        }
        self.changes += 1;
    }

    /// How many notes have been taken so far.
    pub fn changes(&self) -> usize {
        self.changes
    }

    /// The positions that writes led to.
    pub(super) fn moved(&self, service: &str, cluster: Cluster) -> impl Iterator<Item = Position> {
        self.noted.moves.iter().filter(move |m| m.service == service && m.cluster == cluster).map(|m| m.position)
    }

    /// How a Deployment stands at a minute, where somebody has changed it.
    pub fn stand(&self, cluster: Cluster, owner: &str, minute: f64) -> Option<&Stand> {
        let mut own = self.noted.stands.iter().rev().filter(|stand| stand.cluster == cluster && stand.owner == owner);
        own.find(|stand| stand.minute <= minute)
    }

    /// The newest stand of each Deployment of a service at a minute.
    pub(super) fn stands(&self, service: &str, cluster: Cluster, minute: f64) -> Vec<&Stand> {
        let own = self.noted.stands.iter().filter(|stand| stand.service == service && stand.cluster == cluster);
        let mut owners: Vec<&str> = own.map(|stand| stand.owner.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.into_iter().filter_map(|owner| self.stand(cluster, owner, minute)).collect()
    }

    /// The parts of a Rollout's ReplicaSets at a minute, where somebody has changed its template.
    pub fn lineage(&self, service: &str, cluster: Cluster, minute: f64) -> Option<&Lineage> {
        let mut own = self.noted.lineages.iter().rev().filter(|l| l.service == service && l.cluster == cluster);
        own.find(|lineage| lineage.minute <= minute)
    }

    /// When the parts of a Rollout's ReplicaSets changed.
    pub fn lineages(&self, service: &str, cluster: Cluster) -> impl Iterator<Item = f64> {
        self.noted.lineages.iter().filter(move |l| l.service == service && l.cluster == cluster).map(|l| l.minute)
    }

    /// What somebody has made a Service select.
    pub fn selection(&self, cluster: Cluster, front: &str, minute: f64) -> Option<&Value> {
        let mut own = self.noted.selections.iter().rev().filter(|s| s.cluster == cluster && s.front == front);
        own.find(|selection| selection.minute <= minute).map(|selection| &*selection.labels)
    }

    /// The restarts of a Rollout, each with the minute at which the next one takes its place.
    fn restarts(&self, service: &str, cluster: Cluster) -> impl Iterator<Item = (&Restart, f64)> {
        let own = move |r: &&Restart| r.service == service && r.cluster == cluster;
        let mut next = self.noted.restarts.iter().filter(own);
        next.next();
        let ends = next.map(|r| r.asked).chain([f64::INFINITY]);
        self.noted.restarts.iter().filter(own).zip(ends)
    }

    /// When a pod of a Rollout is replaced because of a restart, and from before which minute it is, in order of time.
    pub(super) fn turns(&self, service: &str, cluster: Cluster) -> Vec<(f64, f64)> {
        let turns = |(restart, end): (&Restart, f64)| -> Vec<(f64, f64)> {
            restart.turns().filter(|at| *at < end).map(|at| (at, restart.minute)).collect()
        };
        self.restarts(service, cluster).flat_map(turns).collect()
    }

    /// The last restart of a Rollout that was carried out whole, in the words of who asked for it.
    pub fn restarted(&self, service: &str, cluster: Cluster, minute: f64) -> Option<&str> {
        let done = |(restart, end): &(&Restart, f64)| restart.done() <= minute && restart.done() < *end;
        self.restarts(service, cluster).filter(done).last().map(|(restart, _)| restart.at.as_str())
    }

    /// Whether pods of a Rollout are being replaced.
    pub fn restarting(&self, service: &str, cluster: Cluster, minute: f64) -> bool {
        let last = self.restarts(service, cluster).map(|(restart, _)| restart).filter(|r| r.asked <= minute).last();
        last.is_some_and(|restart| restart.minute <= minute && minute < restart.done())
    }

    /// The minutes at which something about a service's pods changes because of writes, in no order.
    pub fn stirred(&self, service: &str, cluster: Cluster) -> Vec<f64> {
        let Noted { moves, stands, lineages, selections, .. } = &self.noted;
        let mut minutes: Vec<f64> =
            moves.iter().filter(|m| m.service == service && m.cluster == cluster).map(|m| m.position.minute).collect();
        minutes.extend(lineages.iter().filter(|l| l.service == service && l.cluster == cluster).map(|l| l.minute));
        minutes.extend(selections.iter().filter(|s| s.service == service && s.cluster == cluster).map(|s| s.minute));
        minutes.extend(stands.iter().filter(|s| s.service == service && s.cluster == cluster).map(|s| s.minute));
        minutes.extend(self.turns(service, cluster).into_iter().map(|(at, _)| at));
        let ripe: Vec<f64> = minutes.iter().map(|minute| minute + START).collect();
        minutes.extend(ripe);
        minutes
    }
}
