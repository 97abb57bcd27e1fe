//! Who gets which share, what goes elsewhere first, what users get, and who would undo a change.

use super::*;
use crate::domain::{
    BlueGreen, DestinationRule, Labels, Mark, MarkKind, Mirror, NoteKind, RouteParent, SideName, Subset, Template,
};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
}

fn at(name: &str, pairs: &[(&str, &str)]) -> KubeService {
    KubeService { meta: meta(name, name), selector: labels(pairs) }
}

/// `cart` and `cart-canary`, each a Deployment behind a Service of its name, split by a route of `kind`.
fn by_hand(kind: RouteKind, canary: u32) -> ClusterState {
    let make = |name: &str, uid: &str, track: &str, tag: &str| {
        let pairs = labels(&[("app", "cart"), ("track", track)]);
        let template = Template { labels: pairs.clone(), ..rows::template("cart", tag) };
        let workload = Workload { meta: meta(name, uid), template, selector: pairs, ..rows::workload("cart", tag) };
        Deployment { workload, revision: Some(1), ..deployment() }
    };
    let mut other = set("two", 1, "2.0", 1);
    other.owner = Some("v".into());
    let mut c = ClusterState {
        deployments: live(vec![make("cart", "u", "stable", "1.0"), make("cart-canary", "v", "canary", "2.0")]),
        replica_sets: live(vec![set("one", 1, "1.0", 3), other]),
        services: live(vec![
            at("cart", &[("app", "cart"), ("track", "stable")]),
            at("cart-canary", &[("app", "cart"), ("track", "canary")]),
        ]),
        endpoints: live(vec![endpoints("cart", 3), endpoints("cart-canary", 1)]),
        ..cluster()
    };
    let arms = vec![RouteArm::to("cart", 100 - canary), RouteArm::to("cart-canary", canary)];
    put(&mut c, plain_route(kind, arms));
    c
}

fn put(c: &mut ClusterState, route: Route) {
    let rows = live(vec![route.clone()]);
    match route.kind {
        RouteKind::VirtualService => c.virtual_services = rows,
        RouteKind::HttpRoute => c.http_routes = rows,
        RouteKind::GrpcRoute => c.grpc_routes = rows,
        RouteKind::TraefikService => c.traefik_services = rows,
        RouteKind::Ingress => c.ingresses = rows,
    }
}

fn place(c: &ClusterState) -> Placement {
    joined(WorkloadKind::Deployment, c)
}

fn notes(c: &ClusterState) -> Vec<String> {
    place(c).traffic.iter().flat_map(|t| &t.notes).map(|n| n.text.to_string()).collect()
}

#[test]
fn two_workloads_behind_a_route_that_nobody_owns_are_a_canary() {
    for kind in [RouteKind::HttpRoute, RouteKind::VirtualService, RouteKind::TraefikService] {
        let p = place(&by_hand(kind, 20));
        let canary = p.canary.unwrap();
        assert_eq!((canary.set.map(Weight::percent), canary.owner.as_str()), (Some(20.0), "nobody"), "{kind:?}");
        assert_eq!(canary.canary.unwrap().tag.as_str(), "2.0");
        assert_eq!((canary.canary_hash.as_deref(), canary.stable_hash.as_deref()), (Some("two"), Some("one")));
        assert_eq!(canary.workload.unwrap().to_string(), "deployment/cart-canary");
        assert!(matches!(canary.state, CanaryPhase::Paused { planned: true, .. }));
        let traffic = p.traffic.unwrap();
        let arms: Vec<_> = traffic.arms.iter().map(|a| (&*a.service, a.set.percent(), a.ready)).collect();
        assert_eq!(arms, [("cart", 80.0, Some(3)), ("cart-canary", 20.0, Some(1))]);
        assert_eq!(p.health, Health::Pass);
    }
    let idle = place(&by_hand(RouteKind::HttpRoute, 0));
    assert_eq!(idle.canary.unwrap().state, CanaryPhase::Done, "nobody reaches it");
}

