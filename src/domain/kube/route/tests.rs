//! Tables: which rule counts, and who gets which share of it.

use super::*;
use crate::domain::rows;

fn rule(name: &str, matches: &[&str], arms: &[(&str, u32)]) -> RouteRule {
    RouteRule {
        name: (!name.is_empty()).then(|| name.into()),
        matches: matches.iter().map(|m| (*m).into()).collect(),
        arms: arms.iter().map(|(service, weight)| RouteArm::to(service, *weight)).collect(),
        mirrors: vec![],
        instead: None,
    }
}

fn route(rules: Vec<RouteRule>) -> Route {
    let kind = RouteKind::VirtualService;
    Route { meta: rows::meta("cart", "r"), kind, rules, wants: vec![], parents: vec![], canary: None }
}

fn named(service: &str) -> ArmName {
    ArmName { service: Some(service.into()), subset: None }
}

#[test]
fn the_weighted_rule_is_chosen_as_the_controllers_choose_it() {
    let split: &[(&str, u32)] = &[("cart-stable", 80), ("cart-canary", 20)];
    let arms = [named("cart-canary"), named("cart-stable")];
    for (what, rules, wanted, at) in [
        ("the only rule, even where it does not lead there", vec![rule("a", &[], &[("x", 1)])], &[][..], Some(0)),
        ("the named one", vec![rule("a", &[], split), rule("b", &[], split)], &["b"][..], Some(1)),
        ("a name that is not there", vec![rule("a", &[], split)], &["b"][..], None),
        ("the first without a name", vec![rule("a", &[], split), rule("", &[], split)], &[][..], Some(1)),
        (
            "one that splits before one that does not",
            vec![rule("", &["h"], &[("cart-canary", 1)]), rule("b", &[], split)],
            &[][..],
            Some(1),
        ),
        ("others' rules are passed over", vec![rule("", &["/x"], &[("x", 1), ("y", 1)]), rule("", &[], split)], &[][..], Some(1)),
        ("one that leads there alone", vec![rule("", &[], &[("x", 1)]), rule("", &[], &[("cart-stable", 1)])], &[][..], Some(1)),
        ("none that leads there", vec![rule("", &[], &[("x", 1)]), rule("", &[], &[("y", 1)])], &[][..], None),
        ("no rule at all", vec![], &[][..], None),
    ] {
        let wanted: Vec<Arc<str>> = wanted.iter().map(|n| (*n).into()).collect();
        assert_eq!(route(rules).weighted(&wanted, &arms), at, "{what}");
    }
}

#[test]
fn shares_are_weights_over_their_sum() {
    let share = |arms: &[(&str, u32)]| rule("", &[], arms).share(&named("c")).map(Weight::percent);
    assert_eq!(share(&[("s", 3), ("c", 1)]), Some(25.0));
    assert_eq!(share(&[("c", 1), ("s", 2), ("c", 1)]), Some(50.0), "twice the same");
    assert_eq!(share(&[("s", 0), ("c", 0)]), None, "nobody gets any");
    assert_eq!(share(&[("s", 1)]), None, "it does not lead there");
    assert_eq!(share(&[("s", u32::MAX), ("c", u32::MAX)]), Some(50.0), "no overflow");
    let subset = |name: &str, weight| RouteArm { subset: Some(name.into()), ..RouteArm::to("cart", weight) };
    let by_subset = RouteRule { arms: vec![subset("stable", 90), subset("canary", 10)], ..rule("", &[], &[]) };
    let canary = ArmName { service: None, subset: Some("canary".into()) };
    assert_eq!(by_subset.share(&canary).map(Weight::percent), Some(10.0));
    assert_eq!(by_subset.share(&ArmName::default()), None, "a name of nothing fits nothing");
    let bucket =
        RouteRule { arms: vec![RouteArm { backend: Backend::Other("Bucket".into()), ..RouteArm::to("c", 1) }], ..by_subset };
    assert_eq!(bucket.share(&named("c")), None, "a namesake of another kind");
}
