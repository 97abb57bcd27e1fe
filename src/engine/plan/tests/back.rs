//! What goes back: abort, pause, rollback.

use std::{collections::BTreeSet, sync::Arc};

use super::*;
use crate::domain::{
    Change, ChangeTarget, ConfigKind, ContractStand, Feed, Needed, Problem, ProblemKind, Promises, RolloutPhase, TemplateOf,
    There, rows,
};

fn rollback(to: Option<&str>, accept: &[&str]) -> Action {
    let accept_unsafe = accept.iter().map(|c| (*c).into()).collect();
    Action::Rollback { target: action(Verb::Rollback).target().clone(), to: to.map(Into::into), accept_unsafe }
}

#[test]
fn what_is_not_under_way_cannot_be_stopped() {
    for verb in [Verb::Abort, Verb::Pause] {
        let (why, exit) = refused(ok(&action(verb), &mut world(Verb::Promote, &Say::default())));
        assert_eq!((why.as_str(), exit), ("no rollout of payment is under way in production", 3), "{verb:?}");
    }
    let (why, _) = refused(ok(&on(Verb::Abort, "cart"), &mut world(Verb::Abort, &Say::default())));
    assert_eq!(why, "cart is a plain Deployment: there is nothing to abort");
}

#[test]
fn an_abort_marks_the_build_and_goes_to_all_clusters_at_once() {
    let plan = ok(&action(Verb::Abort), &mut world(Verb::Abort, &Say::default())).unwrap();
    assert_eq!(plan.rejects(), [rows::digest("5")]);
    assert!(!plan.one_by_one());
    assert_eq!(plan.moves()[0].change, Change::Abort);
}

#[test]
fn an_abort_goes_on_where_only_one_cluster_was_aborted() {
    let mut w = world(Verb::Abort, &Say::default());
    let mut rows = Rows::canary("1.0");
    rows.rollout(|r| {
        r.aborted = true;
        r.phase = RolloutPhase::Degraded;
    });
    w.cluster("eu-1", rows);
    let plan = ok(&action(Verb::Abort), &mut w).unwrap();
    assert_eq!(plan.place().as_str(), "production · us-1");
}

#[test]
fn one_cluster_that_is_gone_keeps_no_other_from_going_back() {
    let unread = |verb| world(verb, &Say { unread: Some("eu-1"), ..Say::default() });
    let away: fn(&ChangeTarget) -> Result<(), Problem> = |target| match target.cluster.as_str() {
        "eu-1" => Err(Problem::new(ProblemKind::Timeout, "10 s")),
        _ => Ok(()),
    };
    let never = |plan: &Plan| plan.left_out()[0].as_str().starts_with("eu-1 is left as it is: ");
    for verb in [Verb::Abort, Verb::Pause] {
        let plan = run(&action(verb), &unread(verb).snapshot(), &told(), &Answers { look: away, ..Answers::default() }).unwrap();
        assert!(plan.place().as_str() == "production · us-1" && never(&plan), "{verb:?}: {:?}", plan.left_out());
        let s = world(verb, &Say::default()).snapshot();
        let plan = run(&action(verb), &s, &told(), &Answers { look: away, ..Answers::default() }).unwrap();
        assert!(plan.moves().len() == 1 && never(&plan), "{verb:?}: {:?}", plan.left_out());
    }
    let (why, exit) = refused(ok(&action(Verb::Step), &mut unread(Verb::Step)));
    assert!(why.starts_with("what runs on eu-1 is not known") && exit == 4, "going forward waits for all: {why}");
    let nobody = Answers { look: |_| Err(Problem::new(ProblemKind::Timeout, "10 s")), ..Answers::default() };
    assert_eq!(refused(run(&action(Verb::Abort), &world(Verb::Abort, &Say::default()).snapshot(), &told(), &nobody)).1, 4);
}

