//! Several services under one consent.

use super::{back::facts, *};

fn of(verb: Verb, services: &[&str]) -> Action {
    on(verb, services[0]).aimed(name(services[0]), services[1..].iter().map(|s| name(s)).collect())
}

fn objects(plan: &Plan) -> Vec<String> {
    plan.moves().iter().map(|m| m.target.to_string()).collect()
}

#[test]
fn several_services_are_one_plan_under_one_consent() {
    let action = of(Verb::Restart, &["payment", "cart"]);
    let mut w = world(Verb::Restart, &Say::default());
    let plan = ok(&action, &mut w).unwrap();
    let alone = |service| ok(&on(Verb::Restart, service), &mut world(Verb::Restart, &Say::default())).unwrap();
    let (payment, cart) = (alone("payment"), alone("cart"));
    assert_eq!(objects(&plan), [objects(&payment), objects(&cart)].concat(), "in the order in which they were named");
    assert_eq!((plan.title().as_str(), plan.place().as_str()), ("RESTART payment, cart", "production · eu-1 us-1"));
    assert_eq!(plan.services().unwrap(), "payment, cart");
    assert_eq!((plan.consent().tier(), plan.confirm_name()), (3, "production"));
    assert_eq!(plan.because(), [SafeText::from("2 services under one consent")]);
    assert!(plan.one_by_one());
    // A cluster says once who it is, and is driven there by a Lease per service.
    assert_eq!(plan.driving().iter().map(|d| d.wheels.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!((plan.blast().rps, plan.blast().clusters), (Some(100.0), 2));
    assert_eq!(plan.blast().pods, payment.blast().pods + cart.blast().pods);
    assert_eq!(Action::parse(plan.action().to_argv()).unwrap(), action);
    assert!(plan.hash() != payment.hash() && plan.hash() != cart.hash());
    let said = format!("payment: {}; cart: {}", payment.from(), cart.from());
    assert_eq!(plan.from().as_str(), said);

    let open = Say { policy: Policy::Open, ..Say::default() };
    assert_eq!(ok(&action, &mut world(Verb::Restart, &open)).unwrap().consent().tier(), 1, "`y` outside of production");
}

#[test]
fn what_goes_forward_goes_for_all_of_them_or_for_none() {
    let mut w = world(Verb::Promote, &Say::default());
    let (why, exit) = refused(ok(&of(Verb::Restart, &["cart", "nobody"]), &mut w));
    assert_eq!((why.as_str(), exit), ("nobody: no service is named nobody", 2));
    let (why, exit) = refused(ok(&of(Verb::Step, &["payment", "cart"]), &mut world(Verb::Step, &Say::default())));
    assert_eq!((why.as_str(), exit), ("cart is a plain Deployment: there is nothing to step", 3));
    // What is done already stands in nobody's way, and is no part of it.
    let plan = ok(&of(Verb::Promote, &["payment", "cart"]), &mut w).unwrap();
    assert!(objects(&plan).iter().all(|object| object.ends_with("shop/cart")), "{:?}", objects(&plan));
    assert_eq!((plan.moves().len(), plan.consent().tier()), (2, 2), "{:?}", plan.because());
    assert!(plan.notes().iter().any(|note| note.as_str().starts_with("payment")), "{:?}", plan.notes());
    let (why, exit) = refused(ok(&of(Verb::Promote, &["payment", "payment"]), &mut w));
    assert_eq!((why.as_str(), exit), ("payment is named twice", 2));
}

#[test]
fn going_back_waits_for_none_of_them() {
    let mut w = world(Verb::Abort, &Say::default());
    let plan = ok(&of(Verb::Abort, &["cart", "payment"]), &mut w).unwrap();
    assert!(objects(&plan).iter().all(|object| object.ends_with("shop/payment")), "{:?}", objects(&plan));
    let left = "cart is left as it is: cart is a plain Deployment: there is nothing to abort";
    assert_eq!((plan.left_out(), plan.consent().tier()), ([SafeText::from(left)].as_slice(), 2));
    assert!(!plan.one_by_one());
    let (why, exit) = refused(ok(&of(Verb::Abort, &["cart", "front"]), &mut w));
    assert!(exit == 3 && why.contains("cart is a plain Deployment") && why.contains("; front is a pair"), "{exit} {why}");
    let target = of(Verb::Abort, &["cart", "payment"]).target().clone();
    let ways: Vec<&str> = ways(&target, &w.snapshot(), &told()).iter().map(Action::name).collect();
    assert_eq!(ways, ["abort", "rollback"], "each to its own last known good");
}

#[test]
fn what_one_of_them_breaks_is_accepted_by_name_for_all() {
    let action = of(Verb::Rollback, &["payment", "cart"]);
    let s = world(Verb::Rollback, &Say::default()).snapshot();
    let answers = Answers { facts: Ok(facts("42")), ..Answers::default() };
    let refusal = run(&action, &s, &told(), &answers).unwrap_err();
    let hint = refusal.hint.unwrap();
    assert!(hint.as_str().contains("gonogo rollback payment cart --env production --accept-unsafe schema.users"), "{hint}");
    let asking = Told { guard: Guard { names_unsafe: true, ..Guard::default() }, ..told() };
    let plan = run(&action, &s, &asking, &answers).unwrap();
    assert_eq!((plan.consent().tier(), plan.accepts()), (3, vec![&SafeText::from("schema.users")]));
    assert!(plan.preflights().iter().any(|p| p.name.as_str() == "cart: contract schema.users"), "{:?}", plan.preflights());
}

#[test]
fn what_is_undone_alike_is_undone_by_one_command() {
    let part = |action: Action, undo: Option<Action>| {
        let plan = ok(&action, &mut world(Verb::from(&action), &Say::default())).unwrap();
        Plan { undo: undo.into_iter().collect(), ..plan }
    };
    let back = |service| on(Verb::Rollback, service);
    let parts = |more: Option<Action>| {
        vec![part(on(Verb::Restart, "cart"), Some(back("cart"))), part(on(Verb::Restart, "payment"), more)]
    };
    let line = |more| Plan { undo: crate::engine::plan::several::undo(&parts(more)), ..parts(None).remove(0) }.undo();
    let undo = |more| line(Some(more)).unwrap().to_string();
    assert_eq!(undo(back("payment")), "gonogo rollback cart payment --env production");
    let named = Action::Promote { target: back("payment").target().clone(), to: Some("1.0".into()) };
    let each = "gonogo rollback cart --env production && gonogo promote payment --env production --to 1.0";
    assert_eq!(undo(named), each);
    assert_eq!(line(None), None, "half of it undone is not undone");
}
