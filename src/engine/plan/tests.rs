//! The plan matrix: every action x {ok, stale, frozen, NO-GO, read-only, changed}.

mod back;
mod forward;
mod pair;
mod several;
mod world;

use strum::IntoEnumIterator;

use self::world::*;
use super::*;
use crate::{
    action::{Target, Verb},
    domain::{Freeze, Guarantee, Policy, ProblemKind, Timing, Verdict},
};

#[test]
fn ok_is_a_plan_over_every_cluster_with_all_that_a_person_must_know() {
    for verb in Verb::iter() {
        let plan = ok(&action(verb), &mut world(verb, &Say::default())).unwrap_or_else(|r| panic!("{verb:?}: {r}: {:?}", r.hint));
        assert_eq!(plan.moves().len(), 2, "{verb:?}");
        assert_eq!(plan.place().as_str(), "production · eu-1 us-1", "the order of the configuration");
        assert_eq!(plan.guarantee(), Guarantee::Guarded);
        assert_eq!(plan.back(), verb.goes_back(), "{verb:?}");
        let words = [plan.title(), plan.from(), plan.to(), plan.owner(), plan.inverse(), plan.not_reverted()];
        assert!(words.iter().all(|w| !w.is_empty()), "{verb:?}: {words:?}");
        assert!(!plan.from().as_str().contains("nothing"), "{verb:?}: {}", plan.from());
        assert_eq!(plan.driving().len(), 2, "{verb:?}: who we are is said per cluster");
        assert!(plan.driving().iter().all(|d| d.identity.as_ref().is_some_and(|i| i.user.as_str() == "alice")));
        assert_eq!((plan.blast().clusters, plan.blast().rps), (2, Some(50.0)), "{verb:?}");
        assert!(plan.expires() > now() && plan.deadline().is_positive());
        assert_eq!(plan.id(), &told().id);
        assert_eq!(Action::parse(plan.action().to_argv()).unwrap(), *plan.action(), "{verb:?}: the same as a command line");
        if let Some(undo) = plan.undo() {
            let words: Vec<&str> = undo.as_str().split(' ').skip(1).collect();
            assert!(Action::parse(words).is_ok(), "{verb:?}: the inverse is a command line: {undo}");
        }
    }
}

/// Which tier a verb needs in a calm production.
fn tier(verb: Verb) -> u8 {
    match verb {
        // All traffic in one move.
        Verb::Switch => 3,
        _ => 2,
    }
}

#[test]
fn consent_is_y_outside_of_production_and_a_tier_inside() {
    for verb in Verb::iter() {
        let open = Say { policy: Policy::Open, ..Say::default() };
        assert_eq!(ok(&action(verb), &mut world(verb, &open)).unwrap().consent().tier(), 1, "{verb:?}");
        let plan = ok(&action(verb), &mut world(verb, &Say::default())).unwrap();
        assert_eq!(plan.consent().tier(), tier(verb), "{verb:?}: {:?}", plan.because());
        assert_eq!(plan.because().is_empty(), plan.consent().tier() < 3, "{verb:?}: tier 3 says why");
    }
}

#[test]
fn stale_data_stops_what_goes_forward_and_nothing_that_goes_back() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).stale().snapshot();
        let planned = run(&action(verb), &s, &told(), &Answers::default());
        match verb.direction() {
            Direction::Forward => {
                let (why, exit) = refused(planned);
                assert_eq!(exit, 4, "{verb:?}: {why}");
            }
            Direction::Back => assert!(planned.unwrap().consent().tier() <= 2, "{verb:?}"),
            Direction::Beside => assert_eq!(planned.unwrap().consent().tier(), 3, "{verb:?}: over UNKNOWN"),
        }
    }
}

