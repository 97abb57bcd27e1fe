//! Decides and acts: the store that alone writes the snapshot, the verdict, the plan, and the clock.
//!
//! Both fronts hold an [`Engine`] and nothing below it.

pub mod clock;
mod driver;
mod events;
pub mod journal;
mod logs;
mod noted;
pub mod operation;
pub mod plan;
mod service;
mod store;
pub mod verdict;
pub mod wanted;
mod wheel;

pub use driver::{Given, Keep, Running};
pub use logs::LogStream;
pub use service::{ConnectedCluster, Engine, Roles};
pub use store::{LookAt, Store};

/// What a process answers that may change nothing.
fn read_only() -> crate::domain::Refusal {
    crate::domain::Refusal::new("read-only: nothing is changed from here").hint("start without --read-only")
}
