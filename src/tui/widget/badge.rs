//! The one loud thing: a filled block with a word.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use crate::tui::look::Look;
use crate::tui::theme::{Depth, Token};

/// Draws ` WORD ` as a filled block at the left of `area`; gives the columns used.
///
/// Give the state's token ([`Token::NoGo`]); the block is its filled look. Without colours the
/// word stands in brackets, so that it is a block even where reverse video is missing.
pub fn badge(buf: &mut Buffer, area: Rect, word: &str, tone: Token, look: &Look) -> u16 {
    let block = if look.depth() == Depth::Mono { format!("[{word}]") } else { format!(" {word} ") };
    put(buf, area, 0, 0, &block, look.style(tone.filled()))
}
