//! What gonogo does to real systems: every verb, against real controllers, a proxy that loses answers, and each other. The
//! API server's audit log is the witness.

mod alone;
mod golden;
mod lost;
mod race;
mod reverted;
mod rollout;
mod several;
mod switch;
mod workload;

use std::process::Stdio;

use serde_json::{Value, json};

use crate::{
    bed::{self, Namespace, until},
    gonogo::Gonogo,
    progressive::argo,
};

/// What came of a command.
#[derive(Debug)]
pub struct Done {
    /// The exit code.
    pub exit: i32,
    /// What it said, as JSON.
    pub said: Value,
    /// What it said to people beside.
    pub beside: String,
}

impl Done {
    /// Everything, for a test that fails.
    pub fn all(&self) -> String {
        format!("exit {}\n{:#}\n{}", self.exit, self.said, self.beside)
    }
}

/// `gonogo WORDS --yes --output json`.
pub fn act(gonogo: &Gonogo<'_>, words: &[&str]) -> Done {
    let mut command = gonogo.command();
    command.args(words).args(["--yes", "--output", "json"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let beside = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{words:?}: {e}: {}\n{beside}", String::from_utf8_lossy(&output.stdout)));
    Done { exit: output.status.code().unwrap_or(-1), said, beside }
}

/// The same, which must be done, and must have changed something.
pub fn done(gonogo: &Gonogo<'_>, words: &[&str]) -> Value {
    let done = act(gonogo, words);
    assert_eq!((done.exit, &done.said["changed"]), (0, &json!(true)), "{words:?}: {}", done.all());
    done.said
}

/// A verb on service `web` in production.
pub fn on_web(verb: &str) -> Vec<&str> {
    verb.split_whitespace().take(1).chain(["web", "--env", "production"]).chain(verb.split_whitespace().skip(1)).collect()
}

/// One write that the API server answered, as its audit log keeps it.
#[derive(Debug, Clone)]
pub struct Write {
    /// Our id of the request.
    pub id: String,
    /// `PATCH rollouts/web/status`.
    pub what: String,
    /// What it answered.
    pub code: u64,
    /// What was sent.
    pub body: Value,
}

impl Write {
    /// The operation and the request, without the attempt: of each, one is answered 2xx at most.
    pub fn intent(&self) -> &str {
        self.id.rsplit_once('.').map_or(&self.id, |(intent, _)| intent)
    }
}

/// Every write of gonogo in a namespace that was no dry run, in their order.
pub fn writes(namespace: &Namespace<'_>) -> Vec<Write> {
    let log = std::fs::read_to_string(namespace.bed.word("/api/audit")).unwrap();
    let of = |line: &str| {
        // Beds of other tests write into the same log.
        if !line.contains(&namespace.name) || !line.contains("\"gonogo/") {
            return None;
        }
        let line: Value = serde_json::from_str(line).ok()?;
        let ours = line["userAgent"].as_str()?.starts_with("gonogo/") && line["objectRef"]["namespace"] == *namespace.name;
        let write = matches!(line["verb"].as_str()?, "patch" | "update" | "create" | "delete");
        if !ours || !write || line["requestURI"].as_str()?.contains("dryRun") || line["objectRef"]["resource"] == "leases" {
            return None;
        }
        let object = &line["objectRef"];
        let sub = object["subresource"].as_str().map(|s| format!("/{s}")).unwrap_or_default();
        Some(Write {
            id: line["auditID"].as_str()?.to_owned(),
            what: format!("{} {}/{}{sub}", line["verb"].as_str()?, object["resource"].as_str()?, object["name"].as_str()?),
            code: line["responseStatus"]["code"].as_u64()?,
            body: line["requestObject"].clone(),
        })
    };
    log.lines().filter_map(of).collect()
}

/// That of each intent exactly one write was answered 2xx, as far as any was; fences have ids of their own.
pub fn testified(namespace: &Namespace<'_>) -> Vec<Write> {
    let writes = writes(namespace);
    for w in &writes {
        let twice = writes.iter().filter(|o| o.intent() == w.intent() && (200..300).contains(&o.code)).count();
        assert!(twice <= 1, "{} was applied {twice} times: {writes:#?}", w.intent());
        assert_eq!(writes.iter().filter(|o| o.id == w.id).count(), 1, "{} was sent twice: {writes:#?}", w.id);
    }
    writes
}

/// Where figures come from: a canary without any is UNKNOWN, and nothing goes forward.
pub fn metrics(bed: &bed::Bed) -> String {
    format!(
        "[metrics]\nprometheus = \"{}\"\npreset = \"plain\"\nscrape = \"1s\"\nslo = {{ errors = \"1%\" }}\n",
        bed.word("/prometheus/url")
    )
}

/// Lets both revisions of the Rollout `web` be seen to serve without errors, until gonogo says that nothing speaks against
/// the next step.
pub fn serves(namespace: &Namespace<'_>, gonogo: &Gonogo<'_>) {
    let rollout = namespace.get("rollouts.argoproj.io/web");
    let arm = |hash: &Value| {
        let pod = format!("web-{}-faked", hash.as_str().unwrap());
        json!({ "rps": 500, "errors": 0, "ms": 50, "plain": { "namespace": namespace.name, "service": "web", "pod": pod } })
    };
    let status = &rollout["status"];
    let named = |side: &str| format!("{}-{side}", namespace.name);
    namespace.bed.serve(&json!({ named("canary"): arm(&status["currentPodHash"]), named("stable"): arm(&status["stableRS"]) }));
    until("figures of both revisions", || {
        let mut command = gonogo.command();
        let output = command.args(["check", "web", "--env", "production", "--output", "json"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() == Some(0) { Ok(()) } else { Err(said) }
    });
}

/// Two environments in namespaces of their own, for alice.
pub fn staged<'a>(staging: &Namespace<'a>, production: &Namespace<'a>, who: &str, service: &str) -> Gonogo<'a> {
    let config = format!(
        "[environment.staging]\norder = 0\npolicy = \"open\"\nclusters.stage = {{ context = \"bed\", namespace = \"{}\" }}\n[service.web]\n{service}",
        staging.name
    );
    Gonogo::configured(production, who, &config)
}

/// Waits until an object is so.
pub fn is(namespace: &Namespace<'_>, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    until(what, || {
        let object = namespace.live(what);
        if so(&object) { Ok(object) } else { Err(format!("{:#}", object["status"])) }
    })
}

/// The image of the first container.
pub fn image(object: &Value) -> &str {
    object["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap()
}

/// What the controller says of a Rollout, of its newest wanted state.
pub fn says(r: &Value, phase: &str) -> bool {
    argo::observed(r) && r["status"]["phase"] == phase
}

/// A Rollout that waits in the pause at that step.
pub fn paused_at(r: &Value, step: u64) -> bool {
    says(r, "Paused") && r["status"]["currentStepIndex"] == step && !r["status"]["pauseConditions"].is_null()
}

/// A Rollout whose newest revision has taken over.
pub fn taken_over(r: &Value) -> bool {
    says(r, "Healthy") && r["status"]["stableRS"] == r["status"]["currentPodHash"]
}

/// A Deployment whose newest wanted state its controller has seen.
pub fn observed(d: &Value) -> bool {
    d["status"]["observedGeneration"] == d["metadata"]["generation"]
}

/// A Deployment that has rolled out.
pub fn rolled_out(d: &Value) -> bool {
    let count = |field: &str| d["status"][field].as_u64().unwrap_or(0);
    let wanted = d["spec"]["replicas"].as_u64().unwrap_or(0);
    observed(d) && [count("updatedReplicas"), count("availableReplicas"), count("replicas")] == [wanted; 3]
}

/// The bed, or nothing to do.
pub fn bed() -> Option<&'static bed::Bed> {
    bed::delivery()
}

/// A Deployment `web` whose version 2 has taken over from version 1.
pub fn at_its_second(namespace: &Namespace<'_>) {
    namespace.deploy("web", "1", 1);
    is(namespace, "deployment/web", rolled_out);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2"]);
    is(namespace, "deployment/web", rolled_out);
}

/// A Deployment `web` of version 1 whose version 2 is on its way and never ready: what can be paused.
pub fn on_its_way(namespace: &Namespace<'_>) {
    namespace.deploy("web", "1", 1);
    is(namespace, "deployment/web", rolled_out);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2-never"]);
    is(namespace, "deployment/web", observed);
}
