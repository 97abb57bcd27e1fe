//! `gonogo init`: what would be written, shown as a difference; written on consent.

use std::{io, path::Path};

use serde::Serialize;
use similar::TextDiff;

use super::{Consent, Printer, ask, say};
use crate::{
    config::replace,
    domain::{Exit, Problem, ProblemKind, Refusal, SafeText},
};

/// A configuration that is proposed.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// Where it belongs.
    pub file: &'a Path,
    /// What stands there now.
    pub old: Option<String>,
    /// What would stand there.
    pub new: String,
    /// What a person should know about it.
    pub notes: Vec<SafeText>,
}

/// How much is said and asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct InitArgs {
    /// Write without being asked.
    pub yes: bool,
    /// Show it, and write nothing.
    pub dry_run: bool,
}

#[derive(Serialize)]
struct InitRoot<'a> {
    schema: &'static str,
    file: SafeText,
    changed: bool,
    diff: Vec<SafeText>,
    notes: &'a [SafeText],
}

/// Shows the proposal and writes it on consent. Without a terminal and without `--yes` it is shown and refused.
pub fn init(proposal: &Proposal<'_>, args: InitArgs, printer: &mut Printer) -> io::Result<Exit> {
    let old = proposal.old.as_deref().unwrap_or_default();
    let file = SafeText::clean(&proposal.file.display().to_string());
    let diff = diff(old, &proposal.new, if proposal.old.is_some() { file.as_str() } else { "/dev/null" }, file.as_str());
    let root = |changed: bool| InitRoot {
        schema: "gonogo/v1/init",
        file: file.clone(),
        changed,
        diff: diff.clone(),
        notes: &proposal.notes,
    };
    if printer.is_human() {
        for note in &proposal.notes {
            say(note.as_str(), None);
        }
    }
    if proposal.old.as_deref() == Some(proposal.new.as_str()) {
        printer.answer(&root(false), || format!("{file}: nothing new\n"))?;
        return Ok(Exit::Done);
    }
    if printer.is_human() {
        printer.raw(&diff.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    }
    if args.dry_run {
        printer.answer(&root(false), String::new)?;
        return Ok(Exit::Done);
    }
    match ask(&format!("Write {file}?"), args.yes)? {
        Consent::Given => {}
        Consent::Denied => {
            printer.answer(&root(false), String::new)?;
            return Ok(printer.refusal(&Refusal::new("nothing was written")));
        }
        Consent::Nobody => {
            printer.answer(&root(false), String::new)?;
            let refusal = Refusal::new("nothing was written: there is no terminal to ask at");
            return Ok(printer.refusal(&refusal.hint("use --yes to write it, or --dry-run to look only")));
        }
    }
    if let Err(e) = replace(proposal.file, &proposal.new) {
        let problem = Problem::new(ProblemKind::Internal, format!("{file} cannot be written: {e}"));
        return Ok(Printer::problem(&problem));
    }
    printer.answer(&root(true), || format!("wrote {file}; gonogo doctor examines what it names\n"))?;
    Ok(Exit::Done)
}

/// A unified difference, line by line, made harmless.
fn diff(old: &str, new: &str, from: &str, to: &str) -> Vec<SafeText> {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(3).header(from, to).to_string();
    text.lines().map(SafeText::clean).collect()
}
