//! The names of what a colour means.

use strum::{EnumCount, EnumIter, EnumString, IntoStaticStr};

/// What a piece of the screen means; a theme gives each a look.
///
/// Drawing code names tokens, never colours, so that one table decides what 24-bit, 256, 16 and
/// no colours show. Theme files spell them in kebab-case (`no-go-fill`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumCount, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Token {
    /// Ordinary words and figures.
    Text,
    /// What the eye should find first among ordinary words.
    Bright,
    /// Fine, therefore quiet: units, heads of columns, old news.
    Dim,
    /// Quieter still: the rest of a slider, the dot for nothing.
    Faint,
    /// The name of a pane.
    Title,
    /// The frame of a pane.
    Border,
    /// The frame of the pane that has the keys.
    Focus,
    /// In order.
    Go,
    /// Waits for time, data or a person.
    Hold,
    /// Not in order.
    NoGo,
    /// Cannot be established, or sources contradict each other.
    Unknown,
    /// The filled block of a GO.
    GoFill,
    /// The filled block of a HOLD, and the key of a dialog.
    HoldFill,
    /// The filled block of a NO-GO.
    NoGoFill,
    /// The filled block of an UNKNOWN.
    UnknownFill,
    /// The revision under test.
    Canary,
    /// What the canary is compared with.
    Baseline,
    /// A limit that must not be crossed.
    Limit,
    /// A point in time at which somebody acted.
    Marker,
    /// Under way.
    Running,
    /// Waits for a person.
    Waiting,
    /// Older than it may be.
    Stale,
    /// The band of the selected row.
    Selected,
    /// The bar at the left of the selected row.
    Bar,
    /// A key that can be pressed.
    Key,
    /// The block with the program's name.
    Brand,
    /// The name of a production environment.
    Production,
    /// Changes are allowed, for so long.
    Armed,
    /// A command line, a person, an address.
    Link,
    /// The letters a filter matched.
    Found,
}

impl Token {
    /// The name a theme file uses.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The filled block that goes with a state, or the token itself where there is none.
    #[must_use]
    pub fn filled(self) -> Self {
        match self {
            Self::Go => Self::GoFill,
            Self::Hold | Self::Waiting | Self::Armed => Self::HoldFill,
            Self::NoGo => Self::NoGoFill,
            Self::Unknown | Self::Stale => Self::UnknownFill,
            other => other,
        }
    }
}
