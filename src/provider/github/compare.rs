//! What lies between two commits: read once, since it cannot change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    repo::{halts, refused, segment},
    transport::Transport,
    wire::compare as wire,
};
use crate::domain::{Budget, Compare, CompareKey, CompareWanted, Loaded, Problem, PullRequest, Repo, SafeText, Sha};

/// How many pages of a hundred commits are read.
const PAGES: usize = 3;

/// How many files GitHub lists at most.
const FILES: usize = 300;

/// Of how many commits the pull requests are asked for.
const PULLS: usize = 40;

/// When something that could not be had whole is asked for again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// What was had, and when it is worth asking again; `None` when it is whole.
struct Had {
    wanted: CompareWanted,
    again: Option<Timestamp>,
}

/// The comparisons of a repository.
#[derive(Default)]
pub struct Compares {
    had: BTreeMap<CompareKey, Had>,
    pulls: BTreeMap<Sha, Vec<PullRequest>>,
}

impl Compares {
    /// Reads what is wanted and not known yet, and gives what is new. Fails only where going on would make it worse.
    pub async fn read(
        &mut self,
        wanted: &[CompareWanted],
        http: &mut Transport,
        now: Timestamp,
    ) -> Result<Vec<(CompareKey, Loaded<Arc<Compare>>)>, Problem> {
        self.had.retain(|key, _| wanted.iter().any(|w| w.key == *key));
        let mut news = vec![];
        let mut silent: Option<Problem> = None;
        for w in wanted {
            let whole = |had: &Had| had.wanted == *w && had.again.is_none_or(|at| at > now);
            if self.had.get(&w.key).is_some_and(whole) {
                continue;
            }
            let answer = match &silent {
                Some(problem) => Err(Problem::clone(problem)),
                None => self.compare(w, http, now).await,
            };
            let value = match answer {
                Ok(compare) => Loaded::Ok(Arc::new(compare)),
                Err(problem) if refused(&problem) => return Err(problem),
                Err(problem) => {
                    // One that takes too long is enough for this round.
                    silent = Some(problem.clone()).filter(halts);
                    Loaded::Failed(problem)
                }
            };
            let partial = match &value {
                Loaded::Ok(c) => c.pulls_missing.is_some() || c.touching.values().any(|t| t.ok().is_none()),
                _ => true,
            };
            let again = partial.then(|| now.checked_add(AGAIN).unwrap_or(now));
            self.had.insert(w.key.clone(), Had { wanted: w.clone(), again });
            news.push((w.key.clone(), value));
        }
        Ok(news)
    }

    async fn compare(&mut self, wanted: &CompareWanted, http: &mut Transport, now: Timestamp) -> Result<Compare, Problem> {
        let CompareKey { repo, base, head } = &wanted.key;
        let what = format!("{repo} {}...{}", base.short(), head.short());
        let path = format!("/repos/{}/{}/compare/{base}...{head}?per_page=100", repo.owner(), repo.name());
        let first = http.get(&format!("{path}&page=1"), &what, now, |b| wire::compare(b, &what)).await?;
        let mut next = first.next;
        let mut commits = first.value.commits.clone();
        for number in 2..=PAGES {
            if !next {
                break;
            }
            let page = http.get(&format!("{path}&page={number}"), &what, now, |b| wire::compare(b, &what)).await?;
            commits.extend(page.value.commits.iter().cloned());
            next = page.next;
        }
        let first = &first.value;
        let mut compare = Compare {
            key: wanted.key.clone(),
            relation: first.relation.clone(),
            ahead: first.ahead,
            behind: first.behind,
            commits,
            files: first.files.clone(),
            all_files: first.files.len() < FILES,
            touching: BTreeMap::new(),
            pulls: BTreeMap::new(),
            pulls_missing: None,
        };
        let listed: BTreeSet<Sha> = compare.commits.iter().map(|c| c.sha.clone()).collect();
        for folder in &wanted.paths {
            let touching = match touching(&wanted.key, folder, &listed, http, now).await {
                Ok(commits) => Loaded::Ok(commits),
                Err(problem) if halts(&problem) => return Err(problem),
                Err(problem) => Loaded::Failed(problem),
            };
            compare.touching.insert(folder.clone(), touching);
        }
        self.ask_for_pulls(repo, &mut compare, http, now).await?;
        Ok(compare)
    }

