//! The contract of the role Pipelines on GitHub: over recorded and faulty answers, and over the embedded world.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod scripted;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use gonogo::{
    config::{GithubConnection, Secret, TokenPlaces},
    domain::{
        Budget, Compare, CompareKey, CompareWanted, DeployState, Identity, JobLog, Level, Loaded, LogNews, MayI, Outcome, Phase,
        Problem, ProblemKind, Relation, Repo, RequiredChecks, Reviewer, Run, RunKey, RunsWanted, SourceUpdate, Update, WaitTimer,
        WorkflowWanted,
    },
    engine::clock::Clock,
    provider::{
        github::connect,
        role::{LogSink, Pipelines, Sink, Timer},
    },
    sim,
};
use jiff::{SignedDuration, Timestamp};
use scripted::{Answer, Asked, Server};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

const NOW: i64 = 1_773_133_200;
const SHA: &str = "acb5820ced9479c074f688cc328bf03f341a511d";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

fn wanted(repo: &str, workflow: Option<&str>, commits: &[&str]) -> WorkflowWanted {
    WorkflowWanted {
        repo: repo.parse().unwrap(),
        workflow: workflow.map(Into::into),
        commits: commits.iter().map(|c| c.parse().unwrap()).collect(),
        branches: vec!["main".into()],
    }
}

/// A watch under way.
struct Watch {
    clock: Clock,
    wanted: watch::Sender<Arc<RunsWanted>>,
    updates: mpsc::Receiver<SourceUpdate>,
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    fn start(api: &str, token: Option<&str>, workflows: Vec<WorkflowWanted>) -> Self {
        let connection = GithubConnection {
            host: "github.com".into(),
            api: api.into(),
            token: token.map(Secret::new),
            token_source: token.map(|_| "GH_TOKEN"),
            token_places: TokenPlaces::default(),
        };
        let clock = Clock::standing(at(0));
        let own = |name: &str| match name {
            "GITHUB_REPOSITORY" => Some("acme/shop".to_owned()),
            "GITHUB_RUN_ID" => Some("666".to_owned()),
            _ => None,
        };
        let github = connect(&connection, Arc::new(clock.clone()), own).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(RunsWanted { workflows, ..RunsWanted::default() }));
        let (sink, updates) = Sink::new();
        let task = tokio::spawn(async move { github.watch(receiver, sink).await }).abort_handle();
        Self { clock, wanted: sender, updates, task }
    }

    async fn next(&mut self) -> SourceUpdate {
        self.updates.recv().await.expect("the watch never ends")
    }

    /// Everything that a round tells, up to its end.
    async fn round(&mut self) -> Vec<SourceUpdate> {
        let mut all = vec![];
        loop {
            match self.next().await {
                SourceUpdate::RunsCovered(_) => return all,
                other => all.push(other),
            }
        }
    }

    /// The next update of runs.
    async fn runs(&mut self) -> Update<Run> {
        loop {
            if let SourceUpdate::Runs(_, update) = self.next().await {
                return update;
            }
        }
    }
}

