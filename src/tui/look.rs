//! How the screen looks here: theme, signs, colours, and how much it may write.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::Span;
use strum::{EnumCount as _, IntoEnumIterator as _};

use super::glyph::{Curve, Glyph, Glyphs};
use super::theme::{Depth, Theme, Token};
use super::widget::text;

/// How far the faint band of the selected row reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// Over the whole row.
    #[default]
    Row,
    /// Over the first column only: a move rewrites a few cells, for slow lines.
    First,
}

/// Theme plus signs plus depth, with every style worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    theme: Theme,
    glyphs: Glyphs,
    depth: Depth,
    styles: [Style; Token::COUNT],
    /// How far the band of the selected row reaches.
    pub band: Band,
}

impl Look {
    /// A look for a terminal.
    pub fn new(theme: Theme, glyphs: Glyphs, depth: Depth) -> Self {
        let mut styles = [Style::new(); Token::COUNT];
        for token in Token::iter() {
            styles[token as usize] = theme.style(token, depth);
        }
        Self { theme, glyphs, depth, styles, band: Band::Row }
    }

    /// The dark theme with everything a modern terminal can show: for pictures and tests.
    pub fn full() -> Self {
        Self::new(Theme::built_in("dark").expect("the built-in themes are tested"), Glyphs::Unicode, Depth::True)
    }

    /// The same look for a slow line (`--low-bandwidth`, SSH).
    pub fn for_slow_line(mut self) -> Self {
        self.band = Band::First;
        self
    }

    /// Whether the environment says that the terminal is far away.
    pub fn is_remote(env: &BTreeMap<String, String>) -> bool {
        ["SSH_CONNECTION", "SSH_TTY", "MOSH_CONNECTION"].iter().any(|name| env.contains_key(*name))
    }

    /// The style of a token.
    pub fn style(&self, token: Token) -> Style {
        self.styles[token as usize]
    }

    /// The sign for a meaning.
    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        self.glyphs.get(glyph)
    }

    /// Text in a token's style.
    pub fn span<'a>(&self, token: Token, content: impl Into<Cow<'a, str>>) -> Span<'a> {
        Span::styled(content, self.style(token))
    }

    /// A sign in a token's style.
    pub fn sign(&self, token: Token, glyph: Glyph) -> Span<'static> {
        Span::styled(self.glyph(glyph), self.style(token))
    }

    /// Text cut to a width in columns, with this look's ellipsis.
    pub fn cut<'a>(&self, content: &'a str, width: usize) -> Cow<'a, str> {
        text::cut(content, width, self.glyph(Glyph::Ellipsis))
    }

    /// Text cut in the middle, for digests, hosts and paths.
    pub fn cut_middle<'a>(&self, content: &'a str, width: usize) -> Cow<'a, str> {
        text::cut_middle(content, width, self.glyph(Glyph::Ellipsis))
    }

    /// How curves are drawn.
    pub fn curve(&self) -> Curve {
        self.glyphs.curve()
    }

    /// The signs.
    pub fn glyphs(&self) -> Glyphs {
        self.glyphs
    }

    /// The number of colours.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// The theme.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }
}
