//! What a service gets with the release: what lies between the commit that serves and the one on its way, as far as it
//! is the service's.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    Binding, ChangedFile, ClusterName, Commit, Compare, CompareKey, Loaded, Problem, PullRequest, Relation, SafeText, Service,
    Sha, Snapshot,
    path::{path_glob, whole},
};

/// What a service gets with the release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceChanges {
    /// The clusters that serve the beginning.
    pub clusters: Vec<ClusterName>,
    /// The version that serves now.
    pub from: SafeText,
    /// The version on its way.
    pub to: SafeText,
    /// The commits of both; none where a version names no commit.
    pub range: Option<CompareKey>,
    /// What lies between.
    pub found: Found,
}

/// What is known of what lies between.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Found {
    /// It is being read.
    Waiting,
    /// It cannot be established, and why.
    Unknown {
        /// Why.
        why: SafeText,
    },
    /// It is here.
    Known(Box<ChangeSet>),
}

/// What lies between two commits, as far as it is the service's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeSet {
    /// How the commits lie to each other.
    pub relation: Relation,
    /// How many commits of the whole repository go back.
    pub behind: u64,
    /// How many commits are on their way in the whole repository.
    pub total: u64,
    /// How many of them touch the service; `None` where that is not known, and `listed` are then those of the range.
    pub touching: Option<u64>,
    /// The commits that touch the service, the newest first, or all that the system lists.
    pub listed: Vec<Commit>,
    /// Their pull requests, each once, in the order of the commits.
    pub pulls: Vec<PullRequest>,
    /// Files of the service that are migrations.
    pub migrations: Vec<ChangedFile>,
    /// Files of the service that are configuration.
    pub config: Vec<ChangedFile>,
    /// How many files of the service differ.
    pub files: u64,
    /// Lines that are new in them.
    pub added: u64,
    /// Lines that are gone from them.
    pub removed: u64,
    /// What is missing in all this, one sentence each.
    pub missing: Vec<SafeText>,
}

impl Binding {
    /// Whether a file belongs to the service.
    pub fn owns(&self, file: &ChangedFile) -> bool {
        self.paths.is_empty() || matches(&self.paths, file)
    }

    /// The files and folders whose commits are to be asked for one by one; empty where the filter cannot be put so.
    pub fn folders(&self) -> Vec<std::sync::Arc<str>> {
        let folders: Option<Vec<_>> = self.paths.iter().map(|p| whole(p).map(Into::into)).collect();
        folders.unwrap_or_default()
    }
}

fn matches<P: AsRef<str>>(patterns: &[P], file: &ChangedFile) -> bool {
    let names = [Some(&file.path), file.before.as_ref()];
    names.into_iter().flatten().any(|name| patterns.iter().any(|p| path_glob(p.as_ref(), name.as_str())))
}

impl ChangeSet {
    /// What of `compare` belongs to a service with `binding`.
    pub fn of(compare: &Compare, binding: &Binding) -> Self {
        let mut missing: Vec<SafeText> = vec![];
        let mut say = |text: String| missing.push(text.into());
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let listed = count(compare.commits.len());
        if listed < compare.ahead {
            say(format!("only {listed} of {} commits are listed", compare.ahead));
        }
        if !compare.all_files {
            say(format!("only the first {} files are listed: there may be more of everything", compare.files.len()));
        }
        let touching = match touching(compare, binding) {
            Ok(touching) => touching,
            Err(problem) => {
                say(format!("which commits touch the service cannot be read: {problem}"));
                None
            }
        };
        if touching.is_none() && !binding.paths.is_empty() {
            say("commits are those of the whole repository".to_owned());
        }
        let mine = |c: &&Commit| touching.as_ref().is_none_or(|t| t.contains(&c.sha));
        let commits: Vec<Commit> = compare.commits.iter().rev().filter(mine).cloned().collect();
        let mut seen = BTreeSet::new();
        let pulls = commits.iter().filter_map(|c| compare.pulls.get(&c.sha)).flatten();
        let pulls: Vec<PullRequest> = pulls.filter(|p| seen.insert(p.number)).cloned().collect();
        let unread = commits.iter().filter(|c| !compare.pulls.contains_key(&c.sha)).count();
        if unread > 0 {
            let why = compare.pulls_missing.as_ref().map_or(String::new(), |why| format!(": {why}"));
            say(format!("pull requests of {unread} commits are not read{why}"));
        }
        let files: Vec<&ChangedFile> = compare.files.iter().filter(|f| binding.owns(f)).collect();
        let of = |patterns: &[std::sync::Arc<str>]| -> Vec<ChangedFile> {
            files.iter().filter(|f| matches(patterns, f)).map(|f| (*f).clone()).collect()
        };
        Self {
            relation: compare.relation.clone(),
            behind: compare.behind,
            total: compare.ahead,
            touching: touching.is_some().then(|| count(commits.len())),
            listed: commits,
            pulls,
            migrations: of(&binding.migrations),
            config: of(&binding.config),
            files: count(files.len()),
            added: files.iter().map(|f| f.added).sum(),
            removed: files.iter().map(|f| f.removed).sum(),
            missing,
        }
    }
}

