//! The real binary from outside: standard output, standard error, exit code, JSON; and README's examples, executed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "headless/audit.rs"]
mod audit;
#[path = "headless/change.rs"]
mod change;
#[path = "headless/several.rs"]
mod several;
#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use gonogo::{
    domain::SafeText,
    sim::{Fault, Scenario},
};
use serde_json::Value;
use support::{Bed, Ended, run, run_in};

fn json(args: &[&str]) -> (i32, Value) {
    let ended = run(args);
    let value = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{args:?}: {e}: {}{}", ended.out, ended.err));
    (ended.code, value)
}

fn refused(args: &[&str], code: i32, told: &[&str]) {
    let Ended { code: got, out, err } = run(args);
    assert_eq!(got, code, "{args:?}: {out}{err}");
    for text in told {
        assert!(err.contains(text), "{args:?} does not say {text:?}: {err}");
    }
}

/// The fields of a value with their types, one a line; what differs between the elements of a list is joined.
fn fields(value: &Value) -> String {
    fn walk(path: &str, value: &Value, out: &mut std::collections::BTreeSet<String>) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(all) => return all.iter().for_each(|x| walk(&format!("{path}[]"), x, out)),
            Value::Object(all) => return all.iter().for_each(|(k, v)| walk(&format!("{path}.{k}"), v, out)),
        };
        out.insert(format!("{path}: {kind}\n"));
    }
    let mut out = std::collections::BTreeSet::new();
    walk("", value, &mut out);
    out.into_iter().collect()
}

#[test]
fn every_scenario_has_its_verdict_and_its_exit_code() {
    for (scenario, codes, words) in [
        ("calm", &[0][..], &["go"][..]),
        ("canary-regression", &[3], &["no-go"]),
        ("error-spike", &[3, 6], &["no-go", "hold"]),
        ("stale-metrics", &[4], &["unknown"]),
        ("gitops-revert", &[0], &["go"]),
        ("bad-migration", &[0], &["go"]),
        ("flaky-network", &[0], &["go"]),
    ] {
        let (code, root) = json(&["check", &format!("--demo={scenario}"), "--output", "json"]);
        let (verdict, sentence) = (root["verdict"].as_str().unwrap(), root["sentence"].as_str().unwrap());
        assert!(codes.contains(&code) && words.contains(&verdict), "{scenario}: {code} {verdict}: {sentence}");
        assert_eq!(root["schema"], "gonogo/v1/check");
        assert_eq!(root["problems"], Value::Array(vec![]), "{scenario}");
        match scenario {
            "canary-regression" => assert!(sentence.contains("payment: canary errors"), "{sentence}"),
            "error-spike" => {
                assert!(sentence.contains("production") || sentence.contains("serving version"), "{sentence}");
                assert!(!sentence.contains("canary errors"), "blames the canary: {sentence}");
                let canary = root["stations"].as_array().unwrap().iter().find(|s| s["kind"] == "canary").unwrap();
                assert_eq!(canary["verdict"], "hold", "both arms burn alike: {canary}");
            }
            "stale-metrics" => assert!(sentence.contains("nothing newer than 09:10:00Z"), "{sentence}"),
            _ => {}
        }
    }
}

#[test]
fn the_same_world_gives_the_same_bytes_and_documented_fields() {
    let args = ["status", "--demo=canary-regression", "--seed", "7", "--output", "json"];
    let (one, two) = (run(&args), run(&args));
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    assert_eq!(one.out, two.out, "the same seed and time");
    let root: Value = serde_json::from_str(&one.out).unwrap();
    let roots: Vec<&str> = root.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(roots, ["schema", "at", "environment", "verdict", "sentence", "scope", "stations", "services", "problems"]);
    assert_eq!((&root["schema"], &root["at"]), (&"gonogo/v1/status".into(), &"2026-03-10T09:20:00Z".into()));
    let services = root["services"].as_array().unwrap();
    assert_eq!(services.len(), 15);
    let payment = services.iter().find(|s| s["name"] == "payment").unwrap();
    insta::assert_snapshot!("fields_of_a_service", fields(payment));
    insta::assert_snapshot!("fields_of_the_stations", fields(&root["stations"]));
    no_key_twice(&one.out);
}

