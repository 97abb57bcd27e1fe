//! `gonogo audit` and `gonogo op` on a journal that was written by the engine.

use std::{fs, path::Path};

use gonogo::{
    domain::{
        BodyKind, Change, ChangeTarget, Exit, Guarantee, Identity, Method, ObjectKey, ObjectKind, OpId, Problem, ProblemKind,
        Request, SafeText, Seen,
    },
    engine::journal::{
        Answered, Begun, Effect, Entry, Event, Evidence, FOLDER, Folder, Given, Hash, Head, Intent, Journal, Space, Way,
    },
};
use jiff::Timestamp;
use serde_json::Value;

use super::{Ended, fields, run_in};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_773_134_400 + second).unwrap()
}

fn entry(op: &OpId, second: i64, event: Event) -> Entry {
    let actor = Identity { server: "https://eu.k8s.acme.example".into(), uid: None, user: "mira".into() };
    Entry { at: at(second), op: op.clone(), actor: vec![actor], event }
}

fn target(name: &str) -> ChangeTarget {
    ChangeTarget { cluster: "eu-1".parse().unwrap(), kind: ObjectKind::Rollout, key: ObjectKey::new("shop", name).unwrap() }
}

fn begun(words: &str, service: &str) -> Event {
    Event::Begun(Box::new(Begun {
        command: words.split(' ').map(SafeText::from).collect(),
        service: Some(service.parse().unwrap()),
        also: vec![],
        environment: Some("production".parse().unwrap()),
        place: "production · eu-1".into(),
        from: "4.2.0 at 20 %".into(),
        to: "4.1.0 at 100 %".into(),
        targets: vec![target(service)],
        plan_hash: Hash::of("plan", words.as_bytes()),
        policy_hash: None,
        consent: Given { tier: 2, by: Way::Options },
        reason: Some("the canary burns".into()),
        rejects: vec![],
        goes_back: words.starts_with("abort"),
        expires: None,
    }))
}

fn intent(op: &OpId, service: &str) -> Event {
    Event::Intent(Box::new(Intent {
        request: 1,
        attempt: 1,
        target: target(service),
        change: Change::Abort,
        seen: Seen {
            uid: "6f1c".into(),
            resource_version: "811".into(),
            fingerprint: "4.2.0".into(),
            annotated: true,
            observed: true,
            ..Seen::default()
        },
        sent: Request {
            verb: Method::Patch,
            path: "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment/status".into(),
            content_type: BodyKind::JsonPatch,
            body: serde_json::json!([{ "op": "replace", "path": "/status/abort", "value": true }]),
            guard: Guarantee::Guarded,
            marked: false,
            by_hand: "kubectl argo rollouts abort payment -n shop".into(),
        },
        audit_id: op.write(1, 1).into(),
    }))
}

/// An abort that is done, a pause whose answer never came, and a refusal.
fn fill(state: &Path) -> Vec<OpId> {
    let folder = Folder::open(state, FOLDER).unwrap();
    let mut journal = Journal::open(Box::new(folder), "laptop".into(), "0.1.0".into()).unwrap();
    let ops: Vec<OpId> = (0..3).map(|n| OpId::new(at(60 * n), n as u64)).collect();
    let mut say = |op: &OpId, second, event| journal.append(&[entry(op, second, event)], Space::Ordinary).unwrap();
    say(&ops[0], 0, begun("abort payment --env production", "payment"));
    say(&ops[0], 0, intent(&ops[0], "payment"));
    let accepted = Answered::Accepted { status: 200, resource_version: Some("812".into()) };
    say(&ops[0], 1, Event::Answer { request: 1, attempt: 1, answer: accepted });
    let (outcome, by) = (Effect::Applied, Evidence::State);
    say(&ops[0], 1, Event::Settled { request: 1, target: target("payment"), outcome, by, note: None });
    say(&ops[0], 4, Event::Converged { target: target("payment"), by: "phase and route".into() });
    say(&ops[0], 4, Event::Ended { outcome: Exit::Done, reached: 1, of: 1, note: None });
    say(&ops[1], 60, begun("pause order --env production", "order"));
    say(&ops[1], 60, intent(&ops[1], "order"));
    let problem = Problem::new(ProblemKind::Timeout, "eu-1: no answer in 10 s \u{1b}[2J\u{202e}");
    say(&ops[1], 70, Event::Answer { request: 1, attempt: 1, answer: Answered::Unknown { problem } });
    let refused = Event::Refused {
        command: ["promote", "payment", "--env", "production"].map(SafeText::from).to_vec(),
        service: Some("payment".parse().unwrap()),
        also: vec![],
        environment: Some("production".parse().unwrap()),
        why: "the verdict is NO-GO".into(),
        exit: Exit::Refused,
    };
    say(&ops[2], 120, refused);
    ops
}

