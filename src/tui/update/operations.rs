//! What is under way: news of it, its end, and who is told.

use super::say;
use crate::{
    domain::{SafeText, Verdict, Waiting, WaitingFor, inbox},
    tui::{
        effect::Effect,
        model::{Flash, Model, News, Operation, Overlay},
    },
};

/// How many that have ended are kept.
const KEPT: usize = 50;

/// News of an operation. Its end is said, and told to a person who does not look.
pub fn progress(m: &mut Model, news: News) -> Vec<Effect> {
    let now = m.now;
    let at = if let Some(at) = place(m, &news) {
        at
    } else {
        let Ok(progress) = &news.stands else { return vec![] };
        m.operations.push(Operation {
            plan: None,
            title: progress.title.clone(),
            actor: "an earlier start".into(),
            undo: SafeText::clean(""),
            began: progress.began,
            refused: None,
            progress: None,
        });
        // What was left open is shown first.
        if !progress.ended() && m.overlays.is_empty() {
            m.overlays.push(Overlay::Operations(0));
        }
        m.operations.len() - 1
    };
    let known = &mut m.operations[at];
    let ended_before = known.ended();
    match news.stands {
        Ok(progress) => known.progress = Some(progress),
        Err(refusal) => known.refused = Some((now, refusal.why)),
    }
    let (title, words, ended, trouble) = (known.title.clone(), known.words(), known.ended(), known.trouble());
    let mut surplus = m.operations.len().saturating_sub(KEPT);
    m.operations.retain(|o| {
        let drop = surplus > 0 && o.ended();
        surplus -= usize::from(drop);
        !drop
    });
    if ended_before || !ended {
        return vec![];
    }
    if m.under_way().next().is_none() {
        m.overlays.retain(|o| !matches!(o, Overlay::Leaving));
    }
    let words = format!("{title}: {words}");
    if trouble {
        // Trouble stays until the next key.
        m.flash = Some(Flash { text: words.clone().into(), until: None });
    } else {
        say(m, words.clone());
    }
    notify(m, words)
}

/// Where an operation stands in the list.
fn place(m: &Model, news: &News) -> Option<usize> {
    let op = news.stands.as_ref().ok().map(|p| &p.op);
    m.operations.iter().position(|o| match news.plan {
        Some(plan) => o.plan == Some(plan),
        None => o.progress.as_ref().map(|p| &p.op) == op && op.is_some(),
    })
}

/// The verdict is another one than was told last. What is read for the first time is no change.
pub fn verdict(m: &mut Model) -> Vec<Effect> {
    let world = std::sync::Arc::clone(m.newest());
    if !world.settled {
        return vec![];
    }
    let verdict: Verdict = world.verdict.verdict;
    match m.told.replace(verdict) {
        Some(before) if before != verdict => notify(m, format!("{verdict}: {}", world.verdict.sentence)),
        _ => vec![],
    }
}

/// What waits for the person and did not before. What is read for the first time is no news, and what a source in trouble
/// hides for a while is none when it comes back.
pub fn needed(m: &mut Model) -> Vec<Effect> {
    let world = std::sync::Arc::clone(m.newest());
    if !world.settled {
        return vec![];
    }
    // The same wait in another cluster, or since another moment, is the same question.
    let bare = |w: Waiting| Waiting { clusters: vec![], since: None, commands: vec![], ..w };
    let now: Vec<Waiting> = inbox(&world).into_iter().filter(|w| w.kind != WaitingFor::Unclear).map(bare).collect();
    let Some(called) = &mut m.called else {
        m.called = Some(now);
        return vec![];
    };
    if world.troubles().is_empty() {
        called.retain(|known| now.contains(known));
    }
    let new: Vec<Waiting> = now.into_iter().filter(|w| !called.contains(w)).collect();
    called.extend(new.iter().cloned());
    let Some(first) = new.first() else { return vec![] };
    let names: Vec<&str> = first.services.iter().map(crate::domain::ServiceName::as_str).collect();
    let place = first.environment.as_ref().map(|e| format!(" in {e}")).unwrap_or_default();
    let more = if new.len() > 1 { format!("; and {} more", new.len() - 1) } else { String::new() };
    notify(m, format!("needs you: {}{place}: {}: {}{more}", names.join(", "), first.kind.words(), first.what))
}

fn notify(m: &Model, words: String) -> Vec<Effect> {
    if m.watched { vec![] } else { vec![Effect::Notify(words.into())] }
}

#[cfg(test)]
mod tests;
