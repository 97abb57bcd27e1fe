//! Canaries of Flagger in each phase that they stay in: `gonogo status` beside kubectl.
//!
//! Flagger looks every ten seconds and changes one thing each time, so each test is one release from its beginning to
//! its end, which is held against kubectl as often as gonogo answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Objects, apply, pods, tag};
use crate::bed::{Namespace, until};
use crate::gonogo::{Gonogo, placement};

/// The route that Flagger writes.
#[derive(Clone, Copy)]
enum Route {
    Istio,
    Gateway,
}

/// Deployment `web` of version v1 and its Canary, which goes over 25 to 50 %.
fn canary(namespace: &Namespace<'_>, route: Route, confirmed: &[&str]) {
    let bed = namespace.bed;
    let hook = |kind: &&str| json!({ "name": kind, "type": kind, "url": format!("{}/gate/check", bed.word("/gates/url")) });
    let back = json!({ "name": "back", "type": "rollback", "url": format!("{}/rollback/check", bed.word("/gates/url")) });
    let hooks: Vec<Value> = confirmed.iter().map(hook).chain([back]).collect();
    let (provider, more) = match route {
        Route::Istio => ("istio", json!({ "gateways": ["mesh"] })),
        Route::Gateway => {
            let gateway = ["/gateway/name", "/gateway/namespace"].map(|word| bed.word(word));
            let gateway =
                json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway[0], "namespace": gateway[1] });
            ("gatewayapi:v1", json!({ "gatewayRefs": [gateway] }))
        }
    };
    let mut service =
        json!({ "port": 80, "targetPort": 8080, "portName": "http", "hosts": [format!("{}.example", namespace.name)] });
    service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (selector, template) = pods("web", "v1");
    apply(
        namespace,
        &[
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "labels": { "app": "web" } },
                "spec": { "replicas": 2, "selector": selector, "template": template } }),
            json!({ "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": { "name": "web" }, "spec": {
                "provider": provider, "progressDeadlineSeconds": 60, "service": service,
                "targetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
                "analysis": { "interval": "10s", "threshold": 3, "stepWeight": 25, "maxWeight": 50, "webhooks": hooks } } }),
        ],
    );
}

/// Tells the load tester: `gate/open`, `gate/close`, `rollback/open`.
fn gate(namespace: &Namespace<'_>, what: &str) {
    let whose = json!({ "name": "web", "namespace": namespace.name });
    namespace.bed.post(&format!("{}/{what}", namespace.bed.word("/gates/url")), &whose.to_string());
}

fn release(namespace: &Namespace<'_>, version: &str) {
    namespace.kubectl(["set", "image", "deployment/web", &format!("app=registry.example/shop/web:{version}")]);
}

/// Everything that kubectl shows of `web`.
struct Seen(Objects);

impl Seen {
    fn of(namespace: &Namespace<'_>) -> Self {
        Self(Objects::of(namespace, "canaries,virtualservices,httproutes,deployments"))
    }

    fn canary(&self) -> &Value {
        self.0.one("Canary", "web").unwrap()
    }

    fn phase(&self) -> &str {
        self.canary()["status"]["phase"].as_str().unwrap_or("")
    }

    /// The share of the live route that goes to the canary.
    fn weight(&self) -> Option<f64> {
        let rules = &self.0.all("VirtualService").chain(self.0.all("HTTPRoute")).next()?["spec"];
        let arms = rules["http"][0]["route"].as_array().or(rules["rules"][0]["backendRefs"].as_array())?;
        let name = |arm: &Value| arm["destination"]["host"].as_str().or(arm["name"].as_str()).map(str::to_owned);
        arms.iter().find(|arm| name(arm).as_deref() == Some("web-canary")).and_then(|arm| arm["weight"].as_f64())
    }
}

/// What gonogo says of `web`, held against what kubectl shows at the same time.
fn look(namespace: &Namespace<'_>, gonogo: &Gonogo<'_>) -> (Seen, Value) {
    let (seen, ours) = until("a state that stays for one answer", || {
        let before = Seen::of(namespace);
        let status = gonogo.json(&["status"]);
        let after = Seen::of(namespace);
        if before.0.versions() == after.0.versions() {
            Ok((after, placement(&status, "web").clone()))
        } else {
            Err("it moved meanwhile".to_owned())
        }
    });
    let Some(primary) = seen.0.one("Deployment", "web-primary") else { return (seen, ours) };
    let (status, delegated) = (&seen.canary()["status"], &ours["delegated"]);
    assert_eq!((&delegated["by"], &delegated["object"]), (&json!("Flagger"), &json!("canary/web")), "{ours:#}");
    assert_eq!(delegated["phase"], seen.phase(), "{ours:#}");
    assert_eq!(delegated["flagger"]["failed_checks"], status["failedChecks"], "{ours:#}");
    assert_eq!(delegated["flagger"]["said"].as_f64(), status["canaryWeight"].as_f64(), "{ours:#}");
    assert_eq!(ours["canary"]["set"].as_f64(), seen.weight(), "the live route is what counts: {ours:#}");
    assert_eq!(ours["version"]["tag"], tag(&primary["spec"]["template"]), "{ours:#}");
    assert_eq!(ours["wanted_version"]["tag"], tag(&seen.0.one("Deployment", "web").unwrap()["spec"]["template"]), "{ours:#}");
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let counts = json!({ "wanted": count(&primary["spec"]["replicas"]), "ready": count(&primary["status"]["readyReplicas"]),
        "available": count(&primary["status"]["availableReplicas"]) });
    assert_eq!(ours["pods"], counts, "{ours:#}");
    (seen, ours)
}

