//! A key as people write it: `j`, `A`, `<c-d>`, `<tab>`.

use std::{fmt, str::FromStr};

/// What was pressed, apart from modifiers. A letter with shift is the capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Shift and tabulator.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
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
}

/// Names between angle brackets.
const NAMED: [(&str, Code); 16] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("s-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
    ("lt", Code::Char('<')),
];

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What was pressed.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
}

impl Key {
    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A character.
    pub fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// The character that it types into a field, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    /// As the footer, the help page and the configuration write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMED.iter().find(|(_, code)| *code == self.code).map(|(name, _)| *name);
        let text = match (self.code, named) {
            (Code::Char(c), None) if !self.ctrl && !self.alt => c.to_string(),
            (Code::Char(c), None) => format!("<{}{}{c}>", if self.ctrl { "c-" } else { "" }, if self.alt { "a-" } else { "" }),
            (_, name) => {
                let name = name.unwrap_or("?");
                format!("<{}{}{name}>", if self.ctrl { "c-" } else { "" }, if self.alt { "a-" } else { "" })
            }
        };
        f.pad(&text)
    }
}

impl FromStr for Key {
    type Err = String;

    /// Reads one key; its error says what was not understood.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return Ok(Self::char(c));
        }
        let unknown = || format!("`{text}` is no key: write a letter, <tab>, <enter>, <esc>, <up>, <pgdn> or <c-d>");
        let mut rest = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).ok_or_else(unknown)?;
        let (mut ctrl, mut alt) = (false, false);
        loop {
            if let Some(after) = rest.strip_prefix("c-").filter(|r| !r.is_empty()) {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("a-").filter(|r| !r.is_empty()) {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (NAMED.iter().find(|(name, _)| *name == rest), chars.next(), chars.next()) {
            (Some((_, code)), ..) => *code,
            (None, Some(c), None) => Code::Char(c),
            _ => return Err(unknown()),
        };
        Ok(Self { code, ctrl, alt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_are_written() {
        for text in ["j", "A", "<", ">", "<c-d>", "<tab>", "<s-tab>", "<space>", "<a-x>", "<esc>", "+", "-"] {
            let key: Key = text.parse().unwrap();
            assert_eq!(key.to_string().parse::<Key>().unwrap(), key, "{text}");
        }
        assert_eq!("<c-d>".parse::<Key>().unwrap(), Key { code: Code::Char('d'), ctrl: true, alt: false });
        for wrong in ["", "jj", "<nope>", "<c->"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
