//! Signs and colours of what the rows say.

use crate::tui::{glyph::Glyph, model::Tone, theme::Token};

/// The sign of a tone.
pub fn glyph(tone: Tone) -> Glyph {
    match tone {
        Tone::Quiet => Glyph::Nothing,
        Tone::Good => Glyph::Go,
        Tone::Skipped => Glyph::NotNeeded,
        Tone::Running => Glyph::Running,
        Tone::Hold => Glyph::Hold,
        Tone::Person => Glyph::Waiting,
        Tone::Canary => Glyph::SliderAt,
        Tone::Unknown => Glyph::Unknown,
        Tone::Bad => Glyph::NoGo,
    }
}

/// The colour of a tone.
pub fn token(tone: Tone) -> Token {
    match tone {
        Tone::Quiet => Token::Faint,
        Tone::Good => Token::Go,
        Tone::Skipped => Token::Dim,
        Tone::Running => Token::Running,
        Tone::Hold => Token::Hold,
        Tone::Person => Token::Waiting,
        Tone::Canary => Token::Canary,
        Tone::Unknown => Token::Unknown,
        Tone::Bad => Token::NoGo,
    }
}
