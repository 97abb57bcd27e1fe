//! Services and EndpointSlices.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{
        Delivery, Service, names,
        release::Phase,
        traffic::Arm,
        workload::{Pod, Set},
    },
};

/// A Service of a service: its name, and what it selects if nobody has changed that.
struct Front {
    name: String,
    labels: Value,
}

/// The Services in front of a service, each with its EndpointSlice.
pub fn services(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let sets = scene.world.sets(service, scene.cluster, scene.minute);
    for front in fronts(scene, service, &sets) {
        push(out, "services", object(scene, service, &front));
        // What somebody has written stays in the Service, and the slice follows it.
        let selector = scene.world.selection(scene.cluster, &front.name, scene.minute).unwrap_or(&front.labels);
        let chosen = sets.iter().filter(|set| set.selected(service, selector));
        let pods = chosen
            .flat_map(|set| set.crew.pods().iter().map(move |birth| scene.world.pod(scene.cluster, set, *birth, scene.minute)));
        push(out, "endpointslices", slice(scene, service, &front, &pods.collect::<Vec<_>>()));
    }
}

fn fronts(scene: Scene<'_>, service: &Service, sets: &[Set]) -> Vec<Front> {
    let front = |suffix: &str, labels: Value| Front { name: format!("{}{suffix}", service.name), labels };
    let owned = |owner: &str| Value::Object(service.labels(owner));
    let hash = |arm| sets.iter().find(|set| set.arm == Some(arm)).map(|set| set.hash.clone());
    let pinned = |hash: &str| json!({"app.kubernetes.io/name": service.name, service.hash_label(): hash});
    let stable = || hash(Arm::Stable).unwrap_or_default();
    let position = scene.world.position(service.name, scene.cluster, scene.minute);
    let promoted = position.is_some_and(|p| p.phase == Phase::Promoted);
    match service.delivery {
        Delivery::Rolling | Delivery::VirtualService => vec![front("", json!({"app.kubernetes.io/name": service.name}))],
        Delivery::BlueGreen => {
            let [blue, green] = ["blue", "green"].map(|slot| format!("{}-{slot}", service.name));
            vec![front("", owned(&blue)), front("-preview", owned(&green))]
        }
        Delivery::GatewayRoute | Delivery::TraefikService | Delivery::Ingress => {
            vec![front("", owned(service.name)), front("-canary", owned(&format!("{}-canary", service.name)))]
        }
        Delivery::Flagger => {
            let primary = super::flagger::primary(service);
            vec![front("", owned(&primary)), front("-primary", owned(&primary)), front("-canary", owned(service.name))]
        }
        Delivery::RolloutBlueGreen => {
            let stable = stable();
            let preview = hash(Arm::Canary).unwrap_or_else(|| stable.clone());
            let active = if promoted { preview.clone() } else { stable };
            vec![front("", pinned(&active)), front("-preview", pinned(&preview))]
        }
        Delivery::RolloutCanary => {
            let stable = stable();
            // Without a canary both Services select the stable pods, as the controller leaves them.
            let canary = hash(Arm::Canary).filter(|_| position.is_some_and(|p| p.pods.1 > 0)).unwrap_or_else(|| stable.clone());
            let stable = if promoted { canary.clone() } else { stable };
            let whole = json!({"app.kubernetes.io/name": service.name});
            vec![front("", whole), front("-canary", pinned(&canary)), front("-stable", pinned(&stable))]
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

fn slice(scene: Scene<'_>, service: &Service, front: &Front, pods: &[Pod]) -> Value {
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
    // A slice of nobody stays, without the member.
    if !pods.is_empty() {
        object["endpoints"] = pods.iter().map(endpoint).collect();
    }
    object["ports"] = json!([{"name": "http", "port": 8080, "protocol": "TCP"}]);
    object
}
