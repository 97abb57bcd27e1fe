//! One repository: which requests a round makes, and what they come to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    compare::Compares,
    deployments::Deployments,
    details::{Depth, Kept},
    pace::{Pace, SETTLING},
    transport::Transport,
    wire,
};
use crate::domain::{
    CompareWanted, Phase, Problem, ProblemKind, Repo, RequiredChecks, Run, RunKey, SafeText, Sha, SourceUpdate, WorkflowWanted,
};

/// How many of the newest runs of a workflow are followed.
const NEWEST: usize = 30;

/// How many runs of one commit and workflow are looked at.
const OF_COMMIT: usize = 10;

/// Of how many runs the jobs are read in a round at most.
const WITH_JOBS: usize = 40;

/// How often the rules of a branch are read.
const RULES: SignedDuration = SignedDuration::from_mins(5);

/// What is wanted of a repository.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// The workflows to follow.
    pub workflows: Vec<WorkflowWanted>,
    /// What is to be compared.
    pub compares: Vec<CompareWanted>,
    /// The runs that somebody looks at, by id.
    pub closely: Vec<Arc<str>>,
}

/// What is known of a repository between two rounds.
pub struct Followed {
    /// What is wanted of it.
    pub wish: Wish,
    /// When it is asked next.
    pub due: Timestamp,
    /// How often it failed in a row.
    pub failures: u32,
    /// What a round over it costs of the budget.
    pub cost: u64,
    /// What was told last; `None` after trouble, so that the next good round is told in full.
    pub told: Option<Vec<Run>>,
    /// What belongs to runs.
    pub kept: Kept,
    compares: Compares,
    deployments: Deployments,
    rules: BTreeMap<Arc<str>, Timestamp>,
    open_until: Option<Timestamp>,
}

/// What the rules of branches said.
pub type Rules = Vec<(Arc<str>, Option<RequiredChecks>)>;

impl Followed {
    /// A repository to be asked at once.
    pub fn new(wish: Wish, now: Timestamp) -> Self {
        Self {
            wish,
            due: now,
            failures: 0,
            cost: 1,
            told: None,
            kept: Kept::default(),
            compares: Compares::default(),
            deployments: Deployments::default(),
            rules: BTreeMap::new(),
            open_until: None,
        }
    }

    /// How lively it is, by its newest runs.
    pub fn pace(&mut self, runs: &[Run], now: Timestamp) -> Pace {
        if runs.iter().any(|r| r.phase.open()) {
            self.open_until = Some(now);
        }
        if runs.iter().any(|r| r.phase == Phase::Waiting) {
            Pace::Gate
        } else if runs.iter().any(|r| r.phase.open()) {
            Pace::Active
        } else if self.open_until.is_some_and(|at| now.duration_since(at) < SETTLING) {
            Pace::Settling
        } else {
            Pace::Idle
        }
    }

    /// Reads the wanted runs with the jobs of those that matter, newest first, without the run `own`.
    pub async fn runs(
        &mut self,
        repo: &Repo,
        own: Option<&Arc<str>>,
        http: &mut Transport,
        now: Timestamp,
    ) -> Result<Vec<Run>, Problem> {
        let mut all: BTreeMap<RunKey, Run> = BTreeMap::new();
        let mut missing = None;
        for wanted in &self.wish.workflows {
            match workflow(wanted, http, now).await {
                Ok(runs) => all.extend(runs.into_iter().map(|r| (r.key.clone(), r))),
                Err(problem) if problem.kind == ProblemKind::NotFound => missing = Some(problem),
                Err(problem) => return Err(problem),
            }
        }
        if let Some(problem) = missing {
            // One wrong file name does not hide the other workflows.
            tracing::warn!(%repo, %problem, "a workflow is missing");
            if all.is_empty() {
                return Err(problem);
            }
        }
        for id in &self.wish.closely {
            if !all.keys().any(|key| key.id == *id) {
                all.extend(single(repo, id, http, now).await?.map(|run| (run.key.clone(), run)));
            }
        }
        let mut runs: Vec<Run> = all.into_values().filter(|r| own != Some(&r.key.id)).collect();
        let number = |r: &Run| r.key.id.parse::<u64>().unwrap_or(0);
        runs.sort_by_key(|r| std::cmp::Reverse((r.created, number(r), r.key.attempt)));
        let first: BTreeSet<RunKey> = matters(&runs, &self.wish.workflows).into_iter().collect();
        self.kept.retain(&runs);
        for run in &mut runs {
            let depth = if self.wish.closely.contains(&run.key.id) {
                Depth::Everything
            } else if first.contains(&run.key) {
                Depth::Matters
            } else {
                Depth::Known
            };
            self.kept.fill(run, depth, http, now).await?;
        }
        Ok(runs)
    }

