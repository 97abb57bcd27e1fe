//! Several services under one consent: one plan, one operation, k of n by name.

use gonogo::{
    action::Action,
    engine::{Engine, Given, Keep, journal::Way, operation::Progress, plan::Guard},
    headless::PATIENCE,
    sim::Scenario,
};
use serde_json::Value;

use super::{
    json, refused,
    support::{Bed, run_in},
};

const RESTART: [&str; 7] = ["restart", "auth", "user", "--env", "production", "--demo=calm", "--yes"];

#[test]
fn several_services_are_changed_under_one_consent() {
    // Several are wide, and that is typed: the name of the environment.
    refused(&RESTART, 3, &["2 services under one consent", "--confirm production --reason TEXT"]);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    let more = ["--confirm", "production", "--reason", "tested", "--output", "json", "--state-dir", state];
    let (code, root) = json(&[&RESTART[..], &more].concat());
    assert_eq!((code, &root["changed"]), (0, &true.into()), "{root:#}");
    let targets = root["operation"]["targets"].as_array().unwrap();
    assert_eq!((targets.len(), &root["operation"]["reached"], &root["operation"]["of"]), (4, &4.into(), &4.into()));
    assert_eq!(root["plan"]["title"], "RESTART auth, user");
    assert_eq!(root["command"], "gonogo restart auth user --env production");
    // The journal finds it under the name of each.
    let log = |service| {
        let words = ["audit", "log", "--service", service, "--output", "json", "--state-dir", state];
        let root: Value = serde_json::from_str(&run_in(folder.path(), &words).out).unwrap();
        root["lines"].as_array().unwrap().len()
    };
    assert!(log("auth") > 8 && log("auth") == log("user") && log("cart") == 0, "{} {}", log("auth"), log("user"));
}

#[test]
fn one_that_cannot_go_forward_stops_all_and_one_that_cannot_go_back_stops_none() {
    let (code, root) = json(&["step", "payment", "auth", "--env", "production", "--demo=calm", "--dry-run", "--output", "json"]);
    assert_eq!((code, root["problems"][0]["what"].as_str().unwrap().starts_with("auth is")), (3, true), "{root:#}");
    let back = ["abort", "auth", "payment", "--env", "production", "--demo=calm", "--yes", "--output", "json"];
    let (code, root) = json(&back);
    assert_eq!((code, &root["tier"], &root["operation"]["of"]), (0, &2.into(), &2.into()), "{root:#}");
    assert!(root["plan"]["left_out"][0].as_str().unwrap().starts_with("auth is left as it is: "), "{root:#}");
}

async fn apply(engine: &Engine, words: &[&str], meanwhile: &[&str]) -> Progress {
    let action = |words: &[&str]| Action::parse(words).unwrap();
    let plan = engine.plan(&action(words), Guard::default()).await.unwrap();
    if !meanwhile.is_empty() {
        Box::pin(apply(engine, meanwhile, &[])).await;
    }
    engine.apply(&plan, Given::by(Way::Options)).await.unwrap().ended().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_of_it_and_what_not_is_named() {
    let Bed { demo, engine } = Bed::start(Scenario::Calm, Some(20.0), &[]).await;
    let engine = engine.keeping(Keep::folder(&demo.folder.path().join("state")));
    engine.settled(PATIENCE).await;
    let words = ["restart", "shipping", "search", "--env", "staging"];
    let ended = apply(&engine, &words, &["rollback", "search", "--env", "staging"]).await;
    let outcome = ended.outcome.unwrap();
    assert_eq!((outcome.exit.code(), outcome.reached, outcome.of, outcome.changed), (5, 1, 2, Some(true)), "{outcome:?}");
    let sentence = outcome.sentence.to_string();
    assert!(sentence.contains("shop/search") && sentence.contains("shop/shipping"), "{sentence}");
}
