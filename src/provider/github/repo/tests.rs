use super::*;
use crate::domain::{Loaded, Outcome};

fn run(id: u64, workflow: &str, commit: &str, phase: Phase) -> Run {
    let text = |t: &str| SafeText::clean(t);
    Run {
        key: RunKey { repo: "acme/shop".parse().unwrap(), id: id.to_string().into(), attempt: 1 },
        number: id,
        workflow: text(workflow),
        name: text("ci"),
        title: text("t"),
        commit: commit.parse().ok(),
        branch: None,
        event: text("push"),
        actor: None,
        phase,
        created: Timestamp::from_second(1_000 - i64::try_from(id).unwrap()).unwrap(),
        started: None,
        updated: Timestamp::UNIX_EPOCH,
        url: None,
        jobs: Loaded::NotAsked,
        earlier: Loaded::NotAsked,
        gates: Loaded::NotAsked,
        reviews: Loaded::NotAsked,
        locks: Loaded::NotAsked,
    }
}

fn wanted(commits: &[&str]) -> Vec<WorkflowWanted> {
    let commits = commits.iter().map(|c| c.parse().unwrap()).collect();
    vec![WorkflowWanted { repo: "acme/shop".parse().unwrap(), workflow: None, commits, branches: vec![] }]
}

#[test]
fn jobs_are_read_for_what_matters_in_order_of_urgency() {
    let good = || Phase::Done(Outcome::Success);
    let runs = [
        run(1, "a.yml", "aaaaaaa1", good()),
        run(2, "a.yml", "aaaaaaa2", Phase::Done(Outcome::Failure)),
        run(3, "a.yml", "aaaaaaa3", good()),
        run(4, "b.yml", "aaaaaaa4", Phase::Running),
        run(5, "b.yml", "aaaaaaa5", good()),
        run(6, "b.yml", "aaaaaaa6", Phase::Waiting),
    ];
    let ids: Vec<String> = matters(&runs, &wanted(&["aaaaaaa5"])).iter().map(|k| k.id.to_string()).collect();
    assert_eq!(ids, ["4", "6", "5", "1", "2"]);
    let many: Vec<Run> = (0..100).map(|id| run(id, "a.yml", "aaaaaaa1", Phase::Running)).collect();
    assert_eq!(matters(&many, &wanted(&[])).len(), WITH_JOBS);
}

#[test]
fn the_pace_follows_the_liveliest_run_and_calms_down_after_a_minute() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let mut followed = Followed::new(Wish { workflows: wanted(&[]), ..Wish::default() }, at(0));
    let good = || run(1, "a.yml", "aaaaaaa1", Phase::Done(Outcome::Success));
    let running = || run(2, "a.yml", "aaaaaaa2", Phase::Running);
    assert_eq!(followed.pace(&[good()], at(0)), Pace::Idle);
    assert_eq!(followed.pace(&[good(), running(), run(3, "a.yml", "aaaaaaa3", Phase::Waiting)], at(10)), Pace::Gate);
    assert_eq!(followed.pace(&[good(), running()], at(20)), Pace::Active);
    assert_eq!(followed.pace(&[good()], at(79)), Pace::Settling);
    assert_eq!(followed.pace(&[good()], at(80)), Pace::Idle);
}

#[test]
fn names_become_one_segment_of_a_path() {
    for (name, want) in [("ci-cd.yml", "ci-cd.yml"), ("release/1.x", "release%2F1.x"), ("a b?c#d", "a%20b%3Fc%23d")] {
        assert_eq!(segment(name), want);
    }
}
