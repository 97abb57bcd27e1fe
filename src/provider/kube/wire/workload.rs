//! The shapes of Deployments, StatefulSets and DaemonSets, what Rollouts share with them, and what keeps their revisions.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::{Condition, ObjectMeta, Reference, Selector};
use crate::domain::BuildNotes;

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct PodTemplate {
    #[serde(default)]
    pub metadata: TemplateMeta,
    pub spec: Option<TemplateSpec>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct TemplateMeta {
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<BuildAnnotations>,
}

/// When a restart was asked for, as kubectl notes it.
pub(in crate::provider::kube) const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// The annotations of a template that speak of the build in it, and of a restart; the others are skipped.
#[derive(Default)]
pub(in crate::provider::kube) struct BuildAnnotations(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for BuildAnnotations {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Those;
        impl<'de> Visitor<'de> for Those {
            type Value = BuildAnnotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("annotations")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<BuildAnnotations, A::Error> {
                let mut out = BuildAnnotations::default();
                while let Some(key) = all.next_key::<String>()? {
                    if BuildNotes::describes(&key) || key == RESTARTED {
                        out.0.insert(key, all.next_value()?);
                    } else {
                        all.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(out)
            }
        }
        d.deserialize_map(Those)
    }
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct TemplateSpec {
    pub containers: Option<Vec<Container>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct Container {
    pub name: Option<String>,
    pub image: Option<String>,
    /// Only whether it is there counts.
    pub readiness_probe: Option<IgnoredAny>,
}

/// What a workload is asked to be; each kind has its part of this.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct WorkloadSpec<S = Strategy> {
    pub replicas: Option<u32>,
    pub min_ready_seconds: Option<u32>,
    pub paused: Option<bool>,
    /// StatefulSets and DaemonSets have another name for it.
    #[serde(alias = "updateStrategy")]
    pub strategy: Option<S>,
    pub template: Option<PodTemplate>,
    /// Of a Rollout: where the template stands instead.
    pub workload_ref: Option<Reference>,
    pub selector: Option<Selector>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct Strategy {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub rolling_update: Option<RollingUpdate>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct RollingUpdate {
    pub max_surge: Option<Value>,
    pub max_unavailable: Option<Value>,
    pub partition: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct StatefulSetStatus {
    #[serde(flatten)]
    pub counts: DeploymentStatus,
    pub current_revision: Option<String>,
    pub update_revision: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct DaemonSetStatus {
    pub observed_generation: Option<i64>,
    pub desired_number_scheduled: Option<u32>,
    pub current_number_scheduled: Option<u32>,
    pub updated_number_scheduled: Option<u32>,
    pub number_ready: Option<u32>,
    pub number_available: Option<u32>,
    pub conditions: Option<Vec<Condition>>,
}

/// Other controllers keep data of other shapes in theirs.
#[derive(Deserialize)]
pub(in crate::provider::kube) struct ControllerRevision {
    #[serde(default)]
    pub metadata: ObjectMeta,
    pub revision: Option<i64>,
    pub data: Option<Value>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct RevisionData {
    pub spec: RevisionSpec,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct RevisionSpec {
    pub template: PodTemplate,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct DeploymentStatus {
    pub observed_generation: Option<i64>,
    pub replicas: Option<u32>,
    pub updated_replicas: Option<u32>,
    pub ready_replicas: Option<u32>,
    pub available_replicas: Option<u32>,
    pub conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct ReplicaSetSpec {
    pub replicas: Option<u32>,
    pub template: Option<PodTemplate>,
}
