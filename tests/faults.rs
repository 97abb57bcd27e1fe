//! One source breaks, and nothing else does: over real HTTP, with the engine in this process.
//!
//! Whatever happens to a source: the others stay live, the broken one says why and since when, the verdict is UNKNOWN
//! with that reason, and all is well again by itself once the source is.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::time::Duration;

use gonogo::{
    domain::{Exit, Freshness, Health, Problem, ProblemKind, Snapshot, Verdict},
    provider::role::Timer,
    sim::{Fault, Scenario},
};
use support::Bed;

/// The systems whose feeds a test looks at apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// The cluster `eu-1`.
    Eu1,
    Metrics,
    Pipelines,
}

const ALL: [System; 3] = [System::Eu1, System::Metrics, System::Pipelines];

impl System {
    /// The prefix of its faults.
    fn prefix(self) -> &'static str {
        match self {
            Self::Eu1 => "k8s/eu-1",
            Self::Metrics => "prom",
            Self::Pipelines => "gh",
        }
    }

    /// What is wrong with each of its feeds; `None` where one is live.
    fn problems(self, s: &Snapshot) -> Vec<Option<Problem>> {
        let look = |feed: &dyn Freshness| match feed.trouble_since() {
            Some((_, why)) => Some(why.clone()),
            None => (!feed.answered()).then(|| Problem::new(ProblemKind::Internal, "waiting")),
        };
        match self {
            Self::Eu1 => {
                let c = s.clusters.iter().find(|(name, _)| name.as_str() == "eu-1").unwrap().1;
                let all = c.feeds().into_iter().map(|(_, feed)| look(feed));
                // A kind that is not installed is no trouble.
                all.filter(|p| p.as_ref().is_none_or(|p| p.kind != ProblemKind::NotInstalled)).collect()
            }
            Self::Metrics => vec![look(&s.metrics)],
            Self::Pipelines => s.pipelines.runs.values().map(|feed| look(feed)).collect(),
        }
    }

    fn live(self, s: &Snapshot) -> bool {
        let all = self.problems(s);
        !all.is_empty() && all.iter().all(Option::is_none)
    }

    /// Whether all others are well. On a machine that is busy they may be silent for a while: the clock runs fast here.
    fn alone(self, s: &Snapshot) -> bool {
        ALL.into_iter().filter(|x| *x != self).all(|other| other.live(s))
    }

    /// Whether it is in this trouble, and in no other. Repositories that are quiet are asked later than others.
    fn broken(self, s: &Snapshot, kind: ProblemKind) -> bool {
        let all = self.problems(s);
        let mut found = all.iter().flatten().map(|p| p.kind).peekable();
        found.peek().is_some() && found.all(|k| k == kind) && (self == Self::Pipelines || all.iter().all(Option::is_some))
    }
}

/// All is well.
fn well(s: &Snapshot) -> bool {
    ALL.iter().all(|x| x.live(s)) && s.verdict.verdict == Verdict::Go
}

/// What an answer of this status and these headers is.
fn reply(status: u16, headers: &[(&str, String)], body: &str) -> Fault {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    Fault::Reply { status, headers, body: body.to_owned() }
}

/// Down from the beginning: everything else is shown at once, with the reason, and heals.
async fn down(system: System, bed: &Bed) {
    let s = bed.until("every source has answered, and only one suffers", |s| s.settled && system.alone(s)).await;
    let troubles = s.troubles();
    assert!(!troubles.is_empty());
    for t in &troubles {
        assert!(matches!(t.problem.kind, ProblemKind::Unreachable | ProblemKind::Server), "{t:?}");
        assert!(t.since <= s.at && !t.problem.what.is_empty(), "{t:?}");
    }
    let (exit, text) = bed.check().await;
    assert_eq!(exit, Exit::Unknown, "{text}");
    let told = troubles.iter().any(|t| text.contains(why(t)));
    assert!(text.starts_with("UNKNOWN") && told, "no reason is told: {text}");
    bed.handle().heal(system.prefix());
    bed.until("healed", well).await;
}

/// Why a source is in trouble, without what was asked: a cluster tells the trouble of one section for all of them.
fn why(t: &gonogo::domain::Trouble) -> &str {
    let what = t.problem.what.as_str();
    what.split_once(": ").map_or(what, |(_, why)| why)
}