    /// Reads what the release brings: comparisons and records of deployments. Gives what is new.
    pub async fn release(&mut self, repo: &Repo, http: &mut Transport, now: Timestamp) -> Result<Vec<SourceUpdate>, Problem> {
        let compares = self.compares.read(&self.wish.compares, http, now).await?;
        let mut news: Vec<SourceUpdate> = compares.into_iter().map(|(key, value)| SourceUpdate::Compare(key, value)).collect();
        let commits: Vec<Sha> = self.wish.workflows.iter().flat_map(|w| w.commits.iter().cloned()).collect();
        let records = self.deployments.read(repo, &commits, http, now).await?;
        news.extend(records.map(|records| SourceUpdate::Deployments(repo.clone(), records)));
        Ok(news)
    }

    /// Reads the rules of the wanted branches that were not read for a while. What cannot be read is `None`.
    pub async fn rules(&mut self, repo: &Repo, http: &mut Transport, now: Timestamp) -> Result<Rules, Problem> {
        let branches: BTreeSet<Arc<str>> = self.wish.workflows.iter().flat_map(|w| w.branches.iter().cloned()).collect();
        let mut out = vec![];
        for branch in branches {
            if self.rules.get(&branch).is_some_and(|at| now.duration_since(*at) < RULES) {
                continue;
            }
            let checks = match required(repo, &branch, http, now).await {
                Ok(checks) => Some(checks),
                Err(problem) if halts(&problem) => return Err(problem),
                Err(problem) if matches!(problem.kind, ProblemKind::NotFound | ProblemKind::Forbidden) => None,
                // Not known this time; what was known stays, and the next round asks again.
                Err(_) => continue,
            };
            self.rules.insert(branch.clone(), now);
            out.push((branch, checks));
        }
        Ok(out)
    }
}

/// Whether a problem is the host's and not that of what was asked for: going on would only make it worse, or take as
/// long again for every request.
pub fn halts(problem: &Problem) -> bool {
    refused(problem) || matches!(problem.kind, ProblemKind::Timeout | ProblemKind::Unreachable)
}

/// Whether the host refuses us.
pub fn refused(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::RateLimited | ProblemKind::Auth)
}

