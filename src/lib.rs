//! gonogo: a release cockpit for the terminal, and the same engine headless.

pub mod action;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod headless;
pub mod provider;
pub mod sim;
pub mod tui;