impl ChangeSet {
    /// All of it in one line.
    pub fn summary(&self) -> String {
        let many = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        match self.relation {
            Relation::Identical => return "the same commit".to_owned(),
            Relation::Behind => return format!("goes back by {}", many(self.behind, "commit")),
            _ => {}
        }
        let commits = match self.touching {
            Some(mine) if mine != self.total => format!("{mine} of {}", many(self.total, "commit")),
            _ => many(self.total, "commit"),
        };
        let mut parts = vec![commits];
        if self.behind > 0 {
            parts.push(format!("and goes back by {}", self.behind));
        }
        for (n, what) in [
            (count(self.pulls.len()), "pull request"),
            (count(self.migrations.len()), "migration"),
            (count(self.config.len()), "config file"),
        ] {
            if n > 0 {
                parts.push(many(n, what));
            }
        }
        parts.push(format!("{} +{} -{}", many(self.files, "file"), self.added, self.removed));
        parts.join(", ")
    }
}

/// The commits that touch the service; `None` where nobody can tell one by one.
fn touching(compare: &Compare, binding: &Binding) -> Result<Option<BTreeSet<Sha>>, Problem> {
    let folders = binding.folders();
    if folders.is_empty() {
        return Ok(None);
    }
    let mut all = BTreeSet::new();
    for folder in folders {
        match compare.touching.get(&folder) {
            Some(Loaded::Ok(commits)) => all.extend(commits.iter().cloned()),
            Some(Loaded::Failed(problem)) => return Err(problem.clone()),
            Some(Loaded::NotAsked) | None => return Ok(None),
        }
    }
    Ok(Some(all))
}

impl Snapshot {
    /// What a service gets with the release: once per version that serves in the environment of the verdict. Empty where
    /// nothing is on its way.
    pub fn changes_of(&self, service: &Service) -> Vec<ServiceChanges> {
        let mut all = self.ranges_of(service);
        for changes in &mut all {
            changes.found = self.found(changes.range.as_ref(), service);
        }
        all
    }

    /// The same without what was found: which commits are to be compared.
    pub fn ranges_of(&self, service: &Service) -> Vec<ServiceChanges> {
        let (Some(environment), Some(binding)) = (self.environment(), service.pipeline.as_ref()) else { return vec![] };
        let Some(to) = self.arriving(service, environment) else { return vec![] };
        let mut out: Vec<ServiceChanges> = vec![];
        for placement in self.placements_of(&service.name, &environment.name) {
            let Some(from) = placement.version.as_ref().filter(|v| !v.same_build(&to)) else { continue };
            let cluster = placement.key.cluster.clone();
            let key = |base: &Sha, head: &Sha| CompareKey { repo: binding.repo.clone(), base: base.clone(), head: head.clone() };
            let range = from.commit.as_ref().zip(to.commit.as_ref()).map(|(base, head)| key(base, head));
            if let Some(same) = out.iter_mut().find(|c| c.range == range && c.from == from.tag) {
                same.clusters.push(cluster);
            } else {
                let (from, to) = (from.tag.clone(), to.tag.clone());
                out.push(ServiceChanges { clusters: vec![cluster], from, to, range, found: Found::Waiting });
            }
        }
        out
    }

    fn found(&self, range: Option<&CompareKey>, service: &Service) -> Found {
        let (Some(key), Some(binding)) = (range, &service.pipeline) else {
            let why = "a version names no commit: set annotation org.opencontainers.image.revision on its pods";
            return Found::Unknown { why: why.into() };
        };
        match self.pipelines.compares.get(key) {
            None | Some(Loaded::NotAsked) => Found::Waiting,
            Some(Loaded::Failed(problem)) => Found::Unknown { why: problem.to_string().into() },
            Some(Loaded::Ok(compare)) => Found::Known(Box::new(ChangeSet::of(compare, binding))),
        }
    }
}

#[cfg(test)]
mod tests;
