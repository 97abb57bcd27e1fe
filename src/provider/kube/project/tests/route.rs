//! Routes of every kind, from JSON as the systems write it.

use super::*;
use crate::domain::{ArmName, Backend, DestinationRule, Mark, MarkKind, Route, RouteArm, RouteKind, RouteRule};

fn named(name: &str) -> ArmName {
    ArmName { service: Some(name.into()), subset: None }
}

fn object(spec: Value) -> Value {
    json!({"metadata": meta(), "spec": spec})
}

fn vs(http: Value) -> Route {
    row(virtual_service, object(json!({"http": http}))).unwrap()
}

fn takes(rule: &RouteRule) -> Vec<&str> {
    rule.matches.iter().map(SafeText::as_str).collect()
}

fn percent(r: &Route, service: &str) -> Option<f64> {
    r.share(&[], &named(service)).map(|w| w.percent())
}

#[test]
fn a_virtual_service_and_its_shares() {
    let to = |host: &str, weight: Value| json!({"destination": {"host": host}, "weight": weight});
    let r = vs(json!([{"name": "status", "match": [{"uri": {"exact": "/status"}}], "route": [to("status", Value::Null)]},
        {"route": [to("payment-stable.shop.svc.cluster.local", json!(80)), to("payment-canary", json!(20)), to("x", Value::Null)]}]));
    assert_eq!(percent(&r, "payment-canary"), Some(20.0), "the rule that leads there, by the host's first label");
    assert_eq!(r.rules[1].arms[2].weight, 0, "no weight beside others is none");
    assert_eq!(r.rules[1].arms[0], RouteArm::to("payment-stable", 80), "its own namespace is not said");
    assert_eq!(takes(&r.rules[0]), ["path /status"]);
    for weight in [Value::Null, json!(0), json!(7)] {
        assert_eq!(percent(&vs(json!([{"route": [to("payment", weight)]}])), "payment"), Some(100.0), "alone");
    }
    let away = vs(json!([{"route": [to("payment.edge", json!(1)), to("api.example.com", json!(1))]}]));
    assert_eq!(away.rules[0].arms[0].namespace.as_deref(), Some("edge"));
    assert_eq!((&away.rules[0].arms[1].backend, &*away.rules[0].arms[1].service), (&Backend::Outside, "api.example.com"));
    let tls: Route = row(virtual_service, object(json!({"tls": [{"route": [to("a", json!(1)), to("b", json!(3))]}]}))).unwrap();
    assert_eq!(percent(&tls, "b"), Some(75.0));
    assert!(row(virtual_service, object(json!({"http": [{"route": [{"weight": 1}]}]}))).is_err(), "a route that leads nowhere");
    assert!(row(virtual_service, object(json!({"http": [{"route": [to("a\u{202e}b", json!(1))]}]}))).is_err());
    assert!(vs(Value::Null).rules.is_empty());
}

#[test]
fn what_a_rule_of_istio_takes_is_said_in_words() {
    let of = |matches: Value| vs(json!([{"match": matches, "route": []}])).rules[0].takes();
    for (matches, words) in [
        (json!([{"headers": {"x-canary": {"exact": "always"}}}]), "header x-canary=always"),
        (json!([{"headers": {"x-canary": {}}, "method": {"exact": "GET"}}]), "header x-canary and method=GET"),
        (json!([{"headers": {"agent": {"regex": ".*beta.*"}}}, {"uri": {"prefix": "/v2"}}]), "header agent~.*beta.* or 1 more"),
        (json!([{"uri": {"prefix": "/"}}]), "everything"),
        (json!([{"uri": {"prefix": "/x"}}, {"name": "all", "ignoreUriCase": true}]), "everything"),
        (json!([{"withoutHeaders": {"cookie": {"prefix": "a"}}}]), "not header cookie=a*"),
        (json!([{"sourceLabels": {"app": "web"}, "port": 80}]), "callers app=web and port 80"),
        (json!([{"teleport": {"far": 1}}]), "teleport {\"far\":1}"),
        (json!([{"headers": {"a\u{1b}[2J": {"exact": "\u{202e}"}}}]), "header a\u{fffd}[2J=\u{fffd}"),
        (json!([]), "everything"),
    ] {
        assert_eq!(of(matches.clone()), words, "{matches}");
    }
}

