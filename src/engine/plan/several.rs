//! One plan for several services: each is planned as if it were alone, and the parts are joined to one consent and one
//! operation.

use std::collections::BTreeSet;

use super::{Answer, Blast, Consent, Driving, Gate, Plan, Planned, Preflight, Question, Safety, Told, alone, scene};
use crate::{
    action::{Action, Verb},
    domain::{Exit, Policy, Refusal, SafeText, ServiceName, Snapshot},
};

/// Plans an action for several services. Where it goes forward, one of which it cannot be done stops it for all; going
/// back leaves such a one as it is, and says so.
pub(super) fn plan(action: &Action, s: &Snapshot, told: &Told, answers: &[Answer]) -> Result<Planned, Refusal> {
    let target = action.target();
    let mut names = BTreeSet::new();
    if let Some(twice) = target.services().find(|name| !names.insert(*name)) {
        return Err(Refusal::new(format!("{twice} is named twice")).exit(Exit::Usage));
    }
    let back = Verb::from(action).goes_back();
    let mut need: Vec<Question> = vec![];
    let mut parts: Vec<Plan> = vec![];
    let mut left: Vec<(&ServiceName, Refusal)> = vec![];
    for service in target.services() {
        match alone(&action.aimed(service.clone(), vec![]), s, told, answers) {
            Ok(Planned::Plan(part)) => parts.push(*part),
            Ok(Planned::Need(questions)) => {
                let new: Vec<Question> = questions.into_iter().filter(|q| !need.contains(q)).collect();
                need.extend(new);
            }
            Err(refusal) if refusal.exit == Exit::Done => left.push((service, refusal)),
            Err(refusal) if back && !matches!(refusal.exit, Exit::Usage | Exit::Changed) => left.push((service, refusal)),
            Err(refusal) => return Err(Refusal { why: of(service, &refusal.why), ..refusal }),
        }
    }
    if !need.is_empty() {
        return Ok(Planned::Need(need));
    }
    if parts.is_empty() {
        return Err(nothing(left));
    }
    let policy = s.topology.environment(&target.env).map(|e| e.policy);
    Ok(Planned::Plan(Box::new(join(action, parts, &left, policy))))
}

/// That there is nothing to do for any of them: the first reason that is more than "done already" decides.
fn nothing(left: Vec<(&ServiceName, Refusal)>) -> Refusal {
    let same = left.windows(2).all(|two| two[0].1.why == two[1].1.why);
    let each = left.iter().take(if same { 1 } else { left.len() });
    let say = |(service, refusal): &(&ServiceName, Refusal)| if same { refusal.why.clone() } else { of(service, &refusal.why) };
    let all: Vec<String> = each.map(|one| say(one).to_string()).collect();
    let mut refusals = left.into_iter().map(|(_, refusal)| refusal);
    let first = refusals.next().unwrap_or_else(|| Refusal::new("no service is named"));
    let worst = if first.exit == Exit::Done { refusals.find(|r| r.exit != Exit::Done).unwrap_or(first) } else { first };
    Refusal { why: SafeText::clean(&all.join("; ")), ..worst }
}

/// Words about a service, under its name.
fn of(service: &ServiceName, words: &SafeText) -> SafeText {
    let named = words.as_str().strip_prefix(service.as_str()).is_some_and(|rest| rest.starts_with([' ', ':']));
    if named { words.clone() } else { SafeText::clean(&format!("{service}: {words}")) }
}

/// The words of all parts: once where they are the same, else each under the name of its service.
fn words(parts: &[Plan], text: fn(&Plan) -> &SafeText) -> SafeText {
    let first = text(&parts[0]);
    if parts.iter().all(|part| text(part) == first) {
        return first.clone();
    }
    let all: Vec<String> = parts.iter().map(|part| of(service(part), text(part)).to_string()).collect();
    SafeText::clean(&all.join("; "))
}

/// The same for lists of words.
fn lists(parts: &[Plan], list: fn(&Plan) -> &Vec<SafeText>) -> Vec<SafeText> {
    let mut out: Vec<SafeText> = vec![];
    for part in parts {
        for text in list(part) {
            let same = parts.iter().all(|other| list(other).contains(text));
            let text = if same { text.clone() } else { of(service(part), text) };
            if !out.contains(&text) {
                out.push(text);
            }
        }
    }
    out
}

fn service(part: &Plan) -> &ServiceName {
    &part.action.target().service
}

/// Takes the items of a list out of all parts, in order.
fn all<T>(parts: &mut [Plan], list: fn(&mut Plan) -> &mut Vec<T>) -> Vec<T> {
    parts.iter_mut().flat_map(|part| std::mem::take(list(part))).collect()
}

