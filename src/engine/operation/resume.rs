//! An operation that another process left open, taken up from the journal.
//!
//! It is the same machine with one thing less: it sends no change. What was on its way is found out, what was accepted is
//! followed for a moment, and what was not begun stays so.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Effect, Operation, Parts, Stand, evidence::Shot, machine::Track, rules::Rules};
use crate::{
    domain::{Change, ChangeTarget, OpId, Problem, SafeText, Seen, ServiceName},
    engine::{
        journal::{self, Answered, Begun, Evidence, Intent},
        plan::Move,
    },
};

/// How long what was accepted is followed then: it goes on without gonogo, and a command does not wait for it.
const MOMENT: Duration = Duration::from_secs(5);

/// What the journal says of one request.
#[derive(Default, Clone)]
struct Told {
    /// What was sent, the last attempt.
    intent: Option<Box<Intent>>,
    answer: Option<Answered>,
    settled: Option<(journal::Effect, Evidence)>,
}

impl Operation {
    /// Takes up an operation from its lines in the journal.
    pub fn resume<'a>(
        op: &OpId,
        began: Timestamp,
        begun: &Begun,
        lines: impl IntoIterator<Item = &'a journal::Event>,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        Self::resume_under(Rules::ALL, (op, began, begun), lines, now)
    }

    pub(super) fn resume_under<'a>(
        rules: Rules,
        (op, began, begun): (&OpId, Timestamp, &Begun),
        lines: impl IntoIterator<Item = &'a journal::Event>,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let mut requests: BTreeMap<u32, Told> = BTreeMap::new();
        let mut after: BTreeMap<ChangeTarget, (Stand, SafeText)> = BTreeMap::new();
        let (mut fences, mut times) = (0, 1);
        for line in lines {
            use journal::Event as E;
            match line {
                E::Intent(intent) => {
                    *requests.entry(intent.request).or_default() = Told { intent: Some(intent.clone()), ..Told::default() };
                }
                E::Answer { request, answer, .. } => {
                    requests.entry(*request).or_default().answer = Some(answer.clone());
                }
                E::Settled { request, outcome, by, .. } => {
                    requests.entry(*request).or_default().settled = Some((*outcome, *by));
                }
                E::Fence { fence, .. } => fences = fences.max(*fence),
                E::Converged { target, .. } => drop(after.insert(target.clone(), (Stand::Reached, "".into()))),
                E::Reverted { target, by } => drop(after.insert(target.clone(), (Stand::Reverted, by.clone()))),
                E::GaveUp { target, why } => drop(after.insert(target.clone(), (Stand::GaveUp, why.clone()))),
                E::Resumed { .. } => times += 1,
                _ => {}
            }
        }
        let taken: Vec<Taken> = begun
            .targets
            .iter()
            .map(|target| {
                let of = |t: &Told| t.intent.as_ref().is_some_and(|i| i.target == *target);
                let told: Vec<Told> = requests.values().filter(|t| of(t)).cloned().collect();
                Taken::up(target, &told, after.remove(target))
            })
            .collect();
        let parts = Parts {
            op: op.clone(),
            title: title(begun),
            begun: Box::new(begun.clone()),
            moves: taken.iter().map(|t| t.planned.clone()).collect(),
            one_by_one: true,
            deadline: MOMENT,
            watch: Duration::ZERO,
            who: BTreeMap::new(),
        };
        let mut operation = Self::new(rules, parts, taken.iter().map(|t| t.track.clone()).collect(), now);
        operation.began = began;
        operation.resumed = true;
        operation.fences = fences;
        // The reads of the process before had other numbers.
        operation.reads = times * 1_000;
        // One request at a time is on its way.
        if let Some((shot, refused)) = taken.into_iter().find_map(|t| t.shot) {
            operation.shot = Some(shot);
            operation.refused = refused;
        }
        let note = "taken up after its process ended".into();
        (operation, vec![Effect::Journal(vec![journal::Event::Resumed { note }])])
    }
}

/// What is known of one object.
struct Taken {
    planned: Move,
    track: Track,
    /// The request that may still be on its way, or whose refusal nobody has looked into yet.
    shot: Option<(Shot, Option<Problem>)>,
}

impl Taken {
    fn up(target: &ChangeTarget, told: &[Told], after: Option<(Stand, SafeText)>) -> Self {
        let last = told.last().and_then(|t| Some((t, t.intent.as_deref()?)));
        let Some((last, intent)) = last else {
            // Nothing was sent to it; it is named, and not looked at.
            let planned = Move { target: target.clone(), change: Change::Pause, seen: Seen::default(), requests: vec![] };
            return Self { planned, track: Track { stand: Stand::NotBegun, ..Track::new() }, shot: None };
        };
        let sent = told.iter().filter_map(|t| t.intent.as_ref());
        let planned = Move {
            target: target.clone(),
            change: intent.change.clone(),
            seen: intent.seen.clone(),
            requests: sent.map(|i| i.sent.clone()).collect(),
        };
        let seen = Arc::new(intent.seen.clone());
        let mut track = Track { applied: told.len() - 1, ours: told.len() > 1, before: Some(seen.clone()), ..Track::new() };
        let mut shot = None;
        match last.became() {
            Became::Applied { ours } => {
                track.applied = told.len();
                track.ours |= ours;
                (track.stand, track.words) = after.unwrap_or((Stand::Accepted, "".into()));
            }
            Became::Nothing(stand) => track.stand = stand,
            Became::Open(refused) => {
                track.stand = Stand::Settling;
                let sent = Arc::new(intent.sent.clone());
                let index = told.len() - 1;
                let open = Shot { index, number: intent.request, attempt: intent.attempt, seen, sent, fences: 0 };
                shot = Some((open, refused));
            }
        }
        Self { planned, track, shot }
    }
}

/// What the journal says became of a request.
enum Became {
    Applied {
        ours: bool,
    },
    Nothing(Stand),
    /// It is not known yet; with what the server said where it refused: that may have been about a copy of the request.
    Open(Option<Problem>),
}

impl Told {
    fn became(&self) -> Became {
        match (self.settled, &self.answer) {
            (Some((journal::Effect::Applied, by)), _) => Became::Applied { ours: by != Evidence::State },
            (Some((journal::Effect::NotApplied, _)), _) => Became::Nothing(Stand::NotApplied),
            (Some((journal::Effect::Unknown, Evidence::State)), _) => Became::Nothing(Stand::NotThere),
            (None, Some(Answered::Accepted { .. })) => Became::Applied { ours: true },
            (None, Some(Answered::Rejected { problem })) => Became::Open(Some(problem.clone())),
            _ => Became::Open(None),
        }
    }
}

/// `ABORT payment`
fn title(begun: &Begun) -> SafeText {
    let verb = begun.command.first().map(|c| c.as_str().to_uppercase()).unwrap_or_default();
    let services = begun.service.as_ref().map(|s| format!(" {}", ServiceName::all(s, &begun.also))).unwrap_or_default();
    format!("{verb}{services}").into()
}
