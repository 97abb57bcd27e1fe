//! Plans in files: `--save-plan FILE` and `apply FILE`. What is kept is what was asked for and the hash of what it was
//! bound to; the plan itself is made anew, and must come to the same.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    action::Action,
    domain::{Exit, OpId, Refusal, SafeText},
    engine::{
        Engine,
        journal::Hash,
        plan::{Guard, Plan},
    },
    provider::role::Timer as _,
};

/// The name and version of the shape.
const SCHEMA: &str = "gonogo/v1/saved-plan";

/// A plan in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    schema: String,
    /// The id of the operation that it becomes: it becomes one once.
    id: OpId,
    /// When it was made.
    at: Timestamp,
    /// Until when it can be applied.
    expires: Timestamp,
    /// The words of the command line.
    command: Vec<String>,
    /// The hash of what it is bound to: objects as they were seen, clusters as they name themselves.
    hash: Hash,
    /// For people.
    place: SafeText,
    /// For people.
    from: SafeText,
    /// For people.
    to: SafeText,
}

impl Saved {
    /// What is kept of a plan.
    pub fn of(plan: &Plan, at: Timestamp) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: plan.id().clone(),
            at,
            expires: plan.expires(),
            command: plan.action().to_argv(),
            hash: plan.hash(),
            place: plan.place().clone(),
            from: plan.from().clone(),
            to: plan.to().clone(),
        }
    }

    /// Writes it, for its owner alone.
    pub fn write(&self, file: &Path) -> Result<(), Refusal> {
        let wrong = |e: &dyn std::fmt::Display| Refusal::new(format!("{}: {e}", file.display())).exit(Exit::Failed);
        let text = serde_json::to_string_pretty(self).map_err(|e| wrong(&e))?;
        let mut out =
            fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(file).map_err(|e| wrong(&e))?;
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.sync_all()).map_err(|e| wrong(&e))
    }

    /// Reads one.
    pub fn read(file: &Path) -> Result<Self, Refusal> {
        let wrong = |e: &dyn std::fmt::Display| Refusal::new(format!("{}: {e}", file.display())).exit(Exit::Usage);
        let text = fs::read_to_string(file).map_err(|e| wrong(&e))?;
        let saved: Self = serde_json::from_str(&text).map_err(|e| wrong(&format!("this is no saved plan: {e}")))?;
        if saved.schema == SCHEMA { Ok(saved) } else { Err(wrong(&format!("its shape is {}, not {SCHEMA}", saved.schema))) }
    }

    /// The action that it is for.
    pub fn action(&self) -> Result<Action, Refusal> {
        let none = |_| Refusal::new("the saved plan names no action that this version knows").exit(Exit::Usage);
        Action::parse(&self.command).map_err(none)
    }

    /// The same plan made anew; refused where it was applied before, has expired, or the world is another one by now.
    pub async fn again(&self, engine: &Engine, guard: Guard) -> Result<Plan, Refusal> {
        let now = engine.clock().now();
        if now >= self.expires {
            return Err(
                Refusal::new(format!("this plan expired at {}", self.expires)).hint("plan anew: the world may have changed")
            );
        }
        if engine.operation(self.id.as_str()).await?.is_some() {
            return Err(
                Refusal::new("this plan was applied before: a plan is applied once").hint(format!("gonogo op show {}", self.id))
            );
        }
        let changed = |what: String| Refusal::new(what).hint("plan anew, and look at the difference").exit(Exit::Changed);
        let plan = match engine.plan_as(&self.action()?, guard, self.id.clone()).await {
            // What is so already was not so when the plan was made.
            Err(refusal) if refusal.exit == Exit::Done => return Err(changed(format!("the world has changed: {}", refusal.why))),
            other => other?,
        };
        if plan.hash() == self.hash {
            return Ok(plan);
        }
        let differs = |name: &str, was: &SafeText, is: &SafeText| (was != is).then(|| format!("{name} was {was}, and is {is}"));
        let all = [
            differs("place", &self.place, plan.place()),
            differs("from", &self.from, plan.from()),
            differs("to", &self.to, plan.to()),
        ];
        let words: Vec<String> = all.into_iter().flatten().collect();
        let words =
            if words.is_empty() { "an object, a cluster or the user is another one".to_owned() } else { words.join("; ") };
        Err(changed(format!("this is not the world that the plan was made for: {words}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_for_its_owner_alone_and_what_is_none_is_a_usage_error() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plan.json");
        let at = Timestamp::UNIX_EPOCH;
        let saved = Saved {
            schema: SCHEMA.to_owned(),
            id: OpId::new(at, 1),
            at,
            expires: at,
            command: ["abort", "payment", "--env", "production"].map(str::to_owned).to_vec(),
            hash: Hash::of("x", b"y"),
            place: "p".into(),
            from: "f".into(),
            to: "t".into(),
        };
        saved.write(&file).expect("written");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        let read = Saved::read(&file).expect("read");
        assert_eq!((read.id, read.hash, read.command.len()), (saved.id, saved.hash, 4));
        fs::write(&file, "{\"schema\": \"other\"}").expect("written");
        assert_eq!(Saved::read(&file).unwrap_err().exit, Exit::Usage);
    }
}
