//! The command line front: run a question on the engine, print the answer, say how it ended.

mod act;
mod ask;
mod audit;
mod check;
mod consent;
mod doctor;
mod fork;
mod inbox;
mod init;
pub mod json;
mod logs;
mod one_run;
mod plan_text;
mod print;
mod runs;
mod saved;
mod short;
mod status;
mod stop;
mod table;
mod trust;

pub use act::{ActArgs, act, apply};
pub use ask::{Consent, ask};
pub use audit::{AuditArgs, audit_export, audit_log, audit_verify, op_list, op_show};
pub use check::{CheckArgs, check};
pub use consent::ConsentArgs;
pub use doctor::{Examined, doctor};
pub use fork::fork;
pub use inbox::inbox;
pub use init::{InitArgs, Proposal, init};
pub use logs::{LogsArgs, logs};
pub use print::{Format, Printer, say};
pub use runs::{RunsArgs, runs};
pub use saved::Saved;
pub use short::{Brief, ShortArgs, short};
pub use status::{StatusArgs, status};
pub use stop::interrupted;
pub use table::Table;
pub use trust::{TrustArgs, trust};

use std::time::Duration;

/// How long a one-shot command waits for sources that have not answered: longer than any single request may take.
pub const PATIENCE: Duration = Duration::from_secs(25);
