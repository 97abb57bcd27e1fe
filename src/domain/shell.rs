//! Words for a shell: what is printed to be copied must be read as it was meant.

/// A word as a POSIX shell reads it back: bare where nothing in it means anything to a shell, else in single quotes.
pub fn quoted(word: &str) -> String {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b'=' | b',' | b'%' | b'+');
    // A bare `=` first is an assignment to zsh's eyes, and `%` a job.
    let first = word.bytes().next().is_some_and(|b| !matches!(b, b'=' | b'%'));
    if first && word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        for (word, want) in [
            ("payment", "payment"),
            ("sha256:ab@1.9.0+build,x=1", "sha256:ab@1.9.0+build,x=1"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$(rm)", "'$(rm)'"),
            ("=ls", "'=ls'"),
            ("~root", "'~root'"),
            ("a*b?", "'a*b?'"),
        ] {
            assert_eq!(quoted(word), want);
        }
    }
}
