//! A theme file: parsed with the place of every key kept, so that an error can name it.

use std::collections::BTreeMap;
use std::str::FromStr;

use ratatui::style::Modifier;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::paint::Paint;
use super::token::Token;

/// Why a theme cannot be used; says which file, line and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeError {
    /// The file, or `built-in dark`.
    pub file: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The key as a path (`tokens.go.fg`), empty when the whole file is meant.
    pub key: String,
    /// What is wrong, with what would be right.
    pub why: String,
}

impl std::fmt::Display for ThemeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for ThemeError {}

/// Where something was said, to blame it after themes were merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub file: String,
    pub line: usize,
    pub key: String,
}

impl Place {
    pub fn error(&self, why: impl Into<String>) -> ThemeError {
        ThemeError { file: self.file.clone(), line: self.line, key: self.key.clone(), why: why.into() }
    }
}

/// A token as the file says it: colours by name, still to be looked up.
#[derive(Clone, Debug)]
pub(super) struct RawToken {
    pub fg: Option<(String, Place)>,
    pub bg: Option<(String, Place)>,
    pub attr: Modifier,
    pub mono: Modifier,
}

/// One file, before its parent is merged in.
#[derive(Clone, Debug, Default)]
pub(super) struct RawTheme {
    pub inherits: Option<(String, Place)>,
    pub palette: BTreeMap<String, Paint>,
    pub tokens: BTreeMap<Token, RawToken>,
}

struct File<'a> {
    name: &'a str,
    text: &'a str,
}

type Item<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

