//! Services and EndpointSlices.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, hash_label, push, selector};
use crate::sim::{
    kube::kinds::Kind,
    world::{Delivery, Service, names, release::Phase, traffic::Arm, workload::Pod},
};

/// A Service of a service: its name, further selector labels and which pods it reaches.
struct Front {
    name: String,
    labels: Value,
    pods: Vec<Pod>,
}

/// The Services in front of a service, each with its EndpointSlice.
pub fn services(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    for front in fronts(scene, service) {
        push(out, "services", object(scene, service, &front));
        push(out, "endpointslices", slice(scene, service, &front));
    }
}

fn fronts(scene: Scene<'_>, service: &Service) -> Vec<Front> {
    let pods = scene.world.pods(service, scene.cluster, scene.now());
    let of = |want: &dyn Fn(&Pod) -> bool| pods.iter().filter(|pod| want(pod)).cloned().collect::<Vec<_>>();
    let front = |suffix: &str, labels: Value, pods: Vec<Pod>| Front { name: format!("{}{suffix}", service.name), labels, pods };
    let owned = |owner: &str| Value::Object(selector(service, owner));
    match service.delivery {
        Delivery::Rolling | Delivery::VirtualService => {
            vec![front("", json!({"app.kubernetes.io/name": service.name}), pods.clone())]
        }
        Delivery::BlueGreen => {
            let [blue, green] = ["blue", "green"].map(|slot| format!("{}-{slot}", service.name));
            vec![front("", owned(&blue), of(&|p| p.owner == blue)), front("-preview", owned(&green), of(&|p| p.owner == green))]
        }
        Delivery::GatewayRoute | Delivery::TraefikService | Delivery::Ingress => {
            let canary = format!("{}-canary", service.name);
            vec![
                front("", owned(service.name), of(&|p| p.owner == service.name)),
                front("-canary", owned(&canary), of(&|p| p.owner == canary)),
            ]
        }
        Delivery::Flagger => {
            let primary = super::flagger::primary(service);
            let serving = || of(&|p| p.owner == primary);
            vec![
                front("", owned(&primary), serving()),
                front("-primary", owned(&primary), serving()),
                front("-canary", owned(service.name), of(&|p| p.owner == service.name)),
            ]
        }
        Delivery::RolloutBlueGreen => {
            let sets = scene.world.sets(service, scene.cluster, scene.now());
            let hash = |arm| sets.iter().find(|set| set.arm == Some(arm)).map(|set| set.hash.clone());
            let stable = hash(Arm::Stable).unwrap_or_default();
            let preview = hash(Arm::Canary).unwrap_or_else(|| stable.clone());
            let position = scene.world.position(service.name, scene.cluster, scene.minute);
            let active = if position.is_some_and(|p| p.phase == Phase::Promoted) { preview.clone() } else { stable };
            let pinned = |hash: &str| json!({"app.kubernetes.io/name": service.name, hash_label(service): hash});
            vec![
                front("", pinned(&active), of(&|p| p.hash == active)),
                front("-preview", pinned(&preview), of(&|p| p.hash == preview)),
            ]
        }
        Delivery::RolloutCanary => {
            let sets = scene.world.sets(service, scene.cluster, scene.now());
            let hash = |arm| sets.iter().find(|set| set.arm == Some(arm)).map(|set| set.hash.clone());
            let stable = hash(Arm::Stable).unwrap_or_default();
            let position = scene.world.position(service.name, scene.cluster, scene.minute);
            let promoted = position.is_some_and(|p| p.phase == Phase::Promoted);
            // Without a canary both Services select the stable pods, as the controller leaves them.
            let canary = hash(Arm::Canary).filter(|_| position.is_some_and(|p| p.pods.1 > 0)).unwrap_or_else(|| stable.clone());
            let stable = if promoted { canary.clone() } else { stable };
            let pinned = |hash: &str| json!({"app.kubernetes.io/name": service.name, hash_label(service): hash});
            vec![
                front("", json!({"app.kubernetes.io/name": service.name}), pods.clone()),
                front("-canary", pinned(&canary), of(&|p| p.hash == canary)),
                front("-stable", pinned(&stable), of(&|p| p.hash == stable)),
            ]
        }
    }
}

fn object(scene: Scene<'_>, service: &Service, front: &Front) -> Value {
    let octets = names::bytes(scene.world.seed(), &["cluster-ip", scene.cluster.name(), &front.name]);
    let ip = format!("10.96.{}.{}", octets[0], 1 + octets[1] % 254);
    let mut object = scene.object("services", &front.name, service.name, BEGINNING - 100_000.0);
    if service.delivery == Delivery::RolloutCanary && front.name != service.name {
        object["metadata"]["annotations"] = json!({"argo-rollouts.argoproj.io/managed-by-rollouts": service.name});
    }
    if service.delivery == Delivery::RolloutBlueGreen {
        object["metadata"]["annotations"] = json!({"argo-rollouts.argoproj.io/managed-by-rollouts": service.name});
    }
    if service.delivery == Delivery::Flagger {
        super::flagger::own(scene, service, &mut object);
    }
    object["spec"] = json!({
        "type": "ClusterIP",
        "clusterIP": ip,
        "clusterIPs": [ip],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
        "selector": front.labels,
        "sessionAffinity": "None",
    });
    object["status"] = json!({"loadBalancer": {}});
    object
}

fn slice(scene: Scene<'_>, service: &Service, front: &Front) -> Value {
    let suffix = names::suffix(scene.world.seed(), &["slice", scene.cluster.name(), &front.name], 5);
    let name = format!("{}-{suffix}", front.name);
    let mut object = scene.object("endpointslices", &name, service.name, BEGINNING - 100_000.0);
    object["metadata"]["generateName"] = format!("{}-", front.name).into();
    object["metadata"]["labels"]["kubernetes.io/service-name"] = front.name.as_str().into();
    object["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io".into();
    object["metadata"]["ownerReferences"] = scene.owner("services", &front.name);
    object["addressType"] = "IPv4".into();
    let endpoint = |pod: &Pod| {
        json!({
            "addresses": [pod.ip],
            "conditions": {"ready": pod.ready, "serving": pod.ready, "terminating": false},
            "nodeName": pod.node,
            "targetRef": {"kind": "Pod", "name": pod.name, "namespace": super::NAMESPACE, "uid": scene.uid("Pod", &pod.name)},
        })
    };
    object["endpoints"] = front.pods.iter().map(endpoint).collect();
    object["ports"] = json!([{"name": "http", "port": 8080, "protocol": "TCP"}]);
    object
}
