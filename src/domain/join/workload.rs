//! Workloads of apps/v1, joined to a placement.

use super::Joiner;
use crate::domain::{Delivery, Deployment, Health, PodCounts, RolloutStatus, UpdateStrategy, deployment_status};

impl Joiner<'_, '_> {
    pub(super) fn deployment(&mut self, d: &Deployment) {
        let sets = self.sets(&d.meta.uid);
        let newest = sets.iter().copied().filter(|s| s.revision == d.revision).find(|s| s.revision.is_some());
        // Users are served by the revision that has available pods; during a rolling update by the older one, until
        // the newer one is complete.
        let status = deployment_status(d);
        let serving = match &status {
            RolloutStatus::Done => newest,
            _ => sets
                .iter()
                .copied()
                .filter(|s| s.available > 0 && Some(s.meta.key.clone()) != newest.map(|n| n.meta.key.clone()))
                .max_by_key(|s| s.available)
                .or(newest),
        };
        let pods = self.pods_of(&sets);
        self.placement.delivery = Some(match d.strategy {
            UpdateStrategy::Rolling { .. } => Delivery::Rolling,
            UpdateStrategy::Recreate => Delivery::Recreate,
        });
        self.placement.pods = PodCounts { wanted: d.wanted, ready: d.ready, available: d.available };
        self.placement.wanted_version = Some(self.version(&d.template, newest));
        self.placement.version =
            Some(serving.map_or_else(|| self.version(&d.template, newest), |s| self.version(&s.template, Some(s))));
        self.placement.restarts = pods.iter().map(|p| p.restarts).sum();
        let mut causes = Self::causes(&pods);
        causes.extend(self.by_hand(d, &sets));
        causes.extend(self.unserved());
        causes.extend(self.behind_route(&d.selector, d.wanted));
        self.owned("deployment", &d.meta);
        self.own_route();
        self.placement.health = match status {
            RolloutStatus::Failed(why) => {
                causes.push(why);
                Health::Fail(causes)
            }
            _ if !causes.is_empty() => Health::Fail(causes),
            RolloutStatus::Waiting(why) if d.paused => Health::Progressing(format!("paused: {why}").into()),
            RolloutStatus::Waiting(why) => Health::Progressing(why),
            RolloutStatus::Done => Health::Pass,
        };
        self.placement.drift = self.drift(&pods);
    }
}