#[test]
fn where_a_cluster_was_not_seen_there_may_be_something_to_do() {
    for (verb, has) in [(Verb::Abort, "no rollout of payment"), (Verb::Pause, "no rollout of payment")] {
        let (why, exit) = refused(ok(&action(verb), &mut world(Verb::Promote, &Say { unread: Some("eu-1"), ..Say::default() })));
        assert!(exit == 4 && why.starts_with(has) && why.contains("eu-1 is left as it is"), "{verb:?}: {exit} {why}");
    }
    // What ran before is known by the ReplicaSets alone.
    let mut s = (*world(Verb::Rollback, &Say::default()).snapshot()).clone();
    for state in s.clusters.values_mut() {
        Arc::make_mut(state).replica_sets = Feed::Waiting;
    }
    let (why, exit) = refused(run(&rollback(None, &[]), &s, &told(), &Answers::default()));
    assert_eq!((why.as_str(), exit), ("what ran before on eu-1 is not known: it has not been read yet", 4));
}

#[test]
fn rollback_names_the_revision_by_uid_and_looks_at_its_template() {
    let mut w = world(Verb::Rollback, &Say::default());
    let plan = ok(&rollback(None, &[]), &mut w).unwrap();
    let want = Change::Template { revision: "cart-old-uid".into(), name: "cart-old".into(), hash: Some("old".into()) };
    assert_eq!(plan.moves()[0].change, want);
    assert_eq!((plan.from().as_str(), plan.to().as_str()), ("1.0 aaaa…aa", "0.9 9999…99 of replicaset cart-old"));
    assert_eq!(plan.rejects(), [rows::digest("a")], "nobody brings it back unasked");
    assert!(plan.asks_why());
    let undo = format!("gonogo promote cart --env production --to {}", rows::digest("a"));
    assert_eq!(plan.undo().unwrap().as_str(), undo);
    for to in ["0.9", "cart-old-uid", "cart-old", rows::digest("9").as_str()] {
        assert_eq!(ok(&rollback(Some(to), &[]), &mut w).unwrap().moves()[0].change, want, "{to}");
    }
    let (why, exit) = refused(ok(&rollback(Some("7.7"), &[]), &mut w));
    assert_eq!((why.as_str(), exit), ("no revision of cart on eu-1 is 7.7", 3));
    let (_, exit) = refused(ok(&rollback(Some("1.0"), &[]), &mut w));
    assert_eq!(exit, 0, "it is there already");
    let asked = match plan_of(&rollback(None, &[]), &mut w) {
        Planned::Need(questions) => questions,
        Planned::Plan(_) => panic!(),
    };
    let templates = asked.iter().filter(|q| matches!(q, Question::Template { of: TemplateOf::Revision { .. }, .. }));
    assert_eq!(templates.count(), 2, "one per cluster");
}

fn plan_of(action: &Action, w: &mut World) -> Planned {
    plan(action, &w.snapshot(), &told(), &[]).unwrap()
}

#[test]
fn a_build_that_somebody_went_back_from_is_not_the_last_known_good_one() {
    let three = || {
        let mut rows = Rows::calm("1.0");
        let mut older = set("cart", "older", 0, "0.8", 0);
        older.template.containers[0].image.digest = Some(rows::digest("8"));
        rows.sets.push(older);
        rows
    };
    let s = World::new(&Say::default(), Rows::calm("1.0"), three).snapshot();
    let rejected = |letter: &str| Rejected { service: name("cart"), digest: rows::digest(letter), at: now(), why: "".into() };
    let to = |kept: Vec<Rejected>| {
        let told = Told { kept: Kept { rejected: kept, switched: vec![] }, ..told() };
        run(&rollback(None, &[]), &s, &told, &Answers::default()).map(|p| p.to().to_string())
    };
    assert!(to(vec![]).unwrap().starts_with("0.9"));
    assert!(to(vec![rejected("9")]).unwrap().starts_with("0.8"));
    let refusal = to(vec![rejected("9"), rejected("8")]).unwrap_err();
    assert_eq!(refusal.why.as_str(), "every earlier revision of cart on eu-1 was gone back from");
}

