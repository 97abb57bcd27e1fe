//! `gonogo check`: the verdict as an exit code.

use std::{io, time::Duration};

use super::{PATIENCE, Printer, json::StatusRoot, status::head};
use crate::{
    domain::{EnvironmentName, Exit, Refusal, SafeText, ServiceName, StationKind, Topology, Verdict},
    engine::{
        Engine,
        verdict::{self, Question},
    },
    provider::role::Timer,
};

/// What `check` is asked.
#[derive(Debug, Clone, Default)]
pub struct CheckArgs {
    /// The services; every one under way where none is named.
    pub services: Vec<ServiceName>,
    /// The environment; the last one of the path where none is named.
    pub environment: Option<EnvironmentName>,
    /// The version that is meant to arrive.
    pub to: Option<SafeText>,
    /// Stations that must be configured.
    pub require: Vec<StationKind>,
    /// Wait until the verdict is GO or NO-GO, at most so long.
    pub wait: Option<Duration>,
}

/// Prints the verdict and ends with its exit code.
pub async fn check(engine: &Engine, args: &CheckArgs, printer: &mut Printer) -> io::Result<Exit> {
    if let Some(refusal) = unknown_names(&engine.snapshot().topology, &[], args.environment.as_ref()) {
        return Ok(printer.refusal(&refusal));
    }
    let mut s = engine.settled(PATIENCE).await;
    // Services may be known only once the clusters have answered.
    if let Some(refusal) = unknown_names(&s.topology, &args.services, args.environment.as_ref()) {
        return Ok(printer.refusal(&refusal));
    }
    let question = Question {
        environment: args.environment.clone(),
        services: args.services.clone(),
        to: args.to.clone(),
        require: args.require.clone(),
    };
    let mut report = verdict::report(&s, &question);
    if let Some(limit) = args.wait {
        let mut snapshots = engine.snapshots();
        let timeout = engine.clock().sleep(limit);
        tokio::pin!(timeout);
        while matches!(report.verdict, Verdict::Hold | Verdict::Unknown) {
            tokio::select! {
                () = &mut timeout => break,
                changed = snapshots.changed() => if changed.is_err() { break },
            }
            s = snapshots.borrow_and_update().clone();
            report = verdict::report(&s, &question);
        }
    }
    let environment = args.environment.as_ref().or(s.topology.last().map(|e| &e.name));
    let root = StatusRoot::new("gonogo/v1/check", &s, &report, environment, environment);
    printer.answer(&root, || head(&s, &report, environment))?;
    Ok(report.verdict.exit())
}

/// Why a question about these names cannot be answered; the names that are known are the hint.
pub(super) fn unknown_names(
    topology: &Topology,
    services: &[ServiceName],
    environment: Option<&EnvironmentName>,
) -> Option<Refusal> {
    let known = |names: Vec<String>| format!("known: {}", names.join(", "));
    if let Some(name) = services.iter().find(|n| topology.service(n).is_none()) {
        let names = topology.services.iter().map(|s| s.name.to_string()).collect();
        return Some(Refusal::new(format!("no service is named {name}")).hint(known(names)).exit(Exit::Usage));
    }
    let name = environment.filter(|n| topology.environment(n).is_none())?;
    let names = topology.environments.iter().map(|e| e.name.to_string()).collect();
    Some(Refusal::new(format!("no environment is named {name}")).hint(known(names)).exit(Exit::Usage))
}
