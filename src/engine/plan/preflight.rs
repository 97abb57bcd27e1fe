//! From what was found of a pod template to lines that say safe, unsafe or unknown.

use super::checked::{Preflight, Safety};
use crate::domain::{ChangeTarget, ClusterName, Problem, RollbackMark, SafeText, TemplateFacts, TemplateOf, There, in_range};

/// The worst of all; safe where nothing was looked at.
pub(super) fn total(lines: &[Preflight]) -> Safety {
    lines.iter().map(|p| p.safety).max().unwrap_or(Safety::Safe)
}

/// A line.
pub(super) fn line(name: &str, safety: Safety, says: impl AsRef<str>) -> Preflight {
    Preflight { name: name.into(), safety, clusters: vec![], says: SafeText::clean(says.as_ref()), contract: None }
}

/// A line about one cluster.
pub(super) fn at(cluster: &ClusterName, name: &str, safety: Safety, says: impl AsRef<str>) -> Preflight {
    Preflight { clusters: vec![cluster.clone()], ..line(name, safety, says) }
}

/// Adds lines to others: what is the same in several clusters is one line.
pub(super) fn add(all: &mut Vec<Preflight>, lines: impl IntoIterator<Item = Preflight>) {
    for line in lines {
        let same = |p: &&mut Preflight| {
            (&p.name, p.safety, &p.says, &p.contract) == (&line.name, line.safety, &line.says, &line.contract)
        };
        match all.iter_mut().find(same) {
            Some(known) => known.clusters.extend(line.clusters),
            None => all.push(line),
        }
    }
}

/// What an answer about a template comes to. Of an earlier revision it counts what it needs and requires; of the wanted
/// one, while going back from it, what it says of that; else what it needs.
pub(super) fn lines(
    target: &ChangeTarget,
    of: &TemplateOf,
    back: bool,
    said: Result<&TemplateFacts, &Problem>,
) -> Vec<Preflight> {
    let mut out = match said {
        Err(problem) => vec![line("template", Safety::Unknown, problem.to_string())],
        Ok(facts) => known(of, back, facts),
    };
    for line in &mut out {
        line.clusters = vec![target.cluster.clone()];
    }
    out
}

fn known(of: &TemplateOf, back: bool, facts: &TemplateFacts) -> Vec<Preflight> {
    let starts = facts.starts.map(|s| line("start", Safety::Safe, format!("pods took about {s} s to be ready")));
    let mut out: Vec<Preflight> = match (of, back) {
        (TemplateOf::Wanted, true) => mark(facts).into_iter().collect(),
        (TemplateOf::Wanted, false) => configuration(facts).into_iter().chain(external(facts)).collect(),
        (TemplateOf::Revision { .. }, _) => {
            configuration(facts).into_iter().chain(external(facts)).chain(contracts(facts)).collect()
        }
    };
    out.extend(starts);
    out
}

/// Whether what the template asks for is there.
fn configuration(facts: &TemplateFacts) -> Vec<Preflight> {
    let of = |want: fn(&There) -> bool| -> Vec<String> {
        facts.needs.iter().filter(|(_, there)| want(there)).map(|(needed, _)| needed.to_string()).collect()
    };
    let (missing, unknown) = (of(|t| *t == There::No), of(|t| matches!(t, There::Unknown(_))));
    let name = "configuration";
    if !missing.is_empty() {
        let says = format!("not there: {}; its pods cannot start", missing.join(", "));
        return vec![Preflight { contract: Some(name.into()), ..line(name, Safety::Unsafe, says) }];
    }
    if !unknown.is_empty() {
        let why = facts.needs.iter().find_map(|(_, t)| if let There::Unknown(why) = t { Some(why.to_string()) } else { None });
        let says = format!("cannot be told of {}: {}", unknown.join(", "), why.unwrap_or_default());
        return vec![line(name, Safety::Unknown, says)];
    }
    let says = match facts.needs.len() {
        0 => "its template names none".to_owned(),
        1 => "the one piece that its template names is there".to_owned(),
        n => format!("all {n} pieces that its template names are there"),
    };
    vec![line(name, Safety::Safe, says)]
}

/// Whether what fills its Secrets works.
fn external(facts: &TemplateFacts) -> Vec<Preflight> {
    let bad = facts.external.iter().filter(|(_, there)| *there != There::Yes);
    bad.map(|(name, there)| match there {
        There::Unknown(why) => line("external secret", Safety::Unknown, format!("{name}: {why}")),
        _ => line("external secret", Safety::Unsafe, format!("{name} is not in sync")),
    })
    .map(|p| if p.safety == Safety::Unsafe { Preflight { contract: Some("external-secret".into()), ..p } } else { p })
    .collect()
}

/// Whether the formats that it shares with others still are what it works with.
fn contracts(facts: &TemplateFacts) -> Vec<Preflight> {
    let mut out = vec![];
    let promises = &facts.promises;
    for (contract, range) in &promises.requires {
        let name = format!("contract {contract}");
        let Some(stand) = facts.contracts.get(contract) else {
            let why =
                facts.contracts_unknown.as_ref().map_or("no migration Job tells where it stands".to_owned(), ToString::to_string);
            out.push(line(&name, Safety::Unknown, format!("it requires {range}, and {why}")));
            continue;
        };
        let note = stand.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
        let says = format!("it requires {range}, and {contract} is at {} since job {}{note}", stand.value, stand.by);
        out.push(match in_range(stand.value.as_str(), range.as_str()) {
            Some(true) => line(&name, Safety::Safe, says),
            Some(false) => Preflight { contract: Some(contract.clone()), ..line(&name, Safety::Unsafe, says) },
            None => line(&name, Safety::Unknown, format!("{says}; the two cannot be compared")),
        });
    }
    if out.is_empty() {
        let ran = facts.contracts_unknown.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
        let says = format!("the older version does not say what it requires of what was written since{ran}");
        out.push(line("contracts", Safety::Unknown, says));
    }
    out
}

/// What the version that runs says about going back from it.
fn mark(facts: &TemplateFacts) -> Option<Preflight> {
    let note = facts.promises.note.as_ref().map(|n| format!(": {n}")).unwrap_or_default();
    let (safety, says) = match facts.promises.rollback? {
        RollbackMark::Safe => (Safety::Safe, "is safe"),
        RollbackMark::Unsafe => (Safety::Unsafe, "is unsafe"),
        RollbackMark::Unknown => (Safety::Unknown, "may be unsafe"),
    };
    let says = format!("the version that runs says that going back from it {says}{note}");
    let contract = (safety == Safety::Unsafe).then(|| "rollback".into());
    Some(Preflight { contract, ..line("rollback", safety, says) })
}
