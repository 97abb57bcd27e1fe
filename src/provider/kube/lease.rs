//! Who drives: a Lease per service and environment (coordination.k8s.io/v1).
//!
//! Its times are the clients': they are compared with the server's `Date`. `renewTime` must have microseconds; without
//! them the server answers 422 (seen on 1.36).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    act::{AUDIT_ID, by_us},
    transport::{JSON, Transport},
    wire::ObjectMeta,
};
use crate::{
    domain::{DRIVES, Driver, ObjectKey, Problem, ProblemKind, SafeText},
    provider::role::Timer,
};

#[derive(Deserialize)]
struct Lease {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    holder_identity: Option<String>,
    lease_duration_seconds: Option<i64>,
    acquire_time: Option<Timestamp>,
    renew_time: Option<Timestamp>,
}

fn path(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
}

fn row(body: &[u8], read: Timestamp, what: &str) -> Result<Driver, Problem> {
    let odd = |why: &str| Problem::new(ProblemKind::Unreadable, format!("{what}: {why}"));
    let lease: Lease = serde_json::from_slice(body).map_err(|e| odd(&e.to_string()))?;
    let version = lease.metadata.resource_version.ok_or_else(|| odd("it has no version"))?;
    let renewed = lease.spec.renew_time.or(lease.spec.acquire_time).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Driver {
        holder: lease.spec.holder_identity.unwrap_or_default().into(),
        since: lease.spec.acquire_time.unwrap_or(renewed),
        renewed,
        lasts: SignedDuration::from_secs(lease.spec.lease_duration_seconds.unwrap_or(0)),
        read,
        version: version.into(),
    })
}

/// Who drives, or drove last; `None` where nobody ever did.
pub(super) async fn driver(transport: &Transport, timer: &dyn Timer, key: &ObjectKey) -> Result<Option<Driver>, Problem> {
    let what = format!("get lease {key}");
    match transport.dated(&format!("{}/{}", path(&key.namespace), key.name), &what).await {
        Ok((body, date)) => row(&body, date.unwrap_or_else(|| timer.now()), &what).map(Some),
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Takes the wheel, or keeps it: over what was seen, so that of two who take it at once one is told.
pub(super) async fn drive(
    transport: &Transport,
    timer: &dyn Timer,
    key: &ObjectKey,
    holder: &SafeText,
    seen: Option<&Driver>,
    audit: &str,
) -> Result<Driver, Problem> {
    let now = timer.now();
    let stamp = |t: Timestamp| format!("{t:.6}");
    let kept = seen.filter(|d| d.holder == *holder && d.drives());
    let mut lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": &*key.name, "namespace": &*key.namespace,
            "labels": {"app.kubernetes.io/managed-by": "gonogo"},
        },
        "spec": {
            "holderIdentity": holder.as_str(),
            "leaseDurationSeconds": DRIVES.as_secs(),
            "acquireTime": stamp(kept.map_or(now, |d| d.since)),
            "renewTime": stamp(now),
        },
    });
    let (method, path) = match seen {
        None => ("POST", path(&key.namespace)),
        Some(driver) => {
            lease["metadata"]["resourceVersion"] = Value::from(&*driver.version);
            ("PUT", format!("{}/{}", path(&key.namespace), key.name))
        }
    };
    let what = format!("{} lease {key}", if seen.is_some() { "update" } else { "create" });
    let request = http::Request::builder()
        .method(method)
        .uri(by_us(&path))
        .header(http::header::ACCEPT, JSON)
        .header(http::header::CONTENT_TYPE, JSON)
        .header(AUDIT_ID, audit)
        .body(lease.to_string().into_bytes())
        .map_err(|e| Problem::new(ProblemKind::Internal, format!("{what}: {e}")))?;
    let (_, body) = transport.whole(request, &what).await?;
    row(&body, now, &what)
}
