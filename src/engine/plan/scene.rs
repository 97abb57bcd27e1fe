//! What a verb is shown: the action, the world, and ways to look at it.

use std::{fmt::Display, sync::Arc};

use super::question::Told;
use crate::{
    action::{Action, Target, Verb},
    domain::{
        ChangeTarget, ClusterState, Delegate, Deployment, Environment, Exit, Health, ObjectKey, ObjectKind, Placement, Refusal,
        ReplicaSet, Rollout, RolloutStrategy, SafeText, Service, Snapshot, Version, WorkloadKind,
    },
};

/// What a verb is shown.
pub(super) struct Scene<'a> {
    /// The action.
    pub action: &'a Action,
    /// The world.
    pub s: &'a Snapshot,
    /// What the plan is made with.
    pub told: &'a Told,
    /// The service.
    pub service: &'a Service,
    /// The environment.
    pub environment: &'a Environment,
    /// Where the service is there, in the order of the configuration, narrowed to one cluster where one is named.
    pub placements: Vec<&'a Placement>,
    /// Where going back cannot reach, and why: it is not kept waiting by one cluster that is gone.
    pub left_out: Vec<SafeText>,
}

fn nobody(what: &str, name: &str, known: &[String]) -> Refusal {
    Refusal::new(format!("no {what} is named {name}")).hint(format!("known: {}", known.join(", "))).exit(Exit::Usage)
}

/// A cluster or service that a way back leaves as it is, and why.
pub(super) fn left_out(name: &impl Display, why: &str) -> SafeText {
    format!("{name} is left as it is: {why}").into()
}

/// The same words once where they are the same everywhere, else each with its cluster.
pub(super) fn each<'a>(of: impl IntoIterator<Item = (&'a Placement, String)>) -> String {
    let all: Vec<(&Placement, String)> = of.into_iter().collect();
    match all.as_slice() {
        [] => "nothing".to_owned(),
        [(_, first), rest @ ..] if rest.iter().all(|(_, words)| words == first) => first.clone(),
        _ => all.iter().map(|(p, words)| format!("{}: {words}", p.key.cluster)).collect::<Vec<_>>().join(", "),
    }
}

/// A version with the beginning and end of its digest: `4.2.0 a41f…07`.
pub(super) fn named(v: Option<&Version>) -> String {
    match v {
        None => "an unknown version".to_owned(),
        Some(Version { tag, digest: Some(d), .. }) if tag.as_str() != d.short() => format!("{tag} {}", d.short()),
        Some(v) => v.to_string(),
    }
}

/// Whether a version is the one that is meant by a tag or a digest.
pub(super) fn is_called(v: &Version, text: &str) -> bool {
    v.tag.as_str() == text || v.digest.as_ref().is_some_and(|d| d.as_str() == text)
}

impl<'a> Scene<'a> {
    /// Finds what the action is for, or says why it cannot be.
    pub fn set(action: &'a Action, s: &'a Snapshot, told: &'a Told) -> Result<Self, Refusal> {
        let Target { service, env, cluster, .. } = action.target();
        let t = &s.topology;
        let found = t.service(service).ok_or_else(|| {
            nobody("service", service.as_str(), &t.services.iter().map(|x| x.name.to_string()).collect::<Vec<_>>())
        })?;
        let environment = t.environment(env).ok_or_else(|| {
            nobody("environment", env.as_str(), &t.environments.iter().map(|x| x.name.to_string()).collect::<Vec<_>>())
        })?;
        if told.guard.read_only {
            return Err(crate::engine::read_only());
        }
        if environment.readonly {
            return Err(Refusal::new(format!("{env} is read-only by configuration")));
        }
        let mut placements = s.placements_of(service, env);
        if let Some(cluster) = cluster {
            if !environment.clusters.iter().any(|c| c.cluster == *cluster) {
                let known: Vec<String> = environment.clusters.iter().map(|c| c.cluster.to_string()).collect();
                return Err(nobody(&format!("cluster of {env}"), cluster.as_str(), &known));
            }
            placements.retain(|p| p.key.cluster == *cluster);
        }
        let mut scene = Self { action, s, told, service: found, environment, placements, left_out: vec![] };
        scene.there()?;
        scene.expected()?;
        Ok(scene)
    }

