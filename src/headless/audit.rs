//! `gonogo audit log|verify|export` and `gonogo op list|show`: what the journal says. They ask no system.

use std::{collections::BTreeMap, io, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Printer, Table, say};
use crate::{
    domain::{Exit, OpId, ServiceName},
    engine::journal::{Disk, Event, Head, Line, Operation, Operations, Report, verify, words},
};

/// Which lines of the journal are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditArgs {
    /// Only those of this operation.
    pub op: Option<OpId>,
    /// Only those younger than this.
    pub since: Option<Duration>,
    /// Only those of operations on this service.
    pub service: Option<ServiceName>,
}

/// `gonogo/v1/audit-log` and `gonogo/v1/audit-export`.
#[derive(Serialize)]
struct LinesRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    /// The newest line of the journal; null of an empty one.
    head: Option<Head>,
    holds: bool,
    lines: &'a [Line],
}

/// `gonogo/v1/audit-verify`.
#[derive(Serialize)]
struct VerifyRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    holds: bool,
    #[serde(flatten)]
    report: &'a Report,
}

/// `gonogo/v1/operations` and `gonogo/v1/operation`.
#[derive(Serialize)]
struct OperationsRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    operations: Vec<OperationJson<'a>>,
}

#[derive(Serialize)]
struct OperationJson<'a> {
    #[serde(flatten)]
    operation: &'a Operation,
    open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<&'a [Line]>,
}

/// Prints the lines that are wanted, the oldest first.
pub fn audit_log(disk: &dyn Disk, args: &AuditArgs, now: Timestamp, printer: &mut Printer) -> io::Result<Exit> {
    let since = args.since.and_then(|d| now.checked_sub(SignedDuration::try_from(d).ok()?).ok());
    let mut services: BTreeMap<OpId, Vec<ServiceName>> = BTreeMap::new();
    let mut lines = vec![];
    let report = match verify(disk, &[], |line, _| {
        let entry = &line.entry;
        match &entry.event {
            Event::Begun(b) => services.insert(entry.op.clone(), b.service.iter().chain(&b.also).cloned().collect()),
            Event::Refused { service, also, .. } => {
                services.insert(entry.op.clone(), service.iter().chain(also).cloned().collect())
            }
            _ => None,
        };
        let of_service = |s: &ServiceName| services.get(&entry.op).is_some_and(|found| found.contains(s));
        if args.op.as_ref().is_none_or(|op| *op == entry.op)
            && since.is_none_or(|since| entry.at >= since)
            && args.service.as_ref().is_none_or(of_service)
        {
            lines.push(line.clone());
        }
    }) {
        Ok(report) => report,
        Err(e) => return Ok(unreadable(&e)),
    };
    warn(&report);
    let root = LinesRoot { schema: "gonogo/v1/audit-log", at: now, head: report.head, holds: report.holds(), lines: &lines };
    printer.answer(&root, || if lines.is_empty() { "nothing is recorded\n".to_owned() } else { table(&lines) })?;
    Ok(Exit::Done)
}

/// Checks the whole journal, and whether it still has the heads that were noted elsewhere.
pub fn audit_verify(disk: &dyn Disk, noted: &[Head], now: Timestamp, printer: &mut Printer) -> io::Result<Exit> {
    let report = match verify(disk, noted, |_, _| ()) {
        Ok(report) => report,
        Err(e) => return Ok(unreadable(&e)),
    };
    let holds = report.holds();
    let root = VerifyRoot { schema: "gonogo/v1/audit-verify", at: now, holds, report: &report };
    printer.answer(&root, || verified(&report))?;
    Ok(if holds { Exit::Done } else { Exit::Failed })
}

fn verified(report: &Report) -> String {
    let mut out = match (report.holds(), report.head) {
        (true, None) => "the journal holds: it is empty\n".to_owned(),
        (true, Some(head)) => {
            let Report { lines, operations, open, .. } = report;
            format!("the journal holds: {lines} lines, {operations} operations, {open} open\nhead {head}\n")
        }
        (false, _) => "the journal does not hold\n".to_owned(),
    };
    for b in &report.breaks {
        out.push_str(&format!("{} line {}: {}\n", b.file, b.line, b.why));
    }
    for anchor in report.anchors.iter().filter(|a| !a.holds) {
        out.push_str(&format!("line {} is not what it was, or is gone: {} was noted\n", anchor.head.seq, anchor.head));
    }
    if let Some(torn) = &report.torn {
        out.push_str(&format!(
            "{}: the last write was cut short after {} bytes; it was never acknowledged, and the next one takes it off\n",
            torn.file, torn.bytes
        ));
    }
    if report.left > 0 {
        out.push_str(&format!("{} bytes of writes that failed and were never acknowledged lie beside the lines\n", report.left));
    }
    out
}

/// Prints the whole journal: its lines as they stand in the files, each with its seal, or one JSON object.
pub fn audit_export(disk: &dyn Disk, now: Timestamp, printer: &mut Printer) -> io::Result<Exit> {
    let human = printer.is_human();
    let mut lines = vec![];
    let mut text = Ok(true);
    let report = verify(disk, &[], |line, bytes| {
        if !human {
            lines.push(line.clone());
        } else if matches!(text, Ok(true)) {
            // Whoever reads it can check it: not a byte is another than in the file.
            text = printer.line(&(), || format!("{}\n", String::from_utf8_lossy(bytes)));
        }
    });
    text?;
    let report = match report {
        Ok(report) => report,
        Err(e) => return Ok(unreadable(&e)),
    };
    if !human {
        let root =
            LinesRoot { schema: "gonogo/v1/audit-export", at: now, head: report.head, holds: report.holds(), lines: &lines };
        printer.answer(&root, String::new)?;
    }
    warn(&report);
    Ok(if report.holds() { Exit::Done } else { Exit::Failed })
}