#[test]
fn the_other_arm_is_no_canary_of_the_canary() {
    let mut c = by_hand(RouteKind::HttpRoute, 20);
    let service = Service {
        name: "cart-canary".parse().unwrap(),
        pipeline: None,
        workload: WorkloadRef { kind: WorkloadKind::Deployment, name: "cart-canary".into() },
        slo: Limits::default(),
        runbook: None,
        links: vec![],
        blue_green: None,
    };
    let placing = Placing { cluster: "eu-1".parse().unwrap(), namespace: "shop".into() };
    let p = join(&service, &"production".parse().unwrap(), &placing, &c);
    assert_eq!(p.canary, None);
    // A route that a controller writes is that controller's to speak of.
    let mut route = plain_route(RouteKind::HttpRoute, vec![RouteArm::to("cart", 80), RouteArm::to("cart-canary", 20)]);
    route.meta.marks = vec![Mark { kind: MarkKind::FlaggerCanary, name: "cart".into() }];
    put(&mut c, route);
    let p = place(&c);
    assert_eq!((p.canary, p.traffic.is_some()), (None, true));
    assert_eq!(p.owners.iter().map(|o| o.object.as_str()).collect::<Vec<_>>(), ["httproute/cart"]);
}

#[test]
fn what_users_get_is_said_whatever_the_route_says() {
    let broken = |kind: RouteKind, canary: u32, change: fn(&mut ClusterState)| {
        let mut c = by_hand(kind, canary);
        change(&mut c);
        match place(&c).health {
            Health::Fail(causes) => causes[0].to_string(),
            other => format!("{other:?}"),
        }
    };
    fn empty(c: &mut ClusterState) {
        c.endpoints = live(vec![endpoints("cart", 3), endpoints("cart-canary", 0)]);
    }
    fn gone(c: &mut ClusterState) {
        c.services = live(vec![at("cart", &[("app", "cart"), ("track", "stable")])]);
    }
    use RouteKind::{HttpRoute, TraefikService, VirtualService};
    for (kind, canary, change, want) in [
        (HttpRoute, 20, empty as fn(&mut ClusterState), "20 % of requests get 503: cart-canary has no ready endpoint"),
        (TraefikService, 5, empty, "5 % of requests get 503: cart-canary has no ready endpoint"),
        (HttpRoute, 100, empty, "all requests get 503: cart-canary has no ready endpoint"),
        (HttpRoute, 0, empty, "Pass"),
        (HttpRoute, 20, gone, "20 % of requests get 500: service cart-canary does not exist"),
        (VirtualService, 20, gone, "20 % of requests get 503: service cart-canary does not exist"),
        (HttpRoute, 0, gone, "Pass"),
    ] {
        assert_eq!(broken(kind, canary, change), want, "{kind:?} {canary}");
    }
    let mut c = by_hand(HttpRoute, 20);
    put(&mut c, plain_route(HttpRoute, vec![RouteArm::to("cart", 0), RouteArm::to("cart-canary", 0)]));
    assert_eq!(notes(&c), ["all requests fail: no destination of httproute/cart has a weight"]);
    // What stands in a namespace that is not followed cannot be told.
    let away = RouteArm { namespace: Some("edge".into()), ..RouteArm::to("far", 50) };
    put(&mut c, plain_route(HttpRoute, vec![RouteArm::to("cart", 50), away]));
    assert_eq!(place(&c).health, Health::Pass);
}

#[test]
fn subsets_are_told_apart_by_the_labels_of_pods() {
    let mut c = by_hand(RouteKind::VirtualService, 0);
    c.services = live(vec![at("cart", &[("app", "cart")])]);
    c.endpoints = live(vec![endpoints("cart", 4)]);
    let of = |name: &str, track: &str| Pod { labels: labels(&[("app", "cart"), ("track", track)]), ..pod(name, "one", true) };
    c.pods = live(vec![of("a", "stable"), of("b", "stable")]);
    let subset = |name: &str| Subset { name: name.into(), labels: labels(&[("track", name)]) };
    let arm = |name: &str, weight| RouteArm { subset: Some(name.into()), ..RouteArm::to("cart", weight) };
    put(&mut c, plain_route(RouteKind::VirtualService, vec![arm("stable", 90), arm("canary", 10)]));
    let rules =
        |subsets| live(vec![DestinationRule { meta: meta("cart", "d"), service: "cart".into(), namespace: None, subsets }]);
    c.destination_rules = rules(vec![subset("stable"), subset("canary")]);
    assert_eq!(notes(&c), ["10 % of requests get 503: cart subset canary has no ready endpoint"]);
    let canary = place(&c).canary.unwrap();
    assert_eq!((canary.set.map(Weight::percent), canary.canary.unwrap().tag.as_str()), (Some(10.0), "2.0"));
    c.pods = live(vec![of("a", "stable"), of("b", "canary")]);
    assert!(notes(&c).is_empty());
    c.destination_rules = rules(vec![subset("stable")]);
    assert!(notes(&c).contains(&"10 % of requests get 503: no DestinationRule makes cart subset canary".to_owned()));
}

