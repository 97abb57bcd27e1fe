//! Rows of a cluster, joined to the placement of a service. Pure.

use std::sync::Arc;

use super::{
    Canary, CanaryPhase, ClusterState, Delivery, Deployment, EnvironmentName, Feed, Health, ImageRef, Labels, ObjectKey,
    Placement, PlacementKey, Placing, Pod, PodCounts, Problem, ProblemKind, ReplicaSet, Rollout, RolloutPhase, RolloutStatus,
    RolloutStrategy, Route, RouteKind, Row, SafeText, Service, Step, Template, UpdateStrategy, Version, Weight, WorkloadKind,
    deployment_status, status::find,
};

/// Joins the rows of a cluster to the placement of `service`.
///
/// A section that is not current makes the health unknown; versions that were known stay visible.
pub fn join(service: &Service, environment: &EnvironmentName, placing: &Placing, cluster: &ClusterState) -> Placement {
    let mut placement = Placement {
        key: PlacementKey { service: service.name.clone(), environment: environment.clone(), cluster: placing.cluster.clone() },
        namespace: placing.namespace.clone(),
        workload: service.workload.clone(),
        delivery: None,
        version: None,
        wanted_version: None,
        pods: PodCounts::default(),
        restarts: 0,
        canary: None,
        health: Health::Unknown("not read yet".into()),
        drift: None,
    };
    let Ok(key) = ObjectKey::new(&placing.namespace, &service.workload.name) else {
        placement.health = Health::Unknown("the workload's name is not a name of an object".into());
        return placement;
    };
    match service.workload.kind {
        WorkloadKind::Deployment => match lookup(&cluster.deployments, &key) {
            Ok(d) => Joiner { cluster, placement: &mut placement }.deployment(d),
            Err(health) => placement.health = health,
        },
        WorkloadKind::Rollout => match lookup(&cluster.rollouts, &key) {
            Ok(r) => Joiner { cluster, placement: &mut placement }.rollout(r),
            Err(health) => placement.health = health,
        },
    }
    // What was known stays visible; what it says of health is as old as the oldest section it rests on.
    let workload = match service.workload.kind {
        WorkloadKind::Deployment => cluster.deployments.problem(),
        WorkloadKind::Rollout => cluster.rollouts.problem(),
    };
    let sections = [
        workload,
        cluster.replica_sets.problem(),
        cluster.pods.problem(),
        cluster.endpoints.problem(),
        cluster.services.problem(),
    ];
    if let Some(why) = sections.into_iter().flatten().next() {
        placement.health = Health::Unknown(why.what.clone());
    } else if !(cluster.replica_sets.answered()
        && cluster.pods.answered()
        && cluster.services.answered()
        && cluster.endpoints.answered())
    {
        placement.health = Health::Unknown("not read yet".into());
    }
    placement
}

fn lookup<'a, T: Row<Key = ObjectKey>>(section: &'a super::Section<T>, key: &ObjectKey) -> Result<&'a T, Health> {
    match section {
        Feed::Waiting => Err(Health::Unknown("not read yet".into())),
        Feed::Down { why: Problem { kind: ProblemKind::NotInstalled, what, .. }, .. } => Err(Health::Unknown(what.clone())),
        Feed::Down { why, .. } => Err(Health::Unknown(why.what.clone())),
        Feed::Live { value, .. } | Feed::Stale { value, .. } => value.get(key).ok_or(Health::Missing),
    }
}

struct Joiner<'a, 'p> {
    cluster: &'a ClusterState,
    placement: &'p mut Placement,
}