#[test]
fn what_a_restart_made_is_not_gone_back_to() {
    let rows = || {
        let mut rows = Rows::calm("1.0");
        rows.sets.retain(|s| &*s.meta.key.name != "cart-old");
        // One build with one configuration, then with another, then restarted: that is the wanted one.
        rows.sets.extend([("first", 0), ("second", 1)].map(|(hash, revision)| set("cart", hash, revision, "1.0", 0)));
        for set in rows.sets.iter_mut().filter(|s| s.owner.as_deref() == Some("cart")) {
            set.template.containers[0].image.digest = Some(rows::digest("a"));
            if &*set.meta.key.name == "cart-new" {
                set.template.restarted = Some("2026-03-10T09:00:00Z".into());
            }
        }
        rows
    };
    let s = World::new(&Say::default(), Rows::calm("1.0"), rows).snapshot();
    let plan = run(&rollback(None, &[]), &s, &told(), &Answers::default()).unwrap();
    assert!(plan.to().as_str().ends_with("of replicaset cart-first"), "{}", plan.to());
}

/// What is offered of `cart`, each with what it comes to, where these builds were gone back from.
fn offered(s: &Snapshot, burned: &[&str]) -> Vec<String> {
    let rejected =
        |letter: &&str| Rejected { service: name("cart"), digest: rows::digest(letter), at: now(), why: "it burned".into() };
    let kept = Kept { rejected: burned.iter().map(rejected).collect(), switched: vec![] };
    let told = Told { kept, ..told() };
    let come_to = |action: &Action| {
        let line = action.command_line().replace("gonogo rollback cart --env production", "back");
        match run(action, s, &told, &Answers::default()) {
            Ok(plan) => {
                let mark = plan.preflights().iter().any(|p| p.says.as_str().starts_with("somebody went back from"));
                format!("{line}: {}{}", &plan.to().as_str()[..3], if mark { ", rejected" } else { "" })
            }
            Err(refusal) => format!("{line}: {}", refusal.why),
        }
    };
    ways(action(Verb::Rollback).target(), s, &told).iter().map(come_to).collect()
}

#[test]
fn the_ways_back_begin_with_the_last_known_good_one_and_end_with_what_was_gone_back_from() {
    let three = || {
        let mut rows = Rows::calm("1.0");
        for (hash, revision, tag, letter) in [("older", 0, "0.8", "8"), ("oldest", -1, "0.7", "7")] {
            let mut set = set("cart", hash, revision, tag, 0);
            set.template.containers[0].image.digest = Some(rows::digest(letter));
            rows.sets.push(set);
        }
        rows
    };
    let s = World::new(&Say::default(), Rows::calm("1.0"), three).snapshot();
    assert_eq!(offered(&s, &[]), ["back: 0.9", "back --to 0.8: 0.8", "back --to 0.7: 0.7"]);
    assert_eq!(offered(&s, &["9"]), ["back: 0.8", "back --to 0.7: 0.7", "back --to 0.9: 0.9, rejected"]);
    let none = "back: every earlier revision of cart on eu-1 was gone back from";
    let marked = ["0.9", "0.8", "0.7"].map(|v| format!("back --to {v}: {v}, rejected"));
    assert_eq!(offered(&s, &["9", "8", "7"]), [&[none.to_owned()][..], &marked].concat());
}

#[test]
fn two_builds_of_one_tag_are_told_apart_and_what_cannot_be_had_says_why() {
    let twice = || {
        let mut rows = Rows::calm("1.0");
        let mut set = set("cart", "older", 0, "0.9", 0);
        set.template.containers[0].image.digest = Some(rows::digest("8"));
        rows.sets.push(set);
        rows
    };
    let s = World::new(&Say::default(), Rows::calm("1.0"), twice).snapshot();
    assert_eq!(offered(&s, &[]), ["back: 0.9".to_owned(), format!("back --to {}: 0.9", rows::digest("8"))]);
    let mut w = World::new(&Say::default(), Rows::calm("1.0"), twice);
    w.cluster("us-1", Rows::calm("1.0"));
    assert_eq!(offered(&w.snapshot(), &[]), ["back: 0.9", "back --to 0.9: 2 revisions of cart on eu-1 are 0.9"]);
}

