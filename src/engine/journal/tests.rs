mod crash;
mod fault;
mod flip;
mod real;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    BodyKind, Change, ChangeTarget, ClusterName, Exit, Guarantee, Identity, Method, ObjectKey, ObjectKind, OpId, Problem,
    ProblemKind, Request, SafeText, Seen, SeenRollout,
};
use fault::FaultDisk;

fn at(n: i64) -> Timestamp {
    Timestamp::from_second(1_773_133_200 + n).unwrap()
}

fn op(n: u64) -> OpId {
    OpId::new(at(i64::try_from(n).unwrap()), n)
}

fn entry(n: u64, event: Event) -> Entry {
    let actor = Identity { server: "https://eu.k8s.acme.example".into(), uid: Some("7c1e".into()), user: "mira".into() };
    Entry { at: at(i64::try_from(n).unwrap()), op: op(n), actor: vec![actor], event }
}

fn target() -> ChangeTarget {
    let cluster: ClusterName = "eu-1".parse().unwrap();
    ChangeTarget { cluster, kind: ObjectKind::Rollout, key: ObjectKey::new("shop", "payment").unwrap() }
}

fn begun(goes_back: bool) -> Event {
    let word = if goes_back { "abort" } else { "pause" };
    Event::Begun(Box::new(Begun {
        command: [word, "payment", "--env", "production"].map(SafeText::from).to_vec(),
        service: Some("payment".parse().unwrap()),
        also: vec![],
        environment: Some("production".parse().unwrap()),
        place: "production · eu-1".into(),
        from: "4.2.0 at 20 %".into(),
        to: "4.1.0 at 100 %".into(),
        targets: vec![target()],
        plan_hash: Hash::of("plan", word.as_bytes()),
        policy_hash: None,
        consent: Given { tier: 2, by: Way::Key },
        reason: Some("it burns".into()),
        rejects: vec![],
        goes_back,
        expires: Some(at(900)),
    }))
}

fn intent(n: u64) -> Event {
    Event::Intent(Box::new(Intent {
        request: 1,
        attempt: 1,
        target: target(),
        change: Change::Abort,
        seen: seen(),
        sent: request(n),
        audit_id: op(n).write(1, 1).into(),
    }))
}

fn accepted() -> Event {
    Event::Answer { request: 1, attempt: 1, answer: Answered::Accepted { status: 200, resource_version: Some("812".into()) } }
}

fn settled() -> Event {
    Event::Settled { request: 1, target: target(), outcome: Effect::Applied, by: Evidence::Marker, note: None }
}

fn ended(outcome: Exit) -> Event {
    Event::Ended { outcome, reached: 1, of: 1, note: None }
}

fn open(disk: &FaultDisk) -> Result<Journal, JournalError> {
    Journal::open(Box::new(disk.clone()), "laptop".into(), "0.1.0".into())
}

/// Everything that the journal on this disk says, checked.
fn read(disk: &FaultDisk) -> (Report, Vec<Line>) {
    let mut lines = vec![];
    let report = verify(disk, &[], |line, _| lines.push(line.clone())).unwrap();
    (report, lines)
}

