//! What was seen last, kept for `status --short`: one tiny file in the state directory, replaced whole.

use std::{path::PathBuf, time::Duration};

use super::{World, world};
use crate::{
    cli::{Colour, Global},
    config::replace_lightly,
    domain::{EnvironmentName, Exit, Snapshot},
    engine::clock::Clock,
    headless::{Brief, Printer, ShortArgs, short as print},
    provider::role::Timer as _,
};

/// The time between two writes of a cockpit.
pub const EVERY: Duration = Duration::from_secs(3);

/// The file.
fn file(global: &Global) -> Option<PathBuf> {
    world::state_dir(global).map(|d| d.join("last.json"))
}

/// The file that `world` keeps its last snapshot in. The embedded world has none, unless a state directory is named.
pub fn of(world: &World, global: &Global) -> Option<PathBuf> {
    (world.demo.is_none() || global.state_dir.is_some()).then(|| file(global)).flatten()
}

/// Keeps what a snapshot says. One that knows nothing yet is not kept, and a full disk costs the prompt its line and
/// nothing else.
pub fn keep(file: Option<&PathBuf>, s: &Snapshot) {
    if let (Some(file), true) = (file, s.settled)
        && let Ok(text) = serde_json::to_string(&Brief::of(s))
    {
        replace_lightly(file, &text).ok();
    }
}

/// `gonogo status --short`: no engine, no network, no runtime.
pub fn short(global: &Global, environment: Option<&EnvironmentName>, printer: &mut Printer) -> std::io::Result<Exit> {
    let brief = file(global).and_then(|f| Brief::read(&f));
    // What was seen of another environment says nothing of this one.
    let brief = brief.filter(|b| environment.is_none_or(|e| b.environment.as_deref() == Some(e.as_str())));
    print(brief.as_ref(), Clock::real().now(), args(global), printer)
}

/// How the line is drawn.
pub fn args(global: &Global) -> ShortArgs {
    ShortArgs { ascii: global.ascii, colour: global.color == Colour::Always }
}
