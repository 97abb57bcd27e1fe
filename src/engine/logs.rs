//! Logs for a front: one bounded stream over all clusters and pods, in the order of time.
//!
//! ```text
//!  snapshots ─► containers that are wanted ─► one request each ─► heads ─► the oldest first ─► LogStream
//! ```
//!
//! Every container has a bounded queue of its own, so that one that says much cannot drown the others; what nobody reads
//! waits at its server. A source that says nothing for a while is not waited for. Dropping the stream ends every request.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{ConnectedCluster, Engine};
use crate::{
    domain::{
        ClusterName, ContainerLog, Exit, JobLog, Level, LogAsk, LogLine, LogNews, LogOrigin, LogSource, Problem, ProblemKind,
        Refusal, SafeText, Snapshot, containers,
    },
    provider::role::{LogSink, Pipelines, Timer as _},
};

/// Containers that are read at once.
const MOST: usize = 40;

/// How long a source that says nothing holds the others up. Real time.
const FOLLOWED: Duration = Duration::from_millis(150);
const WHOLE: Duration = Duration::from_secs(5);

/// A log that is being read. Dropping it ends every request.
pub struct LogStream {
    news: mpsc::Receiver<LogNews>,
    _tasks: JoinSet<()>,
}

impl LogStream {
    /// What is heard next; `None` at the end.
    pub async fn next(&mut self) -> Option<LogNews> {
        self.news.recv().await
    }
}

impl Engine {
    /// Reads a log. What cannot be asked at all is refused; what cannot be read is told in the stream.
    pub fn logs(&self, ask: &LogAsk) -> Result<LogStream, Refusal> {
        let (out, news) = mpsc::channel(LogSink::BOUND);
        let mut tasks = JoinSet::new();
        let since = ask.since.and_then(|since| self.clock().now().checked_sub(since).ok());
        let merge = Merge { sources: vec![], ask: ask.clone(), out, last: VecDeque::new(), told: None, since };
        match &ask.source {
            LogSource::Job { run, number, job, name } => {
                let refused = |why: &str| Refusal::new(why).exit(Exit::Usage);
                if ask.follow {
                    return Err(refused("the log of a job cannot be followed")
                        .hint("pipeline systems serve it when the job has ended; its page shows it live"));
                }
                if ask.previous {
                    return Err(refused("only containers have a log before the present one"));
                }
                let role = match &self.roles().pipelines {
                    Some(Ok(role)) => role.clone(),
                    Some(Err(problem)) => return Err(Refusal::new(problem.what.as_str()).exit(problem.exit())),
                    None => return Err(refused("no pipeline system is configured")),
                };
                let job = JobLog { run: run.clone(), number: *number, job: job.clone(), name: name.clone() };
                tasks.spawn(read_job(merge, role, job));
            }
            LogSource::Pods { environment, cluster, .. } => {
                let s = self.snapshot();
                let place = match environment {
                    Some(name) => s.topology.environment(name),
                    None => s.environment(),
                };
                if let (Some(place), Some(cluster)) = (place, cluster)
                    && !place.clusters.iter().any(|p| p.cluster == *cluster)
                {
                    let known: Vec<&str> = place.clusters.iter().map(|p| p.cluster.as_str()).collect();
                    return Err(Refusal::new(format!("{} has no cluster {cluster}", place.name))
                        .hint(format!("known: {}", known.join(", ")))
                        .exit(Exit::Usage));
                }
                tasks.spawn(read_pods(merge, self.snapshots(), self.roles().clusters.clone()));
            }
        }
        Ok(LogStream { news, _tasks: tasks })
    }
}

/// One log that is being read.
struct Source {
    news: mpsc::Receiver<LogNews>,
    head: Option<LogLine>,
    /// The server has said all.
    ended: bool,
    /// Says nothing for now.
    idle: bool,
}

