//! What is wrong in a configuration: where, what, and how to mend it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::SafeText;

/// Where a key stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    pub file: Arc<Path>,
    pub line: usize,
    pub column: usize,
    /// The dotted path of keys: `service.payment.workload`.
    pub key: String,
}

impl At {
    pub fn fault(&self, what: impl Into<String>, mend: impl Into<String>) -> Fault {
        Fault {
            file: self.file.to_path_buf(),
            line: self.line,
            column: self.column,
            key: self.key.clone(),
            what: what.into(),
            mend: mend.into(),
        }
    }
}

/// One fault of a configuration, or one note about what was left out of it.
///
/// Shown as `gonogo.toml:12:3: service.payment.workload: unknown kind "deploy"; write "deployment/NAME"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, or the name of the environment variable.
    pub file: PathBuf,
    /// The line, from 1; 0 where the fault is the file's as a whole.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The dotted path of keys; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Fault {
    pub(super) fn file(file: &Path, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line: 0, column: 0, key: String::new(), what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and values of a file that is not ours are shown: nothing in them may reach the terminal raw.
        let clean = SafeText::clean;
        write!(f, "{}", clean(&self.file.display().to_string()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", clean(&self.key))?;
        }
        write!(f, ": {}", clean(&self.what))?;
        if !self.mend.is_empty() {
            write!(f, "; {}", clean(&self.mend))?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// The known word that `wrong` was probably meant to be.
pub(super) fn near<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.chars().count() / 3).max(1);
    known.into_iter().map(|k| (distance(wrong, k), k)).filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            d[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replaced.min(d[i - 1][j] + 1).min(d[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(d[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    d[a.len()][b.len()]
}
