//! Delivery controllers and real traffic: what gonogo says of them is what they say themselves.

pub mod argo;
mod by_hand;
mod flagger;
mod flap;
mod switched;
mod traefik;
mod traefik_argo;

use serde_json::{Value, json};

use crate::bed::{Bed, Namespace, run};

/// Labels, selector and the only container of the pods of `app` with image tag `tag`.
fn pods(app: &str, tag: &str) -> (Value, Value) {
    let container = json!({ "name": "app", "image": format!("registry.example/shop/{app}:{tag}"),
        "ports": [{ "name": "http", "containerPort": 8080 }] });
    let template = json!({ "metadata": { "labels": { "app": app } }, "spec": { "containers": [container] } });
    (json!({ "matchLabels": { "app": app } }), template)
}

/// A Service that selects the pods of `app`.
fn service(name: &str, app: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name }, "spec": {
        "selector": { "app": app }, "ports": [{ "name": "http", "port": 80, "targetPort": 8080 }] } })
}

/// Applies several objects.
pub fn apply(namespace: &Namespace<'_>, items: &[Value]) {
    namespace.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items }));
}

/// What the plugin of Argo Rollouts answers, less the space around it.
pub fn plugin(namespace: &Namespace<'_>, args: &[&str]) -> String {
    let bed: &Bed = namespace.bed;
    let mut command = bed.command(bed.word("/argo/plugin"));
    command.env("KUBECONFIG", bed.word("/kubeconfig/admin")).args(["--namespace", &namespace.name]).args(args);
    run(&mut command).trim().to_owned()
}

/// All objects of `kinds`, read at once.
struct Objects(Vec<Value>);

impl Objects {
    fn of(namespace: &Namespace<'_>, kinds: &str) -> Self {
        Self(namespace.get(kinds)["items"].as_array().unwrap().clone())
    }

    fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    fn one(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    }

    /// The versions of all of them.
    fn versions(&self) -> Vec<&Value> {
        self.0.iter().map(|object| &object["metadata"]["resourceVersion"]).collect()
    }
}

/// The tag of an image.
fn tag(template: &Value) -> &str {
    template["spec"]["containers"][0]["image"].as_str().unwrap().rsplit(':').next().unwrap()
}
