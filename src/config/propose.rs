//! From what lies around to a configuration file: a new one, or what is missing in one that is there. Pure.
//!
//! What stands in a file is never changed: its words, order and comments stay, and only what it does not know yet is
//! added. What was guessed says so beside it.

use std::{collections::BTreeMap, sync::Arc};

use toml_edit::{DocumentMut, InlineTable, Item, Table, TomlError, Value, value};

use super::{
    first::name,
    guess::{GuessedEnvironment, GuessedPipeline, environment, pipeline},
};
use crate::domain::{FoundWorkflow, FoundWorkload, Repo, SafeText, ServiceName, WorkloadKind};

/// One context of the kubeconfig and what runs there.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPlace {
    /// The context's name.
    pub context: String,
    /// The address of its server.
    pub server: Option<String>,
    /// The namespaces that count.
    pub namespaces: Vec<Arc<str>>,
    /// The workloads in them.
    pub workloads: Vec<FoundWorkload>,
}

/// What lies around.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lying {
    /// Places to release to.
    pub places: Vec<FoundPlace>,
    /// The repository that the current directory's remote names, and its host where that is not `github.com`.
    pub repo: Option<(Repo, Option<String>)>,
    /// Its workflows.
    pub workflows: Vec<FoundWorkflow>,
    /// Where metrics come from: an address, or the way through the API server.
    pub prometheus: Option<String>,
    /// The presets whose metrics it has.
    pub presets: Vec<String>,
}

/// The text of a configuration over `existing`, and notes for the person who reads it.
///
/// # Errors
/// `existing` is no TOML.
pub fn propose(existing: Option<&str>, lying: &Lying) -> Result<(String, Vec<SafeText>), TomlError> {
    let mut doc: DocumentMut = existing.unwrap_or_default().parse()?;
    let mut notes = vec![];
    let fresh = doc.is_empty();
    environments(&mut doc, lying);
    metrics(&mut doc, lying);
    services(&mut doc, lying, &mut notes);
    let text = doc.to_string();
    let head = "# Written by `gonogo init`. What was guessed says so: correct it. Run `gonogo init` again when something new\n\
                # is there; what stands here is kept.\n\n";
    Ok((if fresh { format!("{head}{}", text.trim_start()) } else { text }, notes))
}

/// A table below `parent`, made where it is missing. What is there and is no table is left alone.
fn table<'a>(parent: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    if !parent.contains_key(key) {
        let mut new = Table::new();
        new.set_implicit(true);
        parent.insert(key, Item::Table(new));
    }
    parent.get_mut(key)?.as_table_mut()
}

fn inline<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Value {
    let mut table = InlineTable::new();
    for (key, text) in pairs {
        if let Some(text) = text {
            table.insert(key, text.into());
        }
    }
    Value::InlineTable(table)
}

/// A value with a comment behind it.
fn said(mut value: Value, comment: &str) -> Item {
    // A comment ends with its line; nothing from outside may begin another.
    value.decor_mut().set_suffix(format!(" # {}", SafeText::capped(comment, 160)));
    Item::Value(value)
}

fn environments(doc: &mut DocumentMut, lying: &Lying) {
    type Placed<'a> = (&'a FoundPlace, &'a str, GuessedEnvironment);
    let mut placed: Vec<Placed<'_>> = vec![];
    for place in &lying.places {
        for namespace in &place.namespaces {
            if !knows(doc, place, namespace) {
                placed.push((place, namespace, environment(&place.context, namespace)));
            }
        }
    }
    placed.sort_by_key(|(_, _, guess)| guess.order);
    for (place, namespace, guess) in &placed {
        let orders: Vec<(String, i64)> = doc
            .get("environment")
            .and_then(Item::as_table)
            .into_iter()
            .flat_map(Table::iter)
            .filter_map(|(name, e)| Some((name.to_owned(), e.as_table_like()?.get("order")?.as_integer()?)))
            .collect();
        let twins = placed.iter().filter(|(p, _, g)| p.context == place.context && g.name == guess.name).count() > 1;
        let cluster =
            free(doc, &if twins { name(&format!("{}-{namespace}", place.context)) } else { name(&place.context) }, place);
        let Some(all) = table(doc.as_table_mut(), "environment") else { return };
        let new = !all.contains_key(guess.name);
        let Some(one) = table(all, guess.name) else { continue };
        if new {
            one.set_implicit(false);
            // Numbers that are taken belong to environments that somebody named otherwise.
            let taken = orders.iter().any(|(_, order)| *order == guess.order);
            let order = if taken { orders.iter().map(|(_, o)| *o).max().unwrap_or(0) + 1 } else { guess.order };
            one.insert("order", value(order));
            let why = match &guess.word {
                Some(word) => format!("guessed: {word:?} stands in the names of its context or namespace"),
                None => "guessed: no name says which environment this is, and the careful one is safe".to_owned(),
            };
            let policy = if guess.name == "production" { "production" } else { "open" };
            one.insert("policy", said(policy.into(), &why));
        }
        let Some(clusters) = table(one, "clusters") else { continue };
        if clusters.is_empty() {
            clusters.set_dotted(true);
        }
        let way = inline([("context", Some(place.context.as_str())), ("namespace", Some(namespace))]);
        clusters.insert(&cluster, Item::Value(way));
    }
}

