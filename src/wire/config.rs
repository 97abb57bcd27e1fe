//! `gonogo config` and `gonogo keys`: what needs a configuration and no source.

use std::{io, path::Path};

use super::world::{faults, inputs};
use crate::{
    cli::Global,
    config::{self, Loaded, load},
    domain::Exit,
    headless::{self, Printer, Table, TrustArgs, say},
    tui::keymap::Keymap,
};

/// Names every fault of the configuration, or says which files hold.
pub fn check(global: &Global, printer: &mut Printer) -> io::Result<Exit> {
    match load(&inputs(global)) {
        Err(found) => Ok(faults(&found)),
        Ok(Loaded { settings, files, notes }) => {
            for note in &notes {
                say(&note.to_string(), None);
            }
            let root = serde_json::json!({
                "schema": "gonogo/v1/config",
                "files": files,
                "environments": settings.topology.environments,
                "services": settings.topology.services,
                "notes": notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            });
            printer.answer(&root, || {
                let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
                let (e, s) = (settings.topology.environments.len(), settings.topology.services.len());
                if names.is_empty() {
                    "no configuration file; what is found on this machine is shown\n".to_owned()
                } else {
                    format!("{}: no faults; {e} environments, {s} services\n", names.join(", "))
                }
            })?;
            Ok(Exit::Done)
        }
    }
}

/// Shows what a repository's file would reach and records consent to it, or takes it back.
pub fn trust(global: &Global, file: Option<&Path>, args: &TrustArgs, printer: &mut Printer) -> io::Result<Exit> {
    headless::trust(&inputs(global), file, args, printer)
}

/// Prints the keys in force: the table with the user's overrides.
pub fn keys(global: &Global, printer: &mut Printer) -> io::Result<Exit> {
    let loaded = match load(&inputs(global)) {
        Ok(loaded) => loaded,
        Err(found) => return Ok(faults(&found)),
    };
    let keymap = match Keymap::with(&loaded.settings.ui.keys) {
        Ok(keymap) => keymap,
        Err(why) => {
            say(&why, None);
            return Ok(Exit::Usage);
        }
    };
    let rows: Vec<serde_json::Value> = keymap
        .bindings()
        .iter()
        .map(|b| {
            let keys: Vec<String> = b.keys.iter().map(ToString::to_string).collect();
            serde_json::json!({ "name": b.row.run.name(), "keys": keys, "about": b.row.run.about() })
        })
        .collect();
    let root = serde_json::json!({ "schema": "gonogo/v1/keys", "keys": rows });
    printer.answer(&root, || {
        let mut table = Table::new(&["KEYS", "NAME", "WHAT IT DOES"]);
        for b in keymap.bindings() {
            let keys: Vec<String> = b.keys.iter().map(ToString::to_string).collect();
            table.row(vec![keys.join(" "), b.row.run.name().to_owned(), b.row.run.about()]);
        }
        table.text()
    })?;
    Ok(Exit::Done)
}

/// Prints the JSON Schema of the configuration.
pub fn schema(printer: &mut Printer) -> io::Result<Exit> {
    printer.raw(&format!("{:#}\n", config::schema()))?;
    Ok(Exit::Done)
}
