//! A small company for plans: staging and a production of two clusters; `payment` is a Rollout, `cart` a Deployment,
//! `front` a pair of Deployments behind a Service.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::*;
use crate::{
    action::{Target, Verb},
    domain::{
        Arm, ArmMetrics, BlueGreen, BodyKind, ChangeTarget, ClusterName, ClusterUpdate, Deployment, Environment, Guarantee,
        KubeService, Labels, Limits, Method, MetricKey, MetricsSettings, NoValue, OpId, Placing, Pod, Policy, Problem,
        ProblemKind, Receipt, ReplicaSet, Request, Rollout, RolloutPhase, Seen, Service, Settled, SourceUpdate, Timing, Topology,
        Update, WARM, Window, Workload, WorkloadKind, WorkloadRef, Writer, rows,
    },
    engine::Store,
};

pub(super) const PRODUCTION: [&str; 2] = ["eu-1", "us-1"];

/// A Tuesday, ten in the morning.
pub(super) fn now() -> Timestamp {
    "2026-03-10T10:00:00Z".parse().unwrap()
}

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(s: &str) -> T {
    s.parse().unwrap()
}

/// What the topology is made with.
#[derive(Clone)]
pub(super) struct Say {
    pub readonly: bool,
    pub policy: Policy,
    pub timing: Timing,
    /// A cluster of production of which nothing was ever read.
    pub unread: Option<&'static str>,
}

impl Default for Say {
    fn default() -> Self {
        Self { readonly: false, policy: Policy::Production, unread: None, timing: Timing::default() }
    }
}

pub(super) fn window(text: &str) -> Timing {
    Timing { window: Window::parse(text, |_| Some(jiff::tz::TimeZone::UTC)), freezes: vec![] }
}

fn service(n: &str, kind: WorkloadKind, workload: &str) -> Service {
    Service {
        name: name(n),
        pipeline: None,
        workload: WorkloadRef { kind, name: workload.into() },
        slo: Limits { errors: Some(0.01), p95: None },
        runbook: None,
        links: vec![],
        blue_green: None,
    }
}

fn topology(say: &Say) -> Arc<Topology> {
    let placing = |c: &&str| Placing { cluster: name(c), namespace: "shop".into() };
    let environment = |n: &str, clusters: &[&str], say: &Say| Environment {
        name: name(n),
        policy: say.policy,
        readonly: say.readonly,
        timing: say.timing.clone(),
        clusters: clusters.iter().map(placing).collect(),
    };
    let side = |n: &str| WorkloadRef { kind: WorkloadKind::Deployment, name: n.into() };
    let pair = BlueGreen {
        service: "front".into(),
        blue: side("front-blue"),
        green: side("front-green"),
        preview: Some("front-preview".into()),
        warm: WARM,
    };
    Arc::new(Topology {
        environments: vec![
            environment("staging", &["stg"], &Say { policy: Policy::Open, ..Say::default() }),
            environment("production", &PRODUCTION, say),
        ],
        services: vec![
            service("payment", WorkloadKind::Rollout, "payment"),
            service("cart", WorkloadKind::Deployment, "cart"),
            Service { blue_green: Some(pair), ..service("front", WorkloadKind::Deployment, "front-blue") },
        ],
        metrics: Some(MetricsSettings::single("plain", &[], SignedDuration::from_secs(15))),
        pipelines: false,
    })
}

/// Rows of one cluster, by the version that each service has there.
pub(super) struct Rows {
    pub rollouts: Vec<Rollout>,
    pub deployments: Vec<Deployment>,
    pub sets: Vec<ReplicaSet>,
    pub pods: Vec<Pod>,
    pub services: Vec<KubeService>,
}

/// A ReplicaSet `OF-HASH` of the workload whose uid is its name, with so many pods; its digest is the letter.
pub(super) fn set(of: &str, hash: &str, revision: i64, tag: &str, pods: u32) -> ReplicaSet {
    ReplicaSet {
        meta: rows::meta(&format!("{of}-{hash}"), &format!("{of}-{hash}-uid")),
        owner: Some(of.into()),
        hash: Some(hash.into()),
        ..rows::replica_set(of, hash, revision, tag, pods)
    }
}

pub(super) fn pod(set: &ReplicaSet, letter: &str) -> Pod {
    Pod { digests: vec![Some(rows::digest(letter))], ..rows::pod(&format!("{}-x", set.meta.key.name), &set.meta.uid, true) }
}

