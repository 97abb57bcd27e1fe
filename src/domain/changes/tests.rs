use std::collections::BTreeMap;

use super::*;
use crate::domain::{ProblemKind, SafeText};

const HEAD: &str = "bbbbbbb";

fn sha(text: &str) -> Sha {
    text.parse().unwrap()
}

fn binding(paths: &[&str]) -> Binding {
    Binding {
        repo: "acme/shop".parse().unwrap(),
        workflow: None,
        job: None,
        paths: paths.iter().map(|p| (*p).into()).collect(),
        migrations: vec!["**/migrations/**".into()],
        config: vec!["**/config/**".into()],
        required: vec![],
        branch: "main".into(),
    }
}

fn commit(id: &str) -> Commit {
    Commit { sha: sha(id), subject: "s".into(), author: "ana".into(), at: None, pull: None }
}

fn file(path: &str, before: Option<&str>) -> ChangedFile {
    ChangedFile { path: path.into(), before: before.map(SafeText::clean), how: "modified".into(), added: 10, removed: 1 }
}

fn pull(number: u64) -> PullRequest {
    PullRequest { number, title: "t".into(), author: None, labels: vec!["risk".into()], url: None }
}

fn compare() -> Compare {
    Compare {
        key: CompareKey { repo: "acme/shop".parse().unwrap(), base: sha("aaaaaaa"), head: sha(HEAD) },
        relation: Relation::Ahead,
        ahead: 3,
        behind: 0,
        commits: vec![commit("1111111"), commit("2222222"), commit(HEAD)],
        files: vec![
            file("services/pay/migrations/1.sql", None),
            file("services/pay/config/a.yaml", None),
            file("services/cart/migrations/9.sql", None),
            file("moved/b.rs", Some("services/pay/b.rs")),
        ],
        all_files: true,
        touching: BTreeMap::from([("services/pay".into(), Loaded::Ok(vec![sha("1111111"), sha(HEAD)]))]),
        pulls: BTreeMap::from([(sha("1111111"), vec![pull(7)]), (sha(HEAD), vec![pull(8), pull(7)])]),
        pulls_missing: None,
    }
}

#[test]
fn only_what_is_the_services_counts() {
    let set = ChangeSet::of(&compare(), &binding(&["services/pay/**"]));
    assert_eq!((set.total, set.touching), (3, Some(2)));
    let listed: Vec<&str> = set.listed.iter().map(|c| c.sha.as_str()).collect();
    assert_eq!(listed, [HEAD, "1111111"], "newest first");
    assert_eq!(set.pulls.iter().map(|p| p.number).collect::<Vec<_>>(), [8, 7], "each once");
    assert_eq!((set.files, set.added, set.removed), (3, 30, 3), "a file that moved away was the service's");
    assert_eq!((set.migrations.len(), set.config.len()), (1, 1));
    assert_eq!(set.missing, Vec::<SafeText>::new());
    assert_eq!(set.summary(), "2 of 3 commits, 2 pull requests, 1 migration, 1 config file, 3 files +30 -3");
    let back = ChangeSet { relation: Relation::Behind, behind: 2, ..set };
    assert_eq!(back.summary(), "goes back by 2 commits");
}

#[test]
fn without_a_filter_everything_is_the_services() {
    let set = ChangeSet::of(&compare(), &binding(&[]));
    assert_eq!((set.touching, set.listed.len(), set.files, set.migrations.len()), (None, 3, 4, 2));
    assert_eq!(set.missing, ["pull requests of 1 commits are not read".into()]);
}

#[test]
fn a_filter_that_no_list_of_commits_answers_is_said() {
    let set = ChangeSet::of(&compare(), &binding(&["services/pay/*.rs", "services/pay/**"]));
    assert_eq!((set.touching, set.listed.len(), set.files), (None, 3, 3));
    assert!(set.missing.contains(&"commits are those of the whole repository".into()), "{:?}", set.missing);
    let mut failed = compare();
    failed.touching.insert("services/pay".into(), Loaded::Failed(Problem::new(ProblemKind::Server, "502")));
    let set = ChangeSet::of(&failed, &binding(&["services/pay/**"]));
    assert_eq!(set.touching, None);
    assert_eq!(set.missing[0].as_str(), "which commits touch the service cannot be read: 502");
}

#[test]
fn what_was_cut_is_never_passed_off_as_whole() {
    let mut cut = compare();
    (cut.ahead, cut.all_files) = (412, false);
    cut.pulls = BTreeMap::new();
    cut.pulls_missing = Some("too many for the request budget".into());
    let set = ChangeSet::of(&cut, &binding(&["services/pay/**"]));
    let missing: Vec<&str> = set.missing.iter().map(SafeText::as_str).collect();
    assert_eq!(
        missing,
        [
            "only 3 of 412 commits are listed",
            "only the first 4 files are listed: there may be more of everything",
            "pull requests of 2 commits are not read: too many for the request budget",
        ]
    );
}