/// A run by its id, where the repository has one.
async fn single(repo: &Repo, id: &str, http: &mut Transport, now: Timestamp) -> Result<Option<Run>, Problem> {
    let what = format!("run {} of {repo}", SafeText::capped(id, 40));
    let path = format!("/repos/{}/{}/actions/runs/{}?exclude_pull_requests=true", repo.owner(), repo.name(), segment(id));
    match http.get(&path, &what, now, |body| wire::one_run(body, repo, &what)).await {
        Ok(page) => Ok((*page.value).clone()),
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The newest runs of a workflow, and those of the wanted commits that are not among them.
async fn workflow(wanted: &WorkflowWanted, http: &mut Transport, now: Timestamp) -> Result<Vec<Run>, Problem> {
    let repo = &wanted.repo;
    let base = format!("/repos/{}/{}/actions", repo.owner(), repo.name());
    let own = wanted.workflow.as_ref().map(|file| format!("{base}/workflows/{}/runs", segment(file)));
    let everything = format!("{base}/runs");
    let mut path = own.clone().unwrap_or_else(|| everything.clone());
    let newest = match page(&path, &format!("per_page={NEWEST}"), wanted, http, now).await {
        // Workflows that an organisation requires run here and are listed nowhere but among all runs.
        Err(problem) if problem.kind == ProblemKind::NotFound && own.is_some() => {
            path = everything;
            let all = page(&path, "per_page=100", wanted, http, now).await?;
            if all.is_empty() {
                return Err(problem);
            }
            all
        }
        other => other?,
    };
    let mut runs = newest;
    for commit in &wanted.commits {
        // GitHub finds whole ids only; a short one is matched among the newest.
        if commit.as_str().len() == 40 && !has(&runs, commit) {
            let query = format!("head_sha={commit}&per_page={OF_COMMIT}");
            runs.extend(page(&path, &query, wanted, http, now).await?);
        }
    }
    Ok(runs)
}

fn has(runs: &[Run], commit: &Sha) -> bool {
    runs.iter().any(|r| r.commit.as_ref().is_some_and(|c| c.same(commit)))
}

async fn page(
    path: &str,
    query: &str,
    wanted: &WorkflowWanted,
    http: &mut Transport,
    now: Timestamp,
) -> Result<Vec<Run>, Problem> {
    let repo = &wanted.repo;
    let what = wanted.workflow.as_ref().map_or_else(|| repo.to_string(), |file| format!("{repo} {file}"));
    let path = format!("{path}?{query}&exclude_pull_requests=true");
    let page = http.get(&path, &what, now, |body| wire::runs(body, repo, &what)).await?;
    let mine = |r: &&Run| wanted.workflow.as_ref().is_none_or(|file| r.workflow.as_str() == &**file);
    Ok(page.value.iter().filter(mine).cloned().collect())
}

/// The runs whose jobs are worth a request, the most urgent first: open ones, those of the wanted commits, the newest of
/// each workflow, failed ones.
fn matters(runs: &[Run], wanted: &[WorkflowWanted]) -> Vec<RunKey> {
    let mut seen = BTreeSet::new();
    let newest: BTreeSet<&RunKey> = runs.iter().filter(|r| seen.insert(r.workflow.as_str())).map(|r| &r.key).collect();
    let of_commit = |r: &Run| {
        let same = |c: &Sha| r.commit.as_ref().is_some_and(|own| own.same(c));
        wanted.iter().any(|w| w.commits.iter().any(same))
    };
    let rank = |r: &Run| match r {
        r if r.phase.open() => Some(0),
        r if of_commit(r) => Some(1),
        r if newest.contains(&r.key) => Some(2),
        r if r.phase.failed() => Some(3),
        _ => None,
    };
    let mut ranked: Vec<(u8, &Run)> = runs.iter().filter_map(|r| Some((rank(r)?, r))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(WITH_JOBS).map(|(_, r)| r.key.clone()).collect()
}

/// The required checks of a branch: those of its rules, or else those of the older branch protection.
async fn required(repo: &Repo, branch: &str, http: &mut Transport, now: Timestamp) -> Result<RequiredChecks, Problem> {
    let what = format!("rules of {repo} {branch}");
    let base = format!("/repos/{}/{}", repo.owner(), repo.name());
    let branch = segment(branch);
    let rules = http.get(&format!("{base}/rules/branches/{branch}?per_page=100"), &what, now, |b| wire::rules(b, &what)).await?;
    if !rules.value.0.is_empty() {
        return Ok((*rules.value).clone());
    }
    match http.get(&format!("{base}/branches/{branch}"), &what, now, |b| wire::protection(b, &what)).await {
        Ok(protection) => Ok((*protection.value).clone()),
        Err(problem) if halts(&problem) => Err(problem),
        Err(_) => Ok(RequiredChecks::default()),
    }
}

/// `text` as one segment of a path.
pub fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests;
