//! Text from outside, made harmless once, where it enters.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest outside text that is kept, in characters. Longer text is cut and ends with `…`.
pub const MAX_CHARS: usize = 2_000;

/// Text that can be shown on a terminal or written to a log without harm.
///
/// Control characters (C0, C1, DEL) become `\u{FFFD}`; tab and line ends become a space; bidirectional
/// overrides and zero-width characters become `\u{FFFD}` too, so that they are seen and cannot reorder or
/// hide what stands beside them. `clean` is the only constructor, and so the only door.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// Makes `raw` harmless.
    pub fn clean(raw: &str) -> Self {
        Self::capped(raw, MAX_CHARS)
    }

    /// Makes `raw` harmless and keeps at most `max` characters of it.
    pub fn capped(raw: &str, max: usize) -> Self {
        // Nearly all that servers say is of this kind, and it is much.
        if raw.len() <= max && raw.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Self(raw.into());
        }
        let mut out = String::with_capacity(raw.len().min(max));
        for (i, c) in raw.chars().enumerate() {
            if i == max {
                out.push('…');
                break;
            }
            out.push(harmless(c));
        }
        Self(out.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What stands for `c` on a terminal.
pub fn harmless(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() => '\u{FFFD}',
        // Bidirectional marks, embeddings, overrides, isolates; zero-width characters; soft hyphen; line and
        // paragraph separators; byte order mark; tags.
        '\u{00AD}'
        | '\u{061C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => '\u{FFFD}',
        c => c,
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::clean(raw)
    }
}

impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::clean(&raw)
    }
}

impl<'de> Deserialize<'de> for SafeText {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self::clean(&String::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_overrides_are_seen_not_obeyed() {
        let hostile = "a\x1b]0;owned\x07b\u{202e}c\u{200b}d\u{9b}31m\ne";
        assert_eq!(SafeText::clean(hostile).as_str(), "a\u{fffd}]0;owned\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}31m e");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(SafeText::capped("abcdef", 3).as_str(), "abc…");
        assert_eq!(SafeText::capped("abc", 3).as_str(), "abc");
    }

    proptest::proptest! {
        #[test]
        fn nothing_harmful_survives_and_cleaning_twice_changes_nothing(raw in ".*") {
            let once = SafeText::clean(&raw);
            proptest::prop_assert!(once.as_str().chars().all(|c| !c.is_control()));
            proptest::prop_assert_eq!(SafeText::clean(once.as_str()), once);
        }
    }
}
