//! `gonogo status --short`: one line for tmux and shell prompts, out of what any gonogo of this person saw last.
//!
//! Nothing is asked and nothing is waited for: one small file is read. Its age is always told, and what is too old is
//! not a verdict any more.

use std::{io, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Printer;
use crate::domain::{Arm, EnvironmentName, Exit, MetricKey, SafeText, ServiceName, Snapshot, Verdict};

/// The shape of the file.
const SCHEMA: &str = "gonogo/v1/last";

/// What is older than this is no verdict any more.
const OLD: SignedDuration = SignedDuration::from_mins(2);

/// What was seen last, as the file keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// Name and version of this shape.
    pub schema: String,
    /// When it was seen.
    pub at: Timestamp,
    /// The verdict, as it is shown: `GO`, `HOLD`, `NO-GO`, `UNKNOWN`.
    pub verdict: String,
    /// The sentence that explains it.
    pub sentence: String,
    /// The environment that it speaks of.
    pub environment: Option<String>,
    /// The service that it is about, most of all.
    pub service: Option<String>,
    /// The weight that the canary of that service was given, in percent.
    pub weight: Option<f64>,
    /// The share of requests that fail, 0 to 1: the canary's, or the service's where there is none.
    pub errors: Option<f64>,
}

impl Brief {
    /// The brief of a snapshot.
    pub fn of(s: &Snapshot) -> Self {
        let report = &s.verdict;
        let worst = report.stations.iter().filter(|x| x.verdict == Some(report.verdict)).find_map(|x| x.worst()?.service.clone());
        let service = worst.filter(|_| report.verdict != Verdict::Go).or_else(|| report.scope.first().cloned());
        let environment = s.environment().map(|e| e.name.clone());
        let (weight, errors) = service.as_ref().zip(environment.as_ref()).map_or((None, None), |(x, e)| figures(s, x, e));
        Self {
            schema: SCHEMA.to_owned(),
            at: s.at,
            verdict: report.verdict.to_string(),
            sentence: report.sentence.to_string(),
            environment: environment.map(|e| e.to_string()),
            service: service.map(|s| s.to_string()),
            weight,
            errors,
        }
    }

    /// Reads the file; none where there is none, or none that this version understands.
    pub fn read(file: &Path) -> Option<Self> {
        let text = std::fs::read(file).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|b| b.schema == SCHEMA)
    }
}

fn figures(s: &Snapshot, service: &ServiceName, environment: &EnvironmentName) -> (Option<f64>, Option<f64>) {
    let placements = s.placements_of(service, environment);
    let weight = placements.iter().filter_map(|p| p.canary.as_ref().filter(|c| c.under_way())).find_map(|c| c.set);
    let key = |arm| MetricKey { service: service.clone(), environment: environment.clone(), arm };
    let arm = if weight.is_some() { Arm::Canary } else { Arm::Serving };
    (weight.map(|w| w.percent()), s.metrics_of(&key(arm)).and_then(|m| m.errors.as_ref().ok().copied()))
}

/// How the line is drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShortArgs {
    /// ASCII only.
    pub ascii: bool,
    /// With ANSI colours.
    pub colour: bool,
}

#[derive(Serialize)]
struct ShortRoot<'a> {
    schema: &'static str,
    at: Option<Timestamp>,
    age_seconds: Option<i64>,
    stale: bool,
    verdict: &'a str,
    environment: Option<SafeText>,
    service: Option<SafeText>,
    weight: Option<f64>,
    errors: Option<f64>,
    sentence: Option<SafeText>,
    text: &'a str,
}

/// Prints the line. It is an answer whatever it says, so the exit code is 0.
pub fn short(brief: Option<&Brief>, now: Timestamp, args: ShortArgs, printer: &mut Printer) -> io::Result<Exit> {
    let age = brief.map(|b| now.duration_since(b.at));
    let stale = age.is_none_or(|a| a > OLD || a < -OLD);
    let verdict = brief.filter(|_| !stale).map_or("UNKNOWN", |b| word(&b.verdict));
    let text = line(brief, now, ShortArgs { colour: false, ..args });
    let safe = |t: Option<&String>| t.map(|t| SafeText::clean(t));
    let root = ShortRoot {
        schema: "gonogo/v1/short",
        at: brief.map(|b| b.at),
        age_seconds: age.map(|a| a.as_secs()),
        stale,
        verdict: &verdict.to_ascii_lowercase(),
        environment: safe(brief.and_then(|b| b.environment.as_ref())),
        service: safe(brief.and_then(|b| b.service.as_ref())),
        weight: brief.and_then(|b| b.weight),
        errors: brief.and_then(|b| b.errors),
        sentence: safe(brief.map(|b| &b.sentence)),
        text: &text,
    };
    printer.answer(&root, || format!("{}\n", line(brief, now, args)))?;
    Ok(Exit::Done)
}

