//! How many colours the terminal shows.

use std::collections::BTreeMap;

/// Number of colours; the screen degrades, never guesses upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// No colour, only bold, underline, reverse.
    Mono,
    /// The 16 colours of the terminal's own palette.
    C16,
    /// The 256 colours of xterm.
    C256,
    /// 24 bits.
    True,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ColourChoice {
    /// From the environment.
    #[default]
    Auto,
    /// At least 16 colours.
    Always,
    /// None.
    Never,
}

impl Depth {
    /// The depth for an environment, a pure function of it.
    ///
    /// `--color` beats `NO_COLOR`, that beats `CLICOLOR_FORCE`, that beats the terminal's name.
    /// SSH drops `COLORTERM`, so its absence means 256 and never 24 bits
    /// (<https://no-color.org>, <https://bixense.com/clicolors>).
    pub fn detect(choice: ColourChoice, env: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| env.get(name).map_or("", String::as_str);
        let named = Self::of_terminal(get("TERM"), get("COLORTERM"));
        let forced = !matches!(get("CLICOLOR_FORCE"), "" | "0");
        match choice {
            ColourChoice::Never => Self::Mono,
            ColourChoice::Always => named.max(Self::C16),
            ColourChoice::Auto if !get("NO_COLOR").is_empty() => Self::Mono,
            ColourChoice::Auto if forced => named.max(Self::C16),
            ColourChoice::Auto => named,
        }
    }

    fn of_terminal(term: &str, colorterm: &str) -> Self {
        if term.is_empty() || term == "dumb" || term.ends_with("-m") || term.ends_with("-mono") {
            return Self::Mono;
        }
        if ["vt100", "vt102", "vt220", "vt320"].iter().any(|old| term.starts_with(old)) {
            return Self::Mono;
        }
        let colorterm = colorterm.to_ascii_lowercase();
        if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") {
            return Self::True;
        }
        if term == "linux" || term == "ansi" || term == "cygwin" || term.ends_with("-16color") {
            return Self::C16;
        }
        Self::C256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(choice: ColourChoice, env: &[(&str, &str)]) -> Depth {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Depth::detect(choice, &env)
    }

    #[test]
    fn the_environment_decides() {
        use ColourChoice::{Always, Auto, Never};
        const XTERM: (&str, &str) = ("TERM", "xterm-256color");
        type Case = (ColourChoice, &'static [(&'static str, &'static str)], Depth);
        let cases: &[Case] = &[
            (Auto, &[XTERM], Depth::C256),
            (Auto, &[("TERM", "screen")], Depth::C256),
            (Auto, &[XTERM, ("COLORTERM", "truecolor")], Depth::True),
            (Auto, &[XTERM, ("COLORTERM", "24bit")], Depth::True),
            (Auto, &[XTERM, ("COLORTERM", "yes")], Depth::C256),
            (Auto, &[("TERM", "xterm-direct")], Depth::True),
            (Auto, &[("TERM", "linux")], Depth::C16),
            (Auto, &[("TERM", "vt220")], Depth::Mono),
            (Auto, &[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::Mono),
            (Auto, &[], Depth::Mono),
            (Auto, &[XTERM, ("NO_COLOR", "1")], Depth::Mono),
            (Auto, &[XTERM, ("NO_COLOR", "")], Depth::C256),
            (Auto, &[XTERM, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Depth::Mono),
            (Auto, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], Depth::C16),
            (Auto, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "0")], Depth::Mono),
            (Always, &[XTERM, ("NO_COLOR", "1")], Depth::C256),
            (Always, &[], Depth::C16),
            (Never, &[XTERM, ("COLORTERM", "truecolor")], Depth::Mono),
        ];
        for (choice, env, wanted) in cases {
            assert_eq!(depth(*choice, env), *wanted, "{choice:?} {env:?}");
        }
    }
}
