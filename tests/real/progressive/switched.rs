//! Blue-green of Argo: both sides, their Services, and the old version while it is still warm.

use serde_json::{Value, json};

use super::argo::{Seen, configured, look, release, rollout};
use super::{apply, plugin, service, tag};
use crate::bed::{self, Namespace};

/// The ready endpoints of a Service, as kubectl shows them.
pub fn endpoints(namespace: &Namespace<'_>, service: &str) -> usize {
    let slices = namespace.get(&format!("endpointslices -l kubernetes.io/service-name={service}"));
    let all = slices["items"].as_array().unwrap().iter().filter_map(|slice| slice["endpoints"].as_array()).flatten();
    all.filter(|endpoint| endpoint["conditions"]["ready"] == true).count()
}

/// What gonogo says of a side must be what its Service selects.
fn is_side(namespace: &Namespace<'_>, seen: &Seen, side: &Value, service: &str) {
    let hash = namespace.get(&format!("services/{service}"))["spec"]["selector"]["rollouts-pod-template-hash"].clone();
    assert_eq!((&side["service"], &side["hash"]), (&json!(service), &hash), "{side:#}");
    let set = seen.set(&hash).unwrap();
    assert_eq!(side["version"]["tag"], tag(&set["spec"]["template"]), "{side:#}");
    assert_eq!(side["available"], set["status"]["availableReplicas"], "{side:#}");
    assert_eq!(side["endpoints"], endpoints(namespace, service), "{side:#}");
}

#[test]
fn blue_green_of_argo_in_each_phase() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    let strategy = json!({ "blueGreen": { "activeService": "web-active", "previewService": "web-preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 30 } });
    apply(namespace, &[service("web-active", "web"), service("web-preview", "web"), rollout(3, &strategy)]);
    let gonogo = &configured(namespace);
    let check = |seen: &Seen, ours: &Value| {
        assert_eq!(ours["delivery"], "blue-green", "{ours:#}");
        let sides = &ours["delegated"]["blue_green"];
        is_side(namespace, seen, &sides["active"], "web-active");
        is_side(namespace, seen, &sides["preview"], "web-preview");
    };
    let all_ready = |_: &Seen| endpoints(namespace, "web-active") == 3 && endpoints(namespace, "web-preview") == 3;
    let (seen, ours) = look(namespace, gonogo, "Healthy", all_ready);
    check(&seen, &ours);
    assert_eq!(ours["health"]["state"], "pass", "{ours:#}");

    release(namespace, "v2");
    let (seen, ours) = look(namespace, gonogo, "Paused - BlueGreenPause", all_ready);
    check(&seen, &ours);
    let sides = &ours["delegated"]["blue_green"];
    assert_eq!([&sides["active"]["version"]["tag"], &sides["preview"]["version"]["tag"]], ["v1", "v2"], "{ours:#}");
    assert_eq!((&sides["switched"], &ours["health"]["state"]), (&json!(false), &json!("pass")), "{ours:#}");

    plugin(namespace, &["promote", "web"]);
    let (seen, ours) = look(namespace, gonogo, "Healthy", |seen| all_ready(seen) && seen.warm().is_some());
    check(&seen, &ours);
    assert_eq!(ours["delegated"]["blue_green"]["active"]["version"]["tag"], "v2", "{ours:#}");
    let warm = &ours["delegated"]["warm"][0];
    assert_eq!(warm["version"]["tag"], "v1", "the old version is still warm: {ours:#}");
    assert_eq!(warm["until"].as_str(), seen.warm(), "{ours:#}");
    let (_, ours) = look(namespace, gonogo, "Healthy", |seen| seen.warm().is_none());
    assert_eq!(ours["delegated"]["warm"], json!([]), "{ours:#}");

    release(namespace, "v3");
    look(namespace, gonogo, "Paused - BlueGreenPause", all_ready);
    plugin(namespace, &["abort", "web"]);
    let (seen, ours) = look(namespace, gonogo, "Degraded - RolloutAborted", |_| true);
    is_side(namespace, &seen, &ours["delegated"]["blue_green"]["active"], "web-active");
    assert_eq!((&ours["version"]["tag"], &ours["wanted_version"]["tag"]), (&json!("v2"), &json!("v3")), "{ours:#}");
}
