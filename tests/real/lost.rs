//! The proxy before the API server: what is lost on the way, and what has happened nevertheless.

use std::process::Command;

use serde_json::{Value, json};

use crate::bed::{self, Bed};

/// Says what becomes of the next request of that kind.
pub fn rule(bed: &Bed, method: &str, path: &str, fate: &str) {
    let url = format!("{}/rule", bed.word("/cut/url"));
    let rule = json!({ "method": method, "path": path, "fate": fate });
    bed::run_with(Command::new("curl").args(["-sS", "--fail", "-d", "@-", &url]), &rule.to_string());
}

#[test]
fn a_lost_answer_says_nothing_about_the_effect() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", namespace.name);
    let kubeconfig: Value = serde_json::from_str(&bed::run(
        bed.kubectl_command()
            .env("KUBECONFIG", bed.word("/kubeconfig/alice-cut"))
            .args(["config", "view", "--raw", "-o", "json"]),
    ))
    .unwrap();
    let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let patch = |mark: &str| {
        let body = json!({ "metadata": { "annotations": { "mark": mark } } });
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "2", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PATCH"])
            .args(["--cacert", bed.word("/api/ca"), "-H", "authorization: Bearer alice-token"])
            .args(["-H", "content-type: application/merge-patch+json", "-d", &body.to_string()])
            .arg(format!("{server}{path}"))
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    };
    assert_eq!(patch("none"), ("200".to_owned(), true));
    for (fate, code, whole, applied) in [
        ("cut-before", "000", false, false),
        ("cut-after", "000", false, true),
        ("half", "200", false, true),
        ("hang", "000", false, true),
        ("503", "503", true, false),
        ("504-after", "504", true, true),
    ] {
        rule(&bed, "PATCH", &path, fate);
        assert_eq!(patch(fate), (code.to_owned(), whole), "{fate}");
        let mark = &namespace.get("deployment/web")["metadata"]["annotations"]["mark"];
        assert_eq!(mark == fate, applied, "{fate}: {mark}");
    }
    assert_eq!(patch("last"), ("200".to_owned(), true), "a rule holds once");
}