/// Joins parts, of which there is at least one, to the plan of an action that leaves these services as they are.
fn join(action: &Action, mut parts: Vec<Plan>, left: &[(&ServiceName, Refusal)], policy: Option<Policy>) -> Plan {
    let many = parts.len();
    let back = parts.iter().all(|p| p.back);
    let mut because = lists(&parts, |p| &p.because);
    let mut consent = parts.iter().map(|p| p.consent).max().unwrap_or(Consent::TypeName);
    if many > 1 && !back && policy != Some(Policy::Open) {
        because.push(format!("{many} services under one consent").into());
        consent = Consent::TypeName;
    }
    let (done, undone): (Vec<_>, Vec<_>) = left.iter().partition(|(_, refusal)| refusal.exit == Exit::Done);
    let mut notes = lists(&parts, |p| &p.notes);
    notes.extend(done.into_iter().map(|(service, refusal)| of(service, &refusal.why)));
    let mut left_out = lists(&parts, |p| &p.left_out);
    left_out.extend(undone.into_iter().map(|(service, refusal)| scene::left_out(service, refusal.why.as_str())));
    let mut gates: Vec<Gate> = vec![];
    for gate in all(&mut parts, |p| &mut p.gates) {
        if !gates.contains(&gate) {
            gates.push(gate);
        }
    }
    gates.sort_by_key(|g| std::cmp::Reverse(g.verdict));
    for part in &mut parts {
        let name = service(part).clone();
        part.preflights.iter_mut().for_each(|p: &mut Preflight| p.name = of(&name, &p.name));
    }
    let mut preflights = all(&mut parts, |p| &mut p.preflights);
    preflights.sort_by_key(|p| std::cmp::Reverse(p.safety));
    let (from, to) = (words(&parts, |p| &p.from), words(&parts, |p| &p.to));
    let (owner, inverse) = (words(&parts, |p| &p.owner), words(&parts, |p| &p.inverse));
    let not_reverted = words(&parts, |p| &p.not_reverted);
    let undo = undo(&parts);
    let moves = all(&mut parts, |p| &mut p.moves);
    let driving = driving(all(&mut parts, |p| &mut p.driving));
    let clusters: Vec<&str> = driving.iter().map(|d| d.cluster.as_str()).collect();
    let blast = Blast {
        rps: parts.iter().map(|p| p.blast.rps).sum(),
        pods: parts.iter().map(|p| p.blast.pods).sum(),
        clusters: clusters.len(),
    };
    let target = action.target();
    let place = format!("{} · {}", target.env, clusters.join(" ")).into();
    Plan {
        title: format!("{} {}", action.name().to_uppercase(), target.names()).into(),
        place,
        back,
        one_by_one: parts.iter().any(|p| p.one_by_one),
        from,
        to,
        driving,
        gates,
        safety: parts.iter().map(|p| p.safety).max().unwrap_or(Safety::Unknown),
        preflights,
        left_out,
        notes,
        blast,
        owner,
        inverse,
        undo,
        not_reverted,
        consent,
        because,
        rejects: all(&mut parts, |p| &mut p.rejects),
        expires: parts.iter().map(|p| p.expires).min().unwrap_or_default(),
        deadline: parts.iter().map(|p| p.deadline).max().unwrap_or_default(),
        watch: parts.iter().map(|p| p.watch).max().unwrap_or_default(),
        moves,
        action: action.clone(),
        id: parts.swap_remove(0).id,
    }
}

/// Each cluster once, with all that is driven there.
fn driving(all: Vec<Driving>) -> Vec<Driving> {
    let mut out: Vec<Driving> = vec![];
    for d in all {
        match out.iter_mut().find(|known| known.cluster == d.cluster) {
            Some(known) => known.wheels.extend(d.wheels),
            None => out.push(d),
        }
    }
    out
}

/// What undoes them all, one command for those that are undone alike; nothing where one of them has no such command.
pub(super) fn undo(parts: &[Plan]) -> Vec<Action> {
    let mut out: Vec<Action> = vec![];
    for part in parts {
        if part.undo.is_empty() {
            return vec![];
        }
        for action in &part.undo {
            let service = &action.target().service;
            match out.iter_mut().find(|known| known.aimed(service.clone(), vec![]) == *action) {
                Some(known) => {
                    let first = known.target().service.clone();
                    let also = known.target().also.iter().chain([service]).cloned().collect();
                    *known = known.aimed(first, also);
                }
                None => out.push(action.clone()),
            }
        }
    }
    out
}