    /// Whether anything is there that can be acted on.
    fn there(&mut self) -> Result<(), Refusal> {
        let (unread, read): (Vec<_>, Vec<_>) = self.placements.iter().copied().partition(|p| self.unread(p).is_some());
        let why = |p: &Placement| {
            let cluster = &p.key.cluster;
            let why = self.cluster(p).and_then(|c| c.troubles(cluster).into_iter().next());
            let why = why.map_or_else(|| "it has not been read yet".to_owned(), |t| t.problem.to_string());
            format!("{} on {cluster} is not known: {why}", self.unread(p).unwrap_or_default())
        };
        if let Some(p) = unread.first() {
            if self.verb().goes_back() && !read.is_empty() {
                self.left_out = unread.iter().map(|p| left_out(&p.key.cluster, &why(p))).collect();
                self.placements = read;
                return self.there();
            }
            return Err(Refusal::new(why(p))
                .hint(format!("--cluster narrows to one of: {}", self.clusters().join(", ")))
                .exit(Exit::Unknown));
        }
        match self.placements.iter().find(|p| p.health == Health::Missing) {
            Some(p) => Err(Refusal::new(format!("{} does not exist on {}", p.workload, p.key.cluster))
                .hint("create it by its pipeline or manifest first, or narrow by --cluster")),
            None => Ok(()),
        }
    }