#[test]
fn rules_in_front_and_mirrors_are_named() {
    let mut c = by_hand(RouteKind::VirtualService, 20);
    let rule = |matches: &[&str], to: &str| RouteRule {
        name: None,
        matches: matches.iter().map(|m| (*m).into()).collect(),
        arms: vec![RouteArm::to(to, 100)],
        mirrors: vec![],
        instead: None,
    };
    let mut route = c.virtual_services.value().unwrap().values().next().unwrap().clone();
    route.rules[0].mirrors = vec![Mirror { to: RouteArm::to("shadow", 100), share: Weight::new(10.0) }];
    route.rules.insert(0, rule(&["header x-canary=always"], "cart-canary"));
    route.rules.push(rule(&["path /late"], "cart"));
    put(&mut c, route.clone());
    assert_eq!(notes(&c), ["header x-canary=always goes to cart-canary first", "mirror 10 % to shadow"]);
    assert_eq!(place(&c).canary.unwrap().set.map(Weight::percent), Some(20.0), "the rule that splits counts");
    // Gateway API asks the narrower rule first, wherever it stands.
    route.kind = RouteKind::HttpRoute;
    c.virtual_services = live(vec![]);
    put(&mut c, route.clone());
    assert_eq!(notes(&c)[..2], ["header x-canary=always goes to cart-canary first", "path /late goes to cart first"]);
    route.kind = RouteKind::VirtualService;
    c.http_routes = live(vec![]);
    route.rules.insert(0, rule(&[], "old"));
    put(&mut c, route);
    assert_eq!(
        notes(&c)[0],
        "a rule in front takes everything and goes to old, where nobody answers: the weights decide nothing"
    );
}

#[test]
fn a_route_that_is_not_in_force_and_one_that_cannot_be_read_are_said() {
    let mut c = by_hand(RouteKind::HttpRoute, 20);
    let mut route = c.http_routes.value().unwrap().values().next().unwrap().clone();
    route.wants = vec!["Gateway shop".into()];
    put(&mut c, route.clone());
    assert_eq!(notes(&c), ["httproute/cart: Gateway shop has not answered to it yet"]);
    assert_eq!(place(&c).traffic.unwrap().notes[0].kind, NoteKind::Status);
    let accepted = crate::domain::RouteCondition {
        kind: "Accepted".into(),
        status: Some(true),
        reason: "Accepted".into(),
        message: "".into(),
        observed_generation: Some(2),
    };
    route.parents = vec![RouteParent { name: "Gateway shop".into(), conditions: vec![accepted] }];
    put(&mut c, route);
    assert!(notes(&c).is_empty());
    // A Rollout whose VirtualService may not be read keeps what the controller says, and is no worse for it.
    let mut c = cluster();
    c.rollouts = live(vec![Rollout { weight: Some(Weight::new(20.0)), ..rollout() }]);
    c.replica_sets = live(vec![set("one", 1, "1.0", 3), set("two", 2, "2.0", 1)]);
    c.virtual_services = Feed::Waiting;
    c.virtual_services.trouble(Timestamp::UNIX_EPOCH, Problem::new(ProblemKind::Forbidden, "virtualservices is forbidden"));
    let p = joined(WorkloadKind::Rollout, &c);
    let traffic = p.traffic.unwrap();
    assert_eq!(traffic.notes[0].text.as_str(), "virtualservice/cart cannot be read: virtualservices is forbidden");
    assert_eq!((traffic.notes[0].kind, p.health), (NoteKind::Apart, Health::Pass));
    assert_eq!(p.canary.unwrap().set.map(Weight::percent), Some(20.0));
}

