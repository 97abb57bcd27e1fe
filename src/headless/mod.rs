//! The command line front: run a question on the engine, print the answer, say how it ended.

mod act;
mod check;
pub mod json;
mod print;
mod runs;
mod status;
mod table;

pub use act::act;
pub use check::{CheckArgs, check};
pub use print::{Format, Printer, say};
pub use runs::{RunsArgs, runs};
pub use status::{StatusArgs, status};
pub use table::Table;

use std::time::Duration;

/// How long a one-shot command waits for sources that have not answered: longer than any single request may take.
pub const PATIENCE: Duration = Duration::from_secs(25);
