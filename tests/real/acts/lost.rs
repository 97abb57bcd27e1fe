//! Answers that are lost on the way, for every verb: the outcome is the truth, and nothing is done twice.

use serde_json::Value;

use super::{Done, act, image, is, on_web, rolled_out, testified};
use crate::{
    bed::{self, Namespace},
    gonogo::Gonogo,
};

/// What happens to a request, and whether it takes effect.
const FATES: [(&str, bool); 6] =
    [("cut-before", false), ("cut-after", true), ("half", true), ("hang", true), ("503", false), ("504-after", true)];

/// How often all of it is done: 6 fates of 4 verbs make 24 requests, and all of it more than a hundred.
const ROUNDS: usize = 5;

fn lose(namespace: &Namespace<'_>, fate: &str) {
    let rule = serde_json::json!({
        "method": "PATCH", "path": format!("/namespaces/{}/", namespace.name), "but": "dryRun", "fate": fate,
    });
    namespace.bed.post(&format!("{}/rule", namespace.bed.word("/cut/url")), &rule.to_string());
}

/// The outcome must be the truth: done if it took effect. If it did not, gonogo found that out, and says that nothing was
/// changed; it does not send again on its own.
fn judge(what: &str, fate: &str, applied: bool, done: &Done, shows: bool) {
    let exits: &[i32] = if applied { &[0] } else { &[1] };
    assert!(exits.contains(&done.exit), "{what} {fate}: {}", done.all());
    assert_eq!(done.said["changed"], applied, "{what} {fate}: {}", done.all());
    assert_eq!(shows, applied, "{what} {fate}: the world says otherwise: {}", done.all());
}

#[test]
#[ignore = "written before the verbs were there, and not seen green yet"]
fn a_proxy_that_applies_and_cuts_the_answer_never_makes_a_wrong_report() {
    let Some(bed) = bed::shared() else { return };
    let namespace = &bed.namespace();
    namespace.deploy("web", "1", 1);
    is(namespace, "deployment/web", rolled_out);
    let gonogo = &Gonogo::on_the_cluster(namespace, "alice-cut", &["web"]);
    let direct = &Gonogo::on_the_cluster(namespace, "alice", &["web"]);
    let paused = |d: &Value| d["spec"]["paused"] == true;
    let mut requests = 0;
    for _ in 0..ROUNDS {
        for (fate, applied) in FATES {
            requests += 1;
            namespace.kubectl(["set", "image", "deployment/web", &format!("web=registry.example/shop/web:{requests}-never")]);
            for (verb, wanted) in [("pause", true), ("resume --confirm web --reason drill", false)] {
                lose(namespace, fate);
                let done = act(gonogo, &on_web(verb));
                judge(verb, fate, applied, &done, paused(&namespace.get("deployment/web")) == wanted);
                if !applied {
                    let again = act(direct, &on_web(verb));
                    assert_eq!(again.exit, 0, "{}", again.all());
                }
                requests += 1;
            }
            let tag = format!("registry.example/shop/web:{requests}");
            namespace.kubectl(["set", "image", "deployment/web", &format!("web={tag}")]);
            is(namespace, "deployment/web", rolled_out);
            let before = namespace.get("deployment/web")["spec"]["template"].clone();
            lose(namespace, fate);
            let done = act(gonogo, &on_web("restart"));
            judge("restart", fate, applied, &done, namespace.get("deployment/web")["spec"]["template"] != before);
            lose(namespace, fate);
            let done = act(gonogo, &on_web("rollback --reason drill"));
            judge("rollback", fate, applied, &done, image(&namespace.get("deployment/web")) != tag);
        }
    }
    testified(namespace);
}
