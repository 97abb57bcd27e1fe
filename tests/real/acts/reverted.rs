//! A controller that puts back what somebody changed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{act, bed, on_its_way, on_web};
use crate::gonogo::Gonogo;

#[test]
#[ignore = "written before the verbs were there, and not seen green yet"]
fn who_takes_a_change_back_is_named_within_five_seconds() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_its_way(namespace);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice", &["web"]);
    let over = AtomicBool::new(false);
    let heal = || {
        while !over.load(Ordering::Relaxed) {
            if namespace.get("deployment/web")["spec"]["paused"] == true {
                namespace.kubectl([
                    "patch",
                    "deployment",
                    "web",
                    "--field-manager=argocd-application-controller",
                    "--type=merge",
                    "-p",
                    r#"{"spec":{"paused":null}}"#,
                ]);
            }
            thread::park_timeout(Duration::from_millis(300));
        }
    };
    let done = thread::scope(|s| {
        s.spawn(heal);
        // A promise that is kept in the moment of the answer would be no promise: the change is looked at for a while.
        let began = Instant::now();
        let done = act(gonogo, &on_web("pause"));
        over.store(true, Ordering::Relaxed);
        (done, began.elapsed())
    });
    let (done, took) = done;
    assert_eq!(done.exit, 1, "{}", done.all());
    let said = done.said.to_string();
    assert!(said.contains("argocd-application-controller"), "{}", done.all());
    assert!(took < Duration::from_secs(20), "{took:?}, start and end of the program with it");
}
