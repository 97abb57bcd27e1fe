//! Pieces of PromQL: strings, regular expressions, matchers. Pure.

/// `="a"` for one value, `=~"a|b"` for several.
pub fn one_of(values: &[&str]) -> String {
    match values {
        [one] => format!("={}", quoted(one)),
        many => {
            let many = set(many);
            match &many[..] {
                [one] => format!("=~{}", quoted(one)),
                many => format!("=~{}", quoted(&many.join("|"))),
            }
        }
    }
}

/// A regular expression that matches one of the values and nothing else.
pub fn any_of(values: &[&str]) -> String {
    match &set(values)[..] {
        [one] => one.clone(),
        many => format!("({})", many.join("|")),
    }
}

/// The values as regular expressions, in order and without doubles.
fn set(values: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = values.iter().map(|v| regex(v)).collect();
    out.sort();
    out.dedup();
    out
}

/// `text` as a regular expression that matches nothing else.
pub fn regex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '_') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `text` as a PromQL string.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\\' | '"' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Matchers in one list, empty ones left out.
pub fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_expressions_and_as_strings() {
        for (values, want) in [
            (vec!["a.b"], r#"="a.b""#),
            (vec![r#"a"b\c"#], r#"="a\"b\\c""#),
            (vec!["a.b", "c"], r#"=~"a\\.b|c""#),
            (vec!["a", "a"], r#"=~"a""#),
            (vec!["x|y", "z\n"], "=~\"x\\\\|y|z\\n\""),
            (vec![], r#"=~"""#),
        ] {
            assert_eq!(one_of(&values), want, "{values:?}");
        }
        assert_eq!((any_of(&["b", "a.c"]), any_of(&["a"])), ("(a\\.c|b)".to_owned(), "a".to_owned()));
    }
}
