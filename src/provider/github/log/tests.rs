use super::*;
use crate::{domain::LogNews, provider::role::LogSink};

fn step(name: &str, conclusion: &str, from: &str, to: &str) -> WireStep {
    let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    WireStep { name: text(name), conclusion: text(conclusion), started_at: text(from), completed_at: text(to) }
}

/// The lines that are kept of a log.
async fn kept(window: Option<Window>, log: &str) -> Vec<String> {
    let (sink, mut news) = LogSink::new();
    let origin = Arc::new(LogOrigin::Job { run: 1, job: "test".into(), step: None });
    let mut pen = Pen { out: &sink, origin, level: Level::Plain, cut: Cut::new(window), held: vec![], at: None };
    for line in log.lines() {
        if !pen.line(line).await {
            break;
        }
    }
    pen.end().await;
    drop(sink);
    let mut out = vec![];
    while let Some(piece) = news.recv().await {
        if let LogNews::Line(line) = piece {
            out.push(line.text.to_string());
        }
    }
    out
}

const LOG: &str = "\u{feff}2026-03-10T09:00:00.1000000Z Current runner version
2026-03-10T09:00:03.1000000Z ##[group]Run actions/checkout@v4
2026-03-10T09:00:03.2000000Z ##[endgroup]
2026-03-10T09:00:05.0100000Z checked out
2026-03-10T09:00:05.2000000Z ##[group]Run cargo test
2026-03-10T09:00:05.2100000Z \u{1b}[36;1mcargo test\u{1b}[0m
2026-03-10T09:00:05.2200000Z ##[endgroup]
2026-03-10T09:00:08.0000000Z test refunds ... FAILED
a line without a time
2026-03-10T09:00:09.3000000Z ##[error]Process completed with exit code 101.
2026-03-10T09:00:09.4000000Z Post job cleanup.
2026-03-10T09:00:09.5000000Z [command]/usr/bin/git version
2026-03-10T09:00:11.0000000Z Cleaning up orphan processes";

#[tokio::test]
async fn the_log_is_cut_to_the_step_that_failed() {
    let steps = [
        step("checkout", "success", "2026-03-10T09:00:03Z", "2026-03-10T09:00:05Z"),
        step("cargo test", "failure", "2026-03-10T09:00:05Z", "2026-03-10T09:00:09Z"),
        step("cleanup", "success", "2026-03-10T09:00:09Z", "2026-03-10T09:00:10Z"),
    ];
    let found = window(&steps).unwrap();
    assert_eq!(found.step.as_str(), "cargo test");
    let want = [
        "Run cargo test",
        "cargo test",
        "test refunds ... FAILED",
        "a line without a time",
        "Process completed with exit code 101.",
    ];
    assert_eq!(kept(Some(found.clone()), LOG).await, want);
    // A step that takes less than a second shares it with both of its neighbours.
    let short = LOG.replace("09:00:08", "09:00:05").replace("09:00:09", "09:00:05");
    assert_eq!(kept(Some(Window { to: Some(found.from), ..found }), &short).await, want);
}

#[tokio::test]
async fn a_log_of_which_no_step_failed_is_whole() {
    assert_eq!(window(&[step("a", "success", "2026-03-10T09:00:05Z", "")]), None);
    assert_eq!(window(&[step("a", "failure", "soon", "")]), None, "without its beginning a step is not found");
    let whole = kept(None, LOG).await;
    assert_eq!((whole.len(), whole[0].as_str()), (11, "Current runner version"));
}

#[test]
fn a_log_leads_to_https_or_stays_on_this_machine() {
    let led = |base: &str, to: &str| {
        let base = Url::parse(base).unwrap();
        led(&base, Some(&to.parse().unwrap()), &base, "log").map(|url| url.to_string())
    };
    let github = "https://api.github.com";
    assert_eq!(led(github, "https://store.example/a?sig=x").unwrap(), "https://store.example/a?sig=x");
    assert_eq!(led("http://127.0.0.1:1/gh", "/blob/a").unwrap(), "http://127.0.0.1:1/blob/a");
    for (base, to) in [
        (github, "http://store.example/a"),
        (github, "http://127.0.0.1/a"),
        (github, "file:///etc/passwd"),
        (github, "https://me@store.example/a"),
        ("http://127.0.0.1:1", "http://store.example/a"),
    ] {
        let problem = led(base, to).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Unreadable, "{to}");
        assert!(!problem.what.as_str().contains("sig="), "{problem}");
    }
}