#[test]
fn an_idle_canary_service_is_no_failure_of_a_rollout() {
    let mut c = cluster();
    c.rollouts = live(vec![rows::rollout("cart", "two", "two")]);
    c.services = live(vec![
        at("cart-stable", &[("app", "cart"), ("rollouts-pod-template-hash", "two")]),
        at("cart-canary", &[("app", "cart"), ("rollouts-pod-template-hash", "two")]),
    ]);
    c.endpoints = live(vec![endpoints("cart-stable", 3), endpoints("cart-canary", 0)]);
    put(&mut c, plain_route(RouteKind::VirtualService, vec![RouteArm::to("cart-stable", 100), RouteArm::to("cart-canary", 0)]));
    assert_eq!(joined(WorkloadKind::Rollout, &c).health, Health::Pass, "it gets no share");
}

fn switched(c: &ClusterState) -> Placement {
    let side = |name: &str| WorkloadRef { kind: WorkloadKind::Deployment, name: name.into() };
    let (blue, green) = (side("cart"), side("cart-canary"));
    let service = Service {
        name: "cart".parse().unwrap(),
        pipeline: None,
        workload: blue.clone(),
        slo: Limits::default(),
        runbook: None,
        links: vec![],
        blue_green: Some(BlueGreen { service: "front".into(), blue, green, preview: None, warm: crate::domain::WARM }),
    };
    let placing = Placing { cluster: "eu-1".parse().unwrap(), namespace: "shop".into() };
    join(&service, &"production".parse().unwrap(), &placing, c)
}

#[test]
fn the_selector_of_the_service_says_which_side_serves() {
    let world = |selector: &[(&str, &str)]| {
        let mut c = by_hand(RouteKind::HttpRoute, 0);
        c.http_routes = live(vec![]);
        c.services = live(vec![at("front", selector), at("next", &[("app", "cart"), ("track", "canary")])]);
        c.endpoints = live(vec![endpoints("front", 3), endpoints("next", 1)]);
        c
    };
    let blue = switched(&world(&[("app", "cart"), ("track", "stable")]));
    assert_eq!((blue.delivery, &blue.health), (Some(crate::domain::Delivery::BlueGreen), &Health::Pass));
    assert_eq!((blue.workload.to_string(), blue.version.unwrap().tag.as_str()), ("deployment/cart".to_owned(), "1.0"));
    let sides = blue.sides.unwrap();
    assert_eq!((sides.active, sides.preview.as_deref()), (Some(SideName::Blue), Some("next")));
    let (serving, idle) = sides.active_and_idle().unwrap();
    assert_eq!((serving.endpoints, idle.endpoints), (Some(3), Some(1)));
    assert_eq!(idle.version.as_ref().unwrap().tag.as_str(), "2.0");
    let green = switched(&world(&[("app", "cart"), ("track", "canary")]));
    assert_eq!((green.workload.to_string(), green.version.unwrap().tag.as_str()), ("deployment/cart-canary".to_owned(), "2.0"));
    for (selector, want) in [
        (&[("app", "cart")][..], "Unknown(\"service front selects deployment/cart and deployment/cart-canary alike\")"),
        (&[("app", "other")], "Fail([\"service front selects neither deployment/cart nor deployment/cart-canary\"])"),
    ] {
        let p = switched(&world(selector));
        assert_eq!((format!("{:?}", p.health), p.version), (want.to_owned(), None));
    }
    let mut c = world(&[("app", "cart")]);
    c.services = live(vec![]);
    assert_eq!(format!("{:?}", switched(&c).health), "Fail([\"service front does not exist\"])");
    let mut c = world(&[("app", "cart"), ("track", "stable")]);
    c.endpoints = live(vec![endpoints("front", 0), endpoints("next", 1)]);
    assert_eq!(format!("{:?}", switched(&c).health), "Fail([\"service front has no ready endpoint\"])");
}
