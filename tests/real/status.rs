//! `gonogo status` says what kubectl, promtool and GitHub's description say.

use std::process::Command;

use serde_json::{Value, json};

use crate::bed::{self, Namespace, until};
use crate::gonogo::{Gonogo, placement};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// What kubectl prints of the pods of `app`: their states and the sum of their restarts.
fn pods(namespace: &Namespace<'_>, app: &str) -> (Vec<String>, u64) {
    let printed = namespace.kubectl(["get", "pods", "--no-headers", "-l", &format!("app={app}")]);
    let words = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.fold((vec![], 0), |(mut states, restarts), word| {
        states.push(word[2].to_owned());
        (states, restarts + word[3].parse::<u64>().unwrap())
    })
}

#[test]
fn the_status_of_workloads_is_that_of_kubectl() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let apps =
        [("fine", "1", 3), ("crashing", "2-crash", 2), ("never", "3-never", 2), ("pulling", "4-pull", 1), ("none", "5", 0)];
    for (app, tag, replicas) in apps {
        namespace.deploy(app, tag, replicas);
    }
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/fine", "deployment/none"]);
    for (app, state) in [("crashing", "CrashLoopBackOff"), ("never", "Running"), ("pulling", "ImagePullBackOff")] {
        until(state, || match pods(&namespace, app) {
            (states, _) if !states.is_empty() && states.iter().all(|s| s == state) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let reason = "--for=jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}=ProgressDeadlineExceeded";
        namespace.kubectl(["wait", reason, "--timeout=60s", &format!("deployment/{app}")]);
    }
    let gonogo = Gonogo::new(&namespace, "reader", &["fine", "crashing", "never", "pulling", "none", "missing"]);
    let before = pods(&namespace, "crashing").1;
    let status = gonogo.json(&["status"]);
    for (app, tag, replicas) in apps {
        let ours = placement(&status, app);
        let theirs = namespace.get(&format!("deployment/{app}"));
        let counts = [&theirs["spec"]["replicas"], &theirs["status"]["readyReplicas"], &theirs["status"]["availableReplicas"]];
        let [wanted, ready, available] = counts.map(number);
        assert_eq!(ours["pods"], json!({ "wanted": wanted, "ready": ready, "available": available }), "{app}");
        let image = theirs["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
        assert_eq!(image, format!("registry.example/shop/{app}:{tag}"));
        assert_eq!(ours["version"]["tag"], tag, "{app}");
        assert_eq!(ours["wanted_version"]["tag"], tag, "{app}");
        let complete = number(&theirs["status"]["availableReplicas"]) == u64::from(replicas);
        assert_eq!(ours["health"]["state"], if complete { "pass" } else { "fail" }, "{app}: {ours:#}");
    }
    let restarts = number(&placement(&status, "crashing")["restarts"]);
    assert!((before..=pods(&namespace, "crashing").1).contains(&restarts), "{before} {restarts}");
    for (app, words) in [
        ("crashing", &["CrashLoopBackOff", "no ready endpoint"][..]),
        ("never", &["progress deadline", "no ready endpoint"]),
        ("pulling", &["ImagePullBackOff", "no ready endpoint"]),
    ] {
        let why = placement(&status, app)["health"]["why"].to_string();
        assert!(words.iter().all(|word| why.contains(word)), "{app}: {why}");
    }
    // what runs, by the digest that the node reports
    let pod = namespace.get("pods -l app=fine");
    let digest = pod["items"][0]["status"]["containerStatuses"][0]["imageID"].as_str().unwrap();
    assert_eq!(format!("fake://{}", placement(&status, "fine")["version"]["digest"].as_str().unwrap()), digest);
    assert_ne!(placement(&status, "missing")["health"]["state"], "pass");
    assert_eq!(status["verdict"], "no-go", "{}", status["sentence"]);
}

#[test]
fn a_stuck_update_still_serves_the_old_version() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 4);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    namespace.kubectl(["set", "image", "deployment/web", "web=registry.example/shop/web:2-crash"]);
    let sets = || {
        let sets = namespace.get("replicasets");
        let tags = sets["items"].as_array().unwrap().iter().filter(|s| number(&s["status"]["availableReplicas"]) > 0).map(|s| {
            let image = s["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
            image.rsplit(':').next().unwrap().to_owned()
        });
        tags.collect::<Vec<_>>()
    };
    until("the new pods to crash", || match pods(&namespace, "web") {
        (states, _) if states.iter().any(|s| s == "CrashLoopBackOff") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let status = Gonogo::new(&namespace, "reader", &["web"]).json(&["status"]);
    let ours = placement(&status, "web");
    assert_eq!(sets(), ["1"]);
    assert_eq!(ours["version"]["tag"], "1", "{ours:#}");
    assert_eq!(ours["wanted_version"]["tag"], "2-crash");
    assert_eq!(ours["health"]["state"], "fail");
}

#[test]
fn who_may_not_read_is_told_so_and_sees_no_zeros() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let status = Gonogo::new(&namespace, "mallory", &["web"]).json(&["status"]);
    assert_eq!(placement(&status, "web")["health"]["state"], "unknown");
    assert_eq!(status["verdict"], "unknown", "{}", status["sentence"]);
    let problems = status["problems"].as_array().unwrap();
    assert!(problems.iter().any(|p| p["kind"] == "forbidden" && p["source"].as_str().unwrap().contains("bed")), "{problems:#?}");
}

#[test]
fn without_its_api_server_the_verdict_is_unknown_and_then_recovers() {
    let Some(bed) = bed::alone() else { return };
    let namespace = bed.namespace();
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let gonogo = Gonogo::on_the_cluster(&namespace, "reader", &["web"]);
    let status = || gonogo.json(&["status"]);
    assert_eq!(status()["verdict"], "go");
    bed.kill("apiserver");
    let dead = status();
    assert_eq!(dead["verdict"], "unknown", "{}", dead["sentence"]);
    let problems = dead["problems"].as_array().unwrap();
    assert!(problems.iter().any(|p| p["kind"] == "unreachable" && p["since"].is_string()), "{problems:#?}");
    bed.restart("apiserver");
    until("the verdict", || match status() {
        status if status["verdict"] == "go" => Ok(()),
        status => Err(status["sentence"].to_string()),
    });
}

#[test]
fn the_figures_are_those_of_promtool() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let name = &namespace.name;
    namespace.deploy("web", "1", 1);
    namespace.kubectl(["wait", "--for=condition=Available", "--timeout=60s", "deployment/web"]);
    let pod = namespace.kubectl(["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let arm = |ok: u32, bad: u32| {
        let labels = json!({ "namespace": name, "service": "web", "pod": pod });
        bed.serve(&json!({ name: { "ok": ok, "bad": bad, "ms": 80, "plain": labels } }));
    };
    let value = |promql: &str| match &bed.query(promql)[..] {
        [sample] => Ok(sample["value"][1].as_str().unwrap().parse::<f64>().unwrap()),
        other => Err(format!("{promql}: {other:?}")),
    };
    // Counters that double once: Prometheus extrapolates both alike, so that their ratio is exact at any moment.
    arm(1900, 100);
    let all = format!("sum(http_requests_total{{namespace=\"{name}\"}})");
    until("the first sample", || value(&all));
    arm(3800, 200);
    let requests = format!("sum(increase(http_requests_total{{namespace=\"{name}\"}}[5m]))");
    // Of the 2,000 that came, Prometheus makes more the fewer samples it has, and another number with every second.
    let calm = 1_900.0..2_300.0;
    until("the jump", || value(&requests).and_then(|v| if calm.contains(&v) { Ok(()) } else { Err(v.to_string()) }));
    let errors = value(&format!("sum(increase(http_requests_total{{namespace=\"{name}\",code=\"500\"}}[5m])) / {requests}"));
    let p95 = value(&format!(
        "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{namespace=\"{name}\"}}[5m])))"
    ));
    let early = value(&requests).unwrap();
    let status = Gonogo::new(&namespace, "reader", &["web"]).json(&["status"]);
    let late = value(&requests).unwrap();
    let arms = status["services"][0]["metrics"].as_array().unwrap();
    let ours = arms.iter().find(|m| m["arm"] == "serving").unwrap_or_else(|| panic!("{status:#}"));
    let close = |field: &str, theirs: f64, share: f64| {
        let ours = ours[field].as_f64().unwrap_or_else(|| panic!("{field}: {ours:#}"));
        assert!((ours - theirs).abs() <= theirs.abs() * share, "{field}: {ours}, promtool says {theirs}");
    };
    close("errors", errors.unwrap(), 1e-6);
    close("errors", 0.05, 1e-6);
    close("p95", p95.unwrap(), 1e-6);
    for (field, share) in [("requests", 1.0), ("rps", 300.0)] {
        let ours = ours[field].as_f64().unwrap() * share;
        let (low, high) = (early.min(late) * 0.9, early.max(late) * 1.1);
        assert!((low..=high).contains(&ours), "{field}: {ours}, promtool says {early}, then {late}");
    }

    // no number, and then no series: never zero, never a pass
    bed.serve(&json!({ name: { "nan": true } }));
    until("NaN", || value(&all).and_then(|v| if v.is_nan() { Ok(()) } else { Err(v.to_string()) }));
    let status = Gonogo::new(&namespace, "reader", &["web"]).json(&["status"]);
    let ours = &status["services"][0]["metrics"][0];
    assert_eq!(ours["errors"], Value::Null, "{ours:#}");
    assert!(!ours["why"].as_array().unwrap().is_empty(), "{ours:#}");
}

#[test]
fn runs_are_those_of_the_description_and_no_request_breaks_it() {
    let Some(bed) = bed::shared() else { return };
    let namespace = bed.namespace();
    let path = format!("/repos/{}/shop", namespace.name);
    let url = format!("{}{path}/actions/workflows/build.yml/runs", bed.word("/github/url"));
    let theirs: Value = serde_json::from_str(&bed::run(Command::new("curl").args(["-sS", "--fail", &url]))).unwrap();
    let asked = bed.judged(&path).len();
    let said = Gonogo::new(&namespace, "reader", &["web"]).json(&["runs"]);
    let judged = &bed.judged(&path)[asked..];
    assert!(!judged.is_empty(), "gonogo asked nothing: {said:#}");
    for request in judged {
        assert_eq!(request["violations"], json!([]), "{request:#}");
    }
    // it is queued in the example, and so its jobs are worth a request
    let jobs_url = format!("{}{path}/actions/runs/{}/jobs", bed.word("/github/url"), theirs["workflow_runs"][0]["id"]);
    let jobs: Value = serde_json::from_str(&bed::run(Command::new("curl").args(["-sS", "--fail", &jobs_url]))).unwrap();
    assert_eq!(said["runs"][0]["jobs"]["value"][0]["name"], jobs["jobs"][0]["name"], "{said:#}");
    let theirs = theirs["workflow_runs"].as_array().unwrap();
    let ours = said["runs"].as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "{said:#}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours["key"]["id"], theirs["id"].to_string());
        assert_eq!(ours["key"]["attempt"], theirs["run_attempt"]);
        for (mine, yours) in [("number", "run_number"), ("commit", "head_sha"), ("branch", "head_branch"), ("event", "event")] {
            assert_eq!(ours[mine], theirs[yours], "{mine}");
        }
    }
}
