//! Every verb on a plain Deployment.

use serde_json::json;

use super::{act, bed, done, golden, image, is, on_web, rolled_out, staged, testified};

const DEPLOYMENT: &str = "workload = \"deployment/web\"\n";

#[test]
fn a_deployment_is_promoted_paused_resumed_restarted_and_rolled_back() {
    let Some(bed) = bed() else { return };
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    staging.deploy("web", "2", 2);
    production.deploy("web", "1", 2);
    is(staging, "deployment/web", rolled_out);
    is(production, "deployment/web", rolled_out);
    let gonogo = &staged(staging, production, "alice", DEPLOYMENT);

    let said = done(gonogo, &on_web("promote"));
    assert_eq!(said["schema"], "gonogo/v1/act", "{said:#}");
    let live = production.get("deployment/web");
    assert!(rolled_out(&live), "done means that it is: {live:#}");
    assert!(image(&live).starts_with("registry.example/shop/web:2@sha256:"), "by digest: {}", image(&live));
    assert_eq!(live["metadata"]["annotations"]["gonogo.dev/ops"], said["operation"]["op"], "{live:#}");
    let again = act(gonogo, &on_web("promote"));
    assert_eq!((again.exit, &again.said["changed"]), (0, &json!(false)), "{}", again.all());

    let refused = act(gonogo, &on_web("pause"));
    assert_eq!(refused.exit, 3, "nothing is on its way: {}", refused.all());
    production.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:3-slow"]);
    done(gonogo, &on_web("pause"));
    assert_eq!(production.get("deployment/web")["spec"]["paused"], true);
    let refused = act(gonogo, &on_web("restart"));
    assert_eq!(refused.exit, 3, "paused, nothing would restart: {}", refused.all());
    done(gonogo, &on_web("resume"));
    assert_ne!(production.get("deployment/web")["spec"]["paused"], true);
    is(production, "deployment/web", rolled_out);

    let names = |ns: &crate::bed::Namespace<'_>| {
        let pods = ns.get("pods")["items"].as_array().unwrap().clone();
        let alive = pods.into_iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
        alive.map(|p| p["metadata"]["name"].as_str().unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = names(production);
    done(gonogo, &on_web("restart"));
    assert!(before.is_disjoint(&names(production)), "every pod is another one");

    done(gonogo, &on_web("rollback --reason wrong"));
    let live = production.get("deployment/web");
    assert!(rolled_out(&live));
    assert!(image(&live).starts_with("registry.example/shop/web:2@"), "the version before, by its template: {}", image(&live));
    assert!(!live["spec"]["template"]["metadata"]["labels"].as_object().unwrap().contains_key("pod-template-hash"));
    let sets = production.get("replicasets")["items"].as_array().unwrap().len();
    assert_eq!(sets, 4, "the earlier revision is used again: 1, 2, 3, 3 restarted");

    insta::assert_snapshot!("deployment", golden::taken(production));
    let verified = act(gonogo, &["audit", "verify"]);
    assert_eq!(verified.exit, 0, "{}", verified.all());
}

#[test]
fn a_deployment_that_cannot_get_there_has_failed_and_says_so() {
    let Some(bed) = bed() else { return };
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    production.deploy("web", "1", 2);
    is(production, "deployment/web", rolled_out);
    // Its pods are ready where it comes from, and never where it goes: another image pull, another world.
    staging.deploy("web", "2-crash", 1);
    let gonogo = &staged(staging, production, "alice", DEPLOYMENT);
    let done = act(gonogo, &on_web("promote --confirm web --reason drill"));
    assert_ne!(done.exit, 0, "{}", done.all());
}

#[test]
fn who_may_not_is_refused_by_the_server_and_nothing_is_left_open() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    namespace.deploy("web", "1", 1);
    is(namespace, "deployment/web", rolled_out);
    let gonogo = &crate::gonogo::Gonogo::on_the_cluster(namespace, "reader", &["web"]);
    let refused = act(gonogo, &on_web("pause"));
    assert_ne!(refused.exit, 0, "{}", refused.all());
    assert_eq!(namespace.get("deployment/web")["spec"]["paused"], serde_json::Value::Null);
    assert!(testified(namespace).iter().all(|w| w.code == 403));
}
