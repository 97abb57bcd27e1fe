//! Blue-green by the selector of a Service: fill, switch, retire, and the way back.

use super::*;
use crate::domain::{Change, KubeService, rows};

fn after_switch(minutes: i64) -> World {
    World::new(&Say::default(), Rows::calm("1.0"), move || {
        let mut rows = Rows::calm("1.0");
        let mut service = leads("green");
        service.meta.writers[0].at = Some(now() - jiff::SignedDuration::from_mins(minutes));
        let preview = KubeService { selector: leads("blue").selector, ..rows::service("front-preview") };
        rows.services = vec![service, preview];
        rows
    })
}

#[test]
fn fill_brings_the_build_to_the_idle_side_in_as_many_pods_as_the_other_has() {
    let plan = ok(&action(Verb::Fill), &mut world(Verb::Fill, &Say::default())).unwrap();
    match &plan.moves()[0].change {
        Change::Fill { images, replicas, build } => {
            assert_eq!(*replicas, 3);
            assert_eq!(build.version.as_deref(), Some("2.2"), "with what is said of it where it comes from");
            assert_eq!(images[0].image.as_str(), format!("r.example/front-green:2.2@{}", rows::digest("4")));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(&*plan.moves()[0].target.key.name, "front-green");
    assert_eq!(plan.undo().unwrap().as_str(), "gonogo retire front --env production");
    let to = Action::Fill { target: action(Verb::Fill).target().clone(), to: Some("2.0".into()) };
    let (_, exit) = refused(ok(&to, &mut world(Verb::Fill, &Say::default())));
    assert_eq!(exit, 0, "users get it already");
}

#[test]
fn switch_asks_for_the_labels_of_the_other_side() {
    let plan = ok(&action(Verb::Switch), &mut world(Verb::Switch, &Say::default())).unwrap();
    let Change::Select { selector } = &plan.moves()[0].change else { panic!() };
    assert_eq!(selector.get("side").map(|v| &**v), Some("green"));
    assert_eq!(selector.get("app").map(|v| &**v), Some("front"));
    assert_eq!(plan.consent().tier(), 3, "all traffic in one move");
}

#[test]
fn switch_to_nobody_is_refused_whoever_says_it() {
    let s = world(Verb::Switch, &Say::default()).snapshot();
    let nobody = Answers { seen: |seen| seen.behind = Some(0), ..Answers::default() };
    let (why, exit) = refused(run(&action(Verb::Switch), &s, &told(), &nobody));
    assert!(why.contains("no ready pod stands behind the other side") && exit == 3, "{why}");
    let mut empty = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("front-green", |d| {
            d.workload.available = 0;
            d.workload.ready = 0;
        });
        rows
    });
    let (why, _) = refused(ok(&action(Verb::Switch), &mut empty));
    assert_eq!(why, "deployment/front-green has no pod that is available on eu-1: every request would fail");
    let mut half = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("front-green", |d| d.workload.available = 2);
        rows
    });
    let (why, exit) = refused(ok(&action(Verb::Switch), &mut half));
    assert_eq!((why.as_str(), exit), ("deployment/front-green is not complete on eu-1: 2 of 3 pods are available", 6));
    let mut labelless = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.services[0].selector.insert("zone".into(), "a".into());
        rows.deployment("front-blue", |d| {
            d.workload.template.labels.insert("zone".into(), "a".into());
        });
        rows
    });
    let (why, _) = refused(ok(&action(Verb::Switch), &mut labelless));
    assert_eq!(why, "service front asks for label zone, which pods of deployment/front-green do not carry on eu-1");
}

#[test]
fn retire_waits_for_the_warm_window() {
    let (why, exit) = refused(ok(&action(Verb::Retire), &mut after_switch(10)));
    assert_eq!((why.as_str(), exit), ("deployment/front-blue is the warm way back on eu-1 for another 20m00s", 6));
    let plan = ok(&action(Verb::Retire), &mut after_switch(31)).unwrap();
    assert_eq!((plan.consent().tier(), &plan.moves()[0].change), (2, &Change::Retire));
    // The journal knows of a newer switch than the cluster tells.
    let s = after_switch(31).snapshot();
    let target = crate::domain::ChangeTarget {
        cluster: name("us-1"),
        kind: crate::domain::ObjectKind::Service,
        key: crate::domain::ObjectKey::new("shop", "front").unwrap(),
    };
    let kept = Kept { rejected: vec![], switched: vec![(target, now() - jiff::SignedDuration::from_mins(5))] };
    let (why, _) = refused(run(&action(Verb::Retire), &s, &Told { kept, ..told() }, &Answers::default()));
    assert!(why.contains("us-1 for another 25m00s"), "{why}");
    let mut unknown = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.services[0].meta.writers = vec![];
        rows
    });
    let plan = ok(&action(Verb::Retire), &mut unknown).unwrap();
    assert_eq!(plan.consent().tier(), 3);
    assert_eq!(plan.because()[0].as_str(), "eu-1: when users were led away from deployment/front-green is not known");
}

#[test]
fn fill_over_the_warm_way_back_is_typed() {
    let to = Action::Fill { target: action(Verb::Fill).target().clone(), to: Some("1.0".into()) };
    let mut w = after_switch(10);
    let (_, exit) = refused(ok(&to, &mut w));
    assert_eq!(exit, 3, "nobody has run front 1.0");
    let mut staging = Rows::calm("1.0");
    for pod in staging.pods.iter_mut().filter(|p| p.key.name.starts_with("front-blue")) {
        pod.digests = vec![Some(rows::digest("4"))];
    }
    w.cluster("stg", staging);
    let plan = ok(&action(Verb::Fill), &mut w).unwrap();
    assert!(plan.because().iter().any(|b| b.as_str().contains("is the warm way back")), "{:?}", plan.because());
}

#[test]
fn rollback_of_a_pair_switches_back_while_the_other_side_is_warm() {
    let plan = ok(&on(Verb::Rollback, "front"), &mut after_switch(10)).unwrap();
    let Change::Select { selector } = &plan.moves()[0].change else { panic!() };
    assert_eq!(selector.get("side").map(|v| &**v), Some("blue"));
    assert!(plan.back());
    assert_eq!(plan.consent().tier(), 2, "all traffic, and still: it goes back");
    assert_eq!(plan.rejects(), [rows::digest("3")]);
    let mut cold = World::new(&Say::default(), Rows::calm("1.0"), || {
        let mut rows = Rows::calm("1.0");
        rows.deployment("front-green", |d| {
            d.workload.wanted = 0;
            d.workload.available = 0;
        });
        rows
    });
    let refusal = ok(&on(Verb::Rollback, "front"), &mut cold).unwrap_err();
    assert_eq!(refusal.why.as_str(), "deployment/front-green has no pod that is available on eu-1: the other side is cold");
    assert_eq!(
        refusal.hint.unwrap().as_str(),
        "gonogo fill front --env production --to 2.1, then gonogo switch front --env production"
    );
}

#[test]
fn a_pair_is_not_promoted_and_a_plain_deployment_is_not_switched() {
    let refusal = ok(&on(Verb::Promote, "front"), &mut world(Verb::Fill, &Say::default())).unwrap_err();
    assert!(refusal.hint.unwrap().as_str().starts_with("gonogo fill front --env production"));
    for verb in [Verb::Fill, Verb::Switch, Verb::Retire] {
        let (why, exit) = refused(ok(&on(verb, "cart"), &mut world(Verb::Promote, &Say::default())));
        assert!(why.starts_with("cart is no blue-green pair") && exit == 3, "{verb:?}: {why}");
    }
}
