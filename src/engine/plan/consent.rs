//! How much consent a plan needs (the tiers of the design).

use serde::Serialize;

use super::{
    checked::{Gate, Preflight, Safety},
    intent::{Intent, Moves},
    scene::Scene,
};
use crate::{
    action::Direction,
    domain::{Policy, SafeText, StationKind, Verdict},
};

/// How much consent a plan needs (the tiers of the design).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// `y`.
    Yes,
    /// `y`, after the dialog stood for half a second.
    YesAfterDelay,
    /// The target's name, Enter, then `y`.
    TypeName,
}

impl Consent {
    /// The tier's number.
    pub fn tier(self) -> u8 {
        match self {
            Self::Yes => 1,
            Self::YesAfterDelay => 2,
            Self::TypeName => 3,
        }
    }
}

/// Over how much of the traffic a single move is a wide one, in percent.
const WIDE: f64 = 50.0;

/// The consent that an intent needs, and why it is more than a `y`.
pub(super) fn consent(
    c: &Scene<'_>,
    intent: &Intent,
    moves: usize,
    gates: &[Gate],
    preflights: &[Preflight],
) -> (Consent, Vec<SafeText>) {
    let back = intent.direction == Direction::Back;
    let mut because: Vec<SafeText> = vec![];
    // By name: what is typed over is what the journal says was overruled.
    let mut broken: Vec<&SafeText> =
        preflights.iter().filter(|p| p.safety == Safety::Unsafe).map(|p| p.contract.as_ref().unwrap_or(&p.name)).collect();
    broken.sort();
    broken.dedup();
    if !broken.is_empty() {
        let names: Vec<&str> = broken.into_iter().map(SafeText::as_str).collect();
        because.push(format!("its preflight says unsafe: {}", names.join(", ")).into());
    }
    if c.environment.policy == Policy::Open {
        // What breaks is typed everywhere.
        return (if because.is_empty() { Consent::Yes } else { Consent::TypeName }, because);
    }
    if !back {
        // A HOLD is shown, and a `y` goes over it: what is paused or was aborted is one, and to leave it is the next step.
        let over = |g: &&Gate| g.verdict > Verdict::Hold || g.station == StationKind::Window;
        because.extend(gates.iter().find(over).map(|g| SafeText::from(format!("over {g}"))));
        match intent.moves {
            Moves::AtOnce(share) if share > WIDE => {
                because.push(format!("{share:.0} % of the traffic moves at once").into());
            }
            Moves::AtOnce(_) | Moves::ByPlan => {}
        }
        if moves > 1 && !intent.one_by_one && intent.moves != Moves::ByPlan {
            because.push(format!("{moves} clusters at once").into());
        }
        because.extend(intent.typed.iter().cloned());
    }
    (if because.is_empty() { Consent::YesAfterDelay } else { Consent::TypeName }, because)
}
