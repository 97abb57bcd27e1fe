//! The control plane of the bed: fake pods behave as their image tags say, and a killed API server comes back.

use serde_json::Value;

use crate::bed::{self, until};

/// The words that kubectl prints of the only pod of `app`: ready, status, restarts.
fn pod(namespace: &bed::Namespace<'_>, app: &str) -> Result<[String; 3], String> {
    let line = namespace.kubectl(["get", "pods", "--no-headers", "-l", &format!("app={app}")]);
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [_, ready, status, restarts, ..] => Ok([ready, status, restarts].map(str::to_owned)),
        _ => Err(line),
    }
}

#[test]
fn pods_behave_by_their_image_tag() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    for tag in ["1", "1-slow", "1-never", "1-pull", "1-crash"] {
        namespace.deploy(&format!("app{}", &tag[1..]), tag, 1);
    }
    let expect = |app: &str, ready: &str, status: &str| {
        until(&format!("{app} {ready} {status}"), || match pod(&namespace, app)? {
            [r, s, restarts] if r == ready && s == status => Ok(restarts.parse::<u32>().unwrap()),
            other => Err(format!("{other:?}")),
        })
    };
    assert_eq!(expect("app", "1/1", "Running"), 0);
    assert_eq!(expect("app-slow", "1/1", "Running"), 0);
    assert_eq!(expect("app-never", "0/1", "Running"), 0);
    assert_eq!(expect("app-pull", "0/1", "ImagePullBackOff"), 0);
    let before = expect("app-crash", "0/1", "CrashLoopBackOff");
    until("another restart", || match expect("app-crash", "0/1", "CrashLoopBackOff") {
        now if now > before => Ok(()),
        now => Err(now.to_string()),
    });
    // what never gets ready is reported by the Deployment as well
    namespace.kubectl([
        "wait",
        "--for=jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}=ProgressDeadlineExceeded",
        "--timeout=60s",
        "deployment/app-never",
    ]);
    assert!(namespace.kubectl(["logs", "deployment/app"]).contains("hello from a fake pod"));
}

#[test]
fn the_audit_log_testifies() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2"]);
    let log = std::fs::read_to_string(bed.word("/api/audit")).unwrap();
    let patches = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["verb"] == "patch" && event["objectRef"]["namespace"] == namespace.name.as_str())
        .collect::<Vec<_>>();
    assert_eq!(patches.len(), 1, "{patches:#?}");
    assert_eq!(patches[0]["user"]["username"], "admin");
    assert_eq!(patches[0]["requestObject"]["spec"]["template"]["spec"]["containers"][0]["image"], "registry.example/shop/web:2");
}

#[test]
fn the_right_to_change_ends_with_the_role() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let can = |who: &str, verb: &str| {
        let mut kubectl = bed.kubectl_command();
        kubectl.env("KUBECONFIG", bed.word(&format!("/kubeconfig/{who}")));
        let output = kubectl.args(["auth", "can-i", verb, "deployments", "-n", &namespace.name]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim() == "yes"
    };
    let rights = ["alice", "bob", "reader", "mallory"].map(|who| (can(who, "list"), can(who, "patch")));
    assert_eq!(rights, [(true, true), (true, false), (true, false), (false, false)]);
}

#[test]
fn a_killed_api_server_comes_back() {
    let Some(bed) = bed::alone() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    let ready = || bed.kubectl_command().args(["get", "--raw=/readyz"]).output().unwrap();
    bed.kill("apiserver");
    assert!(!ready().status.success(), "it answers although it was killed");
    bed.restart("apiserver");
    until("/readyz", || match ready() {
        output if output.status.success() => Ok(()),
        output => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    });
    // the data are there, and the controllers work again
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    namespace.kubectl(["scale", "deployment/web", "--replicas=2"]);
    until("the second replica", || {
        let status = &namespace.get("deployment/web")["status"];
        if status["availableReplicas"] == 2 { Ok(()) } else { Err(status.to_string()) }
    });
}
