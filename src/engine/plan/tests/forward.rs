//! What goes forward: promote, step, resume, retry, restart.

use super::*;
use crate::domain::{Change, Pausing, RolloutPhase, TemplateRef, UpdateStrategy, VERSION_LABEL, rows};

fn promote(to: Option<&str>) -> Action {
    Action::Promote { target: action(Verb::Promote).target().clone(), to: to.map(Into::into) }
}

#[test]
fn promote_brings_the_digest_that_the_environment_before_serves() {
    let plan = ok(&promote(None), &mut world(Verb::Promote, &Say::default())).unwrap();
    let image = format!("r.example/cart:1.1@{}", rows::digest("b"));
    match &plan.moves()[0].change {
        Change::Image { images, .. } => assert_eq!((images.len(), images[0].image.as_str()), (1, image.as_str())),
        other => panic!("{other:?}"),
    }
    assert_eq!((plan.from().as_str(), plan.to().as_str()), ("1.0 aaaa…aa", "1.1 bbbb…bb"));
    assert!(plan.one_by_one(), "one cluster after the other");
    assert_eq!(plan.undo().unwrap().as_str(), "gonogo rollback cart --env production");
}

/// A template that speaks of its build: its commit, what it requires of a format, and its version.
fn speaks(template: &mut crate::domain::Template, commit: &str, requires: &str, version: &str) {
    template.notes.insert("org.opencontainers.image.revision".into(), commit.into());
    template.notes.insert("gonogo.dev/requires.schema".into(), requires.into());
    template.labels.insert(VERSION_LABEL.into(), version.into());
    template.annotated = true;
}

/// `cart` 1.1 in staging and 1.0 in production, each with its own words, and production with something more.
fn speaking(production: impl Fn(&mut Rows)) -> World {
    let mut staging = Rows::calm("1.1");
    speaks(&mut staging.sets[0].template, "4be1c7a0d1e2", ">=42", "1.1");
    staging.sets[0].template.notes.insert("gonogo.dev/rollback-note".into(), "".into());
    World::new(&Say::default(), staging, move || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("cart", |d| {
            speaks(&mut d.workload.template, "0123abc4def5", "<=41", "1.0");
            d.workload.template.notes.insert("gonogo.dev/rollback".into(), "unsafe".into());
        });
        production(&mut rows);
        rows
    })
}

fn build(plan: &Plan) -> Vec<crate::domain::BuildNotes> {
    let of = |m: &Move| match &m.change {
        Change::Image { build, .. } => build.clone(),
        other => panic!("{other:?}"),
    };
    plan.moves().iter().map(of).collect()
}

#[test]
fn with_a_build_goes_what_is_said_of_it_where_it_comes_from_and_what_was_said_of_the_other_stays_behind() {
    let plan = ok(&promote(None), &mut speaking(|_| {})).unwrap();
    let all = build(&plan);
    let said: Vec<(&str, &str)> = all[0].annotations.iter().map(|(k, v)| (&**k, v.as_str())).collect();
    assert_eq!(said, [("gonogo.dev/requires.schema", ">=42"), ("org.opencontainers.image.revision", "4be1c7a0d1e2")]);
    assert_eq!(all[0].version.as_deref(), Some("1.1"));
    assert_eq!(all[0], all[1], "in every cluster");
    let line = "its template says of the build: requires.schema <=41 > >=42, rollback unsafe > nothing, \
                revision 0123abc > 4be1c7a, label version 1.0 > 1.1";
    assert_eq!(plan.notes()[0].as_str(), line, "once, for it is the same everywhere");
    // Other words are another plan.
    let mut other = speaking(|rows| {
        rows.deployment("cart", |d| drop(d.workload.template.notes.insert("gonogo.dev/commit".into(), "x".into())));
    });
    assert_ne!(ok(&promote(None), &mut other).unwrap().hash(), plan.hash());
}

#[test]
fn a_label_by_which_pods_are_found_stays_as_it_is() {
    let by_version = |d: &mut crate::domain::Deployment| {
        d.workload.selector.insert(VERSION_LABEL.into(), "1.0".into());
    };
    let by_workload = speaking(move |rows| {
        rows.deployment("cart", by_version);
    });
    let by_service = speaking(|rows| {
        let mut service = rows::service("cart");
        service.selector.insert(VERSION_LABEL.into(), "1.0".into());
        rows.services.push(service);
    });
    for (mut world, who) in [(by_workload, "the workload itself"), (by_service, "a Service")] {
        let plan = ok(&promote(None), &mut world).unwrap();
        assert_eq!(build(&plan)[0].version.as_deref(), Some("1.0"), "{who}");
        assert!(!plan.notes()[0].as_str().contains("label"), "{who}: {}", plan.notes()[0]);
    }
}

