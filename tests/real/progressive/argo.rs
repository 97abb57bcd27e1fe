//! Rollouts of Argo in each phase: `gonogo status` beside kubectl and the plugin.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Objects, apply, plugin, pods, service, tag};
use crate::bed::{self, Namespace, until};
use crate::gonogo::{Gonogo, placement};

/// A Rollout `web` of version v1.
pub fn rollout(replicas: u32, strategy: &Value) -> Value {
    let (selector, template) = pods("web", "v1");
    json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": { "name": "web" }, "spec": {
        "replicas": replicas, "selector": selector, "template": template, "strategy": strategy } })
}

/// One behind an Istio VirtualService, with `steps`.
pub fn on_istio(namespace: &Namespace<'_>, steps: &Value) {
    let route = |service: &str, weight: u32| json!({ "destination": { "host": service }, "weight": weight });
    let canary = json!({ "stableService": "web-stable", "canaryService": "web-canary", "steps": steps,
        "trafficRouting": { "istio": { "virtualService": { "name": "web", "routes": ["primary"] } } } });
    apply(
        namespace,
        &[
            service("web-stable", "web"),
            service("web-canary", "web"),
            json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": { "name": "web" }, "spec": {
                "hosts": ["web.example"], "gateways": ["mesh"],
                "http": [{ "name": "primary", "route": [route("web-stable", 100), route("web-canary", 0)] }] } }),
            rollout(4, &json!({ "canary": canary })),
        ],
    );
}

/// Everything that kubectl and the plugin show of `web`, for one answer of gonogo to be held against.
pub struct Seen {
    objects: Objects,
    /// What the plugin prints: `Status` is `Paused`, `Message` is `CanaryPauseStep`, `SetWeight` is `5`, …
    plugin: BTreeMap<String, String>,
}

impl Seen {
    fn of(namespace: &Namespace<'_>) -> Self {
        let objects = Objects::of(namespace, "rollouts.argoproj.io,replicasets,virtualservices");
        Self { objects, plugin: BTreeMap::new() }
    }

    /// The Rollout.
    pub fn rollout(&self) -> &Value {
        self.objects.one("Rollout", "web").unwrap()
    }

    fn ask_plugin(&mut self, namespace: &Namespace<'_>) {
        let printed = plugin(namespace, &["get", "rollout", "web", "--no-color"]);
        let head = printed.lines().take_while(|line| !line.starts_with("NAME"));
        let words = head.filter_map(|line| line.split_once(':'));
        self.plugin =
            words.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_start_matches(sign).to_owned())).collect();
    }

    /// A word of the plugin's.
    fn says(&self, name: &str) -> &str {
        self.plugin.get(name).map_or("", |value| value)
    }

    /// The set with this hash.
    pub fn set(&self, hash: &Value) -> Option<&Value> {
        self.objects.all("ReplicaSet").find(|set| set["metadata"]["labels"]["rollouts-pod-template-hash"] == *hash)
    }

    /// Until when an old set is kept.
    pub fn warm(&self) -> Option<&str> {
        let mut sets = self.objects.all("ReplicaSet").filter(|set| set["spec"]["replicas"] != 0);
        sets.find_map(|set| set["metadata"]["annotations"]["scale-down-deadline"].as_str())
    }

    /// The weight that the VirtualService gives to `service`.
    fn weight(&self, service: &str) -> Option<f64> {
        let arms = self.objects.all("VirtualService").flat_map(|route| route["spec"]["http"][0]["route"].as_array().unwrap());
        arms.into_iter().find(|arm| arm["destination"]["host"] == service).and_then(|arm| arm["weight"].as_f64())
    }
}

/// The sign that the plugin puts before a phase, and the space behind it.
fn sign(c: char) -> bool {
    c.is_whitespace() || !c.is_ascii()
}

/// Whether the controller has seen the newest wanted state of a Rollout: the old phase stays until then.
pub fn observed(r: &Value) -> bool {
    r["status"]["observedGeneration"].as_str() == Some(&r["metadata"]["generation"].to_string())
}

