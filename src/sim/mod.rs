//! The embedded world: one seeded simulation that answers as GitHub, Kubernetes and Prometheus over loopback HTTP.

pub mod http;
pub mod state;
pub mod world;