    /// What was never read of a placement, of all that the verb stands on.
    fn unread(&self, p: &Placement) -> Option<&'static str> {
        let c = self.cluster(p);
        let runs = c.is_some_and(|c| match p.workload.kind {
            WorkloadKind::Rollout => c.rollouts.value().is_some(),
            WorkloadKind::Canary => c.canaries.value().is_some(),
            _ => c.deployments.value().is_some(),
        });
        // The other side of a pair is a workload of its own.
        let ran = || self.service.blue_green.is_some() || c.is_some_and(|c| c.replica_sets.value().is_some());
        match self.verb() {
            _ if !runs => Some("what runs"),
            Verb::Rollback if !ran() => Some("what ran before"),
            _ => None,
        }
    }

    /// That there is nothing to do, as far as could be seen: what is left out may say otherwise.
    pub fn nothing(&self, refusal: Refusal) -> Refusal {
        if self.left_out.is_empty() {
            return refusal;
        }
        let unseen: Vec<&str> = self.left_out.iter().map(SafeText::as_str).collect();
        Refusal { why: format!("{}; {}", refusal.why, unseen.join("; ")).into(), exit: Exit::Unknown, ..refusal }
    }

    /// Whether the version that the person expects is the one that runs.
    fn expected(&self) -> Result<(), Refusal> {
        let Some(expected) = &self.target().expect else { return Ok(()) };
        for p in &self.placements {
            match &p.version {
                Some(v) if is_called(v, expected.as_str()) => {}
                Some(v) => {
                    let what = format!("{} runs {v} on {}, and {expected} was expected", self.service.name, p.key.cluster);
                    return Err(Refusal::new(what).exit(Exit::Changed));
                }
                None => {
                    let what = format!("what {} runs on {} is not known", self.service.name, p.key.cluster);
                    return Err(Refusal::new(what).exit(Exit::Unknown));
                }
            }
        }
        Ok(())
    }

    /// What the action is for.
    pub fn target(&self) -> &'a Target {
        self.action.target()
    }

    /// The verb.
    pub fn verb(&self) -> Verb {
        Verb::from(self.action)
    }

    /// The names of the environment's clusters.
    pub fn clusters(&self) -> Vec<String> {
        self.environment.clusters.iter().map(|c| c.cluster.to_string()).collect()
    }

    /// A placement's cluster.
    pub fn cluster(&self, p: &Placement) -> Option<&'a Arc<ClusterState>> {
        self.s.clusters.get(&p.key.cluster)
    }

    /// The Rollout of a placement.
    pub fn rollout(&self, p: &Placement) -> Option<&'a Rollout> {
        if p.workload.kind != WorkloadKind::Rollout {
            return None;
        }
        self.cluster(p)?.rollouts.value()?.get(&ObjectKey::new(&p.namespace, &p.workload.name).ok()?)
    }

    /// A Deployment in a placement's namespace.
    pub fn deployment(&self, p: &Placement, name: &str) -> Option<&'a Deployment> {
        self.cluster(p)?.deployments.value()?.get(&ObjectKey::new(&p.namespace, name).ok()?)
    }

    /// A ReplicaSet in a placement's namespace.
    pub fn replica_set(&self, p: &Placement, name: &str) -> Option<&'a ReplicaSet> {
        self.cluster(p)?.replica_sets.value()?.get(&ObjectKey::new(&p.namespace, name).ok()?)
    }

    /// The workload of a placement as something that can be changed, or why it cannot.
    pub fn workload(&self, p: &Placement) -> Result<ChangeTarget, Refusal> {
        self.no_flagger()?;
        let Some(kind) = ObjectKind::of(p.workload.kind) else {
            let kind = p.workload.kind.article();
            let verb = self.action.name();
            return Err(Refusal::new(format!("{} is {kind}, which this version only reads: no {verb}", self.service.name)));
        };
        Self::object(p, kind, &p.workload.name)
    }

    /// An object in a placement's namespace.
    pub fn object(p: &Placement, kind: ObjectKind, name: &str) -> Result<ChangeTarget, Refusal> {
        let key = ObjectKey::new(&p.namespace, name).map_err(|e| Refusal::new(e.to_string()).exit(Exit::Usage))?;
        Ok(ChangeTarget { cluster: p.key.cluster.clone(), kind, key })
    }

    /// Flagger takes a change to its workloads back, and its own verbs are not spoken yet.
    fn no_flagger(&self) -> Result<(), Refusal> {
        let flagger = self.placements.iter().filter_map(|p| p.delegated.as_ref()).find(|d| d.by == Delegate::Flagger);
        let Some(d) = flagger else { return Ok(()) };
        let name = d.object.as_str().trim_start_matches("canary/");
        let by_hand = match self.verb() {
            Verb::Abort | Verb::Rollback => "its rollback gate, where it has one, rolls back at the next tick".to_owned(),
            Verb::Pause => format!(r#"kubectl patch canary {name} --type=merge -p '{{"spec":{{"suspend":true}}}}'"#),
            Verb::Resume => format!(r#"kubectl patch canary {name} --type=merge -p '{{"spec":{{"suspend":false}}}}'"#),
            Verb::Step => "its confirm gates, where it has some, let it go on".to_owned(),
            _ => format!("kubectl set image of the Deployment that {} targets starts a release", d.object),
        };
        Err(Refusal::new(format!("{} is delivered by Flagger ({}), which this version only reads", self.service.name, d.object))
            .hint(by_hand))
    }

    /// The Rollouts of the service, or why the verb has none: it is one of Argo Rollouts'.
    pub fn rollouts(&self, instead: &str) -> Result<Vec<(&'a Placement, &'a Rollout)>, Refusal> {
        self.no_flagger()?;
        let all: Vec<_> = self.placements.iter().filter_map(|p| Some((*p, self.rollout(p)?))).collect();
        if all.is_empty() {
            let kind = match self.placements.first() {
                Some(p) if p.sides.is_some() => "a pair of Deployments behind a Service",
                Some(p) if p.workload.kind == WorkloadKind::Deployment => "a plain Deployment",
                Some(p) => p.workload.kind.article(),
                None => "not configured there",
            };
            return Err(Refusal::new(format!("{} is {kind}: there is nothing to {}", self.service.name, self.action.name()))
                .hint(instead));
        }
        Ok(all)
    }

    /// The command line of another action on the same target.
    pub fn other(&self, verb: Verb) -> Action {
        verb.on(Target { expect: None, ..self.target().clone() })
    }
}

/// Whether a revision of a Rollout is on its way, aborted or not.
pub(super) fn under_way(r: &Rollout) -> bool {
    match (&r.strategy, &r.active_hash) {
        (RolloutStrategy::BlueGreen(_), Some(active)) => {
            r.stable_hash != r.current_hash && r.current_hash.as_ref() != Some(active)
        }
        _ => r.stable_hash != r.current_hash,
    }
}
