//! What a pod template needs and promises, and whether that is there: names and keys, never a value.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use http::header::ACCEPT;
use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    act::{AUDIT_ID, path_of},
    transport::{JSON, Transport},
};
use crate::domain::{
    ChangeTarget, ConfigKind, ContractStand, Needed, Problem, ProblemKind, Promises, RollbackMark, SafeText, TemplateFacts,
    TemplateOf, There,
};

/// Only the metadata of one object: whether it is there, and nothing of what it holds.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// Before the names of our annotations.
const OURS: &str = "gonogo.dev/";

/// An object of configuration whose values are passed over while it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::zero_sized_map_values, reason = "a set of keys is read from a map whose values are passed over")]
struct Keys {
    data: Option<BTreeMap<String, IgnoredAny>>,
    binary_data: Option<BTreeMap<String, IgnoredAny>>,
}

struct Reader<'a> {
    transport: &'a Transport,
    namespace: &'a str,
    audit: &'a str,
}

/// What was found of a template.
pub(super) async fn preflight(
    transport: &Transport,
    target: &ChangeTarget,
    of: &TemplateOf,
    audit: &str,
) -> Result<TemplateFacts, Problem> {
    let reader = Reader { transport, namespace: &target.key.namespace, audit };
    let (what, path, uid) = match of {
        TemplateOf::Wanted => (format!("get {target}"), path_of(target, ""), None),
        TemplateOf::Revision { name, uid } => {
            (format!("get replicaset {name}"), reader.path("apis/apps/v1", &format!("replicasets/{name}")), Some(uid))
        }
    };
    let object: Value = reader.read(&path, JSON, &what).await?;
    if uid.is_some_and(|uid| object.pointer("/metadata/uid").and_then(Value::as_str) != Some(&**uid)) {
        return Err(Problem::new(ProblemKind::Conflict, format!("{what}: it is another one by now")));
    }
    let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let asked = needs(template);
    let names: BTreeSet<Arc<str>> = asked.iter().filter(|n| n.kind == ConfigKind::Secret).map(|n| n.name.clone()).collect();
    let selector = object.pointer("/spec/selector/matchLabels");
    let promises = promises(template.pointer("/metadata/annotations"));
    let (needs, external, contracts, starts) = futures::join!(
        reader.there(&asked),
        reader.external(&names),
        reader.contracts(&promises),
        reader.starts(selector.filter(|_| *of == TemplateOf::Wanted)),
    );
    let (contracts, contracts_unknown) = match contracts {
        Ok(contracts) => (contracts, None),
        Err(problem) => (BTreeMap::new(), Some(problem.what)),
    };
    Ok(TemplateFacts { needs, external, promises, contracts, contracts_unknown, starts })
}

/// What its containers and volumes ask for and cannot start without; a key is named at most once.
fn needs(template: &Value) -> BTreeSet<Needed> {
    let list = |at: &Value, path: &str| at.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = BTreeSet::new();
    let mut need = |kind: ConfigKind, source: &Value, name: &str, key: Option<&str>| {
        let optional = source.get("optional").and_then(Value::as_bool) == Some(true);
        if let Some(name) = source.get(name).and_then(Value::as_str).filter(|n| !optional && !n.is_empty()) {
            out.insert(Needed { kind, name: name.into(), key: key.map(SafeText::clean) });
        }
    };
    let containers = ["/spec/initContainers", "/spec/containers"].into_iter().flat_map(|path| list(template, path));
    for container in containers {
        for from in list(&container, "/envFrom") {
            need(ConfigKind::ConfigMap, &from["configMapRef"], "name", None);
            need(ConfigKind::Secret, &from["secretRef"], "name", None);
        }
        for env in list(&container, "/env") {
            for (kind, field) in [(ConfigKind::ConfigMap, "configMapKeyRef"), (ConfigKind::Secret, "secretKeyRef")] {
                let source = &env["valueFrom"][field];
                need(kind, source, "name", source["key"].as_str());
            }
        }
    }
    let mut volume = |kind: ConfigKind, source: &Value, name: &str| match list(source, "/items").as_slice() {
        [] => need(kind, source, name, None),
        items => items.iter().for_each(|item| need(kind, source, name, item["key"].as_str())),
    };
    for v in list(template, "/spec/volumes") {
        volume(ConfigKind::ConfigMap, &v["configMap"], "name");
        volume(ConfigKind::Secret, &v["secret"], "secretName");
        for source in list(&v, "/projected/sources") {
            volume(ConfigKind::ConfigMap, &source["configMap"], "name");
            volume(ConfigKind::Secret, &source["secret"], "name");
        }
    }
    out
}

/// What the annotations of a template promise.
fn promises(annotations: Option<&Value>) -> Promises {
    let mut out = Promises::default();
    let all = annotations.and_then(Value::as_object).into_iter().flatten();
    for (key, value) in all.filter_map(|(k, v)| Some((k.strip_prefix(OURS)?, v.as_str()?))) {
        if let Some(contract) = key.strip_prefix("requires.") {
            out.requires.insert(contract.into(), value.into());
        } else if let Some(contract) = key.strip_prefix("provides.") {
            out.provides.insert(contract.into(), value.into());
        } else if key == "rollback" {
            // A word that we do not know is no "safe".
            out.rollback = Some(match value {
                "safe" => RollbackMark::Safe,
                "unsafe" => RollbackMark::Unsafe,
                _ => RollbackMark::Unknown,
            });
        } else if key == "rollback-note" {
            out.note = Some(value.into());
        }
    }
    out
}

fn text<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    object.pointer(path).and_then(Value::as_str)
}

fn at(object: &Value, path: &str) -> Option<Timestamp> {
    text(object, path)?.parse().ok()
}

