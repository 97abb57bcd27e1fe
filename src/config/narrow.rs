//! What a repository's file may do before it is trusted: narrow, and nothing else.
//!
//! It may leave services and environments out, make an environment as careful as production, refuse changes,
//! and tighten limits. Everything else could point gonogo, and the person's credentials, at another system.

use super::{
    fault::Fault,
    tree::{Node, Value},
    values::{duration, percent},
};

/// Takes out of `node` what does not narrow `below`, and says what that was and, as `mend`, what would let it in.
pub(super) fn narrow(node: &mut Node, below: &Node, mend: &str) -> Vec<Fault> {
    let mut notes = vec![];
    keep(node, &mut vec![], below, mend, &mut notes);
    notes
}

/// Takes out of `node` what a repository's file may never do, trusted or not: start a process.
pub(super) fn never(node: &mut Node) -> Vec<Fault> {
    let mut notes = vec![];
    let Value::Table(entries) = &mut node.value else { return notes };
    for (_, github) in entries.iter_mut().filter(|(key, _)| key == "github") {
        if let Value::Table(entries) = &mut github.value {
            entries.retain(|(key, child)| {
                let stays = key != "token_command";
                if !stays {
                    notes.push(child.at.fault("ignored", "a repository's file never starts a program: write it to your own"));
                }
                stays
            });
        }
    }
    notes
}

fn keep(node: &mut Node, path: &mut Vec<String>, below: &Node, mend: &str, notes: &mut Vec<Fault>) {
    let Value::Table(entries) = &mut node.value else { return };
    entries.retain_mut(|(key, child)| {
        path.push(key.clone());
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        // Tables on the way to something that may narrow are walked; everything else is judged as a whole.
        let on_the_way = matches!(
            keys.as_slice(),
            ["only" | "environment" | "metrics" | "defaults" | "service"] | ["metrics" | "defaults", "slo"]
        ) || matches!(keys.as_slice(), ["environment" | "service", _] | ["service", _, "slo"])
            && below.get(&keys[..2]).is_some();
        let stays = if on_the_way && matches!(child.value, Value::Table(_)) {
            let had = !child.entries().is_empty();
            keep(child, path, below, mend, notes);
            !had || !child.entries().is_empty()
        } else if narrows(&keys, child, below) {
            true
        } else {
            notes.push(child.at.fault("ignored", mend));
            false
        };
        path.pop();
        stays
    });
}

/// Whether setting `path` to `node` allows less than `below` does.
fn narrows(path: &[&str], node: &Node, below: &Node) -> bool {
    match path {
        // A list of the user's own is not replaced by another one.
        ["only", "services" | "environments"] => below.get(path).is_none(),
        // Where none is set, one only allows less.
        ["environment", _, "window" | "freeze"] => below.get(path).is_none(),
        ["read_only"] | ["environment", _, "readonly"] => node.truth() == Some(true),
        ["environment", _, "policy"] => node.text() == Some("production"),
        // Without a source of metrics there is nothing to limit, and limits alone would be a fault.
        ["metrics", ..] if below.get(&["metrics"]).is_none() => false,
        ["metrics", "slo", limit] => tightens(limit, node, [below.get(path)]),
        ["defaults", "slo", limit] => tightens(limit, node, [below.get(path), below.get(&["metrics", "slo", limit])]),
        ["service", name, "slo", limit] => {
            let set = [
                below.get(&["service", name, "slo", limit]),
                below.get(&["defaults", "slo", limit]),
                below.get(&["metrics", "slo", limit]),
            ];
            tightens(limit, node, set)
        }
        _ => false,
    }
}

/// Whether `node` is at least as strict as the first limit that is set; where none is, any limit is stricter.
fn tightens<const N: usize>(limit: &str, node: &Node, set: [Option<&Node>; N]) -> bool {
    let read = |n: &Node| match limit {
        "errors" => percent(n.text()?),
        "p95" => duration(n.text()?).map(|d| d.as_secs_f64()),
        _ => None,
    };
    let Some(new) = read(node) else { return false };
    match set.into_iter().flatten().next() {
        None => true,
        Some(old) => read(old).is_some_and(|old| new <= old),
    }
}
