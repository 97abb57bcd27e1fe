//! The roles that have a contract: how each is started behind a front, and what is done to its system's answers.

use std::sync::Arc;

use gonogo::{
    config::{Address, ClusterConnection, GithubConnection, PrometheusConnection, Secret, TokenPlaces},
    domain::{ClusterUpdate, MetricTarget, MetricsSettings, RunsWanted, SourceUpdate, Update, WorkflowWanted},
    provider::{
        github, kube, prometheus,
        role::{Metrics, Pipelines, Workloads},
    },
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Brisk, Front, Said, Watched, Ways};

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

/// Workloads, seen through the Deployments of a namespace.
pub async fn workloads(front: Front, token: &str, namespace: &str, now: Timestamp) -> Watched {
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
    let cluster = kube::connect(&connection, Brisk::at(now)).await.unwrap();
    let read = |update| match update {
        SourceUpdate::Cluster(_, ClusterUpdate::Deployments(update)) => said(update),
        _ => None,
    };
    Watched::start(front, ("/deployments", "watch=true"), read, |sink| async move { cluster.watch(sink).await })
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

/// Pipelines, seen through the runs of a workflow.
pub fn pipelines(front: Front, token: &str, repo: &str, workflow: Option<&str>, now: Timestamp) -> Watched {
    let connection = GithubConnection {
        host: "github.com".into(),
        api: front.url.clone(),
        token: Some(Secret::new(token)),
        token_source: Some("GH_TOKEN"),
        token_places: TokenPlaces::default(),
    };
    let github = github::connect(&connection, Brisk::at(now), |_| None).unwrap();
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