/// Prints all operations: those that are open, then the others, each the newest first.
pub fn op_list(disk: &dyn Disk, now: Timestamp, printer: &mut Printer) -> io::Result<Exit> {
    let mut operations = Operations::default();
    let report = match verify(disk, &[], |line, _| operations.take(line)) {
        Ok(report) => report,
        Err(e) => return Ok(unreadable(&e)),
    };
    warn(&report);
    let (open, ended): (Vec<_>, Vec<_>) = operations.all().rev().partition(|o| o.is_open());
    let sorted: Vec<&Operation> = open.into_iter().chain(ended).collect();
    let json = |o: &&'_ Operation| (*o).is_open();
    let root = OperationsRoot {
        schema: "gonogo/v1/operations",
        at: now,
        operations: sorted.iter().map(|o| OperationJson { open: json(o), operation: o, lines: None }).collect(),
    };
    printer.answer(&root, || {
        if sorted.is_empty() {
            return "no operation was begun yet\n".to_owned();
        }
        let mut table = Table::new(&["OPERATION", "BEGUN", "WHO", "WHAT", "STATE", ">EXIT", ">DONE"]);
        for o in &sorted {
            let end = o.ended.as_ref();
            table.row(vec![
                o.id.to_string(),
                time(o.at),
                words::who(&o.actor),
                words::command(&o.begun.command),
                o.state().to_owned(),
                end.map_or_else(|| "–".to_owned(), |e| e.outcome.code().to_string()),
                end.map_or_else(|| format!("? of {}", o.begun.targets.len()), |e| format!("{} of {}", e.reached, e.of)),
            ]);
        }
        table.text()
    })?;
    Ok(Exit::Done)
}

/// Prints one operation with its lines. A part of its id will do, from the beginning, while it fits only one.
pub fn op_show(disk: &dyn Disk, id: &str, now: Timestamp, printer: &mut Printer) -> io::Result<Exit> {
    let mut operations = Operations::default();
    let mut lines = vec![];
    let report = match verify(disk, &[], |line, _| {
        operations.take(line);
        if line.entry.op.as_str().starts_with(id) {
            lines.push(line.clone());
        }
    }) {
        Ok(report) => report,
        Err(e) => return Ok(unreadable(&e)),
    };
    warn(&report);
    let fits: Vec<&Operation> = operations.all().filter(|o| o.id.as_str().starts_with(id)).collect();
    let [operation] = fits[..] else {
        let what = if fits.is_empty() { "no operation begins" } else { "several operations begin" };
        let shown = crate::domain::SafeText::capped(id, 40);
        say(&format!("{what} with {shown}"), Some("gonogo op list names them".to_owned()));
        return Ok(Exit::Failed);
    };
    lines.retain(|l| l.entry.op == operation.id);
    let json = OperationJson { operation, open: operation.is_open(), lines: Some(&lines) };
    let root = OperationsRoot { schema: "gonogo/v1/operation", at: now, operations: vec![json] };
    printer.answer(&root, || {
        let begun = &operation.begun;
        let head = [
            ("operation", operation.id.to_string()),
            ("what", words::command(&begun.command)),
            ("place", begun.place.to_string()),
            ("from", begun.from.to_string()),
            ("to", begun.to.to_string()),
            ("who", format!("{} on {}", words::who(&operation.actor), operation.host)),
            ("reason", begun.reason.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string)),
            ("plan", begun.plan_hash.short()),
            ("state", operation.state().to_owned()),
        ];
        let head: String = head.iter().map(|(name, value)| format!("{name:<10} {value}\n")).collect();
        let mut table = Table::new(&[">LINE", "TIME", "EVENT", "WHAT"]);
        for Line { seq, entry, .. } in &lines {
            table.row(vec![seq.to_string(), time(entry.at), entry.event.kind().to_string(), entry.event.words().to_string()]);
        }
        format!("{head}\n{}", table.text())
    })?;
    Ok(Exit::Done)
}

fn table(lines: &[Line]) -> String {
    let mut table = Table::new(&[">LINE", "TIME", "OPERATION", "WHO", "EVENT", "WHAT"]);
    for line in lines {
        let entry = &line.entry;
        table.row(vec![
            line.seq.to_string(),
            time(entry.at),
            entry.op.to_string(),
            words::who(&entry.actor),
            entry.event.kind().to_string(),
            entry.event.words().to_string(),
        ]);
    }
    table.text()
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Says on standard error when what is shown cannot be relied on.
fn warn(report: &Report) {
    if let Some(b) = report.breaks.first() {
        let what = format!("the journal does not hold: {} line {}: {}", b.file, b.line, b.why);
        say(&what, Some("gonogo audit verify names every such place".to_owned()));
    }
}

fn unreadable(e: &io::Error) -> Exit {
    say(&format!("the journal cannot be read: {e}"), None);
    Exit::Failed
}
