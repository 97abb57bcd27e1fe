//! The runs, days before T0, of the versions that have long served somewhere.

use super::{
    Environment, World, catalogue,
    pipelines::{OWN, Script, shop},
    workload,
};

/// Service, version, title of the commit, its author. What is newer has a script of its own.
const SETTLED: [(&str, &str, &str, &str); 12] = [
    ("media", "3.9.4", "Strip location from uploads", "tomas"),
    ("payment", "4.1.7", "Log the acquirer's reference", "mira"),
    ("auth", "2.8.1", "Rotate signing keys every week", "tomas"),
    ("inventory", "1.9.0", "Reserve stock per warehouse", "ana"),
    ("user", "2.0.9", "Case-insensitive mail addresses", "jon"),
    ("order", "7.0.3", "Number orders without gaps", "jon"),
    ("cart", "5.5.0", "Merge carts at login", "lea"),
    ("search", "7.6.9", "Fold accents in queries", "lea"),
    ("shipping", "1.4.1", "Quote couriers in parallel", "ana"),
    ("review", "1.1.8", "Hold reviews with links", "mira"),
    ("recommendation", "9.0.1", "Drop what was just bought", "ana"),
    ("gateway", "3.6.1", "Retry idempotent requests once", "tomas"),
];

/// From the beginning of a run until its version is in staging, in minutes.
const DEPLOYED: f64 = 9.0;

/// The number of the newest of these runs in the monorepo and in `acme/media`; each older one has one less.
const NEWEST: [(&str, u64); 2] = [("acme/shop", 863), ("acme/media", 61)];

impl World {
    /// The runs of what has settled, oldest first.
    pub(super) fn history(&self) -> Vec<Script> {
        let mut scripts: Vec<Script> = SETTLED.iter().filter_map(|row| self.settled(row)).collect();
        scripts.sort_by(|a, b| a.created.total_cmp(&b.created));
        for (repository, newest) in NEWEST {
            for (back, script) in (0..).zip(scripts.iter_mut().rev().filter(|script| script.repository == repository)) {
                script.number = newest - back;
            }
        }
        scripts
    }

    fn settled(
        &self,
        (name, version, title, actor): &(&'static str, &'static str, &'static str, &'static str),
    ) -> Option<Script> {
        let service = catalogue::find(name)?;
        let runs = |environment: &Environment| service.version(*environment) == *version;
        let created = match Environment::ALL.iter().find(|environment| runs(environment)) {
            Some(environment) => self.arrived(service, *environment),
            // Only the idle side of a blue-green pair still runs it.
            None => self.arrived(service, Environment::Production) - workload::PREDECESSOR,
        } - DEPLOYED;
        let script = shop(0, name, version, title, actor, created);
        let (repository, workflow) = (service.repository(), service.workflow());
        let own = Script { repository, workflow, name: "deploy", jobs: OWN, ..script };
        Some(if repository == "acme/shop" { script } else { own })
    }
}
