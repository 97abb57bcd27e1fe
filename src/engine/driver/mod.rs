//! Lets operations run: one task each, which goes on when a dialog is closed and ends with the engine.
//!
//! A plan is applied once, before it expires, where no operation of unknown outcome is open on the same object. What
//! another process left open is taken up by the same machine, unless that process is still at it.

mod drive;
mod identity;
mod keep;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{drive::Hands, identity::who};
use super::{
    Engine,
    clock::Clock,
    journal::{self, Begun, Journal, Space, Way},
    operation::{Effect, Operation, Parts, Progress, Stand},
    plan::{Move, Plan},
    read_only,
    service::ConnectedCluster,
};
use crate::{
    domain::{Change, ChangeTarget, Exit, Identity, OpId, Refusal, SafeText},
    provider::role::Timer as _,
};

pub use keep::Keep;

/// How many operations that have ended are kept to be shown.
const SHOWN: usize = 16;

/// How long what another process left open is waited for, of real time, before something is begun on the same object.
const SETTLE: Duration = Duration::from_secs(20);

/// How consent to a plan was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The way.
    pub how: Way,
    /// Why, as the person said.
    pub reason: Option<SafeText>,
}

impl Given {
    /// Given so, without a word on why.
    pub fn by(how: Way) -> Self {
        Self { how, reason: None }
    }

    /// The same with a word on why, if there is any.
    #[must_use]
    pub fn because(self, reason: Option<SafeText>) -> Self {
        Self { reason: reason.filter(|r| !r.is_empty()), ..self }
    }
}

/// An operation under way.
#[derive(Clone)]
pub struct Running {
    /// Its id.
    pub op: OpId,
    /// Where it stands, again and again; the last one has an outcome.
    pub progress: watch::Receiver<Progress>,
    cancel: CancellationToken,
}

impl Running {
    /// Sends nothing more for it. What is on its way is waited for; what is open stays open in the journal.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits until the journal has it, or it has ended without.
    async fn written(&mut self) {
        self.until(|p| p.ended() || p.targets.iter().any(|t| t.state != Stand::Waiting)).await;
    }

    /// Waits until it has ended. When the engine ends first, this is where it stood.
    pub async fn ended(&mut self) -> Progress {
        self.until(Progress::ended).await;
        self.progress.borrow().clone()
    }

    async fn until(&mut self, so: impl FnMut(&Progress) -> bool) {
        // An error is that the engine has ended: it does not go on, and the journal tells how it stands.
        self.progress.wait_for(so).await.map(drop).ok();
    }
}

/// The operations of an engine.
pub(super) struct Desk {
    pub(super) keep: Keep,
    read_only: bool,
    list: Arc<watch::Sender<Arc<Vec<Progress>>>>,
    tasks: Mutex<JoinSet<()>>,
    /// How many plans are consented to and not yet in the list.
    beginning: AtomicUsize,
    cancel: CancellationToken,
}

/// A plan that was consented to, until it is begun or refused.
struct Beginning<'a>(&'a AtomicUsize);

