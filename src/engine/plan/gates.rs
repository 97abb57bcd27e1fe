//! What speaks against going forward: the verdict over this one service, and the policy of the environment.

use super::{checked::Gate, scene::Scene};
use crate::{
    action::Direction,
    domain::{Exit, Refusal, StationKind, Verdict},
    engine::verdict,
};

/// What speaks against an action, the worst first; or the refusal that it comes to. Going back asks nobody.
pub(super) fn gates(c: &Scene<'_>, direction: Direction) -> Result<Vec<Gate>, Refusal> {
    if direction == Direction::Back {
        return Ok(vec![]);
    }
    let question = verdict::Question {
        environment: Some(c.environment.name.clone()),
        services: vec![c.service.name.clone()],
        ..verdict::Question::default()
    };
    let report = verdict::report(c.s, &question);
    let mut gates: Vec<Gate> = vec![];
    for station in report.stations.iter().filter(|s| s.kind != StationKind::Window) {
        let Some(verdict) = station.verdict.filter(|v| *v != Verdict::Go) else { continue };
        let worst = station.reasons.iter().filter(|r| r.verdict == verdict);
        gates.extend(worst.map(|r| Gate { station: station.kind, verdict, service: r.service.clone(), why: r.text.clone() }));
    }
    let (timing, why) = c.environment.timing.at(c.told.at);
    if timing != Verdict::Go {
        gates.push(Gate { station: StationKind::Window, verdict: timing, service: None, why: why.clone() });
    }
    gates.sort_by_key(|g| std::cmp::Reverse(g.verdict));
    if direction == Direction::Beside {
        return Ok(gates);
    }
    // Outside of its window an environment takes nothing, whatever anybody types; what cannot be told is not open.
    if timing != Verdict::Go {
        let exit = match timing {
            Verdict::NoGo => Exit::Refused,
            Verdict::Unknown => Exit::Unknown,
            _ => Exit::Hold,
        };
        let hint = "going back is not bound to it: abort, rollback";
        return Err(Refusal::new(format!("{}: {why}", c.environment.name)).hint(hint).exit(exit));
    }
    if report.verdict == Verdict::Unknown {
        let hint = format!("gonogo check {} --env {} says what is missing", c.service.name, c.environment.name);
        return Err(Refusal::new(format!("UNKNOWN: {}", report.sentence)).hint(hint).exit(Exit::Unknown));
    }
    Ok(gates)
}
