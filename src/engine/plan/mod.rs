//! Every guard, in one pure function: an [`Action`] and a snapshot become a [`Plan`], a [`Refusal`], or the questions
//! that must be answered first.
//!
//! ```text
//! scene     the action, the world, ways to look at it            verb/*    what a verb makes of it: Intent
//! gates     what speaks against going forward                    consent   which tier, and why
//! preflight what a template needs and promises                   describe  where, who drives, what it can hit
//! several   one plan for several services                        checked   Plan: what is consented to and applied
//! ask       puts the questions to the roles                      ways      which ways back there are, the best first
//! ```
//!
//! Only [`plan`] makes a `Plan`, and only a `Plan` can be applied, so no front can skip a guard.

mod ask;
mod builds;
mod checked;
mod consent;
mod describe;
mod gates;
mod intent;
mod preflight;
mod question;
mod reason;
mod scene;
mod several;
mod verb;
mod ways;

pub use checked::{Blast, Driving, Gate, Move, Plan, Preflight, Safety, Wheel};
pub use consent::Consent;
pub use question::{Answer, Guard, Kept, Looked, Question, Rejected, Said, Told};
pub use reason::{advice, reasons};
pub use ways::ways;

use self::{
    intent::{Ask, Intent},
    scene::Scene,
};
use crate::{
    action::{Action, Direction},
    domain::{ChangeTarget, ClusterName, Exit, Identity, ObjectKey, Problem, Refusal, SafeText, Settled, Snapshot, lease_of},
};

/// What came of planning.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// Ready to be shown.
    Plan(Box<Plan>),
    /// Ask these first, then plan again.
    Need(Vec<Question>),
}

/// Plans an action. Pure.
pub fn plan(action: &Action, s: &Snapshot, told: &Told, answers: &[Answer]) -> Result<Planned, Refusal> {
    let one = action.target().also.is_empty();
    let mut planned = if one { alone(action, s, told, answers)? } else { several::plan(action, s, told, answers)? };
    if let Planned::Plan(plan) = &mut planned {
        plan.action = accepted(action, &plan.preflights, told)?;
    }
    Ok(planned)
}

/// Plans an action for one service. What breaks by it is not accepted by name yet.
fn alone(action: &Action, s: &Snapshot, told: &Told, answers: &[Answer]) -> Result<Planned, Refusal> {
    let mut scene = Scene::set(action, s, told)?;
    let mut intent = verb::intent(&scene)?;
    let back = intent.direction == Direction::Back;
    if intent.asks.is_empty() {
        return Err(scene.nothing(Refusal::new(intent.already).exit(Exit::Done)));
    }
    // Before anything is asked of a cluster.
    let gates = gates::gates(&scene, intent.direction)?;
    let questions = questions(&scene, &intent);
    let need: Vec<Question> = questions.into_iter().filter(|q| !answers.iter().any(|a| a.question == *q)).collect();
    if !need.is_empty() {
        return Ok(Planned::Need(need));
    }
    let said = |question: &Question| answers.iter().find(|a| a.question == *question).map(|a| &a.said);
    let mut moves = vec![];
    let mut gone = vec![];
    for Ask { target, change } in &intent.asks {
        let question = Question::Object { target: target.clone(), change: change.clone() };
        match said(&question) {
            Some(Ok(Said::Object(looked))) => moves.extend(accept(target, change, looked)?),
            // What cannot be reached now does not keep the others from going back.
            Some(Err(problem)) if back && !problem.refused() => gone.push((target, problem)),
            Some(Err(problem)) => return Err(unread(target, problem)),
            _ => {}
        }
    }
    if let Some((target, problem)) = gone.first()
        && moves.is_empty()
    {
        return Err(unread(target, problem));
    }
    scene.left_out.extend(gone.iter().map(|(target, problem)| scene::left_out(&target.cluster, problem.what.as_str())));
    if moves.is_empty() {
        return Err(Refusal::new(format!("{} already", intent.already.trim_end_matches(" already"))).exit(Exit::Done));
    }
    let mut driving: Vec<Driving> = vec![];
    for cluster in moves.iter().map(|m| &m.target.cluster) {
        if driving.iter().all(|d| d.cluster != *cluster) {
            let lease = leases(&scene, &intent).into_iter().find(|(c, _)| c == cluster).map(|(_, lease)| lease);
            let driver = lease.as_ref().and_then(|l| said(&Question::Driver { cluster: cluster.clone(), lease: l.clone() }));
            // Who may not read it is told nothing: the wheel is a word to others and no guard.
            let driver = driver.and_then(|d| if let Ok(Said::Driver(d)) = d { d.clone() } else { None });
            let wheels = lease.map(|lease| Wheel { lease, driver }).into_iter().collect();
            driving.push(Driving { wheels, ..drives(cluster, said(&Question::Identity(cluster.clone())), back)? });
        }
    }
    for (target, of) in std::mem::take(&mut intent.templates) {
        if moves.iter().any(|m| m.target == target) {
            let facts = match said(&Question::Template { target: target.clone(), of: of.clone() }) {
                Some(Ok(Said::Template(facts))) => Ok(facts),
                Some(Err(problem)) => Err(problem),
                _ => continue,
            };
            preflight::add(&mut intent.preflights, preflight::lines(&target, &of, back, facts));
        }
    }
    Ok(Planned::Plan(Box::new(describe::describe(&scene, intent, moves, driving, gates))))
}

