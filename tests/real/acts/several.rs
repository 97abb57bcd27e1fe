//! Several services under one consent.

use serde_json::{Value, json};

use super::{act, at_its_second, bed, done, image, is, observed, rolled_out, testified};
use crate::{bed::Namespace, gonogo::Gonogo};

const CONSENT: [&str; 6] = ["--env", "production", "--confirm", "production", "--reason", "tested"];

fn on<'a>(verb: &'a str, services: &[&'a str]) -> Vec<&'a str> {
    [&[verb], services, &CONSENT].concat()
}

/// When a restart was asked for.
fn restarted(namespace: &Namespace<'_>, name: &str) -> Value {
    let live = namespace.get(&format!("deployment/{name}"));
    live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].clone()
}

#[test]
fn several_services_are_one_operation_whose_end_names_each() {
    let Some(bed) = bed() else { return };
    let namespace = &bed.namespace();
    at_its_second(namespace);
    namespace.deploy("api", "1", 1);
    is(namespace, "deployment/api", rolled_out);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice", &["web", "api"]);

    let said = done(gonogo, &on("restart", &["web", "api"]));
    assert_eq!((&said["operation"]["reached"], &said["operation"]["of"]), (&json!(2), &json!(2)), "{said:#}");
    for name in ["web", "api"] {
        let live = namespace.get(&format!("deployment/{name}"));
        assert!(rolled_out(&live) && restarted(namespace, name).is_string(), "{live:#}");
        assert_eq!(live["metadata"]["annotations"]["gonogo.dev/ops"], said["operation"]["op"], "one operation marks both");
    }
    assert_eq!(testified(namespace).iter().filter(|w| w.code == 200).count(), 2, "{:#?}", testified(namespace));

    // One that fails stops those after it, and both sets are named.
    let soon = r#"{"spec":{"progressDeadlineSeconds":3}}"#;
    namespace.kubectl(["patch", "deployment/api", "--patch", soon]);
    namespace.kubectl(["set", "image", "deployment/api", "api=registry.example/shop/api:1-crash"]);
    is(namespace, "deployment/api", observed);
    let before = restarted(namespace, "web");
    let half = act(gonogo, &on("restart", &["api", "web"]));
    assert_eq!((half.exit, &half.said["changed"]), (1, &json!(true)), "{}", half.all());
    let states: Vec<&Value> = half.said["operation"]["targets"].as_array().unwrap().iter().map(|t| &t["state"]).collect();
    assert_eq!(states, ["failed", "not-begun"], "{}", half.all());
    let sentence = half.said["operation"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("/api") && sentence.contains("/web"), "{sentence}");
    assert_eq!(restarted(namespace, "web"), before, "it is as it was");

    // Going back waits for none of them.
    namespace.deploy("new", "1", 1);
    is(namespace, "deployment/new", rolled_out);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice", &["web", "new"]);
    let said = done(gonogo, &on("rollback", &["new", "web"]));
    assert!(said["plan"]["left_out"][0].as_str().unwrap().starts_with("new is left as it is: "), "{said:#}");
    assert!(image(&namespace.get("deployment/web")).contains("shop/web:1"), "{said:#}");
}
