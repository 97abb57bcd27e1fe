//! Changes from the command line: consent, outcome, saved plans, and who may change nothing.

use std::{fs, io};

use gonogo::{
    action::Action,
    domain::Exit,
    engine::{Given, Keep, journal::Way, plan::Guard},
    headless::{ActArgs, ConsentArgs, Format, PATIENCE, Printer, act},
    sim::Scenario,
};
use serde_json::Value;

use super::{
    json, refused,
    support::{Bed, Ended, gonogo, run, run_in},
};

const ABORT: [&str; 4] = ["abort", "payment", "--env", "production"];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

#[test]
fn a_change_is_sent_followed_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let args = with(&ABORT, &["--demo", "--yes", "--reason", "errors doubled", "--state-dir", state.to_str().unwrap()]);
    let Ended { code, out, err } = run_in(folder.path(), &args);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("\n  eu-1 rollout shop/payment  done\n  us-1 rollout shop/payment  done\nABORT payment: done on"),
        "{out}"
    );
    assert!(err.contains("us-1 rollout shop/payment: accepted"), "accepted is not yet done: {err}");
    let listed = run_in(folder.path(), &["op", "list", "--output", "json", "--state-dir", state.to_str().unwrap()]);
    let root: Value = serde_json::from_str(&listed.out).unwrap();
    let begun = &root["operations"][0]["begun"];
    assert_eq!((&begun["reason"], &begun["consent"]["by"]), (&"errors doubled".into(), &"options".into()));
    assert!(begun["rejects"][0].as_str().is_some_and(|d| d.starts_with("sha256:")), "the build is marked: {begun}");
    let id = root["operations"][0]["id"].as_str().unwrap();
    let waited = run_in(folder.path(), &["op", "wait", &id[..12], "--demo", "--state-dir", state.to_str().unwrap()]);
    assert!(waited.code == 0 && waited.out.contains("abort payment"), "{}{}", waited.out, waited.err);
    assert_eq!(run_in(folder.path(), &["op", "wait", "zzzz", "--demo", "--state-dir", state.to_str().unwrap()]).code, 1);
    let (code, root) = json(&with(&ABORT, &["--demo", "--yes", "--output", "json"]));
    assert_eq!(
        (code, &root["schema"], &root["changed"], &root["outcome"]),
        (0, &"gonogo/v1/act".into(), &true.into(), &"done".into())
    );
    assert_eq!(root["problems"], Value::Array(vec![]));
    assert_eq!(root["operation"]["targets"].as_array().unwrap().len(), 2);
}

#[test]
fn a_restart_of_a_rollout_ends_when_its_controller_says_so() {
    // Standing between two seconds, where what is asked for is rounded into the future.
    let args = ["restart", "payment", "--env", "production", "--demo=calm", "--at", "1201s", "--yes"];
    for speed in [None, Some("20")] {
        let ended = run(&speed.map_or(args.to_vec(), |speed| with(&args, &["--speed", speed])));
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        assert!(ended.err.contains("pods are replaced") && ended.out.contains("RESTART payment: done"), "{}", ended.err);
    }
}

#[test]
fn missing_consent_shows_the_plan_and_sends_nothing() {
    let unsent = run(&with(&ABORT, &["--demo"]));
    assert_eq!(unsent.code, 3);
    assert!(unsent.out.starts_with("ABORT payment\n") && unsent.err.contains("--yes consents"), "{}{}", unsent.out, unsent.err);
    let (code, root) = json(&with(&ABORT, &["--demo", "--output", "json"]));
    assert_eq!((code, &root["changed"], &root["outcome"]), (3, &false.into(), &"refused".into()));
    assert!(root["problems"][0]["what"].as_str().unwrap().contains("consent is missing"), "{root}");
    // Over a NO-GO.
    let step = ["step", "payment", "--env", "production", "--demo"];
    refused(&with(&step, &["--yes"]), 3, &["typed name", "CANARY NO-GO", "--confirm payment --reason TEXT"]);
    refused(&with(&step, &["--yes", "--confirm", "cart", "--reason", "x"]), 3, &["another than payment"]);
    refused(&with(&step, &["--yes", "--confirm", "payment"]), 3, &["takes a reason"]);
    let over = run(&with(&step, &["--yes", "--confirm", "payment", "--reason", "known noise"]));
    assert_eq!(over.code, 0, "{}", over.err);
}

