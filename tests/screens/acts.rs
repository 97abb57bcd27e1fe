//! Acting by scripted keys on embedded worlds of their own: what the dialogs show, and what the journal keeps of it.

use std::path::{Path, PathBuf};

use gonogo::{
    action::Action,
    engine::plan::Guard,
    headless::{self, ActArgs, Format, Printer},
    sim::Fault,
    tui::update::{Choice, choices},
};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

/// Long enough at the keyboard for a dialog to be armed, by keys that only move.
const ARM: &str = "<down><up><down><up><down><up>";

/// A world that a test changes, with its journal in `state`.
fn open(scenario: &str, state: &Path) -> World {
    let cli = Cli::try_parse_from(["gonogo", &format!("--demo={scenario}"), "--state-dir", state.to_str().unwrap()]).unwrap();
    RUNTIME.block_on(World::open(&cli.global, None, false)).expect("the embedded world opens")
}

/// The same in a folder of its own, which goes with what is returned.
fn kept(scenario: &str) -> (TempDir, PathBuf, World) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let world = open(scenario, &state);
    (folder, state, world)
}

fn play(world: &World, size: (u16, u16), keys: &str) -> ScriptEnd {
    let steps = parse_keys(keys).unwrap();
    let options = Options { scripted_acts: true, ..Options::new(Look::full()) };
    RUNTIME.block_on(script(&world.engine, options, size, &steps))
}

fn text(end: &ScriptEnd) -> String {
    plain(&end.frame)
}

/// The lines of a journal.
fn journal(state: &Path) -> Vec<Value> {
    let Ok(folder) = std::fs::read_dir(state.join("journal")) else { return vec![] };
    let files = folder.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|x| x == "jsonl"));
    let lines = files.flat_map(|p| std::fs::read_to_string(p).unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

/// What was consented to, one per operation.
fn begun(state: &Path) -> Vec<Value> {
    journal(state).into_iter().map(|line| line["event"].clone()).filter(|event| event["kind"] == "begun").collect()
}

/// What was overruled, with the reasons.
fn overruled(state: &Path) -> Vec<(Value, Value)> {
    let events = journal(state).into_iter().map(|line| line["event"].clone()).filter(|event| event["kind"] == "override");
    events.map(|event| (event["what"].clone(), event["reason"].clone())).collect()
}

#[test]
fn a_cluster_that_is_left_out_is_named_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let world = open("canary-regression", &folder.path().join("state"));
    play(&world, (80, 24), "");
    world.demo.as_ref().unwrap().sim.handle().fault("k8s/us-1", Fault::Dead);
    for size in [(80, 24), (120, 40), (40, 10)] {
        let shown = text(&play(&world, size, "A"));
        let rows: Vec<&str> = shown.lines().filter(|line| line.contains("where ") || line.contains("partly ")).collect();
        assert!(rows.len() == 2 && rows[1].contains("‼ us-1 is left"), "{size:?}:\n{shown}");
        assert!(rows[0].contains("where") && !rows[0].contains("us-1 "), "{size:?}: {rows:?}");
    }
    // On the command line too.
    let action = Action::parse(["abort", "payment", "--env", "production"]).unwrap();
    let file = folder.path().join("out");
    let mut printer = Printer::to(Format::Human, Box::new(std::fs::File::create(&file).unwrap()));
    let args = ActArgs { dry_run: true, ..ActArgs::default() };
    let exit = RUNTIME.block_on(headless::act(&world.engine, &action, &args, &mut printer)).unwrap();
    let told = std::fs::read_to_string(&file).unwrap();
    assert!(told.lines().nth(2).is_some_and(|row| row.starts_with("  partly  us-1 is left as it is: ")), "{exit:?}: {told}");
}

