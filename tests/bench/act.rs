//! From consent to the server's "accepted": what gonogo itself takes of it. `cargo bench --bench act`.
//!
//! A service of the embedded world is paused and resumed again and again. The clock starts when a plan is applied, and
//! stops when the operation says that the server took it: the look that binds the write to what was seen, the journal with
//! its fsync, and the request, over loopback HTTP. What a server takes of it here is the embedded world's answer to two
//! requests, which is measured beside by asking it the same question. Reported, and not asserted: machines differ.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for a person at a terminal")]

use std::time::{Duration, Instant};

use clap::Parser;
use gonogo::{
    action::{Target, Verb},
    cli::Cli,
    engine::{Given, journal::Way, plan::Guard},
    wire::World,
};

/// How often it is done.
const ROUNDS: usize = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let state = tempfile::tempdir().unwrap();
    let words = ["gonogo", "--demo=calm", "--speed", "1", "--state-dir", state.path().to_str().unwrap(), "status"];
    let cli = Cli::parse_from(words);
    let world = World::open(&cli.global, None, true).await.unwrap();
    let engine = &world.engine;
    engine.settled(Duration::from_secs(20)).await;
    let target = || Target {
        cluster: Some("eu-1".parse().unwrap()),
        ..Target::new("catalog".parse().unwrap(), "production".parse().unwrap())
    };
    let (mut planned, mut accepted, mut looked) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let verb = if round % 2 == 0 { Verb::Pause } else { Verb::Resume };
        let began = Instant::now();
        let plan = engine.plan(&verb.on(target()), Guard::default()).await.unwrap();
        planned.push(began.elapsed());
        let part = &plan.moves()[0];
        let role = world_role(engine, &part.target.cluster);
        let began = Instant::now();
        role.look(&part.target, &part.change, "bench.r1").await.unwrap();
        looked.push(began.elapsed());
        let began = Instant::now();
        let mut running = engine.apply(&plan, Given::by(Way::Options)).await.unwrap();
        running.progress.wait_for(|p| p.ended() || p.targets.iter().all(|t| t.state.applied())).await.unwrap();
        accepted.push(began.elapsed());
        let end = running.ended().await;
        assert_eq!(end.outcome.map(|o| o.exit.code()), Some(0));
    }
    for (what, times) in [
        ("plan: look, render, dry run, who are we", &mut planned),
        ("one look, for comparison", &mut looked),
        ("consent to accepted: look, journal, send", &mut accepted),
    ] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("{what:<44} p50 {:>9.2?}  p95 {:>9.2?}  p99 {:>9.2?}", at(0.5), at(0.95), at(0.99));
    }
}

fn world_role(
    engine: &gonogo::engine::Engine,
    cluster: &gonogo::domain::ClusterName,
) -> std::sync::Arc<dyn gonogo::provider::role::Workloads> {
    let roles = engine.roles();
    roles.clusters.iter().find(|(name, _)| name == cluster).unwrap().1.clone().unwrap()
}
