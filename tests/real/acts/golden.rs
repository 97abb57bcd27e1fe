//! What is sent, word for word: the requests that the API server took, held against golden ones. `INSTA_UPDATE=always`
//! accepts others.

use regex::Regex;
use serde_json::Value;

use super::testified;
use crate::bed::Namespace;

/// What differs from run to run, and what is written in its place.
const PLACED: [(&str, &str); 8] = [
    (r"journal [0-9]+:[0-9a-f]{64}", "journal <head>"),
    (r#""resourceVersion": "[0-9]+""#, r#""resourceVersion": "<version>""#),
    (r#"("path": "/metadata/resourceVersion",\s+"value": )"[0-9]+""#, r#"${1}"<version>""#),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"sha256:[0-9a-f]{64}", "<digest>"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "<time>"),
    (r#"("path": "/status/currentPodHash",\s+"value": )"[0-9a-f]+""#, r#"${1}"<hash>""#),
    (r#"("gonogo.dev/ops": |"path": "/metadata/annotations/gonogo.dev~1ops",\s+"value": )"[^"]+""#, r#"${1}"<ops>""#),
];

/// Every request of gonogo in a namespace that was taken, in their order.
pub fn taken(namespace: &Namespace<'_>) -> String {
    let writes = testified(namespace).into_iter().filter(|w| w.code == 200);
    let shown = writes.map(|w| format!("{}\n{:#}\n", w.what, sorted(w.body))).collect::<String>();
    PLACED.iter().fold(shown.replace(&namespace.name, "<namespace>"), |text, (found, placed)| {
        Regex::new(found).unwrap().replace_all(&text, *placed).into_owned()
    })
}

/// `serde_json` keeps the order of the members, which says nothing.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            members.into_iter().collect()
        }
        one => one,
    }
}
