//! The signs on the screen, in Unicode and in ASCII.

use std::collections::BTreeMap;

/// A sign with a fixed meaning. Every one is one column wide in both sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter)]
pub enum Glyph {
    /// In order.
    Go,
    /// Waits.
    Hold,
    /// Not in order.
    NoGo,
    /// Cannot be established.
    Unknown,
    /// Under way.
    Running,
    /// Waits for a person.
    Waiting,
    /// Older than it may be.
    Stale,
    /// Another digest under the same tag.
    Differs,
    /// A must-item of a checklist.
    Must,
    /// Not needed, not configured, skipped.
    NotNeeded,
    /// From one version or weight to the next.
    To,
    /// Nothing of it: a weight of zero, no value.
    Nothing,
    /// Left of the selected row.
    Bar,
    /// Something was cut off here.
    Ellipsis,
    /// A marked row.
    Mark,
    /// More above.
    Above,
    /// More below.
    Below,
    /// Slider: the share that is set.
    SliderSet,
    /// Slider: the weight itself.
    SliderAt,
    /// Slider: the measured share, where it differs.
    SliderActual,
    /// Slider: the rest.
    SliderRest,
    /// Slider: a step that is allowed.
    SliderStep,
    /// Slider: the end.
    SliderEnd,
    /// Chart: limit line.
    Limit,
    /// Chart: somebody acted here.
    Marker,
    /// Between facts of one line.
    Dot,
    /// Frame: upper left.
    TopLeft,
    /// Frame: upper right.
    TopRight,
    /// Frame: lower left.
    BottomLeft,
    /// Frame: lower right.
    BottomRight,
    /// Frame: across.
    Across,
    /// Frame: down.
    Down,
}

/// How curves are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// 2 x 4 dots per cell.
    Braille,
    /// 1 x 2 half blocks per cell.
    Blocks,
    /// `*` and `.`.
    Ascii,
}

/// Which set is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing, braille, arrows.
    #[default]
    Unicode,
    /// As above, on a font without braille (the Linux console).
    Blocks,
    /// Seven bits.
    Ascii,
}

impl Glyphs {
    /// The set for an environment, a pure function of it: `--ascii` or a locale that says it is
    /// not UTF-8 gives ASCII. A locale that is not set at all says nothing (containers, `sudo`),
    /// and today's terminals are UTF-8.
    pub fn detect(ascii: bool, env: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| env.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let locale = get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG"));
        let eight_bit = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        });
        if ascii || eight_bit {
            return Self::Ascii;
        }
        match get("TERM") {
            Some("linux") => Self::Blocks,
            _ => Self::Unicode,
        }
    }

    /// The sign.
    pub fn get(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = pair(glyph);
        if self == Self::Ascii { ascii } else { unicode }
    }

    /// How curves are drawn.
    pub fn curve(self) -> Curve {
        match self {
            Self::Unicode => Curve::Braille,
            Self::Blocks => Curve::Blocks,
            Self::Ascii => Curve::Ascii,
        }
    }

    /// Nine levels from nothing to full, for sparklines.
    pub fn levels(self) -> [&'static str; 9] {
        match self {
            Self::Ascii => [" ", "_", ".", "-", "-", "=", "+", "*", "#"],
            Self::Unicode | Self::Blocks => [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        }
    }
}

fn pair(glyph: Glyph) -> (&'static str, &'static str) {
    match glyph {
        Glyph::Go => ("✓", "+"),
        Glyph::Hold => ("‖", "="),
        Glyph::NoGo => ("✕", "x"),
        Glyph::Unknown => ("?", "?"),
        Glyph::Running => ("▶", ">"),
        Glyph::Waiting => ("◌", "o"),
        Glyph::Stale => ("~", "~"),
        Glyph::Differs => ("≠", "#"),
        Glyph::Must => ("‼", "!"),
        Glyph::NotNeeded => ("–", "-"),
        Glyph::To => ("▸", ">"),
        Glyph::Nothing => ("·", "."),
        Glyph::Bar => ("▌", "|"),
        Glyph::Ellipsis => ("…", "~"),
        Glyph::Mark => ("◆", "*"),
        Glyph::Above => ("↑", "^"),
        Glyph::Below => ("↓", "v"),
        Glyph::SliderSet => ("━", "="),
        Glyph::SliderAt => ("●", "@"),
        Glyph::SliderActual => ("○", "o"),
        Glyph::SliderRest => ("╌", "-"),
        Glyph::SliderStep => ("┼", "+"),
        Glyph::SliderEnd => ("┤", "|"),
        Glyph::Limit => ("╌", "-"),
        Glyph::Marker => ("┊", ":"),
        Glyph::Dot => ("·", "-"),
        Glyph::TopLeft => ("╭", "+"),
        Glyph::TopRight => ("╮", "+"),
        Glyph::BottomLeft => ("╰", "+"),
        Glyph::BottomRight => ("╯", "+"),
        Glyph::Across => ("─", "-"),
        Glyph::Down => ("│", "|"),
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn every_sign_is_one_column_and_ascii_is_ascii() {
        for glyph in Glyph::iter() {
            let (unicode, ascii) = pair(glyph);
            assert_eq!((unicode.width(), ascii.len()), (1, 1), "{glyph:?}");
            assert!(ascii.is_ascii(), "{glyph:?}");
        }
        for set in [Glyphs::Unicode, Glyphs::Ascii] {
            assert!(set.levels().iter().all(|level| level.width() == 1));
        }
    }

    #[test]
    fn states_keep_apart_without_colour() {
        let states = [
            Glyph::Go,
            Glyph::Hold,
            Glyph::NoGo,
            Glyph::Unknown,
            Glyph::Running,
            Glyph::Waiting,
            Glyph::Stale,
            Glyph::Differs,
            Glyph::Must,
            Glyph::NotNeeded,
        ];
        for set in [Glyphs::Unicode, Glyphs::Ascii] {
            let mut seen: Vec<&str> = states.iter().map(|glyph| set.get(*glyph)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), states.len(), "{set:?}");
        }
    }

    #[test]
    fn the_locale_decides() {
        let detect = |ascii, env: &[(&str, &str)]| {
            Glyphs::detect(ascii, &env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        assert_eq!(detect(false, &[]), Glyphs::Unicode);
        assert_eq!(detect(true, &[("LANG", "en_GB.UTF-8")]), Glyphs::Ascii);
        assert_eq!(detect(false, &[("LANG", "C")]), Glyphs::Ascii);
        assert_eq!(detect(false, &[("LANG", "C"), ("LC_ALL", "C.utf8")]), Glyphs::Unicode);
        assert_eq!(detect(false, &[("LANG", "de_DE.UTF-8"), ("LC_CTYPE", "de_DE.ISO-8859-1")]), Glyphs::Ascii);
        assert_eq!(detect(false, &[("LC_ALL", ""), ("LANG", "de_DE.UTF-8"), ("TERM", "linux")]), Glyphs::Blocks);
    }
}