    /// Pull requests of the commits that touch what is wanted, the newest first, as many as the budget bears.
    async fn ask_for_pulls(
        &mut self,
        repo: &Repo,
        compare: &mut Compare,
        http: &mut Transport,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let mine: BTreeSet<&Sha> = compare.touching.values().filter_map(Loaded::ok).flatten().collect();
        let exact = !compare.touching.is_empty() && compare.touching.values().all(|t| t.ok().is_some());
        let wanted = |sha: &Sha| !exact || mine.contains(sha);
        let shas: Vec<Sha> = compare.commits.iter().rev().map(|c| c.sha.clone()).filter(wanted).collect();
        let mut left = affordable(http.budget.as_ref());
        for sha in shas {
            if !self.pulls.contains_key(&sha) {
                if left == 0 {
                    compare.pulls_missing = Some("too many for the request budget".into());
                    break;
                }
                left -= 1;
                let what = format!("pull requests of {repo} {}", sha.short());
                let path = format!("/repos/{}/{}/commits/{sha}/pulls?per_page=10", repo.owner(), repo.name());
                match http.get(&path, &what, now, |b| wire::pulls(b, &what)).await {
                    Ok(page) => {
                        self.pulls.insert(sha.clone(), (*page.value).clone());
                    }
                    Err(problem) if halts(&problem) => return Err(problem),
                    Err(problem) => {
                        compare.pulls_missing = Some(problem.to_string().into());
                        break;
                    }
                }
            }
            compare.pulls.extend(self.pulls.get(&sha).map(|pulls| (sha.clone(), pulls.clone())));
        }
        Ok(())
    }
}

/// How many single requests are worth their price: a quarter of what is left above the reserve, 40 at most.
fn affordable(budget: Option<&Budget>) -> usize {
    let Some(budget) = budget else { return PULLS };
    let usable = budget.remaining.saturating_sub(budget.limit * 15 / 100) / 4;
    usize::try_from(usable).unwrap_or(PULLS).min(PULLS)
}

/// The listed commits that touch a file or folder.
async fn touching(
    key: &CompareKey,
    folder: &str,
    listed: &BTreeSet<Sha>,
    http: &mut Transport,
    now: Timestamp,
) -> Result<Vec<Sha>, Problem> {
    let CompareKey { repo, head, .. } = key;
    let what = format!("commits of {repo} in {}", SafeText::capped(folder, 100));
    let path = format!("/repos/{}/{}/commits?sha={head}&path={}&per_page=100", repo.owner(), repo.name(), segment(folder));
    let mut out = vec![];
    for number in 1..=PAGES {
        if listed.is_empty() {
            break;
        }
        let page = if number > 1 { format!("&page={number}") } else { String::new() };
        let page = http.get(&format!("{path}{page}"), &what, now, |b| wire::commits(b, &what)).await?;
        let found: Vec<Sha> = page.value.iter().map(|c| c.sha.clone()).filter(|sha| listed.contains(sha)).collect();
        let over = found.is_empty() || !page.next;
        out.extend(found);
        if over {
            break;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_requests_never_take_the_reserve() {
        let budget = |remaining, limit| Budget { remaining, limit, reset: None };
        for (budget, want) in [
            (None, 40),
            (Some(budget(5_000, 5_000)), 40),
            (Some(budget(60, 60)), 12),
            (Some(budget(750, 5_000)), 0),
            (Some(budget(0, 60)), 0),
        ] {
            assert_eq!(affordable(budget.as_ref()), want, "{budget:?}");
        }
    }
}
