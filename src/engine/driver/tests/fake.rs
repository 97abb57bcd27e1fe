//! A cluster with one object, whose answers can be made to get lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    domain::{
        BodyKind, Change, ChangeTarget, ClusterName, ContainerLog, Driver, Finding, FoundInCluster, Guarantee, Identity, Method,
        NOTE, OP, ObjectKey, ObjectKind, Problem, ProblemKind, Receipt, Request, SafeText, Seen, Settled, TemplateFacts,
        TemplateOf,
    },
    engine::plan::Move,
    provider::role::{LogSink, Sink, Workloads},
};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It takes effect, and the connection is cut.
    AppliedAndCut,
    /// The same, and the cluster is not reached any more.
    AppliedAndGone,
    /// It takes effect, and no answer ever comes.
    AppliedAndHangs,
    /// No answer ever comes.
    Hangs,
    /// The connection is cut, and it may yet arrive.
    Late,
    /// A controller writes a status right before it.
    Noise,
    /// Another person's operation takes effect right before it.
    Rival,
    /// It is refused.
    Forbidden,
}

#[derive(Default)]
struct State {
    version: u32,
    ops: Vec<Arc<str>>,
    parts: [bool; 2],
    writer: Option<SafeText>,
    fates: BTreeMap<usize, Fate>,
    sends: Vec<String>,
    fences: Vec<String>,
    applied: usize,
    late: Option<Request>,
    gone: bool,
    never_done: bool,
    /// Who takes a change back, and after how many looks that find it.
    takes_back: Option<(SafeText, u32)>,
    identity: Option<Result<Identity, Problem>>,
}

pub struct Cluster {
    name: ClusterName,
    state: Mutex<State>,
    holds: watch::Sender<bool>,
}

/// What a cluster says of itself and of us unless it is told otherwise.
pub fn alice() -> Identity {
    Identity { server: "https://eu".into(), uid: Some("u".into()), user: "alice".into() }
}

fn cut() -> Problem {
    Problem::new(ProblemKind::Server, "the connection was cut")
}

fn is_list(change: &Change) -> bool {
    matches!(change, Change::Template { .. })
}

impl State {
    fn seen(&self) -> Seen {
        Seen {
            uid: "u-1".into(),
            resource_version: self.version.to_string().into(),
            fingerprint: format!("first={};second={}", u8::from(self.parts[0]), u8::from(self.parts[1])).into(),
            ops: self.ops.clone(),
            annotated: true,
            observed: true,
            writer: self.writer.clone(),
            noted: true,
            ..Seen::default()
        }
    }

    fn settled(&self, change: &Change) -> Settled {
        // An abort undoes whatever stands there.
        if *change == Change::Abort {
            return if self.never_done { Settled::NotYet("pods".into()) } else { Settled::Reached };
        }
        match self.parts {
            [false, _] => Settled::Absent("it is not paused".into()),
            [true, false] if is_list(change) => Settled::NotYet("half of it".into()),
            _ if self.never_done => Settled::NotYet("1 of 3 pods".into()),
            _ => Settled::Reached,
        }
    }

    fn requests(&self, change: &Change) -> Vec<Request> {
        let request = |index: usize| {
            let marked = index == 0 && *change != Change::Retry;
            let annotations = if marked { json!({"gonogo.dev/ops": OP, "gonogo.dev/last": NOTE}) } else { json!({}) };
            Request {
                verb: Method::Patch,
                path: "/object".into(),
                content_type: BodyKind::MergePatch,
                body: json!({
                    "metadata": {"resourceVersion": self.version.to_string(), "annotations": annotations},
                    "spec": {"part": index},
                }),
                guard: Guarantee::Guarded,
                marked,
                by_hand: "kubectl".into(),
            }
        };
        if is_list(change) { (0..2).filter(|i| !self.parts[*i]).map(request).collect() } else { vec![request(0)] }
    }

    fn receipt(&self) -> Receipt {
        Receipt { status: 200, resource_version: Some(self.version.to_string().into()) }
    }

    fn apply(&mut self, request: &Request) -> Result<Receipt, Problem> {
        let meta = &request.body["metadata"];
        if meta["resourceVersion"].as_str() != Some(&self.version.to_string()) {
            return Err(Problem::new(ProblemKind::Conflict, "the object has been modified"));
        }
        self.version += 1;
        self.applied += 1;
        self.parts[usize::try_from(request.body["spec"]["part"].as_u64().unwrap()).unwrap()] = true;
        self.writer = Some("gonogo".into());
        self.ops.extend(meta["annotations"]["gonogo.dev/ops"].as_str().map(Arc::from));
        Ok(self.receipt())
    }
}

