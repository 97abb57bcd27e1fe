//! Performs the effects of one operation, one after the other, and feeds back what comes of them.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::keep::Keep;
use crate::{
    domain::{Change, ChangeTarget, Identity, OpId, Problem, ProblemKind, Refusal},
    engine::{
        clock::Clock,
        journal::{self, Entry, Head, Space},
        operation::{Effect, Event, Looked, Operation, Progress},
        read_only,
        service::ConnectedCluster,
    },
    provider::role::{Timer as _, Workloads},
};

/// How long an answer is waited for, of real time: longer than any server works at a request, so that the time-outs of a
/// transport come first.
const LIMIT: Duration = Duration::from_secs(75);

/// What an operation acts with.
pub(super) struct Hands {
    pub op: OpId,
    pub clusters: Vec<ConnectedCluster>,
    pub clock: Clock,
    pub keep: Keep,
    /// Who we are, by the word of the systems.
    pub actor: Vec<Identity>,
    /// Where its lines may be written when the disk is full.
    pub space: Space,
    /// Whether this process may change nothing: then it looks, and no more.
    pub read_only: bool,
}

impl Hands {
    /// Drives an operation to its end. `tell` hears where it stands, each time that changes.
    pub(super) async fn drive(
        &self,
        mut operation: Operation,
        mut effects: Vec<Effect>,
        cancel: &CancellationToken,
        tell: impl Fn(Progress),
    ) {
        let mut cancelled = false;
        loop {
            let mut event = None;
            for effect in effects.drain(..) {
                let noted = matches!(effect, Effect::Note(_));
                let sends = matches!(effect, Effect::Send { .. } | Effect::Fence { .. });
                let mut begun = false;
                let work = self.perform(effect);
                tokio::pin!(work);
                event = tokio::select! {
                    biased;
                    () = cancel.cancelled(), if !cancelled && !noted => {
                        cancelled = true;
                        let last = operation.on(self.now(), Event::Cancel);
                        if operation.outcome().is_some() {
                            for note in last {
                                self.perform(note).await;
                            }
                            tell(operation.progress());
                            return;
                        }
                        // What was sent, or is being written down, is waited for; what was not sent yet never is.
                        if sends && !begun { Some(Event::Withheld) } else { work.await }
                    }
                    event = async { begun = true; work.as_mut().await } => event,
                };
            }
            if event.is_none() && self.keep.with(|journal| Ok(journal.is_short())).await.unwrap_or(false) {
                operation
                    .remark("the disk is full: the journal is in its reserve, and nothing goes forward before there is room");
            }
            tell(operation.progress());
            let Some(event) = event else { return };
            effects = operation.on(self.now(), event);
            if operation.outcome().is_none() {
                tell(operation.progress());
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn perform(&self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Journal(lines) => Some(Event::Journalled(self.write(lines).await)),
            Effect::Note(lines) => {
                // What cannot be written here is found out again from what was written before.
                self.write(lines).await.ok();
                None
            }
            Effect::Look { target, change, audit } => {
                let looked = within(self.look(&target, &change, &audit)).await;
                Some(Event::Looked(looked.map(Box::new)))
            }
            Effect::Send { target, request, audit } => {
                let sent = async { self.writer(&target)?.send(&target, &request, &audit).await };
                Some(Event::Sent(within(sent).await))
            }
            Effect::Fence { target, seen, audit } => {
                let sent = async { self.writer(&target)?.fence(&target, &seen, &audit).await };
                Some(Event::Fenced(within(sent).await))
            }
            Effect::Sleep(nap) => {
                let woken = self.clock.sleep(nap);
                // A clock that stands is moved by who waits on it.
                self.clock.advance(SignedDuration::try_from(nap).unwrap_or(SignedDuration::MAX));
                woken.await;
                Some(Event::Woke)
            }
        }
    }

    async fn write(&self, lines: Vec<journal::Event>) -> Result<Head, Refusal> {
        let entry = |event| Entry { at: self.now(), op: self.op.clone(), actor: self.actor.clone(), event };
        let entries: Vec<Entry> = lines.into_iter().map(entry).collect();
        let space = self.space;
        self.keep.with(move |journal| journal.append(&entries, space)).await
    }

    async fn look(&self, target: &ChangeTarget, change: &Change, audit: &str) -> Result<Looked, Problem> {
        let role = self.role(target)?;
        let (seen, settled) = role.look(target, change, audit).await?;
        let remain = role.render(target, change, &seen);
        Ok(Looked { seen, settled, remain })
    }

    fn writer(&self, target: &ChangeTarget) -> Result<&Arc<dyn Workloads>, Problem> {
        if self.read_only {
            return Err(Problem::new(ProblemKind::Forbidden, read_only().why.as_str()));
        }
        self.role(target)
    }

    fn role(&self, target: &ChangeTarget) -> Result<&Arc<dyn Workloads>, Problem> {
        let named = self.clusters.iter().find(|(name, _)| *name == target.cluster);
        match named {
            Some((_, Ok(role))) => Ok(role),
            // Nothing was sent; but of an earlier request that says nothing.
            Some((_, Err(problem))) => Err(problem.clone()),
            None => Err(Problem::new(ProblemKind::Unreachable, format!("no cluster is named {}", target.cluster))),
        }
    }
}

async fn within<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = || Problem::new(ProblemKind::Timeout, format!("no answer within {} s", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| Err(late()))
}
