//! Themes: what every [`Token`] looks like at every [`Depth`].
//!
//! The five built-in themes are the same TOML a user can write; a file `NAME.toml` in the user's
//! theme directory beats the built-in of that name and may inherit from it.

mod depth;
mod file;
mod paint;
mod token;

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::{Modifier, Style};
use strum::{EnumCount as _, IntoEnumIterator as _};

pub use depth::{ColourChoice, Depth};
pub use file::ThemeError;
pub use paint::{Paint, xterm};
pub use token::Token;

use file::{RawTheme, RawToken};

/// The built-in themes: name and TOML.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../../themes/colour-blind.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// How many themes may inherit one from the other; more is a circle.
const MAX_PARENTS: usize = 8;

/// A token's look before the depth is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    fg: Option<Paint>,
    bg: Option<Paint>,
    attr: Modifier,
    mono: Modifier,
}

/// A complete theme: a look for every token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The name it was asked for by.
    pub name: String,
    entries: [Entry; Token::COUNT],
}

impl Theme {
    /// The names of the built-in themes; the first is the default.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in theme.
    ///
    /// # Errors
    /// The name is not one of [`Theme::built_in_names`].
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        Self::resolve(name, &|_| None)
    }

    /// A theme from the user's directory, else built in.
    ///
    /// # Errors
    /// No such theme, or a file that is not understood: with file, line and key.
    pub fn load(name: &str, directory: Option<&Path>) -> Result<Self, ThemeError> {
        Self::resolve(name, &|name| {
            let path = directory?.join(format!("{name}.toml"));
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path.display().to_string(), text))
        })
    }

    /// Merges a theme with those it inherits from; `user` gives (file, TOML) for a name.
    fn resolve(name: &str, user: &dyn Fn(&str) -> Option<(String, String)>) -> Result<Self, ThemeError> {
        let mut merged = RawTheme::default();
        let mut wanted = name.to_owned();
        let mut blame: Option<file::Place> = None;
        let mut read: Vec<String> = Vec::new();
        loop {
            // A file may inherit from the built-in it replaces, so a name is looked up once among
            // the user's files and after that among the built-in ones.
            let (source, text) = match user(&wanted) {
                Some((source, text)) if is_file_name(&wanted) && !read.contains(&source) => (source, text),
                _ => built_in_source(&wanted).ok_or_else(|| unknown_theme(&wanted, blame.as_ref()))?,
            };
            if read.contains(&source) || read.len() >= MAX_PARENTS {
                return Err(
                    blame.map_or_else(|| unknown_theme(&wanted, None), |at| at.error(format!("`{wanted}` inherits from itself")))
                );
            }
            let raw = file::parse(&source, &text)?;
            read.push(source);
            for (name, paint) in raw.palette {
                merged.palette.entry(name).or_insert(paint);
            }
            for (token, entry) in raw.tokens {
                merged.tokens.entry(token).or_insert(entry);
            }
            match raw.inherits {
                Some((parent, at)) => (wanted, blame) = (parent, Some(at)),
                None => break,
            }
        }
        let mut entries = [Entry::default(); Token::COUNT];
        for token in Token::iter() {
            let Some(raw) = merged.tokens.get(&token) else {
                let why = format!("says nothing about `{}`; add it, or `inherits = \"dark\"`", token.name());
                return Err(ThemeError { file: read.join(", "), line: 0, key: "tokens".to_owned(), why });
            };
            entries[token as usize] = entry(raw, &merged.palette)?;
        }
        Ok(Self { name: name.to_owned(), entries })
    }

    /// The style of a token on a terminal of that depth.
    pub fn style(&self, token: Token, depth: Depth) -> Style {
        let entry = &self.entries[token as usize];
        if depth == Depth::Mono {
            return Style::new().add_modifier(entry.mono);
        }
        Style {
            fg: entry.fg.and_then(|paint| paint.colour(depth)),
            bg: entry.bg.and_then(|paint| paint.colour(depth)),
            ..Style::new().add_modifier(entry.attr)
        }
    }

    /// The 24-bit colour of a token's letters, for pictures.
    pub fn rgb(&self, token: Token) -> Option<(u8, u8, u8)> {
        self.entries[token as usize].fg.map(|paint| paint.rgb)
    }
}

/// A theme's name becomes a path only if it cannot leave the directory.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn built_in_source(name: &str) -> Option<(String, String)> {
    let (name, text) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
    Some((format!("built-in {name}"), (*text).to_owned()))
}

fn unknown_theme(name: &str, blame: Option<&file::Place>) -> ThemeError {
    let known: Vec<&str> = Theme::built_in_names().collect();
    let why = format!("there is no theme `{name}`; built in are {}", known.join(", "));
    match blame {
        Some(at) => at.error(why),
        None => ThemeError { file: "theme".to_owned(), line: 0, key: String::new(), why },
    }
}

fn entry(raw: &RawToken, palette: &BTreeMap<String, Paint>) -> Result<Entry, ThemeError> {
    let look_up = |wanted: &Option<(String, file::Place)>| match wanted {
        None => Ok(None),
        Some((name, _)) if name == "default" => Ok(None),
        Some((name, at)) => match (palette.get(name), Paint::parse_hex(name)) {
            (Some(paint), _) => Ok(Some(*paint)),
            (None, Some(rgb)) => Ok(Some(Paint::of_rgb(rgb))),
            (None, None) => {
                let known: Vec<&str> = palette.keys().map(String::as_str).collect();
                Err(at.error(format!("`{name}` is not in [palette]; there are {}", known.join(", "))))
            }
        },
    };
    Ok(Entry { fg: look_up(&raw.fg)?, bg: look_up(&raw.bg)?, attr: raw.attr, mono: raw.mono })
}

#[cfg(test)]
mod tests;
