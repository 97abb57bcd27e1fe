//! Why somebody goes back: the words that are offered, and what is said to some of them.

use crate::action::Action;

/// The words that a front offers for going back. Each begins with another letter, so that one key can say it.
const REASONS: [&str; 4] = ["errors", "slow", "damaged data", "cosmetic"];

/// The reasons that a front offers for an action; any other is as good, and so is none.
pub fn reasons(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Abort(_) | Action::Rollback { .. } => &REASONS,
        _ => &[],
    }
}

/// What is said to a reason for going back. A hint, never a bar.
pub fn advice(action: &Action, reason: &str) -> Option<&'static str> {
    let back = !reasons(action).is_empty();
    (back && fix_forward(reason)).then_some("for that, fixing forward may cost less than going back")
}

/// Whether a reason sounds like one for which fixing forward costs less than going back.
fn fix_forward(reason: &str) -> bool {
    const WORDS: [&str; 14] = [
        "cosmetic",
        "typo",
        "wording",
        "colour",
        "color",
        "layout",
        "css",
        "icon",
        "translation",
        "label",
        "slow",
        "slower",
        "latency",
        "sluggish",
    ];
    reason.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}