/// Waits for the controller to say `words` (as the plugin prints them), and for what users get to be as in `done`; then
/// lets gonogo look, and holds against kubectl what it says whatever the phase. Gives its placement.
pub fn look(namespace: &Namespace<'_>, gonogo: &Gonogo<'_>, words: &str, done: impl Fn(&Seen) -> bool) -> (Seen, Value) {
    let current = |seen: &Seen| {
        let status = &seen.rollout()["status"];
        let said = format!("{} - {}", status["phase"].as_str().unwrap_or(""), status["message"].as_str().unwrap_or(""));
        observed(seen.rollout()) && said.starts_with(words) && done(seen)
    };
    let (seen, ours) = until(words, || {
        let mut before = Seen::of(namespace);
        if !current(&before) {
            return Err(format!("{:#}", before.rollout()["status"]));
        }
        before.ask_plugin(namespace);
        let status = gonogo.json(&["status"]);
        let after = Seen::of(namespace);
        if before.objects.versions() != after.objects.versions() {
            return Err("it moved meanwhile".to_owned());
        }
        Ok((before, placement(&status, "web").clone()))
    });
    let said = [seen.rollout()["status"]["phase"].as_str(), seen.rollout()["status"]["message"].as_str()];
    assert_eq!(said.map(Option::unwrap_or_default), [seen.says("Status"), seen.says("Message")], "kubectl and the plugin");
    assert_eq!(ours["delegated"]["phase"], seen.says("Status"), "{ours:#}");
    assert_eq!(ours["delegated"]["message"].as_str().unwrap_or(""), seen.says("Message"), "{ours:#}");
    let status = &seen.rollout()["status"];
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let pods = json!({ "wanted": count(&seen.rollout()["spec"]["replicas"]), "ready": count(&status["readyReplicas"]),
        "available": count(&status["availableReplicas"]) });
    assert_eq!(ours["pods"], pods, "{words}");
    assert_eq!(ours["wanted_version"]["tag"], tag(&seen.rollout()["spec"]["template"]), "{words}");
    let stable = seen.set(&status["stableRS"]).unwrap();
    assert_eq!(ours["version"]["tag"], tag(&stable["spec"]["template"]), "{words}");
    (seen, ours)
}

/// What gonogo must say of a canary besides: its phase, and the weight that the live route has.
fn is_canary(seen: &Seen, ours: &Value, phase: &str) {
    let canary = &ours["canary"];
    assert_eq!(canary["phase"], phase, "{ours:#}");
    if let Some(weight) = seen.weight("web-canary") {
        assert_eq!(canary["set"].as_f64(), Some(weight), "{ours:#}");
    }
    if phase != "done" {
        // the plugin takes what was promoted for a canary of 100 %
        assert_eq!(canary["planned"].as_f64(), seen.says("SetWeight").parse().ok(), "{ours:#} {:?}", seen.plugin);
        assert_eq!(canary["set"].as_f64(), seen.says("ActualWeight").parse().ok(), "{ours:#} {:?}", seen.plugin);
    }
    let status = &seen.rollout()["status"];
    assert_eq!(canary["step"], status["currentStepIndex"], "{ours:#}");
    assert_eq!(canary["stable_hash"], status["stableRS"], "{ours:#}");
    assert_eq!(canary["canary_hash"], status["currentPodHash"], "{ours:#}");
}

pub fn release(namespace: &Namespace<'_>, version: &str) {
    plugin(namespace, &["set", "image", "web", &format!("app=registry.example/shop/web:{version}")]);
}

pub fn configured<'a>(namespace: &Namespace<'a>) -> Gonogo<'a> {
    Gonogo::configured(namespace, "reader", "[service.web]\nworkload = \"rollout/web\"\n")
}

#[test]
fn a_canary_on_istio_in_each_phase() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    on_istio(namespace, &json!([{ "setWeight": 5 }, { "pause": {} }, { "setWeight": 20 }, { "pause": {} }]));
    let gonogo = &configured(namespace);
    let on = |weight: f64| move |seen: &Seen| seen.weight("web-canary") == Some(weight);

    let (seen, ours) = look(namespace, gonogo, "Healthy", on(0.0));
    is_canary(&seen, &ours, "done");
    assert_eq!(ours["health"]["state"], "pass", "{ours:#}");

    release(namespace, "v2");
    let (seen, ours) = look(namespace, gonogo, "Paused - CanaryPauseStep", on(5.0));
    is_canary(&seen, &ours, "paused");
    let paused = &ours["canary"];
    assert_eq!((&paused["reason"], &paused["by_plan"]), (&json!("CanaryPauseStep"), &json!(true)), "{ours:#}");
    assert_eq!(paused["since"], seen.rollout()["status"]["pauseConditions"][0]["startTime"]);
    assert_eq!((&paused["stable"]["tag"], &paused["canary"]["tag"]), (&json!("v1"), &json!("v2")));
    assert_eq!((&paused["planned"], &paused["owner"]), (&json!(5.0), &json!("Argo Rollouts")));
    assert_eq!(ours["health"]["state"], "pass", "a canary that waits by its plan is well: {ours:#}");

    plugin(namespace, &["promote", "web"]);
    let (seen, ours) = look(namespace, gonogo, "Paused - CanaryPauseStep", on(20.0));
    is_canary(&seen, &ours, "paused");
    assert_eq!(ours["canary"]["planned"], 20.0);

    plugin(namespace, &["pause", "web"]);
    let by_hand = |seen: &Seen| seen.rollout()["spec"]["paused"] == true && seen.weight("web-canary") == Some(20.0);
    let (seen, ours) = look(namespace, gonogo, "Paused", by_hand);
    is_canary(&seen, &ours, "paused");
    assert_eq!(ours["canary"]["by_plan"], false, "{ours:#}");
    assert_eq!(ours["health"]["state"], "progressing", "{ours:#}");
    namespace.kubectl(["patch", "rollouts.argoproj.io", "web", "--type=merge", "-p", "{\"spec\":{\"paused\":false}}"]);

    plugin(namespace, &["abort", "web"]);
    let (seen, ours) = look(namespace, gonogo, "Degraded - RolloutAborted", on(0.0));
    is_canary(&seen, &ours, "aborted");
    assert_eq!(ours["canary"]["reason"], seen.rollout()["status"]["message"]);
    assert_eq!(ours["health"]["state"], "progressing", "users are served by v1: {ours:#}");

    // a canary whose pods never get ready stays on its way, and its weight too
    release(namespace, "v3-never");
    let (seen, ours) = look(namespace, gonogo, "Progressing", on(0.0));
    is_canary(&seen, &ours, "progressing");
    assert_eq!(ours["health"]["state"], "progressing", "{ours:#}");

    release(namespace, "v4");
    look(namespace, gonogo, "Paused - CanaryPauseStep", on(5.0));
    plugin(namespace, &["promote", "web", "--full"]);
    let (seen, ours) = look(namespace, gonogo, "Healthy", on(0.0));
    is_canary(&seen, &ours, "done");
    assert_eq!(ours["version"]["tag"], "v4");
    assert_eq!(ours["health"]["state"], "pass", "{ours:#}");
}

