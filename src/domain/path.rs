//! Patterns over paths, as the configuration writes them.
//!
//! `*` stands for anything within one name, `?` for one character, `**` for any number of folders. A pattern without a
//! slash speaks of the file's name in whatever folder.

/// Whether `pattern` matches all of `path`.
pub fn path_glob(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    let pattern: Vec<&str> = pattern.split('/').collect();
    match (&pattern[..], path.last()) {
        ([name], Some(last)) if *name != "**" => name_glob(name.as_bytes(), last.as_bytes()),
        _ => folders(&pattern, &path),
    }
}

/// The file or folder that a pattern is all of: `a/b` of `a/b/**` and of `a/b`; none where other parts of the pattern
/// stand for something.
pub fn whole(pattern: &str) -> Option<&str> {
    let path = pattern.strip_suffix("/**").unwrap_or(pattern);
    let folder = path != pattern || path.contains('/');
    (folder && !path.is_empty() && !path.contains(['*', '?'])).then_some(path)
}

/// Why a text is no such pattern.
pub fn bad_glob(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() || pattern.starts_with('/') || pattern.ends_with('/') {
        Some("it begins and ends with a name")
    } else if pattern.contains(['[', ']', '{', '}', '\\', '!']) {
        Some("only *, ** and ? stand for something")
    } else if pattern.split('/').any(|name| name != "**" && name.contains("**")) {
        Some("** stands for whole folders")
    } else {
        None
    }
}

fn folders(pattern: &[&str], path: &[&str]) -> bool {
    match pattern {
        [] => path.is_empty(),
        // At the end it stands for what is inside, and an empty name is no file.
        ["**"] => !path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|skip| folders(rest, &path[skip..])),
        [name, rest @ ..] => match path {
            [] => false,
            [first, others @ ..] => name_glob(name.as_bytes(), first.as_bytes()) && folders(rest, others),
        },
    }
}

/// One name. Goes back to the last star only, so that no pattern takes more than the product of both lengths.
fn name_glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == name[n] => {
                (p, n) = (p + 1, n + 1);
            }
            _ => match star {
                Some((after, from)) => {
                    (p, n, star) = (after, from + 1, Some((after, from + 1)));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, want) in [
            ("services/payment/**", "services/payment/src/a.rs", true),
            ("services/payment/**", "services/payments/a.rs", false),
            ("services/payment/**", "services/payment", false),
            ("**/migrations/**", "migrations/1.rb", true),
            ("**/migrations/**", "a/b/migrations/c/1.rb", true),
            ("**/migrations/**", "a/migrations", false),
            ("**/migrations/**", "a/old-migrations/1.rb", false),
            ("*.sql", "db/a/1.sql", true),
            ("*.sql", "1.sqlite", false),
            ("db/*.sql", "db/1.sql", true),
            ("db/*.sql", "db/a/1.sql", false),
            ("**/values*.yaml", "chart/values-prod.yaml", true),
            ("a?c", "x/abc", true),
            ("**", "x/y", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("Makefile", "tools/Makefile", true),
        ] {
            assert_eq!(path_glob(pattern, path), want, "{pattern} {path}");
        }
        assert!(!path_glob(&"*a".repeat(40), &"a".repeat(4_000)[..3_000].replace('a', "b")), "and it ends");
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in ["", "/a", "a/", "a[bc]", "{a,b}/c", "!a", "a**/b"] {
            assert!(bad_glob(bad).is_some(), "{bad}");
        }
        for good in ["a", "**", "**/a/**", "a/*.sql", "services/cart/**"] {
            assert_eq!(bad_glob(good), None, "{good}");
        }
    }

    #[test]
    fn a_pattern_that_is_a_whole_folder() {
        for (pattern, want) in [
            ("services/cart/**", Some("services/cart")),
            ("cart/**", Some("cart")),
            ("services/cart/Dockerfile", Some("services/cart/Dockerfile")),
            ("services/cart/*.rs", None),
            ("**/cart/**", None),
            ("**", None),
            ("*.sql", None),
            ("Makefile", None),
        ] {
            assert_eq!(whole(pattern), want, "{pattern}");
        }
    }
}