#[test]
fn mirrors_and_what_leads_nowhere() {
    let to = |host: &str| json!({"host": host});
    let r = vs(json!([
        {"route": [{"destination": to("a")}], "mirror": to("shadow"), "mirrorPercentage": {"value": 12.5},
         "mirrors": [{"destination": to("copy")}]},
        {"redirect": {"uri": "/x"}}, {"directResponse": {"status": 503}}, {"delegate": {"name": "other"}}]));
    let mirrors: Vec<_> = r.rules[0].mirrors.iter().map(|m| (m.to.to_string(), m.share.percent())).collect();
    assert_eq!(mirrors, [("shadow".to_owned(), 12.5), ("copy".to_owned(), 100.0)]);
    let leads: Vec<_> = r.rules.iter().map(RouteRule::leads).collect();
    assert_eq!(leads, ["goes to a", "redirects", "answers 503 itself", "is decided by virtualservice other"]);
}

#[test]
fn a_destination_rule_makes_subsets() {
    let spec = json!({"host": "payment.shop.svc.cluster.local", "subsets": [
        {"name": "stable", "labels": {"track": "stable"}}, {"name": "bad\u{7}name"}, {"name": "bare"}]});
    let r: DestinationRule = row(destination_rule, object(spec)).unwrap();
    assert_eq!((&*r.service, r.namespace.as_deref(), r.subsets.len()), ("payment", None, 2));
    assert!(r.subsets[1].labels.is_empty());
    assert!(row(destination_rule, object(json!({}))).is_err());
}

fn http(spec: Value, status: Value) -> Route {
    row(http_route, json!({"metadata": meta(), "spec": spec, "status": status})).unwrap()
}

#[test]
fn a_gateway_route_its_filters_and_matches() {
    let refs = json!([{"name": "payment-stable", "weight": 3}, {"name": "payment-canary"},
        {"name": "payment-canary", "kind": "Bucket", "weight": 4}]);
    let header =
        json!({"headers": [{"name": "x-canary", "value": "always"}, {"type": "RegularExpression", "name": "v", "value": "2.*"}]});
    let mirror = |how: Value| {
        let mut m = json!({"backendRef": {"name": "shadow", "namespace": "dark"}});
        m.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        json!({"type": "RequestMirror", "requestMirror": m})
    };
    let r = http(
        json!({"rules": [
            {"name": "testers", "matches": [header], "backendRefs": [{"name": "payment-canary"}]},
            {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": refs,
             "filters": [mirror(json!({"percent": 10})), mirror(json!({"fraction": {"numerator": 1, "denominator": 8}})),
                mirror(json!({})), {"type": "ExtensionRef"}]},
            {"matches": [{"path": {"type": "Exact", "value": "/old"}, "method": "GET"}], "filters": [{"type": "RequestRedirect"}]}]}),
        Value::Null,
    );
    assert_eq!(takes(&r.rules[0]), ["header x-canary=always and header v~2.*"]);
    assert_eq!(percent(&r, "payment-canary"), Some(12.5), "1 by default, of 3 + 1 + 4; a namesake of another kind is not it");
    let mirrors: Vec<_> = r.rules[1].mirrors.iter().map(|m| (m.to.to_string(), m.share.percent())).collect();
    assert_eq!(mirrors, [10.0, 12.5, 100.0].map(|p| ("shadow in dark".to_owned(), p)));
    assert_eq!((r.rules[2].takes(), r.rules[2].leads()), ("path /old and method GET".to_owned(), "redirects".to_owned()));
    let grpc: Route = row(
        grpc_route,
        object(json!({"rules": [{"matches": [{"method": {"service": "a.B", "method": "C"}}], "backendRefs": [{"name": "b"}]}]})),
    )
    .unwrap();
    assert_eq!((grpc.kind, takes(&grpc.rules[0])), (RouteKind::GrpcRoute, vec!["method a.B/C"]));
}

