//! The objects of a cluster at a minute, without resource versions. A pure function of the world.

mod analysis;
mod config;
mod flagger;
mod job;
mod network;
mod platform;
mod pod;
mod rollout;
mod route;
mod workload;

use serde_json::{Value, json};

use super::{
    super::world::{Cluster, Delivery, NAMESPACE, SERVICES, Service, World, names, workload::Set},
    kinds::{self, Kind},
};

/// One place and instant to make objects for.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The model.
    pub world: &'a World,
    /// Where.
    pub cluster: Cluster,
    /// When, in minutes since T0.
    pub minute: f64,
}

impl Scene<'_> {
    /// An object's uid.
    pub fn uid(&self, kind: &str, name: &str) -> String {
        names::uid(self.world.seed(), &["uid", self.cluster.name(), kind, name])
    }

    /// A minute as Kubernetes writes time.
    pub fn time(&self, minute: f64) -> String {
        self.world.instant(minute).to_string()
    }

    /// The head of an object in the services' namespace.
    pub fn object(&self, plural: &str, name: &str, service: &str, created: f64) -> Value {
        let kind = kinds::named(plural);
        json!({
            "apiVersion": kind.api_version(),
            "kind": kind.kind,
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "uid": self.uid(kind.kind, name),
                "creationTimestamp": self.time(created),
                "labels": {"app.kubernetes.io/name": service, "app.kubernetes.io/part-of": "shop"},
            },
        })
    }

    /// The reference that an owned object carries.
    pub fn owner(&self, plural: &str, name: &str) -> Value {
        let kind = kinds::named(plural);
        json!([{
            "apiVersion": kind.api_version(),
            "kind": kind.kind,
            "name": name,
            "uid": self.uid(kind.kind, name),
            "controller": true,
            "blockOwnerDeletion": true,
        }])
    }

    /// A condition that has stood since a minute.
    pub fn condition(&self, kind: &str, status: bool, reason: &str, message: &str, since: f64) -> Value {
        let at = self.time(since);
        let status = if status { "True" } else { "False" };
        json!({"type": kind, "status": status, "lastUpdateTime": at, "lastTransitionTime": at, "reason": reason, "message": message})
    }
}

/// Where the log of a cluster begins: objects as they stood an hour before T0, when nothing had moved for a while.
pub const BEGINNING: f64 = -60.0;

/// The minutes at which a service's objects change by themselves, in order, after [`BEGINNING`].
pub fn moments(world: &World, cluster: Cluster) -> Vec<(f64, &'static Service)> {
    let mut out = vec![];
    for service in &SERVICES {
        // An analysis takes a measurement, and its status with it.
        out.extend(analysis::moments(world, service, cluster).into_iter().map(|minute| (minute, service)));
        for position in world.positions(service.name, cluster) {
            // New pods become Ready a little after they came.
            out.extend([(position.minute, service), (position.minute + super::super::world::workload::START, service)]);
        }
        out.extend(world.stirred(service.name, cluster).into_iter().map(|minute| (minute, service)));
    }
    out.retain(|(minute, _)| *minute > BEGINNING);
    out.sort_by(|a, b| a.0.total_cmp(&b.0));
    out.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq() && a.1.name == b.1.name);
    out
}

/// Every object of the cluster.
pub fn all(scene: Scene<'_>) -> Vec<(&'static Kind, Value)> {
    let mut out = Vec::new();
    config::namespaces(scene, &mut out);
    platform::platform(scene, &mut out);
    for service in &SERVICES {
        out.extend(of(scene, service));
    }
    out
}

/// Every object of a service; each carries its name as the label `app.kubernetes.io/name`.
pub fn of(scene: Scene<'_>, service: &Service) -> Vec<(&'static Kind, Value)> {
    let mut out = Vec::new();
    config::config(scene, service, &mut out);
    workload::workloads(scene, service, &mut out);
    job::jobs(scene, service, &mut out);
    pod::pods(scene, service, &mut out);
    network::services(scene, service, &mut out);
    route::routes(scene, service, &mut out);
    if service.rollout() {
        rollout::rollout(scene, service, &mut out);
        analysis::runs(scene, service, &mut out);
    }
    if service.delivery == Delivery::Flagger {
        flagger::canary(scene, service, &mut out);
    }
    out
}

/// Adds an object under its kind.
fn push(out: &mut Vec<(&'static Kind, Value)>, plural: &str, object: Value) {
    out.push((kinds::named(plural), object));
}

/// The plural of what owns a service's ReplicaSets.
fn owner_plural(service: &Service) -> &'static str {
    if service.rollout() { "rollouts" } else { "deployments" }
}

/// The pod template of a ReplicaSet, without the template hash.
pub fn template_of(scene: Scene<'_>, service: &Service, set: &Set) -> Value {
    set.template.as_deref().cloned().unwrap_or_else(|| template(scene, service, &set.owner, &set.version))
}

/// The pod template of a version of a service, without the template hash.
fn template(scene: Scene<'_>, service: &Service, owner: &str, version: &str) -> Value {
    let mut labels = service.labels(owner);
    labels.insert("app.kubernetes.io/version".to_owned(), version.into());
    let mut annotations = scene.world.promises(service, version);
    annotations.insert("org.opencontainers.image.revision".to_owned(), scene.world.commit(service.name, version).into());
    annotations
        .insert("org.opencontainers.image.source".to_owned(), format!("https://github.com/{}", service.repository()).into());
    annotations.insert("org.opencontainers.image.version".to_owned(), version.into());
    defaulted(
        json!({"labels": labels, "annotations": annotations}),
        json!({
            "name": service.name,
            "image": scene.world.image(service.name, version),
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "envFrom": [{"configMapRef": {"name": format!("{}-config", service.name)}}, {"secretRef": {"name": format!("{}-secrets", service.name)}}],
            "readinessProbe": {
                "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
                "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3,
            },
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }),
    )
}

/// A pod template with one container, and with what the API server fills in where nobody says otherwise.
fn defaulted(metadata: Value, mut container: Value) -> Value {
    container["terminationMessagePath"] = "/dev/termination-log".into();
    container["terminationMessagePolicy"] = "File".into();
    json!({
        "metadata": metadata,
        "spec": {
            "containers": [container],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        },
    })
}

#[cfg(test)]
mod tests;