/// The words that a file may hold; anything else is not a verdict.
fn word(verdict: &str) -> &'static str {
    match verdict {
        "GO" => "GO",
        "HOLD" => "HOLD",
        "NO-GO" => "NO-GO",
        _ => "UNKNOWN",
    }
}

/// `● NO-GO payment 20% canary 4.1% err · 12s`
fn line(brief: Option<&Brief>, now: Timestamp, args: ShortArgs) -> String {
    let (sign, dot) = if args.ascii { ("*", "-") } else { ("●", "·") };
    let painted = |verdict: &str, text: String| {
        let colour = match verdict {
            "GO" => 32,
            "HOLD" => 33,
            "NO-GO" => 31,
            _ => 35,
        };
        if args.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text }
    };
    let Some(b) = brief else { return painted("", "? no gonogo snapshot".to_owned()) };
    let age = now.duration_since(b.at);
    let told = told(age);
    if age > OLD {
        let was = match &b.service {
            Some(service) => format!("{} {}", word(&b.verdict), SafeText::capped(service, 40)),
            None => word(&b.verdict).to_owned(),
        };
        return painted("", format!("? UNKNOWN stale {dot} was {was} {dot} {told}"));
    }
    if age < -OLD {
        return painted("", format!("? UNKNOWN {dot} seen in the future: a clock is wrong"));
    }
    let verdict = word(&b.verdict);
    let mut out = painted(verdict, format!("{} {verdict}", if verdict == "UNKNOWN" { "?" } else { sign }));
    if let Some(service) = &b.service {
        out.push_str(&format!(" {}", SafeText::capped(service, 40)));
    }
    if let Some(weight) = b.weight {
        out.push_str(&format!(" {weight:.0}% canary"));
    }
    if let Some(errors) = b.errors {
        out.push_str(&format!(" {:.1}% err", errors * 100.0));
    }
    out.push_str(&format!(" {dot} {told}"));
    out
}

/// `12s`, `3m`, `5h`, `2d`.
fn told(age: SignedDuration) -> String {
    let s = age.as_secs().max(0);
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m", s / 60),
        3_600..86_400 => format!("{}h", s / 3_600),
        _ => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_its_age_and_is_no_verdict_when_it_is_old() {
        let at: Timestamp = "2026-03-10T09:20:00Z".parse().unwrap();
        let brief = |verdict: &str| Brief {
            schema: SCHEMA.into(),
            at,
            verdict: verdict.into(),
            sentence: "payment: canary errors".into(),
            environment: Some("production".into()),
            service: Some("payment".into()),
            weight: Some(20.0),
            errors: Some(0.0412),
        };
        let go = Brief { service: None, weight: None, errors: None, ..brief("GO") };
        let hostile = Brief { service: Some("a\x1b]0;x\x07".into()), ..go.clone() };
        let plain = ShortArgs::default();
        let ascii = ShortArgs { ascii: true, ..plain };
        let colour = ShortArgs { colour: true, ..plain };
        for (brief, seconds, args, want) in [
            (Some(brief("NO-GO")), 12, plain, "● NO-GO payment 20% canary 4.1% err · 12s"),
            (Some(brief("NO-GO")), 12, ascii, "* NO-GO payment 20% canary 4.1% err - 12s"),
            (Some(go.clone()), 120, plain, "● GO · 2m"),
            (Some(go.clone()), 3, colour, "\x1b[32m● GO\x1b[0m · 3s"),
            (Some(brief("NO-GO")), 121, plain, "? UNKNOWN stale · was NO-GO payment · 2m"),
            (Some(go.clone()), 90_000, ascii, "? UNKNOWN stale - was GO - 1d"),
            (Some(go), -121, plain, "? UNKNOWN · seen in the future: a clock is wrong"),
            (Some(brief("MAYBE")), 1, plain, "? UNKNOWN payment 20% canary 4.1% err · 1s"),
            (Some(hostile), 1, plain, "● GO a\u{fffd}]0;x\u{fffd} · 1s"),
            (None, 0, plain, "? no gonogo snapshot"),
        ] {
            let now = at.checked_add(SignedDuration::from_secs(seconds)).unwrap();
            assert_eq!(line(brief.as_ref(), now, args), want);
        }
    }

    #[test]
    fn what_is_not_ours_is_no_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("last.json");
        assert_eq!(Brief::read(&file), None);
        for text in ["", "{", "[]", r#"{"schema":"gonogo/v2/last"}"#, "\u{0}\u{0}"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(Brief::read(&file), None, "{text:?}");
        }
    }
}
