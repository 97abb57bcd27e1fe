//! Every interleaving of two actors with the real machine, a server, its controllers and a network that loses, delays
//! and doubles requests, where each actor may crash once at any point and is taken up again from its journal.
//!
//! Both saw the same object and want the same of it, so at most one may succeed, unless it was taken back in between.
//! The figures are small on purpose: two faults of the network, one crash each, one write of a stranger, one take-back.

use std::{
    collections::{BTreeMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

use super::super::{Effect, Event, Looked, Operation, Parts, Stand, rules::Rules};
use crate::{
    domain::{
        BodyKind, Change, ChangeTarget, Guarantee, Method, NOTE, OP, ObjectKey, ObjectKind, OpId, Problem, ProblemKind, Receipt,
        Request, Seen, Settled,
    },
    engine::{
        journal::{self, Begun, Given, Hash as Digest, Head, Way},
        plan::Move,
    },
};

/// What is asked for, and whether the requests carry the marker.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// One request, with the marker.
    Marked,
    /// One request to a status, without.
    Unmarked,
    /// One with, then one without.
    Both,
}

impl Kind {
    fn requests(self) -> u8 {
        if self == Self::Both { 2 } else { 1 }
    }

    fn change(self) -> Change {
        match self {
            Self::Both => Change::Template { revision: "rs".into(), name: "rs".into(), hash: Some("h".into()) },
            _ => Change::Pause,
        }
    }

    fn marked(self, index: u8) -> bool {
        self != Self::Unmarked && index == 0
    }
}

/// One model.
#[derive(Debug, Clone, Copy)]
struct Setup {
    kind: Kind,
    rules: Rules,
    /// The server takes a request whatever version it names.
    blind: bool,
    /// A fence changes nothing, and so moves no version.
    hollow: bool,
    /// The marker is one id, and each writer overwrites it.
    single: bool,
    noise: u8,
    faults: u8,
    reverts: u8,
    crashes: u8,
}

impl Setup {
    fn of(kind: Kind) -> Self {
        Self { kind, rules: Rules::ALL, blind: false, hollow: false, single: false, noise: 1, faults: 2, reverts: 1, crashes: 1 }
    }
}

#[derive(Debug, Clone, Hash)]
struct Object {
    version: u32,
    ops: Vec<u8>,
    /// How often each request took effect since the last take-back.
    parts: [u8; 2],
    /// Its controller has made it so.
    done: bool,
    observed: bool,
}

/// What is on its way to the server.
#[derive(Debug, Clone, Hash)]
struct Message {
    actor: u8,
    version: u32,
    /// The request; `None` is a fence.
    index: Option<u8>,
}

#[derive(Clone)]
struct Actor {
    op: Option<Operation>,
    next: Option<Effect>,
    journal: Vec<Arc<journal::Event>>,
    crashes: u8,
    /// Requests from this one on were reported as not applied.
    denied: Option<u8>,
    /// It was reported that nothing is on its way.
    quiet: bool,
}

struct Step(&'static str, u8, Option<Arc<Step>>);

#[derive(Clone)]
struct World {
    setup: Setup,
    object: Object,
    flight: Vec<Message>,
    actors: [Actor; 2],
    applied: Vec<(u8, u8)>,
    noise: u8,
    faults: u8,
    reverts: u8,
    broken: Option<String>,
    trace: Option<Arc<Step>>,
}

/// The event that an answer becomes.
type Answer = fn(Result<Receipt, Problem>) -> Event;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

fn id(actor: u8) -> OpId {
    OpId::new(NOW, u64::from(actor) + 1)
}

fn target() -> ChangeTarget {
    ChangeTarget { cluster: "eu-1".parse().unwrap(), kind: ObjectKind::Rollout, key: ObjectKey::new("shop", "pay").unwrap() }
}

fn cut() -> Problem {
    Problem::new(ProblemKind::Timeout, "no answer in time")
}

fn begun(kind: Kind) -> Begun {
    Begun {
        command: vec!["pause".into()],
        service: None,
        also: vec![],
        environment: None,
        place: "here".into(),
        from: "a".into(),
        to: "b".into(),
        targets: vec![target()],
        plan_hash: Digest::NONE,
        policy_hash: None,
        consent: Given { tier: kind.requests(), by: Way::Key },
        reason: None,
        rejects: vec![],
        goes_back: false,
        expires: None,
    }
}

impl Object {
    fn new() -> Self {
        Self { version: 1, ops: vec![], parts: [0, 0], done: false, observed: true }
    }

    fn seen(&self) -> Seen {
        Seen {
            uid: "u".into(),
            resource_version: self.version.to_string().into(),
            fingerprint: format!("first={};second={}", self.parts[0], self.parts[1]).into(),
            ops: self.ops.iter().map(|a| id(*a).as_str().into()).collect(),
            annotated: true,
            observed: self.observed,
            noted: true,
            ..Seen::default()
        }
    }

    fn settled(&self, kind: Kind) -> Settled {
        if self.parts[0] == 0 {
            Settled::Absent("it is not there".into())
        } else if self.done && self.whole(kind) {
            Settled::Reached
        } else {
            Settled::NotYet("its controller is at it".into())
        }
    }

    fn whole(&self, kind: Kind) -> bool {
        self.parts[0] > 0 && (kind != Kind::Both || self.parts[1] > 0)
    }

    fn requests(&self, kind: Kind) -> Vec<Request> {
        let remains = |i: &u8| kind != Kind::Both || self.parts[usize::from(*i)] == 0 || self.parts[0] == 0;
        (0..kind.requests()).filter(remains).map(|i| self.request(kind, i)).collect()
    }

    fn request(&self, kind: Kind, index: u8) -> Request {
        let marked = kind.marked(index);
        let annotations = if marked { json!({"gonogo.dev/ops": OP, "gonogo.dev/last": NOTE}) } else { json!({}) };
        Request {
            verb: Method::Patch,
            path: "/object".into(),
            content_type: BodyKind::MergePatch,
            body: json!({
                "metadata": {"resourceVersion": self.version, "annotations": annotations},
                "spec": {"part": index},
            }),
            guard: Guarantee::Guarded,
            marked,
            by_hand: "".into(),
        }
    }

    fn look(&self, kind: Kind) -> Looked {
        Looked { seen: self.seen(), settled: self.settled(kind), remain: Ok(self.requests(kind)) }
    }
}

impl World {
    fn new(setup: Setup) -> Self {
        let object = Object::new();
        let actor = |a: u8| {
            let m = Move {
                target: target(),
                change: setup.kind.change(),
                seen: object.seen(),
                requests: object.requests(setup.kind),
            };
            let parts = Parts {
                op: id(a),
                title: "PAUSE".into(),
                begun: Box::new(begun(setup.kind)),
                moves: vec![m],
                deadline: Duration::from_secs(600),
                watch: Duration::ZERO,
                one_by_one: true,
                who: BTreeMap::new(),
            };
            let (op, effects) = Operation::under(setup.rules, parts, NOW);
            let mut actor =
                Actor { op: Some(op), next: None, journal: vec![], crashes: setup.crashes, denied: None, quiet: false };
            actor.take(effects);
            actor
        };
        Self {
            setup,
            flight: vec![],
            actors: [actor(0), actor(1)],
            applied: vec![],
            noise: setup.noise,
            faults: setup.faults,
            reverts: setup.reverts,
            broken: None,
            trace: None,
            object,
        }
    }

    /// What makes two worlds the same: which actor is which does not count, and of a version only whether it is the
    /// present one, because one that is gone never comes back.
    fn key(&self) -> u64 {
        self.key_as([0, 1]).min(self.key_as([1, 0]))
    }

    fn key_as(&self, order: [u8; 2]) -> u64 {
        let mut h = DefaultHasher::new();
        let Object { version, ops, parts, done, observed } = &self.object;
        let name = |a: u8| order[usize::from(a)];
        (parts, done, observed, self.noise, self.faults, self.reverts).hash(&mut h);
        ops.iter().map(|a| name(*a)).collect::<Vec<_>>().hash(&mut h);
        let mut applied: Vec<_> = self.applied.iter().map(|(a, i)| (name(*a), i)).collect();
        applied.sort_unstable();
        applied.hash(&mut h);
        let mut flight: Vec<_> = self.flight.iter().map(|m| (name(m.actor), m.version == *version, m.index)).collect();
        flight.sort_unstable();
        flight.hash(&mut h);
        for a in order {
            self.actors[usize::from(a)].key(*version, order, &mut h);
        }
        h.finish()
    }

    fn after(&self, what: &'static str, actor: u8) -> Self {
        let mut next = self.clone();
        next.trace = Some(Arc::new(Step(what, actor, self.trace.clone())));
        next
    }

    /// The server gets a message.
    fn deliver(&mut self, m: &Message) -> Result<Receipt, Problem> {
        if m.version != self.object.version && !self.setup.blind {
            return Err(Problem::new(ProblemKind::Conflict, "the object has been modified"));
        }
        let Some(index) = m.index else {
            self.object.version += u32::from(!self.setup.hollow);
            return Ok(self.receipt());
        };
        let parts = self.object.parts;
        let stale = if index == 0 { parts != [0, 0] } else { parts != [1, 0] };
        if stale {
            self.broken.get_or_insert(format!("stale: request {index} of {} on {parts:?}", m.actor));
        }
        if index == 1 && !self.object.observed {
            self.broken.get_or_insert("sent to a controller that has not seen the newest state".to_owned());
        }
        if self.applied.contains(&(m.actor, index)) {
            self.broken.get_or_insert(format!("double: request {index} of {}", m.actor));
        }
        let actor = &self.actors[usize::from(m.actor)];
        if actor.denied.is_some_and(|from| index >= from) || actor.quiet {
            self.broken.get_or_insert(format!("wrong: {} said it was not applied, and then it was", m.actor));
        }
        self.applied.push((m.actor, index));
        self.object.parts[usize::from(index)] += 1;
        self.object.done = false;
        self.object.observed &= index > 0;
        self.object.version += 1;
        if self.setup.kind.marked(index) {
            if self.setup.single {
                self.object.ops.clear();
            }
            self.object.ops.push(m.actor);
        }
        Ok(self.receipt())
    }

    fn receipt(&self) -> Receipt {
        Receipt { status: 200, resource_version: Some(self.object.version.to_string().into()) }
    }

    /// An actor gets an event.
    fn tell(mut self, a: u8, now: Timestamp, event: Event) -> Self {
        let actor = &mut self.actors[usize::from(a)];
        let Some(op) = &mut actor.op else { return self };
        let effects = op.on(now, event);
        actor.take(effects);
        self.judge(a);
        self
    }

    /// What an actor reports has to be so.
    fn judge(&mut self, a: u8) {
        let actor = &mut self.actors[usize::from(a)];
        let Some(op) = &actor.op else { return };
        let Some(outcome) = op.outcome() else { return };
        let progress = op.progress();
        let t = &progress.targets[0];
        let mine = |from: u8| self.applied.iter().any(|(who, index)| *who == a && *index >= from);
        let lies = outcome.changed.is_some_and(|changed| changed != mine(0));
        let wrong = match t.state {
            Stand::Reached => self.object.settled(self.setup.kind) != Settled::Reached,
            Stand::Accepted | Stand::Reverted | Stand::Failed | Stand::GaveUp => false,
            Stand::Changed | Stand::NotApplied | Stand::NotBegun => {
                let from = u8::try_from(t.applied).unwrap();
                actor.denied = Some(from);
                mine(from)
            }
            Stand::NotThere => {
                actor.quiet = true;
                false
            }
            Stand::Unknown | Stand::Waiting | Stand::Looking | Stand::Sending | Stand::Settling => {
                self.broken.get_or_insert(format!("unknown: {a} does not know, and the server is there"));
                false
            }
        };
        if wrong || lies {
            self.broken.get_or_insert(format!("wrong: {a} says {}: {}", t.state, outcome.sentence));
        }
    }

    fn successors(&self) -> Vec<Self> {
        let mut all = vec![];
        // What concerns nobody else may as well come first.
        for a in 0..2 {
            if matches!(self.actors[usize::from(a)].next, Some(Effect::Journal(_) | Effect::Sleep(_))) {
                self.act(a, &mut all);
                return all;
            }
        }
        for a in 0..2 {
            self.act(a, &mut all);
        }
        // A message that never arrives is one that is on its way for ever.
        for i in 0..self.flight.len() {
            let mut w = self.after("arrives late", self.flight[i].actor);
            let m = w.flight.remove(i);
            w.deliver(&m).ok();
            all.push(w);
        }
        if !self.object.observed || (!self.object.done && self.object.whole(self.setup.kind)) {
            let mut w = self.after("controller", 9);
            w.object.observed = true;
            w.object.done = w.object.whole(self.setup.kind);
            w.object.version += 1;
            all.push(w);
        }
        if self.noise > 0 {
            let mut w = self.after("noise", 9);
            w.noise -= 1;
            w.object.version += 1;
            all.push(w);
        }
        if self.reverts > 0 && self.object.parts != [0, 0] {
            let mut w = self.after("taken back", 9);
            w.reverts -= 1;
            w.object.parts = [0, 0];
            (w.object.done, w.object.observed) = (false, true);
            w.object.version += 1;
            all.push(w);
        }
        all
    }

    /// What an actor can do, and what can happen to it.
    fn act(&self, a: u8, all: &mut Vec<Self>) {
        let actor = &self.actors[usize::from(a)];
        let Some(next) = &actor.next else { return };
        let faulty = |what: &'static str| {
            let mut w = self.after(what, a);
            w.faults -= 1;
            w
        };
        if actor.crashes > 0 && !matches!(next, Effect::Sleep(_)) {
            all.push(self.after("crash", a).crash(a));
        }
        let (message, event): (Message, Answer) = match next {
            Effect::Journal(lines) => {
                let mut w = self.after("journal", a);
                w.actors[usize::from(a)].journal.extend(lines.iter().cloned().map(Arc::new));
                all.push(w.tell(a, NOW, Event::Journalled(Ok(Head::NONE))));
                return;
            }
            Effect::Look { .. } => {
                let looked = Box::new(self.object.look(self.setup.kind));
                all.push(self.after("look", a).tell(a, NOW, Event::Looked(Ok(looked))));
                if self.faults > 0 {
                    all.push(faulty("look fails").tell(a, NOW, Event::Looked(Err(cut()))));
                }
                return;
            }
            Effect::Sleep(_) => {
                all.push(self.after("wake", a).tell(a, NOW, Event::Woke));
                return;
            }
            Effect::Note(_) => return,
            Effect::Send { request, .. } => {
                let number = |path: &str| u32::try_from(request.body.pointer(path).unwrap().as_u64().unwrap()).unwrap();
                let index = u8::try_from(number("/spec/part")).unwrap();
                (Message { actor: a, version: number("/metadata/resourceVersion"), index: Some(index) }, Event::Sent)
            }
            Effect::Fence { seen, .. } => {
                (Message { actor: a, version: seen.resource_version.parse().unwrap(), index: None }, Event::Fenced)
            }
        };
        let mut w = self.after("send", a);
        let answer = w.deliver(&message);
        all.push(w.tell(a, NOW, event(answer)));
        if self.faults > 0 {
            let mut w = faulty("answer is lost");
            w.deliver(&message).ok();
            all.push(w.tell(a, NOW, event(Err(cut()))));
            let mut w = faulty("delayed");
            w.flight.push(message.clone());
            all.push(w.tell(a, NOW, event(Err(cut()))));
            let mut w = faulty("doubled");
            let answer = w.deliver(&message);
            w.flight.push(message.clone());
            all.push(w.tell(a, NOW, event(answer)));
            if message.index.is_some_and(|index| self.setup.kind.marked(index)) {
                // Without a mark nobody can tell that it was the copy.
                let mut w = faulty("doubled, and the second is answered");
                w.deliver(&message).ok();
                let answer = w.deliver(&message);
                all.push(w.tell(a, NOW, event(answer)));
            }
        }
        if actor.crashes > 0 {
            let mut w = self.after("crash after send", a);
            w.flight.push(message);
            all.push(w.crash(a));
        }
    }

    /// The process ends; another one takes up what the journal says.
    fn crash(mut self, a: u8) -> Self {
        let actor = &mut self.actors[usize::from(a)];
        actor.crashes -= 1;
        let lines: Vec<&journal::Event> = actor.journal.iter().map(|l| &**l).collect();
        if lines.is_empty() {
            // Nobody knows of it, and so nothing may ever come of it.
            (actor.op, actor.next, actor.denied) = (None, None, Some(0));
            return self;
        }
        let begun = begun(self.setup.kind);
        let (op, effects) = Operation::resume_under(self.setup.rules, (&id(a), NOW, &begun), lines, later());
        actor.op = Some(op);
        actor.take(effects);
        self
    }
}

impl Actor {
    fn take(&mut self, effects: Vec<Effect>) {
        self.next = None;
        for effect in effects {
            match effect {
                Effect::Note(lines) => self.journal.extend(lines.into_iter().map(Arc::new)),
                other => {
                    assert!(self.next.is_none(), "one effect at a time is answered");
                    self.next = Some(other);
                }
            }
        }
    }

    fn key(&self, version: u32, order: [u8; 2], h: &mut DefaultHasher) {
        (self.denied, self.quiet).hash(h);
        let Some(op) = self.op.as_ref().filter(|_| self.next.is_some()) else { return };
        let present = |seen: &Seen| *seen.resource_version == *version.to_string();
        let ids = [id(0), id(1)];
        let ops = |seen: &Seen| -> Vec<u8> { seen.ops.iter().map(|o| order[usize::from(**o == *ids[1].as_str())]).collect() };
        (self.crashes, op.phase, op.attempts, op.misses, op.stopped, op.resumed, op.refused.is_some()).hash(h);
        let t = &op.tracks[0];
        (t.stand, t.applied, t.ours).hash(h);
        if let Some(s) = &op.shot {
            (s.index, s.fences, present(&s.seen), ops(&s.seen)).hash(h);
        }
        // What a crash would leave.
        if self.crashes > 0 {
            let mut last = None;
            for line in &self.journal {
                match &**line {
                    journal::Event::Intent(i) => last = Some((i.request, present(&i.seen), ops(&i.seen), None, None)),
                    journal::Event::Answer { answer, .. } => {
                        last = last.map(|(n, v, o, _, s)| (n, v, o, Some(std::mem::discriminant(answer)), s));
                    }
                    journal::Event::Settled { outcome, by, .. } => {
                        last = last.map(|(n, v, o, a, _)| (n, v, o, a, Some((*outcome as u8, *by as u8))));
                    }
                    _ => {}
                }
            }
            (last, self.journal.is_empty()).hash(h);
        }
    }
}

/// What came of a search.
struct Found {
    states: usize,
    broken: Option<(String, String)>,
}

fn search(setup: Setup) -> Found {
    let first = World::new(setup);
    let mut known = HashSet::from([first.key()]);
    let mut open = vec![first];
    while let Some(world) = open.pop() {
        for mut next in world.successors() {
            if let Some(why) = &next.broken {
                let mut steps = vec![];
                let mut step = next.trace.clone();
                while let Some(s) = step {
                    steps.push(format!("{}:{}", s.1, s.0));
                    step = s.2.clone();
                }
                steps.reverse();
                return Found { states: known.len(), broken: Some((why.clone(), steps.join(", "))) };
            }
            if !setup.blind {
                // Whatever names a version that is gone is dead.
                let version = next.object.version;
                next.flight.retain(|m| m.version == version);
            }
            if known.insert(next.key()) {
                open.push(next);
            }
        }
    }
    Found { states: known.len(), broken: None }
}

fn holds(setup: Setup) {
    let found = search(setup);
    if let Some((why, steps)) = found.broken {
        panic!("{why}\n{steps}");
    }
    assert!(found.states > 1_000, "the model has come to a standstill: {} states", found.states);
}

/// Whether the model notices a fault, and calls it by the right name.
fn notices(setup: Setup, expected: &[&str]) {
    let (why, _) = search(setup).broken.expect("the planted fault goes unnoticed");
    assert!(expected.iter().any(|e| why.starts_with(e)), "noticed as {why}");
}

#[test]
fn a_marked_request_is_never_doubled_stale_misreported_or_unknown() {
    holds(Setup::of(Kind::Marked));
}

#[test]
fn an_unmarked_request_is_never_doubled_stale_misreported_or_unknown() {
    holds(Setup::of(Kind::Unmarked));
}

#[test]
fn a_list_of_requests_is_never_doubled_stale_misreported_or_unknown() {
    holds(Setup { faults: 1, ..Setup::of(Kind::Both) });
}

#[test]
fn without_the_fingerprint_a_change_meets_another_object() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { rules: Rules::NO_FINGERPRINT, ..Setup::of(kind) }, &["stale"]);
    }
}

