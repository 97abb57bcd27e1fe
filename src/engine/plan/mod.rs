//! Every guard, in one pure function: an [`Action`] and a snapshot become a [`Plan`], a [`Refusal`], or the questions
//! that must be answered first.
//!
//! Only [`plan`] makes a `Plan`, and only a `Plan` can be applied, so no front can skip a guard.

mod checked;
mod consent;

use jiff::SignedDuration;

pub use checked::{Blast, Driving, Gate, Move, Plan, Preflight, Safety};
pub use consent::Consent;

use super::Engine;
use crate::{
    action::{Action, Verb},
    domain::{
        Canary, CanaryPhase, Change, ChangeTarget, Delegate, Environment, Exit, ObjectKey, ObjectKind, OpId, Placement, Policy,
        Problem, Receipt, Refusal, Request, Seen, Service, Settled, Snapshot, WorkloadKind,
    },
};

/// What limits every plan, whoever asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guard {
    /// Nothing may be changed from here.
    pub read_only: bool,
}

/// A thing that must be asked of a system before a plan can be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The object.
    pub target: ChangeTarget,
    /// What is to become of it.
    pub change: Change,
}

/// What a system answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// What was read and rendered.
    pub looked: Result<Looked, Problem>,
}

/// What was read of an object, what would be sent, and what the server says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// What was seen.
    pub seen: Seen,
    /// Whether it shows the wanted state already.
    pub settled: Settled,
    /// What would be sent.
    pub requests: Vec<Request>,
    /// What the server says to a dry run of it.
    pub dry_run: Result<Receipt, Problem>,
}

/// What came of planning.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// Ready to be shown.
    Plan(Box<Plan>),
    /// Ask these first, then plan again.
    Need(Vec<Question>),
}

/// Plans an action. Pure.
pub fn plan(action: &Action, s: &Snapshot, guard: Guard, answers: &[Answer]) -> Result<Planned, Refusal> {
    let target = action.target();
    let verb = Verb::from(action);
    let unknown = |what: &str, name: &str, known: Vec<String>| {
        Refusal::new(format!("no {what} is named {name}")).hint(format!("known: {}", known.join(", "))).exit(Exit::Usage)
    };
    let service = s.topology.service(&target.service).ok_or_else(|| {
        unknown("service", target.service.as_str(), s.topology.services.iter().map(|x| x.name.to_string()).collect())
    })?;
    let environment = s.topology.environment(&target.env).ok_or_else(|| {
        unknown("environment", target.env.as_str(), s.topology.environments.iter().map(|x| x.name.to_string()).collect())
    })?;
    if guard.read_only {
        return Err(Refusal::new("read-only: nothing is changed from here").hint("start without --read-only"));
    }
    if environment.readonly {
        return Err(Refusal::new(format!("{} is read-only by configuration", environment.name)));
    }
    let placements = s.placements_of(&service.name, &environment.name);
    let questions = questions(verb, service, environment, &placements)?;
    let mut moves = vec![];
    let mut need = vec![];
    for question in questions {
        match answers.iter().find(|a| a.question == question) {
            None => need.push(question),
            Some(Answer { looked: Ok(looked), .. }) => moves.extend(accept(question, looked)?),
            Some(Answer { looked: Err(problem), .. }) => {
                return Err(Refusal::new(format!("{}: {problem}", question.target)).exit(problem.exit()));
            }
        }
    }
    if !need.is_empty() {
        return Ok(Planned::Need(need));
    }
    if moves.is_empty() {
        return Err(Refusal::new(format!("{} is {} already", service.name, verb.done())).exit(Exit::Done));
    }
    Ok(Planned::Plan(Box::new(describe(action, verb, environment, &placements, moves))))
}

