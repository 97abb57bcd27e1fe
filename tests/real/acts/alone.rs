//! Going back with everything else gone: Prometheus, GitHub, disk space.

use std::process::Stdio;

use serde_json::json;

use super::{at_its_second, bed, image, is, on_its_way, on_web, paused_at, rolled_out, says};
use crate::{
    gonogo::Gonogo,
    progressive::argo::{on_istio, release},
    screen::Screen,
};

/// Ports where nobody listens; a repository that nobody knows.
const NOBODY: &str = "[metrics]\nprometheus = \"http://127.0.0.1:9\"\npreset = \"plain\"\n\
    [github]\napi = \"http://127.0.0.1:9\"\n[defaults]\npipeline = { github = \"nobody/nothing\", workflow = \"build.yml\" }\n";

/// The cockpit with nothing but the cluster, on a full disk: opens read-only.
fn alone(gonogo: &Gonogo<'_>, first: &str, read: &str) -> Screen {
    let mut screen = Screen::start(&gonogo.on_a_full_disk(first));
    screen.until("what the cluster says", |text| text.contains("[RO]") && text.contains(read));
    screen
}

#[test]
fn an_abort_takes_two_keys_with_everything_else_gone() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_istio(namespace, &json!([{ "setWeight": 5 }, { "pause": {} }, { "setWeight": 20 }, { "pause": {} }]));
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    release(namespace, "v2");
    is(namespace, "rollouts.argoproj.io/web", |r| paused_at(r, 1));
    let gonogo = &Gonogo::configured(namespace, "alice", &format!("{NOBODY}[service.web]\nworkload = \"rollout/web\"\n"));
    let mut screen = alone(gonogo, "pause web --env production --yes", "manually paused");
    screen.press("A");
    screen.until("a dialog that can be answered", |text| text.contains("armed: y"));
    screen.press("y");
    screen.until("what came of it, and what is missing", |text| {
        text.contains("ABORT web: done") && text.contains("the disk is full")
    });
    is(namespace, "rollouts.argoproj.io/web", |r| r["status"]["abort"] == true && r["status"]["phase"] == "Degraded");
}

#[test]
fn a_roll_back_takes_three_keys_with_everything_else_gone() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    at_its_second(namespace);
    let gonogo = &Gonogo::configured(namespace, "alice", &format!("{NOBODY}[service.web]\nworkload = \"deployment/web\"\n"));
    let mut screen = alone(gonogo, "restart web --env production --yes --confirm web --reason drill", "rev 3");
    screen.press("B");
    screen.until("the ways back", |text| text.contains("of replicaset"));
    screen.press("1");
    screen.until("a dialog that can be answered", |text| text.contains("armed: y"));
    screen.press("y");
    screen.until("what came of it, and what is missing", |text| {
        text.contains("ROLLBACK web: done") && text.contains("the disk is full")
    });
    is(namespace, "deployment/web", |d| image(d) == "registry.example/shop/web:1" && rolled_out(d));
}

#[test]
fn a_roll_back_needs_neither_prometheus_nor_github() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    at_its_second(namespace);
    let gonogo = &Gonogo::configured(namespace, "alice", &format!("{NOBODY}[service.web]\nworkload = \"deployment/web\"\n"));
    let done = super::act(gonogo, &on_web("rollback --reason wrong"));
    assert_eq!(done.exit, 0, "{}", done.all());
    assert_eq!(image(&namespace.get("deployment/web")), "registry.example/shop/web:1");
}

#[test]
fn a_journal_that_cannot_be_written_sends_nothing_and_prints_what_to_type() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_its_way(namespace);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice", &["web"]);
    let mut command = gonogo.command();
    // A folder under a file can never be made.
    let file = tempfile::NamedTempFile::new().unwrap();
    command.env("GONOGO_STATE_DIR", file.path().join("state"));
    let output = command.args(on_web("pause")).args(["--yes"]).stdin(Stdio::null()).output().unwrap();
    let beside = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{beside}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("journal") && said.contains("rollout pause deployment/web"), "{said}\n{beside}");
    assert_ne!(namespace.get("deployment/web")["spec"]["paused"], true);
    assert!(super::writes(namespace).is_empty());
}