#[test]
fn promote_of_what_is_there_is_success_and_asks_nothing() {
    let mut w = World::new(&Say::default(), Rows::calm("1.0"), || Rows::calm("1.0"));
    let (why, exit) = refused(ok(&promote(None), &mut w));
    assert_eq!((why.as_str(), exit), ("cart is at 1.0 aaaa…aa already", 0));
    let (_, exit) = refused(ok(&promote(Some("1.0")), &mut w));
    assert_eq!(exit, 0, "--to too");
}

#[test]
fn promote_names_a_digest_that_somebody_runs_or_is_refused() {
    let mut w = world(Verb::Promote, &Say::default());
    let (why, exit) = refused(ok(&promote(Some("9.9")), &mut w));
    assert_eq!((why.as_str(), exit), ("no environment has run cart 9.9, so its digest is not known", 3));
    ok(&promote(Some(rows::digest("b").as_str())), &mut w).expect("by digest");
    let plan = ok(&promote(Some("0.9")), &mut w).unwrap();
    assert_eq!(plan.consent().tier(), 3, "an earlier build that staging does not serve: {:?}", plan.because());
    // One tag, two builds.
    let mut rows = Rows::calm("1.1");
    rows.pods[0].digests = vec![Some(rows::digest("e"))];
    let mut w = World::new(&Say::default(), rows, || Rows::calm("1.1"));
    let (why, _) = refused(ok(&promote(Some("1.1")), &mut w));
    assert_eq!(why, "cart 1.1 is the tag of 2 builds");
}

#[test]
fn promote_waits_for_a_rollout_of_something_else() {
    let other = |change: fn(&mut Rows)| {
        World::new(&Say::default(), Rows::calm("1.1"), move || {
            let mut rows = Rows::calm("1.0");
            let new = set("cart", "next", 3, "1.2", 1);
            rows.pods.push(pod(&new, "c"));
            rows.sets.push(new);
            rows.deployment("cart", |d| {
                *d = deployment("cart", "1.2", 3);
                d.workload.updated = 1;
            });
            change(&mut rows);
            rows
        })
    };
    let (why, exit) = refused(ok(&promote(None), &mut other(|_| {})));
    assert_eq!((why.as_str(), exit), ("a rollout of cart 1.2 cccc…cc is under way on eu-1", 3));
    let (why, exit) = refused(ok(&promote(Some("1.2")), &mut other(|_| {})));
    assert_eq!((why.as_str(), exit), ("cart is on its way to 1.2 cccc…cc already", 0));
}

#[test]
fn promote_of_a_build_that_somebody_went_back_from_is_typed() {
    let s = world(Verb::Promote, &Say::default()).snapshot();
    let rejected = Rejected { service: name("cart"), digest: rows::digest("b"), at: now(), why: "errors doubled".into() };
    let kept = Kept { rejected: vec![rejected], switched: vec![] };
    let plan = run(&promote(None), &s, &Told { kept, ..told() }, &Answers::default()).unwrap();
    assert_eq!(plan.consent().tier(), 3);
    assert_eq!(plan.because()[0].as_str(), "somebody went back from bbbb…bb at 2026-03-10 10:00Z: errors doubled");
}

#[test]
fn promote_says_what_its_template_lacks() {
    let needed = crate::domain::Needed { kind: crate::domain::ConfigKind::Secret, name: "db".into(), key: Some("url".into()) };
    let facts = TemplateFacts { needs: vec![(needed, crate::domain::There::No)], ..TemplateFacts::default() };
    let s = world(Verb::Promote, &Say::default()).snapshot();
    let plan = run(&promote(None), &s, &told(), &Answers { facts: Ok(facts), ..Answers::default() }).unwrap();
    assert_eq!((plan.safety(), plan.consent().tier()), (Safety::Unsafe, 3));
    assert_eq!(plan.preflights()[0].words(), "eu-1, us-1: not there: secret db key url; its pods cannot start");
}

#[test]
fn promote_of_what_is_down_while_it_changes_moves_everything_at_once() {
    let mut w = World::new(&Say::default(), Rows::calm("1.1"), || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("cart", |d| d.strategy = UpdateStrategy::Recreate);
        rows
    });
    let plan = ok(&promote(None), &mut w).unwrap();
    assert_eq!(plan.consent().tier(), 3);
    assert!(plan.preflights().iter().any(|p| p.says.as_str().contains("all old pods go first")), "{:?}", plan.preflights());
}

