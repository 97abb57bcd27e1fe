//! gonogo: a release cockpit for the terminal, and the same engine headless.

pub mod domain;
pub mod sim;
pub mod tui;
