//! An aborted Rollout whose canary Service changes 60 times a second for half a minute: nobody is to notice.

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::argo::{configured, on_istio, release};
use super::plugin;

use crate::bed::{self, until};
use crate::screen::Screen;

/// How often a second the Service's selector changes.
const RATE: u32 = 60;
/// For how long, in seconds.
const LASTS: u32 = 30;
/// How much more memory is none: what an allocator keeps back.
const FLAT: u64 = 8 << 20;

#[test]
fn a_service_that_flips_all_the_time_costs_few_frames_and_no_memory() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    on_istio(namespace, &json!([{ "setWeight": 5 }, { "pause": {} }]));
    until("v1", || if plugin(namespace, &["get", "rollout", "web"]).contains("Healthy") { Ok(()) } else { Err(String::new()) });
    release(namespace, "v2");
    let gonogo = configured(namespace);
    let mut screen = Screen::start(&gonogo.command());
    screen.until("the canary", |text| text.contains("v2") && text.contains("5 %"));

    plugin(namespace, &["abort", "web"]);
    // The controller flips it as often as the machine lets it; the rest is done for it.
    let mut flips = bed.command("node");
    flips.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/bed/flip.mjs")).args([bed.word("/api/url"), bed.word("/api/ca")]);
    flips.args(["alice-token", &namespace.name, "web-canary", &RATE.to_string(), &LASTS.to_string()]);
    let mut flips = flips.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let early = screen.memory();
    let mut highest = early;
    let frames = screen.frames_until(|screen| {
        highest = highest.max(screen.memory());
        assert!(began.elapsed() < bed::LIMIT, "{RATE} flips a second for {LASTS} s are too many for this machine");
        flips.try_wait().unwrap().is_some()
    });
    let mut told = String::new();
    flips.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|e| panic!("flip.mjs: {e}: {told}"));
    screen.until("the abort", |text| text.contains("aborted"));

    assert!(told["flips"].as_u64().unwrap() >= u64::from(RATE * LASTS), "{told}");
    let seconds =
        frames.iter().map(|first| frames.iter().filter(|f| (*first..*first + Duration::from_secs(1)).contains(*f)).count());
    let worst = seconds.max().unwrap_or(0);
    assert!(worst <= 10, "{worst} frames in one second, {} in all, {told}", frames.len());
    let grown = highest.saturating_sub(early);
    assert!(grown < FLAT, "{} KiB more than {early} bytes after {told}", grown >> 10);
    bed::notice(&format!("{told}: {} frames, at most {worst} in a second; {early} bytes and {grown} more", frames.len()));
}