#[test]
fn what_is_so_already_is_success_without_a_change() {
    let (code, root) = json(&["promote", "auth", "--env", "production", "--demo=calm", "--yes", "--output", "json"]);
    assert_eq!((code, &root["changed"], &root["outcome"]), (0, &false.into(), &"done".into()), "{root}");
    assert_eq!(root["problems"], Value::Array(vec![]));
}

#[test]
fn with_a_build_go_the_words_of_its_template() {
    let promote = ["promote", "order", "--env", "staging", "--demo=calm", "--yes"];
    let Ended { code, out, err } = run(&promote);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("its template says of the build: revision ") && out.contains("label version 7.0.3 > 7.0.4"), "{out}");
    assert!(out.contains("deployment shop/order  done"), "the template says them now: {out}");
}

/// Who it was is the word of the systems themselves: of each cluster, and of the pipelines where a token is somebody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_names_whom_each_system_takes_us_for() {
    let bed = Bed::start(Scenario::Calm, Some(20.0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let token = bed.demo.text.replacen("[github]\n", "[github]\ntoken_env = \"RELEASE_TOKEN\"\n", 1);
    fs::write(folder.path().join("gonogo.toml"), token).unwrap();
    let dir = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let ours = ["--config", "gonogo.toml", "--state-dir", "state"];
        let promote = with(&ours, &["promote", "order", "--env", "staging", "--yes"]);
        let output = gonogo(&dir, &promote).env("RELEASE_TOKEN", "acme-mira").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed = run_in(&dir, &with(&ours, &["audit", "log", "--output", "json"]));
        let root: Value = serde_json::from_str(&listed.out).unwrap();
        for line in root["lines"].as_array().unwrap() {
            let who: Vec<(&str, bool)> = line["actor"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| (i["user"].as_str().unwrap(), i["server"].as_str().unwrap().ends_with("/gh")))
                .collect();
            assert_eq!(who, [("demo", false), ("mira", true)], "{line:#}");
        }
        assert!(!listed.out.contains("acme-mira"));
    })
    .await
    .unwrap();
}

#[test]
fn a_refusal_is_told_to_programs_too() {
    let (code, root) = json(&["rollback", "user", "--env", "production", "--demo=bad-migration", "--yes", "--output", "json"]);
    assert_eq!((code, &root["schema"], &root["changed"]), (3, &"gonogo/v1/refusal".into(), &false.into()));
    let problem = &root["problems"][0];
    assert!(problem["what"].as_str().unwrap().contains("schema.users is at 42"), "{problem}");
    assert!(problem["hint"].as_str().unwrap().ends_with("--accept-unsafe schema.users"), "{problem}");
    let unsafe_too = ["rollback", "user", "--env", "production", "--demo=bad-migration", "--accept-unsafe", "schema.users"];
    refused(&with(&unsafe_too, &["--yes"]), 3, &["typed name", "unsafe"]);
    let (code, root) = json(&["abort", "payment", "--env", "production", "--demo", "--expect", "9.9.9", "--output", "json"]);
    assert_eq!((code, &root["outcome"]), (5, &"changed".into()));
}

#[test]
fn a_pull_request_from_a_fork_changes_nothing_and_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let event = folder.path().join("event.json");
    fs::write(
        &event,
        r#"{"pull_request": {"head": {"repo": {"full_name": "mallory/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}}}"#,
    )
    .unwrap();
    let of = |more: &[&str]| {
        let mut command = gonogo(folder.path(), &with(&with(&ABORT, &["--demo"]), more));
        let output = command.env("GITHUB_EVENT_NAME", "pull_request_target").env("GITHUB_EVENT_PATH", &event).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = of(&["--yes"]);
    assert!(code == 3 && err.contains("from a fork"), "{code} {err}");
    assert_eq!(of(&["--dry-run"]).0, 0);
}