/// Whether the file reaches this place already: by the name of its context, or by its server.
fn knows(doc: &DocumentMut, place: &FoundPlace, namespace: &str) -> bool {
    let text = |t: &Item, key: &str| t.as_table_like().and_then(|t| t.get(key)).and_then(Item::as_str).map(str::to_owned);
    clusters(doc).any(|(_, c)| {
        let same = |key: &str, with: Option<&str>| text(c, key).is_some_and(|t| Some(t.trim_end_matches('/')) == with);
        let here =
            same("context", Some(&place.context)) || same("server", place.server.as_deref().map(|s| s.trim_end_matches('/')));
        here && text(c, "namespace").unwrap_or_else(|| "default".to_owned()) == namespace
    })
}

fn clusters(doc: &DocumentMut) -> impl Iterator<Item = (&str, &Item)> {
    let environments = doc.get("environment").and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter());
    environments.filter_map(|(_, e)| e.as_table_like()?.get("clusters")?.as_table_like()).flat_map(|clusters| clusters.iter())
}

/// A name for a cluster that no other way has.
fn free(doc: &DocumentMut, wanted: &str, place: &FoundPlace) -> String {
    let other = |name: &str| {
        clusters(doc).any(|(n, c)| {
            n == name && c.as_table_like().and_then(|t| t.get("context")).and_then(Item::as_str) != Some(&place.context)
        })
    };
    let numbered = (2..100).map(|n| format!("{wanted}-{n}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|n| !other(n)).unwrap_or_else(|| wanted.to_owned())
}

fn metrics(doc: &mut DocumentMut, lying: &Lying) {
    let Some(address) = lying.prometheus.as_deref().filter(|_| !doc.contains_key("metrics")) else { return };
    let mut one = Table::new();
    let why = match &lying.presets[..] {
        [] => "guessed: it looks like Prometheus".to_owned(),
        presets => format!("it has metrics of {}", presets.join(", ")),
    };
    one.insert("prometheus", said(address.into(), &why));
    one.insert("preset", said("auto".into(), "found by asking"));
    doc.insert("metrics", Item::Table(one));
}

/// A service that is not in the file yet.
struct New {
    name: ServiceName,
    workload: String,
    why: Option<String>,
}

fn services(doc: &mut DocumentMut, lying: &Lying, notes: &mut Vec<SafeText>) {
    let known = known(doc);
    let (new, seen): (Vec<New>, Vec<ServiceName>) = {
        let all = workloads(lying);
        let seen = all.iter().map(|s| s.name.clone()).collect();
        let new = all.into_iter().filter(|s| !known.values().any(|w| *w == s.workload) && !known.contains_key(s.name.as_str()));
        (new.collect(), seen)
    };
    if new.is_empty() {
        return;
    }
    let found = pipeline(&lying.workflows, &seen);
    let empty = known.is_empty() && !doc.contains_key("defaults");
    // Defaults speak for every service: they are written only where nobody wrote services or defaults before.
    let shared = found.as_ref().filter(|p| empty && lying.repo.is_some() && new.iter().all(|s| has(p, &s.name, new.len())));
    if let (Some((_, Some(host))), false) = (&lying.repo, doc.contains_key("github")) {
        let mut github = Table::new();
        github.insert("host", value(host.as_str()));
        doc.insert("github", Item::Table(github));
    }
    if empty {
        let mut defaults = Table::new();
        if let (Some(pipeline), Some((repo, _))) = (shared, &lying.repo) {
            defaults.insert("pipeline", said(binding(repo, pipeline, "{service}"), "guessed from the names of its jobs"));
        }
        defaults.insert("workload", value("deployment/{service}"));
        doc.insert("defaults", Item::Table(defaults));
    }
    let standard = doc
        .get("defaults")
        .and_then(Item::as_table_like)
        .and_then(|t| t.get("workload"))
        .and_then(Item::as_str)
        .map(str::to_owned);
    let Some(all) = table(doc.as_table_mut(), "service") else { return };
    let mut guessing = true;
    for service in &new {
        let mut one = Table::new();
        if standard.as_ref().map(|s| s.replace("{service}", service.name.as_str())) != Some(service.workload.clone()) {
            let workload = service.workload.as_str().into();
            let item = service.why.as_deref().map_or_else(|| value(service.workload.as_str()), |why| said(workload, why));
            one.insert("workload", item);
        }
        if let (None, Some(pipeline), Some((repo, _))) = (shared, &found, &lying.repo)
            && has(pipeline, &service.name, new.len())
        {
            let binding = binding(repo, pipeline, service.name.as_str());
            // Said once, not on every line.
            let first = std::mem::take(&mut guessing);
            let item =
                if first { said(binding, "guessed from the names of its jobs, as those below") } else { Item::Value(binding) };
            one.insert("pipeline", item);
        }
        all.insert(service.name.as_str(), Item::Table(one));
    }
    if let (Some((repo, _)), None) = (&lying.repo, &found)
        && !lying.workflows.is_empty()
    {
        let files: Vec<&str> = lying.workflows.iter().map(|w| &*w.file).collect();
        notes.push(format!("{repo} has {}; no job names a service, so no pipeline was written", files.join(", ")).into());
    }
}

/// Whether a pipeline is this service's: its jobs name it, or there is only one service and one workflow.
fn has(pipeline: &GuessedPipeline, service: &ServiceName, services: usize) -> bool {
    pipeline.services.contains(service) || (pipeline.job.is_none() && services == 1)
}

fn binding(repo: &Repo, pipeline: &GuessedPipeline, service: &str) -> Value {
    let job = pipeline.job.as_ref().map(|j| j.replace("{service}", service));
    let repo = repo.to_string();
    inline([("github", Some(repo.as_str())), ("workflow", Some(&pipeline.file)), ("job", job.as_deref())])
}

/// The services of a file, with what they run as.
fn known(doc: &DocumentMut) -> BTreeMap<String, String> {
    let text = |t: Option<&Item>| Some(t?.as_table_like()?.get("workload")?.as_str()?.to_owned());
    let standard = text(doc.get("defaults"));
    let all = doc.get("service").and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter());
    all.map(|(name, item)| {
        let workload = text(Some(item)).or_else(|| standard.clone()).unwrap_or_default();
        (name.to_owned(), workload.replace("{service}", name))
    })
    .collect()
}

/// Of two workloads of one name the one that delivers: a Rollout or a Canary takes over a Deployment of its name.
fn delivers(kind: WorkloadKind) -> u8 {
    match kind {
        WorkloadKind::DaemonSet => 0,
        WorkloadKind::StatefulSet => 1,
        WorkloadKind::Deployment => 2,
        WorkloadKind::Rollout => 3,
        WorkloadKind::Canary => 4,
    }
}

/// The services that the workloads of all places make, by name.
fn workloads(lying: &Lying) -> Vec<New> {
    let mut kinds: BTreeMap<Arc<str>, WorkloadKind> = BTreeMap::new();
    for w in lying.places.iter().flat_map(|p| &p.workloads) {
        let kind = kinds.entry(w.key.name.clone()).or_insert(w.kind);
        if delivers(w.kind) > delivers(*kind) {
            *kind = w.kind;
        }
    }
    let mut out = vec![];
    for (full, kind) in &kinds {
        let base = |suffix: &str| full.strip_suffix(suffix).filter(|b| !b.is_empty());
        if base("-canary").is_some_and(|b| kinds.contains_key(b)) {
            continue;
        }
        if base("-green").is_some_and(|b| kinds.contains_key(format!("{b}-blue").as_str())) {
            continue;
        }
        let blue = base("-blue").filter(|b| kinds.contains_key(format!("{b}-green").as_str()));
        let Ok(name) = blue.unwrap_or(full).parse::<ServiceName>() else { continue };
        let why = match (blue, kind) {
            (Some(blue), _) => Some(format!("guessed: {blue}-blue and {blue}-green are blue-green")),
            (None, WorkloadKind::StatefulSet | WorkloadKind::DaemonSet) => Some("take it out if nobody releases it".to_owned()),
            _ => None,
        };
        out.push(New { name, workload: format!("{}/{full}", kind.word()), why });
    }
    out
}

#[cfg(test)]
mod tests;
