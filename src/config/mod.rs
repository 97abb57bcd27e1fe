//! Configuration: layered TOML, its schema, and what it comes down to.
//!
//! Layers, each over the one before: defaults, the user's file, the repository's file (which may only narrow
//! until it is trusted), environment variables, flags. A file is read into a tree whose keys know their lines
//! (`tree`), checked against the schema (`shape`), laid over the others (`layers`, `narrow`) and resolved into
//! [`Settings`] (`resolve`, `service`). Every stage collects faults; none stops at the first.

mod fault;
mod file;
mod first;
mod guess;
mod layers;
mod metrics;
mod narrow;
mod propose;
mod resolve;
mod service;
mod settings;
mod shape;
mod tree;
mod trust;
mod values;
mod watch;
mod write;

pub use fault::Fault;
pub use file::schema;
pub use first::{FirstRun, Found, FoundContext, Looked, first_run};
pub use guess::is_system;
pub use layers::{Disk, Inputs, Loaded, Overrides, RealDisk, Stored, load, load_text};
pub use propose::{FoundPlace, Lying, propose};
pub use settings::{
    Address, ClusterConnection, GithubConnection, PrometheusConnection, Secret, Settings, TokenPlaces, UiSettings,
};
pub use trust::{Asked, Trust, Widening, asked, granted, revoked};
pub use watch::Reloader;
pub use write::{make_folder, replace, replace_lightly};
