//! The screen front: the only part that knows of cells, colours and keys.

pub mod command;
pub mod effect;
pub mod glyph;
pub mod input;
pub mod keymap;
pub mod look;
pub mod message;
pub mod model;
pub mod print;
pub mod runtime;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;
