//! A canary without a controller: a second workload behind a route whose weights nobody but people write.

use super::{
    Joiner,
    common::causes,
    revision::{Rev, version},
};
use crate::domain::{
    ArmName, ArmRole, Canary, CanaryPhase, Delivery, Deployment, Labels, OwnerSystem, Pod, SafeText, Workload, WorkloadKind,
    WorkloadRef, owners,
};

impl<'a> Joiner<'a, '_> {
    /// Notes the traffic of a workload whose newest revision is `newest` and, where its route splits between it and another one, the canary. Returns
    /// why the canary's pods do not run, where users reach them.
    pub(super) fn by_hand(&mut self, w: &Workload, newest: Option<&Rev<'_>>) -> Vec<SafeText> {
        let mut labels = w.selector.clone();
        labels.extend(w.template.labels.clone());
        let (subject, traffic) = self.traffic_of_pods(&labels);
        self.placement.traffic = traffic;
        if subject.canary == ArmName::default() || self.route_is_written() {
            return vec![];
        }
        let Some(other) = self.deployment_behind(&subject.canary).filter(|o| o.workload.meta.uid != w.meta.uid) else {
            return vec![];
        };
        let theirs = self.replica_sets(&other.workload.meta.uid);
        let running = theirs.iter().find(|r| r.number.is_some() && r.number == other.revision);
        let set = self.live_share();
        let state = match set.map(|w| w.percent()) {
            None => CanaryPhase::Unknown { reason: "no destination has a weight".into() },
            Some(weight) if weight > 0.0 => {
                CanaryPhase::Paused { since: None, reason: "the weight is set by hand".into(), planned: true }
            }
            Some(_) => CanaryPhase::Done,
        };
        let serves = !matches!(state, CanaryPhase::Done);
        let arms = self.placement.traffic.iter().flat_map(|t| &t.arms);
        let stable_service = arms.into_iter().find(|a| a.role == ArmRole::Stable).map(|a| a.service.clone());
        self.placement.delivery = Some(Delivery::Canary);
        self.placement.canary = Some(Canary {
            state,
            owner: "nobody".into(),
            canary: Some(running.map_or_else(|| version(&other.workload.template, &[]), Rev::version)),
            stable: self.placement.version.clone(),
            set,
            planned: None,
            said: None,
            by_pods: None,
            steps: vec![],
            step: None,
            workload: Some(WorkloadRef { kind: WorkloadKind::Deployment, name: other.workload.meta.key.name.clone() }),
            canary_hash: running.and_then(|r| r.hash.cloned()),
            stable_hash: newest.and_then(|r| r.hash.cloned()),
            canary_service: subject.canary.service.clone(),
            stable_service,
        });
        let pods: Vec<&Pod> = theirs.iter().flat_map(|r| r.pods.iter().copied()).filter(|p| !p.ending).collect();
        if serves { causes(&pods) } else { vec![] }
    }

    /// Whether a controller writes the weights of the placement's route.
    fn route_is_written(&self) -> bool {
        let Some(by) = self.placement.traffic.as_ref().map(|t| &t.by) else { return false };
        let mut routes = self.cluster.routes(by.kind).value().into_iter().flat_map(|s| s.values());
        let route = routes.find(|r| by.names(r.kind, &r.meta.key, &self.placement.namespace));
        let owners = route.map(|r| owners(self.cluster, by.kind.resource(), &r.meta)).unwrap_or_default();
        owners.iter().any(|o| matches!(o.system, OwnerSystem::ArgoRollouts | OwnerSystem::Flagger))
    }

    /// The Deployment whose pods an arm leads to.
    fn deployment_behind(&self, arm: &ArmName) -> Option<&'a Deployment> {
        let service = self.service(arm.service.as_ref()?)?;
        let mut wanted: Labels = service.selector.clone();
        if let Some(subset) = &arm.subset {
            let rules = self.cluster.destination_rules.value()?.values();
            let mut subsets = rules
                .filter(|r| r.service == service.meta.key.name && r.meta.key.namespace == self.placement.namespace)
                .flat_map(|r| &r.subsets);
            wanted.extend(subsets.find(|s| s.name == *subset)?.labels.clone());
        }
        let mut all = self.cluster.deployments.value()?.values();
        all.find(|d| {
            d.workload.meta.key.namespace == self.placement.namespace
                && !wanted.is_empty()
                && wanted.iter().all(|(k, v)| d.workload.template.labels.get(k) == Some(v))
        })
    }
}
