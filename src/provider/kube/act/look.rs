//! One object as it is now.

use std::collections::BTreeSet;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{send::AUDIT_ID, settle};
use crate::{
    domain::{
        Change, ChangeTarget, Labels, ObjectKey, ObjectKind, Problem, ProblemKind, Rollout, RolloutStrategy, RouteKind, Row,
        Seen, Settled,
    },
    provider::kube::{
        kind::{self, Kind},
        transport::{JSON, Transport},
    },
};

/// The labels that controllers add to the template of a revision: no part of what somebody wanted.
const HASHES: [&str; 2] = ["pod-template-hash", "rollouts-pod-template-hash"];

pub(super) fn parse<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))
}

/// The way to a cluster's objects, under an id for its audit log.
struct Reader<'a> {
    transport: &'a Transport,
    audit: &'a str,
}

impl Reader<'_> {
    async fn json(&self, path: &str, what: &str) -> Result<Value, Problem> {
        let request = http::Request::get(path)
            .header(http::header::ACCEPT, JSON)
            .header(AUDIT_ID, self.audit)
            .body(Vec::new())
            .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))?;
        let (_, body) = self.transport.whole(request, what).await?;
        parse(&body, what)
    }

    /// An object as a row, and as the server keeps it.
    async fn read<K: Kind>(&self, key: &ObjectKey) -> Result<(K::Row, Value), Problem> {
        self.read_in::<K>(key, 0).await
    }

    async fn read_in<K: Kind>(&self, key: &ObjectKey, group: usize) -> Result<(K::Row, Value), Problem> {
        let what = format!("get {} {key}", K::PLURAL);
        let path = format!("/{}/namespaces/{}/{}/{}", K::GROUPS[group], key.namespace, K::PLURAL, key.name);
        let raw = self.json(&path, &what).await?;
        let wire = K::Wire::deserialize(&raw).map_err(|e| Problem::new(ProblemKind::Unreadable, format!("{what}: {e}")))?;
        let row = K::row(wire).map_err(|odd| Problem::new(ProblemKind::Unreadable, format!("{what}: {odd}")))?;
        if row.key() == *key {
            Ok((row, raw))
        } else {
            Err(Problem::new(ProblemKind::Unreadable, format!("{what}: the server answered with another object")))
        }
    }

    /// The template of the revision that a change goes back to, or `None` where none is meant.
    async fn earlier(&self, target: &ChangeTarget, change: &Change) -> Result<Option<Value>, Problem> {
        let Change::Template { revision, name, .. } = change else { return Ok(None) };
        let gone = || {
            Problem::new(ProblemKind::NotFound, format!("revision {name} of {target} is gone"))
                .hint("choose another one; revisionHistoryLimit says how many are kept")
        };
        let key = ObjectKey { namespace: target.key.namespace.clone(), name: name.clone() };
        let (row, mut raw) = match self.read::<kind::ReplicaSets>(&key).await {
            Err(problem) if problem.kind == ProblemKind::NotFound => return Err(gone()),
            other => other?,
        };
        // A namesake made later is another revision.
        if row.meta.uid != *revision {
            return Err(gone());
        }
        let mut template = raw.pointer_mut("/spec/template").map(Value::take).unwrap_or_default();
        bare(&mut template);
        Ok(Some(template))
    }
}

/// Takes out what a controller added.
fn bare(template: &mut Value) {
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        for hash in HASHES {
            labels.remove(hash);
        }
    }
    if let Some(meta) = template.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        // Servers write `null` here, or nothing.
        meta.remove("creationTimestamp");
    }
}

/// Whether the template of an object is this one.
fn holds(raw: &Value, wanted: Option<&Value>) -> bool {
    let mut now = raw.pointer("/spec/template").cloned().unwrap_or_default();
    bare(&mut now);
    wanted.is_some_and(|wanted| now == *wanted)
}

