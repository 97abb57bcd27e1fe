//! What a system can do for us. Roles speak the domain's words only.
//!
//! The reading half is one long-running future per role, [`watch`](Workloads::watch): it tells the store what changes
//! and what is in trouble, and it ends only by being dropped. It never gives up: it waits longer between tries.
//! The acting half is data in, data out, and one send.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::domain::{
    Change, ChangeTarget, ClusterName, ContainerLog, CounterReading, Driver, Finding, FoundInCluster, FoundWorkflow, Identity,
    JobLog, LogLine, LogNews, MetricTarget, ObjectKey, Problem, Receipt, Repo, Request, RunsWanted, SafeText, Seen, Settled,
    SourceUpdate, TemplateFacts, TemplateOf,
};

/// Time, as far as providers need it: the engine's clock, which runs faster or stands still in the embedded world.
pub trait Timer: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
    /// Waits for so long on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Where updates go. Bounded: a flood waits here and not in memory.
#[derive(Clone)]
pub struct Sink(mpsc::Sender<SourceUpdate>);

impl Sink {
    /// How many updates wait at most.
    pub const BOUND: usize = 1_024;

    /// A sink and the end that the store reads.
    pub fn new() -> (Self, mpsc::Receiver<SourceUpdate>) {
        let (sender, receiver) = mpsc::channel(Self::BOUND);
        (Self(sender), receiver)
    }

    /// Hands an update to the store. An update after the store has ended is of no use to anybody and is dropped.
    pub async fn tell(&self, update: SourceUpdate) {
        self.0.send(update).await.ok();
    }
}

/// Where the lines of one log go. Bounded: a log that nobody reads on waits at its server.
#[derive(Clone)]
pub struct LogSink(mpsc::Sender<LogNews>);

impl LogSink {
    /// How many pieces of news wait at most.
    pub const BOUND: usize = 512;

    /// A sink and the end that is read.
    pub fn new() -> (Self, mpsc::Receiver<LogNews>) {
        let (sender, receiver) = mpsc::channel(Self::BOUND);
        (Self(sender), receiver)
    }

    /// Hands a line on. Whether anybody still reads.
    pub async fn line(&self, line: LogLine) -> bool {
        self.0.send(LogNews::Line(line)).await.is_ok()
    }

    /// Tells that a source is in trouble and tried again.
    pub async fn trouble(&self, source: &str, problem: Problem) {
        self.0.send(LogNews::Trouble(SafeText::clean(source), problem)).await.ok();
    }

    /// Says something of the log itself.
    pub async fn about(&self, words: impl Into<SafeText>) {
        self.0.send(LogNews::About(words.into())).await.ok();
    }
}

/// Runs of pipelines.
#[async_trait]
pub trait Pipelines: Send + Sync {
    /// Follows the wanted workflows, until dropped.
    async fn watch(&self, wanted: watch::Receiver<Arc<RunsWanted>>, out: Sink);

    /// The workflows of a repository, with the job names of their newest runs. Reads a few pages and ends.
    async fn discover(&self, repo: &Repo) -> Result<Vec<FoundWorkflow>, Problem>;

    /// Is it there, who are we to it, and can what is wanted be read? Reads a few pages and ends.
    async fn examine(&self, wanted: &RunsWanted) -> Vec<Finding>;

    /// Reads the log of a job that has ended, cut to the step that failed if one did. Dropping it ends the request.
    async fn log(&self, job: &JobLog, out: LogSink) -> Result<(), Problem>;
}

/// Figures.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// Measures the wanted targets again and again, until dropped.
    async fn watch(&self, wanted: watch::Receiver<Arc<Vec<MetricTarget>>>, out: Sink);

    /// The presets whose metrics the source has, by name, best first. Asks a few queries and ends.
    async fn discover(&self) -> Result<Vec<&'static str>, Problem>;

    /// Is it there, how old is what it has, and does it have figures for each target? Asks a few queries per target
    /// and ends.
    async fn examine(&self, targets: &[MetricTarget]) -> Vec<Finding>;

    /// Reads the raw counters of targets, in their order, once: for who works out differences by himself. A target whose
    /// counters cannot be read has the reason in its place.
    async fn counters(&self, targets: &[MetricTarget]) -> Vec<CounterReading>;
}

/// Workloads of one cluster, and the routes in front of them.
#[async_trait]
pub trait Workloads: Send + Sync {
    /// The cluster.
    fn cluster(&self) -> &ClusterName;

    /// Follows every section, until dropped.
    async fn watch(&self, out: Sink);

    /// What runs in these namespaces; in all that can be listed where none is named. Reads a few pages and ends.
    async fn discover(&self, namespaces: &[Arc<str>]) -> FoundInCluster;

    /// Is it there, who are we to it, and what may we read and change? Changes nothing, and ends.
    async fn examine(&self) -> Vec<Finding>;

    /// Reads the log of one container, in order; while following, on through cut connections and restarts of the container
    /// and without a line twice, until the pod is gone. Dropping it ends the request.
    async fn log(&self, container: &ContainerLog, out: LogSink) -> Result<(), Problem>;

    /// What the cluster calls itself, and who it takes us for. Asked of the server, never taken from files of ours.
    async fn identity(&self) -> Result<Identity, Problem>;

    /// The requests that remain until an object that was seen as `seen` asks for `change`; none once it does, except for
    /// what is sent in any case. Pure.
    fn render(&self, target: &ChangeTarget, change: &Change, seen: &Seen) -> Result<Vec<Request>, Problem>;

    /// Reads an object as it is now: what was seen of it, and whether it shows what `change` asked for. `audit` is the id
    /// of the question for the system's own audit log.
    async fn look(&self, target: &ChangeTarget, change: &Change, audit: &str) -> Result<(Seen, Settled), Problem>;

    /// What a pod template needs and promises, and whether that is there. Of configuration names and keys are read, never
    /// a value; what may not be read is unknown, and no problem.
    async fn preflight(&self, target: &ChangeTarget, of: &TemplateOf, audit: &str) -> Result<TemplateFacts, Problem>;

    /// Asks the server what it would say, without a change.
    async fn dry_run(&self, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem>;

    /// Sends a request, once. A problem that the system itself [refused](Problem::refused) with changed nothing; any
    /// other problem leaves open what happened.
    async fn send(&self, target: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem>;

    /// Moves the version of an object that was seen as `seen`, so that no request on its way that names that version can
    /// still be applied. Problems as of [`send`](Self::send).
    async fn fence(&self, target: &ChangeTarget, seen: &Seen, audit: &str) -> Result<Receipt, Problem>;

    /// Who drives there, or drove last, by that Lease; `None` where nobody ever did.
    async fn driver(&self, lease: &ObjectKey) -> Result<Option<Driver>, Problem>;

    /// Takes the wheel as `holder`, or keeps it. It names what was `seen` of the Lease: of two who take it at once, one is
    /// told of a conflict. A word to others; nothing rests on it.
    async fn drive(&self, lease: &ObjectKey, holder: &SafeText, seen: Option<&Driver>, audit: &str) -> Result<Driver, Problem>;
}