fn workload(n: &str, tag: &str) -> Workload {
    Workload { meta: rows::meta(n, n), ..rows::workload(n, tag) }
}

pub(super) fn deployment(n: &str, tag: &str, revision: i64) -> Deployment {
    Deployment { workload: workload(n, tag), revision: Some(revision), ..rows::deployment() }
}

/// A Rollout of `payment` at 20 %, or done where both are the same.
pub(super) fn rollout(stable: &str, current: &str) -> Rollout {
    let at_20 = rows::rollout("payment", stable, current);
    let pauses = at_20.pauses.iter().map(|(why, _)| (why.clone(), Some(now()))).collect();
    Rollout { workload: Workload { meta: rows::meta("payment", "payment"), ..at_20.workload.clone() }, pauses, ..at_20 }
}

/// The digest of a version of `cart`.
fn letter(tag: &str) -> &'static str {
    match tag {
        "1.0" => "a",
        "1.1" => "b",
        "1.2" => "c",
        _ => "d",
    }
}

impl Rows {
    /// A cluster in which `cart` is at `tag`, with 1.0 as an earlier revision, and `payment` is done.
    pub fn calm(tag: &str) -> Self {
        let mut sets = vec![set("cart", "new", 2, tag, 3), set("cart", "old", 1, "0.9", 0), set("payment", "a", 1, "1.0", 3)];
        sets[1].template.containers[0].image.digest = Some(rows::digest("9"));
        let mut pods = vec![pod(&sets[0], letter(tag)), pod(&sets[2], "1")];
        let mut deployments = vec![deployment("cart", tag, 2)];
        for (side, tag, many, l) in [("blue", "2.0", 3, "2"), ("green", "2.1", 3, "3")] {
            let n = format!("front-{side}");
            let mut d = deployment(&n, tag, 1);
            d.workload.template.labels = labels(side);
            d.workload.wanted = many;
            let s = set(&n, "x", 1, tag, many);
            pods.push(pod(&s, l));
            sets.push(s);
            deployments.push(d);
        }
        Self { rollouts: vec![rollout("a", "a")], deployments, sets, pods, services: vec![leads("blue"), preview("green")] }
    }

    /// The same with `payment` 2.0 on its way at 20 %.
    pub fn canary(tag: &str) -> Self {
        let mut rows = Self::calm(tag);
        let new = set("payment", "b", 2, "2.0", 1);
        rows.pods.push(pod(&new, "5"));
        rows.sets.push(new);
        rows.rollouts = vec![rollout("a", "b")];
        rows
    }

    pub fn rollout(&mut self, change: impl FnOnce(&mut Rollout)) -> &mut Self {
        change(&mut self.rollouts[0]);
        self
    }

    pub fn deployment(&mut self, n: &str, change: impl FnOnce(&mut Deployment)) -> &mut Self {
        change(self.deployments.iter_mut().find(|d| &*d.workload.meta.key.name == n).unwrap());
        self
    }
}

fn labels(side: &str) -> Labels {
    [("app".into(), "front".into()), ("side".into(), side.into())].into()
}

/// The Service of `front`, which leads to a side; somebody wrote it an hour ago.
pub(super) fn leads(side: &str) -> KubeService {
    let at = now().checked_sub(SignedDuration::from_hours(1)).ok();
    let writers = vec![Writer { manager: "kubectl".into(), operation: "Update".into(), at }];
    let service = rows::service("front");
    KubeService { selector: labels(side), meta: crate::domain::Meta { writers, ..service.meta.clone() } }
}

fn preview(side: &str) -> KubeService {
    KubeService { selector: labels(side), ..rows::service("front-preview") }
}

/// A store that has read everything.
pub(super) struct World(pub Store);

impl World {
    pub fn new(say: &Say, staging: Rows, production: impl Fn() -> Rows) -> Self {
        let mut world = Self(Store::new(topology(say)));
        world.cluster("stg", staging);
        for cluster in PRODUCTION.into_iter().filter(|c| say.unread != Some(*c)) {
            world.cluster(cluster, production());
        }
        let figure = |service: &str, arm, errors| ArmMetrics {
            errors: Ok(errors),
            rps: Ok(50.0),
            requests: Ok(15_000.0),
            ..ArmMetrics::unknown(MetricKey { service: name(service), environment: name("production"), arm }, &NoValue::Empty)
        };
        let mut figures: Vec<ArmMetrics> = ["payment", "cart", "front"].iter().map(|s| figure(s, Arm::Serving, 0.001)).collect();
        figures.extend([figure("payment", Arm::Canary, 0.001), figure("payment", Arm::Baseline, 0.001)]);
        world.tell(SourceUpdate::Metrics(Update::Replace(figures)));
        world
    }

