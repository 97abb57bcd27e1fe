//! Answers that are lost on the way, for every verb: the outcome is the truth, and nothing is done twice.
//!
//! A round loses six answers of each verb. `GONOGO_LOST_ROUNDS=17` makes it 102 of each.

use serde_json::{Value, json};

use super::{act, bed, is, observed, on_web, paused_at, rolled_out, says, staged, switch, taken_over, testified};
use crate::{
    bed::{Bed, Namespace},
    gonogo::Gonogo,
    progressive::argo::{on_istio, release},
};

/// What happens to a request, and whether it takes effect.
const FATES: [(&str, bool); 6] =
    [("cut-before", false), ("cut-after", true), ("half", true), ("hang", true), ("503", false), ("504-after", true)];

fn rounds() -> usize {
    std::env::var("GONOGO_LOST_ROUNDS").map_or(1, |n| n.parse().expect("a number of rounds"))
}

/// Gives each third of the fates, as often as there are rounds, to `run`, beside the others: it mostly waits.
fn thirds(run: impl Fn(&[(&'static str, bool)]) + Sync) {
    std::thread::scope(|scope| {
        for third in FATES.chunks(FATES.len() / 3) {
            let run = &run;
            scope.spawn(move || run(&third.repeat(rounds())));
        }
    });
}

/// Two environments of a service, and who acts on the second one: through the proxy, and past it.
struct Stand<'a> {
    staging: &'a Namespace<'a>,
    production: &'a Namespace<'a>,
    lossy: Gonogo<'a>,
    direct: Gonogo<'a>,
    /// All that a verb may change, as the server keeps it.
    state: fn(&Namespace<'_>) -> Value,
}

impl<'a> Stand<'a> {
    fn new(staging: &'a Namespace<'a>, production: &'a Namespace<'a>, service: &str, state: fn(&Namespace<'_>) -> Value) -> Self {
        let gonogo = |who| staged(staging, production, who, service);
        Self { staging, production, lossy: gonogo("alice-cut"), direct: gonogo("alice"), state }
    }

    /// A verb whose first write to `path` has that fate. The outcome must be the truth: done if it took effect. If it did
    /// not, gonogo finds that out, says that nothing was changed, and does not send again on its own; a person does.
    fn lose(&self, verb: &str, path: &str, &(fate, applied): &(&str, bool)) {
        let before = (self.state)(self.production);
        let rule = json!({
            "method": "PATCH", "path": format!("/namespaces/{}/{path}", self.production.name), "but": "dryRun", "fate": fate,
        });
        self.production.bed.post(&format!("{}/rule", self.production.bed.word("/cut/url")), &rule.to_string());
        let words = format!("{verb} --confirm web --reason drill");
        let met = self.production.bed.met(&self.production.name);
        let done = act(&self.lossy, &on_web(&words));
        assert_eq!(self.production.bed.met(&self.production.name), met + 1, "{verb} {fate}: {path}: {}", done.all());
        let after = (self.state)(self.production);
        // Of what hangs nobody knows whether it arrived in time: a machine that is busy may keep it until it is fenced off.
        let applied = if fate == "hang" { before != after } else { applied };
        assert_eq!(done.exit, i32::from(!applied), "{verb} {fate}: {}", done.all());
        // A status takes no mark: whether it is as asked for is seen; by whom, or whether it was for a moment, is not.
        let told = done.said["operation"]["targets"][0]["words"].as_str().unwrap_or_default();
        let unproven = path.ends_with("/status") && (told == "by whom is unproven" || told.ends_with("cannot be told"));
        let changed = if unproven { Value::Null } else { json!(applied) };
        assert_eq!(done.said["changed"], changed, "{verb} {fate}: {}", done.all());
        assert_eq!(before != after, applied, "{verb} {fate}: the world says otherwise:\n{before:#}\n{after:#}\n{}", done.all());
        if !applied {
            super::done(&self.direct, &on_web(&words));
        }
    }
}

fn deployment(namespace: &Namespace<'_>) -> Value {
    namespace.live("deployment/web")["spec"].clone()
}

#[test]
fn of_a_deployment() {
    let Some(bed) = bed() else { return };
    thirds(|fates| losing_of_a_deployment(bed, fates));
}

fn losing_of_a_deployment(bed: &Bed, fates: &[(&str, bool)]) {
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    for namespace in [staging, production] {
        namespace.deploy("web", "v0", 1);
        is(namespace, "deployment/web", rolled_out);
    }
    let stand = Stand::new(staging, production, "workload = \"deployment/web\"\n", deployment);
    let image = |namespace: &Namespace<'_>, tag: &str| {
        namespace.kubectl(["set", "image", "deployment/web", &format!("web=registry.example/shop/web:{tag}")]);
    };
    for (n, fate) in (1..).zip(fates) {
        image(stand.staging, &format!("v{n}"));
        is(stand.staging, "deployment/web", rolled_out);
        for verb in ["promote", "restart", "rollback"] {
            stand.lose(verb, "deployments/web", fate);
        }
        image(stand.production, &format!("v{n}-never"));
        is(stand.production, "deployment/web", |d| observed(d) && d["status"]["updatedReplicas"] == 1);
        for verb in ["pause", "resume"] {
            stand.lose(verb, "deployments/web", fate);
        }
        image(stand.production, &format!("v{n}-mended"));
        is(stand.production, "deployment/web", rolled_out);
    }
    testified(production);
}

fn rollout(namespace: &Namespace<'_>) -> Value {
    let live = namespace.live("rollouts.argoproj.io/web");
    let of_status = ["abort", "currentStepIndex", "stableRS"].map(|field| live["status"][field].clone());
    json!([live["spec"], of_status])
}

/// Whether the Rollout stands where a verb finds it, and moves no further by itself.
fn at_rest(r: &Value, verb: &str) -> bool {
    match verb {
        "promote" => taken_over(r) || paused_at(r, 1),
        "step" | "step --full" => paused_at(r, 1),
        "pause" | "resume" | "abort" => paused_at(r, 3),
        "retry" => says(r, "Degraded"),
        _ => taken_over(r),
    }
}

#[test]
fn of_a_rollout() {
    let Some(bed) = bed() else { return };
    thirds(|fates| losing_of_a_rollout(bed, fates));
}

fn losing_of_a_rollout(bed: &Bed, fates: &[(&str, bool)]) {
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    on_istio(staging, &json!([{ "setWeight": 100 }]));
    on_istio(production, &json!([{ "setWeight": 5 }, { "pause": {} }, { "setWeight": 20 }, { "pause": {} }]));
    for namespace in [staging, production] {
        is(namespace, "rollouts.argoproj.io/web", taken_over);
    }
    let stand = Stand::new(staging, production, "workload = \"rollout/web\"\n", rollout);
    for (n, fate) in (2..).zip(fates) {
        let tag = format!("v{n}");
        release(staging, &tag);
        is(staging, "rollouts.argoproj.io/web", |r| super::image(r).ends_with(&tag) && taken_over(r));
        for (verb, path) in [
            ("promote", "rollouts/web"),
            ("step", "rollouts/web/status"),
            ("pause", "rollouts/web"),
            ("resume", "rollouts/web"),
            ("abort", "rollouts/web/status"),
            ("retry", "rollouts/web/status"),
            ("step --full", "rollouts/web/status"),
            ("restart", "rollouts/web"),
            ("rollback", "rollouts/web"),
        ] {
            is(production, "rollouts.argoproj.io/web", |r| at_rest(r, verb));
            stand.lose(verb, path, fate);
        }
    }
    testified(production);
}

fn pair(namespace: &Namespace<'_>) -> Value {
    ["service/web", "deployment/web-blue", "deployment/web-green"].map(|object| namespace.live(object)["spec"].clone()).into()
}

#[test]
fn of_a_pair() {
    let Some(bed) = bed() else { return };
    thirds(|fates| losing_of_a_pair(bed, fates));
}

fn losing_of_a_pair(bed: &Bed, fates: &[(&str, bool)]) {
    let (staging, production) = (&bed.namespace(), &bed.namespace());
    for namespace in [staging, production] {
        switch::pair(namespace);
        is(namespace, "deployment/web-blue", rolled_out);
    }
    let stand = Stand::new(staging, production, &switch::service("1ms"), pair);
    for (n, fate) in (2..).zip(fates) {
        staging.kubectl(["set", "image", "deployment/web-blue", &format!("web=registry.example/shop/web:{n}")]);
        is(staging, "deployment/web-blue", rolled_out);
        stand.lose("fill", "deployments/web-", fate);
        stand.lose("switch", "services/web", fate);
        stand.lose("rollback", "services/web", fate);
        stand.lose("switch", "services/web", fate);
        stand.lose("retire", "deployments/web-", fate);
    }
    testified(production);
}
