//! An operation: a plan that was consented to, on its way. A state machine without I/O: events in, effects out.

mod progress;

pub use progress::{Outcome, Progress, Stand, TargetProgress};