impl<'a> Beginning<'a> {
    fn of(desk: &'a Desk) -> Self {
        desk.beginning.fetch_add(1, Ordering::SeqCst);
        Self(&desk.beginning)
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Desk {
    pub(super) fn new(cancel: CancellationToken) -> Self {
        let list = Arc::new(watch::Sender::default());
        Self { keep: Keep::nowhere(), read_only: false, list, tasks: Mutex::default(), beginning: AtomicUsize::new(0), cancel }
    }

    pub(super) fn keeping(&mut self, keep: Keep) {
        self.keep = keep;
    }

    pub(super) fn read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
    }

    /// Begins an operation.
    async fn begin(&self, parts: Parts, overruled: &[SafeText], with: With) -> Result<Running, Refusal> {
        if self.read_only {
            return Err(read_only());
        }
        // Before the journal is asked: of two that begin the same plan at once, one finds it taken, or written down.
        let Some(taken) = self.keep.take(&parts.op) else { return Err(Blocked::Again(parts.op).into()) };
        let (mut may, same) = tokio::join!(self.may(&parts), identity::as_planned(&with.clusters, &parts));
        same?;
        if matches!(may, Ok(Err(Blocked::By { .. }))) {
            // Its process may be gone: then it is settled on the way.
            for mut running in self.recover(&with.clusters, &with.clock).await? {
                tokio::time::timeout(SETTLE, running.ended()).await.map(drop).ok();
            }
            may = self.may(&parts).await;
        }
        match may {
            Ok(may) => may.map_err(Refusal::from)?,
            // On a full disk the reserve may still take it; the first line will tell.
            Err(refusal) if !parts.begun.goes_back => {
                return Err(Refusal { hint: Some(parts.by_hand(refusal.hint.as_ref())), ..refusal });
            }
            Err(_) => {}
        }
        let space = if parts.begun.goes_back { Space::Reserve } else { Space::Ordinary };
        let reason = parts.begun.reason.clone().unwrap_or_else(|| "".into());
        let (operation, mut effects) = Operation::start(parts, with.clock.now());
        if let Some(Effect::Journal(lines)) = effects.first_mut() {
            let line = |what: &SafeText| journal::Event::Override { what: what.clone(), reason: reason.clone() };
            lines.extend(overruled.iter().map(line));
        }
        Ok(self.run(operation, effects, with, space, taken))
    }

    /// Whether an operation may be begun, by the journal as it is now. An error is that it cannot be read.
    async fn may(&self, parts: &Parts) -> Result<Result<(), Blocked>, Refusal> {
        let (op, moves) = (parts.op.clone(), parts.moves.clone());
        let look = move |journal: &mut Journal| {
            journal.refresh()?;
            Ok(may_begin(journal, &op, &moves))
        };
        self.keep.with(look).await
    }

    fn run(&self, operation: Operation, effects: Vec<Effect>, with: With, space: Space, taken: keep::Taken) -> Running {
        let op = operation.id().clone();
        let (told, progress) = watch::channel(operation.progress());
        let cancel = self.cancel.child_token();
        let running = Running { op: op.clone(), progress, cancel: cancel.clone() };
        let list = self.list.clone();
        note(&list, operation.progress());
        let With { clusters, clock, actor } = with;
        let hands = Hands { op, clusters, clock, keep: self.keep.clone(), actor, space, read_only: self.read_only };
        let task = async move {
            let tell = |progress: Progress| {
                note(&list, progress.clone());
                told.send_replace(progress);
            };
            hands.drive(operation, effects, &cancel, tell).await;
            drop(taken);
        };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
        running
    }

    /// Takes up what other processes left open.
    async fn recover(&self, clusters: &[ConnectedCluster], clock: &Clock) -> Result<Vec<Running>, Refusal> {
        let open = |journal: &mut Journal| {
            journal.refresh()?;
            Ok(journal.unresolved().cloned().collect::<Vec<_>>())
        };
        let mut taken = vec![];
        for operation in self.keep.with(open).await? {
            taken.extend(self.keep.take(&operation.id).map(|lock| (operation.id, lock)));
        }
        // What another process ended before it let go of it is not open any more.
        let mut still: BTreeMap<OpId, journal::Operation> =
            self.keep.with(open).await?.into_iter().map(|o| (o.id.clone(), o)).collect();
        let mut all = vec![];
        for (id, lock) in taken {
            let Some(found) = still.remove(&id) else { continue };
            let events = found.lines.iter().map(|l| &l.entry.event);
            let (operation, effects) = Operation::resume(&id, found.at, &found.begun, events, clock.now());
            let space = if found.begun.goes_back { Space::Reserve } else { Space::Ordinary };
            let with = With { clusters: clusters.to_vec(), clock: clock.clone(), actor: who(clusters, &found.begun).await };
            all.push(self.run(operation, effects, with, space, lock));
        }
        Ok(all)
    }
}

/// What an operation is done with.
struct With {
    clusters: Vec<ConnectedCluster>,
    clock: Clock,
    actor: Vec<Identity>,
}

/// Puts a progress in its place in the list.
fn note(list: &watch::Sender<Arc<Vec<Progress>>>, progress: Progress) {
    list.send_modify(|all| {
        let all = Arc::make_mut(all);
        match all.iter_mut().find(|p| p.op == progress.op) {
            Some(old) => *old = progress,
            None => all.push(progress),
        }
        let mut excess = all.iter().filter(|p| p.ended()).count().saturating_sub(SHOWN);
        all.retain(|p| {
            let goes = excess > 0 && p.ended();
            excess -= usize::from(goes);
            !goes
        });
    });
}

/// Why an operation may not be begun.
enum Blocked {
    /// Its plan was applied before.
    Again(OpId),
    /// An operation is open on one of its objects.
    By { open: OpId, on: ChangeTarget },
}

impl From<Blocked> for Refusal {
    fn from(blocked: Blocked) -> Self {
        match blocked {
            Blocked::Again(op) => {
                Self::new("this plan was applied before: a plan is applied once").hint(format!("gonogo op show {op}"))
            }
            Blocked::By { open, on } => {
                Self::new(format!("operation {open} is open on {on}: nothing but an abort is begun there"))
                    .hint(format!("gonogo op show {open} tells how it stands"))
                    .exit(Exit::Unknown)
            }
        }
    }
}

/// Whether an operation may be begun: its plan was not applied before, and nothing is open on its objects.
fn may_begin(journal: &Journal, op: &OpId, moves: &[Move]) -> Result<(), Blocked> {
    if journal.operations().get(op).is_some() {
        return Err(Blocked::Again(op.clone()));
    }
    // What takes exposure back is not kept waiting by anything.
    if moves.iter().all(|m| m.change == Change::Abort) {
        return Ok(());
    }
    for open in journal.unresolved() {
        if let Some(m) = moves.iter().find(|m| open.begun.targets.contains(&m.target)) {
            return Err(Blocked::By { open: open.id.clone(), on: m.target.clone() });
        }
    }
    Ok(())
}

/// What a plan comes down to once consent is given.
fn parts(plan: &Plan, given: &Given) -> Parts {
    let target = plan.action().target();
    let begun = Begun {
        command: plan.action().to_argv().iter().map(|word| SafeText::clean(word)).collect(),
        service: Some(target.service.clone()),
        also: target.also.clone(),
        environment: Some(target.env.clone()),
        place: plan.place().clone(),
        from: plan.from().clone(),
        to: plan.to().clone(),
        targets: plan.moves().iter().map(|m| m.target.clone()).collect(),
        plan_hash: plan.hash(),
        policy_hash: None,
        consent: journal::Given { tier: plan.consent().tier(), by: given.how },
        reason: given.reason.clone(),
        rejects: plan.rejects().to_vec(),
        goes_back: plan.back(),
        expires: Some(plan.expires()),
    };
    let who = plan.driving().iter().filter_map(|d| Some((d.cluster.clone(), d.identity.clone()?)));
    Parts {
        op: plan.id().clone(),
        title: plan.title().clone(),
        begun: Box::new(begun),
        moves: plan.moves().to_vec(),
        one_by_one: plan.one_by_one(),
        deadline: Duration::try_from(plan.deadline()).unwrap_or(super::operation::DEADLINE),
        watch: Duration::try_from(plan.watch()).unwrap_or_default(),
        who: who.collect(),
    }
}

impl Engine {
    /// Applies a plan that was consented to. Returns once it is begun, which is once the journal has it; how it goes on is
    /// told by what is returned.
    ///
    /// # Errors
    /// Refused with 3 when the plan has expired or was applied before and when this process may change nothing, with 4
    /// while an operation of unknown outcome is open on one of its objects or a cluster does not say who it is, with 5 when
    /// somebody else took the wheel since it was made or a cluster or the user is another one, and with 7 when the journal
    /// cannot be written. Nothing was sent then.
    pub async fn apply(&self, plan: &Plan, given: Given) -> Result<Running, Refusal> {
        let _beginning = Beginning::of(&self.desk);
        let begun = self.begin(plan, given).await;
        if let Err(refusal) = &begun {
            self.declined_plan(plan, refusal).await;
        }
        begun
    }