/// Runs the binary on the journal in `dir/state`; it has neither a configuration nor a source.
fn on(dir: &Path, args: &[&str]) -> Ended {
    run_in(dir, &[args, &["--state-dir", "state"]].concat())
}

fn root(dir: &Path, args: &[&str]) -> Value {
    let Ended { code, out, err } = on(dir, &[args, &["--output", "json"]].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn an_empty_journal_holds_and_reading_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (args, told) in [
        (&["audit", "verify"][..], "the journal holds: it is empty\n"),
        (&["audit", "log"], "nothing is recorded\n"),
        (&["audit", "export"], ""),
        (&["op", "list"], "no operation was begun yet\n"),
    ] {
        for more in [&[][..], &["--demo=calm"], &["--state-dir", "state"]] {
            let Ended { code, out, err } = run_in(dir.path(), &[args, more].concat());
            assert_eq!((code, out.as_str(), err.as_str()), (0, told, ""), "{args:?} {more:?}");
        }
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(root(dir.path(), &["audit", "verify"])["head"], Value::Null);
}

#[test]
fn lines_and_operations_are_told_to_people() {
    let dir = tempfile::tempdir().unwrap();
    let ops = fill(&dir.path().join("state"));
    let print = |args: &[&str]| {
        let Ended { code, out, err } = on(dir.path(), args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        out
    };
    insta::assert_snapshot!("log", print(&["audit", "log"]));
    insta::assert_snapshot!("operations", print(&["op", "list"]));
    insta::assert_snapshot!("operation", print(&["op", "show", &ops[0].as_str()[..14]]));
    let lines = |args: &[&str]| print(args).lines().count() - 1;
    assert_eq!(lines(&["audit", "log", "--op", ops[1].as_str()]), 3);
    assert_eq!(lines(&["audit", "log", "--service", "payment"]), 7);
    assert_eq!(print(&["audit", "log", "--since", "1m"]), "nothing is recorded\n", "it was written long ago");
    assert!(lines(&["audit", "log", "--since", "999999h"]) == 10);
    let verified = print(&["audit", "verify"]);
    assert!(verified.starts_with("the journal holds: 10 lines, 2 operations, 1 open\nhead 10:"), "{verified}");
    for (id, told) in [("zz", "no operation begins with zz"), ("0", "several operations begin with 0")] {
        let ended = on(dir.path(), &["op", "show", id]);
        assert!(ended.code == 1 && ended.err.contains(told), "{}", ended.err);
    }
}

#[test]
fn what_is_declined_is_recorded_and_who_only_looks_declines_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let abort = ["abort", "payment", "--env", "production", "--demo"];
    let recorded = || root(dir.path(), &["audit", "log"])["lines"].as_array().unwrap().clone();
    on(dir.path(), &[&abort[..], &["--dry-run"]].concat());
    on(dir.path(), &[&abort[..], &["--read-only", "--dry-run"]].concat());
    assert_eq!(recorded(), Vec::<Value>::new());
    for more in [&[][..], &["--yes", "--read-only"]] {
        assert_eq!(on(dir.path(), &[&abort[..], more].concat()).code, 3);
    }
    let all = recorded();
    assert_eq!(all.len(), 2);
    let log = on(dir.path(), &["audit", "log", "--service", "payment"]).out;
    assert!(log.contains("abort payment --env production: consent is missing"), "{log}");
    assert!(log.contains("abort payment --env production: read-only"), "{log}");
    assert_eq!(root(dir.path(), &["audit", "verify"])["operations"], 0, "nothing was begun");
}

#[test]
fn to_look_at_a_plan_settles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fill(&dir.path().join("state"));
    for more in [&["--dry-run"][..], &["--save-plan", "plan.json"]] {
        let ended = on(dir.path(), &[&["promote", "payment", "--env", "production", "--demo"], more].concat());
        assert!(!ended.err.contains("settling"), "{}", ended.err);
    }
    assert_eq!(root(dir.path(), &["audit", "verify"])["lines"], 10, "and nothing was written");
}

#[test]
fn lines_and_operations_are_told_to_programs() {
    let dir = tempfile::tempdir().unwrap();
    let ops = fill(&dir.path().join("state"));
    let log = root(dir.path(), &["audit", "log", "--op", ops[0].as_str()]);
    assert_eq!((&log["schema"], log["lines"].as_array().unwrap().len()), (&"gonogo/v1/audit-log".into(), 6));
    insta::assert_snapshot!("fields_of_a_line", fields(&log["lines"]));
    let list = root(dir.path(), &["op", "list"]);
    assert_eq!(list["schema"], "gonogo/v1/operations");
    assert_eq!(
        (&list["operations"][0]["id"], &list["operations"][0]["open"]),
        (&ops[1].as_str().into(), &true.into()),
        "open first"
    );
    let one = root(dir.path(), &["op", "show", ops[0].as_str()]);
    assert_eq!((&one["schema"], one["operations"].as_array().unwrap().len()), (&"gonogo/v1/operation".into(), 1));
    insta::assert_snapshot!("fields_of_an_operation", fields(&one["operations"]));
    let all = root(dir.path(), &["audit", "export"]);
    assert_eq!((&all["schema"], all["lines"].as_array().unwrap().len()), (&"gonogo/v1/audit-export".into(), 10));
    let file = fs::read_to_string(dir.path().join("state/journal/000001.jsonl")).unwrap();
    assert_eq!(on(dir.path(), &["audit", "export"]).out, file, "not a byte is another");
    let verified = root(dir.path(), &["audit", "verify"]);
    insta::assert_snapshot!("fields_of_a_check", fields(&verified));
}

#[test]
fn what_was_altered_or_cut_is_named_and_ends_with_one() {
    let dir = tempfile::tempdir().unwrap();
    fill(&dir.path().join("state"));
    let file = dir.path().join("state/journal/000001.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let verified = on(dir.path(), &["audit", "verify"]).out;
    let head: Head = verified.lines().find_map(|l| l.strip_prefix("head ")).unwrap().parse().unwrap();
    let noted = ["audit", "verify", "--head", &head.to_string()];
    assert_eq!(on(dir.path(), &noted).code, 0);

    fs::write(&file, text.replacen("the canary burns", "the canary shone", 1)).unwrap();
    let broken = on(dir.path(), &["audit", "verify"]);
    assert_eq!((broken.code, broken.err.as_str()), (1, ""));
    assert_eq!(broken.out, "the journal does not hold\n000001.jsonl line 1: was altered: its hash does not hold\n");
    let log = on(dir.path(), &["audit", "log"]);
    assert!(log.code == 0 && log.err.contains("does not hold: 000001.jsonl line 1"), "{}", log.err);
    assert_eq!(on(dir.path(), &["audit", "export"]).code, 1);

    let nine: usize = text.split_inclusive('\n').take(9).map(str::len).sum();
    fs::write(&file, &text[..nine]).unwrap();
    assert_eq!(on(dir.path(), &["audit", "verify"]).code, 0, "the chain alone does not show that its end is gone");
    let cut = on(dir.path(), &noted);
    assert!(cut.code == 1 && cut.out.contains("line 10 is not what it was, or is gone"), "{}", cut.out);

    fs::write(&file, &text[..nine + 40]).unwrap();
    let torn = on(dir.path(), &["audit", "verify"]);
    assert!(torn.code == 0 && torn.out.contains("000001.jsonl: the last write was cut short after 40 bytes"), "{}", torn.out);
}
