//! kubectl, promtool and gh judge the embedded world: whoever works with the real systems must not notice.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::bed::{self, Bed, run};
use crate::gonogo::PROGRAM;

/// The embedded world in a process of its own.
struct World {
    child: Child,
    said: Value,
    home: tempfile::TempDir,
}

impl World {
    fn start(scenario: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["sim", "--scenario", scenario, "--listen", "127.0.0.1:0"])
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { child, said, home }
    }

    fn word(&self, key: &str) -> &str {
        self.said[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.said))
    }

    fn kubectl(&self, bed: &Bed, args: &[&str]) -> Output {
        let mut kubectl = Command::new(bed.word("/programs/kubectl"));
        kubectl.env("KUBECONFIG", self.word("kubeconfig")).env("KUBECACHEDIR", self.home.path());
        kubectl.args(["--context", "eu-1", "-n", "shop"]).args(args).output().unwrap()
    }

    /// kubectl's answer, which must be a good one.
    fn get(&self, bed: &Bed, what: &str) -> Value {
        let args: Vec<&str> = ["get", "-o", "json"].into_iter().chain(what.split_whitespace()).collect();
        let output = self.kubectl(bed, &args);
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What gonogo says of this world, over the configuration that the world gives.
    fn gonogo(&self, args: &[&str]) -> Value {
        let mut gonogo = Command::new(PROGRAM);
        gonogo.env("HOME", self.home.path()).args(args).args(["--output", "json", "--config", self.word("config")]);
        serde_json::from_str(&run(&mut gonogo)).unwrap()
    }

    fn gh(&self, args: &[&str]) -> Value {
        let config = self.home.path().join("gh");
        let mut gh = Command::new("gh");
        gh.env("GH_CONFIG_DIR", &config).env("GH_TOKEN", self.word("token")).env("GH_NO_UPDATE_NOTIFIER", "1");
        run(Command::new("gh").env("GH_CONFIG_DIR", &config).args(["config", "set", "http_unix_socket", self.word("socket")]));
        serde_json::from_str(&run(gh.args(args))).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn kubectl_reads_watches_and_is_refused_as_by_the_real_server() {
    let Some(bed) = bed::shared() else { return };
    let world = World::start("calm");
    for kind in ["pods", "services", "replicasets", "deployments", "rollouts.argoproj.io", "virtualservices.networking.istio.io"]
    {
        let list = world.get(&bed, kind);
        assert!(!list["items"].as_array().unwrap().is_empty(), "{kind}");
    }
    let status = world.kubectl(&bed, &["rollout", "status", "deployment/cart", "--timeout=20s"]);
    assert!(text(&status).contains("successfully rolled out"), "{}", text(&status));
    let missing = world.kubectl(&bed, &["get", "deployment", "no-such-thing"]);
    assert_eq!(text(&missing).trim(), "Error from server (NotFound): deployments.apps \"no-such-thing\" not found");
    // a stale version is a conflict in both worlds, a dry run changes nothing
    let before = world.get(&bed, "deployment cart");
    let annotate = |version: &str, dry: &str| {
        let patch = format!("{{\"metadata\":{{\"resourceVersion\":\"{version}\",\"annotations\":{{\"mark\":\"1\"}}}}}}");
        world.kubectl(&bed, &["patch", "deployment", "cart", "--type=merge", "-p", &patch, dry])
    };
    let version = before["metadata"]["resourceVersion"].as_str().unwrap();
    assert!(annotate(version, "--dry-run=server").status.success());
    assert_eq!(world.get(&bed, "deployment cart")["metadata"]["annotations"]["mark"], Value::Null);
    let stale = annotate("1", "--dry-run=none");
    assert!(
        text(&stale).contains("the object has been modified; please apply your changes to the latest version"),
        "{}",
        text(&stale)
    );
    assert!(annotate(version, "--dry-run=none").status.success());
    assert_eq!(world.get(&bed, "deployment cart")["metadata"]["annotations"]["mark"], "1");
}

#[test]
fn promtool_gets_answers_and_refusals() {
    let Some(bed) = bed::shared() else { return };
    let world = World::start("canary-regression");
    let promtool = |args: &[&str]| Command::new(bed.word("/programs/promtool")).args(args).output().unwrap();
    let url = world.word("prometheus");
    let instant = promtool(&["query", "instant", "-o", "json", url, "sum by (response_code) (rate(istio_requests_total[5m]))"]);
    let samples: Value = serde_json::from_slice(&instant.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&instant)));
    assert!(samples.as_array().unwrap().iter().any(|s| s["metric"]["response_code"] == "200"), "{samples:#}");
    for bad in ["sum(", "no_such_function(up)"] {
        let refused = promtool(&["query", "instant", url, bad]);
        assert!(!refused.status.success() && text(&refused).contains("bad_data"), "{bad}: {}", text(&refused));
    }
}

