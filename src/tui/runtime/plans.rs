//! Plans: made by the engine, kept here under a number, shown in words. The model never holds a plan, so no key can
//! change one.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use crate::{
    action::{Action, Target},
    domain::{Policy, Refusal, SafeText, Snapshot},
    engine::{
        Engine,
        plan::{Driving, Guard, Plan, Safety},
    },
    tui::{
        message::Message,
        model::{Bound, Group, PlanCard, PlanRow, pictured},
    },
};

/// How many plans are kept for dialogs that may still be open.
const KEPT: usize = 32;

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be asked about.
    Ask,
    /// To be asked about again: the world has changed.
    Again,
    /// To be one of the ways back.
    Way,
}

/// What came of planning.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "moved once, from a future to the loop")]
pub enum Made {
    /// A plan, or why there is none.
    Plan(Purpose, Action, Result<Plan, Refusal>),
    /// The ways back for a target.
    Ways(Target, Vec<Action>),
}

/// A plan in the making.
pub type Planning<'a> = BoxFuture<'a, Made>;

/// Plans an action: asks what must be asked, changes nothing.
pub fn make(engine: &Engine, guard: Guard, purpose: Purpose, action: Action) -> Planning<'_> {
    Box::pin(async move {
        let planned = engine.plan(&action, guard).await;
        if let (Purpose::Ask, Err(refusal)) = (purpose, &planned) {
            engine.declined(&action, refusal).await;
        }
        Made::Plan(purpose, action, planned)
    })
}

/// Finds the ways back for a target; each of them is to be planned.
pub fn find_ways(engine: &Engine, guard: Guard, target: Target) -> Planning<'_> {
    Box::pin(async move {
        let ways = engine.ways(&target, guard).await;
        Made::Ways(target, ways)
    })
}

/// The plans that a dialog may ask for.
#[derive(Debug, Default)]
pub struct Plans {
    last: u64,
    kept: BTreeMap<u64, Plan>,
}

impl Plans {
    /// Keeps a plan and gives the news of it.
    pub fn keep(&mut self, made: Made, world: &Snapshot) -> Message {
        let (purpose, action, planned) = match made {
            Made::Plan(purpose, action, planned) => (purpose, action, planned),
            Made::Ways(target, ways) => return Message::Ways(target, ways),
        };
        let planned = planned.map(|plan| {
            self.last += 1;
            let card = card(&plan, self.last, world);
            self.kept.insert(self.last, plan);
            while self.kept.len() > KEPT {
                self.kept.pop_first();
            }
            Box::new(card)
        });
        match purpose {
            Purpose::Ask => Message::Planned(action, planned),
            Purpose::Again => Message::Replanned(action, planned),
            Purpose::Way => Message::Way(action, planned),
        }
    }

    /// Takes a plan out, to be carried out once.
    pub fn take(&mut self, id: u64) -> Option<Plan> {
        self.kept.remove(&id)
    }
}

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

/// A plan in the words of the dialog.
fn card(plan: &Plan, id: u64, world: &Snapshot) -> PlanCard {
    let target = plan.action().target();
    let row = |group, name, text: &dyn std::fmt::Display| PlanRow::new(group, name, text.to_string());
    let alarm = |group, name, text: String| PlanRow { alarm: true, ..row(group, name, &text) };
    let mut rows = vec![row(Group::What, "where", &plan.place())];
    // That it is done in part only is read before anything else.
    rows.extend(plan.left_out().iter().map(|words| alarm(Group::What, "partly", words.to_string())));
    rows.extend(plan.driving().iter().filter_map(|d| Some(row(Group::What, "cluster", &identity(d, brief)?))));
    rows.push(row(Group::What, "from", &plan.from()));
    rows.push(row(Group::What, "to", &plan.to()));
    for gate in plan.gates() {
        rows.push(alarm(Group::What, "gate", gate.to_string()));
    }
    for p in plan.preflights() {
        let says = format!("{}: {}, {}", p.name, p.safety, p.says);
        rows.push(PlanRow { alarm: p.safety == Safety::Unsafe, ..row(Group::What, "check", &says) });
    }
    for why in plan.because() {
        rows.push(row(Group::What, "because", &why));
    }
    if plan.blast().pods > 0 {
        rows.push(row(Group::What, "hits", plan.blast()));
    }
    for note in plan.notes() {
        rows.push(row(Group::What, "note", &note));
    }
    // In short what is sent where; word for word below, for those who scroll.
    let mut sends: Vec<(String, Vec<&str>)> = vec![];
    for (m, r) in plan.moves().iter().flat_map(|m| m.requests.iter().map(move |r| (m, r))) {
        let what = format!("{} {}", r.verb, short(r.path.as_str()));
        match sends.iter_mut().find(|(known, _)| *known == what) {
            Some((_, clusters)) => clusters.push(m.target.cluster.as_str()),
            None => sends.push((what, vec![m.target.cluster.as_str()])),
        }
    }
    for (at, (what, clusters)) in sends.iter().enumerate() {
        let name = if at == 0 { "sends" } else { "" };
        rows.push(row(Group::How, name, &format!("{what} on {}", clusters.join(" and "))));
    }
    let guards: Vec<String> = plan
        .moves()
        .iter()
        .map(|m| {
            let step = m.seen.rollout.step.map(|s| format!(", step {}", s + 1)).unwrap_or_default();
            format!("{} version {}{step}", m.target.cluster, m.seen.resource_version)
        })
        .collect();
    rows.push(row(Group::How, "guard", &format!("{}: {}", plan.guarantee(), guards.join("; "))));
    rows.push(row(Group::How, "owner", &plan.owner()));
    rows.push(row(Group::How, "undo", &plan.inverse()));
    if let Some(undo) = plan.undo() {
        rows.push(row(Group::How, "", &undo));
    }
    rows.push(row(Group::How, "stays", &plan.not_reverted()));
    rows.push(row(Group::Same, "same as", &plan.command_line()));
    for r in plan.moves().iter().flat_map(|m| &m.requests) {
        rows.push(row(Group::Same, "by hand", &r.by_hand));
    }
    for d in plan.driving().iter().filter(|d| d.identity.is_some()) {
        rows.extend(identity(d, str::to_owned).map(|says| row(Group::Exactly, "cluster", &says)));
    }
    for (m, r) in plan.moves().iter().flat_map(|m| m.requests.iter().map(move |r| (m, r))) {
        rows.push(row(Group::Exactly, "exactly", &format!("{} {} {}", m.target.cluster, r.verb, r.path)));
        rows.push(row(Group::Exactly, "", &format!("{} {}", r.content_type, r.body)));
    }
    let bound = plan
        .moves()
        .iter()
        .map(|m| Bound {
            target: m.target.clone(),
            fingerprint: m.seen.fingerprint.clone(),
            pictured: pictured(world, &m.target),
        })
        .collect();
    let production = world.topology.environment(&target.env).is_none_or(|e| e.policy == Policy::Production);
    let user = plan.driving().iter().find_map(|d| d.identity.as_ref().map(|i| i.user.clone()));
    PlanCard {
        id,
        title: plan.title().clone(),
        tier: plan.consent().tier(),
        back: plan.back(),
        arms: production && !plan.back(),
        name: SafeText::clean(plan.confirm_name().as_str()),
        accepts: plan.accepts().into_iter().cloned().collect(),
        rows,
        bound,
        undo: plan.undo().unwrap_or(plan.inverse()).clone(),
        actor: user.unwrap_or_else(|| "you".into()),
        expires: Some(plan.expires()).filter(|at| *at > world.at),
        action: plan.action().clone(),
    }
}
