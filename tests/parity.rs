//! Every action has a key, a palette entry, a command line and a sentence: no front knows more than the other.

use clap::CommandFactory;
use gonogo::{
    action::{Action, Target, Verb},
    cli::Cli,
    tui::{command::Command, keymap::Keymap, update::letter},
};
use strum::IntoEnumIterator;

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
