//! How much consent a plan needs (the tiers of the design).

use serde::Serialize;

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