#[test]
fn a_server_that_ignores_the_version_is_noticed() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { blind: true, ..Setup::of(kind) }, &["stale", "double", "wrong"]);
    }
}

#[test]
fn without_a_fence_a_late_request_makes_a_liar() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { rules: Rules::NO_FENCE, ..Setup::of(kind) }, &["wrong"]);
    }
}

#[test]
fn a_fence_that_changes_nothing_settles_nothing() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { hollow: true, ..Setup::of(kind) }, &["unknown"]);
    }
}

#[test]
fn to_send_again_on_a_time_out_is_wrong() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { rules: Rules::RESEND, ..Setup::of(kind) }, &["double", "wrong"]);
    }
}

#[test]
fn what_is_journalled_after_it_was_sent_is_not_known_after_a_crash() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { rules: Rules::JOURNAL_LAST, ..Setup::of(kind) }, &["wrong"]);
    }
}

#[test]
fn accepted_is_not_done() {
    for kind in [Kind::Marked, Kind::Unmarked] {
        notices(Setup { rules: Rules::TRUST, ..Setup::of(kind) }, &["wrong"]);
    }
}

#[test]
fn a_single_marker_forgets() {
    notices(Setup { single: true, ..Setup::of(Kind::Marked) }, &["wrong"]);
}