#[test]
fn step_is_bound_to_the_pause_in_which_it_was_seen() {
    let mut w = world(Verb::Step, &Say::default());
    let plan = ok(&action(Verb::Step), &mut w).unwrap();
    let pause = Some(Pausing { reason: "CanaryPauseStep".into(), since: Some(now()) });
    assert_eq!(plan.moves()[0].change, Change::Step { revision: "b".into(), from: Some(3), pause });
    assert!(!plan.one_by_one());
    let s = w.snapshot();
    for moved in [
        (|seen| seen.rollout.step = Some(4)) as fn(&mut crate::domain::Seen),
        |seen| seen.rollout.pause = None,
        |seen| seen.rollout.current = Some("c".into()),
    ] {
        let answers = Answers { seen: moved, ..Answers::default() };
        assert_eq!(refused(run(&action(Verb::Step), &s, &told(), &answers)).1, 5);
    }
    let answers = Answers { seen: |seen| seen.observed = false, ..Answers::default() };
    let (why, exit) = refused(run(&action(Verb::Step), &s, &told(), &answers));
    assert!(why.ends_with("the controller is still taking note of a change") && exit == 6, "{why}");
}

#[test]
fn step_says_what_must_come_first() {
    let refuse = |change: fn(&mut crate::domain::Rollout)| {
        let mut w = World::new(&Say::default(), Rows::calm("1.0"), move || {
            let mut rows = Rows::canary("1.0");
            rows.rollout(change);
            rows
        });
        refused(ok(&action(Verb::Step), &mut w))
    };
    for (change, why, exit) in [
        (
            (|r| {
                r.aborted = true;
                r.phase = RolloutPhase::Degraded;
            }) as fn(&mut crate::domain::Rollout),
            "payment was aborted on eu-1: a step does nothing there",
            3,
        ),
        (|r| r.paused = true, "payment was paused by a person on eu-1", 3),
        (
            |r| {
                r.pauses = vec![];
                r.phase = RolloutPhase::Progressing;
                r.controller_pause = false;
            },
            "payment does not wait: its controller is on the way to the next stop",
            6,
        ),
        (|r| *r = rollout("a", "a"), "no rollout of payment is under way in production", 3),
    ] {
        assert_eq!(refuse(change), (why.to_owned(), exit));
    }
    let (why, _) = refused(ok(&on(Verb::Step, "cart"), &mut world(Verb::Step, &Say::default())));
    assert_eq!(why, "cart is a plain Deployment: there is nothing to step");
}

#[test]
fn all_steps_at_once_are_wide_and_one_step_of_the_plan_is_not() {
    let full = Action::Step { target: action(Verb::Step).target().clone(), full: true };
    let plan = ok(&full, &mut world(Verb::Step, &Say::default())).unwrap();
    assert_eq!(plan.moves()[0].change, Change::Full { revision: "b".into() });
    assert_eq!(plan.consent().tier(), 3, "{:?}", plan.because());
    let plan = ok(&action(Verb::Step), &mut world(Verb::Step, &Say::default())).unwrap();
    assert_eq!(plan.consent().tier(), 2, "two clusters, and still the next step of the rollout's own plan");
}

#[test]
fn resume_and_retry_want_something_to_undo() {
    let mut w = world(Verb::Step, &Say::default());
    let refusal = ok(&action(Verb::Resume), &mut w).unwrap_err();
    assert_eq!(refusal.why.as_str(), "payment waits at a step of its plan, and nobody has paused it");
    assert_eq!(refusal.hint.unwrap().as_str(), "gonogo step payment --env production moves it on");
    let (why, exit) = refused(ok(&action(Verb::Retry), &mut w));
    assert_eq!((why.as_str(), exit), ("no rollout of payment was aborted in production", 3));
}

#[test]
fn restart_is_refused_while_paused_and_binds_to_whole_seconds() {
    let mut w = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("cart", |d| d.paused = true);
        rows
    });
    let (why, _) = refused(ok(&action(Verb::Restart), &mut w));
    assert_eq!(why, "cart is paused on eu-1: no pod is replaced until it is resumed");
    let s = world(Verb::Restart, &Say::default()).snapshot();
    let odd = Told { at: now() + jiff::SignedDuration::from_millis(300), ..told() };
    let plan = run(&action(Verb::Restart), &s, &odd, &Answers::default()).unwrap();
    assert_eq!(plan.moves()[0].change, Change::Restart { at: now() });
    let answers = Answers { seen: |seen| seen.paused = true, ..Answers::default() };
    assert_eq!(refused(run(&action(Verb::Restart), &s, &told(), &answers)).1, 3, "paused since");
}

#[test]
fn a_template_that_stands_elsewhere_is_changed_there() {
    let mut w = World::new(&Say::default(), Rows::canary("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.rollout(|r| {
            r.template_ref =
                Some(TemplateRef { kind: "Deployment".into(), name: "payment".into(), generation: None, observed: None });
        });
        rows
    });
    for verb in [Verb::Promote, Verb::Rollback] {
        let target = Target::new(name("payment"), name("production"));
        let action = match verb {
            Verb::Promote => Action::Promote { target, to: Some("1.0".into()) },
            _ => verb.on(target),
        };
        let (why, exit) = refused(ok(&action, &mut w));
        assert_eq!((why.as_str(), exit), ("the template of rollout/payment stands in Deployment payment", 3), "{verb:?}");
    }
}
