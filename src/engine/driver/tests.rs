//! Operations driven against fakes of a cluster: answers that get lost, conflicts, somebody who takes things back.

mod fake;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::fake::{Cluster, Fate, alice};
use super::{Desk, Hands, Keep, With};
use crate::{
    domain::{Change, ChangeTarget, Exit, Identity, OpId, Problem, ProblemKind, Refusal},
    engine::{
        clock::Clock,
        journal::{self, Begun, FOLDER, Folder, Hash, Journal, JournalError, Space, Way},
        operation::{Operation, Parts, Progress, Stand},
        plan::Move,
        service::ConnectedCluster,
    },
    provider::role::{Timer as _, Workloads},
};

struct Bed {
    folder: tempfile::TempDir,
    clusters: Vec<Arc<Cluster>>,
    clock: Clock,
    desk: Desk,
}

fn op(n: u64) -> OpId {
    OpId::new(Timestamp::UNIX_EPOCH, n)
}

impl Bed {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clusters = names.iter().map(|n| Arc::new(Cluster::new(n))).collect();
        let desk = Self::desk(Keep::folder(&folder.path().join("state")));
        Self { folder, clusters, clock: Clock::standing(Timestamp::UNIX_EPOCH), desk }
    }

    fn one() -> Self {
        Self::new(&["eu-1"])
    }

    fn desk(keep: Keep) -> Desk {
        let mut desk = Desk::new(CancellationToken::new());
        desk.keeping(keep);
        desk
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn connected(&self) -> Vec<ConnectedCluster> {
        self.clusters.iter().map(|c| (c.cluster().clone(), Ok(c.clone() as Arc<dyn Workloads>))).collect()
    }

    fn with(&self) -> With {
        With { clusters: self.connected(), clock: self.clock.clone(), actor: vec![] }
    }

    fn parts(&self, n: u64, change: &Change) -> Parts {
        let moves: Vec<Move> = self.clusters.iter().map(|c| c.planned(change)).collect();
        let targets: Vec<ChangeTarget> = moves.iter().map(|m| m.target.clone()).collect();
        Parts {
            op: op(n),
            title: "PAUSE payment".into(),
            begun: Box::new(Begun {
                command: vec!["pause".into(), "payment".into()],
                service: None,
                also: vec![],
                environment: None,
                place: "production".into(),
                from: "a".into(),
                to: "b".into(),
                targets,
                plan_hash: Hash::NONE,
                policy_hash: None,
                consent: journal::Given { tier: 1, by: Way::Key },
                reason: None,
                rejects: vec![],
                goes_back: *change == Change::Abort,
                expires: None,
            }),
            moves,
            one_by_one: *change != Change::Abort,
            deadline: Duration::from_secs(60),
            watch: Duration::ZERO,
            who: self.clusters.iter().map(|c| (c.cluster().clone(), alice())).collect(),
        }
    }

    async fn run(&self, n: u64, change: &Change) -> Progress {
        self.desk.begin(self.parts(n, change), &[], self.with()).await.unwrap().ended().await
    }

    /// Drives an operation, and calls it off in the very moment in which it stands like this.
    async fn run_until(&self, n: u64, change: &Change, stop: impl Fn(&Progress) -> bool) -> Progress {
        let (operation, effects) = Operation::start(self.parts(n, change), self.clock.now());
        let With { clusters, clock, actor } = self.with();
        let keep = self.desk.keep.clone();
        let hands = Hands { op: op(n), clusters, clock, keep, actor, space: Space::Ordinary, read_only: false };
        let (cancel, last) = (CancellationToken::new(), Mutex::new(None));
        let tell = |progress: Progress| {
            if stop(&progress) {
                cancel.cancel();
            }
            last.lock().unwrap().replace(progress);
        };
        hands.drive(operation, effects, &cancel, tell).await;
        last.into_inner().unwrap().unwrap()
    }

    /// Whether the journal has such a line.
    fn written(&self, fits: impl Fn(&journal::Event) -> bool) -> bool {
        let mut found = false;
        journal::Chain::read(&Folder::read_only(&self.state(), FOLDER), |line, _| found |= fits(&line.entry.event)).unwrap();
        found
    }

    fn journal(&self) -> Journal {
        Journal::open(Box::new(Folder::open(&self.state(), FOLDER).unwrap()), "h".into(), "b".into()).unwrap()
    }
}

