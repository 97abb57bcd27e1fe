//! A small world made by hand, for tests of the model, update and view.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Bound, Group, PlanCard, PlanRow, Way, Ways};
use crate::{
    action::Action,
    domain::{
        Arm, ArmMetrics, Canary, CanaryPhase, ChangeTarget, ClusterName, ClusterState, Delivery, Environment, Event, Evidence,
        Exit, Feed, Health, History, Limits, MetricKey, MetricsSettings, NoValue, ObjectKey, ObjectKind, OpId, Placement,
        PlacementKey, Placing, Policy, Reason, Refusal, Service, Snapshot, Station, StationKind, Step, Topology, Verdict,
        VerdictReport, Version, Weight, WorkloadKind, WorkloadRef, rows,
    },
    engine::operation::{Outcome, Progress, Stand, TargetProgress},
};

/// When it is: 2026-11-24, a Tuesday, 10:20.
pub fn now() -> Timestamp {
    "2026-11-24T10:20:00Z".parse().unwrap()
}

fn version(tag: &str) -> Version {
    Version { tag: tag.into(), digest: None, commit: None }
}

const SERVICES: [(&str, &str, &str, &str); 5] = [
    ("auth", "2.8.1", "2.8.1", "2.8.1"),
    ("payment", "4.2.0", "4.2.0", "4.1.7"),
    ("order", "7.0.4", "7.0.3", "7.0.3"),
    ("cart", "5.5.0", "5.5.0", "5.4.9"),
    ("recommendation", "9.0.1", "9.0.1", "9.0.1"),
];

/// The configuration.
pub fn topology() -> Arc<Topology> {
    let place = |cluster: &str| Placing { cluster: cluster.parse().unwrap(), namespace: "shop".into() };
    let environment = |name: &str, policy, clusters: &[&str]| Environment {
        name: name.parse().unwrap(),
        policy,
        readonly: false,
        timing: crate::domain::Timing::default(),
        clusters: clusters.iter().map(|c| place(c)).collect(),
    };
    Arc::new(Topology {
        environments: vec![
            environment("dev", Policy::Open, &["dev"]),
            environment("staging", Policy::Open, &["stg"]),
            environment("production", Policy::Production, &["eu-1", "us-1"]),
        ],
        services: SERVICES
            .iter()
            .map(|(name, ..)| Service {
                name: name.parse().unwrap(),
                pipeline: None,
                workload: WorkloadRef { kind: WorkloadKind::Rollout, name: (*name).into() },
                slo: Limits { errors: Some(0.01), p95: Some(0.4) },
                runbook: None,
                links: vec![],
                blue_green: None,
            })
            .collect(),
        metrics: Some(MetricsSettings::single("istio", &[], SignedDuration::from_secs(15))),
        pipelines: true,
    })
}

/// The canary of `payment` at 20 %, and bad.
pub fn canary() -> Canary {
    Canary {
        state: CanaryPhase::Paused {
            since: Some(now() - SignedDuration::from_mins(6)),
            reason: "CanaryPauseStep".into(),
            planned: true,
        },
        owner: "Argo Rollouts".into(),
        canary: Some(version("4.2.0")),
        stable: Some(version("4.1.7")),
        set: Some(Weight::new(20.0)),
        planned: Some(Weight::new(20.0)),
        said: Some(Weight::new(20.0)),
        by_pods: None,
        steps: [5.0, 20.0, 50.0].iter().flat_map(|w| [Step::SetWeight(Weight::new(*w)), Step::Pause(None)]).collect(),
        step: Some(3),
        workload: None,
        canary_hash: None,
        stable_hash: None,
        canary_service: None,
        stable_service: None,
    }
}

fn metrics(service: &str, arm: Arm, errors: f64, p95: f64, rps: f64) -> (MetricKey, ArmMetrics) {
    let key = MetricKey { service: service.parse().unwrap(), environment: "production".parse().unwrap(), arm };
    let history = History {
        start: now() - SignedDuration::from_mins(20),
        step: SignedDuration::from_secs(30),
        errors: (0..=40).map(|i| if i > 24 && arm == Arm::Canary { errors } else { errors.min(0.002) }).collect(),
        p50: (0..=40).map(|_| 0.09).collect(),
        p99: (0..=40).map(|i| if i > 24 && arm == Arm::Canary { p95 * 1.6 } else { p95.min(0.26) * 1.6 }).collect(),
        p95: (0..=40).map(|i| if i > 24 && arm == Arm::Canary { p95 } else { p95.min(0.26) }).collect(),
        rps: (0..=40).map(|i| if arm == Arm::Canary && i < 12 { rps / 4.0 } else { rps }).collect(),
    };
    let requests = Ok(rps * 300.0);
    let row = ArmMetrics {
        errors: Ok(errors),
        p50: Ok(0.09),
        p95: Ok(p95),
        p99: Ok(p95 * 1.6),
        rps: Ok(rps),
        requests,
        preset: "istio".into(),
        sources: vec!["prometheus".into()],
        history: Some(Arc::new(history)),
        ..ArmMetrics::unknown(key.clone(), &NoValue::Empty)
    };
    (key, row)
}

