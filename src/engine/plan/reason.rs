//! Why somebody goes back, or on against what speaks against it: the words that are offered, and what is said to some.

use crate::action::Action;

/// The words that a front offers for going back. Each begins with another letter, so that one key can say it.
const BACK: [&str; 4] = ["errors", "slow", "damaged data", "cosmetic"];

/// The same for what takes the typed name. None begins with a letter that scrolls.
const TYPED: [&str; 4] = ["urgent", "false alarm", "tested", "exercise"];

/// Whether an action goes back from something that users got.
fn goes_back(action: &Action) -> bool {
    matches!(action, Action::Abort(_) | Action::Rollback { .. })
}

/// The reasons that a front offers for an action, which may take the typed name; any other is as good, and so is none.
pub fn reasons(action: &Action, typed: bool) -> &'static [&'static str] {
    match action {
        _ if goes_back(action) => &BACK,
        _ if typed => &TYPED,
        _ => &[],
    }
}

/// What is said to a reason for going back. A hint, never a bar.
pub fn advice(action: &Action, reason: &str) -> Option<&'static str> {
    (goes_back(action) && fix_forward(reason)).then_some("for that, fixing forward may cost less than going back")
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
