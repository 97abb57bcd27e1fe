//! The palette: every command by name, found by a few of its letters.

use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};
use strum::IntoEnumIterator as _;

use super::{act, overlay, say, screen};
use crate::{
    action::{Action, Verb},
    tui::{
        command::{Command, Ui},
        effect::Effect,
        model::{Model, Pane},
    },
};

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Runs a command.
    Run(Command),
    /// Plans an action that is spelled out.
    Plan(Action),
    /// Uses a theme.
    Theme(String),
    /// Selects a service.
    Select(String),
}

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is typed for it.
    pub name: String,
    /// One sentence about it.
    pub about: String,
    /// Its key, if it has one.
    pub key: String,
    /// What it does.
    pub does: Does,
}

fn all(m: &Model) -> Vec<Entry> {
    let mut commands: Vec<Command> = Verb::iter().map(Command::Act).collect();
    commands.extend(Ui::iter().filter(|ui| !matches!(ui, Ui::Focus(_))).map(Command::Ui));
    commands.extend(Pane::ALL.map(|pane| Command::Ui(Ui::Focus(pane))));
    let mut out: Vec<Entry> = commands
        .into_iter()
        .map(|c| Entry { name: c.name().to_owned(), about: c.about(), key: m.keymap.shown(c), does: Does::Run(c) })
        .collect();
    out.extend(m.themes.iter().map(|name| Entry {
        name: format!("theme {name}"),
        about: "Use this theme".to_owned(),
        key: String::new(),
        does: Does::Theme(name.clone()),
    }));
    out.extend(m.board.services.iter().map(|s| Entry {
        name: format!("service {}", s.name),
        about: "Select this service".to_owned(),
        key: String::new(),
        does: Does::Select(s.name.to_string()),
    }));
    out
}

/// The entries that match, best first. An action with its arguments comes before all of them.
pub fn entries(m: &Model, typed: &str) -> Vec<Entry> {
    let typed = typed.trim();
    let mut out = vec![];
    if let Ok(action) = Action::parse(typed.split_whitespace()) {
        out.push(Entry {
            name: typed.to_owned(),
            about: crate::action::Verb::from(&action).about(),
            key: String::new(),
            does: Does::Plan(action),
        });
    }
    let all = all(m);
    if typed.is_empty() {
        out.extend(all);
        return out;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = vec![];
    let mut scored: Vec<(u32, Entry)> = all
        .into_iter()
        .filter_map(|e| pattern.score(nucleo_matcher::Utf32Str::new(&e.name, &mut buffer), &mut matcher).map(|s| (s, e)))
        .collect();
    // Of equal ones the shorter name, then the order of the table.
    scored.sort_by_key(|(score, e)| (std::cmp::Reverse(*score), e.name.len()));
    out.extend(scored.into_iter().map(|(_, e)| e));
    out
}

/// Enter in the palette.
pub fn submit(m: &mut Model, typed: &str, at: usize) -> Vec<Effect> {
    let Some(entry) = entries(m, typed).into_iter().nth(at) else {
        let words: Vec<&str> = typed.split_whitespace().collect();
        if !words.is_empty() {
            say(m, format!("no command is named {}", words.join(" ")));
        }
        return vec![];
    };
    match entry.does {
        Does::Run(command) => overlay::command(m, command),
        Does::Plan(action) => act::request(m, action),
        Does::Theme(name) => {
            m.theme.clone_from(&name);
            vec![Effect::Theme(name)]
        }
        Does::Select(name) => {
            m.filter.text.clear();
            if let Some(row) = m.service_rows().iter().position(|s| s.name.as_str() == name) {
                screen::pick(m, Pane::Services, row);
            }
            vec![]
        }
    }
}
