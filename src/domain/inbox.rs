//! The inbox: everything that waits for a person, over all services. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Binding, ClusterName, EnvironmentName, FlaggerCanary, Job, Loaded, MayI, ObjectKey, Phase, Placing, Rollout, RolloutStrategy,
    Run, RunKey, SafeText, Service, ServiceName, Snapshot, Step, WorkloadKind,
};

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum WaitingFor {
    /// A run at a gate that I may open.
    Gate,
    /// A run that waits; whether I may do something about it cannot be told.
    Unclear,
    /// An analysis that says neither good nor bad.
    Inconclusive,
    /// A rollout at a pause that ends only by a person.
    Pause,
    /// A new revision that is ready and gets no traffic yet.
    Switch,
    /// A gate of Flagger that holds.
    Confirm,
}

impl WaitingFor {
    /// What it asks, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Gate => "waits for approval",
            Self::Unclear => "a job waits",
            Self::Inconclusive => "the analysis is inconclusive",
            Self::Pause => "paused until somebody promotes",
            Self::Switch => "ready to take the traffic",
            Self::Confirm => "a gate of Flagger holds",
        }
    }
}

/// One thing that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// What waits.
    pub kind: WaitingFor,
    /// The services that its answer releases.
    pub services: Vec<ServiceName>,
    /// The environment, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// The clusters, where it waits in clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterName>,
    /// The run, where one waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunKey>,
    /// What it says of itself: the step, the job, the reason.
    pub what: SafeText,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The commands that answer it by hand, one per cluster.
    pub commands: Vec<SafeText>,
}

/// Everything that waits for the person whose credentials are used, the longest wait first. What is read from a source in
/// trouble is left out: nobody should answer what may be answered already.
pub fn inbox(s: &Snapshot) -> Vec<Waiting> {
    let mut out = gates(s);
    for environment in &s.topology.environments {
        for service in &s.topology.services {
            let mut found: Vec<Waiting> = vec![];
            for placing in &environment.clusters {
                let Some(Wait { kind, what, since, command }) = waits(s, service, placing) else { continue };
                // The same wait in several clusters is one question.
                if let Some(same) = found.iter_mut().find(|w| w.kind == kind && w.what == what) {
                    same.clusters.push(placing.cluster.clone());
                    same.since = same.since.min(since).or(since);
                    same.commands.push(command);
                    continue;
                }
                found.push(Waiting {
                    kind,
                    services: vec![service.name.clone()],
                    environment: Some(environment.name.clone()),
                    clusters: vec![placing.cluster.clone()],
                    run: None,
                    what,
                    since,
                    commands: vec![command],
                });
            }
            out.extend(found);
        }
    }
    // What cannot say since when comes last.
    out.sort_by_key(|w| (w.since.is_none(), w.since, w.kind));
    out
}

/// A workload that waits.
struct Wait {
    kind: WaitingFor,
    what: SafeText,
    since: Option<Timestamp>,
    command: SafeText,
}

/// Whether the workload of a service waits in a cluster.
fn waits(s: &Snapshot, service: &Service, placing: &Placing) -> Option<Wait> {
    let cluster = s.clusters.get(&placing.cluster)?;
    let key = ObjectKey::new(&placing.namespace, &service.workload.name).ok()?;
    let (name, namespace) = (&key.name, &key.namespace);
    if let Some(canary) = cluster.flagger(service.workload.kind, &key) {
        cluster.canaries.live()?;
        return flagger_waits(canary);
    }
    match service.workload.kind {
        // Missing, or not read.
        WorkloadKind::Canary => None,
        WorkloadKind::Deployment => {
            let d = cluster.deployments.live()?.get(&key)?;
            // A paused Deployment whose pods are all of the wanted template has nothing to go on with.
            let stopped = d.paused && d.workload.observed() && d.workload.updated < d.workload.wanted;
            stopped.then(|| Wait {
                kind: WaitingFor::Pause,
                what: format!("paused by hand, {} of {} pods updated", d.workload.updated, d.workload.wanted).into(),
                since: None,
                command: format!("kubectl rollout resume deployment/{name} -n {namespace}").into(),
            })
        }
        // Their controllers wait for nobody.
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => None,
        WorkloadKind::Rollout => {
            let r = cluster.rollouts.live()?.get(&key)?;
            if r.paused && !r.aborted {
                // The plugin's promote would also skip the step that it stands at.
                let command =
                    format!("kubectl patch rollout {name} -n {namespace} --type merge -p '{{\"spec\":{{\"paused\":false}}}}'");
                return Some(Wait {
                    kind: WaitingFor::Pause,
                    what: "paused by hand".into(),
                    since: None,
                    command: command.into(),
                });
            }
            let (kind, what, since) = rollout_waits(r)?;
            let command = format!("kubectl argo rollouts promote {name} -n {namespace}").into();
            Some(Wait { kind, what, since, command })
        }
    }
}

