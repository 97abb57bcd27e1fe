//! A question to the person at the terminal, and what it means when nobody is there.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// `y`, or `--yes`.
    Given,
    /// Anything else.
    Denied,
    /// There is no terminal to ask at.
    Nobody,
}

/// Whether there is a terminal to ask at.
pub fn somebody() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line, without what stands around it. Only at a terminal.
///
/// # Errors
/// The terminal cannot be read.
pub fn line(question: &str) -> io::Result<String> {
    // On standard error: the answer of the command may go elsewhere.
    let mut err = io::stderr();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Asks for a `y`, at a terminal only. Enter alone is no consent.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask(question: &str, yes: bool) -> io::Result<Consent> {
    if yes {
        return Ok(Consent::Given);
    }
    if !somebody() {
        return Ok(Consent::Nobody);
    }
    let said = line(&format!("{question} [y/N] "))?;
    Ok(if matches!(said.as_str(), "y" | "Y" | "yes") { Consent::Given } else { Consent::Denied })
}