/// Joins sources by time.
struct Merge {
    sources: Vec<Source>,
    ask: LogAsk,
    out: mpsc::Sender<LogNews>,
    /// The last lines, where only those are wanted and the source cannot choose them itself.
    last: VecDeque<LogLine>,
    /// How many sources were told to be read.
    told: Option<u32>,
    since: Option<Timestamp>,
}

impl Merge {
    fn add(&mut self, news: mpsc::Receiver<LogNews>) {
        self.sources.push(Source { news, head: None, ended: false, idle: false });
    }

    /// Ready when any source that has no head got one, ended, or said something else, which goes to `aside`.
    fn poll(&mut self, aside: &mut Vec<LogNews>, cx: &mut Context<'_>) -> Poll<()> {
        let mut any = false;
        for source in self.sources.iter_mut().filter(|s| !s.ended) {
            while source.head.is_none() {
                match source.news.poll_recv(cx) {
                    Poll::Ready(Some(LogNews::Line(line))) => {
                        (source.head, source.idle) = (Some(line), false);
                        any = true;
                    }
                    Poll::Ready(Some(other)) => {
                        aside.push(other);
                        any = true;
                    }
                    Poll::Ready(None) => {
                        source.ended = true;
                        any = true;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        if any { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether a source that may still speak has not said what comes next.
    fn incomplete(&self) -> bool {
        self.sources.iter().any(|s| s.head.is_none() && !s.ended && !s.idle)
    }

    fn over(&self) -> bool {
        self.sources.iter().all(|s| s.ended && s.head.is_none())
    }

    /// The oldest head. A line without a time belongs to the one before it, and so comes first.
    fn oldest(&mut self) -> Option<LogLine> {
        let heads = self.sources.iter_mut().filter(|s| s.head.is_some());
        heads.min_by_key(|s| s.head.as_ref().and_then(|line| line.at))?.head.take()
    }

    /// Goes on until all sources have ended; with `more`, until something happens that may bring new ones, which is
    /// `true`. `false` at the end.
    async fn run(&mut self, mut more: Option<&mut watch::Receiver<Arc<Snapshot>>>) -> bool {
        let patience = if self.ask.follow { FOLLOWED } else { WHOLE };
        loop {
            let reading = self.sources.iter().filter(|s| !s.ended).count() as u32;
            if self.told != Some(reading) && !self.tell(LogNews::Reading(reading)).await {
                return false;
            }
            self.told = Some(reading);
            if !self.incomplete()
                && let Some(line) = self.oldest()
            {
                if !self.line(line).await {
                    return false;
                }
                // Those that have more to say are asked before the next line is chosen.
                let mut aside = vec![];
                std::future::poll_fn(|cx| Poll::Ready(self.poll(&mut aside, cx).is_ready())).await;
                for news in aside {
                    self.tell(news).await;
                }
                continue;
            }
            if self.over() && more.is_none() {
                return false;
            }
            let waiting = self.incomplete();
            let mut aside = vec![];
            tokio::select! {
                () = std::future::poll_fn(|cx| self.poll(&mut aside, cx)) => {}
                () = tokio::time::sleep(patience), if waiting => {
                    for source in self.sources.iter_mut().filter(|s| s.head.is_none()) {
                        source.idle = true;
                    }
                }
                changed = changed(&mut more) => return changed,
            }
            for news in aside {
                self.tell(news).await;
            }
        }
    }

    /// Hands a line on, if it is wanted; whether anybody still reads.
    async fn line(&mut self, line: LogLine) -> bool {
        if self.ask.errors && line.level != Level::Error {
            return !self.out.is_closed();
        }
        if let LogSource::Job { .. } = self.ask.source {
            if self.since.is_some_and(|since| line.at.is_some_and(|at| at < since)) {
                return true;
            }
            if let Some(tail) = self.ask.tail {
                self.last.push_back(line);
                if self.last.len() > tail as usize {
                    self.last.pop_front();
                }
                return true;
            }
        }
        self.tell(LogNews::Line(line)).await
    }

    async fn tell(&mut self, news: LogNews) -> bool {
        self.out.send(news).await.is_ok()
    }

    async fn trouble(&mut self, source: &str, problem: Problem) {
        self.tell(LogNews::Trouble(SafeText::clean(source), problem)).await;
    }
}

/// The next change; never, where none is waited for. `false` when there will be none.
async fn changed(more: &mut Option<&mut watch::Receiver<Arc<Snapshot>>>) -> bool {
    match more {
        Some(more) => more.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

async fn read_job(mut merge: Merge, role: Arc<dyn Pipelines>, job: JobLog) {
    let (sink, news) = LogSink::new();
    merge.add(news);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(problem) = role.log(&job, sink.clone()).await {
            sink.trouble(job.name.as_str(), problem).await;
        }
    });
    merge.run(None).await;
    for line in std::mem::take(&mut merge.last) {
        merge.tell(LogNews::Line(line)).await;
    }
}

async fn read_pods(mut merge: Merge, mut snapshots: watch::Receiver<Arc<Snapshot>>, roles: Vec<ConnectedCluster>) {
    let mut tasks = JoinSet::new();
    // By pod: the side that a pod serves may change while it is read.
    let mut known: BTreeSet<(ClusterName, Arc<str>, Arc<str>)> = BTreeSet::new();
    let (mut said, mut crowded) = (None, 0);
    let ask = merge.ask.clone();
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        match containers(&snapshot, &ask) {
            Err(problem) => {
                // Pods may still come; why there are none is worth one word.
                if known.is_empty() && said.as_ref() != Some(&problem) {
                    merge.trouble(&ask.title(), problem.clone()).await;
                    said = Some(problem);
                }
            }
            Ok(wanted) => {
                known.retain(|pod| wanted.iter().any(|w| key(w).as_ref() == Some(pod)));
                let room = MOST.saturating_sub(merge.sources.iter().filter(|s| !s.ended).count());
                let new: Vec<ContainerLog> = wanted.into_iter().filter(|w| key(w).is_some_and(|k| !known.contains(&k))).collect();
                let left = new.len().saturating_sub(room);
                if left > crowded {
                    merge
                        .tell(LogNews::About(format!("{left} more containers are not read: name a cluster or an arm").into()))
                        .await;
                }
                crowded = left;
                for container in new.into_iter().take(room) {
                    known.extend(key(&container));
                    start(&mut merge, &mut tasks, &roles, container);
                }
            }
        }
        merge.sources.retain(|s| !s.ended || s.head.is_some());
        while tasks.try_join_next().is_some() {}
        let more = ask.follow.then_some(&mut snapshots);
        if !merge.run(more).await {
            return;
        }
    }
}

/// What names a pod over all clusters.
fn key(container: &ContainerLog) -> Option<(ClusterName, Arc<str>, Arc<str>)> {
    match &*container.origin {
        LogOrigin::Pod { cluster, namespace, pod, .. } => Some((cluster.clone(), namespace.clone(), pod.clone())),
        LogOrigin::Job { .. } => None,
    }
}

fn start(merge: &mut Merge, tasks: &mut JoinSet<()>, roles: &[ConnectedCluster], container: ContainerLog) {
    let LogOrigin::Pod { cluster, .. } = &*container.origin else { return };
    let role = roles.iter().find(|(name, _)| name == cluster).map(|(_, role)| role.clone());
    let (sink, news) = LogSink::new();
    merge.add(news);
    let cluster = cluster.clone();
    tasks.spawn(async move {
        let read = match role {
            Some(Ok(role)) => role.log(&container, sink.clone()).await,
            Some(Err(problem)) => Err(problem),
            None => Err(Problem::new(ProblemKind::Config, format!("{cluster} is not connected"))),
        };
        if let Err(problem) = read {
            sink.trouble(container.origin.short(), problem).await;
        }
    });
}

#[cfg(test)]
mod tests;