/// Whether Flagger waits for a person: at a gate that holds, or because somebody has suspended it.
fn flagger_waits(c: &FlaggerCanary) -> Option<Wait> {
    let (name, namespace) = (&c.meta.key.name, &c.meta.key.namespace);
    if c.suspended && c.phase.under_way() {
        let command = format!("kubectl patch canary {name} -n {namespace} --type merge -p '{{\"spec\":{{\"suspend\":false}}}}'");
        return Some(Wait { kind: WaitingFor::Pause, what: "suspended by hand".into(), since: None, command: command.into() });
    }
    let gates: Vec<String> = c.holding().map(|g| format!("{} ({})", g.name, g.kind)).collect();
    (!gates.is_empty()).then(|| Wait {
        kind: WaitingFor::Confirm,
        what: format!("{} at gate {}", c.phase, gates.join(", ")).into(),
        since: c.since,
        // What opens a gate is behind its address, which may be anything.
        command: format!("kubectl get canary {name} -n {namespace} -o jsonpath='{{.spec.analysis.webhooks}}'").into(),
    })
}

/// Whether a rollout waits for a person, and since when.
fn rollout_waits(r: &Rollout) -> Option<(WaitingFor, SafeText, Option<Timestamp>)> {
    // What the controller has not seen yet may have ended the wait.
    if r.aborted || r.workload.observed_generation.is_some_and(|seen| seen < r.workload.meta.generation) {
        return None;
    }
    for (reason, since) in &r.pauses {
        match (reason.as_str(), &r.strategy) {
            ("InconclusiveAnalysisRun", _) => {
                return Some((WaitingFor::Inconclusive, "inconclusive analysis".into(), *since));
            }
            ("BlueGreenPause", RolloutStrategy::BlueGreen(spec)) if !spec.auto_promotion => {
                let to = spec.preview_service.as_ref().map(|s| format!(" behind {s}")).unwrap_or_default();
                return Some((WaitingFor::Switch, format!("the new revision waits{to}").into(), *since));
            }
            ("CanaryPauseStep", RolloutStrategy::Canary(spec)) => {
                let step = usize::try_from(r.step?).ok()?;
                // A pause with a duration ends by itself.
                if matches!(spec.steps.get(step), Some(Step::Pause(None))) {
                    let weight = r.weight.map(|w| format!(" at {w} %")).unwrap_or_default();
                    return Some((
                        WaitingFor::Pause,
                        format!("step {} of {}{weight}", step + 1, spec.steps.len()).into(),
                        *since,
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

/// Runs that wait for a decision of mine, of the newest attempts.
fn gates(s: &Snapshot) -> Vec<Waiting> {
    let live = s.pipelines.runs.values().filter_map(super::Feed::live).flat_map(|runs| runs.iter());
    live.filter(|run| run.phase.open()).flat_map(|run| of_run(s, run)).collect()
}

/// A gate is known from the list of gates alone: jobs wait for locks and timers under the same word.
fn of_run(s: &Snapshot, run: &Run) -> Vec<Waiting> {
    let waiting: Vec<&Job> = run.jobs.ok().into_iter().flatten().filter(|j| j.phase == Phase::Waiting).collect();
    let since = waiting.iter().filter_map(|j| j.started).min().or(Some(run.updated));
    let bound = |binding: &Binding| {
        binding.repo == run.key.repo && binding.workflow.as_ref().is_none_or(|w| run.workflow.as_str() == &**w)
    };
    let services: Vec<ServiceName> = s
        .topology
        .services
        .iter()
        .filter(|service| {
            let binding = service.pipeline.as_ref().filter(|b| bound(b));
            binding.is_some_and(|b| waiting.iter().any(|job| b.matches_job(job.name.as_str())))
        })
        .map(|x| x.name.clone())
        .collect();
    let said = |kind, environment: Option<EnvironmentName>, what: String, command: String| Waiting {
        kind,
        services: services.clone(),
        environment,
        clusters: vec![],
        run: Some(run.key.clone()),
        what: what.into(),
        since,
        commands: vec![command.into()],
    };
    let look = || format!("gh run view {} -R {} --web", run.key.id, run.key.repo);
    match &run.gates {
        Loaded::Ok(gates) => gates
            .iter()
            .filter(|gate| !gate.reviewers.is_empty())
            .filter_map(|gate| {
                let kind = match gate.may_i {
                    MayI::Yes => WaitingFor::Gate,
                    MayI::Unknown(_) => WaitingFor::Unclear,
                    MayI::No(_) => return None,
                };
                let approve = format!(
                    "gh api repos/{}/actions/runs/{}/pending_deployments -F 'environment_ids[]={}' -f state=approved -f comment=",
                    run.key.repo, run.key.id, gate.id
                );
                let environment = gate.environment.as_str().parse().ok();
                Some(said(kind, environment, format!("#{} into {}", run.number, gate.environment), approve))
            })
            .collect(),
        // What is not known may be a gate of mine.
        _ => waiting
            .first()
            .map(|job| said(WaitingFor::Unclear, None, format!("#{} {}", run.number, job.name), look()))
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests;