/// What is there now, and whether it shows what was asked for.
pub async fn look(
    transport: &Transport,
    target: &ChangeTarget,
    change: &Change,
    audit: &str,
) -> Result<(Seen, Settled), Problem> {
    let reader = Reader { transport, audit };
    match target.kind {
        ObjectKind::Deployment => {
            let (row, raw) = reader.read::<kind::Deployments>(&target.key).await?;
            let earlier = reader.earlier(target, change).await?;
            let same = holds(&raw, earlier.as_ref());
            let mut seen = Seen::deployment(&row);
            seen.template = earlier.filter(|_| !same).map(Into::into);
            Ok((seen, settle::deployment(&row, &raw, change, same)))
        }
        ObjectKind::Rollout => {
            let (row, raw) = reader.read::<kind::Rollouts>(&target.key).await?;
            let earlier = reader.earlier(target, change).await?;
            let same = holds(&raw, earlier.as_ref());
            let mut seen = Seen::rollout(&row);
            seen.template = earlier.filter(|_| !same).map(Into::into);
            let mut settled = settle::rollout(&row, &raw, change, same);
            if matches!(change, Change::Abort | Change::Template { .. } | Change::Full { .. }) && settled == Settled::Reached {
                // A controller says Degraded or Healthy a moment before its last write to the route.
                settled = reader.routes(&row).await?;
            }
            Ok((seen, settled))
        }
        ObjectKind::Service => {
            let (row, _) = reader.read::<kind::Services>(&target.key).await?;
            let mut seen = Seen::service(&row);
            let Change::Select { selector } = change else {
                return Err(Problem::new(ProblemKind::Invalid, "a Service takes a selector and nothing else"));
            };
            let pods = reader.ready_pods(&target.key, selector).await?;
            seen.behind = Some(u32::try_from(pods.len()).unwrap_or(u32::MAX));
            let behind = reader.behind(&target.key, &pods).await?;
            let settled = settle::service(&row, selector, behind);
            Ok((seen, settled))
        }
    }
}

impl Reader<'_> {
    /// Whether the routes of a rollout that has ended have left the canary.
    async fn routes(&self, row: &Rollout) -> Result<Settled, Problem> {
        let RolloutStrategy::Canary(spec) = &row.strategy else { return Ok(Settled::Reached) };
        let (canary, stable) = spec.arms();
        for name in &spec.routing.routes {
            let namespace = name.namespace.as_ref().unwrap_or(&row.workload.meta.key.namespace);
            let key = ObjectKey { namespace: namespace.clone(), name: name.name.clone() };
            let (route, _) = match name.kind {
                RouteKind::VirtualService => {
                    let newest = self.read::<kind::VirtualServices>(&key).await;
                    if newest.as_ref().is_err_and(|p| p.kind == ProblemKind::NotFound) {
                        self.read_in::<kind::VirtualServices>(&key, 1).await
                    } else {
                        newest
                    }
                }
                RouteKind::HttpRoute => self.read::<kind::HttpRoutes>(&key).await,
                RouteKind::GrpcRoute => self.read::<kind::GrpcRoutes>(&key).await,
                RouteKind::TraefikService => self.read::<kind::TraefikServices>(&key).await,
                // The weight stands on another Ingress, which goes away with the canary; the controller's word counts.
                RouteKind::Ingress => continue,
            }?;
            let rule = route.weighted(&name.rules, &[canary.clone(), stable.clone()]).and_then(|i| route.rules.get(i));
            let share = rule.and_then(|r| r.share(&canary)).map_or(0.0, |w| w.percent());
            if share > 0.0 {
                return Ok(Settled::NotYet(format!("the route still sends {share:.0} % to the canary").into()));
            }
        }
        Ok(Settled::Reached)
    }

    /// The names of the ready pods that a selector finds.
    async fn ready_pods(&self, service: &ObjectKey, selector: &Labels) -> Result<BTreeSet<String>, Problem> {
        // What the server took as labels needs no escaping but for the slash of a prefix.
        let selector: Vec<String> = selector.iter().map(|(k, v)| format!("{}%3D{v}", k.replace('/', "%2F"))).collect();
        let path = format!("/api/v1/namespaces/{}/pods?labelSelector={}", service.namespace, selector.join("%2C"));
        let list = self.json(&path, "list pods").await?;
        let ready = |pod: &&Value| {
            let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
            conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
                && pod.pointer("/metadata/deletionTimestamp").is_none()
        };
        let pods = list["items"].as_array().into_iter().flatten().filter(ready);
        Ok(pods.filter_map(|p| p.pointer("/metadata/name")?.as_str().map(str::to_owned)).collect())
    }

    /// How many ready endpoints of a Service are these pods, and how many are others.
    async fn behind(&self, service: &ObjectKey, pods: &BTreeSet<String>) -> Result<(u32, u32), Problem> {
        let of =
            format!("/{}/namespaces/{}/{}", kind::EndpointSlices::GROUPS[0], service.namespace, kind::EndpointSlices::PLURAL);
        let path = format!("{of}?labelSelector=kubernetes.io%2Fservice-name%3D{}", service.name);
        let list = self.json(&path, "list endpointslices").await?;
        let (mut ours, mut others) = (0, 0);
        for slice in list["items"].as_array().into_iter().flatten() {
            for endpoint in slice["endpoints"].as_array().into_iter().flatten() {
                // Absent means ready (discovery.k8s.io/v1).
                if endpoint.pointer("/conditions/ready").and_then(Value::as_bool) == Some(false) {
                    continue;
                }
                let name = endpoint.pointer("/targetRef/name").and_then(Value::as_str);
                *(if name.is_some_and(|n| pods.contains(n)) { &mut ours } else { &mut others }) += 1;
            }
        }
        Ok((ours, others))
    }
}