    pub fn tell(&mut self, update: SourceUpdate) -> &mut Self {
        self.0.fold(update, now());
        self
    }

    fn section(&mut self, cluster: &str, update: ClusterUpdate) {
        self.tell(SourceUpdate::Cluster(name::<ClusterName>(cluster), update));
    }

    pub fn cluster(&mut self, cluster: &str, rows: Rows) {
        self.section(cluster, ClusterUpdate::Rollouts(Update::Replace(rows.rollouts)));
        self.section(cluster, ClusterUpdate::Deployments(Update::Replace(rows.deployments)));
        self.section(cluster, ClusterUpdate::ReplicaSets(Update::Replace(rows.sets)));
        self.section(cluster, ClusterUpdate::Pods(Update::Replace(rows.pods)));
        self.section(cluster, ClusterUpdate::Services(Update::Replace(rows.services)));
        let ready = vec![rows::endpoints("front", 3), rows::endpoints("front-preview", 3), rows::endpoints("cart", 3)];
        self.section(cluster, ClusterUpdate::Endpoints(Update::Replace(ready)));
    }

    /// The canary of `payment` fails.
    pub fn sick(mut self) -> Self {
        for arm in [Arm::Canary, Arm::Serving] {
            for service in ["payment", "cart", "front"] {
                let key = MetricKey { service: name(service), environment: name("production"), arm };
                let errors = if arm == Arm::Canary { 0.2 } else { 0.5 };
                let row = ArmMetrics {
                    errors: Ok(errors),
                    rps: Ok(50.0),
                    requests: Ok(15_000.0),
                    ..ArmMetrics::unknown(key, &NoValue::Empty)
                };
                self.tell(SourceUpdate::Metrics(Update::Upsert(row)));
            }
        }
        self
    }

    /// Every feed of production has gone stale, and metrics are gone.
    pub fn stale(mut self) -> Self {
        for cluster in PRODUCTION {
            let trouble = || Problem::new(ProblemKind::Timeout, "10 s");
            self.section(cluster, ClusterUpdate::Rollouts(Update::Trouble(trouble())));
            self.section(cluster, ClusterUpdate::Deployments(Update::Trouble(trouble())));
            self.section(cluster, ClusterUpdate::Services(Update::Trouble(trouble())));
            self.section(cluster, ClusterUpdate::ReplicaSets(Update::Trouble(trouble())));
        }
        self.tell(SourceUpdate::Metrics(Update::Trouble(Problem::new(ProblemKind::Unreachable, "gone"))));
        self
    }

    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        self.0.snapshot(now())
    }
}

pub(super) fn told() -> Told {
    Told { guard: Guard::default(), id: OpId::new(now(), 7), at: now(), kept: Kept::default() }
}

/// A verb on the service that has something for it.
pub(super) fn action(verb: Verb) -> Action {
    let service = match verb {
        Verb::Promote | Verb::Rollback | Verb::Restart => "cart",
        Verb::Fill | Verb::Switch | Verb::Retire => "front",
        Verb::Step | Verb::Abort | Verb::Pause | Verb::Resume | Verb::Retry => "payment",
    };
    on(verb, service)
}

pub(super) fn on(verb: Verb, service: &str) -> Action {
    verb.on(Target::new(name(service), name("production")))
}

/// The world in which a verb has something to do.
pub(super) fn world(verb: Verb, say: &Say) -> World {
    let staging = || {
        let mut rows = Rows::calm("1.1");
        // The serving side of the pair in staging is a build that production does not know.
        rows.deployment("front-blue", |d| d.workload.template = rows::template("front-blue", "2.2"));
        rows.deployment("front-blue", |d| d.workload.template.labels = labels("blue"));
        for set in rows.sets.iter_mut().filter(|s| s.meta.key.name.starts_with("front-blue")) {
            set.template = rows::template("front-blue", "2.2");
            set.template.labels.insert(crate::domain::VERSION_LABEL.into(), "2.2".into());
        }
        for pod in rows.pods.iter_mut().filter(|p| p.key.name.starts_with("front-blue")) {
            pod.digests = vec![Some(rows::digest("4"))];
        }
        rows
    };
    World::new(say, staging(), || {
        let mut rows = match verb {
            Verb::Step | Verb::Abort | Verb::Pause | Verb::Resume | Verb::Retry => Rows::canary("1.0"),
            _ => Rows::calm("1.0"),
        };
        match verb {
            Verb::Resume => {
                rows.rollout(|r| r.paused = true);
            }
            Verb::Retry => {
                rows.rollout(|r| {
                    r.aborted = true;
                    r.phase = RolloutPhase::Degraded;
                });
            }
            _ => {}
        }
        rows
    })
}

