//! What routes make of users' requests, in the verdict.

use super::*;
use crate::domain::{RolloutStrategy, Route, RouteArm, RouteKind, RouteRule};

#[test]
fn env_says_what_users_get_and_whether_the_route_is_in_force() {
    let world = |canary: u32, ready: u32, wants: &[&str]| {
        let mut w = World::calm();
        let mut planned = rollout("1", "2");
        if let RolloutStrategy::Canary(spec) = &mut planned.strategy {
            spec.routing.routes[0].kind = RouteKind::HttpRoute;
        }
        w.rollout("eu-1", planned);
        let names = ["payment-stable", "payment-canary"];
        let rule = RouteRule {
            name: None,
            matches: vec![],
            arms: vec![RouteArm::to(names[0], 100 - canary), RouteArm::to(names[1], canary)],
            mirrors: vec![],
            instead: None,
        };
        let route = Route {
            meta: rows::meta("payment", "r"),
            kind: RouteKind::HttpRoute,
            rules: vec![rule],
            wants: wants.iter().map(|w| (*w).into()).collect(),
            parents: vec![],
            canary: None,
        };
        let slices = vec![rows::endpoints(names[0], 3), rows::endpoints(names[1], ready)];
        for update in [
            ClusterUpdate::Services(Update::Replace(names.map(rows::service).to_vec())),
            ClusterUpdate::Endpoints(Update::Replace(slices)),
            ClusterUpdate::HttpRoutes(Update::Replace(vec![route])),
        ] {
            w.tell(SourceUpdate::Cluster(name("eu-1"), update));
        }
        w
    };
    let env = |canary, ready, wants: &[&str]| world(canary, ready, wants).says(StationKind::Env);
    assert_eq!(env(20, 1, &[]), "GO payment: runs as wanted");
    assert_eq!(
        env(20, 0, &[]),
        "NO-GO payment: eu-1: 20 % of requests get 503: payment-canary has no ready endpoint",
        "whatever the route's status says"
    );
    assert_eq!(env(20, 1, &["Gateway shop"]), "HOLD payment: eu-1: httproute/payment: Gateway shop has not answered to it yet");
    let s = world(20, 1, &[]).store.snapshot(now());
    let placement = s.placements_of(&name("payment"), &name("production"))[0];
    let actual = placement.traffic.as_ref().and_then(|t| t.actual.as_ref()).map(|a| (a.weight.percent(), a.at));
    assert_eq!(actual, Some((50.0, now())), "both arms have 50 requests per second");
    let evidence = &s.verdict.station(StationKind::Env).unwrap().reasons[0].evidence;
    assert_eq!(
        evidence.iter().find(|e| e.source.as_str() == "eu-1 shop/httproute/payment").unwrap().said.as_str(),
        "payment-stable 80 % (3 ready), payment-canary 20 % (1 ready); the canary measured 50 % over 5 minutes"
    );
}