#[test]
fn what_the_parents_of_a_route_say() {
    let parent = json!({"kind": "Gateway", "name": "shop"});
    let said = |kind: &str, status: &str, reason: &str, seen: Value| json!({"type": kind, "status": status, "reason": reason, "message": "why\u{7}", "observedGeneration": seen});
    let complaints = |conditions: Value| {
        let status = json!({"parents": [{"parentRef": parent, "controllerName": "x", "conditions": conditions}]});
        http(json!({"parentRefs": [parent]}), status).complaints()
    };
    let good = |seen: i64| said("Accepted", "True", "Accepted", json!(seen));
    assert_eq!(complaints(json!([good(3), said("ResolvedRefs", "True", "ResolvedRefs", json!(3))])), Vec::<String>::new());
    for (conditions, words) in [
        (json!([good(2)]), "Gateway shop has seen generation 2 of it, and it is at 3"),
        (
            json!([good(3), said("ResolvedRefs", "False", "BackendNotFound", json!(3))]),
            "Gateway shop cannot resolve what it leads to (BackendNotFound): why\u{fffd}",
        ),
        (
            json!([said("Accepted", "False", "NotAllowedByListeners", json!(3))]),
            "Gateway shop does not accept it (NotAllowedByListeners): why\u{fffd}",
        ),
        (json!([said("Accepted", "Maybe", "Odd", json!(3))]), "Gateway shop does not accept it (Odd): why\u{fffd}"),
        (json!([]), "Gateway shop does not say whether it accepts it"),
    ] {
        assert_eq!(complaints(conditions.clone()), [words], "{conditions}");
    }
    let silent = http(json!({"parentRefs": [parent]}), Value::Null).complaints();
    assert_eq!(silent, ["Gateway shop has not answered to it yet"]);
    assert!(http(json!({}), Value::Null).complaints().is_empty(), "without parents nobody is to answer");
}

#[test]
fn an_ingress_with_its_canary() {
    let make = |name: &str, service: &str, notes: Value| -> Route {
        let path = |at: &str, service: &str| json!({"path": at, "pathType": "Prefix", "backend": {"service": {"name": service}}});
        let spec = json!({"rules": [{"host": "shop.example", "http": {"paths": [path("/", service), path("/img", "media")]}}]});
        let raw = with(with(object(spec), "/metadata/name", json!(name)), "/metadata/annotations", notes);
        row(ingress, raw).unwrap()
    };
    let note = |pairs: &[(&str, &str)]| {
        let key = |k: &str| format!("nginx.ingress.kubernetes.io/canary{k}");
        Value::Object(pairs.iter().map(|(k, v)| (key(k), json!(v))).collect())
    };
    let main = make("cart", "cart", json!({}));
    let laid = |notes: &[(&str, &str)]| {
        let canary = make("cart-canary", "cart-canary", note(notes));
        main.with_canaries([&main, &canary].into_iter())
    };
    assert_eq!(takes(&main.rules[0]), ["shop.example/"]);
    for (notes, share) in [
        (vec![("", "true"), ("-weight", "20")], Some(20.0)),
        (vec![("", "true"), ("-weight", "30"), ("-weight-total", "200")], Some(15.0)),
        (vec![("", "true"), ("-weight", "300")], Some(100.0)),
        (vec![("", "true"), ("-weight", "much")], Some(0.0)),
        (vec![("", "true")], Some(0.0)),
        (vec![("", "false"), ("-weight", "20")], None),
        (vec![("-weight", "20")], None),
    ] {
        let rule = laid(&notes).rules.into_iter().find(|r| r.arms.iter().any(|a| &*a.service == "cart")).unwrap();
        assert_eq!(rule.share(&named("cart-canary")).map(|w| w.percent()), share, "{notes:?}");
    }
    let all = [("", "true"), ("-weight", "5"), ("-by-header", "x-canary"), ("-by-cookie", "beta")];
    let first = |more: &[(&str, &str)]| {
        let r = laid(&[&all[..], more].concat());
        r.rules[..2].iter().map(|r| format!("{} {}", r.takes(), r.leads())).collect::<Vec<_>>()
    };
    assert_eq!(first(&[]), ["header x-canary=always goes to cart-canary", "cookie beta=always goes to cart-canary"]);
    assert_eq!(first(&[("-by-header-value", "me")])[0], "header x-canary=me goes to cart-canary");
    assert_eq!(first(&[("-by-header-pattern", "a|b")])[0], "header x-canary~a|b goes to cart-canary");
}

#[test]
fn traefik_splits_by_weight_and_mirrors() {
    let spec = json!({"weighted": {"services": [{"name": "cart", "weight": 4, "port": 80}, {"name": "cart-canary"},
        {"name": "deep", "kind": "TraefikService", "weight": 3}]}});
    let r: Route = row(traefik_service, object(spec)).unwrap();
    assert_eq!(percent(&r, "cart-canary"), Some(12.5));
    assert_eq!(r.rules[0].arms[2].backend, Backend::Other("TraefikService".into()));
    let spec = json!({"mirroring": {"name": "cart", "port": 80, "mirrors": [{"name": "shadow", "percent": 10}]}});
    let r: Route = row(traefik_service, object(spec)).unwrap();
    assert_eq!((r.rules[0].leads(), r.rules[0].mirrors[0].share.percent()), ("goes to cart".to_owned(), 10.0));
    assert!(row(traefik_service, object(json!({"highestRandomWeight": {}}))).is_err(), "a form that we do not know");
}

