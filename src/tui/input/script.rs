//! `--keys '<tab>jj<enter><wait 5s>'`.

use jiff::SignedDuration;

use super::key::{Key, KeyError};

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Press a key.
    Key(Key),
    /// Let so much time of the world pass.
    Wait(SignedDuration),
    /// Paste a text.
    Paste(String),
}

/// Why a script cannot be run: which character, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// Characters before the fault.
    pub at: usize,
    /// What is wrong.
    pub why: String,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--keys, character {}: {}", self.at + 1, self.why)
    }
}

impl std::error::Error for ScriptError {}

/// Reads a script: characters are keys, names stand in angle brackets, `<wait 5s>` (any duration
/// jiff reads) lets time pass, `<paste TEXT>` pastes, `<lt>` is the sign `<`.
///
/// # Errors
/// An unknown name, a bracket that is not closed, a duration that is none or negative.
pub fn parse_keys(script: &str) -> Result<Vec<Step>, ScriptError> {
    let mut steps = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let at = script[..script.len() - rest.len()].chars().count();
        let fail = |why: String| ScriptError { at, why };
        let len = if first == '<' {
            rest.find('>').ok_or_else(|| fail("`<` is not closed; the sign itself is <lt>".to_owned()))? + 1
        } else {
            first.len_utf8()
        };
        let word = &rest[..len];
        let inner = word.trim_start_matches('<').trim_end_matches('>');
        steps.push(if let Some(text) = inner.strip_prefix("wait ").filter(|_| len > 1) {
            let duration: SignedDuration =
                text.trim()
                    .parse()
                    .ok()
                    .filter(|duration: &SignedDuration| !duration.is_negative())
                    .ok_or_else(|| fail(format!("`{text}` is no duration; write <wait 5s> or <wait 2m>")))?;
            Step::Wait(duration)
        } else if let Some(text) = inner.strip_prefix("paste ").filter(|_| len > 1) {
            Step::Paste(text.to_owned())
        } else {
            Step::Key(word.parse().map_err(|error: KeyError| fail(error.to_string()))?)
        });
        rest = &rest[len..];
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::Code;
    use super::*;

    #[test]
    fn a_script_is_keys_waits_and_pastes() {
        let steps = parse_keys("<tab>jG<enter><wait 5s><c-d><paste a b><lt>é<wait 2m 30s>>").expect("valid");
        let key = |code| Step::Key(Key::plain(code));
        assert_eq!(
            steps,
            [
                key(Code::Tab),
                key(Code::Char('j')),
                key(Code::Char('G')),
                key(Code::Enter),
                Step::Wait(SignedDuration::from_secs(5)),
                Step::Key(Key::ctrl('d')),
                Step::Paste("a b".to_owned()),
                key(Code::Char('<')),
                key(Code::Char('é')),
                Step::Wait(SignedDuration::from_secs(150)),
                key(Code::Char('>')),
            ]
        );
        assert_eq!(parse_keys(""), Ok(Vec::new()));
    }

    #[test]
    fn errors_say_where() {
        for (script, at) in [("jé<entre>", 2), ("<wait soon>", 0), ("<wait -5s>", 0), ("j<tab", 1), ("\u{7}", 0)] {
            assert_eq!(parse_keys(script).expect_err(script).at, at, "{script}");
        }
        let said = parse_keys("j<tab").expect_err("not closed").to_string();
        assert_eq!(said, "--keys, character 2: `<` is not closed; the sign itself is <lt>");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[<>a-z0-9 é]{0,20}") {
            drop(parse_keys(&text));
        }
    }
}
