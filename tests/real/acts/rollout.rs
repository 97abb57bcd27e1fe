//! Every verb on a Rollout of the real Argo Rollouts.

use serde_json::json;

use super::{act, bed, done, golden, image, is, on_web, says, serves, staged, taken_over};
use crate::{
    gonogo::Gonogo,
    progressive::argo::{on_istio, release},
};

const ROLLOUT: &str = "workload = \"rollout/web\"\n";

fn weight(namespace: &crate::bed::Namespace<'_>) -> u64 {
    namespace.get("virtualservice/web")["spec"]["http"][0]["route"][1]["weight"].as_u64().unwrap()
}

fn step_of(namespace: &crate::bed::Namespace<'_>) -> u64 {
    namespace.get("rollouts.argoproj.io/web")["status"]["currentStepIndex"].as_u64().unwrap()
}

const STEPS: &str = r#"[{"setWeight":5},{"pause":{}},{"setWeight":20},{"pause":{}},{"setWeight":50},{"pause":{}}]"#;

#[test]
fn a_canary_is_stepped_paused_resumed_aborted_retried_and_rolled_back() {
    let Some(bed) = bed() else { return };
    let production = &bed.namespace();
    on_istio(production, &serde_json::from_str(STEPS).unwrap());
    // With figures: without errors nothing speaks against a step.
    let gonogo = &Gonogo::configured(production, "alice", &format!("{}[service.web]\n{ROLLOUT}", super::metrics(bed)));
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));

    release(production, "v2");
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Paused"));
    assert_eq!((step_of(production), weight(production)), (1, 5));

    serves(production, gonogo);
    done(gonogo, &on_web("step"));
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Paused"));
    assert_eq!((step_of(production), weight(production)), (3, 20), "one pause, and not two");

    done(gonogo, &on_web("pause"));
    assert_eq!(production.get("rollouts.argoproj.io/web")["spec"]["paused"], true);
    let refused = act(gonogo, &on_web("step"));
    assert_eq!(refused.exit, 3, "a step under a pause by hand would skip one: {}", refused.all());
    done(gonogo, &on_web("resume"));
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Paused"));
    assert_eq!(step_of(production), 3, "nothing is skipped");

    done(gonogo, &on_web("abort"));
    assert_eq!(weight(production), 0, "done means that the route has left the canary");
    let refused = act(gonogo, &on_web("step"));
    assert_eq!(refused.exit, 3, "an aborted rollout takes a retry: {}", refused.all());
    done(gonogo, &on_web("retry --confirm web --reason drill"));
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Paused"));
    assert_eq!((step_of(production), weight(production)), (1, 5));

    serves(production, gonogo);
    done(gonogo, &on_web("step --full --confirm web --reason tested"));
    let live = production.get("rollouts.argoproj.io/web");
    assert!(taken_over(&live), "{live:#}");
    assert_eq!(weight(production), 0);

    done(gonogo, &on_web("restart"));
    let live = production.get("rollouts.argoproj.io/web");
    assert_eq!(live["status"]["restartedAt"], live["spec"]["restartAt"], "{live:#}");

    done(gonogo, &on_web("rollback --reason wrong"));
    let live = production.get("rollouts.argoproj.io/web");
    assert!(image(&live).ends_with(":v1") && live["status"]["stableRS"] == live["status"]["currentPodHash"], "{live:#}");
    insta::assert_snapshot!("rollout", golden::taken(production));
}

#[test]
fn an_abort_under_promote_full_and_under_a_pause_by_hand_is_a_whole_one() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    on_istio(namespace, &serde_json::from_str(STEPS).unwrap());
    let gonogo = &Gonogo::configured(namespace, "alice", &format!("[service.web]\n{ROLLOUT}"));
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    // Its pods never get ready, so that promoteFull stays.
    release(namespace, "v2-never");
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Progressing"));
    crate::progressive::plugin(namespace, &["promote", "web", "--full"]);
    is(namespace, "rollouts.argoproj.io/web", |r| r["status"]["promoteFull"] == true);
    done(gonogo, &on_web("abort"));
    let live = namespace.get("rollouts.argoproj.io/web");
    assert_eq!(live["status"]["abort"], true, "{live:#}");
    assert_ne!(live["status"]["promoteFull"], true, "{live:#}");
    assert_eq!(live["status"]["phase"], "Degraded");

    release(namespace, "v3");
    is(namespace, "rollouts.argoproj.io/web", |r| says(r, "Paused"));
    done(gonogo, &on_web("pause"));
    done(gonogo, &on_web("abort"));
    let live = namespace.get("rollouts.argoproj.io/web");
    assert_ne!(live["spec"]["paused"], true, "half an abort keeps the canary's pods: {live:#}");
    assert_eq!((&live["status"]["phase"], weight(namespace)), (&json!("Degraded"), 0));
    insta::assert_snapshot!("rollout_whole_aborts", golden::taken(namespace));
}

#[test]
fn a_promote_starts_the_rollouts_own_plan() {
    let Some(bed) = bed() else { return };
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    on_istio(production, &serde_json::from_str(STEPS).unwrap());
    is(production, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    on_istio(staging, &json!([{ "setWeight": 100 }]));
    is(staging, "rollouts.argoproj.io/web", |r| says(r, "Healthy"));
    release(staging, "v2");
    is(staging, "rollouts.argoproj.io/web", taken_over);
    let gonogo = &staged(staging, production, "alice", ROLLOUT);
    done(gonogo, &on_web("promote"));
    let live = production.get("rollouts.argoproj.io/web");
    assert!(image(&live).starts_with("registry.example/shop/web:v2@sha256:"), "{}", image(&live));
    assert!(says(&live, "Paused"), "{live:#}");
    assert_eq!(weight(production), 5);
    insta::assert_snapshot!("rollout_promote", golden::taken(production));
}
