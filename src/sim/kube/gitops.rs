//! Argo CD in the scenario `gitops-revert`: what git does not say of the Deployment `order` is undone.

use serde_json::Value;

use super::{
    kinds,
    managed::{self, Writer},
    store::Key,
};
use crate::sim::world::{NAMESPACE, Scenario, World};

/// The Deployment that git describes.
const DEPLOYMENT: &str = "order";
/// From a change to its end, in minutes.
pub const DELAY: f64 = 2.0 / 60.0;
/// The field manager.
const MANAGER: &str = "argocd-application-controller";

/// Whether an object is to be put back: it is the one that git describes, and its spec differs.
pub fn drifted(world: &World, key: &Key, git: &Value, live: &Value) -> bool {
    let own = *key == Key::new(kinds::named("deployments"), NAMESPACE, DEPLOYMENT);
    world.params().scenario == Scenario::GitopsRevert && own && git["spec"] != live["spec"]
}

/// The object as git has it, written at a minute.
pub fn put_back(world: &World, git: &Value, live: &Value, minute: f64) -> Value {
    let mut next = live.clone();
    next["spec"] = git["spec"].clone();
    next["metadata"]["generation"] = (live["metadata"]["generation"].as_i64().unwrap_or(0) + 1).into();
    let time = world.instant(minute).to_string();
    managed::sign(kinds::named("deployments"), live, &mut next, &Writer { manager: MANAGER, sub: None, time: &time });
    next
}
