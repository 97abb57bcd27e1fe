//! An aborted Rollout whose canary Service changes some 60 times a second for half a minute: nobody is to notice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::argo::{configured, on_istio, release};
use super::plugin;

use crate::bed::{self, until};
use crate::screen::Screen;

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

    // every version of the Service that the API server gives out, one a line
    let mut watch = bed.kubectl_command();
    watch.args(["--namespace", &namespace.name, "get", "service", "web-canary", "--watch-only", "-o", "name"]);
    let mut watch = watch.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let early = screen.memory();
    plugin(namespace, &["abort", "web"]);
    let (mut asked, mut highest) = (began, early);
    let frames = screen.frames_until(|screen| {
        highest = highest.max(screen.memory());
        if asked.elapsed() < Duration::from_secs(2) {
            return false;
        }
        asked = Instant::now();
        assert!(began.elapsed() < bed::LIMIT, "the canary's pods do not go");
        // the controller stops when it has taken the canary's pods away
        namespace.kubectl(["get", "pods", "-l", "app=web", "-o", "name"]).lines().count() == 4
    });
    let took = began.elapsed();
    screen.until("the abort", |text| text.contains("aborted"));
    watch.kill().unwrap();
    let flips = String::from_utf8(watch.wait_with_output().unwrap().stdout).unwrap().lines().count();

    // on an idle machine over a thousand; a busy one keeps the controller from it
    assert!(flips > 60, "no flapping: {flips} in {took:?}");
    let seconds =
        frames.iter().map(|first| frames.iter().filter(|f| (*first..*first + Duration::from_secs(1)).contains(*f)).count());
    let worst = seconds.max().unwrap_or(0);
    assert!(worst <= 10, "{worst} frames in one second, {} in {took:?}, {flips} flips", frames.len());
    let grown = highest.saturating_sub(early) >> 10;
    assert!(grown < 8 << 10, "{grown} KiB more than {early} bytes after {flips} flips");
}