#[test]
fn the_routes_that_a_rollout_names() {
    let of = |routing: Value| {
        let raw = with(rollout_json(), "/spec/strategy/canary/trafficRouting", routing);
        let r: Rollout = row(rollout, raw).unwrap();
        let RolloutStrategy::Canary(c) = r.strategy else { panic!("a canary") };
        c
    };
    let names = |routing: Value| of(routing).routing.routes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let istio = of(json!({"istio": {"virtualService": {"name": "pay", "routes": ["primary", "se\u{7}c"]},
        "destinationRule": {"name": "pay", "canarySubsetName": "canary", "stableSubsetName": "stable"}}}));
    assert_eq!(istio.routing.routes[0].rules.iter().map(|r| &**r).collect::<Vec<_>>(), ["primary"]);
    let (canary, _) = istio.arms();
    assert_eq!((canary.service, canary.subset.as_deref()), (None, Some("canary")), "both arms are one Service");
    assert_eq!(names(json!({"traefik": {"weightedTraefikServiceName": "split"}})), ["traefikservice/split"]);
    assert_eq!(names(json!({"nginx": {"stableIngress": "a", "stableIngresses": ["b"]}})), ["ingress/a", "ingress/b"]);
    let plugin = json!({"argoproj-labs/gatewayAPI": {"httpRoute": "x", "namespace": "shop", "grpcRoutes": [{"name": "y"}]}});
    assert_eq!(names(json!({"plugins": plugin})), ["httproute/x", "grpcroute/y"]);
    assert!(names(json!({"smi": {}, "traefik": {"weightedTraefikServiceName": "../x"}})).is_empty());
}

#[test]
fn signs_of_ownership_and_writers() {
    let field = |manager: &str, sub: &str, at: &str| json!({"manager": manager, "operation": "Update", "subresource": sub, "time": at, "fieldsV1": {"f:spec": {"deep": [1, 2]}}});
    let full = json!({
        "name": "payment", "namespace": "shop", "uid": "u-1", "resourceVersion": "41",
        "labels": {"app.kubernetes.io/instance": "shop", "kustomize.toolkit.fluxcd.io/name": "apps",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system", "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"argocd.argoproj.io/tracking-id": "shop\u{7}:apps/Deployment:shop/payment",
            "argo-rollouts.argoproj.io/managed-by-rollouts": "payment",
            "kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
        "ownerReferences": [{"kind": "Canary", "name": "payment", "uid": "c-1", "controller": true}],
        "managedFields": [field("kubectl-edit", "", "2026-03-03T10:00:05Z"), field("flagger", "", "2026-03-03T10:00:00Z"),
            field("gonogo", "", "2026-03-03T10:00:05Z"), field("traefik", "status", "2026-03-03T10:00:09Z"), {"manager": "nobody"},
            {"manager": "annotator", "operation": "Update", "time": "2026-03-03T10:00:09Z", "fieldsV1": {"f:metadata": {}}}],
    });
    let r: Route = row(http_route, json!({"metadata": full, "spec": {}})).unwrap();
    let marks: Vec<_> = r.meta.marks.iter().map(|Mark { kind, name }| (*kind, name.to_string())).collect();
    let want = [
        (MarkKind::ArgoTracking, "shop\u{fffd}"),
        (MarkKind::Instance, "shop"),
        (MarkKind::FluxKustomization, "flux-system/apps"),
        (MarkKind::FluxOff, ""),
        (MarkKind::Helm, "shop"),
        (MarkKind::ManagedByRollouts, "payment"),
        (MarkKind::FlaggerCanary, "payment"),
    ];
    assert_eq!(marks, want.map(|(kind, name)| (kind, name.to_owned())));
    let writers: Vec<_> = r.meta.writers.iter().map(|w| w.manager.as_str()).collect();
    assert_eq!(
        writers,
        ["flagger", "gonogo", "kubectl-edit"],
        "who writes only the status or notes is no owner; newest last, others after us"
    );
    let bare: Deployment = row(deployment, json!({"metadata": meta(), "spec": {}})).unwrap();
    assert!(bare.workload.meta.marks.is_empty() && bare.workload.meta.writers.is_empty());
}