impl<'a> Joiner<'a, '_> {
    fn deployment(&mut self, d: &Deployment) {
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
        causes.extend(self.behind_route(&d.selector, d.wanted));
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

    fn rollout(&mut self, r: &Rollout) {
        let sets = self.sets(&r.meta.uid);
        let by_hash =
            |hash: &Option<Arc<str>>| hash.as_ref().and_then(|h| sets.iter().copied().find(|s| s.hash.as_ref() == Some(h)));
        let stable = by_hash(&r.stable_hash);
        let current = by_hash(&r.current_hash);
        let pods = self.pods_of(&sets);
        self.placement.pods = PodCounts { wanted: r.wanted, ready: r.ready, available: r.available };
        self.placement.wanted_version = current
            .map(|s| self.version(&s.template, Some(s)))
            .or_else(|| (!r.template.containers.is_empty()).then(|| self.version(&r.template, None)));
        // Before its ReplicaSets are read, the stable version is known only where it is the wanted one.
        let same = || self.placement.wanted_version.clone().filter(|_| r.stable_hash == r.current_hash);
        self.placement.version = stable.map(|s| self.version(&s.template, Some(s))).or_else(same);
        self.placement.restarts = pods.iter().map(|p| p.restarts).sum();
        let state = phase(r);
        if let RolloutStrategy::Canary(spec) = &r.strategy {
            self.placement.delivery = Some(Delivery::Canary);
            let planned = planned_weight(r, &spec.steps, spec.max_weight);
            let live =
                spec.canary_service.as_ref().and_then(|s| self.live_share(&r.meta.key, spec.virtual_services.as_slice(), s));
            self.placement.canary = Some(Canary {
                set: live.or(r.weight).or(planned),
                planned,
                owner: "Argo Rollouts".into(),
                canary: self.placement.wanted_version.clone(),
                stable: self.placement.version.clone(),
                steps: spec.steps.clone(),
                step: r.step,
                canary_hash: r.current_hash.clone(),
                stable_hash: r.stable_hash.clone(),
                canary_service: spec.canary_service.clone(),
                stable_service: spec.stable_service.clone(),
                state: state.clone(),
            });
        } else if matches!(r.strategy, RolloutStrategy::BlueGreen(_)) {
            self.placement.delivery = Some(Delivery::BlueGreen);
        }
        let mut causes = Self::causes(&pods);
        if let Some(c) = find(&r.conditions, "Progressing").filter(|c| c.reason.as_str() == "ProgressDeadlineExceeded") {
            causes.push(format!("the progress deadline is exceeded: {}", c.message).into());
        }
        if let Some(c) = find(&r.conditions, "InvalidSpec").filter(|c| c.status == Some(true)) {
            causes.push(format!("invalid: {}", c.message).into());
        }
        causes.extend(self.behind_route(&r.selector, r.wanted));
        let said = || r.message.clone().unwrap_or_else(|| "under way".into());
        self.placement.health = match &state {
            _ if !causes.is_empty() => Health::Fail(causes),
            // Degraded after an abort means that the wanted state is not what runs, not that users see errors.
            CanaryPhase::Aborted { reason } => {
                Health::Progressing(format!("aborted, the wanted version does not run: {reason}").into())
            }
            CanaryPhase::Unknown { reason } => Health::Unknown(reason.clone()),
            CanaryPhase::Progressing => Health::Progressing(said()),
            // A canary that waits at a step of its plan is healthy if its pods are.
            CanaryPhase::Paused { planned: true, .. } | CanaryPhase::Done => {
                if r.available < r.wanted {
                    Health::Progressing(format!("{} of {} pods available", r.available, r.wanted).into())
                } else {
                    Health::Pass
                }
            }
            CanaryPhase::Paused { planned: false, reason, .. } => Health::Progressing(format!("paused: {reason}").into()),
        };
        self.placement.drift = self.drift(&pods);
    }

    /// The ReplicaSets of an owner, newest revision first.
    fn sets(&self, owner: &Arc<str>) -> Vec<&'a ReplicaSet> {
        let mut sets: Vec<&'a ReplicaSet> = self
            .cluster
            .replica_sets
            .value()
            .map(|s| s.values().filter(|s| s.owner.as_ref() == Some(owner)).collect())
            .unwrap_or_default();
        sets.sort_by_key(|s| std::cmp::Reverse(s.revision));
        sets
    }

    fn pods_of(&self, sets: &[&ReplicaSet]) -> Vec<&'a Pod> {
        let Some(pods) = self.cluster.pods.value() else { return vec![] };
        pods.values().filter(|p| !p.ending && p.owner.as_ref().is_some_and(|o| sets.iter().any(|s| &s.meta.uid == o))).collect()
    }

    /// The version that a template names, with the digest that its pods really run where a node tells.
    fn version(&self, template: &Template, set: Option<&ReplicaSet>) -> Version {
        let image = template.containers.first().map_or_else(|| ImageRef::parse("none"), |c| c.image.clone());
        let running = set.and_then(|s| {
            let pods = self.cluster.pods.value()?;
            pods.values()
                .filter(|p| p.owner.as_ref() == Some(&s.meta.uid) && p.ready)
                .find_map(|p| p.digests.first().cloned().flatten())
        });
        let digest = running.or_else(|| image.digest.clone());
        let tag = image.tag.clone().or_else(|| digest.as_ref().map(|d| d.short().into())).unwrap_or_else(|| "untagged".into());
        let commit = template.commit.clone().or_else(|| tag.as_str().parse().ok());
        Version { tag, digest, commit }
    }

    /// Why pods do not run, without doubles.
    fn causes(pods: &[&Pod]) -> Vec<SafeText> {
        const BROKEN: [&str; 9] = [
            "CrashLoopBackOff",
            "ImagePullBackOff",
            "ErrImagePull",
            "ErrImageNeverPull",
            "InvalidImageName",
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "Unschedulable",
        ];
        let mut out: Vec<SafeText> = vec![];
        for word in BROKEN {
            let hit: Vec<&&Pod> = pods.iter().filter(|p| p.waiting.as_ref().is_some_and(|w| w.as_str() == word)).collect();
            if let Some(first) = hit.first() {
                let detail = first.message.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
                out.push(format!("{} of {} pods {word}{detail}", hit.len(), pods.len()).into());
            }
        }
        out
    }

    /// Services that select these pods and have no ready endpoint.
    fn behind_route(&self, selector: &Labels, wanted: u32) -> Vec<SafeText> {
        let (Some(services), Some(endpoints)) = (self.cluster.services.value(), self.cluster.endpoints.value()) else {
            return vec![];
        };
        if wanted == 0 {
            return vec![];
        }
        services
            .values()
            .filter(|s| *s.meta.key.namespace == *self.placement.namespace && !s.selector.is_empty())
            .filter(|s| selector.iter().all(|(k, v)| s.selector.get(k) == Some(v)))
            .filter_map(|s| {
                let slices: Vec<_> = endpoints
                    .values()
                    .filter(|e| e.key.namespace == s.meta.key.namespace && e.service == s.meta.key.name)
                    .collect();
                // No slice yet: the endpoints controller has not come to it.
                let ready: u32 = slices.iter().map(|e| e.ready).sum();
                (!slices.is_empty() && ready == 0).then(|| format!("service {} has no ready endpoint", s.meta.key.name).into())
            })
            .collect()
    }

    /// The share that the live route sends to the canary's Service.
    fn live_share(&self, rollout: &ObjectKey, named: &[Arc<str>], service: &str) -> Option<Weight> {
        let routes = |kind: RouteKind| self.cluster.routes(kind).live();
        let mine = |r: &&Route| r.meta.key.namespace == rollout.namespace;
        let istio = routes(RouteKind::VirtualService)
            .into_iter()
            .flat_map(|s| s.values())
            .filter(mine)
            .filter(|r| named.is_empty() || named.contains(&r.meta.key.name))
            .find_map(|r| r.share(service));
        istio.or_else(|| {
            routes(RouteKind::HttpRoute).into_iter().flat_map(|s| s.values()).filter(mine).find_map(|r| r.share(service))
        })
    }

    /// Pods of one tag that run different digests.
    fn drift(&self, pods: &[&Pod]) -> Option<SafeText> {
        let sets = self.cluster.replica_sets.value()?;
        let mut builds: Vec<Version> = vec![];
        for pod in pods {
            let Some(set) = pod.owner.as_ref().and_then(|o| sets.values().find(|s| &s.meta.uid == o)) else { continue };
            let Some(Some(digest)) = pod.digests.first() else { continue };
            let image = set.template.containers.first()?;
            let Some(tag) = &image.image.tag else { continue };
            let version = Version { tag: tag.clone(), digest: Some(digest.clone()), commit: None };
            if let Some(other) = builds.iter().find(|b| b.same_tag_other_digest(&version)) {
                return Some(
                    format!(
                        "{} is two builds here: {} and {}",
                        tag,
                        digest.short(),
                        other.digest.as_ref().map(super::Digest::short).unwrap_or_default()
                    )
                    .into(),
                );
            }
            builds.push(version);
        }
        None
    }
}

