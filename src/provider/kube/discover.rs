//! What lies around in a cluster, before anything is configured.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use http::header;
use serde::{Deserialize, de::DeserializeOwned};

use super::{KubeCluster, transport::Transport};
use crate::domain::{FoundInCluster, FoundMetrics, FoundWorkload, ObjectKey, Problem, ProblemKind, WorkloadKind};

/// All of it must be known in this time, of the real clock: a person waits.
const LIMIT: Duration = Duration::from_secs(45);

/// A page that came late or cut is asked for again at once, so often at most.
const TRIES: usize = 2;

/// Objects per page, and pages at most: who has more names namespaces.
const PAGE: usize = 500;
const PAGES: usize = 20;

/// Names and labels only: whole workloads of a large cluster are many megabytes.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const WHOLE: &str = "application/json";

#[derive(Deserialize)]
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    // A list of no objects may be null.
    items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
struct ListMeta {
    #[serde(rename = "continue")]
    more: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    metadata: Meta,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Canary {
    metadata: Meta,
    spec: Option<CanarySpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanarySpec {
    target_ref: Option<TargetRef>,
}

#[derive(Deserialize)]
struct TargetRef {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Service {
    metadata: Meta,
    spec: Option<ServiceSpec>,
}

#[derive(Deserialize)]
struct ServiceSpec {
    ports: Option<Vec<Port>>,
}

#[derive(Deserialize)]
struct Port {
    name: Option<String>,
    port: Option<u16>,
}

/// Lists everything that counts in these namespaces, or in all; where that is forbidden, in the cluster's own.
pub(super) async fn discover(cluster: &KubeCluster, namespaces: &[Arc<str>]) -> FoundInCluster {
    let work = async {
        let mut found = look(&cluster.transport, namespaces).await;
        let forbidden = |p: &Problem| p.kind == ProblemKind::Forbidden;
        if namespaces.is_empty() && found.workloads.is_empty() && found.troubles.iter().any(forbidden) {
            found = look(&cluster.transport, &cluster.namespaces).await;
        }
        found
    };
    tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| {
        let what = format!("cluster {}: not all of it could be listed within {} s", cluster.name, LIMIT.as_secs());
        let late = Problem::new(ProblemKind::Timeout, what).hint("name namespaces");
        FoundInCluster { troubles: vec![late], ..FoundInCluster::default() }
    })
}

async fn look(transport: &Transport, namespaces: &[Arc<str>]) -> FoundInCluster {
    let (deployments, sets, daemons, rollouts, canaries, services) = tokio::join!(
        list::<Named>(transport, "apis/apps/v1", "deployments", namespaces, METADATA),
        list::<Named>(transport, "apis/apps/v1", "statefulsets", namespaces, METADATA),
        list::<Named>(transport, "apis/apps/v1", "daemonsets", namespaces, METADATA),
        list::<Named>(transport, "apis/argoproj.io/v1alpha1", "rollouts", namespaces, METADATA),
        list::<Canary>(transport, "apis/flagger.app/v1beta1", "canaries", namespaces, WHOLE),
        // Prometheus lives beside what it measures: its Service is looked for everywhere.
        list::<Service>(transport, "api/v1", "services", &[], WHOLE),
    );
    let mut found = FoundInCluster::default();
    let mut take = |problems: Vec<Problem>, optional: bool| {
        // What is not installed is not missed; that Services cannot be listed costs a guess only.
        let counts = |p: &Problem| p.kind != ProblemKind::NotFound && !(optional && p.kind == ProblemKind::Forbidden);
        found.troubles.extend(problems.into_iter().filter(counts));
    };
    let (deployments, troubles) = deployments;
    take(troubles, false);
    let (sets, troubles) = sets;
    take(troubles, true);
    let (daemons, troubles) = daemons;
    take(troubles, true);
    let (rollouts, troubles) = rollouts;
    take(troubles, true);
    let (canaries, troubles) = canaries;
    take(troubles, true);
    let (services, troubles) = services;
    take(troubles, true);
    let key = |m: &Meta| ObjectKey::new(&m.namespace, &m.name).ok();
    let target = |c: &Canary| {
        let name = c.spec.as_ref()?.target_ref.as_ref()?.name.as_deref()?;
        Some([
            ObjectKey::new(&c.metadata.namespace, name).ok()?,
            ObjectKey::new(&c.metadata.namespace, &format!("{name}-primary")).ok()?,
        ])
    };
    // A Canary delivers its target, and the copy of it that Flagger makes.
    let delivered: BTreeSet<ObjectKey> = canaries.iter().filter_map(target).flatten().collect();
    for (list, kind) in [
        (&deployments, WorkloadKind::Deployment),
        (&sets, WorkloadKind::StatefulSet),
        (&daemons, WorkloadKind::DaemonSet),
        (&rollouts, WorkloadKind::Rollout),
    ] {
        let keys = list.iter().filter_map(|n| key(&n.metadata)).filter(|k| !delivered.contains(k));
        found.workloads.extend(keys.map(|key| FoundWorkload { key, kind }));
    }
    let keys = canaries.iter().filter_map(|c| key(&c.metadata));
    found.workloads.extend(keys.map(|key| FoundWorkload { key, kind: WorkloadKind::Canary }));
    found.workloads.sort();
    let mut metrics: Vec<(u8, FoundMetrics)> = services.iter().filter_map(prometheus).collect();
    metrics.sort_by(|(a, x), (b, y)| (a, &x.key).cmp(&(b, &y.key)));
    found.metrics = metrics.into_iter().map(|(_, m)| m).collect();
    found
}

/// The objects of a kind, and what could not be listed.
async fn list<T: DeserializeOwned>(
    transport: &Transport,
    group: &str,
    plural: &str,
    namespaces: &[Arc<str>],
    accept: &str,
) -> (Vec<T>, Vec<Problem>) {
    let mut paths: Vec<String> = namespaces.iter().map(|n| format!("/{group}/namespaces/{n}/{plural}")).collect();
    if paths.is_empty() {
        paths.push(format!("/{group}/{plural}"));
    }
    let (mut out, mut troubles) = (vec![], vec![]);
    for answer in join_all(paths.iter().map(|path| pages(transport, path, plural, accept))).await {
        match answer {
            Ok(items) => out.extend(items),
            Err(problem) => troubles.push(problem),
        }
    }
    (out, troubles)
}

async fn pages<T: DeserializeOwned>(transport: &Transport, path: &str, plural: &str, accept: &str) -> Result<Vec<T>, Problem> {
    let what = format!("list {plural}");
    let (mut out, mut more) = (vec![], String::new());
    for _ in 0..PAGES {
        // The token of the next page is letters, digits, '-' and '_' only.
        let address = format!("{path}?limit={PAGE}{}", if more.is_empty() { String::new() } else { format!("&continue={more}") });
        let mut tries = 0;
        let body = loop {
            tries += 1;
            let request = http::Request::get(&address)
                .header(header::ACCEPT, accept)
                .body(vec![])
                .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))?;
            match transport.whole(request, &what).await {
                Ok((_, body)) => break body,
                Err(p) if tries < TRIES && matches!(p.kind, ProblemKind::Timeout | ProblemKind::Server) => {}
                Err(problem) => return Err(problem),
            }
        };
        let list: List<T> =
            serde_json::from_slice(&body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))?;
        out.extend(list.items.unwrap_or_default());
        match list.metadata.more.filter(|m| !m.is_empty()) {
            Some(token) => more = token,
            None => return Ok(out),
        }
    }
    Err(Problem::new(ProblemKind::Unreadable, format!("{what}: more than {} objects", PAGE * PAGES)).hint("name namespaces"))
}

