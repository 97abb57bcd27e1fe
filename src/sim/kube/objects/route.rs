//! VirtualServices, DestinationRules, HTTPRoutes, TraefikServices and Ingresses.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{Delivery, Service, release::Phase},
};

/// The routes in front of a service.
pub fn routes(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let position = scene.world.position(service.name, scene.cluster, scene.minute);
    // Once promoted, the new version is what stands behind the stable Service.
    let weight = position.filter(|p| p.phase != Phase::Promoted).map_or(0, |p| p.weight);
    let since = BEGINNING - 90_000.0;
    let name = service.name;
    match service.delivery {
        Delivery::RolloutCanary => {
            let host = |arm: &str, weight: u32| json!({"destination": {"host": format!("{name}-{arm}"), "port": {"number": 80}}, "weight": weight});
            push(out, "virtualservices", virtual_service(scene, service, [host("stable", 100 - weight), host("canary", weight)]));
        }
        Delivery::VirtualService => {
            let subset = |arm: &str, weight: u32| json!({"destination": {"host": name, "subset": arm}, "weight": weight});
            push(
                out,
                "virtualservices",
                virtual_service(scene, service, [subset("stable", 100 - weight), subset("canary", weight)]),
            );
            let mut rule = scene.object("destinationrules", name, name, since);
            rule["metadata"]["generation"] = 1.into();
            let subset = |arm: &str| json!({"name": arm, "labels": {"track": arm}});
            rule["spec"] = json!({"host": name, "subsets": [subset("stable"), subset("canary")]});
            push(out, "destinationrules", rule);
        }
        Delivery::Flagger => {
            let host = |arm: &str, weight: u32| json!({"destination": {"host": format!("{name}-{arm}")}, "weight": weight});
            let mut route = virtual_service(scene, service, [host("primary", 100 - weight), host("canary", weight)]);
            super::flagger::own(scene, service, &mut route);
            push(out, "virtualservices", route);
            for arm in ["primary", "canary"] {
                let mut rule = scene.object("destinationrules", &format!("{name}-{arm}"), name, since);
                rule["metadata"]["generation"] = 1.into();
                rule["spec"] = json!({"host": format!("{name}-{arm}")});
                super::flagger::own(scene, service, &mut rule);
                push(out, "destinationrules", rule);
            }
        }
        Delivery::GatewayRoute => push(out, "httproutes", http_route(scene, service, weight)),
        Delivery::Rolling | Delivery::BlueGreen | Delivery::RolloutBlueGreen => {}
        Delivery::TraefikService => push(out, "traefikservices", traefik_service(scene, service, weight)),
        Delivery::Ingress => {
            push(out, "ingresses", ingress(scene, service, name, &json!({})));
            let prefix = "nginx.ingress.kubernetes.io";
            let notes = json!({
                format!("{prefix}/canary"): "true",
                format!("{prefix}/canary-weight"): weight.to_string(),
                format!("{prefix}/canary-by-header"): "x-canary",
            });
            push(out, "ingresses", ingress(scene, service, &format!("{name}-canary"), &notes));
        }
    }
}

fn virtual_service(scene: Scene<'_>, service: &Service, route: [Value; 2]) -> Value {
    let mut object = scene.object("virtualservices", service.name, service.name, BEGINNING - 90_000.0);
    let past = scene.world.positions(service.name, scene.cluster).into_iter().filter(|p| p.minute <= scene.minute);
    // The controller's writes count; a person's raise the generation where they are made.
    let delegated = matches!(service.delivery, Delivery::RolloutCanary | Delivery::Flagger);
    let writes = if delegated { past.count() } else { 0 };
    object["metadata"]["generation"] = json!(40 + writes);
    let hosts = [service.name.to_owned(), format!("{}.{}.svc.cluster.local", service.name, super::NAMESPACE)];
    object["spec"] =
        json!({"hosts": hosts, "gateways": ["mesh"], "http": [{"name": "primary", "route": route, "timeout": "5s"}]});
    if service.delivery == Delivery::RolloutCanary {
        let position = scene.world.position(service.name, scene.cluster, scene.minute);
        let at = position.map_or(BEGINNING - 2_000.0, |p| p.minute);
        let fields = json!({"f:spec": {"f:http": {}}});
        object["metadata"]["managedFields"] = json!([
            {"manager": "helm", "operation": "Update", "apiVersion": "networking.istio.io/v1", "time": scene.time(BEGINNING - 90_000.0), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:hosts": {}, "f:gateways": {}}}},
            {"manager": "rollouts-controller", "operation": "Update", "apiVersion": "networking.istio.io/v1alpha3", "time": scene.time(at), "fieldsType": "FieldsV1", "fieldsV1": fields},
        ]);
    }
    object
}

fn http_route(scene: Scene<'_>, service: &Service, weight: u32) -> Value {
    let since = BEGINNING - 90_000.0;
    let name = service.name;
    let mut object = scene.object("httproutes", name, name, since);
    object["metadata"]["generation"] = 7.into();
    let backend = |name: String, weight: u32| json!({"group": "", "kind": "Service", "name": name, "port": 80, "weight": weight});
    let parent = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "shop", "namespace": "gateway-system"});
    object["spec"] = json!({
        "parentRefs": [parent],
        "hostnames": [format!("{name}.shop.acme.example")],
        "rules": [{
            "name": "primary",
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "backendRefs": [backend(name.to_owned(), 100 - weight), backend(format!("{name}-canary"), weight)],
        }, {
            "name": "testers",
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}, "headers": [{"type": "Exact", "name": "x-canary", "value": "always"}]}],
            "backendRefs": [backend(format!("{name}-canary"), 1)],
        }],
    });
    let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "observedGeneration": 7, "lastTransitionTime": scene.time(since)});
    let conditions = [condition("Accepted", "Accepted"), condition("ResolvedRefs", "ResolvedRefs")];
    object["status"] =
        json!({"parents": [{"parentRef": parent, "controllerName": "istio.io/gateway-controller", "conditions": conditions}]});
    object
}

fn traefik_service(scene: Scene<'_>, service: &Service, weight: u32) -> Value {
    let name = service.name;
    let mut object = scene.object("traefikservices", name, name, BEGINNING - 90_000.0);
    object["metadata"]["generation"] = 12.into();
    let arm = |name: String, weight: u32| json!({"name": name, "kind": "Service", "port": 80, "weight": weight});
    object["spec"] =
        json!({"weighted": {"services": [arm(name.to_owned(), 100 - weight), arm(format!("{name}-canary"), weight)]}});
    object
}

/// An Ingress whose backend is the Service of the same name.
fn ingress(scene: Scene<'_>, service: &Service, name: &str, notes: &Value) -> Value {
    let mut object = scene.object("ingresses", name, service.name, BEGINNING - 90_000.0);
    object["metadata"]["generation"] = 2.into();
    if notes.as_object().is_some_and(|n| !n.is_empty()) {
        object["metadata"]["annotations"] = notes.clone();
    }
    let backend = json!({"service": {"name": name, "port": {"number": 80}}});
    object["spec"] = json!({
        "ingressClassName": "nginx",
        "rules": [{
            "host": format!("{}.shop.acme.example", service.name),
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
        }],
    });
    object["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}});
    object
}
