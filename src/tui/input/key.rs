//! A key, and how it is written: `j`, `<tab>`, `<c-d>`, `<s-tab>`.

use std::fmt;
use std::str::FromStr;

/// Which key, without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A letter, digit or sign, as typed: with shift it is already the upper one.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, 1 to 35.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Control.
    pub ctrl: bool,
    /// Alt or Meta.
    pub alt: bool,
    /// Shift; never set for letters and signs, where it is in the character.
    pub shift: bool,
}

/// A text that names no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no key; write j, G, <enter>, <tab>, <esc>, <space>, <c-d>, <a-x>, <s-tab>, <f5>, <lt>", self.0)
    }
}

impl std::error::Error for KeyError {}

/// Names in angle brackets; the first name of a code is the one that is printed.
const NAMES: [(&str, Code); 22] = [
    ("enter", Code::Enter),
    ("cr", Code::Enter),
    ("return", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("bs", Code::Backspace),
    ("backspace", Code::Backspace),
    ("del", Code::Delete),
    ("delete", Code::Delete),
    ("ins", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
    ("lt", Code::Char('<')),
    ("gt", Code::Char('>')),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// A character with Control.
    pub const fn ctrl(c: char) -> Self {
        Self { ctrl: true, ..Self::char(c) }
    }

    /// Whether the key would put something into a text: characters, Enter, Tab.
    pub fn is_text(self) -> bool {
        !self.ctrl && !self.alt && matches!(self.code, Code::Char(_) | Code::Enter | Code::Tab)
    }

    /// One form for each key: shift is folded into the character.
    #[must_use]
    pub(crate) fn normal(mut self) -> Self {
        if let Code::Char(c) = self.code {
            if self.shift && c.is_ascii_lowercase() {
                self.code = Code::Char(c.to_ascii_uppercase());
            }
            self.shift = false;
        }
        self
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.iter().find(|(_, code)| *code == self.code).map(|(name, _)| (*name).to_owned());
        let function = if let Code::F(n) = self.code { Some(format!("f{n}")) } else { None };
        let character = if let Code::Char(c) = self.code { Some(c.to_string()) } else { None };
        let plain = !(self.ctrl || self.alt || self.shift);
        let name = match (named.or(function), character) {
            (None, Some(c)) if plain => return f.write_str(&c),
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => return Err(fmt::Error),
        };
        f.write_str("<")?;
        for (set, prefix) in [(self.ctrl, "c-"), (self.alt, "a-"), (self.shift, "s-")] {
            if set {
                f.write_str(prefix)?;
            }
        }
        write!(f, "{name}>")
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong = || KeyError(text.to_owned());
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return if c.is_control() { Err(wrong()) } else { Ok(Self::char(c)) };
        }
        let mut name = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).ok_or_else(wrong)?;
        let mut key = Self::char(' ');
        while let Some((prefix, rest)) = name.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
            let flag = match prefix {
                "c" | "C" => &mut key.ctrl,
                "a" | "A" | "m" | "M" => &mut key.alt,
                "s" | "S" => &mut key.shift,
                _ => return Err(wrong()),
            };
            if std::mem::replace(flag, true) {
                return Err(wrong());
            }
            name = rest;
        }
        let mut chars = name.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() && (key.ctrl || key.alt || key.shift) => Code::Char(c),
            (Some(_), Some(_)) => code(name).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        Ok(key.normal())
    }
}

fn code(name: &str) -> Option<Code> {
    let name = name.to_ascii_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*code);
    }
    let number: u8 = name.strip_prefix('f').filter(|rest| !rest.starts_with(['0', '+']))?.parse().ok()?;
    (1..=35).contains(&number).then_some(Code::F(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_written_as_people_write_them() {
        let tab = Key::plain(Code::Tab);
        let cases = [
            ("j", Key::char('j')),
            ("G", Key::char('G')),
            ("-", Key::char('-')),
            ("<", Key::char('<')),
            ("<tab>", tab),
            ("<s-tab>", Key { shift: true, ..tab }),
            ("<c-d>", Key::ctrl('d')),
            ("<c-->", Key::ctrl('-')),
            ("<a-enter>", Key { alt: true, ..Key::plain(Code::Enter) }),
            ("<c-a-s-up>", Key { code: Code::Up, ctrl: true, alt: true, shift: true }),
            ("<S-g>", Key::char('G')),
            ("<CR>", Key::plain(Code::Enter)),
            ("<F12>", Key::plain(Code::F(12))),
            ("<space>", Key::char(' ')),
        ];
        for (text, key) in cases {
            assert_eq!(text.parse::<Key>(), Ok(key), "{text}");
        }
        assert_eq!(Key::char('<').to_string(), "<lt>");
        assert_eq!(Key { alt: true, ..Key::char(' ') }.to_string(), "<a-space>");
    }

    #[test]
    fn what_is_no_key_is_an_error() {
        for wrong in ["", "jj", "<>", "<j", "<j>", "<x-j>", "<c-c-d>", "<f0>", "<f36>", "<f01>", "<entre>", "\n", "<c-\n>"] {
            assert_eq!(wrong.parse::<Key>(), Err(KeyError(wrong.to_owned())));
        }
    }

    pub(crate) fn any_key() -> impl Strategy<Value = Key> {
        let code = prop_oneof![
            any::<char>().prop_filter("printable", |c| !c.is_control()).prop_map(Code::Char),
            proptest::sample::select(NAMES.map(|(_, code)| code).to_vec()),
            (1u8..=35).prop_map(Code::F),
        ];
        (code, any::<[bool; 3]>()).prop_map(|(code, [ctrl, alt, shift])| Key { code, ctrl, alt, shift }.normal())
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(key in any_key()) {
            prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,8}") {
            drop(text.parse::<Key>());
        }
    }
}
