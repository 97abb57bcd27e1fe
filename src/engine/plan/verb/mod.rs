//! One file per verb: what it is for, which objects, which change, what undoes it, and when it is refused.

mod abort;
mod fill;
mod pause;
mod promote;
mod restart;
mod retire;
mod retry;
mod rollback;
mod step;
mod switch;

pub(super) use rollback::earlier;

use super::{intent::Intent, question::Looked, scene::Scene};
use crate::{
    action::Action,
    domain::{Change, ChangeTarget, Exit, ObjectKind, Refusal},
};

/// What the verb of an action makes of the world.
pub(super) fn intent(c: &Scene<'_>) -> Result<Intent, Refusal> {
    match c.action {
        Action::Promote { to, .. } => promote::intent(c, to.as_ref()),
        Action::Step { full, .. } => step::intent(c, *full),
        Action::Rollback { to, .. } => rollback::intent(c, to.as_ref()),
        Action::Abort(_) => abort::intent(c),
        Action::Pause(_) => pause::pause(c),
        Action::Resume(_) => pause::resume(c),
        Action::Retry(_) => retry::intent(c),
        Action::Restart(_) => restart::intent(c),
        Action::Fill { to, .. } => fill::intent(c, to.as_ref()),
        Action::Switch(_) => switch::intent(c),
        Action::Retire(_) => retire::intent(c),
    }
}

/// Whether what was seen of an object lets the change through, which was planned from an older picture.
pub(super) fn allowed(target: &ChangeTarget, change: &Change, looked: &Looked) -> Result<(), Refusal> {
    let seen = &looked.seen;
    let status = matches!(change, Change::Step { .. } | Change::Full { .. } | Change::Abort | Change::Retry);
    if target.kind == ObjectKind::Rollout && status && !seen.observed {
        // What is sent to its status before is answered 200 and lost.
        return Err(Refusal::new(format!("{target}: the controller is still taking note of a change"))
            .hint("try again in a moment")
            .exit(Exit::Hold));
    }
    let moved = |what: &str| Err(Refusal::new(format!("{target}: {what}")).hint("look again").exit(Exit::Changed));
    match change {
        Change::Step { revision, from, pause } => {
            let r = &seen.rollout;
            if r.current.as_ref() != Some(revision) {
                return moved("another revision is on its way by now");
            }
            if r.step != *from && from.is_some() || r.pause != *pause {
                return moved("it does not wait where it was seen any more");
            }
        }
        Change::Full { revision } if seen.rollout.current.as_ref() != Some(revision) => {
            return moved("another revision is on its way by now");
        }
        Change::Select { .. } if seen.behind == Some(0) => {
            return Err(Refusal::new(format!("{target}: no ready pod stands behind the other side: every request would fail"))
                .hint("gonogo fill brings its pods up"));
        }
        Change::Restart { .. } | Change::Template { .. } if seen.paused => {
            return Err(Refusal::new(format!("{target} is paused: no pod is replaced until it is resumed"))
                .hint("gonogo resume, then again"));
        }
        _ => {}
    }
    Ok(())
}
