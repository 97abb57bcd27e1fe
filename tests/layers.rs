//! The house of `lib.rs`: a file imports only from floors below its own, and no file grows past the cap.
//!
//! One crate has no compiler to enforce its floors; this scan of imports does.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Floors, bottom to top. A file may name modules of its own and of lower floors.
const FLOORS: [&[&str]; 6] = [
    &["domain"],
    &["analysis", "action", "config"],
    &["provider"],
    &["engine"],
    &["headless", "tui"],
    &["cli", "wire", "main", "lib"],
];

/// The cap on lines before a file's tests.
const CAP: usize = 400;

fn sources() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut out = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out.sort();
    out
}

/// The part before a file's own tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|s| s == "tests") || path.components().any(|c| c.as_os_str() == "tests")
}

fn module(path: &Path) -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|f| f.contains(&module))
}

/// Every `crate::X` that the code names, inside braces of `use crate::{…}` too.
fn named(code: &str) -> Vec<String> {
    let mut out = vec![];
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => out.push(std::mem::take(&mut item)),
                    c if depth == 0 => item.push(c),
                    _ => {}
                }
            }
            out.push(item);
        } else {
            out.push(rest.to_owned());
        }
    }
    out.iter()
        .map(|s| s.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|s| !s.is_empty())
        .collect()
}

#[test]
fn imports_go_downwards_only() {
    let mut wrong = vec![];
    for path in sources().iter().filter(|p| !is_test(p)) {
        let me = module(path);
        for other in named(&code(path)).into_iter().filter(|o| *o != me) {
            let ok = match me.as_str() {
                // The embedded world is reached over HTTP, like any real system.
                "sim" => other == "domain",
                _ if other == "sim" => floor(&me) == Some(FLOORS.len() - 1),
                _ => match (floor(&me), floor(&other)) {
                    (Some(mine), Some(theirs)) => theirs < mine || mine == FLOORS.len() - 1,
                    _ => false,
                },
            };
            if !ok {
                wrong.push(format!("{}: {me} names {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "wrong floor:\n{}", wrong.join("\n"));
}

#[test]
fn client_crates_stay_in_their_folders_and_the_terminal_in_its_own() {
    let rules: [(&[&str], &[&str]); 4] = [
        // `wire` names the providers' modules, which are called like their client crates.
        (&["kube::", "k8s_openapi::"], &["provider/kube", "wire/"]),
        (&["octocrab::"], &["provider/github"]),
        (&["prometheus_http_query::"], &["provider/prometheus"]),
        (&["ratatui::", "crossterm::", "tui_textarea::"], &["tui/", "main.rs"]),
    ];
    let mut wrong = vec![];
    for path in sources() {
        let text = code(&path);
        let shown = path.display().to_string();
        for (words, homes) in rules {
            for word in words {
                let hit = text.match_indices(word).any(|(at, _)| {
                    let before = text[..at].chars().next_back();
                    // `crate::domain::kube::` and `super::kube::` are our own modules.
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if hit && !homes.iter().any(|h| shown.contains(h)) && !shown.contains("src/domain") && !shown.contains("src/sim")
                {
                    wrong.push(format!("{shown} names {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_grows_past_the_cap() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|p| !is_test(p))
        .map(|p| (p, code(p).lines().count()))
        .filter(|(_, n)| *n > CAP)
        .map(|(p, n)| format!("{}: {n} lines", p.display()))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}

#[test]
fn only_the_clock_reads_the_time_and_only_the_printer_prints() {
    let mut wrong = vec![];
    for path in sources().iter().filter(|p| !is_test(p)) {
        let shown = path.display().to_string();
        let text = code(path);
        for (word, homes) in [
            ("Timestamp::now(", &["engine/clock.rs"][..]),
            ("SystemTime::now(", &[][..]),
            ("io::stdout(", &["headless/print.rs", "tui/"][..]),
            ("tokio::spawn(", &[][..]),
        ] {
            if text.contains(word) && !homes.iter().any(|h| shown.contains(h)) {
                wrong.push(format!("{shown} names {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