/// Whether a Service looks like Prometheus, how likely, and its port.
fn prometheus(service: &Service) -> Option<(u8, FoundMetrics)> {
    let Meta { name, namespace, labels } = &service.metadata;
    let labelled = labels.get("app.kubernetes.io/name").is_some_and(|l| l == "prometheus")
        || labels.get("app").is_some_and(|l| l == "prometheus" || l == "kube-prometheus-stack-prometheus");
    let rank = match name.as_str() {
        // The operator makes this one, of this name, for every Prometheus of its.
        "prometheus-operated" => 0,
        "prometheus" | "prometheus-server" | "prometheus-k8s" => 1,
        _ if labelled => 2,
        name if name.ends_with("-prometheus") || name.ends_with("-prometheus-server") => 3,
        _ => return None,
    };
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let named = |p: &&Port| p.name.as_deref().is_some_and(|n| ["web", "http-web", "http", "prometheus", "server"].contains(&n));
    let port = ports.iter().find(|p| p.port == Some(9090)).or_else(|| ports.iter().find(named)).or_else(|| match &ports[..] {
        [only] => Some(only),
        _ => None,
    })?;
    Some((rank, FoundMetrics { key: ObjectKey::new(namespace, name).ok()?, port: port.port? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_look_like_prometheus_are_told_from_those_that_do_not() {
        let seen = |name: &str, labels: &str, ports: &str| {
            let text =
                format!(r#"{{"metadata":{{"name":"{name}","namespace":"m","labels":{labels}}},"spec":{{"ports":{ports}}}}}"#);
            prometheus(&serde_json::from_str(&text).unwrap()).map(|(rank, m)| format!("{rank} {m}"))
        };
        let web = r#"[{"name":"web","port":9090}]"#;
        let label = r#"{"app.kubernetes.io/name":"prometheus"}"#;
        for (name, labels, ports, want) in [
            ("prometheus-operated", "{}", web, Some("0 kube:m/prometheus-operated:9090")),
            ("prometheus-server", "{}", r#"[{"name":"http","port":80}]"#, Some("1 kube:m/prometheus-server:80")),
            ("mon", label, r#"[{"name":"reloader","port":8080},{"name":"http-web","port":9090}]"#, Some("2 kube:m/mon:9090")),
            ("stack-prometheus", "{}", web, Some("3 kube:m/stack-prometheus:9090")),
            ("prometheus-alertmanager", "{}", r#"[{"port":9093}]"#, None),
            ("prometheus-node-exporter", "{}", r#"[{"port":9100}]"#, None),
            ("prometheus", "{}", r#"[{"name":"a","port":1},{"name":"b","port":2}]"#, None),
            ("prometheus", "{}", "null", None),
        ] {
            assert_eq!(seen(name, labels, ports).as_deref(), want, "{name}");
        }
    }
}