fn outcome(p: &Progress) -> (Exit, Stand) {
    (p.outcome.as_ref().unwrap().exit, p.targets[0].state)
}

fn sentence(p: &Progress) -> String {
    p.outcome.as_ref().unwrap().sentence.to_string()
}

fn changes() -> [(Change, usize); 3] {
    let template = Change::Template { revision: "rs".into(), name: "rs".into(), hash: Some("h".into()) };
    [(Change::Pause, 1), (Change::Retry, 1), (template, 2)]
}

#[tokio::test]
async fn what_was_applied_and_not_answered_is_known_to_be_applied() {
    for (change, requests) in changes() {
        for at in 0..requests {
            let bed = Bed::one();
            bed.clusters[0].fate(at, Fate::AppliedAndCut);
            let ended = bed.run(1, &change).await;
            assert_eq!(outcome(&ended), (Exit::Done, Stand::Reached), "{change:?} {at}: {}", sentence(&ended));
            assert_eq!(bed.clusters[0].applied(), requests, "{change:?} {at}: each once");
        }
    }
}

#[tokio::test]
async fn what_got_lost_is_fenced_off_and_then_known_not_to_be_applied() {
    for (change, requests) in changes() {
        for at in 0..requests {
            let bed = Bed::one();
            bed.clusters[0].fate(at, Fate::Late);
            let ended = bed.run(1, &change).await;
            assert_eq!(outcome(&ended), (Exit::Failed, Stand::NotApplied), "{change:?} {at}: {}", sentence(&ended));
            assert!(bed.clusters[0].arrives_late().is_err(), "what is still on its way is dead");
            assert_eq!(bed.clusters[0].applied(), at);
            assert_eq!(bed.clusters[0].fences(), [op(1).fence(1)]);
            assert_eq!(bed.journal().unresolved().count(), 0);
        }
    }
}

#[tokio::test]
async fn a_storm_of_conflicts_is_weathered_three_times_and_each_attempt_has_its_own_id() {
    let bed = Bed::one();
    bed.clusters[0].fates(&[Fate::Noise, Fate::Noise, Fate::Noise]);
    assert_eq!(outcome(&bed.run(1, &Change::Pause).await), (Exit::Done, Stand::Reached));
    let ids: Vec<String> = (1..=4).map(|attempt| op(1).write(1, attempt)).collect();
    assert_eq!(bed.clusters[0].sends(), ids);
    let waited = bed.clock.now().duration_since(Timestamp::UNIX_EPOCH);
    assert!(waited.as_millis() >= 2_500, "whoever is at work beside is given time to end it: {waited}");
    let bed = Bed::one();
    bed.clusters[0].fates(&[Fate::Noise; 4]);
    let ended = bed.run(1, &Change::Pause).await;
    assert_eq!(outcome(&ended), (Exit::Failed, Stand::NotApplied));
    assert_eq!(bed.clusters[0].sends().len(), 4);
}

#[tokio::test]
async fn whoever_was_faster_is_named_and_nothing_is_sent() {
    let bed = Bed::one();
    let late = bed.parts(2, &Change::Pause);
    assert_eq!(outcome(&bed.run(1, &Change::Pause).await).0, Exit::Done);
    let ended = bed.desk.begin(late, &[], bed.with()).await.unwrap().ended().await;
    assert_eq!(outcome(&ended), (Exit::Changed, Stand::Changed));
    assert!(sentence(&ended).contains(&format!("by operation {}", op(1))), "{}", sentence(&ended));
    assert!(sentence(&ended).contains("first=0 is 1 now"), "{}", sentence(&ended));
    assert_eq!(bed.clusters[0].sends().len(), 1);
    // The same in the moment between the look and the send.
    let bed = Bed::one();
    bed.clusters[0].fates(&[Fate::Rival]);
    let ended = bed.run(1, &Change::Pause).await;
    assert_eq!(outcome(&ended), (Exit::Changed, Stand::Changed));
    assert_eq!(ended.outcome.unwrap().changed, Some(false));
}