/// What a server says that takes the change.
pub(super) const OK: Result<Receipt, Problem> = Ok(Receipt { status: 200, resource_version: None });

/// What systems answer.
#[derive(Clone)]
pub(super) struct Answers {
    pub settled: Settled,
    pub dry_run: Result<Receipt, Problem>,
    pub facts: Result<TemplateFacts, Problem>,
    pub seen: fn(&mut Seen),
    pub look: fn(&ChangeTarget) -> Result<(), Problem>,
    pub identity: Result<(), Problem>,
    pub driver: Result<Option<Driver>, Problem>,
}

pub(super) use crate::domain::{Driver, TemplateFacts};

impl Default for Answers {
    fn default() -> Self {
        Self {
            settled: Settled::Absent("".into()),
            dry_run: OK,
            facts: Ok(TemplateFacts::default()),
            seen: |_| {},
            look: |_| Ok(()),
            identity: Ok(()),
            driver: Ok(None),
        }
    }
}

/// What is seen of an object when nothing has changed since the snapshot.
fn seen(s: &Snapshot, target: &ChangeTarget) -> Seen {
    let cluster = &s.clusters[&target.cluster];
    let d = cluster.deployments.value().and_then(|all| all.get(&target.key)).map(Seen::deployment);
    let r = cluster.rollouts.value().and_then(|all| all.get(&target.key)).map(Seen::rollout);
    let service = cluster.services.value().and_then(|all| all.get(&target.key)).map(Seen::service);
    match target.kind {
        crate::domain::ObjectKind::Deployment => d.unwrap(),
        crate::domain::ObjectKind::Rollout => r.unwrap(),
        crate::domain::ObjectKind::Service => Seen { behind: Some(3), ..service.unwrap() },
    }
}

impl Answers {
    fn to(&self, s: &Snapshot, question: &Question) -> Result<Said, Problem> {
        match question {
            Question::Object { target, .. } => {
                (self.look)(target)?;
                let mut seen = seen(s, target);
                (self.seen)(&mut seen);
                let request = Request {
                    verb: Method::Patch,
                    path: "/x".into(),
                    content_type: BodyKind::MergePatch,
                    body: serde_json::json!({}),
                    guard: Guarantee::Guarded,
                    marked: true,
                    by_hand: "kubectl".into(),
                };
                let requests = vec![request];
                let dry_run = self.dry_run.clone();
                Ok(Said::Object(Box::new(Looked { seen, settled: self.settled.clone(), requests, dry_run })))
            }
            Question::Identity(cluster) => {
                self.identity.clone()?;
                let server = format!("https://{cluster}");
                Ok(Said::Identity(crate::domain::Identity {
                    server: server.into(),
                    uid: Some("ks".into()),
                    user: "alice".into(),
                }))
            }
            Question::Driver { .. } => self.driver.clone().map(Said::Driver),
            Question::Template { .. } => self.facts.clone().map(Said::Template),
        }
    }
}

/// Plans to the end.
pub(super) fn run(action: &Action, s: &Snapshot, told: &Told, answers: &Answers) -> Result<Plan, Refusal> {
    let asked = match plan(action, s, told, &[])? {
        Planned::Plan(_) => panic!("a plan without a look at the object"),
        Planned::Need(questions) => questions,
    };
    let answered: Vec<Answer> = asked.into_iter().map(|question| Answer { said: answers.to(s, &question), question }).collect();
    match plan(action, s, told, &answered)? {
        Planned::Plan(plan) => Ok(*plan),
        Planned::Need(more) => panic!("asked twice: {more:?}"),
    }
}

/// Plans in a world as it is, with answers as they should be.
pub(super) fn ok(action: &Action, world: &mut World) -> Result<Plan, Refusal> {
    run(action, &world.snapshot(), &told(), &Answers::default())
}

/// Why it is refused, and with which exit code.
pub(super) fn refused(planned: Result<Plan, Refusal>) -> (String, u8) {
    let refusal = planned.map(|p| p.title().to_string()).unwrap_err();
    (refusal.why.to_string(), refusal.exit.code())
}
