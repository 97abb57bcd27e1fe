//! The ways back of a service: which there are, and in which order they are offered.

use super::{Planned, Question, Told, plan, scene::Scene, verb};
use crate::{
    action::{Action, Target, Verb},
    domain::{Exit, Refusal, SafeText, Snapshot},
};

/// How many earlier versions are offered beside the last known good one.
const MORE: usize = 5;

/// The ways back for a target, least harm first: what stops a rollout under way; the last known good version, by the same
/// rule as a roll back that names none; then, by name, the other versions that could be gone back to, those that somebody
/// went back from at the end. That the last known good one cannot be had is told by its refusal.
pub fn ways(target: &Target, s: &Snapshot, told: &Told) -> Vec<Action> {
    let back = |to: Option<SafeText>| Action::Rollback { target: target.clone(), to, accept_unsafe: vec![] };
    let asks = |action: &Action| asked(plan(action, s, told, &[]));
    let abort = Verb::Abort.on(target.clone());
    let mut out = if asks(&abort).is_ok() { vec![abort] } else { vec![] };
    let last = back(None);
    let first = asks(&last);
    out.push(last.clone());
    // The last known good one of each, whichever that is; another one has a name of its own in every service.
    if !target.also.is_empty() {
        return out;
    }
    let Ok(scene) = Scene::set(&last, s, told) else { return out };
    let most = out.len() + MORE;
    let (mut seen, refused) = match first {
        Ok(asked) => (vec![asked], None),
        Err(refusal) => (vec![], Some(refusal.why)),
    };
    for r in verb::earlier(&scene) {
        // By its tag where that says enough, else by what tells it from others.
        let tag = r.version.tag.clone();
        let names = [Some(tag.clone()), r.version.digest.as_ref().map(|d| d.as_str().into()), Some((*r.uid).into())];
        let known = names.into_iter().flatten().find_map(|name| {
            let action = back(Some(name));
            Some((asks(&action).ok()?, action))
        });
        let action = match known {
            Some((asked, _)) if seen.contains(&asked) => continue,
            Some((asked, action)) => {
                seen.push(asked);
                action
            }
            None => {
                let action = back(Some(tag));
                match asks(&action) {
                    // Why is told, and once where it is the same for all.
                    Err(why) if why.exit != Exit::Done && Some(&why.why) != refused.as_ref() => action,
                    _ => continue,
                }
            }
        };
        if !out.contains(&action) {
            out.push(action);
        }
    }
    out.truncate(most);
    out
}

/// What an action asks of which objects, or why it cannot be done.
fn asked(planned: Result<Planned, Refusal>) -> Result<Vec<Question>, Refusal> {
    Ok(match planned? {
        Planned::Need(questions) => questions.into_iter().filter(|q| matches!(q, Question::Object { .. })).collect(),
        // Nothing is planned without a look at an object.
        Planned::Plan(_) => vec![],
    })
}
