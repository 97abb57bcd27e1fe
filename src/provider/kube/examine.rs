//! Is the cluster there, who are we to it, and what may we do: asked of the API server itself, without a change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{
    StreamExt,
    future::{BoxFuture, join_all},
    stream,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    KubeCluster,
    identity::{self, Review, User, review_at},
    kind,
};
use crate::domain::{Finding, Problem, ProblemKind, SafeText};

/// Questions under way at most.
const IN_FLIGHT: usize = 8;

/// Kinds without which no workload can be judged: not to read one of them is a failure and not a gap.
const NEEDED: [&str; 4] = ["deployments", "replicasets", "pods", "rollouts"];

/// What is read besides lists and watches: verb, group, resource, subresource, what for.
const READS: [(&str, &str, &str, &str, &str); 2] =
    [("get", "", "pods", "log", "logs"), ("get", "", "services", "proxy", "metrics through the API server")];

/// What changes are made of, and what for.
const ACTS: [(&str, &str, &str, &str, &str); 10] = [
    ("patch", "apps", "deployments", "", "pause, resume, restart, roll back"),
    ("patch", "argoproj.io", "rollouts", "", "pause, promote, roll back"),
    ("patch", "argoproj.io", "rollouts", "status", "abort, step"),
    ("patch", "", "services", "", "switch blue-green"),
    ("patch", "networking.istio.io", "virtualservices", "", "weights"),
    ("patch", "gateway.networking.k8s.io", "httproutes", "", "weights"),
    ("create", "coordination.k8s.io", "leases", "", "locks"),
    ("update", "coordination.k8s.io", "leases", "", "locks"),
    ("create", "", "configmaps", "", "records"),
    ("patch", "", "configmaps", "", "records"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: Option<String>,
}

#[derive(Deserialize)]
struct Access {
    allowed: Option<bool>,
}

#[derive(Deserialize)]
struct Resources {
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

/// A right: verb, group, resource, subresource.
type Right = (&'static str, &'static str, &'static str, &'static str);

/// Everything, in the order in which one stands on the other.
pub(super) async fn examine(cluster: &KubeCluster) -> Vec<Finding> {
    let mut out = vec![];
    let sent = cluster.timer.now();
    match cluster.transport.dated("/version", "get version").await {
        Err(problem) => {
            let mut found = Finding::problem("reachable", &problem);
            found.says = SafeText::clean(&format!("{}: {}", cluster.transport.server(), problem.what));
            return vec![found];
        }
        Ok((body, date)) => {
            let received = cluster.timer.now();
            let took = received.duration_since(sent).as_millis();
            let version = serde_json::from_slice::<Version>(&body).ok().and_then(|v| v.git_version);
            let server = cluster.transport.server();
            match version {
                Some(version) => {
                    out.push(Finding::ok("reachable", format!("Kubernetes {version} at {server}, answered in {took} ms")));
                }
                None => out.push(Finding::warn("reachable", format!("{server} tells no version"), "is this an API server?")),
            }
            out.extend(date.map(|date| Finding::clock(date, sent, received)));
        }
    }
    match who(cluster).await {
        Err(problem) => {
            out.push(Finding::problem("identity", &problem));
            return out;
        }
        Ok(finding) => out.push(finding),
    }
    let installed = installed(cluster).await;
    let missing: Vec<&str> =
        kind::FOLLOWED.iter().filter(|f| f.custom && group_of(&installed, f).is_none()).map(|f| f.plural).collect();
    if !missing.is_empty() {
        out.push(Finding::ok("installed", format!("not in this cluster, and not missed: {}", missing.join(", "))));
    }
    for namespace in &cluster.namespaces {
        out.extend(rights(cluster, namespace, &installed).await);
    }
    out
}

async fn who(cluster: &KubeCluster) -> Result<Finding, Problem> {
    let credential = cluster.transport.credential();
    let Some(User { username: Some(name), groups }) = identity::user(&cluster.transport).await? else {
        return Ok(Finding::warn("identity", "the API server does not say who we are", "is it older than Kubernetes 1.28?"));
    };
    let groups = groups.unwrap_or_default();
    let more = groups.len().saturating_sub(5);
    let shown = groups.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(Finding::ok("identity", format!("{name} ({shown}{more}), by {credential}")))
}

/// The resources of each group version of ours that comes with a custom resource definition; what cannot be asked is
/// taken as installed, so that its rights are asked for.
async fn installed(cluster: &KubeCluster) -> BTreeMap<&'static str, Option<BTreeSet<String>>> {
    let groups: BTreeSet<&'static str> = kind::FOLLOWED.iter().filter(|f| f.custom).flat_map(|f| f.groups).copied().collect();
    let ask = |group: &'static str| async move {
        let names = match cluster.transport.get(&format!("/{group}"), "discovery").await {
            Ok(body) => serde_json::from_slice::<Resources>(&body)
                .ok()
                .map(|r| r.resources.into_iter().flatten().map(|r| r.name).collect()),
            Err(problem) if problem.kind == ProblemKind::NotFound => Some(BTreeSet::new()),
            Err(_) => None,
        };
        (group, names)
    };
    join_all(groups.into_iter().map(ask)).await.into_iter().collect()
}