/// Everything is read, and the canary of `payment` is bad.
pub fn snapshot() -> Snapshot {
    let topology = topology();
    let mut placements = BTreeMap::new();
    for (name, dev, staging, production) in SERVICES {
        for (environment, tag) in topology.environments.iter().zip([dev, staging, production]) {
            for placing in &environment.clusters {
                let key = PlacementKey {
                    service: name.parse().unwrap(),
                    environment: environment.name.clone(),
                    cluster: placing.cluster.clone(),
                };
                let under_test = name == "payment" && environment.name.as_str() == "production";
                placements.insert(
                    key.clone(),
                    Placement {
                        delivery: Some(Delivery::Canary),
                        version: Some(version(tag)),
                        wanted_version: Some(version(if under_test { "4.2.0" } else { tag })),
                        pods: crate::domain::PodCounts { wanted: 3, ready: 3, available: 3 },
                        canary: under_test.then(canary),
                        delegated: None,
                        health: Health::Pass,
                        ..Placement::unread(key, "shop".into(), WorkloadRef { kind: WorkloadKind::Rollout, name: name.into() })
                    },
                );
            }
        }
    }
    let reason = |verdict, text: &str| Reason {
        verdict,
        service: Some("payment".parse().unwrap()),
        text: text.into(),
        evidence: vec![Evidence::new("prometheus errors", "canary 3.92 %, baseline 0.19 %, 18204 requests in 5 minutes")],
    };
    let stations = vec![
        Station::of(StationKind::Ci, vec![reason(Verdict::Go, "required checks passed on 4be1c7a")]),
        Station::of(StationKind::Env, vec![reason(Verdict::Go, "runs as wanted in eu-1 and us-1")]),
        Station::of(
            StationKind::Canary,
            vec![reason(Verdict::NoGo, "the canary fails 3.92 % of requests, 20 times the baseline")],
        ),
        Station::of(StationKind::Slo, vec![reason(Verdict::Hold, "errors 0.94 % of 1 %")]),
        Station::not_configured(StationKind::Flags, "this build reads no flag service yet"),
        Station::not_configured(StationKind::List, "this build reads no checklists yet"),
        Station::not_configured(StationKind::Window, "[environment.production] window"),
        Station::not_configured(StationKind::Lock, "this build reads no locks yet"),
    ];
    let live = |cluster: &str| {
        let rollout = |(name, ..): &(&str, &str, &str, &str)| {
            let moving = *name == "payment" && cluster.ends_with("-1");
            (ObjectKey::new("shop", name).unwrap(), rows::rollout(name, "a", if moving { "b" } else { "a" }))
        };
        Arc::new(ClusterState {
            deployments: Feed::Live { value: Arc::default(), at: now() },
            rollouts: Feed::Live { value: Arc::new(SERVICES.iter().map(rollout).collect()), at: now() },
            ..ClusterState::default()
        })
    };
    let clusters: BTreeMap<ClusterName, Arc<ClusterState>> =
        ["dev", "stg", "eu-1", "us-1"].iter().map(|c| (c.parse().unwrap(), live(c))).collect();
    let rows = [
        metrics("payment", Arm::Canary, 0.0392, 0.611, 62.0),
        metrics("payment", Arm::Baseline, 0.0019, 0.268, 249.0),
        metrics("auth", Arm::Serving, 0.0002, 0.041, 40.0),
        metrics("order", Arm::Serving, 0.0011, 0.096, 40.0),
    ];
    let event = |minutes, who: &str, what: &str, trouble| Event {
        at: now() - SignedDuration::from_mins(minutes),
        who: who.into(),
        what: what.into(),
        trouble,
    };
    Snapshot {
        at: now(),
        topology,
        focus: None,
        clusters,
        pipelines: Arc::default(),
        metrics: Feed::Live { value: Arc::new(rows.into_iter().collect()), at: now() },
        placements: Arc::new(placements),
        verdict: Arc::new(VerdictReport::of(vec!["payment".parse().unwrap()], stations)),
        events: Arc::new(vec![event(14, "eu-1", "payment weight 5 to 20", false), event(1, "verdict", "GO to NO-GO", true)]),
        closely: vec![],
        settled: true,
    }
}