#[test]
fn why_costs_no_key_and_is_kept_as_the_option_of_the_command_line_is() {
    for (keys, reason) in [
        (format!("A{ARM}esy"), "slow".into()),
        // From the card of the ways back; what is said before the dialog is armed is not heard.
        (format!("Bd1{ARM}y"), "damaged data".into()),
        (format!("B1e{ARM}y"), Value::Null),
    ] {
        let (_folder, state, world) = kept("canary-regression");
        let shown = text(&play(&world, (80, 24), &keys));
        let begun = begun(&state);
        assert_eq!(begun.len(), 1, "{keys}:\n{shown}");
        assert_eq!(begun[0]["reason"], reason, "{keys}");
        assert_eq!(begun[0]["command"][0], "abort", "{keys}");
    }
}

#[test]
fn to_go_on_against_a_no_go_takes_the_name_and_keeps_why_and_that_production_was_opened() {
    let (_folder, state, world) = kept("canary-regression");
    let dialog = format!("P{ARM}");
    let shown = text(&play(&world, (80, 24), &dialog));
    for part in ["tier 3", "type payment: _", "one letter says it, once the name is typed"] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
    let shown = text(&play(&world, (80, 24), &format!("{dialog}payment<enter>r")));
    for part in ["u urgent", "f false alarm", "t tested", "e exercise", "armed: y does it now"] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
    let end = play(&world, (80, 24), &format!("{dialog}payment<enter>ruy"));
    let begun = begun(&state);
    assert_eq!(begun.len(), 1, "{}", text(&end));
    assert_eq!((&begun[0]["command"][0], &begun[0]["reason"]), (&"step".into(), &"urgent".into()));
    assert_eq!(begun[0]["consent"], serde_json::json!({ "tier": 3, "by": "typed-name" }));
    let overruled = overruled(&state);
    assert!(overruled.len() == 1 && overruled[0].0.as_str().unwrap().contains("NO-GO"), "{overruled:?}");
    assert_eq!(overruled[0].1, "urgent");
    let armed: Vec<Value> = journal(&state).into_iter().filter(|line| line["event"]["kind"] == "armed").collect();
    let opened: Vec<(&Value, &Value)> = armed.iter().map(|l| (&l["event"]["environment"], &l["event"]["until"])).collect();
    assert!(opened.iter().all(|(environment, until)| **environment == "production" && until.is_string()), "{opened:?}");
    assert_eq!(armed.len(), 2, "{opened:?}");
}

