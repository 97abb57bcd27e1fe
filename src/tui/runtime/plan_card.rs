//! A plan in the words of the dialog.

use std::fmt::Display;

use crate::{
    domain::{Policy, Request, SafeText, Snapshot},
    engine::plan::{Driving, Move, Plan, Preflight, Safety},
    tui::model::{Bound, Group, PlanCard, PlanRow, pictured},
};

/// The end of a path that says which object: `rollouts/payment/status`.
fn short(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    path.split_once("/namespaces/").and_then(|(_, rest)| rest.split_once('/')).map_or(path, |(_, object)| object)
}

/// A uid, short: its beginning tells clusters apart, and the whole stands further down.
fn brief(uid: &str) -> String {
    uid.get(..8).filter(|_| uid.len() > 12).map_or_else(|| uid.to_owned(), |head| format!("{head}…"))
}

/// What a cluster says of itself and of us.
fn identity(d: &Driving, uid: fn(&str) -> String) -> Option<String> {
    match (&d.identity, &d.problem) {
        (Some(i), _) => {
            // Its uid is its own word; an address is ours, and stands in where the uid may not be read.
            let is = i.uid.as_ref().map_or_else(|| i.server.to_string(), |id| format!("uid {}", uid(id.as_str())));
            Some(format!("{} is {is}, you are {}", d.cluster, i.user))
        }
        (None, Some(problem)) => Some(format!("{} does not say who it is: {problem}", d.cluster)),
        (None, None) => None,
    }
}

fn row(group: Group, name: &'static str, text: &dyn Display) -> PlanRow {
    PlanRow::new(group, name, text.to_string())
}

fn alarm(group: Group, name: &'static str, text: &dyn Display) -> PlanRow {
    PlanRow { alarm: true, ..row(group, name, text) }
}

/// Every request, with the object that it is for.
fn requests(plan: &Plan) -> impl Iterator<Item = (&Move, &Request)> {
    plan.moves().iter().flat_map(|m| m.requests.iter().map(move |r| (m, r)))
}

/// What becomes of what, and what speaks against it.
fn what(plan: &Plan) -> Vec<PlanRow> {
    let group = Group::What;
    let mut rows: Vec<PlanRow> = plan.services().map(|names| row(group, "for", &names)).into_iter().collect();
    rows.push(row(group, "where", &plan.place()));
    // That it is done in part only is read before anything else.
    rows.extend(plan.left_out().iter().map(|words| alarm(group, "partly", words)));
    rows.extend(plan.driving().iter().filter_map(|d| Some(row(group, "cluster", &identity(d, brief)?))));
    rows.extend([row(group, "from", &plan.from()), row(group, "to", &plan.to())]);
    rows.extend(plan.gates().iter().map(|gate| alarm(group, "gate", gate)));
    let check = |p: &Preflight| {
        let says = format!("{}: {}, {}", p.name, p.safety, p.words());
        PlanRow { alarm: p.safety == Safety::Unsafe, ..row(group, "check", &says) }
    };
    // What is in order is read last.
    let (fine, doubts): (Vec<_>, Vec<_>) = plan.preflights().iter().partition(|p| p.safety == Safety::Safe);
    rows.extend(doubts.into_iter().map(check));
    rows.extend(plan.because().iter().map(|why| row(group, "because", why)));
    if plan.blast().pods > 0 {
        rows.push(row(group, "hits", plan.blast()));
    }
    rows.extend(plan.notes().iter().map(|note| row(group, "note", note)));
    rows.extend(fine.into_iter().map(check));
    rows
}

/// How it is done, and what follows from it: in short what is sent where. Word for word it stands further down, for those
/// who scroll.
fn how(plan: &Plan) -> Vec<PlanRow> {
    let group = Group::How;
    let mut sends: Vec<(String, Vec<&str>)> = vec![];
    for (m, r) in requests(plan) {
        let what = format!("{} {}", r.verb, short(r.path.as_str()));
        match sends.iter_mut().find(|(known, _)| *known == what) {
            Some((_, clusters)) => clusters.push(m.target.cluster.as_str()),
            None => sends.push((what, vec![m.target.cluster.as_str()])),
        }
    }
    let mut rows: Vec<PlanRow> = vec![];
    for (what, clusters) in sends {
        let name = if rows.is_empty() { "sends" } else { "" };
        rows.push(row(group, name, &format!("{what} on {}", clusters.join(" and "))));
    }
    let several = plan.services().is_some();
    let guard = |m: &Move| {
        let name = if several { format!("{} ", m.target.key.name) } else { String::new() };
        let step = m.seen.rollout.step.map(|s| format!(", step {}", s + 1)).unwrap_or_default();
        format!("{name}{} version {}{step}", m.target.cluster, m.seen.resource_version)
    };
    let guards: Vec<String> = plan.moves().iter().map(guard).collect();
    rows.push(row(group, "guard", &format!("{}: {}", plan.guarantee(), guards.join("; "))));
    rows.push(row(group, "owner", &plan.owner()));
    rows.push(row(group, "undo", &plan.inverse()));
    rows.extend(plan.undo().map(|undo| row(group, "", &undo)));
    rows.push(row(group, "stays", &plan.not_reverted()));
    rows
}

/// The same for the command line, with and without gonogo, and then every request word for word.
fn exactly(plan: &Plan) -> Vec<PlanRow> {
    let mut rows = vec![row(Group::Same, "same as", &plan.command_line())];
    rows.extend(requests(plan).map(|(_, r)| row(Group::Same, "by hand", &r.by_hand)));
    let known = plan.driving().iter().filter(|d| d.identity.is_some());
    rows.extend(known.filter_map(|d| Some(row(Group::Exactly, "cluster", &identity(d, str::to_owned)?))));
    for (m, r) in requests(plan) {
        rows.push(row(Group::Exactly, "exactly", &format!("{} {} {}", m.target.cluster, r.verb, r.path)));
        rows.push(row(Group::Exactly, "", &format!("{} {}", r.content_type, r.body)));
    }
    rows
}

/// A plan in the words of the dialog, under the number `id`; what `world` shows of its objects is kept with it.
pub fn card(plan: &Plan, id: u64, world: &Snapshot) -> PlanCard {
    let bound = |m: &Move| Bound {
        target: m.target.clone(),
        fingerprint: m.seen.fingerprint.clone(),
        pictured: pictured(world, &m.target),
    };
    let environment = world.topology.environment(&plan.action().target().env);
    let production = environment.is_none_or(|e| e.policy == Policy::Production);
    let user = plan.driving().iter().find_map(|d| d.identity.as_ref().map(|i| i.user.clone()));
    PlanCard {
        id,
        title: plan.title().clone(),
        tier: plan.consent().tier(),
        back: plan.back(),
        arms: production && !plan.back(),
        name: SafeText::clean(plan.confirm_name()),
        accepts: plan.accepts().into_iter().cloned().collect(),
        rows: [what(plan), how(plan), exactly(plan)].concat(),
        bound: plan.moves().iter().map(bound).collect(),
        undo: plan.undo().unwrap_or_else(|| plan.inverse().clone()),
        actor: user.unwrap_or_else(|| "you".into()),
        expires: Some(plan.expires()).filter(|at| *at > world.at),
        action: plan.action().clone(),
    }
}
