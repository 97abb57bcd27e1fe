//! A controller that puts back what somebody changed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use jiff::Timestamp;

use super::{act, at_its_second, bed, image, on_web};
use crate::{bed::notice, gonogo::Gonogo};

#[test]
fn who_takes_a_change_back_is_named() {
    const HEALER: &str = "argocd-application-controller";
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    at_its_second(namespace);
    // As Argo CD marks what it delivers.
    let id = format!("argocd.argoproj.io/tracking-id=shop:apps/Deployment:{}/web", namespace.name);
    namespace.kubectl(["annotate", "deployment", "web", &id]);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice", &["web"]);
    let over = AtomicBool::new(false);
    let heal = || {
        while !over.load(Ordering::Relaxed) {
            if image(&namespace.get("deployment/web")).ends_with(":1") {
                let manager = format!("--field-manager={HEALER}");
                namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2", &manager]);
            }
            thread::park_timeout(Duration::from_millis(300));
        }
    };
    let done = thread::scope(|s| {
        s.spawn(heal);
        let done = act(gonogo, &on_web("rollback --reason drill"));
        over.store(true, Ordering::Relaxed);
        done
    });
    assert_eq!(done.exit, 1, "{}", done.all());
    let [target] = &done.said["operation"]["targets"].as_array().unwrap()[..] else { panic!("{}", done.all()) };
    assert_eq!(target["state"], "reverted", "{}", done.all());
    assert!(target["words"].as_str().unwrap().contains(HEALER), "{}", done.all());
    let [asked, said] = ["began", "at"].map(|at| done.said["operation"][at].as_str().unwrap().parse::<Timestamp>().unwrap());
    notice(&format!(
        "who took a roll back back was named {:.1} s after it was asked for",
        said.duration_since(asked).as_secs_f64()
    ));
}
