//! What lies between two commits of a repository. It never changes, as commits do not.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Loaded, Repo, SafeText, Sha};

/// Names what lies between two commits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CompareKey {
    /// The repository.
    pub repo: Repo,
    /// Where it begins: what serves now.
    pub base: Sha,
    /// Where it ends: what is on its way.
    pub head: Sha,
}

/// What is wanted between two commits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompareWanted {
    /// Which commits.
    pub key: CompareKey,
    /// Files and folders for which the commits that touch them are wanted one by one.
    pub paths: Vec<Arc<str>>,
}

/// How the end lies to the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The end came later: going forward.
    Ahead,
    /// The end came earlier: going back.
    Behind,
    /// Each has commits that the other lacks.
    Diverged,
    /// The same.
    Identical,
    /// A word that we do not know.
    Other(SafeText),
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Commit {
    /// Its id.
    pub sha: Sha,
    /// The first line of its message.
    pub subject: SafeText,
    /// Who wrote it: the login, or the name where the system knows no login.
    pub author: SafeText,
    /// When it was committed.
    pub at: Option<Timestamp>,
    /// The pull request that its subject names, by number.
    pub pull: Option<u64>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: SafeText,
    /// Who opened it.
    pub author: Option<SafeText>,
    /// Its labels.
    pub labels: Vec<SafeText>,
    /// Where a browser shows it.
    pub url: Option<SafeText>,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedFile {
    /// Its path, as the end has it.
    pub path: SafeText,
    /// Its path before, where it was renamed.
    pub before: Option<SafeText>,
    /// `added`, `removed`, `modified`, `renamed`, …
    pub how: SafeText,
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub removed: u64,
}

/// What lies between two commits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compare {
    /// Which commits.
    pub key: CompareKey,
    /// How they lie to each other.
    pub relation: Relation,
    /// How many commits the end has that the beginning lacks.
    pub ahead: u64,
    /// How many commits the beginning has that the end lacks.
    pub behind: u64,
    /// The commits that the end has and the beginning lacks, oldest first; see [`ahead`](Self::ahead) for how many there
    /// are.
    pub commits: Vec<Commit>,
    /// The files that differ.
    pub files: Vec<ChangedFile>,
    /// Whether these are all files: GitHub names 300 at most.
    pub all_files: bool,
    /// By wanted path: the commits that touch it.
    pub touching: BTreeMap<Arc<str>, Loaded<Vec<Sha>>>,
    /// By commit: the pull requests that it came with. A commit that is not in here was not asked for.
    pub pulls: BTreeMap<Sha, Vec<PullRequest>>,
    /// Why pull requests are missing, if any are.
    pub pulls_missing: Option<SafeText>,
}
