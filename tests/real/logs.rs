//! `gonogo logs` says what `kubectl logs` says.

use serde_json::Value;

use crate::bed::{self, until};
use crate::gonogo::Gonogo;

#[test]
fn the_log_of_pods_is_that_of_kubectl() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 2);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let pods = namespace.kubectl(["get", "pods", "-l", "app=web", "-o", "name"]);
    // All fake pods show one file, to which another test may write.
    let theirs = || {
        let mut lines: Vec<(String, String)> = vec![];
        for pod in pods.lines() {
            let said = namespace.kubectl(["logs", pod]);
            lines.extend(said.lines().map(|line| (pod.trim_start_matches("pod/").to_owned(), line.to_owned())));
        }
        lines.sort();
        lines
    };
    assert!(theirs().iter().any(|(_, line)| line.contains("hello from a fake pod")), "{:?}", theirs());
    let gonogo = Gonogo::on_the_cluster(&namespace, "reader", &["web"]);
    let ours = || {
        let said = bed::run(gonogo.command().args(["logs", "web", "--output", "json"]));
        let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        // The fake pods may write lines that carry no time; their text is the same all the same.
        let mut lines: Vec<(String, String)> = lines.map(|l| (word(&l["origin"]["pod"]), word(&l["text"]))).collect();
        lines.sort();
        lines
    };
    until("the same lines", || match (ours(), theirs()) {
        (ours, theirs) if ours == theirs => Ok(()),
        (ours, theirs) => Err(format!("{ours:?} instead of {theirs:?}")),
    });
}
