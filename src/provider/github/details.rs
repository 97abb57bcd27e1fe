//! Everything that belongs to a run beyond its own document: jobs, earlier attempts, gates, reviews, locks.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    repo::{halts, segment},
    transport::Transport,
    wire::{
        self,
        gate::{self, Pending, Rules},
    },
};
use crate::domain::{
    Attempt, Gate, Job, Loaded, Lock, MayI, Phase, Problem, ProblemKind, Repo, Review, Reviewer, Run, RunKey, SafeText,
};

/// How many pages of jobs a run may have.
const JOB_PAGES: usize = 10;

/// How many earlier attempts of a run are read.
const ATTEMPTS: u32 = 5;

/// How often the rules of an environment are read.
const RULES: SignedDuration = SignedDuration::from_mins(5);

/// What is kept of runs between two rounds.
#[derive(Default)]
pub struct Kept {
    /// Jobs that cannot change any more, as of the run's last change.
    done: BTreeMap<RunKey, (Timestamp, Vec<Job>)>,
    /// Attempts before the present one never change.
    earlier: BTreeMap<RunKey, Attempt>,
    /// What holds for environments, and when it was read; `None` where it cannot be read.
    rules: BTreeMap<SafeText, (Timestamp, Option<Rules>)>,
    /// What the host said when it wanted to be left alone while something was read that runs can do without.
    pub halt: Option<Problem>,
}

/// How much of a run is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Only what is known already.
    Known,
    /// What matters for the overview.
    Matters,
    /// Everything: somebody looks at it.
    Everything,
}

impl Kept {
    /// Forgets the runs that are no longer there.
    pub fn retain(&mut self, runs: &[Run]) {
        self.done.retain(|key, _| runs.iter().any(|r| r.key == *key));
        self.earlier.retain(|key, _| runs.iter().any(|r| r.key.id == key.id));
    }

    /// Fills in what belongs to `run`. Fails only where going on would make it worse.
    pub async fn fill(&mut self, run: &mut Run, depth: Depth, http: &mut Transport, now: Timestamp) -> Result<(), Problem> {
        let ended = |phase: &Phase| matches!(phase, Phase::Done(_));
        if let Some((_, jobs)) = self.done.get(&run.key).filter(|(updated, _)| *updated == run.updated) {
            run.jobs = Loaded::Ok(jobs.clone());
        } else if depth > Depth::Known {
            run.jobs = loaded(jobs(run, None, http, now).await)?;
            if let Loaded::Ok(jobs) = &run.jobs
                && ended(&run.phase)
                && jobs.iter().all(|j| ended(&j.phase))
            {
                self.done.insert(run.key.clone(), (run.updated, jobs.clone()));
            }
        }
        if run.key.attempt == 1 {
            run.earlier = Loaded::Ok(vec![]);
        } else if depth > Depth::Known || self.knows_earlier(run) {
            run.earlier = if let Some(problem) = self.halt.clone() {
                Loaded::Failed(problem)
            } else {
                let earlier = self.earlier(run, http, now).await;
                self.extra(earlier)
            };
        }
        if ended(&run.phase) {
            (run.gates, run.locks) = (Loaded::Ok(vec![]), Loaded::Ok(vec![]));
            if depth == Depth::Everything && self.halt.is_none() {
                run.reviews = self.extra(reviews(run, http, now).await);
            }
        } else if let Some(problem) = self.halt.clone() {
            let waits = run.anywhere(&Phase::Waiting);
            run.gates = if waits { Loaded::Failed(problem) } else { Loaded::NotAsked };
        } else if depth > Depth::Known {
            // A gate is known from its own list; the word of the run or job only says when it is worth asking.
            let held = depth == Depth::Everything || run.anywhere(&Phase::Waiting);
            (run.gates, run.locks) = (Loaded::Ok(vec![]), Loaded::Ok(vec![]));
            if held {
                let gates = self.gates(run, http, now).await;
                run.gates = self.extra(gates);
            }
            if held && self.halt.is_none() {
                run.reviews = self.extra(reviews(run, http, now).await);
            }
            if run.anywhere(&Phase::Blocked) && self.halt.is_none() {
                run.locks = self.extra(locks(run, http, now).await);
            }
        }
        Ok(())
    }

    /// A part that runs can do without: a host that refuses it is left alone afterwards, and the runs are told all the
    /// same.
    fn extra<T>(&mut self, answer: Result<T, Problem>) -> Loaded<T> {
        match answer {
            Ok(value) => Loaded::Ok(value),
            Err(problem) => {
                self.halt = Some(problem.clone()).filter(halts);
                Loaded::Failed(problem)
            }
        }
    }