/// That an object cannot be read.
fn unread(target: &ChangeTarget, problem: &Problem) -> Refusal {
    Refusal::new(format!("{target}: {problem}")).exit(problem.exit())
}

/// Everything that must be asked for an intent.
fn questions(scene: &Scene<'_>, intent: &Intent) -> Vec<Question> {
    let mut out: Vec<Question> = vec![];
    for Ask { target, change } in &intent.asks {
        out.push(Question::Object { target: target.clone(), change: change.clone() });
    }
    for Ask { target, .. } in &intent.asks {
        let identity = Question::Identity(target.cluster.clone());
        if !out.contains(&identity) {
            out.push(identity);
        }
    }
    out.extend(leases(scene, intent).into_iter().map(|(cluster, lease)| Question::Driver { cluster, lease }));
    out.extend(intent.templates.iter().map(|(target, of)| Question::Template { target: target.clone(), of: of.clone() }));
    out
}

/// The Leases that say who drives: one per cluster.
fn leases(scene: &Scene<'_>, intent: &Intent) -> Vec<(ClusterName, ObjectKey)> {
    let mut out: Vec<(ClusterName, ObjectKey)> = vec![];
    for Ask { target, .. } in &intent.asks {
        if out.iter().all(|(cluster, _)| *cluster != target.cluster)
            && let Ok(lease) = lease_of(&target.key.namespace, &scene.service.name, &scene.environment.name)
        {
            out.push((target.cluster.clone(), lease));
        }
    }
    out
}

/// One object's part, unless it shows the wanted state already; or why it cannot be done.
fn accept(target: &ChangeTarget, change: &crate::domain::Change, looked: &Looked) -> Result<Option<Move>, Refusal> {
    if looked.settled == Settled::Reached {
        return Ok(None);
    }
    verb::allowed(target, change, looked)?;
    // What only takes exposure back is shown even when a dry run cannot be had; what the server refuses is refused.
    if let Err(problem) = &looked.dry_run
        && matches!(problem.exit(), Exit::Failed | Exit::Changed)
    {
        return Err(Refusal::new(format!("{target}: the server refuses it: {problem}")).exit(problem.exit()));
    }
    Ok(Some(Move {
        target: target.clone(),
        change: change.clone(),
        seen: looked.seen.clone(),
        requests: looked.requests.clone(),
    }))
}

/// Who drives on a cluster. Going forward under an unknown name is refused; going back waits for nobody.
fn drives(cluster: &ClusterName, said: Option<&Result<Said, Problem>>, back: bool) -> Result<Driving, Refusal> {
    let of = |identity: Option<Identity>, problem| Driving { cluster: cluster.clone(), identity, problem, wheels: vec![] };
    match said {
        Some(Ok(Said::Identity(identity))) => Ok(of(Some(identity.clone()), None)),
        Some(Err(problem)) if back => Ok(of(None, Some(problem.clone()))),
        Some(Err(problem)) => Err(Refusal::new(format!("who we are on {cluster} is not known: {problem}")).exit(problem.exit())),
        _ => Ok(of(None, None)),
    }
}

/// The action with everything by name that breaks by going back: accepted already, or by the consent that is asked for.
fn accepted(action: &Action, preflights: &[Preflight], told: &Told) -> Result<Action, Refusal> {
    let Action::Rollback { target, to, accept_unsafe } = action else { return Ok(action.clone()) };
    let mut broken: Vec<&SafeText> = preflights.iter().filter_map(|p| p.contract.as_ref()).collect();
    broken.sort();
    broken.dedup();
    let left: Vec<&SafeText> = broken.iter().filter(|c| !accept_unsafe.contains(c)).copied().collect();
    let Some(first) = left.first() else { return Ok(action.clone()) };
    let why = preflights.iter().find(|p| p.contract.as_ref() == Some(first)).map(Preflight::words);
    let mut all = accept_unsafe.clone();
    all.extend(left.iter().map(|c| (*c).clone()));
    let anyway = Action::Rollback { target: target.clone(), to: to.clone(), accept_unsafe: all };
    if told.guard.names_unsafe {
        return Ok(anyway);
    }
    Err(Refusal::new(format!("going back is unsafe: {}", why.unwrap_or_default()))
        .hint(format!("fix forward; or, where the damage is the lesser evil: {}", anyway.command_line())))
}

#[cfg(test)]
mod tests;
