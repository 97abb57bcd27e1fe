//! gonogo against real systems: a Kubernetes control plane with fake pods, Argo Rollouts, Flagger, Traefik with real
//! requests, Prometheus, and GitHub's own API description.
//!
//! Not part of plain `cargo test`, because the programs take about half an hour to build the first time:
//!
//! ```text
//! bash tests/real/build.sh          # once
//! cargo test --test real -- --test-threads 4   # they mostly wait
//! ```
//!
//! One bed is started for all tests of a run (`up.sh`), and a second one with delivery controllers for those that need
//! them; each test has a Kubernetes namespace of its own. `GONOGO_BED=DIR` and `GONOGO_DELIVERY_BED=DIR` use beds that
//! are up already. Where programs, or the right to make a network namespace, are missing, tests are skipped with a
//! counted notice; with `CI=true` that is a failure. gonogo is used as its compiled program only; kubectl, Argo's plugin,
//! promtool and curl are the referees.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod acts;
mod bed;
mod contract;
mod control_plane;
mod description;
mod gonogo;
mod logs;
mod lost;
mod metrics;
mod progressive;
mod referees;
mod restart;
mod screen;
mod setup;
mod status;
mod workloads;
