//! One section of a cluster: joins what is heard of its namespaces, and tells the store at most ten times a second.

use std::{collections::BTreeMap, pin::Pin, sync::Arc, time::Duration};

use futures::future::{join, join_all};
use tokio::sync::mpsc;

use super::{
    follow::{Follower, Heard},
    kind::Kind,
    transport::Transport,
};
use crate::{
    domain::{ClusterName, Problem, Row, Update},
    provider::role::{Sink, Timer},
};

/// The least time between two tellings of changes. Real time: it guards the store and the screen against a flood.
const PAUSE: Duration = Duration::from_millis(100);
/// The least time between two signs of life, on the engine's clock: finer, the age of a feed is not shown.
const QUIET: Duration = Duration::from_secs(5);
/// How much may be heard before it is taken up.
const BOUND: usize = 256;

/// Follows kind `K` in all namespaces, until dropped.
pub(super) async fn follow<K: Kind>(
    transport: &Transport,
    timer: &Arc<dyn Timer>,
    cluster: &ClusterName,
    namespaces: &[Arc<str>],
    sink: &Sink,
) {
    let (out, heard) = mpsc::channel(BOUND);
    let followers = namespaces.iter().enumerate().map(|(index, namespace)| {
        Follower::<K> { transport, timer: &**timer, namespace, index, out: out.clone(), group: 0 }.run()
    });
    join(join_all(followers), gather::<K>(heard, namespaces.len(), timer, cluster, sink)).await;
}

async fn gather<K: Kind>(
    mut heard: mpsc::Receiver<(usize, Heard<K::Row>)>,
    namespaces: usize,
    timer: &Arc<dyn Timer>,
    cluster: &ClusterName,
    sink: &Sink,
) {
    let mut merge = Merge::new(namespaces);
    let (mut pause, mut quiet) = (None, None);
    loop {
        tokio::select! {
            Some((index, news)) = heard.recv() => {
                merge.hear(index, news);
                while let Ok((index, news)) = heard.try_recv() {
                    merge.hear(index, news);
                }
            }
            () = end_of(&mut pause) => pause = None,
            () = end_of(&mut quiet) => quiet = None,
        }
        if pause.is_none() && merge.any() {
            for update in merge.take() {
                sink.tell(K::wrap(cluster.clone(), update)).await;
            }
            pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
            quiet = Some(timer.sleep(QUIET));
        } else if quiet.is_none() && merge.take_alive() {
            sink.tell(K::wrap(cluster.clone(), Update::Alive)).await;
            quiet = Some(timer.sleep(QUIET));
        }
    }
}

/// The end of a wait; never, where none is under way.
async fn end_of<F: Future<Output = ()> + ?Sized>(wait: &mut Option<Pin<Box<F>>>) {
    match wait {
        Some(wait) => wait.await,
        None => std::future::pending().await,
    }
}

/// How one namespace stands.
enum State {
    Waiting,
    Live,
    Trouble(Problem),
}

struct Space<R: Row> {
    state: State,
    /// Kept only where there are several namespaces: a section is swapped in as a whole.
    rows: BTreeMap<R::Key, R>,
}

impl<R: Row> Space<R> {
    fn problem(&self) -> Option<Problem> {
        if let State::Trouble(problem) = &self.state { Some(problem.clone()) } else { None }
    }
}

/// Joins namespaces and coalesces changes. A section is current only while every namespace is: as long as one is in
/// trouble, what the others say is kept and not told, because to the store it would look like proof of life.
pub(super) struct Merge<R: Row> {
    spaces: Vec<Space<R>>,
    /// What to tell first, in this order.
    first: Vec<Update<R>>,
    /// Then the last word on each object; `None` where it is gone.
    last: BTreeMap<R::Key, Option<R>>,
    alive: bool,
}

impl<R: Row> Merge<R> {
    pub fn new(namespaces: usize) -> Self {
        let space = || Space { state: State::Waiting, rows: BTreeMap::new() };
        Self { spaces: (0..namespaces).map(|_| space()).collect(), first: vec![], last: BTreeMap::new(), alive: false }
    }

    /// Takes what was heard of a namespace.
    pub fn hear(&mut self, index: usize, heard: Heard<R>) {
        let several = self.spaces.len() > 1;
        match heard {
            Heard::Listed(rows) if !several => {
                self.spaces[index].state = State::Live;
                self.replace(rows);
            }
            Heard::Listed(rows) => {
                self.spaces[index] = Space { state: State::Live, rows: rows.into_iter().map(|r| (r.key(), r)).collect() };
                if self.live() {
                    let all = self.spaces.iter().flat_map(|s| s.rows.values().cloned()).collect();
                    self.replace(all);
                } else if let Some(problem) = self.spaces.iter().find_map(Space::problem) {
                    // The one told last may be over.
                    self.first.push(Update::Trouble(problem));
                }
            }
            Heard::Changed(row) => {
                if several {
                    self.spaces[index].rows.insert(row.key(), row.clone());
                }
                if self.live() {
                    self.last.insert(row.key(), Some(row));
                }
            }
            Heard::Gone(key) => {
                self.spaces[index].rows.remove(&key);
                if self.live() {
                    self.last.insert(key, None);
                }
            }
            Heard::Alive => self.alive = self.live(),
            Heard::Trouble(problem) => {
                self.settle();
                self.alive = false;
                self.spaces[index].state = State::Trouble(problem.clone());
                self.first.push(Update::Trouble(problem));
            }
        }
    }

    /// Whether every namespace is current. Proof of life of one is proof of the section only then; with several it is
    /// the youngest of all, while each of them is watched for silence on its own.
    fn live(&self) -> bool {
        self.spaces.iter().all(|s| matches!(s.state, State::Live))
    }

    fn replace(&mut self, rows: Vec<R>) {
        // Changes that waited to be told are part of it. Trouble is told all the same: it was there.
        self.first.retain(|update| matches!(update, Update::Trouble(_)));
        self.last.clear();
        self.first.push(Update::Replace(rows));
    }

    /// Moves the last words on objects in front of what comes next.
    fn settle(&mut self) {
        let last = std::mem::take(&mut self.last);
        self.first.extend(last.into_iter().map(|(key, row)| row.map_or(Update::Remove(key), Update::Upsert)));
    }

    /// Whether anything is to be told.
    pub fn any(&self) -> bool {
        !self.first.is_empty() || !self.last.is_empty()
    }

    /// What is to be told, in order.
    pub fn take(&mut self) -> Vec<Update<R>> {
        self.settle();
        self.alive = false;
        std::mem::take(&mut self.first)
    }

    /// Whether there was a sign of life since the last telling.
    pub fn take_alive(&mut self) -> bool {
        std::mem::take(&mut self.alive)
    }
}

#[cfg(test)]
mod tests;