/// Starts with a source that is dead, brings it to life, and breaks it in each of these ways in turn.
async fn breaks(system: System, speed: f64, faults: &[(&str, Fault, ProblemKind)]) {
    let bed = Bed::start(Scenario::Calm, Some(speed), &[(system.prefix(), Fault::Dead)]).await;
    down(system, &bed).await;
    for (name, fault, kind) in faults {
        let before = bed.demo.clock.now();
        if system == System::Eu1 {
            // Open watches live on whatever new requests are answered.
            bed.handle().kill(system.prefix());
            bed.until("its watches are cut", |s| system.problems(s).iter().all(Option::is_some)).await;
        }
        bed.handle().fault(system.prefix(), fault.clone());
        let s = bed
            .until(&format!("{system:?} alone {name}: {kind:?}"), |s| {
                system.broken(s, *kind) && system.alone(s) && s.verdict.verdict != Verdict::Go
            })
            .await;
        assert_eq!(s.verdict.verdict, Verdict::Unknown, "{name}: {}", s.verdict.sentence);
        for t in s.troubles() {
            assert!(t.since < s.at && t.problem.kind == *kind, "{name}: the last proof of life is older than now: {t:?}");
            assert!(t.since >= before - jiff::SignedDuration::from_mins(3), "{name}: {t:?}");
            if *kind == ProblemKind::RateLimited {
                assert!(t.problem.until.is_some_and(|until| until > before), "{name}: when to come back is kept: {t:?}");
            }
        }
        let told = s.troubles().iter().any(|t| s.verdict.sentence.as_str().contains(why(t)));
        assert!(told, "{name}: the sentence does not say why: {}", s.verdict.sentence);
        bed.handle().heal(system.prefix());
        bed.until(&format!("{system:?} heals after {name}"), well).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_dead_lies_fails_or_asks_for_patience() {
    let expired = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","message":"too old","code":410}"#;
    let later = [("retry-after", "3".to_owned())];
    breaks(
        System::Eu1,
        8.0,
        &[
            ("html", Fault::Html, ProblemKind::Unreadable),
            ("no JSON", reply(200, &[], "{\"items\": ["), ProblemKind::Unreadable),
            ("429", reply(429, &later, "slow down"), ProblemKind::RateLimited),
            ("410", reply(410, &[], expired), ProblemKind::Expired),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prometheus_that_is_dead_lies_fails_or_asks_for_patience() {
    let strange = r#"{"status":"success","data":{"resultType":"vector","result":"none"}}"#;
    let later = [("retry-after", "3".to_owned())];
    breaks(
        System::Metrics,
        6.0,
        &[
            ("html", Fault::Html, ProblemKind::Unreadable),
            ("a strange shape", reply(200, &[], strange), ProblemKind::Unreadable),
            ("429", reply(429, &later, "slow down"), ProblemKind::RateLimited),
            ("cut", Fault::Cut, ProblemKind::Server),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_github_that_is_dead_lies_fails_or_asks_for_patience() {
    // The hour is over before long: the simulated time is known.
    let spent = [
        ("x-ratelimit-limit", "5000".to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", (gonogo::sim::T0.as_second() + 3 * 3600).to_string()),
        ("retry-after", "5".to_owned()),
    ];
    breaks(
        System::Pipelines,
        12.0,
        &[
            ("html", Fault::Html, ProblemKind::Unreadable),
            ("no JSON", reply(200, &[], "[]"), ProblemKind::Unreadable),
            ("500", Fault::Status(500), ProblemKind::Server),
            ("403 without a budget", reply(403, &spent, "{}"), ProblemKind::RateLimited),
        ],
    )
    .await;
}

/// An answer of Prometheus that is well-formed and says nothing: the feed is live, and its figures are not known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_that_are_not_numbers_are_unknown_and_never_zero() {
    let at = gonogo::sim::T0.as_second() + 20 * 60;
    let nan = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"code":"200"}},"value":[{at},"NaN"]}}]}}}}"#
    );
    let bed = Bed::start(Scenario::Calm, None, &[("prom/api/v1/query", reply(200, &[], &nan))]).await;
    let s = bed.until("every source has answered", |s| s.settled).await;
    assert!(ALL.iter().all(|x| x.live(&s)), "{:?}", s.troubles());
    let figures = s.metrics.value().unwrap();
    assert!(figures.len() >= 15);
    for (key, m) in figures.iter() {
        assert!(m.errors.is_err() && m.p95.is_err() && m.requests.is_err(), "{key:?}: {m:?}");
    }
    let (exit, text) = bed.check().await;
    assert_eq!(exit, Exit::Unknown, "{text}");
}

/// Late is not broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_source_is_waited_for() {
    let late = Fault::Delay(Duration::from_millis(150));
    let bed = Bed::start(Scenario::Calm, None, &[("k8s/eu-1", late.clone()), ("gh", late)]).await;
    // A command has less patience than a busy machine may need.
    bed.until("every source has answered", |s| s.settled || !s.troubles().is_empty()).await;
    let (exit, text) = bed.check().await;
    assert_eq!(exit, Exit::Done, "{text}");
    assert_eq!(bed.engine.snapshot().troubles(), vec![]);
}

/// A world whose time runs faster owes its watches their signs of life all the same. One that falls silent in the middle
/// of it all says nothing at all, and silence itself is the sign. The other sources are dead to save work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_silence_is_taken_for_silence() {
    let bed = Bed::start(Scenario::Calm, Some(30.0), &[("prom", Fault::Dead), ("gh", Fault::Dead)]).await;
    let start = bed.until("live", |s| System::Eu1.live(s)).await.at;
    let s = bed.until("two minutes later", |s| s.at.duration_since(start).as_mins() >= 2).await;
    assert!(System::Eu1.live(&s), "{:?}", System::Eu1.problems(&s));
    bed.handle().fault("k8s/eu-1", Fault::Hang);
    let s = bed.until("silent", |s| System::Eu1.broken(s, ProblemKind::Stale)).await;
    let placement = s.placements.values().find(|p| p.key.cluster.as_str() == "eu-1").unwrap();
    assert_eq!(placement.health, Health::Unknown("silent for over 90 s".into()));
}
