//! `gonogo config trust`: what a repository's file would reach, and consent to exactly that text.

use std::{io, path::Path};

use serde::Serialize;

use super::{Consent, Printer, ask};
use crate::{
    config::{Asked, Inputs, Trust, asked, granted, replace, revoked},
    domain::{Exit, Problem, ProblemKind, Refusal, SafeText},
};

/// What `config trust` is asked.
#[derive(Debug, Clone, Default)]
pub struct TrustArgs {
    /// Take consent back.
    pub revoke: bool,
    /// Consent without being asked.
    pub yes: bool,
}

#[derive(Serialize)]
struct TrustRoot<'a> {
    schema: &'static str,
    file: &'a Path,
    sha256: &'a str,
    trusted: bool,
    changed: bool,
    hosts: Vec<SafeText>,
    clusters: Vec<SafeText>,
    programs: Vec<SafeText>,
    keys: Vec<SafeText>,
}

/// Shows what `file` (the repository's own where none is named) would do, asks, and records the answer.
pub fn trust(inputs: &Inputs<'_>, file: Option<&Path>, args: &TrustArgs, printer: &mut Printer) -> io::Result<Exit> {
    let asked = match asked(inputs, file) {
        Ok(asked) => asked,
        Err(faults) => {
            for fault in faults {
                super::say(&fault.to_string(), None);
            }
            return Ok(Exit::Usage);
        }
    };
    let Some(record) = inputs.trust_file() else {
        let nowhere = Problem::new(ProblemKind::Config, "there is no folder to record trust in").hint("use --state-dir");
        return Ok(Printer::problem(&nowhere));
    };
    if args.revoke {
        let was = asked.trust != Trust::Never;
        if was && let Err(e) = replace(&record, &revoked(inputs, &asked)) {
            return Ok(unwritten(&record, &e));
        }
        answer(&asked, false, was, printer, || {
            let what = if was { "is not trusted any more" } else { "was not trusted" };
            format!("{} {what}\n", shown(&asked))
        })?;
        return Ok(Exit::Done);
    }
    if asked.trust == Trust::Trusted {
        answer(&asked, true, false, printer, || format!("{} is trusted already, as it is now\n", shown(&asked)))?;
        return Ok(Exit::Done);
    }
    // What is consented to is shown first, whoever consents.
    if printer.is_human() {
        printer.raw(&card(&asked))?;
    }
    match ask("Trust this file as it is now?", args.yes)? {
        Consent::Given => {}
        Consent::Denied => return Ok(printer.refusal(&Refusal::new("nothing was changed"))),
        Consent::Nobody => {
            let refusal = Refusal::new("trust needs consent, and there is no terminal to ask at");
            answer(&asked, false, false, printer, String::new)?;
            return Ok(printer.refusal(&refusal.hint("read what is said above, then use --yes")));
        }
    }
    // The same text that was shown: a change in between is not consented to, because its hash is another.
    if let Err(e) = replace(&record, &granted(inputs, &asked)) {
        return Ok(unwritten(&record, &e));
    }
    answer(&asked, true, true, printer, || format!("{} is trusted until it changes\n", shown(&asked)))?;
    Ok(Exit::Done)
}

fn shown(asked: &Asked) -> SafeText {
    SafeText::clean(&asked.file.display().to_string())
}

fn unwritten(record: &Path, e: &io::Error) -> Exit {
    Printer::problem(&Problem::new(ProblemKind::Internal, format!("{} cannot be written: {e}", record.display())))
}

fn answer(asked: &Asked, trusted: bool, changed: bool, printer: &mut Printer, text: impl FnOnce() -> String) -> io::Result<()> {
    let safe = |list: &[String]| list.iter().map(|x| SafeText::clean(x)).collect();
    let root = TrustRoot {
        schema: "gonogo/v1/trust",
        file: &asked.file,
        sha256: &asked.hash,
        trusted,
        changed,
        hosts: safe(&asked.reach.hosts),
        clusters: safe(&asked.reach.clusters),
        programs: safe(&asked.reach.programs),
        keys: safe(&asked.reach.keys),
    };
    printer.answer(&root, text)
}

fn card(asked: &Asked) -> String {
    let mut out = format!("{}\nsha256 {}\n", shown(asked), asked.hash);
    if asked.trust == Trust::Changed {
        out.push_str("it changed since it was trusted\n");
    }
    let reach = &asked.reach;
    for (head, list, none) in [
        ("it would send requests to", &reach.hosts, "no host that is not yours already"),
        ("it would watch", &reach.clusters, "no cluster that is not yours already"),
        ("it may start programs by", &reach.programs, "nothing"),
        ("it would set", &reach.keys, "nothing that it may not set untrusted"),
    ] {
        out.push_str(&format!("\n  {head}\n"));
        for line in list {
            out.push_str(&format!("    {}\n", SafeText::clean(line)));
        }
        if list.is_empty() {
            out.push_str(&format!("    {none}\n"));
        }
    }
    out.push('\n');
    out
}