#[tokio::test]
async fn who_takes_it_back_is_named() {
    let bed = Bed::one();
    bed.clusters[0].takes_back("argocd-controller", 0);
    let ended = bed.run(1, &Change::Pause).await;
    assert_eq!(outcome(&ended), (Exit::Failed, Stand::Reverted));
    assert!(sentence(&ended).contains("by argocd-controller"), "{}", sentence(&ended));
    assert_eq!(ended.outcome.unwrap().changed, Some(true), "for a moment it was so");
}

#[tokio::test]
async fn what_somebody_is_known_to_take_back_is_looked_at_for_a_while() {
    for (watch, taken_after, stand) in [(0, 2, Stand::Reached), (8, 2, Stand::Reverted), (8, 1_000, Stand::Reached)] {
        let bed = Bed::one();
        bed.clusters[0].takes_back("argocd-controller", taken_after);
        let parts = Parts { watch: Duration::from_secs(watch), ..bed.parts(1, &Change::Pause) };
        let ended = bed.desk.begin(parts, &[], bed.with()).await.unwrap().ended().await;
        assert_eq!(ended.targets[0].state, stand, "{watch} s: {}", sentence(&ended));
    }
}

#[tokio::test]
async fn a_part_is_named_as_a_part() {
    let bed = Bed::new(&["eu-1", "us-1", "us-2"]);
    bed.clusters[1].fate(0, Fate::Forbidden);
    let ended = bed.run(1, &Change::Pause).await;
    let states: Vec<Stand> = ended.targets.iter().map(|t| t.state).collect();
    assert_eq!(states, [Stand::Reached, Stand::NotApplied, Stand::NotBegun]);
    let said = sentence(&ended);
    assert!(said.starts_with("PAUSE payment: done on 1 of 3: eu-1 rollout shop/payment; not on: us-1"), "{said}");
    assert!(said.contains("us-2 rollout shop/payment not begun"), "{said}");
    assert_eq!(ended.outcome.unwrap().exit, Exit::Failed);
}

#[tokio::test]
async fn what_is_accepted_and_never_there_is_given_up_on() {
    let bed = Bed::one();
    bed.clusters[0].never_done();
    let ended = bed.run(1, &Change::Pause).await;
    assert_eq!(outcome(&ended), (Exit::Hold, Stand::GaveUp));
}

#[tokio::test]
async fn going_back_does_not_wait_for_one_cluster_before_the_next() {
    let bed = Bed::new(&["eu-1", "us-1"]);
    bed.clusters[0].never_done();
    let ended = bed.run(1, &Change::Abort).await;
    let states: Vec<Stand> = ended.targets.iter().map(|t| t.state).collect();
    assert_eq!(states, [Stand::GaveUp, Stand::Reached]);
}

#[tokio::test]
async fn without_a_journal_nothing_is_sent() {
    for change in [Change::Pause, Change::Abort] {
        let mut bed = Bed::one();
        bed.desk = Bed::desk(Keep::on(|| Err(JournalError::Full)));
        let refused = bed.desk.begin(bed.parts(1, &change), &[], bed.with()).await;
        let (exit, hint) = match refused {
            Err(refusal) => (refusal.exit, refusal.hint),
            Ok(mut running) => running.ended().await.outcome.map(|o| (o.exit, o.hint)).unwrap(),
        };
        assert_eq!(exit, Exit::Journal, "{change:?}");
        assert!(hint.unwrap().as_str().contains("by hand: kubectl"), "{change:?}");
        assert_eq!(bed.clusters[0].sends().len(), 0);
    }
}

#[tokio::test]
async fn whoever_waits_for_the_journal_finds_it_there() {
    let mut bed = Bed::one();
    let begun = |event: &journal::Event| matches!(event, journal::Event::Begun(_));
    let mut running = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.unwrap();
    assert!(!bed.written(begun), "its task has not been let in yet");
    running.written().await;
    assert!(bed.written(begun));
    bed.desk = Bed::desk(Keep::on(|| Err(JournalError::Full)));
    let mut running = bed.desk.begin(bed.parts(2, &Change::Abort), &[], bed.with()).await.unwrap();
    running.written().await;
    assert!(running.progress.borrow().ended(), "what cannot be written down is over");
}

