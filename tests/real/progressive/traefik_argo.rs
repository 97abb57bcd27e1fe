//! A Rollout of Argo that splits real requests by a TraefikService.

use serde_json::{Value, json};

use super::argo::{look, release, rollout};
use super::traefik::{Shop, with_figures};
use super::{apply, plugin, service};
use crate::bed::{self, until};

/// A Rollout behind Traefik's own kinds of object, with nothing released but v1.
fn open(bed: &bed::Bed) -> Shop<'_> {
    let namespace = bed.namespace();
    let shop = Shop { host: format!("{}.example", namespace.name), namespace, by: "kubernetescrd" };
    let canary = json!({ "stableService": "web-stable", "canaryService": "web-canary",
        "steps": [{ "setWeight": 20 }, { "pause": {} }, { "setWeight": 50 }, { "pause": {} }],
        "trafficRouting": { "traefik": { "weightedTraefikServiceName": "web" } } });
    let traefik = |kind: &str, spec: Value| json!({ "apiVersion": "traefik.io/v1alpha1", "kind": kind, "metadata": { "name": "web" }, "spec": spec });
    let arm = |name: &str| json!({ "name": name, "port": 80 });
    let matches = format!("Host(`{}`)", shop.host);
    apply(
        &shop.namespace,
        &[
            service("web-stable", "web"),
            service("web-canary", "web"),
            traefik("TraefikService", json!({ "weighted": { "services": [arm("web-stable"), arm("web-canary")] } })),
            traefik(
                "IngressRoute",
                json!({ "entryPoints": ["web"], "routes": [
                    { "match": matches, "kind": "Rule", "services": [{ "kind": "TraefikService", "name": "web" }] }] }),
            ),
            rollout(4, &json!({ "canary": canary })),
        ],
    );
    shop
}

/// The weight that the TraefikService gives to the canary.
fn weight(shop: &Shop<'_>) -> Value {
    let route = shop.namespace.get("traefikservices.traefik.io/web");
    let arms = route["spec"]["weighted"]["services"].as_array().unwrap().clone();
    arms.into_iter().find(|arm| arm["name"] == "web-canary").unwrap()["weight"].clone()
}

#[test]
fn a_rollout_that_splits_by_a_traefik_service() {
    let Some(bed) = bed::delivery() else { return };
    let shop = open(bed);
    let gonogo = shop.gonogo("rollout/web");
    look(&shop.namespace, &gonogo, "Healthy", |_| true);
    release(&shop.namespace, "v2");
    let (_, ours) = look(&shop.namespace, &gonogo, "Paused - CanaryPauseStep", |_| weight(&shop) == 20);
    let canary = &ours["canary"];
    assert_eq!((&canary["set"], &canary["planned"], &canary["owner"]), (&json!(20.0), &json!(20.0), &json!("Argo Rollouts")));
    assert_eq!(ours["traffic"]["set"], 20.0, "{ours:#}");
    assert_eq!((&canary["stable"]["tag"], &canary["canary"]["tag"]), (&json!("v1"), &json!("v2")), "{ours:#}");

    shop.users(50);
    shop.until_users_get("v2", 20.0);
    let ours = until("20 %, as promtool says", || {
        let ours = with_figures(&gonogo);
        let (actual, theirs) =
            (ours["traffic"]["actual"]["weight"].as_f64().unwrap(), shop.share_of("web-canary", "web-stable")?);
        let same = (actual - 20.0).abs() <= 3.0 && (actual - theirs).abs() <= 1.0;
        if same { Ok(ours) } else { Err(format!("{actual}, promtool says {theirs}")) }
    });
    assert_eq!(ours["traffic"]["set"], 20.0, "{ours:#}");

    // The next step is set at once; what is measured, over five minutes, is still nearer to what was.
    plugin(&shop.namespace, &["promote", "web"]);
    look(&shop.namespace, &gonogo, "Paused - CanaryPauseStep", |_| weight(&shop) == 50);
    let ours = with_figures(&gonogo);
    let actual = ours["traffic"]["actual"]["weight"].as_f64().unwrap();
    assert_eq!((&ours["canary"]["set"], &ours["traffic"]["set"]), (&json!(50.0), &json!(50.0)), "{ours:#}");
    assert!(actual < 45.0, "the old share moves slowly, and is not what was asked for: {ours:#}");
    shop.until_users_get("v2", 50.0);

    plugin(&shop.namespace, &["abort", "web"]);
    let (_, ours) = look(&shop.namespace, &gonogo, "Degraded - RolloutAborted", |_| weight(&shop) == 0);
    assert_eq!((&ours["canary"]["phase"], &ours["canary"]["set"]), (&json!("aborted"), &json!(0.0)), "{ours:#}");
    shop.until_users_get("v1", 100.0);
}