#[test]
fn under_a_canary_an_abort_comes_first_and_why_nothing_else_can_be_had_is_told_once() {
    let s = world(Verb::Abort, &Say::default()).snapshot();
    let lines: Vec<String> = ways(action(Verb::Abort).target(), &s, &told()).iter().map(Action::command_line).collect();
    assert_eq!(lines, ["gonogo abort payment --env production", "gonogo rollback payment --env production"]);
}

#[test]
fn while_a_new_revision_is_stuck_the_serving_one_is_the_way_back() {
    let mut w = World::new(&Say::default(), Rows::calm("1.1"), || {
        let mut rows = Rows::calm("1.0");
        rows.sets.push(set("cart", "next", 3, "1.2", 0));
        rows.deployment("cart", |d| {
            *d = deployment("cart", "1.2", 3);
            d.workload.updated = 1;
        });
        rows
    });
    let plan = ok(&rollback(None, &[]), &mut w).unwrap();
    assert!(plan.to().as_str().starts_with("1.0"), "{}", plan.to());
    assert!(plan.preflights().iter().any(|p| p.says.as_str().contains("warm")), "{:?}", plan.preflights());
}

#[test]
fn under_a_canary_the_way_back_is_abort() {
    let refusal = ok(&on(Verb::Rollback, "payment"), &mut world(Verb::Abort, &Say::default())).unwrap_err();
    assert_eq!(refusal.why.as_str(), "a rollout of payment is under way on eu-1");
    assert!(refusal.hint.unwrap().as_str().starts_with("gonogo abort payment --env production"));
}

/// Migrations are at that level, and what is gone back to needs 41 at most.
pub(super) fn facts(value: &str) -> TemplateFacts {
    let stand = ContractStand { value: value.into(), by: "migrate-42".into(), kind: None, note: Some("drops a column".into()) };
    TemplateFacts {
        promises: Promises { requires: [("schema.users".into(), "<=41".into())].into(), ..Promises::default() },
        contracts: [("schema.users".into(), stand)].into(),
        ..TemplateFacts::default()
    }
}

#[test]
fn what_a_rollback_breaks_must_be_accepted_by_name_and_typed() {
    let s = world(Verb::Rollback, &Say::default()).snapshot();
    let answers = Answers { facts: Ok(facts("42")), ..Answers::default() };
    let refusal = run(&rollback(None, &[]), &s, &told(), &answers).unwrap_err();
    assert_eq!(refusal.exit.code(), 3);
    assert!(refusal.why.as_str().contains("it requires <=41, and schema.users is at 42 since job migrate-42 (drops a column)"));
    assert!(refusal.hint.unwrap().as_str().ends_with("--accept-unsafe schema.users"));
    let other = run(&rollback(None, &["schema.orders"]), &s, &told(), &answers);
    assert_eq!(refused(other).1, 3, "another contract is another one");
    let plan = run(&rollback(None, &["schema.users"]), &s, &told(), &answers).unwrap();
    assert_eq!((plan.safety(), plan.consent().tier()), (Safety::Unsafe, 3), "also when it goes back");
    assert_eq!(plan.because(), [SafeText::from("its preflight says unsafe: schema.users")], "and is overruled by name");
    assert_eq!(plan.accepts(), [&SafeText::from("schema.users")]);
    // Who asks for the typed name says what it accepts: the plan is the one of the command line, and needs as much.
    let asks = Told { guard: Guard { names_unsafe: true, ..Guard::default() }, ..told() };
    let asked = run(&rollback(None, &[]), &s, &asks, &answers).unwrap();
    assert_eq!((asked.action(), asked.hash()), (plan.action(), plan.hash()));
    assert_eq!((asked.consent().tier(), asked.accepts(), asked.because()), (3, plan.accepts(), plan.because()));
    let safe = Answers { facts: Ok(facts("41")), ..Answers::default() };
    let fine = run(&rollback(None, &["schema.users"]), &s, &asks, &safe).unwrap();
    assert_eq!((fine.consent().tier(), fine.accepts().len()), (2, 0), "what is not broken needs no acceptance");
    let open = Say { policy: Policy::Open, ..Say::default() };
    let s = world(Verb::Rollback, &open).snapshot();
    let plan = run(&rollback(None, &["schema.users"]), &s, &told(), &answers).unwrap();
    assert_eq!(plan.consent().tier(), 3, "and everywhere");
}

