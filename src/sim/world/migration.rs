//! The database of `user`, in scenario `bad-migration`: a migration on the way to 2.0 dropped a column that 1.x reads.
//! Versions and the migration say so in annotations, as `gonogo.dev/requires.CONTRACT` and its like.

use serde_json::{Map, Value, json};

use super::{Scenario, Service, World};

/// The service whose database it is.
const SERVICE: &str = "user";
/// The contract: the format of its tables.
const CONTRACT: &str = "schema.users";
/// The format before the migration.
const OLD: &str = "41";
/// The format since.
const NEW: &str = "42";

/// A migration that has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The contract that it changed.
    pub contract: &'static str,
    /// The format before it.
    pub from: &'static str,
    /// The format since.
    pub to: &'static str,
    /// `expand`, `contract`, `data` or `irreversible`.
    pub kind: &'static str,
    /// What it did, for people.
    pub note: &'static str,
}

impl World {
    fn migrates(&self, service: &Service) -> bool {
        self.params.scenario == Scenario::BadMigration && service.name == SERVICE
    }

    /// The migration that ran with the newest version of a service.
    pub fn migration(&self, service: &Service) -> Option<Migration> {
        let note = "drops users.legacy_login";
        self.migrates(service).then_some(Migration { contract: CONTRACT, from: OLD, to: NEW, kind: "contract", note })
    }

    /// The version before one of a service: the one below it, but the last of 1.x where 2.x migrated.
    pub fn before(&self, service: &Service, version: &str) -> String {
        if self.migrates(service) { "1.9.4".to_owned() } else { super::workload::before(service.name, version) }
    }

    /// What a version promises of shared formats, as annotations of its pod template.
    pub fn promises(&self, service: &Service, version: &str) -> Map<String, Value> {
        let mut out = Map::new();
        if self.migrates(service) {
            let (requires, provides) = if version.starts_with("1.") { ("<=41", OLD) } else { (">=42", NEW) };
            out.insert(format!("gonogo.dev/requires.{CONTRACT}"), json!(requires));
            out.insert(format!("gonogo.dev/provides.{CONTRACT}"), json!(provides));
        }
        out
    }
}
