//! The screen front: the only part that knows of cells, colours and keys.

pub mod glyph;
pub mod input;
pub mod look;
pub mod print;
pub mod terminal;
pub mod theme;
pub mod widget;
