//! What every plan says besides what its verb says: where, who drives, what it can hit, who will undo it.

use super::{
    Told,
    checked::{Blast, Driving, Gate, Move, Plan},
    consent::consent,
    intent::{Intent, Touches},
    preflight,
    scene::Scene,
};
use crate::{
    action::Direction,
    domain::{Arm, Change, Delegate, MetricKey, Owner, OwnerSystem, SafeText, Undo},
    engine::wheel::other,
};

use jiff::SignedDuration;

/// What heals itself has looked by then: Argo CD applies again within about 5 s (argo-cd#15588).
const HEALS: SignedDuration = SignedDuration::from_secs(8);

/// For how long a plan can be applied. What it is bound to is checked again in any case.
const LASTS: SignedDuration = SignedDuration::from_hours(1);

/// The plan of an action.
pub(super) fn describe(c: &Scene<'_>, intent: Intent, moves: Vec<Move>, driving: Vec<Driving>, gates: Vec<Gate>) -> Plan {
    let Told { id, at, .. } = c.told;
    let mut preflights = intent.preflights.clone();
    preflights.sort_by_key(|p| std::cmp::Reverse(p.safety));
    let safety = preflight::total(&preflights);
    let (consent, because) = consent(c, &intent, moves.len(), &gates, &preflights);
    let clusters: Vec<String> = moves.iter().map(|m| m.target.cluster.to_string()).collect();
    let owner = owner(c, &intent);
    Plan {
        id: id.clone(),
        title: format!("{} {}", c.action.name().to_uppercase(), c.service.name).into(),
        place: format!("{} · {}", c.environment.name, clusters.join(" ")).into(),
        back: intent.direction == Direction::Back,
        one_by_one: intent.one_by_one,
        from: SafeText::clean(&intent.from),
        to: SafeText::clean(&intent.to),
        left_out: c.left_out.clone(),
        notes: wheel(&driving).chain(words(&moves)).chain(intent.notes).collect(),
        driving,
        gates,
        preflights,
        safety,
        blast: blast(c, &moves),
        owner: owner.into(),
        inverse: SafeText::clean(&intent.inverse),
        undo: intent.undo.into_iter().collect(),
        not_reverted: SafeText::clean(&intent.not_reverted),
        consent,
        because,
        rejects: intent.rejects,
        expires: at.checked_add(LASTS).unwrap_or(*at),
        deadline: intent.deadline,
        watch: watch(c, intent.touches),
        moves,
        action: c.action.clone(),
    }
}

/// Who else drives there.
fn wheel(driving: &[Driving]) -> impl Iterator<Item = SafeText> {
    let wheels = driving.iter().flat_map(|d| d.wheels.iter().map(move |wheel| (d, wheel)));
    let others = wheels.filter_map(|(d, wheel)| Some((d, other(wheel.driver.as_ref(), d.identity.as_ref())?)));
    let said: Vec<SafeText> = others.map(|(d, driver)| format!("{driver} on {}", d.cluster).into()).collect();
    said.into_iter()
}

/// What templates say of the build in them, from > to: once where it is the same everywhere.
fn words(moves: &[Move]) -> Vec<SafeText> {
    let of = |m: &Move| match &m.change {
        Change::Image { build, .. } | Change::Fill { build, .. } => {
            m.seen.build.until(build).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    };
    let all: Vec<(&Move, String)> = moves.iter().map(|m| (m, of(m))).collect();
    let same = all.windows(2).all(|two| two[0].1 == two[1].1);
    let line = |(m, words): &(&Move, String)| match (words.as_str(), same) {
        ("", _) => None,
        (words, true) => Some(format!("its template says of the build: {words}").into()),
        (words, false) => Some(format!("{}: its template says of the build: {words}", m.target.cluster).into()),
    };
    all.iter().take(if same { 1 } else { all.len() }).filter_map(line).collect()
}

/// What it can hit.
fn blast(c: &Scene<'_>, moves: &[Move]) -> Blast {
    let key = MetricKey { service: c.service.name.clone(), environment: c.environment.name.clone(), arm: Arm::Serving };
    let hit = c.placements.iter().filter(|p| moves.iter().any(|m| m.target.cluster == p.key.cluster));
    let mut clusters: Vec<_> = moves.iter().map(|m| &m.target.cluster).collect();
    clusters.sort();
    clusters.dedup();
    Blast {
        rps: c.s.metrics_of(&key).and_then(|m| m.rps.as_ref().ok().copied()),
        pods: hit.map(|p| p.pods.wanted).sum(),
        clusters: clusters.len(),
    }
}

/// The owners of what is changed that would put it back, the quickest first.
pub(super) fn undoers<'a>(c: &Scene<'a>) -> Vec<&'a Owner> {
    let mut all: Vec<&Owner> = c.placements.iter().flat_map(|p| &p.owners).collect();
    all.retain(|o| !matches!(o.system, OwnerSystem::ArgoRollouts | OwnerSystem::Flagger) && o.undo != Undo::Never);
    all.sort_by_key(|o| (o.undo, o.system));
    all.dedup_by_key(|o| (o.system, o.name.clone()));
    all
}

/// How long a change is looked at before it counts, where somebody takes it back within seconds.
fn watch(c: &Scene<'_>, touches: Touches) -> SignedDuration {
    let soon = undoers(c).first().is_some_and(|owner| owner.undo <= Undo::IfSelfHealing);
    if soon && touches != Touches::Status { HEALS } else { SignedDuration::ZERO }
}

/// Who owns the object, and whether the change will be taken back.
fn owner(c: &Scene<'_>, intent: &Intent) -> String {
    let delegate = c.placements.iter().find_map(|p| p.delegated.as_ref()).map(|d| d.by);
    match (intent.touches, delegate) {
        (Touches::Status, Some(by)) => format!("{by}: its own verb is used, so nobody takes it back"),
        (_, delegate) => {
            let who = match delegate {
                Some(Delegate::ArgoRollouts) => "Argo Rollouts delivers it",
                _ => "the object is changed directly",
            };
            match undoers(c).first() {
                Some(owner) => format!("{who}; {owner}"),
                None => format!("{who}; nobody is known who takes it back"),
            }
        }
    }
}