/// A key that stands twice in an object is lost by every reader but one that looks at the text.
fn no_key_twice(pretty: &str) {
    let mut open: Vec<Vec<&str>> = vec![];
    for line in pretty.lines().map(str::trim) {
        if let Some((key, _)) = line.strip_prefix('"').and_then(|l| l.split_once("\": ")) {
            let keys = open.last_mut().unwrap();
            assert!(!keys.contains(&key), "{key} stands twice beside {keys:?}");
            keys.push(key);
        }
        if line.starts_with('}') {
            open.pop();
        }
        if line.ends_with('{') {
            open.push(vec![]);
        }
    }
}

#[test]
fn time_and_environment_can_be_chosen() {
    let early = run(&["check", "--demo=canary-regression", "--at", "5m"]);
    assert!(early.code == 0 && early.out.starts_with("GO  production  2026-03-10 09:05:00Z\n"), "{}", early.out);
    let (code, staging) = json(&["status", "--demo=calm", "--env", "staging", "--output", "json"]);
    assert_eq!((code, &staging["environment"]), (0, &"staging".into()));
    let elsewhere = |s: &Value| s["placements"].as_array().unwrap().iter().any(|p| p["environment"] != "staging");
    assert!(!staging["services"].as_array().unwrap().iter().any(elsewhere));
    let other = run(&["check", "payment", "--env", "production", "--to", "9.9", "--demo=calm"]);
    assert!(other.code == 4 && other.out.contains("9.9 was asked for, and 4.2.0 is what would arrive"), "{}", other.out);
    let same = run(&["check", "payment", "--env", "production", "--to", "4.2.0", "--demo=calm"]);
    assert_eq!(same.code, 0, "{}", same.out);
    let flags = run(&["check", "--require", "flags", "--demo=calm"]);
    assert!(flags.code == 4 && flags.out.contains("FLAGS   UNKNOWN  required"), "{}", flags.out);
}

#[test]
fn what_is_not_known_is_a_usage_error_that_names_what_is() {
    let known = ["no environment is named nowhere", "known: dev, staging, production"];
    refused(&["check", "nothing", "--demo=calm"], 2, &["no service is named nothing", "known: auth, payment,"]);
    refused(&["check", "--env", "nowhere", "--demo=calm"], 2, &known);
    refused(&["status", "--env", "nowhere", "--demo=calm"], 2, &known);
    refused(&["abort", "payment", "--env", "nowhere", "--demo=calm"], 2, &known);
    refused(&["status", "--frobnicate"], 2, &["--frobnicate"]);
    refused(&["status", "--demo=nothing"], 2, &["known scenarios: calm, canary-regression"]);
    refused(&["check", "--require", "luck", "--demo"], 2, &["luck"]);
    refused(&["check", "--timeout", "5m", "--demo"], 2, &["--wait"]);
    refused(&["status", "--at", "soon", "--demo"], 2, &["write 90s, 20m or 1h"]);
}

