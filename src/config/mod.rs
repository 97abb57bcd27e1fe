//! Configuration: layered TOML, its schema, and what it comes down to.

mod settings;

pub use settings::{ClusterConnection, GithubConnection, PrometheusConnection, Secret, Settings, UiSettings};
