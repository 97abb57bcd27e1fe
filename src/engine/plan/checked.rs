//! A checked change, bound to what was seen: what a person consents to and what is applied.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::consent::Consent;
use crate::{
    action::Action,
    domain::{
        Change, ChangeTarget, ClusterName, Digest, Driver, Guarantee, Identity, ObjectKey, OpId, Problem, Request, SafeText,
        Seen, ServiceName, StationKind, Verdict,
    },
    engine::journal::Hash,
};

/// One object's part of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The object.
    pub target: ChangeTarget,
    /// What is to become of it.
    pub change: Change,
    /// What was seen of it; the move is bound to that.
    pub seen: Seen,
    /// What is sent.
    pub requests: Vec<Request>,
}

/// A cluster, as it names itself, and who drives there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Driving {
    /// The cluster, as the configuration names it.
    pub cluster: ClusterName,
    /// What it says of itself and of us; `None` where it did not say.
    pub identity: Option<Identity>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Who drives what there.
    pub wheels: Vec<Wheel>,
}

/// The release of one service in an environment, as something that is driven.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wheel {
    /// The Lease that says who drives.
    pub lease: ObjectKey,
    /// Who drives, or drove last; `None` where nobody did, or that cannot be read.
    pub driver: Option<Driver>,
}

/// What speaks against going forward.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// The station of the verdict, or of the policy.
    pub station: StationKind,
    /// What it says.
    pub verdict: Verdict,
    /// Which service it speaks of, if of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Why.
    pub why: SafeText,
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.station, self.verdict)?;
        self.service.iter().try_for_each(|s| write!(f, "{s}: "))?;
        write!(f, "{}", self.why)
    }
}

/// Whether a change is safe, as far as a preflight can tell. Ordered: the greatest of several is that of them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Nothing speaks against it.
    Safe,
    /// Cannot be told.
    Unknown,
    /// Something breaks.
    Unsafe,
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Safe => "safe",
            Self::Unknown => "unknown",
            Self::Unsafe => "unsafe",
        })
    }
}

/// One thing that was looked at before a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preflight {
    /// What: `configuration`, `images`, `contract schema`, `probe`.
    pub name: SafeText,
    /// What came of it.
    pub safety: Safety,
    /// Where it was looked at; none where that is everywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterName>,
    /// In words.
    pub says: SafeText,
    /// The contract that is broken, to be named with `--accept-unsafe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<SafeText>,
}

impl Preflight {
    /// What came of it in words, and where: `eu-1, us-1: all 2 pieces that its template names are there`.
    pub fn words(&self) -> String {
        let clusters: Vec<&str> = self.clusters.iter().map(ClusterName::as_str).collect();
        if clusters.is_empty() { self.says.to_string() } else { format!("{}: {}", clusters.join(", "), self.says) }
    }
}

/// What a change can hit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Blast {
    /// Requests a second that the service gets in the environment; `None` where that is not known.
    pub rps: Option<f64>,
    /// Pods that it has there by now.
    pub pods: u32,
    /// Clusters.
    pub clusters: usize,
}

impl fmt::Display for Blast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        match self.rps {
            Some(rps) if rps < 10.0 => write!(f, "{rps:.1} requests/s · ")?,
            Some(rps) => write!(f, "{rps:.0} requests/s · ")?,
            None => f.write_str("requests/s unknown · ")?,
        }
        write!(f, "{} · {}", many(self.pods as usize, "pod"), many(self.clusters, "cluster"))
    }
}

/// A checked change, bound to what was seen. Only [`plan`](super::plan) makes one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    pub(super) id: OpId,
    pub(super) action: Action,
    pub(super) title: SafeText,
    pub(super) place: SafeText,
    pub(super) back: bool,
    pub(super) one_by_one: bool,
    pub(super) from: SafeText,
    pub(super) to: SafeText,
    pub(super) driving: Vec<Driving>,
    pub(super) gates: Vec<Gate>,
    pub(super) preflights: Vec<Preflight>,
    pub(super) safety: Safety,
    pub(super) left_out: Vec<SafeText>,
    pub(super) notes: Vec<SafeText>,
    pub(super) blast: Blast,
    pub(super) owner: SafeText,
    pub(super) inverse: SafeText,
    #[serde(serialize_with = "line")]
    pub(super) undo: Vec<Action>,
    pub(super) not_reverted: SafeText,
    pub(super) consent: Consent,
    pub(super) because: Vec<SafeText>,
    pub(super) rejects: Vec<Digest>,
    pub(super) expires: Timestamp,
    #[serde(rename = "deadline_seconds", serialize_with = "seconds")]
    pub(super) deadline: SignedDuration,
    #[serde(rename = "watch_seconds", serialize_with = "seconds")]
    pub(super) watch: SignedDuration,
    pub(super) moves: Vec<Move>,
}

fn seconds<S: serde::Serializer>(d: &SignedDuration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_i64(d.as_secs())
}

/// Actions as one line for a shell, each only after the one before has succeeded.
fn line<S: serde::Serializer>(actions: &[Action], s: S) -> Result<S::Ok, S::Error> {
    joined(actions).serialize(s)
}

fn joined(actions: &[Action]) -> Option<String> {
    let lines: Vec<String> = actions.iter().map(Action::command_line).collect();
    (!lines.is_empty()).then(|| lines.join(" && "))
}

