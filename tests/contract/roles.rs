//! The roles that have a contract: how each is started behind a front, and what is done to its system's answers.

use std::sync::Arc;

use futures::FutureExt;
use gonogo::{
    config::{Address, ClusterConnection, GithubConnection, PrometheusConnection, Secret, TokenPlaces},
    domain::{
        ClusterUpdate, ContainerLog, JobLog, LogOrigin, MetricTarget, MetricsSettings, RunKey, RunsWanted, SourceUpdate, Update,
        WorkflowWanted,
    },
    provider::{
        github, kube, prometheus,
        role::{Metrics, Pipelines, Workloads},
    },
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Brisk, Front, Said, Watched, Ways, logs::Log};

/// Text that would drive a terminal, turn the line around, and hide.
const EVIL: &str = "\u{1b}]0;evil\u{7}\u{202e}\u{200b}";

fn said<T: Serialize + gonogo::domain::Row>(update: Update<T>) -> Option<Said> {
    let json = |row: &T| serde_json::to_value(row).unwrap();
    match update {
        Update::Replace(rows) => Some(Said::Rows(rows.iter().map(json).collect())),
        Update::Upsert(row) => Some(Said::Row(json(&row))),
        Update::Trouble(problem) => Some(Said::Trouble(problem)),
        Update::Remove(_) | Update::Alive => None,
    }
}

/// The cluster behind a front.
async fn cluster(front: &Front, token: &str, namespace: &str, now: Timestamp) -> kube::KubeCluster {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "one",
        "clusters": [{"name": "k", "cluster": {"server": front.url}}],
        "contexts": [{"name": "one", "context": {"cluster": "k", "user": "u", "namespace": namespace}}],
        "users": [{"name": "u", "user": {"token": token}}]});
    std::fs::write(&file, text.to_string()).unwrap();
    let connection = ClusterConnection {
        name: "one".parse().unwrap(),
        kubeconfig: Some(file),
        context: None,
        server: None,
        namespaces: vec![namespace.into()],
    };
    kube::connect(&connection, Brisk::at(now)).await.unwrap()
}

/// Workloads, seen through the Deployments of a namespace.
pub async fn workloads(front: Front, token: &str, namespace: &str, now: Timestamp) -> Watched {
    let cluster = cluster(&front, token, namespace, now).await;
    let read = |update| match update {
        SourceUpdate::Cluster(_, ClusterUpdate::Deployments(update)) => said(update),
        _ => None,
    };
    Watched::start(front, ("/deployments", "watch=true"), read, |sink| async move { cluster.watch(sink).await })
}

/// The log of the first container of a pod.
pub async fn pod_log(front: Front, token: &str, namespace: &str, pod: &str, now: Timestamp) -> Log {
    let cluster = Arc::new(cluster(&front, token, namespace, now).await);
    let (name, namespace, pod) = ("one".parse().unwrap(), namespace.into(), pod.into());
    let origin = Arc::new(LogOrigin::Pod { cluster: name, namespace, pod, container: None, arm: None });
    let read = move |sink, follow| {
        let ask = ContainerLog { origin: Arc::clone(&origin), previous: false, since: None, follow, tail: None };
        let cluster = Arc::clone(&cluster);
        async move { cluster.log(&ask, sink).await }.boxed()
    };
    Log { front, asks: "/log?", read: Box::new(read) }
}

/// What is done to a list of Deployments.
pub const DEPLOYMENTS: Ways = Ways {
    spoil: |list| list["items"][0]["spec"] = json!("none"),
    unknown: |list| {
        for item in list["items"].as_array_mut().unwrap() {
            item["spec"]["strategy"] = json!({"type": "Sideways"});
            item["status"]["conditions"] = json!([{"type": "Weird", "status": "Perhaps", "reason": "Because", "message": ""}]);
            item["spec"]["future"] = json!({"field": [1, 2, 3]});
        }
    },
    hostile: |list| {
        for item in list["items"].as_array_mut().unwrap() {
            item["status"]["conditions"] = json!([{"type": "Progressing", "status": "True", "reason": EVIL, "message": EVIL}]);
        }
    },
};