impl File<'_> {
    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|b| *b == b'\n').count()
    }

    fn place(&self, offset: usize, key: impl Into<String>) -> Place {
        Place { file: self.name.to_owned(), line: self.line(offset), key: key.into() }
    }

    fn table<'v, 'i>(at: &Place, value: &'v Spanned<DeValue<'i>>) -> Result<&'v DeTable<'i>, ThemeError> {
        value.get_ref().as_table().ok_or_else(|| at.error("must be a table"))
    }

    fn text<'v>(at: &Place, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, ThemeError> {
        value.get_ref().as_str().ok_or_else(|| at.error("must be a text in quotes"))
    }

    fn palette_entry(&self, at: &Place, value: &Spanned<DeValue<'_>>) -> Result<Paint, ThemeError> {
        let hex = |at: &Place, text: &str| {
            Paint::parse_hex(text).ok_or_else(|| at.error(format!("`{text}` is no colour; write \"#rrggbb\"")))
        };
        if let Some(text) = value.get_ref().as_str() {
            return Ok(Paint::of_rgb(hex(at, text)?));
        }
        let table = Self::table(at, value).map_err(|_| at.error("must be \"#rrggbb\" or { rgb, c256, c16 }"))?;
        let Some(rgb) = table.get("rgb") else {
            return Err(at.error("needs rgb = \"#rrggbb\""));
        };
        let mut paint = Paint::of_rgb(hex(at, Self::text(at, rgb)?)?);
        for (key, value) in table {
            let at = self.place(key.span().start, format!("{}.{}", at.key, key.get_ref()));
            match key.get_ref().as_ref() {
                "rgb" => {}
                "c256" => paint.c256 = Self::index(&at, value)?,
                "c16" => {
                    let text = Self::text(&at, value)?;
                    paint.c16 = match text {
                        "default" => None,
                        name => Some(
                            Paint::parse_16(name)
                                .ok_or_else(|| at.error(format!("`{name}` is none of black, red … bright-white, default")))?,
                        ),
                    };
                }
                other => return Err(at.error(format!("`{other}` is not known here; rgb, c256, c16 are"))),
            }
        }
        Ok(paint)
    }

    fn index(at: &Place, value: &Spanned<DeValue<'_>>) -> Result<Option<u8>, ThemeError> {
        if value.get_ref().as_str() == Some("default") {
            return Ok(None);
        }
        value
            .get_ref()
            .as_integer()
            .and_then(|n| u8::from_str_radix(n.as_str(), n.radix()).ok())
            .map(Some)
            .ok_or_else(|| at.error("must be 0 to 255, or \"default\""))
    }

    fn modifiers(at: &Place, value: &Spanned<DeValue<'_>>) -> Result<Modifier, ThemeError> {
        let one = |value: &Spanned<DeValue<'_>>| {
            let name = Self::text(at, value)?;
            Ok(match name {
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underline" => Modifier::UNDERLINED,
                "reverse" => Modifier::REVERSED,
                "strike" => Modifier::CROSSED_OUT,
                other => {
                    let why = format!("`{other}` is none of bold, dim, italic, underline, reverse, strike");
                    return Err(at.error(why));
                }
            })
        };
        match value.get_ref().as_array() {
            Some(list) => list.iter().try_fold(Modifier::empty(), |sum, item| Ok(sum | one(item)?)),
            None => one(value),
        }
    }

    fn token(&self, at: &Place, value: &Spanned<DeValue<'_>>) -> Result<RawToken, ThemeError> {
        let mut token = RawToken { fg: None, bg: None, attr: Modifier::empty(), mono: Modifier::empty() };
        if let Some(name) = value.get_ref().as_str() {
            token.fg = Some((name.to_owned(), at.clone()));
            return Ok(token);
        }
        let table = Self::table(at, value).map_err(|_| at.error("must be a colour's name or { fg, bg, attr, mono }"))?;
        for (key, value) in table {
            let at = self.place(key.span().start, format!("{}.{}", at.key, key.get_ref()));
            match key.get_ref().as_ref() {
                "fg" => token.fg = Some((Self::text(&at, value)?.to_owned(), at)),
                "bg" => token.bg = Some((Self::text(&at, value)?.to_owned(), at)),
                "attr" => token.attr = Self::modifiers(&at, value)?,
                "mono" => token.mono = Self::modifiers(&at, value)?,
                other => return Err(at.error(format!("`{other}` is not known here; fg, bg, attr, mono are"))),
            }
        }
        Ok(token)
    }

    fn section(&self, theme: &mut RawTheme, (key, value): Item<'_, '_>) -> Result<(), ThemeError> {
        let section = key.get_ref().as_ref();
        let at = self.place(key.span().start, section);
        match section {
            "inherits" => theme.inherits = Some((Self::text(&at, value)?.to_owned(), at)),
            "palette" => {
                for (key, value) in Self::table(&at, value)? {
                    let at = self.place(key.span().start, format!("palette.{}", key.get_ref()));
                    theme.palette.insert(key.get_ref().to_string(), self.palette_entry(&at, value)?);
                }
            }
            "tokens" => {
                for (key, value) in Self::table(&at, value)? {
                    let at = self.place(key.span().start, format!("tokens.{}", key.get_ref()));
                    let token = Token::from_str(key.get_ref()).map_err(|_| unknown_token(&at, key.get_ref()))?;
                    theme.tokens.insert(token, self.token(&at, value)?);
                }
            }
            other => return Err(at.error(format!("`{other}` is not known here; inherits, palette, tokens are"))),
        }
        Ok(())
    }
}

fn unknown_token(at: &Place, name: &str) -> ThemeError {
    use strum::IntoEnumIterator as _;
    let known: Vec<&str> = Token::iter().map(Token::name).collect();
    at.error(format!("`{name}` is not a token; known: {}", known.join(", ")))
}

/// Reads a theme file; `name` is only used to blame it.
pub(super) fn parse(name: &str, text: &str) -> Result<RawTheme, ThemeError> {
    let file = File { name, text };
    let table = DeTable::parse(text).map_err(|problem| {
        let line = problem.span().map_or(0, |span| file.line(span.start));
        ThemeError { file: name.to_owned(), line, key: String::new(), why: problem.message().to_owned() }
    })?;
    let mut theme = RawTheme::default();
    for item in table.get_ref() {
        file.section(&mut theme, item)?;
    }
    Ok(theme)
}