/// Without the ports of the embedded world, which are other ones each time, and without figures that nobody waits for.
fn portless(text: &str) -> String {
    let unmeasured = |line: &str| match line.split_once(" · ").filter(|_| line.starts_with("  hits ")) {
        Some((_, rest)) => format!("  hits    … · {rest}\n"),
        None => format!("{line}\n"),
    };
    let text: String = text.lines().map(unmeasured).collect();
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "127.0.0.1:PORT" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn a_plan_shows_everything_and_nothing_is_sent() {
    let abort = ["abort", "payment", "--env", "production", "--demo"];
    let planned = run(&[&abort[..], &["--dry-run"]].concat());
    assert_eq!((planned.code, planned.err.as_str()), (0, ""));
    insta::assert_snapshot!("abort", portless(&planned.out));
    let unsent = run(&abort);
    assert_eq!(unsent.code, 3, "the plan is shown before it is refused");
    assert!(unsent.out.starts_with("ABORT payment") && unsent.err.contains("--dry-run"), "{}", unsent.err);
    let (code, root) = json(&[&abort[..], &["--dry-run", "--output", "json"]].concat());
    assert_eq!((code, &root["schema"], &root["changed"]), (0, &"gonogo/v1/plan".into(), &false.into()));
    let pause = run(&["pause", "payment", "--env", "production", "--dry-run", "--demo"]);
    assert_eq!(pause.code, 0, "{}", pause.err);
    insta::assert_snapshot!("pause", portless(&pause.out));
    refused(&[&abort[..], &["--dry-run", "--read-only"]].concat(), 3, &["read-only"]);
    refused(&["abort", "auth", "--env", "production", "--demo"], 3, &["auth is a plain Deployment"]);
    refused(&["abort", "cart", "--env", "production", "--demo"], 3, &["cart is delivered by Flagger"]);
}

#[test]
fn runs_and_one_run_with_its_jobs() {
    let all = run(&["runs", "--demo=calm"]);
    assert!(all.code == 0 && all.out.lines().count() > 5, "{}", all.out);
    for repository in ["acme/shop", "acme/media", "acme/notify"] {
        assert!(all.out.contains(repository), "{}", all.out);
    }
    let one = run(&["runs", "881", "--demo=calm"]);
    assert!(one.code == 0 && one.out.contains("deploy-staging (payment)") && !one.out.contains("#882"), "{}", one.out);
    let (code, root) = json(&["runs", "#881", "--demo=calm", "--output", "json"]);
    assert_eq!((code, &root["schema"], root["runs"].as_array().unwrap().len()), (0, &"gonogo/v1/runs".into(), 1));
    insta::assert_snapshot!("fields_of_a_run", fields(&root["runs"]));
    assert_eq!(run(&["runs", "99999", "--demo=calm"]).code, 1, "a run that is not there");
    let (_, waiting) = json(&["runs", "884", "--demo=calm", "--output", "json"]);
    assert_eq!(waiting["runs"][0]["gates"]["value"][0]["may_i"]["answer"], "yes", "{waiting:#}");
    insta::assert_snapshot!("fields_of_a_waiting_run", fields(&waiting["runs"][0]["gates"]));
    insta::assert_snapshot!("fields_of_a_deployment", fields(&waiting["deployments"]));
    let people = run(&["runs", "884", "--demo=calm"]).out;
    assert!(people.contains("waits at staging: you may decide; mira, team release"), "{people}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gonogo"))
        .args(["status", "--demo=calm", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The answer is longer than a pipe holds, so the writer meets the closed end.
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((line.as_str(), ended.status.code()), ("{\n", Some(0)));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn nothing_configured_gives_the_card() {
    let Ended { code, out, err } = run(&["status"]);
    assert_eq!((code, out.as_str()), (2, ""));
    for told in ["looked for", "KUBECONFIG", ".kube/config", "GitHub", "gonogo demo", "config.example.toml"] {
        assert!(err.contains(told), "the card does not say {told:?}: {err}");
    }
    let check = run(&["check"]);
    assert_eq!((check.code, check.out.as_str()), (2, ""));
}

#[test]
fn a_broken_configuration_is_told_with_all_its_faults_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[environment.production]\norder = \"x\"\nbogus = 1\n[service.A_]\n";
    fs::write(folder.path().join("bad.toml"), text).unwrap();
    for args in [&["--config", "bad.toml", "status"][..], &["config", "check", "--config", "bad.toml"]] {
        let Ended { code, out, err } = run_in(folder.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        for told in ["bad.toml:2:1: environment.production.order", "bad.toml:3:1: environment.production.bogus", "service.A_"] {
            assert!(err.contains(told), "{args:?} does not say {told:?}: {err}");
        }
    }
    let missing = run(&["--config", "nowhere.toml", "status"]);
    assert!(missing.code == 2 && missing.err.contains("nowhere.toml"), "{}", missing.err);
}

#[test]
fn a_dead_cluster_is_shown_and_is_no_go_ahead() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\nclusters: [{{name: gone, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}]\n\
         contexts: [{{name: gone, context: {{cluster: gone, user: me, namespace: shop}}}}]\nusers: [{{name: me, user: {{token: x}}}}]\n"
    );
    fs::create_dir(folder.path().join(".kube")).unwrap();
    fs::write(folder.path().join(".kube/config"), kubeconfig).unwrap();
    let status = run_in(folder.path(), &["status", "--output", "json"]);
    assert_eq!(status.code, 0, "{}", status.err);
    let root: Value = serde_json::from_str(&status.out).unwrap();
    let problems = root["problems"].as_array().unwrap();
    assert!(problems.iter().any(|p| p["source"] == "gone" && p["kind"] == "unreachable"), "{problems:?}");
    let check = run_in(folder.path(), &["check"]);
    assert_eq!(check.code, 4, "{}", check.out);
    assert!(check.out.contains("gone: list deployments in shop: "), "no reason is told: {}", check.out);
}

#[test]
fn completions_and_the_manual_need_nothing() {
    for args in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let ended = run(args);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{args:?}");
        assert!(ended.out.len() > 1_000 && ended.out.contains("gonogo"), "{args:?}");
    }
    let (code, schema) = json(&["config", "schema"]);
    assert!(code == 0 && schema["properties"]["environment"].is_object());
}

/// Names and messages that would move the cursor, set the title, write the clipboard or turn text around.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_text_reaches_no_terminal() {
    const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]52;c;QUJD\u{7}\u{9b}31m\u{202e}gpj\u{200b}\u{2066}\r\n\u{0}";
    let bed = Bed::start(Scenario::Calm, None, &[]).await;
    let asked = reqwest::get(format!("{}/repos/acme/media/actions/runs", bed.demo.sim.endpoints().github)).await.unwrap();
    let mut runs: Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    for one in runs["workflow_runs"].as_array_mut().unwrap() {
        for field in ["display_title", "name", "event", "head_branch"] {
            one[field] = format!("X{EVIL}").into();
        }
        one["actor"]["login"] = EVIL.into();
    }
    let reply = |status, body: String| Fault::Reply { status, headers: vec![], body };
    let handle = bed.handle();
    handle.fault("gh/repos/acme/media/actions", reply(200, runs.to_string()));
    let forbidden = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
        "reason": "Forbidden", "message": format!("pods{EVIL} is forbidden")});
    handle.fault("k8s/us-1/api/v1/namespaces/shop/pods", reply(403, forbidden.to_string()));
    let wrong = serde_json::json!({"status": "error", "errorType": "bad_data", "error": format!("parse{EVIL}")});
    handle.fault("prom", reply(400, wrong.to_string()));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gonogo.toml"), &bed.demo.text).unwrap();
    let dir = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        for args in [&["status"][..], &["status", "--output", "json"], &["runs"], &["runs", "--output", "json"], &["check"]] {
            let Ended { out, err, .. } = run_in(&dir, &[&["--config", "gonogo.toml"][..], args].concat());
            assert!(out.contains('\u{FFFD}'), "{args:?} shows nothing of it: {out}{err}");
            for line in out.lines().chain(err.lines()) {
                assert!(is_harmless(line), "{args:?}: {line:?}");
            }
            if args.contains(&"json") {
                let mut texts = vec![];
                strings(&serde_json::from_str(&out).unwrap(), &mut texts);
                for text in texts {
                    assert!(is_harmless(&text), "{args:?}: {text:?}");
                }
            }
        }
    })
    .await
    .unwrap();
}

