//! `gonogo status`: everything at a glance, once.

use std::io;

use super::{PATIENCE, Printer, check::unknown_names, json::StatusRoot, table::Table};
use crate::{
    domain::{Arm, EnvironmentName, Exit, Found, Health, MetricKey, Service, Snapshot, VerdictReport},
    engine::{
        Engine,
        verdict::{self, Question},
    },
};

/// What `status` is asked.
#[derive(Debug, Clone, Default)]
pub struct StatusArgs {
    /// Only this environment; the verdict then speaks of it.
    pub environment: Option<EnvironmentName>,
}

/// Prints the status. Exit code 0 whenever it could print.
pub async fn status(engine: &Engine, args: &StatusArgs, printer: &mut Printer) -> io::Result<Exit> {
    if let Some(refusal) = unknown_names(&engine.snapshot().topology, &[], args.environment.as_ref()) {
        return Ok(printer.refusal(&refusal));
    }
    let s = engine.settled(PATIENCE).await;
    let report = verdict::report(&s, &Question { environment: args.environment.clone(), ..Question::default() });
    let environment = args.environment.as_ref().or(s.topology.last().map(|e| &e.name));
    let root = StatusRoot::new("gonogo/v1/status", &s, &report, environment, args.environment.as_ref());
    printer.answer(&root, || text(&s, &report, environment))?;
    Ok(Exit::Done)
}

fn text(s: &Snapshot, report: &VerdictReport, environment: Option<&EnvironmentName>) -> String {
    let mut out = head(s, report, environment);
    let environments: Vec<&crate::domain::Environment> = s.topology.environments.iter().collect();
    let mut head = vec!["SERVICE".to_owned(), "CI".to_owned()];
    head.extend(environments.iter().map(|e| e.name.to_string().to_uppercase()));
    head.extend(["CANARY", ">ERR %", ">P95 ms", "STATE"].map(str::to_owned));
    let mut table = Table::new(&head);
    for service in &s.topology.services {
        let mut cells = vec![service.name.to_string(), ci(s, service)];
        cells.extend(environments.iter().map(|e| versions(s, service, &e.name)));
        cells.extend(figures(s, service, environment));
        table.row(cells);
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.text());
    }
    out.push_str(&changes(s, report));
    let troubles = s.troubles();
    if !troubles.is_empty() {
        out.push_str("\nSources in trouble\n");
        for t in troubles {
            out.push_str(&format!("  {} since {}: {}\n", t.source, t.since.strftime("%H:%M:%SZ"), t.problem));
            if let Some(hint) = t.problem.hint {
                out.push_str(&format!("    {hint}\n"));
            }
        }
    }
    out
}

/// What each service gets with the release.
fn changes(s: &Snapshot, report: &VerdictReport) -> String {
    let mut out = String::new();
    for service in report.scope.iter().filter_map(|name| s.topology.service(name)) {
        for c in s.changes_of(service) {
            let found = match &c.found {
                Found::Waiting => "not read yet".to_owned(),
                Found::Unknown { why } => format!("unknown: {why}"),
                Found::Known(set) => set.summary(),
            };
            out.push_str(&format!("  {} {} ▸ {}: {found}\n", service.name, c.from, c.to));
            let Found::Known(set) = &c.found else { continue };
            let files = set.migrations.iter().map(|f| ("migration", f)).chain(set.config.iter().map(|f| ("config", f)));
            for (kind, file) in files {
                out.push_str(&format!("    {kind} {} +{} -{}\n", file.path, file.added, file.removed));
            }
            for why in &set.missing {
                out.push_str(&format!("    {why}\n"));
            }
        }
    }
    if out.is_empty() { out } else { format!("\nChanges\n{out}") }
}

/// The verdict, its sentence, and what each station says.
pub fn head(s: &Snapshot, report: &VerdictReport, environment: Option<&EnvironmentName>) -> String {
    let place = environment.map(|e| format!("  {e}")).unwrap_or_default();
    let mut out = format!("{}{place}  {}\n{}\n\n", report.verdict, s.at.strftime("%Y-%m-%d %H:%M:%SZ"), report.sentence);
    for station in &report.stations {
        let verdict = station.verdict.map_or("–".to_owned(), |v| v.to_string());
        let reason = station.worst().map(|r| {
            let service = r.service.as_ref().map(|x| format!("{x}: ")).unwrap_or_default();
            let more = station.reasons.iter().skip(1).filter(|o| o.verdict == r.verdict).count();
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{service}{}{more}", r.text)
        });
        out.push_str(&format!("{:<7} {verdict:<8} {}\n", station.kind, reason.unwrap_or_default()));
    }
    out
}

fn ci(s: &Snapshot, service: &Service) -> String {
    match super::json::ci(s, service) {
        None => "–".to_owned(),
        Some(ci) if ci.flaky => "flaky".to_owned(),
        Some(ci) if ci.state == "failed" => "FAILED".to_owned(),
        Some(ci) => ci.state.to_owned(),
    }
}

fn versions(s: &Snapshot, service: &Service, environment: &EnvironmentName) -> String {
    let mut all: Vec<String> = s
        .placements_of(&service.name, environment)
        .iter()
        .map(|p| match (&p.version, &p.health) {
            (Some(v), _) => format!("{v}{}", if p.drift.is_some() { "≠" } else { "" }),
            (None, Health::Missing) => "–".to_owned(),
            (None, _) => "?".to_owned(),
        })
        .collect();
    all.dedup();
    all.join(",")
}

fn figures(s: &Snapshot, service: &Service, environment: Option<&EnvironmentName>) -> Vec<String> {
    let Some(environment) = environment else { return vec![String::new(); 4] };
    let placements = s.placements_of(&service.name, environment);
    let canary = placements
        .iter()
        .filter_map(|p| p.canary.as_ref().filter(|c| c.under_way()))
        .find_map(|c| c.set)
        .map_or("·".to_owned(), |w| format!("{w} %"));
    let arm = |arm| s.metrics_of(&MetricKey { service: service.name.clone(), environment: environment.clone(), arm });
    let figures = arm(Arm::Canary).or_else(|| arm(Arm::Serving));
    let show = |v: Option<f64>, digits: usize| v.map_or("?".to_owned(), |v| format!("{v:.digits$}"));
    let errors = show(figures.and_then(|f| f.errors.as_ref().ok()).map(|v| v * 100.0), 2);
    let p95 = show(figures.and_then(|f| f.p95.as_ref().ok()).map(|v| v * 1000.0), 0);
    let state = placements
        .iter()
        .find_map(|p| match &p.health {
            Health::Pass => None,
            Health::Progressing(why) => Some(format!("{}: {why}", p.key.cluster)),
            Health::Fail(causes) => {
                Some(format!("{}: {}", p.key.cluster, causes.first().map(ToString::to_string).unwrap_or_default()))
            }
            Health::Missing => Some(format!("{}: {} does not exist", p.key.cluster, p.workload)),
            Health::Unknown(why) => Some(format!("{}: {why}", p.key.cluster)),
        })
        .unwrap_or_else(|| if placements.is_empty() { String::new() } else { "ok".to_owned() });
    vec![canary, errors, p95, state]
}
