//! Namespaces, ConfigMaps and Secrets.

use serde_json::{Value, json};

use super::{BEGINNING, Scene, push};
use crate::sim::{
    kube::kinds::Kind,
    world::{Service, names},
};

/// The namespaces; the uid of `kube-system` is the identity of the cluster.
pub fn namespaces(scene: Scene<'_>, out: &mut Vec<(&'static Kind, Value)>) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system", super::NAMESPACE] {
        let metadata = json!({
            "name": name,
            "uid": scene.uid("Namespace", name),
            "creationTimestamp": scene.time(BEGINNING - 500_000.0),
            "labels": {"kubernetes.io/metadata.name": name},
        });
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        push(out, "namespaces", object);
    }
}

/// A service's configuration; the values of its Secret mean nothing.
pub fn config(scene: Scene<'_>, service: &Service, out: &mut Vec<(&'static Kind, Value)>) {
    let created = BEGINNING - 200_000.0;
    let mut map = scene.object("configmaps", &format!("{}-config", service.name), service.name, created);
    map["data"] = json!({"LOG_LEVEL": "info", "SERVICE": service.name, "ENVIRONMENT": scene.cluster.environment().name()});
    push(out, "configmaps", map);
    let mut secret = scene.object("secrets", &format!("{}-secrets", service.name), service.name, created);
    // Letters and digits are valid base64 when their count is a multiple of four.
    secret["data"] = json!({"DATABASE_PASSWORD": names::hex(scene.world.seed(), &["secret", service.name], 24)});
    secret["type"] = "Opaque".into();
    push(out, "secrets", secret);
}
