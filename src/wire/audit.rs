//! `gonogo audit` and `gonogo op`: what needs the journal, and neither a source nor a configuration.

use std::io;

use super::world;
use crate::{
    cli::{AuditCommand, Global, OpCommand},
    domain::Exit,
    engine::{
        clock::Clock,
        journal::{FOLDER, Folder},
    },
    headless::{self, AuditArgs, Printer, say},
    provider::role::Timer as _,
};

/// The journal, for reading. That of an embedded world lives and ends with it, unless a state directory is named.
fn journal(global: &Global) -> Result<Folder, Exit> {
    if global.demo.is_some() && global.state_dir.is_none() {
        return Ok(Folder::nowhere());
    }
    let Some(state) = world::state_dir(global) else {
        say("no folder for the journal: this user has no home", Some("--state-dir names one".to_owned()));
        return Err(Exit::Usage);
    };
    Ok(Folder::read_only(&state, FOLDER))
}

/// Runs `gonogo audit`.
pub fn audit(global: &Global, command: &AuditCommand, printer: &mut Printer) -> io::Result<Exit> {
    let disk = match journal(global) {
        Ok(disk) => disk,
        Err(exit) => return Ok(exit),
    };
    let now = Clock::real().now();
    match command {
        AuditCommand::Log { op, since, service } => {
            let args = AuditArgs { op: op.clone(), since: *since, service: service.clone() };
            headless::audit_log(&disk, &args, now, printer)
        }
        AuditCommand::Verify { head } => headless::audit_verify(&disk, head, now, printer),
        AuditCommand::Export => headless::audit_export(&disk, now, printer),
    }
}

/// Runs the part of `gonogo op` that only reads.
pub fn op(global: &Global, command: &OpCommand, printer: &mut Printer) -> io::Result<Exit> {
    let disk = match journal(global) {
        Ok(disk) => disk,
        Err(exit) => return Ok(exit),
    };
    let now = Clock::real().now();
    match command {
        OpCommand::List => headless::op_list(&disk, now, printer),
        OpCommand::Show { id } => headless::op_show(&disk, id, now, printer),
    }
}
