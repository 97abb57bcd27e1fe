//! Adapters: the traits that say what a system can do for us, and one folder per system.
//!
//! Client crates appear nowhere else. One transport per system, where read-only, size caps, time-outs and
//! [`SafeText`](crate::domain::SafeText) live.

pub mod github;
pub mod http;
pub mod kube;
mod lines;
pub mod prometheus;
pub mod role;
pub mod tls;