    fn knows_earlier(&self, run: &Run) -> bool {
        attempts(run).all(|key| self.earlier.contains_key(&key))
    }

    async fn earlier(&mut self, run: &Run, http: &mut Transport, now: Timestamp) -> Result<Vec<Attempt>, Problem> {
        let mut all = vec![];
        for key in attempts(run) {
            if !self.earlier.contains_key(&key) {
                let jobs = jobs(run, Some(key.attempt), http, now).await?;
                self.earlier.insert(key.clone(), Attempt { number: key.attempt, jobs });
            }
            all.extend(self.earlier.get(&key).cloned());
        }
        Ok(all)
    }

    async fn gates(&mut self, run: &Run, http: &mut Transport, now: Timestamp) -> Result<Vec<Gate>, Problem> {
        let what = format!("gates of {} #{}", run.key.repo, run.number);
        let path = format!("{}/pending_deployments", address(run));
        let page = http.get(&path, &what, now, |body| gate::pending(body, &what)).await?;
        let mut gates = vec![];
        for pending in page.value.iter() {
            let rules = self.rules(&run.key.repo, &pending.environment, http, now).await?;
            let me = http.whoami(now).await?;
            gates.push(open(pending, rules.as_ref(), run.actor.as_ref(), me.as_ref()));
        }
        Ok(gates)
    }

    async fn rules(
        &mut self,
        repo: &Repo,
        name: &SafeText,
        http: &mut Transport,
        now: Timestamp,
    ) -> Result<Option<Rules>, Problem> {
        if let Some((at, rules)) = self.rules.get(name)
            && now.duration_since(*at) < RULES
        {
            return Ok(rules.clone());
        }
        let what = format!("environment {name} of {repo}");
        let path = format!("/repos/{}/{}/environments/{}", repo.owner(), repo.name(), segment(name.as_str()));
        let rules = match http.get(&path, &what, now, |body| gate::environment(body, &what)).await {
            Ok(page) => Some((*page.value).clone()),
            Err(problem) if halts(&problem) => return Err(problem),
            Err(_) => None,
        };
        self.rules.insert(name.clone(), (now, rules.clone()));
        Ok(rules)
    }
}

/// A problem that concerns only this part stays in its place.
fn loaded<T>(answer: Result<T, Problem>) -> Result<Loaded<T>, Problem> {
    match answer {
        Ok(value) => Ok(Loaded::Ok(value)),
        Err(problem) if halts(&problem) => Err(problem),
        Err(problem) => Ok(Loaded::Failed(problem)),
    }
}

/// The attempts before the present one that are worth reading.
fn attempts(run: &Run) -> impl Iterator<Item = RunKey> {
    let first = run.key.attempt.saturating_sub(ATTEMPTS).max(1);
    let key = run.key.clone();
    (first..run.key.attempt).map(move |attempt| RunKey { attempt, ..key.clone() })
}

fn address(run: &Run) -> String {
    let RunKey { repo, id, .. } = &run.key;
    format!("/repos/{}/{}/actions/runs/{id}", repo.owner(), repo.name())
}

/// The jobs of a run as it is now, or as an attempt left it.
async fn jobs(run: &Run, attempt: Option<u32>, http: &mut Transport, now: Timestamp) -> Result<Vec<Job>, Problem> {
    let what = format!("{} #{}", run.key.repo, run.number);
    let mut all = vec![];
    let base = address(run);
    let query = match attempt {
        None => format!("{base}/jobs?filter=latest&per_page=100"),
        Some(number) => format!("{base}/attempts/{number}/jobs?per_page=100"),
    };
    for number in 1..=JOB_PAGES {
        let page = if number > 1 { format!("&page={number}") } else { String::new() };
        let page = http.get(&format!("{query}{page}"), &what, now, |body| wire::jobs(body, &what)).await?;
        all.extend(page.value.iter().cloned());
        if !page.next {
            return Ok(all);
        }
    }
    Err(Problem::new(ProblemKind::Unreadable, format!("{what}: more than {} jobs", JOB_PAGES * 100)))
}

async fn reviews(run: &Run, http: &mut Transport, now: Timestamp) -> Result<Vec<Review>, Problem> {
    let what = format!("reviews of {} #{}", run.key.repo, run.number);
    let page = http.get(&format!("{}/approvals", address(run)), &what, now, |body| gate::reviews(body, &what)).await?;
    Ok((*page.value).clone())
}

