//! Every action has a key, a palette entry, a command line, a sentence, an answer for programs and exit codes: no front
//! knows more than the other.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use clap::CommandFactory;
use gonogo::{
    action::{Action, Target, Verb},
    cli::Cli,
    domain::{Exit, Topology},
    engine::{Engine, Keep, plan::Guard},
    headless::{ActArgs, ConsentArgs},
    sim::{Fault, Scenario},
    tui::{
        command::Command,
        keymap::Keymap,
        message::Message,
        model::{Model, Overlay},
        update::{Does, entries, letter, update},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use support::{Bed, act};

#[test]
fn every_action_has_a_key_and_a_command_line() {
    let keymap = Keymap::default();
    for verb in Verb::iter() {
        let name: &'static str = verb.into();
        assert!(keymap.bindings().iter().any(|b| b.row.run == Command::Act(verb)), "{name} is not in the table of keys");
        assert!(letter(verb).is_ascii_lowercase(), "{name} has no letter in the menu");
        let command = Cli::command();
        let sub = command.find_subcommand(name).unwrap_or_else(|| panic!("{name} is no subcommand"));
        assert!(sub.get_about().is_some(), "{name} says nothing about itself");
        assert_eq!(sub.get_about().map(ToString::to_string), Some(verb.about()), "{name}: key and command say the same");
    }
}

#[test]
fn the_command_line_that_a_plan_shows_is_one_that_gonogo_takes() {
    use clap::Parser;
    for verb in Verb::iter() {
        let action = verb.on(Target::new("payment".parse().unwrap(), "production".parse().unwrap()));
        let words: Vec<String> = action.command_line().split(' ').map(str::to_owned).collect();
        let cli = Cli::try_parse_from(&words).unwrap();
        match cli.command {
            Some(gonogo::cli::Command::Act(read)) => assert_eq!(read, action),
            other => panic!("{words:?} is read as {other:?}"),
        }
    }
}

#[test]
fn every_verb_of_the_command_line_that_changes_the_world_is_an_action() {
    let reads = [
        "demo",
        "sim",
        "status",
        "check",
        "runs",
        "logs",
        "inbox",
        "apply",
        "audit",
        "op",
        "init",
        "doctor",
        "config",
        "keys",
        "completions",
        "man",
        "help",
    ];
    for sub in Cli::command().get_subcommands().filter(|s| !reads.contains(&s.get_name())) {
        let words = [sub.get_name(), "payment", "--env", "production"];
        assert!(Action::parse(words).is_ok(), "{} is neither a read nor an action", sub.get_name());
    }
}

#[test]
fn typing_the_name_of_an_action_into_the_palette_finds_it_and_enter_asks_for_it() {
    let nothing = Arc::new(Topology { environments: vec![], services: vec![], metrics: None, pipelines: false });
    for verb in Verb::iter() {
        let name: &'static str = verb.into();
        let mut m = Model::new(Timestamp::UNIX_EPOCH, (100, 30), Arc::clone(&nothing), Arc::default());
        let press = |m: &mut Model, key: &str| update(m, Message::Key(key.parse().unwrap()));
        press(&mut m, ":");
        for letter in name.chars() {
            press(&mut m, &letter.to_string());
        }
        let first = entries(&m, name).swap_remove(0);
        assert_eq!((first.name.as_str(), first.about), (name, verb.about()));
        assert_eq!(first.does, Does::Run(Command::Act(verb)));
        press(&mut m, "<enter>");
        // There is nothing that it could be done to, and that is said of it.
        match m.overlays.last() {
            Some(Overlay::Refused { what, .. }) => assert_eq!(what.as_str(), name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// The options of a person who means it.
fn meant(line: &str) -> ActArgs {
    let service = line.split(' ').nth(1).map(str::to_owned);
    ActArgs { consent: ConsentArgs { yes: true, confirm: service, reason: Some("a test".into()) }, ..ActArgs::default() }
}

/// Acts as soon as the picture of the world has come to where an action ends like this: with a plan for every cluster
/// that is carried out, or without one. Looking is all that is repeated.
async fn ends(engine: &Engine, line: &str, args: &ActArgs, wanted: Exit) -> Value {
    let look = ActArgs { dry_run: true, ..args.clone() };
    let carried_out = matches!(wanted, Exit::Done | Exit::Failed | Exit::Journal);
    let clusters = if line.contains("staging") { 1 } else { 2 };
    let mut snapshots = engine.snapshots();
    let mut seen = Value::Null;
    for _ in 0..200 {
        let (exit, root) = act(engine, line, &look).await;
        let there = if carried_out { root["plan"]["blast"]["clusters"] == clusters } else { exit == wanted };
        if there {
            let (exit, root) = act(engine, line, args).await;
            assert_eq!(exit, wanted, "{line}: {root:#}");
            return root;
        }
        seen = root;
        engine.clock().advance(SignedDuration::from_secs(1));
        tokio::time::timeout(Duration::from_millis(50), snapshots.changed()).await.map(drop).ok();
    }
    panic!("{line} never ends with {wanted:?}: {seen:#}")
}

/// What there is to do at the company, in this order.
const DONE: [&str; 11] = [
    "rollback auth --env production",
    "promote auth --env production",
    "pause payment --env production",
    "resume payment --env production",
    "step payment --env production",
    "abort payment --env production",
    "retry payment --env production",
    "restart recommendation --env production",
    "retire media --env staging",
    "fill media --env production --to 3.9.4",
    "switch media --env production",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_answers_programs_and_ends_with_the_documented_codes() {
    let Bed { demo, engine } = Bed::start(Scenario::GitopsRevert, None, &[]).await;
    let answers = |line: &str, schema: &str, root: &Value| {
        assert_eq!((&root["schema"], &root["command"]), (&schema.into(), &format!("gonogo {line}").into()), "{root:#}");
    };
    // An engine without a place for its journal sends nothing.
    let unwritten = ends(&engine, "abort payment --env production", &meant("abort payment"), Exit::Journal).await;
    assert_eq!((&unwritten["changed"], &unwritten["outcome"]), (&false.into(), &json!("journal")));
    let state = tempfile::tempdir().unwrap();
    let engine = engine.keeping(Keep::folder(state.path()));
    let mut verbs = BTreeSet::new();
    let mut codes = BTreeSet::from([Exit::Journal.code(), Exit::Done.code()]);
    for line in DONE {
        verbs.extend(line.split(' ').next());
        let done = ends(&engine, line, &meant(line), Exit::Done).await;
        answers(line, "gonogo/v1/act", &done);
        assert_eq!((&done["changed"], &done["outcome"]), (&true.into(), &json!("done")), "{done:#}");
        // The same once more is another plan, or a refusal that says of what.
        let (_, root) = act(&engine, line, &ActArgs { dry_run: true, ..meant(line) }).await;
        let schema = if root["plan"].is_null() { "gonogo/v1/refusal" } else { "gonogo/v1/plan" };
        answers(line, schema, &root);
        assert_eq!(root["changed"], false, "{root:#}");
    }
    let all: BTreeSet<&str> = Verb::iter().map(Into::into).collect();
    assert_eq!(verbs, all, "every action was carried out");

    let read_only = |line: &str| ActArgs { guard: Guard { read_only: true, ..Guard::default() }, ..meant(line) };
    let table = [
        // Argo CD takes it back.
        ("restart order --env production", false, Exit::Failed),
        ("restart nothing --env production", false, Exit::Usage),
        ("restart user --env production", true, Exit::Refused),
        ("restart user --env production --expect 9.9.9", false, Exit::Changed),
        // The other side was left just now: it is the way back.
        ("retire media --env production", false, Exit::Hold),
    ];
    for (line, guarded, exit) in table {
        let args = if guarded { read_only(line) } else { meant(line) };
        let root = ends(&engine, line, &args, exit).await;
        let schema = if exit == Exit::Failed { "gonogo/v1/act" } else { "gonogo/v1/refusal" };
        answers(line, schema, &root);
        assert_eq!(root["outcome"], json!(exit), "{root:#}");
        codes.insert(exit.code());
    }
    // A cluster that is gone says nothing of what runs there.
    demo.sim.handle().fault("k8s/us-1", Fault::Dead);
    let line = "step payment --env production";
    answers(line, "gonogo/v1/refusal", &ends(&engine, line, &meant(line), Exit::Unknown).await);
    codes.insert(Exit::Unknown.code());
    let documented: BTreeSet<u8> = (0..=7).collect();
    assert_eq!(codes, documented);
}