fn replaced(updates: &[SourceUpdate], repo: &str) -> Vec<Run> {
    let repo: Repo = repo.parse().unwrap();
    let found = updates.iter().find_map(|u| match u {
        SourceUpdate::Runs(r, Update::Replace(runs)) if *r == repo => Some(runs.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no runs of {repo} in {updates:#?}"))
}

fn trouble(update: Update<Run>) -> Problem {
    match update {
        Update::Trouble(problem) => problem,
        other => panic!("{other:?}"),
    }
}

fn run(id: u64, more: Value) -> Value {
    let mut run = json!({
        "id": id, "name": "ci", "path": ".github/workflows/ci.yml", "run_number": id, "run_attempt": 1, "event": "push",
        "head_sha": SHA, "head_branch": "main", "status": "completed", "conclusion": "success", "display_title": "t",
        "created_at": "2026-03-10T08:00:00Z", "updated_at": "2026-03-10T08:10:00Z",
    });
    for (name, value) in more.as_object().unwrap() {
        run[name] = value.clone();
    }
    run
}

fn runs(runs: &[Value]) -> Answer {
    Answer::json(json!({"total_count": runs.len(), "workflow_runs": runs}).to_string())
}

fn jobs(names: &[&str]) -> Answer {
    let job = |(id, name): (usize, &&str)| json!({"id": id, "name": name, "status": "completed", "conclusion": "success"});
    Answer::json(json!({"jobs": names.iter().enumerate().map(job).collect::<Vec<_>>()}).to_string())
}

/// An ordinary repository with one run.
fn ordinary(asked: &Asked) -> Answer {
    let path = asked.target.split('?').next().unwrap();
    match path {
        p if p.ends_with("/runs") => runs(&[run(1, json!({}))]),
        p if p.ends_with("/jobs") => jobs(&["build"]),
        p if p.contains("/rules/branches/") => Answer::json("[]"),
        _ => Answer::status(404, r#"{"message":"Not Found"}"#),
    }
}

#[tokio::test]
async fn githubs_own_examples_are_read_and_the_requests_are_as_few_as_they_can_be() {
    let server = Server::start(|asked| match asked.target.split('?').next().unwrap() {
        "/api/v3/repos/acme/shop/actions/workflows/build.yml/runs" => {
            Answer::json(include_str!("fixtures/github/runs-list.json")).header("x-ratelimit-limit", "5000").header("x-ratelimit-remaining", "4990").header("x-ratelimit-reset", "1773136800")
        }
        "/api/v3/repos/acme/shop/actions/runs/30433642/jobs" => Answer::json(include_str!("fixtures/github/run-jobs.json")),
        "/api/v3/repos/acme/shop/rules/branches/main" => Answer::json(
            json!([{"type": "deletion"}, {"type": "pull_request", "parameters": {"required_status_checks": 7}},
                   {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "test"}, {"context": "build"}]}}])
            .to_string(),
        ),
        "/api/v3/user" => Answer::json(r#"{"login":"octocat"}"#),
        "/api/v3/repos/acme/shop/deployments" => Answer::json("[]"),
        other => panic!("{other}"),
    })
    .await;
    let mut watch =
        Watch::start(&format!("{}/api/v3", server.base), Some("s3cret"), vec![wanted("acme/shop", Some("build.yml"), &[SHA])]);
    let round = watch.round().await;
    let run = &replaced(&round, "acme/shop")[0];
    assert_eq!((run.number, run.workflow.as_str(), run.title.as_str()), (562, "build.yml", "Update README.md"));
    assert_eq!((run.phase.clone(), run.commit.as_ref().unwrap().as_str()), (Phase::Queued, SHA));
    let jobs = run.jobs.ok().unwrap();
    assert_eq!((jobs[0].name.as_str(), &jobs[0].phase, jobs[0].progress()), ("build", &Phase::Done(Outcome::Success), (10, 10)));
    let checks = RequiredChecks(vec!["build".into(), "test".into()]);
    assert!(round.contains(&SourceUpdate::Required("acme/shop".parse().unwrap(), "main".into(), Some(checks))));
    let budget = Budget { remaining: 4_990, limit: 5_000, reset: Some(at(3_600)) };
    assert!(round.contains(&SourceUpdate::Budget(budget)));
    let asked = server.asked();
    let targets: Vec<&str> = asked.iter().map(|a| a.target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "/api/v3/repos/acme/shop/actions/workflows/build.yml/runs?per_page=30&exclude_pull_requests=true",
            "/api/v3/repos/acme/shop/actions/runs/30433642/jobs?filter=latest&per_page=100",
            "/api/v3/repos/acme/shop/rules/branches/main?per_page=100",
            // Once: whom it takes us for.
            "/api/v3/user",
            "/api/v3/repos/acme/shop/deployments?per_page=30",
        ]
    );
    for request in &asked {
        assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
        assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(request.header("accept"), Some("application/vnd.github+json"));
        assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
        let agents: Vec<&String> = request.headers.iter().filter(|(n, _)| n == "user-agent").map(|(_, v)| v).collect();
        assert_eq!(agents, [concat!("gonogo/", env!("CARGO_PKG_VERSION"))]);
    }
}

#[tokio::test]
async fn what_did_not_change_is_asked_for_with_its_tag_and_told_as_alive() {
    let server = Server::start(|asked| {
        let tag = format!("W/\"{}\"", asked.target.len());
        if asked.header("if-none-match") == Some(&tag) {
            return Answer::Whole(304, vec![("etag", tag)], String::new());
        }
        ordinary(asked).header("etag", tag)
    })
    .await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![wanted("acme/shop", Some("ci.yml"), &[])]);
    let first = watch.round().await;
    assert_eq!(replaced(&first, "acme/shop").len(), 1);
    assert!(server.asked().iter().all(|a| a.header("if-none-match").is_none()));
    watch.clock.advance(SignedDuration::from_secs(34));
    assert_eq!(watch.runs().await, Update::Alive);
    let again = server.asked();
    // The jobs of a run that is over are known for good, and rules are read every five minutes.
    assert_eq!(again.len(), 1, "{again:#?}");
    assert!(again[0].header("if-none-match").is_some_and(|t| t.starts_with("W/\"")));
}

#[tokio::test]
async fn a_cut_answer_is_asked_again_and_never_kept() {
    let broken = Arc::new(AtomicUsize::new(2));
    let left = Arc::clone(&broken);
    let server = Server::start(move |asked| {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            Answer::Cut
        } else {
            ordinary(asked)
        }
    })
    .await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![wanted("acme/shop", Some("ci.yml"), &[])]);
    assert_eq!(replaced(&watch.round().await, "acme/shop").len(), 1);
    assert!(server.asked().iter().all(|a| a.header("if-none-match").is_none()));
    broken.store(3, Ordering::SeqCst);
    watch.clock.advance(SignedDuration::from_secs(34));
    let problem = trouble(watch.runs().await);
    assert_eq!(problem.kind, ProblemKind::Server, "{problem}");
    watch.clock.advance(SignedDuration::from_secs(1));
    assert!(matches!(watch.runs().await, Update::Replace(_)), "after trouble everything is told anew");
}