/// The locks that a run or its jobs stand in line for. Servers of before 2026 know nothing of them.
async fn locks(run: &Run, http: &mut Transport, now: Timestamp) -> Result<Vec<Lock>, Problem> {
    let what = format!("locks of {} #{}", run.key.repo, run.number);
    let path = format!("{}/concurrency_groups?per_page=100", address(run));
    let mine = http.get(&path, &what, now, |body| gate::groups(body, &what)).await?;
    let mut locks = vec![];
    for group in mine.value.iter() {
        let Some(me) = group.members.iter().find(|m| m.run == run.key.id && m.phase.open() && m.phase != Phase::Running) else {
            continue;
        };
        let RunKey { repo, .. } = &run.key;
        let path = format!("/repos/{}/{}/actions/concurrency_groups/{}", repo.owner(), repo.name(), segment(&group.name));
        let all = http.get(&path, &what, now, |body| gate::group(body, &what)).await?;
        let before = all.value.members.iter().take_while(|m| (&m.run, &m.job) != (&me.run, &me.job));
        locks.push(Lock { group: group.name.as_str().into(), job: me.job.clone(), ahead: before.cloned().collect() });
    }
    Ok(locks)
}

/// A gate for the one who asks.
fn open(pending: &Pending, rules: Option<&Rules>, actor: Option<&SafeText>, me: Option<&SafeText>) -> Gate {
    let own_run = me.is_some() && me == actor;
    let name = me.map_or("the owner of this token", SafeText::as_str);
    let listed = |me: &SafeText| pending.reviewers.iter().any(|r| matches!(r, Reviewer::Person(p) if p == me));
    let may_i = match (pending.can, &pending.reviewers[..], &pending.wait) {
        (Some(true), ..) => MayI::Yes,
        (None, ..) => MayI::Unknown("GitHub does not say".into()),
        (Some(false), [], Some(wait)) => MayI::No(match wait.until {
            Some(until) => format!("a timer of {} min runs until {}", wait.minutes, until.strftime("%H:%MZ")).into(),
            None => format!("a timer of {} min comes first", wait.minutes).into(),
        }),
        (Some(false), [], None) => MayI::No("nobody is asked: a rule outside decides".into()),
        (Some(false), ..) if own_run && rules.is_some_and(|r| r.no_self_review) => {
            MayI::No(format!("{name} started this run, and {} wants somebody else", pending.environment).into())
        }
        (Some(false), ..) if me.is_some_and(listed) => {
            MayI::No(format!("{name} is a reviewer, but this token may not decide: it needs deployments:write").into())
        }
        (Some(false), ..) => MayI::No(format!("{name} is not a reviewer").into()),
    };
    Gate {
        id: pending.id.clone(),
        environment: pending.environment.clone(),
        may_i,
        reviewers: pending.reviewers.clone(),
        wait: pending.wait.clone(),
        branches: rules.and_then(|r| r.branches.clone()),
        no_self_review: rules.map(|r| r.no_self_review),
        url: pending.url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WaitTimer;

    #[test]
    fn who_may_not_decide_is_told_why() {
        let person = |name: &str| Reviewer::Person(name.into());
        let team = Reviewer::Team("release".into());
        let timer = |until: Option<&str>| Some(WaitTimer { minutes: 30, until: until.map(|t| t.parse().unwrap()) });
        let strict = Rules { no_self_review: true, branches: None };
        let loose = Rules::default();
        let no = |why: &str| MayI::No(why.into());
        for (can, reviewers, wait, rules, me, want) in [
            (Some(true), vec![person("mira")], None, None, Some("mira"), MayI::Yes),
            (Some(true), vec![], timer(None), None, None, MayI::Yes),
            (Some(false), vec![person("mira"), team.clone()], None, Some(&loose), Some("jon"), no("jon is not a reviewer")),
            (Some(false), vec![team.clone()], None, None, None, no("the owner of this token is not a reviewer")),
            (
                Some(false),
                vec![person("ana")],
                None,
                Some(&strict),
                Some("ana"),
                no("ana started this run, and production wants somebody else"),
            ),
            (
                Some(false),
                vec![person("ana")],
                None,
                Some(&loose),
                Some("ana"),
                no("ana is a reviewer, but this token may not decide: it needs deployments:write"),
            ),
            (
                Some(false),
                vec![],
                timer(Some("2026-03-10T09:30:00Z")),
                None,
                Some("jon"),
                no("a timer of 30 min runs until 09:30Z"),
            ),
            (Some(false), vec![], timer(None), None, Some("jon"), no("a timer of 30 min comes first")),
            (Some(false), vec![], None, None, Some("jon"), no("nobody is asked: a rule outside decides")),
            (None, vec![team], None, None, Some("jon"), MayI::Unknown("GitHub does not say".into())),
        ] {
            let pending = Pending { id: "1".into(), environment: "production".into(), can, reviewers, wait, url: None };
            let me = me.map(SafeText::clean);
            assert_eq!(open(&pending, rules, Some(&"ana".into()), me.as_ref()).may_i, want);
        }
    }
}
