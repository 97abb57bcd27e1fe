//! gonogo against real systems: a Kubernetes control plane with fake pods, Prometheus, and GitHub's own API description.
//!
//! Not part of plain `cargo test`, because the programs take about twelve minutes to build the first time:
//!
//! ```text
//! bash tests/real/build.sh          # once
//! cargo test --test real
//! ```
//!
//! One bed is started for all tests of a run (`up.sh`), each test has a namespace of its own in it. `GONOGO_BED=DIR`
//! uses one that is up already. Where programs are missing, tests are skipped with a counted notice; with `CI=true`
//! that is a failure. gonogo is used as its compiled program only; kubectl, promtool and curl are the referees.

mod bed;
mod control_plane;
mod description;
mod gonogo;
mod lost;
mod metrics;
mod progressive;
mod referees;
mod restart;
mod screen;
mod status;
