//! From consent to the server's "accepted": what gonogo itself takes of it. `cargo bench --bench act`, or without a build
//! of everything anew `cargo bench --bench act --profile dev`.
//!
//! The canary of the embedded world is paused again and again. The clock starts when a plan that was consented to is
//! applied, and stops when the operation says that the server took it: the look that binds the write to what was seen, the
//! journal with its fsync, and the request, over loopback HTTP. Each time a bare client takes the pause back: it reads the
//! same object and patches it, and the world's controllers do as much about it. What that takes is the server's and the
//! line's share, the rest is gonogo's own. Reported, and not asserted: machines differ.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for a person at a terminal")]

use std::time::{Duration, Instant};

use clap::Parser;
use gonogo::{
    action::{Action, Target, Verb},
    cli::Cli,
    engine::{
        Engine, Given,
        journal::Way,
        plan::{Guard, Plan},
    },
    wire::World,
};

/// How often it is done. The embedded world remembers every write, and its controllers take longer with each.
const ROUNDS: usize = 30;
/// The cluster that it is done on: one object, one request.
const CLUSTER: &str = "eu-1";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    // On the disk where people build, and not in a memory that needs no fsync.
    let state = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let words = ["gonogo", "--demo=calm", "--speed", "1", "--state-dir", state.path().to_str().unwrap(), "status"];
    let cli = Cli::parse_from(words);
    let world = World::open(&cli.global, None, true).await.unwrap();
    let engine = &world.engine;
    engine.settled(Duration::from_secs(20)).await;
    let endpoints = world.demo.as_ref().unwrap().sim.endpoints().clone();
    let server = endpoints.clusters.iter().find(|(cluster, _)| cluster.name() == CLUSTER).map(|(_, url)| url.clone()).unwrap();
    let http = reqwest::Client::new();
    let target = Target {
        cluster: Some(CLUSTER.parse().unwrap()),
        ..Target::new("payment".parse().unwrap(), "production".parse().unwrap())
    };
    let (mut planned, mut bare, mut accepted, mut own) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let (plan, took) = plan(engine, &Verb::Pause.on(target.clone())).await;
        planned.push(took);
        let began = Instant::now();
        let mut running = engine.apply(&plan, Given::by(Way::Options)).await.unwrap();
        running.progress.wait_for(|p| p.ended() || p.targets.iter().all(|t| t.state.applied())).await.unwrap();
        let whole = began.elapsed();
        let end = running.ended().await;
        assert_eq!(end.outcome.map(|o| o.exit.code()), Some(0));
        let alone = resume(&http, &server, &plan).await;
        accepted.push(whole);
        bare.push(alone);
        own.push(whole.saturating_sub(alone));
    }
    let build = if cfg!(debug_assertions) { "unoptimized" } else { "optimized" };
    println!("{ROUNDS} rounds, {build}, {} processors", std::thread::available_parallelism().map_or(0, usize::from));
    for (what, times) in [
        ("plan: look, render, dry run, who are we", &mut planned),
        ("consent to accepted", &mut accepted),
        ("of it: a look and a write of a bare client", &mut bare),
        ("of it: gonogo's own", &mut own),
    ] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("{what:<46} p50 {:>9.2?}  p95 {:>9.2?}  p99 {:>9.2?}", at(0.5), at(0.95), at(0.99));
    }
}

/// A plan, and how long it took to make, as soon as the picture of the world shows what was done before.
async fn plan(engine: &Engine, action: &Action) -> (Plan, Duration) {
    let mut snapshots = engine.snapshots();
    loop {
        let began = Instant::now();
        match engine.plan(action, Guard::default()).await {
            Ok(plan) => return (plan, began.elapsed()),
            Err(_) => snapshots.changed().await.unwrap(),
        }
    }
}

/// Takes a pause back without gonogo, and gives what a look and a write take so.
async fn resume(http: &reqwest::Client, server: &str, plan: &Plan) -> Duration {
    let (path, _) = plan.moves()[0].requests[0].path.as_str().split_once('?').unwrap();
    let object = format!("{server}{path}");
    let patch = http.patch(&object).header("content-type", "application/merge-patch+json").body(r#"{"spec":{"paused":false}}"#);
    let began = Instant::now();
    for request in [http.get(&object), patch] {
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.bytes().await.unwrap();
    }
    began.elapsed()
}
