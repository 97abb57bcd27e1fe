//! The running engine: roles watch, the store folds, fronts read.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    driver::{Desk, Keep},
    store::{LookAt, Store},
};
use crate::{
    action::Target,
    domain::{ClusterName, ClusterState, MetricTarget, Problem, Repo, RunsWanted, ServiceName, Snapshot, SourceUpdate, Topology},
    provider::role::{Metrics, Pipelines, Sink, Timer, Workloads},
};

/// How long updates are gathered before they become a snapshot: at most ten snapshots a second, in real time.
const TICK: Duration = Duration::from_millis(100);

/// How long a one-shot command gives troubles that may pass.
const MOMENT: Duration = Duration::from_secs(4);

/// A cluster's name, and the role that speaks for it or why none does.
pub type ConnectedCluster = (ClusterName, Result<Arc<dyn Workloads>, Problem>);

/// The systems that a configuration names; one that cannot be connected to is a problem of its own and none of the
/// others'.
#[derive(Clone)]
pub struct Roles {
    /// One per cluster.
    pub clusters: Vec<ConnectedCluster>,
    /// Pipelines.
    pub pipelines: Option<Result<Arc<dyn Pipelines>, Problem>>,
    /// Metrics.
    pub metrics: Option<Result<Arc<dyn Metrics>, Problem>>,
}

/// The running engine. Dropping it ends every watch.
pub struct Engine {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    roles: Roles,
    closely: watch::Sender<Vec<(Repo, Arc<str>)>>,
    looked_at: watch::Sender<Option<ServiceName>>,
    pub(super) desk: Desk,
    cancel: CancellationToken,
    _tasks: JoinSet<()>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Engine {
    /// Starts every watch. Returns at once; the first snapshot knows nothing but the configuration.
    pub fn start(topology: Arc<Topology>, look: LookAt, roles: Roles, clock: Clock) -> Self {
        let now = clock.now();
        let mut store = Store::new(topology).looking_at(look);
        let (sink, updates) = Sink::new();
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut run = |future: futures::future::BoxFuture<'static, ()>| {
            let cancel = cancel.clone();
            tasks.spawn(async move {
                cancel.run_until_cancelled(future).await;
            });
        };
        let kept = roles.clone();
        for (name, role) in roles.clusters {
            match role {
                Ok(role) => {
                    let sink = sink.clone();
                    run(Box::pin(async move { role.watch(sink).await }));
                }
                Err(problem) => store.unconnected(&name, &problem, now),
            }
        }
        let runs = watch::Sender::new(store.runs_wanted());
        let metrics = watch::Sender::new(store.metrics_wanted());
        match roles.pipelines {
            Some(Ok(role)) => {
                let (wanted, sink) = (runs.subscribe(), sink.clone());
                run(Box::pin(async move { role.watch(wanted, sink).await }));
            }
            Some(Err(problem)) => store.unpiped(&problem, now),
            None => {}
        }
        match roles.metrics {
            Some(Ok(role)) => {
                let (wanted, sink) = (metrics.subscribe(), sink);
                run(Box::pin(async move { role.watch(wanted, sink).await }));
            }
            Some(Err(problem)) => store.unmeasured(problem, now),
            None => {}
        }
        let publish = watch::Sender::new(store.snapshot(now));
        runs.send_replace(store.runs_wanted());
        metrics.send_replace(store.metrics_wanted());
        let snapshots = publish.subscribe();
        let closely = watch::Sender::new(vec![]);
        let wishes = closely.subscribe();
        let looked_at = watch::Sender::new(None);
        let wishes = Wishes { closely: wishes, looked_at: looked_at.subscribe() };
        run(Box::pin(fold(store, updates, wishes, Fronts { publish, runs, metrics }, clock.clone())));
        let desk = Desk::new(cancel.child_token());
        Self { snapshots, clock, roles: kept, closely, looked_at, desk, cancel, _tasks: tasks }
    }