impl Plan {
    /// The id of the operation that it becomes.
    pub fn id(&self) -> &OpId {
        &self.id
    }
    /// The action that it carries out.
    pub fn action(&self) -> &Action {
        &self.action
    }
    /// Its name, for the head of a dialog: `ABORT payment`.
    pub fn title(&self) -> &SafeText {
        &self.title
    }
    /// Environment and clusters.
    pub fn place(&self) -> &SafeText {
        &self.place
    }
    /// Whether it only takes exposure back: no arming, no gates, never above tier 2 unless its preflight says unsafe.
    pub fn back(&self) -> bool {
        self.back
    }
    /// Whether each object must show what was asked for before the next is begun.
    pub fn one_by_one(&self) -> bool {
        self.one_by_one
    }
    /// The builds that are marked as rejected by it: nobody brings them back without being told.
    pub fn rejects(&self) -> &[Digest] {
        &self.rejects
    }
    /// Whether a person is asked why.
    pub fn asks_why(&self) -> bool {
        matches!(self.action, Action::Rollback { .. }) || self.consent == Consent::TypeName
    }
    /// The state before.
    pub fn from(&self) -> &SafeText {
        &self.from
    }
    /// The state after.
    pub fn to(&self) -> &SafeText {
        &self.to
    }
    /// Each cluster as it names itself, and who drives there.
    pub fn driving(&self) -> &[Driving] {
        &self.driving
    }
    /// What speaks against it, the worst first.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }
    /// What was looked at before it, the worst first.
    pub fn preflights(&self) -> &[Preflight] {
        &self.preflights
    }
    /// What the preflights say together.
    pub fn safety(&self) -> Safety {
        self.safety
    }
    /// The contracts that are broken by it and that its action accepts by name.
    pub fn accepts(&self) -> Vec<&SafeText> {
        let Action::Rollback { accept_unsafe, .. } = &self.action else { return vec![] };
        let broken = |contract: &&SafeText| self.preflights.iter().any(|p| p.contract.as_ref() == Some(*contract));
        accept_unsafe.iter().filter(broken).collect()
    }
    /// The services by name, where it is for several.
    pub fn services(&self) -> Option<String> {
        let target = self.action.target();
        let names: Vec<&str> = target.services().map(ServiceName::as_str).collect();
        (names.len() > 1).then(|| names.join(", "))
    }
    /// The clusters and services that a way back leaves as they are, each with the reason: it is done elsewhere only.
    pub fn left_out(&self) -> &[SafeText] {
        &self.left_out
    }
    /// What a person should know besides.
    pub fn notes(&self) -> &[SafeText] {
        &self.notes
    }
    /// What it can hit.
    pub fn blast(&self) -> &Blast {
        &self.blast
    }
    /// Who owns the object, and whether it will be taken back.
    pub fn owner(&self) -> &SafeText {
        &self.owner
    }
    /// What undoes it, in words.
    pub fn inverse(&self) -> &SafeText {
        &self.inverse
    }
    /// The command line that undoes it, where one does.
    pub fn undo(&self) -> Option<SafeText> {
        joined(&self.undo).map(|line| SafeText::clean(&line))
    }
    /// What the inverse cannot bring back.
    pub fn not_reverted(&self) -> &SafeText {
        &self.not_reverted
    }
    /// How much consent it needs.
    pub fn consent(&self) -> Consent {
        self.consent
    }
    /// Why it needs more consent than `y`.
    pub fn because(&self) -> &[SafeText] {
        &self.because
    }
    /// The name that is typed at tier 3: the service's, and of several that of their environment.
    pub fn confirm_name(&self) -> &str {
        let target = self.action.target();
        if target.also.is_empty() { target.service.as_str() } else { target.env.as_str() }
    }
    /// Until when it can be applied.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
    /// How long, once sent, its objects may take to show what was asked for.
    pub fn deadline(&self) -> SignedDuration {
        self.deadline
    }
    /// How long what was asked for is looked at before it counts as done; zero where nobody is known who takes it back
    /// within seconds.
    pub fn watch(&self) -> SignedDuration {
        self.watch
    }
    /// Its parts, one per object, in the order in which they are done.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }
    /// The command line that does the same.
    pub fn command_line(&self) -> String {
        self.action.command_line()
    }
    /// The weakest protection among its requests.
    pub fn guarantee(&self) -> Guarantee {
        self.moves.iter().flat_map(|m| &m.requests).map(|r| r.guard).max().unwrap_or(Guarantee::BestEffort)
    }

    /// The hash of what consent is bound to.
    pub fn hash(&self) -> Hash {
        Hash::of("gonogo/v1/plan", self.binding().to_string().as_bytes())
    }

    /// What consent is bound to: the verb, the clusters as they name themselves, every object with what was seen of it
    /// and what is to become of it. No times, no figures, no words.
    pub fn binding(&self) -> Value {
        let identity = |d: &Driving| json!({"cluster": d.cluster, "identity": d.identity});
        let bound = |m: &Move| {
            let mut change = json!(m.change);
            // When a restart was asked for is a time, not a wish.
            change.as_object_mut().map(|c| c.remove("at"));
            json!({"target": m.target, "change": change, "uid": m.seen.uid, "seen": m.seen.fingerprint})
        };
        json!({
            "action": self.action,
            "driving": self.driving.iter().map(identity).collect::<Vec<_>>(),
            "moves": self.moves.iter().map(bound).collect::<Vec<_>>(),
        })
    }
}
