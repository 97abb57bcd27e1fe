//! The shapes of pods, as far as they say what runs and what is in the way.

use serde::Deserialize;

use super::Condition;

#[derive(Deserialize, Default)]
pub(in crate::provider::kube) struct PodSpec {
    pub containers: Option<Vec<PodContainer>>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct PodContainer {
    pub name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct PodStatus {
    pub phase: Option<String>,
    pub conditions: Option<Vec<Condition>>,
    pub container_statuses: Option<Vec<ContainerStatus>>,
    pub init_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::kube) struct ContainerStatus {
    pub name: Option<String>,
    #[serde(rename = "imageID")]
    pub image_id: Option<String>,
    pub restart_count: Option<u32>,
    pub state: Option<ContainerState>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct ContainerState {
    pub waiting: Option<Waiting>,
}

#[derive(Deserialize)]
pub(in crate::provider::kube) struct Waiting {
    pub reason: Option<String>,
    pub message: Option<String>,
}
