//! How bad a line looks, from its words alone. A guess: it serves filters and colours, never a verdict.

use serde::Serialize;

/// How bad a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing is known of it.
    #[default]
    Plain,
    /// Of use to those who wrote the program.
    Debug,
    /// Of use to those who run it.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// Names of levels, the worst first.
const WORDS: [(Level, &[&str]); 4] = [
    (Level::Error, &["fatal", "panic", "critical", "crit", "alert", "emerg", "emergency", "error", "err", "severe"]),
    (Level::Warn, &["warning", "warn"]),
    (Level::Info, &["info", "notice", "information"]),
    (Level::Debug, &["debug", "trace", "verbose"]),
];

/// Keys that hold a level, in JSON and in `key=value` lines.
const KEYS: [&str; 4] = ["level", "severity", "lvl", "loglevel"];

/// How far into a line a bare word of a level is looked for, in bytes: further in it is part of a sentence.
const HEAD: usize = 80;

/// The level of a line; `before` is that of the line before it.
pub(super) fn guess(line: &str, before: Level) -> Level {
    if line.starts_with([' ', '\t']) || line.starts_with("Caused by:") || line.starts_with("Traceback ") {
        // The rest of what the line before began: a stack trace, a longer message.
        return if line.starts_with("Traceback ") { Level::Error } else { before };
    }
    if let Some(level) = marked(line).or_else(|| keyed(line)).or_else(|| klog(line)) {
        return level;
    }
    let mut end = line.len().min(HEAD);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    // Upper-case words and words in brackets are levels wherever they stand; others only where they open the line.
    let words = line[..end].split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty());
    for (at, word) in words.enumerate() {
        let shouted = word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase());
        let bracketed = line.contains(&format!("[{word}]"));
        let opens = at == 0 && line.strip_prefix(word).is_some_and(|rest| rest.starts_with(':'));
        if (shouted || bracketed || opens)
            && let Some(level) = named(word)
        {
            return level;
        }
    }
    if line.contains("Exception:") || line.contains("Exception in thread") || line.starts_with("thread '") {
        return Level::Error;
    }
    Level::Plain
}

fn named(word: &str) -> Option<Level> {
    WORDS.iter().find(|(_, words)| words.iter().any(|w| w.eq_ignore_ascii_case(word))).map(|(level, _)| *level)
}

/// The commands of a runner: `##[error]…`, `::warning …::…`.
fn marked(line: &str) -> Option<Level> {
    let word = match line.strip_prefix("##[") {
        Some(rest) => rest.split(']').next()?,
        None => line.strip_prefix("::")?.split([' ', ':']).next()?,
    };
    named(word)
}

/// `"level":"error"` and `level=error`.
fn keyed(line: &str) -> Option<Level> {
    for key in KEYS {
        let mut from = 0;
        while let Some(at) = line[from..].find(key) {
            let (start, end) = (from + at, from + at + key.len());
            from = end;
            let before = line[..start].chars().next_back();
            if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let rest = line[end..].trim_start_matches('"').trim_start();
            let Some(value) = rest.strip_prefix([':', '=']) else { continue };
            let value = value.trim_start().trim_start_matches('"');
            let word = value.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            if let Some(level) = named(word).or_else(|| numbered(word)) {
                return Some(level);
            }
        }
    }
    None
}

/// The numbers of bunyan and pino.
fn numbered(word: &str) -> Option<Level> {
    match word.parse::<u32>().ok()? {
        10 | 20 => Some(Level::Debug),
        30 => Some(Level::Info),
        40 => Some(Level::Warn),
        50 | 60 => Some(Level::Error),
        _ => None,
    }
}

/// `E0310 10:20:00.000000 …`, as klog writes.
fn klog(line: &str) -> Option<Level> {
    let mut chars = line.chars();
    let level = match chars.next()? {
        'E' | 'F' => Level::Error,
        'W' => Level::Warn,
        'I' => Level::Info,
        _ => return None,
    };
    (chars.by_ref().take(4).filter(char::is_ascii_digit).count() == 4 && chars.next() == Some(' ')).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_guessed_from_what_loggers_write() {
        use Level::{Debug, Error, Info, Plain, Warn};
        for (line, want) in [
            (r#"{"ts":1,"level":"error","msg":"x"}"#, Error),
            (r#"{"severity": "WARNING","message":"error budget"}"#, Warn),
            (r#"{"level":50,"msg":"x"}"#, Error),
            ("ts=1 level=info msg=\"no error\"", Info),
            ("loglevel=warn", Warn),
            ("sublevel=error ok", Plain),
            ("2026-03-10 10:00:00 ERROR c.a.Payment - boom", Error),
            ("2026-03-10 10:00:00 [warn] upstream", Warn),
            ("[error] 17#17: connect() failed", Error),
            ("error: could not compile", Error),
            ("E0310 10:20:00.000000 1 main.go:1] x", Error),
            ("I0310 10:20:00.000000 1 main.go:1] an ERROR", Info),
            ("##[error]Process completed with exit code 1.", Error),
            ("::warning file=x::odd", Warn),
            ("java.lang.IllegalStateException: no", Error),
            ("Traceback (most recent call last):", Error),
            ("listening on :8080, error pages in /srv", Plain),
            ("DEBUG x", Debug),
            ("hello from a fake pod", Plain),
            ("", Plain),
            ("é".repeat(79).as_str(), Plain),
        ] {
            assert_eq!(guess(line, Plain), want, "{line}");
        }
        assert_eq!(guess("\tat acme.Payment.charge", Error), Error, "the rest of a stack trace");
        assert_eq!(guess("  indented", Plain), Plain);
    }
}