    /// The same with a journal. Without one nothing can be sent.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.desk.keeping(keep);
        self
    }

    /// The same, changing nothing at all where `read_only` says so.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.desk.read_only(read_only);
        self
    }

    /// The newest snapshot, again and again.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at these runs closely, by repository and id, in place of those before: they are read with everything that
    /// belongs to them, even when they are not among the newest.
    pub fn look_closely(&self, runs: Vec<(Repo, Arc<str>)>) {
        self.closely.send_if_modified(|old| {
            let changed = *old != runs;
            *old = runs;
            changed
        });
    }

    /// Takes it that somebody looks at a service: its figures are read with their history.
    pub fn look_at(&self, service: Option<ServiceName>) {
        self.looked_at.send_if_modified(|old| {
            let changed = *old != service;
            *old = service;
            changed
        });
    }

    /// Looks closely at these runs and waits until all that is wanted by then was answered, well or badly; at most `limit` of real time.
    pub async fn looked_closely(&self, runs: Vec<(Repo, Arc<str>)>, limit: Duration) -> Arc<Snapshot> {
        self.look_closely(runs.clone());
        tokio::time::timeout(limit, self.shown(|s| s.settled && s.closely == runs)).await.ok();
        self.snapshot()
    }

    /// Waits until every source has answered, well or badly, all that is wanted of it; at most `limit` of real time. A
    /// bad answer that may be another one a moment later is given that moment: on a bad link a command that asks once
    /// would else call every second world unknown.
    pub async fn settled(&self, limit: Duration) -> Arc<Snapshot> {
        let calm = |s: &Snapshot| s.settled && !s.troubles().iter().any(|t| t.problem.may_pass(s.at));
        self.calm(limit, |s| s.settled, calm).await
    }

    /// The same for the clusters that a target is in, and for nothing else: what goes back waits for no metrics and no
    /// pipelines.
    pub async fn read(&self, target: &Target, limit: Duration) -> Arc<Snapshot> {
        let there = self.snapshot().topology.environment(&target.env).map(|e| e.clusters.clone()).unwrap_or_default();
        let mut names: Vec<ClusterName> = there.into_iter().map(|c| c.cluster).collect();
        names.retain(|name| target.cluster.as_ref().is_none_or(|only| only == name));
        let clusters =
            |s: &Snapshot| names.iter().filter_map(|n| Some((n.clone(), s.clusters.get(n)?.clone()))).collect::<Vec<_>>();
        let answered = |s: &Snapshot| clusters(s).iter().all(|(_, c)| c.answered());
        let calm = |s: &Snapshot| {
            let passing = |(n, c): &(ClusterName, Arc<ClusterState>)| c.troubles(n).iter().any(|t| t.problem.may_pass(s.at));
            answered(s) && !clusters(s).iter().any(passing)
        };
        self.calm(limit, answered, calm).await
    }

    /// Waits for answers, and then for a moment until they are calm.
    async fn calm(
        &self,
        limit: Duration,
        answered: impl Fn(&Snapshot) -> bool,
        calm: impl Fn(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let began = tokio::time::Instant::now();
        if tokio::time::timeout(limit, self.shown(answered)).await.is_ok() {
            let until = (began + limit).min(tokio::time::Instant::now() + MOMENT);
            while tokio::time::Instant::now() < until && !calm(&self.snapshot()) {
                // A clock that stands would keep every retry waiting for ever.
                self.clock.advance(SignedDuration::from_secs(1));
                tokio::time::timeout(TICK, self.shown(&calm)).await.ok();
            }
        }
        self.snapshot()
    }

    /// Waits for a snapshot that fits.
    async fn shown(&self, fits: impl Fn(&Snapshot) -> bool) {
        let mut snapshots = self.snapshots.clone();
        snapshots.wait_for(|s| fits(s)).await.map(drop).ok();
    }

    /// The systems that it was started on, for questions that are asked once.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The role that acts on a cluster.
    pub(super) fn workloads(&self, cluster: &ClusterName) -> Option<&Arc<dyn Workloads>> {
        self.roles.clusters.iter().find(|(name, _)| name == cluster).and_then(|(_, role)| role.as_ref().ok())
    }
}

struct Fronts {
    publish: watch::Sender<Arc<Snapshot>>,
    runs: watch::Sender<Arc<RunsWanted>>,
    metrics: watch::Sender<Arc<Vec<MetricTarget>>>,
}

/// What fronts want to see more of.
struct Wishes {
    closely: watch::Receiver<Vec<(Repo, Arc<str>)>>,
    looked_at: watch::Receiver<Option<ServiceName>>,
}

/// Folds updates on a tick. An idle engine still makes a snapshot now and then, so that silence is noticed.
async fn fold(mut store: Store, mut updates: mpsc::Receiver<SourceUpdate>, mut wishes: Wishes, fronts: Fronts, clock: Clock) {
    const IDLE: Duration = Duration::from_secs(5);
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Some(update) => store.fold(update, clock.now()),
                // Every role has ended; what is known grows stale from here.
                None => tokio::time::sleep(IDLE).await,
            },
            Ok(()) = wishes.closely.changed() => store.look_closely(wishes.closely.borrow_and_update().clone()),
            Ok(()) = wishes.looked_at.changed() => store.look_at(wishes.looked_at.borrow_and_update().clone()),
            () = tokio::time::sleep(IDLE) => {}
        }
        let tick = tokio::time::sleep(TICK);
        tokio::pin!(tick);
        loop {
            tokio::select! {
                biased;
                () = &mut tick => break,
                Some(update) = updates.recv() => store.fold(update, clock.now()),
                else => break,
            }
        }
        publish(&mut store, &fronts, clock.now());
    }
}

fn publish(store: &mut Store, fronts: &Fronts, now: Timestamp) {
    let snapshot = store.snapshot(now);
    let changed = |old: bool| !old;
    let (runs, metrics) = (store.runs_wanted(), store.metrics_wanted());
    fronts.runs.send_if_modified(|old| {
        let same = Arc::ptr_eq(old, &runs);
        *old = runs;
        changed(same)
    });
    fronts.metrics.send_if_modified(|old| {
        let same = Arc::ptr_eq(old, &metrics);
        *old = metrics;
        changed(same)
    });
    fronts.publish.send_replace(snapshot);
}