#[tokio::test]
async fn answers_that_are_none_are_named() {
    let all: Vec<(Answer, ProblemKind, &str, Option<&str>)> = vec![
        (Answer::json("<!doctype html><title>log in</title>"), ProblemKind::Unreadable, "HTML instead of JSON", None),
        (Answer::json(r#"{"workflow_runs":7}"#), ProblemKind::Unreadable, "workflow_runs", None),
        (Answer::json(r#"{"workflow_runs":[{"id":"x"},{"id":"y"}]}"#), ProblemKind::Unreadable, "nothing readable", None),
        (Answer::Endless, ProblemKind::Unreadable, "over 32 MiB", None),
        (Answer::Closed, ProblemKind::Server, "cut", None),
        (Answer::status(401, r#"{"message":"Bad credentials"}"#), ProblemKind::Auth, "Bad credentials", Some("GH_TOKEN")),
        (Answer::status(404, r#"{"message":"Not Found"}"#), ProblemKind::NotFound, "not found or no access", Some("GH_TOKEN")),
        (
            Answer::status(403, r#"{"message":"Resource not accessible by personal access token"}"#)
                .header("x-accepted-github-permissions", "actions=read"),
            ProblemKind::Forbidden,
            "not accessible",
            Some("actions=read"),
        ),
        (
            Answer::status(403, "{}").header("x-github-sso", "required; url=https://github.com/sso"),
            ProblemKind::Forbidden,
            "403",
            Some("github.com/sso"),
        ),
        (Answer::status(422, r#"{"message":"Validation Failed"}"#), ProblemKind::Invalid, "Validation Failed", None),
        (Answer::status(502, "<html>"), ProblemKind::Server, "502", None),
    ];
    for (answer, kind, what, hint) in all {
        let shown = format!("{answer:?}");
        let server = Server::start(move |_| answer.clone()).await;
        let mut watch = Watch::start(&server.base, Some("s3cret"), vec![wanted("acme/shop", Some("ci.yml"), &[])]);
        let problem = trouble(watch.runs().await);
        assert_eq!(problem.kind, kind, "{shown}: {problem}");
        assert!(problem.what.as_str().contains(what), "{shown}: {problem}");
        assert!(!format!("{problem:?}").contains("s3cret"));
        if let Some(hint) = hint {
            assert!(problem.hint.as_ref().is_some_and(|h| h.as_str().contains(hint)), "{shown}: {problem:?}");
        }
        assert!(watch.round().await.is_empty(), "a round that went badly ends too");
    }
}

#[tokio::test]
async fn nothing_is_asked_before_a_rate_limit_is_over() {
    let spent = || {
        Answer::status(403, r#"{"message":"API rate limit exceeded"}"#)
            .header("x-ratelimit-limit", "5000")
            .header("x-ratelimit-remaining", "0")
    };
    let all: Vec<(Answer, i64)> = vec![
        (spent().header("x-ratelimit-reset", (NOW + 900).to_string()), 900),
        (Answer::status(429, "{}").header("retry-after", "30"), 30),
        (Answer::status(429, "<html>"), 60),
        (Answer::status(403, r#"{"message":"You have exceeded a secondary rate limit"}"#), 60),
        (Answer::status(403, r#"{"message":"Forbidden"}"#).header("retry-after", "120"), 120),
        // A reset that is over by our clock is no reason to go on at once.
        (spent().header("x-ratelimit-reset", (NOW - 5).to_string()), 60),
    ];
    for (answer, seconds) in all {
        let limited = Arc::new(AtomicBool::new(true));
        let on = Arc::clone(&limited);
        let server = Server::start(move |asked| if on.load(Ordering::SeqCst) { answer.clone() } else { ordinary(asked) }).await;
        let both = || vec![wanted("acme/shop", Some("ci.yml"), &[]), wanted("acme/site", Some("ci.yml"), &[])];
        let mut watch = Watch::start(&server.base, Some("t"), both());
        let round = watch.round().await;
        for update in round {
            if let SourceUpdate::Runs(_, update) = update {
                let problem = trouble(update);
                assert_eq!((problem.kind, problem.until), (ProblemKind::RateLimited, Some(at(seconds))), "{problem}");
            }
        }
        assert_eq!(server.asked().len(), 1, "one repository met the limit, the other is not asked");
        limited.store(false, Ordering::SeqCst);
        watch.clock.advance(SignedDuration::from_secs(seconds - 1));
        // A change of what is wanted is answered, but not by asking.
        watch
            .wanted
            .send(Arc::new(RunsWanted {
                workflows: [both(), vec![wanted("acme/new", None, &[])]].concat(),
                ..RunsWanted::default()
            }))
            .unwrap();
        let round = watch.round().await;
        assert!(
            matches!(&round[..], [SourceUpdate::Runs(_, Update::Trouble(p))] if p.kind == ProblemKind::RateLimited),
            "{round:?}"
        );
        assert_eq!(server.asked().len(), 0, "not before {seconds} s");
        watch.clock.advance(SignedDuration::from_secs(1));
        assert!(matches!(watch.runs().await, Update::Replace(_)));
    }
}

#[tokio::test]
async fn a_redirect_is_followed_within_its_origin_only() {
    let elsewhere = Server::start(ordinary).await;
    let target = elsewhere.base.clone();
    let server = Server::start(move |asked| match &asked.target {
        t if t.starts_with("/repos/acme/moved/actions/workflows/ci.yml/runs") => {
            Answer::status(301, "{}").header("location", "/repositories/7/actions/workflows/ci.yml/runs")
        }
        t if t.starts_with("/repos/acme/gone") => {
            Answer::status(302, "{}").header("location", format!("{target}/repos/acme/gone"))
        }
        _ => ordinary(asked),
    })
    .await;
    let both = vec![wanted("acme/gone", Some("ci.yml"), &[]), wanted("acme/moved", Some("ci.yml"), &[])];
    let mut watch = Watch::start(&server.base, Some("s3cret"), both);
    let round = watch.round().await;
    assert_eq!(replaced(&round, "acme/moved").len(), 1);
    let gone = round.iter().any(|u| matches!(u, SourceUpdate::Runs(r, Update::Trouble(_)) if r.name() == "gone"));
    assert!(gone, "{round:#?}");
    assert_eq!(elsewhere.asked().len(), 0, "neither the token nor anything else reached the other host");
}

#[tokio::test]
async fn commits_of_the_release_are_found_beyond_the_newest_and_pages_of_jobs_are_all_read() {
    const OLD: &str = "0123456789abcdef0123456789abcdef01234567";
    let server = Server::start(|asked| match &asked.target {
        t if t.contains(&format!("head_sha={OLD}")) => runs(&[run(5, json!({"head_sha": OLD, "created_at": "2026-03-01T08:00:00Z"}))]),
        t if t.contains("/runs/5/jobs") && t.ends_with("&page=2") => jobs(&["b"]),
        t if t.contains("/runs/5/jobs") => jobs(&["a"]).header("link", "<https://api.github.com/resource?page=2>; rel=\"next\""),
        t if t.contains("/runs/8/jobs") => Answer::status(404, "{}"),
        t if t.contains("/actions/workflows/ci.yml/runs") => runs(&[
            run(7, json!({})),
            json!({"id": "unreadable"}),
            run(9, json!({"status": "rhubarb", "name": null, "head_branch": null, "head_commit": null, "actor": null, "created_at": "2026-03-10T08:30:00Z"})),
            run(8, json!({"conclusion": "failure", "created_at": "2026-03-10T08:20:00Z"})),
            run(666, json!({"created_at": "2026-03-10T08:40:00Z"})),
        ]),
        t if t.contains("/rules/branches/") => Answer::status(403, "{}"),
        t if t.contains("/jobs") => jobs(&["build"]),
        other => panic!("{other}"),
    })
    .await;
    let mut watch = Watch::start(&server.base, None, vec![wanted("acme/shop", Some("ci.yml"), &[OLD])]);
    let round = watch.round().await;
    let runs = replaced(&round, "acme/shop");
    let ids: Vec<&str> = runs.iter().map(|r| &*r.key.id).collect();
    assert_eq!(ids, ["9", "8", "7", "5"], "newest first, without the unreadable one and our own");
    assert_eq!(runs[0].phase, Phase::Unknown("rhubarb".into()));
    assert!(matches!(&runs[1].jobs, Loaded::Failed(p) if p.kind == ProblemKind::NotFound), "{:?}", runs[1].jobs);
    assert_eq!(runs[2].jobs, Loaded::NotAsked, "neither newest nor failed nor wanted");
    let names: Vec<&str> = runs[3].jobs.ok().unwrap().iter().map(|j| j.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(round.contains(&SourceUpdate::Required("acme/shop".parse().unwrap(), "main".into(), None)));
    assert!(server.asked().iter().all(|a| a.header("authorization").is_none()));
}

#[tokio::test]
async fn a_change_of_what_is_wanted_is_answered_at_once() {
    let server = Server::start(ordinary).await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![]);
    assert!(watch.round().await.is_empty());
    watch.wanted.send(Arc::new(RunsWanted { workflows: vec![wanted("acme/shop", None, &[])], ..RunsWanted::default() })).unwrap();
    let round = watch.round().await;
    assert_eq!(replaced(&round, "acme/shop").len(), 1);
    assert!(server.asked()[0].target.starts_with("/repos/acme/shop/actions/runs?per_page="));
}

#[tokio::test]
async fn the_embedded_company_is_read_in_one_round() {
    let clock = Clock::standing(sim::T0.checked_add(SignedDuration::from_mins(20)).unwrap());
    let simulated = {
        let clock = clock.clone();
        Arc::new(move || clock.now())
    };
    let sim = sim::start(sim::Params::default(), simulated, None, None).await.unwrap();
    let world = sim.handle().state().world();
    let payment = world.commit(
        "payment",
        sim::world::SERVICES.iter().find(|s| s.name == "payment").unwrap().version(sim::world::Environment::Staging),
    );
    let endpoints = sim.endpoints();
    let workflows = vec![
        wanted("acme/shop", Some("ci-cd.yml"), &[&payment]),
        wanted("acme/notify", Some("deploy.yml"), &[]),
        wanted("acme/media", None, &[]),
    ];
    let mut watch = Watch::start(&endpoints.github, Some(&endpoints.token), workflows);
    watch.clock.advance(clock.now().duration_since(watch.clock.now()));
    let round = watch.round().await;
    for repo in ["acme/shop", "acme/notify", "acme/media"] {
        let runs = replaced(&round, repo);
        assert!(!runs.is_empty(), "{repo}");
        assert!(runs.iter().all(|r| !matches!(r.phase, Phase::Unknown(_)) && !matches!(r.jobs, Loaded::Failed(_))), "{runs:#?}");
        assert!(runs.is_sorted_by_key(|r| std::cmp::Reverse(r.created)));
        let required =
            round.iter().any(|u| matches!(u, SourceUpdate::Required(r, _, Some(c)) if r.to_string() == repo && !c.0.is_empty()));
        assert!(required, "{repo} {round:#?}");
    }
    let shop = replaced(&round, "acme/shop");
    let held = shop.iter().find(|r| r.phase == Phase::Waiting).expect("a run at a gate");
    assert_eq!(held.gates.ok().map(|g| (g.len(), g[0].may_i.clone())), Some((1, MayI::Yes)), "{held:#?}");
    let blocked = shop.iter().find(|r| r.phase == Phase::Blocked).expect("a run in line");
    assert_eq!(blocked.locks.ok().map(|l| l[0].ahead.len()), Some(1), "{blocked:#?}");
    // Of what is not in the release, earlier attempts are read only when somebody looks.
    let again = shop.iter().find(|r| r.key.attempt == 2).expect("a run that was tried again");
    assert_eq!(again.earlier, Loaded::NotAsked, "{again:#?}");
    let own =
        shop.iter().find(|r| r.commit.as_ref().is_some_and(|c| c.as_str() == payment)).expect("a run of the release's commit");
    let jobs = own.jobs.ok().unwrap();
    assert!(jobs.iter().any(|j| j.name.as_str() == "test (payment)" && j.phase.passed()), "{jobs:#?}");
    assert!(round.iter().any(|u| matches!(u, SourceUpdate::Budget(b) if b.limit == 5_000)));
}

/// What is heard of a job's log, and how it ended.
async fn read_log(api: &str) -> (Vec<String>, Result<(), Problem>) {
    let connection = GithubConnection {
        host: "github.com".into(),
        api: api.into(),
        token: Some(Secret::new("very-secret")),
        token_source: Some("GH_TOKEN"),
        token_places: TokenPlaces::default(),
    };
    let github = connect(&connection, Arc::new(Clock::standing(at(0))), |_| None).unwrap();
    let run = RunKey { repo: "acme/shop".parse().unwrap(), id: "1".into(), attempt: 1 };
    let job = JobLog { run, number: 881, job: "7".into(), name: "test".into() };
    let (sink, mut news) = LogSink::new();
    let gather = async {
        let mut out = vec![];
        while let Some(piece) = news.recv().await {
            out.push(match piece {
                LogNews::Line(line) => line.text.to_string(),
                LogNews::About(words) => format!("({words})"),
                other => format!("{other:?}"),
            });
        }
        out
    };
    futures::future::join(gather, github.log(&job, sink)).await
}

const ENDED: &str = r#"{"id":7,"status":"completed","conclusion":"success","steps":[]}"#;

#[tokio::test]
async fn a_log_is_fetched_from_its_store_without_the_token() {
    let text = "\u{feff}2026-03-10T09:00:00.1Z \u{1b}[32mfine\u{1b}[0m \u{1b}]0;owned\u{7}\n2026-03-10T09:00:01Z ##[error]bad\n";
    let store = Server::start(move |_| Answer::Whole(200, vec![("content-type", "text/plain".into())], text.into())).await;
    let lead = format!("{}/blob/7.txt?sig=let-me-in", store.base);
    let api = Server::start(move |asked: &Asked| match asked.target.as_str() {
        "/repos/acme/shop/actions/jobs/7" => Answer::json(ENDED),
        "/repos/acme/shop/actions/jobs/7/logs" => Answer::Whole(302, vec![("location", lead.clone())], String::new()),
        other => Answer::status(404, format!("{{\"message\":{other:?}}}")),
    })
    .await;
    let (out, ended) = read_log(&api.base).await;
    assert_eq!(ended, Ok(()));
    assert_eq!(out, ["(from 127.0.0.1)", "fine \u{fffd}]0;owned\u{fffd}", "bad"]);
    assert!(api.asked().iter().all(|a| a.header("authorization") == Some("Bearer very-secret")));
    let stored = store.asked();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].target.as_str(), stored[0].header("authorization")), ("/blob/7.txt?sig=let-me-in", None));
    assert!(!format!("{stored:?}").contains("very-secret"), "the token stays with the API");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_says_why() {
    let open = r#"{"id":7,"status":"in_progress","steps":[]}"#;
    let redirect = |to: &str| Answer::Whole(302, vec![("location", to.to_owned())], String::new());
    let html = Answer::Whole(200, vec![("content-type", "text/html".into())], "<html>".into());
    for (job, log, kind, told) in [
        (open, Answer::Closed, ProblemKind::NotFound, "has not ended"),
        (ENDED, Answer::status(404, "{}"), ProblemKind::NotFound, "the log is gone"),
        (ENDED, Answer::status(410, "{}"), ProblemKind::NotFound, "the log is gone"),
        (ENDED, Answer::status(403, "{}"), ProblemKind::Forbidden, "refuses"),
        (ENDED, Answer::status(500, "{}"), ProblemKind::Server, "500"),
        (ENDED, redirect("http://store.example/x?sig=s3cr3t"), ProblemKind::Unreadable, "neither https nor this machine"),
        (ENDED, redirect("/repos/acme/shop/actions/jobs/7/logs"), ProblemKind::Unreadable, "from address to address"),
        (ENDED, html, ProblemKind::Unreadable, "web page"),
        (ENDED, Answer::Cut, ProblemKind::Server, "cut"),
        (ENDED, Answer::Closed, ProblemKind::Server, ""),
    ] {
        let api =
            Server::start(move |asked: &Asked| if asked.target.ends_with("/logs") { log.clone() } else { Answer::json(job) })
                .await;
        let (_, ended) = read_log(&api.base).await;
        let problem = ended.unwrap_err();
        let text = format!("{problem} {:?}", problem.hint);
        assert_eq!(problem.kind, kind, "{text}");
        assert!(text.contains(told) && !text.contains("s3cr3t") && !text.contains("very-secret"), "{text}");
    }
}

#[tokio::test]
async fn a_log_of_the_embedded_world_is_cut_to_the_step_that_failed() {
    let world = sim::start(sim::Params::default(), Arc::new(|| at(1_200)), None, None).await.unwrap();
    let mut watch = Watch::start(&world.endpoints().github, Some("acme-demo"), vec![wanted("acme/shop", Some("ci-cd.yml"), &[])]);
    let runs = replaced(&watch.round().await, "acme/shop");
    let run = runs.iter().find(|r| r.number == 883).unwrap();
    let job = gonogo::domain::telling_job(run, None).unwrap();
    let connection = GithubConnection {
        host: "github.com".into(),
        api: world.endpoints().github.clone(),
        token: Some(Secret::new("acme-demo")),
        token_source: Some("GH_TOKEN"),
        token_places: TokenPlaces::default(),
    };
    let github = connect(&connection, Arc::new(watch.clock.clone()), |_| None).unwrap();
    let (sink, mut news) = LogSink::new();
    github.log(&job, sink).await.unwrap();
    let mut out = vec![];
    while let Some(piece) = news.recv().await {
        if let LogNews::Line(line) = piece {
            out.push((line.level, line.text.to_string()));
        }
    }
    assert_eq!(out.first().map(|(_, text)| text.as_str()), Some("Run make integration-tests"), "{out:?}");
    assert!(out.contains(&(Level::Error, "ERROR login_spec:44 got 503, expected 429".to_owned())), "{out:?}");
    assert_eq!(out.last(), Some(&(Level::Error, "Process completed with exit code 1.".to_owned())));
    watch.updates.close();
}

/// A comparison that is wanted, with the folder of the service.
fn compared(base: &str, head: &str) -> CompareWanted {
    let key = CompareKey { repo: "acme/shop".parse().unwrap(), base: base.parse().unwrap(), head: head.parse().unwrap() };
    CompareWanted { key, paths: vec!["services/pay".into()] }
}

fn commit(sha: &str, message: &str) -> Value {
    json!({"sha": sha, "commit": {"message": message, "author": {"name": "Ann"}, "committer": {"date": "2026-03-10T08:00:00Z"}},
           "author": {"login": "ann"}})
}

const C1: &str = "1111111111111111111111111111111111111111";
const C2: &str = "2222222222222222222222222222222222222222";

fn release(asked: &Asked) -> Answer {
    let target = asked.target.as_str();
    let compare = |commits: Value, files: usize| {
        let file = |n| json!({"filename": format!("services/pay/{n}.rs"), "status": "added", "additions": 2, "deletions": 1});
        json!({"status": "ahead", "ahead_by": 412, "behind_by": 0, "total_commits": 412, "commits": commits,
               "files": (0..files).map(file).collect::<Vec<_>>()})
        .to_string()
    };
    let next = "<https://api.github.com/resource?page=2>; rel=\"next\"";
    match target {
        t if t.contains("/compare/") && t.ends_with("&page=1") => {
            Answer::json(compare(json!([commit(C1, "Fix it (#12)\n\nbody"), {"sha": 7}]), 300)).header("link", next)
        }
        t if t.contains("/compare/") && t.ends_with("&page=2") => Answer::json(compare(json!([commit(C2, "No number")]), 0)),
        t if t.contains("/commits?") => Answer::json(json!([commit(C2, "x"), commit(SHA, "older than the range")]).to_string()),
        t if t.contains(&format!("/commits/{C2}/pulls")) => Answer::json(
            json!([{"number": 14, "title": "Do\u{202e} it", "user": {"login": "bob"}, "labels": [{"name": "risk"}, {"name": null}],
                    "merged_at": "2026-03-10T08:00:00Z"},
                   {"number": 15, "title": "still open", "merged_at": null}])
            .to_string(),
        ),
        t if t.contains("/deployments?") => Answer::json(include_str!("fixtures/github/deployments.json")),
        t if t.contains("/deployments/1/statuses") => Answer::json(json!([{"state": "waiting", "created_at": "2026-03-10T08:00:00Z"}]).to_string()),
        _ => ordinary(asked),
    }
}

fn comparison(updates: &[SourceUpdate]) -> &Loaded<Arc<Compare>> {
    let found = updates.iter().find_map(|u| if let SourceUpdate::Compare(_, value) = u { Some(value) } else { None });
    found.unwrap_or_else(|| panic!("no comparison in {updates:#?}"))
}

fn with(compares: Vec<CompareWanted>) -> RunsWanted {
    RunsWanted { workflows: vec![wanted("acme/shop", Some("ci.yml"), &[])], compares, closely: vec![] }
}

#[tokio::test]
async fn what_lies_between_two_commits_is_read_once_and_what_was_cut_is_said() {
    let server = Server::start(release).await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![]);
    watch.round().await;
    watch.wanted.send(Arc::new(with(vec![compared(SHA, C2)]))).unwrap();
    let round = watch.round().await;
    let compare = comparison(&round).ok().unwrap_or_else(|| panic!("{round:#?}"));
    assert_eq!((compare.relation.clone(), compare.ahead, compare.all_files), (Relation::Ahead, 412, false));
    let commits: Vec<(&str, Option<u64>, &str)> =
        compare.commits.iter().map(|c| (c.sha.as_str(), c.pull, c.author.as_str())).collect();
    assert_eq!(commits, [(C1, Some(12), "ann"), (C2, None, "ann")], "the unreadable one costs itself");
    assert_eq!(compare.touching["services/pay"], Loaded::Ok(vec![C2.parse().unwrap()]));
    let pulls = &compare.pulls[&C2.parse().unwrap()];
    assert_eq!((pulls.len(), pulls[0].number, pulls[0].title.as_str()), (1, 14, "Do\u{fffd} it"));
    assert_eq!(pulls[0].labels, ["risk".into()]);
    assert_eq!(compare.pulls.len(), 1, "pull requests of other services' commits cost nothing");
    let records = round.iter().find_map(|u| if let SourceUpdate::Deployments(_, records) = u { Some(records) } else { None });
    let record = &records.unwrap().as_ref().unwrap()[0];
    assert_eq!((record.environment.as_str(), &record.state), ("production", &Some(DeployState::Waiting)));
    let asked: Vec<String> =
        server.asked().into_iter().map(|a| a.target).filter(|t| t.contains("commits") || t.contains("compare")).collect();
    assert_eq!(
        asked,
        [
            format!("/repos/acme/shop/compare/{SHA}...{C2}?per_page=100&page=1"),
            format!("/repos/acme/shop/compare/{SHA}...{C2}?per_page=100&page=2"),
            format!("/repos/acme/shop/commits?sha={C2}&path=services%2Fpay&per_page=100"),
            format!("/repos/acme/shop/commits/{C2}/pulls?per_page=10"),
        ]
    );
    watch.clock.advance(SignedDuration::from_secs(40));
    watch.runs().await;
    assert!(server.asked().iter().all(|a| !a.target.contains("compare") && !a.target.contains("commits")), "it cannot change");
}

#[tokio::test]
async fn a_comparison_that_cannot_be_read_costs_itself_and_is_asked_again_later() {
    let gone = Arc::new(AtomicBool::new(true));
    let on = Arc::clone(&gone);
    let server = Server::start(move |asked| match &asked.target {
        t if t.contains("/compare/") && on.load(Ordering::SeqCst) => Answer::status(404, r#"{"message":"Not Found"}"#),
        t if t.contains("/pulls") => Answer::status(403, r#"{"message":"Resource not accessible"}"#),
        _ => release(asked),
    })
    .await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![]);
    watch.round().await;
    watch.wanted.send(Arc::new(with(vec![compared(SHA, C2)]))).unwrap();
    let round = watch.round().await;
    assert!(matches!(comparison(&round), Loaded::Failed(p) if p.kind == ProblemKind::NotFound), "{round:#?}");
    assert_eq!(replaced(&round, "acme/shop").len(), 1, "the runs are none the worse");
    gone.store(false, Ordering::SeqCst);
    watch.clock.advance(SignedDuration::from_mins(6));
    let found = loop {
        if let SourceUpdate::Compare(_, Loaded::Ok(found)) = watch.next().await {
            break found;
        }
    };
    assert!(found.pulls_missing.as_ref().is_some_and(|why| why.as_str().contains("not accessible")), "{found:#?}");
}

/// A run that waits at a gate, was tried before, and stands in line.
fn held(asked: &Asked) -> Answer {
    match asked.target.split('?').next().unwrap() {
        p if p.ends_with("/workflows/ci.yml/runs") => runs(&[
            run(3, json!({"status": "waiting", "conclusion": null, "run_attempt": 2, "actor": {"login": "ann"}})),
            run(4, json!({"status": "pending", "conclusion": null})),
        ]),
        p if p.ends_with("/attempts/1/jobs") => Answer::json(json!({"jobs": [{"id": 30, "name": "build", "status": "completed", "conclusion": "failure"}]}).to_string()),
        p if p.ends_with("/runs/3/jobs") => Answer::json(json!({"jobs": [{"id": 31, "name": "build", "status": "completed", "conclusion": "success"},
            {"id": 32, "name": "deploy", "status": "waiting", "conclusion": null}]}).to_string()),
        p if p.ends_with("/runs/3/pending_deployments") => Answer::json(include_str!("fixtures/github/pending-deployments.json").replace("true", "false")),
        p if p.ends_with("/runs/3/approvals") => Answer::json(include_str!("fixtures/github/run-approvals.json")),
        p if p.ends_with("/environments/staging") => Answer::json(include_str!("fixtures/github/environment.json")),
        p if p.ends_with("/user") => Answer::json(r#"{"login":"octocat"}"#),
        p if p.ends_with("/runs/4/jobs") => Answer::json(r#"{"jobs":[]}"#),
        p if p.ends_with("/runs/4/concurrency_groups") => Answer::json(include_str!("fixtures/github/run-concurrency-groups.json").replace("30433642", "4")),
        p if p.ends_with("/concurrency_groups/ci-build") => Answer::json(json!({"group_name": "ci-build", "group_members": [
            {"run_id": 3, "run_name": "CI", "status": "in_progress"}, {"run_id": 4, "run_name": "CI", "job_name": "build", "status": "pending"},
            {"run_id": 5, "run_name": "CI", "status": "pending"}]}).to_string()),
        _ => ordinary(asked),
    }
}

#[tokio::test]
async fn what_a_run_waits_for_is_told_with_who_may_decide_and_who_is_before() {
    let server = Server::start(held).await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![wanted("acme/shop", Some("ci.yml"), &[])]);
    let round = watch.round().await;
    let all = replaced(&round, "acme/shop");
    let waiting = all.iter().find(|r| &*r.key.id == "3").unwrap();
    let gate = &waiting.gates.ok().unwrap_or_else(|| panic!("{waiting:#?}"))[0];
    assert_eq!((gate.environment.as_str(), &*gate.id), ("staging", "161088068"));
    assert_eq!(gate.reviewers, [Reviewer::Person("octocat".into()), Reviewer::Team("Justice League".into())]);
    assert_eq!(gate.wait, Some(WaitTimer { minutes: 30, until: "2020-11-23T22:30:40Z".parse().ok() }));
    assert_eq!(gate.branches, Some("from chosen branches only".into()));
    let why = "octocat is a reviewer, but this token may not decide: it needs deployments:write";
    assert_eq!(gate.may_i, MayI::No(why.into()));
    let host = server.base.as_str().into();
    assert!(round.contains(&SourceUpdate::Me(Identity { server: host, uid: None, user: "octocat".into() })));
    let review = &waiting.reviews.ok().unwrap()[0];
    assert_eq!(
        (review.by.clone(), review.state.as_str(), review.comment.as_str()),
        (Some("octocat".into()), "approved", "Ship it!")
    );
    let earlier = waiting.earlier.ok().unwrap();
    assert_eq!((earlier.len(), earlier[0].number, &*earlier[0].jobs[0].id), (1, 1, "30"), "with job ids of its own");
    let blocked = all.iter().find(|r| &*r.key.id == "4").unwrap();
    assert_eq!(blocked.phase, Phase::Blocked);
    let locks = blocked.locks.ok().unwrap_or_else(|| panic!("{blocked:#?}"));
    assert_eq!(
        (locks.len(), locks[0].group.as_str(), locks[0].job.as_ref().map(ToString::to_string)),
        (1, "ci-build", Some("build".into()))
    );
    assert_eq!(locks[0].ahead.iter().map(|m| &*m.run).collect::<Vec<_>>(), ["3"]);
    server.asked();
    watch.clock.advance(SignedDuration::from_secs(5));
    watch.runs().await;
    let again: Vec<String> = server.asked().into_iter().map(|a| a.target).collect();
    assert!(
        again.iter().all(|t| !t.contains("/attempts/") && !t.contains("/user") && !t.contains("/environments/")),
        "{again:#?}"
    );
}

#[tokio::test]
async fn a_server_without_gates_and_locks_costs_only_them() {
    let server = Server::start(|asked| match &asked.target {
        t if t.contains("pending_deployments") || t.contains("approvals") || t.contains("concurrency") => {
            Answer::status(404, "{}")
        }
        _ => held(asked),
    })
    .await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![wanted("acme/shop", Some("ci.yml"), &[])]);
    let all = replaced(&watch.round().await, "acme/shop");
    let of = |id: &str| all.iter().find(|r| &*r.key.id == id).unwrap();
    let missing = |p: &Problem| p.kind == ProblemKind::NotFound;
    assert!(matches!(&of("3").gates, Loaded::Failed(p) if missing(p)) && of("3").jobs.ok().is_some());
    assert!(matches!(&of("4").locks, Loaded::Failed(p) if missing(p)));
}

#[tokio::test]
async fn a_run_that_somebody_looks_at_is_read_whole_even_when_it_is_old() {
    let server = Server::start(|asked| match asked.target.split('?').next().unwrap() {
        p if p.ends_with("/actions/runs/77") => Answer::json(run(77, json!({})).to_string()),
        p if p.ends_with("/actions/runs/78") => Answer::status(404, "{}"),
        p if p.ends_with("/approvals") => Answer::json("[]"),
        _ => ordinary(asked),
    })
    .await;
    let mut watch = Watch::start(&server.base, Some("t"), vec![]);
    watch.round().await;
    let closely = ["77", "78"].map(|id| ("acme/shop".parse().unwrap(), id.into())).to_vec();
    watch.wanted.send(Arc::new(RunsWanted { closely, ..with(vec![]) })).unwrap();
    let all = replaced(&watch.round().await, "acme/shop");
    let ids: Vec<&str> = all.iter().map(|r| &*r.key.id).collect();
    assert!(ids.contains(&"77") && ids.len() == 2, "{ids:?}");
    let old = all.iter().find(|r| &*r.key.id == "77").unwrap();
    assert!(old.jobs.ok().is_some() && old.reviews.ok().is_some(), "{old:#?}");
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_asked_once_for_all_repositories() {
    let server = Server::start(ordinary).await;
    let base = server.base.clone();
    drop(server);
    let both = vec![wanted("acme/shop", Some("ci.yml"), &[]), wanted("acme/site", Some("ci.yml"), &[])];
    let mut watch = Watch::start(&base, Some("t"), both);
    let round = watch.round().await;
    let troubles: Vec<&Problem> =
        round.iter().filter_map(|u| if let SourceUpdate::Runs(_, Update::Trouble(p)) = u { Some(p) } else { None }).collect();
    assert_eq!(troubles.len(), 2, "{round:#?}");
    assert_eq!(troubles[0], troubles[1], "the second repository is told what the first one met");
    assert_eq!(troubles[0].kind, ProblemKind::Unreachable);
}