/// The objects that a verb is for, or why it cannot be done now.
fn questions(
    verb: Verb,
    service: &Service,
    environment: &Environment,
    placements: &[&Placement],
) -> Result<Vec<Question>, Refusal> {
    if let Some(d) = placements.iter().filter_map(|p| p.delegated.as_ref()).find(|d| d.by == Delegate::Flagger) {
        // Flagger takes a change to its workloads back, and its own verbs are not spoken yet.
        let name = d.object.as_str().trim_start_matches("canary/");
        let by_hand = match verb {
            Verb::Abort => "its rollback gate, where it has one, rolls back at the next tick".to_owned(),
            _ => format!(r#"kubectl patch canary {name} --type=merge -p '{{"spec":{{"suspend":true}}}}'"#),
        };
        return Err(Refusal::new(format!(
            "{} is delivered by Flagger ({}), which this version only reads",
            service.name, d.object
        ))
        .hint(by_hand));
    }
    if service.workload.kind == WorkloadKind::Deployment && verb == Verb::Abort {
        return Err(Refusal::new(format!("{} is a plain Deployment: there is no canary to abort", service.name))
            .hint("roll back brings the earlier version back"));
    }
    if matches!(service.workload.kind, WorkloadKind::StatefulSet | WorkloadKind::DaemonSet) {
        let kind = service.workload.kind.article();
        return Err(Refusal::new(format!("{} is {kind}: its controller can neither pause nor abort", service.name)));
    }
    let change = match verb {
        Verb::Pause => Change::Pause,
        Verb::Abort => Change::Abort,
        _ => return Err(Refusal::new(format!("{} is not planned yet", service.name))),
    };
    let under_way = |p: &&&Placement| match &p.canary {
        Some(c) => c.under_way() && !matches!(c.state, CanaryPhase::Aborted { .. }),
        None => matches!(p.health, crate::domain::Health::Progressing(_)),
    };
    let hit: Vec<Question> = placements
        .iter()
        .filter(under_way)
        .filter_map(|p| {
            let key = ObjectKey::new(&p.namespace, &p.workload.name).ok()?;
            let target = ChangeTarget { cluster: p.key.cluster.clone(), kind: ObjectKind::of(p.workload.kind)?, key };
            Some(Question { target, change: change.clone() })
        })
        .collect();
    if hit.is_empty() {
        return Err(Refusal::new(format!("no rollout of {} is under way in {}", service.name, environment.name)));
    }
    Ok(hit)
}

fn accept(question: Question, looked: &Looked) -> Result<Option<Move>, Refusal> {
    if looked.settled == Settled::Reached {
        return Ok(None);
    }
    // What only takes exposure back is shown even when a dry run cannot be had; what the server refuses is refused.
    if let Err(problem) = &looked.dry_run
        && matches!(problem.exit(), Exit::Failed | Exit::Changed)
    {
        return Err(Refusal::new(format!("{}: the server refuses it: {problem}", question.target)).exit(problem.exit()));
    }
    let Question { target, change } = question;
    Ok(Some(Move { target, change, seen: looked.seen.clone(), requests: looked.requests.clone() }))
}

fn describe(action: &Action, verb: Verb, environment: &Environment, placements: &[&Placement], moves: Vec<Move>) -> Plan {
    let service = &action.target().service;
    let clusters: Vec<String> = moves.iter().map(|m| m.target.cluster.to_string()).collect();
    let canary = placements.iter().find_map(|p| p.canary.as_ref());
    let weight = canary.and_then(|c| c.set).map(|w| format!("{w} %")).unwrap_or_default();
    let version = |v: Option<&crate::domain::Version>| v.map(ToString::to_string).unwrap_or_else(|| "?".to_owned());
    let test =
        version(canary.and_then(|c| c.canary.as_ref()).or_else(|| placements.iter().find_map(|p| p.wanted_version.as_ref())));
    let stable = version(canary.and_then(|c| c.stable.as_ref()).or_else(|| placements.iter().find_map(|p| p.version.as_ref())));
    let owner = match canary {
        Some(Canary { owner, .. }) => format!("{owner}: its own verb is used, so nobody takes it back"),
        None => "nobody: the Deployment is changed directly".to_owned(),
    };
    let (from, to, inverse, not_reverted) = match verb {
        Verb::Abort => (
            format!("{test} at {weight} of traffic"),
            format!("{stable} at 100 %, the canary at 0 %"),
            "retry starts the rollout again from its first step".to_owned(),
            format!("requests that {test} has served, and what they wrote"),
        ),
        _ => (
            format!("{test} on its way{}", if weight.is_empty() { String::new() } else { format!(", at {weight} of traffic") }),
            "waits where it stands".to_owned(),
            "resume lets it go on".to_owned(),
            "nothing: the versions that run go on serving".to_owned(),
        ),
    };
    Plan {
        id: OpId::new(jiff::Timestamp::UNIX_EPOCH, 0),
        back: verb.goes_back(),
        driving: vec![],
        gates: vec![],
        preflights: vec![],
        safety: Safety::Safe,
        notes: vec![],
        blast: Blast::default(),
        undo: None,
        because: vec![],
        expires: jiff::Timestamp::UNIX_EPOCH,
        deadline: SignedDuration::from_mins(10),
        title: format!("{} {service}", action.name().to_uppercase()).into(),
        place: format!("{} · {}", environment.name, clusters.join(" ")).into(),
        from: from.into(),
        to: to.into(),
        owner: owner.into(),
        inverse: inverse.into(),
        not_reverted: not_reverted.into(),
        // What takes exposure back is never above tier 2.
        consent: match environment.policy {
            Policy::Open => Consent::Yes,
            Policy::Production => Consent::YesAfterDelay,
        },
        moves,
        action: action.clone(),
    }
}

impl Engine {
    /// Plans an action on the newest snapshot, asking the systems what must be asked. Changes nothing.
    pub async fn plan(&self, action: &Action, guard: Guard) -> Result<Plan, Refusal> {
        let snapshot = self.snapshot();
        let mut answers = vec![];
        loop {
            match plan(action, &snapshot, guard, &answers)? {
                Planned::Plan(plan) => return Ok(*plan),
                Planned::Need(questions) => {
                    let asked = questions.into_iter().map(|q| self.ask(q));
                    answers.extend(futures::future::join_all(asked).await);
                }
            }
        }
    }

    async fn ask(&self, question: Question) -> Answer {
        let looked = self.look(&question).await;
        Answer { question, looked }
    }

    async fn look(&self, question: &Question) -> Result<Looked, Problem> {
        let Question { target, change } = question;
        let role = self.workloads(&target.cluster).ok_or_else(|| {
            Problem::new(crate::domain::ProblemKind::Unreachable, format!("{} cannot be reached", target.cluster))
        })?;
        let (seen, settled) = role.look(target, change, "plan.r1").await?;
        let requests = role.render(target, change, &seen)?;
        let mut dry_run = Ok(Receipt { status: 200, resource_version: None });
        for request in &requests {
            if dry_run.is_ok() {
                dry_run = role.dry_run(target, request, "plan.r2").await;
            }
        }
        Ok(Looked { seen, settled, requests, dry_run })
    }
}

#[cfg(test)]
mod tests;
