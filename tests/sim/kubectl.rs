//! kubectl as a referee: what it does to a Deployment, it sees done.

use std::{process::Output, sync::Arc, time::Duration};

use gonogo::sim::T0;
use jiff::SignedDuration;

use super::Bed;

/// Runs kubectl against `eu-1`; none where it is not installed, which a CI run does not excuse.
async fn kubectl(folder: &std::path::Path, arguments: &[&str]) -> Option<Output> {
    let mut command = tokio::process::Command::new("kubectl");
    command.args(["--context", "eu-1"]).args(arguments).env("HOME", folder).env("KUBECONFIG", folder.join("config"));
    match command.output().await {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "kubectl: {error}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_rolls_out_and_back() {
    let bed = Bed::at(20).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config"), &bed.sim.endpoints().kubeconfig).unwrap();
    if kubectl(folder.path(), &["version", "--client"]).await.is_none() {
        return;
    }
    // kubectl waits on watches; the simulated time goes on meanwhile.
    let clock = Arc::clone(&bed.clock);
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            *clock.lock().unwrap() += SignedDuration::from_millis(100);
        }
    });
    let wait = &["rollout", "status", "deployment/auth", "--timeout=60s"][..];
    let steps: [(&[&str], &str); 12] = [
        (&["set", "image", "deployment/auth", "auth=registry.acme.example/shop/auth:2.9.0"], "image updated"),
        (wait, "successfully rolled out"),
        (&["rollout", "undo", "deployment/auth"], "rolled back"),
        (wait, "successfully rolled out"),
        (&["rollout", "restart", "deployment/auth"], "restarted"),
        (wait, "successfully rolled out"),
        (&["rollout", "pause", "deployment/auth"], "paused"),
        (&["rollout", "resume", "deployment/auth"], "resumed"),
        (&["scale", "deployment/auth", "--replicas=2"], "scaled"),
        (wait, "successfully rolled out"),
        (&["scale", "rollout/payment", "--replicas=6"], "scaled"),
        (
            &["patch", "rollout", "payment", "--subresource=status", "--type=merge", "-p", r#"{"status":{"abort":true}}"#],
            "patched",
        ),
    ];
    for (arguments, said) in steps {
        let output = kubectl(folder.path(), arguments).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && text.contains(said),
            "{arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    ticking.abort();
    let sets: Vec<_> = bed.sets("auth").await.into_iter().map(|set| (set.1, set.2, set.3)).collect();
    let expected = [(0, 0, "2.8.0"), (0, 0, "2.9.0"), (0, 0, "2.8.1"), (2, 2, "2.8.1")];
    assert_eq!(
        sets,
        expected.map(|(wanted, ready, version)| (wanted, ready, version.to_owned())),
        "the undo used the old one again"
    );
    assert!(*bed.clock.lock().unwrap() > T0);
}
