//! GitHub Actions, on github.com and Enterprise servers.
//!
//! One loop asks for one thing at a time. Every repository has its own pace; the budget slows all of them down. What
//! did not change costs nothing (entity tags), and jobs that cannot change any more are not asked for again.

mod compare;
mod deployments;
mod details;
mod discover;
mod examine;
mod log;
mod pace;
mod repo;
mod token;
mod transport;
mod wire;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub use token::{PUBLIC, Token, api, token};

use self::{
    repo::{Followed, Wish, halts, refused},
    transport::{Setup, Transport},
};
use crate::{
    config::GithubConnection,
    domain::{Budget, Finding, FoundWorkflow, Identity, JobLog, Problem, Repo, RunsWanted, SourceUpdate, Update},
    provider::role::{LogSink, Pipelines, Sink, Timer},
};

/// How long nothing is asked after a credential was refused: it will not get better by itself.
const REFUSED: SignedDuration = SignedDuration::from_secs(60);

/// How long `gh auth token` may take.
const GH: Duration = Duration::from_secs(3);

/// GitHub as a pipeline system.
pub struct Github {
    setup: Setup,
    timer: Arc<dyn Timer>,
    own: Option<(Repo, Arc<str>)>,
}

/// Prepares the connection; nothing is sent. Fails with a problem of kind `Config`. The run that this process belongs to
/// (in GitHub Actions, as the variables of `env` say) is left out.
pub fn connect(
    connection: &GithubConnection,
    timer: Arc<dyn Timer>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Github, Problem> {
    Ok(Github { setup: Setup::new(connection)?, timer, own: wire::own_run(env) })
}

/// What `gh auth token --hostname HOST` says, if it says anything within 3 seconds.
pub async fn gh_auth_token(host: &str) -> Option<String> {
    let mut command = tokio::process::Command::new("gh");
    command.args(["auth", "token", "--hostname", host]).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(GH, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}

/// The state of the loop.
struct Loop<'a> {
    github: &'a Github,
    http: Transport,
    repos: BTreeMap<Repo, Followed>,
    /// Set while the host wants to be left alone or does not know us: until when, and why.
    halted: Option<(Timestamp, Problem)>,
    /// The budget that was told last.
    budget: Option<Budget>,
    /// Whether it was told whose token it is.
    me_told: bool,
    ticks: u64,
    out: Sink,
}

impl Loop<'_> {
    /// Takes over what is wanted. What is new or different is due at once.
    fn adopt(&mut self, wanted: &RunsWanted, now: Timestamp) {
        let mut by_repo: BTreeMap<Repo, Wish> = BTreeMap::new();
        for workflow in &wanted.workflows {
            by_repo.entry(workflow.repo.clone()).or_default().workflows.push(workflow.clone());
        }
        for (repo, wish) in &mut by_repo {
            wish.compares.extend(wanted.compares.iter().filter(|c| c.key.repo == *repo).cloned());
            wish.closely.extend(wanted.closely.iter().filter(|(of, _)| of == repo).map(|(_, id)| id.clone()));
        }
        self.repos.retain(|repo, _| by_repo.contains_key(repo));
        for (repo, wish) in by_repo {
            let followed = self.repos.entry(repo).or_insert_with(|| Followed::new(Wish::default(), now));
            if followed.wish != wish {
                followed.wish = wish;
                followed.due = now;
            }
        }
    }

    /// The repository that has been due for longest.
    fn next(&self, now: Timestamp) -> Option<Repo> {
        let due = self.repos.iter().filter(|(_, f)| f.due <= now);
        due.min_by_key(|(_, f)| f.due).map(|(repo, _)| repo.clone())
    }

    async fn poll(&mut self, repo: &Repo) {
        let now = self.github.timer.now();
        if self.halted.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.halted = None;
        }
        if let Some((until, problem)) = self.halted.clone() {
            return self.trouble(repo, problem, until).await;
        }
        let Some(followed) = self.repos.get_mut(repo) else { return };
        self.http.cost = 0;
        let own = self.github.own.as_ref().filter(|(own, _)| own == repo).map(|(_, id)| id);
        let answer = match followed.runs(repo, own, &mut self.http, now).await {
            Ok(runs) => followed.rules(repo, &mut self.http, now).await.map(|rules| (runs, rules)),
            Err(problem) => Err(problem),
        };
        followed.cost = self.http.cost;
        if let Some(budget) = self.http.budget.clone().filter(|b| self.budget.as_ref() != Some(b)) {
            self.budget = Some(budget.clone());
            self.out.tell(SourceUpdate::Budget(budget)).await;
        }
        let now = self.github.timer.now();
        let (runs, rules) = match answer {
            Ok(answer) => answer,
            Err(problem) => return self.failed(repo, problem, now).await,
        };
        followed.failures = 0;
        let pace = followed.pace(&runs, now);
        let update = if followed.told.as_ref() == Some(&runs) { Update::Alive } else { Update::Replace(runs.clone()) };
        followed.told = Some(runs);
        for (branch, checks) in rules {
            self.out.tell(SourceUpdate::Required(repo.clone(), branch, checks)).await;
        }
        self.out.tell(SourceUpdate::Runs(repo.clone(), update)).await;
        self.tell_who(now).await;
        let news = match self.repos.get_mut(repo) {
            Some(followed) => match followed.kept.halt.take() {
                None => followed.release(repo, &mut self.http, now).await,
                Some(problem) => Err(problem),
            },
            None => Ok(vec![]),
        };
        match news {
            Ok(news) => {
                for update in news {
                    self.out.tell(update).await;
                }
            }
            // The runs are known and current; only the rest has to wait.
            Err(problem) => {
                self.stay_away(repo, &problem, now);
                return;
            }
        }
        let cost = self.repos.values().map(|f| f.cost).sum();
        let wait = pace::interval(pace, self.http.budget.as_ref(), cost, self.http.asked, now);
        self.ticks += 1;
        if let Some(followed) = self.repos.get_mut(repo) {
            followed.due = plus(now, pace::jitter(wait, self.ticks));
        }
    }

    /// Tells once whose token it is. A trouble with that is one of the next request too.
    async fn tell_who(&mut self, now: Timestamp) {
        if !self.me_told
            && let Ok(me) = self.http.whoami(now).await
        {
            self.me_told = true;
            if let Some(user) = me {
                let server = self.github.setup.address().into();
                self.out.tell(SourceUpdate::Me(Identity { server, uid: None, user })).await;
            }
        }
    }

    /// After a round that went badly.
    async fn failed(&mut self, repo: &Repo, problem: Problem, now: Timestamp) {
        let until = self.stay_away(repo, &problem, now);
        self.trouble(repo, problem, until).await;
    }

    /// How long to stay away after a problem, and from whom.
    fn stay_away(&mut self, repo: &Repo, problem: &Problem, now: Timestamp) -> Timestamp {
        let Some(followed) = self.repos.get_mut(repo) else { return now };
        followed.failures += 1;
        let mut until = plus(now, pace::patience(followed.failures));
        if halts(problem) {
            if refused(problem) {
                until = problem.until.unwrap_or_else(|| now.checked_add(REFUSED).unwrap_or(now));
            }
            self.halted = Some((until, problem.clone()));
        }
        followed.due = until;
        until
    }

    async fn trouble(&mut self, repo: &Repo, problem: Problem, until: Timestamp) {
        if let Some(followed) = self.repos.get_mut(repo) {
            followed.due = until;
            followed.told = None;
        }
        self.out.tell(SourceUpdate::Runs(repo.clone(), Update::Trouble(problem))).await;
    }
}

