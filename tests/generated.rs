//! What is derived from code is up to date: tables of the README, the screenshots. `BLESS=1 cargo test --test generated`
//! rewrites the tables.

use std::{fs, path::PathBuf};

use clap::CommandFactory;
use gonogo::{cli::Cli, domain::Exit, tui::keymap::Keymap};
use strum::IntoEnumIterator;

fn readme() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// Compares the part of the README between `<!-- NAME -->` and `<!-- /NAME -->`, or rewrites it.
fn block(name: &str, want: &str) {
    let text = fs::read_to_string(readme()).expect("the README");
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("README has no block {name}")) + open.len();
    let end = start + text[start..].find(&close).unwrap_or_else(|| panic!("README does not close block {name}"));
    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{}{want}{}", &text[..start], &text[end..]);
        fs::write(readme(), blessed).expect("the README can be written");
    } else {
        assert_eq!(&text[start..end], want, "block {name} is out of date: BLESS=1 cargo test --test generated");
    }
}

/// One test writes them all: blessing several blocks of one file at a time would lose some.
#[test]
fn the_tables_of_the_readme_are_up_to_date() {
    let mut exits = String::from("| exit | meaning |\n|---|---|\n");
    for exit in Exit::iter() {
        exits.push_str(&format!("| {} | {} |\n", exit.code(), exit.meaning()));
    }
    block("exit codes", &exits);

    block("keys", &Keymap::default().markdown());

    let mut commands = String::from("| command | what it does |\n|---|---|\n");
    for command in Cli::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        commands.push_str(&format!("| `gonogo {}` | {about} |\n", command.get_name()));
    }
    block("commands", &commands);
}

/// Name of the picture, and what the program is asked to draw.
const PICTURES: [(&str, &[&str]); 7] = [
    ("main-120x40.svg", &["--demo", "--size", "120x40"]),
    ("main-80x24.svg", &["--demo", "--size", "80x24"]),
    ("main-200x60.svg", &["--demo", "--size", "200x60"]),
    ("why-120x40.svg", &["--demo", "--size", "120x40", "--keys", "v"]),
    ("abort-120x40.svg", &["--demo", "--size", "120x40", "--keys", "A"]),
    ("stale-120x40.svg", &["--demo=stale-metrics", "--size", "120x40"]),
    ("calm-light-120x40.svg", &["--demo=calm", "--theme", "light", "--size", "120x40"]),
];

/// The pictures are what the program draws today; `BLESS=1` draws them anew.
#[test]
fn the_screenshots_are_up_to_date() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let mut old = vec![];
    for (name, args) in PICTURES {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_gonogo"))
            .args(["--print", "svg"])
            .args(args)
            .env_remove("NO_COLOR")
            .env("LANG", "C.UTF-8")
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let file = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &output.stdout).unwrap();
        } else if fs::read(&file).unwrap_or_default() != output.stdout {
            old.push(name);
        }
    }
    assert!(old.is_empty(), "{old:?} are out of date: BLESS=1 cargo test --test generated");
}

#[test]
fn the_first_shell_block_holds_exactly_the_two_commands() {
    let text = fs::read_to_string(readme()).expect("the README");
    let block = text.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a shell block");
    let commands: Vec<&str> = block.lines().map(|l| l.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run -- demo", "cargo test"]);
}

#[test]
fn every_picture_of_the_readme_is_there_and_small_and_none_is_left_over() {
    let text = fs::read_to_string(readme()).expect("the README");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap())
        .inspect(|e| assert!(e.metadata().unwrap().len() <= 100_000, "{:?} is over 100 kB", e.path()))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert!(!files.is_empty() && files.len() <= 12, "{files:?}");
    for file in &files {
        assert!(text.contains(&format!("screenshots/{file}")), "README does not show {file}");
    }
    for shown in text.split("screenshots/").skip(1) {
        let name = shown.split([')', '"', ' ']).next().unwrap_or_default();
        assert!(files.iter().any(|f| f == name), "README shows {name}, which is not there");
    }
}