/// GitHub behind a front.
fn hub(front: &Front, token: &str, now: Timestamp) -> github::Github {
    let connection = GithubConnection {
        host: "github.com".into(),
        api: front.url.clone(),
        token: Some(Secret::new(token)),
        token_source: Some("GH_TOKEN"),
        token_places: TokenPlaces::default(),
    };
    github::connect(&connection, Brisk::at(now), |_| None).unwrap()
}

/// The log of a job.
pub fn job_log(front: Front, token: &str, repo: &str, job: &str, now: Timestamp) -> Log {
    let github = Arc::new(hub(&front, token, now));
    let run = RunKey { repo: repo.parse().unwrap(), id: "1".into(), attempt: 1 };
    let ask = JobLog { run, number: 1, job: job.into(), name: "build".into() };
    let read = move |sink, _| {
        let (github, ask) = (Arc::clone(&github), ask.clone());
        async move { github.log(&ask, sink).await }.boxed()
    };
    Log { front, asks: "/logs", read: Box::new(read) }
}

/// Pipelines, seen through the runs of a workflow.
pub fn pipelines(front: Front, token: &str, repo: &str, workflow: Option<&str>, now: Timestamp) -> Watched {
    let github = hub(&front, token, now);
    let workflow = WorkflowWanted {
        repo: repo.parse().unwrap(),
        workflow: workflow.map(Into::into),
        commits: vec![],
        branches: vec!["main".into()],
    };
    let wanted = RunsWanted { workflows: vec![workflow], ..RunsWanted::default() };
    let read = |update| if let SourceUpdate::Runs(_, update) = update { said(update) } else { None };
    Watched::start(front, ("/runs?", ""), read, |sink| async move {
        let (_sender, receiver) = watch::channel(Arc::new(wanted));
        github.watch(receiver, sink).await;
    })
}

/// What is done to a list of runs.
pub const RUNS: Ways = Ways {
    spoil: |list| list["workflow_runs"][0]["id"] = json!({"not": "an id"}),
    unknown: |list| {
        for run in list["workflow_runs"].as_array_mut().unwrap() {
            run["status"] = json!("daydreaming");
            run["conclusion"] = Value::Null;
            run["event"] = json!("full_moon");
            run["future"] = json!({"field": [1, 2, 3]});
        }
    },
    hostile: |list| {
        for run in list["workflow_runs"].as_array_mut().unwrap() {
            run["display_title"] = json!(EVIL);
            run["name"] = json!(EVIL);
            run["head_branch"] = json!(EVIL);
        }
    },
};

/// Metrics, seen through the figures of some targets.
pub fn metrics(
    front: Front,
    token: Option<&str>,
    settings: MetricsSettings,
    targets: Vec<MetricTarget>,
    now: Timestamp,
) -> Watched {
    let address = Address::Url(front.url.clone());
    let connection = PrometheusConnection { name: "prometheus".into(), address, token: token.map(Secret::new) };
    let prometheus = prometheus::connect(&[(connection, None)], settings, Brisk::at(now)).unwrap();
    let read = |update| if let SourceUpdate::Metrics(update) = update { said(update) } else { None };
    Watched::start(front, ("/api/v1/query", ""), read, |sink| async move {
        let (_sender, receiver) = watch::channel(Arc::new(targets));
        prometheus.watch(receiver, sink).await;
    })
}

/// What is done to the answer to a query.
pub const FIGURES: Ways = Ways {
    spoil: |answer| {
        if let Some(series) = answer["data"]["result"].get_mut(0) {
            series["value"] = json!("none");
        }
    },
    unknown: |answer| answer["data"]["resultType"] = json!("hypercube"),
    hostile: |answer| {
        answer["warnings"] = json!([EVIL]);
        for series in answer["data"]["result"].as_array_mut().unwrap() {
            series["metric"]["future"] = json!(EVIL);
        }
    },
};
