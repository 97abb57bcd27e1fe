//! The only standard output of the command line. Prints only text that was made harmless.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    action::Action,
    domain::{Exit, Problem, Refusal, SafeText},
};

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs; the roots are documented in the README.
    Json,
}

/// Writes answers.
pub struct Printer {
    format: Format,
    out: Box<dyn Write + Send>,
}

impl Printer {
    /// A printer to standard output.
    pub fn stdout(format: Format) -> Self {
        Self { format, out: Box::new(io::stdout()) }
    }

    /// A printer to anything else, for tests.
    pub fn to(format: Format, out: Box<dyn Write + Send>) -> Self {
        Self { format, out }
    }

    /// Writes `text` for people, or `value` for programs. A reader that went away is no failure.
    pub fn answer<T: Serialize>(&mut self, value: &T, text: impl FnOnce() -> String) -> io::Result<()> {
        let text = match self.format {
            Format::Human => text(),
            Format::Json => {
                let mut text = serde_json::to_string_pretty(value)?;
                text.push('\n');
                text
            }
        };
        self.raw(&text)
    }

    /// Whether answers are written for people.
    pub fn is_human(&self) -> bool {
        self.format == Format::Human
    }

    /// Writes one of many lines: `text` for people, `value` as one line of JSON for programs. Whether anybody reads on.
    pub fn line<T: Serialize>(&mut self, value: &T, text: impl FnOnce() -> String) -> io::Result<bool> {
        let text = match self.format {
            Format::Human => text(),
            Format::Json => format!("{}\n", serde_json::to_string(value)?),
        };
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Writes text as it is.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Tells a problem on standard error, with its hint.
    pub fn problem(problem: &Problem) -> Exit {
        say(&problem.what.to_string(), problem.hint.as_ref().map(ToString::to_string));
        problem.exit()
    }

    /// Tells a refusal on standard error, with its hint; programs are told on standard output too.
    pub fn refusal(&mut self, refusal: &Refusal) -> Exit {
        self.refused(None, refusal)
    }

    /// The same for what an action asked for: programs are told which one it was, as after a plan.
    pub fn declined(&mut self, action: &Action, refusal: &Refusal) -> Exit {
        self.refused(Some(action.command_line()), refusal)
    }

    fn refused(&mut self, command: Option<String>, refusal: &Refusal) -> Exit {
        say(&refusal.why.to_string(), refusal.hint.as_ref().map(ToString::to_string));
        if !self.is_human() {
            // An output that cannot be written leaves the exit code to speak.
            self.answer(&RefusalRoot::new(command, refusal), String::new).ok();
        }
        refusal.exit
    }
}

/// `gonogo/v1/refusal`.
#[derive(Serialize)]
struct RefusalRoot<'a> {
    schema: &'static str,
    changed: bool,
    outcome: Exit,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    problems: Vec<Told<'a>>,
}

/// What stands in the way, and what would help.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    what: &'a SafeText,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a SafeText>,
}

impl<'a> Told<'a> {
    /// A refusal as one of the problems of a root.
    pub fn of(refusal: &'a Refusal) -> Self {
        Self { what: &refusal.why, hint: refusal.hint.as_ref() }
    }
}

impl<'a> RefusalRoot<'a> {
    fn new(command: Option<String>, refusal: &'a Refusal) -> Self {
        // What is so already is no problem.
        let problems = if refusal.exit == Exit::Done { vec![] } else { vec![Told::of(refusal)] };
        Self { schema: "gonogo/v1/refusal", changed: false, outcome: refusal.exit, command, problems }
    }
}

/// Writes one line, and a hint, to standard error. A closed standard error leaves the exit code to speak.
pub fn say(what: &str, hint: Option<String>) {
    let mut text = format!("gonogo: {what}\n");
    if let Some(hint) = hint {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    io::stderr().write_all(text.as_bytes()).ok();
}
