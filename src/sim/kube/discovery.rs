//! What the API server says about itself.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::http::{self, Response},
    kinds::{KINDS, Kind, Writes},
};

/// Groups that have no resources but reviews.
const REVIEWS: [(&str, &str, &str); 2] = [
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
];

/// What anybody may read, whatever the credentials.
pub fn open(parts: &[&str]) -> Option<Response> {
    match parts {
        ["version"] => Some(http::json(
            StatusCode::OK,
            &json!({
                "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "embedded", "gitTreeState": "clean",
                "buildDate": "2026-03-01T00:00:00Z", "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64",
            }),
        )),
        ["livez" | "readyz" | "healthz"] => Some(http::text(StatusCode::OK, "text/plain; charset=utf-8", "ok")),
        _ => None,
    }
}

/// Discovery of groups, versions and resources; none if the path asks for something else.
pub fn answer(parts: &[&str]) -> Option<Response> {
    let value = match parts {
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["api", "v1"] => resources("", "v1")?,
        ["apis"] => {
            let groups: Vec<Value> = groups().into_iter().map(|(name, version)| group(name, version)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let (name, version) = groups().into_iter().find(|(group, _)| group == name)?;
            let mut found = group(name, version);
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            found
        }
        ["apis", group, version] => resources(group, version)?,
        _ => return None,
    };
    Some(http::json(StatusCode::OK, &value))
}

fn groups() -> Vec<(&'static str, &'static str)> {
    let reviews = REVIEWS.iter().map(|(group, ..)| (*group, "v1"));
    let mut groups: Vec<_> =
        KINDS.iter().map(|kind| (kind.group, kind.version)).filter(|(group, _)| !group.is_empty()).chain(reviews).collect();
    groups.dedup();
    groups
}

fn group(name: &str, version: &str) -> Value {
    let served = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [served], "preferredVersion": served})
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let own = KINDS.iter().filter(|kind| kind.group == group && kind.version == version);
    let mut list: Vec<Value> = own.flat_map(rows).collect();
    if version == "v1" {
        list.extend(REVIEWS.iter().filter(|(name, ..)| *name == group).map(|(_, plural, kind)| {
            json!({"name": plural, "singularName": kind.to_ascii_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"]})
        }));
    }
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    (!list.is_empty()).then(|| json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": list}))
}

fn rows(kind: &Kind) -> Vec<Value> {
    let update = ["patch", "update"].into_iter().filter(|_| kind.writes != Writes::None);
    let make = ["create", "delete"].into_iter().filter(|_| kind.writes == Writes::All);
    let verbs: Vec<&str> = ["get", "list", "watch"].into_iter().chain(update.clone()).chain(make).collect();
    let mut row = json!({"name": kind.plural, "singularName": kind.singular(), "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs});
    if !kind.short.is_empty() {
        row["shortNames"] = json!(kind.short);
    }
    let mut rows = vec![row];
    if kind.status {
        let verbs: Vec<&str> = ["get"].into_iter().chain(update.clone()).collect();
        rows.push(json!({"name": format!("{}/status", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs}));
    }
    if super::write::scale::has(kind) {
        let verbs: Vec<&str> = ["get"].into_iter().chain(update).collect();
        rows.push(json!({"name": format!("{}/scale", kind.plural), "singularName": "", "namespaced": kind.namespaced, "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": verbs}));
    }
    rows
}