#[test]
fn a_line_reads_back_as_it_was_written_and_says_so_itself() {
    let disk = FaultDisk::default();
    let mut journal = open(&disk).unwrap();
    let problem = Problem::new(ProblemKind::Timeout, "no answer in 10 s");
    let events = vec![
        begun(true),
        intent(1),
        Event::Answer { request: 1, attempt: 1, answer: Answered::Unknown { problem: problem.clone() } },
        Event::Fence { target: target(), fence: 1, audit_id: op(1).fence(1).into(), sent: None },
        Event::Fenced { fence: 1, answer: Answered::Rejected { problem } },
        settled(),
        Event::Converged { target: target(), by: "phase and route".into() },
        Event::Reverted { target: target(), by: "argocd".into() },
        Event::GaveUp { target: target(), why: "late".into() },
        Event::Resumed { note: "2 of 3".into() },
        ended(Exit::Done),
        Event::Refused {
            command: vec!["promote".into()],
            service: None,
            also: vec![],
            environment: None,
            why: "read-only".into(),
            exit: Exit::Refused,
        },
        Event::Armed { environment: "production".parse().unwrap(), until: at(900) },
        Event::Override { what: "SLO".into(), reason: "known".into() },
        Event::Foreign(serde_json::json!({ "kind": "drilled", "scenario": "calm" })),
    ];
    let entries: Vec<Entry> = events.into_iter().map(|e| entry(1, e)).collect();
    let head = journal.append(&entries, Space::Ordinary).unwrap();
    let (report, lines) = read(&disk);
    assert_eq!(lines.iter().map(|l| l.entry.clone()).collect::<Vec<_>>(), entries);
    assert_eq!((report.head, report.lines, report.operations), (Some(head), 15, 1));
    assert!(report.holds() && lines.iter().skip(1).all(|l| l.with == Some(1)) && lines[0].with.is_none());
    // The rule as the README states it, without any of our code.
    let text = String::from_utf8(disk.content("000001.jsonl")).unwrap();
    let (body, hash) = text.lines().next().unwrap().split_once(",\"hash\":\"").unwrap();
    assert!(body.starts_with(r#"{"schema":"gonogo/v1/journal","seq":1,"prev":"00000000"#), "{body}");
    assert_eq!(hash.strip_suffix("\"}").unwrap(), {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(format!("gonogo/v1/journal\n{body}"));
        digest.iter().map(|b| format!("{b:02x}")).collect::<String>()
    });
}

#[test]
fn an_operation_is_open_until_it_is_known_how_it_ended() {
    let disk = FaultDisk::default();
    let mut journal = open(&disk).unwrap();
    let mut say = |n, event| journal.append(&[entry(n, event)], Space::Ordinary).unwrap();
    say(1, begun(false));
    say(2, begun(true));
    say(1, intent(1));
    say(1, ended(Exit::Unknown));
    say(2, ended(Exit::Done));
    say(3, Event::Armed { environment: "production".parse().unwrap(), until: at(900) });
    let again = open(&disk).unwrap();
    for journal in [&journal, &again] {
        let open: Vec<&Operation> = journal.unresolved().collect();
        assert_eq!(open.iter().map(|o| &o.id).collect::<Vec<_>>(), [&op(1)], "unknown is open");
        assert_eq!(open[0].lines.len(), 3, "all that is needed to settle it");
        assert_eq!(journal.operations().len(), 2);
        assert!(journal.operations().get(&op(2)).unwrap().lines.is_empty());
    }
    journal.append(&[entry(1, settled()), entry(1, ended(Exit::Done))], Space::Ordinary).unwrap();
    assert_eq!(journal.unresolved().count(), 0);
}

#[test]
fn a_head_that_was_noted_shows_what_was_cut_or_written_anew() {
    let disk = FaultDisk::default();
    let mut journal = open(&disk).unwrap();
    let heads: Vec<Head> = (1..=3).map(|n| journal.append(&[entry(n, begun(false))], Space::Ordinary).unwrap()).collect();
    assert!(verify(&disk, &heads, |_, _| ()).unwrap().holds());
    let whole = disk.content("000001.jsonl");
    let two: usize = whole.split_inclusive(|b| *b == b'\n').take(2).map(<[u8]>::len).sum();
    disk.replace("000001.jsonl", whole[..two].to_vec());
    let cut = verify(&disk, &heads, |_, _| ()).unwrap();
    assert!(cut.breaks.is_empty(), "the chain alone does not show that its end is gone");
    assert_eq!(cut.anchors.iter().map(|a| a.holds).collect::<Vec<_>>(), [true, true, false]);
    assert!(!cut.holds());
}

#[test]
fn a_file_that_is_long_enough_is_followed_by_another_and_a_missing_one_is_noticed() {
    let disk = FaultDisk::default();
    let mut journal = open(&disk).unwrap();
    let reason: SafeText = "x".repeat(2_000).into();
    let long = |n| entry(n, Event::Override { what: "SLO".into(), reason: reason.clone() });
    let many: Vec<Entry> = (0..2_000).map(long).collect();
    for _ in 0..4 {
        journal.append(&many, Space::Ordinary).unwrap();
    }
    journal.append(&[entry(1, begun(false))], Space::Ordinary).unwrap();
    let (report, _) = read(&disk);
    assert!(report.holds() && report.lines == 8_002, "{report:?}");
    assert!(disk.content("000001.jsonl").len() > 16 << 20 && disk.content("000002.jsonl").len() < 10_000);
    disk.replace("000001.jsonl", vec![]);
    let broken = read(&disk).0.breaks;
    assert!(broken[0].why.contains("goes on from line 8000:"), "{broken:?}");
}

fn seen() -> Seen {
    Seen {
        uid: "6f1c".into(),
        resource_version: "811".into(),
        // Longer than other text may be: it is compared when the operation goes on.
        fingerprint: SafeText::capped(&"app=shop/payment:4.2.0;".repeat(200), usize::MAX),
        ops: vec![op(7).as_str().into()],
        annotated: true,
        observed: true,
        containers: vec!["app".into()],
        noted: true,
        rollout: SeenRollout { step: Some(2), ..SeenRollout::default() },
        ..Seen::default()
    }
}

fn request(n: u64) -> Request {
    Request {
        verb: Method::Patch,
        path: "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment".into(),
        content_type: BodyKind::MergePatch,
        body: serde_json::json!({ "metadata": { "resourceVersion": "811", "annotations": { "gonogo.dev/ops": op(n) } } }),
        guard: Guarantee::Guarded,
        marked: true,
        by_hand: "kubectl argo rollouts abort payment -n shop".into(),
    }
}
