//! `gonogo audit` and `gonogo op`: what needs the journal, and neither a source nor a configuration.

use std::{io, time::Duration};

use super::{World, world};
use crate::{
    cli::{AuditCommand, Global, OpCommand},
    domain::{Exit, Refusal},
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
        OpCommand::Show { id } | OpCommand::Wait { id, .. } => headless::op_show(&disk, id, now, printer),
    }
}

/// Waits until an operation has ended, and ends as it did. What another process left open is settled first.
pub async fn wait(global: &Global, id: &str, timeout: Duration, printer: &mut Printer) -> io::Result<Exit> {
    /// How often the journal is asked.
    const PACE: Duration = Duration::from_millis(200);
    let world = match World::open(global, None, false).await {
        Ok(world) => world,
        Err(exit) => return Ok(exit),
    };
    let engine = &world.engine;
    let waited = async {
        let mut taken = engine.recover().await?;
        loop {
            let settling = taken.iter().any(|r| !r.progress.borrow().ended());
            match engine.operation(id).await? {
                None => {
                    return Err(Refusal::new(format!("no single operation begins with {id}"))
                        .hint("gonogo op list")
                        .exit(Exit::Failed));
                }
                Some(o) if !settling && !o.is_open() => return Ok(o.ended.map_or(Exit::Unknown, |end| end.outcome)),
                // It was settled as far as it can be, and nobody is at it.
                Some(o) if !settling && o.ended.is_some() => return Ok(Exit::Unknown),
                Some(_) => {}
            }
            tokio::time::sleep(PACE).await;
            if !settling {
                taken.extend(engine.recover().await?);
            }
        }
    };
    match tokio::time::timeout(timeout, waited).await {
        Ok(Ok(exit)) => {
            op(global, &OpCommand::Show { id: id.to_owned() }, printer)?;
            Ok(exit)
        }
        Ok(Err(refusal)) => Ok(printer.refusal(&refusal)),
        Err(_) => Ok(printer.refusal(&Refusal::new("it has not ended yet").exit(Exit::Hold))),
    }
}