#[test]
fn gonogo_says_of_workloads_what_kubectl_says() {
    let Some(bed) = bed::shared() else { return };
    let world = World::start("calm");
    let status = world.gonogo(&["status"]);
    let placements = status["services"].as_array().unwrap().iter().flat_map(|s| s["placements"].as_array().unwrap());
    let ours = placements.filter(|p| p["cluster"] == "eu-1").collect::<Vec<_>>();
    let theirs = ["deployments", "rollouts.argoproj.io"].map(|kind| world.get(&bed, kind)["items"].as_array().unwrap().clone());
    assert!(ours.len() >= 15, "{ours:#?}");
    for placement in ours {
        let (kind, name) = placement["workload"].as_str().unwrap().split_once('/').unwrap();
        // users are served by what Flagger keeps beside its target
        let name = if kind == "canary" { format!("{name}-primary") } else { name.to_owned() };
        let object =
            theirs.iter().flatten().find(|o| o["metadata"]["name"] == name.as_str()).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(placement["pods"]["wanted"], object["spec"]["replicas"], "{name}");
        assert_eq!(placement["pods"]["available"], object["status"]["availableReplicas"], "{name}");
        let image = object["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
        let tag = placement["wanted_version"]["tag"].as_str().unwrap();
        assert!(image.split('@').next().unwrap().ends_with(&format!(":{tag}")), "{name}: {image} {tag}");
    }
    assert_eq!(status["verdict"], "go", "{}", status["sentence"]);
}

#[test]
fn gonogo_lists_the_runs_that_gh_lists() {
    let Some(_bed) = bed::shared() else { return };
    let world = World::start("calm");
    let fields = "databaseId,number,headSha,headBranch,event,status,conclusion,createdAt,updatedAt,url";
    let theirs = world.gh(&["run", "list", "-R", "acme/shop", "-w", "ci-cd.yml", "--json", fields, "--limit", "20"]);
    let theirs = theirs.as_array().unwrap();
    let said = world.gonogo(&["runs"]);
    let ours = said["runs"].as_array().unwrap().iter().filter(|r| r["key"]["repo"] == "acme/shop").collect::<Vec<_>>();
    assert!(!theirs.is_empty());
    for theirs in theirs {
        let id = theirs["databaseId"].to_string();
        let ours = ours.iter().find(|r| r["key"]["id"] == id.as_str()).unwrap_or_else(|| panic!("no run {id} in {said:#}"));
        for (mine, yours) in [
            ("number", "number"),
            ("commit", "headSha"),
            ("branch", "headBranch"),
            ("event", "event"),
            ("created", "createdAt"),
            ("updated", "updatedAt"),
            ("url", "url"),
        ] {
            assert_eq!(ours[mine], theirs[yours], "{id} {mine}");
        }
        assert_eq!(words(&ours["phase"]), said_by_gh(theirs), "{id}");
        let one = world.gh(&["run", "view", &id, "-R", "acme/shop", "--json", "jobs"]);
        if ours["jobs"]["state"] == "ok" {
            // gh 2.23 reads one page of 30 jobs
            let (mine, yours) = (names(&ours["jobs"]["value"]), names(&one["jobs"]));
            assert!(yours.iter().all(|name| mine.contains(name)), "{id}: {yours:?}");
            assert!(yours.len() == mine.len() || yours.len() == 30, "{id}: {} of {}", yours.len(), mine.len());
            for theirs in one["jobs"].as_array().into_iter().flatten() {
                let job = theirs["databaseId"].to_string();
                let all = ours["jobs"]["value"].as_array().unwrap();
                let ours = all.iter().find(|j| j["id"] == job.as_str()).unwrap_or_else(|| panic!("no job {job} in {id}"));
                assert_eq!(words(&ours["phase"]), said_by_gh(theirs), "{id} {job}");
                let steps = |list: &Value, says: &dyn Fn(&Value) -> (String, String)| -> Vec<(Value, Value, (String, String))> {
                    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
                    list.iter().map(|s| (s["number"].clone(), s["name"].clone(), says(s))).collect()
                };
                let mine = steps(&ours["steps"], &|s| words(&s["phase"]));
                assert_eq!(mine, steps(&theirs["steps"], &said_by_gh), "{id} {job}");
            }
        }
    }
    assert!(ours.iter().any(|r| r["jobs"]["state"] == "ok"), "no jobs were read");
}

/// Our word for where something stands in GitHub's two.
fn words(phase: &Value) -> (String, String) {
    if let Some(outcome) = phase["done"].as_str() {
        return ("completed".to_owned(), outcome.replace('-', "_"));
    }
    let status = match phase.as_str() {
        Some("running") => "in_progress",
        Some("blocked") => "pending",
        other => other.unwrap_or("?"),
    };
    (status.to_owned(), String::new())
}

fn said_by_gh(of: &Value) -> (String, String) {
    let word = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
    (word("status"), word("conclusion"))
}

fn names(jobs: &Value) -> Vec<String> {
    // gh says null of a run that has none yet
    let jobs = jobs.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<String> = jobs.iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}