/// The condition of a kind, of an object's status.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|c| c["type"] == kind)
}

impl Reader<'_> {
    fn path(&self, group: &str, rest: &str) -> String {
        format!("/{group}/namespaces/{}/{rest}", self.namespace)
    }

    async fn read<T: for<'de> Deserialize<'de>>(&self, path: &str, accept: &str, what: &str) -> Result<T, Problem> {
        let request = http::Request::get(path)
            .header(ACCEPT, accept)
            .header(AUDIT_ID, self.audit)
            .body(Vec::new())
            .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))?;
        let (_, body) = self.transport.whole(request, what).await?;
        serde_json::from_slice(&body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))
    }

    /// Whether each piece is there. An object is asked for once; its keys only where one of them is named.
    async fn there(&self, needs: &BTreeSet<Needed>) -> Vec<(Needed, There)> {
        let objects: BTreeSet<(ConfigKind, &Arc<str>)> = needs.iter().map(|n| (n.kind, &n.name)).collect();
        let asked = objects.into_iter().map(|(kind, name)| async move {
            let keyed = needs.iter().any(|n| n.kind == kind && n.name == *name && n.key.is_some());
            ((kind, name.clone()), self.keys(kind, name, keyed).await)
        });
        let found: BTreeMap<_, _> = futures::future::join_all(asked).await.into_iter().collect();
        let there = |n: &Needed| match found.get(&(n.kind, n.name.clone())) {
            Some(Ok(keys)) => match &n.key {
                Some(key) if !keys.contains(key.as_str()) => There::No,
                _ => There::Yes,
            },
            Some(Err(p)) if p.kind == ProblemKind::NotFound => There::No,
            Some(Err(p)) => There::Unknown(p.what.clone()),
            None => There::Unknown("it was not asked for".into()),
        };
        needs.iter().map(|n| (n.clone(), there(n))).collect()
    }

    async fn keys(&self, kind: ConfigKind, name: &str, keyed: bool) -> Result<BTreeSet<String>, Problem> {
        let path = self.path("api/v1", &format!("{}s/{name}", kind.word()));
        let what = format!("get {} {name}", kind.word());
        let found: Keys = self.read(&path, if keyed { JSON } else { METADATA }, &what).await?;
        Ok(found.data.into_iter().chain(found.binary_data).flatten().map(|(key, _)| key).collect())
    }

    /// The ExternalSecrets that fill one of these Secrets, and whether they do.
    async fn external(&self, secrets: &BTreeSet<Arc<str>>) -> Vec<(Arc<str>, There)> {
        if secrets.is_empty() {
            return vec![];
        }
        let mut list = Err(Problem::new(ProblemKind::NotFound, ""));
        for version in ["v1", "v1beta1"] {
            let path = self.path(&format!("apis/external-secrets.io/{version}"), "externalsecrets");
            list = self.read::<Value>(&path, JSON, "list external secrets").await;
            if list.is_ok() {
                break;
            }
        }
        // Where the kind is not installed, or may not be read, the Secret itself is what counts.
        let Ok(list) = list else { return vec![] };
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let of = |item: &Value| {
            let name = text(item, "/metadata/name")?;
            let fills = text(item, "/spec/target/name").unwrap_or(name);
            secrets.contains(fills).then(|| {
                let there = match condition(item, "Ready").and_then(|c| c["status"].as_str()) {
                    Some("True") => There::Yes,
                    Some("False") => There::No,
                    _ => There::Unknown("it does not say whether it is in sync".into()),
                };
                (Arc::from(name), there)
            })
        };
        items.iter().filter_map(of).collect()
    }

    /// Where the contracts stand that a template speaks of: by the newest migration of each that succeeded.
    async fn contracts(&self, promises: &Promises) -> Result<BTreeMap<SafeText, ContractStand>, Problem> {
        if promises.requires.is_empty() {
            return Ok(BTreeMap::new());
        }
        let path = self.path("apis/batch/v1", "jobs?labelSelector=gonogo.dev%2Fmigration%3Dtrue");
        let list: Value = self.read(&path, JSON, "list migration jobs").await?;
        let mut jobs: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
        jobs.retain(|job| condition(job, "Complete").is_some_and(|c| c["status"] == "True"));
        jobs.sort_by_key(|job| at(job, "/status/completionTime"));
        let mut out = BTreeMap::new();
        for job in jobs {
            let note = |key: &str| text(job, &format!("/metadata/annotations/gonogo.dev~1{key}")).map(SafeText::clean);
            if let (Some(contract), Some(value), Some(name)) = (note("contract"), note("to"), text(job, "/metadata/name")) {
                out.insert(contract, ContractStand { value, by: name.into(), kind: note("kind"), note: note("note") });
            }
        }
        Ok(out)
    }

    /// How many seconds the pods that a selector finds took to be ready: the one in the middle.
    async fn starts(&self, selector: Option<&Value>) -> Option<u32> {
        let labels: Vec<String> = selector?
            .as_object()?
            .iter()
            .filter_map(|(k, v)| Some(format!("{}%3D{}", k.replace('/', "%2F"), v.as_str()?)))
            .collect();
        if labels.is_empty() {
            return None;
        }
        let path = self.path("api/v1", &format!("pods?limit=50&labelSelector={}", labels.join("%2C")));
        let list: Value = self.read(&path, JSON, "list pods").await.ok()?;
        let took = |pod: &Value| {
            let ready = condition(pod, "Ready").filter(|c| c["status"] == "True")?;
            let took = at(ready, "/lastTransitionTime")?.duration_since(at(pod, "/metadata/creationTimestamp")?);
            u32::try_from(took.as_secs()).ok()
        };
        let mut all: Vec<u32> = list["items"].as_array()?.iter().filter_map(took).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests;