#[test]
fn what_a_way_back_breaks_is_accepted_by_the_typed_name_and_kept_as_on_the_command_line() {
    let (folder, state, world) = kept("bad-migration");
    let dialog = format!("/user<enter>ab{ARM}");
    let shown = text(&play(&world, (80, 24), &dialog));
    for part in ["tier 3", "‼ contract schema.users: unsafe", "this accepts: schema.users", "type user: _"] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
    // Without the name nothing is accepted.
    let shown = text(&play(&world, (80, 24), &format!("{dialog}y<enter>yuse<enter>y<enter><paste user><enter>y")));
    assert!(shown.contains("type user: y_") && begun(&state).is_empty(), "{shown}");
    let end = play(&world, (80, 24), &format!("{dialog}user<enter>dy"));
    let ours = begun(&state);
    assert_eq!(ours.len(), 1, "{}", text(&end));

    // The same words on a command line, in a world like it.
    let other = folder.path().join("other");
    let mut words: Vec<String> = ours[0]["command"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    assert!(words.join(" ").ends_with("--accept-unsafe schema.users"), "{words:?}");
    words.extend(["--demo=bad-migration", "--yes", "--confirm", "user", "--reason", "damaged data"].map(str::to_owned));
    words.extend(["--state-dir".to_owned(), other.to_str().unwrap().to_owned()]);
    let output =
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_gonogo")).args(&words).env_clear().env("HOME", folder.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = begun(&other);
    for field in ["command", "service", "environment", "place", "from", "to", "targets", "reason", "rejects", "goes_back"] {
        assert_eq!(ours[0][field], theirs[0][field], "{field}");
    }
    assert_eq!((&ours[0]["consent"]["tier"], &theirs[0]["consent"]["tier"]), (&3.into(), &3.into()));
    assert_eq!(overruled(&state), overruled(&other));
    assert_eq!(overruled(&state), [("its preflight says unsafe: schema.users".into(), "damaged data".into())]);
}

#[test]
fn what_is_marked_is_what_it_is_for_until_it_is_done() {
    let (_folder, state, world) = kept("canary-regression");
    let shown = |keys: &str| text(&play(&world, (80, 24), keys));
    let marked = |keys: &str| shown(keys).contains("marked");
    assert!(shown("j<space>j<space>").contains("2 marked") && !marked("j<space>j<space><esc>") && !marked("j<space>kj<space>"));
    // What the filter hides stays marked; Escape takes the filter first.
    assert!(shown("j<space>/pay<enter>").contains("1 marked") && marked("j<space>/pay<enter><esc>"));
    // A mark that was forgotten does not keep a rollout under way from being stopped.
    let abort = shown("j<space>A");
    assert!(abort.contains("ABORT payment") && !abort.contains("auth, "), "{abort}");
    let both = shown("<space>j<space>A");
    assert!(both.contains("payment, auth") && both.contains("‼ auth is left as it is"), "{both}");
    assert!(shown("<space>j<space>B").contains("Ways back  payment, auth  production"));
    let onward = shown("j<space>P");
    assert!(
        onward.contains("Not done: promote") && onward.contains("auth"),
        "of what is marked, and no step of payment: {onward}"
    );

    let end = play(&world, (80, 24), &format!("j<space>jj<space>ae{ARM}production<enter>rey"));
    let ours = begun(&state);
    assert_eq!(ours.len(), 1, "{}", text(&end));
    assert_eq!((&ours[0]["service"], &ours[0]["also"]), (&"auth".into(), &serde_json::json!(["user"])));
    assert_eq!((&ours[0]["consent"]["tier"], &ours[0]["reason"]), (&3.into(), &"exercise".into()));
    assert!(!text(&end).contains("marked"), "{}", text(&end));
}

#[test]
fn the_menu_gives_the_reasons_of_the_command_line() {
    let mut refused = 0;
    for (scenario, keys) in
        [("canary-regression", ""), ("calm", "/catalog<enter>"), ("calm", "/cart<enter>"), ("calm", "/auth<enter>")]
    {
        let end = drawn(scenario, (80, 24), &format!("{keys}a"), Look::full());
        let world = world(scenario);
        let service = end.model.selected().unwrap().name.to_string();
        for Choice { verb, targets } in choices(&end.model) {
            let name: &'static str = verb.into();
            // A verb for a rollout under way looks for one, and tells of that.
            let says = |service: &str| {
                let action = Action::parse([name, service, "--env", "production"]).unwrap();
                RUNTIME.block_on(world.engine.plan(&action, Guard::default())).map(drop)
            };
            if let Err(refusal) = targets {
                refused += 1;
                let told = [says(&service), says("payment")];
                assert!(told.contains(&Err(refusal.clone())), "{name} {service}: {refusal:?} and not {told:?}");
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

/// The letters inside the frame of that title, without spaces.
fn inside(text: &str, title: &str) -> String {
    let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let (top, at) =
        text.lines().enumerate().find_map(|(y, line)| Some((y, line.find(&format!("╭─ {title}"))?))).expect("the frame");
    let left = text.lines().nth(top).unwrap()[..at].chars().count();
    let right = left + rows[top][left..].iter().position(|c| *c == '╮').expect("its corner");
    let body = rows[top + 1..].iter().take_while(|row| row[left] != '╰');
    body.flat_map(|row| row[left + 1..right].iter()).filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn every_reason_of_the_menu_can_be_read_whole() {
    for size in [(80, 24), (120, 40)] {
        let count = choices(&drawn("canary-regression", size, "a", Look::full()).model).len();
        for row in 0..count {
            let end = drawn("canary-regression", size, &format!("a{}", "j".repeat(row)), Look::full());
            let shown = inside(&text(&end), "Actions");
            let choice = choices(&end.model).remove(row);
            let Err(refusal) = choice.targets else { continue };
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert!(
                shown.contains(&letters(refusal.why.as_str())),
                "{size:?} {:?}: {}\n{}",
                choice.verb,
                refusal.why,
                text(&end)
            );
        }
    }
}