#[tokio::test]
async fn what_cannot_be_told_stays_open_and_nothing_but_an_abort_is_begun_there() {
    let bed = Bed::one();
    bed.clusters[0].fate(0, Fate::AppliedAndGone);
    let ended = bed.run(1, &Change::Pause).await;
    assert_eq!(outcome(&ended), (Exit::Unknown, Stand::Unknown));
    assert_eq!(bed.journal().unresolved().map(|o| o.id.clone()).collect::<Vec<_>>(), [op(1)]);
    let refusal = bed.desk.begin(bed.parts(2, &Change::Pause), &[], bed.with()).await.map(drop).unwrap_err();
    assert_eq!(refusal.exit, Exit::Unknown);
    bed.clusters[0].is_back();
    assert_eq!(outcome(&bed.run(3, &Change::Abort).await).0, Exit::Done, "an abort is begun all the same");
    // The next start settles it.
    let desk = Bed::desk(Keep::folder(&bed.state()));
    let mut taken = desk.recover(&bed.connected(), &bed.clock).await.unwrap();
    assert_eq!(taken.len(), 1);
    let ended = taken.remove(0).ended().await;
    assert!(ended.resumed);
    assert_eq!(ended.targets[0].state, Stand::Reached, "{}", sentence(&ended));
    assert_eq!(bed.journal().unresolved().count(), 0);
    assert_eq!(bed.clusters[0].sends().len(), 2, "and sends nothing");
}

#[tokio::test]
async fn what_is_open_is_settled_before_something_else_is_begun_there() {
    let bed = Bed::one();
    bed.clusters[0].fate(0, Fate::AppliedAndGone);
    assert_eq!(outcome(&bed.run(1, &Change::Pause).await).0, Exit::Unknown);
    bed.clusters[0].is_back();
    assert_eq!(outcome(&bed.run(2, &Change::Pause).await), (Exit::Done, Stand::Reached));
    let ends: Vec<Exit> = bed.journal().operations().all().map(|o| o.ended.as_ref().unwrap().outcome).collect();
    assert_eq!(ends, [Exit::Done, Exit::Done]);
}

#[tokio::test]
async fn another_cluster_or_another_user_than_planned_gets_nothing() {
    let other = |change: fn(&mut Identity)| {
        let mut who = alice();
        change(&mut who);
        who
    };
    let all = [
        (other(|i| i.uid = Some("v".into())), "us-1 is another cluster now: uid v, planned for u: nothing was sent"),
        (other(|i| i.user = "mallory".into()), "us-1 takes us for mallory now, planned by alice: nothing was sent"),
    ];
    for (who, words) in all {
        for change in [Change::Pause, Change::Abort] {
            let bed = Bed::new(&["eu-1", "us-1"]);
            let parts = bed.parts(1, &change);
            bed.clusters[1].says(Ok(who.clone()));
            let refusal = bed.desk.begin(parts, &[], bed.with()).await.map(drop).unwrap_err();
            assert_eq!((refusal.why.as_str(), refusal.exit), (words, Exit::Changed), "{change:?}");
            assert!(bed.clusters.iter().all(|c| c.sends().is_empty()), "{change:?}: on none of them");
            assert_eq!(bed.journal().operations().all().count(), 0, "{change:?}: nothing was begun");
        }
    }
}

#[tokio::test]
async fn who_a_cluster_is_must_be_read_to_go_forward_and_need_not_be_to_go_back() {
    let silent = Identity { uid: None, ..alice() };
    for says in [Err(Problem::new(ProblemKind::Server, "503")), Err(Problem::new(ProblemKind::Auth, "401")), Ok(silent)] {
        let bed = Bed::one();
        bed.clusters[0].says(says.clone());
        let refusal = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.map(drop).unwrap_err();
        assert_eq!((refusal.exit, bed.clusters[0].sends().len()), (Exit::Unknown, 0), "{says:?}: {refusal:?}");
        assert_eq!(outcome(&bed.run(2, &Change::Abort).await).0, Exit::Done, "{says:?}");
    }
    // Who never knew the uid goes by the address.
    let bed = Bed::one();
    let mut parts = bed.parts(1, &Change::Pause);
    parts.who.values_mut().for_each(|i| i.uid = None);
    let mut elsewhere = bed.parts(2, &Change::Pause);
    elsewhere.who.values_mut().for_each(|i| (i.uid, i.server) = (None, "https://us".into()));
    let refusal = bed.desk.begin(elsewhere, &[], bed.with()).await.map(drop).unwrap_err();
    assert_eq!(refusal.exit, Exit::Changed);
    assert_eq!(outcome(&bed.desk.begin(parts, &[], bed.with()).await.unwrap().ended().await).0, Exit::Done);
}

