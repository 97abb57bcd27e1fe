//! A finished frame as text, as a grid of styles, and as a picture.

mod plain;
mod styles;
mod svg;

pub use plain::plain;
pub use styles::styles;
pub use svg::{Ground, svg};

#[cfg(test)]
mod tests;
