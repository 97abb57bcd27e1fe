//! Blue-green by the selector of a Service, and by Argo Rollouts.

use serde_json::{Value, json};

use super::{act, bed, done, golden, is, on_web, rolled_out, staged};
use crate::{bed::Namespace, progressive::apply};

fn side(color: &str, tag: &str, replicas: u32) -> Value {
    let labels = json!({ "app": "web", "side": color });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": format!("web-{color}") }, "spec": {
        "replicas": replicas, "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": {
            "containers": [{ "name": "web", "image": format!("registry.example/shop/web:{tag}") }] } } } })
}

/// A pair of Deployments behind the Service `web`, which leads to the blue one.
pub fn pair(namespace: &Namespace<'_>) {
    apply(
        namespace,
        &[
            side("blue", "1", 2),
            side("green", "1", 0),
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" }, "spec": {
                "selector": { "app": "web", "side": "blue" }, "ports": [{ "port": 80 }] } }),
        ],
    );
}

/// The same in the words of a configuration; `warm` is for how long the old side stays.
pub fn service(warm: &str) -> String {
    format!(
        "workload = {{ blue-green = {{ service = \"web\", blue = \"deployment/web-blue\", \
         green = \"deployment/web-green\", warm = \"{warm}\" }} }}\n"
    )
}

#[test]
fn a_pair_is_filled_switched_back_and_retired_only_when_its_window_is_over() {
    let Some(bed) = bed() else { return };
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    pair(staging);
    pair(production);
    staging.kubectl(["set", "image", "deployment/web-blue", "web=registry.example/shop/web:2"]);
    for namespace in [staging, production] {
        is(namespace, "deployment/web-blue", rolled_out);
    }
    let gonogo = &staged(staging, production, "alice", &service("30m"));
    let selected = || production.get("service/web")["spec"]["selector"]["side"].as_str().unwrap().to_owned();

    let refused = act(gonogo, &on_web("switch --confirm web --reason drill"));
    assert_eq!((refused.exit, selected()), (3, "blue".to_owned()), "nothing stands behind green: {}", refused.all());

    done(gonogo, &on_web("fill"));
    let green = production.get("deployment/web-green");
    assert!(rolled_out(&green) && green["spec"]["replicas"] == 2, "{green:#}");

    done(gonogo, &on_web("switch --confirm web --reason release"));
    assert_eq!(selected(), "green");

    let refused = act(gonogo, &on_web("retire --confirm web --reason drill"));
    assert_eq!(refused.exit, 6, "the old side stays warm, until a time that is named: {}", refused.all());
    assert_eq!(production.get("deployment/web-blue")["spec"]["replicas"], 2);

    done(gonogo, &on_web("rollback --reason wrong"));
    assert_eq!(selected(), "blue", "back is one switch while the other side is warm");
    insta::assert_snapshot!("pair", golden::taken(production));
}
