use super::*;

fn repo() -> Repo {
    "acme/shop".parse().unwrap()
}

fn read(run: &str) -> Result<Vec<Run>, Problem> {
    runs(format!(r#"{{"workflow_runs":[{run}]}}"#).as_bytes(), &repo(), "github")
}

#[test]
fn a_run_needs_no_more_than_an_id_and_a_time() {
    let bare = &read(r#"{"id":7,"created_at":"2026-03-10T08:00:00Z"}"#).unwrap()[0];
    assert_eq!((&*bare.key.id, bare.key.attempt, bare.number), ("7", 1, 0));
    assert_eq!(bare.phase, Phase::Unknown("no status".into()));
    let nulls = r#"{"id":99999999999,"name":null,"display_title":null,"head_branch":null,"head_sha":null,"head_commit":null,"path":null,
        "run_number":null,"run_attempt":null,"event":null,"status":null,"conclusion":null,"actor":null,"triggering_actor":{"login":null},
        "created_at":null,"run_started_at":null,"updated_at":"2026-03-10T08:00:00Z","html_url":null,"news":[1]}"#;
    let run = &read(nulls).unwrap()[0];
    assert_eq!((&*run.key.id, run.commit.as_ref(), run.actor.as_ref()), ("99999999999", None, None));
    assert!(read(r#"{"id":7}"#).is_err(), "without any time it has no place in the list");
}

#[test]
fn texts_of_a_run() {
    let run = r#"{"id":7,"created_at":"2020-01-20T09:42:40.000-08:00","path":".github/workflows/build.yml@refs/heads/main",
        "head_sha":"ACB5820CED9479C074F688CC328BF03F341A511D","head_commit":{"message":"Fix \u001b[31mred\u202e\n\nbody"},
        "actor":{"login":"ann"},"triggering_actor":{"login":"bob"},"status":"completed","conclusion":"success"}"#;
    let run = &read(run).unwrap()[0];
    assert_eq!(run.workflow.as_str(), "build.yml");
    assert_eq!(run.title.as_str(), "Fix \u{fffd}[31mred\u{fffd}", "the first line, harmless");
    assert_eq!(run.commit.as_ref().unwrap().short(), "acb5820");
    assert_eq!(run.actor.as_ref().unwrap().as_str(), "bob", "who started this attempt");
    assert_eq!(run.created.to_string(), "2020-01-20T17:42:40Z");
}

#[test]
fn phases() {
    let other = |word: &str| Phase::Done(Outcome::Other(word.into()));
    for (status, conclusion, want) in [
        (Some("queued"), None, Phase::Queued),
        (Some("requested"), None, Phase::Queued),
        (Some("pending"), None, Phase::Blocked),
        (Some("waiting"), None, Phase::Waiting),
        (Some("in_progress"), None, Phase::Running),
        // A re-run in progress may still carry the conclusion of the attempt before.
        (Some("in_progress"), Some("failure"), Phase::Running),
        (Some("completed"), Some("success"), Phase::Done(Outcome::Success)),
        (Some("completed"), Some("startup_failure"), Phase::Done(Outcome::StartupFailure)),
        (Some("completed"), Some("stale"), Phase::Done(Outcome::Stale)),
        (Some("completed"), Some("rhubarb"), other("rhubarb")),
        (Some("completed"), None, Phase::Unknown("completed without a conclusion".into())),
        (None, Some("failure"), Phase::Done(Outcome::Failure)),
        (None, None, Phase::Unknown("no status".into())),
        (Some("rhubarb"), None, Phase::Unknown("rhubarb".into())),
    ] {
        assert_eq!(phase(status, conclusion), want, "{status:?} {conclusion:?}");
    }
}

#[test]
fn one_unreadable_item_costs_itself() {
    let good = r#"{"id":1,"created_at":"2026-03-10T08:00:00Z"}"#;
    for bad in
        [r#"{"id":"x"}"#, "7", "null", r#"{"id":2,"created_at":"soon"}"#, r#"{"id":-1,"created_at":"2026-03-10T08:00:00Z"}"#]
    {
        assert_eq!(read(&format!("{bad},{good}")).unwrap().len(), 1, "{bad}");
        assert_eq!(read(bad).unwrap_err().kind, ProblemKind::Unreadable, "{bad}");
    }
    assert_eq!(read("").unwrap(), vec![], "no runs are no problem");
    assert!(runs(b"{}", &repo(), "github").is_err());
}

#[test]
fn a_job_tells_the_step_that_matters() {
    let step = |name: &str, status: &str, conclusion: &str| {
        let conclusion = if conclusion.is_empty() { "null".to_owned() } else { format!("\"{conclusion}\"") };
        format!(r#"{{"name":"{name}","status":"{status}","conclusion":{conclusion}}}"#)
    };
    let (set_up, red, running, later) = (
        step("set up", "completed", "success"),
        step("test", "completed", "failure"),
        step("build", "in_progress", ""),
        step("upload", "queued", ""),
    );
    for (steps, want, counts) in [
        (vec![&set_up, &running, &later], Some("build"), (1, 3)),
        (vec![&set_up, &red, &later], Some("test"), (2, 3)),
        (vec![&red, &running], Some("build"), (1, 2)),
        (vec![&set_up], None, (1, 1)),
        (vec![], None, (0, 0)),
    ] {
        let list = steps.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(",");
        let page = format!(
            r#"{{"jobs":[{{"id":1,"name":"j","status":"in_progress","started_at":"2026-03-10T08:00:00Z","steps":[{list}]}}]}}"#
        );
        let job = &jobs(page.as_bytes(), "github").unwrap()[0];
        assert_eq!((job.telling().map(|s| s.name.as_str()), job.progress()), (want, counts), "{list}");
        assert!(job.started.is_some());
    }
    let queued = br#"{"jobs":[{"id":1,"name":null,"status":"queued","started_at":"2026-03-10T08:00:00Z","steps":null}]}"#;
    let job = &jobs(queued, "github").unwrap()[0];
    assert_eq!((job.started, job.name.as_str()), (None, "unnamed"));
}

#[test]
fn required_checks_come_from_rules_or_from_the_older_protection() {
    let checks = rules(
        br#"[{"type":"deletion"},{"type":"new","parameters":7},{"type":"required_status_checks","parameters":{"required_status_checks":
            [{"context":"test (a)","integration_id":1},{"context":"build"}]}},{"type":"required_status_checks","parameters":
            {"required_status_checks":[{"context":"build"}]}}]"#,
        "github",
    );
    assert_eq!(checks.unwrap(), RequiredChecks(vec!["build".into(), "test (a)".into()]));
    assert_eq!(rules(b"[]", "github").unwrap(), RequiredChecks::default());
    let old = protection(br#"{"protection":{"required_status_checks":{"contexts":["build"]}}}"#, "github");
    assert_eq!(old.unwrap(), RequiredChecks(vec!["build".into()]));
    for none in [&br"{}"[..], br#"{"protection":null}"#, br#"{"protection":{"required_status_checks":{"contexts":null}}}"#] {
        assert_eq!(protection(none, "github").unwrap(), RequiredChecks::default());
    }
}

#[test]
fn the_own_run_is_known_from_the_environment() {
    let env = |name: &str| match name {
        "GITHUB_REPOSITORY" => Some("acme/shop".to_owned()),
        "GITHUB_RUN_ID" => Some("17".to_owned()),
        _ => None,
    };
    assert_eq!(own_run(env), Some((repo(), "17".into())));
    assert_eq!(own_run(|_| None), None);
}
