//! The embedded Prometheus and GitHub over real HTTP, with GitHub's own client as a referee.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{path::Path, process::Output, sync::Arc};

use gonogo::sim::{self, Params, Sim, T0};
use jiff::SignedDuration;
use serde_json::Value;

async fn world(unix: Option<&Path>) -> Sim {
    // Fails when another test has installed it already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let now = T0 + SignedDuration::from_mins(20);
    sim::start(Params::default(), Arc::new(move || now), None, unix.map(Path::to_owned)).await.unwrap()
}

#[tokio::test]
async fn prometheus_answers_get_and_form() {
    let sim = world(None).await;
    let client = prometheus_http_query::Client::from(reqwest::Client::new(), &sim.endpoints().prometheus);
    let client = client.expect("a base address");
    // The client posts a form.
    let answer = client.query("count(count by (service) (up))").get().await.expect("an answer");
    let vector = answer.data().as_vector().expect("a vector").clone();
    assert_eq!(vector.first().map(|sample| sample.sample().value()), Some(15.0));
    let start = T0.as_second();
    let range =
        client.query_range("sum(rate(http_requests_total[1m]))", start, start + 600, 60.0).get().await.expect("an answer");
    let matrix = range.data().as_matrix().expect("a matrix").clone();
    assert_eq!(matrix.first().map(|series| series.samples().len()), Some(11));
    let url = format!("{}/api/v1/query?query=topk(1,up)", sim.endpoints().prometheus);
    let refused = reqwest::get(url).await.unwrap();
    assert_eq!(refused.status().as_u16(), 400);
}

#[tokio::test]
async fn githubs_pages_lead_back_to_the_same_host() {
    let sim = world(None).await;
    let http = reqwest::Client::new();
    let mut next = Some(format!("{}/repos/acme/shop/actions/runs?per_page=2", sim.endpoints().github));
    let mut ids = Vec::new();
    while let Some(url) = next.take() {
        assert!(url.starts_with(&sim.endpoints().github), "{url}");
        let answer = http.get(&url).bearer_auth(&sim.endpoints().token).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned()).unwrap_or_default();
        next = link.split(", ").find_map(|part| part.strip_suffix(">; rel=\"next\"")?.strip_prefix('<').map(str::to_owned));
        let page: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        ids.extend(page["workflow_runs"].as_array().unwrap().iter().map(|run| run["id"].as_u64().unwrap()));
        assert!(ids.len() < 100, "pages end");
    }
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert!(once.len() > 6 && once.len() == ids.len());
}

/// Runs GitHub's client against the world's socket; none where it is not installed, which a CI run does not excuse.
async fn gh(folder: &Path, socket: &Path, arguments: &[&str]) -> Option<Output> {
    let run = |arguments: Vec<String>| {
        let mut command = tokio::process::Command::new("gh");
        command.args(arguments).env("GH_CONFIG_DIR", folder).env("GH_TOKEN", "acme-demo").env("NO_COLOR", "1");
        command.env("GH_NO_UPDATE_NOTIFIER", "1");
        command
    };
    let configure = ["config", "set", "http_unix_socket", &socket.display().to_string()].map(str::to_owned).to_vec();
    match run(configure).output().await {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "gh: {error}");
            return None;
        }
    }
    Some(run(arguments.iter().map(|text| (*text).to_owned()).collect()).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn githubs_own_client_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("gh.sock");
    let _sim = world(Some(&socket)).await;
    let Some(list) = gh(folder.path(), &socket, &["run", "list", "-R", "acme/shop", "--json", "databaseId,status,conclusion,headSha,workflowName,displayTitle,event,headBranch,createdAt,updatedAt,number,url,name,startedAt,workflowDatabaseId"]).await else { return };
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
    let runs: Value = serde_json::from_slice(&list.stdout).unwrap();
    let flaky = runs
        .as_array()
        .unwrap()
        .iter()
        .find(|run| run["displayTitle"] == "Cache category trees for a minute")
        .expect("the flaky run");
    assert_eq!((flaky["conclusion"].as_str(), flaky["workflowName"].as_str()), (Some("success"), Some("ci-cd")));
    let id = flaky["databaseId"].to_string();
    let view =
        gh(folder.path(), &socket, &["run", "view", &id, "-R", "acme/shop", "--json", "jobs,conclusion,headSha"]).await.unwrap();
    assert!(view.status.success(), "{}", String::from_utf8_lossy(&view.stderr));
    let view: Value = serde_json::from_slice(&view.stdout).unwrap();
    assert_eq!(view["headSha"], flaky["headSha"]);
    let jobs = view["jobs"].as_array().unwrap();
    let test = jobs.iter().find(|job| job["name"] == "test (catalog)").expect("the job");
    assert_eq!(test["conclusion"], "success");
    assert!(test["steps"].as_array().is_some_and(|steps| !steps.is_empty()));
    assert!(jobs.iter().any(|job| job["conclusion"] == "skipped"));
    for arguments in [
        &["run", "list", "-R", "acme/shop"][..],
        &["run", "view", &id, "-R", "acme/shop"],
        &["workflow", "list", "-R", "acme/shop"],
    ] {
        let output = gh(folder.path(), &socket, arguments).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let paths =
        gh(folder.path(), &socket, &["api", "--paginate", "repos/acme/shop/actions/runs?per_page=100", "--jq", ".total_count"])
            .await
            .unwrap();
    assert!(paths.status.success(), "{}", String::from_utf8_lossy(&paths.stderr));
}