fn plus(at: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

#[async_trait]
impl Pipelines for Github {
    async fn discover(&self, repo: &Repo) -> Result<Vec<FoundWorkflow>, Problem> {
        discover::discover(&mut self.setup.open()?, repo, self.timer.now()).await
    }

    async fn examine(&self, wanted: &RunsWanted) -> Vec<Finding> {
        examine::examine(self, wanted).await
    }

    async fn log(&self, job: &JobLog, out: LogSink) -> Result<(), Problem> {
        log::read(&self.setup, self.timer.now(), job, &out).await
    }

    async fn watch(&self, mut wanted: watch::Receiver<Arc<RunsWanted>>, out: Sink) {
        let http = match self.setup.open() {
            Ok(http) => http,
            Err(problem) => {
                let repos: Vec<Repo> = wanted.borrow().workflows.iter().map(|w| w.repo.clone()).collect();
                for repo in repos {
                    out.tell(SourceUpdate::Runs(repo, Update::Trouble(problem.clone()))).await;
                }
                return std::future::pending().await;
            }
        };
        let mut state =
            Loop { github: self, http, repos: BTreeMap::new(), halted: None, budget: None, me_told: false, ticks: 0, out };
        let mut covered: Option<Arc<RunsWanted>> = None;
        loop {
            let now_wanted = wanted.borrow_and_update().clone();
            state.adopt(&now_wanted, self.timer.now());
            while !wanted.has_changed().unwrap_or(false)
                && let Some(repo) = state.next(self.timer.now())
            {
                state.poll(&repo).await;
            }
            if wanted.has_changed().unwrap_or(false) {
                continue;
            }
            state.http.end_round();
            if covered.as_ref() != Some(&now_wanted) {
                covered = Some(now_wanted.clone());
                state.out.tell(SourceUpdate::RunsCovered(now_wanted)).await;
            }
            let due = state.repos.values().map(|f| f.due).min();
            let wait = due.map(|due| Duration::try_from(due.duration_since(self.timer.now())).unwrap_or_default());
            let sleep = async {
                match wait {
                    Some(wait) => self.timer.sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(sleep);
            tokio::select! {
                () = &mut sleep => {}
                changed = wanted.changed() => if changed.is_err() {
                    // Nobody can want anything else any more; what is wanted now still is.
                    sleep.await;
                },
            }
        }
    }
}