#[test]
fn a_saved_plan_is_not_carried_out_where_nothing_is_to_be_done() {
    // Where a pull request comes from a fork, that would be a way around.
    refused(&["apply", "plan.json", "--save-plan", "again.json", "--yes", "--demo"], 2, &["leave --save-plan out"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_plan_applies_once_and_to_its_own_world() {
    let bed = Bed::start(Scenario::Calm, Some(20.0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gonogo.toml"), &bed.demo.text).unwrap();
    let dir = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let state = dir.join("state");
        let ours = ["--config", "gonogo.toml", "--state-dir", state.to_str().unwrap()];
        let saved = run_in(&dir, &with(&ours, &with(&ABORT, &["--save-plan", "plan.json"])));
        assert!(saved.code == 0 && saved.err.contains("gonogo apply"), "{}", saved.err);
        let other = run_in(&dir, &["apply", "plan.json", "--yes", "--demo=calm"]);
        assert_eq!(other.code, 5, "another world: {}", other.err);
        let applied = run_in(&dir, &with(&ours, &["apply", "plan.json", "--yes"]));
        assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
        let twice = run_in(&dir, &with(&ours, &["apply", "plan.json", "--yes"]));
        assert!(twice.code == 3 && twice.err.contains("applied before"), "{}", twice.err);
        let text = fs::read_to_string(dir.join("plan.json")).unwrap();
        let mut old: Value = serde_json::from_str(&text).unwrap();
        old["expires"] = "2026-01-01T00:00:00Z".into();
        fs::write(dir.join("old.json"), old.to_string()).unwrap();
        let late = run_in(&dir, &with(&ours, &["apply", "old.json", "--yes"]));
        assert!(late.code == 3 && late.err.contains("expired"), "{}", late.err);
        fs::write(dir.join("none.json"), "{}").unwrap();
        assert_eq!(run_in(&dir, &with(&ours, &["apply", "none.json", "--yes"])).code, 2);
    })
    .await
    .unwrap();
}

/// What the cockpit asks before it goes over to a changed configuration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_is_busy_from_the_consent_to_the_end() {
    let Bed { demo, engine } = Bed::start(Scenario::Calm, Some(20.0), &[]).await;
    let engine = engine.keeping(Keep::folder(&demo.folder.path().join("state")));
    let action = Action::parse(ABORT).unwrap();
    engine.read(action.target(), PATIENCE).await;
    let plan = engine.plan(&action, Guard::default()).await.unwrap();
    assert!(!engine.is_busy(), "a plan alone is nothing under way");
    {
        let mut begun = std::pin::pin!(engine.apply(&plan, Given::by(Way::Options)));
        assert!(futures::FutureExt::now_or_never(begun.as_mut()).is_none() && engine.is_busy(), "not begun, and consented to");
        let mut running = begun.await.unwrap();
        assert!(engine.is_busy());
        assert!(running.ended().await.ended());
    }
    assert!(!engine.is_busy());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_to_end_before_anything_is_sent_ends_interrupted() {
    let Bed { demo, engine } = Bed::start(Scenario::Calm, None, &[]).await;
    let engine = engine.keeping(Keep::folder(&demo.folder.path().join("state")));
    let args = ActArgs { consent: ConsentArgs { yes: true, ..ConsentArgs::default() }, ..ActArgs::default() };
    args.stop.cancel();
    let mut printer = Printer::to(Format::Human, Box::new(io::sink()));
    let exit = act(&engine, &Action::parse(ABORT).unwrap(), &args, &mut printer).await.unwrap();
    assert_eq!(exit, Exit::Interrupted);
    assert!(engine.operations().borrow().is_empty(), "nothing was begun");
}