#[test]
fn a_kept_contract_is_safe_and_what_cannot_be_told_is_unknown_and_stops_nothing() {
    let s = world(Verb::Rollback, &Say::default()).snapshot();
    let of = |facts: Result<TemplateFacts, Problem>| {
        let plan = run(&rollback(None, &[]), &s, &told(), &Answers { facts, ..Answers::default() }).unwrap();
        let line = |name: &str| plan.preflights().iter().find(|p| p.name.as_str() == name).map(|p| p.safety);
        (plan.consent().tier(), line("contract schema.users"), line("template"), line("contracts"))
    };
    assert_eq!(of(Ok(facts("41"))), (2, Some(Safety::Safe), None, None));
    assert_eq!(of(Ok(facts("v42"))), (2, Some(Safety::Unknown), None, None), "two that cannot be compared");
    let untold = TemplateFacts { contracts: std::collections::BTreeMap::new(), ..facts("41") };
    assert_eq!(of(Ok(untold)), (2, Some(Safety::Unknown), None, None));
    assert_eq!(of(Ok(TemplateFacts::default())), (2, None, None, Some(Safety::Unknown)), "nothing declared is not safe");
    let forbidden = Problem::new(ProblemKind::Forbidden, "jobs");
    assert_eq!(of(Err(forbidden)), (2, None, Some(Safety::Unknown), None));
}

#[test]
fn configuration_that_is_gone_makes_a_rollback_unsafe() {
    let s = world(Verb::Rollback, &Say::default()).snapshot();
    let needed = Needed { kind: ConfigKind::ConfigMap, name: "cart-config".into(), key: None };
    let gone = TemplateFacts { needs: vec![(needed.clone(), There::No)], ..TemplateFacts::default() };
    let (why, exit) = refused(run(&rollback(None, &[]), &s, &told(), &Answers { facts: Ok(gone), ..Answers::default() }));
    assert!(exit == 3 && why.contains("not there: configmap cart-config"), "{why}");
    let unread = TemplateFacts { needs: vec![(needed, There::Unknown("may not".into()))], ..TemplateFacts::default() };
    let plan = run(&rollback(None, &[]), &s, &told(), &Answers { facts: Ok(unread), ..Answers::default() }).unwrap();
    assert_eq!(plan.safety(), Safety::Unknown);
}

#[test]
fn a_reason_that_is_cosmetic_or_slow_suggests_fixing_forward() {
    for (reason, forward) in
        [("a typo in the footer", true), ("checkout is SLOW", true), ("5xx doubled", false), ("colourless errors", false)]
    {
        assert_eq!(advice(&rollback(None, &[]), reason).is_some(), forward, "{reason}");
        assert_eq!(advice(&action(Verb::Pause), reason), None, "a pause goes back from nothing");
    }
    let said = |action: Action| reasons(&action, false).iter().map(|r| advice(&action, r).is_some()).collect::<Vec<_>>();
    assert_eq!(said(rollback(None, &[])), [false, true, false, true]);
    assert_eq!(said(action(Verb::Abort)), [false, true, false, true]);
    assert_eq!(reasons(&action(Verb::Promote), false), [""; 0]);
    for (action, typed) in [(action(Verb::Promote), true), (action(Verb::Abort), false)] {
        // One key says it, and none of them moves or answers.
        let letters: BTreeSet<char> = reasons(&action, typed).iter().filter_map(|r| r.chars().next()).collect();
        assert!(letters.len() == 4 && letters.is_disjoint(&"ynrjkqgG".chars().collect()), "{letters:?}");
    }
}
