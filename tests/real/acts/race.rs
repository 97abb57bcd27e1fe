//! Two at once: one effect, and one who is told.

use std::{path::Path, process::Stdio, thread};

use serde_json::json;

use super::{Done, act, bed, is, on_web, paused_at, says, testified};
use crate::{
    bed::Namespace,
    gonogo::Gonogo,
    progressive::argo::{on_istio, release},
};

fn waits(namespace: &Namespace<'_>, step: u64) {
    is(namespace, "rollouts.argoproj.io/web", |r| paused_at(r, step));
}

/// A step that is planned, and whose plan is kept there.
fn saved(gonogo: &Gonogo<'_>, path: &Path) -> String {
    let mut save = gonogo.command();
    save.args(on_web("step")).arg("--save-plan").arg(path).stdin(Stdio::null());
    let said = save.output().unwrap();
    assert!(path.exists(), "{}", String::from_utf8_lossy(&said.stderr));
    path.to_str().unwrap().to_owned()
}

#[test]
fn two_who_press_at_once_take_one_step_and_one_is_told_who_was_faster() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_istio(
        namespace,
        &json!([{ "setWeight": 5 }, { "pause": {} }, { "setWeight": 20 }, { "pause": {} }, { "setWeight": 50 }, { "pause": {} }]),
    );
    let config = "[service.web]\nworkload = \"rollout/web\"\n";
    let (one, other) = (Gonogo::configured(namespace, "alice", config), Gonogo::configured(namespace, "alice", config));
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    release(namespace, "v2");
    waits(namespace, 1);
    // Planned at the same pause, however late one of the two gets to it.
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [(&one, "one"), (&other, "other")].map(|(gonogo, name)| saved(gonogo, &folder.path().join(name)));
    let [a, b]: [Done; 2] = thread::scope(|s| {
        let first = s.spawn(|| act(&one, &["apply", &first]));
        let second = s.spawn(|| act(&other, &["apply", &second]));
        [first.join().unwrap(), second.join().unwrap()]
    });
    waits(namespace, 3);
    let winners = [&a, &b].iter().filter(|d| d.exit == 0 && d.said["changed"] == true).count();
    assert_eq!(winners, 1, "one effect:\n{}\n{}", a.all(), b.all());
    let loser = if a.exit == 0 { &b } else { &a };
    assert!(matches!(loser.exit, 3 | 5 | 6), "the other one is told, and nothing is passed by: {}", loser.all());
    // Refused before anything was journalled, there is no operation to tell of.
    let told = loser.said["operation"]["sentence"].as_str();
    assert!(told.is_none_or(|words| words.contains("changed, by")), "by whom: {}", loser.all());
    let writes = testified(namespace);
    assert_eq!(writes.iter().filter(|w| w.code == 200).count(), 1, "{writes:#?}");
}

#[test]
fn a_second_press_a_moment_later_passes_no_second_pause() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_istio(
        namespace,
        &json!([{ "setWeight": 5 }, { "pause": {} }, { "setWeight": 20 }, { "pause": {} }, { "setWeight": 50 }, { "pause": {} }]),
    );
    let gonogo = &Gonogo::configured(namespace, "alice", "[service.web]\nworkload = \"rollout/web\"\n");
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    release(namespace, "v2");
    waits(namespace, 1);
    // Planned at the same pause, applied one after the other: the second one is for a world that is gone.
    let folder = tempfile::tempdir().unwrap();
    let plan = saved(gonogo, &folder.path().join("plan.json"));
    let first = act(gonogo, &on_web("step"));
    assert_eq!(first.exit, 0, "{}", first.all());
    waits(namespace, 3);
    let second = act(gonogo, &["apply", &plan]);
    assert_eq!(second.exit, 5, "{}", second.all());
    assert_eq!(namespace.get("rollouts.argoproj.io/web")["status"]["currentStepIndex"], 3);
    testified(namespace);
}

#[test]
fn who_drives_is_said_to_the_next_one() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    super::on_its_way(namespace);
    let alice = &Gonogo::on_the_cluster(namespace, "alice", &["web"]);
    super::done(alice, &on_web("pause"));
    let lease = namespace.get("lease/gonogo-web-production");
    assert!(lease["spec"]["holderIdentity"].as_str().unwrap().starts_with("alice on "), "{lease:#}");
    let admin = &Gonogo::on_the_cluster(namespace, "admin", &["web"]);
    let mut command = admin.command();
    let output = command.args(on_web("resume")).arg("--dry-run").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("alice on ") && said.contains("drives since"), "{said}");
    super::done(admin, &on_web("resume"));
    let lease = namespace.get("lease/gonogo-web-production");
    assert!(lease["spec"]["holderIdentity"].as_str().unwrap().starts_with("admin on "), "he was told, and took it: {lease:#}");
}