/// Follows until `last`, and tells `told` of each answer; the phases that were seen.
fn follow(namespace: &Namespace<'_>, gonogo: &Gonogo<'_>, last: &str, mut told: impl FnMut(&Seen, &Value)) -> BTreeSet<String> {
    let mut phases = BTreeSet::new();
    until(last, || {
        let (seen, ours) = look(namespace, gonogo);
        let phase = seen.phase().to_owned();
        phases.insert(phase.clone());
        told(&seen, &ours);
        if phase == last { Ok(()) } else { Err(phase) }
    });
    phases
}

fn configured<'a>(namespace: &Namespace<'a>) -> Gonogo<'a> {
    Gonogo::configured(namespace, "reader", "[service.web]\nworkload = \"deployment/web\"\n")
}

#[test]
fn a_release_under_flagger_in_each_phase() {
    let Some(bed) = crate::bed::delivery() else { return };
    let namespace = &bed.namespace();
    canary(namespace, Route::Istio, &["confirm-rollout", "confirm-promotion"]);
    let gonogo = &configured(namespace);
    follow(namespace, gonogo, "Initialized", |_, _| ());
    let (_, ours) = look(namespace, gonogo);
    assert_eq!((&ours["canary"]["phase"], &ours["health"]["state"]), (&json!("done"), &json!("pass")), "{ours:#}");

    release(namespace, "v2");
    let mut weights = BTreeSet::new();
    let mut gates = vec!["gate/open", "gate/close", "gate/open"].into_iter();
    let phases = follow(namespace, gonogo, "Succeeded", |seen, ours| {
        let phase = seen.phase();
        match (phase, gates.len()) {
            ("Waiting", 3) | ("Progressing", 2) | ("WaitingPromotion", 1) => gate(namespace, gates.next().unwrap()),
            _ => {}
        }
        let canary = &ours["canary"];
        match phase {
            "Waiting" | "WaitingPromotion" => {
                assert_eq!(canary["phase"], "paused", "{ours:#}");
                assert!(canary["reason"].as_str().unwrap().contains("confirm-"), "the gate that holds it: {ours:#}");
            }
            "Progressing" | "Promoting" | "Finalising" => assert_eq!(canary["phase"], "progressing", "{ours:#}"),
            _ => {}
        }
        if phase == "WaitingPromotion" {
            // the trap: Flagger itself says 0 here
            assert_eq!((&canary["set"], &canary["said"]), (&json!(50.0), &json!(0.0)), "{ours:#}");
        }
        weights.extend(seen.weight().map(|w| w as u32));
    });
    let want = ["Waiting", "Progressing", "WaitingPromotion", "Promoting", "Succeeded"];
    assert!(want.iter().all(|phase| phases.contains(*phase)), "{phases:?}");
    assert_eq!(weights, [0, 25, 50].into());
    let (_, ours) = look(namespace, gonogo);
    assert_eq!((&ours["version"]["tag"], &ours["health"]["state"]), (&json!("v2"), &json!("pass")), "{ours:#}");
}

#[test]
fn a_release_that_flagger_rolls_back() {
    let Some(bed) = crate::bed::delivery() else { return };
    let namespace = &bed.namespace();
    // the gate of the promotion keeps it where it can be rolled back, however long it takes to look
    canary(namespace, Route::Gateway, &["confirm-promotion"]);
    let gonogo = &configured(namespace);
    follow(namespace, gonogo, "Initialized", |_, _| ());
    release(namespace, "v2");
    let mut asked = false;
    follow(namespace, gonogo, "Failed", |seen, _| {
        if !asked && seen.weight() > Some(0.0) {
            gate(namespace, "rollback/open");
            asked = true;
        }
    });
    let (seen, ours) = look(namespace, gonogo);
    assert!(asked && seen.weight() == Some(0.0), "{ours:#}");
    assert_eq!(ours["canary"]["phase"], "aborted", "{ours:#}");
    assert_eq!((&ours["version"]["tag"], &ours["wanted_version"]["tag"]), (&json!("v1"), &json!("v2")));
    assert_eq!(ours["health"]["state"], "progressing", "users are served by v1: {ours:#}");
}