/// A plan in words, of tier 2: back where the action only takes exposure back.
pub fn card(id: u64, action: Action) -> PlanCard {
    let back = crate::action::Verb::from(&action).goes_back();
    let target = ChangeTarget {
        cluster: "eu-1".parse().unwrap(),
        kind: ObjectKind::Rollout,
        key: ObjectKey::new("shop", "payment").unwrap(),
    };
    PlanCard {
        id,
        title: format!("{} {}", action.name().to_uppercase(), action.target().names()).into(),
        tier: 2,
        back,
        arms: !back,
        name: action.target().service.as_str().into(),
        accepts: vec![],
        rows: vec![
            PlanRow::new(Group::What, "where", "production · eu-1"),
            PlanRow::new(Group::What, "from", "4.2.0 at 20 % of traffic"),
            PlanRow::new(Group::What, "to", "4.1.7 at 100 %"),
            PlanRow::new(Group::How, "guard", "guarded: eu-1 version 7"),
        ],
        bound: vec![Bound { target, fingerprint: "seen".into(), pictured: None }],
        undo: "retry".into(),
        actor: "mira".into(),
        expires: None,
        action,
    }
}

/// A card with three ways back: planned, refused, being planned.
pub fn ways() -> Ways {
    let action = |words: &str| Action::parse(words.split(' ')).unwrap();
    let abort = action("abort payment --env production");
    let planned = [Some(Ok(Box::new(card(4, abort.clone())))), Some(Err(Refusal::new("the image of 4.1.6 is gone"))), None];
    let actions = [
        abort.clone(),
        action("rollback payment --env production --to 4.1.6"),
        action("rollback payment --env production --to 4.1.5"),
    ];
    let ways = actions.into_iter().zip(planned).map(|(action, planned)| Way { action, planned }).collect();
    Ways { target: abort.target().clone(), ways, at: 0, reason: None }
}

/// How the operation of a plan stands on two clusters.
pub fn progress(stands: [Stand; 2], outcome: Option<(Exit, &str)>) -> Progress {
    let target = |cluster: &str, state| TargetProgress {
        target: ChangeTarget {
            cluster: cluster.parse().unwrap(),
            kind: ObjectKind::Rollout,
            key: ObjectKey::new("shop", "payment").unwrap(),
        },
        state,
        words: "".into(),
        applied: 1,
        of: 1,
    };
    let reached = u32::try_from(stands.iter().filter(|s| **s == Stand::Reached).count()).unwrap();
    Progress {
        op: OpId::new(now(), 7),
        title: "ABORT payment".into(),
        command: vec!["abort".into(), "payment".into()],
        began: now(),
        at: now() + SignedDuration::from_secs(12),
        resumed: false,
        targets: vec![target("eu-1", stands[0]), target("us-1", stands[1])],
        outcome: outcome.map(|(exit, sentence)| Outcome {
            exit,
            changed: Some(true),
            reached,
            of: 2,
            sentence: sentence.into(),
            hint: None,
        }),
    }
}

/// The same world with the rollout of `payment` at that step in eu-1.
pub fn at_step(step: u32) -> Snapshot {
    let mut world = snapshot();
    let eu = Arc::make_mut(world.clusters.get_mut(&"eu-1".parse::<ClusterName>().unwrap()).unwrap());
    let mut rollouts = (**eu.rollouts.value().unwrap()).clone();
    rollouts.get_mut(&ObjectKey::new("shop", "payment").unwrap()).unwrap().step = Some(step);
    eu.rollouts = Feed::Live { value: Arc::new(rollouts), at: now() };
    world
}

/// A card bound to the rollout as a world shows it.
pub fn bound(card: PlanCard, world: &Snapshot) -> PlanCard {
    let bound = card.bound.iter().map(|b| {
        let seen = super::pictured(world, &b.target);
        Bound { fingerprint: seen.clone().unwrap(), pictured: seen, ..b.clone() }
    });
    PlanCard { bound: bound.collect(), ..card }
}

/// A model in which the abort that [`progress`] tells of was consented to, and nothing was heard of it yet.
pub fn consented(width: u16, height: u16) -> super::Model {
    let mut m = model(width, height);
    m.operations.push(super::Operation {
        plan: Some(1),
        title: "ABORT payment".into(),
        actor: "mira".into(),
        undo: "gonogo retry payment --env production".into(),
        began: now(),
        refused: None,
        progress: None,
    });
    m
}

/// A model that shows it.
pub fn model(width: u16, height: u16) -> super::Model {
    let mut m = super::Model::new(now(), (width, height), topology(), Arc::default());
    crate::tui::update::update(&mut m, crate::tui::message::Message::Snapshot(Arc::new(snapshot())));
    m
}
