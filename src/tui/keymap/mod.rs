//! Which key means what: one table gives dispatch, footer, help page, palette, README table and conflict check.

mod table;

use std::collections::BTreeMap;

pub use table::BINDINGS;

use super::{
    command::{Command, Ui},
    input::{Key, KeyError},
};

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere, looked up before dialogs: leaving and abort cannot be swallowed. Only a field that takes text has
    /// letters first.
    Always,
    /// Everywhere, dialogs included: moving changes nothing.
    Move,
    /// On the screen, while no dialog is open.
    Main,
    /// In a log, before what the keys mean on the screen.
    Log,
}

/// The heading on the help page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter, strum::IntoStaticStr)]
pub enum Group {
    /// Changes to the world, each with a dialog first.
    Act,
    /// Looking.
    See,
    /// In a log.
    Log,
    /// Moving.
    Move,
    /// Everything else.
    Leave,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Act => "act, always with a dialog first",
            Self::See => "look",
            Self::Log => "in a log (L)",
            Self::Move => "move",
            Self::Leave => "screen",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Where it holds.
    pub scope: Scope,
    /// Its keys, the first is the one that is shown.
    pub keys: &'static [&'static str],
    /// What it does.
    pub run: Command,
    /// Where the help page lists it.
    pub group: Group,
    /// Its word in the footer; empty where the footer leaves it out.
    pub hint: &'static str,
}

/// A binding with the keys that the user wants.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The row of the table.
    pub row: &'static Binding,
    /// The keys; none when the user disabled it.
    pub keys: Vec<Key>,
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    bound: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::with(&BTreeMap::new()).expect("the built-in keys are tested")
    }
}

impl Keymap {
    /// The table with the user's overrides: the name of a command to its keys.
    ///
    /// # Errors
    /// A name or key that is not known, or a key that would mean two things; one sentence.
    pub fn with(overrides: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        if let Some(name) = overrides.keys().find(|name| !BINDINGS.iter().any(|b| b.run.name() == name.as_str())) {
            return Err(format!("[keys] {name}: no command has this name; `gonogo keys` lists them"));
        }
        let mut bound = vec![];
        for row in BINDINGS {
            let keys = match overrides.get(row.run.name()) {
                Some(keys) => keys.iter().map(|k| k.parse()).collect::<Result<Vec<Key>, KeyError>>(),
                None => row.keys.iter().map(|k| k.parse()).collect(),
            }
            .map_err(|e| format!("[keys] {}: {e}", row.run.name()))?;
            bound.push(Bound { row, keys });
        }
        // Every scope reaches the screen, so a key may stand only once in the whole table; only what holds in a log may
        // stand over what holds on the screen.
        let mut seen: BTreeMap<Key, Vec<(&str, Scope)>> = BTreeMap::new();
        for (key, name, scope) in bound.iter().flat_map(|b| b.keys.iter().map(|k| (*k, b.row.run.name(), b.row.scope))) {
            let apart = |other: Scope| matches!((scope, other), (Scope::Log, Scope::Main) | (Scope::Main, Scope::Log));
            let others = seen.entry(key).or_default();
            if let Some((other, _)) = others.iter().find(|(_, other)| !apart(*other)) {
                return Err(format!("[keys] {key} would mean both {other} and {name}"));
            }
            others.push((name, scope));
        }
        if !bound.iter().any(|b| b.row.run == Command::Ui(Ui::Quit) && !b.keys.is_empty()) {
            return Err("[keys] quit: it needs a key, or there is no way out".to_owned());
        }
        Ok(Self { bound })
    }

    /// What a key means in one of the scopes.
    pub fn find(&self, key: Key, scopes: &[Scope]) -> Option<Command> {
        self.bound.iter().find(|b| scopes.contains(&b.row.scope) && b.keys.contains(&key)).map(|b| b.row.run)
    }

    /// The key that is shown for a command, as text; empty when it has none.
    pub fn shown(&self, run: Command) -> String {
        self.bound.iter().find(|b| b.row.run == run).and_then(|b| b.keys.first()).map(ToString::to_string).unwrap_or_default()
    }

    /// Every binding with its keys.
    pub fn bindings(&self) -> &[Bound] {
        &self.bound
    }

    /// The table as Markdown, for the README and `gonogo keys`.
    pub fn markdown(&self) -> String {
        let mut out = String::from("| keys | name | what it does |\n|---|---|---|\n");
        for b in &self.bound {
            let keys: Vec<String> = b.keys.iter().map(|k| format!("`{k}`")).collect();
            out.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), b.row.run.name(), b.row.run.about()));
        }
        out
    }
}

#[cfg(test)]
mod tests;