#[test]
fn a_freeze_and_a_closed_window_stop_what_goes_forward_and_nothing_else() {
    let day = jiff::SignedDuration::from_hours(24);
    let freeze = Freeze { from: now() - day, to: now() + day, reason: "sale".into() };
    for (timing, exit, word) in
        [(Timing { window: None, freezes: vec![freeze] }, 3, "sale"), (window("Wed 09:00-16:00 UTC"), 6, "opens Wed 11 Mar")]
    {
        for verb in Verb::iter() {
            let say = Say { timing: timing.clone(), ..Say::default() };
            let planned = ok(&action(verb), &mut world(verb, &say));
            match verb.direction() {
                Direction::Forward => {
                    let (why, code) = refused(planned);
                    assert!(why.contains(word) && code == exit, "{verb:?}: {code} {why}");
                }
                Direction::Back => assert!(planned.unwrap().gates().is_empty(), "{verb:?}"),
                Direction::Beside => {
                    let plan = planned.unwrap();
                    assert_eq!(plan.consent().tier(), 3, "{verb:?}");
                    assert!(plan.gates().iter().any(|g| g.why.as_str().contains(word)), "{verb:?}");
                }
            }
        }
    }
    let open = Say { timing: window("Tue 09:00-16:00 UTC"), ..Say::default() };
    ok(&action(Verb::Promote), &mut world(Verb::Promote, &open)).expect("the window is open");
}

#[test]
fn over_a_no_go_the_name_is_typed_and_going_back_asks_nobody() {
    for verb in Verb::iter() {
        let plan = ok(&action(verb), &mut world(verb, &Say::default()).sick()).unwrap();
        if verb.goes_back() {
            assert!(plan.gates().is_empty() && plan.consent().tier() == 2, "{verb:?}");
        } else {
            // An aborted canary is a state to leave, and its figures count no more.
            let (worst, tier) = if verb == Verb::Retry { (Verdict::Hold, 2) } else { (Verdict::NoGo, 3) };
            assert_eq!(plan.gates()[0].verdict, worst, "{verb:?}: the worst first");
            assert_eq!(plan.consent().tier(), tier, "{verb:?}");
            let over = plan.because().iter().any(|b| b.as_str().starts_with("over "));
            assert_eq!(over, tier == 3, "{verb:?}: {:?}", plan.because());
        }
    }
}

#[test]
fn read_only_refuses_everything_from_either_side() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        let here = Told { guard: Guard { read_only: true, ..Guard::default() }, ..told() };
        let planned = run(&action(verb), &s, &here, &Answers::default());
        assert_eq!(refused(planned), ("read-only: nothing is changed from here".to_owned(), 3), "{verb:?}");
        let say = Say { readonly: true, ..Say::default() };
        let planned = ok(&action(verb), &mut world(verb, &say));
        assert_eq!(refused(planned), ("production is read-only by configuration".to_owned(), 3), "{verb:?}");
    }
}

#[test]
fn a_changed_world_is_told_as_changed() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        let conflict = Answers { dry_run: Err(Problem::new(ProblemKind::Conflict, "no")), ..Answers::default() };
        assert_eq!(refused(run(&action(verb), &s, &told(), &conflict)).1, 5, "{verb:?}: the server says so");
        let target = Target { expect: Some("0.0.1".into()), ..action(verb).target().clone() };
        let planned = run(&with(&action(verb), target), &s, &told(), &Answers::default());
        assert_eq!(refused(planned).1, 5, "{verb:?}: --expect says so");
    }
}

/// The same on another target.
fn with(action: &Action, target: Target) -> Action {
    Verb::from(action).on(target)
}

#[test]
fn what_a_person_expects_is_compared_with_what_runs() {
    let s = world(Verb::Abort, &Say::default()).snapshot();
    for expected in ["1.0", crate::domain::rows::digest("1").as_str()] {
        let target = Target { expect: Some(expected.into()), ..action(Verb::Abort).target().clone() };
        run(&Action::Abort(target), &s, &told(), &Answers::default()).unwrap();
    }
}

#[test]
fn what_the_server_refuses_is_refused_with_its_exit_code() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        for (kind, exit) in [(ProblemKind::Forbidden, 1), (ProblemKind::Invalid, 1)] {
            let answers = Answers { dry_run: Err(Problem::new(kind, "no")), ..Answers::default() };
            assert_eq!(refused(run(&action(verb), &s, &told(), &answers)).1, exit, "{verb:?} {kind:?}");
        }
        let unreachable = Answers { look: |_| Err(Problem::new(ProblemKind::Timeout, "10 s")), ..Answers::default() };
        let (_, exit) = refused(run(&action(verb), &s, &told(), &unreachable));
        assert_eq!(exit, 4, "{verb:?}: what cannot be read cannot be bound to");
        let late = Answers { dry_run: Err(Problem::new(ProblemKind::Timeout, "10 s")), ..Answers::default() };
        run(&action(verb), &s, &told(), &late).expect("a dry run that cannot be had is no refusal");
    }
}