#[tokio::test]
async fn a_plan_is_applied_once() {
    let bed = Bed::one();
    bed.run(1, &Change::Pause).await;
    let again: Refusal = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.map(drop).unwrap_err();
    assert_eq!(again.exit, Exit::Refused);
}

#[tokio::test]
async fn a_plan_that_is_applied_twice_at_once_is_applied_once() {
    for same_process in [true, false] {
        let bed = Bed::one();
        let other = Bed::desk(Keep::folder(&bed.state()));
        let second = if same_process { &bed.desk } else { &other };
        let parts = || bed.parts(1, &Change::Pause);
        let both = tokio::join!(bed.desk.begin(parts(), &[], bed.with()), second.begin(parts(), &[], bed.with()));
        let (Ok(mut running), Err(refusal)) = both else { panic!("one of them is begun, the other is not") };
        assert_eq!(refusal.exit, Exit::Refused);
        assert_eq!(outcome(&running.ended().await), (Exit::Done, Stand::Reached));
        assert_eq!(bed.clusters[0].sends().len(), 1);
    }
}

#[tokio::test]
async fn a_process_that_may_change_nothing_sends_no_fence_either() {
    let bed = Bed::one();
    bed.clusters[0].fate(0, Fate::Hangs);
    let mut running = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.unwrap();
    bed.clusters[0].holds().await;
    let Bed { folder, clusters, clock, desk } = bed;
    drop(desk);
    while running.progress.changed().await.is_ok() {}
    let mut bed = Bed { desk: Bed::desk(Keep::folder(&folder.path().join("state"))), folder, clusters, clock };
    bed.desk.read_only(true);
    let refusal = bed.desk.begin(bed.parts(2, &Change::Abort), &[], bed.with()).await.map(drop).unwrap_err();
    assert_eq!(refusal.exit, Exit::Refused);
    let ended = bed.desk.recover(&bed.connected(), &bed.clock).await.unwrap().remove(0).ended().await;
    assert_eq!(outcome(&ended), (Exit::Unknown, Stand::Unknown));
    assert!(sentence(&ended).contains("read-only"), "{}", sentence(&ended));
    assert_eq!((bed.clusters[0].sends().len(), bed.clusters[0].fences().len()), (1, 0));
    bed.desk.read_only(false);
    let ended = bed.desk.recover(&bed.connected(), &bed.clock).await.unwrap().remove(0).ended().await;
    assert_eq!(outcome(&ended), (Exit::Failed, Stand::NotApplied), "it stayed open: {}", sentence(&ended));
}

#[tokio::test]
async fn a_process_that_ends_leaves_what_the_next_one_settles() {
    for fate in [Fate::Hangs, Fate::AppliedAndHangs] {
        let bed = Bed::one();
        bed.clusters[0].fate(0, fate);
        let mut running = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.unwrap();
        running.progress.wait_for(|p| p.targets[0].state == Stand::Sending).await.map(drop).unwrap();
        bed.clusters[0].holds().await;
        let other = Bed::desk(Keep::folder(&bed.state()));
        let none = other.recover(&bed.connected(), &bed.clock).await.unwrap();
        assert!(none.is_empty(), "its process is still at it");
        let Bed { folder, clusters, clock, desk } = bed;
        drop(desk);
        running.progress.changed().await.unwrap_err();
        let connected: Vec<ConnectedCluster> =
            clusters.iter().map(|c| (c.cluster().clone(), Ok(c.clone() as Arc<dyn Workloads>))).collect();
        let mut taken = other.recover(&connected, &clock).await.unwrap();
        let ended = taken.remove(0).ended().await;
        let wanted = if fate == Fate::Hangs { Stand::NotApplied } else { Stand::Reached };
        assert_eq!(ended.targets[0].state, wanted, "{}", sentence(&ended));
        let reader = Folder::read_only(&folder.path().join("state"), FOLDER);
        let report = journal::verify(&reader, &[], |_, _| ()).unwrap();
        assert!(report.holds() && report.open == 0, "{report:?}");
    }
}