    async fn begin(&self, plan: &Plan, given: Given) -> Result<Running, Refusal> {
        if self.clock().now() >= plan.expires() {
            return Err(Refusal::new("this plan has expired").hint("plan anew: the world may have changed"));
        }
        let parts = parts(plan, &given);
        let with = With {
            clusters: self.roles().clusters.clone(),
            clock: self.clock().clone(),
            actor: parts.who.values().cloned().chain(self.beside()).collect(),
        };
        self.wheel_is_as_seen(plan).await?;
        // What the plan needs more than a `y` for is overruled by the consent.
        let mut running = self.desk.begin(parts, plan.because(), with).await?;
        // The operation goes on meanwhile. What is refused takes no wheel either.
        tokio::join!(self.take_wheel(plan), running.written());
        Ok(running)
    }

    /// Takes up the operations that other processes left open: looks, fences and reports, and sends no change. What
    /// another process is still at is left to it. Where nothing may be changed it does not fence either: what only a fence
    /// could settle stays open.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn recover(&self) -> Result<Vec<Running>, Refusal> {
        self.desk.recover(&self.roles().clusters, self.clock()).await
    }

    /// The operations under way and those that ended last, in the order in which they were begun.
    pub fn operations(&self) -> watch::Receiver<Arc<Vec<Progress>>> {
        self.desk.list.subscribe()
    }

    /// Whether a plan that was consented to is being begun, or an operation is under way.
    pub fn is_busy(&self) -> bool {
        self.desk.beginning.load(Ordering::SeqCst) > 0 || !self.operations().borrow().iter().all(Progress::ended)
    }

    /// Sends nothing more for any operation, and waits until all have ended; at most `limit` of real time.
    pub async fn hang_up(&self, limit: Duration) {
        self.desk.cancel.cancel();
        let mut list = self.operations();
        tokio::time::timeout(limit, list.wait_for(|all| all.iter().all(Progress::ended))).await.map(drop).ok();
    }
}
