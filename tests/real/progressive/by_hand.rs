//! A Service that somebody switches between two Deployments.

use serde_json::json;

use super::switched::endpoints;
use super::{apply, pods, service, tag};
use crate::bed::{self, until};
use crate::gonogo::{Gonogo, placement};

#[test]
fn a_service_that_is_switched_by_hand() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    let deployment = |color: &str, version: &str| {
        let (_, mut template) = pods("web", version);
        template["metadata"]["labels"]["color"] = json!(color);
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": format!("web-{color}") }, "spec": {
            "replicas": 2, "selector": { "matchLabels": { "app": "web", "color": color } }, "template": template } })
    };
    let leads = |name: &str, color: &str| {
        let mut service = service(name, "web");
        service["spec"]["selector"]["color"] = json!(color);
        service
    };
    let first = [deployment("blue", "v1"), deployment("green", "v2"), leads("web", "blue"), leads("web-next", "green")];
    apply(namespace, &first);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web-blue", "deployment/web-green"]);
    let gonogo = Gonogo::configured(
        namespace,
        "reader",
        "[service.web]\nworkload = { blue-green = { service = \"web\", blue = \"deployment/web-blue\", green = \"deployment/web-green\" } }\n",
    );
    let look = |color: &str, version: &str, ready: [usize; 2]| {
        until("the endpoints", || match ["web", "web-next"].map(|service| endpoints(namespace, service)) {
            here if here == ready => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let status = gonogo.json(&["status"]);
        let ours = placement(&status, "web").clone();
        let sides = &ours["sides"];
        assert_eq!((&sides["service"], &sides["preview"]), (&json!("web"), &json!("web-next")), "{ours:#}");
        assert_eq!((&sides["active"], &ours["version"]["tag"]), (&json!(color), &json!(version)), "{ours:#}");
        let idle = if color == "blue" { "green" } else { "blue" };
        assert_eq!([&sides[color]["endpoints"], &sides[idle]["endpoints"]], [ready[0], ready[1]], "{ours:#}");
        for color in ["blue", "green"] {
            let theirs = namespace.get(&format!("deployments/web-{color}"));
            let counts = ["readyReplicas", "availableReplicas"].map(|count| theirs["status"][count].as_u64().unwrap_or(0));
            let counts = json!({ "wanted": theirs["spec"]["replicas"], "ready": counts[0], "available": counts[1] });
            assert_eq!(sides[color]["pods"], counts, "{ours:#}");
            assert_eq!(sides[color]["version"]["tag"], tag(&theirs["spec"]["template"]), "{ours:#}");
        }
        ours
    };
    let ours = look("blue", "v1", [2, 2]);
    assert_eq!((&ours["delivery"], &ours["health"]["state"]), (&json!("blue-green"), &json!("pass")), "{ours:#}");

    apply(namespace, &[leads("web", "green"), leads("web-next", "blue")]);
    let ours = look("green", "v2", [2, 2]);
    assert_eq!(ours["health"]["state"], "pass", "{ours:#}");

    // the API server switches to nobody without a word
    namespace.kubectl(["scale", "deployment/web-blue", "--replicas=0"]);
    apply(namespace, &[leads("web", "blue"), leads("web-next", "green")]);
    let ours = look("blue", "v1", [0, 2]);
    assert_eq!(ours["health"]["state"], "fail", "{ours:#}");
}