/// The group version that serves a kind.
fn group_of(installed: &BTreeMap<&'static str, Option<BTreeSet<String>>>, followed: &kind::Followed) -> Option<&'static str> {
    let serves = |group: &&&str| match installed.get(**group) {
        Some(Some(names)) => names.contains(followed.plural),
        _ => true,
    };
    followed.groups.iter().find(serves).copied()
}

/// `apis/apps/v1` is group `apps`; `api/v1` the core group, without a name.
fn group_name(path: &'static str) -> &'static str {
    path.strip_prefix("apis/").and_then(|rest| rest.split('/').next()).unwrap_or("")
}

async fn rights(
    cluster: &KubeCluster,
    namespace: &Arc<str>,
    installed: &BTreeMap<&'static str, Option<BTreeSet<String>>>,
) -> Vec<Finding> {
    let kinds: Vec<(&'static str, &'static str)> =
        kind::FOLLOWED.iter().filter_map(|f| Some((group_name(group_of(installed, f)?), f.plural))).collect();
    let has = |group: &str, plural: &str| {
        let known = kind::FOLLOWED.iter().any(|f| f.custom && f.plural == plural && group_name(f.groups[0]) == group);
        !known || kinds.contains(&(group, plural))
    };
    let lists = kinds.iter().flat_map(|(g, p)| [("list", *g, *p, ""), ("watch", *g, *p, "")]);
    let reads: Vec<Right> = lists.chain(READS.iter().map(|(v, g, r, s, _)| (*v, *g, *r, *s))).collect();
    let acts: Vec<Right> = ACTS.iter().filter(|(_, g, r, ..)| has(g, r)).map(|(v, g, r, s, _)| (*v, *g, *r, *s)).collect();
    let all: Vec<Right> = [&reads[..], &acts[..]].concat();
    let mut questions: Vec<BoxFuture<'_, (Right, Result<bool, Problem>)>> = vec![];
    for right in all {
        questions.push(Box::pin(async move { (right, may(cluster, namespace, right).await) }));
    }
    let answers: Vec<(Right, Result<bool, Problem>)> = stream::iter(questions).buffered(IN_FLIGHT).collect().await;
    if let Some(problem) = answers.iter().find_map(|(_, a)| a.as_ref().err()) {
        return vec![Finding::problem("read", problem)];
    }
    let (read, act) = answers.split_at(reads.len());
    let split = |all: &[(Right, Result<bool, Problem>)]| {
        let (yes, no): (Vec<_>, Vec<_>) = all.iter().partition(|(_, a)| *a == Ok(true));
        let words = |list: Vec<&(Right, Result<bool, Problem>)>| list.iter().map(|(r, _)| named(*r)).collect::<Vec<_>>();
        (words(yes), words(no))
    };
    let mut out = vec![];
    let (yes, no) = split(read);
    let blind = yes.is_empty();
    if !yes.is_empty() {
        out.push(Finding::ok("read", format!("in {namespace} we may {}", together(&yes))));
    }
    if !no.is_empty() {
        let says = format!("in {namespace} we may not {}", together(&no));
        let needed = read.iter().any(|((verb, _, r, _), a)| *a == Ok(false) && *verb != "get" && NEEDED.contains(r));
        out.push(if needed {
            Finding::fail("read", says, "ask for a Role with these rights, or use a context that has them")
        } else {
            Finding::warn("read", says, "what these tell stays unknown; ask for a Role with these rights if you need it")
        });
    }
    let (yes, no) = split(act);
    if !yes.is_empty() {
        out.push(Finding::ok("act", format!("in {namespace} we may {}", together(&yes))));
    }
    if yes.is_empty() {
        let watch = if blind { "" } else { ": this is a place to watch from" };
        out.push(Finding::ok("act", format!("in {namespace} we may change nothing{watch}")));
    } else if !no.is_empty() {
        let says = format!("in {namespace} we may not {}", together(&no));
        out.push(Finding::warn("act", says, "the actions that need these will be refused by the API server"));
    }
    out
}

/// `patch rollouts/status`, in the words of `kubectl auth can-i`.
fn named((verb, group, resource, sub): Right) -> (String, String) {
    let group = if group.is_empty() || group == "apps" { String::new() } else { format!(".{group}") };
    let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
    (verb.to_owned(), format!("{resource}{group}{sub}"))
}

/// `list and watch deployments, pods; get pods/log`: verbs that go for the same resources are told together.
fn together(rights: &[(String, String)]) -> String {
    let mut verbs: Vec<(String, Vec<&str>)> = vec![];
    for (_, resource) in rights {
        let of: Vec<&str> = rights.iter().filter(|(_, r)| r == resource).map(|(v, _)| v.as_str()).collect();
        let verb = of.join(" and ");
        match verbs.iter_mut().find(|(v, _)| *v == verb) {
            Some((_, resources)) if !resources.contains(&resource.as_str()) => resources.push(resource),
            Some(_) => {}
            None => verbs.push((verb, vec![resource])),
        }
    }
    verbs.iter().map(|(verb, resources)| format!("{verb} {}", resources.join(", "))).collect::<Vec<_>>().join("; ")
}

async fn may(cluster: &KubeCluster, namespace: &str, (verb, group, resource, sub): Right) -> Result<bool, Problem> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": sub,
        }},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer: Review<Access> = review_at(&cluster.transport, path, &review, "what may I do").await?;
    Ok(answer.status.and_then(|s| s.allowed).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_in_few_words() {
        let rights: Vec<(String, String)> = [
            ("list", "apps", "deployments", ""),
            ("watch", "apps", "deployments", ""),
            ("list", "", "pods", ""),
            ("watch", "", "pods", ""),
            ("get", "", "pods", "log"),
            ("patch", "argoproj.io", "rollouts", "status"),
        ]
        .map(named)
        .to_vec();
        assert_eq!(together(&rights), "list and watch deployments, pods; get pods/log; patch rollouts.argoproj.io/status");
    }
}
