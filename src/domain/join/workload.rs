//! Workloads of apps/v1, joined to a placement.

use super::{
    Joiner,
    revision::{Rev, version},
};
use crate::domain::{
    DaemonSet, Delivery, Deployment, Health, Pod, RolloutStatus, StatefulSet, UpdateStrategy, Workload, daemon_set_status,
    deployment_status, stateful_set_status,
};

impl Joiner<'_, '_> {
    pub(super) fn deployment(&mut self, d: &Deployment) {
        let revs = self.replica_sets(&d.workload.meta.uid);
        let newest = revs.iter().position(|r| r.number.is_some() && r.number == d.revision);
        let pods: Vec<&Pod> = revs.iter().flat_map(|r| r.pods.iter().copied()).collect();
        self.placement.paused = d.paused;
        self.rolling(&d.workload, &d.strategy, &revs, &pods, newest, deployment_status(d));
    }

    pub(super) fn stateful_set(&mut self, s: &StatefulSet) {
        let revs = self.controller_revisions(&s.workload.meta.uid);
        let newest = revs.iter().position(|r| Some(&r.meta.key.name) == s.update_revision.as_ref());
        let pods = self.pods_of(&s.workload.meta.uid);
        self.rolling(&s.workload, &s.strategy, &revs, &pods, newest, stateful_set_status(s));
    }

    pub(super) fn daemon_set(&mut self, d: &DaemonSet) {
        let revs = self.controller_revisions(&d.workload.meta.uid);
        let pods = self.pods_of(&d.workload.meta.uid);
        // Its status does not name a revision; the wanted one is the one with the highest number.
        self.rolling(&d.workload, &d.strategy, &revs, &pods, (!revs.is_empty()).then_some(0), daemon_set_status(d));
    }

    fn rolling(
        &mut self,
        w: &Workload,
        strategy: &UpdateStrategy,
        revs: &[Rev<'_>],
        pods: &[&Pod],
        newest: Option<usize>,
        status: RolloutStatus,
    ) {
        // Users are served by the revision that has available pods; during an update by the older one, until the newer
        // one is complete. Below a partition the older one stays.
        let complete = status == RolloutStatus::Done && w.updated >= w.wanted;
        let older = revs.iter().enumerate().filter(|(i, r)| r.counts.available > 0 && Some(*i) != newest);
        let serving = if complete { newest } else { older.max_by_key(|(_, r)| r.counts.available).map(|(i, _)| i).or(newest) };
        // A revision that the controller has yet to make is not the one that the template asks for.
        let same =
            |r: &&Rev<'_>| r.template.containers.iter().map(|c| &c.image).eq(w.template.containers.iter().map(|c| &c.image));
        let wanted = newest.map(|i| &revs[i]).filter(same).map_or_else(|| version(&w.template, &[]), Rev::version);
        self.placement.delivery = Some(match strategy {
            UpdateStrategy::Rolling { .. } | UpdateStrategy::Ordered { .. } => Delivery::Rolling,
            UpdateStrategy::OnDelete => Delivery::OnDelete,
            UpdateStrategy::Recreate => Delivery::Recreate,
        });
        self.placement.strategy = Some(strategy.clone());
        // Without revisions, which may be forbidden, the version that serves is known where nothing else runs.
        let unnamed = if complete { Some(version(&w.template, pods)) } else { None };
        self.placement.version =
            serving.map(|i| revs[i].version()).or(unnamed).or_else(|| revs.is_empty().then(|| wanted.clone()));
        self.placement.wanted_version = Some(wanted);
        let mut causes = self.common(w, &w.template, revs, pods);
        self.keep(revs, newest, serving);
        causes.extend(self.by_hand(w, newest.map(|i| &revs[i])));
        causes.extend(self.unserved());
        causes.extend(self.unanswered());
        self.owned(self.placement.workload.kind.word(), &w.meta);
        self.own_route();
        self.placement.health = match status {
            RolloutStatus::Failed(why) => {
                causes.push(why);
                Health::Fail(causes)
            }
            _ if !causes.is_empty() => Health::Fail(causes),
            RolloutStatus::Waiting(why) if self.placement.paused => Health::Progressing(format!("paused: {why}").into()),
            RolloutStatus::Waiting(why) => Health::Progressing(why),
            RolloutStatus::Done => Health::Pass,
        };
    }
}
