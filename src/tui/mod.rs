
pub mod glyph;
pub mod look;
pub mod print;
pub mod theme;
pub mod widget;