impl Cluster {
    pub fn new(name: &str) -> Self {
        let state = Mutex::new(State { version: 1, ..State::default() });
        Self { name: name.parse().unwrap(), state, holds: watch::Sender::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What a plan says of the object now.
    pub fn planned(&self, change: &Change) -> Move {
        let key = ObjectKey::new("shop", "payment").unwrap();
        let target = ChangeTarget { cluster: self.name.clone(), kind: ObjectKind::Rollout, key };
        let state = self.state();
        Move { target, change: change.clone(), seen: state.seen(), requests: state.requests(change) }
    }

    /// What becomes of the request with this number, counted from 0.
    pub fn fate(&self, at: usize, fate: Fate) {
        self.state().fates.insert(at, fate);
    }

    pub fn fates(&self, fates: &[Fate]) {
        self.state().fates.extend(fates.iter().copied().enumerate());
    }

    /// Who it says that it is, and that we are.
    pub fn says(&self, identity: Result<Identity, Problem>) {
        self.state().identity = Some(identity);
    }

    pub fn takes_back(&self, who: &str, after: u32) {
        self.state().takes_back = Some((who.into(), after));
    }

    pub fn never_done(&self) {
        self.state().never_done = true;
    }

    pub fn done(&self) {
        self.state().never_done = false;
    }

    pub fn is_back(&self) {
        self.state().gone = false;
    }

    pub fn sends(&self) -> Vec<String> {
        self.state().sends.clone()
    }

    pub fn fences(&self) -> Vec<String> {
        self.state().fences.clone()
    }

    pub fn applied(&self) -> usize {
        self.state().applied
    }

    pub fn arrives_late(&self) -> Result<Receipt, Problem> {
        let late = self.state().late.take().unwrap();
        self.state().apply(&late)
    }

    /// Waits until a request is held.
    pub async fn holds(&self) {
        self.holds.subscribe().wait_for(|h| *h).await.map(drop).unwrap();
    }
}

#[async_trait]
impl Workloads for Cluster {
    fn cluster(&self) -> &ClusterName {
        &self.name
    }

    async fn watch(&self, _: Sink) {}

    async fn discover(&self, _: &[Arc<str>]) -> FoundInCluster {
        unreachable!("nobody asks")
    }

    async fn examine(&self) -> Vec<Finding> {
        vec![]
    }

    async fn log(&self, _: &ContainerLog, _: LogSink) -> Result<(), Problem> {
        Ok(())
    }

    async fn preflight(&self, _: &ChangeTarget, _: &TemplateOf, _: &str) -> Result<TemplateFacts, Problem> {
        unreachable!("nobody asks")
    }

    async fn driver(&self, _: &ObjectKey) -> Result<Option<Driver>, Problem> {
        Ok(None)
    }

    async fn drive(&self, _: &ObjectKey, _: &SafeText, _: Option<&Driver>, _: &str) -> Result<Driver, Problem> {
        unreachable!("nobody asks")
    }

    async fn identity(&self) -> Result<Identity, Problem> {
        self.state().identity.clone().unwrap_or_else(|| Ok(alice()))
    }

    fn render(&self, _: &ChangeTarget, change: &Change, seen: &Seen) -> Result<Vec<Request>, Problem> {
        let state = self.state();
        assert!(*seen.resource_version <= *state.version.to_string());
        Ok(state.requests(change))
    }

    async fn look(&self, _: &ChangeTarget, change: &Change, _: &str) -> Result<(Seen, Settled), Problem> {
        let mut state = self.state();
        if state.gone {
            return Err(Problem::new(ProblemKind::Unreachable, "connection refused"));
        }
        if state.parts[0]
            && let Some((who, looks)) = state.takes_back.take()
        {
            if looks > 0 {
                state.takes_back = Some((who, looks - 1));
                return Ok((state.seen(), state.settled(change)));
            }
            state.parts = [false, false];
            state.version += 1;
            state.writer = Some(who);
        }
        Ok((state.seen(), state.settled(change)))
    }

    async fn dry_run(&self, _: &ChangeTarget, _: &Request, _: &str) -> Result<Receipt, Problem> {
        Ok(self.state().receipt())
    }

    async fn send(&self, _: &ChangeTarget, request: &Request, audit: &str) -> Result<Receipt, Problem> {
        let fate = {
            let mut state = self.state();
            let at = state.sends.len();
            state.sends.push(audit.to_owned());
            state.fates.get(&at).copied()
        };
        match fate {
            None => self.state().apply(request),
            Some(Fate::AppliedAndCut) => self.state().apply(request).and(Err(cut())),
            Some(Fate::AppliedAndGone) => {
                let mut state = self.state();
                state.gone = true;
                state.apply(request).and(Err(cut()))
            }
            Some(fate @ (Fate::Hangs | Fate::AppliedAndHangs)) => {
                if fate == Fate::AppliedAndHangs {
                    self.state().apply(request)?;
                }
                self.holds.send_replace(true);
                std::future::pending().await
            }
            Some(Fate::Late) => {
                self.state().late = Some(request.clone());
                Err(Problem::new(ProblemKind::Timeout, "no answer in time"))
            }
            Some(Fate::Noise) => {
                let mut state = self.state();
                state.version += 1;
                state.apply(request)
            }
            Some(Fate::Rival) => {
                let mut state = self.state();
                state.version += 1;
                state.parts[0] = true;
                state.ops.push("rival".into());
                state.apply(request)
            }
            Some(Fate::Forbidden) => Err(Problem::new(ProblemKind::Forbidden, "alice may not patch rollouts")),
        }
    }

    async fn fence(&self, _: &ChangeTarget, seen: &Seen, audit: &str) -> Result<Receipt, Problem> {
        let mut state = self.state();
        state.fences.push(audit.to_owned());
        if *seen.resource_version != *state.version.to_string() {
            return Err(Problem::new(ProblemKind::Conflict, "the object has been modified"));
        }
        state.version += 1;
        Ok(state.receipt())
    }
}