#[test]
fn a_canary_by_the_number_of_pods() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    let canary = json!({ "maxSurge": 1, "maxUnavailable": 0, "steps": [{ "setWeight": 20 }, { "pause": {} }] });
    apply(namespace, &[service("web", "web"), rollout(10, &json!({ "canary": canary }))]);
    let gonogo = &configured(namespace);
    look(namespace, gonogo, "Healthy", |_| true);
    release(namespace, "v2");
    let split = |seen: &Seen| {
        let replicas = |hash: &str| seen.set(&seen.rollout()["status"][hash]).map(|set| set["status"]["readyReplicas"].clone());
        (replicas("currentPodHash"), replicas("stableRS")) == (Some(json!(2)), Some(json!(8)))
    };
    let (seen, ours) = look(namespace, gonogo, "Paused - CanaryPauseStep", split);
    is_canary(&seen, &ours, "paused");
    assert_eq!((&ours["canary"]["set"], &ours["canary"]["planned"]), (&json!(20.0), &json!(20.0)), "{ours:#}");
    assert_eq!(ours["health"]["state"], "pass", "{ours:#}");
}

/// Releases v2 of a canary whose second step analyses `query` once, with everything between 0.05 and 0.1 undecided.
fn analysed(namespace: &Namespace<'_>, query: &str, words: &str, weight: f64) -> (Seen, Value) {
    let prometheus = json!({ "address": namespace.bed.word("/prometheus/url"), "query": query });
    let metric = json!({ "name": "errors", "count": 1, "successCondition": "result[0] <= 0.05",
        "failureCondition": "result[0] > 0.1", "provider": { "prometheus": prometheus } });
    namespace.apply(&json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": { "name": "errors" },
        "spec": { "metrics": [metric] } }));
    let analysis = json!({ "templates": [{ "templateName": "errors" }] });
    on_istio(namespace, &json!([{ "setWeight": 20 }, { "analysis": analysis }, { "pause": {} }]));
    let gonogo = &configured(namespace);
    look(namespace, gonogo, "Healthy", |_| true);
    release(namespace, "v2");
    let (seen, ours) = look(namespace, gonogo, words, |seen| seen.weight("web-canary") == Some(weight));
    let run = namespace.get("analysisruns")["items"][0].clone();
    let analysis = &ours["delegated"]["analyses"][0];
    assert_eq!(analysis["name"], run["metadata"]["name"], "{ours:#}");
    assert_eq!(analysis["phase"], run["status"]["phase"], "{ours:#}");
    assert_eq!(analysis["kind"], "step", "{ours:#}");
    (seen, ours)
}

#[test]
fn a_failed_analysis_stops_a_canary_and_gonogo_tells_why() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    let (seen, ours) = analysed(namespace, "vector(0.5)", "Degraded - RolloutAborted", 0.0);
    is_canary(&seen, &ours, "aborted");
    let analysis = &ours["delegated"]["analyses"][0];
    assert_eq!(analysis["phase"], "Failed", "{ours:#}");
    let why = analysis["why"].as_str().unwrap();
    assert!(why.contains("errors") && why.contains("0.5"), "the metric and what was measured: {why}");
}

#[test]
fn an_undecided_analysis_waits_for_a_person() {
    let Some(bed) = bed::delivery() else { return };
    let namespace = &bed.namespace();
    let (seen, ours) = analysed(namespace, "vector(0.07)", "Paused - InconclusiveAnalysisRun", 20.0);
    is_canary(&seen, &ours, "paused");
    let canary = &ours["canary"];
    assert_eq!((&canary["by_plan"], &canary["reason"]), (&json!(false), &json!("InconclusiveAnalysisRun")), "{ours:#}");
    assert_eq!(ours["delegated"]["analyses"][0]["phase"], "Inconclusive", "{ours:#}");
}