#[test]
fn done_already_is_success_and_says_so() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        let answers = Answers { settled: Settled::Reached, ..Answers::default() };
        let (why, exit) = refused(run(&action(verb), &s, &told(), &answers));
        assert!(exit == 0 && why.ends_with("already"), "{verb:?}: {exit} {why}");
    }
}

#[test]
fn who_we_are_must_be_known_to_go_forward_and_need_not_be_to_go_back() {
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        let answers = Answers { identity: Err(Problem::new(ProblemKind::Server, "503")), ..Answers::default() };
        let planned = run(&action(verb), &s, &told(), &answers);
        if verb.goes_back() {
            assert!(planned.unwrap().driving().iter().all(|d| d.problem.is_some()), "{verb:?}");
        } else {
            assert_eq!(refused(planned).1, 4, "{verb:?}");
        }
    }
}

#[test]
fn somebody_else_who_drives_is_named_and_stops_nobody() {
    let at = |minute: i64| told().at.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
    let driver = Driver {
        holder: "bob on host7".into(),
        since: at(-12),
        renewed: at(-1),
        lasts: crate::domain::DRIVES,
        read: at(0),
        version: "1".into(),
    };
    for verb in Verb::iter() {
        let s = world(verb, &Say::default()).snapshot();
        let of = |driver| {
            let plan = run(&action(verb), &s, &told(), &Answers { driver, ..Answers::default() }).unwrap();
            plan.notes().iter().any(|n| n.as_str() == "bob on host7 drives since 12 min on eu-1")
        };
        assert!(of(Ok(Some(driver.clone()))), "{verb:?}");
        assert!(!of(Ok(Some(Driver { renewed: at(-16), ..driver.clone() }))), "{verb:?}: his time is over");
        assert!(!of(Err(Problem::new(ProblemKind::Forbidden, "no"))), "{verb:?}: who may not read it plans all the same");
    }
}

#[test]
fn the_hash_is_of_what_consent_is_bound_to_and_of_nothing_else() {
    let s = world(Verb::Restart, &Say::default()).snapshot();
    let of = |told: &Told, answers: &Answers| run(&action(Verb::Restart), &s, told, answers).unwrap().hash();
    let first = of(&told(), &Answers::default());
    let later = Told { at: now() + jiff::SignedDuration::from_mins(5), id: crate::domain::OpId::new(now(), 8), ..told() };
    assert_eq!(first, of(&later, &Answers::default()), "neither the time nor the id");
    let moved = Answers { seen: |seen| seen.resource_version = "2".into(), ..Answers::default() };
    assert_eq!(first, of(&told(), &moved), "a version moves with every status");
    for other in [
        Answers { seen: |seen| seen.fingerprint = "x".into(), ..Answers::default() },
        Answers { seen: |seen| seen.uid = "x".into(), ..Answers::default() },
    ] {
        assert_ne!(first, of(&told(), &other));
    }
}

#[test]
fn names_that_nobody_knows_are_usage_errors_that_list_the_known_ones() {
    let s = world(Verb::Abort, &Say::default()).snapshot();
    let told = told();
    let hint = |target: Target| {
        let refusal = plan(&Action::Abort(target), &s, &told, &[]).unwrap_err();
        (refusal.exit.code(), refusal.hint.unwrap().to_string())
    };
    assert_eq!(hint(Target::new(name("pay"), name("production"))), (2, "known: payment, cart, front".to_owned()));
    assert_eq!(hint(Target::new(name("payment"), name("prod"))), (2, "known: staging, production".to_owned()));
    let narrowed = Target { cluster: Some(name("stg")), ..Target::new(name("payment"), name("production")) };
    assert_eq!(hint(narrowed), (2, "known: eu-1, us-1".to_owned()));
}

#[test]
fn a_cluster_narrows_a_plan() {
    let s = world(Verb::Abort, &Say::default()).snapshot();
    let target = Target { cluster: Some(name("us-1")), ..action(Verb::Abort).target().clone() };
    let plan = run(&Action::Abort(target), &s, &told(), &Answers::default()).unwrap();
    assert_eq!((plan.place().as_str(), plan.moves().len()), ("production · us-1", 1));
    assert!(plan.undo().unwrap().as_str().ends_with("--cluster us-1"), "and its inverse: {:?}", plan.undo());
}
