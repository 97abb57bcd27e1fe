//! The inbox: a list of what waits, and the way to each.

use super::{say, screen};
use crate::{
    domain::{RunKey, Waiting, inbox},
    tui::{
        effect::Effect,
        model::{Model, Overlay, Pane},
    },
};

/// What waits, on the newest picture: a still one may hide an answer that was given meanwhile.
pub fn waiting(m: &Model) -> Vec<Waiting> {
    let snapshot = m.still.as_ref().map_or(&m.snapshot, |(_, newest)| newest);
    inbox(snapshot)
}

/// Enter: goes to what waits.
pub fn jump(m: &mut Model, at: usize) -> Vec<Effect> {
    let Some(w) = waiting(m).into_iter().nth(at) else { return vec![] };
    m.overlays.retain(|o| !matches!(o, Overlay::Inbox(_) | Overlay::Logs(_)));
    m.filter.text.clear();
    if let Some(service) = w.services.first() {
        let row = m.service_rows().iter().position(|row| row.name == *service);
        if let Some(row) = row {
            screen::pick(m, Pane::Services, row);
        }
    }
    match &w.run {
        Some(run) => {
            let keys: Vec<RunKey> = m.run_rows().iter().map(|r| r.key.clone()).collect();
            match keys.iter().position(|key| key == run) {
                Some(row) => screen::pick(m, Pane::Runs, row),
                None => say(m, "the run is not among those that are shown"),
            }
            screen::focus(m, Pane::Runs);
        }
        None => screen::focus(m, Pane::Canary),
    }
    vec![]
}

/// `y`: the commands that answer it.
pub fn copy(m: &mut Model, at: usize) -> Vec<Effect> {
    let Some(w) = waiting(m).into_iter().nth(at) else { return vec![] };
    say(m, "the commands are in the clipboard");
    vec![Effect::Copy(w.commands)]
}
