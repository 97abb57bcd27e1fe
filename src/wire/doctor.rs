//! `gonogo doctor`: what this machine brings, and then every source.

use std::{collections::BTreeMap, io};

use super::{World, world};
use crate::{
    cli::{Colour, Global},
    config::{Trust, asked},
    domain::{Exit, Finding},
    headless::{self, Examined, Printer},
    tui::{
        glyph::Glyphs,
        theme::{ColourChoice, Depth},
    },
};

/// Examines the configuration, the terminal and every source.
pub async fn run(global: &Global, printer: &mut Printer) -> io::Result<Exit> {
    let world = match World::open(global, None, false).await {
        Ok(world) => world,
        Err(exit) => return Ok(exit),
    };
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let before = vec![
        Examined { source: "configuration".to_owned(), findings: configuration(&world, global) },
        Examined { source: "terminal".to_owned(), findings: terminal(global, &env) },
    ];
    let host = world.settings.github.as_ref().map_or("github", |g| g.host.as_str());
    headless::doctor(&world.engine, host, before, printer).await
}

fn configuration(world: &World, global: &Global) -> Vec<Finding> {
    let mut out = vec![];
    if world.demo.is_some() {
        return vec![Finding::ok("files", "the embedded world brings its own")];
    }
    let inputs = world::inputs(global);
    let repository = inputs.repository_file();
    for file in &world.files {
        let shown = file.display().to_string();
        if repository.as_ref() != Some(file) {
            out.push(Finding::ok("file", shown));
            continue;
        }
        match asked(&inputs, Some(file)).map(|a| a.trust) {
            Ok(Trust::Trusted) => out.push(Finding::ok("file", format!("{shown}, trusted as it is now"))),
            Ok(state) => {
                let why = if state == Trust::Changed { "changed since it was trusted" } else { "not trusted" };
                let narrows = "it may only narrow what the other files say";
                let says = format!("{shown}, {why}: {narrows}");
                out.push(if world.notes.is_empty() {
                    Finding::ok("file", says)
                } else {
                    Finding::warn("file", format!("{says}; {} keys are ignored", world.notes.len()), "gonogo config trust")
                });
            }
            Err(_) => out.push(Finding::ok("file", shown)),
        }
    }
    if world.files.is_empty() {
        let says = "no file: what was found on this machine is shown";
        out.push(Finding::warn("file", says, "gonogo init writes one"));
    }
    match world::state_dir(global) {
        Some(folder) => out.push(Finding::ok("state", folder.display().to_string())),
        None => out.push(Finding::warn("state", "there is no folder for state", "use --state-dir")),
    }
    out
}

fn terminal(global: &Global, env: &BTreeMap<String, String>) -> Vec<Finding> {
    let get = |name: &str| env.get(name).map_or("", String::as_str);
    let choice = match global.color {
        Colour::Auto => ColourChoice::Auto,
        Colour::Always => ColourChoice::Always,
        Colour::Never => ColourChoice::Never,
    };
    let depth = match Depth::detect(choice, env) {
        Depth::True => "16.7 million colours",
        Depth::C256 => "256 colours",
        Depth::C16 => "16 colours",
        Depth::Mono => "no colours",
    };
    let glyphs = match Glyphs::detect(global.ascii, env) {
        Glyphs::Unicode => "Unicode",
        Glyphs::Blocks => "line and block characters",
        Glyphs::Ascii => "ASCII only",
    };
    let mut out = vec![Finding::ok("looks", format!("{depth}, {glyphs}, TERM={:?}", get("TERM")))];
    if !get("TMUX").is_empty() {
        let mend = "set -g set-clipboard on, and set -s escape-time 10, in ~/.tmux.conf";
        out.push(Finding::ok("tmux", format!("inside tmux; copying and Esc need: {mend}")));
    } else if get("TERM").starts_with("screen") {
        out.push(Finding::warn("copy", "inside screen, which does not pass what is copied on", "use tmux"));
    } else {
        out.push(Finding::ok("copy", "by OSC 52, where the terminal allows it"));
    }
    out
}
