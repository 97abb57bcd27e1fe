//! The cockpit while its API server dies, comes back without its history, and loses connections.

use std::process::Command;

use crate::bed::{self, Namespace};
use crate::gonogo::Gonogo;
use crate::screen::Screen;

/// Whether the verdict says anything but UNKNOWN; an event may still tell of a moment when it did.
fn known(text: &str) -> bool {
    !text.lines().take(3).any(|line| line.contains("UNKNOWN"))
}

/// The cockpit over one Deployment `web` of version v1 that runs well.
fn cockpit<'a>(namespace: &Namespace<'a>, who: &str) -> (Gonogo<'a>, Screen) {
    namespace.deploy("web", "v1", 2);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let gonogo = Gonogo::on_the_cluster(namespace, who, &["web"]);
    let mut screen = Screen::start(&gonogo.command());
    screen.until("version v1", |text| text.contains("web") && text.contains("v1") && known(text));
    (gonogo, screen)
}

fn release(namespace: &Namespace<'_>, version: &str) {
    namespace.kubectl(["set", "image", "deployment/web", &format!("web=registry.example/shop/web:{version}")]);
    namespace.kubectl(["rollout", "status", "deployment/web", "--timeout=150s"]);
}

#[test]
fn a_killed_api_server_makes_the_verdict_unknown_until_it_is_back() {
    let Some(bed) = bed::alone() else { return };
    let namespace = bed.namespace();
    let (_gonogo, mut screen) = cockpit(&namespace, "reader");
    bed.kill("apiserver");
    let text = screen.until("UNKNOWN", |text| text.contains("UNKNOWN"));
    assert!(text.contains("v1") && text.contains("since"), "what was known stays visible, with its age:\n{text}");
    bed.restart("apiserver");
    bed::until("/readyz", || match bed.kubectl_command().args(["get", "--raw=/readyz"]).output().unwrap() {
        output if output.status.success() => Ok(()),
        output => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    });
    // the new server knows no older history: every watch that goes on is told 410
    release(&namespace, "v2");
    screen.until("version v2", |text| text.contains("v2") && known(text));
}

#[test]
fn cut_watches_are_taken_up_again() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let (_gonogo, mut screen) = cockpit(&namespace, "alice-cut");
    for version in ["v2", "v3"] {
        bed::run(Command::new("curl").args(["-sS", "--fail", "-X", "POST", &format!("{}/cut", bed.word("/cut/url"))]));
        release(&namespace, version);
        screen.until(version, |text| text.contains(version) && known(text));
    }
}
