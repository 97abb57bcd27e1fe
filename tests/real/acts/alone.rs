//! Going back with everything else gone: Prometheus, GitHub, disk space.

use std::process::Stdio;

use super::{bed, image, is, on_its_way, on_web, rolled_out};
use crate::gonogo::Gonogo;

#[test]
fn a_roll_back_needs_neither_prometheus_nor_github() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    namespace.deploy("web", "1", 1);
    is(namespace, "deployment/web", rolled_out);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2"]);
    is(namespace, "deployment/web", rolled_out);
    // Ports where nobody listens; a name that nobody knows.
    let config = "[metrics]\nprometheus = \"http://127.0.0.1:9\"\npreset = \"plain\"\n\
        [github]\napi = \"http://127.0.0.1:9\"\n[defaults]\npipeline = { github = \"nobody/nothing\", workflow = \"build.yml\" }\n\
        [service.web]\nworkload = \"deployment/web\"\n";
    let gonogo = &Gonogo::configured(namespace, "alice", config);
    let done = super::act(gonogo, &on_web("rollback --reason wrong"));
    assert_eq!(done.exit, 0, "{}", done.all());
    assert_eq!(image(&namespace.get("deployment/web")), "registry.example/shop/web:1");
}

#[test]
#[ignore = "written before the verbs were there, and not seen green yet"]
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
    assert!(beside.contains("kubectl"), "{beside}");
    assert_ne!(namespace.get("deployment/web")["spec"]["paused"], true);
    assert!(super::writes(namespace).is_empty());
}