#[tokio::test]
async fn a_hang_up_sends_nothing_new_and_leaves_it_open() {
    let bed = Bed::one();
    bed.clusters[0].never_done();
    // A clock that the driver does not move on by itself would stand still here; the cancel has to get through.
    let mut running = bed.desk.begin(bed.parts(1, &Change::Pause), &[], bed.with()).await.unwrap();
    running.progress.wait_for(|p| p.targets[0].state == Stand::Accepted).await.map(drop).unwrap();
    running.cancel();
    let ended = running.ended().await;
    assert_eq!(ended.outcome.as_ref().unwrap().exit, Exit::Interrupted);
    assert_eq!(bed.journal().unresolved().count(), 1);
    assert_eq!(bed.clusters[0].sends().len(), 1);
    bed.clusters[0].done();
    let desk = Bed::desk(Keep::folder(&bed.state()));
    let ended = desk.recover(&bed.connected(), &bed.clock).await.unwrap().remove(0).ended().await;
    assert_eq!(outcome(&ended), (Exit::Done, Stand::Reached));
}

#[tokio::test]
async fn what_is_called_off_right_before_it_is_sent_is_not_sent() {
    let bed = Bed::one();
    let ended = bed.run_until(1, &Change::Pause, |p| p.targets[0].state == Stand::Sending).await;
    assert_eq!(outcome(&ended), (Exit::Interrupted, Stand::NotBegun), "{}", sentence(&ended));
    assert_eq!(bed.clusters[0].sends().len(), 0);
    assert_eq!(bed.journal().unresolved().count(), 0, "nothing is open");
    // The same of a fence.
    bed.clusters[0].fate(0, Fate::Late);
    let fenced = |event: &journal::Event| matches!(event, journal::Event::Fence { .. });
    let ended = bed.run_until(2, &Change::Pause, |_| bed.written(fenced)).await;
    assert_eq!(outcome(&ended), (Exit::Interrupted, Stand::Unknown), "{}", sentence(&ended));
    assert_eq!((bed.clusters[0].sends().len(), bed.clusters[0].fences().len()), (1, 0));
    assert_eq!(bed.journal().unresolved().count(), 1);
}

#[tokio::test]
async fn half_of_a_list_is_called_half_and_not_on_its_way() {
    let bed = Bed::one();
    let (change, requests) = changes().into_iter().last().unwrap();
    let ended = bed.run_until(1, &change, |p| p.targets[0].applied == 1).await;
    assert_eq!(outcome(&ended), (Exit::Interrupted, Stand::Accepted), "{}", sentence(&ended));
    assert_eq!((bed.clusters[0].applied(), requests), (1, 2));
    let ended = bed.desk.recover(&bed.connected(), &bed.clock).await.unwrap().remove(0).ended().await;
    assert_eq!(outcome(&ended), (Exit::Failed, Stand::NotApplied), "{}", sentence(&ended));
    let said = sentence(&ended);
    assert!(said.contains("not applied after 1 of 2 requests, half of it; the rest was not sent"), "{said}");
    assert_eq!(bed.journal().unresolved().count(), 0);
}

#[tokio::test]
async fn what_was_overruled_is_written_down_with_the_reason() {
    let bed = Bed::one();
    let mut parts = bed.parts(1, &Change::Pause);
    parts.begun.reason = Some("it burns".into());
    bed.desk.begin(parts, &["CANARY".into()], bed.with()).await.unwrap().ended().await;
    assert!(bed.written(|event| matches!(event, journal::Event::Override { what, reason }
            if what.as_str() == "CANARY" && reason.as_str() == "it burns")));
}