fn is_harmless(text: &str) -> bool {
    SafeText::capped(text, usize::MAX).as_str() == text
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|x| strings(x, out)),
        Value::Object(all) => all.iter().for_each(|(k, v)| {
            out.push(k.clone());
            strings(v, out);
        }),
        _ => {}
    }
}

/// Every ```console block of the README that starts with `$ gonogo`, executed. `$ echo $?` asks for the exit code.
/// `BLESS=1` writes what was printed.
#[test]
fn the_readme_does_not_lie() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut blessed = String::new();
    let mut rest = text.as_str();
    let mut executed = 0;
    while let Some((before, block)) = rest.split_once("```console\n") {
        let (block, after) = block.split_once("```").unwrap();
        let printed = if block.starts_with("$ gonogo") {
            executed += 1;
            perform(block)
        } else {
            block.to_owned()
        };
        blessed.push_str(&format!("{before}```console\n{printed}```"));
        rest = after;
    }
    blessed.push_str(rest);
    assert!(executed > 0, "README shows no command");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &blessed).unwrap();
    } else {
        assert_eq!(text, blessed, "README shows what is not so: BLESS=1 cargo test --test headless readme");
    }
}

/// A block with its commands executed and what they print.
fn perform(block: &str) -> String {
    let (mut out, mut code) = (String::new(), 0);
    for line in block.lines().filter_map(|l| l.strip_prefix("$ ")) {
        out.push_str(&format!("$ {line}\n"));
        if line == "echo $?" {
            out.push_str(&format!("{code}\n"));
            continue;
        }
        assert!(!line.contains(['|', '\'', '"', '>', ';']), "only plain commands can be executed: {line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "gonogo", "{line}");
        let ended = run(&words[1..]);
        code = ended.code;
        out.push_str(&ended.out);
        out.push_str(&ended.err);
    }
    out
}

#[test]
fn a_log_says_what_the_metrics_say_and_ends_as_it_went() {
    let demo = "--demo=canary-regression";
    let Ended { code, out, err } = run(&["logs", "payment", "--arm", "canary", "--errors", demo, "--output", "json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() > 5, "{out}");
    assert!(lines.iter().all(|l| l["origin"]["arm"] == "canary" && l["level"] == "error"), "{out}");
    let at: Vec<&str> = lines.iter().map(|l| l["at"].as_str().unwrap()).collect();
    assert!(at.is_sorted(), "in the order of time over both clusters: {at:?}");
    let job = run(&["logs", "--run", "883", demo]);
    assert!(job.code == 0 && job.out.contains("login_spec:44 got 503, expected 429"), "{}{}", job.out, job.err);
    assert!(job.err.contains("cut to the step that failed: Integration tests"), "{}", job.err);
    refused(&["logs", "payment", "--previous", demo], 1, &["no container of payment in production has restarted"]);
    refused(&["logs", "paiment", demo], 2, &["no service is named paiment", "payment"]);
    refused(&["logs", "payment", "--cluster", "stg", demo], 2, &["production has no cluster stg"]);
    refused(&["logs", "--run", "883", "--job", "none", demo], 2, &["has no job", "test (user)"]);
    refused(&["logs", "--run", "1", demo], 1, &["no run 1"]);
    refused(&["logs", demo], 2, &["SERVICE"]);
}

#[test]
fn what_waits_for_a_person_is_listed_with_what_answers_it() {
    let (code, root) = json(&["inbox", "--demo=calm", "--output", "json"]);
    assert_eq!((code, &root["schema"]), (0, &"gonogo/v1/inbox".into()));
    let waiting = root["waiting"].as_array().unwrap();
    let payment = waiting.iter().find(|w| w["services"][0] == "payment").unwrap();
    assert_eq!((&payment["kind"], &payment["environment"]), (&"pause".into(), &"production".into()));
    assert_eq!(payment["commands"][0], "kubectl argo rollouts promote payment -n shop");
    insta::assert_snapshot!("inbox", run(&["inbox", "--demo=calm"]).out);
}