/// Where an Argo Rollout stands, as its own plugin decides it.
///
/// Source: argo-rollouts `utils/rollout/rolloututil.go`; `observedGeneration` is text there.
fn phase(r: &Rollout) -> CanaryPhase {
    if r.observed_generation != Some(r.meta.generation) {
        return CanaryPhase::Unknown { reason: "the newest wanted state is not observed yet".into() };
    }
    if r.aborted {
        return CanaryPhase::Aborted { reason: r.message.clone().unwrap_or_else(|| "aborted".into()) };
    }
    if r.paused {
        return CanaryPhase::Paused { since: None, reason: "manually paused".into(), planned: false };
    }
    if let Some((reason, since)) = r.pauses.first() {
        let planned = matches!(reason.as_str(), "CanaryPauseStep" | "BlueGreenPause");
        return CanaryPhase::Paused { since: *since, reason: reason.clone(), planned };
    }
    match &r.phase {
        RolloutPhase::Healthy if r.stable_hash == r.current_hash => CanaryPhase::Done,
        RolloutPhase::Healthy | RolloutPhase::Progressing => CanaryPhase::Progressing,
        RolloutPhase::Paused => {
            CanaryPhase::Paused { since: None, reason: r.message.clone().unwrap_or_else(|| "paused".into()), planned: false }
        }
        RolloutPhase::Degraded => CanaryPhase::Unknown { reason: r.message.clone().unwrap_or_else(|| "degraded".into()) },
        RolloutPhase::Unknown(word) => CanaryPhase::Unknown { reason: word.clone() },
    }
}

/// The weight that the plan sets at the present step: the last `setWeight` at or before it.
fn planned_weight(r: &Rollout, steps: &[Step], max: u32) -> Option<Weight> {
    if r.aborted {
        return Some(Weight::new(0.0));
    }
    let at = r.step? as usize;
    if at >= steps.len() || r.stable_hash == r.current_hash {
        return Some(Weight::new(f64::from(max)));
    }
    let last = steps[..=at].iter().rev().find_map(|s| if let Step::SetWeight(w) = s { Some(*w) } else { None });
    Some(last.unwrap_or(Weight::new(0.0)))
}

#[cfg(test)]
mod tests;
